
/*
 * Sends a signed request by libcurl, byte for byte as it was signed.
 */


#include <curl/curl.h>

#include "cli_sign.h"


#define CLI_TIMEOUT  60L     /* seconds for all of it */


static struct curl_slist *cli_sign_headers(cli_sign_t *s);
static int cli_sign_transfer(cli_sign_t *s, CURL *curl,
    struct curl_slist *headers);


int
cli_sign_send(cli_sign_t *s)
{
    int                 rc;
    CURL               *curl;
    struct curl_slist  *headers;

    curl_global_init(CURL_GLOBAL_DEFAULT);

    curl = curl_easy_init();
    headers = cli_sign_headers(s);

    rc = curl && headers ? cli_sign_transfer(s, curl, headers)
                         : cli_error("out of memory");

    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    curl_global_cleanup();

    return rc;
}


static struct curl_slist *
cli_sign_headers(cli_sign_t *s)
{
    size_t              i;
    postern_str_t       line;
    cli_request_t      *r;
    struct curl_slist  *list, *longer;

    r = &s->request;

    /* nothing that libcurl would add on its own */

    list = curl_slist_append(NULL, "Expect:");

    for (i = 0; i < r->req.nfields && list; i++) {

        line = cli_format(r, r->fields[i].value.len ? "%s: %.*s" : "%s;",
                          r->names[i], (int) r->fields[i].value.len,
                          (const char *) r->fields[i].value.data);

        longer = curl_slist_append(list, (const char *) line.data);

        if (longer == NULL) {
            curl_slist_free_all(list);
        }

        list = longer;
    }

    return list;
}


static int
cli_sign_transfer(cli_sign_t *s, CURL *curl, struct curl_slist *headers)
{
    char            error[CURL_ERROR_SIZE];
    long            status;
    CURLcode        code;
    postern_str_t   method, target;
    cli_request_t  *r;

    r = &s->request;
    method = cli_format(r, "%.*s", (int) r->req.method.len,
                        (const char *) r->req.method.data);
    target = cli_format(r, "%.*s", (int) r->req.target.len,
                        (const char *) r->req.target.data);
    error[0] = '\0';

    curl_easy_setopt(curl, CURLOPT_URL, s->url);
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_REQUEST_TARGET,
                     (const char *) target.data);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "postern");
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, CLI_TIMEOUT);
    curl_easy_setopt(curl, CURLOPT_HEADER, s->include ? 1L : 0L);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");

    if (s->has_body) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
                         (curl_off_t) s->body.len);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, s->body.data);
    }

    if (postern_str_is(method, "HEAD")) {
        curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);

    } else {
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST,
                         (const char *) method.data);
    }

    if (s->cacert) {
        curl_easy_setopt(curl, CURLOPT_CAINFO, s->cacert);
    }

    if (s->insecure) {
        curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
    }

    code = curl_easy_perform(curl);

    if (code != CURLE_OK) {
        return cli_error("%s: %s", s->url,
                         error[0] ? error : curl_easy_strerror(code));
    }

    status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);

    if (status >= 400) {
        return cli_error("%s: answered %ld", s->url, status);
    }

    return CLI_OK;
}
