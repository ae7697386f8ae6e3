# What "nginx -t" says of the directives of rbac.

use lib 't/lib';
use RbacTest;

BEGIN { RbacTest::load(); }

use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(sub {
    my ($block) = RbacTest::block(@_);

    if (!defined $block->request && !defined $block->pipelined_requests) {
        $block->set_value("must_die", "");
        $block->set_value("suppress_stderr", "");
    }
});

no_long_string();
run_tests();

__DATA__

=== TEST 1: without a directory
--- http_config
    # no directory
--- config
    location /a { rbac on; }
--- error_log eval
qr/\[emerg\] \d+#\d+: "rbac on" needs roles and resources: name a "postern_directory" in .*nginx\.conf:\d+/



=== TEST 2: without a directory, inherited
--- http_config
    # no directory
    rbac on;
--- config
    location /a { return 200; }
--- error_log
"rbac on" needs roles and resources: name a "postern_directory" in



=== TEST 3: off needs none
--- http_config
    # no directory
    rbac off;
--- config
    location /a { rbac off; return 204; }
--- request
GET /a
--- error_code: 204



=== TEST 4: rbac is on or off
--- config
    location /a { rbac yes; }
--- error_log
invalid value "yes" in "rbac" directive, it must be "on" or "off"



=== TEST 5: rbac twice
--- config
    location /a { rbac on; rbac off; }
--- error_log
"rbac" directive is duplicate



=== TEST 6: unknown mode
--- config
    location /a { rbac_mode permit; }
--- error_log
invalid value "permit"



=== TEST 7: mode twice
--- config
    location /a { rbac_mode enforce; rbac_mode enforce; }
--- error_log
"rbac_mode" directive is duplicate



=== TEST 8: unknown path rule
--- config
    location /a { rbac_path lax; }
--- error_log
invalid value "lax"



=== TEST 9: path rule twice
--- config
    location /a { rbac_path strict; rbac_path canonical; }
--- error_log
"rbac_path" directive is duplicate



=== TEST 10: observe is warned about
--- config
    rbac on;
    rbac_mode observe;
    location /a { return 204; }
--- request
GET /a
--- error_code: 204
--- error_log eval
qr/\[warn\] \d+#\d+: "rbac_mode observe" refuses nothing: every request that roles do not allow is let through in .*nginx\.conf:\d+/



=== TEST 11: values are inherited, and replaced below
--- http_config
    rbac on;
    rbac_path canonical;
    rbac_mode enforce;
--- config
    postern_test_identity acme alice viewer;
    location /app/ { empty_gif; }
    location /app/strict/ { rbac_path strict; empty_gif; }
--- pipelined_requests eval
["GET /app/./x", "GET /app/strict/./x"]
--- error_code eval
[200, 400]
