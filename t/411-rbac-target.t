# What becomes of a target: absolute forms, slashes that are not merged, what is
# left alone while only observing.

use lib 't/lib';
use RbacTest;

BEGIN { RbacTest::load(); }

use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(\&RbacTest::block);

no_long_string();
run_tests();

__DATA__

=== TEST 1: the absolute form of a target
--- config
    postern_test_identity acme alice viewer;
    rbac on;
    location /app/ { empty_gif; }
--- raw_request eval
"GET http://localhost/app/x?y HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
--- error_code: 200



=== TEST 2: dots in an absolute form
--- config
    postern_test_identity acme alice viewer;
    rbac on;
    location /app/ { empty_gif; }
--- raw_request eval
"GET http://localhost/app/./x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
--- error_code: 400
--- response_body_like: "code":"rbac/path","detail":"dot segment at byte 6 of the target"



=== TEST 3: an absolute form without a path is "/"
--- config
    postern_test_identity acme alice root;
    rbac on;
    rbac_path canonical;
    location = /x { empty_gif; }
    location = / {
        proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/back$request_uri;
    }
    location /back { rbac off; return 200 "$request_uri\n"; }
--- raw_request eval
"GET http://localhost HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
--- response_body
/back/



=== TEST 4: slashes that nginx does not merge are not decided on as if it did
--- config
    merge_slashes off;
    postern_test_identity acme alice viewer;
    rbac on;
    rbac_path canonical;
    location //app { empty_gif; }
--- request
GET //app/x
--- error_code: 400
--- error_log
rbac/path: other path than the routed one



=== TEST 5: canonical: what is served, logged and forwarded
--- config
    postern_test_identity acme alice viewer;
    rbac on;
    rbac_path canonical;
    location /app {
        proxy_set_header X-Uri $uri;
        proxy_set_header X-Request $request;
        proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT;
        rewrite_log on;
        if ($http_x_request) { set $back 1; }
        if ($back) { return 200 "$request_uri $http_x_uri [$http_x_request]\n"; }
    }
--- request
GET /app/b/../%7ec//d%20e?f=../g
--- response_body
/app/~c/d%20e?f=../g /app/~c/d e [GET /app/b/../%7ec//d%20e?f=../g HTTP/1.1]



=== TEST 6: observe passes targets as they came
--- config
    postern_test_identity acme alice viewer;
    rbac on;
    rbac_path canonical;
    rbac_mode observe;
    location /app {
        proxy_set_header X-Back 1;
        proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT;
        if ($http_x_back) { return 200 "$request_uri\n"; }
    }
--- request
GET /app/b/../%7ec
--- response_body
/app/b/../%7ec



=== TEST 7: observe tells which target it would have refused
--- config
    postern_test_identity acme alice viewer;
    rbac on;
    rbac_mode observe;
    add_header X-Reason $rbac_reason;
    location /app { empty_gif; }
--- request
GET /app/..;/x
--- error_code: 200
--- response_headers
X-Reason: rbac/path: semicolon at byte 8 of the target
--- error_log
rbac would deny GET "/app/..;/x": rbac/path: semicolon at byte 8 of the target



=== TEST 8: the target is looked at before anybody is known
--- config
    rbac on;
    location /app { empty_gif; }
--- request
GET /app/%2561
--- error_code: 400
--- response_body_like: "code":"rbac/path","detail":"double encoding at byte 6 of the target"



=== TEST 9: files are served by the decoded path, with rbac or without
--- config
    postern_test_identity acme alice viewer;
    rbac on;
    location /app/ { alias $TEST_NGINX_HTML_DIR/; default_type text/plain; }
--- user_files
>>> a~b.txt
spaced
--- request
GET /app/a%7eb.txt
--- response_body
spaced



=== TEST 10: an encoded line break begins no line of the log
--- config
    postern_test_identity acme alice viewer;
    rbac on;
    location /app { empty_gif; }
--- request
GET /app/a%0Ab%7f
--- error_code: 400
--- error_log
rbac denied GET "/app/a%0Ab%7F": rbac/path:
--- no_error_log eval
qr{rbac denied GET "/app/a$}



=== TEST 11: nor where it is only observed
--- config
    postern_test_identity acme alice viewer;
    rbac on;
    rbac_mode observe;
    location /app { empty_gif; }
--- request
GET /app/a%0d%0Ab;x
--- error_code: 200
--- error_log
rbac would deny GET "/app/a%0D%0Ab%3Bx": rbac/path:
--- no_error_log eval
qr{rbac would deny GET "/app/a\r?$}
