
/*
 * Webhooks: signatures over the body and a little around it, by keys that the
 * message does not name.
 *
 * What kind of webhook a location takes, and whose, says its configuration: it
 * is one sign_webhook_t, made of a row of the known kinds or of a template.
 * Everything that is signed is text in front of the body, the body, and text
 * behind it, so that the body streams through the hash and is not held; Ed25519
 * needs the octets and holds them, up to a bound.
 */


#ifndef _SIGN_WEBHOOK_H_INCLUDED_
#define _SIGN_WEBHOOK_H_INCLUDED_


#include "sign_message.h"


#define SIGN_WEBHOOK_PARTS    16      /* of a template */
#define SIGN_WEBHOOK_HMACS    8       /* signatures "v1" in a message */
#define SIGN_WEBHOOK_PUBLICS  4       /* "v1a": each costs an Ed25519 */
#define SIGN_WEBHOOK_TEXT     4096    /* bytes around the body */
#define SIGN_WEBHOOK_HELD     (256 * 1024)    /* bytes, for Ed25519 */


typedef enum {
    SIGN_WEBHOOK_TEMPLATE = 0,    /* one signature, as header says */
    SIGN_WEBHOOK_STANDARD,        /* "v1,… v1a,…" */
    SIGN_WEBHOOK_STRIPE           /* "t=…,v1=…" */
} sign_webhook_form_e;

typedef enum {
    SIGN_WEBHOOK_HEX = 0,
    SIGN_WEBHOOK_BASE64,
    SIGN_WEBHOOK_BASE64URL
} sign_webhook_encoding_e;


typedef enum {
    SIGN_WEBHOOK_LITERAL = 0,     /* text as it stands */
    SIGN_WEBHOOK_FIELD,           /* the field of that name, there once */
    SIGN_WEBHOOK_VALUE,           /* the next one of sign_request_t.values */
    SIGN_WEBHOOK_TIME,            /* the time in the signature's own field */
    SIGN_WEBHOOK_BODY
} sign_webhook_part_e;

typedef struct {
    sign_webhook_part_e       type;
    postern_str_t             text;
} sign_webhook_part_t;


struct sign_webhook_s {
    postern_str_t             name;          /* "github", "custom" */
    sign_webhook_form_e       form;
    postern_alg_e             algorithm;     /* standard: 0, two are known */
    sign_webhook_encoding_e   encoding;
    postern_str_t             header;        /* of the signature, lower case */
    postern_str_t             prefix;        /* in front of it */
    postern_str_t             timestamp;     /* field, lower case; or absent */
    unsigned                  undated:1;
    size_t                    nparts;
    sign_webhook_part_t       parts[SIGN_WEBHOOK_PARTS];

    postern_str_t             keys[SIGN_MAX_KEYS];
    size_t                    nkeys;
};


/* a known kind by its name, without keys; NULL where there is none */
const sign_webhook_t *sign_webhook_kind(postern_str_t name);

/*
 * Takes a template apart: "$request_body" once, "$http_name" for fields, other
 * variables for values, whose names are the texts of their parts.  Slices point
 * into text, but names of fields, which need memory.  Returns NULL, or the end
 * of a sentence on what is wrong.
 */
const char *sign_webhook_template(postern_str_t text,
    const postern_alloc_t *alloc, sign_webhook_t *webhook);

/* 1 where a part is the field of that name */
int sign_webhook_has(const sign_webhook_t *webhook, postern_str_t name);

/* 1 where the key is of an algorithm that such webhooks are signed with */
int sign_webhook_takes(const sign_webhook_t *webhook,
    const postern_key_t *key);


/* what parse() found, and what became of the body */

typedef struct {
    const sign_webhook_t     *webhook;
    postern_str_t             time;          /* as sent */
    postern_str_t             before;
    postern_str_t             after;
    size_t                    nhmacs;
    size_t                    npublics;
    size_t                    len;           /* of each of hmacs */
    unsigned char             hmacs[SIGN_WEBHOOK_HMACS][64];
    unsigned char             publics[SIGN_WEBHOOK_PUBLICS][64];

    unsigned                  made;          /* bits: which of macs */
    unsigned char             macs[SIGN_MAX_KEYS][64];
    unsigned char             content[32];   /* the hash of what was signed */
    postern_str_t             held;          /* it itself, for Ed25519 */
} sign_webhook_data_t;

/* of parse(): the signatures in the value of the field */
sign_code_e sign_webhook_signatures(postern_str_t value,
    sign_webhook_data_t *data, sign_message_t *msg);

/* seconds; values too large for them are milliseconds; -1 for anything else */
int64_t sign_webhook_time(postern_str_t text);


#endif /* _SIGN_WEBHOOK_H_INCLUDED_ */
