# JWK Sets beside the directory: what "nginx -t" says of the directive and of a
# file, and which keys are in force.

use lib 't/lib';
use Postern;
use Test::Nginx::Socket 'no_plan';

our $config = <<'_EOC_';
    sign on;
    sign_explain on;

    location / {
        proxy_pass http://app;
    }
_EOC_

our $thumbprint = sub {
    my $x = Postern::public_key("ed25519") =~ tr{+/}{-_}r =~ s/=+$//r;

    return Digest::SHA::sha256_base64(
               qq({"crv":"Ed25519","kty":"OKP","x":"$x"}))
           =~ tr{+/}{-_}r;
};

our $jwk = sub {
    my ($more) = @_;
    my $x = Postern::public_key("ed25519") =~ tr{+/}{-_}r =~ s/=+$//r;

    return qq({"kty":"OKP","crv":"Ed25519","x":"$x"@{[$more // ""]}});
};

add_block_preprocessor(sub {
    my ($block) = @_;

    my $args = $block->args
               // "postern_jwks \$TEST_NGINX_HTML_DIR/bots.jwks org=acme;";

    $block->set_value("http_more", $args);
    $block->set_value("user_files", ">>> postern.json\n" . directory()
        . (defined $block->jwks ? "\n>>> bots.jwks\n" . $block->jwks : ""));
    $block->set_value("config", $config) if !defined $block->config;
    $block->set_value("request", "GET /ping") if !defined $block->request;

    Postern::defaults($block);
});

add_response_body_check(\&Postern::client);

sub answer {
    my $r = http(raw_request("GET", "/a", rfc9421(target => "/a",
                 key => "ed25519", nonce => rand, @_)));

    return "$r->{status} " . ($r->{body} =~ /"code":"([^"]*)"/ ? $1 : "-");
}

log_level("info");
no_long_string();
no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: a key by its "kid", and one by its thumbprint
--- jwks eval: qq({"keys":[@{[$::jwk->(',"kid":"bot"')]},@{[$::jwk->()]}]})
--- client
is answer(keyid => "bot"), "200 -", "kid";
is answer(keyid => $thumbprint->()), "200 -", "thumbprint";
is answer(keyid => "bot2"), "401 sign/unknown-key", "neither";
is answer(keyid => "bot", target => "/b"), "401 sign/invalid", "verified";
is answer(keyid => "robot"), "200 -", "the directory's keys are there";
--- no_error_log
[error]
skipped



=== TEST 2: the thumbprint alone, a network that the client is not in
--- args
    postern_jwks $TEST_NGINX_HTML_DIR/bots.jwks org=acme id=thumbprint
                 networks=192.0.2.0/24,2001:db8::/32;
--- jwks eval: qq({"keys":[@{[$::jwk->(',"kid":"bot"')]}]})
--- client
is answer(keyid => "bot"), "401 sign/unknown-key", "not by its kid";
is answer(keyid => $thumbprint->()), "401 sign/key-network",
   "not from here";



=== TEST 3: keys of other kinds are skipped, and counted
--- jwks eval
qq({"keys":[{"kty":"oct","k":"c2VjcmV0"},
            {"kty":"EC","crv":"secp256k1","x":"AA","y":"AA"},
            @{[$::jwk->(',"kid":"enc","use":"enc"')]},
            @{[$::jwk->(',"kid":"bot"')]}]})
--- client
is answer(keyid => "bot"), "200 -", "the one that signs";
is answer(keyid => "enc"), "401 sign/unknown-key", "one to encrypt with";
--- error_log
bots.jwks": keys 1, skipped as they sign no requests here: 3
--- no_error_log
[error]



=== TEST 4: a key for another scheme
--- args
    postern_jwks $TEST_NGINX_HTML_DIR/bots.jwks org=acme schemes=cavage;
--- jwks eval: qq({"keys":[@{[$::jwk->(',"kid":"bot"')]}]})
--- client
like answer(keyid => "bot"), qr{^401 sign/}, "not for RFC 9421";



=== TEST 5: roles, and times
--- args
    postern_jwks $TEST_NGINX_HTML_DIR/bots.jwks org=acme roles=viewer;
    log_format who "who $postern_subject $postern_roles";
    access_log $TEST_NGINX_HTML_DIR/who.log who;
--- jwks eval
my $old = $::jwk->(',"kid":"past","exp":1600000000');
my $new = $::jwk->(',"kid":"soon","nbf":4102444800');
qq({"keys":[$old,$new,@{[$::jwk->(',"kid":"bot","nbf":1600000000')]}]})
--- client
is answer(keyid => "bot"), "200 -", "in time";
is answer(keyid => "past"), "401 sign/key-expired", "too late";
is answer(keyid => "soon"), "401 sign/key-expired", "too early";
like do { local (@ARGV, $/) = ("$ENV{TEST_NGINX_HTML_DIR}/who.log"); <> },
     qr/^who bot viewer$/m, "the key is the subject, and has the roles";



=== TEST 6: a broken set has a place
--- jwks
{"keys":[
  {"kty":"OKP","crv":"Ed25519","x":"AAAA","d":"AAAA"}]}
--- must_die
--- error_log eval
qr{\[emerg\] .*jwks ".*/bots.jwks:2:43": keys\[0\]\.d: is part of a private key}



=== TEST 7: a set of an organization that is not there
--- args: postern_jwks $TEST_NGINX_HTML_DIR/bots.jwks org=acne;
--- jwks: {"keys":[]}
--- must_die
--- error_log eval
qr{\[emerg\] .*jwks ".*/bots.jwks": the directory has no organization "acne"}



=== TEST 8: a role that is not there
--- args: postern_jwks $TEST_NGINX_HTML_DIR/bots.jwks org=acme roles=viewer,x;
--- jwks: {"keys":[]}
--- must_die
--- error_log eval
qr{\[emerg\] .*jwks ".*/bots.jwks": its organization has no role "x"}



=== TEST 9: an id that the directory has
--- jwks eval: qq({"keys":[@{[$::jwk->(',"kid":"AK1"')]}]})
--- must_die
--- error_log eval
qr{bots.jwks:1:\d+": keys\[0\]\.kid: the organization "acme" has a key of this}



=== TEST 10: no such file
--- must_die
--- error_log eval
qr{\[emerg\] .*jwks ".*/bots.jwks": open\(\) failed \(2: No such file}



=== TEST 11: a fault of the document is the document's
--- jwks: {"keys":[]}
--- config
--- http_config
    postern_directory $TEST_NGINX_HTML_DIR/bots.jwks;
    postern_jwks $TEST_NGINX_HTML_DIR/bots.jwks org=acme;
--- must_die
--- error_log eval
qr{\[emerg\] .*directory ".*/bots.jwks:1:1": the member "version" is missing}



=== TEST 12: without a directory
--- http_config
    postern_jwks $TEST_NGINX_HTML_DIR/bots.jwks org=acme;
--- config
--- must_die
--- error_log
"postern_jwks" needs "postern_directory", whose organizations its keys belong to



=== TEST 13: no organization
--- args: postern_jwks bots.jwks roles=viewer;
--- must_die
--- error_log
"postern_jwks" directive needs "org=", the organization that the keys belong to



=== TEST 14: an unknown parameter
--- args: postern_jwks bots.jwks org=acme role=viewer;
--- must_die
--- error_log
invalid parameter "role=viewer", known are "org=name", "roles=name,..."



=== TEST 15: a scheme that no such key serves
--- args: postern_jwks bots.jwks org=acme schemes=rfc9421,sigv4;
--- must_die
--- error_log
invalid scheme "sigv4": keys of a set serve rfc9421, cavage or webhook



=== TEST 16: a scheme that stands apart
--- args: postern_jwks bots.jwks org=acme schemes=webhook,rfc9421;
--- must_die
--- error_log
has keys for "webhook" and another scheme: those of a webhook are for nothing



=== TEST 17: what is no network
--- args: postern_jwks bots.jwks org=acme networks=10.0.0.1/8;
--- must_die
--- error_log
"10.0.0.1/8"



=== TEST 18: another id
--- args: postern_jwks bots.jwks org=acme id=kid;
--- must_die
--- error_log
"postern_jwks" directive knows but one "id=": "id=thumbprint"



=== TEST 19: an empty list, and one said twice
--- args: postern_jwks bots.jwks org=acme roles=a,,b;
--- must_die
--- error_log
needs 1 to 64 names in "roles=", parted by commas



=== TEST 20: an organization twice
--- args: postern_jwks bots.jwks org=acme org=other;
--- must_die
--- error_log
"postern_jwks" directive has "org=" twice
