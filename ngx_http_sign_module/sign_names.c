
/*
 * The fields of a request by their names: which become one with another behind
 * nginx, and which end at the next proxy, before any scheme is asked; which may
 * come once, for the schemes.
 */


#include "sign_scheme.h"


static int sign_is_odd(postern_str_t name);
static int sign_same_to_cgi(postern_str_t a, postern_str_t b);
static int sign_is_word(unsigned char ch);
static int sign_frames(postern_str_t name);
static int sign_is_hop(postern_str_t value);
static int sign_lists(postern_str_t value, postern_str_t name);


/*
 * Fields that mean one thing when sent once and nobody knows what when sent
 * twice: the application may take the first, the last or both.
 */

static const postern_str_t  sign_singletons[] = {
    postern_string("authorization"),
    postern_string("content-encoding"),
    postern_string("content-length"),
    postern_string("content-location"),
    postern_string("content-range"),
    postern_string("content-type"),
    postern_string("cookie"),
    postern_string("date"),
    postern_string("from"),
    postern_string("host"),
    postern_string("if-modified-since"),
    postern_string("if-range"),
    postern_string("if-unmodified-since"),
    postern_string("max-forwards"),
    postern_string("origin"),
    postern_string("proxy-authorization"),
    postern_string("range"),
    postern_string("referer"),
    postern_string("user-agent")
};

#define SIGN_NSINGLETONS                                                      \
    (sizeof(sign_singletons) / sizeof(sign_singletons[0]))


/*
 * CGI and what came after it (FastCGI, WSGI, Rack) make HTTP_X_TENANT of both
 * "X-Tenant" and "X_Tenant", and PHP of "X.Tenant" and "X[Tenant" as well:
 * beside a field that is signed, another could be put that the application
 * reads instead.  nginx drops such names unless told otherwise, so there is
 * seldom one to look at.
 */

sign_code_e
sign_check_names(const sign_request_t *req, sign_message_t *msg)
{
    size_t         i, j, n, hops;
    postern_str_t  name, other;

    n = 0;
    hops = 0;

    for (i = 0; i < req->nfields; i++) {
        name = req->fields[i].name;

        if (postern_str_is(name, "connection")
            && sign_is_hop(req->fields[i].value))
        {
            msg->hops = 1;
            hops += req->fields[i].value.len;
        }

        /* each signed field is looked for in it */

        if (hops > SIGN_MAX_CONNECTION) {
            return sign_fail(msg, SIGN_TOO_LARGE,
                             "Connection is longer than %d bytes",
                             SIGN_MAX_CONNECTION);
        }

        if (!sign_is_odd(name)) {
            continue;
        }

        if (sign_frames(name)) {
            return sign_fail(msg, SIGN_AMBIGUOUS,
                             "field \"%.*s\" says to some applications where "
                             "the request ends", SIGN_TEXT(name));
        }

        if (n++ == SIGN_MAX_ODD) {
            return sign_fail(msg, SIGN_TOO_LARGE,
                             "more than %d fields with signs other than \"-\" "
                             "in their names", SIGN_MAX_ODD);
        }

        for (j = 0; j < req->nfields; j++) {
            other = req->fields[j].name;

            if (sign_same_to_cgi(name, other)) {
                return sign_fail(msg, SIGN_AMBIGUOUS,
                                 "fields \"%.*s\" and \"%.*s\" are one to "
                                 "many applications", SIGN_TEXT(name),
                                 SIGN_TEXT(other));
            }
        }
    }

    return SIGN_OK;
}


/* 1 where there is more in it than letters, digits and "-" */

static int
sign_is_odd(postern_str_t name)
{
    size_t  i;

    for (i = 0; i < name.len; i++) {
        if (!sign_is_word(name.data[i]) && name.data[i] != '-') {
            return 1;
        }
    }

    return 0;
}


/* 1 where the names differ, and in nothing but one sign for another */

static int
sign_same_to_cgi(postern_str_t a, postern_str_t b)
{
    int     differ;
    size_t  i;

    if (a.len != b.len) {
        return 0;
    }

    differ = 0;

    for (i = 0; i < a.len; i++) {

        if (a.data[i] == b.data[i]) {
            continue;
        }

        if (sign_is_word(a.data[i]) || sign_is_word(b.data[i])) {
            return 0;
        }

        differ = 1;
    }

    return differ;
}


/* names are in lower case */

static int
sign_is_word(unsigned char ch)
{
    return (ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9');
}


/* what an application that takes "_" for "-" frames the request by */

static int
sign_frames(postern_str_t name)
{
    static const postern_str_t  names[] = {
        postern_string("content-length"),
        postern_string("transfer-encoding")
    };

    return sign_same_to_cgi(name, names[0])
           || sign_same_to_cgi(name, names[1]);
}


/* 1 where a Connection field says more than what nearly all of them say */

static int
sign_is_hop(postern_str_t value)
{
    static const postern_str_t  usual[] = {
        postern_string("keep-alive"),
        postern_string("close"),
        postern_string("upgrade")
    };

    size_t  i;

    for (i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
        if (value.len == usual[i].len && sign_lists(value, usual[i])) {
            return 0;
        }
    }

    return value.len != 0;
}


/*
 * Fields that Connection names end at the next proxy (RFC 9110, section 7.6.1):
 * one that is signed would be gone where it counts, and with it what was
 * demanded of the request.
 */

sign_code_e
sign_check_hop(const sign_request_t *req, postern_str_t name,
    sign_message_t *msg)
{
    size_t               i;
    const sign_field_t  *field;

    static const postern_str_t  connection = postern_string("connection");

    if (!msg->hops) {
        return SIGN_OK;
    }

    i = 0;

    while ((field = sign_field_next(req, connection, &i)) != NULL) {

        if (sign_lists(field->value, name)) {
            return sign_fail(msg, SIGN_AMBIGUOUS,
                             "Connection takes away \"%.*s\", which is signed",
                             SIGN_TEXT(name));
        }
    }

    return SIGN_OK;
}


/* name between the commas of value, in any case */

static int
sign_lists(postern_str_t value, postern_str_t name)
{
    postern_str_t  option;

    while (sign_cut(&value, ',', &option)) {

        if (sign_same_text(sign_trim(option), name)) {
            return 1;
        }
    }

    return 0;
}


sign_code_e
sign_field_once(const sign_request_t *req, postern_str_t name,
    sign_message_t *msg, const sign_field_t **field)
{
    size_t  i;

    i = 0;
    *field = sign_field_next(req, name, &i);

    if (*field != NULL && sign_field_next(req, name, &i) != NULL) {
        return sign_fail(msg, SIGN_AMBIGUOUS, "field \"%.*s\" comes twice",
                         SIGN_TEXT(name));
    }

    return SIGN_OK;
}


sign_code_e
sign_field_demand(const sign_request_t *req, postern_str_t name,
    sign_message_t *msg, postern_str_t *value)
{
    sign_code_e          code;
    const sign_field_t  *field;

    code = sign_field_once(req, name, msg, &field);

    if (code != SIGN_OK) {
        return code;
    }

    if (field == NULL || field->value.len == 0) {
        return sign_fail(msg, SIGN_MALFORMED, "no field \"%.*s\"",
                         SIGN_TEXT(name));
    }

    *value = field->value;

    return SIGN_OK;
}


int
sign_is_singleton(postern_str_t name)
{
    size_t  i;

    for (i = 0; i < SIGN_NSINGLETONS; i++) {
        if (postern_str_eq(sign_singletons[i], name)) {
            return 1;
        }
    }

    return 0;
}
