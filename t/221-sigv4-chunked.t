# Bodies in aws-chunked, verified chunk by chunk while they come in: forwarded
# as they came, or without their framing.

use lib 't/lib';
use Postern;
use SigV4 qw(store);
use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(\&Postern::defaults);
add_response_body_check(\&Postern::client);

our $store = store();

our $config = <<"_EOC_";
    sign on;
    sign_explain on;

    location /as-sent/ {
        proxy_pass http://127.0.0.1:$store;
    }

    location /decoded/ {
        sign_aws_chunked decode;
        client_body_buffer_size 4k;
        proxy_pass http://127.0.0.1:$store;
    }

    location /at-once/ {
        sign_aws_chunked decode;
        proxy_request_buffering off;
        proxy_http_version 1.1;
        proxy_pass http://127.0.0.1:$store;
    }

    location /streamed/ {
        proxy_request_buffering off;
        proxy_http_version 1.1;
        proxy_pass http://127.0.0.1:$store;
    }

    location /unsigned/ {
        sign_insecure_body on;
        sign_aws_chunked decode;
        proxy_pass http://127.0.0.1:$store;
    }
_EOC_

our $big = join "", map { chr($_ % 251) } 1 .. 300_000;
our @pieces = unpack "(a65536)*", $big;

# what the application was asked
our $reached = "connect to 127.0.0.1:$store";

sub upload {
    my ($target, %r) = @_;

    return SigV4::chunked(target => $target, %r);
}

sub put {
    my ($target, $lines, $body) = @_;

    return http(raw_request("PUT", $target, $lines, $body));
}

# without Content-Length, in HTTP's own chunks
sub put_chunked {
    my ($target, $lines, $body, $size) = @_;
    my $text = raw_request("PUT", $target, $lines);

    $text =~ s/\r\n\r\n$/\r\nTransfer-Encoding: chunked\r\n\r\n/;
    $text .= join "", map { sprintf "%x\r\n%s\r\n", length, $_ }
                      unpack "(a$size)*", $body;

    return http("${text}0\r\n\r\n");
}

# one bit of it changed
sub bit {
    my ($text, $at) = @_;

    substr $text, $at, 1, chr(1 ^ ord substr $text, $at, 1);

    return $text;
}

sub stored {
    my ($target) = @_;

    return http(raw_request("GET", $target), $store)->{body};
}

no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: as it came
--- config eval: $::config
--- client
my ($lines, $body) = upload("/as-sent/a", chunks => \@::pieces);
my $r = put("/as-sent/a", $lines, $body);
is $r->{status}, 200, "accepted";
is $r->{field}{"x-store-encoding"}, "aws-chunked", "Content-Encoding";
is $r->{field}{"x-store-length"}, length $body, "Content-Length";
is stored("/as-sent/a"), $body, "the application has the framing";

is put("/as-sent/a", $lines, $body)->{status}, 401, "once";



=== TEST 2: decoded
--- config eval: $::config
--- client
for my $where ("/decoded", "/at-once") {
    my ($lines, $body) = upload("$where/a", chunks => \@::pieces);
    my $r = put("$where/a", $lines, $body);
    is $r->{status}, 200, "$where: accepted";
    is $r->{field}{"x-store-encoding"}, "none", "$where: no encoding";
    is $r->{field}{"x-store-length"}, 300000, "$where: the payload's length";
    ok stored("$where/a") eq $::big, "$where: the payload";

    # the framing in every place of nginx's buffers
    for my $size (1, 7, 100, 1000) {
        my @chunks = unpack "(a$size)*", substr $::big, 0, 20 * $size;
        ($lines, $body) = upload("$where/$size", chunks => \@chunks);
        is put("$where/$size", $lines, $body)->{status}, 200,
           "$where: chunks of $size";
        ok stored("$where/$size") eq join("", @chunks),
           "$where: chunks of $size, payload";
    }

    for my $size (1, 50, 100000) {
        ($lines, $body) = upload("$where/c$size", chunks => ["hello ", "world",
                                 $size > 1 ? @::pieces : ()]);
        $r = put_chunked("$where/c$size", $lines, $body, $size);
        is $r->{status}, 200, "$where: in HTTP's chunks of $size";
        is $r->{field}{"x-store-length"}, $size > 1 ? 300011 : 11,
           "$where: in HTTP's chunks of $size, length";
        ok stored("$where/c$size")
           eq "hello world" . ($size > 1 ? $::big : ""),
           "$where: in HTTP's chunks of $size, payload";
    }
}



