
/*
 * A request for the upstream, signed.  The head is written up to the signature,
 * or with zeros where it will stand, and read back as a verifier reads it.
 */


#include "sign_make.h"
#include "postern_assert.h"
#include "sign_rfc9421.h"
#include "sign_sigv4.h"


#define MAKE_ROOM      2048    /* bytes that are added, keys and names apart */
#define MAKE_COVERED   SIGN_MAX_COMPONENTS
#define MAKE_ADDED     4        /* fields that are added at most */


typedef struct {
    const sign_make_t       *make;
    const sign_make_now_t   *now;
    const postern_alloc_t   *alloc;
    sign_message_t          *msg;

    sign_request_t           request;      /* as it will be sent */
    sign_field_t            *fields;       /* its fields */
    size_t                   nfields;

    postern_str_t            covered[MAKE_COVERED];
    size_t                   ncovered;

    unsigned char           *p;            /* behind what is written */
} make_t;


static sign_code_e make_begin(make_t *m, const sign_head_t *head,
    size_t signature, unsigned char **out);
static void make_keep(make_t *m, const sign_head_t *head);
static int make_is_ours(const make_t *m, postern_str_t name);
static sign_code_e make_cover(make_t *m);
static int make_is_covered(const make_t *m, postern_str_t name);
static int make_is_amz(postern_str_t name);
static int make_is_listed(const make_t *m, postern_str_t name);
static void make_sort(make_t *m);
static sign_code_e make_rfc9421(make_t *m, sign_maker_t *maker);
static sign_code_e make_sigv4(make_t *m, sign_maker_t *maker);
static void make_time(int64_t now, unsigned char out[SIGN_SIGV4_TIME_LEN]);
static sign_code_e make_sign_sigv4(make_t *m, sign_maker_t *maker,
    unsigned char *signature);
static void make_field(make_t *m, const char *name, size_t len,
    const unsigned char *begin);


/* what the core says of the client: an application that believes it wants to
   know from whom it came */

static const postern_str_t  make_identity[] = {
    postern_string("postern-org"),
    postern_string("postern-subject"),
    postern_string("postern-roles"),
    postern_string("postern-credential"),
    postern_string("postern-amr"),
    postern_string("postern-aal"),
    postern_string("postern-auth-time")
};

#define MAKE_NIDENTITY  (sizeof(make_identity) / sizeof(make_identity[0]))


sign_code_e
sign_make_request(postern_str_t bytes, const sign_make_t *make,
    const sign_make_now_t *now, sign_maker_t *maker,
    const postern_alloc_t *alloc, sign_message_t *msg, postern_str_t *out,
    size_t *len)
{
    make_t          m;
    sign_code_e     code;
    sign_head_t     head;
    unsigned char  *p;

    memset(&m, 0, sizeof(make_t));

    p = NULL;

    m.make = make;
    m.now = now;
    m.alloc = alloc;
    m.msg = msg;

    code = sign_head_read(bytes, alloc, msg, &head);

    if (code == SIGN_OK) {
        code = sign_head_check(&head, now, msg);
    }

    if (code == SIGN_OK) {
        code = sign_make_target(head.target, make, now, alloc, msg,
                                &m.request.target);
    }

    if (code == SIGN_OK) {
        code = make_begin(&m, &head, sign_maker_size(maker), &p);
    }

    if (code == SIGN_OK) {
        code = make->scheme == SIGN_SIGV4 ? make_sigv4(&m, maker)
                                          : make_rfc9421(&m, maker);
    }

    if (code != SIGN_OK) {
        return code;
    }

    out->data = p;
    out->len = m.p - p;
    *len = head.len;

    return SIGN_OK;
}


/* the request line and the fields that stay */

