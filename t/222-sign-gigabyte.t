# One GiB whose last byte is not the one signed: the application never has it
# whole, and the worker needs less than 1 MiB for it.
#
# run: alone

use lib 't/lib';
use Postern;
use SigV4 qw(chunked);
use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(\&Postern::defaults);
add_response_body_check(\&Postern::client);

our $size = 1024 * 1024 * 1024;
our $piece = "a" x (1024 * 1024);
our $wrong = ("a" x (1024 * 1024 - 1)) . "b";

# of 2^30 times "a"
our $hash = "c4d3e5935f50de4f0ad36ae131a72fb84a53595f81f92678b42b91fc78992d84";

our $store = port() + 3;

our $config = <<"_EOC_";
    sign on;
    sign_explain on;
    client_max_body_size 0;

    location /streamed/ {
        proxy_request_buffering off;
        proxy_http_version 1.1;
        proxy_pass http://127.0.0.1:$store;
    }

    location /buffered/ {
        proxy_pass http://127.0.0.1:$store;
    }

    location /decoded/ {
        sign_aws_chunked decode;
        proxy_pass http://127.0.0.1:$store;
    }
_EOC_

our ($app, $seen) = (undef, File::Temp->new);


# the application: reads a body, notes how much of how much came, and answers
# where it is whole
sub application {
    my $listen = IO::Socket::INET->new(LocalAddr => "127.0.0.1",
                                       LocalPort => $store, Listen => 5,
                                       ReuseAddr => 1)
        or die "application: $!\n";

    $app = fork // die "fork: $!\n";
    return if $app;

    while (my $c = $listen->accept) {
        my ($in, $got) = ("", 0);

        $c->sysread($in, 65536, length $in) or last while $in !~ /\r\n\r\n/;

        my ($head, $rest) = split /\r\n\r\n/, $in, 2;
        my ($want) = $head =~ /^Content-Length: (\d+)/mi;

        $got = length $rest;

        while ($got < $want && $c->sysread($in, 1 << 20)) {
            $got += length $in;
        }

        open my $out, ">>", "$seen" or die;
        print $out "$got of $want\n";
        close $out;

        $c->syswrite("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"
                     . "Connection: close\r\n\r\n") if $got == $want;
        close $c;
    }

    POSIX::_exit(0);
}

END {
    local $?;
    kill TERM => $app if $app;
}

sub seen {
    open my $in, "<", "$seen" or die;

    return join "", <$in>;
}

# with one worker Test::Nginx has no master
sub worker {
    my $master = slurp("$ENV{TEST_NGINX_SERVROOT}/logs/nginx.pid");
    my ($pid) = qx(ps --ppid $master -o pid=) =~ /(\d+)/;

    return $pid // $master;
}

sub slurp {
    my ($file) = @_;

    open my $in, "<", $file or die "$file: $!\n";
    local $/;
    my $text = <$in>;
    $text =~ s{\n\z}{};

    return $text;
}

# KB: now, or the most since forget()
sub rss {
    my ($pid, $what) = @_;
    my ($kb) = slurp("/proc/$pid/status") =~ /^$what:\s+(\d+) kB/m;

    return $kb;
}

sub forget {
    my ($pid) = @_;

    open my $out, ">", "/proc/$pid/clear_refs" or die "clear_refs: $!\n";
    print $out "5\n";
    close $out;
}

# the head, then pieces, the last of which is another
sub send_body {
    my ($head, $frame, $end, $last) = @_;

    my $c = IO::Socket::INET->new(PeerAddr => "127.0.0.1",
                                  PeerPort => port()) or die "connect: $!\n";

    local $SIG{PIPE} = "IGNORE";

    my $n = $size / length $piece;

    all($c, $head);
    all($c, $frame->($_), $_ == $n ? $last : $piece, $end) for 1 .. $n;
    all($c, $frame->(0), $end);

    return <$c> // "";
}

sub all {
    my ($c, @parts) = @_;

    for (@parts) {
        my $at = 0;

        while ($at < length) {
            my $n = $c->syswrite($_, length($_) - $at, $at) or return;
            $at += $n;
        }
    }
}

sub plain {
    my ($target, $last) = @_;

    my $lines = sigv4(method => "PUT", target => $target, service => "s3",
                      hash => $hash, body => "", headers => [["x-id", rand]]);

    return send_body(raw_request("PUT", $target, $lines)
                     =~ s/\r\n\r\n$/\r\nContent-Length: $size\r\n\r\n/r,
                     sub { "" }, "", $last);
}

# aws-chunked: one signature after the other, each of a chunk of "a"
sub framed {
    my ($target, $last) = @_;

    my ($lines, $heads) = chunked(target => $target, repeat => $piece,
                                  times => $size / length $piece,
                                  headers => [["x-id", rand]]);

    my $length = $size + 2 * $#$heads + 2;
    $length += length for @$heads;

    return send_body(raw_request("PUT", $target, $lines)
                     =~ s/\r\n\r\n$/\r\nContent-Length: $length\r\n\r\n/r,
                     sub { $heads->[$_[0] - 1] }, "\r\n", $last);
}

sub small {
    my $lines = sigv4(method => "PUT", target => "/streamed/s", body => "x",
                      service => "s3", headers => [["x-id", rand]]);

    is http(raw_request("PUT", "/streamed/s", $lines, "x"))->{status}, 200,
       "one before";

    my ($l, $b) = chunked(target => "/streamed/s", chunks => ["x" x 100_000],
                          headers => [["x-id", rand]]);

    is http(raw_request("PUT", "/streamed/s", $l, $b))->{status}, 200,
       "a framed one before";
}

no_root_location();
no_shuffle();
workers(1);
run_tests();

__DATA__

=== TEST 1: plain and framed, streamed and buffered
--- config eval: $::config =~ s/client_max_body_size 0;//r =~ s/proxy_pass/client_max_body_size 0; proxy_pass/gr
--- client
application();
small();

my $pid = worker();
my $before = () = seen() =~ /\n/g;

for my $case (["plain", "/streamed/a", \&plain],
              ["aws-chunked", "/streamed/c", \&framed],
              ["plain", "/buffered/d", \&plain],
              ["aws-chunked", "/decoded/e", \&framed])
{
    my ($what, $target, $put) = @$case;
    my $base = rss($pid, "VmRSS");

    forget($pid);

    like $put->($target, $::wrong), qr/^HTTP\S+ 400/, "$what, $target: refused";

    my $more = rss($pid, "VmHWM") - $base;

    # with sanitizers memory is kept to find who uses it later

    ok $more < 1024 || $ENV{TEST_NGINX_REPORTS}, "$what, $target: $more KB";
}

# the application had the beginning where it is streamed, nothing otherwise
select undef, undef, undef, 0.3;
my @rows = split /\n/, seen();

is @rows, $before + 2, "what the application has heard of";

for (@rows[$before .. $#rows]) {
    /^(\d+) of (\d+)$/;
    ok $1 < $2, "not whole: $_";
}

# and the right ones get through
like framed("/streamed/f", $::piece), qr/^HTTP\S+ 200/, "the one signed";
like seen(), qr/^(\d{10}) of \1\n\z/m, "whole";
--- timeout: 120
