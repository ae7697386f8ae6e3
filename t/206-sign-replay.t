# A signature is good once.  Safe requests without a nonce may repeat themselves
# for two seconds, since their clock ticks in seconds.

use lib 't/lib';
use Postern;
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

sub repeated {
    my ($lines, $n, $method, $target, $body) = @_;

    return join " ", map {
        http(raw_request($method // "GET", $target // "/a", $lines, $body))
        ->{status}
    } 1 .. $n;
}

# n identical requests at once, over as many connections: statuses
sub race {
    my ($n, $text) = @_;
    my @c = map {
        IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => port())
        or die "connect: $!\n"
    } 1 .. $n;

    my $last = substr $text, -1;

    $_->syswrite(substr $text, 0, -1) for @c;
    select undef, undef, undef, 0.2;
    $_->syswrite($last) for @c;

    my %count;

    for my $c (@c) {
        my $line = <$c> // "";
        $count{$line =~ m{^HTTP/1.1 (\d+)} ? $1 : "none"}++;
    }

    return \%count;
}

master_on();
workers(2);
worker_connections(1024);
no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: with a nonce, once
--- config eval: $::config
--- client
is repeated(rfc9421(target => "/a", nonce => "a1"), 3), "200 401 401", "GET";
is repeated(rfc9421(method => "POST", target => "/a", body => "x",
                    nonce => "a2"), 2, "POST", "/a", "x"),
   "200 401", "POST";
is repeated(rfc9421(target => "/a", nonce => "a1", tag => "another"), 1),
   "401", "the same nonce in another signature";
is repeated(rfc9421(target => "/a", nonce => "a1", keyid => "robot",
                    key => "ed25519"), 2), "200 401",
   "the same nonce of another key";



=== TEST 2: without a nonce, safe methods for two seconds
--- config eval: $::config
--- client
for my $sign (\&rfc9421, \&sigv4) {
    my $lines = $sign->(target => "/a");
    is repeated($lines, 3), "200 200 200", "GET at once";
    sleep 3;
    is repeated($lines, 2), "401 401", "GET later";
}

is repeated(rfc9421(method => "HEAD", target => "/a"), 2, "HEAD"), "200 200",
   "HEAD";
is repeated(rfc9421(method => "OPTIONS", target => "/a"), 2, "OPTIONS"),
   "200 200", "OPTIONS";



=== TEST 3: without a nonce, other methods once
--- config eval: $::config
--- client
for my $method (qw(POST PUT PATCH DELETE)) {
    for my $sign (\&rfc9421, \&sigv4) {
        my $lines = $sign->(method => $method, target => "/$method",
                            body => "x");
        is repeated($lines, 2, $method, "/$method", "x"), "200 401", $method;
    }
}



=== TEST 4: a get that is not quite one
--- config eval: $::config
--- client
my $r = http(raw_request("LOCK", "/a", rfc9421(method => "LOCK",
                                               target => "/a")));
my $lines = rfc9421(method => "LOCK", target => "/b");
is repeated($lines, 2, "LOCK", "/b"), "200 401", "unknown methods are not safe";



=== TEST 5: another label, another spelling, the same signature
--- config eval: $::config
--- client
my $lines = rfc9421(method => "POST", target => "/a", body => "x");
is repeated($lines, 1, "POST", "/a", "x"), "200", "first";
is repeated($lines =~ s/sig1=/sig2=/gr, 1, "POST", "/a", "x"), "401",
   "under another label";
is repeated("X-Other: 1\n$lines", 1, "POST", "/a", "x"), "401",
   "beside another field";



=== TEST 6: two workers, 200 requests at once, one is accepted
--- config eval: $::config
--- client
for my $sign (\&rfc9421, \&sigv4) {
    my $count = race(200, raw_request("POST", "/a",
        $sign->(method => "POST", target => "/a", body => "x"), "x"));

    is $count->{200}, 1, "one is accepted";
    is $count->{401}, 199, "all others are refused";
}
--- timeout: 30



=== TEST 7: the same, over a real Redis
--- http_config eval
my $port = $ENV{TEST_NGINX_REDIS_PORT} // 6379;
Postern::guarded("", "postern_redis redis://127.0.0.1:$port/0 prefix=t206-$$-"
                     . time . ":;")
--- config eval: $::config
--- client
is repeated(rfc9421(target => "/a", nonce => "a7"), 3), "200 401 401", "GET";

my $count = race(200, raw_request("POST", "/a",
    rfc9421(method => "POST", target => "/a", body => "x"), "x"));

is $count->{200}, 1, "one is accepted";
is $count->{401}, 199, "all others are refused";

my $lines = sigv4(target => "/a");
is repeated($lines, 2), "200 200", "GET at once";
sleep 3;
is repeated($lines, 1), "401", "GET later";

# the body is read first, then Redis is asked
$lines = sigv4(method => "POST", target => "/a", body => "xyz",
               hash => undef);
is repeated($lines, 2, "POST", "/a", "xyz"), "200 401", "hash not sent";
$count = race(50, raw_request("POST", "/b", sigv4(method => "POST",
              target => "/b", body => "xyz", hash => undef), "xyz"));
is $count->{200}, 1, "hash not sent, one of 50 is accepted";
is $count->{401}, 49, "hash not sent, all others are refused";
--- timeout: 30



=== TEST 8: the claim outlives a small window by its skew
--- config
    sign on;
    sign_explain on;
    sign_window 2s skew=2s;

    location / {
        proxy_pass http://app;
    }
--- client
my $lines = rfc9421(method => "POST", target => "/a", body => "x",
                    created => time + 1);
is repeated($lines, 1, "POST", "/a", "x"), "200", "first";

for (1 .. 4) {
    sleep 1;
    is repeated($lines, 1, "POST", "/a", "x"), "401", "after $_ s";
}



=== TEST 9: a body that comes in slowly does not outlive the claim
The hash is not sent, so the signature is verified when the body is whole: too
late to be judged by the time at which the request began.
--- config
    sign on;
    sign_explain on;
    sign_window 2s skew=1s;

    location / {
        proxy_pass http://app;
    }
--- client
my $text = raw_request("POST", "/a", sigv4(method => "POST", target => "/a",
                       body => "xyz", hash => undef), "xyz");
my $c = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => port())
    or die "connect: $!\n";

$c->syswrite(substr $text, 0, -1);

is http($text)->{status}, 200, "first";
sleep 7;

$c->syswrite(substr $text, -1);
like join("", <$c>), qr{^HTTP/1.1 401 .*"sign/expired"}s, "the copy";
--- timeout: 20



=== TEST 10: the claim lasts as long as the widest window of any location
--- config
    sign on;
    sign_explain on;
    sign_window 1s skew=1s;

    location /a {
        if ($http_x_wide) {
            rewrite ^ /wide last;
        }

        proxy_pass http://app;
    }

    location /r {
        if ($http_x_wide) {
            rewrite ^ /wide last;
        }

        try_files /none /wide;
    }

    location /wide {
        sign_window 1h skew=1s;
        proxy_pass http://app;
    }
--- client
my %lines = map { $_ => rfc9421(method => "POST", target => $_, body => "x") }
            "/a", "/r";

for my $target (sort keys %lines) {
    is http(raw_request("POST", $target, $lines{$target}, "x"))->{status},
       200, "$target, the narrow window first";
}

sleep 6;

for my $target (sort keys %lines) {
    like http(raw_request("POST", $target, "X-Wide: 1\n$lines{$target}",
                          "x"))->{body},
         qr{"sign/replayed"}, "$target, then the wide one";
}
--- timeout: 20
