# A client that we did not write: httpsig for Python, with each algorithm that it
# has and we take, in both places; and each request once more with one bit of its
# signature changed.

use lib 't/lib';
use File::Temp ();
use Postern;
use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(\&Postern::defaults);
add_response_body_check(\&Postern::client);

our $config = <<'_EOC_';
    sign on;
    sign_schemes cavage;
    sign_explain on;

    location / {
        proxy_pass http://app;
    }
_EOC_

our %keys = (
    AK1 => ["hmac-sha256", "secret"],
    long => ["hmac-sha512", "secret"],
    rsa => ["rsa-sha256", "rsa"],
);

our $secret = File::Temp->new;
print $secret $Postern::secret;
close $secret;

sub file {
    my ($kind) = @_;
    return $kind eq "secret" ? "$secret" : Postern::key_file($kind) . "";
}

sub run {
    my ($field, $key, $alg, $kind, @what) = @_;

    open my $pipe, "-|", "t/e2e/cavage-httpsig.py", $field, $alg, $key,
        file($kind), @what or die "cavage-httpsig.py: $!\n";

    my ($answer, @lines) = <$pipe>;
    close $pipe;

    chomp($answer, @lines);

    return ($answer, @lines);
}

no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: httpsig for Python
--- no_http2: the library speaks HTTP/1.1
--- config eval: $::config
--- user_files eval
">>> postern.json\n" . Postern::directory(
    long => qq({ "user": "alice", "algorithm": "hmac-sha512",
                 "secret": "plain:$Postern::secret" }),
    rsa => qq({ "user": "alice", "algorithm": "rsa-v1_5-sha256",
                "public_key": "@{[Postern::public_key('rsa')]}" }))
--- client
my $url = "http://127.0.0.1:" . port();

for my $key (sort keys %keys) {
    my ($alg, $kind) = @{$keys{$key}};

    for my $field ("Authorization", "Signature") {
        my $path = "/a%20b?c=d&$field";
        my ($answer, @lines) = run($field, $key, $alg, $kind, "GET",
                                   "$url$path");

        is $answer, "200 app GET $path", "$alg, $field: GET";

        ($answer, @lines) = run($field, $key, $alg, $kind, "POST",
                                "$url/read$path", "hello");

        is $answer, "200 app POST $path", "$alg, $field: POST";

        # the same once more, with one bit changed

        my $text = raw_request("POST", "/read$path",
                               join("\n", grep { !/^host:/i } @lines),
                               "hello");
        my $host = "127.0.0.1:" . port();
        $text =~ s/Host: localhost/Host: $host/;

        like http($text)->{body}, qr{sign/replayed}, "$alg, $field: replayed";

        my $bad = $text =~ s{signature="(.)}
                            {'signature="' . ($1 eq "A" ? "B" : "A")}re;
        like http($bad)->{body}, qr{sign/invalid}, "$alg, $field: signature";

        $bad = $text =~ s/hello$/hellO/r;
        like http($bad)->{body}, qr{sign/(digest|replayed)},
             "$alg, $field: body";

        $bad = $text =~ s{/read}{/reaD}r;
        like http($bad)->{body}, qr{sign/invalid}, "$alg, $field: path";
    }
}

my ($answer) = run("Signature", "AK1", "hmac-sha1", "secret", "GET", "$url/a");
like $answer, qr{^400 .*sign/unsupported}, "hmac-sha1";

($answer) = run("Signature", "rsa", "rsa-sha1", "rsa", "GET", "$url/a");
like $answer, qr{^400 .*sign/unsupported}, "rsa-sha1";

($answer) = run("Signature", "AK1", "hmac-sha512", "secret", "GET", "$url/a");
like $answer, qr{^401 .*sign/algorithm}, "not the key's algorithm";
