/* link: ngx_http_sign_module/sign_sf.c ngx_http_sign_module/sign_sf_tree.c
   ngx_http_sign_module/sign_sf_write.c
   ngx_http_postern_module/postern_arena.c */

/*
 * Any bytes as an item, a list and a dictionary.  What parses can be written,
 * what was written parses and is written the same again, and the readers that
 * only skip agree with those that build a tree.
 */


#include "fuzz.h"
#include "sign_sf.h"


#define MAX_INPUT  16384


typedef enum { ITEM = 0, LIST, DICTIONARY } kind_e;


static int
parse(postern_str_t text, kind_e kind, postern_alloc_t *memory,
    sign_sf_item_t *item, sign_sf_list_t *list)
{
    switch (kind) {

    case ITEM:
        list->members = item;
        list->nmembers = 1;
        return sign_sf_parse_item(text, memory, item);

    case LIST:
        return sign_sf_parse_list(text, memory, list);

    default:
        return sign_sf_parse_dictionary(text, memory, list);
    }
}


static postern_str_t
written(const sign_sf_list_t *list, kind_e kind, postern_alloc_t *memory)
{
    int             i, rc;
    sign_sf_out_t   out;
    postern_str_t   text;

    memset(&out, 0, sizeof(out));

    for (i = 0; i < 2; i++) {

        rc = (kind == DICTIONARY) ? sign_sf_write_dictionary(&out, list)
                                  : sign_sf_write_list(&out, list);
        if (rc != SIGN_SF_OK) {
            abort();
        }

        if (i == 0) {
            out.size = out.len;
            out.len = 0;
            out.data = postern_alloc(memory, out.size + 1);
        }
    }

    if (out.len != out.size) {
        abort();
    }

    text.data = out.data;
    text.len = out.len;

    return text;
}


/* every member by the readers alone; 1 where all are well formed */

static int
skipped(postern_str_t text, kind_e kind)
{
    int               rc;
    postern_str_t     key;
    sign_sf_cursor_t  c;

    sign_sf_begin(&c, text);

    if (c.pos == c.last) {
        return 1;
    }

    do {
        if (kind == DICTIONARY) {

            if (sign_sf_read_key(&c, &key) != SIGN_SF_OK) {
                return 0;
            }

            if (c.pos < c.last && *c.pos == '=') {
                c.pos++;
                rc = sign_sf_skip_member(&c);

            } else {
                rc = sign_sf_skip_params(&c);
            }

        } else {
            rc = sign_sf_skip_member(&c);
        }

        if (rc != SIGN_SF_OK) {
            return 0;
        }

    } while ((rc = sign_sf_read_comma(&c)) == 1);

    return rc == SIGN_SF_OK;
}


static void
check(postern_str_t text, kind_e kind, size_t limit)
{
    int               rc;
    sign_sf_item_t    item;
    sign_sf_list_t    list;
    postern_str_t     once, twice;
    postern_alloc_t   memory;
    fuzz_memory_t     pieces;

    memory = fuzz_memory(&pieces, limit);

    rc = parse(text, kind, &memory, &item, &list);

    /* what is well formed may not find the memory it needs, and then fails */

    if (limit != SIZE_MAX) {
        HELD(rc != SIGN_SF_OK || !pieces.out);
        fuzz_free(&pieces);
        return;
    }

    if (kind != ITEM && rc != SIGN_SF_LIMIT
        && (rc == SIGN_SF_OK) != skipped(text, kind))
    {
        abort();
    }

    if (rc == SIGN_SF_OK) {
        once = written(&list, kind, &memory);

        if (parse(once, kind, &memory, &item, &list) != SIGN_SF_OK) {
            abort();
        }

        twice = written(&list, kind, &memory);

        if (!postern_str_eq(once, twice)) {
            abort();
        }
    }

    fuzz_free(&pieces);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    kind_e         kind;
    postern_str_t  text;

    if (size > MAX_INPUT) {
        return 0;
    }

    text = fuzz_copy(data, size);

    for (kind = ITEM; kind <= DICTIONARY; kind++) {
        check(text, kind, SIZE_MAX);
        check(text, kind, fuzz_limit(data, size, 2048));
    }

    free((void *) text.data);

    return 0;
}
