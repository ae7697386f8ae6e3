# No way around a decision: satisfy, rewrites, internal redirects, error pages,
# named locations and subrequests.

use lib 't/lib';
use RbacTest;

BEGIN { RbacTest::load(); }

use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(\&RbacTest::block);

no_long_string();
run_tests();

__DATA__

=== TEST 1: "satisfy any" ends the access phase, not the decision
--- config
    satisfy any;
    allow all;
    rbac on;
    location /admin { empty_gif; }
--- request
GET /admin
--- error_code: 401
--- response_body_like: "code":"rbac/unauthenticated"



=== TEST 2: "satisfy any" with somebody who may not
--- config
    satisfy any;
    allow all;
    postern_test_identity acme alice viewer;
    rbac on;
    location /admin { empty_gif; }
--- request
GET /admin
--- error_code: 401



=== TEST 3: "satisfy any", authenticated: roles decide
--- config
    satisfy any;
    deny all;
    postern_test_identity acme alice viewer;
    rbac on;
    location /app { empty_gif; }
    location /admin { empty_gif; }
--- pipelined_requests eval
["GET /app", "GET /admin"]
--- error_code eval
[200, 403]



=== TEST 4: a rewrite is decided by what it leads to
--- config
    postern_test_identity acme alice viewer;
    rbac on;
    location /app { rewrite ^/app/(.*)$ /admin/$1 last; empty_gif; }
    location /admin { empty_gif; }
--- request
GET /app/x
--- error_code: 403
--- error_log
rbac denied GET "/admin/x"



=== TEST 5: "rewrite ... break" too
--- config
    postern_test_identity acme alice viewer;
    rbac on;
    location /app { rewrite ^/app/(.*)$ /admin/$1 break; empty_gif; }
--- request
GET /app/x
--- error_code: 403



=== TEST 6: and what it leads to may be granted where the client's path is not
--- config
    postern_test_identity acme alice viewer;
    rbac on;
    location /old { rewrite ^/old/(.*)$ /app/$1 break; empty_gif; }
--- request
GET /old/x
--- error_code: 200



=== TEST 7: the client's target is looked at even when it is rewritten
--- config
    postern_test_identity acme alice viewer;
    rbac on;
    location /old { rewrite ^ /app break; empty_gif; }
--- request
GET /old/..;/x
--- error_code: 400
--- response_body_like: "code":"rbac/path","detail":"semicolon at byte 8 of the target"



=== TEST 8: a rewrite may use an argument
--- config
    postern_test_identity acme alice viewer;
    rbac on;
    location /old { rewrite ^ /app/$arg_p? break; empty_gif; }
--- request
GET /old?p=x
--- error_code: 200



=== TEST 9: but cannot make dots of it
--- config
    postern_test_identity acme alice viewer;
    rbac on;
    location /old { rewrite ^ /app/$arg_p? break; empty_gif; }
--- request
GET /old?p=../admin
--- error_code: 400
--- error_log
rbac/path: dot segment at byte 6 of the rewritten URI



=== TEST 10: but cannot make encoded slashes of it
--- config
    postern_test_identity acme alice viewer;
    rbac on;
    location /old { rewrite ^ /app/$arg_p? break; empty_gif; }
--- request
GET /old?p=..%2fadmin
--- error_code: 400
--- error_log
rbac/path: double encoding at byte 8 of the rewritten URI



=== TEST 11: but cannot make parameters of it
--- config
    postern_test_identity acme alice viewer;
    rbac on;
    location /old { rewrite ^ /app/$arg_p? break; empty_gif; }
--- request
GET /old?p=;x
--- error_code: 400
--- error_log
rbac/path: semicolon at byte 6 of the rewritten URI



=== TEST 12: but cannot make empty segments of it
--- config
    postern_test_identity acme alice viewer;
    rbac on;
    location /old { rewrite ^ /app/$arg_p? break; empty_gif; }
