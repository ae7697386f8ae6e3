
/*
 * Webhooks of a location, named as nginx.conf names them.
 */


#ifndef _CLI_WEBHOOK_H_INCLUDED_
#define _CLI_WEBHOOK_H_INCLUDED_


#include "cli_request.h"
#include "sign_webhook.h"


/* a kind ("github"), or what "sign_webhook" takes, its keys as well; strings
   live as long as the request; -1, or CLI_USAGE after an error */
int cli_webhook(cli_request_t *r, const char *command, const char *text,
    sign_webhook_t *webhook);

/* what the variables of its template have in this request; 0, or -1 after an
   error */
int cli_webhook_values(cli_request_t *r, const sign_webhook_t *webhook);


#endif /* _CLI_WEBHOOK_H_INCLUDED_ */
