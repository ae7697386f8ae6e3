# Keys in Redis while Redis is away, silent, or does not tell of changes; what is
# kept, how much of it, and what strangers cost.

use v5.32;
use warnings;
use lib ($ENV{POSTERN_TOP} // ".") . "/t/lib";

use IO::Select;
use IO::Socket::INET;
use PosternStore;
use RedisKeys;
use Test::More;
use Time::HiRes qw(sleep time);

my $one = "worker_processes 1;";

sub calls {
    my ($command) = @_;
    return redis_cli(10, "info", "commandstats")
           =~ /cmdstat_$command:calls=(\d+)/ ? $1 : 0;
}

# how often Redis is asked for keys in the meantime
sub gets {
    my ($code) = @_;
    my $before = calls("getrange");
    $code->();
    return calls("getrange") - $before;
}

sub says {
    my ($n, $id, $times) = @_;
    my %seen;
    $seen{answer($n, $id)}++ for 1 .. $times;
    return join ", ", map { "$seen{$_} x $_" } sort keys %seen;
}


# a key that is used is asked for once, and now and then when nobody used it

redis(10);
nginx(0, keys_conf(0), $one);
set_key("AK1");
answer(0, "AK1");

cmp_ok(gets(sub { is(says(0, "AK1", 200), "200 x 200 -", "200 requests") }),
       "<=", 5, "ask Redis for the key a few times at most");
cmp_ok(gets(sub { is(says(0, "nobody", 200), "200 x 401 sign/unknown-key",
                     "200 of a key that is not there") }),
       "<=", 5, "as few");

sleep 0.7;
cmp_ok(gets(sub { is(answer(0, "AK1"), "200 -", "after a while") }), "==", 1,
       "Redis is asked again");


# more keys than are kept; and strangers take nobody's place

nginx(0, keys_conf(0, "postern_keys redis cache=50;"), $one);
set_keys(map { ("K$_" => key_of("K$_")) } 1 .. 1000);

for my $round (1, 2) {
    my %seen;
    $seen{answer(0, "K$_")}++ for 1 .. 1000;
    is_deeply(\%seen, { "200 -" => 1000 }, "1,000 keys, round $round");
}

answer(0, "K$_") for 1 .. 20;
cmp_ok(gets(sub { answer(0, "K$_") for 1 .. 20 }), "<=", 20, "some are kept");

my $before = calls("getrange");
for my $i (1 .. 60) {
    answer(0, "stranger-$i-$_") for 1 .. 5;
    answer(0, "K$_") for 1 .. 3;
}
cmp_ok(calls("getrange") - $before, "<", 300 + 120,
       "keys in use stay while strangers try 300 ids");
is(answer(0, "stranger-1-1"), "401 sign/unknown-key", "none of them is one");


# Redis is away: nobody can tell of a key that the file does not have

nginx($_, keys_conf($_)) for 0, 1;
set_key("AK1");
is(statuses([0, 1], "AK1"), "200 -", "a key");
redis_stop(10);

is(answer($_, "AK1"), "503 sign/unavailable", "node $_: 503 without Redis")
    for 0, 1;
is(answer(0, "nobody"), "503 sign/unavailable", "also for what is no key");

my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1",
                              PeerPort => sign_port(0)) or die;
print $s signed("AK1");
like(join("", $s->getlines), qr/^Retry-After: \d+\r$/m, "with Retry-After");

redis(10);
like(until_("401 sign/unknown-key", [0, 1], "AK1"), qr/^[\d.e-]+$/,
     "back and empty: the key is gone");
set_key("AK1");
like(until_("200 -", [0, 1], "AK1"), qr/^[\d.e-]+$/, "and there again");


# only the connection that tells of changes is lost: nothing old is used

for my $round (1 .. 5) {
    redis_cli(10, "client", "kill", "type", "pubsub");
    set_key("AK1", key_of("AK1", status => '"disabled"'));
    my $took = until_("401 sign/key-disabled", [0, 1], "AK1");
    cmp_ok($took =~ /still/ ? 99 : $took, "<", 1, "lost, and changed: $took");
    redis_cli(10, "client", "kill", "type", "pubsub");
    set_key("AK1");
    $took = until_("200 -", [0, 1], "AK1");
    cmp_ok($took =~ /still/ ? 99 : $took, "<", 1, "and back: $took");
}

# and while the other one is lost, keys are asked for anew

for my $round (1 .. 5) {
    redis_cli(10, "client", "kill", "type", "normal", "skipme", "yes");
    my $took = until_("200 -", [0, 1], "AK1");
    cmp_ok($took =~ /still/ ? 99 : $took, "<", 2, "the way to Redis: $took");
}


# a user of Redis who may not be told of changes: each request asks

redis_cli(10, "acl", "setuser", "poor", "on", ">poor", "~postern:*", "+set",
          "+get", "+getdel", "+del", "+getrange", "+pttl", "+eval", "+evalsha", "+time",
          "+select", "+ping", "+client|setname");

