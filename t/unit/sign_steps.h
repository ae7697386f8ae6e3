
/*
 * For tests of signatures: requests written as text, one field a line, and the
 * steps of sign_message.h on them, up to the one that fails.
 *
 * Everything lives until the next request_of(); only one request at a time.
 */


#ifndef _SIGN_STEPS_H_INCLUDED_
#define _SIGN_STEPS_H_INCLUDED_


#include "unit.h"
#include "postern_arena.h"
#include "sign_message.h"


#define CREATED  1618884473     /* of every example of RFC 9421 */


static postern_arena_t  *request_arena;
static postern_alloc_t   request_memory;
static sign_field_t      request_fields[SIGN_MAX_FIELDS + 1];
static sign_request_t    request;
static sign_message_t    message;
static sign_policy_t     policy;
static postern_org_t     acme = { .name = postern_string("acme") };
static postern_user_t    alice = { .org = &acme,
                                   .name = postern_string("alice") };
static postern_key_t     key;
static postern_str_t     organization;
static unsigned char    *address;
static int64_t           now;


static inline postern_str_t
text_of(const char *s)
{
    postern_str_t  text;

    text.data = (const unsigned char *) s;
    text.len = s ? strlen(s) : 0;

    return text;
}


/* a copy of its own size, so that a read behind it is seen */

static inline postern_str_t
copy_of(const char *s, size_t len, int lower)
{
    size_t          i;
    unsigned char  *p;
    postern_str_t   text;

    p = postern_arena_alloc(request_arena, len ? len : 1);

    for (i = 0; i < len; i++) {
        p[i] = (lower && s[i] >= 'A' && s[i] <= 'Z') ? s[i] | 0x20 : s[i];
    }

    text.data = p;
    text.len = len;

    return text;
}


static inline void
request_field(const char *line, size_t len)
{
    size_t         colon, begin, end;
    sign_field_t  *field;

    colon = (const char *) memchr(line, ':', len) - line;

    for (begin = colon + 1; begin < len && line[begin] == ' '; begin++) {
        /* void */
    }

    for (end = len; end > begin && line[end - 1] == ' '; end--) {
        /* void */
    }

    field = &request_fields[request.nfields++];

    field->name = copy_of(line, colon, 1);
    field->value = copy_of(line + begin, end - begin, 0);

    if (postern_str_is(field->name, "host")) {
        request.authority = field->value;
    }

    if (postern_str_is(field->name, "content-length")
        && !postern_str_is(field->value, "0"))
    {
        request.has_body = 1;
    }
}


/* the head of a request, its lines ended by "\n"; over http */

static inline void
request_of(const char *text)
{
    const char  *space, *end;

    postern_arena_destroy(request_arena);
    request_arena = postern_arena_create();
    request_memory = postern_arena_allocator(request_arena);

    memset(&request, 0, sizeof(request));
    request.fields = request_fields;
    request.scheme = copy_of("http", 4, 0);

    space = strchr(text, ' ');
    request.method = copy_of(text, space - text, 0);

    text = space + 1;
    space = strchr(text, ' ');
    request.target = copy_of(text, space - text, 0);

    text = space + 1;
    request.protocol = copy_of(text, strcspn(text, "\n"), 0);

    text = strchr(text, '\n') + 1;

    while ((end = strchr(text, '\n')) != NULL && end > text) {
        request_field(text, end - text);
        text = end + 1;
    }
}


/* what most tests start from: anything covered will do, but for what a test
   demands; the key is good and of any organization */

static inline void
defaults(void)
{
    memset(&policy, 0, sizeof(policy));
    policy.schemes = SIGN_RFC9421 | SIGN_SIGV4;
    policy.window = 900;
    policy.skew = 30;

    memset(&key, 0, sizeof(key));
    key.org = &acme;
    key.algorithm = POSTERN_ALG_HMAC_SHA256;
    key.not_before = POSTERN_TIME_MIN;
    key.not_after = POSTERN_TIME_MAX;

    organization = text_of(NULL);
    address = NULL;
    now = CREATED + 10;
    alice.status = POSTERN_STATUS_ACTIVE;
}


static inline sign_code_e
parse_of(const char *text)
{
    request_of(text);

    return sign_parse(&request, &policy, &request_memory, &message);
}


static inline sign_code_e
check_of(const char *text)
{
    sign_code_e  code;

    code = parse_of(text);

    if (code == SIGN_OK) {
        code = sign_check(&request, &policy, &key, organization, address, now,
                          &message);
    }

    return code;
}


/* without coverage: what stands in the base even where nobody should take it */

static inline sign_code_e
base_of(const char *text)
{
    sign_code_e  code;

    code = parse_of(text);

    if (code == SIGN_OK) {
        code = sign_base(&request, &request_memory, &message);
    }

    return code;
}


static inline const char *
detail(void)
{
    return message.detail;
}


#define EXPECT_CODE(got, want)                                                \
    unit_expect_code((got), (want), #got, __FILE__, __LINE__)


static inline int
unit_expect_code(sign_code_e got, sign_code_e want, const char *what,
    const char *file, int line)
{
    /* a refusal says why */

    if (got == want && (want == SIGN_OK || message.detail[0])) {
        unit_passed++;
        return 1;
    }

    unit_failed++;
    printf("# %s:%d: %s is %s (%s), expected %s\n", file, line, what,
           sign_code(got), message.detail, sign_code(want));

    return 0;
}


#endif /* _SIGN_STEPS_H_INCLUDED_ */
