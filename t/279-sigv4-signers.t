# Signers of SigV4 that we did not write, beside those for JavaScript (t/220) and
# the tools (t/224): boto3 and botocore, AWS's signer in C, those of Ruby and Perl.
# Each with odd paths and queries, and with one thing changed.

use lib 't/lib';
use HTTP::Request ();
use Net::Amazon::Signature::V4 ();
use Postern;
use SigV4;
use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(\&Postern::defaults);
add_response_body_check(\&Postern::client);

our $store = store();

our $config = <<'_EOC_';
    sign on;
    sign_schemes sigv4 sigv4a;

    location / {
        proxy_pass http://app;
    }
_EOC_

our $s3 = $config =~ s{http://app}{http://127.0.0.1:$store}r
                  =~ s{location / \{}{$&\n        client_max_body_size 0;}r;

sub clients {
    my ($file, @kind) = @_;

    script($file, @kind, "http://127.0.0.1:" . port(), "AK1", $Postern::secret);
}

# a request that Perl's signer signed: the answer's status

sub perl {
    my ($service, $method, $target, $body, $change) = @_;
    my $host = "127.0.0.1:" . port();

    my $signer = Net::Amazon::Signature::V4->new("AK1", $Postern::secret,
                                                 "eu-central-1", $service);
    my $r = HTTP::Request->new($method, "http://$host$target",
                               [Host => $host, "X-Id" => rand], $body);

    $signer->sign($r);

    my $text = join "\n", grep { !/^Host:/ } split /\n/, $r->headers->as_string;
    my $raw = raw_request($method, $target, $text, $body)
              =~ s/Host: localhost/Host: $host/r;

    $raw = $change->($raw) if $change;

    return http($raw)->{status};
}

no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: boto3, the S3 client
--- no_http2: the client speaks HTTP/1.1
--- config eval: $::s3 =~ s/sign on;/sign on;\n    sign_insecure_body on;/r
--- client
clients("sigv4-boto3.py", "s3");
--- timeout: 60



=== TEST 2: botocore, other services
--- no_http2: the client speaks HTTP/1.1
--- config eval: $::config
--- client
clients("sigv4-boto3.py", "other");
--- timeout: 60



=== TEST 3: AWS's signer in C, version 4 and 4A
--- no_http2: the client speaks HTTP/1.1
--- config eval: $::config
--- client
clients("sigv4-crt.py");
--- timeout: 60



=== TEST 4: Ruby
--- no_http2: the client speaks HTTP/1.1
--- config eval: $::config
--- client
clients("sigv4.rb");
--- timeout: 60



=== TEST 5: Perl
It normalizes paths, and takes "+" in a query for a blank: as it signs, so it has
to send.
--- no_http2: the answer is that of a raw request
--- config eval: $::config
--- client
for my $service ("execute-api", "s3") {
    for my $path ("/p", "/p/", "/p/a%20b", "/p/%C3%A4", "/p/a%2Fb", "/p/a+b",
                  "/p/a%2Bb", "/p/a=b&c", "/p/a:b\@c,d;e\$f", "/p/~-._",
                  "/p?a=1", "/p?b=2&a=1", "/p?a=2&a=1", "/p?a", "/p?a=",
                  "/p?a%20b=c%20d", "/p?a=b%2Bc", "/p?%C3%A4=%C3%B6",
                  "/p?A=1&a=2", "/p?a=%2F%3F%3D%26")
    {
        is perl($service, "GET", $path), 200, "$service: GET $path";
        is perl($service, "POST", $path, "hello"), 200,
           "$service: POST $path";
    }

    is perl($service, "GET", "/p?a=b+c"), 401, "$service: a plus for a blank";
    is perl($service, "GET", "/p/../q"), 401, "$service: a path to resolve";

    for (["path", sub { $_[0] =~ s{/p}{/q}r }, 401],
         ["query", sub { $_[0] =~ s/a=1/a=0/r }, 401],
         ["method", sub { $_[0] =~ s/POST/PUT/r }, 401],
         ["body", sub { flip($_[0]) }, 400],
         ["field", sub { $_[0] =~ s/(X-Id: )/${1}1/r }, 401],
         ["signature", sub { $_[0] =~ s{(Signature=)(.)}{$1 . ($2 ? 0 : 1)}er }, 401])
    {
        my ($what, $change, $want) = @$_;

        is perl($service, "POST", "/p?a=1", "hello", $change), $want,
           "$service: another $what";
    }
}
