
/* link: ngx_http_postern_module/postern_url.c */

#include "postern_url.h"
#include "unit.h"


static unsigned char  memory[16384];
static size_t         used;


static void *
take(void *data, size_t size)
{
    void  *p = memory + used;

    (void) data;
    used += size;

    return (used <= sizeof(memory)) ? p : NULL;
}


static int
parse(const char *text, postern_url_t *url, postern_error_t *error)
{
    postern_str_t    s;
    postern_alloc_t  alloc = { take, NULL };

    used = 0;
    s.data = (const unsigned char *) text;
    s.len = strlen(text);

    return postern_url_parse(s, &alloc, url, error);
}


TEST(a_host_has_a_port_and_a_database)
{
    postern_url_t    u;
    postern_error_t  e;

    EXPECT(parse("redis://127.0.0.1", &u, &e));
    EXPECT_STR(u.host, "127.0.0.1");
    EXPECT_INT(u.port, 6379);
    EXPECT_INT(u.db, 0);
    EXPECT(!u.tls && !u.ipv6);
    EXPECT(u.user.data == NULL && u.password.data == NULL);
    EXPECT(u.path.data == NULL);

    EXPECT(parse("rediss://redis-1.example:7000/15", &u, &e));
    EXPECT_STR(u.host, "redis-1.example");
    EXPECT_INT(u.port, 7000);
    EXPECT_INT(u.db, 15);
    EXPECT(u.tls);

    EXPECT(parse("redis://[2001:db8::1]:1/", &u, &e));
    EXPECT_STR(u.host, "2001:db8::1");
    EXPECT(u.ipv6);
    EXPECT_INT(u.port, 1);
}


TEST(credentials_stand_before_the_host)
{
    postern_url_t    u;
    postern_error_t  e;

    EXPECT(parse("redis://:pass@h", &u, &e));
    EXPECT(u.user.data == NULL);
    EXPECT_STR(u.password, "pass");

    EXPECT(parse("redis://user:p%40ss%3a%2F%25@h:1/2", &u, &e));
    EXPECT_STR(u.user, "user");
    EXPECT_STR(u.password, "p@ss:/%");
    EXPECT_STR(u.host, "h");

    EXPECT(parse("redis://u:a@b:c@h", &u, &e));
    EXPECT_STR(u.password, "a@b:c");

    EXPECT(parse("redis://u@h", &u, &e));
    EXPECT_STR(u.user, "u");
    EXPECT(u.password.data == NULL);
}


TEST(a_socket_has_a_path)
{
    postern_url_t    u;
    postern_error_t  e;

    EXPECT(parse("unix:/run/redis.sock", &u, &e));
    EXPECT_STR(u.path, "/run/redis.sock");
    EXPECT(u.host.data == NULL);
    EXPECT_INT(u.db, 0);

    EXPECT(parse("unix:/run/a%3fb?7", &u, &e));
    EXPECT_STR(u.path, "/run/a?b");
    EXPECT_INT(u.db, 7);
}


TEST(what_is_wrong_is_said_and_the_text_is_not)
{
    size_t           i;
    postern_url_t    u;
    postern_error_t  e;

    static const struct {
        const char  *text;
        const char  *word;
    } bad[] = {
        { "", "must start with" },
        { "127.0.0.1:6379", "must start with" },
        { "http://h", "must start with" },
        { "redis:/h", "must start with" },
        { "REDIS://h", "must start with" },
        { "redis://", "host is missing" },
        { "redis://:6379", "host is missing" },
        { "redis://u:hunter2@", "host is missing" },
        { "redis://u:@h", "password is empty" },
        { "redis://u:hunter2%4@h", "hexadecimal" },
        { "redis://u:hunter2%zz@h", "hexadecimal" },
        { "redis://h:", "port must be" },
        { "redis://h:0", "port must be" },
        { "redis://h:65536", "port must be" },
        { "redis://h:63a", "port must be" },
        { "redis://h:hunter2", "port must be" },
        { "redis://h/x", "number of a database" },
        { "redis://h/-1", "number of a database" },
        { "redis://h/1/2", "number of a database" },
        { "redis://h/99999999999999999999", "number of a database" },
        { "redis://h/1?x=hunter2", "number of a database" },
        { "redis://[::1", "no \"]\"" },
        { "redis://[]", "host is missing" },
        { "redis://[::1]x", "only a port" },
        { "redis://[hunter2]", "no host has" },
        { "redis://ho st", "no host has" },
        { "redis://h?hunter2", "no host has" },
        { "unix:", "absolute path" },
        { "unix:redis.sock", "absolute path" },
        { "unix:/a?", "number of a database" },
        { "unix:/a?b", "number of a database" },
        { "unix:/a%00b", "NUL" }
    };

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        memset(&e, 0, sizeof(e));

        if (!EXPECT(!parse(bad[i].text, &u, &e))
            || !EXPECT(strstr(e.text, bad[i].word) != NULL)
            || !EXPECT(strstr(e.text, "hunter2") == NULL))
        {
            printf("# %s: %s\n", bad[i].text, e.text);
        }
    }
}


TEST(lengths_are_bounded)
{
    char             text[POSTERN_URL_MAX + 2];
    postern_url_t    u;
    postern_error_t  e;

    memset(text, 'a', sizeof(text));
    memcpy(text, "redis://", 8);
    text[8 + POSTERN_URL_HOST_MAX] = '\0';
    EXPECT(parse(text, &u, &e));

    text[8 + POSTERN_URL_HOST_MAX] = 'a';
    text[9 + POSTERN_URL_HOST_MAX] = '\0';
    EXPECT(!parse(text, &u, &e));

    memset(text, 'a', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    EXPECT(!parse(text, &u, &e));
    EXPECT(strstr(e.text, "4096") != NULL);

    memset(text, 'a', sizeof(text));
    memcpy(text, "unix:/", 6);
    text[5 + POSTERN_URL_PATH_MAX] = '\0';
    EXPECT(parse(text, &u, &e));
    text[5 + POSTERN_URL_PATH_MAX] = 'a';
    text[6 + POSTERN_URL_PATH_MAX] = '\0';
    EXPECT(!parse(text, &u, &e));
}


UNIT_MAIN()
