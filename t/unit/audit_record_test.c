
/* link: ngx_http_audit_module/audit_json.c
 *       ngx_http_audit_module/audit_redact.c
 *       ngx_http_audit_module/audit_record.c -ljansson
 */

#define _GNU_SOURCE    /* memmem() */

#include "unit.h"

#include <jansson.h>

#include "audit_record.h"


#define S(text)  ((postern_str_t) postern_string(text))


static audit_redact_t  names;
static unsigned char   line[AUDIT_RECORD_MAX];


/* a text as it goes out, quotes included */

static postern_str_t
redacted(postern_str_t s, size_t max)
{
    audit_json_t   j;
    postern_str_t  out;

    if (names.nnames == 0) {
        audit_redact_init(&names);
    }

    j.pos = line;
    j.end = line + sizeof(line);
    j.full = 0;

    audit_redact_text(&names, &j, s, max);

    out.data = line;
    out.len = j.pos - line;

    return out;
}


#define EXPECT_REDACTED(in, want)                                             \
    EXPECT_STR(redacted(S(in), 4096), "\"" want "\"")


static audit_clock_t  now;


static postern_str_t
escaped(postern_str_t s, size_t max)
{
    audit_json_t   j;
    postern_str_t  out;

    j.pos = line;
    j.end = line + sizeof(line);
    j.full = 0;

    audit_json_text(&j, s, max);

    out.data = line;
    out.len = j.pos - line;

    return out;
}


TEST(text_is_escaped)
{
    EXPECT_STR(escaped(S("plain /text"), 512), "\"plain /text\"");
    EXPECT_STR(escaped(S(""), 512), "\"\"");
    EXPECT_STR(escaped(S("a\"b\\c"), 512), "\"a\\\"b\\\\c\"");
    EXPECT_STR(escaped(S("\r\n\t\0\033"), 512),
               "\"\\u000d\\u000a\\u0009\\u0000\\u001b\"");
    EXPECT_STR(escaped(S("\177"), 512), "\"\\u007f\"");
    EXPECT_STR(escaped(S("\xc2\x85\xc2\x9b"), 512), "\"\\u0085\\u009b\"");
    EXPECT_STR(escaped(S("\xe2\x80\xa8\xe2\x80\xa9"), 512),
               "\"\\u2028\\u2029\"");
    EXPECT_STR(escaped(S("\xe2\x80\xae\xe2\x81\xa6\xef\xbb\xbf"), 512),
               "\"\\u202e\\u2066\\ufeff\"");
    EXPECT_STR(escaped(S("\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"), 512),
               "\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\"");
}


/* words are looked at as a whole: what a byte becomes must not depend on where
   it stands, nor on its neighbours, nor on how long the text is */

TEST(text_is_escaped_wherever_it_stands)
{
    size_t         at, len, n;
    unsigned       byte;
    unsigned char  one[16], text[40], want[sizeof(text) + 16];
    postern_str_t  s, out;

    for (byte = 0; byte < 256; byte++) {

        text[0] = (unsigned char) byte;
        s = (postern_str_t) { 1, text };
        out = escaped(s, 512);
        n = out.len - 2;
        memcpy(one, out.data + 1, n);

        for (len = 1; len <= 2 * sizeof(uint64_t) + 3; len++) {
            for (at = 0; at < len; at++) {
                memset(text, 'a', len);
                text[at] = (unsigned char) byte;
                s.len = len;

                memset(want, 'a', sizeof(want));
                want[0] = '"';
                memcpy(want + 1 + at, one, n);
                want[n + len] = '"';

                out = escaped(s, 512);
                EXPECT_INT(out.len, n + len + 1);
                EXPECT_MEM(out.data, want, out.len);
            }
        }
    }
}


TEST(bytes_that_are_not_utf8_can_be_had_back)
{
    EXPECT_STR(escaped(S("\xff"), 512), "\"\\ufffdff\"");
    EXPECT_STR(escaped(S("\xc0\xaf"), 512), "\"\\ufffdc0\\ufffdaf\"");
    EXPECT_STR(escaped(S("\xe0\x80\xaf"), 512),
               "\"\\ufffde0\\ufffd80\\ufffdaf\"");
    EXPECT_STR(escaped(S("\xed\xa0\x80"), 512),
               "\"\\ufffded\\ufffda0\\ufffd80\"");
    EXPECT_STR(escaped(S("\xf4\x90\x80\x80"), 512),
               "\"\\ufffdf4\\ufffd90\\ufffd80\\ufffd80\"");
    EXPECT_STR(escaped(S("a\xe2\x82"), 512), "\"a\\ufffde2\\ufffd82\"");

    /* a genuine U+FFFD could be taken for the mark of a bad byte */

    EXPECT_STR(escaped(S("\xef\xbf\xbd""41"), 512),
               "\"\\ufffdef\\ufffdbf\\ufffdbd41\"");
}


