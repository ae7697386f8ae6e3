
/*
 * The gateway's base beside another one: what the client says it signed, or
 * what a guess says it did.  Two columns, lines that differ are marked; then
 * the first difference in full, with the component it is of and the likely
 * cause.
 *
 * The other text is somebody else's, and goes to a terminal; besides, a "\r"
 * that nobody sees may be all the difference: what is not printable is escaped.
 */


#include "cli_explain.h"


#define COMPARE_COLUMN  38      /* so that both fit into 80 */


/* what the lines are of */

typedef enum {
    COMPARE_BASE = 0,
    COMPARE_CANONICAL,          /* request of SigV4 */
    COMPARE_STRING,             /* its string to sign */
    COMPARE_CHUNK               /* that of a chunk, or of the trailers */
} compare_what_e;


static compare_what_e compare_what(const cli_explain_t *e,
    postern_str_t theirs);
static void compare_bases(const cli_explain_t *e, const char *title,
    postern_str_t ours, postern_str_t theirs, compare_what_e what);
static postern_str_t compare_next(postern_str_t *text);
static void compare_row(const cli_explain_t *e, postern_str_t a,
    postern_str_t b, int differ);
static postern_str_t compare_escape(const cli_explain_t *e,
    postern_str_t line);
static void compare_first(const cli_explain_t *e, unsigned n,
    compare_what_e what, postern_str_t a, postern_str_t b, postern_str_t all);
static const char *compare_component(compare_what_e what, unsigned n,
    postern_str_t expected, postern_str_t all, char *name, size_t size);
static const char *compare_line(compare_what_e what, unsigned n,
    unsigned lines);
static const char *compare_cause(const char *component);


static const postern_str_t  compare_nothing = postern_string("(nothing)");


void
cli_explain_compare(cli_explain_t *e)
{
    postern_str_t   file, theirs, ours;
    compare_what_e  what;

    if (cli_read(e->base_file, SIGN_MAX_BASE, &file) != 0) {
        return;
    }

    theirs = file;

    what = compare_what(e, theirs);
    ours = what == COMPARE_CANONICAL ? e->msg.canonical
           : what == COMPARE_CHUNK ? e->msg.part : e->msg.base;

    /* editors and echo end the last line */

    if (theirs.len && theirs.data[theirs.len - 1] == '\n'
        && !(ours.len && ours.data[ours.len - 1] == '\n'))
    {
        theirs.len--;
    }

    if (postern_str_eq(ours, theirs)) {
        printf("\n%s is the same: the key is another one, or the signature "
               "was made over something else\n", e->base_file);

    } else {
        compare_bases(e, "client", ours, theirs, what);
    }

    cli_free(&file);
}


/* SigV4 has three texts that a client may show */

static compare_what_e
compare_what(const cli_explain_t *e, postern_str_t theirs)
{
    postern_str_t  first;

    if (e->msg.canonical.data == NULL) {
        return COMPARE_BASE;
    }

    first = cli_explain_line(&theirs);

    if (first.len <= 8 || memcmp(first.data, "AWS4-", 5) != 0) {
        return COMPARE_CANONICAL;
    }

    return e->msg.part.data
           && (memcmp(first.data + first.len - 8, "-PAYLOAD", 8) == 0
               || memcmp(first.data + first.len - 8, "-TRAILER", 8) == 0)
           ? COMPARE_CHUNK : COMPARE_STRING;
}


void
cli_explain_guessed(const cli_explain_t *e, const sign_message_t *guess)
{
    postern_str_t   ours, theirs;
    compare_what_e  what;

    what = e->msg.canonical.data && guess->canonical.data ? COMPARE_CANONICAL
                                                          : COMPARE_BASE;
    ours = what ? e->msg.canonical : e->msg.base;
    theirs = what ? guess->canonical : guess->base;

    if (ours.data && !postern_str_eq(ours, theirs)) {
        compare_bases(e, "guess", ours, theirs, what);
    }
}


