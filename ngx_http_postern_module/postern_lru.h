
/*
 * Names to values, as many as there is room for: the one that nobody asked for
 * the longest makes room for the next.  Pure; not safe for use by two threads.
 */


#ifndef _POSTERN_LRU_H_INCLUDED_
#define _POSTERN_LRU_H_INCLUDED_


#include "postern_buf.h"


#define POSTERN_LRU_NAME_MAX  128      /* bytes */


typedef struct postern_lru_s  postern_lru_t;


/* room for n of them, 1 at least; seed is random, as names are a stranger's;
   NULL: out of memory */
postern_lru_t *postern_lru_create(uint32_t n, const unsigned char seed[16]);

/* the values are the caller's: it has taken them out by pop() */
void postern_lru_destroy(postern_lru_t *lru);

/* NULL where there is none of that name; it is the youngest then */
void *postern_lru_find(postern_lru_t *lru, postern_str_t name);

/* value is not NULL; what it takes the place of, by name or for want of room,
   is returned, or NULL; or value itself, whose name is empty or too long */
void *postern_lru_add(postern_lru_t *lru, postern_str_t name, void *value);

/* returns what was there, or NULL */
void *postern_lru_remove(postern_lru_t *lru, postern_str_t name);

/* takes the oldest out; NULL where there is none */
void *postern_lru_pop(postern_lru_t *lru);

uint32_t postern_lru_count(const postern_lru_t *lru);


#endif /* _POSTERN_LRU_H_INCLUDED_ */
