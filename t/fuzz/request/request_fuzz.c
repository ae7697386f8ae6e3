
/*
 * Any bytes as what a client sends to nginx with all five modules.  The first
 * byte says how:
 *
 *     0x03   0: HTTP/1.1 as it stands; 1: a request written as "METHOD target",
 *            lines of fields, an empty line, a body; 2: the same over HTTP/2;
 *            3: HTTP/2 frames as they stand, behind the preface
 *     0x04   (1, 2) the request is signed, rightly; 0x08 by SigV4, 0x10 with an
 *            Ed25519 key
 *     0x20   in pieces of a few bytes
 *     0x40   the client is gone when it has sent it
 *     0x80   the client never goes: nginx has to end it
 *
 * Behind a NUL further bytes follow on the same connection (1, 2).  @SESSION@,
 * @LOW@, @FORM@, @CSRF@ and @CODE@ stand for what a browser of somebody who has
 * signed in would send there.
 *
 * Whatever it is: no guarded place is reached by a request that was not signed
 * here, no more than once by one that was, nor without a session; nothing that
 * a client does is an alert in nginx's log; and every connection ends, with all
 * that belongs to it.
 */


#include "fuzz_nginx.h"
#include "ngx_http_fuzz_module.h"

#include <dirent.h>

#include "cli_sign.h"
#include "fuzz.h"
#include "fuzz_wire.h"
#include "mfa_otp.h"


#define MAX_INPUT_LEN  8192
#define MAX_TURNS      30000
#define MAX_ACCOUNTS   8
#define MACRO_LEN      256

#define WIRE           0x03
#define WIRE_RAW       0
#define WIRE_TEXT      1
#define WIRE_H2        2
#define WIRE_FRAMES    3
#define SIGNED         0x04
#define SIGNED_SIGV4   0x08
#define SIGNED_ED25519 0x10
#define IN_PIECES      0x20
#define GOES_AT_ONCE   0x40
#define STAYS          0x80


int LLVMFuzzerInitialize(int *argc, char ***argv);


typedef struct {
    char            name[256];
    unsigned char   data[65536];
    size_t          len;
} account_t;


typedef struct {
    const char     *name;
    char            value[MACRO_LEN];
    int             used;              /* by this input */
} macro_t;


enum { SESSION = 0, LOW, FORM, CSRF, CODE, MACROS };

static macro_t  macros[MACROS] = {
    { "@SESSION@", "", 0 },
    { "@LOW@", "", 0 },
    { "@FORM@", "", 0 },
    { "@CSRF@", "", 0 },
    { "@CODE@", "", 0 }
};


static const postern_str_t  secret = postern_string(
                                         "a secret of thirty-two bytes ..");
static const postern_str_t  otp_secret = postern_string(
                                         "alice.an.example.of.");
static const unsigned char  ed25519[32] = "an example of a private key ...";

static char                 folder[64];
static ngx_uint_t           base;             /* connections of nginx itself */
static EVP_PKEY            *pkey;
static cli_sign_t           sign;
static int                  is_signed;
static unsigned             reached, let_in;
static fuzz_client_t        client;
static fuzz_out_t           out;
static account_t            accounts[MAX_ACCOUNTS];
static unsigned             naccounts;
static struct timespec      accounts_time;


/* files */

static char *
path_of(const char *name)
{
    static char  path[4][256];
    static int   n;

    n = (n + 1) % 4;
    snprintf(path[n], sizeof(path[n]), "%s/%s", folder, name);

    return path[n];
}


static void
store(const char *name, const void *data, size_t len)
{
    int  fd;

    fd = open(path_of(name), O_WRONLY|O_CREAT|O_TRUNC, 0600);
    HELD(fd != -1);
    HELD(write(fd, data, len) == (ssize_t) len);
    close(fd);
}


