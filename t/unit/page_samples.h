
/*
 * Every page with values as people would meet them: for the unit test, which
 * looks at what is sent, and for t/e2e/render, which writes them for browsers.
 */


#ifndef _PAGE_SAMPLES_H_INCLUDED_
#define _PAGE_SAMPLES_H_INCLUDED_


#include <stdio.h>
#include <stdlib.h>

#include "mfa_page.h"
#include "mfa_qr.h"


#define SAMPLE_VALUES   40
#define SAMPLE_SECRET   "otpauth://totp/Aurora:alice?secret="                 \
                        "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Aurora"


typedef struct {
    const char   *name;
    mfa_page_e    page;
    mfa_value_t   values[SAMPLE_VALUES];
    unsigned      n;
} sample_t;


static mfa_value_t  *sample_next;
static sample_t      samples[64];
static unsigned      nsamples;


static void
sample_text(const char *name, const char *text)
{
    sample_next->name = name;
    sample_next->kind = MFA_VALUE_TEXT;
    sample_next->text.data = (const unsigned char *) text;
    sample_next->text.len = strlen(text);
    sample_next++;
    samples[nsamples - 1].n++;
}


static void
sample_number(const char *name, mfa_value_e kind, int64_t number)
{
    sample_text(name, "");
    sample_next[-1].kind = kind;
    sample_next[-1].number = number;
}


static void
sample_list(const char *name, const mfa_scope_t *list, unsigned n)
{
    sample_text(name, "");
    sample_next[-1].kind = MFA_VALUE_LIST;
    sample_next[-1].list = list;
    sample_next[-1].n = n;
}


#define flag(name)  sample_number(name, MFA_VALUE_FLAG, 1)
#define number(name, n)  sample_number(name, MFA_VALUE_NUMBER, n)


static void
sample(const char *name, mfa_page_e page, int brand)
{
    samples[nsamples].name = name;
    samples[nsamples].page = page;
    sample_next = samples[nsamples].values;
    nsamples++;

    sample_text("base", getenv("SAMPLE_BASE") ? getenv("SAMPLE_BASE") : "");
    sample_text("lang", getenv("SAMPLE_LANG") ? getenv("SAMPLE_LANG") : "en");
    sample_text("csrf", "c64df1f4e2b0a5d38f1b7e9a06c2d4f8"
                        "c64df1f4e2b0a5d38f1b7e9a06c2d4f8");
    sample_text("to", "/admin/reports?month=11&order=name");
    sample_text("to_query", "/admin/reports%3Fmonth%3D11%26order%3Dname");

    if (brand > 0) {
        sample_text("brand", "Aurora Energy");
    }

    if (brand > 1) {
        flag("logo");
    }
}


static void
sample_error(const char *name)
{
    static char  names[32][40];
    static int   n;

    snprintf(names[n], sizeof(names[n]), "error_%s", name);
    sample_text("error", name);
    flag(names[n++]);
}


static void
sample_person(const char *user)
{
    sample_text("user", user);
    flag("signed_in");
}


static void
samples_sign_in(void)
{
    sample("sign-in", MFA_PAGE_SIGN_IN, 2);

    sample("sign-in-plain", MFA_PAGE_SIGN_IN, 0);

    sample("sign-in-org", MFA_PAGE_SIGN_IN, 1);
    flag("ask_org");

    sample("sign-in-failed", MFA_PAGE_SIGN_IN, 1);
    sample_text("user", "alice");
    sample_error("failed");

    sample("sign-in-wait", MFA_PAGE_SIGN_IN, 1);
    sample_text("user", "alice");
    number("wait", 3540);
    number("wait_minutes", 59);
    sample_error("wait");

    sample("sign-in-again", MFA_PAGE_SIGN_IN, 1);
    sample_person("alice");
    flag("again");

    sample("code", MFA_PAGE_CODE, 2);
    sample_text("user", "alice");
    flag("has_recovery");

    sample("code-failed", MFA_PAGE_CODE, 0);
    sample_text("user", "alice");
    flag("has_recovery");
    sample_error("failed");

    sample("code-step-up", MFA_PAGE_CODE, 1);
    sample_person("alice");
    flag("step_up");
    flag("has_recovery");

    sample("recovery", MFA_PAGE_RECOVERY, 1);

    sample("recovery-failed", MFA_PAGE_RECOVERY, 1);
    sample_error("failed");
}


static void
samples_enrol(void)
{
    unsigned              i;
    static char           svg[MFA_QR_SVG_MAX + 1], code[10][24];
    static mfa_value_t    values[10];
    static mfa_scope_t    codes[10];
    static const char     account[] = "alice@acme";
    const char *const     names[] = { "enrol", "enrol-more", "enrol-failed" };
    const postern_str_t   text = postern_string(SAMPLE_SECRET);
    const postern_str_t   label = postern_string("QR code");

    svg[mfa_qr_svg(text, label, svg, MFA_QR_SVG_MAX)] = '\0';

    for (i = 0; i < 3; i++) {
        sample(names[i], MFA_PAGE_ENROL, (int) i);
        sample_text("qr", svg);
        sample_next[-1].kind = MFA_VALUE_MARKUP;
        sample_text("secret", "JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP");
        sample_text("issuer", "Aurora Energy");
        sample_text("account", account);
        sample_text("uri", SAMPLE_SECRET);

        if (i == 1) {
            sample_person("alice");

        } else {
            flag("first");
        }
    }

    sample_error("failed");

    for (i = 0; i < 10; i++) {
        snprintf(code[i], sizeof(code[i]), "QW%cR-7T%dA-ZX2C-MN6%c",
                 'A' + (char) i, (i * 7) % 10, 'Z' - (char) i);
        values[i].name = "code";
        values[i].text.data = (unsigned char *) code[i];
        values[i].text.len = strlen(code[i]);
        codes[i].values = &values[i];
        codes[i].n = 1;
    }

    sample("recovery-codes", MFA_PAGE_CODES, 1);
    sample_person("alice");
    sample_list("codes", codes, 10);

    sample("recovery-codes-ask", MFA_PAGE_CODES, 1);
    sample_person("alice");
    number("left", 7);
}


