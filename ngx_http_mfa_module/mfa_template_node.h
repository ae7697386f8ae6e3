
/*
 * What a template compiles into: lists of nodes.
 */


#ifndef _MFA_TEMPLATE_NODE_H_INCLUDED_
#define _MFA_TEMPLATE_NODE_H_INCLUDED_


#include "mfa_template.h"


typedef enum {
    MFA_NODE_LITERAL = 0,
    MFA_NODE_VALUE,         /* {{name}} */
    MFA_NODE_MARKUP,        /* {{{name}}} */
    MFA_NODE_TEXT,          /* {{t.name}}, without "t." */
    MFA_NODE_SECTION,       /* {{#name}} */
    MFA_NODE_ONCE,          /* {{?name}} */
    MFA_NODE_INVERSE        /* {{^name}} */
} mfa_node_e;

typedef struct mfa_node_s  mfa_node_t;

struct mfa_node_s {
    mfa_node_e           kind;
    postern_str_t        text;      /* literal, or name */
    const mfa_node_t    *inner;     /* of a section */
    const mfa_node_t    *next;
};

struct mfa_template_s {
    const mfa_node_t    *first;
};


/* "{word}" at the beginning of a text: its word, or absent */
postern_str_t mfa_text_word(postern_str_t text);


#endif /* _MFA_TEMPLATE_NODE_H_INCLUDED_ */