static void
copy_file(const char *name)
{
    int     fd;
    char    path[512], data[65536];
    ssize_t  n;

    snprintf(path, sizeof(path), "%s/%s", FUZZ_FILES, name);
    fd = open(path, O_RDONLY);
    HELD(fd != -1);
    n = read(fd, data, sizeof(data));
    HELD(n > 0);
    close(fd);

    store(name, data, (size_t) n);
}


static void
remove_folder(void)
{
    char  command[128];

    snprintf(command, sizeof(command), "rm -rf '%s'", folder);
    (void) !system(command);
}


/* what people change of their accounts lies in files: kept, and put back where
   the folder was touched */

static int
accounts_touched(void)
{
    struct stat  st;

    if (stat(path_of("accounts/acme"), &st) != 0) {
        return naccounts != 0;
    }

    return st.st_mtim.tv_sec != accounts_time.tv_sec
           || st.st_mtim.tv_nsec != accounts_time.tv_nsec;
}


static void
accounts_note(void)
{
    struct stat  st;

    if (stat(path_of("accounts/acme"), &st) == 0) {
        accounts_time = st.st_mtim;
    }
}


static void
accounts_keep(void)
{
    DIR            *dir;
    FILE           *f;
    char            name[300];
    account_t      *a;
    struct dirent  *entry;

    dir = opendir(path_of("accounts/acme"));

    while (dir && (entry = readdir(dir)) != NULL) {

        if (entry->d_name[0] == '.') {
            continue;
        }

        HELD(naccounts < MAX_ACCOUNTS);
        a = &accounts[naccounts++];
        snprintf(a->name, sizeof(a->name), "%.250s", entry->d_name);
        snprintf(name, sizeof(name), "accounts/acme/%.250s", entry->d_name);

        f = fopen(path_of(name), "r");
        HELD(f != NULL);
        a->len = fread(a->data, 1, sizeof(a->data), f);
        fclose(f);
    }

    if (dir) {
        closedir(dir);
    }

    accounts_note();
}


static void
accounts_restore(void)
{
    DIR            *dir;
    char            name[300];
    unsigned        i;
    struct dirent  *entry;

    if (!accounts_touched()) {
        return;
    }

    dir = opendir(path_of("accounts/acme"));

    while (dir && (entry = readdir(dir)) != NULL) {
        snprintf(name, sizeof(name), "accounts/acme/%.250s", entry->d_name);
        (void) unlink(path_of(name));
    }

    if (dir) {
        closedir(dir);
    }

    for (i = 0; i < naccounts; i++) {
        snprintf(name, sizeof(name), "accounts/acme/%.250s", accounts[i].name);
        store(name, accounts[i].data, accounts[i].len);
    }

    accounts_note();
}


/* the properties */

static void
on_reached(ngx_http_request_t *r, const ngx_str_t *name)
{
    int            of_session, of_signature;
    postern_str_t  line, wanted;

    reached++;

    /* what came in, whatever it was rewritten to meanwhile */

    line.data = r->main->request_line.data;
    line.len = r->main->request_line.len;

    wanted = cli_format(&sign.request, "%s %s HTTP/",
                        (const char *) sign.request.req.method.data,
                        (const char *) sign.request.req.target.data);

    of_signature = is_signed && line.len >= wanted.len
                   && memcmp(line.data, wanted.data, wanted.len) == 0;
    of_session = macros[SESSION].used;

    switch (name->data[0]) {

    case 's':
        HELD(of_signature);
        HELD(++let_in == 1);
        break;

    case 'p':
        HELD(of_session);
        break;

    case 'l':
        HELD(of_session || macros[LOW].used);
        break;

    case 'e':
        HELD(of_session || of_signature);
        break;

    case 'c':
        HELD(of_signature && macros[CODE].used);
        HELD(++let_in == 1);
        break;

    case 'n':
        HELD(!"nobody may come here");
        break;
    }
}


/* what Postern says of a client is one plain line, as far as it says it itself:
   behind ", client:" nginx repeats what was sent */

