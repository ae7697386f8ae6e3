
#include <sys/socket.h>
#include <netinet/in.h>
#include <arpa/inet.h>

#include "postern_directory.h"


/* ::ffff:0:0/96 holds IPv4 */
#define POSTERN_NETWORK_IPV4_BITS  96


static int postern_network_address(postern_str_t text,
    unsigned char address[16], unsigned *width);
static int postern_network_bits(postern_str_t text, unsigned max,
    unsigned *bits);
static int postern_network_same(const unsigned char *a, const unsigned char *b,
    unsigned bits);


int
postern_network_match(const postern_network_t *networks, uint32_t n,
    const unsigned char address[16])
{
    uint32_t  i;

    for (i = 0; i < n; i++) {
        if (postern_network_same(networks[i].address, address,
                                 networks[i].bits))
        {
            return 1;
        }
    }

    return 0;
}


static int
postern_network_same(const unsigned char *a, const unsigned char *b,
    unsigned bits)
{
    unsigned  mask;

    if (memcmp(a, b, bits / 8) != 0) {
        return 0;
    }

    if (bits % 8 == 0) {
        return 1;
    }

    mask = 0xff & (0xff << (8 - bits % 8));

    return ((a[bits / 8] ^ b[bits / 8]) & mask) == 0;
}


const char *
postern_network_parse(postern_str_t text, postern_network_t *network)
{
    unsigned              i, bits, width;
    postern_str_t         address, tail;
    const unsigned char  *slash;

    address = text;
    tail.len = 0;
    tail.data = NULL;

    slash = text.len ? memchr(text.data, '/', text.len) : NULL;

    if (slash) {
        address.len = slash - text.data;
        tail.data = slash + 1;
        tail.len = text.len - address.len - 1;
    }

    if (postern_network_address(address, network->address, &width) != 0) {
        return "is not an IPv4 or IPv6 address";
    }

    bits = width;

    if (slash && postern_network_bits(tail, width, &bits) != 0) {
        return width == 32 ? "has no prefix length between 0 and 32"
                           : "has no prefix length between 0 and 128";
    }

    network->bits = bits + 128 - width;

    /* 10.1.2.3/8: was the host meant, or the network? */

    for (i = network->bits; i < 128; i++) {
        if (network->address[i / 8] & (0x80 >> i % 8)) {
            return "has bits set behind its prefix";
        }
    }

    return NULL;
}


static int
postern_network_address(postern_str_t text, unsigned char address[16],
    unsigned *width)
{
    char  buf[INET6_ADDRSTRLEN];

    if (text.len == 0 || text.len >= sizeof(buf)) {
        return -1;
    }

    memcpy(buf, text.data, text.len);
    buf[text.len] = '\0';

    /* a NUL inside would hide the rest of the text */

    if (strlen(buf) != text.len) {
        return -1;
    }

    memset(address, 0, 16);

    if (inet_pton(AF_INET, buf, address + 12) == 1) {
        address[10] = 0xff;
        address[11] = 0xff;
        *width = 128 - POSTERN_NETWORK_IPV4_BITS;
        return 0;
    }

    memset(address, 0, 16);
    *width = 128;

    return inet_pton(AF_INET6, buf, address) == 1 ? 0 : -1;
}


static int
postern_network_bits(postern_str_t text, unsigned max, unsigned *bits)
{
    size_t    i;
    unsigned  n;

    if (text.len == 0 || text.len > 3) {
        return -1;
    }

    n = 0;

    for (i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return -1;
        }

        n = n * 10 + (text.data[i] - '0');
    }

    *bits = n;

    return n <= max ? 0 : -1;
}
