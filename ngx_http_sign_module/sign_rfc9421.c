
/*
 * RFC 9421: Signature-Input and Signature, read in one pass.  The covered
 * components are written in canonical form while they are read.
 */


#include "sign_rfc9421_input.h"


#define RFC9421_CREATED  0x01
#define RFC9421_EXPIRES  0x02
#define RFC9421_NONCE    0x04
#define RFC9421_ALG      0x08
#define RFC9421_KEYID    0x10
#define RFC9421_TAG      0x20


static sign_code_e rfc9421_keep(sign_rfc9421_input_t *in,
    postern_str_t params);
static int rfc9421_counts(const sign_rfc9421_input_t *in,
    postern_str_t label);
static sign_code_e rfc9421_read_input(sign_rfc9421_input_t *in,
    postern_str_t text, postern_str_t *label, postern_str_t *params);
static sign_code_e rfc9421_none(const sign_rfc9421_input_t *in);
static int rfc9421_read_member(sign_rfc9421_input_t *in);
static int rfc9421_signature_params(sign_rfc9421_input_t *in);
static int rfc9421_signature_param(sign_rfc9421_input_t *in,
    sign_sf_param_t *param);
static int rfc9421_text_param(sign_rfc9421_input_t *in, sign_sf_param_t *param,
    size_t max, postern_str_t *text);
static void rfc9421_time_param(sign_rfc9421_input_t *in,
    const sign_sf_param_t *param, int64_t *seconds);
static sign_code_e rfc9421_read_signature(postern_str_t text,
    postern_str_t label, const postern_alloc_t *alloc, sign_message_t *msg);
static sign_code_e rfc9421_next_label(sign_sf_cursor_t *c,
    postern_str_t *labels, size_t *n, postern_str_t *label, const char *field,
    sign_message_t *msg);
static sign_code_e rfc9421_syntax(sign_message_t *msg, int rc,
    const char *field, const sign_sf_cursor_t *c, postern_str_t text);


static const postern_str_t  rfc9421_signature_input =
    postern_string("signature-input");
static const postern_str_t  rfc9421_signature = postern_string("signature");


int
sign_rfc9421_present(const sign_request_t *req, const sign_policy_t *policy)
{
    size_t                i;
    const sign_field_t   *field;

    if ((policy->schemes & SIGN_SSHSIG)
        && sign_signature_kinds(req) == SIGN_KIND_SSHSIG)
    {
        return 0;
    }

    for (i = 0; i < req->nfields; i++) {
        field = &req->fields[i];

        if (postern_str_is(field->name, "signature-input")) {
            return 1;
        }

        /* the older draft has a Signature field, too */

        if (postern_str_is(field->name, "signature")
            && !sign_cavage_signature(field->value))
        {
            return 1;
        }
    }

    return 0;
}


sign_code_e
sign_rfc9421_parse(const sign_request_t *req, const sign_policy_t *policy,
    const postern_alloc_t *alloc, sign_message_t *msg)
{
    sign_code_e           code;
    postern_str_t         input, signature, params;
    sign_rfc9421_input_t  in;

    code = sign_rfc9421_field(req, rfc9421_signature_input, alloc, msg,
                              &input);
    if (code == SIGN_OK) {
        code = sign_rfc9421_field(req, rfc9421_signature, alloc, msg,
                                  &signature);
    }

    if (code != SIGN_OK) {
        return code;
    }

    if (input.data == NULL || signature.data == NULL) {
        return sign_fail(msg, SIGN_MALFORMED,
                         "Signature-Input and Signature need each other, "
                         "one is missing");
    }

    if (input.len > SIGN_MAX_HEADER || signature.len > SIGN_MAX_HEADER) {
        return sign_fail(msg, SIGN_TOO_LARGE,
                         "Signature-Input or Signature is longer than %d bytes",
                         SIGN_MAX_HEADER);
    }

    in.req = req;
    in.policy = policy;
    in.alloc = alloc;
    in.msg = msg;
    in.signature = signature;

    code = rfc9421_read_input(&in, input, &msg->label, &params);

    if (code == SIGN_OK) {
        code = rfc9421_read_signature(signature, msg->label, alloc, msg);
    }

    if (code != SIGN_OK) {
        return code;
    }

    code = rfc9421_keep(&in, params);

    if (code != SIGN_OK) {
        return code;
    }

    if (in.seen & RFC9421_ALG) {
        msg->alg = postern_alg_parse(in.alg);

        if (msg->alg == 0) {
            return sign_fail(msg, SIGN_ALGORITHM,
                             "unknown algorithm \"%.*s\"", SIGN_TEXT(in.alg));
        }
    }

    return SIGN_OK;
}


