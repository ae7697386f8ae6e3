/* link: ngx_http_mfa_module/mfa_session.c ngx_http_mfa_module/mfa_sessions.c
   ngx_http_mfa_module/mfa_device.c ngx_http_mfa_module/mfa_base64url.c */

/*
 * Any bytes as the record of a session, as a list of sessions and as the cookie
 * of known devices.  What is read is written the same again; what a session is
 * good for can be asked at any time.
 */


#include <stdlib.h>

#include "mfa_device.h"
#include "mfa_session.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
check_session(postern_str_t record)
{
    int64_t        ttl;
    mfa_session_t  s;
    mfa_session_e  rc;
    unsigned char  out[MFA_SESSION_SIZE];

    static const int64_t       now = 1795300000;
    static const mfa_limits_t  limits = { 3600, 86400 };

    if (mfa_session_unpack(record, &s) != 0) {
        return;
    }

    if (mfa_session_pack(&s, out, sizeof(out)) != record.len
        || memcmp(out, record.data, record.len) != 0)
    {
        abort();
    }

    rc = mfa_session_check(&s, &limits, 2, 600, now);
    ttl = mfa_session_ttl(&s, &limits, now);

    if (ttl < 1
        || (rc == MFA_SESSION_OK
            && (s.aal != 2 || ttl > limits.idle + MFA_SESSION_SKEW)))
    {
        abort();
    }
}


static void
check_list(postern_str_t record)
{
    size_t          len;
    unsigned        n;
    mfa_listed_t    entry, pushed;
    mfa_sessions_t  list;
    unsigned char   out[MFA_SESSIONS_SIZE];

    static const mfa_limits_t  limits = { 3600, 86400 };

    if (mfa_sessions_unpack(record, &list) != 0) {
        return;
    }

    len = mfa_sessions_pack(&list, out);

    if (len != record.len || memcmp(out, record.data, len) != 0) {
        abort();
    }

    n = list.n;
    memset(&entry, 0x5a, sizeof(entry));
    entry.created = 1795300000;

    (void) mfa_sessions_add(&list, &entry, NULL, INT64_MAX, &pushed);
    (void) mfa_sessions_add(&list, &entry, NULL, 1, &pushed);

    mfa_sessions_expire(&list, &limits, 1795300000);

    if (list.n > MFA_SESSIONS_MAX || list.n > n + 1) {
        abort();
    }

    while (list.n > 0) {
        if (mfa_sessions_remove(&list, list.sessions[list.n / 2].id, &pushed)
            != 0)
        {
            abort();
        }
    }
}


static void
check_devices(postern_str_t cookie)
{
    char           out[MFA_DEVICE_COOKIE + 1];
    mfa_device_t   device;
    postern_str_t  text;
    mfa_devices_t  devices, again;

    mfa_devices_parse(cookie, &devices);

    memset(&device, 1, sizeof(device));
    mfa_devices_add(&devices, &device);

    text.len = mfa_devices_write(&devices, out);
    text.data = (unsigned char *) out;

    mfa_devices_parse(text, &again);

    if (again.n != devices.n
        || memcmp(again.entries, devices.entries,
                  again.n * sizeof(mfa_device_t)) != 0)
    {
        abort();
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    postern_str_t   record;
    unsigned char  *copy;

    copy = malloc(size ? size : 1);

    if (copy == NULL) {
        return 0;
    }

    memcpy(copy, data, size);
    record.data = copy;
    record.len = size;

    check_session(record);
    check_list(record);
    check_devices(record);

    free(copy);

    return 0;
}
