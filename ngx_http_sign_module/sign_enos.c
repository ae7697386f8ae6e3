
/*
 * EnOS: see sign_enos.h.  Why these functions of libcrypto and not EVP: see
 * sign_digest.c.
 */


#define OPENSSL_SUPPRESS_DEPRECATED

#include "sign_scheme.h"
#include "sign_enos.h"
#include "sign_verify.h"
#include "postern_json.h"

#include <openssl/crypto.h>


#define SIGN_ENOS_TIME_MAX  15     /* digits of milliseconds */


typedef struct {
    unsigned          version;     /* 1, 2; 0: a call for a token */
    postern_str_t     token;
    postern_str_t     behind;      /* between the body and the secret */
    unsigned          multipart:1;
    union {
        SHA_CTX       sha1;
        SHA256_CTX    sha256;
    } u;
} sign_enos_t;


typedef struct {
    sign_sink_t       sink;
    sign_enos_t      *enos;
} sign_enos_sink_t;


static sign_enos_t *sign_enos_create(const postern_alloc_t *alloc,
    unsigned version, sign_message_t *msg);
static sign_code_e sign_enos_parse1(const sign_request_t *req,
    const postern_alloc_t *alloc, sign_enos_t *enos, sign_message_t *msg);
static sign_code_e sign_enos_parse2(const sign_request_t *req,
    const postern_alloc_t *alloc, sign_enos_t *enos, sign_message_t *msg);
static sign_code_e sign_enos_content(const sign_request_t *req,
    sign_enos_t *enos, sign_message_t *msg);
static int sign_enos_is_multipart(postern_str_t value);
static sign_code_e sign_enos_signed(postern_str_t hex, postern_str_t time,
    const postern_alloc_t *alloc, size_t len, sign_message_t *msg);
static void sign_enos_hash(sign_enos_t *enos, postern_str_t text);
static sign_code_e sign_enos_update(sign_sink_t *sink,
    const unsigned char *data, size_t len, sign_message_t *msg);
static sign_code_e sign_enos_final(sign_sink_t *sink, sign_message_t *msg);
static sign_enos_status_e sign_enos_members(json_t *json,
    const postern_alloc_t *alloc, postern_str_t *key_id, postern_str_t *time,
    postern_str_t *encryption);
static sign_enos_status_e sign_enos_text(const json_t *value,
    const postern_alloc_t *alloc, postern_str_t *text);


static const postern_str_t  sign_enos_accesstoken =
    postern_string("apim-accesstoken");
static const postern_str_t  sign_enos_timestamp =
    postern_string("apim-timestamp");
static const postern_str_t  sign_enos_signature =
    postern_string("apim-signature");


int
sign_enos_present(const sign_request_t *req, const sign_policy_t *policy)
{
    size_t  i;

    i = 0;

    return sign_field_next(req, sign_enos_signature, &i) != NULL
           || sign_enos_in_query(req->target);
}


sign_code_e
sign_enos_parse(const sign_request_t *req, const sign_policy_t *policy,
    const postern_alloc_t *alloc, sign_message_t *msg)
{
    size_t        i;
    int           field, query;
    sign_code_e   code;
    sign_enos_t  *enos;

    i = 0;
    field = sign_field_next(req, sign_enos_signature, &i) != NULL;
    query = sign_enos_in_query(req->target);

    if (field && query) {
        return sign_fail(msg, SIGN_AMBIGUOUS,
                         "credentials of both versions of EnOS");
    }

    enos = sign_enos_create(alloc, field ? 2 : 1, msg);
    if (enos == NULL) {
        return SIGN_NO_MEMORY;
    }

    code = sign_enos_content(req, enos, msg);

    if (code != SIGN_OK) {
        return code;
    }

    return field ? sign_enos_parse2(req, alloc, enos, msg)
                 : sign_enos_parse1(req, alloc, enos, msg);
}


static sign_enos_t *
sign_enos_create(const postern_alloc_t *alloc, unsigned version,
    sign_message_t *msg)
{
    sign_enos_t  *enos;

    enos = postern_alloc(alloc, sizeof(sign_enos_t));
    if (enos == NULL) {
        return NULL;
    }

    memset(enos, 0, sizeof(sign_enos_t));

    enos->version = version;

    if (version == 1) {
        SHA1_Init(&enos->u.sha1);

    } else {
        SHA256_Init(&enos->u.sha256);
    }

    msg->scheme_data = enos;
    msg->once = 1;

    return enos;
}