--- request
GET /old?p=/admin
--- error_code: 400
--- error_log
rbac/path: empty segment at byte 6 of the rewritten URI



=== TEST 13: but cannot make backslashes of it
--- config
    postern_test_identity acme alice viewer;
    rbac on;
    location /old { rewrite ^ /app/$arg_p? break; empty_gif; }
--- request
GET /old?p=..\admin
--- error_code: 400
--- error_log
rbac/path: backslash at byte 8 of the rewritten URI



=== TEST 14: what a rewrite made is told to operators only
--- config
    postern_test_identity acme alice viewer;
    rbac on;
    location /old { rewrite ^ /app/$arg_p? break; empty_gif; }
--- request
GET /old?p=../admin
--- error_code: 400
--- response_body_unlike: rewritten



=== TEST 15: after a rewrite $request_uri is what was decided on
--- config
    postern_test_identity acme alice viewer;
    rbac on;
    location /admin {
        rewrite ^/admin/(.*)$ /app/$1 break;
        proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT$request_uri;
    }
    location /app/ { rbac off; return 200 "app $request_uri\n"; }
--- request
GET /admin/x%20y?z=1
--- response_body
app /app/x%20y?z=1



=== TEST 16: an internal redirect by X-Accel-Redirect is decided again
--- config
    postern_test_identity acme alice viewer;
    rbac on;
    location /app {
        proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/back;
    }
    location /back {
        rbac off;
        add_header X-Accel-Redirect /admin/x;
        return 200;
    }
    location /admin { internal; empty_gif; }
--- request
GET /app
--- error_code: 403
--- error_log
rbac denied GET "/admin/x"



=== TEST 17: error_page does not lead past a decision
--- config
    postern_test_identity acme alice viewer;
    rbac on;
    location /app/ { error_page 404 =200 /admin/x; proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/back; proxy_intercept_errors on; }
    location /back { rbac off; return 404; }
    location /admin { empty_gif; }
--- request
GET /app/x
--- error_code: 403



=== TEST 18: the error page of a refusal needs rbac off
--- config
    postern_test_identity acme alice viewer;
    rbac on;
    error_page 403 /denied;
    location /admin { empty_gif; }
    location = /denied { rbac off; return 200 "$rbac_decision $rbac_reason\n"; }
--- request
GET /admin
--- error_code: 403
--- response_body
deny rbac/no-grant: no role of the subject reaches resource "admin"; role "keeper" does



=== TEST 19: a named location decides by its own rules, on the same URI
--- config
    postern_test_identity acme alice viewer;
    location /admin { error_page 418 = @guarded; return 418; }
    location @guarded { rbac on; empty_gif; }
--- request
GET /admin
--- error_code: 403



=== TEST 20: try_files still works behind a decision
--- config
    postern_test_identity acme alice viewer;
    rbac on;
    location /app { try_files /hello.txt =404; default_type text/plain; }
    location /admin { try_files /hello.txt =404; }
--- user_files
>>> hello.txt
hello
--- pipelined_requests eval
["GET /app", "GET /admin"]
--- error_code eval
[200, 403]
--- response_body_like eval
["hello", "rbac/no-grant"]



=== TEST 21: the last resort of try_files is decided again
--- config
    postern_test_identity acme alice viewer;
    rbac on;
    location /app { try_files /none /admin/x; }
    location /admin { empty_gif; }
--- request
GET /app
--- error_code: 403



=== TEST 22: index files are decided again
--- config
    postern_test_identity acme alice files;
    rbac on;
    location /files/ { alias $TEST_NGINX_HTML_DIR/; index hello.txt; }
--- user_files
>>> hello.txt
hello
--- request
GET /files/
--- response_body
hello



=== TEST 23: subrequests are decided with the identity of the main request
--- config
    postern_test_identity acme alice viewer;
    rbac on;
    location /app/ {
        ssi on;
        default_type text/html;
        alias $TEST_NGINX_HTML_DIR/;
    }
    location /app/inner { alias $TEST_NGINX_HTML_DIR/inner.txt; }
    location /admin/inner { alias $TEST_NGINX_HTML_DIR/inner.txt; }
