# Quotas of claims, and claims that a node decides alone while Redis is away.

use v5.32;
use warnings;
use lib ($ENV{POSTERN_TOP} // ".") . "/t/lib";

use PosternStore;
use Test::More;
use Time::HiRes qw(sleep time);

my $store = "postern_zone 1m;";
my $redis = "postern_redis redis://127.0.0.1:" . port(10);

sub capped {
    my ($n, $name, $owner, $limit, $window, $ttl) = @_;
    $ttl //= $window;
    return get($n, "/capped?org=a&name=$name&ttl=$ttl&owner=$owner"
                   . "&limit=$limit&window=$window");
}

sub quota {
    my ($n, $owner, $limit, $window) = @_;
    return get($n, "/quota?org=a&owner=$owner&limit=$limit&window=$window");
}

sub local_ { my ($n, $name) = @_;
             return get($n, "/local?org=a&name=$name&ttl=60000") }
sub claim { my ($n, $name) = @_;
            return get($n, "/claim?org=a&name=$name&ttl=60000") }


# one node without Redis

nginx(0, $store);

is(quota(0, "k", 3, 60000), "free", "nothing is claimed");
is(capped(0, "n$_", "k", 3, 60000), "first", "claim $_ of three") for 1 .. 3;
like(quota(0, "k", 3, 60000), qr/^over 1?\d{5}$/, "the quota is used up");
like(capped(0, "n4", "k", 3, 60000), qr/^over 1?\d{5}$/, "no fourth one");
is(claim(0, "n4"), "first", "nothing was claimed by it");
is(quota(0, "k", 4, 60000), "free", "a higher limit has room");
like(capped(0, "n1", "l", 1, 60000), qr/^duplicate/, "a replay counts nothing");
is(capped(0, "m1", "l", 1, 60000), "first", "so that there is room for one");
is(quota(0, "k2", 3, 60000), "free", "others have quotas of their own");
is(get(0, "/quota?org=b&owner=k&limit=3&window=60000"), "free",
   "and so have organizations");

is(get(0, "/quota?org=a&owner=k&limit=0&window=60000"), "free",
   "no limit is half of what there is room for");
is(get(0, "/capped?org=a&name=x&ttl=10&owner=k&limit=1&window=0"),
   "status 500", "a window of nothing is not asked for");
is(get(0, "/capped?org=a&name=x&ttl=61000&owner=k&limit=1&window=60000"),
   "status 500", "nor a claim that outlives it");

# a race over two workers: as many as the limit, no more

my $count = race(400, 4, sub { capped(0, "race$_[0]", "r", 57, 60000) });
is($count->{first}, 57, "57 of 400 at a time");
is($count->{over}, 343, "all others are over the quota");

# it moves on

is(capped(0, "s$_", "s", 2, 2000), "first", "two in a window") for 1, 2;
my ($wait) = quota(0, "s", 2, 2000) =~ /over (\d+)/;
cmp_ok($wait // 0, ">", 0, "then one waits");
cmp_ok($wait // 9999, "<=", 4000, "two windows at most");
sleep $wait / 1000 + 0.02;
is(capped(0, "s3", "s", 2, 2000), "first", "and goes on");

# a reload keeps the count

nginx_reload(0, $store);
ok(wait_for(sub { error_log(0, qr/reconfiguring/) }, 5), "a reload");
like(quota(0, "k", 3, 60000), qr/^over/, "forgets nothing");


# with Redis: what came to nothing is given back

redis(10);
nginx($_, "$store $redis timeout=1s;") for 0, 1;

is(capped(0, "a1", "k", 2, 60000), "first", "one of two");
like(capped(1, "a1", "k", 2, 60000), qr/^duplicate/, "another node's");
like(quota(1, "k", 1, 60000), qr/^over /,
     "is known there, and takes of the quota");
like(capped(1, "a1", "k", 2, 60000), qr/^duplicate/, "once") for 1 .. 3;
is(capped(1, "a2", "k", 2, 60000), "first", "so that there is room for one");
like(capped(1, "a3", "k", 2, 60000), qr/^over/, "and for no more");

redis_stop(10);

ok(wait_for(sub { capped(0, "away", "w", 50, 60000) eq "unavailable"
                  && @{[error_log(0, qr/is unavailable|lost/)]} }, 5),
   "Redis is away");
sleep 0.2;
capped(0, "gone$_", "v", 3, 60000) for 1 .. 20;
is(quota(0, "v", 3, 60000), "free", "what was never sent is not counted");


# a node decides alone where it is told to

is(local_(0, "x"), "first alone", "no Redis: this node's answer counts");
like(local_(0, "x"), qr/^duplicate/, "once");
is(local_(1, "x"), "first alone", "the other node has its own");
like(local_(1, "x"), qr/^duplicate/, "once");
is(claim(0, "y"), "unavailable", "who does not ask for it is refused");
is(local_(0, "y"), "first alone", "and may be accepted later");
like(claim(0, "y"), qr/^duplicate/, "then not once more");

redis(10);
ok(redis_back(0, 10), "Redis is back");
ok(redis_back(1, 10), "for both");
like(local_(0, "x"), qr/^duplicate/, "what was decided here stays so");
like(local_(1, "x"), qr/^duplicate/, "at either node");
is(local_(0, "z"), "first", "and Redis decides again");
like(local_(1, "z"), qr/^duplicate/, "for all");

# an answer that comes late, or never: still once at a node

redis_signal(10, "STOP");

$count = race(200, 4, sub { local_(0, "late") });
is($count->{first}, 1, "one of 200 while Redis says nothing");
is($count->{duplicate}, 199, "no other");

redis_signal(10, "CONT");
ok(redis_back(0, 10), "Redis goes on");
like(local_(0, "late"), qr/^duplicate/, "a late reply opens nothing");
like(claim(0, "late"), qr/^duplicate/, "to nobody");

# Redis killed in the middle of a race of many claims, each many times

my @names = map { "k$_" } 1 .. 40;
my $killer = fork() // die;
if ($killer == 0) {
    sleep 0.15;
    redis_signal(10, "KILL");
    POSIX::_exit(0);
}

my %first;
for my $node (0, 1) {
    my $all = race(800, 4, sub {
        my $name = $names[$_[0] % @names];
        return local_($node, $name) =~ s/^(\w+).*/$1-$name/r;
    });
    $first{$node}{$_} = $all->{"first-$_"} // 0 for @names;
}
waitpid $killer, 0;
redis_stop(10);

is(scalar(grep { $first{0}{$_} > 1 || $first{1}{$_} > 1 } @names), 0,
   "no name twice at one node");
is(scalar(grep { !$first{0}{$_} } @names), 0, "each once at the first");

# without a zone there is nothing to decide by

nginx(0, "$redis timeout=300ms;");
is(local_(0, "x"), "unavailable", "no zone, no Redis");
is(quota(0, "k", 3, 60000), "unknown", "nor a quota");

is(scalar(error_log($_, qr/\[(emerg|crit)\]/)), 0, "node $_: no fault")
    for 0, 1;

done_testing();