static void
on_log(ngx_uint_t level, const u_char *text, size_t len)
{
    size_t         i, n;
    const u_char  *p, *end;

    static const char *const  ours[] = { "sign", "mfa", "rbac", "postern",
                                         "audit" };

    if (level <= NGX_LOG_CRIT) {
        fprintf(stderr, "%.*s", (int) len, (const char *) text);
        HELD(!"nothing that a client does is an alert");
    }

    /* "2026/11/21 22:26:40 [info] 1#1: *2 rbac ..." */

    p = memmem(text, len, ": *", 3);
    p = p ? memchr(p + 3, ' ', (size_t) (text + len - p) - 3) : NULL;

    if (p == NULL) {
        return;
    }

    p++;
    n = (size_t) (text + len - p);
    end = memmem(p, n, ", client: ", 10);
    n = end ? (size_t) (end - p) : n - 1;

    for (i = 0; i < 5; i++) {
        if (n > strlen(ours[i]) && memcmp(p, ours[i], strlen(ours[i])) == 0) {
            break;
        }
    }

    for ( /* void */ ; i < 5 && n > 0; n--, p++) {
        HELD(*p >= 0x20 && *p != 0x7f);
    }
}


/* a connection, from its begin to its end */

static void
talk(unsigned flags)
{
    int       did, idle, jump;
    unsigned  turn;

    HELD(fuzz_client_open(&client, path_of((flags & WIRE) >= WIRE_H2
                                           ? "h2.sock" : "http.sock"))
         == 0);

    client.piece = flags & IN_PIECES ? 1 + out.len % 7 : sizeof(out.data);
    jump = 0;

    for (turn = 0; turn < MAX_TURNS; turn++) {

        did = fuzz_client_step(&client, &out);

        if ((flags & GOES_AT_ONCE) && client.sent == out.len) {
            fuzz_client_close(&client);
            client.closed = 1;
            flags &= ~(unsigned) GOES_AT_ONCE;
            did = 1;
        }

        idle = fuzz_nginx_turn(jump);

        if (client.closed && fuzz_nginx_connections() == base) {
            break;
        }

        if (did || !idle) {
            continue;
        }

        /* nothing happens any more: who is to end it? */

        if (client.shut || client.closed || (flags & STAYS)) {
            jump = 1;

        } else {
            fuzz_client_shut(&client);
        }
    }

    fuzz_client_close(&client);
    HELD(turn < MAX_TURNS);

    /* what is left to do without a client: posted events, the log */

    HELD(fuzz_nginx_connections() == base);
}


/* a request, in the words of the program that signs */

static const char *
string(postern_str_t s)
{
    return (const char *) cli_format(&sign.request, "%.*s", (int) s.len,
                                     (const char *) s.data).data;
}


static int
request_of(postern_str_t *text, unsigned flags)
{
    postern_str_t   line, name, body;
    cli_request_t  *r = &sign.request;

    sign.scheme = flags & SIGNED_SIGV4 ? SIGN_SIGV4 : SIGN_RFC9421;
    sign.key_id = flags & SIGNED_ED25519 ? "robot-7" : "AK1";
    sign.signer.alg = flags & SIGNED_ED25519 ? POSTERN_ALG_ED25519
                                             : POSTERN_ALG_HMAC_SHA256;
    sign.signer.secret = secret;
    sign.signer.pkey = pkey;
    sign.region = "local";
    sign.service = "app";
    sign.label = "sig1";
    sign.nonce = "n";
    sign.created = FUZZ_TIME;

    body = *text;
    line = fuzz_cut(&body, '\0');
    *text = body;                        /* what follows on the connection */
    body = line;

    line = fuzz_cut(&body, '\n');
    name = fuzz_cut(&line, ' ');
    r->req.method = cli_str(string(name));
    r->req.target = cli_str(string(line));
    r->req.scheme = cli_str("http");

    if (cli_request_add(r, "Host", cli_str("app.example")) != 0) {
        return 0;
    }

    for (line = fuzz_cut(&body, '\n'); line.len; line = fuzz_cut(&body, '\n')) {
        name = fuzz_cut(&line, ':');

        if (cli_request_add(r, string(name), line) != 0) {
            return 0;
        }
    }

    r->body = sign.body = body;
    r->body_known = 1;
    r->req.has_body = sign.has_body = body.len != 0;

    if (!(flags & SIGNED)) {
        return 1;
    }

    if (body.len && cli_request_get(r, "content-type").data == NULL
        && cli_request_add(r, "Content-Type", cli_str("text/plain")) != 0)
    {
        return 0;
    }

    is_signed = r->req.method.len && r->req.target.len
                && cli_sign_make(&sign) == 0;

    return is_signed;
}


