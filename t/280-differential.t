# Random requests between Postern and libraries that we did not write: what npm's
# http-message-signatures and @smithy/signature-v4 sign, the gateway verifies, and
# what "postern sign" makes, the library does; or it is one of the differences that
# t/e2e/differential.js names.  DIFFERENTIAL_CASES=20000 DIFFERENTIAL_SEED=7 runs
# others.

use lib 't/lib';
use Postern;
use SigV4 qw(script);
use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(\&Postern::defaults);
add_response_body_check(\&Postern::client);

our $cases = $ENV{DIFFERENTIAL_CASES} // 300;
our $seed = $ENV{DIFFERENTIAL_SEED} // 1;

# room for the claims of long runs
our $http = guarded() =~ s/postern_zone 1m/postern_zone 64m/r;

our $config = <<'_EOC_';
    sign on;
    sign_schemes rfc9421 sigv4;
    sign_explain on;
    keepalive_requests 1000000;

    location / {
        proxy_pass http://app;
    }
_EOC_

our $secret = File::Temp->new;
print $secret $Postern::secret;
close $secret;

our $wait = 20 + $cases / 50;

no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: http-message-signatures signs, nginx verifies
--- no_http2: the client writes HTTP/1.1
--- http_config eval: $::http
--- config eval: $::config
--- client
script("differential.js", "httpbis", $::seed, $::cases, $Postern::secret, port());
--- timeout eval: $::wait



=== TEST 2: @smithy/signature-v4 signs, nginx verifies
--- no_http2: the client writes HTTP/1.1
--- http_config eval: $::http
--- config eval: $::config
--- client
script("differential.js", "sigv4", $::seed, $::cases, $Postern::secret, port());
--- timeout eval: $::wait



=== TEST 3: postern signs, http-message-signatures verifies
--- http_config eval: $::http
--- config eval: $::config
--- client
script("differential.js", "reverse", $::seed, int($::cases / 3), "$::secret",
       $ENV{TEST_NGINX_POSTERN} // "$Npm::top/build/postern");
--- timeout eval: $::wait



=== TEST 4: structured fields, as structured-headers and as postern write them
--- http_config eval: $::http
--- config eval: $::config
--- client
script("differential.js", "fields", $::seed, int($::cases / 3), "$::secret",
       $ENV{TEST_NGINX_POSTERN} // "$Npm::top/build/postern");
--- timeout eval: $::wait
