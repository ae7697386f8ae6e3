# Who the request is from, told to the application: variables and headers, what
# a client sends under their names, and that both survive internal redirects.

use lib 't/lib';
use RbacTest;

BEGIN { RbacTest::load(); }

use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(\&RbacTest::block);

no_long_string();
run_tests();

__DATA__

=== TEST 1: variables
--- config
    location /app {
        postern_test_identity acme alice editor viewer;
        add_header X-Who "$postern_org/$postern_subject/$postern_roles/$postern_aal";
        empty_gif;
    }
--- request
GET /app
--- response_headers
X-Who: acme/alice/editor,viewer/0
--- no_error_log
[error]



=== TEST 2: nobody authenticated: variables are empty
--- config
    location /app {
        add_header X-Who "<$postern_org$postern_subject$postern_roles$postern_credential$postern_aal$postern_auth_time>";
        empty_gif;
    }
--- request
GET /app
--- response_headers
X-Who: <>
--- no_error_log
[error]



=== TEST 3: the application is told, in headers
--- config
    location /app {
        postern_test_identity acme alice editor viewer;
        postern_identity_headers on;
        proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/echo;
    }
    location /echo {
        return 200 "$http_postern_org/$http_postern_subject/$http_postern_roles/$http_postern_aal/$http_x_own";
    }
--- request
GET /app
--- more_headers
X-Own: kept
--- response_body: acme/alice/editor,viewer/0/kept
--- no_error_log
[error]



=== TEST 4: what the client sent under these names is dropped, in every spelling
--- config
    underscores_in_headers on;
    ignore_invalid_headers off;
    location /app {
        postern_test_identity acme alice viewer;
        postern_identity_headers on;
        proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/echo;
    }
    location /echo {
        return 200 "$http_postern_subject|$http_postern_secret|$http_postern_roles|$http_posternx";
    }
--- raw_request eval
"GET /app HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
. "Postern-Subject: mallory\r\npostern_subject: mallory\r\n"
. "POSTERN-ROLES: admin\r\nPostern_Roles: admin\r\nPostern.Roles: admin\r\n"
. "Postern-Secret: mallory\r\nPosternX: kept\r\n\r\n"
--- response_body: alice||viewer|kept
--- no_error_log
[error]



=== TEST 5: dropped also where nobody is authenticated
--- config
    location /app {
        postern_identity_headers on;
        proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/echo;
    }
    location /echo { return 200 "<$http_postern_subject>"; }
--- request
GET /app
--- more_headers
Postern-Subject: mallory
--- response_body: <>
--- no_error_log
[error]



=== TEST 6: off, they pass: the directive says so
--- config
    location /app {
        proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/echo;
    }
    location /echo { return 200 "<$http_postern_subject>"; }
--- request
GET /app
--- more_headers
Postern-Subject: mallory
--- response_body: <mallory>



=== TEST 7: an authorization subrequest does not see a client's headers
--- config
    location /app {
        postern_identity_headers on;
        auth_request /auth;
        empty_gif;
    }
    location = /auth {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/check;
    }
    location /check {
        if ($http_postern_subject) { return 403; }
        return 204;
    }
--- request
GET /app
--- more_headers
Postern-Subject: mallory
--- error_code: 200
--- no_error_log
[error]



=== TEST 8: FastCGI reads the same list; a CGI name is made of it
--- config
    location /app {
        postern_test_identity acme alice viewer;
        postern_identity_headers on;
        fastcgi_pass 127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    }
--- request
GET /app
--- more_headers
Postern-Subject: mallory
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_query eval
qr/\x14\x05HTTP_POSTERN_SUBJECTalice/s
--- tcp_reply eval
"\x01\x06\x00\x01\x00\x1b\x05\x00Content-Type: text/x\r\n\r\nok\n" . ("\0" x 5)
. "\x01\x03\x00\x01\x00\x08\x00\x00" . ("\0" x 8)
--- response_body
ok



=== TEST 9: identity survives an internal redirect
--- config
    location /app {
        postern_test_identity acme alice viewer;
        try_files /nothing /inner;
    }
    location /inner {
        postern_identity_headers on;
        proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/echo;
    }
    location /echo { return 200 "<$http_postern_subject>"; }
--- request
GET /app
--- more_headers
Postern-Subject: mallory
--- response_body: <alice>
--- no_error_log
[error]



=== TEST 10: and error_page with a named location
--- config
    location /app {
        postern_test_identity acme alice viewer;
        error_page 404 = @gone;
        root /nowhere;
    }
    location @gone {
        postern_identity_headers on;
        rewrite ^ /echo break;
        proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT;
    }
    location /echo { return 200 "<$http_postern_subject>"; }
--- request
GET /app/y
--- more_headers
Postern-Subject: mallory
--- response_body: <alice>
--- no_error_log
[alert]



=== TEST 11: postern_org without a name
--- config
    location /app {
        postern_org "";
        empty_gif;
    }
--- must_die
--- error_log
"postern_org" directive needs the name of an organization: leave it out where any will do
