# Bodies are hashed while they come in: however they come, and without being
# held in memory.

use lib 't/lib';
use Postern;
use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(\&Postern::defaults);
add_response_body_check(\&Postern::client);

our $config = <<'_EOC_';
    sign on;
    sign_explain on;
    client_body_buffer_size 16k;

    location / {
        proxy_pass http://app;
    }
_EOC_

our $big = join "", map { chr($_ % 251) } 1 .. 2 * 1024 * 1024;

# what the application was asked, of what else there is to connect to
our $reached = "connect to 127.0.0.1:" . (port() + 1);

sub chunked {
    my ($text, @chunks) = @_;

    $text =~ s/Content-Length: \d+\r\n//;
    $text =~ s/\r\n\r\n.*/\r\nTransfer-Encoding: chunked\r\n\r\n/s;

    return $text . join("", map { sprintf("%x\r\n%s\r\n", length, $_) } @chunks)
           . "0\r\n\r\n";
}

no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: two megabytes, and the last byte of them
--- config eval: $::config
--- client
my $lines = rfc9421(method => "POST", target => "/a", body => $big,
                    nonce => "one");
my $r = http(raw_request("POST", "/a", $lines, $big));
is $r->{status}, 200, "2 MB";
is $r->{field}{"x-app-length"}, length $big, "whole";

$lines = rfc9421(method => "POST", target => "/a", body => $big,
                 nonce => "two");
$r = http(raw_request("POST", "/a", $lines, flip($big)));
is $r->{status}, 400, "2 MB, last byte changed";
like $r->{body}, qr{"sign/digest"}, "sign/digest";
--- grep_error_log eval: $::reached
--- grep_error_log_out eval: "$::reached\n" x 1



=== TEST 2: the same with SigV4
--- config eval: $::config
--- client
for my $hash ("", undef) {
    my $name = defined $hash ? "hash sent" : "hash not sent";
    my $code = defined $hash ? 400 : 401;
    my $lines = sigv4(method => "POST", target => "/a", body => $big,
                      hash => $hash, headers => [["x-id", rand]]);
    my $r = http(raw_request("POST", "/a", $lines, flip($big)));
    is $r->{status}, $code, "$name, last byte changed";

    $lines = sigv4(method => "POST", target => "/a", body => $big,
                   hash => $hash, headers => [["x-id", rand]]);
    $r = http(raw_request("POST", "/a", $lines, $big));
    is $r->{status}, 200, $name;
    is $r->{field}{"x-app-length"}, length $big, "$name, whole";
}
--- grep_error_log eval: $::reached
--- grep_error_log_out eval: "$::reached\n" x 2



=== TEST 3: chunked
--- config eval: $::config
--- client
for my $lines (rfc9421(method => "POST", target => "/a", body => "hello"),
               sigv4(method => "POST", target => "/a", body => "hello"),
               sigv4(method => "PUT", target => "/a", body => "hello",
                     hash => undef))
{
    my $method = $lines =~ /sha256/ || $lines =~ /Digest/ ? "POST" : "PUT";
    my $text = raw_request($method, "/a", $lines, "");

    is http(chunked($text, "hel", "lp"))->{status},
       $method eq "PUT" ? 401 : 400, "$method changed";

    # the claim was made where the signature is good
    my $expect = $method eq "PUT" ? 200 : 401;
    is http(chunked($text, "he", "llo"))->{status}, $expect, $method;
}

my $text = raw_request("POST", "/a", rfc9421(method => "POST", target => "/a",
                       body => $big), "");
my @chunks = $big =~ /(.{1,5000})/gs;
is http(chunked($text, @chunks))->{status}, 200, "2 MB in chunks";

$text = raw_request("POST", "/a", rfc9421(method => "POST", target => "/a",
                    body => "", nonce => "e"), "");
is http(chunked($text))->{status}, 200, "no chunk at all";



=== TEST 4: the body is taken away
--- config eval: $::config
--- client
for my $lines (rfc9421(method => "POST", target => "/a", body => "hello"),
               sigv4(method => "POST", target => "/a", body => "hello"))
{
    my $r = http(raw_request("POST", "/a", $lines));
    is $r->{status}, 400, "no Content-Length";
    like $r->{body}, qr{"sign/digest"}, "sign/digest";
    is http(raw_request("POST", "/a", $lines, ""))->{status}, 400,
       "Content-Length: 0";

    # what was refused claimed nothing
    is http(raw_request("POST", "/a", $lines, "hello"))->{status}, 200,
       "the true one";
}



=== TEST 5: an empty body with the digest of an empty body
--- config eval: $::config
--- client
my $lines = rfc9421(method => "POST", target => "/a", body => "");
is http(raw_request("POST", "/a", $lines, ""))->{status}, 200, "empty";



=== TEST 6: a body that comes slowly
--- config eval: $::config
--- client
my $lines = rfc9421(method => "POST", target => "/a", body => "hello");
my $lines4 = sigv4(method => "POST", target => "/b", body => "hello",
                   hash => undef);

for (["/a", $lines], ["/b", $lines4]) {
    my $c = IO::Socket::INET->new(PeerAddr => "127.0.0.1",
                                  PeerPort => port());
    my $text = raw_request("POST", $_->[0], $_->[1], "hello");
    my @parts = (substr($text, 0, -5), "he", "l", "lo");

    for my $part (@parts) {
        $c->syswrite($part);
        select undef, undef, undef, 0.1;
    }

    my $line = <$c>;
    like $line, qr/^HTTP\S+ 200/, "$_->[0] byte by byte";
}



