# Keys change while nginx runs: no reload, and no key made ready from the old
# document survives it.

use lib 't/lib';
use Postern;
use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(\&Postern::defaults);
add_response_body_check(\&Postern::client);

our $config = <<'_EOC_';
    sign on;
    sign_explain on;

    location / {
        proxy_pass http://app;
    }
_EOC_

sub replace {
    my ($text) = @_;
    my $file = Test::Nginx::Util::html_dir() . "/postern.json";

    open my $out, ">", "$file.new" or die "$file.new: $!\n";
    print $out $text;
    close $out;

    rename "$file.new", $file or die "$file: $!\n";
}

# what is answered in the end
sub until_answer {
    my ($want, @how) = @_;
    my $got;

    for (1 .. 200) {
        $got = answer(@how);
        last if $got eq $want;
        select undef, undef, undef, 0.1;
    }

    return $got;
}

sub answer {
    my $r = http(raw_request("GET", "/a", rfc9421(target => "/a",
                                                  nonce => rand, @_)));

    return "$r->{status} " . ($r->{body} =~ /"code":"([^"]*)"/ ? $1 : "-");
}

no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: revoke, give a new secret, add
--- config eval: $::config
--- client
is answer(), "200 -", "the key is good";

my $off = directory(AK1 => qq({ "user": "alice", "algorithm": "hmac-sha256",
    "status": "disabled", "secret": "plain:$Postern::secret" }));
replace($off);
is until_answer("401 sign/key-disabled"), "401 sign/key-disabled", "disabled";

replace(directory(AK1 => undef));
is until_answer("401 sign/unknown-key"), "401 sign/unknown-key", "taken away";

replace(directory(AK1 => qq({ "user": "alice", "algorithm": "hmac-sha256",
    "secret": "plain:a new secret of more than 32 bytes, too" })));
is until_answer("401 sign/invalid"), "401 sign/invalid", "the old secret";
is answer(secret => "a new secret of more than 32 bytes, too"), "200 -",
   "the new one";

replace(directory(AA => qq({ "user": "alice", "algorithm": "hmac-sha256",
    "secret": "plain:the key of AA, first in the document" })));
is until_answer("200 -"), "200 -", "the old secret is back, and keys have moved";
is answer(keyid => "AA", secret => "the key of AA, first in the document"),
   "200 -", "a new key";
is answer(keyid => "AA"), "401 sign/invalid", "with another key's secret";
--- timeout: 20



=== TEST 2: a broken document changes nothing
--- config eval: $::config
--- client
is answer(), "200 -", "the key is good";
replace("{");

my $said = "";

for (1 .. 200) {
    local (@ARGV, $/) = "$ENV{TEST_NGINX_SERVROOT}/logs/error.log";
    $said = <>;
    last if $said =~ /last good one stays/;
    select undef, undef, undef, 0.1;
}

like $said, qr/last good one stays in force/, "the document is refused";
is answer(), "200 -", "and the key stays good";



=== TEST 3: a secret in base64
--- user_files eval
">>> postern.json\n" . Postern::directory(AK1 => qq({ "user": "alice",
"algorithm": "hmac-sha256", "secret": "base64:YW4gZXhhbXBsZSBzZWNyZXQgb2YgbW9yZSB0aGFuIDMyIGJ5dGVz" }))
--- config eval: $::config
--- client
is answer(), "200 -", "base64: is the same secret";
