/* link: ngx_http_rbac_module/rbac_path.c */

/*
 * Which targets have one path for every reader.  The forms are those that split
 * the view of gate and application in other products: Envoy CVE-2019-9901,
 * CVE-2021-29492, CVE-2021-32779; Istio CVE-2021-31920, CVE-2021-39156; Traefik
 * CVE-2025-66490; Caddy CVE-2026-27587; Keycloak CVE-2026-15573; APISIX
 * CVE-2021-43557; Malcolm CVE-2026-63177.
 */

#include "unit.h"

#include "../../ngx_http_rbac_module/rbac_path.h"


typedef struct {
    const char   *target;
    rbac_path_e   form;
    size_t        at;
} refused_t;


typedef struct {
    const char   *target;
    const char   *path;
    const char   *escaped;
} resolved_t;


static void *
unit_alloc(void *data, size_t size)
{
    void  **list = data, **p;

    p = malloc(sizeof(void *) + size);
    if (p == NULL) {
        return NULL;
    }

    *p = *list;
    *list = p;

    return p + 1;
}


static void
unit_free(void **list)
{
    void  *next;

    for ( /* void */ ; *list; *list = next) {
        next = *(void **) *list;
        free(*list);
    }
}


/* in memory of its exact size, so that reading on is seen */

static rbac_path_e
check(const char *s, size_t len, rbac_path_mode_e mode, char *path,
    size_t *at)
{
    void             *list;
    rbac_path_e       form;
    postern_str_t     target, found;
    unsigned char    *copy;
    postern_alloc_t   alloc;

    copy = malloc(len ? len : 1);
    memcpy(copy, s, len);

    list = NULL;
    alloc.alloc = unit_alloc;
    alloc.data = &list;
    target.data = copy;
    target.len = len;
    found.data = NULL;
    found.len = 0;

    form = rbac_path_check(target, mode, &alloc, &found, at);

    if (form == RBAC_PATH_OK) {
        memcpy(path, found.data, found.len);
        path[found.len] = '\0';
    }

    unit_free(&list);
    free(copy);

    return form;
}


static void
expect_refused(const refused_t *r, size_t n, rbac_path_mode_e mode)
{
    char         path[512];
    size_t       at;
    rbac_path_e  form;

    for ( /* void */ ; n; n--, r++) {
        form = check(r->target, strlen(r->target), mode, path, &at);

        if (!EXPECT_INT(form, r->form) || !EXPECT_INT(at, r->at)) {
            printf("# %s: %s at %zu\n", r->target, rbac_path_text(form), at);
        }
    }
}


/* ambiguous whatever is done about it: refused in both modes */