static sign_code_e
sign_enos_parse1(const sign_request_t *req, const postern_alloc_t *alloc,
    sign_enos_t *enos, sign_message_t *msg)
{
    sign_code_e        code;
    sign_enos_query_t  query;

    code = sign_enos_query(req->target, 1, alloc, &query, msg);

    if (code != SIGN_OK) {
        return code;
    }

    msg->key_id = query.key_id;

    if (msg->key_id.len == 0 || msg->key_id.len > SIGN_MAX_KEY_ID) {
        return sign_fail(msg, SIGN_MALFORMED,
                         "an accessKey of %zu octets", msg->key_id.len);
    }

    sign_enos_hash(enos, msg->key_id);
    sign_enos_hash(enos, query.text);

    return sign_enos_signed(query.signature, query.time, alloc,
                            SHA_DIGEST_LENGTH, msg);
}


static sign_code_e
sign_enos_parse2(const sign_request_t *req, const postern_alloc_t *alloc,
    sign_enos_t *enos, sign_message_t *msg)
{
    sign_code_e        code;
    postern_str_t      signature;
    sign_enos_query_t  query;

    code = sign_field_demand(req, sign_enos_signature, msg, &signature);

    if (code == SIGN_OK) {
        code = sign_field_demand(req, sign_enos_accesstoken, msg, &enos->token);
    }

    if (code == SIGN_OK) {
        code = sign_field_demand(req, sign_enos_timestamp, msg, &enos->behind);
    }

    if (code == SIGN_OK) {
        code = sign_enos_query(req->target, 2, alloc, &query, msg);
    }

    if (code != SIGN_OK) {
        return code;
    }

    if (enos->token.len > SIGN_ENOS_TOKEN_MAX) {
        return sign_fail(msg, SIGN_TOO_LARGE, "a token of %zu octets",
                         enos->token.len);
    }

    sign_enos_hash(enos, enos->token);
    sign_enos_hash(enos, query.text);

    return sign_enos_signed(signature, enos->behind, alloc,
                            SHA256_DIGEST_LENGTH, msg);
}


/* clients sign any body but one of several parts */

static sign_code_e
sign_enos_content(const sign_request_t *req, sign_enos_t *enos,
    sign_message_t *msg)
{
    sign_code_e          code;
    const sign_field_t  *field;

    static const postern_str_t  type = postern_string("content-type");

    code = sign_field_once(req, type, msg, &field);

    if (code != SIGN_OK) {
        return code;
    }

    enos->multipart = field && sign_enos_is_multipart(field->value);

    if (!enos->multipart) {
        msg->body = SIGN_BODY_BEFORE;
    }

    return SIGN_OK;
}


static int
sign_enos_is_multipart(postern_str_t value)
{
    static const postern_str_t  multipart = postern_string("multipart/");

    if (value.len < multipart.len) {
        return 0;
    }

    value.len = multipart.len;

    return sign_same_text(value, multipart);
}


/*
 * The signature, and when it was made: milliseconds.  The time stands behind
 * the body without anything between them: zeros at the end of what was signed
 * must not be good for the first ones of the time.
 */

static sign_code_e
sign_enos_signed(postern_str_t hex, postern_str_t time,
    const postern_alloc_t *alloc, size_t len, sign_message_t *msg)
{
    size_t          got;
    int64_t         ms;
    const char     *end;
    unsigned char  *raw;

    ms = sign_digits(time, SIGN_ENOS_TIME_MAX);

    if (ms < 0 || time.data[0] == '0') {
        return sign_fail(msg, SIGN_MALFORMED, "\"%.*s\" is no time",
                         SIGN_TEXT(time));
    }

    msg->created = ms / 1000;

    raw = postern_alloc(alloc, len);
    if (raw == NULL) {
        return SIGN_NO_MEMORY;
    }

    if (hex.len != 2 * len
        || sodium_hex2bin(raw, len, (const char *) hex.data, hex.len, NULL,
                          &got, &end)
           != 0
        || got != len)
    {
        return sign_fail(msg, SIGN_MALFORMED,
                         "\"%.*s\" is no signature of %zu octets",
                         SIGN_TEXT(hex), len);
    }

    msg->signature.data = raw;
    msg->signature.len = len;

    return SIGN_OK;
}