=== TEST 3: other encodings stay, and so do empty payloads
--- config eval: $::config
--- client
for my $is (["aws-chunked", "none"], ["gzip,aws-chunked", "gzip"],
            ["aws-chunked, gzip", "gzip"], ["br, AWS-Chunked , gzip", "br,gzip"],
            ["gzip", "gzip"])
{
    my ($encoding, $expect) = @$is;
    my ($lines, $body) = upload("/decoded/e", chunks => ["hello"],
                                headers => [["x-id", $encoding]],
                                signed => [qw(host x-amz-content-sha256
                                              x-amz-date x-id
                                              x-amz-decoded-content-length)]);
    $lines =~ s/content-encoding: aws-chunked/Content-Encoding: $encoding/;
    my $r = put("/decoded/e", $lines, $body);
    is $r->{status}, 200, $encoding;
    is $r->{field}{"x-store-encoding"}, $expect, "becomes $expect";
}

my ($lines, $body) = upload("/decoded/none", chunks => []);
my $r = put("/decoded/none", $lines, $body);
is $r->{status}, 200, "no payload";
is $r->{field}{"x-store-length"}, 0, "of no length";

($lines, $body) = upload("/decoded/none", chunks => [], headers => [["x", 1]]);
is put("/decoded/none", $lines, "")->{status}, 200, "nothing at all";

($lines, $body) = upload("/decoded/none", chunks => ["x"],
                         headers => [["x", 2]]);
is put("/decoded/none", $lines, "")->{status}, 400, "nothing at all, of one";
is put("/decoded/none", $lines)->{status}, 400, "and no length";



=== TEST 4: changed anywhere: the application never hears of it
--- config eval: $::config
--- client
for my $where ("/as-sent", "/decoded", "/at-once") {
    my $length = length +(upload("$where/a", chunks => [@::pieces[0, 1]]))[1];

    # size, signature, payload, end of line, of both, and of the last one
    my $second = 65536 + 90;
    my $last = $length - 88;

    for my $at (0, 3, 30, 100, 65536 + 87, $second, $second + 40,
                $second + 1000, $last, $last + 30, $length - 3,
                $length - 1)
    {
        my ($l, $b) = upload("$where/a", chunks => [@::pieces[0, 1]],
                             headers => [["x-id", "$where $at"]]);

        my $r = put("$where/a", $l, bit($b, $at));
        is $r->{status}, 400, "$where: byte $at";
        like $r->{body}, qr{"sign/digest"}, "$where: byte $at, sign/digest";
    }

    # cut off, and something more
    my ($l, $b) = upload("$where/a", chunks => ["hello"],
                         headers => [["x-id", "cut $where"]]);
    is put("$where/a", $l, substr $b, 0, -2)->{status}, 400, "$where: cut";

    ($l, $b) = upload("$where/a", chunks => ["hello"],
                      headers => [["x-id", "more $where"]]);
    is put("$where/a", $l, "${b}x")->{status}, 400, "$where: more";

    # another length than was signed; one that is not signed
    ($l, $b) = upload("$where/a", chunks => ["hello"], length => 6,
                      headers => [["x-id", "length $where"]]);
    is put("$where/a", $l, $b)->{status}, 400, "$where: length";

    ($l, $b) = upload("$where/a", chunks => ["hello"],
                      signed => [qw(host x-amz-content-sha256 x-amz-date)]);
    is put("$where/a", $l, $b)->{status}, 401, "$where: length not signed";
}
--- grep_error_log eval: $::reached
--- grep_error_log_out
--- timeout: 60



