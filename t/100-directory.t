# The directory file: what "nginx -t" says of it, and how a new one comes into
# force while nginx runs.  Decisions by role show which one is in force.

use lib 't/lib';
use RbacTest;

BEGIN { RbacTest::load(); }

use Test::Nginx::Socket 'no_plan';

our $dir = $ENV{TEST_NGINX_HTML_DIR};

# what a role of acme may: methods of a permission on /app
our $document = sub {
    my ($methods, $more) = @_;

    return qq({
  "version": 1,
  "organizations": {
    "acme": {
      "permissions": { "use": [$methods] },
      "resources": { "app": ["/app"] },
      "roles": { "user": { "grants": [["use", "app"]] } }@{[$more // ""]}
    }
  }
});
};

# as editors and tools replace a file: whole, under its name at once
our $replace = sub {
    my ($text) = @_;

    open my $out, ">", "$dir/new.json" or die;
    print $out $text;
    close $out or die;
    rename "$dir/new.json", "$dir/d.json" or die;
};

our $wait = sub { select undef, undef, undef, $_[0] // 1 };

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

    my $args = $block->directory // '$TEST_NGINX_HTML_DIR/d.json';

    $block->set_value("http_config",
                      "postern_directory $args;\n" . ($block->http // ""));
    $block->set_value("config", <<'EOC') if !defined $block->config;
    location = /app {
        postern_test_identity acme alice user;
        rbac on;
        empty_gif;
    }
EOC
    $block->set_value("user_files",
                      ">>> d.json\n" . ($block->json
                                        // $document->('"GET"')));
    $block->set_value("request", "GET /app") if !defined $block->request;
});

log_level("notice");
no_long_string();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: what the directory says holds
--- error_code: 200
--- no_error_log
[error]
[warn]
is in force



=== TEST 2: a fault is named by line, column and member
--- json eval: $::document->('"GET"', qq(,\n      "user": {}))
--- must_die
--- error_log eval
qr/\[emerg\] .*directory ".*d\.json:8:7": organizations\.acme\.user: unknown member "user", did you mean "users"\?$/m



=== TEST 3: a fault of syntax
--- json
{ "version": 1,
  "organizations": { }
  "x": 1 }
--- must_die
--- error_log eval
qr/\[emerg\] .*directory ".*d\.json:3:3": not valid JSON: '\}' expected$/m



=== TEST 4: there is no such file
--- directory: $TEST_NGINX_HTML_DIR/none.json
--- must_die
--- error_log eval
qr/\[emerg\] .*directory ".*none\.json": open\(\) failed \(2: /



=== TEST 5: not a file
--- directory: $TEST_NGINX_HTML_DIR
--- must_die
--- error_log eval
qr/\[emerg\] .*directory ".*": reading what is no regular file failed$/m



=== TEST 6: given twice
--- http: postern_directory /dev/null;
--- must_die
--- error_log
"postern_directory" directive is duplicate



=== TEST 7: without a name
--- directory: ""
--- must_die
--- error_log
"postern_directory" directive needs the name of a file



=== TEST 8: an interval that is none
--- directory: $TEST_NGINX_HTML_DIR/d.json often
--- must_die
--- error_log
invalid interval "often", it must be between 50ms and 1h



=== TEST 9: an interval too short
--- directory: $TEST_NGINX_HTML_DIR/d.json 49ms
--- must_die
--- error_log
invalid interval "49ms", it must be between 50ms and 1h



=== TEST 10: an interval too long
--- directory: $TEST_NGINX_HTML_DIR/d.json 2h
--- must_die
--- error_log
invalid interval "2h", it must be between 50ms and 1h



=== TEST 11: secrets that lie open are told at the start
--- json eval
$::document->('"GET"', qq(,
      "keys": { "AK 1": { "roles": [], "algorithm": "hmac-sha256",
                          "secret": "plain:0123456789abcdef" },
                "AK2": { "roles": [], "algorithm": "hmac-sha256",
                          "secret": "base64:MDEyMzQ1Njc4OWFiY2RlZg==" } }))
--- grep_error_log eval: qr/\[warn\].*secrets that lie open: \d+, the first at \S+ \S+;/
--- grep_error_log_out eval
qr/^\[warn\].*secrets that lie open: 2, the first at organizations\.acme\.keys\["AK 1"\]\.secret;\n$/
--- no_error_log
0123456789abcdef
MDEyMzQ1Njc4OWFiY2RlZg



=== TEST 12: a new file comes into force without reload
--- init
$::replace->($::document->('"PUT"'));
$::until->(qr/is in force/);
--- error_code: 403
--- error_log eval
qr/\[notice\] .*directory ".*d\.json" is in force, loaded in \d+ms: organizations 1, users 0, keys 0, roles 1$/m
--- no_error_log
[error]



=== TEST 13: a broken new file leaves the last good one in force, told once
--- init
$::replace->($::document->('"PUT", "get"'));
$::until->(qr/the last good one stays/);
$::wait->();
--- grep_error_log eval: qr/\[error\].*/
--- grep_error_log_out eval
qr/^\[error\] .*directory ".*d\.json:5:39": organizations\.acme\.permissions\.use\[1\]: methods are case-sensitive: write it in capitals; the last good one stays in force\n$/
--- no_error_log
is in force, loaded



=== TEST 14: a broken file that was repaired
--- init
$::replace->("{");
$::until->(qr/the last good one stays/);
$::replace->($::document->('"PUT"'));
$::until->(qr/is in force, loaded/);
--- error_code: 403
--- error_log
the document ends too early; the last good one stays in force
is in force, loaded



=== TEST 15: a file that vanished, told once, and came back
--- init
unlink "$::dir/d.json";
$::until->(qr/stat\(\) failed/);
$::wait->();
$::replace->($::document->('"PUT"'));
$::until->(qr/is in force/);
--- error_code: 403
--- grep_error_log eval: qr/stat\(\) failed; the last good one stays in force \(2: [^)]*\)/
--- grep_error_log_out eval
qr/\Astat\(\) failed; the last good one stays in force \(2: [^)]*\)\n\z/



=== TEST 16: a file that vanished leaves the last good one in force
--- init
unlink "$::dir/d.json";
$::until->(qr/stat\(\) failed/);
--- error_code: 200
--- error_log
stat() failed; the last good one stays in force



=== TEST 17: another type of file in its place
--- init
rename "$::dir/d.json", "$::dir/old.json";
system "mkfifo", "$::dir/d.json";
$::until->(qr/no regular file failed/);
$::wait->();
--- error_code: 200
--- grep_error_log eval: qr/reading what is no regular file failed; the last good/
--- grep_error_log_out
reading what is no regular file failed; the last good



=== TEST 18: rewritten in place with the size and time it had
--- init
$::wait->(2.5);
my @before = stat "$::dir/d.json";
open my $out, "+<", "$::dir/d.json" or die;
print $out $::document->('"PUT"');
close $out;
utime @before[8, 9], "$::dir/d.json";
(stat "$::dir/d.json")[7] == $before[7] or die;
$::until->(qr/is in force/);
--- error_code: 403
--- no_error_log
[error]



=== TEST 19: touched only, it is not loaded again
--- init
utime undef, undef, "$::dir/d.json";
$::wait->();
--- error_code: 200
--- no_error_log
is in force
[error]



=== TEST 20: an interval of its own
--- directory: $TEST_NGINX_HTML_DIR/d.json 50ms
--- init
$::replace->($::document->('"PUT"'));
$::until->(qr/is in force/);
--- error_code: 403
--- error_log
is in force, loaded



=== TEST 21: a file that is written while it is read comes into force when whole
--- init
my $text = $::document->('"PUT"');
open my $out, ">", "$::dir/d.json" or die;
$out->autoflush;
for (split /(?<=\n)/, $text) {
    print $out $_;
    $::wait->(0.3);
}
close $out;
$::until->(qr/is in force/);
--- error_code: 403
--- error_log
is in force, loaded



=== TEST 22: open secrets that come with a new file are told too
--- init
$::replace->($::document->('"PUT"', qq(,
      "keys": { "AK1": { "roles": [], "algorithm": "hmac-sha256",
                         "secret": "plain:0123456789abcdef" } })));
$::until->(qr/is in force/);
$::until->(qr/secrets that lie open/);
--- error_code: 403
--- error_log
secrets that lie open: 1, the first at organizations.acme.keys.AK1.secret; seal them
--- no_error_log
[error]
0123456789abcdef



=== TEST 23: sealed secrets and nothing that opens them: said at once
--- json eval
$::document->('"GET"', qq(,
      "keys": { "AK1": { "roles": [], "algorithm": "hmac-sha256",
                         "secret": "sealed:mk-1:@{['A' x 76]}" } }))
--- error_code: 200
--- error_log
sealed secrets: 1, which nothing opens without a "postern_master_key"
--- no_error_log
[error]