const postern_key_t *
sign_enos_find(const sign_request_t *req, const sign_policy_t *policy,
    const postern_directory_t *dir, sign_message_t *msg)
{
    return msg->key_id.len ? postern_directory_key(dir, msg->key_id) : NULL;
}


sign_code_e
sign_enos_cover(const sign_request_t *req, const sign_policy_t *policy,
    const postern_key_t *key, sign_message_t *msg)
{
    const sign_enos_t  *enos;

    enos = msg->scheme_data;

    if (!(policy->insecure & SIGN_INSECURE_COVERAGE)) {
        return sign_fail(msg, SIGN_COVERAGE,
                         "neither method nor path nor host are covered");
    }

    if (policy->nfields) {
        return sign_fail(msg, SIGN_COVERAGE, "field \"%.*s\" is not covered",
                         SIGN_TEXT(policy->fields[0]));
    }

    if (enos->multipart && req->has_body) {

        if (!(policy->insecure & SIGN_INSECURE_BODY)) {
            return sign_fail(msg, SIGN_COVERAGE,
                             "a body of several parts is not covered, which "
                             "takes sign_insecure_body on");
        }

        msg->weak = (enos->version == 1)
                    ? "neither method, path, host nor body are covered, names "
                      "and values run together, SHA-1"
                    : "neither method, path, host nor body are covered, names "
                      "and values run together";

        return SIGN_OK;
    }

    msg->weak = (enos->version == 1)
                ? "neither method, path nor host are covered, names and values "
                  "run together, SHA-1"
                : "neither method, path nor host are covered, names and values "
                  "run together";

    return SIGN_OK;
}


static void
sign_enos_hash(sign_enos_t *enos, postern_str_t text)
{
    if (enos->version == 1) {
        SHA1_Update(&enos->u.sha1, text.data, text.len);

    } else {
        SHA256_Update(&enos->u.sha256, text.data, text.len);
    }
}


sign_sink_t *
sign_enos_sink(sign_key_t *key, const postern_alloc_t *alloc,
    sign_message_t *msg)
{
    sign_enos_sink_t  *s;

    s = postern_alloc(alloc, sizeof(sign_enos_sink_t));
    if (s == NULL) {
        return NULL;
    }

    s->sink.update = sign_enos_update;
    s->sink.final = sign_enos_final;
    s->enos = (sign_enos_t *) msg->scheme_data;

    return &s->sink;
}


static sign_code_e
sign_enos_update(sign_sink_t *sink, const unsigned char *data, size_t len,
    sign_message_t *msg)
{
    postern_str_t  text;

    text.data = data;
    text.len = len;

    sign_enos_hash(((sign_enos_sink_t *) sink)->enos, text);

    return SIGN_OK;
}


static sign_code_e
sign_enos_final(sign_sink_t *sink, sign_message_t *msg)
{
    msg->has_body_hash = 1;

    return SIGN_OK;
}


/* what is claimed: the hash with the secret, which is the signature where it
   verifies, in one way of writing it */

sign_code_e
sign_enos_base(const sign_request_t *req, const postern_alloc_t *alloc,
    sign_message_t *msg)
{
    if (msg->body == SIGN_BODY_BEFORE && !msg->has_body_hash) {
        return sign_fail(msg, SIGN_DIGEST, "the body is not known");
    }

    msg->base = msg->signature;

    return SIGN_OK;
}


/* once: the state of the hash is used up */

int
sign_enos_verify(sign_key_t *key, sign_message_t *msg)
{
    int             valid;
    sign_enos_t    *enos;
    postern_str_t   secret;
    unsigned char   hash[SHA256_DIGEST_LENGTH];

    enos = (sign_enos_t *) msg->scheme_data;

    secret.data = key->enos;
    secret.len = key->enos_len;

    sign_enos_hash(enos, enos->behind);
    sign_enos_hash(enos, secret);

    if (enos->version == 1) {
        SHA1_Final(hash, &enos->u.sha1);

    } else {
        SHA256_Final(hash, &enos->u.sha256);
    }

    valid = CRYPTO_memcmp(hash, msg->signature.data, msg->signature.len) == 0;

    OPENSSL_cleanse(hash, sizeof(hash));
    OPENSSL_cleanse(&enos->u, sizeof(enos->u));

    /* a key of another scheme has no secret to be hashed with */

    return valid && secret.len;
}


