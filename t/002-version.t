# A core of another API version is one readable line.

BEGIN { $ENV{TEST_NGINX_LOAD_MODULES} = ''; }

use Test::Nginx::Socket 'no_plan';

my $other = "$ENV{POSTERN_TOP}/build/t/other";
my $header = "$other/ngx_http_postern_module/ngx_http_postern_api.h";

# the whole repository again, with the next version in the header of the API
sub build_other {
    my $script = <<'EOS';
set -e
mkdir -p "$OTHER"
rm -rf "$OTHER"/ngx_http_*_module
cp -rp config config.make util ngx_http_*_module "$OTHER/"
sed -i 's/^\(#define NGX_HTTP_POSTERN_API_VERSION  *\).*/\19999/' "$HEADER"
"$OTHER/util/build"
EOS

    local $ENV{OTHER} = $other;
    local $ENV{HEADER} = $header;
    local $ENV{BUILD} = "$other/build";

    my $log = "$ENV{POSTERN_TOP}/build/t/other.log";

    open my $sh, "|-", "cd '$ENV{POSTERN_TOP}' && sh >'$log' 2>&1" or die $!;
    print $sh $script;
    close $sh;
    die "the other core does not build: see $log\n" if $?;
}

$ENV{TEST_NGINX_OTHER} = "$other/build";

build_other();

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value("must_die", "");
    $block->set_value("suppress_stderr", "");
});

our $lines = qr/\[(?:warn|error|crit|alert|emerg)\] [\d#]+: \K.*/;

run_tests();

__DATA__

=== TEST 1: a newer core under an older feature
--- main_config
    load_module $TEST_NGINX_OTHER/ngx_http_postern_module.so;
    load_module $TEST_NGINX_BUILD/ngx_http_sign_module.so;
--- config
--- grep_error_log eval: $::lines
--- grep_error_log_out eval
qr/\Angx_http_sign_module needs version \d+ of ngx_http_postern_module, version 9999 is loaded: install both from one build
\z/



=== TEST 2: an older core under a newer feature
--- main_config
    load_module $TEST_NGINX_BUILD/ngx_http_postern_module.so;
    load_module $TEST_NGINX_OTHER/ngx_http_rbac_module.so;
--- config
--- grep_error_log eval: $::lines
--- grep_error_log_out eval
qr/\Angx_http_rbac_module needs version 9999 of ngx_http_postern_module, version \d+ is loaded: install both from one build
\z/



=== TEST 3: one feature of several is of another build
--- main_config
    load_module $TEST_NGINX_BUILD/ngx_http_postern_module.so;
    load_module $TEST_NGINX_BUILD/ngx_http_sign_module.so;
    load_module $TEST_NGINX_OTHER/ngx_http_audit_module.so;
--- config
--- grep_error_log eval: $::lines
--- grep_error_log_out eval
qr/\Angx_http_audit_module needs version 9999 of ngx_http_postern_module, version \d+ is loaded: install both from one build
\z/
