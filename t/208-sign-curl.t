# The real clients: curl --aws-sigv4 over HTTP/1.1 and HTTP/2, nghttp.

use lib 't/lib';
use Postern;
use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(\&Postern::defaults);
add_response_body_check(\&Postern::client);

our $config = <<'_EOC_';
    sign on;
    sign_explain on;

    location / {
        add_header X-Sign "$sign_status $sign_scheme $sign_key_id";
        proxy_pass http://app;
    }
_EOC_

sub signed_curl {
    my @args = @_;

    return curl("--aws-sigv4", "aws:amz:eu-central-1:execute-api",
                "--user", "AK1:$Postern::secret", @args);
}

sub base { return "http://localhost:" . port() }

no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: curl --aws-sigv4
--- config eval: $::config
--- client
is signed_curl(base() . "/a")->{status}, 200, "GET";
is signed_curl(base() . "/a/b%20c")->{status}, 200, "GET, encoded path";
is signed_curl(base() . "/a?b=c&d=e")->{status}, 200, "GET, query";
is signed_curl("-d", "x=1&y=2", base() . "/a")->{status}, 200, "POST";
is signed_curl("-d", "", base() . "/a0")->{status}, 200, "POST, empty";
is signed_curl("-X", "PUT", "-d", "text", base() . "/a")->{status}, 200,
   "PUT";
is signed_curl("-X", "DELETE", base() . "/a")->{status}, 200, "DELETE";
is signed_curl("-H", "X-Tenant: t1", base() . "/t")->{status}, 200,
   "GET, another field";

my $big = File::Temp->new;
print $big "y" x 2000000;
close $big;

my $r = signed_curl("--data-binary", "\@$big", base() . "/big");
is $r->{status}, 200, "POST, 2 MB with Expect";

$r = curl("--aws-sigv4", "aws:amz:eu-central-1:execute-api", "--user",
          "AK1:wrong", base() . "/w");
is $r->{status}, 401, "wrong secret";
like $r->{body}, qr{sign/invalid}, "sign/invalid";

$r = curl("--aws-sigv4", "aws:amz:eu-central-1:execute-api", "--user",
          "AK2:wrong", base() . "/w");
like $r->{body}, qr{sign/unknown-key}, "unknown key";

is curl(base() . "/a")->{status}, 401, "no signature";



=== TEST 2: curl --aws-sigv4 over HTTP/2
--- http_more eval
my $port = ($ENV{TEST_NGINX_PORT} // 1984) + 2;
"server {
    listen 127.0.0.1:$port http2;
    $::config
 }"
--- config
--- client
my $h2 = "http://localhost:" . (port() + 2);
my @prior = ("--http2-prior-knowledge");
my $r = signed_curl(@prior, "$h2/a");
is $r->{status}, 200, "GET";
is $r->{version}, "2", "over HTTP/2";
is signed_curl(@prior, "$h2/a?b=c")->{status}, 200, "GET, query";
is signed_curl(@prior, "-d", "x=1", "$h2/a")->{status}, 200, "POST";

my $authority = "localhost:" . (port() + 2);
my %r = (method => "POST", target => "/n?x", body => "hello",
         authority => $authority);
my $file = File::Temp->new;
print $file "hello";
close $file;

my @h = map { ("-H", $_) } split /\n/, rfc9421(%r, nonce => "1");
is curl(@prior, "-X", "POST", "--data-binary", "\@$file", @h,
        "$h2/n?x")->{status}, 200, "RFC 9421 over HTTP/2";

@h = map { ("-H", $_) } split /\n/, rfc9421(%r, nonce => "2");
is curl(@prior, "-X", "POST", "--data-binary", "hellp", @h,
        "$h2/n?x")->{status}, 400, "changed body over HTTP/2";

@h = map { ("-H", $_) } split /\n/, rfc9421(%r, nonce => "3");
is curl(@prior, "-X", "POST", @h, "$h2/n?x")->{status}, 400,
   "body taken away over HTTP/2";

# nghttp sends no Content-Length when told so: the end of the stream counts
@h = map { ("-H", $_) } split /\n/, lc(rfc9421(%r, nonce => "4")) =~ s/.*//sr;
my $lines = rfc9421(%r, nonce => "4");
my @n = map { my ($k, $v) = split /: /, $_, 2; ("-H", lc($k) . ": $v") }
        split /\n/, $lines;
my $out = do {
    open my $p, "-|", "nghttp", "-v", "--no-content-length", "-H",
        ":method: POST", "-d", "$file", @n, "$h2/n?x" or die;
    local $/;
    <$p>;
};
like $out, qr/:status: 200/, "nghttp, no Content-Length";
--- timeout: 20



=== TEST 3: S3 signs the path as it is
--- config eval: $::config
--- client
my $r = curl("--aws-sigv4", "aws:amz:eu-central-1:s3", "--user",
             "AK1:$Postern::secret", base() . "/bucket/some%20thing");
is $r->{status}, 200, "s3, GET";
