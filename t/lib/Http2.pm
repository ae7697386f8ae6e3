package Http2;

# HTTP/2 for the tests, frame by frame: what curl and nghttp do not let a test
# decide, as when each DATA frame is sent and when a stream is given up.
#
#     my $c = Http2->new(port => $port);      # tls => 1; wait => seconds
#     my $id = $c->open("POST", "/a", [["content-digest", "…"]], end => 0);
#     $c->data($id, "half");
#     $c->data($id, " and half", end => 1);
#     $c->reset($id, 8);                      # CANCEL
#     my $r = $c->answer($id);
#     my $r = $c->ask("GET", "/a", \@headers, body => "…");
#
# An answer is { status, field, lines, body, ended, reset }; status 0: none
# came, reset: the code of RST_STREAM, or "gone" where the connection ended.
#
#     Http2::text($port, $text)
#
# takes the text of a request of HTTP/1.1 and gives the answer as such a text:
# so do the clients of the tests speak HTTP/2 where TEST_NGINX_USE_HTTP2 says so
# and Test::Nginx wrote "http2 on".  What has no form in HTTP/2 is undef: it is
# to be sent as it is.
#
# Header fields are written as literals, and read in every form that there is
# (RFC 7541); the lengths of Huffman codes below say the codes, since these are
# in order.

use v5.32;
use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;
use Time::HiRes qw(time);

use constant {
    DATA => 0, HEADERS => 1, RST_STREAM => 3, SETTINGS => 4, PING => 6,
    GOAWAY => 7, WINDOW_UPDATE => 8, CONTINUATION => 9,
    END_STREAM => 1, ACK => 1, END_HEADERS => 4, PADDED => 8, PRIORITY => 0x20,
    LARGEST => 16384,
};

# whether the block that runs is served by "http2 on"
our $on = 0;

# Test::Nginx sends by curl then, which is to leave targets as they are

our $curl;

if ($ENV{TEST_NGINX_USE_HTTP2}) {
    require File::Temp;
    $curl = File::Temp->newdir;

    CORE::open my $rc, ">", "$curl/.curlrc" or die "$curl/.curlrc: $!\n";
    print $rc "path-as-is\ngloboff\n";
    close $rc;

    $ENV{CURL_HOME} = "$curl";
}

my @static = map { [split /=/, $_, 2] } split ' ', <<'EOD';
    :authority= :method=GET :method=POST :path=/ :path=/index.html :scheme=http
    :scheme=https :status=200 :status=204 :status=206 :status=304 :status=400
    :status=404 :status=500 accept-charset= accept-encoding=gzip,~deflate
    accept-language= accept-ranges= accept= access-control-allow-origin= age=
    allow= authorization= cache-control= content-disposition= content-encoding=
    content-language= content-length= content-location= content-range=
    content-type= cookie= date= etag= expect= expires= from= host= if-match=
    if-modified-since= if-none-match= if-range= if-unmodified-since=
    last-modified= link= location= max-forwards= proxy-authenticate=
    proxy-authorization= range= referer= refresh= retry-after= server=
    set-cookie= strict-transport-security= transfer-encoding= user-agent= vary=
    via= www-authenticate=
EOD

$_->[1] =~ tr/~/ / for @static;

# of each byte and of the end: "a" is 5 bits
my $lengths = "isxxxxxxxtzxxzxxxxxxxxzxxxxxxxxxbffhibdgffdgdbbbaaabbbbbbbcdkbhfib"
    . "ccccccccccccccccccccccdcdioijbkabababbbaccbbbabcbaabccccckgjixprpprrrsr"
    . "ssssststtrstssssqrsrsstrqprrssqsrrtqrssqqrqsrssprrrsrrsvvporsruvvvwwvtu"
    . "oqvwwvwtqqvvxwwwptpqrqqsrruuttvsvwvvwwwwwxwwwwwvz";


