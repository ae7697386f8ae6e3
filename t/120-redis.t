# Redis: every operation of the store over it, and what postern_redis refuses.
# How it fails and comes back is in 121-redis-life.t and 122-redis-peer.t.

use lib ($ENV{POSTERN_TOP} // ".") . "/t/lib";
use PosternStore ();
use Test::Nginx::Socket 'no_plan';

$ENV{TEST_NGINX_REDIS_PORT} //= 6379;

# names of this run: the Redis may be anybody's
our $run = "$$-" . time();

our $locations = <<"END";
    location = /claim { postern_test claim a $run-\$arg_name \$arg_ttl; }
    location = /get { postern_test get a $run-\$arg_name; }
    location = /take { postern_test take a $run-\$arg_name; }
    location = /delete { postern_test delete a $run-\$arg_name; }
    location = /put { postern_test put a $run-\$arg_name \$arg_v \$arg_ttl; }
    location = /rate { postern_test rate a $run-\$arg_name \$arg_limit \$arg_period; }
END

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value("config", $::locations) if !defined $block->config;
    $block->set_value("http_config",
        'postern_zone 1m; postern_redis redis://127.0.0.1:$TEST_NGINX_REDIS_PORT;')
        if !defined $block->http_config;

    if (!defined $block->request) {
        $block->set_value("must_die", "");
        $block->set_value("suppress_stderr", "");

    } elsif (!defined $block->error_log) {
        $block->set_value("no_error_log", "[alert]\n[error]");
    }
});

no_shuffle();
run_tests();

__DATA__

=== TEST 1: a claim is made once
--- request eval
["GET /claim?name=x&ttl=60000", "GET /claim?name=x&ttl=60000",
 "GET /claim?name=y&ttl=60000"]
--- response_body_like eval
['^first$', '^duplicate \d+$', '^first$']



=== TEST 2: and is known to Redis, where the zone is not
--- http_config
    postern_redis redis://127.0.0.1:$TEST_NGINX_REDIS_PORT;
--- request eval
["GET /claim?name=x&ttl=60000", "GET /claim?name=z&ttl=60000",
 "GET /claim?name=z&ttl=60000"]
--- response_body_like eval
['^duplicate \d+$', '^first$', '^duplicate \d+$']



=== TEST 3: under another prefix it is another claim
--- http_config
    postern_zone 1m;
    postern_redis redis://127.0.0.1:$TEST_NGINX_REDIS_PORT prefix=other:;
--- request eval
["GET /claim?name=x&ttl=1000", "GET /claim?name=x&ttl=1000"]
--- response_body_like eval
['^first$', '^duplicate \d+$']



=== TEST 4: a record is kept, replaced, taken once, deleted
--- request eval
["GET /get?name=r", "GET /put?name=r&v=one&ttl=60000", "GET /get?name=r",
 "GET /put?name=r&v=two&ttl=60000", "GET /take?name=r", "GET /take?name=r",
 "GET /put?name=r&v=three&ttl=60000", "GET /delete?name=r",
 "GET /delete?name=r", "GET /get?name=r", "GET /put?name=r&v=&ttl=60000",
 "GET /take?name=r"]
--- response_body eval
["none\n", "kept\n", "found one\n", "kept\n", "found two\n", "none\n",
 "kept\n", "deleted\n", "deleted\n", "none\n", "kept\n", "found \n"]



=== TEST 5: a rate allows its limit, then says how long to wait
--- request eval
["GET /rate?name=l&limit=2&period=60000", "GET /rate?name=l&limit=2&period=60000",
 "GET /rate?name=l&limit=2&period=60000"]
--- response_body_like eval
['^allowed$', '^allowed$', '^limited (29\d\d\d|30000)$']



=== TEST 6: all parameters
--- http_config
    postern_zone 1m;
    postern_redis redis://127.0.0.1:$TEST_NGINX_REDIS_PORT/1
                  timeout=2s prefix=all: on_error=deny;
--- request
GET /claim?name=all&ttl=1000
--- response_body
first