sign_code_e
sign_rfc9421_compose(const sign_request_t *req, postern_str_t member,
    const postern_alloc_t *alloc, sign_message_t *msg)
{
    int                   rc;
    sign_code_e           code;
    postern_str_t         params;
    unsigned char        *canonical;
    sign_rfc9421_input_t  in;

    memset(msg, 0, sizeof(sign_message_t));

    msg->scheme = SIGN_RFC9421;
    msg->created = POSTERN_TIME_MIN;
    msg->expires = POSTERN_TIME_MAX;

    in.req = req;
    in.policy = NULL;
    in.alloc = alloc;
    in.msg = msg;

    canonical = postern_alloc(alloc, member.len + 1);
    if (canonical == NULL) {
        return SIGN_NO_MEMORY;
    }

    in.out = canonical;

    sign_sf_begin(&in.c, member);

    rc = SIGN_SF_ERROR;

    if (in.c.pos < in.c.last && *in.c.pos == '(') {
        rc = rfc9421_read_member(&in);
    }

    if (rc == SIGN_SF_OK) {
        rc = sign_sf_end(&in.c);
    }

    if (rc != SIGN_SF_OK) {
        return rfc9421_syntax(msg, rc, "Signature-Input", &in.c, member);
    }

    if (in.code != SIGN_OK) {
        return in.code;
    }

    params.data = canonical;
    params.len = in.out - canonical;

    code = rfc9421_keep(&in, params);

    if (code != SIGN_OK) {
        return code;
    }

    msg->canonical = params;

    return sign_rfc9421_base(req, alloc, msg);
}


/* what was read becomes the message */

static sign_code_e
rfc9421_keep(sign_rfc9421_input_t *in, postern_str_t params)
{
    sign_code_e            code;
    sign_target_t          target;
    sign_rfc9421_t        *sig;
    sign_message_t        *msg;
    const sign_request_t  *req;

    msg = in->msg;
    req = in->req->status ? in->req->answered : in->req;

    memset(&target, 0, sizeof(sign_target_t));

    code = req ? sign_rfc9421_target(req, msg, &target) : SIGN_OK;

    if (code != SIGN_OK) {
        return code;
    }

    sig = postern_alloc(in->alloc, sizeof(sign_rfc9421_t)
                                   + in->n * sizeof(sign_component_t));
    if (sig == NULL) {
        return SIGN_NO_MEMORY;
    }

    sig->target = target;
    sig->params = params;
    sig->ncomponents = in->n;
    memcpy(sig->components, in->components, in->n * sizeof(sign_component_t));

    msg->scheme_data = sig;
    msg->key_id = in->key_id;
    msg->nonce = in->nonce;
    msg->tag = in->tag;

    if (in->seen & RFC9421_CREATED) {
        msg->created = in->created;
    }

    if (in->seen & RFC9421_EXPIRES) {
        msg->expires = in->expires;
    }

    return SIGN_OK;
}


/*
 * The signatures that count are those that rfc9421_counts() lets through, in
 * the order of their labels; the one that is asked for is msg->nth.  All others
 * must still be well formed.
 */

