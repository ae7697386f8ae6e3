# EnOS: tokens, and requests of both versions.

use lib 't/lib';
use Postern;
use Enos;
use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(\&Enos::block);
add_response_body_check(\&Postern::client);

our $config = <<'_EOC_';
    location = /apim-token-service/v2.0/token/get {
        sign_enos_token;
    }

    location /api {
        sign on;
        sign_schemes enos;
        sign_insecure_coverage on;
        sign_explain on;
        proxy_pass http://app;
    }

    location /upload {
        sign on;
        sign_schemes enos;
        sign_insecure_coverage on;
        sign_insecure_body on;
        sign_explain on;
        proxy_pass http://app;
    }
_EOC_

sub status {
    my $r = call(@_);
    my $json = json($r->{body});

    is $json->{business}, "apim-token-service", "as EnOS answers";
    is $r->{field}{"cache-control"}, "no-store", "and nobody keeps it";

    return "$r->{status} $json->{status}";
}

no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: a token, and requests with it
--- config eval: $::config
--- client
my $r = call();
is $r->{status}, 200, "a token";
is $r->{field}{"content-type"}, "application/json", "in JSON";

my $json = json($r->{body});
is $json->{status}, 0, "status";
is $json->{msg}, "SUCCESS", "msg";
is $json->{data}{expire}, 7200, "for two hours";

my $token = $json->{data}{accessToken};
like $token, qr/^[A-Za-z0-9_-]{43}$/, "32 random octets";

is v2($token, "k3=v3&k1=v1&k2=v2"), "200 -", "GET";
is v2($token, "k1=v%201&k2=a+b", '{"a":"ä"}'), "200 -", "POST";
is v2($token, "", "x" x 300_000), "200 -", "a body in a file";
is v2($token, "", "{}", sent => "[]"), "401 sign/invalid", "another body";
is v2($token, "a=1", undef, query => "a=2"), "401 sign/invalid",
   "another query";
is v2($token, "a=1", undef, query => "a=1&a=2"), "400 sign/ambiguous",
   "a parameter twice";
is v2($token, "", undef, secret => "another secret of an app"),
   "401 sign/invalid", "another secret";
is v2("${token}x", "", undef), "401 sign/unknown-key", "nobody's token";
is v2($token, "", undef, time => ms() - 901_000), "401 sign/expired",
   "too old";
is v2($token, "", undef, time => ms() + 120_000), "401 sign/future",
   "of tomorrow";

my $time = ms();
is v2($token, "a=1", undef, time => $time), "200 -", "a request";
is v2($token, "a=1", undef, time => $time), "401 sign/replayed", "its copy";
is v2($token, "a=1", undef, time => $time, path => "/api/other",
      method => "PUT"), "401 sign/replayed", "and a copy to another path";
is v2($token, "a=1", undef, time => $time + 1), "200 -",
   "a millisecond later";

my $other = token();
isnt $other, $token, "every call has a token of its own";
is v2($other, "", undef), "200 -", "the second";
is v2($token, "", undef), "200 -", "and the first";
--- timeout: 20



=== TEST 2: calls for a token that fail
--- config eval: $::config
--- client
my $time = ms();
is status(time => $time), "200 0", "a call";
is status(time => $time), "401 1001", "repeated";
is status(secret => "another secret of an app"), "401 1003",
   "a wrong encryption";
is status(key => "nobody"), "401 1003", "nobody's key, which is not told";
is status(key => "enos-off"), "401 1003", "a disabled one";
is status(key => "enos-away"), "401 1003", "one of another network";
is status(key => "AK1"), "401 1003", "one of another scheme";
is status(time => ms() - 901_000), "400 1004", "too old";
is status(time => ms() + 120_000), "400 1004", "of tomorrow";
is status(body => "{}"), "400 1202", "empty";
is status(body => "{"), "400 1004", "no JSON";
is status(body => " " x 4096), "400 1004", "as much as is read";
is(call(body => " " x 4097)->{status}, 413, "more");
is(call(method => "GET")->{status}, 405, "by another method");

my $chunked = http("POST /apim-token-service/v2.0/token/get HTTP/1.1\r\n"
    . "Host: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n"
    . "\r\n" . "1001\r\n" . " " x 4097 . "\r\n0\r\n\r\n");
is $chunked->{status}, 400, "more, of unknown length";



=== TEST 3: with sign_explain unknown keys have their own code
--- config eval: $::config =~ s/sign_enos_token;/sign_enos_token; sign_explain on;/r
--- client
is status(key => "nobody"), "401 1002", "nobody's key";
is status(key => "enos-off"), "401 1003", "a disabled one";



=== TEST 4: who guesses is slowed down, by key and address
--- config eval: $::config
--- client
my $r;

for (1 .. 40) {
    $r = call(secret => "another secret of an app");
    last if $r->{status} != 401;
}

