# One request is verified and claimed once, wherever nginx sends it inside.

use lib 't/lib';
use Postern;
use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(\&Postern::defaults);
add_response_body_check(\&Postern::client);

no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: internal redirect, signed to signed
--- config
    sign on;
    sign_explain on;

    location /a {
        try_files /none /b;
    }

    location /b {
        proxy_pass http://app;
    }
--- request
GET /a
--- more_headers eval
Postern::rfc9421(target => "/a", nonce => "r1")
--- error_code: 200
--- grep_error_log: sign start
--- grep_error_log_out
sign start



=== TEST 2: unsigned to signed: the raw target is verified, not the new one
--- config
    sign_explain on;

    location /a {
        rewrite ^ /b last;
    }

    location /b {
        sign on;
        proxy_pass http://app;
    }

    location /c {
        try_files /none /b;
    }
--- request eval
["GET /a?x", "GET /c?x", "GET /c?x"]
--- more_headers eval
[Postern::rfc9421(target => "/a?x", nonce => "r2"),
 Postern::rfc9421(target => "/c?x", nonce => "r3"),
 Postern::rfc9421(target => "/b?x", nonce => "r4")]
--- error_code eval
[200, 200, 401]



=== TEST 3: error_page to a signed named location, the method as it was sent
--- config
    sign on;
    sign_explain on;

    location /a {
        error_page 404 /b;
        root $TEST_NGINX_HTML_DIR;
    }

    location /b {
        proxy_method GET;
        proxy_pass http://app;
    }

    location = /index.html {
        error_page 405 = @c;
        root $TEST_NGINX_HTML_DIR;
    }

    location @c {
        proxy_pass http://app;
    }
--- request eval
["GET /a", "POST /index.html\nhello"]
--- more_headers eval
[Postern::rfc9421(target => "/a", nonce => "r5"),
 Postern::rfc9421(method => "POST", target => "/index.html", nonce => "r6",
                  body => "hello")]
--- error_code eval
[404, 200]
--- response_body_like eval
["app GET", "app POST /index.html"]
--- grep_error_log: sign start
--- grep_error_log_out eval
["sign start\n", "sign start\n"]



=== TEST 4: a refusal stands, whatever error_page says
--- config
    sign on;
    sign_explain on;
    error_page 401 = @open;

    location / {
        proxy_pass http://app;
    }

    location @open {
        proxy_pass http://app;
    }
--- request
GET /a
--- error_code: 401
--- no_error_log
http proxy header



=== TEST 5: error_page to an open location is the operator's word
--- config
    sign on;
    error_page 401 = @open;

    location / {
        proxy_pass http://app;
    }

    location @open {
        sign off;
        return 200 "please sign\n";
    }
--- request
GET /a
--- response_body
please sign
--- error_code: 200



=== TEST 6: a stricter location behind the redirect
--- config
    sign on;
    sign_explain on;

    location /a {
        try_files /none /b;
    }

    location /b {
        sign_components @method @target-uri content-digest x-tenant;
        proxy_pass http://app;
    }

    location /o {
        try_files /none /p;
    }

    location /p {
        postern_org other;
        proxy_pass http://app;
    }

    location /s {
        try_files /none /t;
    }

    location /t {
        sign_schemes sigv4;
        proxy_pass http://app;
    }
--- request eval
["GET /a", "GET /o", "GET /s"]
--- more_headers eval
[Postern::rfc9421(target => "/a", nonce => "r7"),
 Postern::rfc9421(target => "/o", nonce => "r8"),
 Postern::rfc9421(target => "/s", nonce => "r9")]
--- error_code eval
[401, 401, 400]
--- response_body_like eval
["sign/coverage", "sign/key-org", "sign/unsupported"]



=== TEST 7: the identity stays
--- config
    location /a {
        sign on;
        try_files /none @b;
    }

    location @b {
        return 200 "$postern_subject $sign_status $sign_key_id\n";
    }
