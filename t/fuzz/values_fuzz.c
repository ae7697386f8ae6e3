/* link: ngx_http_postern_module/postern_network.c
   ngx_http_postern_module/postern_directory_pattern.c
   ngx_http_postern_module/postern_directory_value.c
   ngx_http_postern_module/postern_directory_lookup.c
   ngx_http_postern_module/postern_arena.c
   ngx_http_postern_module/postern_json.c -ljansson -lsodium */

/*
 * Any bytes as the small values of a directory: a network, a time, a method, a
 * pattern of paths.
 *
 *   - a network holds its own address, and the next one behind its last bit
 *     does not lie in it;
 *   - a time is the one that timegm() reckons from the same fields;
 *   - a pattern is one that the rules of docs/directory.md allow, looked for
 *     here in another way.
 */


#include <time.h>

#include "fuzz.h"
#include "postern_directory_parse.h"


static void
network(postern_str_t text)
{
    int                bits;
    const char        *fault;
    unsigned char      address[16];
    postern_network_t  net;

    fault = postern_network_parse(text, &net);

    if (fault != NULL) {
        HELD(fault[0] != '\0');
        return;
    }

    HELD(net.bits <= 128);
    HELD(postern_network_match(&net, 1, net.address) == 1);
    HELD(postern_network_match(&net, 0, net.address) == 0);

    for (bits = 0; bits < 128; bits++) {
        memcpy(address, net.address, 16);
        address[bits / 8] ^= (unsigned char) (0x80 >> bits % 8);

        HELD(postern_network_match(&net, 1, address)
             == (bits >= (int) net.bits));
    }
}


static void
moment(postern_str_t text)
{
    char       copy[20];
    int64_t    t;
    struct tm  tm;

    if (postern_time_parse(text, &t) != 0) {
        return;
    }

    HELD(text.len >= 20);
    memcpy(copy, text.data, 19);
    copy[10] = 'T';
    copy[19] = '\0';

    memset(&tm, 0, sizeof(tm));
    HELD(sscanf(copy, "%4d-%2d-%2dT%2d:%2d:%2d", &tm.tm_year, &tm.tm_mon,
                &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec)
         == 6);

    tm.tm_year -= 1900;
    tm.tm_mon--;

    /* what is left is the offset, less than a day of whole minutes */

    t -= (int64_t) timegm(&tm);
    HELD(t > -86400 && t < 86400 && t % 60 == 0);

    if ((text.data[text.len - 1] | 0x20) == 'z') {
        HELD(t == 0);
    }
}


static int
allowed(postern_str_t pattern)
{
    size_t          i, n;
    postern_str_t   rest, segment;

    if (pattern.len == 0 || pattern.data[0] != '/') {
        return 0;
    }

    for (i = 0; i < pattern.len; i++) {
        if (pattern.data[i] < 0x20 || pattern.data[i] == 0x7f
            || pattern.data[i] == '?' || pattern.data[i] == '#'
            || pattern.data[i] == '%'
            || (pattern.data[i] == '/' && i && pattern.data[i - 1] == '/'))
        {
            return 0;
        }
    }

    rest = pattern;
    (void) fuzz_cut(&rest, '/');

    for (n = 1; rest.len; n++) {
        segment = fuzz_cut(&rest, '/');

        if (postern_str_is(segment, ".") || postern_str_is(segment, "..")) {
            return 0;
        }

        if (segment.len && memchr(segment.data, '*', segment.len) != NULL
            && !postern_str_is(segment, "*")
            && !(postern_str_is(segment, "**") && rest.len == 0
                 && pattern.data[pattern.len - 1] == '*'))
        {
            return 0;
        }
    }

    n += (pattern.len > 1 && pattern.data[pattern.len - 1] == '/');

    return n <= POSTERN_SEGMENTS_MAX + 1;
}


static void
method(postern_str_t text)
{
    size_t       i;
    const char  *fault;

    fault = postern_method_fault(text);

    for (i = 0; i < text.len && fault == NULL; i++) {
        HELD(text.data[i] > 0x20 && text.data[i] < 0x7f);
        HELD(strchr("\"(),/:;<=>?@[\\]{}", text.data[i]) == NULL);
    }

    HELD(!postern_str_is(text, "get") || fault != NULL);
    HELD(!postern_str_is(text, "GET") || fault == NULL);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    postern_str_t  text;

    if (size > 2 * POSTERN_PATTERN_MAX) {
        return 0;
    }

    text = fuzz_copy(data, size);

    network(text);
    moment(text);
    method(text);

    if (size) {
        HELD((postern_pattern_fault(text) == NULL) == allowed(text));
    }

    free((void *) text.data);

    return 0;
}
