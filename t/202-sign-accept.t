# Signed requests of each scheme and algorithm are let through, and everybody
# behind learns who sent them.

use lib 't/lib';
use Postern;
use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(\&Postern::defaults);
add_response_body_check(\&Postern::client);

our $config = <<'_EOC_';
    sign on;
    sign_explain on;

    location / {
        add_header X-Sign "[$sign_status $sign_scheme $sign_key_id $sign_error]";
        add_header X-Who "$postern_org $postern_subject $postern_roles";
        add_header X-Credential "$postern_credential";
        proxy_pass http://app;
    }
_EOC_

no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: RFC 9421, HMAC, user key
--- config eval: $::config
--- request
GET /a?b=c
--- more_headers eval
Postern::rfc9421(target => "/a?b=c")
--- response_body
app GET /a?b=c
--- response_headers
X-Sign: [verified rfc9421 AK1 ]
X-Who: acme alice viewer
X-Credential: AK1



=== TEST 2: RFC 9421, Ed25519, the key is its own subject
--- config eval: $::config
--- request
GET /a
--- more_headers eval
Postern::rfc9421(target => "/a", keyid => "robot", key => "ed25519")
--- response_headers
X-Sign: [verified rfc9421 robot ]
X-Who: acme robot viewer
--- error_code: 200



=== TEST 3: RFC 9421, ECDSA P-256
--- config eval: $::config
--- request
GET /a
--- more_headers eval
Postern::rfc9421(target => "/a", keyid => "curve", key => "p256",
                 alg => "ecdsa-p256-sha256")
--- response_headers
X-Sign: [verified rfc9421 curve ]
--- error_code: 200



=== TEST 4: RFC 9421, POST with a body
--- config eval: $::config
--- request eval
"POST /a\nhello"
--- more_headers eval
Postern::rfc9421(method => "POST", target => "/a", body => "hello")
--- response_body
app POST /a
--- error_code: 200



=== TEST 5: RFC 9421, parts instead of the whole target
--- config eval: $::config
--- request
GET /a?b
--- more_headers eval
Postern::rfc9421(target => "/a?b", nonce => "n-1", tag => "t",
    expires => time + 600, label => "other",
    cover => ['@method', '@authority', '@path', '@query'])
--- error_code: 200



=== TEST 6: SigV4, GET
--- config eval: $::config
--- request
GET /a%20b?z=1&a=2
--- more_headers eval
Postern::sigv4(target => "/a%20b?z=1&a=2")
--- response_headers
X-Sign: [verified sigv4 AK1 ]
X-Who: acme alice viewer
--- error_code: 200



=== TEST 7: SigV4, POST with x-amz-content-sha256
--- config eval: $::config
--- request eval
"POST /a\nhello"
--- more_headers eval
Postern::sigv4(method => "POST", target => "/a", body => "hello")
--- response_body
app POST /a



=== TEST 8: SigV4, POST whose hash is signed and not sent
--- config eval: $::config
--- request eval
"POST /a\nhello"
--- more_headers eval
Postern::sigv4(method => "POST", target => "/a", body => "hello",
               hash => undef)
--- response_body
app POST /a
--- response_headers
X-App-Length: 5



=== TEST 9: SigV4, GET without body or hash
--- config eval: $::config
--- request
GET /a
--- more_headers eval
Postern::sigv4(target => "/a", hash => undef)
--- error_code: 200



=== TEST 10: RFC 9421, SHA-512 of the body
--- config eval: $::config
--- request eval
"PUT /a\nhello"
--- more_headers eval
Postern::rfc9421(method => "PUT", target => "/a", body => "hello",
                 digest => Postern::content_digest("hello", "sha-512"))
--- response_body
app PUT /a



=== TEST 11: demanded fields are signed
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
--- error_code: 200



=== TEST 12: the address decides for keys with networks
--- config eval: $::config
--- request
GET /a
--- more_headers eval
Postern::rfc9421(target => "/a", keyid => "here")
--- error_code: 200



=== TEST 13: the right organization
--- config
    sign on;
    postern_org acme;

    location / {
        proxy_pass http://app;
    }
--- request
GET /a
--- more_headers eval
Postern::rfc9421(target => "/a")
--- error_code: 200



=== TEST 14: what nginx decodes for routing is verified as it was sent
--- config eval: $::config
--- request
GET /a/../%62//c?x=%2F
--- more_headers eval
Postern::rfc9421(target => "/a/../%62//c?x=%2F")
--- error_code: 200



=== TEST 15: an absolute target
--- config eval: $::config
--- client
my $lines = rfc9421(target => "/abs?x=1");
my $r = http(raw_request("GET", "http://localhost/abs?x=1", $lines));
is $r->{status}, 200, "absolute target";
$r = http(raw_request("GET", "http://elsewhere/abs?x=1",
                      rfc9421(target => "/abs?x=1",
                              authority => "elsewhere")));
is $r->{status}, 400, "absolute target and Host disagree";
like $r->{body}, qr{"sign/ambiguous"}, "and it says so";