--- user_files
>>> page.html
[<!--# include virtual="/app/inner" -->][<!--# include virtual="/admin/inner" -->]
>>> inner.txt
INNER
--- request
GET /app/page.html
--- response_body_like
\[INNER\n?\]\[<html>(?s:.*)403 Forbidden(?s:.*)\]
--- response_body_unlike
\]\[INNER
--- error_log
rbac denied GET "/admin/inner"



=== TEST 24: a refused subrequest does not change what is said of the main one
--- config
    postern_test_identity acme alice viewer;
    rbac on;
    location /app/ {
        ssi on;
        default_type text/html;
        alias $TEST_NGINX_HTML_DIR/;
    }
    location /admin/inner { empty_gif; }
    access_log logs/error.log decision;
--- http_config
    log_format decision "decision:$rbac_decision";
--- user_files
>>> page.html
[<!--# include virtual="/admin/inner" -->]
--- request
GET /app/page.html
--- error_log
decision:allow
--- no_error_log
decision:deny



=== TEST 25: mirror runs for what was allowed
--- config
    postern_test_identity acme alice viewer;
    rbac on;
    location /app { mirror /mirror; proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/back; }
    location /admin { mirror /mirror; empty_gif; }
    location /back { rbac off; return 200 "back"; }
    location = /mirror {
        internal; rbac off;
        proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/copy$request_uri;
    }
    location /copy { rbac off; access_log logs/error.log; return 200; }
--- request
GET /app
--- wait: 0.3
--- error_log
GET /copy/app HTTP



=== TEST 26: and for nothing else
--- config
    postern_test_identity acme alice viewer;
    rbac on;
    location /app { mirror /mirror; proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/back; }
    location /admin { mirror /mirror; empty_gif; }
    location /back { rbac off; return 200 "back"; }
    location = /mirror {
        internal; rbac off;
        proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/copy$request_uri;
    }
    location /copy { rbac off; access_log logs/error.log; return 200; }
--- request
GET /admin
--- error_code: 403
--- wait: 0.3
--- no_error_log
GET /copy/



=== TEST 27: a mirror with rbac on is decided as well
--- config
    postern_test_identity acme alice viewer;
    rbac on;
    location /app { mirror /admin/mirror; proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/back; }
    location /back { rbac off; return 204; }
    location /admin/mirror { internal; proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/copy; }
    location /copy { rbac off; access_log logs/error.log; return 200; }
--- request
GET /app
--- error_code: 204
--- wait: 0.3
--- error_log
rbac denied GET "/admin/mirror"
--- no_error_log
GET /copy HTTP



=== TEST 28: an auth_request location with rbac on needs somebody already
--- config
    rbac on;
    location /check/ { internal; proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/back; }
    location /app/x { auth_request /check/; empty_gif; }
    location /back { rbac off; return 204; }
--- request
GET /app/x
--- error_code: 401



=== TEST 29: an auth_request location with rbac off: the main request is decided
--- config
    postern_test_identity acme alice viewer;
    rbac on;
    location /app { auth_request /check; empty_gif; }
    location /admin { auth_request /check; empty_gif; }
    location /check { internal; rbac off; proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/back; }
    location /back { rbac off; return 204; }
--- pipelined_requests eval
["GET /app", "GET /admin"]
--- error_code eval
[200, 403]



=== TEST 30: limit_except inherits
--- config
    postern_test_identity acme alice viewer;
    rbac on;
    location /admin { limit_except GET { allow all; } empty_gif; }
--- request
POST /admin
--- error_code: 403



=== TEST 31: "return" is answered in the rewrite phase, before anybody decides
--- config
    postern_test_identity acme alice viewer;
    rbac on;
    location /admin { return 200 "[$rbac_decision]\n"; }
--- request
GET /admin
--- response_body
[]