=== TEST 5: trailers
--- config eval: $::config
--- client
my @crc = (trailers => [["x-amz-checksum-crc32c", "mnG7TA=="]]);

for my $where ("/decoded", "/as-sent") {
    my ($lines, $body) = upload("$where/t", chunks => ["he", "llo"], @crc);
    is put("$where/t", $lines, $body)->{status}, 200, "$where: signed";
    is stored("$where/t"), $where eq "/decoded" ? "hello" : $body,
       "$where: stored";

    # a wrong checksum, signed; a right one, changed; the signature
    ($lines, $body) = upload("$where/t", chunks => ["hellO"], @crc,
                             headers => [["x-id", 0]]);
    is put("$where/t", $lines, $body)->{status}, 400, "$where: checksum";

    ($lines, $body) = upload("$where/t", chunks => ["he", "llo"], @crc,
                             headers => [["x-id", 1]]);
    is put("$where/t", $lines, $body =~ s/TA==/TB==/r)->{status}, 400,
       "$where: checksum changed";

    ($lines, $body) = upload("$where/t", chunks => ["he", "llo"], @crc,
                             headers => [["x-id", 2]]);
    is put("$where/t", $lines, $body =~ s/x-amz-checksum-crc32c:.*\r\n//r)
       ->{status}, 400, "$where: left out";

    ($lines, $body) = upload("$where/t", chunks => ["he", "llo"], @crc,
                             headers => [["x-id", 3]]);
    is put("$where/t", $lines, bit($body, -10))->{status}, 400, "$where: signature";
}



=== TEST 6: chunks that are not signed
--- config eval: $::config
--- client
my @crc = (plain => 1, trailers => [["x-amz-checksum-crc32", "NhCmhg=="]]);

my ($lines, $body) = upload("/unsigned/a", chunks => ["he", "llo"], @crc);
is put("/unsigned/a", $lines, $body)->{status}, 200, "where that is allowed";
is stored("/unsigned/a"), "hello", "stored";

($lines, $body) = upload("/unsigned/a", chunks => ["he", "llo"], @crc,
                         headers => [["x-id", 1]]);
is put("/unsigned/a", $lines, $body =~ s/llo/llO/r)->{status}, 400,
   "not that of the checksum";

($lines, $body) = upload("/decoded/a", chunks => ["he", "llo"], @crc);
my $r = put("/decoded/a", $lines, $body);
is $r->{status}, 401, "and elsewhere not";
like $r->{body}, qr{"sign/coverage"}, "sign/coverage";



=== TEST 7: without request buffering the application never gets the end
--- config eval: $::config
--- client
my ($lines, $body) = upload("/streamed/a", chunks => \@::pieces);
is put("/streamed/a", $lines, $body)->{status}, 200, "accepted";
is stored("/streamed/a"), $body, "stored as it came";

($lines, $body) = upload("/streamed/b", chunks => \@::pieces);
is put("/streamed/b", $lines, bit($body, -100))->{status}, 400, "changed";

# slowly: the application has the beginning already
($lines, $body) = upload("/streamed/b", chunks => [@::pieces[0, 1]]);
my $text = raw_request("PUT", "/streamed/b", $lines, bit($body, 100_000));
my $c = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => port());
$c->syswrite(substr $text, 0, 90_000);
select undef, undef, undef, 0.3;
$c->syswrite(substr $text, 90_000);
my $line = <$c> // "";
like $line, qr/^HTTP\S+ 400/, "changed, slowly";
is http(raw_request("GET", "/streamed/b"), $::store)->{status}, 404,
   "nothing was stored";
--- no_error_log
[alert]



=== TEST 8: over HTTP/2
--- http_more eval
my $port = ($ENV{TEST_NGINX_PORT} // 1984) + 2;
"server {
    listen 127.0.0.1:$port http2;
    $::config
 }"
--- config
--- client
my $port = port() + 2;

