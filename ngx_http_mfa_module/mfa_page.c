
/*
 * Which pages there are, and what is built in for them.
 */


#include <stdio.h>

#include "mfa_page.h"
#include "postern_assert.h"


/* the files in pages/, by util/embed: name and text, absent ones at the end */
extern const postern_str_t  mfa_assets[][2];


static const postern_str_t  mfa_page_files[MFA_PAGES] = {
    postern_string("sign-in.html"),
    postern_string("code.html"),
    postern_string("recovery.html"),
    postern_string("enrol.html"),
    postern_string("recovery-codes.html"),
    postern_string("account.html"),
    postern_string("password.html"),
    postern_string("sign-out.html"),
    postern_string("resend.html"),
    postern_string("error.html")
};


const char *const  mfa_page_names[] = {
    "base", "lang", "brand", "logo", "csrf", "to", "to_query", "user", "org",
    "signed_in", "wait", "wait_minutes", "ask_org", "again", "has_recovery",
    "step_up", "qr",
    "secret", "uri", "first", "issuer", "account", "codes", "code", "left",
    "sessions", "id", "label", "address", "created", "last", "current",
    "factors", "name", "added", "kind", "removable", "directory",
    "recovery_left", "can_enrol", "can_password", "has_factor", "min", "old",
    "done", "status",

    "rule_short", "rule_long", "rule_common", "rule_context", "rule_classes",
    "rule_same", "rule_differ", "rule_malformed",

    "error",
    "error_failed", "error_wait", "error_used", "error_unavailable",
    "error_expired", "error_short", "error_long", "error_common",
    "error_context", "error_classes", "error_same", "error_differ",
    "error_malformed", "error_enrol_off", "error_not_found", "error_method",
    "error_too_large", "error_forbidden", "error_busy",

    "notice",
    "notice_enrolled", "notice_removed", "notice_ended", "notice_password",
    "notice_codes", "notice_recovery",

    NULL
};


postern_str_t
mfa_asset(postern_str_t name)
{
    size_t         i;
    postern_str_t  none = postern_null_string;

    for (i = 0; mfa_assets[i][0].data != NULL; i++) {
        if (postern_str_eq(mfa_assets[i][0], name)) {
            return mfa_assets[i][1];
        }
    }

    return none;
}


postern_str_t
mfa_page_file(mfa_page_e page)
{
    return mfa_page_files[page];
}


/* The calendar of days since 1970, by Hinnant's reckoning: years from March, so
   that the leap day is the last one. */

size_t
mfa_page_time(int64_t seconds, char out[24])
{
    int      n;
    int64_t  days, era, day, year, month, rest;

    if (seconds < 0 || seconds > 253402300799) {
        out[0] = '\0';
        return 0;
    }

    rest = seconds % 86400;
    days = seconds / 86400 + 719468;

    era = days / 146097;
    day = days % 146097;
    year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    day -= 365 * year + year / 4 - year / 100;
    month = (5 * day + 2) / 153;
    day -= (153 * month + 2) / 5;

    year += era * 400 + (month >= 10);
    month += (month < 10) ? 3 : -9;

    n = snprintf(out, 24, "%04d-%02d-%02d %02d:%02d", (int) year, (int) month,
                 (int) day + 1, (int) (rest / 3600), (int) (rest / 60 % 60));

    return POSTERN_ALWAYS(n > 0 && n < 24) ? (size_t) n : 0;
}
