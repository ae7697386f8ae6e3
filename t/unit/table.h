
/* What the tests of the table share. */


#ifndef _UNIT_TABLE_H_INCLUDED_
#define _UNIT_TABLE_H_INCLUDED_


#include "postern_table_cell.h"
#include "unit.h"

#include <sys/mman.h>


#define SIZE  (256 * 1024)


static const unsigned char  key[16] = "0123456789abcdef";


static inline postern_table_t *
table(void *memory, size_t size)
{
    return postern_table_init(memory, size, key, 7);
}


static inline void *
memory(size_t size)
{
    return mmap(NULL, size, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS,
                -1, 0);
}


static inline postern_table_hash_t
hash_of(postern_table_t *t, postern_table_kind_e kind, unsigned n)
{
    char                  name[32];
    postern_str_t         org = postern_string("acme"), s;
    postern_table_hash_t  h;

    s.len = (size_t) snprintf(name, sizeof(name), "name-%u", n);
    s.data = (unsigned char *) name;

    postern_table_hash(t, kind, org, s, &h);

    return h;
}


static inline uint64_t
free_cells(postern_table_t *t)
{
    postern_table_stat_t  stat;

    postern_table_stat(t, &stat);

    return stat.free;
}


/* every cell is free, an entry of its bucket or a chunk of one record */

static inline int
consistent(postern_table_t *t)
{
    uint32_t         i, n, seen, *bucket;
    uint64_t         body;
    size_t           len, done;
    postern_cell_t  *cell;

    seen = 0;

    for (n = t->free; n; n = postern_table_cell(t, n)->next) {
        if (postern_table_cell(t, n)->state != POSTERN_CELL_FREE) {
            return 0;
        }

        seen++;
    }

    if (seen != t->nfree) {
        return 0;
    }

    for (i = 0; i <= t->mask; i++) {
        bucket = (uint32_t *) ((unsigned char *) t + t->buckets) + i;

        for (n = *bucket; n; n = cell->next) {
            cell = postern_table_cell(t, n);
            seen++;

            if (cell->state != POSTERN_CELL_RECORD
                && cell->state != POSTERN_CELL_COPY)
            {
                continue;
            }

            body = cell->u.entry.u.record.body;
            len = (size_t) (body & UINT32_MAX);
            body >>= 32;

            for (done = 0; done < len; done += POSTERN_TABLE_CHUNK) {
                if (body == 0
                    || postern_table_cell(t, (uint32_t) body)->state
                       != POSTERN_CELL_CHUNK)
                {
                    return 0;
                }

                body = postern_table_cell(t, (uint32_t) body)->next;
                seen++;
            }
        }
    }

    return seen == t->ncells;
}


#endif /* _UNIT_TABLE_H_INCLUDED_ */
