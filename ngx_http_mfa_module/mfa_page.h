
/*
 * The pages: which there are, what each is made of, and where they lie.  Their
 * templates, the style sheet and the catalogue are the files in pages/, built
 * into the module; an operator may put others in place of any of them.
 *
 * Addresses are relative to the location of mfa_pages, which ends with "/":
 *
 *     sign-in          GET, POST: csrf to [org] user password
 *     code             GET, POST: csrf to code
 *     recovery         GET, POST: csrf to code         (a recovery code)
 *     enrol            GET, POST: csrf to code name
 *     recovery-codes   GET: asks; POST: csrf to        (makes ten new ones)
 *     account          GET; factors, sessions
 *     sessions         POST: csrf end=<id>|others|all
 *     factors          POST: csrf remove=<id>
 *     password         GET, POST: csrf old new again
 *     sign-out         GET: asks; POST: csrf
 *     style.css, logo  GET
 *     (nothing)        303 to account
 */


#ifndef _MFA_PAGE_H_INCLUDED_
#define _MFA_PAGE_H_INCLUDED_


#include "mfa_template.h"


#define MFA_PAGE_MAX      65536    /* bytes of a page, as sent */
#define MFA_STYLE_MAX     32768
#define MFA_LOGO_MAX      65536
#define MFA_BRAND_MAX     64       /* bytes of a service's name */


typedef enum {
    MFA_PAGE_SIGN_IN = 0,     /* sign-in.html */
    MFA_PAGE_CODE,            /* code.html */
    MFA_PAGE_RECOVERY,        /* recovery.html */
    MFA_PAGE_ENROL,           /* enrol.html */
    MFA_PAGE_CODES,           /* recovery-codes.html */
    MFA_PAGE_ACCOUNT,         /* account.html */
    MFA_PAGE_PASSWORD,        /* password.html */
    MFA_PAGE_SIGN_OUT,        /* sign-out.html: asks, and says done */
    MFA_PAGE_RESEND,          /* resend.html: a form met the end of a session */
    MFA_PAGE_ERROR,           /* error.html */
    MFA_PAGES
} mfa_page_e;


/*
 * Values, all optional unless a page makes no sense without.  On every page:
 *
 *   base      text    path of mfa_pages, with "/" at its end
 *   lang      text    language tag of the page
 *   brand     text    name of the service
 *   logo      flag    {base}logo is the operator's; else a picture for tabs
 *   csrf      text    for the forms
 *   to        text    where people wanted to go, a path; to_query: the same
 *                     percent-encoded, for links: ?to={{to_query}}
 *   user      text    who is signed in, or what was typed; org: the same
 *   signed_in flag
 *   error     text    name of an error, one of the list below; for each one a
 *                     flag of the name error_<name> is set as well
 *   notice    text    in the same way, notice_<name>
 *   wait      number  of seconds until the next try (error_wait); wait_minutes:
 *                     the same in minutes, where it is long; neither: no more
 *
 *   sign-in   ask_org flag; again flag (the person is known, proves anew)
 *   code      has_recovery flag; step_up flag
 *   recovery  -
 *   enrol     qr markup; secret text in groups of four; first flag (this one
 *             is required before going on); issuer, account, name text;
 *             uri text "otpauth://...", for apps on the same device
 *   recovery-codes   codes list of { code text }, empty: asks whether to make
 *             new ones; left number
 *   account   sessions list of { id, label, address, created, last texts;
 *             current flag }; factors list of { id, name, added, kind texts;
 *             removable, directory flags }; recovery_left number; can_enrol,
 *             can_password flags; has_factor flag
 *   password  min number; old flag; rule_<name> flags for the errors below
 *   sign-out  done flag
 *   resend    signed_in as everywhere; step_up flag
 *   error     status number; error
 *
 * error: failed, wait, used, unavailable, expired (the form), short, long,
 *        common, context, classes, same, differ, malformed, enrol_off,
 *        not_found, method, too_large, forbidden, busy
 * notice: enrolled, removed, ended, password, codes, recovery
 */


/* built in: name is that of a file in pages/, absent where there is none */
postern_str_t mfa_asset(postern_str_t name);

/* names that templates may use, NULL at the end */
extern const char *const  mfa_page_names[];

/* file name of a page's template */
postern_str_t mfa_page_file(mfa_page_e page);

/* times as people of a language read them, UTC: "2026-11-22 01:49" */
size_t mfa_page_time(int64_t seconds, char out[24]);


/*
 * Colours of a brand: #rrggbb.  Text on the accent is black or white, whichever
 * is read more easily; writes rules for the end of the style sheet, the length.
 */

typedef struct {
    postern_str_t    accent;         /* absent: the house's own */
    postern_str_t    accent_dark;    /* in dark mode; absent: as accent */
} mfa_colors_t;

size_t mfa_style_colors(const mfa_colors_t *colors, char *out, size_t size);

/* is it "#rrggbb"? */
int mfa_color_valid(postern_str_t color);


#endif /* _MFA_PAGE_H_INCLUDED_ */