static const refused_t  always[] = {
    { "", RBAC_PATH_NOT_ABSOLUTE, 0 },
    { "*", RBAC_PATH_NOT_ABSOLUTE, 0 },
    { "admin", RBAC_PATH_NOT_ABSOLUTE, 0 },
    { "?a=/b", RBAC_PATH_NOT_ABSOLUTE, 0 },
    { "http:/a", RBAC_PATH_NOT_ABSOLUTE, 0 },
    { "://a/b", RBAC_PATH_NOT_ABSOLUTE, 0 },
    { "host:443", RBAC_PATH_NOT_ABSOLUTE, 0 },

    { "/a%", RBAC_PATH_ESCAPE, 2 },
    { "/a%4", RBAC_PATH_ESCAPE, 2 },
    { "/a%4g/b", RBAC_PATH_ESCAPE, 2 },
    { "/a/%zz", RBAC_PATH_ESCAPE, 3 },
    { "/a/%%32%65", RBAC_PATH_ESCAPE, 3 },
    { "/a/%u002e%u002e/", RBAC_PATH_ESCAPE, 3 },

    { "/a%00", RBAC_PATH_NUL, 2 },
    { "/a/%00.html", RBAC_PATH_NUL, 3 },

    { "/a%01", RBAC_PATH_CONTROL, 2 },
    { "/a%0d%0ax", RBAC_PATH_CONTROL, 2 },
    { "/a%0A", RBAC_PATH_CONTROL, 2 },
    { "/a%09b", RBAC_PATH_CONTROL, 2 },
    { "/a%1f", RBAC_PATH_CONTROL, 2 },
    { "/a%7F", RBAC_PATH_CONTROL, 2 },
    { "/a\tb", RBAC_PATH_CONTROL, 2 },
    { "/a\x7f", RBAC_PATH_CONTROL, 2 },

    { "/a%2fb", RBAC_PATH_SLASH, 2 },
    { "/a%2Fb", RBAC_PATH_SLASH, 2 },
    { "/admin%2f", RBAC_PATH_SLASH, 6 },
    { "/app/..%2fadmin", RBAC_PATH_SLASH, 7 },
    { "/app/%2e%2e%2fadmin", RBAC_PATH_SLASH, 11 },
    { "/%2f%2fa", RBAC_PATH_SLASH, 1 },

    { "/a\\b", RBAC_PATH_BACKSLASH, 2 },
    { "/app/..\\admin", RBAC_PATH_BACKSLASH, 7 },
    { "/app/..%5cadmin", RBAC_PATH_BACKSLASH, 7 },
    { "/app/..%5Cadmin", RBAC_PATH_BACKSLASH, 7 },
    { "/%5c", RBAC_PATH_BACKSLASH, 1 },

    { "/a;b", RBAC_PATH_PARAMETER, 2 },
    { "/a;a=b/c", RBAC_PATH_PARAMETER, 2 },
    { "/app/..;/admin", RBAC_PATH_PARAMETER, 7 },
    { "/app/.;/admin", RBAC_PATH_PARAMETER, 6 },
    { "/app/;/admin", RBAC_PATH_PARAMETER, 5 },
    { "/app/%2e%2e;/admin", RBAC_PATH_PARAMETER, 11 },
    { "/app/..%3b/admin", RBAC_PATH_PARAMETER, 7 },
    { "/admin%3B.css", RBAC_PATH_PARAMETER, 6 },

    { "/admin#f", RBAC_PATH_FRAGMENT, 6 },
    { "/app/#/../admin", RBAC_PATH_FRAGMENT, 5 },
    { "/app?a#b", RBAC_PATH_FRAGMENT, 6 },
    { "http://h#/a", RBAC_PATH_FRAGMENT, 8 },

    { "/a/%252e%252e/b", RBAC_PATH_DOUBLE, 3 },
    { "/a/.%252e/b", RBAC_PATH_DOUBLE, 4 },
    { "/a%252fb", RBAC_PATH_DOUBLE, 2 },
    { "/a%255cb", RBAC_PATH_DOUBLE, 2 },
    { "/a%2500", RBAC_PATH_DOUBLE, 2 },
    { "/a%253bb", RBAC_PATH_DOUBLE, 2 },
    { "/a%2523", RBAC_PATH_DOUBLE, 2 },
    { "/a%25252e", RBAC_PATH_DOUBLE, 2 },
    { "/%2561dmin", RBAC_PATH_DOUBLE, 1 },
    { "/a/%25%32%65", RBAC_PATH_DOUBLE, 3 },
    { "/a/%252%65", RBAC_PATH_DOUBLE, 3 },
    { "/a/%25u002e", RBAC_PATH_DOUBLE, 3 },
    { "/a%25c0%25ae", RBAC_PATH_DOUBLE, 2 },

    { "/a/%c0%ae%c0%ae/b", RBAC_PATH_UTF8, 3 },
    { "/a/%c0%2e/b", RBAC_PATH_UTF8, 3 },
    { "/a%c0%afb", RBAC_PATH_UTF8, 2 },
    { "/a%e0%80%afb", RBAC_PATH_UTF8, 2 },
    { "/a%f0%80%80%afb", RBAC_PATH_UTF8, 2 },
    { "/a%c1%9cb", RBAC_PATH_UTF8, 2 },
    { "/a\xc0\xae", RBAC_PATH_UTF8, 2 },
    { "/a%80", RBAC_PATH_UTF8, 2 },
    { "/a%ff", RBAC_PATH_UTF8, 2 },
    { "/a%c3", RBAC_PATH_UTF8, 2 },
    { "/a%c3/%a9", RBAC_PATH_UTF8, 2 },
    { "/a%e2%82", RBAC_PATH_UTF8, 2 },
    { "/a%ed%a0%80", RBAC_PATH_UTF8, 2 },
    { "/a%f4%90%80%80", RBAC_PATH_UTF8, 2 },
    { "/a%f5%80%80%80", RBAC_PATH_UTF8, 2 },
    { "/a\xe9", RBAC_PATH_UTF8, 2 },

    { "/a/%ef%bc%8e%ef%bc%8e/b", RBAC_PATH_LOOKALIKE, 3 },
    { "/a%ef%bc%8fb", RBAC_PATH_LOOKALIKE, 2 },
    { "/a%ef%bc%bcb", RBAC_PATH_LOOKALIKE, 2 },
    { "/a/%e2%80%a5/b", RBAC_PATH_LOOKALIKE, 3 },
    { "/a%ef%bc%9bb", RBAC_PATH_LOOKALIKE, 2 },
    { "/a/%ef%b8%b0/b", RBAC_PATH_LOOKALIKE, 3 },
    { "/a%cd%beb", RBAC_PATH_LOOKALIKE, 2 },
    { "/a%ef%b8%94b", RBAC_PATH_LOOKALIKE, 2 },
    { "/%e2%84%80", RBAC_PATH_LOOKALIKE, 1 },
    { "/%e2%84%81", RBAC_PATH_LOOKALIKE, 1 },
    { "/%e2%84%85", RBAC_PATH_LOOKALIKE, 1 },
    { "/%e2%84%86", RBAC_PATH_LOOKALIKE, 1 },

    { "/admin.", RBAC_PATH_TRAILING, 6 },
    { "/admin%2e", RBAC_PATH_TRAILING, 6 },
    { "/admin./x", RBAC_PATH_TRAILING, 6 },
    { "/admin%20", RBAC_PATH_TRAILING, 6 },
    { "/a/.../b", RBAC_PATH_TRAILING, 5 },
    { "/a/..%20/b", RBAC_PATH_TRAILING, 5 },

    { "http://h/a%2fb", RBAC_PATH_SLASH, 10 },
    { "https://h:1/a/..;/b", RBAC_PATH_PARAMETER, 16 }
};