nginx(0, keys_conf(0) =~ s{redis://}{redis://poor:poor\@}r, $one);
cmp_ok(gets(sub { is(says(0, "AK1", 20), "20 x 200 -", "without") }), "==", 20,
       "nothing is kept where nobody tells of changes");
ok(wait_for(sub { error_log(0, qr/of changed keys .*does not tell of changed keys/)
                  || error_log(0, qr/, of changed keys (?:refused|is lost|is unavail)/) }, 3),
   "which is told");

redis_cli(10, "acl", "setuser", "rich", "on", ">rich", "~postern:*", "+set",
          "+get", "+getdel", "+del", "+getrange", "+pttl", "+eval", "+evalsha", "+time",
          "+select", "+ping", "+client|setname", "+client|id",
          "+client|tracking", "+client|list", "+subscribe",
          "&__redis__:invalidate");

nginx(0, keys_conf(0) =~ s{redis://}{redis://rich:rich\@}r, $one);
answer(0, "AK1");
sleep 0.1;
answer(0, "AK1");
cmp_ok(gets(sub { is(says(0, "AK1", 20), "20 x 200 -", "with") }), "<=", 3,
       "what the documentation lists is enough");
is(scalar(error_log(0, qr/\[(error|alert|crit|emerg)\]/)), 0, "no complaint");


# a connection that has fallen silent: the peer in between passes nothing on any
# more to whoever has subscribed

my $mute = dir() . "/mute";
unlink $mute;

peer(11, sub {
    my ($client) = @_;
    my $server = IO::Socket::INET->new(PeerAddr => "127.0.0.1",
                                       PeerPort => port(10)) or return;
    my $both = IO::Select->new($client, $server);
    my $link = 0;

    while (1) {
        for my $from ($both->can_read(1)) {
            sysread($from, my $bytes, 65536) or return;
            $link ||= $bytes =~ /SUBSCRIBE/;
            next if $link && -e $mute;
            syswrite($from == $client ? $server : $client, $bytes);
        }
    }
});

nginx(0, keys_conf(0) =~ s/:@{[port(10)]} /:@{[port(11)]} /r, $one);
set_key("AK1");
like(until_("200 -", [0], "AK1"), qr/^[\d.e-]+$/, "through a peer");
cmp_ok(gets(sub { says(0, "AK1", 50) }), "<=", 3, "the key is kept");

open my $file, ">", $mute or die;
set_key("AK1", key_of("AK1", status => '"disabled"'));
my $took = until_("401 sign/key-disabled", [0], "AK1");
cmp_ok($took =~ /still/ ? 99 : $took, "<", 1,
       "what nobody was told of is seen all the same: $took");
is(says(0, "AK1", 20), "20 x 401 sign/key-disabled", "and stays seen");
ok(wait_for(sub { answer(0, "AK1");
                  error_log(0, qr/of changed keys .*does not answer/) }, 8),
   "a silent connection is given up");
unlink $mute;
ok(wait_for(sub { gets(sub { answer(0, "AK1") for 1 .. 5 }) < 3 }, 8),
   "and another one made");
set_key("AK1");
$took = until_("200 -", [0], "AK1");
cmp_ok($took =~ /still/ ? 99 : $took, "<", 1, "which tells: $took");

peer_stop();


# clients that go away while Redis is asked; and no more than so many questions,
# whose deadline is not what is tested here

nginx(0, keys_conf(0) =~ s/timeout=1s/timeout=20s/r, $one);
answer(0, "AK1");

redis_signal(10, "STOP");

for my $round (1 .. 3) {
    my @gone = map {
        my $c = IO::Socket::INET->new(PeerAddr => "127.0.0.1",
                                      PeerPort => sign_port(0)) or die;
        print $c signed("gone-$round-$_");
        $c;
    } 1 .. 250;
    sleep 0.1;
    close $_ for @gone;
}

redis_signal(10, "CONT");
ok(wait_for(sub { answer(0, "AK1") eq "200 -" }, 5), "they leave nothing behind");

redis_signal(10, "STOP");
my @waiting = map {
    my $c = IO::Socket::INET->new(PeerAddr => "127.0.0.1",
                                  PeerPort => sign_port(0)) or die;
    print $c signed("many-$_");
    $c;
} 1 .. 700;

ok(wait_for(sub { 700 - 512 <= grep { IO::Select->new($_)->can_read(0) } @waiting },
            10),
   "beyond 512 questions 503 comes at once");
redis_signal(10, "CONT");

my %seen;
for my $c (@waiting) {
    my $line = readline($c) // "none";
    $seen{$line =~ m{^HTTP/1.1 (\d+)} ? $1 : "none"}++;
}
is(($seen{401} // 0) + ($seen{503} // 0), 700, "each is answered");
cmp_ok($seen{401} // 0, ">", 0, "and what was asked for, with what Redis said");
is(answer(0, "AK1"), "200 -", "life goes on");


# a reload, and workers that end while they ask

redis_signal(10, "STOP");
my @late = map {
    my $c = IO::Socket::INET->new(PeerAddr => "127.0.0.1",
                                  PeerPort => sign_port(0)) or die;
    print $c signed("AK1");
    $c;
} 1 .. 5;
sleep 0.2;
nginx_reload(0);
sleep 0.2;
redis_signal(10, "CONT");
is(scalar(grep { (readline($_) // "") =~ m{^HTTP/1.1 (200|503)} } @late), 5,
   "what was asked before a reload is answered");
ok(wait_for(sub { answer(0, "AK1") eq "200 -" }, 5), "and after it");

nginx_stop(0);
is_deeply([error_log(0, qr/\[(alert|emerg|crit)\]/)], [], "no fault");

done_testing();
