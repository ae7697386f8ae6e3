/* link:
   ngx_http_sign_module/sign_*.c ngx_http_postern_module/postern_*.c
   -lcrypto -lhiredis -ljansson -lsodium */

/*
 * Two readers of one request: where one signature is good for two spellings,
 * every application must take both for the same.  All short queries, paths and
 * names of a few telling pieces are tried, and all sets of credentials.
 */


#include "sign_steps.h"
#include "sign_sigv4.h"
#include "sign_webhook.h"

#include <sodium.h>


#define PIECES   4              /* of a query or path, at most */
#define TEXT     (PIECES * 6 + 2)
#define KNOWN    (1 << 17)

#define COUNT(a)  (sizeof(a) / sizeof((a)[0]))


/* what is signed, and what an application makes of it */

typedef struct {
    unsigned char   reading[32];
    unsigned char   meaning[32];
    char            text[TEXT];
} spelling_t;


static spelling_t  *known;
static size_t       nknown;


static void
known_begin(void)
{
    nknown = 0;
    known = known ? known : malloc(KNOWN * sizeof(spelling_t));

    if (known == NULL) {
        abort();
    }
}


static void
known_add(const char *text, postern_str_t reading,
    const unsigned char meaning[32])
{
    spelling_t  *s;

    if (nknown == KNOWN) {
        abort();
    }

    s = &known[nknown++];

    sign_sha256(&reading, 1, s->reading);
    memcpy(s->meaning, meaning, 32);
    snprintf(s->text, TEXT, "%s", text);
}


static int
known_order(const void *a, const void *b)
{
    return memcmp(a, b, 32);
}


/* the spellings that share a reading and not a meaning; told are the first */

static size_t
known_apart(size_t *shared)
{
    size_t  i, apart;

    qsort(known, nknown, sizeof(spelling_t), known_order);

    apart = 0;
    *shared = 0;

    for (i = 1; i < nknown; i++) {

        if (memcmp(known[i].reading, known[i - 1].reading, 32) != 0) {
            continue;
        }

        *shared += strcmp(known[i].text, known[i - 1].text) != 0;

        if (memcmp(known[i].meaning, known[i - 1].meaning, 32) != 0
            && apart++ < 10)
        {
            printf("# \"%s\" and \"%s\"\n", known[i - 1].text, known[i].text);
        }
    }

    free(known);
    known = NULL;

    return apart;
}


/* the next text of pieces behind begin: numbers of pieces, counted up */

static int
next_text(const char *begin, const char *const *pieces, size_t n,
    size_t digits[PIECES + 1], char out[TEXT])
{
    size_t  i;
    char   *p;

    p = out + sprintf(out, "%s", begin);

    for (i = 0; i < PIECES && digits[i]; i++) {
        p += sprintf(p, "%s", pieces[digits[i] - 1]);
    }

    for (i = 0; i <= PIECES && digits[i] == n; i++) {
        digits[i] = 1;
    }

    digits[i]++;

    return digits[PIECES] == 0;
}


static int
hex_of(char c)
{
    return c >= 'a' ? c - 'a' + 10 : c >= 'A' ? c - 'A' + 10 : c - '0';
}


/* what stands between two ends, decoded, its length in front */

static size_t
decoded(const char *p, const char *end, int plus, unsigned char *out)
{
    size_t  n;

    for (n = 1; p < end; p++) {

        if (*p == '%') {
            out[n++] = (unsigned char) (hex_of(p[1]) << 4 | hex_of(p[2]));
            p += 2;

        } else {
            out[n++] = (*p == '+' && plus) ? ' ' : *p;
        }
    }

    out[0] = (unsigned char) n;

    return n;
}


typedef struct {
    unsigned char   text[2 * TEXT];
} pair_t;


static int
pair_order(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(pair_t));
}


/* the names and values that an application reads, in the order of names: which
   of two equal names comes first is not signed */

static void
query_read(const char *query, const char *ends, int plus, unsigned char *out)
{
    size_t       n, len;
    pair_t       pairs[PIECES + 1];
    const char  *p, *end, *equal;

    memset(pairs, 0, sizeof(pairs));

    for (n = 0, p = query; /* void */ ; p = end + 1) {
        end = p + strcspn(p, ends);

        if (end > p) {
            equal = memchr(p, '=', end - p);
            equal = equal ? equal : end;

            len = decoded(p, equal, plus, pairs[n].text);
            (void) decoded(equal + (equal < end), end, plus,
                           pairs[n++].text + len);
        }

        if (*end == '\0') {
            break;
        }
    }

    qsort(pairs, n, sizeof(pair_t), pair_order);
    memcpy(out, pairs, sizeof(pairs));
}


static void
query_meaning(const char *query, unsigned char meaning[32])
{
    postern_str_t   all;
    unsigned char   out[4][(PIECES + 1) * sizeof(pair_t)];

    query_read(query, "&", 0, out[0]);
    query_read(query, "&", 1, out[1]);
    query_read(query, "&;", 0, out[2]);
    query_read(query, "&;", 1, out[3]);

    all.data = out[0];
    all.len = sizeof(out);

    sign_sha256(&all, 1, meaning);
}