TEST(long_text_is_cut_and_says_so)
{
    size_t         n;
    postern_str_t  s, out;
    json_t        *json;
    unsigned char  text[5000];

    memset(text, 'a', sizeof(text));
    s.data = text;

    s.len = 480;
    EXPECT_INT(escaped(s, 512).len, 482);

    s.len = 481;
    out = escaped(s, 512);
    EXPECT_MEM(out.data + out.len - 12, "a[+1 bytes]\"", 12);

    for (n = 0; n < 64; n++) {
        memset(text, '\\', sizeof(text));
        memset(text, 'a', n);
        s.len = sizeof(text);

        out = escaped(s, 256);
        EXPECT(out.len <= 258);

        json = json_loadb((char *) out.data, out.len, JSON_DECODE_ANY, NULL);
        EXPECT(json != NULL);
        json_decref(json);
    }
}


TEST(values_of_credentials_are_hidden)
{
    EXPECT_REDACTED("/a?x=1&token=SECRET&y=2",
                    "/a?x=1&token=[redacted]&y=2");
    EXPECT_REDACTED("/a?TOKEN=SECRET", "/a?TOKEN=[redacted]");
    EXPECT_REDACTED("/a?Access-Token=SECRET", "/a?Access-Token=[redacted]");
    EXPECT_REDACTED("/a?api_key=SECRET", "/a?api_key=[redacted]");
    EXPECT_REDACTED("/a?access.token=SECRET", "/a?access.token=[redacted]");
    EXPECT_REDACTED("/a?user[password]=SECRET",
                    "/a?user[password]=[redacted]");
    EXPECT_REDACTED("/a?X-Amz-Signature=SECRET&X-Amz-Date=1",
                    "/a?X-Amz-Signature=[redacted]&X-Amz-Date=1");
    EXPECT_REDACTED("/a?my_own_secret=SECRET", "/a?my_own_secret=[redacted]");
    EXPECT_REDACTED("/a?token=", "/a?token=[redacted]");
    EXPECT_REDACTED("/a?token", "/a?token");
    EXPECT_REDACTED("/a?tokens=3", "/a?tokens=3");
    EXPECT_REDACTED("/a?monkey=george", "/a?monkey=george");
    EXPECT_REDACTED("/a?x=token=SECRET", "/a?x=token=[redacted]");
}


TEST(names_are_known_in_any_encoding)
{
    EXPECT_REDACTED("/a?%74oken=SECRET", "/a?%74oken=[redacted]");
    EXPECT_REDACTED("/a?%2574oken=SECRET", "/a?%2574oken=[redacted]");
    EXPECT_REDACTED("/a?%25%37%34oken=SECRET", "/a?%25%37%34oken=[redacted]");
    EXPECT_REDACTED("/a?token%3DSECRET", "/a?token%3D[redacted]");
    EXPECT_REDACTED("/a?x=1%26token=SECRET", "/a?x=1%26token=[redacted]");
    EXPECT_REDACTED("/a?+token+=SECRET", "/a?+token+=[redacted]");
    EXPECT_REDACTED("/a?x+key+=SECRET", "/a?x+key+=[redacted]");
    EXPECT_REDACTED("/a?%00token=SECRET", "/a?%00token=[redacted]");
    EXPECT_REDACTED("/a?user%5Bpassword%5D=SECRET",
                    "/a?user%5Bpassword%5D=[redacted]");
    EXPECT_REDACTED("/a?%zz=1&token=SECRET%", "/a?%zz=1&token=[redacted]");
}


TEST(nested_addresses_are_looked_into)
{
    EXPECT_REDACTED("/a?next=%2Fcb%3Ftoken%3DSECRET%26a%3D1&b=2",
                    "/a?next=%2Fcb%3Ftoken%3D[redacted]%26a%3D1&b=2");

    /* what is encoded deeper belongs to the value */

    EXPECT_REDACTED("/a?password=SEC%26RET&b=2", "/a?password=[redacted]&b=2");
    EXPECT_REDACTED("/a?password=SEC%2526RET&b=2",
                    "/a?password=[redacted]&b=2");
    EXPECT_REDACTED("/a?x=1;token=SEC;RET&b=2", "/a?x=1;token=[redacted]&b=2");
    EXPECT_REDACTED("/a#access_token=SECRET&b=2",
                    "/a#access_token=[redacted]&b=2");
    EXPECT_REDACTED("/a;jsessionid=SEC/RET?b=2",
                    "/a;jsessionid=[redacted]?b=2");
}


