package Hostile;

# What the tests with hostile clients share:
#
#     recorder(port[, answer])    a server that writes down every byte it gets
#     recorded(port[, quiet[, code]])
#                                 what came, a text for each connection; forgets
#     parse_requests($text)       the requests in it, or dies where bytes are
#                                 left that are none
#     open_to(port)               a connection
#     send_bytes($s, $bytes)      all of them, or as many as are taken
#     read_for($s, seconds)       what comes until the end, or for so long
#     exchange(port, $bytes)      one connection, one text, the whole answer
#     statuses($text)             of the answers in it
#     usage($pid)                 CPU in seconds and memory in KiB of a process
#
# and the frames of HTTP/2 by RFC 9113, for what no library would send:
#
#     h2_open(port[, settings])   a connection with the preface sent
#     frame(type, flags, stream, payload)
#     headers(stream, [[name, value] ...], flags)
#     h2_frames($s, seconds)      what comes, as { type, flags, stream, data }
#
# Every wait has an end, and every server ends with the test.

use v5.32;
use strict;
use warnings;

use Exporter qw(import);
use IO::Select;
use IO::Socket::INET;
use POSIX qw(_exit);
use Socket qw(MSG_NOSIGNAL IPPROTO_TCP TCP_NODELAY);
use Time::HiRes qw(sleep time);

our @EXPORT = qw(recorder recorded parse_requests open_to send_bytes read_for
                 exchange statuses usage waited
                 h2_open frame headers hpack h2_frames
                 END_STREAM END_HEADERS);

use constant {
    END_STREAM  => 0x1,
    END_HEADERS => 0x4,
};

sub waited(&;$);

my $owner = $$;
my $root  = ($ENV{TEST_NGINX_SERVROOT} // "/tmp/hostile-$$") . "-recorded";
my @children;


# One process, one file for each connection.  The answer is sent when a whole
# request is there; "" for a server that only listens.

sub recorder {
    my ($port, $answer) = @_;

    $answer //= "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\napp";

    system("mkdir", "-p", "$root/$port");

    my $listen = IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 64,
                                       LocalPort => $port, ReuseAddr => 1)
        or die "recorder: $!\n";

    my $pid = fork // die "fork: $!\n";

    if ($pid == 0) {
        $SIG{PIPE} = "IGNORE";
        eval { record($listen, "$root/$port", $answer) };
        _exit(0);
    }

    close $listen;
    push @children, $pid;
}

sub record {
    my ($listen, $dir, $answer) = @_;
    my $select = IO::Select->new($listen);
    my ($n, %file, %text) = (0);

    while (1) {
        for my $s ($select->can_read) {

            if ($s == $listen) {
                my $c = $listen->accept or next;

                open $file{$c}, ">>", sprintf "%s/%06d", $dir, $n++ or die;
                $file{$c}->autoflush(1);
                $text{$c} = "";
                $select->add($c);
                next;
            }

            if (!sysread $s, my $data, 65536) {
                $select->remove($s);
                delete $text{$s};
                close delete $file{$s};
                close $s;
                next;

            } else {
                syswrite $file{$s}, $data;
                $text{$s} .= $data;
            }

            while ($answer ne "" && take_request(\$text{$s})) {
                syswrite $s, $answer;
            }
        }
    }
}

# takes one request off the text, framed as an application would do it: by
# Content-Length, else by chunks; undef where it is not whole

sub take_request {
    my ($text) = @_;

    $$text =~ /\r?\n\r?\n/ or return;

    my $head = substr $$text, 0, $-[0];
    my $at = $+[0];

    if ($head =~ /^transfer-encoding:[ \t]*chunked[ \t\r]*$/mi) {
        while (substr($$text, $at) =~ /\A([0-9a-f]+)[^\n]*\n/i) {
            my $size = hex $1;
            $at += $+[0] + $size + 2;
            return if $at > length $$text;
            last if $size == 0;
        }

    } elsif ($head =~ /^content-length:[ \t]*(\d+)/mi) {
        $at += $1;
        return if $at > length $$text;
    }

    return { head => $head, text => substr $$text, 0, $at, "" };
}


# waits until nothing has come for a moment, or as long as it takes for the
# code to be true of what has come

sub recorded {
    my ($port, $quiet, $until) = @_;
    my ($size, $since, $end) = (-1, time, time + 5);

    waited { $until->(join "", map { slurp($_) } glob "$root/$port/*") } 20
        if $until;

    while (time < $end) {
        my $now = 0;

        $now += -s $_ // 0 for glob "$root/$port/*";
        ($size, $since) = ($now, time) if $now != $size;
        last if time - $since > ($quiet // 0.15);
        sleep 0.02;
    }

    my @texts;

    for my $file (glob "$root/$port/*") {
        open my $in, "+<:raw", $file or next;
        local $/;
        my $text = <$in> // "";
        push @texts, $text if $text ne "";
        truncate $in, 0;
    }

    return @texts;
}


sub slurp {
    my ($file) = @_;

    open my $in, "<:raw", $file or return "";
    local $/;

    return <$in> // "";
}


sub parse_requests {
    my ($text) = @_;
    my @requests;

    while ($text ne "") {
        my $r = take_request(\$text) // last;

        ($r->{target}) = $r->{head} =~ m{\A\S+ (\S+) HTTP/1\.[01]\r$}m;
        die "no request: $r->{head}\n" if !defined $r->{target};

        my (undef, @lines) = split /\r\n/, $r->{head};
        $r->{fields} = [map { [split /: ?/, $_, 2] } @lines];
        push @requests, $r;
    }

    die "not a request: $text\n" if $text ne "";

    return @requests;
}


sub open_to {
    my ($port) = @_;

    my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $port,
                                  Timeout => 10) or die "connect: $!\n";

    setsockopt $s, IPPROTO_TCP, TCP_NODELAY, 1;

    return $s;
}

