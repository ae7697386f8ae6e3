
/* link: ngx_http_audit_module/audit_json.c
 *       ngx_http_audit_module/audit_redact.c
 *       ngx_http_audit_module/audit_record.c -ljansson
 */

/* Where the texts of a record end: room that is too small, names of every
   shape, members that are left out. */

#include "exact.h"

#include <jansson.h>

#include "audit_record.h"


#define S(text)  ((postern_str_t) postern_string(text))


static audit_redact_t  names;
static unsigned char   line[AUDIT_RECORD_MAX];


static audit_json_t
room(size_t size)
{
    audit_json_t  j;

    if (names.nnames == 0) {
        audit_redact_init(&names);
    }

    memset(line, '#', sizeof(line));

    j.pos = line;
    j.end = line + size;
    j.full = 0;

    return j;
}


static postern_str_t
written(const audit_json_t *j)
{
    return (postern_str_t) { (size_t) (j->pos - line), line };
}


TEST(what_does_not_fit_is_not_begun)
{
    size_t        size;
    audit_json_t  j;

    for (size = 0; size < 5; size++) {
        j = room(size);
        audit_json_literal(&j, "12345");

        EXPECT_INT(j.full, 1);
        EXPECT(j.pos == line);
        EXPECT_INT(line[0], '#');
    }

    j = room(5);
    audit_json_literal(&j, "12345");
    EXPECT_INT(j.full, 0);

    for (size = 0; size < 66; size++) {
        j = room(size);
        audit_json_text(&j, S("a text"), 64);
        EXPECT_INT(j.full, 1);
        EXPECT(memchr(line, 't', sizeof(line)) == NULL);
        EXPECT_INT(line[size], '#');

        j = room(size);
        audit_redact_text(&names, &j, S("/?token=t"), 64);
        EXPECT_INT(j.full, 1);
        EXPECT(memchr(line, 't', sizeof(line)) == NULL);
        EXPECT_INT(line[size], '#');
    }

    j = room(66);
    audit_json_text(&j, S("a text"), 64);
    EXPECT_INT(j.full, 0);
    EXPECT_STR(written(&j), "\"a text\"");
}


TEST(escaping_ends_at_the_buffer_whatever_the_limit)
{
    audit_json_t  j;

    j = room(4);
    EXPECT_INT(audit_json_escape(&j, line + 100, S("abcdef")), 4);
    EXPECT_STR(written(&j), "abcd");
    EXPECT_INT(line[4], '#');
}


TEST(what_steers_a_terminal_is_escaped_to_its_ends)
{
    unsigned       i;
    char           want[16];
    audit_json_t   j;
    unsigned char  text[3];

    static const struct {
        unsigned  code;
        unsigned  escaped;
    } cases[] = {
        { 0x200a, 0 }, { 0x200b, 1 }, { 0x200f, 1 }, { 0x2010, 0 },
        { 0x2027, 0 }, { 0x2028, 1 }, { 0x202e, 1 }, { 0x202f, 0 },
        { 0x205f, 0 }, { 0x2060, 1 }, { 0x206f, 1 }, { 0x2070, 0 },
        { 0xfefe, 0 }, { 0xfeff, 1 }, { 0xff00, 0 }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        text[0] = (unsigned char) (0xe0 | cases[i].code >> 12);
        text[1] = (unsigned char) (0x80 | (cases[i].code >> 6 & 0x3f));
        text[2] = (unsigned char) (0x80 | (cases[i].code & 0x3f));

        j = room(512);
        audit_json_text(&j, (postern_str_t) { 3, text }, 64);

        if (cases[i].escaped) {
            snprintf(want, sizeof(want), "\"\\u%04x\"", cases[i].code);
        } else {
            snprintf(want, sizeof(want), "\"%.3s\"", (char *) text);
        }

        EXPECT_STR(written(&j), want);
    }
}


/* --- what is hidden ----------------------------------------------------- */

static postern_str_t
redacted(const char *text)
{
    audit_json_t  j;

    j = room(sizeof(line));
    audit_redact_text(&names, &j, exact(text), 4096);

    return written(&j);
}


TEST(a_name_is_known_however_it_is_written)
{
    unsigned  i;
    char      text[128], want[160];

    static const char *const  known[] = {
        "api-key", "api_key", "api.key", "api[key", "api]key", "api+key",
        "api key", "api\177key", "API[Key]", "a[b][token]", "token[0]",
        "x.token.y", "[token]", "pass.word", "to[ken]"
    };

    static const char *const  others[] = {
        "", "[]", ".", "+", "[a][b]", "apikeys", "keyapi"
    };

    for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        snprintf(text, sizeof(text), "/?a=1&%s=SECRET", known[i]);
        EXPECT(memmem(redacted(text).data, redacted(text).len, "SECRET", 6)
               == NULL);
    }

    for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        snprintf(text, sizeof(text), "/?a=1&%s=open", others[i]);
        snprintf(want, sizeof(want), "\"%s\"", text);
        EXPECT_STR(redacted(text), want);
    }
}


