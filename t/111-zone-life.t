# The zone over the life of nginx: races of workers, reload, a killed worker.

use v5.32;
use warnings;
use lib ($ENV{POSTERN_TOP} // ".") . "/t/lib";

use PosternStore;
use Test::More;
use Time::HiRes qw(sleep);

nginx(0, "postern_zone 1m;");

# of all claims to one name, exactly one is the first

my $count = race(1000, 8, sub { get(0, "/claim?org=a&name=race&ttl=60000") });
is($count->{first}, 1, "one of 1000 identical claims is the first");
is($count->{duplicate}, 999, "and all others are duplicates");

$count = race(400, 8, sub { get(0, "/claim?org=a&name=n$_[0]&ttl=60000") });
is_deeply($count, { first => 400 }, "claims of different names do not meet");

is(get(0, "/put?org=a&name=once&value=v&ttl=60000"), "kept", "put");
$count = race(64, 8, sub { get(0, "/take?org=a&name=once") });
is($count->{found}, 1, "one of 64 takes gets the value");

$count = race(200, 8, sub { get(0, "/rate?org=a&name=r&limit=20&period=3600000") });
is($count->{allowed}, 20, "a limit of 20 allows 20 of 200");

# a reload keeps what there is

my @before = workers(0);
nginx_reload(0);
ok(wait_for(sub { my %now = map { $_ => 1 } workers(0);
                  !grep { $now{$_} } @before }, 10), "new workers");
like(get(0, "/claim?org=a&name=race&ttl=60000"), qr/^duplicate \d+$/,
     "a claim survives a reload");
like(get(0, "/rate?org=a&name=r&limit=20&period=3600000"), qr/^limited \d+$/,
     "a rate survives a reload");

# and happens between the claims of one race without a second first

$count = race(600, 8, sub {
    nginx_reload(0) if $_[0] == 200;
    get(0, "/claim?org=a&name=race2&ttl=60000");
});
is($count->{first}, 1, "one first over a reload");
is($count->{duplicate}, 599, "no claim is lost over a reload");

# a worker killed anywhere leaves the zone usable

for my $round (1 .. 5) {
    my $pid = fork();
    if ($pid == 0) {
        get(0, "/claim?org=a&name=k$round-$_&ttl=60000") for 1 .. 400;
        POSIX::_exit(0);
    }
    sleep 0.03 * $round;
    kill "KILL", (workers(0))[0];
    waitpid $pid, 0;
    is(get(0, "/claim?org=a&name=alive$round&ttl=60000"), "first",
       "round $round: the zone works after a worker was killed");
    like(get(0, "/claim?org=a&name=race&ttl=60000"), qr/^duplicate/,
         "round $round: and has forgotten nothing");
}

# another size is another zone

nginx_reload(0, "postern_zone 2m;");
ok(wait_for(sub { get(0, "/claim?org=a&name=race&ttl=60000") eq "first" }, 5),
   "a zone of another size starts empty");

# a full one says so, once for many

nginx(0, "postern_zone 256k;");
$count = race(4000, 8, sub { get(0, "/claim?org=a&name=f$_[0]&ttl=60000") });
my $full = $count->{first};
ok($full > 3500 && $full < 4000, "a claim for each cell of 256k: $full");
is($count->{unavailable}, 4000 - $full, "all others are refused");
is(scalar error_log(0, qr/"postern_zone" is full: $full entries, nothing has expired, 1 refused so far; make it larger/),
   1, "which is logged");
is(scalar error_log(0, qr/is full/), 1, "once");
$count = race($full, 8, sub { get(0, "/claim?org=a&name=f$_[0]&ttl=60000") });
ok(($count->{first} // 0) == 0, "and nothing was forgotten for it");

nginx(0, "postern_zone 1m;");
is(get(0, "/claim?org=a&name=x&ttl=60000"), "first", "a restart forgets");

is_deeply([grep { !/exited on signal 9/ } error_log(0, qr/\[(alert|emerg|crit|error)\]/)],
          [], "nothing to complain of");

done_testing();
