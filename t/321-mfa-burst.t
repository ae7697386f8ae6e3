# AuthQuake, CVE-2024-0227, CVE-2026-56450: a thousand guesses at once, over
# HTTP/2, over two nodes and over several workers, are no more guesses than one
# after the other; and the right answer sent a thousand times is right once.

use v5.32;
use warnings;
use lib ($ENV{POSTERN_TOP} // ".") . "/t/lib";

use MfaProve;
use PosternStore;
use Test::More;

redis(8);

my @right = (name => "alice", given => $password);
my $limit = "attempts=7 address=100000r/m";

for my $redis (1, 0) {
    my @nodes = $redis ? (0, 1) : (0);
    my $where = $redis ? "two nodes with Redis" : "two workers with a zone";

    redis_cli(8, "FLUSHALL");
    node($_, redis => $redis, accounts => !$redis, limit => $limit) for @nodes;

    is(scalar(workers(0)), 2, "two workers") if !$redis;

    my $seen = burst(\@nodes, 1000, "pwd", name => "alice", given => "wrong");
    is_deeply($seen, { no => 5, wait => 995 },
              "1000 passwords at $where: five were checked");

    $seen = burst(\@nodes, 1000, "pwd", name => "nobody", given => "wrong");
    is_deeply($seen, { no => 5, wait => 995 }, "nobody's as well");

    $seen = burst(\@nodes, 1000, "otp", name => "alice", given => "000000");
    is_deeply($seen, { no => 5, wait => 995 }, "1000 codes at $where");

    $seen = burst(\@nodes, 1000, "recovery", name => "alice",
                  given => "AAAA-AAAA-AAAA-AAAA");
    is_deeply($seen, { no => 5, wait => 995 }, "1000 recovery codes at $where");

    like(ask(0, "pwd", @right), qr/^wait/, "the right one has to wait now");

    for my $kind (["otp", "alice", sub { totp() }],
                  ["otp", "tom", sub { hotp(0) }],
                  ["recovery", "alice", sub { $recovery[0][0] }])
    {
        my ($what, $name, $given) = @$kind;

        ask(0, "forget", name => $name);

        my $code = $given->();

        $seen = burst(\@nodes, 1000, $what, name => $name, given => $code);

        is($seen->{yes}, 1, "1000 times the same right $what of $name"
                            . " at $where: one is let in");
        is($seen->{unavailable} // 0, 0, "and none is left in doubt");
        is($seen->{failed} // 0, 0, "or lost");

        ask(0, "forget", name => $name);
        isnt(ask($nodes[-1], $what, name => $name, given => $code), "yes",
             "it does not count later");
    }

    # without a limit in the way, so that all of them come to the claim

    ask(0, "forget", name => "alice");

    my $code = totp(1);
    my @answers = ask_all(map {
        [$nodes[$_ % @nodes], "otp", name => "alice", given => $code,
         lane => sprintf "lane%012d", $_]
    } 1 .. 200);

    is(scalar(grep { $_ eq "yes" } @answers), 1,
       "of 200 devices with one code, one is let in");
    is(scalar(grep { $_ eq "used" } @answers), 199, "all others hear why");

    @answers = ask_all(map {
        [$nodes[$_ % @nodes], "recovery", name => "alice",
         given => $recovery[1][0], lane => sprintf "lane%012d", $_]
    } 1 .. 40);

    is(scalar(grep { $_ eq "yes" } @answers), 1,
       "of 40 devices with one recovery code, one is let in");
    is(scalar(grep { /^(no|used|unavailable)$/ } @answers), 39,
       "and no other one");

    my $used = account(0, "alice")->{recovery_used};

    is_deeply([sort @$used], [sort map { $_->[1] } @recovery[0, 1]],
              "two codes are used up");

    @answers = ask_all(map {
        [$nodes[$_ % @nodes], "otp", name => "tom", given => hotp(1),
         lane => sprintf "lane%012d", $_]
    } 1 .. 40);

    is(scalar(grep { $_ eq "yes" } @answers), 1,
       "of 40 devices with one code by counter, one is let in");
    is((values %{account(0, "tom")->{counters}})[0], 2, "the counter is behind it");

    nginx_stop($_) for @nodes;
    is(join("", map { error_log($_, qr/\[(alert|emerg|crit|error)\]/) } @nodes),
       "", "nothing was wrong");
}

done_testing();
