# Every way to be refused: its code, its status, and what others may learn.

use lib 't/lib';
use Postern;
use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(\&Postern::defaults);
add_response_body_check(\&Postern::client);

our $config = <<'_EOC_';
    sign on;
    sign_explain on;

    location / {
        proxy_pass http://app;
    }
_EOC_

no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: missing
--- config eval: $::config
--- request
GET /a
--- error_code: 401
--- response_headers
Content-Type: application/problem+json
WWW-Authenticate: Signature, AWS4-HMAC-SHA256
Accept-Signature: sig1=("@method" "@authority" "@path" "@query");created
Cache-Control: no-store
--- response_body_like: "code":"sign/missing"
--- error_log
sign/missing: refused, key ""
--- no_error_log
http proxy header



=== TEST 2: missing, with a body: the digest is asked for
curl 7.88 sometimes takes the end of a stream that it still sends on for an
error; t/710 has the same over HTTP/2.
--- no_http2
--- config eval: $::config
--- request eval
"POST /a\nhello"
--- error_code: 401
--- response_headers
Accept-Signature: sig1=("@method" "@authority" "@path" "@query" "content-digest");created



=== TEST 3: one scheme only
--- config
    sign on;
    sign_schemes sigv4;
--- request
GET /a
--- error_code: 401
--- response_headers
WWW-Authenticate: AWS4-HMAC-SHA256
! Accept-Signature



