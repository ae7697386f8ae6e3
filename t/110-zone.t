# The zone alone: every operation of the store, and what postern_zone refuses.

use lib ($ENV{POSTERN_TOP} // ".") . "/t/lib";
use PosternStore ();
use Test::Nginx::Socket 'no_plan';

our $locations = <<'END';
    location = /claim { postern_test claim $arg_org $arg_name $arg_ttl; }
    location = /get { postern_test get $arg_org $arg_name; }
    location = /take { postern_test take $arg_org $arg_name; }
    location = /delete { postern_test delete $arg_org $arg_name; }
    location = /put { postern_test put $arg_org $arg_name $arg_v $arg_ttl; }
    location = /big {
        postern_test put a $arg_name
            $arg_v$arg_v$arg_v$arg_v$arg_v$arg_v$arg_v$arg_v 60000;
    }
    location = /rate { postern_test rate a $arg_name $arg_limit $arg_period; }
END

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value("config", $::locations) if !defined $block->config;
    $block->set_value("http_config", "postern_zone 1m;")
        if !defined $block->http_config;

    if (!defined $block->request) {
        $block->set_value("must_die", "");
        $block->set_value("suppress_stderr", "");

    } elsif (!defined $block->error_log && !defined $block->no_error_log) {
        $block->set_value("no_error_log", "[alert]\n[error]");
    }
});

no_shuffle();
run_tests();

__DATA__

=== TEST 1: a claim is made once, per name and organization
--- request eval
["GET /claim?org=a&name=x&ttl=60000", "GET /claim?org=a&name=x&ttl=60000",
 "GET /claim?org=b&name=x&ttl=60000", "GET /claim?org=a&name=y&ttl=60000",
 "GET /claim?org=&name=x&ttl=60000", "GET /claim?org=&name=x&ttl=60000"]
--- response_body_like eval
['^first$', '^duplicate \d+$', '^first$', '^first$', '^first$',
 '^duplicate \d+$']



=== TEST 2: a claim lasts for its time
--- request eval
["GET /claim?org=a&name=x&ttl=1", "GET /claim?org=a&name=y&ttl=60000",
 "GET /get?org=a&name=x", "GET /get?org=a&name=x", "GET /get?org=a&name=x"]
--- response_body_like eval
['^first$', '^first$', '^none$', '^none$', '^none$']



=== TEST 3: a record is kept, replaced, taken once, deleted
--- request eval
["GET /get?org=a&name=x", "GET /put?org=a&name=x&v=one&ttl=60000",
 "GET /get?org=a&name=x", "GET /get?org=b&name=x",
 "GET /put?org=a&name=x&v=two&ttl=60000", "GET /take?org=a&name=x",
 "GET /take?org=a&name=x", "GET /put?org=a&name=x&v=three&ttl=60000",
 "GET /delete?org=a&name=x", "GET /delete?org=a&name=x",
 "GET /get?org=a&name=x"]
--- response_body eval
["none\n", "kept\n", "found one\n", "none\n", "kept\n", "found two\n", "none\n",
 "kept\n", "deleted\n", "deleted\n", "none\n"]



=== TEST 4: an empty value is a value
--- request eval
["GET /put?org=a&name=x&v=&ttl=60000", "GET /get?org=a&name=x"]
--- response_body eval
["kept\n", "found \n"]



=== TEST 5: names of claims, records and rates do not meet
--- request eval
["GET /claim?org=a&name=x&ttl=60000", "GET /get?org=a&name=x",
 "GET /rate?name=x&limit=1&period=60000", "GET /delete?org=a&name=x",
 "GET /claim?org=a&name=x&ttl=60000"]
--- response_body_like eval
['^first$', '^none$', '^allowed$', '^deleted$', '^duplicate \d+$']



=== TEST 6: a rate allows its limit, then says how long to wait
--- request eval
["GET /rate?name=x&limit=3&period=60000", "GET /rate?name=x&limit=3&period=60000",
 "GET /rate?name=x&limit=3&period=60000", "GET /rate?name=x&limit=3&period=60000",
 "GET /rate?name=y&limit=3&period=60000"]
--- response_body_like eval
['^allowed$', '^allowed$', '^allowed$', '^limited (19\d\d\d|20000)$', '^allowed$']



=== TEST 7: a full zone refuses and forgets nothing
--- http_config
    postern_zone 256k;
    large_client_header_buffers 4 32k;
--- request eval
["GET /claim?org=a&name=early&ttl=60000",
 (map { "GET /big?name=$_&v=" . "v" x 8000 } 1 .. 3),
 "GET /big?name=4&v=" . "v" x 8000, "GET /big?name=5&v=" . "v" x 8000,
 "GET /claim?org=a&name=early&ttl=60000", "GET /get?org=a&name=3"]
--- response_body_like eval
['^first$', ('^kept$') x 3, '^unavailable$', '^unavailable$',
 '^duplicate \d+$', '^found v{64000}$']
--- no_error_log
[emerg]



=== TEST 8: without a zone there is no state, and no guess
--- http_config
--- request
GET /claim?org=a&name=x&ttl=60000
--- response_body
unavailable



=== TEST 9: a name too long is an error of the caller
--- request eval
"GET /claim?org=a&ttl=60000&name=" . "n" x 257
--- error_code: 500
--- error_log
postern store called with a name of 257 bytes



=== TEST 10: the longest name is none
--- request eval
["GET /claim?org=a&ttl=60000&name=" . "n" x 256,
 "GET /claim?org=a&ttl=60000&name=" . "n" x 256]
--- response_body_like eval
['^first$', '^duplicate \d+$']



=== TEST 11: size too small
--- http_config
    postern_zone 255k;
--- error_log
size "255k" of "postern_zone" is too small: it must be at least 256k



=== TEST 12: no size
--- http_config
    postern_zone much;
--- error_log
invalid size "much" of "postern_zone"



=== TEST 13: twice
--- http_config
    postern_zone 1m;
    postern_zone 1m;
--- error_log
"postern_zone" directive is duplicate



=== TEST 14: nothing
--- http_config
    postern_zone;
--- error_log
invalid number of arguments in "postern_zone" directive



=== TEST 15: in the wrong place
--- config
    postern_zone 1m;
--- error_log
"postern_zone" directive is not allowed here