static sign_code_e
make_begin(make_t *m, const sign_head_t *head, size_t signature,
    unsigned char **out)
{
    size_t  i, size;

    size = head->len + m->request.target.len + MAKE_ROOM
           + m->make->key_id.len + m->make->tag.len + m->make->region.len
           + m->make->service.len + SIGN_MAKE_BASE64(signature);

    /* names of covered fields come once more, quoted */

    for (i = 0; i < head->nfields; i++) {
        size += head->fields[i].name.len + sizeof("\"\" ");
    }

    m->p = postern_alloc(m->alloc, size);
    m->fields = postern_alloc(m->alloc, (head->nfields + MAKE_ADDED)
                                        * sizeof(sign_field_t));

    if (m->p == NULL || m->fields == NULL) {
        return sign_fail(m->msg, SIGN_NO_MEMORY, "out of memory");
    }

    *out = m->p;

    m->request.method = head->method;
    m->request.scheme = m->now->scheme;
    m->request.protocol = head->protocol;
    m->request.has_body = m->now->has_body;
    m->request.fields = m->fields;

    m->p = sign_put(m->p, head->method);
    *m->p++ = ' ';
    m->p = sign_put(m->p, m->request.target);
    *m->p++ = ' ';
    m->p = sign_put(m->p, head->protocol);
    m->p = sign_make_put(m->p, "\r\n");

    make_keep(m, head);

    return make_cover(m);
}


static void
make_keep(make_t *m, const sign_head_t *head)
{
    size_t               i;
    const sign_field_t  *field;

    for (i = 0; i < head->nfields; i++) {
        field = &head->fields[i];

        if (sign_head_is_credential(field, m->now)
            || make_is_ours(m, field->name))
        {
            continue;
        }

        m->p = sign_put(m->p, head->lines[i]);
        m->fields[m->nfields++] = *field;

        if (postern_str_is(field->name, "host")) {
            m->request.authority = field->value;
        }
    }
}


/* what we write ourselves */

static int
make_is_ours(const make_t *m, postern_str_t name)
{
    if (m->make->scheme == SIGN_SIGV4) {
        return postern_str_is(name, "authorization")
               || postern_str_is(name, "amz-sdk-invocation-id");
    }

    return m->now->hash && postern_str_is(name, "content-digest");
}


/* the fields that are covered, each once */

static sign_code_e
make_cover(make_t *m)
{
    size_t         i;
    postern_str_t  name;

    for (i = 0; i < m->nfields; i++) {
        name = m->fields[i].name;

        if (!make_is_covered(m, name) || make_is_listed(m, name)) {
            continue;
        }

        if (m->ncovered == MAKE_COVERED - 2 * MAKE_ADDED) {
            return sign_fail(m->msg, SIGN_TOO_LARGE,
                             "more than %zu fields to cover", m->ncovered);
        }

        m->covered[m->ncovered++] = name;
    }

    return SIGN_OK;
}


static int
make_is_covered(const make_t *m, postern_str_t name)
{
    size_t  i;

    if (postern_str_is(name, "content-type")) {
        return 1;
    }

    for (i = 0; i < MAKE_NIDENTITY; i++) {
        if (postern_str_eq(name, make_identity[i])) {
            return 1;
        }
    }

    for (i = 0; i < m->make->nfields; i++) {
        if (postern_str_eq(name, m->make->fields[i])) {
            return 1;
        }
    }

    if (m->make->scheme != SIGN_SIGV4) {
        return 0;
    }

    return postern_str_is(name, "content-md5") || make_is_amz(name);
}


/* to S3, all of them are part of what is asked for, and must be signed; names
   that SignedHeaders cannot tell apart from others are left to fail there */

static int
make_is_amz(postern_str_t name)
{
    return name.len > 6 && memcmp(name.data, "x-amz-", 6) == 0;
}


static int
make_is_listed(const make_t *m, postern_str_t name)
{
    size_t  i;

    for (i = 0; i < m->ncovered; i++) {
        if (postern_str_eq(name, m->covered[i])) {
            return 1;
        }
    }

    return 0;
}


/* by insertion: they are few */

static void
make_sort(make_t *m)
{
    int            order;
    size_t         i, j;
    postern_str_t  name, *before;

    for (i = 1; i < m->ncovered; i++) {
        name = m->covered[i];

        for (j = i; j > 0; j--) {
            before = &m->covered[j - 1];

            order = memcmp(before->data, name.data,
                           before->len < name.len ? before->len : name.len);

            if (order < 0 || (order == 0 && before->len <= name.len)) {
                break;
            }

            m->covered[j] = *before;
        }

        m->covered[j] = name;
    }
}


/*
 * The components are those that survive proxies on the way (RFC 9421, section
 * 7.4.3): no @target-uri, which names the scheme of a connection.
 */

