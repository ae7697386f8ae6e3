# sign_webhook: what it takes, and how it says no.

use lib 't/lib';
use Postern;
use Webhook;
use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(\&Webhook::block);
add_response_body_check(\&Postern::client);

no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: from the level above; a level of its own is for webhooks alone
--- http_more
    sign on;
    sign_explain on;
    sign_schemes rfc9421;
--- config
    location / {
        proxy_pass http://app;
    }

    location /hooks/ {
        sign_webhook slack key=hook;

        location /hooks/in {
            proxy_pass http://app;
        }

        location /hooks/signed {
            sign_schemes rfc9421;
            proxy_pass http://app;
        }
    }
--- client
is answer(slack("/hooks/in", "a")), "200 -", "inherited";
is answer(slack("/", "b")), "401 sign/missing", "not above it";
is answer(slack("/hooks/signed", "c")), "401 sign/missing",
   "not where another scheme is asked for";
is((http(raw_request("GET", "/hooks/in", rfc9421(target => "/hooks/in"))))
   ->{status}, 401, "RFC 9421 only where it is asked for");
is((http(raw_request("GET", "/hooks/signed",
                     rfc9421(target => "/hooks/signed"))))->{status}, 200,
   "and there it is");



=== TEST 2: keys that are not there, or not for this, are warned of
--- config eval
Webhook::location("standard key=hook key=none key=AK1 key=long")
. Webhook::location("slack key=pair", "/b")
--- request
GET /in
--- error_code: 401
--- error_log
"sign_webhook" names the key "none", which the directory does not have
"sign_webhook" names the key "AK1", which is not for webhooks: it needs "schemes": ["webhook"] in the directory
"sign_webhook" names the key "long", whose algorithm such webhooks are not signed with
"sign_webhook" names the key "pair", whose algorithm such webhooks are not signed with
--- no_error_log
names the key "hook"



=== TEST 3: an unknown kind
--- config
    sign_webhook gitlab key=a;
--- must_die
--- error_log
unknown kind "gitlab" in "sign_webhook": "standard", "github", "stripe", "slack", "shopify" and "custom" are known



=== TEST 4: twice
--- config
    sign_webhook slack key=a;
    sign_webhook slack key=a;
--- must_die
--- error_log
"sign_webhook" directive is duplicate



=== TEST 5: no key
--- config
    sign_webhook slack kay=a;
--- must_die
--- error_log
unknown parameter "kay=a" in "sign_webhook" of the kind "slack"



=== TEST 6: custom without a key
--- config
    sign_webhook custom header=x algorithm=hmac-sha256 encoding=hex template=$request_body;
--- must_die
--- error_log
"sign_webhook" of the kind "custom" needs "key="



=== TEST 7: too many keys
--- config
    sign_webhook slack key=a key=b key=c key=d key=e;
--- must_die
--- error_log
more than 4 keys in "sign_webhook"



=== TEST 8: a key id that is none
--- config eval: "sign_webhook slack key=" . "k" x 129 . ";"
--- must_die
--- error_log
in "sign_webhook" is no id of a key



=== TEST 9: an empty id
--- config
    sign_webhook slack key="";
--- must_die
--- error_log
"" in "sign_webhook" is no id of a key



=== TEST 10: what a kind says itself
--- config
    sign_webhook github key=a prefix=sha1=;
--- must_die
--- error_log
unknown parameter "prefix=sha1=" in "sign_webhook" of the kind "github"



=== TEST 11: a parameter twice
--- config
    sign_webhook custom key=a header=x header=y;
--- must_die
--- error_log
duplicate parameter "header=y" in "sign_webhook"



=== TEST 12: custom without a header
--- config
    sign_webhook custom key=a algorithm=hmac-sha256 encoding=hex template=$request_body;
--- must_die
--- error_log
"sign_webhook" of the kind "custom" needs "header="



=== TEST 13: custom without a template
--- config
    sign_webhook custom key=a header=x algorithm=hmac-sha256 encoding=hex;
--- must_die
--- error_log
"sign_webhook" of the kind "custom" needs "template="



=== TEST 14: custom without an algorithm
--- config
    sign_webhook custom key=a header=x encoding=hex template=$request_body;
--- must_die
--- error_log
"sign_webhook" of the kind "custom" needs "algorithm="



=== TEST 15: custom without an encoding
--- config
    sign_webhook custom key=a header=x algorithm=hmac-sha256 template=$request_body;
--- must_die
--- error_log
"sign_webhook" of the kind "custom" needs "encoding="



=== TEST 16: an unknown algorithm
--- config
    sign_webhook custom key=a algorithm=hmac-sha1;
--- must_die
--- error_log
unknown algorithm "hmac-sha1" in "sign_webhook": "hmac-sha256", "hmac-sha384", "hmac-sha512" and "ed25519" are known



=== TEST 17: an unknown encoding
--- config
    sign_webhook custom key=a encoding=base32;
--- must_die
--- error_log
unknown encoding "base32" in "sign_webhook": "hex", "base64" and "base64url" are known



=== TEST 18: a header that is none
--- config
    sign_webhook custom key=a "header=X Signature";
--- must_die
--- error_log
"x signature" in "sign_webhook" is no name of a header field



=== TEST 19: a template without the body
--- config
    sign_webhook custom key=a template=$http_x_time;
--- must_die
--- error_log
the template "$http_x_time" in "sign_webhook" must have "$request_body" once



=== TEST 20: an unknown variable
--- config
    sign_webhook custom key=a header=x algorithm=hmac-sha256 encoding=hex template=$nothing_known$request_body;
--- must_die
--- error_log
unknown "nothing_known" variable



=== TEST 21: a time that is not signed
--- config
    sign_webhook custom key=a header=x algorithm=hmac-sha256 encoding=hex timestamp=X-Time template=$request_body;
--- must_die
--- error_log
the template in "sign_webhook" leaves out the field "x-time": a time that is not signed is anybody's



=== TEST 22: not dated
--- config
    sign on;
    sign_webhook github key=hook;
--- must_die
--- error_log
webhooks of the kind "github" sign no time, so that each is good again after "sign_window": accept that by "sign_insecure_freshness on"



=== TEST 23: the scheme without the directive
--- config
    sign on;
    sign_schemes rfc9421 webhook;
--- must_die
--- error_log
the scheme "webhook" needs "sign_webhook", which says of what kind and by which keys



=== TEST 24: the directive without the scheme
--- config
    sign on;
    sign_schemes rfc9421;
    sign_webhook slack key=hook;
--- must_die
--- error_log
"sign_webhook" has no effect: add "webhook" to "sign_schemes"
