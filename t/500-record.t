# What is in a record.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use AuditLines;

no_root_location();
run_tests();

__DATA__

=== TEST 1: a plain request
What the lines of HTTP/1.1 are in a record; t/505 and t/712 have HTTP/2.
--- no_http2
--- config
    audit on;
    location / { return 200 "hello\n"; }
--- request
GET /a/./b?x=1
--- more_headers
User-Agent: tester/1.0
Referer: http://other.example/page?x=1
--- response_body
hello
--- audit
.v 1
.event "request"
.time =~ ^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$
.id =~ ^[0-9a-f]{32}$
.status 200
.complete true
.server "localhost"
.host "localhost"
.remote.addr "127.0.0.1"
.remote.port =~ ^\d+$
.protocol "HTTP/1.1"
.method "GET"
.target "/a/./b?x=1"
.uri "/a/b"
.user_agent "tester/1.0"
.referer "http://other.example/page?x=1"
.bytes_in =~ ^\d{3}$
.bytes_out =~ ^\d{3}$
.duration_us =~ ^\d{1,5}$
.identity -
.decisions -
.upstream -
.tls -
--- audit_count: 1



=== TEST 2: it is for a few eyes only
--- config
    audit on;
    location / { return 200 ok; }
--- request
GET /
--- response_body_filters eval
sub { sprintf "%03o", (stat AuditLines::audit_file)[2] & 07777 }
--- response_body: 640
--- no_check_leak



=== TEST 3: a start is on record
--- config
    audit on;
    location / { return 200 ok; }
--- request
GET /
--- response_body: ok
--- audit_event: start
--- audit_count: 1



=== TEST 4: no body: HEAD, 204, 304
--- config
    audit on;
    location /204 { return 204; }
    location / { return 200 "hello\n"; }
--- request eval
["HEAD /", "GET /204", "GET /"]
--- error_code eval
[200, 204, 200]
--- audit_count: 3
--- audit
.complete true
.status 200



=== TEST 5: a proxied answer
--- config
    audit on;
    location / { proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/.app; }
    location /.app { audit off; return 201 "made\n"; }
--- request
POST /thing
x=1
--- error_code: 201
--- audit_count: 1
--- audit
.method "POST"
.uri "/thing"
.upstream.addr =~ ^127\.0\.0\.1:\d+$
.upstream.status 201
.upstream.tries 1



=== TEST 6: a long answer, more than a socket takes
--- config
    audit on;
    location / { alias $TEST_NGINX_HTML_DIR/; }
--- user_files eval
">>> big\n" . ("0123456789abcde\n" x 200000)
--- request
GET /big
--- response_body_like: ^0123456789abcde
--- audit_count: 1
--- audit
.status 200
.bytes_out =~ ^320\d{4}$
.complete true



=== TEST 7: error_page in a place that is not audited
--- config
    location /a {
        audit on;
        deny all;
        error_page 403 /sorry;
    }
    location = /sorry { internal; return 403 "sorry\n"; }
--- request
GET /a/b
--- error_code: 403
--- response_body
sorry
--- audit_count: 1
--- audit
.status 403
.uri "/a/b"
.target "/a/b"



=== TEST 8: try_files, named locations, rewrites: one record
--- config
    audit on;
    location / { try_files /none @named; }
    location @named { rewrite ^ /end last; }
    location = /end { return 200 "end\n"; }
--- request
GET /start
--- response_body
end
--- audit_count: 1
--- audit
.target "/start"
.uri "/end"
.status 200



=== TEST 9: subrequests are not requests
--- config
    audit on;
    location / { mirror /copy; return 200 ok; }
    location = /copy { internal; return 204; }
--- request
GET /
--- response_body: ok
--- audit_count: 1



=== TEST 10: off by default, and off again in a location
--- config
    location /on { audit on; return 200 ok; }
    location / { return 200 ok; }
--- request eval
["GET /", "GET /on", "GET /"]
--- audit_count: 1
--- audit
.target "/on"



=== TEST 11: requests of one connection have ids of their own
--- config
    audit on;
    location / { return 200 ok; }
--- pipelined_requests eval
["GET /1", "GET /2", "GET /3"]
--- response_body eval
["ok", "ok", "ok"]
--- audit_count: 3



=== TEST 12: chunks without a known length
--- config
    audit on;
    location / { proxy_buffering off;
                 proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/.app; }
    location /.app { audit off; chunked_transfer_encoding off;
                     alias $TEST_NGINX_HTML_DIR/; add_header X y;
                     gzip on; gzip_min_length 1; gzip_types *;
                     gzip_http_version 1.0; gzip_proxied any; }
--- user_files eval
">>> file\n" . ("0123456789abcde\n" x 2000)
--- request
GET /file
--- more_headers
Accept-Encoding: gzip
--- ignore_response_body
--- audit_count: 1
--- audit
.status 200
.upstream.status 200
