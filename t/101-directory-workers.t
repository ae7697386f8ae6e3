# The directory in processes of their own: every worker follows the file, loads
# it in a thread, and one that replaces a dead worker does not fall back to what
# the master read at its start.

use lib 't/lib';
use RbacTest;

BEGIN { RbacTest::load(); }

use Test::Nginx::Socket 'no_plan';

use Time::HiRes qw(sleep);

our $dir = $ENV{TEST_NGINX_HTML_DIR};

our $document = sub {
    my ($methods, $keys) = @_;

    my $list = join ",\n", map {
        qq("AK$_": { "roles": ["user"], "algorithm": "hmac-sha256",
                     "secret": "base64:MDEyMzQ1Njc4OWFiY2RlZg==" })
    } 1 .. ($keys // 0);

    return qq({
  "version": 1,
  "organizations": {
    "acme": {
      "permissions": { "use": [$methods] },
      "resources": { "app": ["/app"] },
      "roles": { "user": { "grants": [["use", "app"]] } },
      "keys": { $list }
    }
  }
});
};

our $replace = sub {
    open my $out, ">", "$dir/new.json" or die;
    print $out $_[0];
    close $out or die;
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

our $workers = sub {
    open my $in, "<", "$ENV{TEST_NGINX_SERVROOT}/logs/nginx.pid" or die;
    chomp(my $master = <$in>);

    return ($master, split ' ', `ps -o pid= --ppid $master`);
};

add_block_preprocessor(sub {
    my ($block) = @_;

    my $interval = $block->interval // "";

    $block->set_value("http_config", <<EOC);
    postern_directory \$TEST_NGINX_HTML_DIR/d.json $interval;
EOC
    $block->set_value("config", <<'EOC');
    location = /app {
        postern_test_identity acme alice user;
        rbac on;
        empty_gif;
    }
EOC
    $block->set_value("user_files", ">>> d.json\n" . $document->('"GET"'));
    $block->set_value("request", "GET /app") if !defined $block->request;
});

master_on();
workers(2);
log_level("notice");
no_long_string();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: both workers take a new file up
--- init
$::replace->($::document->('"PUT"'));
$::until->(qr/is in force/, 2);
--- error_code: 403
--- grep_error_log eval: qr/is in force/
--- grep_error_log_out
is in force
is in force
--- no_error_log
[error]
[alert]



=== TEST 2: a worker that replaces a dead one starts with the file as it is
--- interval: 1h
--- init
$::replace->($::document->('"PUT"'));
my ($master, @old) = $::workers->();
kill "KILL", @old;
for (1 .. 200) {
    my (undef, @new) = $::workers->();
    last if @new == 2 && !grep { my $p = $_; grep { $p == $_ } @old } @new;
    sleep(0.1);
}
$::until->(qr/is in force/, 2);
--- error_code: 403
--- error_log
is in force
--- no_error_log
[emerg]



=== TEST 3: a reload reads the file anew
--- interval: 1h
--- init
$::replace->($::document->('"PUT"'));
my ($master, @old) = $::workers->();
kill "HUP", $master;
for (1 .. 200) {
    my (undef, @new) = $::workers->();
    last if @new == 2 && !grep { my $p = $_; grep { $p == $_ } @old } @new;
    sleep(0.1);
}
--- error_code: 403
--- no_error_log
[error]
[alert]
[emerg]



=== TEST 4: a reload with a broken file keeps the workers there are
--- interval: 1h
--- init
$::replace->("{");
my ($master) = $::workers->();
kill "HUP", $master;
$::until->(qr/ends too early/);
--- error_code: 200
--- error_log eval
qr/\[emerg\] .*d\.json:1:2": the document ends too early/



=== TEST 5: a worker that ends while it loads ends cleanly
--- interval: 50ms
--- init
for (1 .. 3) {
    $::replace->($::document->('"GET"', 20000 + $_));
    sleep(0.07);
    my ($master, @old) = $::workers->();
    kill "HUP", $master;
    for (1 .. 100) {
        my (undef, @new) = $::workers->();
        last if @new == 2 && !grep { my $p = $_; grep { $p == $_ } @old } @new;
        sleep(0.1);
    }
}
--- error_code: 200
--- no_error_log
[error]
[alert]
[emerg]
exited on signal



=== TEST 6: many versions in a row, the last one counts
--- interval: 50ms
--- init
for my $n (1 .. 40) {
    $::replace->($::document->($n % 2 ? '"GET"' : '"POST"', $n * 20));
    sleep(0.03);
}
$::replace->($::document->('"PUT"'));
$::until->(qr/is in force, .* keys 0,/, 2);
--- error_code: 403
--- no_error_log
[error]
[alert]
exited on signal
