# The guard over HTTP/2 and TLS: sign-in and code, clients that are no browsers,
# cookies that come in crumbs (RFC 9113, 8.2.3), many streams at once.

use lib 't/lib';
use MfaTest;
use File::Temp ();
use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(\&MfaTest::defaults);
add_response_body_check(\&MfaTest::client);

our $dir = File::Temp->newdir;
our $text = ["-H", "Accept: text/html"];

system("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
       . " -keyout $dir/key.pem -out $dir/cert.pem 2>/dev/null") == 0
    or die "openssl req: $?\n";

sub tls_port { return MfaTest::port() + 2 }
sub rpc_port { return MfaTest::port() + 3 }
sub url { return "https://localhost:" . tls_port() . $_[0] }

# every server of this file speaks HTTP/2 over TLS, and proxies gRPC, too
our $config = do {
    my ($tls, $rpc) = (tls_port(), rpc_port());
    <<"EOD";
    listen 127.0.0.1:$tls ssl http2;
    ssl_certificate $dir/cert.pem;
    ssl_certificate_key $dir/key.pem;
    keepalive_requests 10000;

    location /shop.Orders/ {
        mfa on;
        grpc_pass grpc://127.0.0.1:$rpc;
    }
EOD
};

our $rpc = do {
    my $port = rpc_port();
    <<"EOD";
    server {
        listen 127.0.0.1:$port http2;
        location / {
            access_log logs/rpc.log;
            return 200 "rpc \$request_uri user=\$http_postern_subject cookie=\$http_cookie\\n";
        }
    }
EOD
};

# an answer over HTTP/2 as MfaClient has it
sub h2 {
    my @args = @_;

    open my $in, "-|", "curl", "-ski", "--http2", "-m", 20, "--noproxy", "*",
         "--resolve", "localhost:" . tls_port() . ":127.0.0.1", @args
        or die "curl: $!\n";

    my $got = do { local $/; <$in> } // "";

    close $in;
    $got =~ s{^HTTP/2 (\d+)}{HTTP/1.1 $1} or return { status => 0, body => "" };

    return MfaClient::parse($got);
}

# the code of a problem document
sub problem {
    my ($r) = @_;

    return MfaClient->json($r)->{code};
}

# the form of a page, filled in and sent, with the cookies that curl keeps
sub fill {
    my ($path, %fields) = @_;
    my @jar = ("-b", "$dir/jar", "-c", "$dir/jar", @$text);
    my ($form) = MfaClient::forms(h2(@jar, url($path)));

    %fields = (%{$form->{fields}}, %fields);

    return h2(@jar, (map { ("--data-urlencode", "$_=$fields{$_}") }
                     sort keys %fields), url($path));
}

# nghttp sends each as a field of its own
sub crumbs {
    my ($path, @crumbs) = @_;

    return nghttp($path, map { "cookie: $_" } @crumbs);
}

sub nghttp {
    my ($path, @fields) = @_;

    open my $in, "-|", "nghttp", "-t", 20, (map { ("-H", $_) } @fields),
         "https://127.0.0.1:" . tls_port() . $path or die "nghttp: $!\n";

    return do { local $/; <$in> } // "";
}

worker_connections(1024);
no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: from a stranger to a session, all over HTTP/2
--- http_more eval: $::rpc
--- config eval: $::config
--- client
my @jar = ("-b", "$::dir/jar", "-c", "$::dir/jar", @$::text);
my $r = h2(@jar, url("/app?a=1"));

is $r->{status}, 303, "led away";
is $r->{location}, "/.postern/sign-in?to=/app%3Fa%3D1", "to the pages";

$r = fill($r->{location}, user => "u1", password => $MfaTest::password);
is $r->{status}, 303, "the password";
is $r->{location}, "/.postern/code?to=/app%3Fa%3D1", "leads to the code";

$r = fill($r->{location}, code => MfaTest::code("u1"));
is $r->{status}, 303, "which";
is $r->{location}, "/app?a=1", "leads back";

$r = h2(@jar, url("/app?a=1"));
is $r->{status}, 200, "let in";
like $r->{body}, qr{^app GET /app\?a=1 user=u1 aal=2 cookie=$}, "as that user";

$r = h2(@jar, "-H", "Content-Type: application/grpc", "-H", "TE: trailers",
        "-d", "x", url("/shop.Orders/List"));
is $r->{status}, 200, "and to gRPC";
is $r->{body}, "rpc /shop.Orders/List user=u1 cookie=\n", "without its cookies";



=== TEST 2: who is no browser is told so, whatever it sends
--- http_more eval: $::rpc
--- config eval: $::config
--- client
my @grpc = ("-H", "Content-Type: application/grpc", "-H", "TE: trailers",
            "-H", "User-Agent: grpc-c/1.51", "-H", "Accept:");
my $frame = "\@$::dir/frame";

open my $out, ">", "$::dir/frame" or die;
print $out pack("CN", 0, 3), "\x0a\x01x";
close $out;

