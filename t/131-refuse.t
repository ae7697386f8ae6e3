# What a refused client sees: a problem document where nginx would send its own
# page, nginx's page for those who ask for HTML, the operator's own where
# error_page leads to it.

use lib 't/lib';
use RbacTest;

BEGIN { RbacTest::load(); }

use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(\&RbacTest::block);

no_long_string();
run_tests();

__DATA__

=== TEST 1: a problem document
--- config
    location /app { rbac on; empty_gif; }
--- request
GET /app
--- error_code: 401
--- response_headers
Content-Type: application/problem+json
Cache-Control: no-store
--- response_body
{"type":"about:blank","title":"Unauthorized","status":401,"code":"rbac/unauthenticated"}
--- no_error_log
[alert]



=== TEST 2: a page for those who ask for it
--- config
    location /app { rbac on; empty_gif; }
--- request
GET /app
--- more_headers
Accept: text/html,application/xhtml+xml;q=0.9
--- error_code: 401
--- response_headers
Content-Type: text/html
Cache-Control: no-store
--- response_body_like: 401 Authorization Required



=== TEST 3: no body for HEAD, the same length
--- config
    location /app { rbac on; empty_gif; }
--- request
HEAD /app
--- error_code: 401
--- response_headers
Content-Length: 89
Content-Type: application/problem+json
--- response_body:



=== TEST 4: error_page with a page of the operator
--- config
    error_page 401 /refused.txt;
    location /app { rbac on; empty_gif; }
    location = /refused.txt { }
--- user_files
>>> refused.txt
ask the house
>>> dir.json
{ "version": 1, "organizations": {} }
--- request
GET /app
--- error_code: 401
--- response_headers
Cache-Control: no-store
Content-Type: text/plain
--- response_body
ask the house



=== TEST 5: error_page that answers with another status is left alone
--- config
    error_page 401 =200 /refused.txt;
    location /app { rbac on; empty_gif; }
    location = /refused.txt { }
--- user_files
>>> refused.txt
ask the house
>>> dir.json
{ "version": 1, "organizations": {} }
--- request
GET /app
--- error_code: 200
--- response_headers
!Cache-Control
--- response_body
ask the house



=== TEST 6: error_page with a named location
--- config
    error_page 401 @refused;
    location /app { rbac on; empty_gif; }
    location @refused { return 401 "at the door\n"; }
--- request
GET /app
--- error_code: 401
--- response_body
at the door



=== TEST 7: an application's own 401 is not touched
--- config
    location /app {
        postern_test_identity acme alice viewer;
        rbac on;
        proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/own;
    }
    location /own { return 401 "the application's own\n"; }
--- request
GET /app
--- error_code: 401
--- response_body
the application's own



=== TEST 8: compressed as any other answer (nginx compresses 200, 403 and 404)
--- config
    gzip on;
    gzip_types application/problem+json;
    gzip_min_length 1;
    location /admin {
        postern_test_identity acme alice viewer;
        rbac on;
        empty_gif;
    }
--- request
GET /admin
--- more_headers
Accept-Encoding: gzip
--- error_code: 403
--- response_headers
Content-Encoding: gzip
Content-Type: application/problem+json



=== TEST 9: a connection stays open after a refusal
--- config
    location /app { rbac on; empty_gif; }
--- pipelined_requests eval
["GET /app", "GET /app"]
--- error_code eval
[401, 401]
--- response_body_like eval
["rbac/unauthenticated", "rbac/unauthenticated"]