static sign_code_e
make_rfc9421(make_t *m, sign_maker_t *maker)
{
    int             rc;
    size_t          i;
    sign_code_e     code;
    postern_str_t   member;
    unsigned char  *begin, raw[SIGN_MAKE_MAX_BYTES];

    if (m->now->hash) {
        m->p = sign_make_put(m->p, "Content-Digest: ");
        begin = m->p;
        m->p = sign_make_put(m->p, "sha-256=:");
        m->p += sign_make_base64(m->now->hash, 32, m->p);
        m->p = sign_make_put(m->p, ":");
        make_field(m, "content-digest", sizeof("content-digest") - 1, begin);

        m->covered[m->ncovered++]
            = (postern_str_t) postern_string("content-digest");
    }

    m->p = sign_make_put(m->p, "Signature-Input: ");
    m->p = sign_make_put(m->p, SIGN_MAKE_LABEL "=");
    begin = m->p;
    m->p = sign_make_put(m->p, "(\"@method\" \"@authority\" "
                         "\"@path\" \"@query\"");

    for (i = 0; i < m->ncovered; i++) {
        m->p = sign_make_put(m->p, " \"");
        m->p = sign_put(m->p, m->covered[i]);
        *m->p++ = '"';
    }

    m->p = sign_make_put(m->p, ");created=");
    m->p = sign_put_number(m->p, (uint64_t) m->now->now);
    m->p = sign_make_put(m->p, ";keyid=\"");
    m->p = sign_put(m->p, m->make->key_id);
    m->p = sign_make_put(m->p, "\";nonce=\"");
    m->p += sign_make_base64(m->now->nonce, SIGN_MAKE_NONCE, m->p);
    *m->p++ = '"';

    if (m->make->tag.len) {
        m->p = sign_make_put(m->p, ";tag=\"");
        m->p = sign_put(m->p, m->make->tag);
        *m->p++ = '"';
    }

    member.data = begin;
    member.len = m->p - begin;

    m->p = sign_make_put(m->p, "\r\n");
    m->request.nfields = m->nfields;

    code = sign_rfc9421_compose(&m->request, member, m->alloc, m->msg);
    if (code != SIGN_OK) {
        return code;
    }

    m->p = sign_make_put(m->p, "Signature: " SIGN_MAKE_LABEL "=:");

    rc = sign_maker_sign(maker, m->msg->base, raw);

    if (POSTERN_NEVER(rc != 0)) {
        return sign_fail(m->msg, SIGN_KEY_UNUSABLE, "the key does not sign");
    }

    m->p += sign_make_base64(raw, sign_maker_size(maker), m->p);
    m->p = sign_make_put(m->p, ":\r\n\r\n");

    return SIGN_OK;
}


/*
 * Signatures of SigV4 are the same for the same request within a second, a
 * replay to whoever looks for those.  The field by which AWS's own clients tell
 * invocations apart is signed as well, to make each one its own.
 */

