# draft-cavage-http-signatures: signed requests in the forms of the draft, of
# Kong and of APISIX are let through, and everybody behind learns who sent them.

use lib 't/lib';
use Postern;
use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(\&Postern::defaults);
add_response_body_check(\&Postern::client);

our $config = <<'_EOC_';
    sign on;
    sign_schemes rfc9421 sigv4 cavage;
    sign_explain on;

    location / {
        add_header X-Sign "[$sign_status $sign_scheme $sign_key_id $sign_error]";
        add_header X-Who "$postern_org $postern_subject $postern_roles";
        proxy_pass http://app;
    }
_EOC_

no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: Authorization: Signature
--- config eval: $::config
--- request
GET /a?b=c
--- more_headers eval
Postern::cavage(target => "/a?b=c")
--- response_body
app GET /a?b=c
--- response_headers
X-Sign: [verified cavage AK1 ]
X-Who: acme alice viewer



=== TEST 2: Signature, with a body
--- config eval: $::config
--- request eval
"POST /a\nhello"
--- more_headers eval
Postern::cavage(method => "POST", target => "/a", body => "hello",
                form => "signature")
--- response_headers
X-Sign: [verified cavage AK1 ]
--- response_body
app POST /a



=== TEST 3: created and expires
--- config eval: $::config
--- request
GET /a
--- more_headers eval
Postern::cavage(target => "/a", alg => "hs2019", created => time,
                expires => time + 60, form => "signature",
                listed => ["(request-target)", "(created)", "(expires)", "host"])
--- response_headers
X-Sign: [verified cavage AK1 ]



=== TEST 4: Ed25519
--- config eval: $::config
--- request
GET /a
--- more_headers eval
Postern::cavage(target => "/a", keyid => "robot", key => "ed25519",
                alg => "ed25519")
--- response_headers
X-Sign: [verified cavage robot ]
X-Who: acme robot viewer



=== TEST 5: ECDSA, as DER
--- config eval: $::config
--- request
GET /a
--- more_headers eval
Postern::cavage(target => "/a", keyid => "curve", key => "p256",
                alg => "ecdsa-sha256")
--- response_headers
X-Sign: [verified cavage curve ]



=== TEST 6: Kong
--- config eval: $::config
--- request eval
"POST /a?b=c\nhello"
--- more_headers eval
Postern::cavage(method => "POST", target => "/a?b=c", body => "hello",
                form => "kong")
--- no_http2: the line that is signed says HTTP/1.1
--- response_headers
X-Sign: [verified cavage AK1 ]
--- response_body
app POST /a?b=c



=== TEST 7: Kong, @request-target
--- config eval: $::config
--- request
GET /a?b=c
--- more_headers eval
Postern::cavage(target => "/a?b=c", form => "kong",
                listed => ["date", "host", "\@request-target"])
--- response_headers
X-Sign: [verified cavage AK1 ]



=== TEST 8: APISIX
--- config eval: $::config
--- request eval
"POST /a?b=c\nhello"
--- more_headers eval
Postern::cavage(method => "POST", target => "/a?b=c", body => "hello",
                form => "apisix")
--- response_headers
X-Sign: [verified cavage AK1 ]
--- response_body
app POST /a?b=c



=== TEST 9: hmac-sha384 and hmac-sha512
--- config eval: $::config
--- user_files eval
">>> postern.json\n" . Postern::directory(
    map { ("long$_" => qq({ "user": "alice", "algorithm": "hmac-sha$_",
                            "secret": "plain:$Postern::secret" })) } 384, 512)
--- client
for my $n (384, 512) {
    my $lines = cavage(target => "/a", keyid => "long$n", hash => $n,
                       alg => "hmac-sha$n");
    my $r = http(raw_request("GET", "/a", $lines));
    is $r->{status}, 200, "hmac-sha$n";

    $lines = cavage(target => "/b", keyid => "long$n", hash => $n);
    $r = http(raw_request("GET", "/b", $lines));
    like $r->{body}, qr{"sign/algorithm"}, "hmac-sha256 with a key of $n bits";
}



=== TEST 10: a client of Kong that does not sign the host, where that is allowed
--- config
    location / {
        sign on;
        sign_schemes cavage;
        sign_components @method @request-target content-digest;
        sign_insecure_coverage on;
        proxy_pass http://app;
    }
--- request
GET /a
--- more_headers eval
Postern::cavage(target => "/a", form => "kong", host => undef,
                listed => ["date", "request-line"])
--- no_http2: the line that is signed says HTTP/1.1
--- error_code: 200



=== TEST 11: what a client is told
--- config
    location / {
        sign on;
        sign_schemes cavage;
        proxy_pass http://app;
    }
--- request
GET /a
--- error_code: 401
--- response_headers
WWW-Authenticate: Signature headers="(request-target) host date digest"
Accept-Signature:
