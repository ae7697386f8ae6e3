# RFC 9421: several signatures in one request, which of them count, and what a
# client is told to send.

use lib 't/lib';
use Postern;
use Test::Nginx::Socket 'no_plan';

our $config = <<'_EOC_';
    sign on;
    sign_explain on;
    add_header X-Sign "[$sign_status $sign_key_id $sign_error]" always;

    location / {
        proxy_pass http://app;
    }

    location /app/ {
        sign_tag app;
        proxy_pass http://app;
    }

    location /either/ {
        sign_tag app "";
        proxy_pass http://app;
    }

    location /quiet/ {
        sign_explain off;
        proxy_pass http://app;
    }

    location /nonce/ {
        sign_replay nonce rfc9421;
        proxy_pass http://app;
    }

    location /to-app/ {
        error_page 404 = /app/x;
        root /nowhere;
    }
_EOC_

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value("config", $config) if !defined $block->config;
    $block->set_value("request", "GET /a") if !defined $block->request;
    Postern::defaults($block);
});

no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: an intermediary that nobody knows signed in front
--- more_headers eval
Postern::rfc9421_all({ target => "/a", label => "proxy", keyid => "nobody" },
                     { target => "/a", keyid => "AK1" })
--- response_headers
X-Sign: [verified AK1 ]
--- error_code: 200



=== TEST 2: in front and wrong: bad signature, too old, covers too little
--- request eval
[map { "GET /a" } 1 .. 4]
--- more_headers eval
[map { Postern::rfc9421_all({ target => "/a", label => "other", @$_ },
                            { target => "/a", keyid => "robot",
                              key => "ed25519" }) }
     [keyid => "AK1", signature => "\0" x 32],
     [keyid => "AK1", created => time - 3600],
     [keyid => "AK1", cover => ['@method']],
     [keyid => "off"]]
--- error_code eval
[200, 200, 200, 200]
--- response_headers eval
[map { "X-Sign: [verified robot ]" } 1 .. 4]



=== TEST 3: in front, with what we do not know
--- more_headers eval
Postern::rfc9421_all({ target => "/a", label => "new", keyid => "AK1",
                       cover => [['"@new"', "1"]] },
                     { target => "/a", keyid => "AK1" })
--- error_code: 200
--- response_headers
X-Sign: [verified AK1 ]



=== TEST 4: the first one is good: the second is not looked at
--- more_headers eval
Postern::rfc9421_all({ target => "/a", keyid => "AK1" },
                     { target => "/a", label => "other", keyid => "robot",
                       signature => "\0" x 64 })
--- error_code: 200
--- response_headers
X-Sign: [verified AK1 ]



=== TEST 5: no more than two are tried
--- more_headers eval
Postern::rfc9421_all((map { { target => "/a", label => "a$_",
                              keyid => "nobody" } } 1, 2),
                     { target => "/a", keyid => "AK1" })
--- error_code: 401
--- response_headers
X-Sign: [refused  sign/unknown-key]



=== TEST 6: both fail: the one that got further says why
--- request eval
["GET /a", "GET /a"]
--- more_headers eval
my %old = (target => "/a", keyid => "AK1", created => time - 3600);
my %who = (target => "/a", label => "other", keyid => "nobody");
[Postern::rfc9421_all(\%old, { %who, cover => ['@method'] }),
 Postern::rfc9421_all({ %who, cover => ['@method'] }, \%old)]
--- error_code eval
[401, 401]
--- response_headers eval
[map { "X-Sign: [refused  sign/expired]" } 1, 2]



=== TEST 7: a second signature tells nothing about the key of the first
--- request eval
[map { "GET /quiet/a" } 1 .. 5]
--- more_headers eval
[map { Postern::rfc9421_all({ target => "/quiet/a", label => "ask", @$_ },
                            { target => "/quiet/a", keyid => "AK1" }) }
     [keyid => "nobody", key => "ed25519"],
     [keyid => "robot", signature => "\0" x 64],
     [keyid => "off", signature => "\0" x 32],
     [keyid => "shut", signature => "\0" x 32],
     [keyid => "OK1", signature => "\0" x 32]]
