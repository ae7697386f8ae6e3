# run: alone
#
# Clients that dawdle: headers and bodies a byte at a time, bodies that never
# end, before the signature is looked at, behind it, and while a claim waits for
# a Redis that has stopped.  Each request ends at a deadline of nginx's or of the
# store's, leaves its record, claims nothing that it should not, and holds
# nothing afterwards.

use v5.32;
use warnings;
use lib ($ENV{POSTERN_TOP} // ".") . "/t/lib";

use Hostile;
use JSON::PP;
use Postern qw(rfc9421 sigv4 directory);
use PosternStore;
use Test::More;
use Time::HiRes qw(sleep time);

my ($h1, $h2, $app) = map { port($_) } 4 .. 6;
my $dir = dir();
my $audit = "$dir/audit.jsonl";

redis(8);
recorder($app);

open my $out, ">", "$dir/postern.json" or die;
print $out directory();
close $out;

system("umask 077; postern master-key > $dir/key") == 0 or die;

nginx(0, <<"EOD", "worker_processes 1;");
    postern_zone 4m;
    postern_redis redis://127.0.0.1:@{[port(8)]}/0 timeout=2s;
    postern_directory $dir/postern.json;
    postern_master_key $dir/key;
    postern_org acme;
    audit_file $audit;
    audit_flush 20ms;

    server {
        listen 127.0.0.1:$h1;
        listen 127.0.0.1:$h2 http2;
        client_header_timeout 1s;
        client_body_timeout 1s;
        lingering_time 1s;
        lingering_timeout 1s;
        audit on;
        location /s/ { sign on; proxy_pass http://127.0.0.1:$app; }
        location /.postern/ { mfa_enrol off; mfa_pages; }
        location /open/ { return 200 "open\\n"; }
    }
EOD

my ($worker) = workers(0);
my $n = 0;

sub signed {
    return rfc9421(nonce => "slow" . $n++, target => "/s/x", @_)
           =~ s/\n/\r\n/gr . "\r\n";
}

sub asks {
    my ($line, $lines, $body) = @_;

    return "$line\r\nHost: localhost\r\n$lines\r\n" . ($body // "");
}

# A byte every so many seconds until nginx answers or ends it: after how long,
# less what was lost as the machine was busy.  They are dropped then: what nginx
# does with the rest is its own affair.

sub drip {
    my ($clients, $every, $first, $rest) = @_;
    my @open = map { my $s = open_to($h1);
                     send_bytes($s, ref $first ? $first->() : $first);
                     { s => $s, at => 0, next => time + $every }
                   } 1 .. $clients;
    my $start = time;
    my ($last, $lost) = ($start, 0);

    local $SIG{PIPE} = "IGNORE";

    while ((my @left = grep { !defined $_->{took} } @open)
           && time - $start - $lost < 8)
    {
        $lost += time - $last - 0.1 if time - $last > 0.1;
        $last = time;

        for my $c (@left) {
            my $in = "";
            vec($in, fileno $c->{s}, 1) = 1;

            if (select $in, undef, undef, 0) {
                $c->{took} = time - $start - $lost;

                # bytes that are left unread reset a connection, which nginx
                # takes for one to keep

                sysread $c->{s}, my $answer, 65536;

            } elsif (time >= $c->{next}) {
                syswrite $c->{s}, substr $rest, $c->{at}++ % length $rest, 1;
                $c->{next} += $every;
            }
        }
        sleep 0.02;
    }

    close $_->{s} for @open;

    return @open;
}

sub records {
    my ($from) = @_;

    open my $in, "<", $audit or return;
    my @lines = <$in>;

    return map { JSON::PP->new->utf8->decode($_) } splice @lines, $from;
}

# so many there are, when those of the last request are there, too

sub lines {
    sleep 0.2;
    open my $in, "<", $audit or return 0;
    my @lines = <$in>;

    return scalar @lines;
}

sub files { return scalar(() = glob "/proc/$worker/fd/*") }

# all ended in time, with this status (or none), each with its record

sub ended {
    my ($name, $from, $bounds, $status, @clients) = @_;
    my ($low, $high) = @$bounds;
    my @late = grep { ($_->{took} // 99) < $low || ($_->{took} // 99) > $high }
               @clients;

    is(join(" ", map { sprintf "%.1f", $_->{took} // 99 } @late), "",
       "$name: all end in $low to $high seconds");

    ok(defined waited(sub { records($from) >= @clients }),
       "$name: each leaves a record");

    my %statuses;
    $statuses{$_->{status}}++ for records($from);
    is(join(" ", %statuses), "$status " . @clients, "$name: status");
}

# until the first worker's connections are those of the beginning

my $files;

sub free {
    my ($name) = @_;

    is(http(asks("GET /s/x HTTP/1.1", signed() . "Connection: close\r\n")),
       200, "$name: an honest client is served");
    recorded($app);
    ok(defined waited(sub { files() <= $files }),
       "$name: no descriptor is held") or diag(files() . " of $files");
}

sub http {
    my ($bytes) = @_;

    return (statuses(exchange($h1, $bytes, 5)))[0] // 0;
}

is(http(asks("GET /s/x HTTP/1.1", signed() . "Connection: close\r\n")), 200,
   "it works");
recorded($app);
sleep 0.3;
$files = files();


my $at = lines();
ended("slow headers", $at, [0.7, 2.5], 408,
      drip(20, 0.1, "GET /s/x HTTP/1.1\r\nHost: localhost\r\n", "X: y\r\n"));
free("slow headers");

# before the guard: SigV4 without a hash signs a body that must be here first

my $body = "a=1&b=2";

sub v4 {
    return asks("POST /s/x HTTP/1.1",
                sigv4(method => "POST", target => "/s/x", body => $body,
                      hash => undef, @_) =~ s/\n/\r\n/gr
                . "\r\nConnection: close\r\nContent-Length: 7\r\n");
}

my @sent = v4();

$at = lines();
ended("no body, signature not looked at yet", $at, [0.7, 2.5], 408,
      drip(10, 5, $sent[0], "a"));
is(join("", recorded($app)), "", "nothing reaches the application");
is(http($sent[0] . $body), 200, "and nothing was claimed: it counts now");
free("no body, signature not looked at yet");

# a body that nobody asked to be hashed first: the signature was good, and used

$sent[0] = asks("POST /s/x HTTP/1.1",
                signed(method => "POST", body => $body)
                . "Connection: close\r\nContent-Length: 7\r\n");
recorded($app);
$at = lines();
ended("a body that stops", $at, [0.7, 2.5], 408,
      drip(1, 5, $sent[0], "a"));
is(join("", recorded($app)), "", "nothing reaches the application");
is(http($sent[0] . $body), 401, "and the signature was used");

# without a signature the refusal does not wait for the body

$at = lines();
ended("a body without end, no signature", $at, [0, 2.5], 401,
      drip(10, 0.2, asks("POST /s/x HTTP/1.1",
                         "Content-Length: 1000000\r\n"), "x"));
free("a body without end, no signature");

$at = lines();
ended("a form that stops", $at, [0.7, 2.5], 408,
      drip(10, 5, asks("POST /.postern/sign-in HTTP/1.1",
                       "Content-Type: application/x-www-form-urlencoded\r\n"
                       . "Content-Length: 100\r\n"), "u"));
free("a form that stops");


# the claim waits for Redis: the body that comes meanwhile is nobody's business

my @bodies = map { asks("POST /s/x HTTP/1.1",
                        signed(method => "POST", body => "x" x 1000)
                        . "Content-Length: 1000\r\n") } 1 .. 20;
my @again = @bodies;

recorded($app);
$at = lines();
redis_signal(8, "STOP");

my $cpu = usage($worker)->{cpu};
my @clients = drip(20, 0.05, sub { shift @bodies }, "x");

$cpu = usage($worker)->{cpu} - $cpu;
ended("a body that comes while Redis stands still", $at, [1.5, 4.5], 503,
      @clients);
cmp_ok($cpu, "<", 0.5, "and the worker had little to do: $cpu s");
is(join("", recorded($app)), "", "nothing reaches the application");

# the breaker asks once in a while

redis_signal(8, "CONT");
ok(defined waited(sub { http(asks("GET /s/x HTTP/1.1", signed()
                                  . "Connection: close\r\n")) == 200 }, 8),
   "Redis is back");
is(http($again[0] =~ s/\r\n\r\n/\r\nConnection: close\r\n\r\n/r
        . "x" x 1000), 200,
   "what was refused with 503 may be sent again");
free("a body that comes while Redis stands still");


# clients that go away while their claims wait

redis_signal(8, "STOP");
$at = lines();

my @gone = map { my $s = open_to($h1);
                 send_bytes($s, asks("GET /s/x HTTP/1.1", signed()));
                 $s } 1 .. 200;

sleep 0.3;
close $_ for @gone;
ok(defined waited(sub { files() <= $files + 1 }, 1.5),
   "who goes away while Redis stands still is let go at once");
redis_signal(8, "CONT");
ok(defined waited(sub { records($at) >= 200 }), "each leaves a record");
is(join(" ", grep { $_ != 499 } map { $_->{status} } records($at)), "",
   "as 499");
ok(defined waited(sub { http(asks("GET /s/x HTTP/1.1", signed()
                                  . "Connection: close\r\n")) == 200 }, 8),
   "Redis is back once more");
free("clients that go away");


is((workers(0))[0], $worker, "the worker is the one that began");
is(join("", error_log(0, qr/alert|emerg|crit/)), "",
   "nothing alarming in its log");

done_testing();
