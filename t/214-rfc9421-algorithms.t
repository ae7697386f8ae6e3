# RFC 9421: requests signed by each of the six algorithms, with keys that openssl
# makes, are let through; what another algorithm made of the same key is not.

use lib 't/lib';
use Postern;
use Test::Nginx::Socket 'no_plan';

our $config = <<'_EOC_';
    sign on;
    sign_explain on;

    location / {
        add_header X-Sign "[$sign_status $sign_scheme $sign_key_id $sign_error]";
        proxy_pass http://app;
    }
_EOC_

sub pem {
    my ($kind, $algorithm) = @_;
    my $pem = Postern::public_key($kind, "pem") =~ s/\n/\\n/gr;

    return qq({ "roles": ["viewer"], "algorithm": "$algorithm",
                "public_key": "$pem" });
}

our $files = ">>> postern.json\n" . Postern::directory(
    p384 => pem("p384", "ecdsa-p384-sha384"),
    pss => pem("pss", "rsa-pss-sha512"),
    rsa => pem("rsa", "rsa-v1_5-sha256"),
    both => pem("pss", "rsa-v1_5-sha256"),
    p256 => pem("p256", "ecdsa-p256-sha256"),
);

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value("user_files", $files);
    $block->set_value("config", $config);
    $block->set_value("request", "GET /a?b=c") if !defined $block->request;
    Postern::defaults($block);
});

# the signature of a key with options of openssl of one's own

sub by {
    my ($kind, $options) = @_;

    return sub {
        my ($base) = @_;
        my $file = Postern::key_file($kind);
        my $in = File::Temp->new;

        print $in $base;
        close $in;

        my $raw = qx(openssl dgst $options -sign $file $in);
        die "openssl dgst $options: $?\n" if $?;

        return $raw;
    };
}


# one with the last bit changed

sub changed {
    my ($kind) = @_;

    return sub {
        my $raw = Postern::rfc9421_bytes({ key => $kind,
                                           secret => $Postern::secret }, $_[0]);

        substr($raw, -1) ^= "\x01";

        return $raw;
    };
}

no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: hmac-sha256
--- more_headers eval
Postern::rfc9421(target => "/a?b=c", alg => "hmac-sha256")
--- response_headers
X-Sign: [verified rfc9421 AK1 ]
--- response_body
app GET /a?b=c



=== TEST 2: ed25519
--- more_headers eval
Postern::rfc9421(target => "/a?b=c", keyid => "robot", key => "ed25519",
                 alg => "ed25519")
--- response_headers
X-Sign: [verified rfc9421 robot ]
--- error_code: 200



=== TEST 3: ecdsa-p256-sha256
--- more_headers eval
Postern::rfc9421(target => "/a?b=c", keyid => "p256", key => "p256",
                 alg => "ecdsa-p256-sha256")
--- response_headers
X-Sign: [verified rfc9421 p256 ]
--- error_code: 200



=== TEST 4: ecdsa-p384-sha384
--- more_headers eval
Postern::rfc9421(target => "/a?b=c", keyid => "p384", key => "p384",
                 alg => "ecdsa-p384-sha384")
--- response_headers
X-Sign: [verified rfc9421 p384 ]
--- error_code: 200



=== TEST 5: rsa-pss-sha512
--- more_headers eval
Postern::rfc9421(target => "/a?b=c", keyid => "pss", key => "pss",
                 alg => "rsa-pss-sha512")
--- response_headers
X-Sign: [verified rfc9421 pss ]
--- error_code: 200



=== TEST 6: rsa-v1_5-sha256
--- more_headers eval
Postern::rfc9421(target => "/a?b=c", keyid => "rsa", key => "rsa",
                 alg => "rsa-v1_5-sha256")
--- response_headers
X-Sign: [verified rfc9421 rsa ]
--- error_code: 200



=== TEST 7: the message need not name the algorithm, and the key is kept ready
--- request eval
[map { "GET /a?b=c" } 1 .. 8]
--- more_headers eval
[map { my $key = $_;
       map { Postern::rfc9421(target => "/a?b=c", keyid => $key, key => $key,
                              nonce => $_) } 1 .. 2 }
     "p384", "pss", "rsa", "p256"]
--- error_code eval
[map { 200 } 1 .. 8]



=== TEST 8: the last bit of the signature, of each algorithm
--- request eval
[map { "GET /a?b=c" } 1 .. 6]
--- more_headers eval
[map { Postern::rfc9421(target => "/a?b=c", keyid => $_->[0],
                        signer => main::changed($_->[1])) }
     ["AK1", ""], ["robot", "ed25519"], ["p256", "p256"], ["p384", "p384"],
     ["pss", "pss"], ["rsa", "rsa"]]