postern_str_t
sign_enos_token(const sign_message_t *msg)
{
    const sign_enos_t    *enos;

    static const postern_str_t  none = postern_null_string;

    enos = msg->scheme_data;

    return msg->scheme == SIGN_ENOS ? enos->token : none;
}


sign_code_e
sign_enos_call(postern_str_t body, const postern_alloc_t *alloc,
    sign_message_t *msg, sign_enos_status_e *status)
{
    json_t           *json;
    sign_code_e       code;
    sign_enos_t      *enos;
    postern_str_t     time, encryption;
    postern_error_t   err;

    memset(msg, 0, offsetof(sign_message_t, detail) + 1);

    msg->scheme = SIGN_ENOS;
    msg->created = POSTERN_TIME_MIN;
    msg->expires = POSTERN_TIME_MAX;

    *status = SIGN_ENOS_INTERNAL;

    enos = sign_enos_create(alloc, 0, msg);
    if (enos == NULL) {
        return SIGN_NO_MEMORY;
    }

    *status = SIGN_ENOS_INVALID;

    json = postern_json_load(body, &err);
    if (json == NULL) {
        return sign_fail(msg, SIGN_MALFORMED, "line %u, column %u: %s",
                         err.line, err.column, err.text);
    }

    *status = sign_enos_members(json, alloc, &msg->key_id, &time, &encryption);

    json_decref(json);

    if (*status != SIGN_ENOS_OK) {
        return *status == SIGN_ENOS_INTERNAL
               ? SIGN_NO_MEMORY
               : sign_fail(msg, SIGN_MALFORMED, "appKey, encryption and "
                           "timestamp are expected, and nothing else");
    }

    sign_enos_hash(enos, msg->key_id);
    sign_enos_hash(enos, time);

    code = sign_enos_signed(encryption, time, alloc, SHA256_DIGEST_LENGTH,
                            msg);

    if (code != SIGN_OK) {
        *status = (code == SIGN_NO_MEMORY) ? SIGN_ENOS_INTERNAL
                                           : SIGN_ENOS_INVALID;
    }

    return code;
}


static sign_enos_status_e
sign_enos_members(json_t *json, const postern_alloc_t *alloc,
    postern_str_t *key_id, postern_str_t *time, postern_str_t *encryption)
{
    sign_enos_status_e  status;

    if (json_typeof(json) != JSON_OBJECT) {
        return SIGN_ENOS_INVALID;
    }

    status = sign_enos_text(json_object_get(json, "appKey"), alloc, key_id);

    if (status == SIGN_ENOS_OK) {
        status = sign_enos_text(json_object_get(json, "timestamp"), alloc,
                                time);
    }

    if (status == SIGN_ENOS_OK) {
        status = sign_enos_text(json_object_get(json, "encryption"), alloc,
                                encryption);
    }

    if (status == SIGN_ENOS_OK
        && (json_object_size(json) != 3 || key_id->len > SIGN_MAX_KEY_ID))
    {
        status = SIGN_ENOS_INVALID;
    }

    return status;
}


/* strings, and the number that the time is */

static sign_enos_status_e
sign_enos_text(const json_t *value, const postern_alloc_t *alloc,
    postern_str_t *text)
{
    char        number[32];
    size_t      len;
    void       *copy;
    const char *s;

    if (json_is_string(value)) {
        s = json_string_value(value);
        len = json_string_length(value);

    } else if (json_is_integer(value)) {
        s = number;
        len = (size_t) snprintf(number, sizeof(number),
                                "%" JSON_INTEGER_FORMAT,
                                json_integer_value(value));

    } else {
        return value == NULL || json_typeof(value) == JSON_NULL
               ? SIGN_ENOS_EMPTY : SIGN_ENOS_INVALID;
    }

    if (len == 0) {
        return SIGN_ENOS_EMPTY;
    }

    copy = postern_alloc(alloc, len);
    if (copy == NULL) {
        return SIGN_ENOS_INTERNAL;
    }

    memcpy(copy, s, len);
    text->data = copy;
    text->len = len;

    return SIGN_ENOS_OK;
}
