
/*
 * Decisions: may one of these roles do this with that path?  No allocation, no
 * lock, bounded work; see rbac_policy.h for what matches what.  Pure.
 */


#ifndef _RBAC_MATCH_H_INCLUDED_
#define _RBAC_MATCH_H_INCLUDED_


#include "rbac_policy.h"


#define RBAC_REASON_MAX    768      /* bytes of a reason, longer ones are cut */


/* in the order in which a nearer miss replaces a farther one */

typedef enum {
    RBAC_NO_ORG = 0,        /* the policy does not know this organization */
    RBAC_NO_ROLE,           /* the subject has no role */
    RBAC_NO_RESOURCE,       /* no pattern of any resource matches the path */
    RBAC_NO_GRANT,          /* none of the roles has a grant on the resource */
    RBAC_METHOD,            /* one has, but not for this method */
    RBAC_LIMIT,             /* over RBAC_MAX_STEPS: not decided to the end */
    RBAC_ALLOW
} rbac_code_e;


typedef struct {
    rbac_code_e                   code;

    /* RBAC_ALLOW, RBAC_METHOD: the subject's role, and the one among those it
       inherits (or itself) that holds the grant */
    const postern_role_t         *role;
    const postern_role_t         *via;
    const postern_permission_t   *permission;   /* RBAC_METHOD: one of them */

    /* from RBAC_NO_GRANT on: a resource that the path belongs to */
    const postern_resource_t     *resource;

    /* bytes of the path that the patterns follow */
    size_t                        reach;
} rbac_verdict_t;


/*
 * org and roles are of the directory that the policy was compiled from; path
 * is decoded and begins with "/", method is as sent: methods are compared in
 * full, case counts, HEAD is not GET.  Returns v->code.
 */
rbac_code_e rbac_decide(const rbac_policy_t *policy, const postern_org_t *org,
    const postern_role_t *const *roles, size_t nroles, postern_str_t method,
    postern_str_t path, rbac_verdict_t *v);

/* the stable code: "rbac/no-grant" …; "rbac/allowed" for RBAC_ALLOW */
postern_str_t rbac_code(rbac_code_e code);

/* one sentence for operators; returns its length, at most size */
size_t rbac_reason(const rbac_policy_t *policy, const postern_org_t *org,
    const rbac_verdict_t *v, postern_str_t method, postern_str_t path,
    char *out, size_t size);


#endif /* _RBAC_MATCH_H_INCLUDED_ */
