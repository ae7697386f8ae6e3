# No secret is ever written.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use AuditLines;

no_root_location();
run_tests();

__DATA__

=== TEST 1: headers that carry secrets are not recorded
--- config
    audit on;
    location / { return 200 ok; }
--- request
GET /
--- more_headers
Authorization: Bearer CANARY1
Proxy-Authorization: Basic CANARY2
Cookie: session=CANARY3
X-Api-Key: CANARY4
Signature: sig1=:CANARY5:
X-Forwarded-For: CANARY6
--- audit_count: 1
--- audit
.status 200
--- audit_without
CANARY



=== TEST 2: parameters of the target, in every spelling
--- config
    audit on;
    location / { return 200 ok; }
--- request eval
[map { "GET /a?x=1&$_&end=1" }
 qw(access_token=CANARY TOKEN=CANARY %61pi_key=CANARY %2561pikey=CANARY
    token%3DCANARY X-Amz-Security-Token=CANARY user[password]=CANARY
    a;secret=CANARY;b next=%2Fcb%3Fcode%3DCANARY client-secret=a%26CANARY
    u=https%3A%2F%2Fme:CANARY%40h%2F sig=%43ANARY_CANARY)]
--- audit_count: 12
--- audit
.status 200
.target =~ end=1$
.target =~ \[redacted\]
--- audit_without
CANARY



=== TEST 3: the path, and what nginx makes of it
The absolute form of a target, which HTTP/2 has not.
--- no_http2
--- config
    audit on;
    location / { return 200 ok; }
--- request eval
["GET /a;jsessionid=CANARY/b", "GET /a%3Ftoken=CANARY",
 "GET http://me:CANARY\@localhost/a"]
--- error_code eval
[200, 200, 400]
--- ignore_response_body
--- audit_count: 3
--- audit_without
CANARY



=== TEST 4: Referer and User-Agent
--- config
    audit on;
    location / { return 200 ok; }
--- request
GET /
--- more_headers
Referer: https://me:CANARY1@other.example/a?b=1&password=CANARY2&c=3
User-Agent: robot (+http://me:CANARY3@robot.example/?key=CANARY4)
--- audit_count: 1
--- audit
.referer "https://[redacted]@other.example/a?b=1&password=[redacted]&c=3"
--- audit_without
CANARY



=== TEST 5: Host
--- config
    audit on;
    location / { return 200 ok; }
--- raw_request eval
"GET / HTTP/1.1\r\nHost: me:CANARY\@app.example\r\nConnection: close\r\n\r\n"
--- ignore_response
--- audit_count: 1
--- audit
.host "app.example"
.host_userinfo "[redacted]"
--- audit_without
CANARY



=== TEST 6: names of one's own
--- http_config
    audit_redact door-code badge;
    audit_redact Room;
--- config
    audit on;
    location / { return 200 ok; }
--- request
GET /?Door_Code=CANARY1&badge=CANARY2&room=CANARY3&floor=4
--- audit_count: 1
--- audit
.target "/?Door_Code=[redacted]&badge=[redacted]&room=[redacted]&floor=4"
--- audit_without
CANARY



=== TEST 7: a secret behind the bound of what is looked at
--- config
    audit on;
    location / { return 200 ok; }
--- request eval
"GET /?" . ("a" x 4090) . "&token=CANARY" . ("b" x 2000)
--- audit_count: 1
--- audit
.target =~ a\[\+\d+ bytes\]$
--- audit_without
CANARY
