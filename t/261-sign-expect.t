# Bodies that wait to be asked for (Expect: 100-continue, RFC 9110, section
# 10.1.1): who is refused need not send one.

use lib 't/lib';
use Postern;
use IO::Socket::INET;
use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(\&Postern::defaults);
add_response_body_check(\&Postern::client);

our $config = <<'_EOC_';
    sign on;
    sign_explain on;

    location / {
        proxy_pass http://app/read/;
    }

    location /stream {
        proxy_request_buffering off;
        proxy_http_version 1.1;
        proxy_pass http://app/read/;
    }
_EOC_

# what comes before the body is sent, and what behind it
sub asked_for {
    my ($target, $lines, $body, @more) = @_;
    my $c = IO::Socket::INET->new(PeerAddr => "127.0.0.1", Timeout => 5,
                                  PeerPort => port())
        or die "connect: $!\n";

    my $framing = @more ? "Transfer-Encoding: chunked\r\n"
                        : "Content-Length: " . length($body) . "\r\n";

    print $c "PUT $target HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
             . "Expect: 100-continue\r\n$framing"
             . join("", map { "$_\r\n" } split /\n/, $lines) . "\r\n";
    $c->flush;

    my $first = <$c> // "";

    return $first =~ m{ (\d+)} ? $1 : 0 if $first !~ m{ 100 };

    <$c>;
    print $c @more ? sprintf("%x\r\n%s\r\n0\r\n\r\n", length $body, $body)
                   : $body;
    $c->flush;

    my $then = <$c> // "";

    return "100 " . ($then =~ m{ (\d+)} ? $1 : 0);
}

no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: asked for, and right
--- config eval: $::config
--- client
for my $target ("/a", "/stream") {
    for my $sign (\&rfc9421, \&sigv4) {
        for my $chunked (0, 1) {
            my $body = "x" x 100_000 . $target . $chunked;
            my $lines = $sign->(method => "PUT", target => $target,
                                body => $body);
            is asked_for($target, $lines, $body, ("chunked") x $chunked),
               "100 200", "$target, chunked $chunked";
        }
    }
}



=== TEST 2: asked for, and another
--- config eval: $::config
--- client
for my $target ("/a", "/stream") {
    for my $chunked (0, 1) {
        my $body = "x" x 100_000 . $chunked;
        my $lines = rfc9421(method => "PUT", target => $target,
                            body => $body);
        substr $body, -1, 1, "y";
        is asked_for($target, $lines, $body, ("chunked") x $chunked),
           "100 400", "$target, chunked $chunked";
    }
}



=== TEST 3: refused before it is asked for
--- config eval: $::config
--- client
my $lines = rfc9421(method => "PUT", target => "/a", body => "hello");

is asked_for("/b", $lines, "hello"), 401, "another target";
is asked_for("/a", "", "hello"), 401, "unsigned";
is asked_for("/a", $lines, "hello"), "100 200", "signed";
is asked_for("/a", $lines, "hello"), 401, "replayed";



=== TEST 4: where the body is part of what is signed it must be asked for first
--- config eval: $::config
--- client
my $lines = sigv4(method => "PUT", target => "/a", hash => undef,
                  body => "hello");

is asked_for("/a", $lines, "jello"), "100 401", "another body";
is asked_for("/a", $lines, "hello"), "100 200", "the one signed";
