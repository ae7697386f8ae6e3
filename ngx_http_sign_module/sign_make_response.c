
/*
 * A response, signed together with what it answers: a client then knows that it
 * is the answer to its own request and to no other one.
 */


#include "sign_make.h"
#include "postern_assert.h"
#include "sign_rfc9421.h"


#define RESPONSE_ROOM  256      /* bytes beside names, key id, label and tag */

/* of either label, with its "=" */
#define RESPONSE_LABEL_LEN  (sizeof(SIGN_MAKE_LABEL "=") - 1)


static postern_str_t response_member(const sign_make_response_t *response,
    const postern_alloc_t *alloc);
static unsigned char *response_label(unsigned char *p,
    const sign_make_response_t *response);


sign_code_e
sign_make_response(const sign_make_response_t *response, sign_maker_t *maker,
    const postern_alloc_t *alloc, sign_message_t *msg, postern_str_t *input,
    postern_str_t *signature)
{
    int              rc;
    size_t           n;
    sign_code_e      code;
    postern_str_t    member;
    sign_request_t   request;
    unsigned char   *p, raw[SIGN_MAKE_MAX_BYTES];

    member = response_member(response, alloc);

    if (member.data == NULL) {
        return sign_fail(msg, SIGN_NO_MEMORY, "out of memory");
    }

    memset(&request, 0, sizeof(sign_request_t));

    request.status = response->status;
    request.answered = response->request;
    request.fields = response->fields;
    request.nfields = response->nfields;
    request.trailers = response->trailers;
    request.ntrailers = response->ntrailers;

    /* the label stands before the member, with its "=" */

    input->data = member.data;
    input->len = member.len;

    n = RESPONSE_LABEL_LEN;
    member.data += n;
    member.len -= n;

    code = sign_rfc9421_compose(&request, member, alloc, msg);
    if (code != SIGN_OK) {
        return code;
    }

    rc = sign_maker_sign(maker, msg->base, raw);

    if (POSTERN_NEVER(rc != 0)) {
        return sign_fail(msg, SIGN_KEY_UNUSABLE, "the key does not sign");
    }

    n = sign_maker_size(maker);

    p = postern_alloc(alloc, RESPONSE_LABEL_LEN + sizeof("::")
                             + SIGN_MAKE_BASE64(n));
    if (p == NULL) {
        return sign_fail(msg, SIGN_NO_MEMORY, "out of memory");
    }

    signature->data = p;

    p = response_label(p, response);
    *p++ = ':';
    p += sign_make_base64(raw, n, p);
    *p++ = ':';

    signature->len = p - signature->data;

    return SIGN_OK;
}


static postern_str_t
response_member(const sign_make_response_t *response,
    const postern_alloc_t *alloc)
{
    size_t          i, size;
    postern_str_t   member;
    unsigned char  *p;

    size = RESPONSE_ROOM + response->label.len + response->key_id.len
           + response->tag.len;

    for (i = 0; i < response->nfields; i++) {
        size += sizeof(" \"\"") + response->fields[i].name.len;
    }

    for (i = 0; i < response->ntrailers; i++) {
        size += sizeof(" \"\";tr") + response->trailers[i].name.len;
    }

    member.len = 0;
    member.data = p = postern_alloc(alloc, size);

    if (p == NULL) {
        return member;
    }

    p = response_label(p, response);
    p = sign_make_put(p, "(\"@status\"");

    for (i = 0; i < response->nfields; i++) {
        p = sign_make_put(p, " \"");
        p = sign_put(p, response->fields[i].name);
        *p++ = '"';
    }

    for (i = 0; i < response->ntrailers; i++) {
        p = sign_make_put(p, " \"");
        p = sign_put(p, response->trailers[i].name);
        p = sign_make_put(p, "\";tr");
    }

    p = sign_make_put(p, " \"@method\";req \"@authority\";req \"@path\";req "
                         "\"@query\";req");

    if (response->label.len) {
        p = sign_make_put(p, " \"signature\";req;key=\"");
        p = sign_put(p, response->label);
        *p++ = '"';
    }

    p = sign_make_put(p, ");created=");
    p = sign_put_number(p, (uint64_t) response->now);
    p = sign_make_put(p, ";keyid=\"");
    p = sign_put(p, response->key_id);
    *p++ = '"';

    if (response->tag.len) {
        p = sign_make_put(p, ";tag=\"");
        p = sign_put(p, response->tag);
        *p++ = '"';
    }

    member.len = p - member.data;

    return member;
}


static unsigned char *
response_label(unsigned char *p, const sign_make_response_t *response)
{
    return response->ntrailers ? sign_make_put(p, SIGN_MAKE_TRAILER "=")
                               : sign_make_put(p, SIGN_MAKE_LABEL "=");
}
