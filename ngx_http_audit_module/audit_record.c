
#include "audit_record.h"


/* the largest numbers that a head has room for */
#define AUDIT_HEAD_NUMBER  UINT64_C(999999999999999)

/* a head begins so, the time follows, and then the id at AUDIT_RECORD_ID */
#define AUDIT_RECORD_BEGIN   "{\"v\":1,\"event\":\"request\",\"time\":"
#define AUDIT_RECORD_ID      (sizeof(AUDIT_RECORD_BEGIN) - 1 + AUDIT_JSON_TIME)
#define AUDIT_RECORD_STATUS                                                   \
    (AUDIT_RECORD_ID + sizeof(",\"id\":\"\",\"status\":") - 1 + 32)


static uint64_t audit_record_clamp(uint64_t n);
static void audit_record_from(audit_json_t *j, const audit_request_t *r);
static void audit_record_asked(audit_json_t *j, const audit_redact_t *redact,
    const audit_request_t *r);
static void audit_record_identity(audit_json_t *j, const audit_identity_t *id);
static void audit_record_list(audit_json_t *j, postern_str_t s);
static void audit_record_decisions(audit_json_t *j, const audit_request_t *r);
static void audit_record_upstream(audit_json_t *j, const audit_request_t *r);
static void audit_record_member(audit_json_t *j, const char *name, size_t n,
    postern_str_t value, size_t max);
static postern_str_t audit_record_host(postern_str_t host,
    unsigned *redacted);


/* members of an object whose first one is there already: ,"name":"value" */

#define audit_record_text(j, name, value, max)                                \
    audit_record_member(j, ",\"" name "\":", sizeof(name) + 3, value, max)


void
audit_record_head(unsigned char *out, const audit_head_t *h)
{
    audit_json_t  j;

    j.pos = out + AUDIT_RECORD_ID;
    j.end = out + AUDIT_RECORD_HEAD;
    j.full = 0;

    memcpy(out, AUDIT_RECORD_BEGIN, sizeof(AUDIT_RECORD_BEGIN) - 1);

    audit_json_literal(&j, ",\"id\":\"");
    audit_json_hex(&j, h->id[0]);
    audit_json_hex(&j, h->id[1]);
    audit_json_literal(&j, "\",\"status\":");

    audit_record_head_again(out, h);
}


/* time and id are of fixed length: each stays where it is */

void
audit_record_head_again(unsigned char *out, const audit_head_t *h)
{
    audit_json_t  j;

    j.pos = out + sizeof(AUDIT_RECORD_BEGIN) - 1;
    j.end = out + AUDIT_RECORD_HEAD;
    j.full = 0;

    audit_json_time(&j, h->clock, h->time);

    j.pos = out + AUDIT_RECORD_STATUS;

    audit_json_number(&j, h->status % 1000);

    audit_json_literal(&j, ",\"bytes_in\":");
    audit_json_number(&j, audit_record_clamp(h->bytes_in));

    audit_json_literal(&j, ",\"bytes_out\":");
    audit_json_number(&j, audit_record_clamp(h->bytes_out));

    audit_json_literal(&j, ",\"duration_us\":");
    audit_json_number(&j, audit_record_clamp(h->duration));

    if (h->complete) {
        audit_json_literal(&j, ",\"complete\":true");

    } else {
        audit_json_literal(&j, ",\"complete\":false");
    }

    memset(j.pos, ' ', j.end - j.pos);
}


static uint64_t
audit_record_clamp(uint64_t n)
{
    return n > AUDIT_HEAD_NUMBER ? AUDIT_HEAD_NUMBER : n;
}


size_t
audit_record_write(unsigned char *out, const audit_redact_t *redact,
    const audit_head_t *h, const audit_request_t *r)
{
    audit_json_t  j;

    audit_record_head(out, h);

    j.pos = out + AUDIT_RECORD_HEAD;
    j.end = out + AUDIT_RECORD_MAX;
    j.full = 0;

    audit_record_from(&j, r);
    audit_record_asked(&j, redact, r);

    if (r->identity) {
        audit_record_identity(&j, r->identity);
    }

    audit_record_decisions(&j, r);
    audit_record_upstream(&j, r);

    audit_json_literal(&j, "}\n");

    return j.pos - out;
}


/* from where, and over what */

