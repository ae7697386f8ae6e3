/* link: ngx_http_audit_module/audit_json.c
   ngx_http_audit_module/audit_redact.c
   ngx_http_audit_module/audit_record.c -ljansson */

/*
 * Any bytes as every text of a record.  What comes out is one line of valid
 * JSON within its bound; a text without parameters can be had back from it
 * byte for byte; and the value of a parameter named token never shows.
 */


#define _GNU_SOURCE    /* memmem() */

#include <jansson.h>
#include <stdlib.h>

#include "audit_record.h"


#define MAX_INPUT  12000


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static audit_redact_t  names;
static unsigned char   line[AUDIT_RECORD_MAX];


static void
must(int held)
{
    if (!held) {
        abort();
    }
}


/* undoes the marking of bytes that were no UTF-8: U+FFFD and two digits */

static size_t
restore(unsigned char *out, const char *in, size_t n)
{
    size_t    i, len;
    unsigned  byte;
    char      digits[3];

    digits[2] = '\0';
    len = 0;

    for (i = 0; i < n; i++) {

        if (n - i >= 5 && memcmp(in + i, "\xef\xbf\xbd", 3) == 0) {
            memcpy(digits, in + i + 3, 2);
            must(sscanf(digits, "%2x", &byte) == 1);
            out[len++] = (unsigned char) byte;
            i += 4;
            continue;
        }

        out[len++] = (unsigned char) in[i];
    }

    return len;
}


static void
whole(postern_str_t s)
{
    json_t         *json;
    unsigned char   out[AUDIT_RECORD_MAX];
    audit_json_t    j = { line, line + sizeof(line), 0 };

    if (s.len * AUDIT_JSON_EXPAND > AUDIT_RECORD_MAX - 100) {
        return;
    }

    audit_json_text(&j, s, AUDIT_RECORD_MAX - 10);

    json = json_loadb((char *) line, j.pos - line,
                      JSON_DECODE_ANY|JSON_ALLOW_NUL, NULL);

    must(json != NULL && json_is_string(json));
    must(restore(out, json_string_value(json), json_string_length(json))
         == s.len);
    must(s.len == 0 || memcmp(out, s.data, s.len) == 0);

    json_decref(json);
}


static void
hidden(postern_str_t s)
{
    size_t          n;
    unsigned char  *text;
    postern_str_t   whole;
    audit_json_t    j = { line, line + sizeof(line), 0 };

    if (s.len && memmem(s.data, s.len, "CaNaRy", 6)) {
        return;
    }

    text = malloc(s.len + 32);
    must(text != NULL);

    if (s.len) {
        memcpy(text, s.data, s.len);
    }

    n = s.len + (size_t) sprintf((char *) text + s.len, "&tOKen=CaNaRy");

    whole.data = text;
    whole.len = n;

    audit_redact_text(&names, &j, whole, AUDIT_MAX_TARGET);
    must(memmem(line, j.pos - line, "CaNaRy", 6) == NULL);

    free(text);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t            i, n;
    json_t           *json;
    audit_head_t      h;
    audit_clock_t     now;
    postern_str_t     s;
    audit_request_t   r;
    audit_identity_t  id;
    audit_decision_t  d;

    if (size > MAX_INPUT) {
        return 0;
    }

    if (names.nnames == 0) {
        audit_redact_init(&names);
    }

    s.data = data;
    s.len = size;

    memset(&h, 0, sizeof(h));
    memset(&now, 0, sizeof(now));
    h.clock = &now;
    memset(&r, 0, sizeof(r));
    memset(&id, 0, sizeof(id));

    id.org = id.subject = id.kind = id.credential = id.scheme = id.amr = s;

    d.feature = "sign";
    d.verdict = d.code = d.detail = s;

    r.server = r.host = r.addr = r.protocol = s;
    r.tls = 1;
    r.tls_version = r.tls_cipher = r.tls_sni = s;
    r.method = r.uri = r.user_agent = r.referer = s;
    r.target = audit_record_target(s);
    r.identity = &id;
    r.decisions = &d;
    r.ndecisions = 1;
    r.upstream = s;
    r.upstream_tries = 1;

    n = audit_record_write(line, &names, &h, &r);

    must(n <= AUDIT_RECORD_MAX && line[n - 1] == '\n');

    for (i = 0; i < n - 1; i++) {
        must(line[i] >= 0x20 && line[i] != 0x7f);
    }

    json = json_loadb((char *) line, n - 1, JSON_ALLOW_NUL, NULL);
    must(json != NULL);
    json_decref(json);

    whole(s);
    hidden(s);

    return 0;
}
