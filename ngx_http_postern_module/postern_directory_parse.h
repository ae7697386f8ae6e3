
/*
 * Inside the parser of the directory.  Every function returns 0, or -1 with
 * the fault in p->err; the first fault ends the parse.
 */


#ifndef _POSTERN_DIRECTORY_PARSE_H_INCLUDED_
#define _POSTERN_DIRECTORY_PARSE_H_INCLUDED_


#include "postern_directory.h"
#include "postern_json.h"


/*
 * Names to entries of an array.  Names come from clients when they are looked
 * up, and from whoever edits the directory when they are stored, so the hash is
 * keyed by random bytes of the snapshot.
 */

typedef struct {
    const unsigned char    *entries;
    size_t                  stride;
    size_t                  offset;      /* of the name in an entry */
    uint32_t               *slots;       /* index + 1; 0: empty */
    uint32_t                mask;
    uint32_t                n;
    const unsigned char    *seed;
} postern_index_t;


#define POSTERN_INDEX_SEED  16

/* postern_directory_t.lookup */

typedef struct {
    unsigned char           seed[POSTERN_INDEX_SEED];
    postern_index_t         orgs;
    postern_index_t         keys;
    postern_index_t        *users;       /* by index of the organization */
    postern_index_t         fingerprints;
} postern_lookup_t;


/* an entry of `fingerprints` */

typedef struct {
    postern_str_t           fingerprint;
    const postern_key_t    *key;
} postern_fingerprint_t;


typedef enum {
    POSTERN_P256 = 0,
    POSTERN_P384,
    POSTERN_P521,
    POSTERN_CURVES
} postern_curve_e;


typedef struct {
    postern_str_t           text;
    postern_error_t        *err;
    postern_arena_t        *arena;       /* of the snapshot */
    postern_directory_t    *dir;
    postern_lookup_t       *lookup;
    json_t                **sets;        /* as loaded */
    postern_jwks_t         *jwks;
    uint32_t                njwks;
    uint32_t                faulty;      /* njwks: the document */
    void                   *groups[POSTERN_CURVES];  /* EC_GROUP, once one is
                                                        needed */

    /* of the organization at hand; its names live as long as the snapshot,
       the tables only as long as the parse */

    postern_arena_t        *scratch;
    postern_org_t          *org;
    postern_index_t         permissions;
    postern_index_t         resources;
    postern_index_t         roles;

    unsigned                apart:1;     /* one key, not a document */
} postern_parse_t;


/* postern_directory_lookup.c */

int postern_index_init(postern_index_t *table, const void *entries,
    uint32_t n, size_t stride, size_t offset, const unsigned char *seed,
    postern_arena_t *arena);
/* returns the entry that has the name already, or NULL; table has room */
const void *postern_index_add(postern_index_t *table, uint32_t index);
const void *postern_index_find(const postern_index_t *table,
    postern_str_t name);


/* postern_directory_value.c */