TEST(userinfo_is_hidden)
{
    EXPECT_REDACTED("http://user:SECRET@host/a", "http://[redacted]@host/a");
    EXPECT_REDACTED("https://user:SE@CRET@host", "https://[redacted]@host");
    EXPECT_REDACTED("user:SECRET@host:443", "[redacted]@host:443");
    EXPECT_REDACTED("/a?u=http%3A%2F%2Fuser%3ASECRET%40host%2F&b=1",
                    "/a?u=http%3A%2F%2F[redacted]%40host%2F&b=1");
    EXPECT_REDACTED("/@name/x@y?q=a@b.c", "/@name/x@y?q=a@b.c");
    EXPECT_REDACTED("http://host/a?m=a@b", "http://host/a?m=a@b");
}


TEST(a_cut_never_bares_a_secret)
{
    size_t         at;
    postern_str_t  s, out;
    unsigned char  text[6000];

    for (at = 3900; at < 4200; at++) {
        memset(text, 'a', sizeof(text));
        text[0] = '/';
        text[1] = '?';
        memcpy(text + at, "&token=SECRET", 13);

        s.data = text;
        s.len = sizeof(text);

        out = redacted(s, 8192);
        EXPECT(memmem(out.data, out.len, "SECRET", 6) == NULL);

        memcpy(text + at, "http://user:SECRET@h", 20);
        out = redacted(s, 8192);
        EXPECT(memmem(out.data, out.len, "SECRET", 6) == NULL);
    }
}


TEST(names_can_be_added)
{
    audit_redact_t  r;
    audit_json_t    j;
    unsigned        i;
    char            name[16];

    audit_redact_init(&r);

    EXPECT_INT(audit_redact_add(&r, S("Door-Code")), AUDIT_REDACT_OK);
    EXPECT_INT(audit_redact_add(&r, S("door_code")), AUDIT_REDACT_OK);
    EXPECT_INT(audit_redact_add(&r, S("-_.")), AUDIT_REDACT_EMPTY);
    EXPECT_INT(audit_redact_add(&r, S("")), AUDIT_REDACT_EMPTY);
    EXPECT_INT(audit_redact_add(&r, S("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                                      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")),
               AUDIT_REDACT_LONG);

    j.pos = line;
    j.end = line + sizeof(line);
    j.full = 0;
    audit_redact_text(&r, &j, S("/?doorcode=SECRET"), 512);
    EXPECT_MEM(line, "\"/?doorcode=[redacted]\"", 23);

    for (i = 0; i < 2 * AUDIT_REDACT_NAMES; i++) {
        postern_str_t  s;

        s.data = (unsigned char *) name;
        s.len = (size_t) snprintf(name, sizeof(name), "n%ux", i);

        if (audit_redact_add(&r, s) != AUDIT_REDACT_OK) {
            break;
        }
    }

    EXPECT_INT(r.nnames, AUDIT_REDACT_NAMES);
}


TEST(the_target_is_cut_out_of_the_request_line)
{
    EXPECT_STR(audit_record_target(S("GET /a HTTP/1.1")), "/a");
    EXPECT_STR(audit_record_target(S("GET  /a  HTTP/1.1")), "/a");
    EXPECT_STR(audit_record_target(S("GET /a")), "/a");
    EXPECT_STR(audit_record_target(S("GET /a b HTTP/1.1 ")), "/a b");
    EXPECT_STR(audit_record_target(S("GET http://h/ HTTP/2.0")), "http://h/");
    EXPECT(audit_record_target(S("GET")).data == NULL);
    EXPECT(audit_record_target(S("GET ")).data == NULL);
    EXPECT(audit_record_target(S("")).data == NULL);
}


TEST(time_is_utc_with_microseconds)
{
    size_t  i;

    static const struct { uint64_t usec; const char *text; } t[] = {
        { 0, "\"1970-01-01T00:00:00.000000Z\"" },
        { UINT64_C(951782400000001), "\"2000-02-29T00:00:00.000001Z\"" },
        { UINT64_C(951868799999999), "\"2000-02-29T23:59:59.999999Z\"" },
        { UINT64_C(1735689599123456), "\"2024-12-31T23:59:59.123456Z\"" },
        { UINT64_C(1735689599999999), "\"2024-12-31T23:59:59.999999Z\"" },
        { UINT64_C(1735689600000000), "\"2025-01-01T00:00:00.000000Z\"" },
        { UINT64_C(4107542400000000), "\"2100-03-01T00:00:00.000000Z\"" }
    };

    for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        audit_json_t   j = { line, line + sizeof(line), 0 };
        postern_str_t  out;

        audit_json_time(&j, &now, t[i].usec);

        out.data = line;
        out.len = j.pos - line;
        EXPECT_STR(out, t[i].text);
    }
}


