# "postern key" for every algorithm and kind of credential: what it prints is a
# member that "postern check" takes, and what the client keeps fits it.

use v5.32;
use strict;
use warnings;

use lib "t/lib";
use Cli;
use File::Temp qw(tempdir);
use JSON::PP;
use Test::More;

my $dir = tempdir(CLEANUP => 1);

chdir $dir or die;

sub refused {
    my ($name, $want, $like, @args) = @_;
    my ($status, $out, $err) = run("", @args);

    is($status, $want, "$name: status");
    is($out, "", "$name: nothing is printed");
    like($err, qr/^postern: .*$like/s, "$name: says why");
}

my %members;

# the member of one key, which is kept under its id
sub key {
    my ($id, $alg, @more) = @_;
    my ($status, $out, $err) = run("", "key", "--org", "acme", "--id", $id,
                                   "--algorithm", $alg, @more);

    is($status, 0, "$id: a key of $alg") or diag($err);

    my $json = eval { decode_json($out) } or return {};

    is(join(",", keys %$json), $id, "$id: under its id");
    is($json->{$id}{algorithm}, $alg, "$id: of its algorithm");
    $members{$id} = $json->{$id};

    return $json->{$id};
}

sub check {
    my @more = @_;

    spew("postern.json", encode_json({
        version => 1,
        organizations => { acme => { users => { alice => {} },
                                     roles => { bot => {} },
                                     keys => \%members } }
    }));

    return run("", "check", @more, "postern.json");
}

sub openssl {
    my ($status) = (system("openssl " . join(" ", @_) . " 2>/dev/null"));
    die "openssl @_\n" if $status;
}

my @acme = ("key", "--org", "acme", "--id", "x");


# --- made here ----------------------------------------------------------------

is(system("$program master-key --add mk"), 0, "master keys");

my %length = ("hmac-sha256" => 43, "hmac-sha384" => 64, "hmac-sha512" => 86);

for my $alg (sort keys %length) {
    my $key = key("k-$alg", $alg, "--user", "alice", "--master-key", "mk");

    like($key->{secret}, qr/^sealed:/, "$alg: sealed");
    like(slurp("k-$alg.secret"), qr/^[A-Za-z0-9_-]{$length{$alg}}\z/,
         "$alg: as long as its hash, and nothing behind it");
}

my %like = ("ed25519" => qr/ED25519/, "ecdsa-p256-sha256" => qr/P-256/,
            "ecdsa-p384-sha384" => qr/P-384/,
            "rsa-pss-sha512" => qr/3072 bit/,
            "rsa-v1_5-sha256" => qr/3072 bit/);

for my $alg (sort keys %like) {
    my $key = key("k-$alg", $alg, "--role", "bot", "--rate", "100/s",
                  "--not-before", "2026-01-01T00:00:00Z",
                  "--not-after", "2099-01-01T00:00:00Z");

    like(scalar qx(openssl pkey -in k-$alg.pem -noout -text), $like{$alg},
         "$alg: OpenSSL reads it");
    is($key->{rate}, "100/s", "$alg: with its rate");
    is($key->{not_before}, "2026-01-01T00:00:00Z", "$alg: and its beginning");
    is((stat "k-$alg.pem")[2] & 0777, 0600, "$alg: for its owner alone");
}

my $key = key("hook", "ed25519", "--role", "bot", "--scheme", "webhook");
is_deeply($key->{schemes}, ["webhook"], "a key for a webhook");

$key = key("two", "hmac-sha256", "--role", "bot", "--scheme", "sigv4",
           "--scheme", "rfc9421", "--master-key", "mk");
is_deeply($key->{schemes}, ["sigv4", "rfc9421"], "a key for two schemes");


# --- given --------------------------------------------------------------------

openssl("pkey -in k-ed25519.pem -pubout -out ed.pub");
$key = key("given", "ed25519", "--user", "alice", "--public", "ed.pub");
like($key->{public_key}, qr/^-----BEGIN PUBLIC KEY-----\n/, "PEM");
ok(!-e "given.pem", "no private half is made");

system("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "alice",
       "-f", "laptop") == 0 or die "ssh-keygen";
$key = key("laptop", "ssh", "--user", "alice", "--public", "laptop.pub");
like($key->{public_key}, qr/^ssh-ed25519 AAAA\S+ alice\z/, "the .pub file");

system("ssh-keygen", "-q", "-t", "ecdsa", "-N", "", "-f", "userca") == 0
    or die "ssh-keygen";
$key = key("userca", "ssh-ca", "--role", "bot", "--public", "userca.pub",
           "--principal", "alice", "--principal", "deploy");
is_deeply($key->{principals}, ["alice", "deploy"], "its principals");

openssl("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes",
        "-keyout ca.key -out ca.pem -subj /O=Acme/CN=CA -days 2");
