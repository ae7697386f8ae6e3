# People over HTTP/3: from a stranger to a session, forms of another origin,
# roles, and what the record says of it.  For nginx from 1.25 on (util/test-all
# http3).

use lib 't/lib';
use MfaTest;
use Http3;
use JSON::PP ();
use PosternStore ();
use Test::Nginx::Socket 'no_plan';
use Time::HiRes qw(sleep);

add_block_preprocessor(\&MfaTest::defaults);
add_response_body_check(\&MfaTest::client);

our $dir = File::Temp->newdir;
our $origin = "https://localhost:" . h3_port();

our $config = Http3::certificate() . <<'_EOC_';
    audit on;

    location /shop/ {
        mfa on;
        rbac on;
        proxy_pass http://app;
    }
_EOC_

our $recorded = "    audit_file logs/audit.jsonl;\n    audit_flush 20ms;\n";

# as a browser with cookies asks
sub visit {
    my ($target, @args) = @_;

    return h3($target, "-b", "$dir/jar", "-c", "$dir/jar",
              "-H", "Accept: text/html", @args);
}

# the form of a page, filled in
sub fill {
    my ($path, $args, %fields) = @_;
    my ($form) = MfaClient::forms(visit($path));

    %fields = (%{$form->{fields}}, %fields);

    return visit($path, @$args, map { ("--data-urlencode", "$_=$fields{$_}") }
                                sort keys %fields);
}

sub problem { return MfaClient->json($_[0])->{code} }

# the records of requests for this target
sub records {
    my ($target) = @_;

    open my $in, "<", "$ENV{TEST_NGINX_SERVROOT}/logs/audit.jsonl" or return;

    return grep { ($_->{target} // "") eq $target }
           map { JSON::PP::decode_json($_) } <$in>;
}

sub record {
    my ($target) = @_;

    for (1 .. 100) {
        my @found = records($target);
        return $found[-1] if @found;
        sleep 0.05;
    }

    return {};
}

worker_connections(1024);
no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: a session
--- config eval: $::config
--- http_more eval: $::recorded
--- client
my @own = ("-H", "Origin: $::origin", "-H", "Sec-Fetch-Site: same-origin");
my $r = visit("/app?a=1");

is $r->{version}, 3, "HTTP/3";
is $r->{status}, 303, "led away";
is $r->{field}{location}, "/.postern/sign-in?to=/app%3Fa%3D1", "to the pages";

my $page = $r->{field}{location};

for my $other ("https://localhost", "https://evil.example:" . h3_port(),
               "https://localhost:1")
{
    $r = fill($page, ["-H", "Origin: $other"], user => "u1",
              password => $MfaTest::password);
    is $r->{status}, 403, "a form of $other";
}

$r = fill($page, \@own, user => "u1", password => "wrong");
is $r->{status}, 401, "a wrong password";

$r = fill($page, \@own, user => "u1", password => $MfaTest::password);
is $r->{status}, 303, "the password" or diag $r->{body};
is $r->{field}{location}, "/.postern/code?to=/app%3Fa%3D1", "leads to the code";

$r = fill($r->{field}{location}, \@own, code => MfaTest::code("u1"));
is $r->{status}, 303, "which" or diag $r->{body};
is $r->{field}{location}, "/app?a=1", "leads back";

$r = visit("/app?a=1");
is $r->{status}, 200, "let in";
like $r->{body}, qr{^app GET /app\?a=1 user=u1 aal=2 cookie=$}, "as that user";

$r = visit("/shop/a");
is $r->{status}, 200, "rbac lets the method in";
$r = visit("/shop/b", "-X", "DELETE");
is $r->{status}, 403, "but not another";

$r = h3("/shop/c", "-b", "$::dir/jar", "-X", "DELETE");
is $r->{status}, 403, "nor without a browser";
is problem($r), "rbac/method", "which is told why";
is $r->{field}{"content-type"}, "application/problem+json", "as a problem";

for my $path ("/shop/x%2fy", "/shop/x/..%5cy", "/shop//x") {
    $r = h3($path, "-b", "$::dir/jar");
    is $r->{status}, 400, "$path, which could be read as another path";
}

is h3("/shop/d")->{status}, 401, "without a session nobody is";

my $seen = record("/shop/c");
is $seen->{protocol}, "HTTP/3.0", "recorded with its protocol";
is $seen->{host}, "localhost:" . h3_port(), "its host";
is $seen->{status}, 403, "its status";
is $seen->{identity}{subject}, "u1", "whose it was";
is record("/shop/a")->{status}, 200, "so is what was let in";
is record("/shop/d")->{status}, 401, "and what was nobody's";



=== TEST 2: sixty streams of one connection, with and without a session
--- config eval: $::config
--- http_more eval: $::recorded
--- client
my $b = MfaTest::both("u2");
my $cookie = "Cookie: __Host-postern=" . $b->cookie("__Host-postern");

is_deeply [grep { $_ != 200 } h3_all(60, "/app", "-H", $cookie)], [],
    "sixty with a session";
is_deeply [grep { $_ != 401 } h3_all(60, "/app")], [], "sixty without";



=== TEST 3: clients that go away while Redis is asked for their session
--- http_config eval
my $port = PosternStore::port(10);
MfaTest::keys_file();
MfaTest::http($::recorded, "postern_redis redis://127.0.0.1:$port timeout=3s;")
--- config eval: $::config
--- client
PosternStore::redis(10);

my $b;

for (1 .. 50) {
    last if $b = eval { MfaTest::both("u3") };
    sleep 0.2;
}

ok $b, "signed in";

my $cookie = "Cookie: __Host-postern=" . $b->cookie("__Host-postern");

for my $round (1 .. 4) {
    # a copy of the session is good for less than this
    sleep 0.6;
    PosternStore::redis_signal(10, "STOP");

    # in odd rounds the client says that it goes, in even ones it falls silent;
    # either has asked by then, and Redis has a second left
    my @how = $round % 2 ? ("-m", "2") : ();
    my @pids = map { h3_start(10, "/app?round=$round", "-H", $cookie, @how) }
               1 .. 3;

    if ($round % 2 == 0) {
        sleep 1;
        kill "KILL", @pids;
    }

    waitpid $_, 0 for @pids;
    PosternStore::redis_signal(10, "CONT");

    my $r = h3("/app?after=$round", "-H", $cookie);
    is $r->{status}, 200, "round $round: the next one is served";
    like $r->{body}, qr/user=u3/, "round $round: as itself";
}

# no status: there was no answer
ok PosternStore::wait_for(sub {
       grep { $_->{status} == 0 } records("/app?round=1")
   }, 10), "what was given up is recorded so";
PosternStore::redis_stop(10);
