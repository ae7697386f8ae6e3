# Codes: the window of a clock, counters that run ahead, each code once, and
# what an authenticator without a place to write may not do.

use v5.32;
use warnings;
use lib ($ENV{POSTERN_TOP} // ".") . "/t/lib";

use MfaProve;
use PosternStore;
use Test::More;
use Time::HiRes qw(sleep);

redis(8);

sub code {
    my ($name, $given, @more) = @_;

    state $lane = 0;

    # a device of its own each time, so that nothing has to wait
    return ask(0, "otp", name => $name, given => $given,
               lane => sprintf("lane%012d", $lane++), @more);
}

# not in the last seconds of a step

sub steady { sleep 0.1 while time % 30 > 20 }


# what the counter of an authenticator of the directory is kept under

sub counter_of {
    my ($key) = @_;

    my $octal = join "", map { sprintf "\\%03o", ord } split //,
                $key // $secret;

    return "h" . substr qx(printf '$octal' | b2sum -l 128), 0, 15;
}


my %users = (
    alice => user(totp => [{}]),
    two => user(totp => [{ name => "Phone" }, { name => "Tablet", digits => 8 }]),
    hash => user(totp => [{ algorithm => "sha256",
                            secret => "plain:" . substr $secret x 4, 0, 32 }]),
    tom => user(hotp => [{ counter => 3 }]),
    mixed => user(totp => [{}], hotp => [{}, {}]),
    none => user(),
    torn => user(totp => [{ secret => "sealed:gone:" . "A" x 90 }]),
);

for my $redis (1, 0) {
    my $where = $redis ? "Redis" : "files";

    redis_cli(8, "FLUSHALL");
    node(0, redis => $redis, accounts => !$redis, users => \%users);

    # the window: one step to each side

    steady();
    is_deeply([map { code("alice", totp($_)) } -2 .. 2],
              [qw(no yes yes yes no)], "one step to each side, $where");
    is_deeply([map { code("alice", totp($_)) } -1 .. 1], [qw(used used used)],
              "each once");

    # as people type it

    steady();
    my $code = hotp(int(time / 30), 8);

    is(code("two", "000000"), "no", "a wrong code of two authenticators");
    is(code("two", substr($code, 0, 4) . " " . substr($code, 4)), "yes",
       "eight digits of the second, with a space");
    is(code("two", totp()), "yes", "the first one's own");
    is(code("two", $_->[0]), "no", "no code: " . ($_->[1] // "\"$_->[0]\""))
        for [""], [" "], ["12345"], ["1234567"], ["abcdef"], ["0x1234"],
            ["1" x 4000, "too long"], ["\x{ff11}" x 6, "other digits"],
            [\"\xff\xff\xff\xff\xff\xff", "not UTF-8"];

    chomp(my $sha256 = qx(oathtool --totp=SHA256 @{[unpack "H*",
                          substr $secret x 4, 0, 32]}));
    is(code("hash", $sha256), "yes", "SHA-256");

    is(code("none", totp()), "no", "nobody's code");
    is(code("torn", totp()), "unavailable",
       "the only secret does not open: no wrong code, but out of order");

    # counters

    is(code("tom", hotp(2)), "used", "a counter before the first");
    is(code("tom", hotp(4)), "yes", "a button pressed once too often");
    is(code("tom", hotp(3)), "no", "what was skipped is gone");
    is(code("tom", hotp(4)), "used", "what was used is used");
    is(account(0, "tom")->{counters}{counter_of()}, 5, "and written down");
    is(code("tom", hotp(15)), "yes", "ten ahead");

    is(code("tom", hotp(40)), "no", "far ahead a code alone is no proof");
    is(code("tom", hotp(40)), "no", "nor twice the same");
    is(code("tom", hotp(42)), "no", "nor another one");
    is(code("tom", hotp(43)), "yes", "the one after it is");
    is(account(0, "tom")->{counters}{counter_of()}, 44, "the counter has caught up");
    is(code("tom", hotp(96)), "no", "beyond what is looked at");
    is(code("tom", hotp(97)), "no", "two in a row are none either");

    is(code("mixed", hotp(0)), "yes", "an authenticator that is there twice");
    is(code("mixed", hotp(0)), "used", "has one counter");
    is_deeply(account(0, "mixed")->{counters}, { counter_of() => 1 },
              "by its secret");
    steady();
    is(code("mixed", totp()), "yes", "a clock beside them");

    # a restart forgets no counter

    nginx_stop(0);
    node(0, redis => $redis, accounts => !$redis, users => \%users);
    is(code("tom", hotp(43)), "used", "a restart forgets no counter");
    is(code("tom", hotp(44)), "yes", "and goes on");

    # an attack: codes that were used, after the directory's list has changed

    my $new = "09876543210987654321";
    nginx_stop(0);
    node(0, redis => $redis, accounts => !$redis,
         users => { %users, tom => user(hotp => [{ secret => "plain:$new" },
                                                 { counter => 3 }]) });
    is(code("tom", hotp(4)), "no", "a new one in front makes no old code good");
    is(code("tom", hotp(44)), "used", "nor the last one");
    is(code("tom", hotp(45)), "yes", "the one behind it goes on counting");

    chomp(my $first = qx(oathtool --hotp -c 0 @{[unpack "H*", $new]}));
    is(code("tom", $first), "yes", "the new one begins where it stands");

    nginx_stop(0);
    my @log = grep { !/master key|sealed|secret/ }
              error_log(0, qr/\[(alert|emerg|crit|error)\]/);
    is(join("", @log), "", "nothing else was wrong");
}


# a window of its own

node(0, users => \%users, server => "mfa_totp window=0;");
steady();
is_deeply([map { code("alice", totp($_)) } -1 .. 1], [qw(no yes no)],
          "window=0: only now");


# nowhere to write

is(code("tom", hotp(3)), "unavailable",
   "a counter that cannot be moved lets nobody in");
like(join("", error_log(0, qr/HOTP/)),
     qr/needs "mfa_accounts" or "postern_redis"/, "and the log says why");
is(code("alice", totp()), "used", "codes by time do not need it");

node(0);
is(ask(0, "recovery", name => "alice", given => $recovery[0][0]),
   "unavailable", "nor does a recovery code that could be used again");
like(join("", error_log(0, qr/recovery code/)),
     qr/needs "mfa_accounts" or "postern_redis"/, "which is said, too");
is(ask(0, "recovery", name => "alice", given => "AAAA-AAAA-AAAA-AAAA"), "no",
   "a wrong one is wrong");


# an account that cannot be trusted

my $folder = dir() . "/accounts/acme";

node(0, accounts => 1, users => \%users);

for my $text ("{", '{"version":1,"org":"acme","user":"bob"}', "", "x" x 40000) {
    open my $out, ">", "$folder/alice.json" or die;
    print $out $text;
    close $out;

    is(code("alice", totp()), "unavailable", "a broken account: nobody gets in");
    is(ask(0, "pwd", name => "alice", given => $password), "unavailable",
       "not by a password either");
    ask(0, "forget", name => "alice");
}

unlink "$folder/alice.json";
nginx_stop(0);


# Redis away

redis_cli(8, "FLUSHALL");
node(0, redis => 1, users => \%users);
is(code("alice", totp(1)), "yes", "with Redis");
redis_stop(8);
is(code("alice", totp(0)), "unavailable", "without it nobody knows");
is(ask(0, "pwd", name => "alice", given => $password), "unavailable",
   "nor whether a guess is one too many");
is(ask(0, "recovery", name => "alice", given => $recovery[0][0]),
   "unavailable", "for all kinds");

nginx_stop(0);
done_testing();