--- error_code eval
[map { 401 } 1 .. 6]
--- response_body_like eval
[map { qr{"sign/invalid"} } 1 .. 6]



=== TEST 9: another path than the signed one, of each algorithm
--- request eval
[map { "GET /a?b=d" } 1 .. 6]
--- more_headers eval
[map { Postern::rfc9421(target => "/a?b=c", keyid => $_->[0],
                        key => $_->[1]) }
     ["AK1", ""], ["robot", "ed25519"], ["p256", "p256"], ["p384", "p384"],
     ["pss", "pss"], ["rsa", "rsa"]]
--- error_code eval
[map { 401 } 1 .. 6]
--- response_body_like eval
[map { qr{"sign/invalid"} } 1 .. 6]



=== TEST 10: the algorithm is the key's, whatever the message says
--- request eval
[map { "GET /a?b=c" } 1 .. 5]
--- more_headers eval
[map { Postern::rfc9421(target => "/a?b=c", keyid => $_->[0],
                        key => $_->[1], alg => $_->[2]) }
     ["pss", "pss", "rsa-v1_5-sha256"], ["both", "pss", "rsa-pss-sha512"],
     ["p384", "p384", "ecdsa-p256-sha256"], ["rsa", "", "hmac-sha256"],
     ["robot", "ed25519", "rsa-v1_5-sha256"]]
--- error_code eval
[map { 401 } 1 .. 5]
--- response_body_like eval
[map { qr{"sign/algorithm"} } 1 .. 5]



=== TEST 11: one RSA key for the other padding
--- request eval
[map { "GET /a?b=c" } 1 .. 2]
--- more_headers eval
[Postern::rfc9421(target => "/a?b=c", keyid => "both", key => "pss"),
 Postern::rfc9421(target => "/a?b=c", keyid => "both",
                  signer => main::by("pss", "-sha256"))]
--- error_code eval
[401, 200]



=== TEST 12: PSS with a salt of another length, with another mask or hash
--- request eval
[map { "GET /a?b=c" } 1 .. 4]
--- more_headers eval
[map { Postern::rfc9421(target => "/a?b=c", keyid => "pss", nonce => $_,
                        signer => main::by("pss", $_)) }
     "-sha512 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32",
     "-sha512 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:max",
     "-sha512 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:64"
     . " -sigopt rsa_mgf1_md:sha256",
     "-sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:64"]
--- error_code eval
[map { 401 } 1 .. 4]



=== TEST 13: ECDSA as DER instead of r and s
--- request eval
[map { "GET /a?b=c" } 1 .. 2]
--- more_headers eval
[Postern::rfc9421(target => "/a?b=c", keyid => "p256",
                  signer => main::by("p256", "-sha256")),
 Postern::rfc9421(target => "/a?b=c", keyid => "p384",
                  signer => main::by("p384", "-sha384"))]
--- error_code eval
[401, 401]



=== TEST 14: ECDSA with r and s of zero (CVE-2022-21449)
--- request eval
[map { "GET /a?b=c" } 1 .. 2]
--- more_headers eval
[Postern::rfc9421(target => "/a?b=c", keyid => "p256",
                  signature => "\0" x 64),
 Postern::rfc9421(target => "/a?b=c", keyid => "p384",
                  signature => "\0" x 96)]
--- error_code eval
[401, 401]



=== TEST 15: a MAC by the bytes of a public key
--- more_headers eval
my $pem = Postern::public_key("rsa", "pem");
Postern::rfc9421(target => "/a?b=c", keyid => "rsa",
                 signer => sub { Digest::SHA::hmac_sha256($_[0], $pem) })
--- error_code: 401



=== TEST 16: signatures of other lengths, and numbers beyond the modulus
--- request eval
[map { "GET /a?b=c" } 1 .. 6]
--- more_headers eval
[map { Postern::rfc9421(target => "/a?b=c", keyid => $_->[0],
                        signature => $_->[1]) }
     ["rsa", "\0" x 256], ["rsa", "\xff" x 256], ["rsa", "\0" x 257],
     ["rsa", "\1" x 512], ["pss", "\xff" x 384], ["nobody", "\xff" x 256]]
--- error_code eval
[map { 401 } 1 .. 6]



=== TEST 17: a body, signed by RSA
--- request eval
["POST /a\nhello", "POST /a\nhellO"]
--- more_headers eval
[map { Postern::rfc9421(method => "POST", target => "/a", body => "hello",
                        keyid => "pss", key => "pss", nonce => $_) } 1, 2]
--- error_code eval
[200, 400]



=== TEST 18: a replay
--- request eval
["GET /a?b=c", "GET /a?b=c"]
--- more_headers eval
my $signed = Postern::rfc9421(target => "/a?b=c", keyid => "pss",
                              key => "pss", nonce => "n");
[$signed, $signed]
--- error_code eval
[200, 401]