/* every text as long and as hard to write as can be */

static void
fill(audit_request_t *r, audit_identity_t *id, audit_decision_t *d,
    postern_str_t s)
{
    size_t  i;

    static postern_role_t         role;
    static const postern_role_t  *roles[AUDIT_MAX_ROLES + 1];

    memset(r, 0, sizeof(*r));
    memset(id, 0, sizeof(*id));

    role.name = s;

    for (i = 0; i <= AUDIT_MAX_ROLES; i++) {
        roles[i] = &role;
    }

    id->org = id->subject = id->kind = id->credential = id->scheme = s;
    id->amr = s;
    id->roles = roles;
    id->nroles = AUDIT_MAX_ROLES + 1;
    id->aal = 3;
    id->auth_time = 4107542400;

    for (i = 0; i < AUDIT_MAX_DECISIONS; i++) {
        static const char *const  feature[] = { "sign", "mfa", "rbac" };

        d[i].feature = feature[i];
        d[i].verdict = d[i].code = d[i].detail = s;
    }

    r->server = r->host = r->addr = r->protocol = s;
    r->tls = 1;
    r->tls_version = r->tls_cipher = r->tls_sni = s;
    r->method = r->target = r->uri = r->user_agent = r->referer = s;
    r->port = 65535;
    r->identity = id;
    r->decisions = d;
    r->ndecisions = AUDIT_MAX_DECISIONS;
    r->upstream = s;
    r->upstream_status = 599;
    r->upstream_tries = 4000000000u;
}


TEST(a_record_is_valid_and_bounded_whatever_is_in_it)
{
    size_t            n;
    unsigned          byte;
    json_t           *json;
    audit_head_t      h;
    audit_request_t   r;
    audit_identity_t  id;
    audit_decision_t  d[AUDIT_MAX_DECISIONS];

    static unsigned char  text[10000];

    audit_redact_init(&names);
    memset(&h, 0xff, sizeof(h));
    h.clock = &now;
    h.time = UINT64_C(4107542400000000);

    for (byte = 0; byte < 256; byte++) {
        postern_str_t  s = { sizeof(text), text };

        memset(text, (int) byte, sizeof(text));
        fill(&r, &id, d, s);

        n = audit_record_write(line, &names, &h, &r);

        EXPECT(n <= AUDIT_RECORD_MAX);
        EXPECT(line[n - 1] == '\n');
        EXPECT(memchr(line, '\n', n - 1) == NULL);

        json = json_loadb((char *) line, n - 1, JSON_ALLOW_NUL, NULL);
        EXPECT(json != NULL);
        EXPECT_INT(json_array_size(json_object_get(
                       json_object_get(json, "identity"), "roles")),
                   AUDIT_MAX_ROLES);
        json_decref(json);
    }
}


TEST(the_head_can_be_written_over)
{
    size_t           n, m;
    audit_head_t     h;
    audit_request_t  r;
    unsigned char    other[AUDIT_RECORD_MAX];

    memset(&h, 0, sizeof(h));
    memset(&r, 0, sizeof(r));
    h.clock = &now;
    r.addr = S("192.0.2.1");
    r.target = S("/a");

    n = audit_record_write(line, &names, &h, &r);

    memset(&h, 0xff, sizeof(h));
    h.clock = &now;
    h.time = UINT64_C(4107542400000000);

    m = audit_record_write(other, &names, &h, &r);
    audit_record_head(line, &h);

    EXPECT_INT(n, m);
    EXPECT_MEM(line, other, m);

    /* all but the id, which stays */

    h.time++;
    h.status = 7;
    h.bytes_in = h.bytes_out = h.duration = h.complete = 0;

    audit_record_head(other, &h);
    h.id[0] = h.id[1] = 0;
    audit_record_head_again(line, &h);

    EXPECT_MEM(line, other, m);
}


TEST(events_are_valid)
{
    size_t   n;
    json_t  *json;

    n = audit_record_gap(line, 1, UINT64_MAX, UINT64_MAX, 2, 3);
    EXPECT(n < AUDIT_EVENT_MAX);
    json = json_loadb((char *) line, n - 1, JSON_DECODE_INT_AS_REAL, NULL);
    EXPECT(json != NULL);
    json_decref(json);

    n = audit_record_event(line, "start", 1, "1.22.1", 4194304);
    EXPECT(n < AUDIT_EVENT_MAX);
    json = json_loadb((char *) line, n - 1, 0, NULL);
    EXPECT_INT(json_integer_value(json_object_get(json, "pid")), 4194304);
    json_decref(json);
}


UNIT_MAIN()
