# What is odd about curl 7.88's --aws-sigv4, each with what becomes of it and
# why: accepted where no other request could be meant.

use lib 't/lib';
use Postern;
use SigV4 qw(store);
use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(\&Postern::defaults);
add_response_body_check(\&Postern::client);

our $store = store();

our $config = <<"_EOC_";
    sign on;
    sign_explain on;

    location / {
        proxy_pass http://127.0.0.1:$store;
    }

    location /unsigned/ {
        sign_insecure_body on;
        proxy_pass http://127.0.0.1:$store;
    }
_EOC_

sub signed {
    my ($service, @args) = @_;

    return curl("--aws-sigv4", "aws:amz:eu-central-1:$service",
                "--user", "AK1:$Postern::secret", "--path-as-is", "-g", @args);
}

sub status {
    my ($service, $target, @args) = @_;

    my $r = signed($service, @args, "http://localhost:" . port() . $target);

    return join " ", $r->{status}, $r->{body} =~ /"code":"([^"]+)"/;
}

sub file {
    my ($text) = @_;
    my $file = File::Temp->new;

    print $file $text;
    close $file;

    return $file;
}

no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: queries are signed as they are sent
That query can be no other's canonical form, unless it is canonical itself.
--- config eval: $::config
--- client
for my $service ("s3", "execute-api") {
    for my $query ("b=2&a=1", "a=2&a=1", "a", "a&b", "x=%2f", "x=%2F", "x=a+b",
                   "x=a%20b", "a=1&&b=2", "x=a/b?c", "x=%C3%A4", "x=~")
    {
        is status($service, "/q?$query"), "404", "$service ?$query";
    }
}



=== TEST 2: paths are encoded once, for every service
For S3 that is what all clients do.  For others it is read so where the path has
no escape of a character that a path may hold as it is: "/a%252fb" as it is sent
would be what "/a%2fb" becomes when encoded once more.
--- config eval: $::config
--- client
for my $path ("/p", "/a%20b", "/%C3%A4", "/(x)", "/a+b", "/a:b\@c,d;e", "/~-._",
              "/a%2Fb", "/a%2fb", "/a%22b")
{
    is status("s3", $path), "404", "s3 $path";
    is status("execute-api", $path), "404", "execute-api $path";
}

for my $path ("/a%2Bb", "/a%2bb", "/a%25b", "/a%252fb", "/a%28x%29") {
    is status("s3", $path), "404", "s3 $path";
    is status("execute-api", $path), "401 sign/invalid", "execute-api $path";
}

# dot segments and slashes count as they are sent
for my $path ("/a//b", "/a/./b", "/a/../b") {
    is status("s3", $path), "404", "s3 $path";
}



=== TEST 3: a header that comes twice is listed twice
One that came in two lines or in one would be the same to applications, but a
list that names one twice is none that the standard has: refused.
--- config eval: $::config
--- client
is status("s3", "/h", "-H", "X-Dup: 1", "-H", "X-Dup: 2"),
   "400 sign/ambiguous", "twice";
is status("s3", "/h", "-H", "X-Dup: 1, 2"), "404", "once, with both";
is status("s3", "/h", "-H", "X-Multi:   a   b"), "404", "blanks";



=== TEST 4: -T signs the hash of nothing
The body would be anybody's: refused, unless the client says that it leaves it
out and the location takes that.
--- config eval: $::config
--- client
my $file = file("what is uploaded");

is status("s3", "/t", "-T", "$file"), "401 sign/invalid", "-T";
is status("s3", "/t", "-T", "$file", "-H",
          "x-amz-content-sha256: UNSIGNED-PAYLOAD"),
   "401 sign/coverage", "-T, said to be unsigned";
is status("s3", "/unsigned/t", "-T", "$file", "-H",
          "x-amz-content-sha256: UNSIGNED-PAYLOAD"),
   "200", "-T, said to be unsigned, where that is allowed";
is status("s3", "/t", "-X", "PUT", "--data-binary", "\@$file"), "200",
   "--data-binary signs the body";
is status("execute-api", "/t", "-X", "PUT", "--data-binary", "\@$file"), "200",
   "--data-binary, another service";

my $hash = Digest::SHA::sha256_hex("what is uploaded");
is status("s3", "/t", "-T", "$file", "-H", "x-amz-content-sha256: $hash"),
   "200", "-T with the hash";
is status("s3", "/t", "-T", "$file", "-H", "x-amz-content-sha256: "
          . flip($hash) =~ s/[^0-9a-f]$/0/r),
   "400 sign/digest", "-T with another hash";



=== TEST 5: nothing of this makes one signature good for two requests
--- config eval: $::config
--- client
my $out = do {
    open my $p, "-|", "curl", "-sv", "-o", "/dev/null", "--aws-sigv4",
        "aws:amz:eu-central-1:execute-api", "--user", "AK1:$Postern::secret",
        "http://localhost:" . port() . "/one%20path?b=2&a=1&c", "--stderr", "-"
        or die;
    local $/;
    <$p>;
};

my $lines = join "\n", map { /^> ((?:Authorization|X-Amz-Date): .*?)\r?$/ }
            split /\n/, $out;
my $host = "localhost:" . port();

for my $target ("/one%2520path?b=2&a=1&c", "/one+path?b=2&a=1&c",
                "/one%20path?a=1&b=2&c", "/one%20path?a=1&b=2&c=",
                "/one%20path?b=2&a=1&c=", "/one%20path?b=2&a=1&d",
                "/one%20path/?b=2&a=1&c")
{
    my $r = http(raw_request("GET", $target, $lines)
                 =~ s/Host: localhost/Host: $host/r);
    is $r->{status}, 401, $target;
}
