
/*
 * Known devices: whose cookie says that somebody signed in as a user there.
 */


#include "ngx_http_mfa_module.h"

#include <sodium.h>


static void ngx_http_mfa_devices(ngx_http_request_t *r,
    mfa_devices_t *devices);
static mfa_device_t *ngx_http_mfa_device_find(ngx_http_request_t *r,
    mfa_devices_t *devices, const postern_user_t *user);
static void ngx_http_mfa_device_mark(mfa_device_t *device, ngx_uint_t aal);
static ngx_uint_t ngx_http_mfa_device_aal(const mfa_device_t *device);
static ngx_int_t ngx_http_mfa_device_seal(ngx_uint_t n, const u_char *lane,
    const postern_user_t *user, u_char seal[MFA_DEVICE_SEAL]);


void
ngx_http_mfa_device_lane(ngx_http_request_t *r, const postern_user_t *user,
    ngx_uint_t aal, ngx_str_t *lane)
{
    u_char         *p;
    mfa_device_t   *device;
    mfa_devices_t   devices;

    ngx_str_set(lane, "");

    if (user == NULL) {
        return;
    }

    ngx_http_mfa_devices(r, &devices);

    device = ngx_http_mfa_device_find(r, &devices, user);
    if (device == NULL || ngx_http_mfa_device_aal(device) < aal) {
        return;
    }

    p = ngx_pnalloc(r->pool, 2 * MFA_DEVICE_LANE);
    if (p == NULL) {
        return;
    }

    lane->data = p;
    lane->len = ngx_hex_dump(p, (u_char *) device->lane, MFA_DEVICE_LANE) - p;
}


ngx_int_t
ngx_http_mfa_device_remember(ngx_http_request_t *r,
    const postern_user_t *user, ngx_uint_t aal)
{
    char                     *text;
    ngx_str_t                 value;
    mfa_device_t              device, *known;
    mfa_devices_t             devices;
    ngx_http_mfa_loc_conf_t  *mlcf;

    mlcf = ngx_http_get_module_loc_conf(r, ngx_http_mfa_module);

    ngx_http_mfa_devices(r, &devices);

    known = ngx_http_mfa_device_find(r, &devices, user);

    if (known && ngx_http_mfa_device_aal(known) >= aal) {
        device = *known;

    } else {
        randombytes_buf(device.lane, MFA_DEVICE_LANE);
        ngx_http_mfa_device_mark(&device, aal);

        if (known) {

            /* goes with the new one, which takes its place */

            *known = device;
        }
    }

    /* anew in any case: the seal may be that of an older master key */

    if (ngx_http_mfa_device_seal(0, device.lane, user, device.seal) != NGX_OK) {
        return NGX_ERROR;
    }

    mfa_devices_add(&devices, &device);

    text = ngx_pnalloc(r->pool, MFA_DEVICE_COOKIE + 1);
    if (text == NULL) {
        return NGX_ERROR;
    }

    value.len = mfa_devices_write(&devices, text);
    value.data = (u_char *) text;

    return ngx_http_mfa_set_cookie(r, &mlcf->device, &value,
                                   NGX_HTTP_MFA_DEVICE_AGE);
}


/* what was proven there is one bit of the lane, under the seal with it */

static void
ngx_http_mfa_device_mark(mfa_device_t *device, ngx_uint_t aal)
{
    device->lane[0] &= 0xfe;

    if (aal >= 2) {
        device->lane[0] |= 1;
    }
}


static ngx_uint_t
ngx_http_mfa_device_aal(const mfa_device_t *device)
{
    return (device->lane[0] & 1) ? 2 : 1;
}


static void
ngx_http_mfa_devices(ngx_http_request_t *r, mfa_devices_t *devices)
{
    ngx_str_t                 value;
    ngx_http_mfa_loc_conf_t  *mlcf;

    mlcf = ngx_http_get_module_loc_conf(r, ngx_http_mfa_module);

    if (ngx_http_mfa_cookie(r, &mlcf->device, &value) != NGX_OK) {
        ngx_memzero(devices, sizeof(mfa_devices_t));
        return;
    }

    mfa_devices_parse(ngx_http_postern_slice(value), devices);
}


static mfa_device_t *
ngx_http_mfa_device_find(ngx_http_request_t *r, mfa_devices_t *devices,
    const postern_user_t *user)
{
    u_char                     seal[MFA_DEVICE_SEAL];
    ngx_uint_t                 i, n;
    ngx_http_mfa_main_conf_t  *mmcf;

    mmcf = ngx_http_get_module_main_conf(r, ngx_http_mfa_module);

    for (i = 0; i < devices->n; i++) {
        for (n = 0; n < mmcf->ntags; n++) {

            if (ngx_http_mfa_device_seal(n, devices->entries[i].lane, user,
                                         seal)
                == NGX_OK
                && sodium_memcmp(seal, devices->entries[i].seal,
                                 MFA_DEVICE_SEAL)
                   == 0)
            {
                return &devices->entries[i];
            }
        }
    }

    return NULL;
}


static ngx_int_t
ngx_http_mfa_device_seal(ngx_uint_t n, const u_char *lane,
    const postern_user_t *user, u_char seal[MFA_DEVICE_SEAL])
{
    u_char         tag[MFA_SESSION_TAG], mac[32];
    u_char         text[MFA_DEVICE_TEXT];
    postern_str_t  data;

    mfa_tag(user, tag);

    data.len = mfa_device_text(lane, tag, user->org->name, user->name, text);
    data.data = text;

    if (data.len == 0
        || postern_api.mac(n, "mfa device", data, mac) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_memcpy(seal, mac, MFA_DEVICE_SEAL);

    return NGX_OK;
}
