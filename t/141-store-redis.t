# What two nodes with one Redis answer to swap, attempt, clear and recent.

use v5.32;
use warnings;
use lib ($ENV{POSTERN_TOP} // ".") . "/t/lib";

use IO::Socket::INET;
use PosternStore;
use Test::More;
use Time::HiRes qw(sleep time);

my $redis = "127.0.0.1:" . port(10);
my $store = "postern_zone 1m; postern_redis redis://$redis timeout=5s;";
my $one   = "worker_processes 1;";

sub begin {
    my ($n, $path) = @_;
    my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => port($n))
        or die;
    print $s "GET $path HTTP/1.0\r\nHost: t\r\n\r\n";
    return $s;
}

sub end {
    my ($s) = @_;
    my $all = join "", $s->getlines;
    $all =~ s/^.*?\r\n\r\n//s or return "";
    chomp $all;
    return $all;
}

# a connection that stays open, and the worker that has it: the kernel spreads
# those to this port over the workers

sub keep {
    my ($n) = @_;
    my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1",
                                  PeerPort => port($n + 24)) or die;
    return ($s, ask($s, "/pid"));
}

sub request { my ($s, $path) = @_; print $s "GET $path HTTP/1.1\r\nHost: t\r\n\r\n" }

sub answer {
    my ($s) = @_;
    my ($len, $body) = (0, "");

    while (my $line = readline $s) {
        $len = $1 if $line =~ /^Content-Length: (\d+)/i;
        last if $line eq "\r\n";
    }

    read $s, $body, $len;
    chomp $body;
    return $body;
}

sub ask { my ($s, $path) = @_; request($s, $path); return answer($s) }

sub put { my ($n, $name, $value) = @_;
          get($n, "/put?org=a&name=$name&value=$value&ttl=60000") }
