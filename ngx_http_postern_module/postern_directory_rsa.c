
#include "postern_directory_parse.h"


/* a modulus of 256 bytes and more makes every length before it two bytes */

#define POSTERN_RSA_BITS_MIN      2048
#define POSTERN_RSA_BITS_MAX      8192
#define POSTERN_RSA_EXPONENT_MAX  8


static size_t postern_rsa_bits(postern_str_t number);
static unsigned char *postern_rsa_head(unsigned char *p, unsigned char tag,
    size_t len);


/* SEQUENCE { rsaEncryption, NULL }: RFC 3279, section 2.3.1 */

static const unsigned char  postern_rsa_oid[] = {
    0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01,
    0x01, 0x05, 0x00
};


const char *
postern_rsa_fault(postern_str_t n, postern_str_t e)
{
    size_t  bits;

    bits = postern_rsa_bits(n);

    if (bits < POSTERN_RSA_BITS_MIN || bits > POSTERN_RSA_BITS_MAX) {
        return "an RSA key must have 2048 to 8192 bits";
    }

    if (!(n.data[n.len - 1] & 1)) {
        return "is not an RSA key: its modulus is even";
    }

    /* with 17 bits and odd it is 65537 at least; a small one makes padding
       the only defence, a long one makes every check slow */

    bits = postern_rsa_bits(e);

    if (bits < 17 || e.len > POSTERN_RSA_EXPONENT_MAX
        || !(e.data[e.len - 1] & 1))
    {
        return "the public exponent of an RSA key must be odd, 65537 or more, "
               "and of 8 bytes at most";
    }

    return NULL;
}


static size_t
postern_rsa_bits(postern_str_t number)
{
    size_t         bits;
    unsigned char  c;

    if (number.len == 0) {
        return 0;
    }

    bits = (number.len - 1) * 8;

    for (c = number.data[0]; c; c >>= 1) {
        bits++;
    }

    return bits;
}


const char *
postern_public_rsa(postern_str_t n, postern_str_t e, unsigned char *out,
    size_t *len)
{
    size_t          nlen, elen, both;
    unsigned char  *p;
    const char     *fault;

    while (n.len && n.data[0] == 0) {
        n.data++;
        n.len--;
    }

    while (e.len && e.data[0] == 0) {
        e.data++;
        e.len--;
    }

    fault = postern_rsa_fault(n, e);
    if (fault) {
        return fault;
    }

    /* an INTEGER with its first bit set is negative, hence the 0 before it */

    nlen = n.len + (n.data[0] >> 7);
    elen = e.len + (e.data[0] >> 7);
    both = 4 + nlen + 2 + elen;

    p = postern_rsa_head(out, 0x30, sizeof(postern_rsa_oid) + 4 + 1 + 4
                                    + both);

    memcpy(p, postern_rsa_oid, sizeof(postern_rsa_oid));
    p += sizeof(postern_rsa_oid);

    p = postern_rsa_head(p, 0x03, 1 + 4 + both);
    *p++ = 0;

    p = postern_rsa_head(p, 0x30, both);
    p = postern_rsa_head(p, 0x02, nlen);
    *p = 0;
    memcpy(p + nlen - n.len, n.data, n.len);
    p += nlen;

    *p++ = 0x02;
    *p++ = (unsigned char) elen;
    *p = 0;
    memcpy(p + elen - e.len, e.data, e.len);
    p += elen;

    *len = (size_t) (p - out);

    return NULL;
}


static unsigned char *
postern_rsa_head(unsigned char *p, unsigned char tag, size_t len)
{
    *p++ = tag;
    *p++ = 0x82;
    *p++ = (unsigned char) (len >> 8);
    *p++ = (unsigned char) len;

    return p;
}
