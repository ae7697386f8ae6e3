/* link: ngx_http_rbac_module/rbac_path.c */

/*
 * Any bytes as a request target.  What passes must be plain for every reader:
 *
 *   - the decoded path holds none of the forms that are refused, looked for
 *     here in another way than in rbac_path.c;
 *   - decoding it once more, or reading "\" as "/", changes nothing;
 *   - what strict lets pass, canonical reads as the same path;
 *   - the escaped path reads as the decoded one again, and nothing else.
 */


#include "fuzz.h"
#include "rbac_path.h"


static int
hex(unsigned char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}


static void
plain(postern_str_t path)
{
    size_t                i, from;
    const unsigned char  *p;

    p = path.data;

    HELD(path.len > 0 && p[0] == '/');

    for (i = 0, from = 0; i <= path.len; i++) {

        if (i < path.len && p[i] != '/') {
            HELD(p[i] >= 0x20 && p[i] != 0x7f);
            HELD(p[i] != '\\' && p[i] != ';');
            HELD(p[i] != '%' || i + 2 >= path.len
                 || !hex(p[i + 1]) || !hex(p[i + 2]));
            HELD(p[i] != 0xc0 && p[i] != 0xc1 && p[i] < 0xf5);
            continue;
        }

        /* a segment ends here: "", "." and ".." only as the empty last one */

        if (i > 0) {
            HELD(i - from > 0 || i == path.len);
            HELD(i == from || (p[i - 1] != '.' && p[i - 1] != ' '));
        }

        from = i + 1;
    }
}


static void
again(postern_str_t path, const postern_alloc_t *alloc)
{
    size_t           at;
    rbac_path_e      form;
    postern_str_t    escaped, read;
    unsigned char   *out;

    out = postern_alloc(alloc, 3 * path.len);

    escaped.data = out;
    escaped.len = rbac_path_escape(path, out);

    HELD(escaped.len >= path.len && escaped.len <= 3 * path.len);

    form = rbac_path_check(escaped, RBAC_PATH_CANONICAL, alloc, &read, &at);

    HELD(form == RBAC_PATH_OK || form == RBAC_PATH_TOO_LONG);
    HELD(form != RBAC_PATH_OK || postern_str_eq(read, path));

    HELD(rbac_path_decoded(path, RBAC_PATH_CANONICAL, &at) == RBAC_PATH_OK);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t            at, at_canonical;
    rbac_path_e       strict, canonical;
    postern_str_t     target, path, resolved;
    unsigned char    *copy;
    postern_alloc_t   alloc;
    fuzz_memory_t     pieces;

    alloc = fuzz_memory(&pieces, SIZE_MAX);

    copy = malloc(size ? size : 1);
    HELD(copy != NULL);

    if (size) {
        memcpy(copy, data, size);
    }

    target.data = copy;
    target.len = size;

    strict = rbac_path_check(target, RBAC_PATH_STRICT, &alloc, &path, &at);
    canonical = rbac_path_check(target, RBAC_PATH_CANONICAL, &alloc, &resolved,
                                &at_canonical);

    HELD(at <= size && at_canonical <= size);

    if (strict == RBAC_PATH_OK) {
        HELD(canonical == RBAC_PATH_OK);
        HELD(postern_str_eq(path, resolved));
        plain(path);
    }

    if (canonical == RBAC_PATH_OK) {
        plain(resolved);
        again(resolved, &alloc);
    }

    (void) rbac_path_decoded(target, RBAC_PATH_STRICT, &at);

    fuzz_free(&pieces);
    free(copy);

    return 0;
}
