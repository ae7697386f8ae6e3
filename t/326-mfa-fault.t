# A proof of which one step fails: the store that refuses one command, an
# account that somebody else writes meanwhile.
# What was not decided is "unavailable", is nobody's wrong guess, and uses up no
# code.

use v5.32;
use warnings;
use lib ($ENV{POSTERN_TOP} // ".") . "/t/lib";

use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use MfaProve;
use PosternStore;
use Test::More;

my $rule = dir() . "/rule";
my $lane = 0;

# From here on, so many commands that match meet their fate on the way to
# Redis: "refuse" is a Redis without memory, "lose" the end of the connection,
# anything else a command of Redis that comes first.

sub spoil {
    my ($times, $pattern, @fate) = @_;

    open my $out, ">", "$rule.new" or die "$rule.new: $!\n";
    print $out join "\n", $times, $pattern, @fate;
    close $out;
    rename "$rule.new", $rule or die "$rule: $!\n";
}

sub calm { spoil(0, "nothing") }

sub spoilt {
    my ($command) = @_;

    open my $in, "<", $rule or return;
    chomp(my ($times, $pattern, @fate) = <$in>);
    close $in;

    return if !$times || $command !~ /$pattern/s;

    spoil($times - 1, $pattern, @fate);

    return @fate;
}

# between nginx and Redis, for one connection
sub between {
    my ($client) = @_;

    my $redis = IO::Socket::INET->new(PeerAddr => "127.0.0.1",
                                      PeerPort => port(8)) or return;
    my $select = IO::Select->new($client, $redis);

    while (1) {
        for my $from ($select->can_read) {
            sysread($from, my $bytes, 65536) or return;

            if ($from == $redis) {
                syswrite $client, $bytes;
                next;
            }

            my ($fate, @more) = spoilt($bytes);

            return if ($fate // "") eq "lose";

            if (($fate // "") eq "refuse") {
                syswrite $client, "-OOM command not allowed when used memory"
                                  . " > 'maxmemory'.\r\n";
                next;
            }

            redis_cli(8, $fate, @more) if defined $fate;
            syswrite $redis, $bytes;
        }
    }
}

sub proof {
    my ($kind, $name, $given, @more) = @_;

    # a device of its own each time, so that nothing has to wait
    return ask(0, $kind, name => $name, given => $given,
               lane => sprintf("lane%012d", $lane++), @more);
}

sub key_of {
    my ($what) = @_;
    my ($key) = grep { /\Q$what\E/ } split /\n/, redis_cli(8, "KEYS", "*");

    return $key // die "no key has $what\n";
}

sub steady { sleep 1 while time % 30 > 20 }


my %users = (
    alice => user(totp => [{}], recovery => 1),
    tom => user(hotp => [{}]),
    weak => user(password => $weak),
);

redis(8);
peer(9, \&between);
calm();
node(0, redis => 9, users => \%users, top => "worker_processes 1;",
     limit => "address=6000r/m attempts=100");


# each step once: as long as it fails, and then

steady();

for my $case (["pwd", "alice", sub { $password }, "mfa/addr", lane => ""],
              ["pwd", "alice", sub { $password }, "mfa/g/pwd"],
              ["pwd", "alice", sub { $password }, "mfa/a/alice"],
              ["otp", "alice", sub { totp(0) }, "mfa/otp/alice"],
              ["otp", "tom", sub { hotp(0) }, "mfa/a/tom"],
              ["otp", "tom", sub { hotp(1) }, "EVAL.*mfa/a/tom"],
              ["recovery", "alice", sub { $recovery[0][0] }, "EVAL.*mfa/a/alice"])
{
    my ($kind, $name, $given, $pattern, @more) = @$case;

    spoil(9, $pattern, "refuse");
    is(proof($kind, $name, $given->(), @more), "unavailable",
       "$kind of $name, Redis refuses $pattern");
    calm();
    is(proof($kind, $name, $given->(), @more), "yes", "and then it is right");
}

is(proof("recovery", "alice", $recovery[0][0]), "no", "once");

# far ahead: both halves

for my $pattern ("GETDEL.*mfa/far", "SET.*mfa/far") {
    spoil(9, $pattern, "refuse");
    is(proof("otp", "tom", hotp(30)), "unavailable", "HOTP far ahead, no $pattern");
    calm();
}

is(proof("otp", "tom", hotp(31)), "no", "which is no first half of a proof");
is(proof("otp", "tom", hotp(32)), "yes", "the next is the second");

# it is right whether or not the guesses before it can be forgotten

spoil(9, "DEL.*mfa/g/pwd", "refuse");
is(proof("pwd", "alice", $password), "yes", "the count of guesses stays");
like(join("", error_log(0, qr/stay counted/)), qr/\[error\]/, "the log says so");

spoil(9, "mfa/g/", "refuse");
is(ask(0, "forget", name => "alice"), "unavailable",
   "an administrator hears that nothing was forgotten");
calm();
is(ask(0, "forget", name => "alice"), "yes", "and when it was");

# lost in the middle

for my $case (["pwd", "alice", $password, "mfa/a/alice"],
              ["recovery", "alice", $recovery[1][0], "EVAL.*mfa/a/alice"],
              ["otp", "tom", hotp(33), "EVAL.*mfa/a/tom"])
{
    my ($kind, $name, $given, $pattern) = @$case;

    spoil(99, $pattern, "lose");
    is(proof($kind, $name, $given), "unavailable",
       "$kind of $name, the connection ends at $pattern");
    calm();
    ok(wait_for(sub { proof("pwd", "tom", $password) eq "yes" }, 20),
       "Redis is back");
    is(proof($kind, $name, $given), "yes", "nothing was used up");
}


# somebody else writes the account between our reading and our writing

my $tom = key_of("mfa/a/tom");

spoil(1, "EVAL.*mfa/a/tom", "APPEND", $tom, " ");
is(proof("otp", "tom", hotp(34)), "yes", "a counter is moved all the same");
is((values %{account(0, "tom")->{counters}})[0], 35, "once");

spoil(99, "EVAL.*mfa/a/tom", "APPEND", $tom, " ");
is(proof("otp", "tom", hotp(35)), "unavailable", "not without an end");
calm();
is(proof("otp", "tom", hotp(35)), "yes", "then it is");

my $alice = key_of("mfa/a/alice");

spoil(1, "EVAL.*mfa/a/alice", "APPEND", $alice, " ");
is(proof("recovery", "alice", $recovery[2][0]), "yes",
   "a recovery code is used all the same");
is(scalar @{account(0, "alice")->{recovery_used}}, 3, "and noted");

my $text = redis_cli(8, "GET", $alice);
$text =~ s/("recovery_used":\s*\[)/$1"$recovery[3][1]",/ or die $text;

spoil(1, "EVAL.*mfa/a/alice", "SET", $alice, $text);
is(proof("recovery", "alice", $recovery[3][0]), "used",
   "one that somebody else has used meanwhile is not");
calm();


# a hash that is too weak is in nobody's way

spoil(9, "EVAL.*mfa/a/weak", "refuse");
is(proof("pwd", "weak", $password), "yes", "no new hash can be written");
like(join("", error_log(0, qr/keeps its old hash/)), qr/cannot be written/,
     "the log says so");

redis_cli(8, "SET", $alice =~ s/alice$/weak/r, '{"version":1,"org":"acme",'
          . '"user":"weak"}');
spoil(1, "EVAL.*mfa/a/weak", "APPEND", key_of("mfa/a/weak"), " ");
is(proof("pwd", "weak", $password), "yes", "somebody else writes the account");
like(join("", error_log(0, qr/keeps its old hash/)), qr/account has changed/,
     "and what is there stays");
is(account(0, "weak")->{password}, undef, "without our hash");
calm();

nginx_stop(0);
peer_stop();


# whoever comes by a socket of the machine is one address

my $socket = dir() . "/front";

node(0, limit => "address=2r/m", server => "listen unix:$socket;");

my @got = map {
    my $s = IO::Socket::UNIX->new(Peer => $socket) or die "$socket: $!\n";

    print $s "GET /pwd?org=acme&name=n$_&given=x HTTP/1.0\r\nHost: t\r\n\r\n";
    join("", <$s>) =~ /\r\n\r\n(\w+)/;
} 1 .. 4;

is_deeply(\@got, ["no", "no", "wait", "wait"], "a Unix socket is one address");
is(ask(0, "pwd", name => "n5", given => "x"), "no", "and no other one");
nginx_stop(0);

done_testing();
