# Faults of nginx and of its machine, on one node without Redis: workers, reloads,
# upgrades of the binary, the disk of the log, limits, the zone, the clock, memory.
#
# run: alone

use v5.32;
use warnings;
use lib ($ENV{POSTERN_TOP} // ".") . "/t/lib";

use FaultRun;
use Test::More;

note("nginx and its machine");
holds(fault_run("--profile zone --rounds 18 --seed 723"), 18);

note("the smallest zone, filled");
holds(fault_run("--profile tight --rounds 1 --seed 723"), 1);

note("its clock jumps, its allocations fail");
holds(fault_run("--profile preload --rounds 6 --seed 723"), 6);

done_testing();
