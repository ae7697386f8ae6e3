
/*
 * RFC 9421: Signature-Input while it is read.  Inside the reader.
 */


#ifndef _SIGN_RFC9421_INPUT_H_INCLUDED_
#define _SIGN_RFC9421_INPUT_H_INCLUDED_


#include "sign_rfc9421.h"
#include "sign_sf.h"


/*
 * Faults of syntax end the reading.  Faults of meaning are kept in code until
 * it is known that this is the signature that counts, and the first one wins.
 */

typedef struct {
    sign_sf_cursor_t        c;
    const sign_request_t   *req;
    const sign_policy_t    *policy;     /* NULL: none to choose by */
    const postern_alloc_t  *alloc;
    sign_message_t         *msg;
    sign_code_e             code;
    postern_str_t           signature;  /* the field */
    unsigned char          *out;        /* end of the canonical form */
    unsigned                seen;       /* RFC9421_* */
    int64_t                 created;
    int64_t                 expires;
    postern_str_t           nonce;
    postern_str_t           alg;
    postern_str_t           key_id;
    postern_str_t           tag;
    size_t                  n;
    sign_component_t        components[SIGN_MAX_COMPONENTS];
} sign_rfc9421_input_t;


/*
 * One component identifier at the cursor: the next of in->components, written
 * behind in->out.  SIGN_SF_OK or a fault of syntax.
 */
int sign_rfc9421_component(sign_rfc9421_input_t *in);

void sign_rfc9421_fault(sign_rfc9421_input_t *in, sign_code_e code,
    const char *what, postern_str_t about);


static inline void
sign_rfc9421_put(sign_rfc9421_input_t *in, unsigned char ch)
{
    *in->out++ = ch;
}


static inline void
sign_rfc9421_put_text(sign_rfc9421_input_t *in, postern_str_t text)
{
    in->out = sign_put(in->out, text);
}


static inline void
sign_rfc9421_put_quoted(sign_rfc9421_input_t *in, postern_str_t text)
{
    sign_rfc9421_put(in, '"');
    sign_rfc9421_put_text(in, text);
    sign_rfc9421_put(in, '"');
}


#endif /* _SIGN_RFC9421_INPUT_H_INCLUDED_ */
