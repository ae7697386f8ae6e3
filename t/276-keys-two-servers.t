# The two connections of a worker at two servers: what is changed at one of them
# is not told by the other, so that nothing may be kept then.  A peer in between
# leads each new connection to the server of the moment, as a name or a virtual
# address does after a failover.

use v5.32;
use warnings;
use lib ($ENV{POSTERN_TOP} // ".") . "/t/lib";

use IO::Select;
use IO::Socket::INET;
use PosternStore;
use RedisKeys;
use Test::More;
use Time::HiRes qw(sleep time);

my $leads = dir() . "/leads";

sub lead_to {
    open my $out, ">", "$leads.new" or die;
    print $out $_[0];
    close $out;
    rename "$leads.new", $leads or die;
}

sub leads_to {
    open my $in, "<", $leads or die;
    return scalar <$in>;
}

# the same record at both servers, or another one at one of them
sub set_at {
    my ($n, $id, $json) = @_;
    redis_cli($n, "set", "postern:key:{$id}", $json // key_of($id));
}

sub ids_at {
    my ($n, $type) = @_;
    return redis_cli($n, "client", "list", "type", $type) =~ /^id=(\d+) .*name=postern/mg;
}

sub gets_at {
    return redis_cli($_[0], "info", "commandstats")
           =~ /cmdstat_getrange:calls=(\d+)/ ? $1 : 0;
}

redis($_) for 10, 12;
lead_to(10);

peer(11, sub {
    my ($client) = @_;
    my $server = IO::Socket::INET->new(PeerAddr => "127.0.0.1",
                                       PeerPort => port(leads_to())) or return;
    my $both = IO::Select->new($client, $server);

    while (1) {
        for my $from ($both->can_read(1)) {
            sysread($from, my $bytes, 65536) or return;
            syswrite($from == $client ? $server : $client, $bytes);
        }
    }
});

# the numbers of connections that the other one has, too, further down

redis_cli(10, "ping") for 1 .. 30;

nginx(0, keys_conf(0) =~ s/:@{[port(10)]} /:@{[port(11)]} /r,
      "worker_processes 1;");
set_at($_, "AK1") for 10, 12;

sub took { return $_[0] =~ /still/ ? 99 : $_[0] }

sub kept {
    my ($n) = @_;
    my $before = gets_at($n);
    answer(0, "AK1") for 1 .. 20;
    return gets_at($n) - $before < 10;
}

like(until_("200 -", [0], "AK1"), qr/^[\d.e-]+$/, "a key");
ok(wait_for(sub { kept(10) }, 5), "is kept");

# numbers of connections are the same at the other server, and have names there
# that begin alike

my @others = map {
    my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1",
                                  PeerPort => port(12)) or die;
    print $s "CLIENT SETNAME postern-" . ("0" x 32) . "\r\n";
    readline $s;
    $s;
} 1 .. 60;

my ($told) = ids_at(10, "pubsub");
like(redis_cli(12, "client", "list", "id", $told), qr/^id=$told /,
     "the other server has a connection of the number $told, too");


# the connection that keys are read by goes to the other server, the one that
# tells of changes stays: a revocation there is told by nobody

for my $round (1 .. 3) {
    lead_to(12);
    redis_cli(10, "client", "kill", "type", "normal", "skipme", "yes");
    like(until_("200 -", [0], "AK1"), qr/^[\d.e-]+$/,
         "round $round: at the other server");

    set_at(12, "AK1", key_of("AK1", status => '"disabled"'));
    my $took = until_("401 sign/key-disabled", [0], "AK1");
    cmp_ok(took($took), "<", 1, "a revocation there is seen: $took");

    set_at(12, "AK1");
    $took = until_("200 -", [0], "AK1");
    cmp_ok(took($took), "<", 1, "and what takes it back: $took");

    ok(wait_for(sub { kept(12) }, 5), "both lead there, and keys are kept");

    # and back

    lead_to(10);
    redis_cli(12, "client", "kill", "type", "normal", "skipme", "yes");
    set_at(10, "AK1", key_of("AK1", status => '"disabled"'));
    $took = until_("401 sign/key-disabled", [0], "AK1");
    cmp_ok(took($took), "<", 1, "the same on the way back: $took");
    set_at(10, "AK1");
    ok(wait_for(sub { answer(0, "AK1") eq "200 -" && kept(10) }, 5),
       "both are back");
}

like(join("", error_log(0, qr/\[error\].*not told of by the server/)),
     qr/two servers have its address/, "it is told in the error log");
like(join("", error_log(0, qr/\[notice\]/)), qr/keys are read from again/,
     "and that it is over");


# only the connection that tells of changes goes to the other server: keys are
# read from the one of yesterday, until that connection follows

lead_to(12);
set_at(12, "AK1", key_of("AK1", status => '"disabled"'));
redis_cli(10, "client", "kill", "type", "pubsub");
my $took = until_("401 sign/key-disabled", [0], "AK1");
cmp_ok(took($took), "<", 2, "the other one follows: $took");
set_at(12, "AK1");
ok(wait_for(sub { answer(0, "AK1") eq "200 -" && kept(12) }, 5), "there they are");


# as long as there are two, each request asks, and nothing breaks

lead_to(12);
my $until = time + 3;
my %seen;
while (time < $until) {
    lead_to(leads_to() == 10 ? 12 : 10);
    redis_cli($_, "client", "kill", "type", "pubsub") for 10, 12;
    $seen{answer(0, "AK1")}++ for 1 .. 20;
    sleep 0.05;
}
is(join(", ", grep { !/^(200 -|503 sign.unavailable)$/ } keys %seen), "",
   "nothing but the key, or nobody can tell");
cmp_ok($seen{"200 -"} // 0, ">", 0, "the key");


# who may not ask for it keeps nothing

redis_cli(12, "acl", "setuser", "half", "on", ">half", "~postern:*", "+set",
          "+get", "+getdel", "+del", "+getrange", "+pttl", "+eval", "+evalsha",
          "+time", "+select", "+ping", "+client|setname", "+client|id",
          "+client|tracking", "+subscribe", "&__redis__:invalidate");
lead_to(12);
nginx(0, keys_conf(0) =~ s{redis://\S+:\d+ }{redis://half:half\@127.0.0.1:@{[port(12)]} }r,
      "worker_processes 1;");
answer(0, "AK1");
sleep 0.3;
my $before = gets_at(12);
answer(0, "AK1") for 1 .. 20;
is(gets_at(12) - $before, 20, "without CLIENT LIST each request asks");
ok(wait_for(sub { error_log(0, qr/of changed keys.*nobody says whether/) }, 3),
   "which is told");

nginx_stop(0);
is_deeply([error_log(0, qr/\[(alert|emerg|crit)\]/)], [], "no fault");

done_testing();
