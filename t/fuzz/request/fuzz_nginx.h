
/*
 * nginx in the process of the fuzzer: started once as a worker, then run turn
 * by turn, with a clock, random bytes and threads that the fuzzer decides of.
 */


#ifndef _FUZZ_NGINX_H_INCLUDED_
#define _FUZZ_NGINX_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_http.h>


#define FUZZ_TIME  1795300000    /* the wall clock at the begin of an input */


/* the worker's side of main(); ends the process where that fails */
void fuzz_nginx_start(const char *folder);

/* told of every line of the log; the text ends with a line break */
extern void (*fuzz_nginx_logged)(ngx_uint_t level, const u_char *text,
    size_t len);

/* takes and restores what a request may change: the zones, clock and random */
void fuzz_nginx_keep(void);
void fuzz_nginx_begin(void);

/* one turn of the event loop; 1 where there was nothing to do.  Where jump is
   set, the clock then goes on to the next timer */
int fuzz_nginx_turn(int jump);

/* connections in use, those that nginx itself has included */
ngx_uint_t fuzz_nginx_connections(void);


#endif /* _FUZZ_NGINX_H_INCLUDED_ */
