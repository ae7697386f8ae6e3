# The runner counts what did not run as failed: nothing passes because it was
# skipped, and nothing is left running.

use strict;
use warnings;

use File::Temp qw(tempdir);
use Test::More;

my $top = $ENV{POSTERN_TOP};
my $dir = tempdir(CLEANUP => 1);

# the runner as everybody starts it, whatever flags and folder this run has for
# unit tests (util/coverage's have counters in place of AddressSanitizer)
delete @ENV{qw(UNIT_FLAGS UNIT_BUILD)};

# runs one file of the text given, returns what the runner said of it
sub run {
    my ($name, $text) = @_;

    open my $out, ">", "$dir/$name" or die "$dir/$name: $!";
    print $out $text;
    close $out;

    local $ENV{TEST_NGINX_SERVROOT} = "$dir/servroot";
    local $ENV{TEST_FILE_SECONDS} = 5;

    my $said = qx{"$top/util/run-tests" "$dir/$name" 2>&1};

    return ($? >> 8, $said);
}

sub counts {
    my ($name, $text, $status, $line, $names) = @_;
    my ($got, $said) = run($name, $text);

    is($got, $status, "$name: exit status") or diag($said);
    is((split /\n/, $said)[-1], $line, "$name: $line");
    like($said, $names, "$name: says which") if $names;
}

my $use = "use Test::More; ";

counts("good.t", $use . "plan tests => 2; ok(1); ok(1);", 0,
       "2 passed, 0 failed");
counts("bad.t", $use . "plan tests => 2; ok(1); ok(0, 'the moon');", 1,
       "1 passed, 1 failed", qr/the moon/);
counts("skip.t", $use . "plan tests => 2; ok(1);"
       . " SKIP: { skip 'no tool', 1; ok(1) }", 1,
       "1 passed, 1 failed", qr/no tool/);
counts("skip-all.t", $use . "plan skip_all => 'no luck';", 1,
       "0 passed, 1 failed", qr/no luck/);
counts("todo.t", $use . "plan tests => 2; ok(1);"
       . " TODO: { local \$TODO = 'later'; ok(1, 'soon') }", 1,
       "1 passed, 1 failed", qr/soon/);
counts("plan.t", $use . "plan tests => 3; ok(1);", 1,
       "1 passed, 1 failed", qr/planned 3 tests but ran 1/i);
counts("die.t", $use . "plan tests => 1; ok(1); die 'of grief';", 1,
       "1 passed, 1 failed", qr/exited with status/);
counts("kill.t", "$use \$| = 1; plan tests => 1; ok(1); kill 9, \$\$;", 1,
       "1 passed, 1 failed");
counts("empty.t", "", 1, "0 passed, 1 failed");
counts("bail.t", $use . "plan tests => 1; BAIL_OUT('no floor');", 1,
       "0 passed, 1 failed", qr/no floor/);
counts("hang.t", $use . "plan tests => 1; ok(1); sleep 60;", 1,
       "1 passed, 1 failed", qr/ended after 5 seconds/);

my ($status, $said) = run("orphan.t", <<'EOF');
use Test::More tests => 1;
system("setsid sleep 987 >/dev/null 2>&1 & echo \$! > $0.pid");
ok(1);
EOF

my $pid = do { open my $in, "<", "$dir/orphan.t.pid"; <$in> } + 0;

is($status, 0, "a file that leaves a server behind");
ok($pid && !kill(0, $pid), "the server is ended");

my $unit = '#include "unit.h"' . "\n";

counts("good_test.c", $unit . "TEST(a) { EXPECT(1); EXPECT_INT(2, 2); }\n"
       . "UNIT_MAIN()\n", 0, "2 passed, 0 failed");
counts("bad_test.c", $unit . "TEST(a) { EXPECT(1); EXPECT_INT(2, 3); }\n"
       . "UNIT_MAIN()\n", 1, "1 passed, 1 failed", qr/2 is 2, expected 3/);
counts("void_test.c", $unit . "TEST(a) { }\nUNIT_MAIN()\n", 1,
       "0 passed, 1 failed", qr/asserts something/);
counts("wrong_test.c", $unit . "TEST(a) { EXPECT(one); }\nUNIT_MAIN()\n", 1,
       "0 passed, 1 failed", qr/does not compile/);
counts("memory_test.c", $unit . "TEST(a) { volatile char *p = calloc(1, 1);\n"
       . "volatile int i = 1; EXPECT(p[i] == 0); free((void *) p); }\n"
       . "UNIT_MAIN()\n", 1,
       "0 passed, 1 failed", qr/AddressSanitizer|runtime error/);

# what a sanitizer wrote down counts, but for what nginx itself leaves

