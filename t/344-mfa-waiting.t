# Pages that wait: over HTTP/2, for clients that go away, for a Redis that is
# gone, one request after the other on a connection.

use lib 't/lib';
use MfaTest;
use PosternStore ();
use IO::Socket::INET;
use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(\&MfaTest::defaults);
add_response_body_check(\&MfaTest::client);

$MfaTest::guard =~ s/^\s*mfa_enrol off;\n//m;

our $password = $MfaTest::password;

sub h2_port { return MfaTest::port() + 2 }

our $h2 = "    listen 127.0.0.1:" . h2_port() . " http2;\n";

# the fields of a new form, and its cookies
sub form {
    my ($b, $page) = @_;
    my ($form) = MfaClient::forms($b->page($page));
    my $cookies = $b->cookies;

    return ($form->{fields}, join "; ", map { "$_=$cookies->{$_}" }
                                        sort keys %$cookies);
}

# status, head and body of an answer over HTTP/2
sub h2 {
    my (@args) = @_;

    open my $in, "-|", "curl", "-s", "-i", "--http2-prior-knowledge", "-m", 20,
         "-H", "Accept: text/html", @args or die "curl: $!\n";

    my $text = do { local $/; <$in> } // "";

    return ($text =~ m{^HTTP/2 (\d+)} ? $1 : 0, split /\r\n\r\n/, $text, 2);
}

sub socket_to {
    return IO::Socket::INET->new(PeerAddr => "127.0.0.1",
                                 PeerPort => MfaTest::port())
           // die "connect: $!\n";
}

no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: HTTP/2
--- config eval: $::h2
--- client
my $b = MfaTest::browser();
my ($fields, $cookies) = form($b, "sign-in");
my $at = "http://127.0.0.1:" . h2_port() . "/.postern/sign-in";
my $data = "csrf=$fields->{csrf}&user=u1&password="
           . MfaClient::escape($password);

my ($status, $head) = h2("-H", "Cookie: $cookies", "-d", $data, $at);
is $status, 303, "signed in";
like $head, qr/^location: \/\.postern\/code/mi, "on to the code";
like $head, qr/^set-cookie: __Host-postern=/mi, "a session";

($status) = h2("-H", "Cookie: $cookies", "-d", $data . "x", $at);
is $status, 401, "refused";

# curl is quiet about an answer behind which nginx ends the stream

my $form = "$ENV{TEST_NGINX_SERVROOT}/html/large.form";
open my $out, ">", $form or die "$form: $!\n";
print $out "a=" . "x" x 9000;
close $out;

my $body = `timeout 20 nghttp -v -H 'cookie: $cookies' -d $form $at 2>&1`;
like $body, qr/:status: 413/, "too large";

($status, $head, $body) = h2("-I", $at);
is $status, 200, "HEAD";

($status, $head, $body) = h2($at);
like $body, qr{</html>\s*$}, "whole";



=== TEST 2: one request after the other on a connection
--- client
my $b = MfaTest::browser();
my ($fields, $cookies) = form($b, "sign-in");
my $body = "csrf=$fields->{csrf}&user=u2&password=wrong";
my $post = join "\r\n", "POST /.postern/sign-in HTTP/1.1", "Host: localhost",
    "Cookie: $cookies", "Content-Type: application/x-www-form-urlencoded",
    "Content-Length: " . length $body, "", $body;
my $get = join "\r\n", "GET /.postern/sign-in HTTP/1.1", "Host: localhost", "", "";
my $put = join "\r\n", "PUT /.postern/sign-in HTTP/1.1", "Host: localhost",
    "Content-Length: 5", "", "12345";
my $last = $get =~ s/Host: localhost/Host: localhost\r\nConnection: close/r;

my $c = socket_to();
print $c $post, $post, $put, $get, $post, $last;
$c->flush;
my $all = do { local $/; <$c> };
is join(" ", $all =~ m{^HTTP/1.1 (\d+)}mg), "401 401 405 200 401 200", "in turn";



=== TEST 3: a body that comes slowly
--- client
my $b = MfaTest::browser();
my ($fields, $cookies) = form($b, "sign-in");
my $body = "csrf=$fields->{csrf}&user=u3&password=wrong";
my $c = socket_to();

print $c join "\r\n", "POST /.postern/sign-in HTTP/1.1", "Host: localhost",
    "Connection: close", "Cookie: $cookies",
    "Content-Type: application/x-www-form-urlencoded",
    "Content-Length: " . length $body, "", "";

for (split /(?<=.{20})/, $body) {
    print $c $_;
    $c->flush;
    select undef, undef, undef, 0.02;
}

like scalar(<$c>), qr/ 401 /, "answered";



=== TEST 4: clients that go away while it works
--- http_config eval
MfaTest::keys_file();
my $http = MfaTest::http();
$http =~ s/mfa_insecure_argon2id.*/mfa_argon2id memory=19456k passes=2;/;
$http
--- client
my $b = MfaTest::browser();
my ($fields, $cookies) = form($b, "sign-in");
my $body = "csrf=$fields->{csrf}&user=u4&password=wrong";
my $post = join "\r\n", "POST /.postern/sign-in HTTP/1.1", "Host: localhost",
    "Cookie: $cookies", "Content-Type: application/x-www-form-urlencoded",
    "Content-Length: " . length $body, "", $body;

for my $delay (0, 0.001, 0.005, 0.01, 0.02, 0.03) {
    for (1 .. 4) {
        my $c = socket_to();
        syswrite $c, $post;
        select undef, undef, undef, $delay;
        close $c;
    }
}

for my $cut (1, 50, length($post) - 3) {
    my $c = socket_to();
    syswrite $c, substr $post, 0, $cut;
    close $c;
}

my $r = $b->sign_in("u4", $password);
is $r->{status}, 303, "the next one is served";
--- no_error_log
[alert]
exited on signal



=== TEST 5: Redis goes away in the middle
--- http_config eval
MfaTest::keys_file();
my $port = PosternStore::port(10);
MfaTest::http("", "postern_redis redis://127.0.0.1:$port timeout=300ms;")
--- client
PosternStore::redis(10);

my $b = MfaTest::browser();
my $r;

for (1 .. 50) {
    $r = $b->sign_in("b1", $password, to => "/x");
    last if $r->{status} == 303;
    select undef, undef, undef, 0.2;
}

is $r->{status}, 303, "signed in";

my $page = $b->page("enrol");
my ($secret) = $page->{body} =~ m{class="key">([A-Z2-7 ]+)<};
ok $secret, "a secret";

PosternStore::redis_stop(10);
$r = $b->submit($page, { code => MfaClient::totp($secret) });
is $r->{status}, 503, "no enrolment";
like $r->{field}{"retry-after"}, qr/^\d+$/, "later";
like $r->{body}, qr/<h1>/, "a page";
is $b->page($_)->{status}, 503, $_ for qw(account code password);
is MfaTest::browser()->page("sign-in")->{status}, 200, "the form";
is MfaTest::browser()->sign_in("u5", $password)->{status}, 503, "no sign-in";
select undef, undef, undef, 0.5;
is $b->get("/x")->{status}, 503, "not let in";

PosternStore::redis(10);

for (1 .. 50) {
    $r = MfaTest::browser()->sign_in("u5", $password);
    last if $r->{status} == 303;
    select undef, undef, undef, 0.2;
}

is $r->{status}, 303, "back";