sub send_bytes {
    my ($s, $bytes, $seconds) = @_;
    my ($sent, $end) = (0, time + ($seconds // 10));

    local $SIG{PIPE} = "IGNORE";
    $s->blocking(0);

    while ($sent < length $bytes && time < $end) {
        IO::Select->new($s)->can_write($end - time) or last;

        my $n = syswrite $s, $bytes, 65536, $sent;

        last if !defined $n && !$!{EAGAIN};
        $sent += $n // 0;
    }

    $s->blocking(1);

    return $sent;
}

sub read_for {
    my ($s, $seconds, $until) = @_;
    my ($text, $end) = ("", time + ($seconds // 5));
    my $select = IO::Select->new($s);

    while ((my $left = $end - time) > 0) {
        $select->can_read($left) or last;
        sysread($s, $text, 65536, length $text) or last;
        last if defined $until && $text =~ $until;
    }

    return $text;
}

sub exchange {
    my ($port, $bytes, $seconds) = @_;
    my $s = open_to($port);

    send_bytes($s, $bytes);

    return read_for($s, $seconds // 5);
}

# bodies end with a line feed or by nothing: a status line begins a line, or
# stands behind a problem document or "app"

sub statuses {
    my ($text) = @_;

    return $text =~ m{(?:^|\}|app|ok)HTTP/1\.1 (\d{3})}mg;
}


# until the code is true; how long it took, or undef

sub waited(&;$) {
    my ($code, $seconds) = @_;
    my $start = time;

    until ($code->()) {
        return if time - $start > ($seconds // 5);
        sleep 0.02;
    }

    return time - $start;
}


sub usage {
    my ($pid) = @_;
    my $cpu = 0;

    for my $task (glob "/proc/$pid/task/*/schedstat") {
        open my $in, "<", $task or next;
        $cpu += (split ' ', <$in> // 0)[0] // 0;
    }

    open my $in, "<", "/proc/$pid/status" or return;
    my ($rss) = map { /^VmRSS:\s+(\d+)/ ? $1 : () } <$in>;

    return { cpu => $cpu / 1e9, rss => $rss // 0 };
}


# HTTP/2

sub frame {
    my ($type, $flags, $stream, $payload) = @_;

    $payload //= "";

    return substr(pack("N", length $payload), 1)
           . pack("CCN", $type, $flags, $stream) . $payload;
}

sub h2_int {
    my ($n, $bits, $first) = @_;
    my $max = (1 << $bits) - 1;

    return chr($first | $n) if $n < $max;

    my $out = chr($first | $max);

    for ($n -= $max; $n >= 128; $n >>= 7) {
        $out .= chr($n & 127 | 128);
    }

    return $out . chr $n;
}

# each field a literal that is in no table

sub hpack {
    my ($fields) = @_;

    return join "", map { "\x00" . h2_int(length $_->[0], 7, 0) . $_->[0]
                          . h2_int(length $_->[1], 7, 0) . $_->[1] } @$fields;
}

sub headers {
    my ($stream, $fields, $flags) = @_;

    return frame(1, $flags // END_STREAM | END_HEADERS, $stream,
                 hpack($fields));
}

sub h2_open {
    my ($port, $settings) = @_;
    my $s = open_to($port);

    send_bytes($s, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
                   . frame(4, 0, 0, join "", map { pack "nN", @$_ }
                                             @{$settings // []}));

    return $s;
}

# what comes until the end, for so long, or until the code is true of a frame

sub h2_frames {
    my ($s, $seconds, $until) = @_;
    my ($text, $end, @frames) = ("", time + ($seconds // 5));
    my $select = IO::Select->new($s);

    READ: while ((my $left = $end - time) > 0) {
        $select->can_read($left) or last;
        my $n = sysread($s, $text, 65536, length $text);
        push @frames, { type => -1, stream => 0, flags => 0, data => "" }
            if !$n;

        while (length $text >= 9) {
            my $length = unpack "N", "\0" . substr $text, 0, 3;
            last if length $text < 9 + $length;

            my ($type, $flags, $stream) = unpack "CCN", substr $text, 3, 6;
            push @frames, { type => $type, flags => $flags,
                            stream => $stream & 0x7fffffff,
                            data => substr $text, 9, $length };
            substr $text, 0, 9 + $length, "";
            last READ if $until && $until->($frames[-1], \@frames);
        }

        last if !$n;
    }

    return @frames;
}


END {
    if ($$ == $owner) {
        my $status = $?;
        kill "KILL", @children if @children;
        waitpid $_, 0 for @children;
        system("rm", "-rf", $root);
        $? = $status;
    }
}

1;