--- error_code eval
[map { 200 } 1 .. 5]



=== TEST 8: nor where both fail
--- request eval
[map { "GET /quiet/a" } 1 .. 5]
--- more_headers eval
[map { Postern::rfc9421_all({ target => "/quiet/a", label => "ask", @$_ },
                            { target => "/quiet/a", keyid => "AK1",
                              signature => "\0" x 32 }) }
     [keyid => "nobody", key => "ed25519"],
     [keyid => "robot", signature => "\0" x 64],
     [keyid => "off", signature => "\0" x 32],
     [keyid => "shut", signature => "\0" x 32],
     [keyid => "AK1", signature => "\0" x 32]]
--- error_code eval
[map { 401 } 1 .. 5]
--- response_body_like eval
[map { qr{"code": ?"unauthorized"} } 1 .. 5]



=== TEST 9: each is good once, and one does not renew the other
--- request eval
["POST /a", "POST /a", "POST /a"]
--- more_headers eval
my $two = Postern::rfc9421_all({ method => "POST", target => "/a",
                                 nonce => "1" },
                               { method => "POST", target => "/a",
                                 nonce => "2", label => "b" });
[$two, $two, Postern::rfc9421(method => "POST", target => "/a",
                              nonce => "1")]
--- error_code eval
[200, 401, 401]
--- response_headers eval
["X-Sign: [verified AK1 ]", map { "X-Sign: [refused  sign/replayed]" } 1, 2]



=== TEST 10: only the tag counts
--- request eval
[map { "GET /app/a" } 1 .. 4]
--- more_headers eval
[Postern::rfc9421(target => "/app/a", tag => "app"),
 Postern::rfc9421(target => "/app/a"),
 Postern::rfc9421(target => "/app/a", tag => "App"),
 Postern::rfc9421_all({ target => "/app/a", label => "a" },
                      { target => "/app/a", label => "b", tag => "x" },
                      { target => "/app/a", label => "c", keyid => "robot",
                        key => "ed25519", tag => "app" })]
--- error_code eval
[200, 401, 401, 200]
--- response_headers eval
["X-Sign: [verified AK1 ]",
 "X-Sign: [none  sign/missing]", "X-Sign: [none  sign/missing]",
 "X-Sign: [verified robot ]"]



=== TEST 11: a tag or none
--- request eval
[map { "GET /either/a" } 1 .. 3]
--- more_headers eval
[Postern::rfc9421(target => "/either/a", tag => "app"),
 Postern::rfc9421(target => "/either/a"),
 Postern::rfc9421(target => "/either/a", tag => "x")]
--- error_code eval
[200, 200, 401]



=== TEST 12: a redirect within nginx, to where another tag counts
--- request eval
["GET /to-app/a", "GET /to-app/a"]
--- more_headers eval
[Postern::rfc9421(target => "/to-app/a"),
 Postern::rfc9421(target => "/to-app/a", tag => "app")]
--- error_code eval
[401, 200]
--- response_headers eval
["X-Sign: [refused  sign/coverage]", "X-Sign: [verified AK1 ]"]



=== TEST 13: what is asked for: a tag, none where none will do
--- request eval
["GET /app/a", "GET /either/a", "GET /a"]
--- error_code eval
[401, 401, 401]
--- response_headers eval
['Accept-Signature: sig1=("@method" "@authority" "@path" "@query");created;tag="app"',
 'Accept-Signature: sig1=("@method" "@authority" "@path" "@query");created',
 'Accept-Signature: sig1=("@method" "@authority" "@path" "@query");created']



=== TEST 14: what is asked for: a nonce, another one each time
--- request eval
["GET /nonce/a", "GET /nonce/a"]
--- error_code eval
[401, 401]
--- raw_response_headers_like eval
[map { qr{\r\n(?i:Accept-Signature): sig1=\("\@method" "\@authority" "\@path" }
     . qr{"\@query"\);created;nonce="[A-Za-z0-9+/]{24}"\r\n} } 1, 2]