TEST(a_signed_query_has_one_meaning)
{
    int              more;
    char             text[TEXT];
    size_t           shared, digits[PIECES + 1] = { 0 };
    postern_str_t    canonical;
    unsigned char    meaning[32];
    postern_alloc_t  memory;
    postern_arena_t *arena;

    static const char *const  pieces[] = {
        "a", "A", "=", "&", ";", "+", "%61", "%3B", "%3b", "%2B", "%26", "%3D",
        "%20", "%25"
    };

    known_begin();

    do {
        more = next_text("", pieces, COUNT(pieces), digits, text);

        arena = postern_arena_create();
        memory = postern_arena_allocator(arena);

        query_meaning(text, meaning);

        EXPECT_INT(sign_sigv4_query(text_of(text), &memory, &canonical),
                   SIGN_OK);

        known_add(text, canonical, meaning);
        known_add(text, text_of(text), meaning);

        postern_arena_destroy(arena);
    } while (more);

    EXPECT_INT(nknown, 2 * (1 + 14 + 14 * 14 + 14 * 14 * 14
                            + 14 * 14 * 14 * 14));
    EXPECT_INT(known_apart(&shared), 0);
    EXPECT(shared > 1000);
}


/* segments decoded, and what decodes to a slash taken for one */

static void
path_meaning(const char *path, unsigned char meaning[32])
{
    size_t          n;
    const char     *p, *end;
    postern_str_t   all;
    unsigned char   out[4 * TEXT];

    memset(out, 0, sizeof(out));

    for (n = 0, p = path; /* void */ ; p = end + 1) {
        end = p + strcspn(p, "/");
        n += decoded(p, end, 0, out + n);

        if (*end == '\0') {
            break;
        }
    }

    (void) decoded(path, path + strlen(path), 0, out + n);

    all.data = out;
    all.len = sizeof(out);

    sign_sha256(&all, 1, meaning);
}


TEST(a_signed_path_has_one_meaning)
{
    int             more;
    char            text[TEXT];
    size_t          shared, digits[PIECES + 1] = { 0 };
    postern_str_t   reading;
    unsigned char   meaning[32], encoded[3 * TEXT];

    static const char *const  pieces[] = {
        "/", "a", "%61", "%2F", "%2f", "%25", "2", "F", ".", "%20", ";", "%3B",
        "(", "%28", "\xc3", "%C3"
    };

    known_begin();

    do {
        more = next_text("/", pieces, COUNT(pieces), digits, text);

        path_meaning(text, meaning);

        reading.data = encoded;
        reading.len = sign_sigv4_path(text_of(text), SIGN_SIGV4_PATH_ENCODED,
                                      encoded);
        known_add(text, reading, meaning);

        if (sign_sigv4_path_is_clear(text_of(text))) {
            known_add(text, text_of(text), meaning);
        }
    } while (more);

    EXPECT(nknown > 16 * 16 * 16 * 16);
    EXPECT_INT(known_apart(&shared), 0);
    EXPECT(shared > 100);
}


/* of two fields an application of CGI reads one: then they must not come
   together */

TEST(a_signed_field_has_one_name)
{
    char    a[4], b[4], text[512];
    size_t  i, k, n, same;

    static const char  signs[] = "x1-_.[";
    const size_t       all = 6 * 6 * 6;

    defaults();

    for (i = 0; i < all; i++) {
        for (k = 0; k < all; k++) {

            same = 1;

            for (n = 0; n < 3; n++) {
                a[n] = signs[i / (n == 0 ? 1 : n == 1 ? 6 : 36) % 6];
                b[n] = signs[k / (n == 0 ? 1 : n == 1 ? 6 : 36) % 6];

                same &= a[n] == b[n]
                        || (strchr("x1", a[n]) == NULL
                            && strchr("x1", b[n]) == NULL);
            }

            a[3] = b[3] = '\0';

            snprintf(text, sizeof(text), "GET / HTTP/1.1\nHost: a\n%s: 1\n"
                     "%s: 2\nSignature-Input: sig=(\"@method\");"
                     "created=1618884473;keyid=\"k\"\n"
                     "Signature: sig=:AAECAw==:\n\n", a, b);

            EXPECT_CODE(parse_of(text), same && i != k ? SIGN_AMBIGUOUS
                                                       : SIGN_OK);
        }
    }
}


#define ZEROS32  "00000000000000000000000000000000"

