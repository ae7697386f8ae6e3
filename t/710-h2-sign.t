# Signed requests over HTTP/2, frame by frame: the authority and the target,
# bodies in many frames, a refusal while the body still comes, streams that are
# given up, and one signature on many streams of one connection at once.

use lib 't/lib';
use Postern;
use Http2;
use PosternStore ();
use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(\&Postern::defaults);
add_response_body_check(\&Postern::client);

our $h2 = port() + 2;

our $config = <<"_EOC_";
    listen 127.0.0.1:$h2 http2;
    sign on;
    sign_explain on;

    location / {
        proxy_pass http://app;
    }
_EOC_

sub h2 { return Http2->new(port => $h2, @_) }

# header lines as Postern signs them, as pairs
sub fields { return [map { [split /: /, $_, 2] } split /\n/, $_[0]] }

sub signed { return fields(rfc9421(@_)) }

sub hashed { return fields(sigv4(@_, hash => undef)) }

sub code { return $_[0]{body} =~ m{"code": *"([^"]+)"} ? $1 : "none" }

# n streams with the same request, in one write: their statuses
sub streams {
    my ($c, $n, $fields, %option) = @_;
    my $body = delete $option{body};
    my $path = delete $option{path} // "/a";

    my @ids = map { $c->open("POST", $path, $fields, cork => 1,
                             end => !defined $body) } 1 .. $n;
    $c->uncork;

    if (defined $body) {
        $c->data($_, $body, end => 1) for @ids;
    }

    my %count;
    $count{$c->answer($_)->{status}}++ for @ids;

    return \%count;
}

master_on();
workers(2);
worker_connections(1024);
no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: what is signed is what the pseudo-header fields say
--- config eval: $::config
--- client
my $c = h2();
my $r = $c->ask("GET", "/a?x=1", signed(target => "/a?x=1"));
is $r->{status}, 200, "authority and target";
is $r->{body}, "app GET /a?x=1\n", "reach the application";

$r = $c->ask("GET", "/a", signed(target => "/a", authority => "gate.example"),
             authority => "gate.example");
is $r->{status}, 200, "another authority";

$r = $c->ask("GET", "/a", signed(target => "/a", authority => "gate.example"),
             authority => "other.example");
is $r->{status}, 401, "not the one that was signed";
is code($r), "sign/invalid", "which is said";

$r = $c->ask("GET", "/b", signed(target => "/a"));
is $r->{status}, 401, "another path";

$r = $c->ask("GET", "/a?x=2", signed(target => "/a?x=1"));
is $r->{status}, 401, "another query";

$r = $c->ask("PUT", "/a", signed(target => "/a", method => "GET"));
is $r->{status}, 401, "another method";

$r = $c->ask("GET", "/%61/.%2f//a", signed(target => "/%61/.%2f//a"));
is $r->{status}, 200, "the target as it was sent";

$r = $c->ask("GET", "/a/.%2f//a", signed(target => "/%61/.%2f//a"));
is $r->{status}, 401, "not another spelling of it";

$r = $c->ask("GET", "/a", hashed(target => "/a"));
is $r->{status}, 200, "SigV4: host is the authority";

$r = $c->ask("GET", "/a", hashed(target => "/a"), authority => "other.example");
is $r->{status}, 401, "SigV4: and no other";



=== TEST 2: the scheme is that of the connection, whatever ":scheme" says
--- config eval: $::config
--- client
my $c = h2();
my $r = $c->ask("GET", "/a", signed(target => "/a"), scheme => "https");
is $r->{status}, 200, "signed for http, which it is";

$r = $c->ask("GET", "/a", signed(target => "/a", scheme => "https"),
             scheme => "https");
is $r->{status}, 401, "signed for https, which it is not";



=== TEST 3: an authority and a Host field
Which of two counts is nobody's choice: what is verified is what nginx routes
by, or there is no answer but a refusal.
--- config eval
$::config . <<'EOD';
    location /host {
        proxy_set_header X-Routed $host;
        proxy_pass http://app/;
    }
EOD
--- client
my $c = h2();
my $mine = signed(target => "/a", authority => "localhost");

for my $case (["the other first", "other.example", "localhost"],
              ["the other last", "localhost", "other.example"])
{
    my ($name, $authority, $host) = @$case;
    my $fields = signed(target => "/a", authority => $host);
    my $r = h2()->ask("GET", "/a", [["host", $host], @$fields],
                      authority => $authority);

    isnt $r->{status}, 200, "$name: not by the Host field alone";
}