static void
audit_record_from(audit_json_t *j, const audit_request_t *r)
{
    unsigned       redacted;
    postern_str_t  host;

    audit_json_literal(j, ",\"remote\":{\"addr\":");
    audit_json_text(j, r->addr, AUDIT_MAX_WORD);

    if (r->port) {
        audit_json_literal(j, ",\"port\":");
        audit_json_number(j, r->port);
    }

    audit_json_literal(j, "}");

    if (r->tls) {
        audit_json_literal(j, ",\"tls\":{\"version\":");
        audit_json_text(j, r->tls_version, AUDIT_MAX_WORD);
        audit_record_text(j, "cipher", r->tls_cipher, AUDIT_MAX_WORD);
        audit_record_text(j, "sni", r->tls_sni, AUDIT_MAX_NAME);
        audit_json_literal(j, "}");
    }

    audit_record_text(j, "server", r->server, AUDIT_MAX_NAME);

    host = audit_record_host(r->host, &redacted);

    if (redacted) {
        audit_json_literal(j, ",\"host_userinfo\":\"[redacted]\"");
    }

    audit_record_text(j, "host", host, AUDIT_MAX_NAME);
}


/* "user:password@host" is no host; what stands before the "@" is a secret */

static postern_str_t
audit_record_host(postern_str_t host, unsigned *redacted)
{
    size_t  i;

    *redacted = 0;

    for (i = host.len; i > 0; i--) {

        if (host.data[i - 1] == '@') {
            host.data += i;
            host.len -= i;
            *redacted = 1;
            break;
        }
    }

    return host;
}


static void
audit_record_asked(audit_json_t *j, const audit_redact_t *redact,
    const audit_request_t *r)
{
    audit_record_text(j, "protocol", r->protocol, AUDIT_MAX_WORD);
    audit_record_text(j, "method", r->method, AUDIT_MAX_WORD);

    if (r->target.data) {
        audit_json_literal(j, ",\"target\":");
        audit_redact_text(redact, j, r->target, AUDIT_MAX_TARGET);
    }

    if (r->uri.data) {
        audit_json_literal(j, ",\"uri\":");
        audit_redact_text(redact, j, r->uri, AUDIT_MAX_TARGET);
    }

    if (r->user_agent.data) {
        audit_json_literal(j, ",\"user_agent\":");
        audit_redact_text(redact, j, r->user_agent, AUDIT_MAX_AGENT);
    }

    if (r->referer.data) {
        audit_json_literal(j, ",\"referer\":");
        audit_redact_text(redact, j, r->referer, AUDIT_MAX_REFERER);
    }
}


static void
audit_record_identity(audit_json_t *j, const audit_identity_t *id)
{
    size_t         i, n;
    audit_clock_t  clock;

    clock.text[0] = 0;

    audit_json_literal(j, ",\"identity\":{\"org\":");
    audit_json_text(j, id->org, AUDIT_MAX_NAME);

    audit_record_text(j, "subject", id->subject, AUDIT_MAX_NAME);
    audit_record_text(j, "kind", id->kind, AUDIT_MAX_WORD);

    audit_json_literal(j, ",\"roles\":[");

    n = id->nroles < AUDIT_MAX_ROLES ? id->nroles : AUDIT_MAX_ROLES;

    for (i = 0; i < n; i++) {

        if (i) {
            audit_json_literal(j, ",");
        }

        audit_json_text(j, id->roles[i]->name, AUDIT_MAX_NAME);
    }

    audit_json_literal(j, "]");

    if (n < id->nroles) {
        audit_json_literal(j, ",\"roles_more\":");
        audit_json_number(j, id->nroles - n);
    }

    audit_record_text(j, "credential", id->credential, AUDIT_MAX_NAME);
    audit_record_text(j, "scheme", id->scheme, AUDIT_MAX_WORD);

    if (id->amr.len) {
        audit_json_literal(j, ",\"amr\":[");
        audit_record_list(j, id->amr);
        audit_json_literal(j, "]");
    }

    if (id->aal) {
        audit_json_literal(j, ",\"aal\":");
        audit_json_number(j, id->aal);
    }

    if (id->auth_time > 0) {
        audit_json_literal(j, ",\"auth_time\":");
        audit_json_time(j, &clock, (uint64_t) id->auth_time * 1000000);
    }

    audit_json_literal(j, "}");
}


/* a comma separated text as the items of an array */

static void
audit_record_list(audit_json_t *j, postern_str_t s)
{
    size_t                n;
    postern_str_t         item;
    const unsigned char  *p;

    for (n = 0; n < AUDIT_MAX_ROLES; n++) {

        p = memchr(s.data, ',', s.len);

        item.data = s.data;
        item.len = p ? (size_t) (p - s.data) : s.len;

        if (n) {
            audit_json_literal(j, ",");
        }

        audit_json_text(j, item, AUDIT_MAX_WORD);

        if (p == NULL) {
            break;
        }

        s.len -= item.len + 1;
        s.data = p + 1;
    }
}