--- request
GET /a
--- more_headers eval
Postern::rfc9421(target => "/a")
--- response_body
alice verified AK1



=== TEST 8: satisfy any, the signature is enough
--- config
    satisfy any;
    deny all;
    sign on;

    location / {
        proxy_pass http://app;
    }
--- request eval
["GET /a", "GET /a"]
--- more_headers eval
[Postern::rfc9421(target => "/a"), "X-None: 1"]
--- error_code eval
[200, 401]



=== TEST 9: satisfy any, the address is enough
--- config
    satisfy any;
    allow 127.0.0.1;
    deny all;
    sign on;

    location / {
        add_header X-Sign "$sign_status";
        proxy_pass http://app;
    }
--- request
GET /a
--- error_code: 200
--- response_headers
X-Sign: none
--- no_error_log
sign start



=== TEST 10: satisfy all, both are needed, the address first
--- config
    deny all;
    sign on;

    location / {
        proxy_pass http://app;
    }
--- request
GET /a
--- more_headers eval
Postern::rfc9421(target => "/a")
--- error_code: 403
--- no_error_log
sign start



=== TEST 11: satisfy any, malformed is refused all the same
--- config
    satisfy any;
    sign on;
    auth_basic "x";
    auth_basic_user_file $TEST_NGINX_HTML_DIR/none;

    location / {
        proxy_pass http://app;
    }
--- request
GET /a
--- more_headers
Signature-Input: x
Signature: y
--- error_code: 400



=== TEST 12: subrequests are the main request's
--- config
    sign on;

    location /main {
        mirror /mirror;
        proxy_pass http://app;
    }

    location /mirror {
        internal;
        proxy_pass http://app;
    }

    location /auth {
        auth_request /check;
        proxy_pass http://app;
    }

    location /check {
        internal;
        proxy_pass http://app;
        proxy_pass_request_body off;
        proxy_set_header Content-Length "";
    }
--- request eval
["POST /main\nhello", "POST /auth\nhello", "POST /main\nhellp"]
--- more_headers eval
[Postern::rfc9421(method => "POST", target => "/main", body => "hello"),
 Postern::rfc9421(method => "POST", target => "/auth", body => "hello"),
 Postern::rfc9421(method => "POST", target => "/main", body => "hello",
                  nonce => "x")]
--- error_code eval
[200, 200, 400]
--- grep_error_log: sign start
--- grep_error_log_out eval
["sign start\n", "sign start\n", "sign start\n"]



=== TEST 14: an identity that another location refuses is forgotten
--- config
    location /a {
        sign on;
        try_files /none /b;
    }

    location /b {
        satisfy any;
        sign on;
        sign_components @method @target-uri content-digest x-tenant;
        auth_basic app;
        auth_basic_user_file $TEST_NGINX_HTML_DIR/htpasswd;
        postern_identity_headers on;
        add_header X-Subject "[$postern_subject]";
        add_header X-Sent "[$http_postern_subject]";
        proxy_pass http://app;
    }
--- user_files eval
">>> htpasswd\nu:{PLAIN}p\n>>> postern.json\n" . Postern::directory()
--- request
GET /a
--- more_headers eval
"Authorization: Basic dTpw\n" . Postern::rfc9421(target => "/a", nonce => "t14")
--- response_headers
X-Subject: []
X-Sent: []
--- error_code: 200



=== TEST 15: so is that of a request whose body is not the one signed
--- config
    location /a {
        sign on;
        error_page 400 = @b;
        proxy_pass http://app;
    }

    location @b {
        add_header X-Subject "[$postern_subject]";
        return 200 "refused\n";
    }
--- request
POST /a
tampered
--- more_headers eval
Postern::rfc9421(method => "POST", target => "/a", body => "original")
--- response_headers
X-Subject: []
--- response_body
refused
--- error_code: 200
