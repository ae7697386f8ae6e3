/* link:
   ngx_http_postern_module/postern_directory*.c
   ngx_http_postern_module/postern_argon2.c
   ngx_http_postern_module/postern_json.c
   ngx_http_postern_module/postern_jwk.c
   ngx_http_postern_module/postern_arena.c
   ngx_http_postern_module/postern_alg.c
   ngx_http_postern_module/postern_name.c
   ngx_http_postern_module/postern_network.c
   ngx_http_postern_module/postern_seal.c
   -ljansson -lsodium -lcrypto
   -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc
   -Wl,--wrap=postern_arena_alloc,--wrap=postern_arena_dup
   -Wl,--wrap=BIO_new_mem_buf,--wrap=EC_GROUP_new_by_curve_name
   -Wl,--wrap=EC_POINT_new */

/* A document with something wrong anywhere: every value of another type, every
   byte another one, every request for memory refused.  It is refused with a
   place and a reason, or taken; never half. */

#include <openssl/bio.h>
#include <openssl/ec.h>

#include "directory_example.h"
#include "postern_directory_parse.h"
#include "scarce.h"


BIO *__real_BIO_new_mem_buf(const void *data, int len);
BIO *__wrap_BIO_new_mem_buf(const void *data, int len);
EC_GROUP *__real_EC_GROUP_new_by_curve_name(int nid);
EC_GROUP *__wrap_EC_GROUP_new_by_curve_name(int nid);
EC_POINT *__real_EC_POINT_new(const EC_GROUP *group);
EC_POINT *__wrap_EC_POINT_new(const EC_GROUP *group);


BIO *
__wrap_BIO_new_mem_buf(const void *data, int len)
{
    return scarce_refused() ? NULL : __real_BIO_new_mem_buf(data, len);
}


EC_GROUP *
__wrap_EC_GROUP_new_by_curve_name(int nid)
{
    return scarce_refused() ? NULL : __real_EC_GROUP_new_by_curve_name(nid);
}


EC_POINT *
__wrap_EC_POINT_new(const EC_GROUP *group)
{
    return scarce_refused() ? NULL : __real_EC_POINT_new(group);
}


#define PEM                                                                   \
    "-----BEGIN PUBLIC KEY-----\n"                                            \
    "MCowBQYDK2VwAyEAJgS+QBWVWwH2TRalz/OmAsG1ybQ5yViasG6LuCQwzCg=\n"          \
    "-----END PUBLIC KEY-----\n"

#define PEM_JSON                                                              \
    "-----BEGIN PUBLIC KEY-----\\n"                                           \
    "MCowBQYDK2VwAyEAJgS+QBWVWwH2TRalz/OmAsG1ybQ5yViasG6LuCQwzCg=\\n"         \
    "-----END PUBLIC KEY-----\\n"

static const char  with_pem[] = ORG("'keys':{'p':{'roles':[],"
    "'algorithm':'ed25519','public_key':'" PEM_JSON "'}}");


static char    text[16384];
static size_t  text_len;


static void
begin(const char *json)
{
    char  *p;

    text_len = (size_t) snprintf(text, sizeof(text), "%s", json);

    for (p = text; *p; p++) {
        *p = *p == '\'' ? '"' : *p;
    }
}


static postern_directory_t *
parse_text(postern_error_t *err)
{
    void                 *data;
    postern_str_t         s;
    postern_directory_t  *dir;

    data = __real_malloc(text_len ? text_len : 1);
    memcpy(data, text, text_len);

    s.data = data;
    s.len = text_len;

    memset(err, 0, sizeof(*err));
    dir = postern_directory_parse(s, err);
    free(data);

    return dir;
}


/* taken, or refused with a reason and a place in the text; 1 when taken */

static int
decided(const char *what)
{
    size_t                i;
    unsigned              lines;
    postern_error_t       err;
    postern_directory_t  *dir;

    dir = parse_text(&err);

    if (dir) {
        postern_directory_destroy(dir);
        return 1;
    }

    for (i = 0, lines = 1; i < text_len; i++) {
        lines += text[i] == '\n';
    }

    if (!EXPECT(err.text[0] != '\0' && err.line >= 1 && err.line <= lines
                && err.column >= 1))
    {
        printf("# %s: %u:%u %s: %s\n", what, err.line, err.column, err.path,
               err.text);
    }

    return 0;
}


/* --- memory --------------------------------------------------------------- */

/* Ours and OpenSSL's.  jansson's own is left out: its reader (2.14) does not
   look whether the buffer of a token could grow, and loses a byte there. */

static void
scarcely(const char *json)
{
    unsigned              refused;
    postern_error_t       err;
    postern_directory_t  *dir;

    refused = 0;
    begin(json);

    while (scarce_next()) {
        dir = parse_text(&err);

        if (scarce_failed()) {
            if (!EXPECT(dir == NULL)) {
                printf("# request %lu\n", scarce_round);
            }

            if (!EXPECT(strcmp(err.text, "out of memory") == 0
                        || strstr(err.text, "memory") != NULL))
            {
                printf("# %u:%u %s: %s\n", err.line, err.column, err.path,
                       err.text);
            }

            refused++;

        } else {
            EXPECT(dir != NULL);
        }

        postern_directory_destroy(dir);
    }

    EXPECT(refused > 3);
}


TEST(a_document_without_memory_is_refused_as_such)
{
    scarcely(example);
    scarcely(with_pem);
}


/* --- types ---------------------------------------------------------------- */