static const refused_t  strict[] = {
    { "/app/../admin", RBAC_PATH_DOT_SEGMENT, 5 },
    { "/app/..", RBAC_PATH_DOT_SEGMENT, 5 },
    { "/app/.", RBAC_PATH_DOT_SEGMENT, 5 },
    { "/./app", RBAC_PATH_DOT_SEGMENT, 1 },
    { "/..", RBAC_PATH_DOT_SEGMENT, 1 },
    { "/app/%2e%2e/admin", RBAC_PATH_DOT_SEGMENT, 5 },
    { "/app/%2E%2E/admin", RBAC_PATH_DOT_SEGMENT, 5 },
    { "/app/.%2e/admin", RBAC_PATH_DOT_SEGMENT, 5 },
    { "/app/%2e./admin", RBAC_PATH_DOT_SEGMENT, 5 },
    { "/app/%2e/admin", RBAC_PATH_DOT_SEGMENT, 5 },
    { "//", RBAC_PATH_EMPTY_SEGMENT, 1 },
    { "//admin", RBAC_PATH_EMPTY_SEGMENT, 1 },
    { "/app//admin", RBAC_PATH_EMPTY_SEGMENT, 5 },
    { "/app//", RBAC_PATH_EMPTY_SEGMENT, 5 },
    { "/%61//b", RBAC_PATH_EMPTY_SEGMENT, 5 },
    { "/a%3fb", RBAC_PATH_DELIMITER, 2 },
    { "/a%23b", RBAC_PATH_DELIMITER, 2 },
    { "http://h/app/../admin", RBAC_PATH_DOT_SEGMENT, 13 },
    { "http://h//admin", RBAC_PATH_EMPTY_SEGMENT, 9 }
};


static const refused_t  canonical[] = {
    { "/..", RBAC_PATH_ABOVE_ROOT, 1 },
    { "/../etc", RBAC_PATH_ABOVE_ROOT, 1 },
    { "/a/../../b", RBAC_PATH_ABOVE_ROOT, 6 },
    { "/%2e%2e/a", RBAC_PATH_ABOVE_ROOT, 1 },
    { "/a/..//../b", RBAC_PATH_ABOVE_ROOT, 7 }
};


/* plain in both modes */

