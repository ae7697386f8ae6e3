# run: alone
#
# One signature, ten thousand times at once, over two nodes of two workers with
# one Redis: accepted once. Redis killed in the middle: none twice.

use v5.32;
use warnings;
use lib ($ENV{POSTERN_TOP} // ".") . "/t/lib";

use IO::Select;
use IO::Socket::INET;
use PosternStore;
use RedisKeys;
use Test::More;
use Time::HiRes qw(sleep time);

use constant CLIENTS => 8;
use constant BATCH => 25;      # requests in one write

my @durable = ("--appendonly", "yes", "--appendfsync", "always");


# each of these requests n times by each of CLIENTS processes, at both nodes in
# turn, on connections that stay open.  Counts by status, by node and status, of
# refusals without Retry-After; accepted: how often each request was, by node

sub copies {
    my ($n, $requests, $in_the_middle) = @_;

    my @texts = map { s/Connection: close/Connection: keep-alive/r } @$requests;
    my (%count, @readers);

    pipe(my $wait, my $go) or die;

    for my $child (1 .. CLIENTS) {
        pipe(my $r, my $w) or die;
        my $pid = fork() // die;
        if ($pid == 0) {
            close $r;
            close $go;
            my %sockets = map { $_ => connect_to($_) } 0, 1;
            sysread $wait, my $byte, 1;
            my %seen;
            for my $i (0 .. $#texts) {
                client($n, $i, $texts[$i], ($child + $i) % 2, \%sockets,
                       \%seen);
            }
            print $w map { "$_\t$seen{$_}\n" } keys %seen;
            close $w;
            POSIX::_exit(0);
        }
        close $w;
        push @readers, [$r, $pid];
    }

    sleep 0.3;
    close $go;
    $in_the_middle->() if $in_the_middle;

    for my $reader (@readers) {
        while (my $line = readline $reader->[0]) {
            my ($what, $n) = split /\t/, $line;
            $count{$what} += $n;
        }
        waitpid $reader->[1], 0;
    }

    return \%count;
}

sub connect_to {
    my ($n) = @_;
    return IO::Socket::INET->new(PeerAddr => "127.0.0.1",
                                 PeerPort => sign_port($n)) // die "connect: $!";
}

sub client {
    my ($left, $i, $text, $n, $sockets, $seen) = @_;

    while ($left > 0) {
        my $batch = $left < BATCH ? $left : BATCH;
        my $s = $sockets->{$n};

        print $s $text x $batch;

        for (1 .. $batch) {
            my ($status, $head, $body) = (0, "", "");
            while (my $line = readline $s) {
                $head .= $line;
                last if $line eq "\r\n";
            }
            $status = $1 if $head =~ m{^HTTP/1.1 (\d+)};
            read $s, $body, $head =~ /^Content-Length: (\d+)/mi ? $1 : 0;

            $seen->{$status}++;
            $seen->{"accepted $i $n"}++ if $status == 200;
            $seen->{"no retry-after"}++
                if $status == 503 && $head !~ /^Retry-After: [1-9]/m;

            if (!$status || $head =~ /^Connection: close/m) {
                $seen->{unanswered} += $batch - $_;
                $s = $sockets->{$n} = connect_to($n);
                last;
            }
        }

        $left -= $batch;
        $n = 1 - $n;
    }
}

sub of { my ($count, $status) = @_; return $count->{$status} // 0 }

# the most that one request was accepted, over the nodes or at one of them
sub most {
    my ($at_one_node, @counts) = @_;
    my %times;
    for my $count (@counts) {
        for (keys %$count) {
            /^accepted (\d+) (\d)/ or next;
            $times{$at_one_node ? "$1 $2" : $1} += $count->{$_};
        }
    }
    return (sort { $b <=> $a } values %times, 0)[0];
}

sub replays {
    my ($raw) = @_;
    return join " ", map { status_of($_, $raw) } 0, 1, 0, 1;
}

my $kept = "keepalive_requests 100000; sign_window 1h; ";


# without incident: one request ten thousand times, and many of them some

# how long Redis may take is not what is tested here

redis(10, @durable);
nginx($_, keys_conf($_, undef, $kept) =~ s/timeout=1s/timeout=20s/r) for 0, 1;

my $raw = signed("file-1");
my $count = copies(10_000 / CLIENTS, [$raw]);

is(of($count, 200), 1, "of 10,000 one is accepted");
is(of($count, 401), 9_999, "all others are replays");
is(replays($raw), join(" ", ("401 sign/replayed") x 4), "and later ones");

$count = copies(2, [map { signed("file-1") } 1 .. 200]);
is(of($count, 200), 200, "of 200 times 16 each is accepted");
is(most(0, $count), 1, "once");
is(of($count, 401), 200 * 15, "all others are replays");

# with a key that is in Redis itself

set_key("AK1");
until_("200 -", [0, 1], "AK1");
$count = copies(250, [signed("AK1")]);
is(of($count, 200), 1, "of 2,000 by a key in Redis one is accepted");
is(of($count, 401), 1_999, "all others are replays");


# Redis ends in the middle, killed at once or after a silence, and comes back
# with what it has said yes to

my %ends = (
    killed => sub { redis_signal(10, "KILL") },
    silent => sub { redis_signal(10, "STOP"); sleep 0.3;
                    redis_signal(10, "KILL") },
);

# waits until Redis has so many keys: some of the requests are claimed then, and
# the others not
sub until_size {
    my ($keys) = @_;
    my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1",
                                  PeerPort => port(10)) // die "connect: $!";

    for (1 .. 10_000) {
        print $s "DBSIZE\r\n";
        my ($now) = readline($s) =~ /^:(\d+)/ or die "no size";
        return if $now >= $keys;
        sleep 0.001;
    }

    die "only some of $keys keys have come";
}

sub ends_in_the_middle {
    my ($how, $round) = @_;
    my @requests = map { signed("file-1") } 1 .. 400;
    my $before = redis_cli(10, "dbsize");

    my $count = copies(3, \@requests, sub {
        until_size($before + 50 * $round);
        $ends{$how}->();
    });

    note "$how, round $round: ", join ", ",
         map { "$_: $count->{$_}" } grep { !/accepted/ } sort keys %$count;

    return ($count, \@requests);
}

my ($middle, $doubt) = (0, 0);

for my $how (sort keys %ends) {
    for my $round (1 .. 4) {
        my ($count, $requests) = ends_in_the_middle($how, $round);

        $middle++ if of($count, 503) && of($count, 200);

        is(most(0, $count), 1, "$how, round $round: none twice");
        is(of($count, 200) + of($count, 401) + of($count, 503),
           CLIENTS * 3 * 400, "all others are replays, or 503");
        is(of($count, "no retry-after"), 0, "503 comes with Retry-After");

        redis_stop(10);
        redis(10, @durable);
        like(until_("200 -", [0, 1], "file-1"), qr/^[\d.e-]+$/,
             "Redis is back at every worker");

        my $more = copies(2, $requests);
        is(most(0, $count, $more), 1, "6,400 more: still none twice");
        is(of($more, 503), 0, "nobody hears 503 any more");
        $doubt++ if of($more, 200);
    }
}

is($middle, 8, "each time it was in the middle");
diag("of 8 rounds, $doubt left requests whose claims were in doubt");


# the same where each node may decide alone

nginx($_, keys_conf($_, undef, "$kept sign_insecure_replay local;")) for 0, 1;

$middle = 0;

for my $how (sort keys %ends) {
    for my $round (1 .. 3) {
        my ($count, $requests) = ends_in_the_middle($how, $round);

        $middle++ if most(0, $count) == 2;

        is(most(1, $count), 1, "$how, round $round: at most once at a node");
        is(of($count, 200) + of($count, 401), CLIENTS * 3 * 400,
           "nobody hears 503");
        cmp_ok(of($count, 200), ">=", 400, "each is accepted somewhere");
        is(answer($_, "file-1"), "200 -", "node $_ goes on without Redis")
            for 0, 1;

        redis_stop(10);
        redis(10, @durable);

        my $more = copies(2, $requests);
        is(most(1, $count, $more), 1,
           "Redis is back: still at most once at a node");
    }
}

is($middle, 6, "each time each node was alone for a while");

# Redis that says nothing, and then all of it late

my @requests = map { signed("file-1") } 1 .. 50;

redis_signal(10, "STOP");
$count = copies(2, \@requests);
redis_signal(10, "CONT");
sleep 0.5;
my $more = copies(2, \@requests);
is(most(1, $count, $more), 1, "late replies let nothing in a second time");
cmp_ok(of($count, 200), ">=", 50, "what was silent has kept nobody");

is_deeply([error_log($_, qr/\[(alert|emerg|crit)\]/)], [], "node $_: no fault")
    for 0, 1;

done_testing();
