# Decisions by role: what is allowed, what is refused and how, and what
# operators see of it.

use lib 't/lib';
use RbacTest;

BEGIN { RbacTest::load(); }

use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(\&RbacTest::block);

no_long_string();
run_tests();

__DATA__

=== TEST 1: a role may what it was granted
--- config
    postern_test_identity acme alice viewer;
    rbac on;
    add_header X-Decision $rbac_decision always;
    add_header X-Reason $rbac_reason always;
    location /app { empty_gif; }
--- request
GET /app/x
--- response_headers
X-Decision: allow
X-Reason: role "viewer": permission "read" on resource "app"
--- no_error_log
[error]



=== TEST 2: what an inherited role grants
--- config
    postern_test_identity acme alice editor;
    rbac on;
    add_header X-Reason $rbac_reason always;
    location /app { empty_gif; }
--- request
GET /app
--- response_headers
X-Reason: role "editor" by inherited role "viewer": permission "read" on resource "app"
--- no_error_log
[error]



=== TEST 3: a role reaches the resource, but not with this method
--- config
    postern_test_identity acme alice viewer;
    rbac on;
    add_header X-Decision $rbac_decision always;
    add_header X-Reason $rbac_reason always;
    location /app { empty_gif; }
--- request
POST /app
--- error_code: 403
--- response_headers
Content-Type: application/problem+json
X-Decision: deny
X-Reason: rbac/method: role "viewer" reaches resource "app" with permission "read", but not with method "POST"
--- response_body_like: "status":403,"code":"rbac/method"
--- error_log
rbac denied POST "/app": rbac/method: role "viewer" reaches
--- no_error_log
[error]



=== TEST 4: no role of the subject reaches the resource
--- config
    postern_test_identity acme alice viewer;
    rbac on;
    add_header X-Reason $rbac_reason always;
    location /admin { empty_gif; }
--- request
GET /admin/x
--- error_code: 403
--- response_headers
X-Reason: rbac/no-grant: no role of the subject reaches resource "admin"; role "keeper" does
--- response_body_like: "code":"rbac/no-grant"



=== TEST 5: the path belongs to no resource
--- config
    postern_test_identity acme alice viewer;
    rbac on;
    add_header X-Reason $rbac_reason always;
    location /else { empty_gif; }
--- user_files
>>> dir.json
{ "version": 1, "organizations": { "acme": {
    "permissions": { "read": ["GET"] },
    "resources": { "app": ["/elsewhere/app"] },
    "roles": { "viewer": { "grants": [["read", "app"]] } } } } }
--- request
GET /elsewhere/application
--- error_code: 403
--- response_headers
X-Reason: rbac/no-resource: the path belongs to no resource; patterns follow it up to "/elsewhere/"
--- response_body_like: "code":"rbac/no-resource"



=== TEST 6: a subject without roles
--- config
    postern_test_identity acme alice;
    rbac on;
    location /app { empty_gif; }
--- request
GET /app
--- error_code: 403
--- response_body_like: "code":"rbac/no-role"



=== TEST 7: nobody
--- config
    rbac on;
    location /app { empty_gif; }
--- request
GET /app
--- error_code: 401
--- response_headers
Content-Type: application/problem+json
--- response_body_like: "code":"rbac/unauthenticated"
--- error_log
rbac denied GET "/app": rbac/unauthenticated: nobody authenticated this request
--- no_error_log
[error]



=== TEST 8: details are for operators, not for clients
--- config
    postern_test_identity acme alice viewer;
    rbac on;
    location /app { empty_gif; }
--- request
POST /app
--- error_code: 403
--- response_body_unlike: viewer



=== TEST 9: HEAD is not GET unless a permission names it
--- config
    postern_test_identity acme alice viewer;
    rbac on;
    location /new { empty_gif; }
--- request
HEAD /new
--- error_code: 403



=== TEST 10: GET of the same is
--- config
    postern_test_identity acme alice viewer;
    rbac on;
    location /new { empty_gif; }
