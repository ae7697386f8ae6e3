# Webhooks: what is accepted, what is refused, and that one location's keys are
# not another's.

use lib 't/lib';
use Postern;
use Webhook;
use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(\&Webhook::block);
add_response_body_check(\&Postern::client);

no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: standard, v1
--- config eval: Webhook::location("standard key=hook")
--- client
my @m = standard("/in", '{"a":1}');

is answer(@m), "200 -", "a webhook";
is answer(@m), "401 sign/replayed", "its copy";
is answer(standard("/in", '{"a":1}')), "200 -", "an attempt more";
is answer(standard("/in", '{"a":1}', sent => '{"a":2}')), "401 sign/invalid",
   "another body";
is answer(standard("/in", '{"a":1}', secret => "x" x 32)), "401 sign/invalid",
   "another secret";
is answer(standard("/in", '{"a":1}', time => time - 901)), "401 sign/expired",
   "too old";
is answer(standard("/in", '{"a":1}', time => time + 120)), "401 sign/future",
   "of tomorrow";
is answer(standard("/in", "")), "200 -", "no body";
is answer("/in", [], '{"a":1}'), "401 sign/missing", "no signature";
is answer("/in", [["Webhook-Signature", "v1,"]], ""), "400 sign/malformed",
   "a prefix of one";

my ($target, $fields, $body) = standard("/in", "x" x 300_000);
is answer($target, $fields, $body), "200 -", "a body in a file";
$fields = (standard("/in", "x" x 300_000))[1];
is answer($target, $fields, flip($body)), "401 sign/invalid",
   "with its last octet changed";
--- timeout: 20



=== TEST 2: rotation: old and new key, one of them of Ed25519, and unknown ones
--- config eval: Webhook::location("standard key=none key=hook key=new key=pair")
--- client
is answer(standard("/in", "a")), "200 -", "the old one";
is answer(standard("/in", "a", secret => $Webhook::new)), "200 -", "the new";

my @both = standard("/in", "b", secrets => [$Webhook::new, $Webhook::secret]);
is answer(@both), "200 -", "both";

my $field = $both[1][2];
$field->[1] =~ s/ .*// or die;
is answer(@both), "401 sign/replayed", "a copy without the second signature";

is answer(standard("/in", "c", pair => 1)), "200 -", "v1a";
is answer(standard("/in", "c", pair => 1, sent => "d")), "401 sign/invalid",
   "v1a with another body";
is answer(standard("/in", "x" x 262_144, pair => 1)), "400 sign/too-large",
   "v1a of more than is held";
is answer(standard("/in", "e", secret => "y" x 32)), "401 sign/invalid",
   "nobody's";
--- timeout: 20



=== TEST 3: what location a key is for
--- config eval
Webhook::location("standard key=hook") . Webhook::location("standard key=new",
    "/other") . Webhook::location("standard key=new key=hook", "/both")
--- client
my ($target, $fields, $body) = standard("/in", "a");

is answer("/other", $fields, $body), "401 sign/invalid", "another's location";
is answer("/in", $fields, $body), "200 -", "its own";
is answer("/both", $fields, $body), "401 sign/replayed", "a copy to a third";
is answer("/both", $fields, $body, "GET"), "401 sign/replayed",
   "by a safe method, too";



=== TEST 4: no key that may be used
--- config eval: Webhook::location("standard key=none key=AK1 key=shut key=off")
--- client
is answer(standard("/in", "a")), "401 sign/unknown-key", "the first is told";
is answer(standard("/in", "a", time => time - 901)), "401 sign/unknown-key",
   "but not to clients without sign_explain";



=== TEST 5: clients are told nothing of keys
--- config eval
Webhook::location("standard key=none", "/none", "off")
. Webhook::location("standard key=hook", "/in", "off")
--- client
my @answers;

for my $target ("/none", "/in") {
    my (undef, $fields) = standard($target, "a", secret => "z" x 32);
    my $r = http(raw_request("POST", $target, lines($fields), "a"));

    push @answers, join "|", $r->{status}, $r->{body},
                   map { "$_: $r->{field}{$_}" }
                   grep { $_ ne "date" } sort keys %{$r->{field}};
}

like $answers[0], qr/^401\|.*"code":"unauthorized"/s, "a word";
is $answers[1], $answers[0], "the same one";



=== TEST 6: webhooks beside another scheme
--- config eval
Webhook::location("github key=hook", "/in", "on", "rfc9421 webhook")
--- client
my @m = github("/in", '{"action":"ping"}');

is answer(@m), "200 -", "by GitHub";
is answer(@m), "401 sign/replayed", "its copy";
is answer(github("/in", '{"action":"ping"}', sent => '{"action":"pong"}')),
   "401 sign/invalid", "another body";

my $lines = rfc9421(target => "/in", method => "POST", body => "hello");
is((http(raw_request("POST", "/in", $lines, "hello")))->{status}, 200,
   "RFC 9421");

