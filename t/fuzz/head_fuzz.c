/* link:
   ngx_http_sign_module/sign_*.c ngx_http_postern_module/postern_*.c
   -ljansson -lsodium -lcrypto -lhiredis */

/*
 * Any bytes as the head of a request that nginx is about to send.  What is read
 * of it lies within it and is whole lines; what is read once reads the same
 * again without what stands behind the head; and a request that was signed can
 * be read back, with none of the client's credentials in it.
 */


#include "fuzz.h"
#include "sign_make.h"


static void
within(postern_str_t s, const uint8_t *data, size_t len)
{
    HELD(s.data >= data && s.len <= len
         && (size_t) (s.data - data) <= len - s.len);
    fuzz_read(s);
}


static void
is_whole(const sign_head_t *head, const uint8_t *data)
{
    size_t         i;
    postern_str_t  line;

    within(head->method, data, head->len);
    within(head->target, data, head->len);
    within(head->protocol, data, head->len);

    HELD(head->nfields <= SIGN_MAX_FIELDS);
    HELD(head->len <= SIGN_MAKE_MAX_HEAD);

    for (i = 0; i < head->nfields; i++) {
        line = head->lines[i];

        within(line, data, head->len);
        within(head->fields[i].value, line.data, line.len);
        fuzz_read(head->fields[i].name);

        HELD(head->fields[i].name.len != 0);
        HELD(line.len > 2 && memcmp(line.data + line.len - 2, "\r\n", 2) == 0);
        HELD(memchr(line.data, '\r', line.len) == line.data + line.len - 2);
        HELD(memchr(line.data, '\n', line.len) == line.data + line.len - 1);
    }
}


static void
is_signed(postern_str_t bytes, const postern_alloc_t *memory, int sigv4)
{
    size_t           i, len, ours;
    sign_head_t      head;
    sign_make_t      make;
    sign_maker_t    *maker;
    postern_key_t    key;
    postern_str_t    out;
    sign_message_t   msg;
    sign_make_now_t  now;

    static const postern_str_t  secret = postern_string("secret");

    memset(&key, 0, sizeof(key));
    memset(&make, 0, sizeof(make));
    memset(&now, 0, sizeof(now));
    memset(&msg, 0, sizeof(msg));

    key.algorithm = POSTERN_ALG_HMAC_SHA256;

    make.scheme = sigv4 ? SIGN_SIGV4 : SIGN_RFC9421;
    make.key_id = secret;
    make.region = secret;
    make.service = secret;
    now.scheme = (postern_str_t) postern_string("http");
    now.now = 1440938160;

    maker = sign_maker_create(&key, secret);

    if (maker == NULL) {
        return;
    }

    if (sign_make_request(bytes, &make, &now, maker, memory, &msg, &out, &len)
        == SIGN_OK)
    {
        HELD(len <= bytes.len);
        fuzz_read(out);

        if (sign_head_read(out, memory, &msg, &head) == SIGN_OK) {
            HELD(head.len == out.len);

            for (ours = 0, i = 0; i < head.nfields; i++) {
                ours += sign_head_is_credential(&head.fields[i], &now) != 0;
            }

            HELD(ours == (sigv4 ? 3 : 2));

        } else {
            HELD(msg.detail[0] != '\0');
        }
    }

    sign_maker_destroy(maker);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sign_head_t      head, again;
    fuzz_memory_t    pieces;
    postern_str_t    bytes;
    sign_message_t   msg;
    postern_alloc_t  memory;

    memset(&msg, 0, sizeof(msg));

    bytes.data = data;
    bytes.len = size;

    memory = fuzz_memory(&pieces, size % 4 ? SIZE_MAX
                                          : fuzz_limit(data, size, 4096));

    if (sign_head_read(bytes, &memory, &msg, &head) == SIGN_OK) {

        HELD(head.len <= size);
        is_whole(&head, data);

        bytes.len = head.len;

        if (sign_head_read(bytes, &memory, &msg, &again) == SIGN_OK) {
            HELD(again.len == head.len && again.nfields == head.nfields);
            HELD(postern_str_eq(again.target, head.target));
        }

        is_signed(bytes, &memory, size & 1);

    } else {
        HELD(msg.detail[0] != '\0');
    }

    fuzz_free(&pieces);

    return 0;
}