=== TEST 7: a client that goes away in the middle of the body
--- config eval: $::config
--- client
my $c = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => port());
my $lines = sigv4(method => "POST", target => "/b", body => "hello",
                  hash => undef);
$c->syswrite(substr raw_request("POST", "/b", $lines, "hello"), 0, -2);
close $c;
select undef, undef, undef, 0.2;
is http(raw_request("POST", "/b", $lines, "hello"))->{status}, 200,
   "the next one is served";
--- no_error_log
[alert]
[crit]
open socket



=== TEST 8: client_max_body_size holds while the signature waits for the body
--- config
    sign on;
    sign_explain on;

    location / {
        client_max_body_size 100;
        proxy_pass http://app;
    }

    location /page {
        client_max_body_size 100;
        error_page 413 400 /sorry;
        proxy_pass http://app;
    }

    location = /sorry {
        return 200 "sorry\n";
    }
--- client
my $body = "x" x 200;

for my $target ("/a", "/page") {
    my $lines = sigv4(method => "POST", target => $target, body => $body,
                      hash => undef);
    my $text = raw_request("POST", $target, $lines, $body);
    my $r = http($text);
    is $r->{status}, 413, "$target, length";
    $r = http(chunked($text, "x" x 150, "x" x 50));
    is $r->{status}, 413, "$target, chunked";
}
--- no_error_log
[alert]



=== TEST 9: without request buffering the application never gets the end
--- config
    sign on;
    sign_explain on;

    location / {
        proxy_request_buffering off;
        proxy_http_version 1.1;
        proxy_pass http://app;
    }
--- client
# one that answers before the end is there has nobody to wait for
my $lines = rfc9421(method => "POST", target => "/read/a", body => "hello",
                    nonce => "1");
is http(raw_request("POST", "/read/a", $lines, "hello"))->{status}, 200, "good";

$lines = rfc9421(method => "POST", target => "/read/a", body => "hello",
                 nonce => "2");
is http(raw_request("POST", "/read/a", $lines, "hellp"))->{status}, 400, "bad";

# the application has the beginning already
for my $end ("good", "evil") {
    my $body = "x" x 100_000;
    my $text = raw_request("POST", "/read/a", rfc9421(method => "POST",
                   target => "/read/a", body => "${body}good", nonce => $end),
                   "$body$end");
    my $c = IO::Socket::INET->new(PeerAddr => "127.0.0.1",
                                  PeerPort => port());

    $c->syswrite(substr $text, 0, -50_000);
    select undef, undef, undef, 0.3;
    $c->syswrite(substr $text, -50_000);

    my $line = <$c> // "";
    my $status = $end eq "good" ? 200 : 400;
    like $line, qr/^HTTP\S+ $status/, "slow, $end";
}



=== TEST 10: a body that was read before the signature was asked for
--- config
    sign_explain on;
    client_body_buffer_size 1k;

    location /first {
        proxy_pass http://127.0.0.1:1;
        proxy_intercept_errors on;
        error_page 502 = @second;
    }

    location @second {
        sign on;
        proxy_pass http://app;
    }
--- client
for my $size (10, 100000) {
    my $body = "b" x $size;
    my $lines = rfc9421(method => "POST", target => "/first", body => $body);
    my $r = http(raw_request("POST", "/first", $lines, flip($body)));
    is $r->{status}, 400, "$size bytes, changed";
    like $r->{body}, qr{"sign/digest"}, "$size bytes, sign/digest";
    $r = http(raw_request("POST", "/first", $lines, $body));
    is $r->{status}, 200, "$size bytes";

    $lines = sigv4(method => "POST", target => "/first", body => $body,
                   hash => undef);
    is http(raw_request("POST", "/first", $lines, flip($body)))->{status},
       401, "$size bytes, sigv4, changed";
    is http(raw_request("POST", "/first", $lines, $body))->{status}, 200,
       "$size bytes, sigv4";
}
--- error_log
connect() failed



=== TEST 11: a body of which another application has had the beginning
--- config
    sign_explain on;

    location /first {
        proxy_request_buffering off;
        proxy_http_version 1.1;
        proxy_pass http://127.0.0.1:1;
        proxy_intercept_errors on;
        error_page 502 = @second;
    }

    location @second {
        sign on;
        proxy_pass http://app;
    }
--- client
my $body = "b" x 100_000;

for my $lines (rfc9421(method => "POST", target => "/first", body => $body),
               sigv4(method => "POST", target => "/first", body => $body,
                     hash => undef))
{
    my $c = IO::Socket::INET->new(PeerAddr => "127.0.0.1",
                                  PeerPort => port());

    $c->syswrite(substr raw_request("POST", "/first", $lines, $body),
                 0, -50_000);

    my $all = join "", <$c>;
    like $all, qr/^HTTP\S+ 400/, "what is left of it is no body to check";
    like $all, qr{"sign/digest"}, "sign/digest";
}
--- grep_error_log eval: $::reached
--- grep_error_log_out
--- error_log
parts of the body were handed on before the signature could be checked