{
    mkdir "$dir/reports" or die "$dir/reports: $!";
    local $ENV{TEST_NGINX_REPORTS} = "$dir/reports";

    my $nginx = "Direct leak of 9 byte(s) in 1 object(s) allocated from:\n"
                . "    #0 0x1 in malloc\n    #1 0x2 in ngx_create_pool p.c:2\n"
                . "    #2 0x3 in main src/core/nginx.c:9";
    my $start = $nginx =~ s/ngx_create_pool/ngx_init_cycle/r;
    my $ours = $nginx =~ s{main .*}{x /a/ngx_http_mfa_module/mfa_x.c:1}r;
    my $leak = "==1==ERROR: LeakSanitizer: detected memory leaks\n\n";

    for my $case (["nginx", $leak . "$nginx\n\nSUMMARY: x\n", 0],
                  ["ours", $leak . "$nginx\n\n$ours\n\nSUMMARY: x\n", 1,
                   qr/Direct leak of 9/],
                  ["start", "$leak$start\n\nSUMMARY: x\n", 1, qr/init_cycle/],
                  ["address", "==1==ERROR: AddressSanitizer: heap-use\n", 1,
                   qr/failed:.*ERROR: AddressSanitizer: heap-use/s],
                  ["memcheck", "==1== Invalid read of size 8\n==1==  at 0x1\n",
                   1, qr/failed:.*: Invalid read of size 8/s],
                  ["undefined", "a.c:1:2: runtime error: shift\n", 1,
                   qr/failed:.*runtime error: shift/s])
    {
        my ($name, $report, $n, $names) = @$case;

        counts("report-$name.t", $use . "plan tests => 1; open my \$out, '>', "
               . "'$dir/reports/x'; print \$out q{$report}; ok(1);", $n,
               "1 passed, $n failed", $names);
    }

    is_deeply([glob "$dir/reports/*"], [], "each is of one file");
}

# Files run side by side, each with servers of its own, and are counted
# together; one that asks for it has the machine to itself.

sub together {
    my ($jobs, %files) = @_;

    for my $name (keys %files) {
        open my $out, ">", "$dir/$name" or die "$dir/$name: $!";
        print $out $files{$name};
        close $out;
    }

    local $ENV{TEST_NGINX_SERVROOT} = "$dir/servroot";
    local $ENV{TEST_FILE_SECONDS} = 20;

    my @paths = map { "$dir/$_" } sort keys %files;
    my $said = qx{"$top/util/run-tests" -j $jobs @paths 2>&1};

    return ($? >> 8, $said);
}

# both are there at once: each comes, says so, and waits for the other
sub meets {
    my ($own, $other) = @_;

    return $use . <<"EOF";
open my \$out, '>', '$dir/$own.here'; close \$out;
for (1 .. 150) { last if -e '$dir/$other.here'; select undef, undef, undef, .1 }
plan tests => 2;
ok(-e '$dir/$other.here', 'the other is here');
open \$out, '>', '$dir/$own.place';
print \$out join ' ', \@ENV{map { "TEST_NGINX_\$_" } qw(SERVROOT PORT REDIS_PORT)};
ok(close \$out, 'the place is known');
EOF
}

($status, $said) = together(2, "a.t" => meets("a", "b"),
                            "b.t" => meets("b", "a"));
is($status, 0, "two files side by side") or diag($said);
is((split /\n/, $said)[-1], "4 passed, 0 failed", "counted together");

my @places = map { open my $in, "<", "$dir/$_.place"; [split ' ', <$in>] }
             qw(a b);

isnt($places[0][$_], $places[1][$_], "each has its own place: $_") for 0 .. 2;

my $lonely = "# run: alone\n" . $use . "plan tests => 1; "
             . "ok(!-e '$dir/busy' && -e '$dir/done', 'nobody else runs');";
my $busy = $use . "plan tests => 1; open my \$out, '>', '$dir/busy'; "
           . "sleep 1; unlink '$dir/busy'; open \$out, '>', '$dir/done'; ok(1);";

($status, $said) = together(4, "1-lonely.t" => $lonely, "2-busy.t" => $busy);
is($status, 0, "one that measures runs alone, after the others")
    or diag($said);

($status, $said) = together(2, "bad-1.t" => $use . "plan tests => 1; ok(0, 'x');",
                            "bad-2.t" => "die 'of haste';");
is($status, 1, "failures of several files");
is((split /\n/, $said)[-1], "0 passed, 2 failed", "are added up");
like($said, qr/failed:\n.*bad-[12]\.t.*\n.*bad-[12]\.t/, "and named");

($status, $said) = run("what.txt", "");
is($status, 1, "a file of another kind is no test");

$said = qx{VECTORS=/nowhere "$top/util/run-tests" --conformance 2>&1};
isnt($?, 0, "no vectors, no conformance");
like($said, qr/vectors are missing/, "and it says so");

done_testing();