static const resolved_t  plain[] = {
    { "/", "/", "/" },
    { "/a", "/a", "/a" },
    { "/a/", "/a/", "/a/" },
    { "/a/b.c/.d/..e", "/a/b.c/.d/..e", "/a/b.c/.d/..e" },
    { "/a?b=/../c;d%2f%00", "/a", "/a" },
    { "/a?", "/a", "/a" },
    { "http://h/a?b", "/a", "/a" },
    { "http://h", "/", "/" },
    { "http://h?a/b", "/", "/" },
    { "/%61dmin", "/admin", "/admin" },
    { "/a%20b", "/a b", "/a%20b" },
    { "/100%25", "/100%", "/100%25" },
    { "/%25-%25", "/%-%", "/%25-%25" },
    { "/%c3%a9", "/\xc3\xa9", "/%C3%A9" },
    { "/\xc3\xa9", "/\xc3\xa9", "/%C3%A9" },
    { "/%f0%9f%98%80", "/\xf0\x9f\x98\x80", "/%F0%9F%98%80" },
    { "/~a!$&'()*+,=:@-._b", "/~a!$&'()*+,=:@-._b", "/~a!$&'()*+,=:@-._b" },
    { "/%7ea%2bb%3ac", "/~a+b:c", "/~a+b:c" },
    { "/a\"<>[]^`{|}", "/a\"<>[]^`{|}", "/a%22%3C%3E%5B%5D%5E%60%7B%7C%7D" },
    { "/Admin", "/Admin", "/Admin" }
};


static const resolved_t  resolved[] = {
    { "/app/../admin", "/admin", "/admin" },
    { "/app/%2e%2e/admin", "/admin", "/admin" },
    { "/app/.%2E/admin", "/admin", "/admin" },
    { "/app/./x", "/app/x", "/app/x" },
    { "/app/..", "/", "/" },
    { "/a/b/..", "/a/", "/a/" },
    { "/a/b/../", "/a/", "/a/" },
    { "/a/.", "/a/", "/a/" },
    { "//", "/", "/" },
    { "//a", "/a", "/a" },
    { "/a//b///c//", "/a/b/c/", "/a/b/c/" },
    { "/a//../b", "/b", "/b" },
    { "/a/b/c/../../d", "/a/d", "/a/d" },
    { "/a%3fb", "/a?b", "/a%3Fb" },
    { "/a%23b/../c%23", "/c#", "/c%23" },
    { "http://h/a//b?c//d", "/a/b", "/a/b" }
};


static void
expect_resolved(const resolved_t *r, size_t n, rbac_path_mode_e mode)
{
    char           path[512];
    size_t         at;
    postern_str_t  s, escaped;
    unsigned char  out[1536];

    for ( /* void */ ; n; n--, r++) {

        if (!EXPECT_INT(check(r->target, strlen(r->target), mode, path, &at),
                        RBAC_PATH_OK))
        {
            printf("# %s\n", r->target);
            continue;
        }

        s.data = (unsigned char *) path;
        s.len = strlen(path);

        EXPECT_STR(s, r->path);

        escaped.data = out;
        escaped.len = rbac_path_escape(s, out);

        EXPECT_STR(escaped, r->escaped);
    }
}


#define N(a)  (sizeof(a) / sizeof(a[0]))


TEST(ambiguous_targets_are_refused_in_both_modes)
{
    expect_refused(always, N(always), RBAC_PATH_STRICT);
    expect_refused(always, N(always), RBAC_PATH_CANONICAL);
}


TEST(strict_refuses_what_canonical_resolves)
{
    expect_refused(strict, N(strict), RBAC_PATH_STRICT);
    expect_resolved(resolved, N(resolved), RBAC_PATH_CANONICAL);
}


TEST(canonical_never_leaves_the_root)
{
    expect_refused(canonical, N(canonical), RBAC_PATH_CANONICAL);
}


TEST(plain_targets_pass)
{
    expect_resolved(plain, N(plain), RBAC_PATH_STRICT);
    expect_resolved(plain, N(plain), RBAC_PATH_CANONICAL);
}


/* every byte, literal and encoded, is decided on purpose */

