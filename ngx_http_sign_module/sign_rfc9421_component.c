
/*
 * RFC 9421: component identifiers, their parameters, and which of them go
 * together.
 */


#include "sign_rfc9421_input.h"
#include "postern_assert.h"


typedef struct {
    postern_str_t           name;
    sign_component_e        kind;
} rfc9421_derived_t;


static void rfc9421_classify(sign_rfc9421_input_t *in,
    sign_component_t *component);
static int rfc9421_field_name(postern_str_t name);
static int rfc9421_component_params(sign_rfc9421_input_t *in,
    sign_component_t *component);
static void rfc9421_component_param(sign_rfc9421_input_t *in,
    sign_component_t *component, const sign_sf_param_t *param);
static void rfc9421_component_check(sign_rfc9421_input_t *in,
    const sign_component_t *component);
static void rfc9421_component_subject(sign_rfc9421_input_t *in,
    const sign_component_t *component);


static const rfc9421_derived_t  rfc9421_derived[] = {
    { postern_string("@method"),         SIGN_COMPONENT_METHOD },
    { postern_string("@target-uri"),     SIGN_COMPONENT_TARGET_URI },
    { postern_string("@authority"),      SIGN_COMPONENT_AUTHORITY },
    { postern_string("@scheme"),         SIGN_COMPONENT_SCHEME },
    { postern_string("@request-target"), SIGN_COMPONENT_REQUEST_TARGET },
    { postern_string("@path"),           SIGN_COMPONENT_PATH },
    { postern_string("@query"),          SIGN_COMPONENT_QUERY },
    { postern_string("@query-param"),    SIGN_COMPONENT_QUERY_PARAM },
    { postern_string("@status"),         SIGN_COMPONENT_STATUS }
};

#define RFC9421_NDERIVED                                                      \
    (sizeof(rfc9421_derived) / sizeof(rfc9421_derived[0]))


int
sign_rfc9421_component(sign_rfc9421_input_t *in)
{
    int                rc;
    sign_sf_value_t    value;
    sign_component_t  *component;

    component = &in->components[in->n];

    rc = sign_sf_read_value(&in->c, &value);
    if (rc != SIGN_SF_OK) {
        return rc;
    }

    component->name = value.text;
    component->sf = 0;
    component->bs = 0;
    component->key = 0;
    component->req = 0;
    component->tr = 0;
    component->arg.len = 0;
    component->arg.data = NULL;
    component->id.data = in->out;

    if (value.type != SIGN_SF_STRING || value.encoded) {
        sign_rfc9421_fault(in, SIGN_MALFORMED,
                           "a component identifier is not the name of one",
                           value.text);
        return sign_sf_skip_params(&in->c);
    }

    rfc9421_classify(in, component);
    sign_rfc9421_put_quoted(in, component->name);

    rc = rfc9421_component_params(in, component);
    if (rc != SIGN_SF_OK) {
        return rc;
    }

    component->id.len = in->out - component->id.data;

    rfc9421_component_check(in, component);
    in->n++;

    return SIGN_SF_OK;
}


static void
rfc9421_classify(sign_rfc9421_input_t *in, sign_component_t *component)
{
    size_t  i;

    component->kind = SIGN_COMPONENT_FIELD;

    if (component->name.len == 0 || component->name.data[0] != '@') {

        if (!rfc9421_field_name(component->name)) {
            sign_rfc9421_fault(in, SIGN_MALFORMED,
                               "not the name of a field in lower case",
                               component->name);
        }

        return;
    }

    for (i = 0; i < RFC9421_NDERIVED; i++) {
        if (postern_str_eq(rfc9421_derived[i].name, component->name)) {
            component->kind = rfc9421_derived[i].kind;
            return;
        }
    }

    sign_rfc9421_fault(in, SIGN_UNSUPPORTED, "unknown derived component",
                       component->name);
}


static int
rfc9421_field_name(postern_str_t name)
{
    size_t         i;
    unsigned char  ch;

    for (i = 0; i < name.len; i++) {
        ch = name.data[i];

        if ((ch >= 'a' && ch <= 'z') || ch == '-' || (ch >= '0' && ch <= '9')) {
            continue;
        }

        /* strchr() finds a NUL too, but a string has none */

        if (POSTERN_NEVER(ch == '\0')
            || strchr("_!#$%&'*+.^`|~", ch) == NULL)
        {
            return 0;
        }
    }

    return name.len != 0;
}


static int
rfc9421_component_params(sign_rfc9421_input_t *in, sign_component_t *component)
{
    int              rc;
    size_t           n;
    sign_sf_param_t  param;

    for (n = 0; (rc = sign_sf_read_param(&in->c, &param)) == 1; n++) {

        if (n == SIGN_SF_MAX_PARAMS) {
            return SIGN_SF_LIMIT;
        }

        rfc9421_component_param(in, component, &param);
    }

    return rc;
}


