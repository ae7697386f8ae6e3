# A wrong load order, no core, or a core that loads late: one readable line
# each, and nginx does not start.

BEGIN { $ENV{TEST_NGINX_LOAD_MODULES} = ''; }

use Test::Nginx::Socket 'no_plan';

# all that is logged above "notice", without the parts that change
our $lines = qr/\[(?:warn|error|crit|alert|emerg)\] [\d#]+: \K.*/;

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value("config", "") if !defined $block->config;

    if (!defined $block->request) {
        $block->set_value("must_die", "");
        $block->set_value("suppress_stderr", "");
    }
});

run_tests();

__DATA__

=== TEST 1: sign without the core
--- main_config
    load_module $TEST_NGINX_BUILD/ngx_http_sign_module.so;
--- grep_error_log eval: $::lines
--- grep_error_log_out
ngx_http_sign_module needs ngx_http_postern_module: load it first



=== TEST 2: mfa without the core
--- main_config
    load_module $TEST_NGINX_BUILD/ngx_http_mfa_module.so;
--- grep_error_log eval: $::lines
--- grep_error_log_out
ngx_http_mfa_module needs ngx_http_postern_module: load it first



=== TEST 3: rbac without the core
--- main_config
    load_module $TEST_NGINX_BUILD/ngx_http_rbac_module.so;
--- grep_error_log eval: $::lines
--- grep_error_log_out
ngx_http_rbac_module needs ngx_http_postern_module: load it first



=== TEST 4: audit without the core
--- main_config
    load_module $TEST_NGINX_BUILD/ngx_http_audit_module.so;
--- grep_error_log eval: $::lines
--- grep_error_log_out
ngx_http_audit_module needs ngx_http_postern_module: load it first



=== TEST 5: the core behind a feature
--- main_config
    load_module $TEST_NGINX_BUILD/ngx_http_sign_module.so;
    load_module $TEST_NGINX_BUILD/ngx_http_postern_module.so;
--- grep_error_log eval: $::lines
--- grep_error_log_out
ngx_http_sign_module needs ngx_http_postern_module: load it first



=== TEST 6: the core between two features
--- main_config
    load_module $TEST_NGINX_BUILD/ngx_http_rbac_module.so;
    load_module $TEST_NGINX_BUILD/ngx_http_postern_module.so;
    load_module $TEST_NGINX_BUILD/ngx_http_sign_module.so;
--- grep_error_log eval: $::lines
--- grep_error_log_out
ngx_http_rbac_module needs ngx_http_postern_module: load it first



=== TEST 7: the core alone
--- main_config
    load_module $TEST_NGINX_BUILD/ngx_http_postern_module.so;
--- config
    location = / { return 204; }
--- request
    GET /
--- error_code: 204
--- grep_error_log eval: $::lines
--- grep_error_log_out



=== TEST 8: features in any order behind the core
--- main_config
    load_module $TEST_NGINX_BUILD/ngx_http_postern_module.so;
    load_module $TEST_NGINX_BUILD/ngx_http_audit_module.so;
    load_module $TEST_NGINX_BUILD/ngx_http_rbac_module.so;
    load_module $TEST_NGINX_BUILD/ngx_http_mfa_module.so;
    load_module $TEST_NGINX_BUILD/ngx_http_sign_module.so;
--- config
    location = / { return 204; }
--- request
    GET /
--- error_code: 204
--- grep_error_log eval: $::lines
--- grep_error_log_out



=== TEST 9: the core twice is nginx's own error
--- main_config
    load_module $TEST_NGINX_BUILD/ngx_http_postern_module.so;
    load_module $TEST_NGINX_BUILD/ngx_http_postern_module.so;
--- error_log
module "ngx_http_postern_module" is already loaded