static void
write_text(void)
{
    size_t                i;
    const cli_request_t  *r = &sign.request;

    fuzz_print(&out, "%s %s HTTP/1.1\r\n", (const char *) r->req.method.data,
               (const char *) r->req.target.data);

    for (i = 0; i < r->req.nfields; i++) {
        fuzz_print(&out, "%s: ", r->names[i]);
        fuzz_put(&out, r->fields[i].value.data, r->fields[i].value.len);
        fuzz_put(&out, "\r\n", 2);
    }

    if (sign.has_body && !cli_request_get(r, "content-length").data
        && !cli_request_get(r, "transfer-encoding").data)
    {
        fuzz_print(&out, "Content-Length: %zu\r\n", sign.body.len);
    }

    fuzz_put(&out, "\r\n", 2);
    fuzz_put(&out, sign.body.data, sign.body.len);
}


static void
h2_pseudo(const char *name, postern_str_t value)
{
    fuzz_h2_field(&out, name, strlen(name), (const char *) value.data,
                  value.len);
}


static void
write_h2(void)
{
    size_t                i, from;
    const cli_request_t  *r = &sign.request;

    fuzz_h2_preface(&out);
    from = out.len;

    h2_pseudo(":method", r->req.method);
    h2_pseudo(":scheme", cli_str("http"));
    h2_pseudo(":authority", r->req.authority);
    h2_pseudo(":path", r->req.target);

    for (i = 0; i < r->req.nfields; i++) {
        if (!postern_str_is(r->fields[i].name, "host")) {
            fuzz_h2_field(&out, (const char *) r->fields[i].name.data,
                          r->fields[i].name.len,
                          (const char *) r->fields[i].value.data,
                          r->fields[i].value.len);
        }
    }

    /* END_HEADERS, END_STREAM */

    fuzz_h2_frame(&out, from, FUZZ_H2_HEADERS, sign.has_body ? 4 : 5, 1);

    if (sign.has_body) {
        from = out.len;
        fuzz_put(&out, sign.body.data, sign.body.len);
        fuzz_h2_frame(&out, from, FUZZ_H2_DATA, 1, 1);
    }
}


/* the input with its macros replaced; freed by the caller */

static postern_str_t
expand(const uint8_t *data, size_t size)
{
    size_t          i, n, len;
    unsigned        m;
    postern_str_t   s;
    unsigned char  *p;

    p = malloc(size * MACRO_LEN / 4 + MACRO_LEN + 1);
    HELD(p != NULL);

    for (i = 0, n = 0; i < size; /* void */ ) {

        for (m = 0; data[i] == '@' && m < MACROS; m++) {
            len = strlen(macros[m].name);

            if (size - i >= len && memcmp(data + i, macros[m].name, len) == 0) {
                break;
            }
        }

        if (data[i] != '@' || m == MACROS) {
            p[n++] = data[i++];
            continue;
        }

        macros[m].used = 1;
        i += len;
        len = strlen(macros[m].value);
        memcpy(p + n, macros[m].value, len);
        n += len;
    }

    s.data = p;
    s.len = n;

    return s;
}