my $r = h2()->ask("GET", "/a", [["host", "localhost"], @$mine],
                  authority => undef);
is $r->{status}, 200, "a Host field without an authority";

$r = h2()->ask("GET", "/a", [["host", "a"], ["host", "localhost"], @$mine],
               authority => undef);
isnt $r->{status}, 200, "not two of them";



=== TEST 4: a body in many frames
--- config eval: $::config
--- client
my $body = join "", map { chr(33 + $_ % 90) } 1 .. 40_000;
my $c = h2();

for my $sign (\&signed, \&hashed) {
    for my $size (1, 7, 4096, 16384) {
        my $some = $size < 10 ? substr $body, 0, 500 : $body;
        my $id = $c->open("POST", "/read/$size",
                          $sign->(method => "POST", target => "/read/$size",
                                  body => $some), end => 0);

        $c->data($id, $some, size => $size, end => 1);

        my $r = $c->answer($id);
        is $r->{status}, 200, "frames of $size bytes";
        is $r->{field}{"x-app-length"}, length $some, "whole";
    }

    my $id = $c->open("POST", "/b", $sign->(method => "POST", target => "/b",
                                            body => "hello"), end => 0);

    for my $part ("", "he", "", "l", "lo", "") {
        $c->data($id, $part);
        select undef, undef, undef, 0.05;
    }

    $c->data($id, "", end => 1);
    is $c->answer($id)->{status}, 200, "slow, with empty frames, ended by one";
}



=== TEST 5: a body that is not the one signed, by a byte, in its last frame
--- config eval: $::config
--- client
my $body = "x" x 50_000;

for my $sign (\&signed, \&hashed) {
    for my $case (["another last byte", flip($body)], ["cut", substr $body, 1],
                  ["longer", $body . "x"], ["empty", ""])
    {
        my ($name, $sent) = @$case;
        my $c = h2();
        my $id = $c->open("POST", "/read/", $sign->(method => "POST",
                          target => "/read/", body => $body), end => 0);

        $c->data($id, $sent, size => 5000);
        $c->data($id, "", end => 1);

        my $r = $c->answer($id);
        ok $r->{status} =~ /^40[01]$/, "$name: $r->{status}";
        is $c->ask("GET", "/n", signed(target => "/n", nonce => rand))->{status},
           200, "$name: the connection goes on";
    }
}
--- no_error_log
[alert]
[crit]



=== TEST 6: a length that is not that of the body
--- config eval: $::config
--- client
for my $length (4, 6, 5000000) {
    my $c = h2();
    my $id = $c->open("POST", "/a", [["content-length", $length],
                      @{signed(method => "POST", target => "/a",
                               body => "hello")}], end => 0);
    $c->data($id, "hello", end => 1);
    isnt $c->answer($id)->{status}, 200, "content-length: $length";
}



=== TEST 7: refused while the body still comes
--- config eval: $::config
--- client
my $c = h2();
my $fields = signed(method => "POST", target => "/a", body => "x" x 2_000_000);
$fields->[-1][1] =~ s/=:(.)/"=:" . ($1 eq "A" ? "B" : "A")/e;

my $id = $c->open("POST", "/a", $fields, end => 0);
$c->data($id, "x" x 20_000);

my $r = $c->answer($id);
is $r->{status}, 401, "before its end";
is code($r), "sign/invalid", "with the reason";
ok $r->{ended}, "whole";

# more of it is on the way
$c->data($id, "x" x 20_000);
is $c->ask("GET", "/b", signed(target => "/b"))->{status}, 200,
   "the connection goes on";

# one without a signature, with all of its body at once
$r = h2()->ask("POST", "/a", [], body => "hello");
is $r->{status}, 401, "unsigned with a body";
is code($r), "sign/missing", "which is said";
is $r->{reset} // 0, 0, "and no error of the protocol";
--- no_error_log
[alert]
[crit]



=== TEST 8: given up in the middle of the body
--- config eval: $::config
--- client
my $c = h2();
my $lines = signed(method => "POST", target => "/read/a", body => "x" x 30_000,
                   nonce => "rst");
my $id = $c->open("POST", "/read/a", $lines, end => 0);

$c->data($id, "x" x 15_000);
select undef, undef, undef, 0.2;
$c->reset($id);