static void
rfc9421_component_param(sign_rfc9421_input_t *in, sign_component_t *component,
    const sign_sf_param_t *param)
{
    int  flag, text, again;

    flag = param->value.type == SIGN_SF_BOOLEAN && param->value.number;
    text = param->value.type == SIGN_SF_STRING && !param->value.encoded;

    if (flag && postern_str_is(param->key, "req") && in->req->status) {
        again = component->req;
        component->req = 1;

    } else if (component->kind == SIGN_COMPONENT_FIELD) {

        if (flag && postern_str_is(param->key, "sf")) {
            again = component->sf;
            component->sf = 1;

        } else if (flag && postern_str_is(param->key, "bs")) {
            again = component->bs;
            component->bs = 1;

        } else if (flag && postern_str_is(param->key, "tr")
                   && in->req->status)
        {
            again = component->tr;
            component->tr = 1;

        } else if (text && postern_str_is(param->key, "key")) {
            again = component->key;
            component->key = 1;
            component->arg = param->value.text;

        } else {
            goto unsupported;
        }

    } else if (component->kind == SIGN_COMPONENT_QUERY_PARAM
               && text && postern_str_is(param->key, "name"))
    {
        again = component->arg.data != NULL;
        component->arg = param->value.text;

    } else {
        goto unsupported;
    }

    if (again) {
        sign_rfc9421_fault(in, SIGN_AMBIGUOUS,
                           "parameter of a component occurs twice", param->key);
    }

    sign_rfc9421_put(in, ';');
    sign_rfc9421_put_text(in, param->key);

    if (text) {
        sign_rfc9421_put(in, '=');
        sign_rfc9421_put_quoted(in, param->value.text);
    }

    return;

unsupported:

    /* nginx reads the trailers of a request and keeps none of them */

    if (postern_str_is(param->key, "tr")) {
        sign_rfc9421_fault(in, SIGN_UNSUPPORTED,
                           "trailers cannot be covered here (\"tr\")",
                           component->name);
        return;
    }

    sign_rfc9421_fault(in, SIGN_UNSUPPORTED, "parameter of a component",
                       param->key);
}


static void
rfc9421_component_check(sign_rfc9421_input_t *in,
    const sign_component_t *component)
{
    const sign_component_t  *other;

    rfc9421_component_subject(in, component);

    if (component->bs && (component->sf || component->key)) {
        sign_rfc9421_fault(in, SIGN_MALFORMED,
                           "bs does not go together with sf or key",
                           component->name);
    }

    if (component->kind == SIGN_COMPONENT_QUERY_PARAM
        && component->arg.data == NULL)
    {
        sign_rfc9421_fault(in, SIGN_MALFORMED, "no name given for",
                           component->name);
    }

    for (other = in->components; other < component; other++) {

        if (other->kind == component->kind
            && other->sf == component->sf
            && other->bs == component->bs
            && other->key == component->key
            && other->req == component->req
            && other->tr == component->tr
            && postern_str_eq(other->name, component->name)
            && postern_str_eq(other->arg, component->arg))
        {
            sign_rfc9421_fault(in, SIGN_AMBIGUOUS, "component is covered twice",
                               component->name);
            return;
        }
    }
}


/*
 * RFC 9421, sections 2.2.9 and 2.4: a status is a response's own, all other
 * derived components are of a request, and a request has none that it answers.
 */

static void
rfc9421_component_subject(sign_rfc9421_input_t *in,
    const sign_component_t *component)
{
    int  status;

    status = (component->kind == SIGN_COMPONENT_STATUS);

    if (in->req->status == 0 || (status && component->req)) {

        if (status) {
            sign_rfc9421_fault(in, SIGN_UNSUPPORTED, "a request has no",
                               component->name);
        }

        return;
    }

    if (component->req) {

        if (component->tr) {
            sign_rfc9421_fault(in, SIGN_UNSUPPORTED,
                               "the trailers of a request are not known here",
                               component->name);
        }

        if (in->req->answered == NULL) {
            sign_rfc9421_fault(in, SIGN_COVERAGE,
                               "the request that was answered is not known",
                               component->name);
        }

        return;
    }

    if (!status && component->kind != SIGN_COMPONENT_FIELD) {
        sign_rfc9421_fault(in, SIGN_UNSUPPORTED,
                           "a response has no such component but of its "
                           "request (\"req\")", component->name);
    }
}


void
sign_rfc9421_fault(sign_rfc9421_input_t *in, sign_code_e code, const char *what,
    postern_str_t about)
{
    if (in->code == SIGN_OK) {
        in->code = sign_fail(in->msg, code, "%s: \"%.*s\"", what,
                             SIGN_TEXT(about));
    }
}