=== TEST 7: nobody listens: refused, and said once
--- http_config
    postern_zone 1m;
    postern_redis redis://127.0.0.1:1 timeout=300ms;
--- request
GET /claim?name=x&ttl=1000
--- response_body
unavailable
--- error_log
postern_redis 127.0.0.1:1 is lost: it cannot be connected to



=== TEST 8: no address
--- http_config
    postern_redis 127.0.0.1:6379;
--- error_log
invalid address in "postern_redis": the address must start with "redis://", "rediss://" or "unix:"



=== TEST 9: a broken address does not show its password
--- http_config
    postern_redis redis://user:hunter2@host:port;
--- error_log
invalid address in "postern_redis": the port must be a number from 1 to 65535
--- no_error_log
hunter2



=== TEST 10: a name that is not there
--- http_config
    postern_redis redis://nowhere.invalid;
--- error_log
host not found in "nowhere.invalid:6379" of "postern_redis": with a "resolver" above it, it is looked up at run time



=== TEST 11: timeout out of bounds
--- http_config
    postern_redis redis://127.0.0.1 timeout=2m;
--- error_log
invalid timeout "2m" of "postern_redis": it must be from 1ms to 60s



=== TEST 12: prefix with a brace
--- http_config
    postern_redis redis://127.0.0.1 "prefix=a{b";
--- error_log
invalid prefix "a{b" of "postern_redis": it must be up to 64 bytes without braces



=== TEST 13: on_error lets nothing through
--- http_config
    postern_redis redis://127.0.0.1 on_error=allow;
--- error_log
invalid on_error "allow" of "postern_redis": it can only be "deny"



=== TEST 14: a parameter that is none, without its value
--- http_config
    postern_redis redis://127.0.0.1 password=hunter2;
--- error_log
invalid parameter "password" of "postern_redis": there are timeout=
--- no_error_log
hunter2



=== TEST 15: an empty parameter
--- http_config
    postern_redis redis://127.0.0.1 user=;
--- error_log
invalid parameter "user" of "postern_redis"



=== TEST 16: a user without a password
--- http_config
    postern_redis redis://127.0.0.1 user=gate;
--- error_log
"postern_redis" has a user and no password: add "password_file="



=== TEST 17: two users
--- http_config
    postern_redis redis://a:b@127.0.0.1 user=gate;
--- error_log
"postern_redis" has a user in its address and another in "user="



=== TEST 18: two passwords
--- http_config
    postern_redis redis://a:b@127.0.0.1 password_file=/dev/null;
--- error_log
"postern_redis" has a password in its address and another in "password_file="



=== TEST 19: no password file
--- http_config
    postern_redis redis://127.0.0.1 password_file=/nowhere/password;
--- error_log
open() "/nowhere/password" of "postern_redis" failed (2: No such file or directory)



=== TEST 20: a password file that others can read
--- user_files
>>> password
secret
--- http_config eval
"postern_redis redis://127.0.0.1
     password_file=$Test::Nginx::Util::HtmlDir/password;"
--- error_log
of "postern_redis" is open to group or others: run "chmod 600



=== TEST 21: TLS parameters without TLS
--- http_config
    postern_redis redis://127.0.0.1 ssl_name=redis.test;
--- error_log
"postern_redis" has parameters for TLS and an address without it: write "rediss://"



=== TEST 22: no CA file
--- http_config
    postern_redis rediss://127.0.0.1 ssl_trusted=/nowhere/ca.pem;
--- error_log
/nowhere/ca.pem



=== TEST 23: verification is on or off
--- http_config
    postern_redis rediss://127.0.0.1 insecure_ssl_verify=no;
--- error_log
invalid insecure_ssl_verify "no" of "postern_redis": it must be "on" or "off"



=== TEST 24: twice
--- http_config
    postern_redis redis://127.0.0.1;
    postern_redis redis://127.0.0.1;
--- error_log
"postern_redis" directive is duplicate



=== TEST 25: in the wrong place
--- config
    postern_redis redis://127.0.0.1;
--- error_log
"postern_redis" directive is not allowed here