/* longer than any name that is known: by its end */

TEST(a_long_name_is_known_by_its_end)
{
    unsigned  n;
    char      text[512];

    for (n = 1; n < 200; n++) {
        memset(text, 'x', n);
        memcpy(text, "/?", n < 2 ? n : 2);
        snprintf(text + n, sizeof(text) - n, "_secret=SECRET");
        EXPECT(memmem(redacted(text).data, redacted(text).len, "SECRET", 6)
               == NULL);

        snprintf(text + n, sizeof(text) - n, "_secretary=open");
        EXPECT(memmem(redacted(text).data, redacted(text).len, "open", 4)
               != NULL);
    }
}


TEST(what_is_no_escape_is_left)
{
    EXPECT_STR(redacted(""), "\"\"");
    EXPECT_STR(redacted("/?%"), "\"/?%\"");
    EXPECT_STR(redacted("/?%4"), "\"/?%4\"");
    EXPECT_STR(redacted("/?%4x=%x4&token=SECRET"),
               "\"/?%4x=%x4&token=[redacted]\"");
    EXPECT_STR(redacted("/?%x4oken=open"), "\"/?%x4oken=open\"");
}


/* as deep as it is looked into, and one layer deeper */

TEST(layers_of_encoding_have_an_end)
{
    unsigned  depth;
    char      text[128];

    for (depth = 1; depth <= AUDIT_REDACT_DEPTH + 2; depth++) {
        char  *p = text + sprintf(text, "/?");
        unsigned  k;

        *p++ = '%';

        for (k = 1; k < depth; k++) {
            p += sprintf(p, "25");
        }

        sprintf(p, "74oken=SECRET");

        EXPECT_INT(memmem(redacted(text).data, redacted(text).len, "SECRET", 6)
                   == NULL, depth <= AUDIT_REDACT_DEPTH);
    }
}


TEST(a_question_mark_in_a_value_ends_it_in_a_path_only)
{
    EXPECT_STR(redacted("/a;token=SEC?b=2"), "\"/a;token=[redacted]?b=2\"");
    EXPECT_STR(redacted("/a?token=SEC?RET"), "\"/a?token=[redacted]\"");
    EXPECT_STR(redacted("u:SECRET@h/a?token=SEC&c=1"),
               "\"[redacted]@h/a?token=[redacted]&c=1\"");
}


/* cut before a secret, in it, and behind it */

TEST(a_text_that_is_cut_shows_no_more_than_its_room)
{
    char            *text;
    size_t           max, at;
    audit_json_t     j;
    postern_str_t    s, out;

    text = malloc(1000);

    for (at = 0; at < 200; at += 7) {
        memset(text, 'a', 1000);
        memcpy(text, "/?", 2);
        memcpy(text + 2 + at, "&token=SECRET&b=", 16);

        s.data = (unsigned char *) text;
        s.len = 1000;

        for (max = 2 * AUDIT_JSON_MARK; max < 256; max++) {
            j = room(sizeof(line));
            audit_redact_text(&names, &j, s, max);
            out = written(&j);

            EXPECT(out.len <= max + 2);
            EXPECT(memmem(out.data, out.len, "SECRET", 6) == NULL);
            EXPECT(memmem(out.data, out.len, " bytes]\"", 8) != NULL);
        }

        /* of bytes that take more room than they had */

        memset(text + 2, 0x01, at);
        j = room(sizeof(line));
        audit_redact_text(&names, &j, s, 128);
        out = written(&j);
        EXPECT(out.len <= 130);
        EXPECT(memmem(out.data, out.len, "SECRET", 6) == NULL);
    }

    free(text);
}


/* --- members that are there or not -------------------------------------- */

static json_t *
record(const audit_request_t *r)
{
    size_t        n;
    json_t       *json;
    audit_head_t  h;
    audit_clock_t clock;

    memset(&h, 0, sizeof(h));
    memset(&clock, 0, sizeof(clock));
    h.clock = &clock;
    h.time = 1700000000000000;

    (void) room(0);
    n = audit_record_write(line, &names, &h, r);
    json = json_loadb((char *) line, n, 0, NULL);
    EXPECT(json != NULL);

    return json;
}


