# Web Bot Auth: bots that sign with the tag "web-bot-auth", by keys of a local
# JWK Set whose ids are their thumbprints.

use lib 't/lib';
use Postern;
use Test::Nginx::Socket 'no_plan';

use Digest::SHA qw(sha256);
use MIME::Base64 qw(decode_base64 encode_base64url);

our $x = encode_base64url(decode_base64(Postern::public_key("ed25519")));

# RFC 8037, appendix A.3

our $id = encode_base64url(sha256(qq({"crv":"Ed25519","kty":"OKP","x":"$x"})));

our $config = <<'_EOC_';
    sign on;
    sign_explain on;
    add_header X-Sign "[$sign_status $sign_key_id $sign_error]" always;
    add_header X-Who "[$postern_org $postern_subject $postern_roles]" always;

    location / {
        sign_tag web-bot-auth;
        sign_components @authority;
        sign_insecure_coverage on;
        proxy_pass http://app;
    }

    location /strict/ {
        sign_tag web-bot-auth;
        proxy_pass http://app;
    }

    location /any/ {
        sign_components @path;
        sign_insecure_coverage on;
        proxy_pass http://app;
    }
_EOC_

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value("http_config", Postern::guarded(<<'_EOC_'));
    postern_jwks $TEST_NGINX_HTML_DIR/bots.jwks org=acme roles=viewer
                 schemes=rfc9421 id=thumbprint;
_EOC_
    $block->set_value("user_files", ">>> postern.json\n" . Postern::directory()
        . qq(>>> bots.jwks\n{ "keys": [ { "kty": "OKP", "crv": "Ed25519",
             "kid": "$id", "x": "$x", "use": "sig" } ] }\n));
    $block->set_value("config", $config);
    $block->set_value("request", "GET /a") if !defined $block->request;
    Postern::defaults($block);
});


# what a bot sends, and with other arguments what it must not

our $agent = '"https://bot.example"';

sub bot {
    return (target => "/a", keyid => $id, key => "ed25519", label => "sig2",
            tag => "web-bot-auth", expires => time + 300,
            headers => [["Signature-Agent", "sig2=$agent"]],
            cover => ['@authority', ['"signature-agent";key="sig2"', $agent]],
            @_);
}


no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: a bot
--- more_headers eval
Postern::rfc9421(main::bot())
--- response_body
app GET /a
--- response_headers eval
"X-Sign: [verified $::id ]
X-Who: [acme $::id viewer]"



=== TEST 2: without Signature-Agent, with the string of older drafts, with more
--- request eval
["GET /a", "GET /a", "GET /strict/a"]
--- more_headers eval
[Postern::rfc9421(main::bot(headers => [], cover => ['@authority'])),
 Postern::rfc9421(main::bot(headers => [["Signature-Agent", $::agent]],
                            cover => ['@authority', 'signature-agent'])),
 Postern::rfc9421(main::bot(target => "/strict/a", headers => [],
                            cover => ['@method', '@target-uri']))]
--- error_code eval
[200, 200, 200]



=== TEST 3: what is asked for
--- request eval
["GET /a", "GET /strict/a"]
--- error_code eval
[401, 401]
--- response_headers eval
['Accept-Signature: sig1=("@authority");created;expires;tag="web-bot-auth"',
 'Accept-Signature: sig1=("@method" "@authority" "@path" "@query");created;expires;tag="web-bot-auth"']



=== TEST 4: nothing covered (GHSA-x9cc-346q-g27m)
--- request eval
["GET /a", "GET /any/a"]
--- more_headers eval
[map { Postern::rfc9421(main::bot(headers => [], cover => [])) } 1, 2]
--- error_code eval
[401, 401]
--- response_headers eval
["X-Sign: [refused  sign/coverage]", "X-Sign: [refused  sign/coverage]"]



=== TEST 5: neither whom nor where from is covered
--- request eval
["GET /a", "GET /a", "GET /any/a"]
--- more_headers eval
[Postern::rfc9421(main::bot(cover => ['@method'])),
 Postern::rfc9421(main::bot(cover => ['@authority'])),
 Postern::rfc9421(main::bot(target => "/any/a", headers => [],
                            cover => ['@path']))]
--- error_code eval
[401, 401, 401]
--- response_headers eval
[map { "X-Sign: [refused  sign/coverage]" } 1 .. 3]



=== TEST 6: the member of another signature
--- more_headers eval
Postern::rfc9421(main::bot(
    headers => [["Signature-Agent",
                 qq(sig1=$::agent, sig2="https://else.example")]],
    cover => ['@authority', ['"signature-agent";key="sig1"', $::agent]]))
--- error_code: 401
--- response_headers
X-Sign: [refused  sign/coverage]



=== TEST 7: without an end, or after it
--- request eval
["GET /a", "GET /a"]
--- more_headers eval
[Postern::rfc9421(main::bot(expires => undef)),
 Postern::rfc9421(main::bot(created => time - 60, expires => time - 1))]
--- error_code eval
[401, 401]
--- response_headers eval
["X-Sign: [refused  sign/coverage]", "X-Sign: [refused  sign/expired]"]



=== TEST 8: a key id that is no thumbprint, one that nobody has, a shared secret
--- request eval
["GET /a", "GET /a", "GET /a"]
--- more_headers eval
[Postern::rfc9421(main::bot(keyid => "robot")),
 Postern::rfc9421(main::bot(keyid => "A" x 43)),
 Postern::rfc9421(main::bot(keyid => "AK1", key => ""))]
--- error_code eval
[400, 401, 400]
--- response_headers eval
["X-Sign: [refused  sign/malformed]", "X-Sign: [refused  sign/unknown-key]",
 "X-Sign: [refused  sign/malformed]"]



=== TEST 9: another tag, none
--- request eval
["GET /a", "GET /a"]
--- more_headers eval
[Postern::rfc9421(main::bot(tag => "web-bot-authority")),
 Postern::rfc9421(main::bot(tag => undef))]
--- error_code eval
[401, 401]
--- response_headers eval
["X-Sign: [none  sign/missing]", "X-Sign: [none  sign/missing]"]



=== TEST 10: one bit of the signature, another agent, another host
--- request eval
["GET /a", "GET /a", "GET /a"]
--- more_headers eval
my $other = Postern::rfc9421(main::bot()) =~ s/bot\.example/bad.example/r;
[Postern::rfc9421(main::bot(signature => "\1" x 64)), $other,
 Postern::rfc9421(main::bot(authority => "elsewhere"))]
--- error_code eval
[401, 401, 401]
--- response_headers eval
[map { "X-Sign: [refused  sign/invalid]" } 1 .. 3]



=== TEST 11: the same once more
--- request eval
["POST /a", "POST /a"]
--- more_headers eval
my $signed = Postern::rfc9421(main::bot(nonce => "e8N7S2MFd/qrd6T2R3tdfAuuANng"));
[$signed, $signed]
--- error_code eval
[200, 401]
--- response_headers eval
["X-Sign: [verified $::id ]", "X-Sign: [refused  sign/replayed]"]