static void
compare_bases(const cli_explain_t *e, const char *title, postern_str_t ours,
    postern_str_t theirs, compare_what_e what)
{
    int            differ;
    unsigned       n, first;
    postern_str_t  all, a, b, first_a, first_b;

    all = ours;
    first = 0;
    first_a = ours;
    first_b = theirs;

    printf("\n%-*s   %s\n", COMPARE_COLUMN, "the gateway expects",
           title[0] == 'g' ? "the client signed (guessed)"
                           : "the client signed");

    for (n = 1; ours.data || theirs.data; n++) {

        a = compare_next(&ours);
        b = compare_next(&theirs);
        differ = !postern_str_eq(a, b) || a.data == compare_nothing.data
                 || b.data == compare_nothing.data;

        compare_row(e, a, b, differ);

        if (differ && first == 0) {
            first = n;
            first_a = a;
            first_b = b;
        }
    }

    if (first) {
        compare_first(e, first, what, first_a, first_b, all);
    }
}


static postern_str_t
compare_next(postern_str_t *text)
{
    return text->data ? cli_explain_line(text) : compare_nothing;
}


/* wrapped, so that nothing of a long line is lost */

static void
compare_row(const cli_explain_t *e, postern_str_t a, postern_str_t b,
    int differ)
{
    int     na, nb;
    size_t  i;

    a = compare_escape(e, a);
    b = compare_escape(e, b);

    for (i = 0; i == 0 || i < a.len || i < b.len; i += COMPARE_COLUMN) {

        na = i < a.len ? (int) (a.len - i < COMPARE_COLUMN
                                ? a.len - i : COMPARE_COLUMN) : 0;
        nb = i < b.len ? (int) (b.len - i < COMPARE_COLUMN
                                ? b.len - i : COMPARE_COLUMN) : 0;

        printf("%-*.*s %c %.*s\n", COMPARE_COLUMN, na,
               na ? (const char *) a.data + i : "", differ ? '!' : '=', nb,
               nb ? (const char *) b.data + i : "");
    }
}


static postern_str_t
compare_escape(const cli_explain_t *e, postern_str_t line)
{
    char           *p;
    size_t          i;
    postern_str_t   out;

    p = postern_arena_alloc(e->request.arena, 4 * line.len + 1);

    if (p == NULL) {
        cli_error("out of memory");
        exit(CLI_FAILED);
    }

    out.data = (const unsigned char *) p;

    for (i = 0; i < line.len; i++) {
        p += sprintf(p, line.data[i] < 0x20 || line.data[i] >= 0x7f
                        ? "\\x%02x" : "%c", line.data[i]);
    }

    out.len = (size_t) (p - (const char *) out.data);

    return out;
}


void
cli_explain_print(const char *title, postern_str_t line)
{
    size_t  i;

    fputs(title, stdout);

    for (i = 0; i < line.len; i++) {
        printf(line.data[i] < 0x20 || line.data[i] >= 0x7f ? "\\x%02x" : "%c",
               line.data[i]);
    }

    putchar('\n');
}


static void
compare_first(const cli_explain_t *e, unsigned n, compare_what_e what,
    postern_str_t a, postern_str_t b, postern_str_t all)
{
    char         name[POSTERN_NAME_MAX];
    size_t       i;
    const char  *component;

    component = compare_component(what, n, a, all, name, sizeof(name));

    printf("\nfirst difference, line %u, %s:\n", n, component);
    cli_explain_print("  expected  | ", a);
    cli_explain_print("  client    | ", b);

    a = compare_escape(e, a);
    b = compare_escape(e, b);

    for (i = 0; i < a.len && i < b.len && a.data[i] == b.data[i]; i++) {
        /* void */
    }

    printf("            | %*s\n", (int) i + 1, "^");
    printf("  likely    %s\n", compare_cause(component));
}


/* text.data is NULL behind the last line */

postern_str_t
cli_explain_line(postern_str_t *text)
{
    postern_str_t         line;
    const unsigned char  *eol;

    line = *text;
    eol = text->len ? memchr(text->data, '\n', text->len) : NULL;

    if (eol == NULL) {
        text->data = NULL;
        text->len = 0;

    } else {
        line.len = (size_t) (eol - line.data);
        text->data += line.len + 1;
        text->len -= line.len + 1;
    }

    return line;
}


