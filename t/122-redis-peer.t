# A peer that answers as no Redis would: byte by byte, late, garbage, too much.
# Whatever it says reaches nobody who did not ask, and accepts nothing.

use v5.32;
use warnings;
use lib ($ENV{POSTERN_TOP} // ".") . "/t/lib";

use PosternStore;
use Test::More;
use Time::HiRes qw(sleep time);

my $address = "127.0.0.1:" . port(12);

sub claim { get(0, "/claim?org=a&name=$_[0]&ttl=60000") }

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

# a peer that shakes hands; then answer(socket, command...) has the word
sub with {
    my ($what, $answer, $options) = @_;
    peer_stop();
    peer(12, sub {
        my ($s) = @_;
        while (my @c = command($s)) {
            if ($c[0] eq "PING") { print $s "+PONG\r\n" }
            elsif ($c[0] =~ /^(CLIENT|AUTH|SELECT)$/) { print $s "+OK\r\n" }
            else { $answer->($s, @c) }
        }
    });
    nginx(0, "postern_zone 1m; postern_redis redis://$address "
             . ($options // "") . ";", "worker_processes 1;");
    note($what);
}

sub slowly {
    my ($s, $text) = @_;
    for my $byte (split //, $text) {
        syswrite $s, $byte;
        sleep 0.002;
    }
}


with("byte by byte", sub {
    my ($s, @c) = @_;
    slowly($s, $c[0] eq "SET" ? "+OK\r\n" : "\$10\r\nhello\r\nwor\r\n");
}, "timeout=10s");
is(claim("x"), "first", "a status that comes byte by byte");
is(get(0, "/get?org=a&name=x"), "found hello\r\nwor", "and a string with line ends");
is_deeply([get_all(0, map { "/get?org=a&name=$_" } 1 .. 5)],
          [("found hello\r\nwor") x 5], "five at once");


# late replies: each goes to the one who asked for it, or to nobody

with("late", sub {
    my ($s, @c) = @_;
    my ($name) = $c[1] =~ /:r:(.*)/;
    sleep 1.5 if $name =~ /slow/;
    print $s "\$", length $name, "\r\n$name\r\n";
}, "timeout=1s");
is(get(0, "/get?org=a&name=slow1"), "unavailable", "a late reply is no reply");
sleep 1.2;
is(get(0, "/get?org=a&name=quick"), "found quick", "and never the next one's");
for my $round (1 .. 3) {
    my @got = get_all(0, map { "/get?org=a&name=" . ($_ == 2 ? "slow$_" : "q$_") }
                         1 .. 4);
    is($got[0], "found q1", "round $round: before the slow one");
    is($got[1], "unavailable", "round $round: the slow one");
    ok($got[$_] eq "unavailable" || $got[$_] eq "found q" . ($_ + 1),
       "round $round: behind it, own value or none: $got[$_]") for 2, 3;
    sleep 2.5;
    is(get(0, "/get?org=a&name=own$round"), "found own$round",
       "round $round: its late reply has reached nobody");
}
is_deeply([error_log(0, qr/postern_redis .* (lost|unavailable)/)], [],
          "deadlines alone do not break the connection");


# what is no reply

for my $garbage ("hello\r\n", "*2\r\n+OK\r\n+OK\r\n", "*-1\r\n", "\$-5\r\n",
                 "\$99999999999\r\n", ":abc\r\n", "*1000000000\r\n", "\0\0\0\0",
                 "HTTP/1.1 400 Bad Request\r\n\r\n", "%1\r\n+a\r\n+b\r\n",
                 "+OK\r\n+OK\r\n", "\$3\r\nabcdefgh")
{
    (my $shown = $garbage) =~ s/([^ -~])/sprintf "\\x%02x", ord $1/ge;
    with("garbage: $shown", sub { my ($s) = @_; print $s $garbage },
         "timeout=200ms");
    my $got = claim("g");
    ok($got eq "unavailable" || ($garbage =~ /^\+OK/ && $got eq "first"),
       "$shown accepts nothing it should not: $got");
    is(get(0, "/up"), "up", "nginx lives");
    is(scalar workers(0), 1, "its worker too");
    is_deeply([error_log(0, qr/exited on signal|\[alert\]/)], [], "unharmed");
}


# a reply to a question not yet asked

peer_stop();
peer(12, sub {
    my ($s) = @_;
    print $s "+OK\r\n+PONG\r\n+OK\r\n+OK\r\n+OK\r\n";
    sleep 5;
});
nginx(0, "postern_zone 1m; postern_redis redis://$address timeout=300ms;",
      "worker_processes 1;");
is(claim("early"), "unavailable", "a reply before the question accepts nothing");


# more than anybody asked for

with("endless", sub {
    my ($s) = @_;
    print $s "\$100000000\r\n";
    my $block = "x" x 65536;
    for (1 .. 500) { syswrite($s, $block) // last }
}, "timeout=400ms");
is(get(0, "/get?org=a&name=x"), "unavailable", "a value without an end");
ok(wait_for(sub { error_log(0, qr/a reply that is too long/) }), "is cut off");


# loading, and words that would break a log

with("loading", sub { my ($s) = @_; print $s "-LOADING Redis is loading\r\n" });
is(claim("l"), "unavailable", "while it loads");
ok(wait_for(sub { error_log(0, qr/it is loading its data/) }), "is logged");

with("words", sub { my ($s) = @_; print $s "-ERR a\033[31m\tb\r\n" });
is(claim("w"), "unavailable", "an error");
ok(wait_for(sub { error_log(0, qr/refused a command: "ERR a\?\[31m\?b"/) }),
   "is logged without its control characters");


# closed in the middle, at any byte of a reply

for my $at (1 .. 8) {
    with("closed after $at bytes", sub {
        my ($s, @c) = @_;
        syswrite $s, substr($c[0] eq "GET" ? "\$2\r\nhi\r\n" : "+OK\r\n", 0, $at);
        $s->shutdown(2);
        POSIX::_exit(0);
    }, "timeout=2s");
    my $got = get(0, "/get?org=a&name=c");
    is($got, $at == 8 ? "found hi" : "unavailable", "closed after $at bytes");
}


# a claim of which nobody knows, at a peer that has kept it

my $kept = dir() . "/kept";
unlink $kept;
with("mute at first", sub {
    my ($s, @c) = @_;
    if ($c[0] eq "SET" && !-e $kept) {
        open my $f, ">", $kept; print $f $c[2]; close $f;
        $s->shutdown(2);
        POSIX::_exit(0);
    }
    if ($c[0] eq "SET") { print $s "\$-1\r\n" }
    elsif ($c[0] eq "GET") {
        open my $f, "<", $kept; my $v = <$f>;
        print $s "\$", length $v, "\r\n$v\r\n";
    }
    else { print $s ":59000\r\n" }
}, "timeout=2s");
is(claim("k"), "unavailable", "the connection is lost after SET");
is(claim("k"), "first", "the retry finds its own token: nothing was accepted");
like(claim("k"), qr/^duplicate/, "then it is a replay");

open my $f, ">", $kept; print $f "0123456789abcdef-0123456789abcdef-60000"; close $f;
like(claim("other"), qr/^duplicate 1000$/, "another's token is a duplicate");


# a handshake without an end

peer_stop();
peer(12, sub { sleep 10 });
nginx(0, "postern_zone 1m; postern_redis redis://$address timeout=400ms;",
      "worker_processes 1;");
my $start = time;
is(claim("h"), "unavailable", "a peer that says nothing");
ok(time - $start < 5, "costs the deadline at most");
sleep 2.5;

# no wait for the peer, though a machine that is busy may have one of its own

my $least = 1;

for (1 .. 5) {
    $start = time;
    is(claim("h"), "unavailable", "and nothing");
    my $took = time - $start;
    $least = $took if $took < $least;
}

ok($least < 0.35, "once the breaker is open");

done_testing();