my $both = http(raw_request("POST", "/in", "$lines\n" . lines((github("/in",
                            "hello"))[1]), "hello"));
like $both->{body}, qr{sign/ambiguous}, "both";

is((http(raw_request("POST", "/in",
    rfc9421(target => "/in", method => "POST", body => "hello",
            keyid => "hook", secret => $Webhook::secret), "hello")))->{status},
   401, "keys of webhooks are for nothing else");



=== TEST 7: slack, stripe, shopify
--- config eval
Webhook::location("slack key=hook") . Webhook::location("stripe key=hook",
    "/stripe") . Webhook::location("shopify key=hook", "/shopify")
--- client
for my $by (\&slack, \&stripe, \&shopify) {
    my $target = $by == \&slack ? "/in" : $by == \&stripe ? "/stripe"
               : "/shopify";
    my @m = $by->($target, "a=b&c=d");

    is answer(@m), "200 -", "$target";
    is answer(@m), "401 sign/replayed", "$target: its copy";
    is answer($by->($target, "a=b", sent => "a=c")), "401 sign/invalid",
       "$target: another body";
    is answer($by->($target, "a=b", secret => "x" x 32)), "401 sign/invalid",
       "$target: another secret";
    is answer($by->($target, "b", time => time - 901)),
       $by == \&shopify ? "200 -" : "401 sign/expired", "$target: of old";
}



=== TEST 8: custom
--- config eval
Webhook::location('custom key=long header=X-Sig algorithm=hmac-sha512'
    . ' encoding=base64url prefix=k. timestamp=X-Time'
    . ' template="$request_method:$http_x_tenant:${http_x_time}:'
    . '$request_body:$arg_end"')
. Webhook::location('custom key=pair header=X-Signature-Ed25519'
    . ' algorithm=ed25519 encoding=hex timestamp=X-Signature-Timestamp'
    . ' template=$http_x_signature_timestamp$request_body', '/discord')
--- client
my @m = custom("/in?end=z", "body", "POST:acme:%s:body:z");

is answer(@m), "200 -", "a webhook";
is answer(@m), "401 sign/replayed", "its copy";

@m = custom("/in?end=z", "body", "POST:acme:%s:body:z");
is answer(@m[0 .. 2], "PUT"), "401 sign/invalid", "another method";
is answer("/in?end=y", @m[1, 2]), "401 sign/invalid", "another query";
is answer(@m[0 .. 1], "bodY"), "401 sign/invalid", "another body";

push @{$m[1]}, ["X-Tenant", "acme"];
is answer(@m), "400 sign/ambiguous", "a field twice";
@{$m[1]} = grep { $_->[0] ne "X-Tenant" } @{$m[1]};
is answer(@m), "400 sign/malformed", "a field that is not there";

@m = discord("/discord", "hello");
is answer(@m), "200 -", "Ed25519";
is answer(@m), "401 sign/replayed", "its copy";
is answer(discord("/discord", "hello", sent => "jello")), "401 sign/invalid",
   "another body";



=== TEST 9: the record says what is left open
--- config eval
Webhook::location("github key=hook") . Webhook::location("standard key=hook",
    "/dated")
--- http_more
    audit on;
    audit_file $TEST_NGINX_HTML_DIR/audit.jsonl;
--- client
is answer(github("/in", "a")), "200 -", "undated";
is answer(standard("/dated", "a")), "200 -", "dated";

my $file = Test::Nginx::Util::html_dir() . "/audit.jsonl";
my $lines = "";

for (1 .. 50) {
    $lines = do { local (@ARGV, $/) = $file; <> } if -s $file;
    last if (() = $lines =~ /"sign\/verified"/g) == 2;
    select undef, undef, undef, 0.1;
}

my ($undated, $dated) = grep { /"sign\/verified"/ } split /\n/, $lines;
like $undated, qr/neither method nor path nor host, and no time"/, "undated";
like $dated, qr/neither method nor path nor host"/, "dated";
like $dated, qr/"scheme":"webhook"/, "and which scheme";
like $dated, qr/"hook"/, "and whose";



=== TEST 10: by an internal redirect into a location of other keys
--- config eval
Webhook::location("standard key=hook", "/in", "on", undef,
                  'try_files /nothing $http_x_to;')
. Webhook::location("standard key=new", "/other")
. Webhook::location("standard key=new key=hook", "/more")
. Webhook::location("slack key=hook", "/slack")
--- client
sub to {
    my ($to) = @_;
    my ($target, $fields, $body) = standard("/in", "a");

    return answer($target, [@$fields, ["X-To", $to]], $body);
}

is to("/more"), "200 -", "one that names the key";
is to("/other"), "401 sign/key-scheme", "one that does not";
is to("/slack"), "401 sign/coverage", "one of another kind";
