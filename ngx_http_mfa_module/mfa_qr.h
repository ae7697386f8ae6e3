
/*
 * QR codes of short texts, by libqrencode: as inline SVG without style or
 * script, dark modules on a light ground whatever the page's colours, and as
 * text for a terminal.
 */


#ifndef _MFA_QR_H_INCLUDED_
#define _MFA_QR_H_INCLUDED_


#include "postern_buf.h"


#define MFA_QR_TEXT_MAX   1024
#define MFA_QR_SVG_MAX    32768
#define MFA_QR_TERM_MAX   65536


/* text is wiped nowhere but in here; label is the accessible name.  Each
   returns the length, 0 where text or result is too long. */
size_t mfa_qr_svg(postern_str_t text, postern_str_t label, char *out,
    size_t size);

/* with half blocks (UTF-8), two rows of modules a line, quiet zone included;
   drawn light on dark for dark terminals where inverse is set */
size_t mfa_qr_terminal(postern_str_t text, int inverse, char *out,
    size_t size);


#endif /* _MFA_QR_H_INCLUDED_ */
