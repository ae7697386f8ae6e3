# Where no location has sign on, requests do not notice the module.

use lib 't/lib';
use Postern;
use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(\&Postern::defaults);

no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: no handler and no filter
--- config
    location / {
        proxy_pass http://app;
    }
--- request
POST /a
some body
--- response_body
app POST /a
--- no_error_log
sign start
sign body
[error]



=== TEST 2: variables of a request without signature
--- config
    location / {
        return 200 "[$sign_key_id][$sign_scheme][$sign_status][$sign_error]\n";
    }
--- request
GET /a
--- response_body
[][][none][]
--- no_error_log
[error]



=== TEST 3: off beside on
--- config
    location / {
        proxy_pass http://app;
    }

    location /signed {
        sign on;
        proxy_pass http://app;
    }
--- request
POST /a
some body
--- response_body
app POST /a
--- no_error_log
sign start
sign body
[error]