static sign_code_e
rfc9421_read_input(sign_rfc9421_input_t *in, postern_str_t text,
    postern_str_t *label, postern_str_t *params)
{
    int              rc, chosen;
    size_t           n, passed;
    sign_code_e      code;
    postern_str_t    name, labels[SIGN_MAX_SIGNATURES];
    unsigned char   *canonical;

    /* canonical form is never longer than what was sent */

    canonical = postern_alloc(in->alloc, text.len + 1);
    if (canonical == NULL) {
        return SIGN_NO_MEMORY;
    }

    label->len = 0;
    label->data = NULL;
    in->code = SIGN_OK;

    sign_sf_begin(&in->c, text);
    chosen = 0;
    passed = 0;
    n = 0;

    do {
        code = rfc9421_next_label(&in->c, labels, &n, &name, "Signature-Input",
                                  in->msg);
        if (code != SIGN_OK) {
            return code;
        }

        if (in->c.pos == in->c.last || *in->c.pos != '(') {
            rc = SIGN_SF_ERROR;

        } else if (chosen) {
            rc = sign_sf_skip_member(&in->c);
            in->msg->further = (in->msg->nth + 1 < SIGN_MAX_TRIES);

        } else {
            in->out = canonical;
            rc = rfc9421_read_member(in);
        }

        if (rc == SIGN_SF_OK && !chosen && rfc9421_counts(in, name)
            && passed++ == in->msg->nth)
        {
            chosen = 1;
            *label = name;
            params->data = canonical;
            params->len = in->out - canonical;
        }

        if (rc == SIGN_SF_OK) {
            rc = sign_sf_read_comma(&in->c);
        }

    } while (rc == 1);

    if (rc != SIGN_SF_OK) {
        in->msg->further = 0;

        return rfc9421_syntax(in->msg, rc, "Signature-Input", &in->c, text);
    }

    return chosen ? in->code : rfc9421_none(in);
}


static sign_code_e
rfc9421_none(const sign_rfc9421_input_t *in)
{
    if (in->msg->nth || in->policy->ntags) {
        return sign_fail(in->msg, SIGN_MISSING,
                         "no %ssignature with a keyid%s",
                         in->msg->nth ? "further " : "",
                         in->policy->ntags ? " and a tag that counts here"
                                           : "");
    }

    return sign_fail(in->msg, SIGN_MALFORMED,
                     "no signature in Signature-Input names a keyid");
}


/* "sshsig" shares the fields: a message may have signatures of both, and skips
   those that are none of it.  In "rfc9421", one of it does not verify */

static int
rfc9421_counts(const sign_rfc9421_input_t *in, postern_str_t label)
{
    if (!(in->seen & RFC9421_KEYID)
        || !sign_rfc9421_tagged(in->policy, in->tag))
    {
        return 0;
    }

    return in->msg->scheme != SIGN_SSHSIG
           || sign_is_sshsig(in->signature, label);
}


int
sign_rfc9421_tagged(const sign_policy_t *policy, postern_str_t tag)
{
    size_t  i;

    for (i = 0; i < policy->ntags; i++) {
        if (postern_str_eq(policy->tags[i], tag)) {
            return 1;
        }
    }

    return policy->ntags == 0;
}


/* label and "=" of the next member; labels keeps all that were seen */

static sign_code_e
rfc9421_next_label(sign_sf_cursor_t *c, postern_str_t *labels, size_t *n,
    postern_str_t *label, const char *field, sign_message_t *msg)
{
    size_t  i;

    if (sign_sf_read_key(c, label) != SIGN_SF_OK
        || c->pos == c->last || *c->pos != '=')
    {
        return sign_fail(msg, SIGN_MALFORMED, "%s: no label=value", field);
    }

    c->pos++;

    for (i = 0; i < *n; i++) {
        if (postern_str_eq(labels[i], *label)) {
            return sign_fail(msg, SIGN_AMBIGUOUS,
                             "%s: label \"%.*s\" occurs twice", field,
                             SIGN_TEXT(*label));
        }
    }

    if (*n == SIGN_MAX_SIGNATURES) {
        return sign_fail(msg, SIGN_TOO_LARGE, "%s: more than %d signatures",
                         field, SIGN_MAX_SIGNATURES);
    }

    labels[(*n)++] = *label;

    return SIGN_OK;
}