sub new {
    my ($class, %option) = @_;

    my %arg = (PeerAddr => "127.0.0.1", PeerPort => $option{port},
               Timeout => 10);
    my $socket;

    if ($option{tls}) {
        require IO::Socket::SSL;
        $socket = IO::Socket::SSL->new(%arg, SSL_verify_mode => 0,
                                       SSL_alpn_protocols => ["h2"]);

    } else {
        $socket = IO::Socket::INET->new(%arg);
    }

    die "connect to port $option{port}: $!\n" if !$socket;

    binmode $socket;

    my $self = bless { socket => $socket, next => 1, in => "", table => [],
                       streams => {}, window => 65535, initial => 65535,
                       wait => $option{wait} // 20,
                       scheme => $option{tls} ? "https" : "http" }, $class;

    # no push, and no limit of what may come
    $self->write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
                 . frame(SETTINGS, 0, 0, pack("nNnN", 2, 0, 4, 0x7fffffff))
                 . frame(WINDOW_UPDATE, 0, 0, pack("N", 0x7fff0000)));

    return $self;
}


sub write {
    my ($self, $text) = @_;

    local $SIG{PIPE} = "IGNORE";

    while (length $text) {
        my $n = syswrite $self->{socket}, $text;

        if (!$n) {
            $self->{gone} = 1;
            return;
        }

        substr $text, 0, $n, "";
    }
}


sub frame {
    my ($type, $flags, $id, $payload) = @_;

    return pack("CnCCN", length($payload) >> 16, length($payload) & 0xffff,
                $type, $flags, $id) . $payload;
}


# header: [name, value] …, as they are; more: instead of the four that begin a
# request, or undef to leave one out

