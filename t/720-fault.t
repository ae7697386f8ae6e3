# Faults under load, a few of them: what make fault does by the hundred.
#
# run: alone

use v5.32;
use warnings;
use lib ($ENV{POSTERN_TOP} // ".") . "/t/lib";

use FaultRun;
use Test::More;

note("Redis, what is between, and nginx: two nodes");
holds(fault_run("--profile redis --rounds 16 --seed 720"), 16);

note("network namespaces: partitions, latency");
holds(fault_run("--profile netns --rounds 7 --seed 720"), 7);

note("one node without Redis");
holds(fault_run("--profile zone --rounds 3 --seed 720"), 3);

done_testing();