for my $where ("/decoded", "/at-once", "/as-sent", "/streamed") {
    my $good;

    for my $changed (0, 1) {
        my ($lines, $body) = upload("$where/h2", chunks => \@::pieces,
                                    authority => "127.0.0.1:$port",
                                    headers => [["x-id", $changed]]);
        $body = bit($body, 200_000) if $changed;

        my $file = File::Temp->new;
        binmode $file;
        print $file $body;
        close $file;

        my $r = curl("--http2-prior-knowledge", "-X", "PUT", "--data-binary",
                     "\@$file", "-H", "Content-Type:",
                     (map { ("-H", $_) } split /\n/, $lines),
                     "http://127.0.0.1:$port$where/h2");

        # curl may see the end of a stream that it still writes to before it
        # sees the answer
        my $expect = !$changed ? qr/^200$/
                   : $where eq "/streamed" ? qr/^[40]00$/ : qr/^400$/;

        like $r->{status}, $expect, "$where" . ($changed ? ", changed" : "");
        $good = $body if !$changed;
    }

    ok stored("$where/h2") eq $good, "$where, nothing else is stored"
        if $where eq "/as-sent" || $where eq "/streamed";

    ok stored("$where/h2") eq $::big, "$where, payload"
        if $where eq "/decoded" || $where eq "/at-once";
}
--- timeout: 30



=== TEST 9: a body that was read before cannot be decoded any more
--- config eval
"
    sign_explain on;

    location /first {
        proxy_pass http://127.0.0.1:1;
        proxy_intercept_errors on;
        error_page 502 = \@second;
    }

    location \@second {
        sign on;
        sign_aws_chunked decode;
        proxy_pass http://127.0.0.1:$::store;
    }

    location /third {
        proxy_pass http://127.0.0.1:1;
        proxy_intercept_errors on;
        error_page 502 = \@fourth;
    }

    location \@fourth {
        sign on;
        proxy_pass http://127.0.0.1:$::store;
    }
"
--- client
my ($lines, $body) = upload("/first", chunks => ["hello"]);
my $r = put("/first", $lines, $body);
is $r->{status}, 400, "refused";
like $r->{body}, qr{"sign/digest"}, "sign/digest";

($lines, $body) = upload("/third", chunks => ["hello"]);
is put("/third", $lines, $body =~ s/hello/hellO/r)->{status}, 400,
   "as it came, changed";
is put("/third", $lines, $body)->{status}, 200, "as it came";
--- error_log
it could be decoded



=== TEST 10: a location that observes leaves bodies as they are
--- config eval
"
    sign on;
    sign_mode observe;
    sign_aws_chunked decode;

    location / {
        proxy_pass http://127.0.0.1:$::store;
    }
"
--- client
for my $good (1, 0) {
    my ($lines, $body) = upload("/o$good", chunks => ["hello"]);
    $body =~ s/hello/hellO/ if !$good;
    is put("/o$good", $lines, $body)->{status}, 200, "let through";
    is stored("/o$good"), $body, "as it came";
}



=== TEST 11: sign_aws_chunked takes one of two words
--- config
    sign_aws_chunked on;
--- must_die
--- error_log
invalid value "on"



=== TEST 12: sign_aws_chunked twice
--- config
    sign_aws_chunked decode;
    sign_aws_chunked decode;
--- must_die
--- error_log
"sign_aws_chunked" directive is duplicate



=== TEST 13: the setting comes from the level above
--- http_more
    sign_aws_chunked decode;
--- config eval
"
    sign on;

    location /below {
        proxy_pass http://127.0.0.1:$::store;
    }

    location /other {
        sign_aws_chunked forward;
        proxy_pass http://127.0.0.1:$::store;
    }
"
--- client
for my $where ("/below", "/other") {
    my ($lines, $body) = upload($where, chunks => ["hello"]);
    is put($where, $lines, $body)->{status}, 200, $where;
    is stored($where), $where eq "/below" ? "hello" : $body, "$where, stored";
}