for my $case (["gRPC", "/shop.Orders/List", @grpc, "--data-binary", $frame],
              ["gRPC with a deadline", "/shop.Orders/List", @grpc,
               "-H", "grpc-timeout: 1S", "--data-binary", $frame],
              ["gRPC that is proxied by HTTP/1.1", "/app", @grpc,
               "--data-binary", $frame],
              ["gRPC in a browser", "/shop.Orders/List",
               "-H", "Content-Type: application/grpc-web+proto",
               "-H", "Accept: application/grpc-web-text", "-H", "X-Grpc-Web: 1",
               "--data-binary", $frame],
              ["fetch()", "/app", "-H", "Accept: */*",
               "-H", "Sec-Fetch-Mode: cors"],
              ["an API client", "/app"],
              ["a body", "/app", "-X", "PUT", "--data-binary", "x" x 100000],
              ["OPTIONS", "/app", "-X", "OPTIONS"],
              ["TRACE's like", "/app", "-X", "PURGE"],
              ["no Accept at all", "/app", "-H", "Accept:"])
{
    my ($name, $path, @args) = @$case;
    my $r = h2(@args, url($path));

    is $r->{status}, 401, $name;
    is problem($r), "mfa/sign-in", "$name: is told why";
    like $r->{field}{"www-authenticate"}, qr/^Cookie realm=/, "$name: and how";
    is $r->{location}, undef, "$name: is led nowhere";
}

ok !-s "$ENV{TEST_NGINX_SERVROOT}/logs/rpc.log", "none of it was passed on";
is h2(@$::text, url("/app"))->{status}, 303, "a browser is led to sign in";
is h2(@$::text, "-d", "a=b", url("/app"))->{status}, 401, "but for a form";
is h2(@grpc, "-b", "__Host-postern=AAAA." . "A" x 43, "--data-binary", $frame,
      url("/shop.Orders/List"))->{status}, 401, "nor is a session made up";



=== TEST 3: a cookie in crumbs
--- http_more eval: $::rpc
--- config eval: $::config
--- client
my $b = MfaTest::both("u2");
my $good = "__Host-postern=" . $b->cookie("__Host-postern");

for my $case (["alone", [$good], ""],
              ["first", [$good, "a=1", "c=2"], "a=1; c=2"],
              ["in the middle", ["a=1", $good, "c=2"], "a=1; c=2"],
              ["last", ["a=1", "c=2", $good], "a=1; c=2"],
              ["beside one in a field", ["a=1; $good", "c=2"], "a=1; c=2"],
              ["two of Postern's", [$good, "__Host-postern-form=x", "a=1"],
               "a=1"],
              ["among fifty", [(map { "n$_=$_" } 1 .. 25), $good,
                               (map { "n$_=$_" } 26 .. 50)],
               join "; ", map { "n$_=$_" } 1 .. 50])
{
    my ($name, $crumbs, $left) = @$case;

    is crumbs("/app", @$crumbs),
       "app GET /app user=u2 aal=2 cookie=$left\n", "$name: found, and kept";
    is crumbs("/shop.Orders/x", @$crumbs),
       "rpc /shop.Orders/x user=u2 cookie=$left\n", "$name: from gRPC, too";
}

for my $case (["twice the same", $good, $good],
              ["two that differ", $good, "__Host-postern=x"],
              ["one that begins like it", $good =~ s/.$//r],
              ["its halves", substr($good, 0, 30), substr $good, 30],
              ["of another name", "x$good"])
{
    my ($name, @crumbs) = @$case;

    like crumbs("/app", @crumbs), qr{"mfa/(?:ended|sign-in)"},
         "$name: no session";
}

my $r = h2((map { ("-H", "Cookie: $_") } "a=1", $good, "c=2"), url("/app"));

is $r->{status}, 200, "curl's crumbs are as good";



=== TEST 4: several Cookie lines of HTTP/1.1
--- http_more eval: $::rpc
--- config eval: $::config
--- client
my $b = MfaTest::both("u3");
my $good = "__Host-postern=" . $b->cookie("__Host-postern");

my $try = sub {
    my @lines = @_;

    return $b->request("GET", "/app", cookies => 0,
        headers => [["Accept", "*/*"], map { ["Cookie", $_] } @lines]);
};

for my $case (["first", $good, "a=1", "c=2"], ["last", "a=1", "c=2", $good],
              ["between", "a=1", $good, "c=2"])
{
    my ($name, @lines) = @$case;
    my $r = $try->(@lines);

    is $r->{status}, 200, "$name: found";
    like $r->{body}, qr/ cookie=a=1; c=2$/m, "$name: and kept, without a trace";
}

is $try->($good)->{status}, 200, "alone";
is $try->($good, $good)->{status}, 401, "not twice";
is $try->("a=1", "__Host-postern=x", $good)->{status}, 401, "nor beside another";



=== TEST 5: many streams of one connection, with and without a session
--- http_more eval: $::rpc
--- config eval
$::config . "    access_log logs/said.log said;\n"
--- http_config eval
MfaTest::keys_file();
MfaTest::http() . $::rpc . "    log_format said \"\$status \$mfa_status\";\n"
--- client
my $b = MfaTest::both("u4");
my $good = "__Host-postern=" . $b->cookie("__Host-postern");

my $load = sub {
    my @args = @_;
    my @all = map { ("-H", $_) } @args;

    open my $in, "-|", "h2load", "-n", 400, "-c", 4, "-m", 50, @all,
         "https://127.0.0.1:" . tls_port() . "/app" or die "h2load: $!\n";

    return do { local $/; <$in> };
};

like $load->("cookie: $good"), qr/status codes: 400 2xx, 0 3xx, 0 4xx, 0 5xx/,
     "four hundred with a session";
like $load->("cookie: a=1", "cookie: $good"),
     qr/status codes: 400 2xx, 0 3xx, 0 4xx, 0 5xx/, "in crumbs";
like $load->("cookie: a=1"), qr/status codes: 0 2xx, 0 3xx, 400 4xx, 0 5xx/,
     "four hundred without";
like $load->("accept: text/html"),
     qr/status codes: 0 2xx, 400 3xx, 0 4xx, 0 5xx/, "four hundred browsers";
