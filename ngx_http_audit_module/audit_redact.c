
#include "audit_redact.h"


/*
 * A text, decoded: c[i] is what stands in the input from start[i] up to
 * start[i + 1], behind level[i] layers of percent-encoding.
 */

typedef struct {
    size_t          n;
    unsigned char   c[AUDIT_REDACT_TEXT];
    unsigned char   level[AUDIT_REDACT_TEXT];
    uint16_t        start[AUDIT_REDACT_TEXT + 1];
} audit_redact_view_t;


/* what a walk over a view has come to */

typedef struct {
    const audit_redact_t       *names;
    const audit_redact_view_t  *v;
    size_t                      i;        /* next to look at */
    size_t                      name;     /* where a name may begin */
    unsigned                    query;    /* a "?" was passed */
    unsigned                    cut;      /* the text went on */
} audit_redact_walk_t;


/* folded: lower case, no "-", "_", "." */

static const char *const  audit_redact_builtin[] = {
    "accesskey", "accesstoken", "apikey", "apisecret", "apitoken", "assertion",
    "auth", "authcode", "authorization", "authtoken", "bearer",
    "clientassertion", "clientsecret", "code", "codeverifier", "cookie",
    "credential", "credentials", "csrf", "devicecode", "hmac", "idtoken",
    "jsessionid", "jwt", "key", "logintoken", "mac", "magic", "nonce", "otp",
    "pass", "passcode", "passphrase", "passwd", "password", "phpsessid", "pin",
    "privatekey", "pwd", "recoverycode", "refreshtoken", "samlart",
    "samlrequest", "samlresponse", "secret", "secretkey", "session",
    "sessionid", "sessionkey", "sharedsecret", "sid", "sig", "sign",
    "signature", "signingkey", "state", "ticket", "token", "totp", "usercode",
    "xamzsecuritytoken", "xamzsignature", "xgoogsignature"
};


/* a name that ends so is a credential whatever stands before */

static const postern_str_t  audit_redact_suffixes[] = {
    postern_string("token"),
    postern_string("secret"),
    postern_string("password"),
    postern_string("passwd"),
    postern_string("apikey"),
    postern_string("signature")
};


static size_t audit_redact_fold(const unsigned char *p, size_t n,
    unsigned char out[AUDIT_REDACT_NAME]);
static unsigned audit_redact_hash(const unsigned char *p, size_t n);
static int audit_redact_known(const audit_redact_t *r, const unsigned char *p,
    size_t n);
static int audit_redact_secret(const audit_redact_t *r,
    const unsigned char *p, size_t n);
static int audit_redact_quiet(postern_str_t s);
static void audit_redact_view(audit_redact_view_t *v, postern_str_t s);
static int audit_redact_decode(audit_redact_view_t *v, unsigned level);
static int audit_redact_next(audit_redact_walk_t *w, size_t *from,
    size_t *to);
static int audit_redact_userinfo(audit_redact_walk_t *w, size_t from,
    size_t *to);
static size_t audit_redact_value(audit_redact_walk_t *w, size_t from);
static int audit_redact_blank(unsigned char c);
static int audit_redact_hex(unsigned char c);


void
audit_redact_init(audit_redact_t *r)
{
    size_t         i;
    postern_str_t  name;

    memset(r, 0, sizeof(audit_redact_t));

    for (i = 0;
         i < sizeof(audit_redact_builtin) / sizeof(audit_redact_builtin[0]);
         i++)
    {
        name.data = (const unsigned char *) audit_redact_builtin[i];
        name.len = strlen(audit_redact_builtin[i]);

        (void) audit_redact_add(r, name);
    }
}


int
audit_redact_add(audit_redact_t *r, postern_str_t name)
{
    size_t                n;
    unsigned              i;
    unsigned char         folded[AUDIT_REDACT_NAME];
    audit_redact_name_t  *slot;

    n = audit_redact_fold(name.data, name.len, folded);

    if (n == 0) {
        return AUDIT_REDACT_EMPTY;
    }

    if (n > AUDIT_REDACT_NAME) {
        return AUDIT_REDACT_LONG;
    }

    if (audit_redact_known(r, folded, n)) {
        return AUDIT_REDACT_OK;
    }

    if (r->nnames == AUDIT_REDACT_NAMES) {
        return AUDIT_REDACT_MANY;
    }

    i = audit_redact_hash(folded, n);

    while (r->slots[i].len) {
        i = (i + 1) & (AUDIT_REDACT_SLOTS - 1);
    }

    slot = &r->slots[i];
    slot->len = (unsigned char) n;
    memcpy(slot->name, folded, n);
    r->nnames++;

    return AUDIT_REDACT_OK;
}


