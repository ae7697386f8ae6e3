
/*
 * Known devices: the cookie, and what its seals are over.
 */


#include "mfa_device.h"
#include "postern_assert.h"
#include "mfa_http.h"


#define MFA_DEVICE_BYTES  (MFA_DEVICE_LANE + MFA_DEVICE_SEAL)
#define MFA_DEVICE_TAG    8


void
mfa_devices_parse(postern_str_t cookie, mfa_devices_t *devices)
{
    postern_str_t         entry;
    unsigned char         bytes[MFA_DEVICE_BYTES];
    mfa_device_t         *device;
    const unsigned char  *p, *end, *next;

    devices->n = 0;

    if (cookie.len > MFA_COOKIES_MAX) {
        return;
    }

    end = cookie.data + cookie.len;

    for (p = cookie.data;
         p < end && devices->n < MFA_DEVICE_ENTRIES;
         p = next + 1)
    {
        next = memchr(p, '.', end - p);
        if (next == NULL) {
            next = end;
        }

        entry.data = p;
        entry.len = next - p;

        if (mfa_base64url_decode(entry, bytes, MFA_DEVICE_BYTES) != 0) {
            continue;
        }

        device = &devices->entries[devices->n++];

        memcpy(device->lane, bytes, MFA_DEVICE_LANE);
        memcpy(device->seal, bytes + MFA_DEVICE_LANE, MFA_DEVICE_SEAL);
    }
}


void
mfa_devices_add(mfa_devices_t *devices, const mfa_device_t *device)
{
    unsigned       i, n;
    mfa_devices_t  next;

    next.entries[0] = *device;
    n = 1;

    for (i = 0; i < devices->n && n < MFA_DEVICE_ENTRIES; i++) {

        if (memcmp(devices->entries[i].lane, device->lane, MFA_DEVICE_LANE)
            == 0)
        {
            continue;
        }

        next.entries[n++] = devices->entries[i];
    }

    memcpy(devices->entries, next.entries, n * sizeof(mfa_device_t));
    devices->n = n;
}


size_t
mfa_devices_write(const mfa_devices_t *devices,
    char out[MFA_DEVICE_COOKIE + 1])
{
    char           *p;
    unsigned        i;
    unsigned char   bytes[MFA_DEVICE_BYTES];

    p = out;

    for (i = 0; i < devices->n; i++) {

        if (i != 0) {
            *p++ = '.';
        }

        memcpy(bytes, devices->entries[i].lane, MFA_DEVICE_LANE);
        memcpy(bytes + MFA_DEVICE_LANE, devices->entries[i].seal,
               MFA_DEVICE_SEAL);

        p += mfa_base64url(bytes, MFA_DEVICE_BYTES, p);
    }

    *p = '\0';

    return p - out;
}


size_t
mfa_device_text(const unsigned char lane[MFA_DEVICE_LANE],
    const unsigned char tag[8], postern_str_t org, postern_str_t user,
    unsigned char out[MFA_DEVICE_TEXT])
{
    unsigned char  *p;

    /* all but user is of a known length, so that no two texts are the same */

    if (org.len > MFA_DEVICE_TEXT || user.len > MFA_DEVICE_TEXT
        || MFA_DEVICE_LANE + MFA_DEVICE_TAG + 2 + org.len + user.len
           > MFA_DEVICE_TEXT)
    {
        return 0;
    }

    memcpy(out, lane, MFA_DEVICE_LANE);
    p = out + MFA_DEVICE_LANE;

    memcpy(p, tag, MFA_DEVICE_TAG);
    p += MFA_DEVICE_TAG;

    *p++ = (unsigned char) (org.len & 0xff);
    *p++ = (unsigned char) (org.len >> 8);

    if (org.len != 0) {
        memcpy(p, org.data, org.len);
        p += org.len;
    }

    if (POSTERN_ALWAYS(user.len != 0)) {
        memcpy(p, user.data, user.len);
        p += user.len;
    }

    return p - out;
}
