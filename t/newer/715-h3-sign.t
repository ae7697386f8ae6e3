# Signed requests over HTTP/3: what is signed, bodies, replays, and clients that
# go away while Redis is asked.  For nginx from 1.25 on (util/test-all http3).

use lib 't/lib';
use Postern;
use Http3;
use PosternStore ();
use Test::Nginx::Socket 'no_plan';
use Time::HiRes qw(sleep time);

add_block_preprocessor(\&Postern::defaults);
add_response_body_check(\&Postern::client);

our $config = Http3::certificate() . <<'_EOC_';
    sign on;
    sign_explain on;

    location / {
        proxy_pass http://app;
    }
_EOC_

our $authority = "localhost:" . h3_port();

# a signature over the scheme and the authority of this server, as arguments
sub signed { return fields(rfc9421(scheme => "https",
                                   authority => $authority, @_)) }
sub hashed { return fields(sigv4(authority => $authority, @_)) }
sub fields { return map { ("-H", $_) } split /\n/, $_[0] }

sub code { return $_[0]{body} =~ m{"code": *"([^"]+)"} ? $1 : "none" }

sub count {
    my %count;
    $count{$_}++ for @_;
    return \%count;
}

sub post {
    my ($target, $body, @args) = @_;

    my $file = File::Temp->new;
    print $file $body;
    close $file;

    return h3($target, "-X", "POST", "-H", "Content-Type:", "--data-binary",
              "\@$file", @args);
}

master_on();
workers(2);
worker_connections(1024);
no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: method, scheme, authority and target are those of the request
--- config eval: $::config
--- client
my $r = h3("/a?x=1", signed(target => "/a?x=1"));
is $r->{version}, 3, "HTTP/3";
is $r->{status}, 200, "accepted" or diag $r->{body};
is $r->{body}, "app GET /a?x=1\n", "by the application";

$r = h3("/a", hashed(target => "/a"));
is $r->{status}, 200, "SigV4, which signs the host" or diag $r->{body};

$r = h3("/a", fields(rfc9421(target => "/a", cover => ['@method', 'host',
        '@path'], authority => $authority)));
is $r->{status}, 200, "as a field, too" or diag $r->{body};

for my $case (["port", authority => "localhost"],
              ["host", authority => "other:" . h3_port()],
              ["scheme", scheme => "http"], ["path", target => "/b"],
              ["method", method => "HEAD"])
{
    my ($name, @other) = @$case;

    $r = h3("/a", signed(target => "/a", @other));
    is $r->{status}, 401, "another $name";
    is code($r), "sign/invalid", "another $name: which is said";
}

$r = h3("/a", "-H", "Host: other.example:" . h3_port(),
        signed(target => "/a"));
is $r->{status}, 401, "asked for another host";

is h3("/%61/.%2f//a", signed(target => "/%61/.%2f//a"))->{status}, 200,
   "the target as it was sent";
is h3("/a")->{status}, 401, "unsigned";



=== TEST 2: bodies
--- config eval: $::config
--- client
my $body = "x" x 300_000;

for my $sign (\&signed, sub { hashed(@_, hash => undef) }) {
    my @fields = $sign->(method => "POST", target => "/read/a", body => $body);

    my $r = post("/read/a", flip($body), @fields);
    ok $r->{status} =~ /^40[01]$/, "another last byte: $r->{status}";

    $r = post("/read/b", $body, $sign->(method => "POST", target => "/read/b",
                                        body => $body));
    is $r->{status}, 200, "whole" or diag $r->{body};
    is $r->{field}{"x-app-length"}, 300_000, "all of it";
}

my $r = post("/a", $body);
is $r->{status}, 401, "unsigned";
is code($r), "sign/missing", "which is said";



=== TEST 3: once
--- config eval: $::config
--- client
my @fields = signed(target => "/a", nonce => "n1");
is h3("/a", @fields)->{status}, 200, "first";

my $r = h3("/a", @fields);
is $r->{status}, 401, "again";
is code($r), "sign/replayed", "which is said";
is http(raw_request("GET", "/a", rfc9421(target => "/a", nonce => "n1")))
   ->{status}, 401, "nor its nonce over HTTP/1.1";

is_deeply count(h3_all(60, "/a", signed(target => "/a", nonce => "n2"))),
    { 200 => 1, 401 => 59 }, "one of sixty at once";



=== TEST 4: once over Redis
--- http_config eval
Postern::guarded("", "postern_redis"
    . " redis://127.0.0.1:$ENV{TEST_NGINX_REDIS_PORT}/0 prefix=t715-$$:;")
--- config eval: $::config
--- client
is_deeply count(h3_all(60, "/a", signed(target => "/a", nonce => "n2"))),
    { 200 => 1, 401 => 59 }, "one of sixty at once";
is post("/read/a", "hello", signed(method => "POST", target => "/read/a",
        body => "hello", nonce => "b"))->{status}, 200, "with a body";



=== TEST 5: clients that go away while Redis is asked
--- http_config eval
my $port = PosternStore::port(10);
Postern::guarded("", "postern_redis redis://127.0.0.1:$port timeout=3s;")
--- config eval: $::config
--- client
PosternStore::redis(10);

my $r;

for my $n (1 .. 50) {
    $r = h3("/up", signed(target => "/up", nonce => "up$n"));
    last if $r->{status} == 200;
    sleep 0.2;
}

is $r->{status}, 200, "Redis is there";

for my $round (1 .. 5) {
    PosternStore::redis_signal(10, "STOP");

    # in odd rounds clients say that they go, in even ones they fall silent
    my @how = $round % 2 ? ("-m", "0.5") : ();
    my @pids = map { h3_start(10, "/w", signed(target => "/w",
                              nonce => "w$round-$_"), $_ < 4 ? @how : ()) }
               1 .. 4;
    sleep 0.7;
    kill "KILL", @pids[0 .. 2] if $round % 2 == 0;
    waitpid $_, 0 for @pids[0 .. 2];
    my $began = time;
    PosternStore::redis_signal(10, "CONT");
    waitpid $pids[3], 0;
    is $?, 0, "round $round: the one that waits is answered";
    cmp_ok time - $began, "<", 3, "round $round: soon";
}

is h3("/w", signed(target => "/w", nonce => "after"))->{status}, 200,
   "and the next one is served";
PosternStore::redis_stop(10);
is h3("/w", signed(target => "/w", nonce => "down"))->{status}, 503,
   "without Redis nobody is";
--- no_error_log
[alert]
[crit]
exited on signal
--- timeout: 60
