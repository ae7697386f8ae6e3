# Attacks that other verifiers fell for, each by its name.

use lib 't/lib';
use Postern;
use Hostile ();
use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(\&Postern::defaults);
add_response_body_check(\&Postern::client);

our $config = <<'_EOC_';
    sign on;
    sign_explain on;

    location / {
        proxy_pass http://app;
    }

    location /insecure {
        sign_components @method @path @query @authority;
        sign_insecure_coverage on;
        proxy_pass http://app;
    }
_EOC_

sub code {
    my $answer = http(raw_request(@_));

    return $answer->{body} =~ /"code":"sign\/([a-z-]+)"/ ? $1
                                                         : $answer->{status};
}

no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: GHSA-x9cc-346q-g27m: an empty list of components
--- config eval: $::config
--- client
is code("GET", "/a", rfc9421(target => "/a", cover => [])), "coverage",
   "refused by the default policy";
is code("GET", "/insecure", rfc9421(target => "/insecure", cover => [])),
   "coverage", "and by one that gives much up";



=== TEST 2: CVE-2022-2385: parameters that a verifier and an application read differently
--- config eval: $::config
--- client
my $now = POSIX::strftime("%Y%m%dT%H%M%SZ", gmtime);
my $lines = sigv4(target => "/a?x-amz-signature=aa&X-Amz-Signature=bb");

is code("GET", "/a?x-amz-signature=aa&X-Amz-Signature=bb", $lines),
   "ambiguous", "beside the header";

for my $query ("X-Amz-Signature=aa&X-Amz-Signature=bb",
               "X-Amz-Signature=aa&x-amz-signature=bb",
               "X-Amz-Signature=aa&X-Amz-Signatur%65=bb",
               "X-Amz-Credential=AK1&X-Amz-Signature=aa&x-amz-credential=AK2")
{
    isnt code("GET", "/a?$query", ""), 200, $query;
}



=== TEST 3: CVE-2026-40344: credentials in two places
--- config eval: $::config
--- client
my $lines = sigv4(target => "/a?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Cred"
                            . "ential=AK1&X-Amz-Signature=aa");
is code("GET", "/a?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AK1"
               . "&X-Amz-Signature=aa", $lines), "ambiguous", "two places";
is code("GET", "/a", sigv4(target => "/a") . "\n" . rfc9421(target => "/a")),
   "ambiguous", "two schemes";



=== TEST 4: CVE-2026-40344: an unsigned body that streams
--- config eval: $::config
--- client
for my $hash (qw(STREAMING-UNSIGNED-PAYLOAD-TRAILER UNSIGNED-PAYLOAD)) {
    isnt code("PUT", "/a", sigv4(method => "PUT", target => "/a", body => "x",
                                 hash => $hash), "x"), 200, $hash;
}



=== TEST 5: CVE-2017-16005: the names of header fields count, not only their values
--- config eval: $::config
--- client
my @fields = (["X-From", "alice"], ["X-To", "bob"]);
my @cover = ('@method', '@target-uri', 'x-from', 'x-to');
my $lines = rfc9421(target => "/a", headers => \@fields, cover => \@cover);

is code("GET", "/a", $lines), 200, "as it was signed";

$lines = rfc9421(target => "/a", headers => \@fields, cover => \@cover,
                 nonce => "n");
$lines =~ s/X-From: alice/X-To: alice/;
$lines =~ s/X-To: bob/X-From: bob/;

is code("GET", "/a", $lines), "invalid", "with the names exchanged";



=== TEST 6: CVE-2022-29167: a Host that takes long to read
--- config eval: $::config
--- client
my $host = "a" x 3000 . ":" . "1" x 3000;
my $text = raw_request("GET", "/a", rfc9421(target => "/a"));

$text =~ s/Host: localhost/Host: $host/;

# by the worker's own clock, whoever else is busy

my ($pid) = do {
    local (@ARGV, $/) = "$ENV{TEST_NGINX_SERVROOT}/logs/nginx.pid";
    <> =~ /(\d+)/;
};

# with one worker Test::Nginx has no master
($pid) = (qx(ps --ppid $pid -o pid=) =~ /(\d+)/, $pid);

my $before = Hostile::usage($pid)->{cpu};

isnt http($text)->{status}, 200, "refused";
cmp_ok Hostile::usage($pid)->{cpu} - $before, "<", 0.5, "at once";



=== TEST 7: CVE-2021-43557: what is signed is what is routed
--- config
    sign on;
    sign_explain on;

    location /public/ {
        sign off;
        proxy_pass http://app;
    }

    location / {
        proxy_pass http://app;
    }
--- client
for my $target ("/public/../admin", "/public/%2e%2e/admin",
                "/public/./../admin", "//public/..//admin")
{
    is code("GET", $target, ""), "missing", $target;
}



=== TEST 8: CVE-2026-28432: a signature that covers another header than the one that names it
--- config eval: $::config
--- client
my $lines = rfc9421(target => "/a");

is code("GET", "/a", $lines =~ s/Signature: sig1/Signature: sig2/r),
   "malformed", "under another label";
is code("GET", "/a", $lines =~ s/Signature: .*//r), "malformed",
   "without the signature";
is code("GET", "/a", $lines =~ s/Signature: sig1=:[^:]*:/Signature: sig1=::/r),
   "malformed", "with an empty one";



=== TEST 9: a cache of replays that is shorter than the validity (AWS Identity Center)
--- config
    sign on;
    sign_explain on;
    sign_window 4s skew=0s;

    location / {
        proxy_pass http://app;
    }
--- client
my $lines = rfc9421(method => "POST", target => "/a", nonce => "w",
                    expires => CORE::time() + 3600);
my @codes = (code("POST", "/a", $lines, ""));

for (1 .. 10) {
    select undef, undef, undef, 0.6;
    push @codes, code("POST", "/a", $lines, "");
}

is shift @codes, 200, "once";
is scalar(grep { !/^(replayed|expired)$/ } @codes), 0,
   "never again: @codes";



=== TEST 10: algorithm confusion: a public key is no secret
--- config eval: $::config
--- client
my $pem = Postern::public_key("ed25519", "pem");

for my $secret ($pem, Postern::public_key("ed25519")) {
    for my $alg ("hmac-sha256", undef) {
        my $code = code("GET", "/a", rfc9421(target => "/a", keyid => "robot",
                                             secret => $secret, alg => $alg));
        like $code, qr/^(algorithm|invalid)$/, "an HMAC by the public key";
    }
}