void
audit_redact_text(const audit_redact_t *r, audit_json_t *j, postern_str_t s,
    size_t max)
{
    size_t                pos, from, to, n;
    unsigned char        *limit;
    postern_str_t         head, part;
    audit_redact_view_t   v;
    audit_redact_walk_t   w;

    if (s.len <= AUDIT_REDACT_TEXT && audit_redact_quiet(s)) {
        audit_json_text(j, s, max);
        return;
    }

    audit_json_literal(j, "\"");

    if ((size_t) (j->end - j->pos) < max + 1) {
        j->full = 1;
        return;
    }

    limit = j->pos + max - 2 * AUDIT_JSON_MARK;

    head = s;

    if (head.len > AUDIT_REDACT_TEXT) {
        head.len = AUDIT_REDACT_TEXT;
    }

    audit_redact_view(&v, head);

    memset(&w, 0, sizeof(audit_redact_walk_t));
    w.names = r;
    w.v = &v;
    w.cut = head.len < s.len;

    pos = 0;

    while (j->pos < limit && audit_redact_next(&w, &from, &to)) {

        part.data = s.data + pos;
        part.len = from - pos;

        n = audit_json_escape(j, limit, part);
        pos += n;

        if (n < part.len) {
            goto done;
        }

        audit_json_literal(j, "[redacted]");
        pos = to;
    }

    if (j->pos < limit) {
        part.data = s.data + pos;
        part.len = head.len - pos;
        pos += audit_json_escape(j, limit, part);
    }

done:

    audit_json_mark(j, s.len - pos);
    audit_json_literal(j, "\"");
}


/* nothing in it could be a parameter or userinfo, in any encoding */

static int
audit_redact_quiet(postern_str_t s)
{
    return s.len == 0
           || (memchr(s.data, '=', s.len) == NULL
               && memchr(s.data, '%', s.len) == NULL
               && memchr(s.data, '@', s.len) == NULL);
}


static void
audit_redact_view(audit_redact_view_t *v, postern_str_t s)
{
    size_t    i;
    unsigned  level;

    v->n = s.len;

    memcpy(v->c, s.data, s.len);
    memset(v->level, 0, s.len);

    for (i = 0; i <= s.len; i++) {
        v->start[i] = (uint16_t) i;
    }

    for (level = 1; level <= AUDIT_REDACT_DEPTH; level++) {

        if (memchr(v->c, '%', v->n) == NULL || !audit_redact_decode(v, level))
        {
            break;
        }
    }
}


/* takes one layer of percent-encoding off; 0 where there was none */

static int
audit_redact_decode(audit_redact_view_t *v, unsigned level)
{
    int     hi, lo;
    size_t  in, out;

    out = 0;

    for (in = 0; in < v->n; in++, out++) {

        v->c[out] = v->c[in];
        v->level[out] = v->level[in];
        v->start[out] = v->start[in];

        if (v->c[in] != '%' || v->n - in < 3) {
            continue;
        }

        hi = audit_redact_hex(v->c[in + 1]);
        lo = audit_redact_hex(v->c[in + 2]);

        if (hi < 0 || lo < 0) {
            continue;
        }

        v->c[out] = (unsigned char) (hi << 4 | lo);
        v->level[out] = (unsigned char) level;
        in += 2;
    }

    v->start[out] = v->start[v->n];

    if (out == v->n) {
        return 0;
    }

    v->n = out;

    return 1;
}


/*
 * The next part to hide, as offsets into the input.  A name begins behind
 * whatever could separate it from what comes before: for names it is better to
 * see too many than too few.
 */

static int
audit_redact_next(audit_redact_walk_t *w, size_t *from, size_t *to)
{
    size_t                      i, end;
    const unsigned char        *c;
    const audit_redact_view_t  *v;

    v = w->v;
    c = v->c;

    if (w->i == 0 && c[0] != '/' && audit_redact_userinfo(w, 0, &end)) {
        *from = 0;
        *to = v->start[end];
        w->i = w->name = end;
        return 1;
    }

    for (i = w->i; i < v->n; i++) {

        switch (c[i]) {

        case '=':
            if (audit_redact_secret(w->names, c + w->name, i - w->name)) {
                end = audit_redact_value(w, i);
                *from = v->start[i + 1];
                *to = v->start[end];
                w->i = w->name = end;
                return 1;
            }

            w->name = i + 1;
            break;

        case '/':
            w->name = i + 1;

            if (i > 0 && c[i - 1] == '/'
                && audit_redact_userinfo(w, i + 1, &end))
            {
                *from = v->start[i + 1];
                *to = v->start[end];
                w->i = w->name = end;
                return 1;
            }

            break;

        case '?':
            w->query = 1;
            w->name = i + 1;
            break;

        case '&': case ';': case '#': case ',': case '"': case '\'':
        case '(': case '{':
            w->name = i + 1;
            break;

        default:
            if (i > w->name && audit_redact_blank(c[i - 1])
                && !audit_redact_blank(c[i]))
            {
                w->name = i;
            }
        }
    }

    w->i = i;

    return 0;
}