is $c->ask("GET", "/b", signed(target => "/b", nonce => "b"))->{status}, 200,
   "the connection goes on";
is $c->ask("POST", "/read/a", $lines, body => "x" x 30_000)->{status}, 401,
   "its signature was taken";

# the hash is known at the end alone: nothing was claimed
$lines = hashed(method => "POST", target => "/read/b", body => "x" x 30_000);
$id = $c->open("POST", "/read/b", $lines, end => 0);
$c->data($id, "x" x 15_000);
$c->reset($id);
is $c->ask("POST", "/read/b", $lines, body => "x" x 30_000)->{status}, 200,
   "without a hash none was";

for my $n (1 .. 100) {
    my $id = $c->open("POST", "/read/$n", signed(method => "POST", nonce => "t8-$n",
                      target => "/read/$n", body => "y" x 1000), end => 0);
    $c->data($id, "y" x ($n * 9));
    $c->reset($id);
}

is $c->ask("GET", "/b", signed(target => "/b", nonce => "c"))->{status}, 200,
   "after a hundred of them";
--- no_error_log
[alert]
[crit]
exited on signal



=== TEST 9: one signature on a hundred streams of a connection
--- config eval: $::config
--- client
my $nonce = 0;

for my $body (undef, "x") {
    for my $sign (\&signed, \&hashed) {
        my $fields = $sign->(method => "POST", target => "/a",
                             $sign == \&signed ? (nonce => "t9-" . $nonce++) : (),
                             headers => [["x-n", ++$nonce]],
                             defined $body ? (body => $body) : ());
        my $count = streams(h2(), 100, $fields, body => $body);
        is_deeply $count, { 200 => 1, 401 => 99 }, "one is accepted";
    }
}



=== TEST 10: the same, over Redis, on four connections
--- http_config eval
Postern::guarded("", "postern_redis"
    . " redis://127.0.0.1:$ENV{TEST_NGINX_REDIS_PORT}/0 prefix=t710-$$:;")
--- config eval: $::config
--- client
for my $body (undef, "x") {
    my $fields = signed(method => "POST", target => "/a", nonce => "r" . rand,
                        defined $body ? (body => $body) : ());
    my @c = map { h2() } 1 .. 4;
    my @ids;

    for my $c (@c) {
        push @ids, map { [$c, $c->open("POST", "/a", $fields, cork => 1,
                                       end => !defined $body)] } 1 .. 50;
        $c->uncork;
    }

    if (defined $body) {
        $_->[0]->data($_->[1], $body, end => 1) for @ids;
    }

    my %count;
    $count{$_->[0]->answer($_->[1])->{status}}++ for @ids;
    is_deeply \%count, { 200 => 1, 401 => 199 }, "one of 200 is accepted";
}



=== TEST 11: given up while Redis is asked
--- http_config eval
my $port = PosternStore::port(10);
Postern::guarded("", "postern_redis redis://127.0.0.1:$port timeout=2s;")
--- config eval: $::config
--- client
PosternStore::redis(10);

my $c = h2();
my $r;

for my $n (1 .. 50) {
    $r = $c->ask("GET", "/up", signed(target => "/up", nonce => "up$n"));
    last if $r->{status} == 200;
    select undef, undef, undef, 0.2;
}

is $r->{status}, 200, "Redis is there";

for my $round (1 .. 5) {
    PosternStore::redis_signal(10, "STOP");

    my @ids = map { $c->open("POST", "/w", signed(method => "POST",
                    target => "/w", nonce => "w$round-$_"), cork => 1) } 1 .. 40;
    $c->uncork;
    select undef, undef, undef, 0.1;
    $c->reset($_) for @ids[0 .. 19];

    # the rest of the connection ends in the last round
    close $c->{socket} if $round == 5;

    PosternStore::redis_signal(10, "CONT");

    next if $round == 5;

    my %count;
    $count{$c->answer($_)->{status}}++ for @ids[20 .. 39];
    is_deeply \%count, { 200 => 20 }, "round $round: the others are answered";
}

select undef, undef, undef, 0.3;
is h2()->ask("POST", "/w", signed(method => "POST", target => "/w",
             nonce => "after"))->{status}, 200, "and the next one is served";
PosternStore::redis_stop(10);
--- no_error_log
[alert]
[crit]
exited on signal
--- timeout: 30
