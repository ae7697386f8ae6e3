# CORS preflights, which browsers send unsigned, and what nginx -t says of
# whatever is not guarded.

use lib 't/lib';
use Postern;
use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(\&Postern::defaults);

our $config = <<'_EOC_';
    sign on;
    sign_explain on;
    sign_insecure_preflight on;

    location / {
        proxy_pass http://app;
    }

    location /any {
        satisfy any;
        deny all;
        proxy_pass http://app;
    }

    location /off {
        sign_insecure_preflight off;
        proxy_pass http://app;
    }
_EOC_

no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: a preflight
--- config eval: $::config
--- request
OPTIONS /a
--- more_headers
Origin: https://shop.example
Access-Control-Request-Method: PUT
--- response_body
app OPTIONS /a
--- error_code: 200



=== TEST 2: the request behind it must be signed
--- config eval: $::config
--- request
GET /a
--- more_headers
Origin: https://shop.example
Access-Control-Request-Method: PUT
--- error_code: 401



=== TEST 3: OPTIONS alone is none
--- config eval: $::config
--- request
OPTIONS /a
--- more_headers
Origin: https://shop.example
--- error_code: 401



=== TEST 4: nor is it without an origin
--- config eval: $::config
--- request
OPTIONS /a
--- more_headers
Access-Control-Request-Method: PUT
--- error_code: 401



=== TEST 5: one that is signed is judged as signed
--- config eval: $::config
--- request
OPTIONS /a
--- more_headers eval
"Origin: https://shop.example\nAccess-Control-Request-Method: PUT\n"
. Postern::rfc9421(method => "OPTIONS", target => "/b")
--- error_code: 401
--- response_body_like: sign/invalid



=== TEST 6: it satisfies nothing
--- config eval: $::config
--- request
OPTIONS /any
--- more_headers
Origin: https://shop.example
Access-Control-Request-Method: PUT
--- error_code: 403



=== TEST 7: by default it is refused
--- config eval: $::config
--- request
OPTIONS /off
--- more_headers
Origin: https://shop.example
Access-Control-Request-Method: PUT
--- error_code: 401



=== TEST 8: nginx -t warns of it
--- config eval: $::config
--- request
GET /a
--- error_code: 401
--- error_log
"sign_insecure_preflight" is set: requests of the method OPTIONS reach the application unsigned



=== TEST 9: of every other weakening
--- config
    location / {
        sign on;
        sign_insecure_coverage on;
        sign_insecure_body on;
        sign_insecure_freshness on;
        sign_insecure_replay local reuse;
        proxy_pass http://app;
    }
--- request
GET /a
--- error_code: 401
--- error_log
"sign_insecure_coverage" is set
"sign_insecure_body" is set
"sign_insecure_freshness" is set
"sign_insecure_replay local" is set
"sign_insecure_replay reuse" is set



=== TEST 10: and not of what is off
--- config
    location / {
        sign on;
        sign_insecure_coverage off;
        sign_insecure_body off;
        sign_insecure_replay off;
        proxy_pass http://app;
    }
--- request
GET /a
--- error_code: 401
--- no_error_log
is set
answers before



=== TEST 11: "return" is never guarded, which nginx -t says
--- config
    location / {
        sign on;
        return 200 "for everybody\n";
    }
--- request
GET /a
--- response_body
for everybody
--- error_log
"return" answers before signatures are verified



=== TEST 12: in an "if", too
--- config
    location / {
        sign on;

        if ($http_x_a) {
            return 200 "for everybody\n";
        }

        proxy_pass http://app;
    }
--- request
GET /a
--- more_headers
X-A: 1
--- response_body
for everybody
--- error_log
"return" answers before signatures are verified



=== TEST 13: redirects and errors give nothing away
--- config
    location / {
        sign on;

        if ($http_x_a) {
            return 403;
        }

        rewrite ^/old(.*) /new$1 break;
        proxy_pass http://app;
    }

    location /moved {
        sign on;
        return 301 /a;
    }
--- request
GET /moved
--- error_code: 301
--- no_error_log
answers before
