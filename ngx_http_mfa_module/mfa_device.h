
/*
 * Known devices: a cookie that says "somebody signed in as this user here",
 * and nothing more.  It gives guesses from there a count of their own, so that
 * nobody else can lock the owner out; it never replaces a factor.
 *
 * The cookie holds entries of a few users, newest first, joined by ".":
 * base64url of lane (12 bytes) and seal (16 bytes).  The seal is a keyed hash
 * over what mfa_device_text() writes, made and compared by the caller.
 */


#ifndef _MFA_DEVICE_H_INCLUDED_
#define _MFA_DEVICE_H_INCLUDED_


#include "postern_buf.h"


#define MFA_DEVICE_LANE      12
#define MFA_DEVICE_SEAL      16
#define MFA_DEVICE_ENTRIES   4
#define MFA_DEVICE_ENTRY     38      /* characters of an entry */
#define MFA_DEVICE_COOKIE    (MFA_DEVICE_ENTRIES * (MFA_DEVICE_ENTRY + 1))
#define MFA_DEVICE_TEXT      320


typedef struct {
    unsigned char    lane[MFA_DEVICE_LANE];
    unsigned char    seal[MFA_DEVICE_SEAL];
} mfa_device_t;

typedef struct {
    mfa_device_t     entries[MFA_DEVICE_ENTRIES];
    unsigned         n;
} mfa_devices_t;


/* entries that do not read as such are left out, those beyond the limit too */
void mfa_devices_parse(postern_str_t cookie, mfa_devices_t *devices);

/* puts an entry in front, drops an equal lane and the last one when full */
void mfa_devices_add(mfa_devices_t *devices, const mfa_device_t *device);

/* writes the cookie and NUL; the length */
size_t mfa_devices_write(const mfa_devices_t *devices,
    char out[MFA_DEVICE_COOKIE + 1]);

/* what the seal is over, unambiguous: lane, tag of the password (a new password
   makes all devices strangers), org, user; the length, 0 where too long */
size_t mfa_device_text(const unsigned char lane[MFA_DEVICE_LANE],
    const unsigned char tag[8], postern_str_t org, postern_str_t user,
    unsigned char out[MFA_DEVICE_TEXT]);


#endif /* _MFA_DEVICE_H_INCLUDED_ */