TEST(every_byte_is_decided)
{
    char         s[16], path[512];
    int          c;
    size_t       at;
    rbac_path_e  form, want;

    for (c = 0; c < 256; c++) {
        want = c == 0 ? RBAC_PATH_NUL
               : c < 0x20 || c == 0x7f ? RBAC_PATH_CONTROL
               : c >= 0x80 ? RBAC_PATH_UTF8
               : c == '/' ? RBAC_PATH_SLASH
               : c == '\\' ? RBAC_PATH_BACKSLASH
               : c == ';' ? RBAC_PATH_PARAMETER
               : c == '?' || c == '#' ? RBAC_PATH_DELIMITER
               : RBAC_PATH_OK;

        snprintf(s, sizeof(s), "/a%%%02xz", c);
        EXPECT_INT(check(s, 6, RBAC_PATH_STRICT, path, &at), want);

        if (want == RBAC_PATH_DELIMITER) {
            want = RBAC_PATH_OK;
        }

        EXPECT_INT(check(s, 6, RBAC_PATH_CANONICAL, path, &at), want);

        /* literal */

        memcpy(s, "/a zz", 5);
        s[2] = (char) c;

        form = check(s, 5, RBAC_PATH_STRICT, path, &at);

        if (c == '/' || c == '?') {
            EXPECT_INT(form, RBAC_PATH_OK);

        } else if (c == '#') {
            EXPECT_INT(form, RBAC_PATH_FRAGMENT);

        } else if (c == '%') {
            EXPECT_INT(form, RBAC_PATH_ESCAPE);

        } else {
            EXPECT_INT(form, want);
        }
    }
}


/* what is canonical stays as it is, in both modes */

TEST(a_canonical_form_is_its_own)
{
    char           path[512], again[512];
    size_t         i, at;
    postern_str_t  s;
    unsigned char  out[1536];

    for (i = 0; i < N(plain); i++) {
        EXPECT_INT(check(plain[i].target, strlen(plain[i].target),
                         RBAC_PATH_CANONICAL, path, &at), RBAC_PATH_OK);

        s.data = (unsigned char *) path;
        s.len = strlen(path);
        s.len = rbac_path_escape(s, out);

        EXPECT_INT(check((char *) out, s.len, RBAC_PATH_STRICT, again, &at),
                   RBAC_PATH_OK);
        EXPECT(strcmp(path, again) == 0);
    }
}


/* what a rewrite or a subrequest made: "%" is a plain byte there */

TEST(decoded_paths_are_held_to_the_same_rules)
{
    size_t         i, at;
    postern_str_t  s;

    static const refused_t  decoded[] = {
        { "/a/../b", RBAC_PATH_DOT_SEGMENT, 3 },
        { "/a//b", RBAC_PATH_EMPTY_SEGMENT, 3 },
        { "/a\\b", RBAC_PATH_BACKSLASH, 2 },
        { "/a;b", RBAC_PATH_PARAMETER, 2 },
        { "/a%2e", RBAC_PATH_DOUBLE, 2 },
        { "/a%2Fb", RBAC_PATH_DOUBLE, 2 },
        { "/a\n", RBAC_PATH_CONTROL, 2 },
        { "/a\xc0\xae", RBAC_PATH_UTF8, 2 },
        { "a", RBAC_PATH_NOT_ABSOLUTE, 0 },
        { "", RBAC_PATH_NOT_ABSOLUTE, 0 },
        { "/100%", RBAC_PATH_OK, 0 },
        { "/a b/c", RBAC_PATH_OK, 0 },
        { "/", RBAC_PATH_OK, 0 }
    };

    for (i = 0; i < N(decoded); i++) {
        s.data = (const unsigned char *) decoded[i].target;
        s.len = strlen(decoded[i].target);

        EXPECT_INT(rbac_path_decoded(s, RBAC_PATH_STRICT, &at),
                   decoded[i].form);
        EXPECT_INT(at, decoded[i].at);
        EXPECT_INT(rbac_path_decoded(s, RBAC_PATH_CANONICAL, &at),
                   decoded[i].form);
    }

    s.data = (const unsigned char *) "/a?b";
    s.len = 4;

    EXPECT_INT(rbac_path_decoded(s, RBAC_PATH_STRICT, &at),
               RBAC_PATH_DELIMITER);
    EXPECT_INT(rbac_path_decoded(s, RBAC_PATH_CANONICAL, &at), RBAC_PATH_OK);
}


