# run: alone
#
# Clients that misuse HTTP/2: streams opened and reset while their requests wait
# for a Redis that has stopped or for a thread that hashes, header blocks without
# end, tables of HPACK as bombs, windows that never open for the refusal.  The
# worker's memory stays bounded, what waited is cancelled, and honest clients are
# served afterwards.

use v5.32;
use warnings;
use lib ($ENV{POSTERN_TOP} // ".") . "/t/lib";

use Hostile;
use Postern qw(rfc9421 directory);
use PosternStore;
use Test::More;
use Time::HiRes qw(sleep time);

my ($h1, $h2, $app) = map { port($_) } 4 .. 6;
my $dir = dir();
my $audit = "$dir/audit.jsonl";
my $mib = 1024;

redis(8);
recorder($app);

open my $out, ">", "$dir/postern.json" or die;
print $out directory();
close $out;

system("umask 077; postern master-key > $dir/key") == 0 or die;

nginx(0, <<"EOD", "worker_processes 1;");
    postern_zone 8m;
    postern_redis redis://127.0.0.1:@{[port(8)]}/0 timeout=5s;
    postern_directory $dir/postern.json;
    postern_master_key $dir/key;
    postern_org acme;
    audit_file $audit;
    audit_flush 20ms;
    mfa_limit free=100 attempts=100 address=10000r/m;

    server {
        listen 127.0.0.1:$h1;
        listen 127.0.0.1:$h2 http2;
        send_timeout 1s;
        keepalive_timeout 3s;
        keepalive_requests 100000;
        large_client_header_buffers 4 8k;
        audit on;

        location /s/ { sign on; proxy_pass http://127.0.0.1:$app; }
        location /.postern/ { mfa_enrol off; mfa_pages; }
    }
EOD

my ($worker) = workers(0);
my $n = 0;

sub signed {
    my $lines = rfc9421(nonce => "h2-" . $n++, target => "/s/x", @_);

    return map { my ($name, $value) = split /: /, $_, 2; [lc $name, $value] }
           split /\n/, $lines;
}

sub fields {
    my ($method, $path, @more) = @_;

    return [[":method", $method], [":scheme", "http"], [":path", $path],
            [":authority", "localhost"], @more];
}

sub reset_of { return frame(3, 0, $_[0], pack "N", 8) }
sub memory { return usage($worker)->{rss} }
sub files { return scalar(() = glob "/proc/$worker/fd/*") }

sub records {
    open my $in, "<", $audit or return 0;
    my @lines = <$in>;

    return scalar @lines;
}

# of a HEADERS frame of nginx: behind the size of the table, in the static one

sub code_of {
    my ($frame) = @_;

    return 0 if $frame->{type} != 1;
    return $frame->{data} =~ /\A[\x20-\x3f]?\x88/ ? 200 : 400;
}

sub serves {
    my ($name) = @_;
    my $status;

    ok(defined waited(sub {
        my $s = h2_open($h2);
        send_bytes($s, headers(1, fields("GET", "/s/x", signed())));
        ($status) = map { code_of($_) } grep { $_->{type} == 1 }
                    h2_frames($s, 2, sub { $_[0]{type} == 1 });
        return ($status // 0) == 200;
    }, 10), "$name: an honest client is served")
        or diag($status // "no answer");
}

my ($files, $memory);

# what the worker takes stays below so many MiB more than in the beginning, and
# no descriptor is held

sub bounded {
    my ($name, $most) = @_;
    my $grown = memory() - $memory;

    cmp_ok($grown, "<", $most * $mib, "$name: memory ($grown KiB more)");
    ok(defined waited(sub { files() <= $files }, 8), "$name: descriptors")
        or diag(files() . " of $files");
    is((workers(0))[0], $worker, "$name: the worker lives");
}

serves("at first");
recorded($app);
sleep 0.3;
($files, $memory) = (files(), memory());


# HEADERS and RST_STREAM, again and again, on several connections

sub resets {
    my ($connections, $streams, $make) = @_;
    my $sent = 0;

    for (1 .. $connections) {
        my $s = h2_open($h2);

        for my $i (0 .. $streams - 1) {
            my $id = 2 * $i + 1;
            my $bytes = $make->($id) . reset_of($id);

            last if send_bytes($s, $bytes, 1) < length $bytes;
            $sent++;
        }
        close $s;
    }

    return $sent;
}

redis_signal(8, "STOP");

my $before = records();
my $sent = resets(10, 300, sub {
    headers($_[0], fields("GET", "/s/x", signed())) });

cmp_ok($sent, ">", 100, "streams are opened and reset: $sent");
bounded("resets while Redis stands still", 24);
redis_signal(8, "CONT");
sleep 0.5;
is(join("", recorded($app)), "", "nothing of them reaches the application");
serves("resets while Redis stands still");
ok(defined waited(sub { records() > $before }), "they are on record: "
   . (records() - $before));


# guesses at a password, which threads hash

my $page = exchange($h1, "GET /.postern/sign-in HTTP/1.1\r\nHost: localhost\r\n"
                         . "Accept: text/html\r\nConnection: close\r\n\r\n");
my ($csrf) = $page =~ /name="csrf" value="([^"]*)"/;
my $cookies = join "; ", $page =~ /^Set-Cookie: ([^;]+)/mgi;
my $form = "csrf=$csrf&user=nobody&password=guess";
my @form = (["cookie", $cookies], ["accept", "text/html"],
            ["content-type", "application/x-www-form-urlencoded"],
            ["content-length", length $form]);

ok(length $csrf, "there is a page to sign in");

$sent = resets(5, 100, sub {
    headers($_[0], fields("POST", "/.postern/sign-in", @form), END_HEADERS)
    . frame(0, END_STREAM, $_[0], $form) });

cmp_ok($sent, ">", 50, "guesses are sent and reset: $sent");

# a hash of 19 MiB may be under way in each thread, and freed afterwards
bounded("resets while a thread hashes", 24 + 64);
serves("resets while a thread hashes");


# header blocks without end: frames of 16 KB each, 20 MB of them

my $s = h2_open($h2);
my $block = hpack([map { ["x-$_", "y" x 1000] } 1 .. 15]);

send_bytes($s, frame(1, 0, 1, hpack(fields("GET", "/s/x"))), 1);

for (1 .. 1300) {
    send_bytes($s, frame(9, 0, 1, $block), 1) or last;
}

my @frames = h2_frames($s, 2);
close $s;
ok((grep { $_->{type} == 7 || $_->{type} == 3 || $_->{type} == -1
           || $_->{type} == 1 } @frames), "CONTINUATION without end is ended");
bounded("CONTINUATION without end", 24);

# empty ones

$s = h2_open($h2);
send_bytes($s, frame(1, 0, 1, hpack(fields("GET", "/s/x"))), 1);

my $cpu = usage($worker)->{cpu};

for (1 .. 100) {
    send_bytes($s, frame(9, 0, 1, "") x 1000, 1) or last;
}
close $s;
$cpu = usage($worker)->{cpu} - $cpu;
cmp_ok($cpu, "<", 1.5, "100,000 empty CONTINUATION frames: $cpu s");
bounded("CONTINUATION of nothing", 24);


# HPACK: one large entry of the table, named 4,000 times in a header block

for my $size (100, 3900) {
    $s = h2_open($h2);

    my $value = "v" x $size;
    my $entry = "\x40" . Hostile::h2_int(1, 7, 0) . "x"
                . Hostile::h2_int($size, 7, 0) . $value;

    send_bytes($s, frame(1, END_STREAM | END_HEADERS, 1,
                         hpack(fields("GET", "/s/x")) . $entry), 1);
    h2_frames($s, 0.5, sub { $_[0]{flags} & END_STREAM });

    for my $i (1 .. 100) {
        send_bytes($s, frame(1, END_STREAM | END_HEADERS, 2 * $i + 1,
                             hpack(fields("GET", "/s/x")) . "\xbe" x 4000), 1)
            or last;
    }

    @frames = h2_frames($s, 1);
    close $s;
    is(scalar(grep { code_of($_) == 200 } @frames), 0,
       "a table of $size as a bomb lets nothing in");
    bounded("a table of $size as a bomb", 24);
}


# windows of nothing: refusals that nobody reads

my @deaf = map {
    my $c = h2_open($h2, [[4, 0]]);

    send_bytes($c, join("", map { headers(2 * $_ + 1, fields("GET", "/s/x")) }
                            0 .. 99), 1);
    $c
} 1 .. 30;

$before = records();
sleep 0.5;
my $grown = memory() - $memory;
cmp_ok($grown, "<", 64 * $mib,
       "3,000 refusals that nobody reads: memory ($grown KiB more)");
ok(defined waited(sub { files() <= $files }, 10),
   "3,000 refusals that nobody reads end with their timeouts")
    or diag(files() . " of $files");
close $_ for @deaf;
bounded("refusals that nobody reads", 48);
serves("refusals that nobody reads");

is(join("", error_log(0, qr/alert|emerg|crit/)), "",
   "nothing alarming in its log");

done_testing();
