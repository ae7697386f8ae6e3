
#include <stdio.h>

#include "mfa_password.h"


/*
 * A table of hashes with open addressing, at most half full: found in one look
 * as a rule, with nothing to sort and four bytes for a place.  Whoever fills a
 * list to slow it down does so to himself.
 *
 * A password lies in text behind two bytes of its length.
 */

struct mfa_block_list_s {
    unsigned char  *text;
    uint32_t       *table;      /* offset in text plus one; 0: free */
    uint32_t        mask;
    size_t          n;
};


static postern_str_t mfa_block_line(postern_str_t *text);
static int mfa_block_measure(postern_str_t text, size_t *n, size_t *size,
    postern_error_t *err);
static void mfa_block_add(mfa_block_list_t *list, postern_str_t folded,
    size_t *used);
static uint32_t mfa_block_find(const mfa_block_list_t *list,
    postern_str_t folded);
static int mfa_block_error(postern_error_t *err, const char *text);


mfa_block_list_t *
mfa_block_list_parse(postern_str_t text, const postern_alloc_t *alloc,
    postern_error_t *err)
{
    size_t             n, size, used, places;
    postern_str_t      line, folded;
    unsigned char      buf[MFA_UNICODE_FOLDED];
    mfa_block_list_t  *list;

    memset(err, 0, sizeof(postern_error_t));

    if (text.len > MFA_BLOCK_LIST_MAX) {
        mfa_block_error(err, "the file is larger than 16 MiB");
        return NULL;
    }

    /* what editors of Windows put in front of UTF-8 */

    if (text.len >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0) {
        text.data += 3;
        text.len -= 3;
    }

    if (mfa_block_measure(text, &n, &size, err) != 0) {
        return NULL;
    }

    for (places = 16; places < 2 * n; places *= 2) { /* void */ }

    list = postern_alloc(alloc, sizeof(mfa_block_list_t));
    if (list == NULL) {
        mfa_block_error(err, "out of memory");
        return NULL;
    }

    list->text = postern_alloc(alloc, size ? size : 1);
    list->table = postern_alloc(alloc, places * sizeof(uint32_t));
    list->mask = (uint32_t) (places - 1);
    list->n = 0;

    if (list->text == NULL || list->table == NULL) {
        mfa_block_error(err, "out of memory");
        return NULL;
    }

    memset(list->table, 0, places * sizeof(uint32_t));

    folded.data = buf;
    used = 0;

    while (text.len) {
        line = mfa_block_line(&text);

        if (line.len) {
            folded.len = mfa_unicode_fold(line, buf, sizeof(buf));
            mfa_block_add(list, folded, &used);
        }
    }

    return list;
}


/* the next line without its end; empty for one that is skipped */

static postern_str_t
mfa_block_line(postern_str_t *text)
{
    postern_str_t         line;
    const unsigned char  *eol;

    eol = memchr(text->data, '\n', text->len);

    line.data = text->data;
    line.len = eol ? (size_t) (eol - text->data) : text->len;

    text->data += line.len + (eol != NULL);
    text->len -= line.len + (eol != NULL);

    if (line.len && line.data[line.len - 1] == '\r') {
        line.len--;
    }

    if (line.len && line.data[0] == '#') {
        line.len = 0;
    }

    return line;
}


static int
mfa_block_measure(postern_str_t text, size_t *n, size_t *size,
    postern_error_t *err)
{
    size_t         len;
    unsigned char  buf[MFA_UNICODE_FOLDED];
    postern_str_t  line;

    *n = 0;
    *size = 0;

    while (text.len) {
        line = mfa_block_line(&text);
        err->line++;

        if (line.len == 0) {
            continue;
        }

        if (line.len > MFA_PASSWORD_MAX) {
            return mfa_block_error(err, "the line is longer than any password, "
                                   "1024 bytes: one stands on a line");
        }

        len = mfa_unicode_fold(line, buf, sizeof(buf));

        if (len == 0) {
            return mfa_block_error(err, "the line is not UTF-8: convert the "
                                   "file, as by \"iconv -f latin1 -t utf-8\"");
        }

        (*n)++;
        *size += 2 + len;
    }

    err->line = 0;

    return 0;
}


static int
mfa_block_error(postern_error_t *err, const char *text)
{
    snprintf(err->text, sizeof(err->text), "%s", text);

    return -1;
}


static void
mfa_block_add(mfa_block_list_t *list, postern_str_t folded, size_t *used)
{
    uint32_t        i;
    unsigned char  *p;

    i = mfa_block_find(list, folded);

    if (list->table[i]) {
        return;
    }

    list->table[i] = (uint32_t) *used + 1;
    list->n++;

    p = list->text + *used;
    p[0] = (unsigned char) (folded.len >> 8);
    p[1] = (unsigned char) folded.len;
    memcpy(p + 2, folded.data, folded.len);

    *used += 2 + folded.len;
}


/* where it is, or could be put; by FNV-1a */

static uint32_t
mfa_block_find(const mfa_block_list_t *list, postern_str_t folded)
{
    size_t                i;
    uint32_t              hash;
    const unsigned char  *p;

    hash = 2166136261U;

    for (i = 0; i < folded.len; i++) {
        hash = (hash ^ folded.data[i]) * 16777619U;
    }

    for (hash &= list->mask; list->table[hash]; hash = (hash + 1) & list->mask)
    {
        p = list->text + list->table[hash] - 1;

        if (((size_t) p[0] << 8 | p[1]) == folded.len
            && memcmp(p + 2, folded.data, folded.len) == 0)
        {
            break;
        }
    }

    return hash;
}


int
mfa_block_list_has(const mfa_block_list_t *list, postern_str_t folded)
{
    return folded.len && list->table[mfa_block_find(list, folded)] != 0;
}


size_t
mfa_block_list_size(const mfa_block_list_t *list)
{
    return list->n;
}