$key = key("pinned", "x509", "--user", "alice", "--public", "ca.pem");
like($key->{certificate}, qr/^-----BEGIN CERTIFICATE-----\n/, "a certificate");

spew("ca.cnf", "[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\n"
     . "crlnumber=number\ndefault_md=sha256\ndefault_crl_days=2\n");
spew("index.txt", "");
spew("number", "01\n");
openssl("ca -config ca.cnf -gencrl -keyfile ca.key -cert ca.pem -out ca.crl");

$key = key("devices", "x509-ca", "--role", "bot", "--public", "ca.pem",
           "--crl", "ca.crl", "--subject", "O=Acme", "--subject", "CN=*");
is_deeply($key->{subject}, { O => "Acme", CN => "*" }, "its rule");
like($key->{crl}, qr/BEGIN X509 CRL/, "its list");

# out of date: good to nginx, and of no use

my @old = map { { %{$members{$_}} } } "pinned", "devices";

spew("old.cnf", slurp("ca.cnf") . "new_certs_dir=.\nserial=serial\npolicy=p\n"
     . "[p]\norganizationName=supplied\ncommonName=supplied\n");
spew("serial", "01\n");
openssl("req -new -key ca.key -subj /O=Acme/CN=CA -out ca.csr");
openssl("ca -batch -notext -config old.cnf -selfsign -keyfile ca.key",
        "-in ca.csr -out old.pem -startdate 200101000000Z",
        "-enddate 200201000000Z");
openssl("ca -config ca.cnf -gencrl -keyfile ca.key -cert ca.pem -out old.crl",
        "-crl_lastupdate 20200101000000Z -crl_nextupdate 20200201000000Z");

$members{pinned}{certificate} = slurp("old.pem");
$members{devices}{crl} = slurp("old.crl");

my ($code, undef, $warned) = check();
is($code, 0, "nginx would take it");
like($warned, qr/keys\.pinned: a certificate of it is out of date$/m,
     "a certificate is told");
like($warned, qr/keys\.devices: a revocation list of it is out of date$/m,
     "a list is told");
unlike($warned, qr/keys\.(?!pinned|devices)/, "and nothing else");
@members{"pinned", "devices"} = @old;


# --- outward ------------------------------------------------------------------

$key = key("ours", "rsa-pss-sha512", "--user", "alice", "--outward",
           "--master-key", "mk");
like($key->{private_key}, qr/^sealed:/, "the private half is sealed");
ok(!-e "ours.pem", "and in no file");

my ($status, $out, $err) = check("--master-key", "mk");
is($status, 0, "a directory of all of them") or diag($err);
like($out, qr/keys 16\n  hmac-sha256 2, ed25519 3, ecdsa-p256-sha256 1, /,
     "is counted");
like($out, qr/, ssh 1, ssh-ca 1, x509 1, x509-ca 1\n/, "by algorithm");

# moved to another record, it does not open

$members{theirs} = delete $members{ours};
($status, $out, $err) = check("--master-key", "mk");
is($status, 1, "a private key that was moved");
like($err, qr/keys\.theirs: the secret does not open/, "is named");

my ($sealed) = (run($members{theirs}{private_key}, "seal", "--master-key",
                    "mk", "--org", "acme", "--record", "keys/ours/private_key"
                   ))[1];
like($sealed, qr/^sealed:/, "seal opens it under its own name") and do {
    $members{theirs}{private_key} = (run(slurp("k-ed25519.pem"), "seal",
        "--master-key", "mk", "--org", "acme", "--record",
        "keys/theirs/private_key"))[1] =~ s/\n\z//r;
    is((check("--master-key", "mk"))[0], 0, "and seals a PEM");
};
delete $members{theirs};

for (["x" x 5000, qr/PEM/], ["-----BEGIN " . "x" x 4200, qr/more than 4096/],
     ["", qr/empty/])
{
    ($status, $out, $err) = run($_->[0], "seal", "--master-key", "mk", "--org",
                                "acme", "--record", "keys/k/private_key");
    is($status, 1, "seal takes no other private key");
    like($err, $_->[1], "and says why");
}

$key = key("open", "ed25519", "--outward");
is_deeply($key->{roles}, [], "nginx's own key needs no roles");
like($key->{private_key}, qr/^plain:-----BEGIN PRIVATE KEY-----\n/,
     "without a master key it lies open");
like((check())[2], qr/1 secret lies in the open, .*keys\.open\.private_key/,
     "which is told");
delete $members{open};


# --- a JWK, and a set ---------------------------------------------------------

($status, $out) = run("", "key", "--org", "acme", "--id", "given",
                      "--algorithm", "ed25519", "--role", "bot", "--public",
                      "ed.pub", "--jwk");
is($status, 0, "a JWK");

my $jwk = decode_json($out);
is_deeply([map { $jwk->{$_} } qw(kty crv alg use)],
          [qw(OKP Ed25519 EdDSA sig)], "of its kind");
