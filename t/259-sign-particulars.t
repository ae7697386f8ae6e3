# What is particular to nginx: how it merges slashes, takes absolute targets,
# upgrades connections and passes gRPC on.

use lib 't/lib';
use Postern;
use Http2;
use IO::Socket::INET;
use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(\&Postern::defaults);
add_response_body_check(\&Postern::client);

our $config = <<'_EOC_';
    sign on;
    sign_explain on;

    location / {
        proxy_pass http://app;
    }
_EOC_

our $h2 = port() + 2;

# an application that takes the connection over, and one that speaks gRPC and
# waits for the whole message, as grpc_pass does not
our $servers = <<"_EOC_";
    server {
        listen 127.0.0.1:@{[port() + 3]};

        location / {
            if (\$http_upgrade != "websocket") {
                return 400;
            }

            add_header Upgrade websocket;
            add_header Connection upgrade;
            return 101;
        }
    }

    server {
        listen 127.0.0.1:@{[port() + 4]} http2;

        location / {
            proxy_pass http://app/read/;
        }
    }

    server {
        listen 127.0.0.1:$h2 http2;
        sign on;
        sign_explain on;

        location / {
            grpc_pass grpc://127.0.0.1:@{[port() + 4]};
        }
    }
_EOC_

sub upgraded {
    my ($lines) = @_;
    my $c = IO::Socket::INET->new(PeerAddr => "127.0.0.1", Timeout => 5,
                                  PeerPort => port())
        or die "connect: $!\n";

    print $c "GET /socket HTTP/1.1\r\nHost: localhost\r\n"
             . "Connection: Upgrade\r\nUpgrade: websocket\r\n"
             . "Sec-WebSocket-Version: 13\r\n"
             . "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
             . join("", map { "$_\r\n" } split /\n/, $lines) . "\r\n";
    $c->flush;

    return scalar(<$c>) =~ m{^HTTP/1.1 (\d+)} ? $1 : 0;
}

no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: merge_slashes routes by another path than the one that is signed
--- config
    sign on;
    sign_explain on;

    location /a/b {
        proxy_pass http://app;
    }
--- request eval
["GET //a///b", "GET //a///b", "GET /a/b"]
--- more_headers eval
[Postern::rfc9421(target => "//a///b"), Postern::rfc9421(target => "/a/b"),
 Postern::rfc9421(target => "//a///b", nonce => "other")]
--- error_code eval
[200, 401, 401]



=== TEST 2: an absolute target names the host that counts
--- config eval: $::config
--- client
my $lines = rfc9421(target => "/a", authority => "localhost",
                    cover => ['@method', '@authority', '@path', '@query']);

is http(raw_request("GET", "http://localhost/a", $lines))->{status}, 200,
   "the host that is signed";
is http(raw_request("GET", "http://other/a", $lines))->{status}, 400,
   "another one than Host";

(my $text = raw_request("GET", "http://other/a", $lines))
    =~ s/Host: localhost/Host: other/;
is http($text)->{status}, 401, "another one than the one that is signed";



=== TEST 3: a connection is upgraded when the request is signed
--- http_more eval: $::servers
--- config eval
"    sign on;
    sign_explain on;

    location / {
        proxy_pass http://127.0.0.1:@{[Postern::port() + 3]};
        proxy_http_version 1.1;
        proxy_set_header Upgrade \$http_upgrade;
        proxy_set_header Connection upgrade;
    }
"
--- client
is upgraded(rfc9421(target => "/socket")), 101, "signed";
is upgraded(rfc9421(target => "/other")), 401, "another target is signed";
is upgraded(""), 401, "unsigned";

my $hop = rfc9421(target => "/socket", headers => [["X-Tenant", "a"]],
                  cover => ['@method', '@target-uri', 'x-tenant']);

is upgraded($hop), 101, "a field is signed";
is upgraded($hop =~ s/X-Tenant: a/X-Tenant: b/r), 401, "and changed";



=== TEST 4: gRPC
--- http_more eval: $::servers
--- config eval: $::config
--- client
my $frame = "\0\0\0\0\5hello";
my $fields = sub {
    [["content-type", "application/grpc"], ["te", "trailers"],
     map { [split /: /, $_, 2] } split /\n/, lc_names($_[0])]
};

sub lc_names { return $_[0] =~ s/^([^:]+)/lc $1/gemr }

my $ask = sub {
    my ($lines, $target, $body) = @_;
    my $c = Http2->new(port => $h2, authority => "localhost");

    return $c->ask("POST", $target, $fields->($lines), body => $body);
};

my $sign = sub {
    rfc9421(method => "POST", target => "/shop.Orders/List", body => $frame,
            @_)
};

my $answer = $ask->($sign->(), "/shop.Orders/List", $frame);

is $answer->{status}, 200, "a call";
is $answer->{body}, "app POST /shop.Orders/List\n", "reached the application";
is $ask->($sign->(nonce => "b"), "/shop.Orders/Drop", $frame)->{status}, 401,
   "of another method";
isnt $ask->($sign->(nonce => "c"), "/shop.Orders/List", "\0\0\0\0\5jello")
    ->{status}, 200, "with another message";