int postern_fault(postern_parse_t *p, const postern_json_at_t *at,
    postern_json_part_e part, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
int postern_fault_memory(postern_parse_t *p);

/* allows the members of a list that ends with NULL, no others */
int postern_parse_members(postern_parse_t *p, const postern_json_at_t *at,
    const json_t *object, const char *const *members);

/* a member that may be missing: *value is NULL then; `at` is filled in */
int postern_parse_member(postern_parse_t *p, const postern_json_at_t *up,
    const json_t *object, const char *name, json_type type,
    postern_json_at_t *at, const json_t **value);

/* an entry of an array, which must be a string of 1 to max bytes */
int postern_parse_string(postern_parse_t *p, const postern_json_at_t *at,
    const json_t *value, size_t max, postern_str_t *s);

/* a name of anything, kept in the arena */
int postern_parse_name_of(postern_parse_t *p, const postern_json_at_t *at,
    postern_json_part_e part, postern_str_t s, postern_str_t *name);
/* at is where it stands as a member */
int postern_parse_name(postern_parse_t *p, const postern_json_at_t *at,
    postern_str_t *name);

/* no control character in it */
int postern_parse_chars(postern_parse_t *p, const postern_json_at_t *at,
    postern_json_part_e part, postern_str_t s);

/* a member that people read: at most max bytes, no control character */
int postern_parse_text(postern_parse_t *p, const postern_json_at_t *up,
    const json_t *object, const char *name, size_t max, postern_str_t *text);

int postern_parse_status(postern_parse_t *p, const postern_json_at_t *up,
    const json_t *object, postern_status_e *status);

/* copies a string's value into the arena */
int postern_parse_keep(postern_parse_t *p, postern_str_t s,
    postern_str_t *copy);

/* n zeroed entries in the arena, NULL with a fault when out of memory */
void *postern_parse_array(postern_parse_t *p, size_t n, size_t size);

/* what stands in a table under the name that is the value at `at` */
int postern_parse_reference(postern_parse_t *p, const postern_json_at_t *at,
    const json_t *value, const postern_index_t *table, const char *what,
    const void **entry);

/* ", did you mean …?" or an empty string, in out */
#define POSTERN_HINT  192

const char *postern_hint(postern_str_t name, const char *const *known,
    char out[POSTERN_HINT]);

/* RFC 3339, section 5.6, to seconds; -1 without a fault when it is not */
int postern_time_parse(postern_str_t text, int64_t *time);


/* postern_directory_role.c: permissions, resources, roles of p->org */

int postern_parse_roles(postern_parse_t *p, const postern_json_at_t *at,
    const json_t *org);
/* an array of names of roles */
int postern_parse_role_list(postern_parse_t *p, const postern_json_at_t *at,
    const json_t *list, const postern_role_t *const **roles, uint32_t *n);


/* postern_directory_pattern.c; NULL, or what is wrong */

const char *postern_method_fault(postern_str_t method);
const char *postern_pattern_fault(postern_str_t pattern);


/* postern_directory_user.c, postern_directory_key.c: of p->org */

int postern_parse_users(postern_parse_t *p, const postern_json_at_t *at,
    const json_t *org);
int postern_parse_keys(postern_parse_t *p, const postern_json_at_t *at,
    const json_t *org);


/* postern_directory_secret.c */

/* a private key as written; record is the key's id */
int postern_parse_sealed(postern_parse_t *p, const postern_json_at_t *at,
    const json_t *value, postern_str_t record, postern_str_t *text);
/* at NULL: it is the document */
int postern_parse_key(postern_parse_t *p, const postern_json_at_t *at,
    const json_t *json, postern_key_t *key);
/* a secret as written; collection and record name it for sealing */
int postern_parse_secret(postern_parse_t *p, const postern_json_at_t *at,
    const json_t *value, const char *collection, postern_str_t record,
    const char *member, postern_str_t *secret);


/* postern_directory_factor.c: "factors" of a user */

int postern_parse_factors(postern_parse_t *p, const postern_json_at_t *up,
    const json_t *json, postern_user_t *user);


/* postern_directory_use.c: what a key may be used for */

int postern_parse_algorithm(postern_parse_t *p, const postern_json_at_t *up,
    const json_t *json, postern_key_t *key);
int postern_parse_schemes(postern_parse_t *p, const postern_json_at_t *up,
    const json_t *json, postern_key_t *key);
int postern_parse_rate(postern_parse_t *p, const postern_json_at_t *up,
    const json_t *json, postern_key_t *key);
int postern_parse_networks(postern_parse_t *p, const postern_json_at_t *up,
    const json_t *json, postern_key_t *key);


/* postern_directory_material.c: what a key is made of */

int postern_parse_material(postern_parse_t *p, const postern_json_at_t *up,
    const json_t *json, postern_key_t *key);
/* of a key whose public_key is all there is of it */
void postern_parse_fingerprint(postern_key_t *key);


/* postern_directory_public.c: the raw form of a public key in the arena */

#define POSTERN_PUBLIC_MAX   2048    /* as written, and as DER */
#define POSTERN_ED25519_LEN  32

int postern_parse_public_key(postern_parse_t *p, const postern_json_at_t *at,
    const json_t *value, postern_alg_e alg, postern_str_t *raw);

/* these return NULL, or what is wrong; what libcrypto noted meanwhile is the
   caller's to clear */

/* bytes of any form (raw, a point, a SubjectPublicKeyInfo) to the raw one, in
   place; key has room for POSTERN_PUBLIC_MAX */
const char *postern_public_take(postern_parse_t *p, postern_alg_e alg,
    unsigned char *key, size_t *len);
/* of what is raw already */
const char *postern_public_check(postern_parse_t *p, postern_alg_e alg,
    unsigned char *key, size_t *len);
const char *postern_public_ed25519(const unsigned char *key, size_t len);
const char *postern_public_point(postern_parse_t *p, postern_curve_e curve,
    unsigned char *key, size_t *len);


/* postern_directory_rsa.c: the same; numbers are big endian */

const char *postern_rsa_fault(postern_str_t n, postern_str_t e);
/* writes a SubjectPublicKeyInfo; the numbers may begin with zeros */
const char *postern_public_rsa(postern_str_t n, postern_str_t e,
    unsigned char *out, size_t *len);


/* postern_directory_jwk.c */

int postern_parse_jwk(postern_parse_t *p, const postern_json_at_t *at,
    const json_t *json, postern_alg_e alg, postern_str_t *raw);
/* of a key in a set; 0: none that signs requests */
postern_alg_e postern_jwk_algorithm(const json_t *json);


/* postern_directory_jwks.c */

/* reads the sets, and says how many keys they hold at most */
int postern_jwks_load(postern_parse_t *p, size_t *nkeys);
void postern_jwks_free(postern_parse_t *p);
/* when the document is parsed */
int postern_parse_jwks(postern_parse_t *p);


/* postern_directory_ssh.c */

int postern_parse_ssh_key(postern_parse_t *p, const postern_json_at_t *at,
    const json_t *value, postern_str_t *blob);


/* postern_directory_x509.c */

int postern_parse_certificate(postern_parse_t *p,
    const postern_json_at_t *at, const json_t *value, postern_key_t *key);
int postern_parse_crl(postern_parse_t *p, const postern_json_at_t *at,
    const json_t *value, postern_key_t *key);
int postern_parse_subject(postern_parse_t *p, const postern_json_at_t *up,
    const json_t *value, postern_key_t *key);


/* postern_directory_link.c: last, of all keys */

int postern_parse_links(postern_parse_t *p);


#endif /* _POSTERN_DIRECTORY_PARSE_H_INCLUDED_ */