static int
rfc9421_read_member(sign_rfc9421_input_t *in)
{
    int     rc;
    size_t  n;

    in->code = SIGN_OK;
    in->msg->detail[0] = '\0';
    in->seen = 0;
    in->n = 0;

    memset(&in->nonce, 0, sizeof(postern_str_t));
    memset(&in->alg, 0, sizeof(postern_str_t));
    memset(&in->key_id, 0, sizeof(postern_str_t));
    memset(&in->tag, 0, sizeof(postern_str_t));

    in->c.pos++;
    sign_rfc9421_put(in, '(');

    n = 0;

    while ((rc = sign_sf_read_inner(&in->c, &n)) == 1) {

        if (in->n == SIGN_MAX_COMPONENTS) {
            return SIGN_SF_LIMIT;
        }

        if (in->n) {
            sign_rfc9421_put(in, ' ');
        }

        rc = sign_rfc9421_component(in);
        if (rc != SIGN_SF_OK) {
            return rc;
        }
    }

    if (rc != SIGN_SF_OK) {
        return rc;
    }

    sign_rfc9421_put(in, ')');

    return rfc9421_signature_params(in);
}


static int
rfc9421_signature_params(sign_rfc9421_input_t *in)
{
    int              rc;
    size_t           n;
    sign_sf_param_t  param;

    for (n = 0; (rc = sign_sf_read_param(&in->c, &param)) == 1; n++) {

        if (n == SIGN_SF_MAX_PARAMS) {
            return SIGN_SF_LIMIT;
        }

        rc = rfc9421_signature_param(in, &param);
        if (rc != SIGN_SF_OK) {
            return rc;
        }
    }

    return rc;
}


static int
rfc9421_signature_param(sign_rfc9421_input_t *in, sign_sf_param_t *param)
{
    int       rc;
    unsigned  bit;

    rc = SIGN_SF_OK;

    if (postern_str_is(param->key, "created")) {
        bit = RFC9421_CREATED;
        rfc9421_time_param(in, param, &in->created);

    } else if (postern_str_is(param->key, "keyid")) {
        bit = RFC9421_KEYID;
        rc = rfc9421_text_param(in, param, SIGN_MAX_KEY_ID, &in->key_id);

    } else if (postern_str_is(param->key, "nonce")) {
        bit = RFC9421_NONCE;
        rc = rfc9421_text_param(in, param, SIGN_MAX_NONCE, &in->nonce);

    } else if (postern_str_is(param->key, "expires")) {
        bit = RFC9421_EXPIRES;
        rfc9421_time_param(in, param, &in->expires);

    } else if (postern_str_is(param->key, "alg")) {
        bit = RFC9421_ALG;
        rc = rfc9421_text_param(in, param, SIGN_MAX_NONCE, &in->alg);

    } else if (postern_str_is(param->key, "tag")) {
        bit = RFC9421_TAG;
        rc = rfc9421_text_param(in, param, SIGN_MAX_NONCE, &in->tag);

    } else {
        bit = 0;
        sign_rfc9421_fault(in, SIGN_UNSUPPORTED, "parameter of the signature",
                           param->key);
    }

    if (in->seen & bit) {
        sign_rfc9421_fault(in, SIGN_AMBIGUOUS,
                           "parameter of the signature occurs twice",
                           param->key);
    }

    in->seen |= bit;

    return rc;
}