TEST(what_is_absent_is_left_out)
{
    json_t            *json, *id;
    audit_request_t    r;
    audit_decision_t   decisions[4];
    audit_identity_t   identity;
    unsigned           i;

    memset(&r, 0, sizeof(r));
    memset(&identity, 0, sizeof(identity));
    memset(decisions, 0, sizeof(decisions));

    json = record(&r);
    EXPECT(json_object_get(json, "target") == NULL);
    EXPECT(json_object_get(json, "identity") == NULL
           || json_is_null(json_object_get(json, "identity")));
    EXPECT(json_object_get(json, "decisions") == NULL);
    EXPECT(json_object_get(json, "upstream") == NULL);
    json_decref(json);

    identity.org = S("acme");
    identity.subject = S("alice");
    r.identity = &identity;
    r.upstream = S("127.0.0.1:80");
    r.upstream_tries = 1;

    for (i = 0; i < 4; i++) {
        decisions[i].feature = &"sign\0mfa\0\0rbac\0more"[5 * i];
        decisions[i].verdict = S("allow");
    }

    r.decisions = decisions;
    r.ndecisions = 3;

    json = record(&r);
    id = json_object_get(json, "identity");
    EXPECT(json_object_get(id, "roles_more") == NULL);
    EXPECT(json_object_get(id, "amr") == NULL);
    EXPECT(json_object_get(id, "aal") == NULL);
    EXPECT(json_object_get(id, "auth_time") == NULL);
    EXPECT_INT(json_array_size(json_object_get(id, "roles")), 0);
    EXPECT(json_object_get(json_object_get(json, "upstream"), "status")
           == NULL);
    EXPECT(json_object_get(json_object_get(json_object_get(json, "decisions"),
                                           "rbac"), "code") == NULL);
    json_decref(json);

    /* no more than a record is made for */

    r.ndecisions = 4;
    json = record(&r);
    EXPECT_INT(json_object_size(json_object_get(json, "decisions")),
               AUDIT_MAX_DECISIONS);
    json_decref(json);
}


TEST(what_is_there_is_written)
{
    json_t                *json, *id;
    unsigned               i;
    postern_role_t         role;
    audit_request_t        r;
    audit_decision_t       decision;
    audit_identity_t       identity;
    const postern_role_t  *roles[AUDIT_MAX_ROLES + 5];

    memset(&r, 0, sizeof(r));
    memset(&role, 0, sizeof(role));
    memset(&identity, 0, sizeof(identity));

    role.name = S("operator");

    for (i = 0; i < AUDIT_MAX_ROLES + 5; i++) {
        roles[i] = &role;
    }

    identity.org = S("acme");
    identity.roles = roles;
    identity.nroles = AUDIT_MAX_ROLES + 5;
    identity.amr = S("pwd,otp");
    identity.aal = 2;
    identity.auth_time = 1700000000;
    decision.feature = "mfa";
    decision.verdict = S("deny");
    decision.code = S("mfa/age");
    decision.detail = S("too long ago");
    r.identity = &identity;
    r.decisions = &decision;
    r.ndecisions = 1;
    r.target = S("/a?b");
    r.upstream = S("h");
    r.upstream_tries = 2;
    r.upstream_status = 502;

    json = record(&r);
    id = json_object_get(json, "identity");
    EXPECT_INT(json_integer_value(json_object_get(id, "roles_more")), 5);
    EXPECT_INT(json_array_size(json_object_get(id, "amr")), 2);
    EXPECT_INT(json_integer_value(json_object_get(id, "aal")), 2);
    EXPECT(json_is_string(json_object_get(id, "auth_time")));
    EXPECT(json_is_string(json_object_get(json, "target")));
    EXPECT_INT(json_integer_value(json_object_get(
                   json_object_get(json, "upstream"), "status")), 502);
    EXPECT(json_is_string(json_object_get(json_object_get(
               json_object_get(json, "decisions"), "mfa"), "detail")));
    json_decref(json);
}


TEST(a_request_line_of_any_shape_has_its_target)
{
    EXPECT_STR(audit_record_target(exact("GET /a ")), "/a");
    EXPECT_STR(audit_record_target(exact("GET /a   ")), "/a");
    EXPECT_STR(audit_record_target(exact("GET /a b")), "/a b");
    EXPECT_STR(audit_record_target(exact("GET /a HTTP")), "/a HTTP");
    EXPECT_STR(audit_record_target(exact("GET /a HTCPCP/1.0")),
               "/a HTCPCP/1.0");
    EXPECT_STR(audit_record_target(exact("GET /a b  ")), "/a b");
    EXPECT_STR(audit_record_target(exact("GET HTTP/1.1")), "HTTP/1.1");
    EXPECT_STR(audit_record_target(exact("GET /a    HTTP/1.1")), "/a");
    EXPECT(audit_record_target(exact("GET    ")).data == NULL);
    EXPECT(audit_record_target(exact(" ")).data == NULL);
}


UNIT_MAIN()
