# Libraries of npm that we did not write: http-message-signatures with every
# algorithm it has, by RFC 9421 and by the draft before it, and http-signature; and
# each request once more with one bit changed.

use lib 't/lib';
use File::Temp ();
use Npm;
use Postern;
use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(\&Postern::defaults);
add_response_body_check(\&Postern::client);

our $config = <<'_EOC_';
    sign on;
    sign_schemes rfc9421 cavage;
    sign_explain on;

    location / {
        proxy_pass http://app;
    }
_EOC_

our %keys = (
    AK1 => ["hmac-sha256", "secret"],
    robot => ["ed25519", "ed25519"],
    curve => ["ecdsa-p256-sha256", "p256"],
    wide => ["ecdsa-p384-sha384", "p384"],
    rsa => ["rsa-v1_5-sha256", "rsa"],
    pss => ["rsa-pss-sha512", "rsa"],
);

# as http-signature calls them
our %joyent = (
    AK1 => "hmac-sha256",
    long => "hmac-sha512",
    rsa => "rsa-sha256",
    curve => "ecdsa-sha256",
    wide => "ecdsa-sha384",
);

our $hidden = File::Temp->new;
print $hidden $Postern::secret;
close $hidden;

our $files = ">>> postern.json\n" . directory(
    long => qq({ "user": "alice", "algorithm": "hmac-sha512",
                 "secret": "plain:$Postern::secret" }),
    (map { ($_ => qq({ "user": "alice", "algorithm": "$keys{$_}[0]",
                       "public_key": "@{[public_key($keys{$_}[1])]}" })) }
         qw(wide rsa pss)));

sub key {
    my ($id) = @_;
    my $kind = $keys{$id} ? $keys{$id}[1] : "secret";

    return $kind eq "secret" ? "$hidden" : Postern::key_file($kind) . "";
}

# the answer, and the header lines that were sent
sub sent {
    my ($library, $alg, $id, $method, $path, @body) = @_;
    my $r = Npm::node("t/e2e/sign-npm.js", $library, $alg, $id, key($id),
                      $method, "http://127.0.0.1:" . port() . $path, @body);

    return split /\n/, $r->{out};
}

# a GET and a POST, the POST again, and with one thing changed
sub proven {
    my ($library, $alg, $id) = @_;
    my $name = "$library, $alg";

    my ($answer) = sent($library, $alg, $id, "GET", "/a%20b?c=d&$library$alg");
    is $answer, "200 app GET /a%20b?c=d&$library$alg", "$name: GET";

    ($answer, my @lines) = sent($library, $alg, $id, "POST",
                                "/read/a?$library$alg", "hello");
    is $answer, "200 app POST /a?$library$alg", "$name: POST";

    my $host = "127.0.0.1:" . port();
    my $text = raw_request("POST", "/read/a?$library$alg",
        join("\n", grep { !/^(?:host|content-length|connection):/i } @lines),
        "hello");
    $text =~ s/Host: localhost/Host: $host/;

    like http($text)->{body}, qr{sign/replayed}, "$name: replayed";

    # 3 bytes in each 4 characters: the lowest bit of the first byte

    my $bad = $text =~ s{((?:signature="|:\s*sig1?=:|signature: \S+?=:).)(.)}
                        {$1 . ($2 eq "A" ? "Q" : "A")}ire;
    isnt $bad, $text, "$name: changed";
    like http($bad)->{body}, qr{sign/invalid}, "$name: signature";

    $bad = $text =~ s{/read/a}{/read/b}r;
    like http($bad)->{body}, qr{sign/invalid}, "$name: path";

    $bad = $text =~ s/^POST/PUT/r;
    like http($bad)->{body}, qr{sign/invalid}, "$name: method";
}

no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: http-message-signatures, RFC 9421
--- no_http2: the library sends HTTP/1.1
--- config eval: $::config
--- user_files eval: $::files
--- client
proven("httpbis", $keys{$_}[0], $_) for sort keys %keys;

my ($answer) = sent("httpbis", "rsa-pss-sha512", "rsa", "GET", "/a");
like $answer, qr{^401 .*sign/algorithm}, "the key's algorithm, and no other";

# RFC 9421, section 3.3.1
($answer) = sent("httpbis", "rsa-pss-sha512/own", "pss", "GET", "/a");
like $answer, qr{^401 .*sign/invalid}, "a salt of another length than 64";



=== TEST 2: http-message-signatures, the draft before
--- no_http2: the library sends HTTP/1.1
--- config eval: $::config
--- user_files eval: $::files
--- client
proven("cavage", $keys{$_}[0], $_) for grep { $_ ne "wide" } sort keys %keys;



=== TEST 3: http-signature
--- no_http2: the library sends HTTP/1.1
--- config eval: $::config
--- user_files eval: $::files
--- client
for my $id (grep { $_ ne "wide" } sort keys %joyent) {
    proven($_, $joyent{$id}, $id) for "joyent", "joyent-field";
}

my ($answer) = sent("joyent", "rsa-sha1", "rsa", "GET", "/a");
like $answer, qr{^400 .*sign/unsupported}, "SHA-1";

($answer) = sent("joyent", "rsa-sha512", "rsa", "GET", "/a");
like $answer, qr{^400 .*sign/unsupported}, "not the algorithm of any key";
