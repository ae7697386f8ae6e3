# One signed request, and everything that somebody on its way could change.

use lib 't/lib';
use Postern;
use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(\&Postern::defaults);
add_response_body_check(\&Postern::client);

our $config = <<'_EOC_';
    sign on;
    sign_explain on;
    sign_components @method @target-uri @authority content-digest x-tenant;

    location / {
        proxy_pass http://app;
    }
_EOC_

# what is sent, and its two signatures
sub sent {
    my ($how, %changes) = @_;

    my %r = (method => "POST", target => "/a/b?c=d", body => "hello",
             headers => [["X-Tenant", "t1"]]);

    my $lines = $how eq "sigv4"
                ? Postern::sigv4(%r, hash => $changes{hash})
                : Postern::rfc9421(%r, nonce => rand, cover => ['@method',
                      '@target-uri', '@authority', 'content-digest',
                      'x-tenant']);

    if (my $edit = $changes{lines}) {
        local $_ = $lines;
        $edit->();
        $lines = $_;
    }

    my $text = Postern::raw_request($changes{method} // "POST",
                                    $changes{target} // "/a/b?c=d", $lines,
                                    $changes{body} // "hello");

    $text =~ s/Host: localhost/Host: $changes{host}/ if $changes{host};

    return Postern::http($text);
}

no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: RFC 9421
--- config eval: $::config
--- client
sub try9421 {
    my ($name, $code, %c) = @_;
    my $r = sent("rfc9421", %c);
    is "$r->{status} " . ($r->{body} =~ /"code":"([^"]*)"/ ? $1 : "-"),
       $code, "rfc9421, $name";
}

try9421("nothing changed", "200 -");
try9421("method", "401 sign/invalid", method => "PUT");
try9421("path", "401 sign/invalid", target => "/a/c?c=d");
try9421("query", "401 sign/invalid", target => "/a/b?c=e");
try9421("query dropped", "401 sign/invalid", target => "/a/b");
try9421("query emptied", "401 sign/invalid", target => "/a/b?");
try9421("other spelling of the path", "401 sign/invalid",
        target => "/a/%62?c=d");
try9421("dot segments", "401 sign/invalid", target => "/a/./b?c=d");
try9421("host", "401 sign/invalid", host => "elsewhere");
try9421("port", "401 sign/invalid", host => "localhost:8080");
try9421("default port", "200 -", host => "localhost:80");
try9421("body", "400 sign/digest", body => "hellp");
try9421("shorter body", "400 sign/digest", body => "hell");
try9421("longer body", "400 sign/digest", body => "hello!");
try9421("no body", "400 sign/digest", body => "");
try9421("field", "401 sign/invalid",
        lines => sub { s/X-Tenant: t1/X-Tenant: t2/ });
try9421("field dropped", "401 sign/coverage",
        lines => sub { s/X-Tenant: t1\n// });
try9421("digest", "401 sign/invalid",
        lines => sub { s/sha-256=:./sha-256=:_/; s/=:_/=:A/ });
try9421("digest and body", "401 sign/invalid", body => "hellp",
        lines => sub { s/(Content-Digest: ).*/$1 . content_digest("hellp")/e });
try9421("created", "401 sign/invalid",
        lines => sub { s/created=(\d+)/"created=" . ($1 - 1)/e });
try9421("nonce", "401 sign/invalid",
        lines => sub { s/nonce="[^"]*"/nonce="2"/ });
try9421("key", "401 sign/algorithm",
        lines => sub { s/keyid="AK1"/keyid="AK1";alg="ed25519"/ });
try9421("fewer components", "401 sign/coverage",
        lines => sub { s/"\@authority" "content-digest"/"\@authority"/ });
try9421("components in another order", "401 sign/invalid",
        lines => sub { s/"\@method" "\@target-uri"/"\@target-uri" "\@method"/ });



=== TEST 2: SigV4
--- config eval: $::config
--- client
sub tryv4 {
    my ($name, $code, %c) = @_;
    my $r = sent("sigv4", hash => "", %c);
    is "$r->{status} " . ($r->{body} =~ /"code":"([^"]*)"/ ? $1 : "-"),
       $code, "sigv4, $name";
    sleep 1;
}

tryv4("nothing changed", "200 -");
tryv4("method", "401 sign/invalid", method => "PUT");
tryv4("path", "401 sign/invalid", target => "/a/c?c=d");
tryv4("query", "401 sign/invalid", target => "/a/b?c=e");
tryv4("host", "401 sign/invalid", host => "elsewhere");
tryv4("body", "400 sign/digest", body => "hellp");
tryv4("no body", "400 sign/digest", body => "");
tryv4("body, hash not sent", "401 sign/invalid", body => "hellp",
      hash => undef);
tryv4("field", "401 sign/invalid",
      lines => sub { s/X-Tenant: t1/X-Tenant: t2/ });
tryv4("date", "401 sign/invalid",
      lines => sub { s/x-amz-date: (\d{8}T\d{5})(\d)/"x-amz-date: $1" .
                     ($2 ^ 1)/e });
tryv4("hash and body", "401 sign/invalid", body => "hellp",
      lines => sub { s/(x-amz-content-sha256: ).*/$1 .
                     Digest::SHA::sha256_hex("hellp")/e });
tryv4("region", "401 sign/invalid",
      lines => sub { s/eu-central-1/us-east-1/ });



=== TEST 3: every byte of the signature counts
--- config eval: $::config
--- client
my $lines = rfc9421(target => "/a", nonce => "bytes",
                    headers => [["X-Tenant", "t1"]],
                    cover => ['@method', '@target-uri', 'x-tenant']);
my ($b64) = $lines =~ /^Signature: sig1=:(.*):$/m;
my $raw = MIME::Base64::decode_base64($b64);
my $passed = 0;

for my $i (0 .. length($raw) - 1) {
    my $bad = $raw;
    substr($bad, $i, 1) = chr(ord(substr $bad, $i, 1) ^ 0x10);
    my $text = $lines =~ s/\Q$b64\E/MIME::Base64::encode_base64($bad, "")/er;
    $passed++ if http(raw_request("GET", "/a", $text))->{status} != 401;
}

is $passed, 0, "no altered signature passed";
is http(raw_request("GET", "/a", $lines))->{status}, 200,
   "and the true one is still good: what was refused claimed nothing";