static int
prepare(postern_str_t text, unsigned flags)
{
    int           rc;
    FILE         *saved;
    unsigned      wire = flags & WIRE;

    static FILE  *null;

    out.len = 0;

    if (wire == WIRE_RAW) {
        fuzz_put(&out, text.data, text.len);
        return 1;
    }

    if (wire == WIRE_FRAMES) {
        fuzz_h2_preface(&out);
        fuzz_put(&out, text.data, text.len);
        return 1;
    }

    /* what cannot be signed is told on standard error */

    if (null == NULL) {
        null = fopen("/dev/null", "w");
        HELD(null != NULL);
    }

    saved = stderr;
    stderr = null;
    rc = request_of(&text, flags);
    stderr = saved;

    if (!rc) {
        return 0;
    }

    if (wire == WIRE_TEXT) {
        write_text();

    } else {
        write_h2();
    }

    fuzz_put(&out, text.data, text.len);

    return out.len < FUZZ_OUT;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned        i, flags;
    postern_str_t   text;

    if (size < 2 || size > MAX_INPUT_LEN) {
        return 0;
    }

    fuzz_nginx_begin();
    accounts_restore();

    for (i = 0; i < MACROS; i++) {
        macros[i].used = 0;
    }

    is_signed = 0;
    reached = let_in = 0;

    memset(&sign, 0, sizeof(sign));
    cli_request_init(&sign.request);

    flags = data[0];
    text = expand(data + 1, size - 1);

    if (prepare(text, flags)) {
        talk(flags);
    }

    free((void *) text.data);
    cli_request_free(&sign.request);

    return 0;
}


/* a browser that signs in, so that there is somebody to be mistaken for */

static void
after(const char *mark, char end, char *value)
{
    char    *p;
    size_t   n;

    client.in[client.nin < FUZZ_IN ? client.nin : FUZZ_IN - 1] = '\0';
    p = strstr((char *) client.in, mark);

    if (p == NULL || strchr(p + strlen(mark), end) == NULL) {
        fprintf(stderr, "no %s in the answer to:\n%.*s\n%s\n", mark,
                (int) out.len, (char *) out.data, (char *) client.in);
        exit(1);
    }

    p += strlen(mark);
    n = (size_t) (strchr(p, end) - p);
    HELD(n < MACRO_LEN);
    memcpy(value, p, n);
    value[n] = '\0';
}


static void
ask(const char *method, const char *page, const char *cookie, const char *body)
{
    out.len = 0;

    fuzz_print(&out, "%s /.postern/%s HTTP/1.1\r\nHost: app.example\r\n"
               "Accept: text/html\r\nConnection: close\r\n"
               "Cookie: __Host-postern-form=%s; __Host-postern=%s\r\n"
               "Content-Type: application/x-www-form-urlencoded\r\n"
               "Content-Length: %zu\r\n\r\n%s", method, page,
               macros[FORM].value, cookie, strlen(body), body);

    talk(0);
}


static void
sign_in(const char *user, char *session)
{
    char  body[2048];

    ask("GET", "sign-in", session, "");
    after("name=\"csrf\" value=\"", '"', macros[CSRF].value);

    if (strstr((char *) client.in, "__Host-postern-form=")) {
        after("__Host-postern-form=", ';', macros[FORM].value);
    }

    snprintf(body, sizeof(body), "csrf=%s&user=%s&password="
             "correct+horse+battery", macros[CSRF].value, user);
    ask("POST", "sign-in", session, body);
    after("__Host-postern=", ';', session);
}


