# Work in threads over the life of nginx: a full queue, memory, clients that go
# away, a reload.

use v5.32;
use warnings;
use lib ($ENV{POSTERN_TOP} // ".") . "/t/lib";

use IO::Socket::INET;
use MfaProve;
use PosternStore;
use Test::More;
use Time::HiRes qw(sleep time);

my $one = "worker_processes 1;";
my @bob = (name => "bob", given => "wrong");

sub tally {
    my %seen;
    $seen{$_ =~ s/ .*//r}++ for @_;
    return \%seen;
}

sub memory {
    my ($worker) = workers(0);
    open my $in, "<", "/proc/$worker/status" or die;
    my %field = map { /^(\w+):\s+(\d+) kB/ ? ($1, $2) : () } <$in>;
    return $field{VmHWM};
}

# a question whose answer nobody waits for

sub leave {
    my ($after, @more) = @_;
    my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1",
                                  PeerPort => http_port(0)) or die;
    my $given = { @more };

    print $s "GET /pwd?org=acme&name=$given->{name}&given=wrong HTTP/1.1\r\n"
             . "Host: t\r\n\r\n";
    $s->flush;
    sleep $after;
    close $s;
}

redis(8);

for my $redis (0, 1) {
    my $where = $redis ? "with Redis" : "in the zone";

    # 64 MiB and 4 passes: some 100 ms each
    node(0, redis => $redis, top => $one,
         argon2 => "memory=64m passes=4 running=1 queue=2");

    my $before = memory();
    my @answers = ask_at_once(0, map { ["pwd", @bob] } 1 .. 40);
    my $seen = tally(@answers);

    cmp_ok($seen->{no}, ">=", 2, "a queue of two is used, $where");
    cmp_ok($seen->{no}, "<=", 5, "and no more guesses than are free");
    is($seen->{no} + ($seen->{busy} // 0) + ($seen->{wait} // 0), 40,
       "the others hear that there is no room");
    cmp_ok($seen->{busy}, ">=", 20, "at once");

    cmp_ok(memory() - $before, "<", 1.6 * 65536,
           "one thread runs, one memory is used");

    # exactly what was checked was counted

    my $left = 5 - $seen->{no};
    is_deeply(tally(map { ask(0, "pwd", @bob) } 1 .. $left), { no => $left },
              "a full queue costs no guess") if $left;
    like(ask(0, "pwd", @bob), qr/^wait/, "and gives none");

    is(ask(0, "pwd", name => "weak", given => $password), "yes",
       "there is room again");

    @answers = ask_at_once(0, map { ["recovery", name => "alice",
                                     given => "x"] } 1 .. 20);
    $seen = tally(@answers);
    cmp_ok($seen->{busy}, ">=", 10, "recovery codes stand in the same queue");
    is(ask(0, "otp", name => "alice", given => totp()), "yes",
       "codes do not stand in it");

    # those who go away

    for my $n (1 .. 5) {
        leave(0.1, name => "tom");

        # until there is room for the next one again
        wait_for(sub { ask(0, "pwd", name => "idle$n", given => "x") ne "busy" });
    }

    like(ask(0, "pwd", name => "tom", given => "wrong"), qr/^wait/,
         "who goes away has made his guess");

    leave(0, name => "gone$_") for 1 .. 30;

    my $end = time + 60;
    my $answer;

    while (time < $end) {
        $answer = ask(0, "pwd", name => "none", given => "wrong");
        last if $answer ne "busy";
        sleep 0.1;
    }

    is($answer, "no", "and leaves the queue to others");

    # a thousand of them, in the middle of it

    for (1 .. 10) {
        open my $load, "-|", "timeout -s KILL 0.3 h2load -n 100000"
            . " -c 20 -m 20 'http://127.0.0.1:@{[http_port(0) + 2]}"
            . "/pwd?org=acme&name=x$_&given=y' 2>&1" or die;
        my @lines = <$load>;
        close $load;
    }

    is(scalar(workers(0)), 1, "the worker lives");
    wait_for(sub { ask(0, "pwd", name => "z" . rand, given => "y") eq "no" }, 60);

    @answers = ask_all(map { [0, "pwd", name => "q$_", given => "y"] } 1 .. 3);
    is_deeply(tally(@answers), { no => 3 }, "and all places are free again");

    nginx_stop(0);
    is(join("", error_log(0, qr/\[(alert|emerg|crit|error)\]/)), "",
       "nothing was wrong");
}


# a reload while threads are at work

redis_cli(8, "FLUSHALL");
node(0, redis => 1, top => $one,
     argon2 => "memory=64m passes=8 running=1 queue=64");

my ($old) = workers(0);
my $pid = open my $out, "-|";

die "fork: $!" if !defined $pid;

if ($pid == 0) {
    my @answers = ask_all(map {
        [0, "pwd", name => "bob", given => $password,
         lane => sprintf "lane%012d", $_]
    } 1 .. 8);
    print "@answers\n";
    close STDOUT;
    POSIX::_exit(0);
}

sleep 0.3;
reload_node(0, redis => 1, top => $one,
            argon2 => "memory=64m passes=8 running=1 queue=64");

is(ask(0, "pwd", name => "tom", given => $password), "yes",
   "the new worker answers");
chomp(my $answers = <$out> // "");
close $out;
is($answers, join(" ", ("yes") x 8), "the old one finishes what it began");
ok(wait_for(sub { !kill 0, $old }, 60), "and goes");

nginx_stop(0);
is(join("", error_log(0, qr/\[(alert|emerg|crit|error)\]/)), "",
   "nothing was wrong");

done_testing();
