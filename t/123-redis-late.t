# What Redis gets to late: a claim is no second time the first because the one
# before it ran out while this one waited.

use v5.32;
use warnings;
use lib ($ENV{POSTERN_TOP} // ".") . "/t/lib";

use PosternStore;
use Test::More;
use Time::HiRes qw(sleep);

my $http = "postern_zone 1m; postern_redis redis://127.0.0.1:" . port(10);

# begun now, awaited by the function returned
sub begin {
    my ($n, $path) = @_;
    my $pid = open(my $out, "-|") // die;
    if ($pid == 0) {
        syswrite STDOUT, get($n, $path) . "\n";
        POSIX::_exit(0);
    }
    return sub { my $line = <$out>; close $out; chomp $line; $line };
}


redis(10);
nginx($_, "$http timeout=10s;") for 0, 1;

# as a signature: valid for 3 s more, then for 2 s more

is(get(0, "/claim?org=a&name=x&ttl=3000"), "first", "accepted at one node");
sleep 1;
redis_signal(10, "STOP");
my $answer = begin(1, "/claim?org=a&name=x&ttl=2000");
sleep 3;
redis_signal(10, "CONT");
like($answer->(), qr/^duplicate \d+$/,
     "a replay that Redis sees when the first would have run out");

redis_cli(10, "flushall");


# a worker that stood still: the answer was there, and came past the deadline

nginx(1, "$http timeout=2s;", "worker_processes 1;");

my ($worker) = workers(1);

redis_signal(10, "STOP");
($answer) = waits(10, sub { begin(1, "/claim?org=a&name=y&ttl=60000") });
kill "STOP", $worker;
redis_signal(10, "CONT");
sleep 2.2;
kill "CONT", $worker;
is($answer->(), "unavailable", "an answer read past the deadline accepts nothing");
is(get(1, "/claim?org=a&name=y&ttl=60000"), "first", "a retry there is no replay");
like(get(0, "/claim?org=a&name=y&ttl=60000"), qr/^duplicate/, "elsewhere it is");

done_testing();
