# The zone over an upgrade of nginx's binary: the workers of both masters know
# what was claimed, forwards and backwards.

use v5.32;
use warnings;
use lib ($ENV{POSTERN_TOP} // ".") . "/t/lib";

use PosternStore;
use Test::More;

sub claim { return get(0, "/claim?org=a&name=$_[0]&ttl=60000") }

nginx(0, "postern_zone 1m;");

is(claim("old"), "first", "a claim of the old nginx");
is(get(0, "/put?org=a&name=r&value=v&ttl=60000"), "kept", "and a record");

# the memory is the master's to hand on: a program that a worker starts, a
# script's or a module's, gets no descriptor of it

sub descriptors {
    return grep { (readlink // "") =~ m{^/memfd:postern:} }
           map { glob("/proc/$_/fd/*") } @_;
}

my $master = slurp_pid();
my @workers = split ' ', qx{pgrep -P $master};

is(scalar descriptors($master), 1, "the master keeps the zone's descriptor");
cmp_ok(scalar @workers, '>', 0, "there are workers");
is(scalar descriptors(@workers), 0, "they have none");

# forwards

my $old = nginx_begin(0, "both");
ok($old, "a new master");

# of identical claims racing over the workers of two masters, one is the first

my $count = race(600, 8, sub { get(0, "/claim?org=a&name=race&ttl=60000") });
is($count->{first}, 1, "one first among two masters");
is($count->{duplicate}, 599, "all others are duplicates");

ok(nginx_end(0, slurp_pid(), $old), "the old master has ended");
like(claim("old"), qr/^duplicate/, "the new one knows the claim");
is(get(0, "/get?org=a&name=r"), "found v", "and the record");
like(claim("race"), qr/^duplicate/, "what both have claimed stays claimed");

# once more, by the nginx that was upgraded, and back

my $before = nginx_begin(0);
ok($before, "a new master once more");
is(claim("new"), "first", "a claim of the new nginx");
ok(nginx_end(0, $before, slurp_pid()), "which is given up");
like(claim("new"), qr/^duplicate/, "the old nginx knows it");
like(claim("old"), qr/^duplicate/, "and all from before");

# a reload in between does not lose the memory

nginx_reload(0);
ok($before = nginx_begin(0), "reload, then upgrade");
like(claim("old"), qr/^duplicate/, "still known");
ok(nginx_end(0, slurp_pid(), $before), "the old master has ended");

# another size is another zone, which is told

nginx_reload(0, "postern_zone 2m;");
ok(wait_for(sub { claim("old") eq "first" }, 5), "a larger zone begins empty");
ok($before = nginx_begin(0), "and is upgraded");
like(claim("old"), qr/^duplicate/, "with what it holds");
ok(nginx_end(0, slurp_pid(), $before), "the old master has ended");

is(scalar error_log(0, qr/has no "postern_zone" of this size/), 0,
   "nothing was lost so far");

# the configuration was changed, and not loaded before the upgrade

PosternStore::configure(0, "postern_zone 1m;");
ok($before = nginx_begin(0), "an upgrade to another size");
is(claim("old"), "first", "begins empty");
is(scalar error_log(0, qr/^\d.* has no "postern_zone" of this size/), 1,
   "and says so");
ok(nginx_end(0, slurp_pid(), $before), "the old master has ended");

is_deeply([error_log(0, qr/\[(alert|emerg|crit|error)\]/)], [],
          "nothing to complain of");

done_testing();


sub slurp_pid {
    open my $in, "<", dir() . "/nginx-0/nginx.pid" or die $!;
    chomp(my $pid = <$in>);
    return $pid;
}