sub recent { my ($n, $name, $age) = @_;
             get($n, "/recent?org=a&name=$name&age=" . ($age // 400)) }
sub swap { my ($n, $name, $old, $new) = @_;
           get($n, "/swap?org=a&name=$name&old=$old&new=$new&ttl=60000") }
sub behind { my ($name, $value) = @_;
             redis_cli(10, "set", "postern:{a}:r:$name", $value) }

# free, wait, wait_max, max, ttl
sub attempt {
    my ($n, $name, @b) = @_;
    return get($n, "/attempt?org=a&name=$name&free=$b[0]&wait=$b[1]"
                   . "&longest=$b[2]&max=$b[3]&ttl=$b[4]");
}

redis(10);
nginx($_, $store) for 0, 1;


# a copy answers for its time, and no longer

is(recent(0, "x"), "none", "nothing is there");
is(put(0, "x", "one"), "kept", "put");
is(recent(0, "x", 10000), "found one", "and found");
behind("x", "two");
is(recent(0, "x", 10000), "found one", "a copy answers");
is(recent(0, "x", 1), "found two", "but not whom it is too old for");
is(get(0, "/get?org=a&name=x"), "found two", "nor those that want none");

put(0, "y", "one");
is(recent(1, "y", 60000), "found one", "a copy on another node");
put(0, "y", "two");
is(recent(1, "y", 60000), "found one", "which does not hear of changes");
my $end = time + 0.4;
my ($asked, $old) = (time, 0);
($old, $asked) = ($asked, time)
    while recent(1, "y") ne "found two" && time < $end + 20;
cmp_ok($old, "<", $end + 0.05, "sees one within the time it allows");
cmp_ok(time, "<", $end + 20, "and sees it");

is(recent(0, "none", 60000), "none", "what is not there");
behind("none", "some");
is(recent(0, "none", 60000), "found some", "is asked for each time");


# what is written at this node is seen at once

for my $write ([ "put", sub { put(0, "w", "new") }, "kept", "found new" ],
               [ "swap", sub { swap(0, "w", "old", "new") }, "swapped",
                 "found new" ],
               [ "swap", sub { swap(0, "w", "old", "-") }, "swapped", "none" ],
               [ "delete", sub { get(0, "/delete?org=a&name=w") }, "deleted",
                 "none" ],
               [ "take", sub { get(0, "/take?org=a&name=w") }, "found old",
                 "none" ])
{
    my ($what, $code, $says, $then) = @$write;
    my $stale = 0;

    for (1 .. 20) {
        put(1, "w", "old");
        recent(0, "w", 60000) eq "found old" or sleep 0.01;
        $code->() eq $says or $stale++;
        recent(0, "w", 60000) eq $then or $stale++;
        $code = $write->[1];
        get(0, "/delete?org=a&name=w");
    }
    is($stale, 0, "$what: seen at once by all workers");
}

is(put(0, "z", "one"), "kept", "put");
is(recent(0, "z", 60000), "found one", "and copied");
behind("z", "two");
is(swap(0, "z", "one", "three"), "differs", "a swap that fails");
is(recent(0, "z", 60000), "found two", "drops the copy too");


# what was asked for before a write does not bring the old value back

nginx(0, $store, $one);

for my $round (1 .. 3) {
    put(0, "r", "old");
    redis_signal(10, "STOP");
    my ($asked, $written) = map {
        my $path = $_;
        waits(10, sub { begin(0, $path) })
    } "/recent?org=a&name=r&age=60000", "/put?org=a&name=r&value=new&ttl=60000";
    redis_signal(10, "CONT");
    like(end($asked), qr/^found (old|new)$/, "asked for while it was written");
    is(end($written), "kept", "which was done");
    is(recent(0, "r", 60000), "found new", "and is seen");
}

nginx(0, $store);
my $stale = 0;

for my $round (1 .. 12) {
    put(0, "r", "old");
    redis_signal(10, "STOP");
    my @reads = waits(10, sub {
        map { begin(0, "/recent?org=a&name=r&age=60000") } 1 .. 4
    });
    my ($written) = waits(10, sub {
        begin(0, $round % 2
                 ? "/put?org=a&name=r&value=new&ttl=60000"
                 : "/swap?org=a&name=r&old=old&new=new&ttl=60000")
    });
    push @reads, map { begin(0, "/recent?org=a&name=r&age=60000") } 1 .. 4;
    sleep 0.02;
    redis_signal(10, "CONT");
    end($written) =~ /^(kept|swapped)$/ or $stale++;
    recent(0, "r", 60000) eq "found new" or $stale++ for 1 .. 4;
    end($_) for @reads;
    recent(0, "r", 60000) eq "found new" or $stale++ for 1 .. 4;
}

is($stale, 0, "whichever worker asks, before or meanwhile");

# one worker's question is answered before the other's write, and read after it

my %worker;
for (1 .. 200) {
    my ($s, $pid) = keep(0);
    $worker{$pid} //= $s;
    last if keys %worker == 2;
}
is(keys %worker, 2, "a connection to each worker");
my ($reader, $writer) = sort keys %worker;

for my $round (1 .. 3) {
    put(1, "q", "old");
    ask($worker{$_}, "/get?org=a&name=q") for $reader, $writer;
    redis_signal(10, "STOP");
    waits(10, sub {
        request($worker{$reader}, "/recent?org=a&name=q&age=60000");
    });
    kill "STOP", $reader;
    waits(10, sub {
        request($worker{$writer}, "/put?org=a&name=q&value=new&ttl=60000");
    });
    redis_signal(10, "CONT");
    is(answer($worker{$writer}), "kept", "written");
    kill "CONT", $reader;
    is(answer($worker{$reader}), "found old", "what was there before");
    is(ask($worker{$_}, "/recent?org=a&name=q&age=60000"), "found new",
       "is not there again") for $writer, $reader;
    get(0, "/delete?org=a&name=q");
}

# a question overtakes a write that was submitted before it

for my $write ("/put?org=a&name=p&value=new&ttl=60000",
               "/swap?org=a&name=p&old=old&new=new&ttl=60000",
               "/delete?org=a&name=p", "/take?org=a&name=p")
{
    put(1, "p", "old");
    redis_cli(10, "client", "pause", 60000, "write");
    request($worker{$writer}, $write);
    sleep 0.1;
    is(ask($worker{$reader}, "/recent?org=a&name=p&age=60000"), "found old",
       "not written yet");
    redis_cli(10, "client", "unpause");
    like(answer($worker{$writer}), qr/^(kept|swapped|deleted|found old)$/,
         "written");
    like(ask($worker{$_}, "/recent?org=a&name=p&age=60000"),
         $write =~ /new/ ? qr/^found new$/ : qr/^none$/, "and seen")
        for $reader, $writer;
}

# a client that leaves takes nothing along

put(0, "c", "old");
recent(0, "c", 60000);
redis_signal(10, "STOP");
my ($gone) = waits(10, sub {
    begin(0, "/put?org=a&name=c&value=new&ttl=60000")
});
close $gone;
sleep 0.1;
redis_signal(10, "CONT");
ok(wait_for(sub { get(0, "/get?org=a&name=c") eq "found new" }),
   "a write whose client left");
is(recent(0, "c", 60000), "found new", "is seen");


# compare and set

is(swap(0, "s", "one", "two"), "differs", "nothing is there to be swapped");
is(swap(0, "s", "-", "one"), "swapped", "what was not there is");
is(swap(1, "s", "-", "two"), "differs", "also on the other node");
is(swap(1, "s", "two", "three"), "differs", "it reads otherwise");
is(swap(1, "s", "one", "two"), "swapped", "it read so");
is(get(0, "/get?org=a&name=s"), "found two", "and reads as it was set");
cmp_ok(redis_cli(10, "pttl", "postern:{a}:r:s"), ">", 50000, "for its time");
is(swap(0, "s", "two", ""), "swapped", "an empty value");
is(swap(0, "s", "-", "x"), "differs", "is a value");
is(swap(0, "s", "", "-"), "swapped", "it is taken away");
is(redis_cli(10, "exists", "postern:{a}:r:s"), 0, "at Redis too");
is(swap(0, "s", "-", "-"), "swapped", "what is not there stays away");
redis_cli(10, "script", "flush");
is(swap(0, "s", "-", "flushed"), "swapped", "Redis has forgotten the script");
is(swap(0, "s", "flushed", "v" x 20000), "swapped", "a long value");
is(swap(0, "s", "v" x 20000, "short"), "swapped", "compared whole");

put(0, "race", "0");
my $count = race(600, 8, sub { swap($_[0] % 2, "race", "0", "w$_[0]") });
is($count->{swapped}, 1, "one of 600 over both nodes has its value set");
is($count->{differs}, 599, "and the others have not");


# guesses

$count = race(1000, 8, sub { attempt($_[0] % 2, "g", 7, 60000, 60000, 0, 60000) });
is_deeply($count, { go => 7, wait => 993 },
          "of 1000 guesses over four workers of two nodes, seven are free");
my ($ms) = attempt(1, "g", 7, 60000, 60000, 0, 60000) =~ /^wait (\d+)$/;
ok($ms && $ms > 30000 && $ms <= 60000, "the next one waits");
is(redis_cli(10, "exists", "postern:{a}:g:g"), 1, "under prefix, tag and kind");
is(get(1, "/clear?org=a&name=g"), "cleared", "clear on one node");
is(attempt(0, "g", 7, 60000, 60000, 0, 60000), "go 1", "forgets on the other");

my @b = ("b", 1, 2000, 3500, 4, 60000);

# to ask does not make a wait longer
sub until_go {
    my ($n, $want) = @_;
    my $got;

    wait_for(sub { ($got = attempt($n, @b)) !~ /^wait/ }, 30);
    is($got, $want, $want);
}

is(attempt(0, @b), "go 1", "the first guess");
($ms) = attempt(1, @b) =~ /^wait (\d+)$/;
ok($ms && $ms > 100 && $ms <= 2000, "the second waits");
until_go(1, "go 2");
($ms) = attempt(0, @b) =~ /^wait (\d+)$/;
ok($ms && $ms > 2000 && $ms <= 3500, "the third waits the longest");
until_go(0, "go 3");
my $before = redis_cli(10, "pttl", "postern:{a}:g:b");
attempt(0, @b);
cmp_ok(redis_cli(10, "pttl", "postern:{a}:g:b"), "<=", $before,
       "to ask does not keep it for longer");
redis_cli(10, "script", "flush");
until_go(1, "go 4");
is(attempt(0, @b), "never", "there is no further one");
is(attempt(0, "t", 1, 20000, 60000, 0, 10), "go 1",
   "a wait longer than the ttl");
sleep 0.1;
like(attempt(0, "t", 1, 20000, 60000, 0, 10), qr/^wait \d+$/, "is served");
is(attempt(0, "long", 0, 1, 300000000000, 0, 300000000000), "go 1",
   "the longest wait that there is");
$count = race(30, 1, sub { attempt(0, "free", 0, 0, 0, 0, 60000) });
is($count->{go}, 30, "no wait at all");

# names that were tried once do not fill Redis for a day

attempt(0, "once", 5, 1000, 30000, 0, 86400000) for 1 .. 2;
cmp_ok(redis_cli(10, "pttl", "postern:{a}:g:once"), "<=", 60000,
       "two guesses are forgotten after twice the longest wait");
cmp_ok(redis_cli(10, "pttl", "postern:{a}:g:once"), ">", 40000,
       "and not before it");
attempt(0, "ended", 5, 1000, 3000, 100, 86400000);
cmp_ok(redis_cli(10, "pttl", "postern:{a}:g:ended"), ">", 80000000,
       "where there is an end they are kept");

redis_cli(10, "set", "postern:{a}:g:odd", "nonsense");
is(attempt(0, "odd", 5, 1, 1, 0, 60000), "unavailable",
   "a count that nobody understands lets nobody through");
is(get(0, "/clear?org=a&name=odd"), "cleared", "until it is forgotten");
is(attempt(0, "odd", 5, 1, 1, 0, 60000), "go 1", "then it counts anew");


# Redis is away

nginx($_, "postern_zone 1m; postern_redis redis://$redis timeout=1s;", $one)
    for 0, 1;
is(attempt(0, "away", 5, 1000, 1000, 0, 60000), "go 1", "Redis is there");
is(put(0, "away", "v"), "kept", "with a record");
is(recent(0, "away", 60000), "found v", "and a copy of it");
redis_signal(10, "STOP");
is(attempt(0, "away", 5, 1000, 1000, 0, 60000), "unavailable",
   "a guess that cannot be counted is not made");
is(swap(0, "away", "v", "w"), "unavailable", "nor is a value set");
is(recent(0, "away", 60000), "unavailable", "a copy that was dropped");
is(get(0, "/clear?org=a&name=away"), "unavailable", "nothing is forgotten");
redis_signal(10, "CONT");
ok(wait_for(sub { attempt(0, "back", 5, 1000, 1000, 0, 60000) =~ /^go/ }),
   "Redis is back");

redis_stop(10);
ok(wait_for(sub { attempt(0, "g", 5, 1000, 1000, 0, 60000) eq "unavailable" }),
   "Redis is gone");
is(swap(0, "s", "a", "b"), "unavailable", "for swaps");
is(recent(0, "none", 1000), "unavailable", "and for who asks");


# a worker that shuts down waits for its answers

redis(10);
nginx(0, $store, $one);
put(0, "old", "v");
redis_signal(10, "STOP");
my @asked = waits(10, sub {
    map { begin(0, $_) } "/recent?org=a&name=old&age=400",
        "/swap?org=a&name=new&old=-&new=v&ttl=60000",
        "/attempt?org=a&name=q&free=1&wait=1&longest=1&max=1&ttl=60000"
});
sleep 0.1;
my @workers = workers(0);
nginx_reload(0);
sleep 0.3;
redis_signal(10, "CONT");
is_deeply([map { end($_) } @asked], [ "found v", "swapped", "go 1" ],
          "over a reload");
ok(wait_for(sub { my %now = map { $_ => 1 } workers(0);
                  !grep { $now{$_} } @workers }), "and exits");
is_deeply([error_log(0, qr/\[(alert|crit|emerg)\]|exited on signal|open socket/)],
          [], "nothing went wrong");


# without a zone, nothing is kept

nginx(0, "postern_redis redis://$redis;", $one);
is(put(0, "x", "one"), "kept", "put");
is(recent(0, "x", 60000), "found one", "found");
behind("x", "two");
is(recent(0, "x", 60000), "found two", "and asked for each time");
is(attempt(0, "nz", 1, 60000, 60000, 0, 60000), "go 1", "guesses are counted");
like(attempt(0, "nz", 1, 60000, 60000, 0, 60000), qr/^wait/, "by Redis");

done_testing();
