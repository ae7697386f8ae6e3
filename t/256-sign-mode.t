# sign_mode observe: what would be refused is told and goes on; what is right
# is right as ever.

use lib 't/lib';
use Postern;
use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(\&Postern::defaults);
add_response_body_check(\&Postern::client);

our $config = <<'_EOC_';
    sign on;
    sign_mode observe;
    add_header X-Sign "[$sign_status $sign_error $sign_key_id]" always;
    add_header X-Who  "[$postern_subject]" always;

    location / {
        proxy_pass http://app/read/;
    }
_EOC_

no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: no signature
--- config eval: $::config
--- request
GET /a
--- response_body
app GET /a
--- response_headers
X-Sign: [none sign/missing ]
X-Who: []
--- error_code: 200



=== TEST 2: a good signature gives its identity
--- config eval: $::config
--- request
GET /a
--- more_headers eval
Postern::rfc9421(target => "/a")
--- response_headers
X-Sign: [verified  AK1]
X-Who: [alice]
--- error_code: 200



=== TEST 3: a wrong one does not
--- config eval: $::config
--- request
GET /b
--- more_headers eval
Postern::rfc9421(target => "/a")
--- response_headers
X-Sign: [refused sign/invalid ]
X-Who: []
--- error_code: 200
--- log_level: info
--- error_log
sign/invalid: observed, key "AK1"



=== TEST 4: an unknown key
--- config eval: $::config
--- request
GET /a
--- more_headers eval
Postern::rfc9421(target => "/a", keyid => "nobody")
--- response_headers
X-Sign: [refused sign/unknown-key ]
--- error_code: 200



=== TEST 5: a body that is not the one signed reaches the application
--- config eval: $::config
--- client
my $lines = rfc9421(method => "POST", target => "/a", body => "hello");
my $answer = http(raw_request("POST", "/a", $lines, "jello"));
like "$answer->{status} $answer->{field}{'x-sign'} $answer->{field}{'x-who'}",
     qr{^200 \[refused sign/digest \] \[\]$}, "answers";



=== TEST 6: a body that is hashed before the signature is verified
--- config eval: $::config
--- client
my $lines = sigv4(method => "POST", target => "/a", hash => undef,
                  body => "hello");
my $answer = http(raw_request("POST", "/a", $lines, "jello"));
like "$answer->{status} $answer->{field}{'x-sign'} $answer->{body}",
     qr{^200 \[refused sign/invalid \] app POST /a}, "answers";



=== TEST 7: replays are seen
--- config eval: $::config
--- client
my $lines = rfc9421(target => "/a", nonce => "n1");
my @answers = map { http(raw_request("GET", "/a", $lines)) } 1 .. 2;
like join(" ", map { "$_->{status} $_->{field}{'x-sign'}" } @answers),
     qr{^200 \[verified  AK1\] 200 \[refused sign/replayed \]$}, "answers";



=== TEST 8: with satisfy any it has no say: others decide
--- config
    location / {
        satisfy any;
        deny all;
        sign on;
        sign_mode observe;
        proxy_pass http://app;
    }
--- request
GET /a
--- error_code: 403



=== TEST 9: what one location observes, the next one enforces
--- config
    sign on;

    location /a {
        sign_mode observe;
        try_files /nothing /b;
    }

    location /b {
        proxy_pass http://app;
    }
--- request
GET /a
--- error_code: 401



=== TEST 10: nginx -t says so
--- config
    location / {
        sign on;
        sign_mode observe;
        proxy_pass http://app;
    }
--- request
GET /a
--- error_code: 200
--- error_log
"sign_mode observe" is set: requests are let through whatever their signatures are



=== TEST 11: an unknown mode
--- config
    sign_mode watch;
--- must_die
--- error_log
invalid value "watch"



=== TEST 12: twice
--- config
    sign_mode observe;
    sign_mode enforce;
--- must_die
--- error_log
"sign_mode" directive is duplicate
