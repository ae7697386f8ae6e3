
/*
 * Finds what must not be written down in a request target, a Referer or any
 * other text that looks like one: values of parameters whose names say that
 * they are credentials, and userinfo ("user:password@").
 *
 * Names are compared after percent-decoding, however often they were encoded,
 * without case, and without "-", "_" and ".": api_key, API-Key and %61pikey
 * are one name.  user[password] counts as password.
 */


#ifndef _AUDIT_REDACT_H_INCLUDED_
#define _AUDIT_REDACT_H_INCLUDED_


#include "audit_json.h"


#define AUDIT_REDACT_SLOTS   512     /* of the hash table, a power of two */
#define AUDIT_REDACT_NAMES   256     /* names, those built in included */
#define AUDIT_REDACT_NAME    64      /* bytes of a name */
#define AUDIT_REDACT_TEXT    4096    /* bytes of a text that are looked at */
#define AUDIT_REDACT_DEPTH   4       /* how often a text may be encoded */


typedef struct {
    unsigned char  len;
    unsigned char  name[AUDIT_REDACT_NAME];   /* folded */
} audit_redact_name_t;


/* filled once, then read only */

typedef struct {
    unsigned             nnames;
    audit_redact_name_t  slots[AUDIT_REDACT_SLOTS];
} audit_redact_t;


#define AUDIT_REDACT_OK     0
#define AUDIT_REDACT_EMPTY  1     /* nothing is left of the name once folded */
#define AUDIT_REDACT_LONG   2
#define AUDIT_REDACT_MANY   3


/* sets the names that are always there; docs/audit.md lists them */
void audit_redact_init(audit_redact_t *r);

/* one name more; a name that is there already is AUDIT_REDACT_OK */
int audit_redact_add(audit_redact_t *r, postern_str_t name);

/*
 * Writes a quoted JSON text of at most max bytes (at least 2 *
 * AUDIT_JSON_MARK), "[redacted]" in place of what must not be seen.
 */
void audit_redact_text(const audit_redact_t *r, audit_json_t *j,
    postern_str_t s, size_t max);


#endif /* _AUDIT_REDACT_H_INCLUDED_ */
