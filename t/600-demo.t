# The demo is the first thing that anybody runs: both of its stories, to their
# end, and nothing left of them.

use v5.32;
use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use Test::More;

my $top = abs_path(dirname(abs_path(__FILE__)) . "/..");

$ENV{DEMO_PORT} = ($ENV{TEST_NGINX_PORT} // 1984) + 40;
delete @ENV{qw(KEEP REDIS)};

for my $redis ("", 1) {
    local $ENV{REDIS} = $redis;

    my $out = `$top/examples/demo/run 2>&1 </dev/null`;
    my $status = $?;
    my $name = $redis ? "two nodes" : "one node";

    is $status, 0, "$name: exit status" or diag $out;
    like $out, qr/^demo: (\d+) steps, 0 failed\n\z/m, "$name: its last line";
    unlike $out, qr/FAILED/, "$name: no step failed";

    my ($steps) = $out =~ /^demo: (\d+) steps/m;
    my @steps = $out =~ /^ *(\d+)  \S.* ok$/mg;

    is scalar @steps, $steps // -1, "$name: every step is told";
    cmp_ok scalar @steps, '>=', $redis ? 13 : 10, "$name: the whole story";
    ok !-e "$top/build/demo", "$name: no files are left";
    is `pgrep -f '[b]uild/demo/'`, "", "$name: no process is left";
}

done_testing();