like($jwk->{kid}, qr/^[A-Za-z0-9_-]{43}\z/, "with its thumbprint");

for my $alg ("ecdsa-p256-sha256", "ecdsa-p384-sha384", "rsa-v1_5-sha256") {
    my ($status, $out) = run("", "key", "--org", "acme", "--id", "j-$alg",
                             "--algorithm", $alg, "--role", "bot", "--jwk");

    is($status, 0, "a JWK of $alg");
    spew("$alg.jwk", $out);
    ok(-s "j-$alg.pem", "$alg: and its private half");
}

spew("set.jwks", '{"keys":[' . join(",", $out, map { slurp("$_.jwk") }
     "ecdsa-p256-sha256", "ecdsa-p384-sha384", "rsa-v1_5-sha256")
     . ',{"kty":"oct"}]}');

($status, $out, $err) = check("--jwks", "acme=set.jwks");
is($status, 0, "check takes the set") or diag($err);
like($out, qr/keys 19\n.*\n  set\.jwks: keys 4, skipped 1\n/,
     "and counts what is in it");

spew("set.jwks", qq({"keys":[\n{"kty":"EC","crv":"P-256"}]}));
($status, $out, $err) = check("--jwks", "acme=set.jwks");
is($status, 1, "a broken set");
like($err, qr/^postern: set\.jwks:2:1: keys\[0\]: the member "x" is missing$/m,
     "has a place");

refused("a set that is not there", 1, qr/cannot open none/, "check", "--jwks",
        "acme=none", "postern.json");
refused("a set of nobody", 2, qr/--jwks must be ORG=FILE/, "check", "--jwks",
        "set.jwks", "postern.json");
refused("too many sets", 2, qr/more than 32 --jwks/, "check",
        ("--jwks", "a=b") x 33, "postern.json");


# --- what is wrong ------------------------------------------------------------

refused("ssh without a file", 2, qr/--public is missing: the \.pub file/,
        @acme, "--algorithm", "ssh", "--role", "bot");
refused("x509 without one", 2, qr/--public is missing: the certificate/,
        @acme, "--algorithm", "x509-ca", "--role", "bot");
refused("an HMAC with one", 2, qr/--public is for the other/, @acme,
        "--algorithm", "hmac-sha256", "--role", "bot", "--public", "ed.pub");
refused("a JWK of an HMAC", 2, qr/--jwk is for/, @acme, "--algorithm",
        "hmac-sha256", "--role", "bot", "--jwk");
refused("an outward HMAC", 2, qr/--outward makes a pair/, @acme,
        "--algorithm", "hmac-sha256", "--role", "bot", "--outward");
refused("a master key for nothing", 2, qr/--master-key is for hmac/, @acme,
        "--algorithm", "ed25519", "--role", "bot", "--master-key", "mk");
refused("--out of a given key", 2, qr/--out is for keys that are made/, @acme,
        "--algorithm", "ed25519", "--role", "bot", "--public", "ed.pub",
        "--out", "y");
refused("a rate", 2, qr/--rate must be like/, @acme, "--algorithm", "ed25519",
        "--role", "bot", "--rate", "fast");
refused("a beginning", 2, qr/--not-before must be a time/, @acme,
        "--algorithm", "ed25519", "--role", "bot", "--not-before", "now");
refused("an end before it", 1, qr/would never be valid/, @acme, "--algorithm",
        "ssh", "--role", "bot", "--public", "laptop.pub", "--not-before",
        "2027-01-01T00:00:00Z", "--not-after", "2026-01-01T00:00:00Z");
refused("too many roles", 2, qr/more than 32 roles/, @acme, "--algorithm",
        "ed25519", ("--role", "r") x 33);

# before anything is made

refused("a scheme it cannot serve", 1, qr/cannot serve the scheme "sigv4"/,
        @acme, "--algorithm", "ed25519", "--role", "bot", "--scheme", "sigv4");
refused("a principal of a pair", 1, qr/has no "principals"/, @acme,
        "--algorithm", "ed25519", "--role", "bot", "--principal", "alice");
ok(!-e "x.pem", "no key was made");

refused("an authority without a rule", 1, qr/must have "subject"/, @acme,
        "--algorithm", "x509-ca", "--role", "bot", "--public", "ca.pem");
refused("a rule without a value", 1, qr/CN: must not be empty/, @acme,
        "--algorithm", "x509-ca", "--role", "bot", "--public", "ca.pem",
        "--subject", "CN");
refused("another kind of file", 1, qr/must be one line, as in the .pub/, @acme,
        "--algorithm", "ssh", "--role", "bot", "--public", "ca.key");
refused("no text", 1, qr/is not text/, @acme, "--algorithm", "ssh", "--role",
        "bot", "--public", "/bin/true");
refused("no file", 1, qr/cannot open none/, @acme, "--algorithm", "ssh",
        "--role", "bot", "--public", "none");

done_testing();