is $r->{status}, 429, "too many calls";
like $r->{field}{"retry-after"}, qr/^[1-9]\d*$/, "when to try again";
is json($r->{body})->{status}, 1005, "in JSON";
is(call()->{status}, 429, "with the right one, too");
is(call(key => "enos-off")->{status}, 401, "another key's are not counted");
--- timeout: 20



=== TEST 5: version 1
--- config eval: $::config
--- client
is v1("orgId=o1&b=%C3%A4"), "200 -", "GET";
is v1("orgId=o1", '{"a":1}'), "200 -", "POST";
is v1("orgId=o1", '{"a":1}', sent => '{"a":2}'), "401 sign/invalid",
   "another body";
is v1("orgId=o1", undef, query => "orgId=o2"), "401 sign/invalid",
   "another query";
is v1("orgId=o1", undef, secret => "another secret of an app"),
   "401 sign/invalid", "another secret";
is v1("orgId=o1", undef, key => "nobody"), "401 sign/unknown-key",
   "nobody's key";
is v1("orgId=o1", undef, key => "AK1", secret => $Postern::secret),
   "401 sign/key-scheme", "a key of another scheme";
is v1("orgId=o1", undef, time => ms() - 901_000), "401 sign/expired",
   "too old";

my $time = ms();
is v1("a=1", undef, time => $time), "200 -", "a request";
is v1("a=1", undef, time => $time), "401 sign/replayed", "its copy";
is v1("a1=", undef, time => $time), "401 sign/replayed",
   "and as it could be read, too";



=== TEST 6: bodies of several parts
--- config eval: $::config
--- client
my $token = token();
my @parts = ("", "--x\r\n\r\n1\r\n--x--\r\n", type => "multipart/form-data");

is v2($token, @parts), "401 sign/coverage", "where bodies must be signed";
is v2($token, @parts, path => "/upload"), "200 -", "where not";
is v2($token, "", "{}", path => "/upload", sent => "[]"), "401 sign/invalid",
   "but others are";



=== TEST 7: the record says what is left open, and who got a token
--- config eval: $::config
--- http_more
    audit on;
    audit_file $TEST_NGINX_HTML_DIR/audit.jsonl;
--- client
is v2(token(), "", undef), "200 -", "version 2";
is v1("orgId=o1"), "200 -", "version 1";
call(secret => "another secret of an app");

my $file = Test::Nginx::Util::html_dir() . "/audit.jsonl";
my $lines = "";

for (1 .. 50) {
    $lines = do { local (@ARGV, $/) = $file; <> } if -s $file;
    last if $lines =~ /"deny"/;
    select undef, undef, undef, 0.1;
}

like $lines, qr/neither method, path nor host are covered, names and values run together"/, "version 2";
like $lines, qr/names and values run together, SHA-1"/, "version 1";
like $lines, qr{"sign/token".*a token for key \\"enos-app\\"}, "a token";
like $lines, qr{"deny".*"sign/invalid"}, "none";
unlike $lines, qr/the secret of an app/, "no secret";



=== TEST 8: a key that is taken back takes its tokens along
--- config eval: $::config
--- client
my $token = token();
is v2($token, "", undef), "200 -", "good";

my $file = Test::Nginx::Util::html_dir() . "/postern.json";
open my $out, ">", "$file.new" or die "$file.new: $!\n";
print $out directory();
close $out;
rename "$file.new", $file or die "$file: $!\n";

my $then;

for (1 .. 200) {
    $then = v2($token, "", undef);
    last if $then =~ /^401/;
    select undef, undef, undef, 0.1;
}

is $then, "401 sign/unknown-key", "and no longer";
is(call()->{status}, 401, "nor a new one");
--- timeout: 20



=== TEST 9: the scheme needs insecure coverage
--- config
    sign on;
    sign_schemes rfc9421 enos;
--- must_die
--- error_log
the scheme "enos" covers neither method nor path nor host, which anybody on the way could change: accept that by "sign_insecure_coverage on"



=== TEST 10: a call for a token is not signed
--- config
    location /token {
        sign on;
        sign_enos_token;
    }
--- must_die
--- error_log
a call for a token is not signed otherwise: set "sign off" beside "sign_enos_token"



=== TEST 11: sign_enos_token twice
--- config
    location /token {
        sign_enos_token;
        sign_enos_token;
    }
--- must_die
--- error_log
"sign_enos_token" directive is duplicate



=== TEST 12: sign_enos_token in a server
--- config
    sign_enos_token;
--- must_die
--- error_log
"sign_enos_token" directive is not allowed here



=== TEST 13: sign_enos_token needs a zone
--- http_config
    postern_directory $TEST_NGINX_HTML_DIR/postern.json;
--- config
    location /token {
        sign_enos_token;
    }
--- must_die
--- error_log
needs "postern_zone"
