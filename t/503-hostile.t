# Whatever bytes come, each record is one line of valid JSON (AuditLines looks
# at every line) and says which bytes they were.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use AuditLines;

no_root_location();
our $http = "underscores_in_headers on; ignore_invalid_headers off;";
run_tests();

__DATA__

=== TEST 1: every byte in the target
--- config
    audit on;
    location / { return 200 ok; }
--- raw_request eval
my $all = join "", map { chr } grep { $_ != 32 } 0x21 .. 0x7e, 0x80 .. 0xff;
"GET /$all HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
--- ignore_response
--- audit_count: 1
--- audit
.target =~ \x{fffd}80\x{fffd}81
.uri =~ ^/



=== TEST 2: a forged line, percent-encoded
--- config
    audit on;
    location / { return 200 ok; }
--- request
GET /a%0A%7B%22v%22:1,%22event%22:%22request%22%7D%0D%1B[2J%00%C2%85%E2%80%A8
--- error_code_like: 200|400
--- ignore_response_body
--- audit_count: 1



=== TEST 3: quotes, backslashes, controls in what clients say of themselves
--- config
    audit on;
    location / { return 200 ok; }
--- raw_request eval
"GET / HTTP/1.1\r\nHost: a\"b\\\r\nConnection: close\r\n"
. "User-Agent: \"\\\x1b[31m\x7f\xc2\x9b\xe2\x80\xa8\xe2\x80\xae\xff\"\r\n"
. "Referer: \x01\x02\xf0\x9f\x98\x80\xc0\xaf\r\n\r\n"
--- ignore_response
--- audit_count: 1



=== TEST 4: valid UTF-8 stays readable
--- config
    audit on;
    location / { return 200 ok; }
--- raw_request eval
"GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: Zo\xc3\xab\r\n"
. "Connection: close\r\n\r\n"
--- response_body: ok
--- audit_count: 1
--- audit
.user_agent "Zo\u00eb"



=== TEST 5: bytes of another protocol
--- config
    audit on;
    location / { return 200 ok; }
--- raw_request eval
"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
--- ignore_response
--- audit_count: 1
--- audit
.status 400



=== TEST 6: very long things are cut and say so
More than a frame of HTTP/2 may hold.
--- no_http2
--- http_config
    large_client_header_buffers 4 32k;
--- config
    audit on;
    location / { return 200 ok; }
--- request eval
"GET /" . ("\x80" x 20000)
--- more_headers eval
"User-Agent: " . ("\\" x 20000) . "\r\nReferer: " . ("\x01" x 20000)
--- error_code_like: 200|400
--- ignore_response_body
--- audit_count: 1
--- audit
.target =~ \[\+\d+ bytes\]$