=== TEST 15: what is asked for: a digest of the body, where there is one
curl 7.88 sometimes takes the end of a stream that it still sends on for an
error; t/710 has refusals before the body over HTTP/2.
--- no_http2
--- request eval
["POST /a\nhello", "POST /a\nhello", "POST /a\nhello", "GET /a"]
--- more_headers eval
["", Postern::rfc9421(method => "POST", target => "/a", body => "hello",
                      digest => "md5=:XUFAKrxLKna5cZ2REBfFkg==:"),
 Postern::rfc9421(method => "POST", target => "/a", body => "hello",
                  no_digest => 1), ""]
--- error_code eval
[401, 400, 401, 401]
--- raw_response_headers_like eval
[(map { qr{\r\n(?i:Want-Content-Digest): sha-256=10, sha-512=5\r\n} } 1 .. 3),
 qr{^(?!.*Want-Content-Digest)}si]



=== TEST 16: several digests, unknown ones beside a known one
--- request eval
[map { "POST /a\nhello" } 1 .. 4]
--- more_headers eval
my $n = 0;
[map { Postern::rfc9421(method => "POST", target => "/a", body => "hello",
                        digest => $_, nonce => $n++) }
     "md5=:XUFAKrxLKna5cZ2REBfFkg==:, " . Postern::content_digest("hello"),
     Postern::content_digest("hello", "sha-512") . ", "
     . Postern::content_digest("hello"),
     Postern::content_digest("hello", "sha-512") . ", "
     . Postern::content_digest("other"),
     Postern::content_digest("other", "sha-512") . ", "
     . Postern::content_digest("hello")]
--- error_code eval
[200, 200, 200, 400]



=== TEST 17: the same digest twice, which is refused before the body
As in TEST 15.
--- no_http2
--- request eval
"POST /a\nhello"
--- more_headers eval
Postern::rfc9421(method => "POST", target => "/a", body => "hello",
                 digest => CORE::join(", ",
                               (Postern::content_digest("hello")) x 2))
--- error_code: 400



=== TEST 18: Repr-Digest does not stand for the body
As in TEST 15.
--- no_http2
--- request eval
["POST /a\nhello", "POST /a\nhello"]
--- more_headers eval
my @repr = (headers => [["Repr-Digest", Postern::content_digest("hello")]]);
[Postern::rfc9421(method => "POST", target => "/a", body => "hello", @repr,
                  no_digest => 1, cover => ['@method', '@target-uri',
                                            'repr-digest']),
 Postern::rfc9421(method => "POST", target => "/a", body => "hello",
                  headers => [["Repr-Digest",
                               Postern::content_digest("what it stands for")]],
                  cover => ['@method', '@target-uri', 'repr-digest',
                            'content-digest'])]
--- error_code eval
[401, 200]
--- response_headers eval
["X-Sign: [refused  sign/coverage]", "X-Sign: [verified AK1 ]"]



=== TEST 19: trailers and parts of responses
--- request eval
["GET /a", "GET /a", "GET /a"]
--- more_headers eval
[map { Postern::rfc9421(target => "/a", cover => ['@method', $_]) }
     ['"expires";tr', "x"], ['"@status"', "200"], ['"@method";req', "GET"]]
--- error_code eval
[400, 400, 400]
--- response_headers eval
[map { "X-Sign: [refused  sign/unsupported]" } 1 .. 3]



=== TEST 20: nine tags
--- config
    sign_tag 1 2 3 4 5 6 7 8 9;
--- must_die
--- error_log
more than 8 tags in "sign_tag"



=== TEST 21: a tag that no string can be
--- config
    sign_tag "a\\b";
--- must_die
--- error_log
is no tag: up to 256 printable ASCII characters without quotes and backslashes are expected



=== TEST 22: a tag twice
--- config
    sign_tag app app;
--- must_die
--- error_log
duplicate tag "app" in "sign_tag"



=== TEST 23: sign_tag twice
--- config
    sign_tag app;
    sign_tag app;
--- must_die
--- error_log
"sign_tag" directive is duplicate