static void
second_factor(char *session)
{
    char        body[2048];
    mfa_otp_t   otp = { POSTERN_OTP_SHA1, 6, 30 };

    mfa_otp_code(&otp, otp_secret, FUZZ_TIME / 30, macros[CODE].value);

    ask("GET", "code", session, "");
    after("name=\"csrf\" value=\"", '"', macros[CSRF].value);

    snprintf(body, sizeof(body), "csrf=%s&code=%s", macros[CSRF].value,
             macros[CODE].value);
    ask("POST", "code", session, body);
    after("__Host-postern=", ';', session);

    /* one for the next input to use */

    mfa_otp_code(&otp, otp_secret, FUZZ_TIME / 30 + 1, macros[CODE].value);
}


/* the way through, so that a harness that reaches nothing is noticed */

static void
must_reach(const char *input, unsigned flags, unsigned times)
{
    char    data[512];
    size_t  len;

    len = strlen(input);
    data[0] = (char) flags;
    memcpy(data + 1, input, len);

    (void) LLVMFuzzerTestOneInput((unsigned char *) data, len + 1);

    if (reached != times) {
        client.in[client.nin] = '\0';
        fprintf(stderr, "%u and not %u requests came through:\n%s\n%s\n",
                reached, times, input, (char *) client.in);
        exit(1);
    }
}


static void
ways_through(void)
{
    unsigned  wire;

    for (wire = WIRE_TEXT; wire <= WIRE_H2; wire++) {
        must_reach("GET /signed/a", wire, 0);
        must_reach("GET /signed/a", wire|SIGNED, 1);
        must_reach("GET /signed/a", wire|SIGNED|SIGNED_SIGV4, 1);
        must_reach("PUT /signed/a\n\nbody", wire|SIGNED, 1);
        must_reach("PUT /signed/a\n\nbody", wire|SIGNED|SIGNED_ED25519, 1);
        must_reach("GET /either/a", wire|SIGNED, 1);
        must_reach("GET /people/a\nCookie: __Host-postern=@SESSION@", wire, 1);
        must_reach("GET /people/a\nCookie: __Host-postern=@LOW@", wire, 0);
        must_reach("GET /low/a\nCookie: __Host-postern=@LOW@", wire, 1);
        must_reach("GET /nobody/a\nCookie: __Host-postern=@SESSION@", wire, 0);
        must_reach("GET /open/a", wire, 1);
        must_reach("GET /coded/a\nX-Code: @CODE@", wire|SIGNED, 1);
        must_reach("GET /coded/a\nX-Code: 123456", wire|SIGNED, 0);
    }
}


int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    int   here, err;
    char  key[] = "mk-1 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE=\n";

    snprintf(folder, sizeof(folder), "/tmp/postern-fuzz.XXXXXX");
    HELD(mkdtemp(folder) != NULL);
    atexit(remove_folder);

    copy_file("nginx.conf");
    copy_file("postern.json");
    store("postern.key", key, strlen(key));
    HELD(mkdir(path_of("accounts"), 0700) == 0);
    HELD(symlink(FUZZ_MODULES, path_of("modules")) == 0);

    pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, ed25519, 32);
    HELD(pkey != NULL);

    ngx_http_fuzz_reached = on_reached;
    fuzz_nginx_logged = on_log;
    client.fd = -1;

    /* its sockets are named relative to where it starts, and its log takes
       the place of standard error */

    here = open(".", O_RDONLY|O_DIRECTORY);
    HELD(here != -1 && chdir(folder) == 0);
    err = dup(STDERR_FILENO);
    fuzz_nginx_start(folder);
    HELD(dup2(err, STDERR_FILENO) != -1 && fchdir(here) == 0);
    close(err);
    close(here);

    /* what nginx does at its start, before anybody comes */

    while (!fuzz_nginx_turn(0)) { /* void */ }

    base = fuzz_nginx_connections();

    sign_in("alice", macros[SESSION].value);
    second_factor(macros[SESSION].value);
    sign_in("bob", macros[LOW].value);

    accounts_keep();
    fuzz_nginx_keep();
    ways_through();

    return 0;
}