static int
rfc9421_text_param(sign_rfc9421_input_t *in, sign_sf_param_t *param, size_t max,
    postern_str_t *text)
{
    int  rc;

    if (param->value.type != SIGN_SF_STRING || param->value.text.len == 0) {
        sign_rfc9421_fault(in, SIGN_MALFORMED,
                           "parameter of the signature is no string or "
                           "empty", param->key);
        return SIGN_SF_OK;
    }

    sign_rfc9421_put(in, ';');
    sign_rfc9421_put_text(in, param->key);
    sign_rfc9421_put(in, '=');
    sign_rfc9421_put_quoted(in, param->value.text);

    rc = sign_sf_decode(&param->value, in->alloc);

    if (rc == SIGN_SF_OK && param->value.text.len > max) {
        sign_rfc9421_fault(in, SIGN_TOO_LARGE,
                           "parameter of the signature is too long",
                           param->key);
    }

    *text = param->value.text;

    return rc;
}


static void
rfc9421_time_param(sign_rfc9421_input_t *in, const sign_sf_param_t *param,
    int64_t *seconds)
{
    if (param->value.type != SIGN_SF_INTEGER || param->value.number < 0) {
        sign_rfc9421_fault(in, SIGN_MALFORMED,
                           "parameter of the signature is not seconds",
                           param->key);
        return;
    }

    *seconds = param->value.number;

    sign_rfc9421_put(in, ';');
    sign_rfc9421_put_text(in, param->key);
    sign_rfc9421_put(in, '=');

    /* written anew: leading zeros are not canonical */

    in->out = sign_put_number(in->out, (uint64_t) param->value.number);
}


static sign_code_e
rfc9421_read_signature(postern_str_t text, postern_str_t label,
    const postern_alloc_t *alloc, sign_message_t *msg)
{
    int               rc;
    size_t            n;
    sign_code_e       code;
    postern_str_t     name, labels[SIGN_MAX_SIGNATURES];
    sign_sf_value_t   value, found;
    sign_sf_cursor_t  c;

    sign_sf_begin(&c, text);
    found.type = SIGN_SF_INNER_LIST;
    n = 0;

    do {
        code = rfc9421_next_label(&c, labels, &n, &name, "Signature", msg);
        if (code != SIGN_OK) {
            return code;
        }

        rc = sign_sf_read_value(&c, &value);

        if (rc == SIGN_SF_OK && value.type != SIGN_SF_BYTES) {
            rc = SIGN_SF_ERROR;
        }

        if (rc == SIGN_SF_OK) {
            rc = sign_sf_skip_params(&c);
        }

        if (rc == SIGN_SF_OK && postern_str_eq(name, label)) {
            found = value;
        }

        if (rc == SIGN_SF_OK) {
            rc = sign_sf_read_comma(&c);
        }

    } while (rc == 1);

    if (rc != SIGN_SF_OK) {
        return rfc9421_syntax(msg, rc, "Signature", &c, text);
    }

    if (found.type != SIGN_SF_BYTES || found.text.len == 0) {
        return sign_fail(msg, SIGN_MALFORMED,
                         "Signature has nothing under label \"%.*s\"",
                         SIGN_TEXT(label));
    }

    if (sign_sf_decode(&found, alloc) != SIGN_SF_OK) {
        return SIGN_NO_MEMORY;
    }

    msg->signature = found.text;

    return SIGN_OK;
}


static sign_code_e
rfc9421_syntax(sign_message_t *msg, int rc, const char *field,
    const sign_sf_cursor_t *c, postern_str_t text)
{
    switch (rc) {

    case SIGN_SF_NO_MEMORY:
        return SIGN_NO_MEMORY;

    case SIGN_SF_LIMIT:
        return sign_fail(msg, SIGN_TOO_LARGE,
                         "%s: too many components or parameters", field);
    }

    return sign_fail(msg, SIGN_MALFORMED,
                     "%s: not as RFC 9421 prescribes, at byte %zu of %zu",
                     field, (size_t) (c->pos - text.data) + 1, text.len);
}