static sign_code_e
make_sigv4(make_t *m, sign_maker_t *maker)
{
    size_t          i;
    unsigned char  *begin, *signature, time[SIGN_SIGV4_TIME_LEN], none[32];

    sign_sha256(NULL, 0, none);
    make_time(m->now->now, time);

    m->p = sign_make_put(m->p, "amz-sdk-invocation-id: ");
    begin = m->p;
    m->p = sign_put_hex(m->p, m->now->nonce, SIGN_MAKE_NONCE);
    make_field(m, "amz-sdk-invocation-id", sizeof("amz-sdk-invocation-id") - 1,
               begin);

    m->p = sign_make_put(m->p, "X-Amz-Date: ");
    begin = m->p;
    m->p = sign_make_copy(m->p, time, sizeof(time));
    make_field(m, "x-amz-date", sizeof("x-amz-date") - 1, begin);

    m->p = sign_make_put(m->p, "X-Amz-Content-Sha256: ");
    begin = m->p;

    if (m->now->has_body && m->now->hash == NULL) {
        m->p = sign_make_put(m->p, "UNSIGNED-PAYLOAD");

    } else {
        m->p = sign_put_hex(m->p, m->now->hash ? m->now->hash : none, 32);
    }

    make_field(m, "x-amz-content-sha256", sizeof("x-amz-content-sha256") - 1,
               begin);

    m->covered[m->ncovered++] = (postern_str_t) postern_string("host");
    m->covered[m->ncovered++] = (postern_str_t) postern_string("x-amz-date");
    m->covered[m->ncovered++]
        = (postern_str_t) postern_string("amz-sdk-invocation-id");
    m->covered[m->ncovered++]
        = (postern_str_t) postern_string("x-amz-content-sha256");

    make_sort(m);

    m->p = sign_make_put(m->p, "Authorization: ");
    begin = m->p;
    m->p = sign_make_put(m->p, "AWS4-HMAC-SHA256 Credential=");
    m->p = sign_put(m->p, m->make->key_id);
    *m->p++ = '/';
    m->p = sign_make_copy(m->p, time, 8);
    *m->p++ = '/';
    m->p = sign_put(m->p, m->make->region);
    *m->p++ = '/';
    m->p = sign_put(m->p, m->make->service);
    m->p = sign_make_put(m->p, "/aws4_request, SignedHeaders=");

    for (i = 0; i < m->ncovered; i++) {

        if (i != 0) {
            *m->p++ = ';';
        }

        m->p = sign_put(m->p, m->covered[i]);
    }

    m->p = sign_make_put(m->p, ", Signature=");
    signature = m->p;
    memset(m->p, '0', SIGN_SIGV4_HEX_LEN);
    m->p += SIGN_SIGV4_HEX_LEN;
    make_field(m, "authorization", sizeof("authorization") - 1, begin);

    m->p = sign_make_put(m->p, "\r\n");

    return make_sign_sigv4(m, maker, signature);
}


/* 20150830T123600Z, by the days of the civil calendar; the years that a clock
   can show are those of four digits */

static void
make_time(int64_t now, unsigned char out[SIGN_SIGV4_TIME_LEN])
{
    int             i;
    unsigned char  *p;
    uint64_t        days, rest, era, doe, yoe, doy, mp, v[6];

    days = (uint64_t) now / 86400 + 719468;
    rest = (uint64_t) now % 86400;

    era = days / 146097;
    doe = days % 146097;
    yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    mp = (5 * doy + 2) / 153;

    v[1] = mp < 10 ? mp + 3 : mp - 9;
    v[0] = era * 400 + yoe + (v[1] <= 2);
    v[2] = doy - (153 * mp + 2) / 5 + 1;
    v[3] = rest / 3600;
    v[4] = rest / 60 % 60;
    v[5] = rest % 60;

    p = out;
    *p++ = (unsigned char) ('0' + v[0] / 1000 % 10);
    *p++ = (unsigned char) ('0' + v[0] / 100 % 10);
    v[0] %= 100;

    for (i = 0; i < 6; i++) {

        if (i == 3) {
            *p++ = 'T';
        }

        *p++ = (unsigned char) ('0' + v[i] / 10);
        *p++ = (unsigned char) ('0' + v[i] % 10);
    }

    *p = 'Z';
}


/* the verifier's own way from the message to what was signed */

static sign_code_e
make_sign_sigv4(make_t *m, sign_maker_t *maker, unsigned char *signature)
{
    sign_code_e     code;
    sign_policy_t   policy;
    unsigned char   raw[32];

    m->request.nfields = m->nfields;

    memset(&policy, 0, sizeof(sign_policy_t));

    policy.schemes = SIGN_SIGV4;
    policy.insecure = m->make->unsigned_body ? SIGN_INSECURE_BODY : 0;

    code = sign_parse(&m->request, &policy, m->alloc, m->msg);

    if (code == SIGN_OK) {
        code = sign_base(&m->request, m->alloc, m->msg);
    }

    if (code != SIGN_OK) {
        return code;
    }

    if (sign_maker_sigv4(maker, m->msg, raw) != 0) {
        return sign_fail(m->msg, SIGN_KEY_UNUSABLE,
                         "SigV4 needs an hmac-sha256 key");
    }

    (void) sign_put_hex(signature, raw, sizeof(raw));

    return SIGN_OK;
}


/* the value is what was written since begin */

static void
make_field(make_t *m, const char *name, size_t len,
    const unsigned char *begin)
{
    sign_field_t  *field;

    field = &m->fields[m->nfields++];

    field->name.data = (const unsigned char *) name;
    field->name.len = len;
    field->value.data = begin;
    field->value.len = m->p - begin;

    m->p = sign_make_put(m->p, "\r\n");
}
