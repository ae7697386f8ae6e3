
/*
 * Certificates of OpenSSH, judged: PROTOCOL.certkeys.  Who signed them is not
 * looked at here.
 */


#include "sign_ssh.h"


static sign_code_e sign_ssh_cert_options(const sign_ssh_cert_t *cert,
    int *verify, sign_message_t *msg);
static sign_code_e sign_ssh_cert_option(postern_str_t name,
    postern_str_t data, int *verify, sign_message_t *msg);
static sign_code_e sign_ssh_cert_address(postern_str_t data,
    sign_message_t *msg);
static int sign_ssh_order(postern_str_t a, postern_str_t b);


/*
 * OpenSSH says of an empty list that it names everybody.  Here it names nobody:
 * a certificate that was made without thinking of principals opens nothing.
 */

int
sign_ssh_cert_names(const sign_ssh_cert_t *cert, postern_str_t principal)
{
    int                found;
    size_t             n;
    postern_str_t      name;
    sign_ssh_cursor_t  c;

    sign_ssh_begin(&c, cert->principals);

    found = 0;

    for (n = 0; !c.bad && c.pos < c.last; n++) {
        name = sign_ssh_read_string(&c, SIGN_SSH_MAX_CERT);
        found |= postern_str_eq(name, principal);
    }

    return found && principal.len && sign_ssh_end(&c)
           && n <= SIGN_SSH_MAX_PRINCIPALS;
}


sign_code_e
sign_ssh_cert_check(const sign_ssh_cert_t *cert, int *verify,
    sign_message_t *msg)
{
    if (cert->kind != SIGN_SSH_CERT_USER) {
        return sign_fail(msg, SIGN_CERTIFICATE,
                         "the SSH certificate is not that of a user");
    }

    if (msg->now < 0 || (uint64_t) msg->now < cert->after) {
        return sign_fail(msg, SIGN_CERTIFICATE,
                         "the SSH certificate is not valid yet");
    }

    if ((uint64_t) msg->now >= cert->before) {
        return sign_fail(msg, SIGN_CERTIFICATE,
                         "the SSH certificate has expired");
    }

    return sign_ssh_cert_options(cert, verify, msg);
}


/* names ascend, so that none occurs twice, and none is unknown: they are few */

static sign_code_e
sign_ssh_cert_options(const sign_ssh_cert_t *cert, int *verify,
    sign_message_t *msg)
{
    size_t             n;
    sign_code_e        code;
    postern_str_t      name, data, last;
    sign_ssh_cursor_t  c;

    sign_ssh_begin(&c, cert->options);

    last.len = 0;
    *verify = 0;

    for (n = 0; c.pos < c.last; n++) {
        name = sign_ssh_read_string(&c, SIGN_SSH_MAX_NAME);
        data = sign_ssh_read_string(&c, SIGN_SSH_MAX_CERT);

        if (c.bad || (n && sign_ssh_order(last, name) >= 0)) {
            return sign_fail(msg, SIGN_CERTIFICATE,
                             "the critical options of the SSH certificate are "
                             "not as they should be written");
        }

        code = sign_ssh_cert_option(name, data, verify, msg);
        if (code != SIGN_OK) {
            return code;
        }

        last = name;
    }

    return SIGN_OK;
}


static sign_code_e
sign_ssh_cert_option(postern_str_t name, postern_str_t data, int *verify,
    sign_message_t *msg)
{
    if (postern_str_is(name, "source-address")) {
        return sign_ssh_cert_address(data, msg);
    }

    if (postern_str_is(name, "verify-required") && data.len == 0) {
        *verify = 1;
        return SIGN_OK;
    }

    /* force-command is one: a request is no command */

    return sign_fail(msg, SIGN_CERTIFICATE,
                     "critical option \"%.*s\" of the SSH certificate cannot "
                     "be met here", SIGN_TEXT(name));
}


/* addresses and networks, one of which is the client's; all must be right */

static sign_code_e
sign_ssh_cert_address(postern_str_t data, sign_message_t *msg)
{
    int                   found;
    size_t                n;
    postern_str_t         list, text;
    postern_network_t     network;
    sign_ssh_cursor_t     c;
    const unsigned char  *comma;

    sign_ssh_begin(&c, data);
    list = sign_ssh_read_string(&c, SIGN_SSH_MAX_CERT);

    if (!sign_ssh_end(&c)) {
        return sign_fail(msg, SIGN_CERTIFICATE,
                         "source-address of the SSH certificate is no list");
    }

    found = 0;
    n = 0;

    do {
        comma = memchr(list.data, ',', list.len);

        text.data = list.data;
        text.len = comma ? (size_t) (comma - list.data) : list.len;

        list.data += text.len + (comma != NULL);
        list.len -= text.len + (comma != NULL);

        if (n++ == SIGN_SSH_MAX_ADDRESSES || text.len > SIGN_SSH_MAX_ADDRESS
            || postern_network_parse(text, &network) != NULL)
        {
            return sign_fail(msg, SIGN_CERTIFICATE,
                             "source-address of the SSH certificate has "
                             "\"%.*s\"", SIGN_TEXT(text));
        }

        found |= msg->address != NULL
                 && postern_network_match(&network, 1, msg->address);

    } while (comma);

    if (!found) {
        return sign_fail(msg, SIGN_CERTIFICATE,
                         "the SSH certificate is not for this client address");
    }

    return SIGN_OK;
}


static int
sign_ssh_order(postern_str_t a, postern_str_t b)
{
    int  rc;

    rc = memcmp(a.data, b.data, a.len < b.len ? a.len : b.len);

    return rc ? rc : (a.len > b.len) - (a.len < b.len);
}