static void
sample_session(mfa_scope_t *scope, const char *id, const char *label,
    const char *address, const char *last, int current)
{
    unsigned            i;
    mfa_value_t        *v;
    const char *const   texts[] = { "id", id, "label", label, "address",
                                    address, "last", last, "created",
                                    "2026-11-01 08:15" };

    v = calloc(6, sizeof(mfa_value_t));

    if (v == NULL) {
        abort();
    }

    scope->values = v;
    scope->n = 6;

    for (i = 0; i < 10; i += 2, v++) {
        v->name = texts[i];
        v->text.data = (const unsigned char *) texts[i + 1];
        v->text.len = strlen(texts[i + 1]);
    }

    v->name = "current";
    v->kind = MFA_VALUE_FLAG;
    v->number = current;
}


static void
sample_factor(mfa_scope_t *scope, const char *id, const char *name,
    int directory)
{
    unsigned            i;
    mfa_value_t        *v;
    const char *const   texts[] = { "id", id, "name", name, "added",
                                    "2026-10-30 17:02" };

    v = calloc(5, sizeof(mfa_value_t));

    if (v == NULL) {
        abort();
    }

    scope->values = v;
    scope->n = 5;

    for (i = 0; i < 6; i += 2, v++) {
        v->name = texts[i];
        v->text.data = (const unsigned char *) texts[i + 1];
        v->text.len = strlen(texts[i + 1]);
    }

    v->name = "directory";
    v->kind = MFA_VALUE_FLAG;
    v->number = directory;
    v++;
    v->name = "removable";
    v->kind = MFA_VALUE_FLAG;
    v->number = !directory;
}


static void
samples_account(void)
{
    unsigned            i;
    static mfa_scope_t  few[3], many[32], factors[3];
    const char *const   labels[] = { "Firefox on Linux", "Chrome on Android",
                                     "Safari on iPhone", "", "curl" };

    sample_session(&few[0], "a1", labels[0], "192.0.2.17", "2026-11-22 02:14",
                   1);
    sample_session(&few[1], "b2", labels[1], "198.51.100.4",
                   "2026-11-21 19:40", 0);
    sample_session(&few[2], "c3", labels[2], "2001:db8:85a3::8a2e:370:7334",
                   "2026-11-19 07:31", 0);

    for (i = 0; i < 32; i++) {
        sample_session(&many[i], "d4", labels[i % 5],
                       "2001:db8:85a3:1234:5678:8a2e:370:7334",
                       "2026-11-19 07:31", i == 4);
    }

    sample_factor(&factors[0], "d0", "", 1);
    sample_factor(&factors[1], "k3", "My phone", 0);
    sample_factor(&factors[2], "k4", "A rather long name of a device, as long"
                  " as 64 bytes can be, or so", 0);

    sample("account", MFA_PAGE_ACCOUNT, 2);
    sample_person("alice");
    sample_list("sessions", few, 3);
    sample_list("factors", &factors[1], 1);
    number("recovery_left", 7);
    flag("has_factor");
    flag("can_enrol");
    flag("can_password");
    sample_text("notice", "enrolled");
    flag("notice_enrolled");

    sample("account-empty", MFA_PAGE_ACCOUNT, 0);
    sample_person("bob");
    sample_list("sessions", few, 1);
    sample_list("factors", factors, 0);
    flag("can_enrol");

    sample("account-many", MFA_PAGE_ACCOUNT, 1);
    sample_person("maria-magdalena.von-und-zu-hohenstein-auersperg"
                  "@subsidiary.division.a-very-long-company-name.example");
    sample_list("sessions", many, 32);
    sample_list("factors", factors, 3);
    flag("has_factor");
    flag("can_enrol");
    flag("can_password");
}


static void
samples_rest(void)
{
    sample("password", MFA_PAGE_PASSWORD, 1);
    sample_person("alice");
    flag("old");
    number("min", 8);

    sample("password-common", MFA_PAGE_PASSWORD, 1);
    sample_person("alice");
    flag("old");
    number("min", 12);
    flag("rule_classes");
    sample_error("common");

    sample("sign-out", MFA_PAGE_SIGN_OUT, 1);
    sample_person("alice");

    sample("sign-out-done", MFA_PAGE_SIGN_OUT, 2);
    flag("done");

    sample("resend", MFA_PAGE_RESEND, 1);

    sample("error-404", MFA_PAGE_ERROR, 1);
    number("status", 404);
    sample_error("not_found");

    sample("error-503", MFA_PAGE_ERROR, 0);
    number("status", 503);
    sample_error("unavailable");
}


static void
samples_make(void)
{
    samples_sign_in();
    samples_enrol();
    samples_account();
    samples_rest();
}


#endif /* _PAGE_SAMPLES_H_INCLUDED_ */