static void
audit_record_decisions(audit_json_t *j, const audit_request_t *r)
{
    size_t                   i, n;
    const audit_decision_t  *d;

    if (r->ndecisions == 0) {
        return;
    }

    audit_json_literal(j, ",\"decisions\":{");

    n = r->ndecisions < AUDIT_MAX_DECISIONS ? r->ndecisions
                                            : AUDIT_MAX_DECISIONS;

    for (i = 0; i < n; i++) {
        d = &r->decisions[i];

        audit_json_raw(j, ",\"", i ? 2 : 0);

        if (i == 0) {
            audit_json_literal(j, "\"");
        }

        audit_json_raw(j, d->feature, strlen(d->feature));
        audit_json_literal(j, "\":{\"verdict\":");
        audit_json_text(j, d->verdict, AUDIT_MAX_WORD);

        if (d->code.len) {
            audit_record_text(j, "code", d->code, AUDIT_MAX_WORD);
        }

        if (d->detail.len) {
            audit_record_text(j, "detail", d->detail, AUDIT_MAX_DETAIL);
        }

        audit_json_literal(j, "}");
    }

    audit_json_literal(j, "}");
}


static void
audit_record_upstream(audit_json_t *j, const audit_request_t *r)
{
    if (r->upstream_tries == 0) {
        return;
    }

    audit_json_literal(j, ",\"upstream\":{\"addr\":");
    audit_json_text(j, r->upstream, AUDIT_MAX_NAME);

    if (r->upstream_status) {
        audit_json_literal(j, ",\"status\":");
        audit_json_number(j, r->upstream_status);
    }

    audit_json_literal(j, ",\"tries\":");
    audit_json_number(j, r->upstream_tries);
    audit_json_literal(j, "}");
}


static void
audit_record_member(audit_json_t *j, const char *name, size_t n,
    postern_str_t value, size_t max)
{
    if (value.data == NULL) {
        return;
    }

    audit_json_raw(j, name, n);
    audit_json_text(j, value, max);
}


postern_str_t
audit_record_target(postern_str_t line)
{
    size_t         from, to;
    postern_str_t  target = postern_null_string;

    for (from = 0; from < line.len && line.data[from] != ' '; from++) {
        /* void */
    }

    while (from < line.len && line.data[from] == ' ') {
        from++;
    }

    to = line.len;

    while (to > from && line.data[to - 1] == ' ') {
        to--;
    }

    /* the protocol: nginx let the line pass, so there is no other space */

    while (to > from && line.data[to - 1] != ' ') {
        to--;
    }

    if (to == from || line.len - to < 5
        || memcmp(line.data + to, "HTTP/", 5) != 0)
    {
        to = line.len;

        while (to > from && line.data[to - 1] == ' ') {
            to--;
        }

    } else {
        /* what is at from is no space, and stands before to */

        while (line.data[to - 1] == ' ') {
            to--;
        }
    }

    if (to > from) {
        target.data = line.data + from;
        target.len = to - from;
    }

    return target;
}


size_t
audit_record_gap(unsigned char *out, uint64_t now, uint64_t dropped,
    uint64_t lost, uint64_t from, uint64_t to)
{
    audit_json_t   j;
    audit_clock_t  clock;

    j.pos = out;
    j.end = out + AUDIT_EVENT_MAX;
    j.full = 0;
    clock.text[0] = 0;

    audit_json_literal(&j, "{\"v\":1,\"event\":\"gap\",\"time\":");
    audit_json_time(&j, &clock, now);
    audit_json_literal(&j, ",\"dropped\":");
    audit_json_number(&j, dropped);
    audit_json_literal(&j, ",\"lost\":");
    audit_json_number(&j, lost);
    audit_json_literal(&j, ",\"from\":");
    audit_json_time(&j, &clock, from);
    audit_json_literal(&j, ",\"to\":");
    audit_json_time(&j, &clock, to);
    audit_json_literal(&j, "}\n");

    return j.pos - out;
}


size_t
audit_record_event(unsigned char *out, const char *name, uint64_t now,
    const char *version, unsigned pid)
{
    audit_json_t   j;
    audit_clock_t  clock;

    j.pos = out;
    j.end = out + AUDIT_EVENT_MAX;
    j.full = 0;
    clock.text[0] = 0;

    audit_json_literal(&j, "{\"v\":1,\"event\":\"");
    audit_json_raw(&j, name, strlen(name));
    audit_json_literal(&j, "\",\"time\":");
    audit_json_time(&j, &clock, now);
    audit_json_literal(&j, ",\"version\":\"");
    audit_json_raw(&j, version, strlen(version));
    audit_json_literal(&j, "\",\"pid\":");
    audit_json_number(&j, pid);
    audit_json_literal(&j, "}\n");

    return j.pos - out;
}