static const struct {
    sign_scheme_e   scheme;
    const char     *query;
    const char     *fields;
} credentials[] = {
    { SIGN_RFC9421, "",
      "Signature-Input: sig=(\"@method\");created=1618884473;keyid=\"k\"\n"
      "Signature: sig=:AAECAw==:\n" },
    { SIGN_CAVAGE, "",
      "Signature: keyId=\"k\",headers=\"date\",signature=\"AAEC\"\n" },
    { SIGN_CAVAGE, "",
      "Authorization: Signature keyId=\"k\",headers=\"date\","
      "signature=\"AAEC\"\n" },
    { SIGN_CAVAGE, "",
      "Proxy-Authorization: HMAC username=\"k\", headers=\"date\", "
      "signature=\"AAEC\"\n" },
    { SIGN_SIGV4, "",
      "X-Amz-Date: 20150830T123600Z\nAuthorization: AWS4-HMAC-SHA256 "
      "Credential=AK/20150830/eu/x/aws4_request, SignedHeaders=host, "
      "Signature=" ZEROS32 ZEROS32 "\n" },
    { SIGN_SIGV4A, "",
      "X-Amz-Date: 20150830T123600Z\nX-Amz-Region-Set: *\n"
      "Authorization: AWS4-ECDSA-P256-SHA256 Credential=AK/20150830/x/"
      "aws4_request, SignedHeaders=host, Signature=" ZEROS32 "\n" },
    { SIGN_SIGV4,
      "&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AK/20150830/eu/x/"
      "aws4_request&X-Amz-Date=20150830T123600Z&X-Amz-Expires=60"
      "&X-Amz-SignedHeaders=host&X-Amz-Signature=" ZEROS32 ZEROS32, "" },
    { SIGN_SIGV4A,
      "&X-Amz-Algorithm=AWS4-ECDSA-P256-SHA256&X-Amz-Credential=AK/20150830/x/"
      "aws4_request&X-Amz-Date=20150830T123600Z&X-Amz-Expires=60"
      "&X-Amz-SignedHeaders=host&X-Amz-Region-Set=*&X-Amz-Signature=" ZEROS32,
      "" },
    { SIGN_ENOS,
      "&accessKey=k&requestTimestamp=1572574909697"
      "&sign=0000000000000000000000000000000000000000", "" },
    { SIGN_ENOS, "",
      "apim-accesstoken: t\napim-timestamp: 1572574909697\napim-signature: "
      ZEROS32 ZEROS32 "\n" },
    { SIGN_WEBHOOK, "", "X-Hub-Signature-256: sha256=" ZEROS32 ZEROS32 "\n" }
};

#define SCHEMES                                                               \
    (SIGN_RFC9421 | SIGN_CAVAGE | SIGN_SIGV4 | SIGN_SIGV4A | SIGN_ENOS        \
     | SIGN_WEBHOOK)


/* the code of the credentials whose bits are set, where these schemes count */

static sign_code_e
presented(unsigned set, unsigned schemes)
{
    size_t  i;
    char    text[8192], *p;

    p = text + sprintf(text, "GET /?a");

    for (i = 0; i < COUNT(credentials); i++) {
        p += sprintf(p, "%s", set & 1u << i ? credentials[i].query : "");
    }

    p += sprintf(p, " HTTP/1.1\nHost: a\nDate: %s\n",
                 "Tue, 20 Apr 2021 02:07:53 GMT");

    for (i = 0; i < COUNT(credentials); i++) {
        p += sprintf(p, "%s", set & 1u << i ? credentials[i].fields : "");
    }

    (void) sprintf(p, "\n");

    policy.schemes = schemes;

    return parse_of(text);
}


TEST(two_credentials_are_never_one)
{
    size_t          i, n, ok;
    unsigned        set;
    sign_code_e     code;
    sign_webhook_t  hook;

    defaults();

    hook = *sign_webhook_kind(text_of("github"));
    hook.keys[0] = text_of("github");
    hook.nkeys = 1;
    policy.webhook = &hook;

    for (set = 0; set < 1u << COUNT(credentials); set++) {

        for (i = 0, n = 0; i < COUNT(credentials); i++) {
            n += set >> i & 1;
        }

        if (n > 3) {
            continue;
        }

        /* each by itself is read where its scheme is the only one, and only
           where it is one of those that count */

        for (i = 0, ok = 0; i < COUNT(credentials) && n == 1; i++) {
            code = presented(set, credentials[i].scheme);

            if (set == 1u << i) {
                EXPECT_CODE(code, SIGN_OK);
                EXPECT_CODE(presented(set, SCHEMES & ~credentials[i].scheme),
                            credentials[i].scheme == SIGN_SIGV4A
                            ? SIGN_UNSUPPORTED : SIGN_MISSING);
            }

            ok += code == SIGN_OK;
        }

        code = presented(set, SCHEMES);

        if (n == 1) {
            EXPECT_CODE(code, SIGN_OK);
            EXPECT(ok >= 1);

        } else if (n == 0) {
            EXPECT_CODE(code, SIGN_MISSING);

        } else {
            EXPECT(code == SIGN_AMBIGUOUS || code == SIGN_MALFORMED);
        }
    }
}


UNIT_MAIN()