=== TEST 4: malformed
--- config eval: $::config
--- request
GET /a
--- more_headers
Signature-Input: sig1=("@method";created=1
Signature: sig1=:AAAA:
--- error_code: 400
--- response_body_like: "code":"sign/malformed"



=== TEST 5: ambiguous, two credentials
--- config eval: $::config
--- request
GET /a
--- more_headers eval
Postern::rfc9421(target => "/a") . "\n" . Postern::sigv4(target => "/a")
--- error_code: 400
--- response_body_like: "code":"sign/ambiguous"



=== TEST 6: too large, header fields
--- config
    sign on;
    sign_explain on;
    large_client_header_buffers 8 32k;
--- request
GET /a
--- more_headers eval
Postern::rfc9421(target => "/a") . CORE::join("", map { "\nX-$_: 1" } 1 .. 300)
--- error_code: 400
--- response_body_like: "code":"sign/too-large"



=== TEST 7: unsupported component
--- config eval: $::config
--- request
GET /a
--- more_headers eval
Postern::rfc9421(target => "/a",
    cover => ['@method', '@target-uri', '@nothing'], signature => "x" x 32,
    listed_but_absent => 1)
--- error_code: 400
--- response_body_like: "code":"sign/unsupported"



=== TEST 8: unknown key
--- config eval: $::config
--- request
GET /a
--- more_headers eval
Postern::rfc9421(target => "/a", keyid => "nobody")
--- error_code: 401
--- response_body_like: "code":"sign/unknown-key"
--- error_log
sign/unknown-key: refused, key "nobody"



=== TEST 9: disabled key
--- config eval: $::config
--- request
GET /a
--- more_headers eval
Postern::rfc9421(target => "/a", keyid => "off")
--- error_code: 401
--- response_body_like: "code":"sign/key-disabled"



=== TEST 10: key of a disabled user
--- config eval: $::config
--- request
GET /a
--- more_headers eval
Postern::rfc9421(target => "/a", keyid => "gone")
--- error_code: 401
--- response_body_like: "code":"sign/key-disabled"



=== TEST 11: key past its time
--- config eval: $::config
--- request
GET /a
--- more_headers eval
Postern::rfc9421(target => "/a", keyid => "old")
--- error_code: 401
--- response_body_like: "code":"sign/key-expired"



=== TEST 12: key before its time
--- config eval: $::config
--- request
GET /a
--- more_headers eval
Postern::sigv4(target => "/a", keyid => "early")
--- error_code: 401
--- response_body_like: "code":"sign/key-expired"



=== TEST 13: key of another network
--- config eval: $::config
--- request
GET /a
--- more_headers eval
Postern::rfc9421(target => "/a", keyid => "away")
--- error_code: 401
--- response_body_like: "code":"sign/key-network"



=== TEST 14: the address is the one that realip found
--- config
    sign on;
    sign_explain on;
    set_real_ip_from 127.0.0.1;

    location / {
        proxy_pass http://app;
    }
--- request
GET /a
--- more_headers eval
Postern::rfc9421(target => "/a", keyid => "away") . "\nX-Real-IP: 192.0.2.7"
--- error_code: 200



=== TEST 15: key of another organization
--- config
    sign on;
    sign_explain on;
    postern_org acme;
--- request
GET /a
--- more_headers eval
Postern::rfc9421(target => "/a", keyid => "OK1")
--- error_code: 401
--- response_body_like: "code":"sign/key-org"



=== TEST 16: key whose secret does not open
--- config eval: $::config
--- request
GET /a
--- more_headers eval
Postern::rfc9421(target => "/a", keyid => "shut")
--- error_code: 401
--- response_body_like: "code":"sign/key-unusable"



=== TEST 17: the message says another algorithm
--- config eval: $::config
--- request
GET /a
--- more_headers eval
Postern::rfc9421(target => "/a", alg => "ed25519")
--- error_code: 401
--- response_body_like: "code":"sign/algorithm"



=== TEST 18: the method is not covered
--- config eval: $::config
--- request
GET /a
--- more_headers eval
Postern::rfc9421(target => "/a", cover => ['@target-uri'])
--- error_code: 401
--- response_body_like: "code":"sign/coverage"



=== TEST 19: the query is not covered
--- config eval: $::config
--- request
GET /a?b=c
--- more_headers eval
Postern::rfc9421(target => "/a?b=c", cover => ['@method', '@authority',
                                                '@path'])
--- error_code: 401
--- response_body_like: "code":"sign/coverage"



=== TEST 20: nothing is covered (GHSA-x9cc-346q-g27m)
--- config eval: $::config
--- request
GET /a
--- more_headers eval
Postern::rfc9421(target => "/a", cover => [])
--- error_code: 401
--- response_body_like: "code":"sign/coverage"



=== TEST 21: the body is not covered
As in TEST 2.
--- no_http2
--- config eval: $::config
--- request eval
"POST /a\nhello"
--- more_headers eval
Postern::rfc9421(method => "POST", target => "/a", body => "hello",
                 cover => ['@method', '@target-uri'])
--- error_code: 401
--- response_body_like: "code":"sign/coverage"



=== TEST 22: a demanded field is not covered
--- config
    sign on;
    sign_explain on;
    sign_components @method @target-uri content-digest x-tenant;
--- request
GET /a
--- more_headers eval
Postern::rfc9421(target => "/a") . "\nX-Tenant: t1"
--- error_code: 401
--- response_body_like: "code":"sign/coverage"



=== TEST 23: SigV4 without a hash of the body
As in TEST 2.
--- no_http2
--- config eval: $::config
--- request eval
"POST /a\nhello"
--- more_headers eval
Postern::sigv4(method => "POST", target => "/a", body => "hello",
               hash => "UNSIGNED-PAYLOAD")
--- error_code: 401
--- response_body_like: "code":"sign/coverage"



=== TEST 24: no date at all
--- config eval: $::config
--- request
GET /a
--- more_headers eval
Postern::rfc9421(target => "/a", created => undef)
--- error_code_like: ^40[01]$
--- response_body_like: "code":"sign/(coverage|malformed)"



=== TEST 25: too old
--- config eval: $::config
--- request
GET /a
--- more_headers eval
Postern::rfc9421(target => "/a", created => time - 1000)
--- error_code: 401
--- response_body_like: "code":"sign/expired"



=== TEST 26: too old for a narrow window
--- config
    sign on;
    sign_explain on;
    sign_window 10s;
--- request
GET /a
--- more_headers eval
Postern::sigv4(target => "/a", created => time - 20)
--- error_code: 401
--- response_body_like: "code":"sign/expired"



=== TEST 27: past its own end
--- config eval: $::config
--- request
GET /a
--- more_headers eval
Postern::rfc9421(target => "/a", created => time - 20, expires => time - 10)
--- error_code: 401
--- response_body_like: "code":"sign/expired"



=== TEST 28: from the future
--- config eval: $::config
--- request
GET /a
--- more_headers eval
Postern::rfc9421(target => "/a", created => time + 900)
--- error_code: 401
--- response_body_like: "code":"sign/future"



=== TEST 29: a clock that is a little ahead
--- config eval: $::config
--- request
GET /a
--- more_headers eval
Postern::rfc9421(target => "/a", created => time + 30)
--- error_code: 200



=== TEST 30: another secret
--- config eval: $::config
--- request
GET /a
--- more_headers eval
Postern::rfc9421(target => "/a", secret => "another secret of some length")
--- error_code: 401
--- response_body_like: "code":"sign/invalid"
--- error_log
sign/invalid: refused, key "AK1"
--- no_error_log
http proxy header
an example secret



=== TEST 31: an empty signature
--- config eval: $::config
--- request
GET /a
--- more_headers eval
Postern::rfc9421(target => "/a", signature => "")
--- error_code_like: ^40[01]$
--- response_body_like: "code":"sign/(malformed|invalid)"



=== TEST 32: the beginning of a signature
--- config eval: $::config
--- request
GET /a
--- more_headers eval
use Digest::SHA;
Postern::rfc9421(target => "/a", signature => "\0")
--- error_code: 401
--- response_body_like: "code":"sign/invalid"



=== TEST 33: ECDSA with r = s = 0
--- config eval: $::config
--- request
GET /a
--- more_headers eval
Postern::rfc9421(target => "/a", keyid => "curve", signature => "\0" x 64)
--- error_code: 401
--- response_body_like: "code":"sign/invalid"



=== TEST 34: replayed
--- config eval: $::config
--- request eval
["DELETE /a", "DELETE /a"]
--- more_headers eval
Postern::rfc9421(method => "DELETE", target => "/a")
--- error_code eval
[200, 401]
--- response_body_like eval
["app DELETE", "\"code\":\"sign/replayed\""]



=== TEST 35: digest
--- config eval: $::config
--- request eval
"POST /a\nhellp"
--- more_headers eval
Postern::rfc9421(method => "POST", target => "/a", body => "hello")
--- error_code: 400
--- response_body_like: "code":"sign/digest"
--- no_error_log
http proxy header



=== TEST 36: the explanation says what to change
--- config eval: $::config
--- request
GET /a
--- more_headers eval
Postern::rfc9421(target => "/a", created => time - 1000)
--- error_code: 401
--- response_body_like: "detail":"The signature is too old: check the clock



=== TEST 37: unexplained, all credentials look alike
--- config
    sign on;

    location / {
        proxy_pass http://app;
    }
--- client
my %body;

for my $keyid (qw(AK1 nobody off gone old early away shut)) {
    my $r = http(raw_request("GET", "/a", rfc9421(target => "/a",
                 keyid => $keyid, secret => "x" x 32)));
    is $r->{status}, 401, "$keyid: 401";
    $body{join "\n", $r->{body}, map { "$_: $r->{field}{$_}" }
          grep { $_ ne "date" } sort keys %{$r->{field}}} = 1;
}

my $r = http(raw_request("GET", "/a", rfc9421(target => "/a",
             created => time - 5000)));
$body{join "\n", $r->{body}, map { "$_: $r->{field}{$_}" }
      grep { $_ ne "date" } sort keys %{$r->{field}}} = 1;

is scalar(keys %body), 1, "one answer for all of them";
like((keys %body)[0], qr/"code":"unauthorized"/, "and it tells nothing");



=== TEST 38: unexplained, malformed and digest
--- config
    sign on;

    location / {
        proxy_pass http://app;
    }
--- request eval
["POST /a\nhellp", "GET /a"]
--- more_headers eval
[Postern::rfc9421(method => "POST", target => "/a", body => "hello",
                  nonce => "t38"),
 "Signature-Input: x\nSignature: y"]
--- error_code eval
[400, 400]
--- response_body_like eval
["\"code\":\"bad-request\"", "\"code\":\"bad-request\""]



=== TEST 39: a repeated Host (nginx before 1.23 takes the first)
--- config eval: $::config
--- client
my $text = raw_request("GET", "/a", rfc9421(target => "/a"));
$text =~ s/\r\nConnection/\r\nHost: elsewhere\r\nConnection/;
my $r = http($text);
is $r->{status}, 400, "two Host fields";



=== TEST 40: a repeated field that is signed once
--- config
    sign on;
    sign_explain on;
    sign_components @method @target-uri content-digest x-tenant;

    location / {
        proxy_pass http://app;
    }
--- request
GET /a
--- more_headers eval
Postern::rfc9421(target => "/a", headers => [["X-Tenant", "t1"]],
                 cover => ['@method', '@target-uri', 'x-tenant'])
    . "\nX-Tenant: t2"
--- error_code: 401
--- response_body_like: "code":"sign/invalid"



=== TEST 41: a refused key id is not in the variables
--- config
    sign on;
    error_page 401 = @who;

    location @who {
        sign off;
        return 200 "[$sign_key_id][$sign_scheme][$sign_status][$sign_error]\n";
    }
--- request
GET /a
--- more_headers eval
Postern::rfc9421(target => "/a", secret => "x")
--- response_body
[][rfc9421][refused][sign/invalid]



=== TEST 42: no state, no entry
--- http_config
    postern_zone 1m;
    postern_redis redis://127.0.0.1:1/0;
    postern_directory $TEST_NGINX_HTML_DIR/postern.json;
--- config
    sign on;
    sign_explain on;
--- request
GET /a
--- more_headers eval
Postern::rfc9421(target => "/a")
--- error_code: 503
--- response_headers
Retry-After: 5
--- response_body_like: "code":"sign/unavailable"



=== TEST 43: requests of unusual form
--- config eval: $::config
--- client
my $lines = rfc9421(target => "/a");
my %is;

$is{"no Host"} = http("GET /a HTTP/1.0\r\n"
                      . join("", map { "$_\r\n" } split /\n/, $lines) . "\r\n");
$is{"empty Host"} = http(raw_request("GET", "/a", $lines)
                         =~ s/Host: localhost/Host: /r);
$is{"no fields"} = http("GET /a HTTP/1.0\r\n\r\n");
$is{"no path"} = http(raw_request("GET", "http://localhost", $lines));
$is{"query, no path"} = http(raw_request("GET", "http://localhost?x", $lines));
$is{"fragment"} = http(raw_request("GET", "/a#b", $lines));
$is{"bytes"} = http(raw_request("GET", "/a", "Signature-Input: sig1=(\"\xff\")"
                                . "\nSignature: sig1=:\x01\x80:"));
$is{"v4 bytes"} = http(raw_request("GET", "/a", "X-Amz-Date: 2\n"
    . "Authorization: AWS4-HMAC-SHA256 Credential=\xff\x1b[2J/a/b/c/d"));
$is{"v4 empty"} = http(raw_request("GET", "/a",
                                   "Authorization: AWS4-HMAC-SHA256"));
$is{"long"} = http(raw_request("GET", "/a", "Signature-Input: sig1=("
                   . "\"x\" " x 1500 . ")\nSignature: sig1=:AAAA:"));

for my $name (sort keys %is) {
    like $is{$name}{status}, qr/^40[01]$/, $name;
}

my $r = http("GET /a\r\n");
unlike $r->{body}, qr/app GET/, "HTTP/0.9";
--- no_error_log
[alert]
[crit]
http proxy header



=== TEST 44: an organization that comes out empty is nobody's
--- config
    sign on;
    sign_explain on;
    postern_org $arg_org;

    location / {
        proxy_pass http://app;
    }
--- request eval
["GET /a?org=acme", "GET /a?org=", "GET /a", "GET /a?org=other"]
--- more_headers eval
[map { Postern::rfc9421(target => $_) } "/a?org=acme", "/a?org=", "/a",
                                        "/a?org=other"]
--- error_code eval
[200, 401, 401, 401]
--- response_body_like eval
["app GET", map { '"code":"sign/key-org"' } 1 .. 3]



=== TEST 45: a field that applications read as another one that is signed
--- config
    underscores_in_headers on;
    sign on;
    sign_explain on;
    sign_components @method @target-uri content-digest x-tenant;

    location / {
        proxy_pass http://app;
    }
--- request eval
["GET /a", "GET /b"]
--- more_headers eval
my @cover = (headers => [["X-Tenant", "t1"]],
             cover => ['@method', '@target-uri', 'x-tenant']);
["X_Other: t2\n" . Postern::rfc9421(target => "/a", @cover),
 "X_Tenant: t2\n" . Postern::rfc9421(target => "/b", @cover)]
--- error_code eval
[200, 400]
--- response_body_like eval
["app GET", '"code":"sign/ambiguous"']
