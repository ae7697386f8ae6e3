# Workers that must not read the directory file: that is told at the start and
# not only when a change fails to come into force.  Whoever is not root has one
# user for all, and is told nothing.

use lib 't/lib';

BEGIN { $ENV{TEST_NGINX_WORKER_USER} = "nobody nogroup" if $> == 0 }

use Test::Nginx::Socket 'no_plan';

use File::Temp qw(tempdir);

our $dir = tempdir(CLEANUP => 1);
$ENV{TEST_NGINX_DIRECTORY} = $dir;
chmod 0755, $dir;

our $write = sub {
    my ($mode, $organizations) = @_;

    open my $out, ">", "$dir/new.json" or die;
    print $out qq({ "version": 1, "organizations": { $organizations } });
    close $out;
    chmod $mode, "$dir/new.json";
    rename "$dir/new.json", "$dir/d.json" or die;
};

# until the log has said so, that often
our $until = sub {
    my ($like, $times) = @_;

    for (1 .. 400) {
        open my $in, "<", "$ENV{TEST_NGINX_SERVROOT}/logs/error.log" or die;
        my $log = do { local $/; <$in> } // "";

        return if (() = $log =~ /$like/g) >= ($times // 1);
        select undef, undef, undef, 0.05;
    }
};

add_block_preprocessor(sub {
    my ($block) = @_;

    $write->(oct $block->mode, '"acme": {}');
    $block->set_value("http_config",
                      "postern_directory \$TEST_NGINX_DIRECTORY/d.json;");
    $block->set_value("config", 'location = /ping { return 200 "pong\n"; }');
    $block->set_value("request", "GET /ping");
});

master_on();
log_level("notice");
no_long_string();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: workers can read it
--- mode: 644
--- response_body
pong
--- no_error_log
[error]



=== TEST 2: only the master can read it
--- mode: 600
--- init
$::until->(qr/cannot be read by workers/) if $> == 0;
--- response_body
pong
--- grep_error_log eval: qr/\[error\].*/
--- grep_error_log_out eval
$> == 0 ? qr/^\[error\] .*cannot be read by workers: changes of it will not come into force \(13: Permission denied\)\n$/
        : qr/^$/



=== TEST 3: and then they can
--- mode: 600
--- init
$::write->(0644, '"acme": {}, "globex": {}');
$::until->(qr/is in force/);
--- response_body
pong
--- error_log
is in force