/* the component that a line of the base or the canonical request is of */

static const char *
compare_component(compare_what_e what, unsigned n, postern_str_t expected,
    postern_str_t all, char *name, size_t size)
{
    size_t                len;
    unsigned              lines;
    const char           *known;
    const unsigned char  *end;

    for (lines = 1; all.data; lines++) {
        cli_explain_line(&all);
    }

    known = compare_line(what, n, lines - 1);

    if (known) {
        return known;
    }

    len = expected.len;

    if (what == COMPARE_BASE && len && *expected.data == '"') {
        end = memchr(expected.data + 1, '"', len - 1);
        expected.data++;
        len = end ? (size_t) (end - expected.data) : 0;

    } else {
        end = len ? memchr(expected.data, ':', len) : NULL;
        len = end ? (size_t) (end - expected.data) : 0;
    }

    snprintf(name, size, "%.*s", (int) len, (const char *) expected.data);

    return len ? name : "end";
}


/* a line that is known by its place; NULL: it names itself */

static const char *
compare_line(compare_what_e what, unsigned n, unsigned lines)
{
    static const char  *const  request[] = { "method", "path", "query" };

    static const char  *const  string[] = {
        "algorithm", "time", "scope", "hash of the canonical request"
    };

    static const char  *const  chunk[] = {
        "algorithm", "time", "scope", "signature before it", "hash of nothing",
        "hash of the chunk"
    };

    switch (what) {

    case COMPARE_STRING:
        return n <= 4 ? string[n - 1] : "end";

    case COMPARE_CHUNK:
        return n == lines && n <= 6 ? chunk[5] : n < 6 ? chunk[n - 1] : "end";

    case COMPARE_CANONICAL:
        return n <= 3 ? request[n - 1]
               : n == lines ? "hash of the body"
               : n + 1 == lines ? "list of signed headers" : NULL;

    default:
        return NULL;
    }
}


static const char *
compare_cause(const char *component)
{
    size_t  i;

    static const struct {
        const char  *component;
        const char  *cause;
    } causes[] = {
        { "@authority", "another host was signed: a proxy changed it, or the "
                        "port is written differently" },
        { "host", "another host was signed: a proxy changed it, or the port "
                  "is written differently" },
        { "@scheme", "TLS ends before the gateway, or --uri-scheme is wrong" },
        { "@target-uri", "host, scheme or path changed on the way: a proxy, or "
                         "--uri-scheme" },
        { "@path", "the path was rewritten, normalized or encoded in another "
                   "way" },
        { "path", "the path was rewritten, normalized or encoded in another "
                  "way" },
        { "@query", "parameters were added, or encoded in another way; it "
                    "begins with \"?\" even where it is empty" },
        { "query", "parameters must be sorted by name, then value, and every "
                   "one has a \"=\"" },
        { "@method", "another method was signed, or the letters are not upper "
                     "case" },
        { "method", "another method was signed, or the letters are not upper "
                    "case" },
        { "@signature-params", "this line repeats what stands behind the label "
                               "in Signature-Input, in that order" },
        { "hash of the body", "another body was signed, or none (curl -T signs "
                              "none)" },
        { "hash of the canonical request", "compare the canonical request: "
                                           "give that with --base" },
        { "signature before it", "the chunk before it, or of the first one the "
                                 "request, has another signature" },
        { "hash of the chunk", "another payload was signed, or its framing "
                               "with it" },
        { "time", "another X-Amz-Date was signed" },
        { "scope", "date, region or service are not those of Credential=" },
        { "list of signed headers", "not the list of SignedHeaders=" },
        { "end", "one of the two has more lines" }
    };

    for (i = 0; i < sizeof(causes) / sizeof(causes[0]); i++) {
        if (strcmp(component, causes[i].component) == 0) {
            return causes[i].cause;
        }
    }

    return "the header changed on the way, or blanks and repeated lines are "
           "joined in another way";
}
