# A Redis that shakes hands and then serves nothing, such as a master that was
# demoted: noticed in every form that its error has, left, not waited for, and
# used again within a second of its recovery.
#
# run: alone

use v5.32;
use warnings;
use lib ($ENV{POSTERN_TOP} // ".") . "/t/lib";

use PosternStore;
use Test::More;
use Time::HiRes qw(sleep time);

my $dir = dir();
my $well = "$dir/well";         # there: the peer serves
my $seen = "$dir/connections";
my $refusal;

sub claim { get(0, "/claim?org=a&name=$_[0]&ttl=60000") }
sub rate { get(0, "/rate?org=a&name=r&limit=1000&period=1000") }
sub connections { -s $seen // 0 }

# reads one command, as a list
sub command {
    my ($s) = @_;
    my $line = <$s> // return;
    my ($n) = $line =~ /^\*(\d+)/ or return;
    my @args;

    for (1 .. $n) {
        my ($len) = <$s> =~ /^\$(\d+)/ or return;
        read $s, my $arg, $len + 2;
        push @args, substr($arg, 0, $len);
    }

    return @args;
}

# answers a handshake always, and the rest as it should only when it is well
sub with {
    ($refusal) = @_;
    peer_stop();
    unlink $well, $seen;
    with_peer();
    nginx(0, settings(), "worker_processes 1;");
}

sub with_peer {
    peer(12, sub {
        my ($s) = @_;

        open my $out, ">>", $seen or die "$seen: $!\n";
        syswrite $out, "x";

        while (my ($name) = command($s)) {
            print $s $name eq "PING" ? "+PONG\r\n"
                     : $name =~ /^(CLIENT|SELECT)$/ ? "+OK\r\n"
                     : !-e $well ? "-$refusal\r\n"
                     : $name eq "SET" ? "+OK\r\n" : ":0\r\n";
        }
    });
}

sub settings {
    return "postern_zone 1m; postern_redis redis://127.0.0.1:" . port(12) . ";";
}

sub touch { open my $out, ">", $well or die "$well: $!\n" }


# the same error, as a command and as scripts of Redis 6.2 and 7 have it

my $words = "READONLY You can't write against a read only replica.";

for my $error ($words, "$words script: 0123456789, on \@user_script:1.",
               "ERR Error running script (call to f_0123456789): "
               . "\@user_script:1: \@user_script: 1: -$words ")
{
    with($error);
    ok(wait_for(sub { connections() == 1 }), "connected");
    is(rate(), "unavailable", "refused: " . substr $error, 0, 50);
    ok(wait_for(sub { error_log(0, qr/is lost: it is a replica/) }),
       "known as a replica");
    touch();
    ok(wait_for(sub { rate() eq "allowed" }, 2), "served, when it is again");
    cmp_ok(connections(), ">=", 2, "over another connection");
}


# an error of the command is none of the connection, in a script either

with("ERR Error running script (call to f_0123456789): \@user_script:1: "
     . "\@user_script: 1: -OOM command not allowed");
is(rate(), "unavailable", "no memory in a script");
is(rate(), "unavailable", "and again");
is(connections(), 1, "over the same connection");


# for a while: nobody waits for it, it is not stormed, and it comes back at once

with($words);

my ($n, $least, $begin) = (0, 9, time);

while (time - $begin < 4) {
    my $start = time;

    is(claim("d" . $n++), "unavailable", "refused") if $n < 20;
    claim("e" . $n++) if $n >= 20;

    my $took = time - $start;
    $least = $took if $n > 10 && $took < $least;
    sleep 0.02;
}

cmp_ok($least, "<", 0.2, "at once, and not when its time is up");

my $tried = connections();

cmp_ok($tried, ">=", 8, "meanwhile it is tried");
cmp_ok($tried, "<=", 24, "four times a second: $tried");

my @said = error_log(0, qr/is (lost|unavailable)/);

cmp_ok(scalar(@said), "<=", 2, "which is logged once: " . @said);
is_deeply([error_log(0, qr/available again/)], [],
          "a handshake alone is no recovery");

touch();
$begin = time;
ok(wait_for(sub { claim("f" . rand) eq "first" }, 5), "it is back");

my $took = time - $begin;

cmp_ok($took, "<", 1, "within a second ($took s)");
ok(wait_for(sub { error_log(0, qr/available again/) }), "which is logged");


# with nobody who asks, it is looked after all the same

peer_stop();
nginx(0, settings(), "worker_processes 1;");
is(claim("g"), "unavailable", "nobody listens");
sleep 4;
with_peer();
sleep 1;
is(claim("h"), "first", "the first who comes after a second is served");

done_testing();