sub open {
    my ($self, $method, $target, $headers, %option) = @_;

    my $id = $self->{next};
    $self->{next} += 2;
    $self->{streams}{$id} = { lines => [], body => "", status => 0,
                              window => $self->{initial} };

    my @pseudo = ([":method", $method], [":scheme", $option{scheme}
                                                    // $self->{scheme}],
                  [":path", $target],
                  [":authority", exists $option{authority}
                                 ? $option{authority} : "localhost"]);

    my $block = join "", map { "\0" . literal(lc $_->[0]) . literal($_->[1]) }
                         (grep { defined $_->[1] } @pseudo), @{$headers // []};

    my $flags = $option{end} // 1 ? END_STREAM : 0;
    my $type = HEADERS;
    my $out = "";

    do {
        my $part = substr $block, 0, LARGEST, "";

        $flags |= END_HEADERS if $block eq "";
        $out .= frame($type, $flags, $id, $part);
        ($type, $flags) = (CONTINUATION, 0);
    } while ($block ne "");

    # what is written with others in one packet: "corked"
    $option{cork} ? $self->{cork} .= $out : $self->write($out);

    return $id;
}


sub uncork {
    my ($self) = @_;

    $self->write(delete $self->{cork} // "");
}


sub literal {
    my ($text) = @_;
    my $n = length $text;

    utf8::downgrade($text);

    return chr($n) . $text if $n < 127;

    my $out = chr 127;

    for ($n -= 127; $n >= 128; $n >>= 7) {
        $out .= chr($n & 127 | 128);
    }

    return $out . chr($n) . $text;
}


# in frames of "size" bytes; waits for windows as the other side wants it

sub data {
    my ($self, $id, $body, %option) = @_;
    my $stream = $self->{streams}{$id};
    my $size = $option{size} // LARGEST;
    my $end = time + $self->{wait};

    utf8::downgrade($body);

    do {
        my $room = $self->{window} < $stream->{window} ? $self->{window}
                                                       : $stream->{window};

        while (length $body && $room <= 0) {
            return 0 if $stream->{ended} || !$self->read($end - time);
            $room = $self->{window} < $stream->{window} ? $self->{window}
                                                        : $stream->{window};
        }

        my $part = substr $body, 0, ($room < $size ? $room : $size), "";
        my $last = $option{end} && $body eq "";

        $self->{window} -= length $part;
        $stream->{window} -= length $part;
        $self->write(frame(DATA, $last ? END_STREAM : 0, $id, $part));
    } while (length $body);

    return 1;
}


sub reset {
    my ($self, $id, $code) = @_;

    $self->write(frame(RST_STREAM, 0, $id, pack "N", $code // 8));
}


sub ask {
    my ($self, $method, $target, $headers, %option) = @_;

    my $body = delete $option{body};
    my $id = $self->open($method, $target, $headers, %option,
                         end => !length($body // ""));

    $self->data($id, $body, end => 1) if length($body // "");

    return $self->answer($id);
}


sub answer {
    my ($self, $id, $seconds) = @_;
    my $stream = $self->{streams}{$id};
    my $end = time + ($seconds // $self->{wait});

    until ($stream->{ended} || time > $end) {
        $self->read($end - time) or last;
    }

    $stream->{reset} //= "gone" if $self->{gone} && !$stream->{ended};

    my %field;

    for (@{$stream->{lines}}) {
        my ($name, $value) = @$_;
        $field{$name} = defined $field{$name} ? "$field{$name}, $value"
                                              : $value;
    }

    return { %$stream, field => \%field };
}


# some of what comes, or false where nothing came in that time

sub read {
    my ($self, $seconds) = @_;
    my $socket = $self->{socket};

    return 0 if $self->{gone};

    if (!$socket->can("pending") || !$socket->pending) {
        return 0 if $seconds <= 0 || !IO::Select->new($socket)->can_read($seconds);
    }

    if (!sysread $socket, $self->{in}, 65536, length $self->{in}) {
        $self->{gone} = 1;
        return 0;
    }

    while (length $self->{in} >= 9) {
        my ($high, $low, $type, $flags, $id) = unpack "CnCCN", $self->{in};
        my $length = $high << 16 | $low;

        last if length $self->{in} < 9 + $length;

        my $payload = substr $self->{in}, 9, $length;
        substr $self->{in}, 0, 9 + $length, "";
        $self->take($type, $flags, $id & 0x7fffffff, $payload);
    }

    return 1;
}


sub take {
    my ($self, $type, $flags, $id, $payload) = @_;
    my $stream = $self->{streams}{$id};

    if ($type == SETTINGS && !($flags & ACK)) {
        $self->settings($payload);

    } elsif ($type == PING && !($flags & ACK)) {
        $self->write(frame(PING, ACK, 0, $payload));

    } elsif ($type == WINDOW_UPDATE) {
        my $more = unpack("N", $payload) & 0x7fffffff;

        if ($id == 0) {
            $self->{window} += $more;

        } elsif ($stream) {
            $stream->{window} += $more;
        }

    } elsif ($type == GOAWAY) {
        $self->{goaway} = unpack "x4N", $payload;

    } elsif (!$stream) {
        return;

    } elsif ($type == DATA) {
        $stream->{body} .= padded($flags, $payload);
        $stream->{ended} = 1 if $flags & END_STREAM;

    } elsif ($type == RST_STREAM) {
        $stream->{reset} = unpack "N", $payload;
        $stream->{ended} = 1;

    } elsif ($type == HEADERS || $type == CONTINUATION) {
        $payload = padded($flags, $payload) if $type == HEADERS;
        $payload = substr $payload, 5 if $type == HEADERS && $flags & PRIORITY;

        $stream->{block} .= $payload;
        $stream->{last} = 1 if $type == HEADERS && $flags & END_STREAM;

        if ($flags & END_HEADERS) {
            $self->fields($stream, delete $stream->{block});
            $stream->{ended} = 1 if $stream->{last};
        }
    }
}


sub padded {
    my ($flags, $payload) = @_;

    return $payload if !($flags & PADDED);

    return substr $payload, 1, length($payload) - 1 - ord $payload;
}


sub settings {
    my ($self, $payload) = @_;

    while ($payload =~ s/^(..)(....)//s) {
        my ($name, $value) = (unpack("n", $1), unpack("N", $2));

        next if $name != 4;

        $_->{window} += $value - $self->{initial} for values %{$self->{streams}};
        $self->{initial} = $value;
    }

    $self->write(frame(SETTINGS, ACK, 0, ""));
}


# RFC 7541, section 6

sub fields {
    my ($self, $stream, $block) = @_;

    while (length $block) {
        my $first = ord $block;

        if ($first & 0x80) {
            my $entry = $self->entry(integer(\$block, 7));
            $self->field($stream, @$entry);
            next;
        }

        if (($first & 0xe0) == 0x20) {
            integer(\$block, 5);
            next;
        }

        my $index = integer(\$block, $first & 0x40 ? 6 : 4);
        my $name = $index ? $self->entry($index)->[0] : string(\$block);
        my $value = string(\$block);

        unshift @{$self->{table}}, [$name, $value] if $first & 0x40;
        $self->field($stream, $name, $value);
    }
}


sub field {
    my ($self, $stream, $name, $value) = @_;

    if ($name eq ":status") {
        # one that is not the last says so by 1xx
        $stream->{status} = $value;

    } else {
        push @{$stream->{lines}}, [$name, $value];
    }
}


sub entry {
    my ($self, $index) = @_;

    return $static[$index - 1] if $index <= @static;

    return $self->{table}[$index - @static - 1]
           // die "http2: no header field $index\n";
}


sub integer {
    my ($block, $bits) = @_;
    my $most = (1 << $bits) - 1;
    my $value = ord(substr $$block, 0, 1, "") & $most;

    return $value if $value < $most;

    for (my $shift = 0; ; $shift += 7) {
        my $byte = ord substr $$block, 0, 1, "";

        $value += ($byte & 127) << $shift;
        return $value if !($byte & 128);
    }
}


sub string {
    my ($block) = @_;
    my $huffman = ord($$block) & 128;
    my $text = substr $$block, 0, integer($block, 7), "";

    return $huffman ? huffman($text) : $text;
}


sub huffman {
    my ($bytes) = @_;
    state $symbols = codes();
    my ($text, $code) = ("", "");

    for my $bit (split //, unpack "B*", $bytes) {
        $code .= $bit;

        if (exists $symbols->{$code}) {
            $text .= chr $symbols->{$code};
            $code = "";
        }
    }

    return $text;
}


sub codes {
    my @length = map { ord($_) - ord("a") + 5 } split //, $lengths;
    my ($code, $before, %symbol) = (0, 0);

    for my $symbol (sort { $length[$a] <=> $length[$b] || $a <=> $b }
                    0 .. $#length)
    {
        $code <<= $length[$symbol] - $before;
        $before = $length[$symbol];
        $symbol{sprintf "%0${before}b", $code++} = $symbol;
    }

    return \%symbol;
}


# A request of HTTP/1.1 that means the same in HTTP/2, or undef: method, target,
# header fields and body.

sub convert {
    my ($text) = @_;
    my ($head, $body) = split /\r\n\r\n/, $text, 2;
    my ($first, @lines) = split /\r\n/, $head // "", -1;

    my ($method, $target) = ($first // "")
                            =~ m{^([A-Z]+) (/[\x21-\x7e\x80-\xff]*) HTTP/1\.1\z}
        or return;
    my (@fields, @hosts, $length);

    return if !defined $body || $text =~ /\r\n[ \t]|[^\r]\n.*\r\n\r\n/s
              && $head =~ /[^\r]\n|\n[ \t]/;

    for (@lines) {
        my ($name, $value) = /^([!#\$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*\z/
            or return;

        return if $name =~ /^(?:transfer-encoding|upgrade|expect|te)\z/i;

        if (lc $name eq "host") {
            push @hosts, $value;

        } elsif (lc $name eq "content-length") {
            return if defined $length || $value !~ /^\d+\z/;
            $length = $value;
            push @fields, [$name, $value];

        } elsif (lc $name eq "connection") {
            return if $value !~ /^(?:close|keep-alive)\z/i;

        } else {
            push @fields, [$name, $value];
        }
    }

    # one that promises more than it sends, or sends more, is about HTTP/1.1
    return if @hosts != 1 || $hosts[0] eq "" || length $body != ($length // 0);

    return ($method, $target, \@fields, $body, $hosts[0]);
}


# begin() and end() are what a client of HTTP/1.1 does with a socket

sub begin {
    my ($port, $text, %option) = @_;
    my ($method, $target, $fields, $body, $host) = convert($text) or return;

    my $self = Http2->new(port => $port, %option);

    $self->{asked} = $self->open($method, $target, $fields,
                                 authority => $host, end => $body eq "");
    $self->data($self->{asked}, $body, end => 1) if $body ne "";

    return $self;
}


sub end {
    my ($self) = @_;
    my $r = $self->answer($self->{asked});

    close $self->{socket};

    return "" if !$r->{status};

    return join "\r\n", "HTTP/1.1 $r->{status} -",
                (map { "$_->[0]: $_->[1]" } @{$r->{lines}}), "", $r->{body};
}


sub text {
    my $self = begin(@_) // return;

    return $self->end;
}


# whether requests to this port are to be sent so
sub wanted {
    my ($port) = @_;

    return $on && $port == ($ENV{TEST_NGINX_PORT} // 1984);
}


# for the clients of the tests: what the block that runs is served by
sub serves {
    my ($block) = @_;

    return Test::Nginx::Util::use_http2($block) ? 1 : 0;
}


1;