/*
 * Is there an "@" before the authority that begins here ends?  *to is where it
 * stands.  Where the text is cut off inside of the authority, an "@" may have
 * followed: all of it counts.
 */

static int
audit_redact_userinfo(audit_redact_walk_t *w, size_t from, size_t *to)
{
    int                         found;
    size_t                      i;
    const audit_redact_view_t  *v;

    v = w->v;
    found = 0;

    for (i = from; i < v->n; i++) {

        if (v->c[i] == '/' || v->c[i] == '?' || v->c[i] == '#'
            || v->c[i] <= ' ')
        {
            return found;
        }

        if (v->c[i] == '@') {
            found = 1;
            *to = i;
        }
    }

    if (w->cut) {
        *to = v->n;
        return i > from;
    }

    return found;
}


/*
 * Where the value behind the "=" at eq ends: at the next "&" that is not
 * deeper encoded than the "=" (what is deeper is part of the value), in a path
 * at the "?" too.  ";" and "#" do not end it: a secret may hold them.
 */

static size_t
audit_redact_value(audit_redact_walk_t *w, size_t eq)
{
    size_t                      i;
    const audit_redact_view_t  *v;

    v = w->v;

    for (i = eq + 1; i < v->n; i++) {

        if (v->level[i] > v->level[eq]) {
            continue;
        }

        if (v->c[i] == '&' || (v->c[i] == '?' && !w->query)) {
            break;
        }
    }

    return i;
}


/* the whole name, and each part of a[b][c] */

static int
audit_redact_secret(const audit_redact_t *r, const unsigned char *p, size_t n)
{
    size_t         i, from, len;
    unsigned char  folded[AUDIT_REDACT_NAME];

    from = 0;

    for (i = 0; i <= n; i++) {

        if (i < n && p[i] != '[' && p[i] != ']' && p[i] != '.') {
            continue;
        }

        len = audit_redact_fold(p + from, i - from, folded);

        if (len && audit_redact_known(r, folded, len)) {
            return 1;
        }

        from = i + 1;
    }

    len = audit_redact_fold(p, n, folded);

    return len && audit_redact_known(r, folded, len);
}


/* len may exceed AUDIT_REDACT_NAME: then the last bytes are in the folded
   form, which is what the suffixes are looked for in */

static int
audit_redact_known(const audit_redact_t *r, const unsigned char *p, size_t n)
{
    size_t                k;
    unsigned              i;
    const postern_str_t  *suffix;

    if (n > AUDIT_REDACT_NAME) {
        n = AUDIT_REDACT_NAME;

    } else {
        for (i = audit_redact_hash(p, n);
             r->slots[i].len;
             i = (i + 1) & (AUDIT_REDACT_SLOTS - 1))
        {
            if (r->slots[i].len == n && memcmp(r->slots[i].name, p, n) == 0) {
                return 1;
            }
        }
    }

    for (k = 0;
         k < sizeof(audit_redact_suffixes) / sizeof(audit_redact_suffixes[0]);
         k++)
    {
        suffix = &audit_redact_suffixes[k];

        if (n > suffix->len
            && memcmp(p + n - suffix->len, suffix->data, suffix->len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


/* returns the folded length, which may exceed what out holds: of a longer name
   out keeps the last bytes, written round and put straight when all is read */

static size_t
audit_redact_fold(const unsigned char *p, size_t n,
    unsigned char out[AUDIT_REDACT_NAME])
{
    size_t         i, len, begin;
    unsigned char  c, round[AUDIT_REDACT_NAME];

    len = 0;

    for (i = 0; i < n; i++) {

        c = p[i];

        if (c == '-' || c == '_' || c == '.' || c == '[' || c == ']'
            || audit_redact_blank(c))
        {
            continue;
        }

        if (c >= 'A' && c <= 'Z') {
            c |= 0x20;
        }

        out[len++ % AUDIT_REDACT_NAME] = c;
    }

    if (len > AUDIT_REDACT_NAME) {
        begin = len % AUDIT_REDACT_NAME;

        memcpy(round, out, AUDIT_REDACT_NAME);
        memcpy(out, round + begin, AUDIT_REDACT_NAME - begin);
        memcpy(out + AUDIT_REDACT_NAME - begin, round, begin);
    }

    return len;
}


static unsigned
audit_redact_hash(const unsigned char *p, size_t n)
{
    size_t    i;
    uint32_t  h;

    h = 2166136261u;

    for (i = 0; i < n; i++) {
        h = (h ^ p[i]) * 16777619u;
    }

    return (h ^ h >> 16) & (AUDIT_REDACT_SLOTS - 1);
}


/* what applications take for white space, or drop, around a name */

static int
audit_redact_blank(unsigned char c)
{
    return c <= ' ' || c == '+' || c == 0x7f;
}


static int
audit_redact_hex(unsigned char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }

    c |= 0x20;

    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }

    return -1;
}
