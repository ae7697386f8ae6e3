# Every directive of the sign module: what it takes, and how it says no.

use lib 't/lib';
use Postern;
use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(\&Postern::defaults);

no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: all directives at all levels
--- http_more
    sign on;
    sign_schemes rfc9421 sigv4;
    sign_components @method @target-uri content-digest x-tenant;
    sign_tag "" app;
    sign_window 15m skew=1m;
    sign_explain on;
    sign_insecure_coverage off;
    sign_insecure_body off;
    sign_aws_chunked forward;
    sign_insecure_freshness off;
    sign_insecure_preflight off;
    sign_insecure_replay off;
    sign_mode enforce;
    sign_nonce_cap auto;
    sign_replay safe;
    sign_webhook standard key=a;
    sign_upstream rfc9421 key=a tag=t field=x-a field=x-b;
    sign_response on;
    sign_response_key a tag=t;
    sign_response_buffer 64k;
--- config
    sign off;
    sign_schemes sigv4;
    sign_components @method @path @query @authority content-digest;
    sign_tag web-bot-auth;
    sign_window 1h;
    sign_explain off;
    sign_insecure_coverage on;
    sign_insecure_body on;
    sign_aws_chunked decode;
    sign_insecure_freshness on;
    sign_insecure_preflight on;
    sign_insecure_replay local reuse;
    sign_mode observe;
    sign_nonce_cap 1000;
    sign_replay nonce rfc9421;
    sign_webhook github key=a key=b;
    sign_upstream sigv4 key=a region=r service=s insecure_unsigned_body;
    sign_response off;
    sign_response_key b;
    sign_response_buffer 0;

    location /a {
        sign off;
        sign_schemes rfc9421;
        sign_components "@method" "@request-target" "host" "content-digest";
        sign_tag "a tag";
        sign_window 30s skew=0s;
        sign_explain on;
        sign_insecure_coverage off;
        sign_insecure_body off;
        sign_aws_chunked forward;
        sign_insecure_freshness off;
        sign_insecure_preflight off;
        sign_insecure_replay off;
        sign_mode enforce;
        sign_nonce_cap auto;
        sign_replay safe;
        sign_webhook custom key=a header=x algorithm=hmac-sha256 encoding=hex
            template=$request_body;
        return 200;
    }

    location /b {
        sign off;
        sign_enos_token;
    }
--- request
GET /a
--- error_code: 200



=== TEST 2: settings come from the level above
--- http_more
    sign on;
    sign_explain on;
    sign_components @method @target-uri content-digest x-tenant;
--- config
    location /a {
        empty_gif;
    }
--- request
GET /a
--- error_code: 401
--- response_headers
Accept-Signature: sig1=("@method" "@authority" "@path" "@query" "x-tenant");created
--- response_body_like: "code":"sign/missing"



=== TEST 3: sign needs a directory
--- http_config
    postern_zone 1m;
--- config
    sign on;
--- must_die
--- error_log
"sign on" needs "postern_directory", which says whose keys are accepted



=== TEST 4: sign needs a zone
--- http_config
    postern_directory $TEST_NGINX_HTML_DIR/postern.json;
--- config
    sign on;
--- must_die
--- error_log
"sign on" needs "postern_zone", in which replays are recognized



=== TEST 5: sign takes a flag
--- config
    sign yes;
--- must_die
--- error_log
invalid value "yes" in "sign" directive, it must be "on" or "off"



=== TEST 6: sign once
--- config
    sign on;
    sign on;
--- must_die
--- error_log
"sign" directive is duplicate



=== TEST 7: unknown scheme
--- config
    sign_schemes rfc9421 hmac;
--- must_die
--- error_log
unknown scheme "hmac" in "sign_schemes": "rfc9421", "sigv4", "sigv4a", "cavage", "enos", "webhook", "sshsig" and "mtls" are known



=== TEST 8: a scheme twice
--- config
    sign_schemes rfc9421 rfc9421;
--- must_die
--- error_log
duplicate scheme "rfc9421" in "sign_schemes"



=== TEST 9: sign_schemes twice
--- config
    sign_schemes rfc9421;
    sign_schemes sigv4;
--- must_die
--- error_log
"sign_schemes" directive is duplicate



=== TEST 10: sign_components twice
--- config
    sign_components @method;
    sign_components @path;
--- must_die
--- error_log
"sign_components" directive is duplicate



=== TEST 11: an unknown component
--- config
    sign_components @method @status;
--- must_die
--- error_log
unknown component "@status" in "sign_components": known are "@method"



=== TEST 12: neither component nor field
--- config
    sign_components @method "no field";
--- must_die
--- error_log
"no field" in "sign_components" is neither a component nor the name of a header field



=== TEST 13: the method must be covered
--- config
    sign on;
    sign_components @target-uri content-digest;
--- must_die
--- error_log
does not cover the method, which anybody on the way could change: add "@method", or accept that by "sign_insecure_coverage on"



=== TEST 14: the path alone is not the target
--- config
    sign on;
    sign_components @method @path @authority content-digest;
--- must_die
--- error_log
does not cover the path and the query, which anybody on the way could change: add "@target-uri"



=== TEST 15: the authority must be covered
--- config
    sign on;
    sign_components @method @path @query content-digest;
--- must_die
--- error_log
does not cover the host, which anybody on the way could change: add "@authority"



=== TEST 16: the body must be covered
--- config
    sign on;
    sign_components @method @target-uri;
--- must_die
--- error_log
does not cover the body, which anybody on the way could change: add "content-digest"



=== TEST 17: less is accepted where the directive says insecure
--- config
    sign on;
    sign_components @method;
    sign_insecure_coverage on;

    location /a {
        sign off;
        return 200;
    }
--- request
GET /a
--- error_code: 200



=== TEST 18: sign_insecure_coverage takes a flag
--- config
    sign_insecure_coverage 1;
--- must_die
--- error_log
invalid value "1" in "sign_insecure_coverage" directive, it must be "on" or "off"



=== TEST 19: sign_window wants a time
--- config
    sign_window soon;
--- must_die
--- error_log
invalid time "soon" in "sign_window": a time from 1s to 7d is expected



=== TEST 20: sign_window 0
--- config
    sign_window 0;
--- must_die
--- error_log
invalid time "0" in "sign_window": a time from 1s to 7d is expected



=== TEST 21: sign_window beyond bounds
--- config
    sign_window 8d;
--- must_die
--- error_log
invalid time "8d" in "sign_window": a time from 1s to 7d is expected



=== TEST 22: sign_window with an unknown parameter
--- config
    sign_window 5m slack=1m;
--- must_die
--- error_log
unknown parameter "slack=1m" in "sign_window": only "skew=time" is known



=== TEST 23: sign_window with a bad skew
--- config
    sign_window 5m skew=2h;
--- must_die
--- error_log
invalid skew "2h" in "sign_window": a time from 0s to 1h is expected



=== TEST 24: sign_window twice
--- config
    sign_window 5m;
    sign_window 6m;
--- must_die
--- error_log
"sign_window" directive is duplicate



=== TEST 25: sign_explain takes a flag
--- config
    sign_explain maybe;
--- must_die
--- error_log
invalid value "maybe" in "sign_explain" directive, it must be "on" or "off"



=== TEST 26: what one scheme can never cover is said at once
--- config
    sign on;
    sign_components @method @target-uri @scheme content-digest;
--- request
GET /a
--- error_code: 401
--- error_log
"sign_components @scheme" refuses every request of the scheme "sigv4"