--- request
GET /new
--- error_code: 200



=== TEST 11: an unknown method is nobody's
--- config
    postern_test_identity acme alice editor;
    rbac on;
    location /app { return 200; }
    location /app/ { empty_gif; }
--- request
FROBNICATE /app/x
--- error_code: 403
--- response_body_like: "code":"rbac/method"



=== TEST 12: but "*" has it
--- config
    postern_test_identity acme alice root;
    rbac on;
    location /app { proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/back; }
    location /back { rbac off; return 200 "$request_method\n"; }
--- request
FROBNICATE /app
--- response_body
FROBNICATE



=== TEST 13: headers that ask for another method change nothing
--- config
    postern_test_identity acme alice viewer;
    rbac on;
    location /app { empty_gif; }
--- request
POST /app
--- more_headers
X-HTTP-Method-Override: GET
X-HTTP-Method: GET
X-Method-Override: GET
--- error_code: 403



=== TEST 14: roles of another organization are other roles
--- config
    postern_test_identity globex bob root;
    rbac on;
    location /admin { empty_gif; }
--- request
GET /admin
--- error_code: 200



=== TEST 15: postern_org: another organization's subject is refused
--- config
    postern_test_identity globex bob root;
    postern_org acme;
    rbac on;
    add_header X-Reason $rbac_reason always;
    location /admin { empty_gif; }
--- request
GET /admin
--- error_code: 403
--- response_headers
X-Reason: rbac/org: the subject belongs to another organization than this location
--- response_body_like: "code":"rbac/org"



=== TEST 16: off is the default, and variables are empty there
--- config
    postern_test_identity acme alice idle;
    location /admin { return 200 "[$rbac_decision$rbac_reason]\n"; }
--- request
GET /admin
--- response_body
[]



=== TEST 17: "off" below "on"
--- config
    rbac on;
    location /admin { rbac off; empty_gif; }
--- request
GET /admin
--- error_code: 200



=== TEST 18: observe lets through and says what it would have done
--- config
    postern_test_identity acme alice viewer;
    rbac on;
    rbac_mode observe;
    add_header X-Decision $rbac_decision;
    add_header X-Reason $rbac_reason;
    location /admin { empty_gif; }
--- request
GET /admin
--- response_headers
X-Decision: observe
X-Reason: rbac/no-grant: no role of the subject reaches resource "admin"; role "keeper" does
--- error_log
rbac would deny GET "/admin": rbac/no-grant: no role of the subject reaches
--- no_error_log
[error]



=== TEST 19: observe without anybody
--- config
    rbac on;
    rbac_mode observe;
    add_header X-Decision $rbac_decision;
    add_header X-Reason $rbac_reason;
    location /admin { empty_gif; }
--- request
GET /admin
--- response_headers
X-Decision: observe
X-Reason: rbac/unauthenticated: nobody authenticated this request



=== TEST 20: observe says allow where it would allow
--- config
    postern_test_identity acme alice viewer;
    rbac on;
    rbac_mode observe;
    add_header X-Decision $rbac_decision;
    location /app { empty_gif; }
--- request
GET /app
--- response_headers
X-Decision: allow
--- no_error_log
would deny



=== TEST 21: browsers get nginx's page
--- config
    postern_test_identity acme alice viewer;
    rbac on;
    location /admin { empty_gif; }
--- request
GET /admin
--- more_headers
Accept: text/html
--- error_code: 403
--- response_body_like: <h1>403 Forbidden</h1>



=== TEST 22: case counts
--- config
    postern_test_identity acme alice viewer;
    rbac on;
    location /App { empty_gif; }
--- request
GET /App
--- error_code: 403



=== TEST 23: postern_org: a value that comes out empty is nobody's
--- config
    postern_test_identity globex bob root;
    postern_org $arg_org;
    rbac on;
    location /admin { empty_gif; }
--- request eval
["GET /admin?org=globex", "GET /admin?org=", "GET /admin"]
--- error_code eval
[200, 403, 403]