TEST(targets_are_bounded)
{
    size_t            at;
    postern_str_t     target, path;
    unsigned char    *s;
    postern_alloc_t   alloc = { NULL, NULL };

    s = malloc(RBAC_PATH_MAX + 1);
    memset(s, 'a', RBAC_PATH_MAX + 1);
    s[0] = '/';

    target.data = s;
    target.len = RBAC_PATH_MAX + 1;

    EXPECT_INT(rbac_path_check(target, RBAC_PATH_STRICT, &alloc, &path, &at),
               RBAC_PATH_TOO_LONG);

    target.len--;

    EXPECT_INT(rbac_path_check(target, RBAC_PATH_STRICT, &alloc, &path, &at),
               RBAC_PATH_OK);
    EXPECT_INT(path.len, RBAC_PATH_MAX);

    free(s);
}


static void *
no_memory(void *data, size_t size)
{
    (void) data;
    (void) size;

    return NULL;
}


TEST(out_of_memory_is_said)
{
    size_t           at;
    postern_str_t    path, target = postern_string("/%61");
    postern_alloc_t  alloc = { no_memory, NULL };

    EXPECT_INT(rbac_path_check(target, RBAC_PATH_STRICT, &alloc, &path, &at),
               RBAC_PATH_NO_MEMORY);
}


/* what has no "://" behind its first word is no absolute form */

TEST(only_a_scheme_makes_an_absolute_form)
{
    unsigned       i;
    postern_str_t  target;

    static const char *const  relative[] = {
        "a/b:c", "a?b:c//", "ab/cd", "ab?cd", "ab", ":", "a:", "a:/", "a:b//c",
        "a:/b/c", "://a/b"
    };

    for (i = 0; i < sizeof(relative) / sizeof(relative[0]); i++) {
        target.data = (const unsigned char *) relative[i];
        target.len = strlen(relative[i]);

        EXPECT(rbac_path_of(target).data == NULL);
    }
}


/* an escape that is none is text in a path that is decoded already */

TEST(half_an_escape_is_no_double_encoding)
{
    unsigned       i;
    size_t         at;
    postern_str_t  path;

    static const struct {
        const char   *path;
        rbac_path_e   form;
    } cases[] = {
        { "/%", RBAC_PATH_OK },
        { "/%2", RBAC_PATH_OK },
        { "/%2x", RBAC_PATH_OK },
        { "/%x2", RBAC_PATH_OK },
        { "/%2f", RBAC_PATH_DOUBLE },
        { "/%u002", RBAC_PATH_OK },
        { "/%v002e", RBAC_PATH_OK },
        { "/%ux02e", RBAC_PATH_OK },
        { "/%u0x2e", RBAC_PATH_OK },
        { "/%u00xe", RBAC_PATH_OK },
        { "/%u002x", RBAC_PATH_OK },
        { "/%u002e", RBAC_PATH_DOUBLE },
        { "/%U002E", RBAC_PATH_DOUBLE }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        path.data = (const unsigned char *) cases[i].path;
        path.len = strlen(cases[i].path);

        EXPECT_INT(rbac_path_decoded(path, RBAC_PATH_CANONICAL, &at),
                   cases[i].form);
    }
}


TEST(a_decoded_path_is_bounded_too)
{
    size_t          at;
    unsigned char  *data;
    postern_str_t   path;

    data = malloc(RBAC_PATH_MAX + 1);
    memset(data, 'a', RBAC_PATH_MAX + 1);
    data[0] = '/';

    path.data = data;
    path.len = RBAC_PATH_MAX;
    EXPECT_INT(rbac_path_decoded(path, RBAC_PATH_STRICT, &at), RBAC_PATH_OK);

    path.len++;
    EXPECT_INT(rbac_path_decoded(path, RBAC_PATH_STRICT, &at),
               RBAC_PATH_TOO_LONG);
    EXPECT_INT(at, RBAC_PATH_MAX);

    free(data);
}


TEST(every_form_has_a_text)
{
    int  i, k;

    for (i = RBAC_PATH_OK; i <= RBAC_PATH_NO_MEMORY; i++) {
        for (k = RBAC_PATH_OK; k < i; k++) {
            EXPECT(strcmp(rbac_path_text(i), rbac_path_text(k)) != 0);
        }
    }
}


UNIT_MAIN()
