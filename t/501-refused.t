# Requests that went wrong are on record too, once each.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use AuditLines;

no_root_location();
add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value("http_config", "audit on; client_header_timeout 300ms;"
                      . " client_body_timeout 300ms; "
                      . "large_client_header_buffers 2 1k;"
                      . ($block->http_config // ""));
});

run_tests();

__DATA__

=== TEST 1: 400, no request at all
--- config
    location / { return 200 ok; }
--- raw_request eval
"NONSENSE\r\n\r\n"
--- error_code: 400
--- ignore_response_body
--- audit_count: 1
--- audit
.status 400
.remote.addr "127.0.0.1"
.target -
.method -



=== TEST 2: 400, a header that is none
--- config
    location / { return 200 ok; }
--- raw_request eval
"GET /x?token=CANARY HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"
--- error_code: 400
--- ignore_response_body
--- audit_count: 1
--- audit
.status 400
.target "/x?token=[redacted]"
--- audit_without
CANARY



=== TEST 3: 408, headers that do not end
--- config
    location / { return 200 ok; }
--- raw_request eval
"GET /x HTTP/1.1\r\nHost: a\r\n"
--- ignore_response
--- audit_count: 1
--- audit
.status 408
.target "/x"
.host "a"
.duration_us =~ ^([2-9]\d{5}|[1-3]\d{6})$
--- timeout: 2



=== TEST 4: 408, a body that does not come
--- config
    location / { proxy_pass http://127.0.0.1:1; }
--- raw_request eval
"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc"
--- ignore_response
--- audit_count: 1
--- audit
.status 408
--- timeout: 2



=== TEST 5: 413
--- config
    location / { client_max_body_size 1; proxy_pass http://127.0.0.1:1; }
--- request
POST /x
too long
--- error_code: 413
--- audit_count: 1
--- audit
.status 413
.complete true



=== TEST 6: 414
How HTTP/1.1 is told; in HTTP/2 it is the end of a stream or connection: t/712.
--- no_http2
--- config
    location / { return 200 ok; }
--- request eval
"GET /" . ("x" x 2000) . "?token=CANARY"
--- error_code: 414
--- audit_count: 1
--- audit
.status 414
.target =~ ^/x{900}
--- audit_without
CANARY



=== TEST 7: 431, which nginx answers as 400
How HTTP/1.1 is told; in HTTP/2 it is the end of a stream or connection: t/712.
--- no_http2
--- config
    location / { return 200 ok; }
--- request
GET /x
--- more_headers eval
"X-Long: " . ("x" x 2000)
--- error_code: 400
--- audit_count: 1
--- audit
.status 400
.target "/x"



=== TEST 8: 499, the client went away
--- config
    location / { proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/.app; }
    location /.app { audit off; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_no_close
--- tcp_reply_delay: 1500ms
--- tcp_reply eval
"HTTP/1.0 200 OK\r\n\r\n"
--- request
GET /x
--- timeout: 200ms
--- abort
--- ignore_response
--- audit_count: 1
--- audit
.status 499
.upstream.addr =~ :
--- no_error_log
[alert]



=== TEST 9: 444, closed without an answer
How HTTP/1.1 is told; in HTTP/2 it is the end of a stream or connection: t/712.
--- no_http2
--- config
    location / { return 444; }
--- request
GET /x
--- ignore_response
--- audit_count: 1
--- audit
.status 444
.bytes_out 0



=== TEST 10: 505
--- config
    location / { return 200 ok; }
--- raw_request eval
"GET /x HTTP/3.7\r\nHost: a\r\n\r\n"
--- error_code: 505
--- ignore_response_body
--- audit_count: 1
--- audit
.status 505



=== TEST 11: 502
--- config
    location / { proxy_pass http://127.0.0.1:1/; }
--- request
GET /x
--- error_code: 502
--- audit_count: 1
--- audit
.status 502
.upstream.addr "127.0.0.1:1"
.upstream.status 502



=== TEST 12: HTTP/0.9
--- config
    location / { return 200 ok; }
--- raw_request eval
"GET /x\r\n"
--- ignore_response
--- audit_count: 1
--- audit
.target "/x"
.method "GET"



=== TEST 13: 405, a method that nobody knows
--- config
    location / { root html; }
--- raw_request eval
"TRACE /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
--- error_code: 405
--- ignore_response_body
--- audit_count: 1
--- audit
.status 405
.method "TRACE"