static const char *const  others[] = {
    "null", "true", "1", "-1", "1.5", "\"\"", "\"x\"", "[]", "{}", "[null]",
    "[[]]", "{\"x\":1}", "9223372036854775807"
};


static unsigned  nodes, taken;


/* every value below this one is changed, and put back */

static void
change(json_t *root, json_t *at, void (*look)(json_t *root))
{
    void    *iter;
    size_t   i;
    json_t  *was;

    if (json_is_array(at)) {
        for (i = 0; i < json_array_size(at); i++) {
            was = json_incref(json_array_get(at, i));
            change(root, was, look);

            for (unsigned k = 0; k < sizeof(others) / sizeof(others[0]); k++) {
                json_array_set_new(at, i, json_loads(others[k],
                                                     JSON_DECODE_ANY, NULL));
                look(root);
            }

            json_array_set_new(at, i, was);
        }

        return;
    }

    if (!json_is_object(at)) {
        return;
    }

    for (iter = json_object_iter(at); iter;
         iter = json_object_iter_next(at, iter))
    {
        was = json_incref(json_object_iter_value(iter));
        change(root, was, look);

        for (unsigned k = 0; k < sizeof(others) / sizeof(others[0]); k++) {
            json_object_iter_set_new(at, iter,
                                     json_loads(others[k], JSON_DECODE_ANY,
                                                NULL));
            look(root);
        }

        json_object_iter_set_new(at, iter, was);
    }
}


static void
look_at(json_t *root)
{
    text_len = json_dumpb(root, text, sizeof(text), JSON_INDENT(1));
    text[text_len] = '\0';

    nodes++;
    taken += (unsigned) decided("a changed value");
}


TEST(values_of_another_type_are_refused_with_their_place)
{
    json_t  *root;

    begin(example);
    root = json_loadb(text, text_len, 0, NULL);

    if (!EXPECT(root != NULL)) {
        return;
    }

    change(root, root, look_at);
    json_decref(root);

    /* some are right as well: [] for a list of roles */

    EXPECT(nodes > 500);
    EXPECT(taken * 4 < nodes);
}


/* --- bytes ---------------------------------------------------------------- */

TEST(every_changed_byte_is_decided)
{
    size_t         i;
    unsigned       k, changed, refused;
    unsigned char  was;

    static const unsigned char  bytes[] = "\"{}[],:\\ x0*\x1f\x7f\xc2\xff";

    begin(example);

    if (!EXPECT(decided("the example"))) {
        return;
    }

    changed = refused = 0;

    for (i = 0; i < text_len; i++) {
        was = (unsigned char) text[i];

        for (k = 0; k < sizeof(bytes); k++) {
            text[i] = (char) bytes[k];
            changed++;
            refused += !decided("a changed byte");
        }

        text[i] = (char) was;
    }

    EXPECT(refused * 2 > changed);
}


TEST(every_shorter_document_is_refused)
{
    size_t  n;

    begin(example);

    for (n = text_len; n-- > 0; /* void */ ) {
        text_len = n;
        EXPECT(!decided("a shorter text"));
    }
}


/* --- times ---------------------------------------------------------------- */

TEST(a_time_with_a_wrong_byte_is_none)
{
    size_t    i, len;
    int64_t   time;
    unsigned  byte, k;
    char      copy[64];

    static const char *const  good[] = {
        "2027-01-01T00:00:00Z", "2024-02-29t12:34:56.789+01:30",
        "2000-02-29T00:00:00-00:00", "0001-02-01T00:00:00Z"
    };

    static const char *const  bad[] = {
        "2023-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "2027-13-01T00:00:00Z",
        "2027-00-01T00:00:00Z", "2027-01-00T00:00:00Z", "2027-01-32T00:00:00Z",
        "2027-01-01T24:00:00Z", "2027-01-01T00:60:00Z", "2027-01-01T00:00:61Z",
        "2027-01-01T00:00:00.Z", "2027-01-01T00:00:00+24:00",
        "2027-01-01T00:00:00+00:60", "2027-01-01T00:00:00ZZ",
        "2027-01-01T00:00:00*00:00", "2027-01-01T00:00:00.1234567",
        "2027-01-01T00:00:00+01:0", "2027-01-01T00:00:00+0x:00",
        "2027-01-01T00:00:00+01-00", "2027-01-01T00:00:00+01:0x"
    };

    for (k = 0; k < sizeof(bad) / sizeof(bad[0]); k++) {
        EXPECT_INT(postern_time_parse(slice(bad[k]), &time), -1);
    }

    for (k = 0; k < sizeof(good) / sizeof(good[0]); k++) {
        len = strlen(good[k]);
        EXPECT_INT(postern_time_parse(slice(good[k]), &time), 0);

        for (i = 0; i < len; i++) {
            for (byte = 0; byte < 256; byte++) {
                memcpy(copy, good[k], len + 1);
                copy[i] = (char) byte;

                /* a digit may be another one, and T and Z have no case */

                if (byte == (unsigned char) good[k][i]
                    || (byte >= '0' && byte <= '9')
                    || byte == '-' || byte == '+'
                    || byte == 't' || byte == 'T' || byte == 'z' || byte == 'Z'
                    || byte == '.')
                {
                    continue;
                }

                if (!EXPECT_INT(postern_time_parse((postern_str_t) { len,
                                    (unsigned char *) copy }, &time), -1))
                {
                    printf("# %s\n", copy);
                }
            }
        }
    }
}


UNIT_MAIN()
