# Certificates of OpenSSH by a trusted authority: made and signed with by
# ssh-keygen, used as sshd would, and misused in every way that it refuses.

use lib 't/lib';
use Postern;
use SshSig;
use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(\&Postern::defaults);
add_response_body_check(\&Postern::client);

our %ca = (
    ed25519 => ssh_key("ed25519"),
    p256 => ssh_key("ecdsa", "-b", 256),
    p384 => ssh_key("ecdsa", "-b", 384),
    rsa => ssh_key("rsa", "-b", 2048),
);

our $stranger = ssh_key("ed25519");
our $user = ssh_key("ed25519");
our $sk = sk_key("ed25519");

sub authority {
    my ($file, $principals, $more) = @_;

    return qq({ "roles": ["viewer"], "algorithm": "ssh-ca",
                "public_key": "@{[ssh_public($file)]}",
                "principals": [$principals] @{[$more // ""]} });
}

our %keys = (
    (map { ("ca-$_" => authority($ca{$_}, '"deploy", "ops@example.com"')) }
         keys %ca),
    plain => qq({ "user": "alice", "algorithm": "ssh",
                  "public_key": "@{[ssh_public($user)]}" }),
);

our $files = ">>> postern.json\n" . directory(%keys);

our $config = <<'_EOC_';
    sign on;
    sign_schemes sshsig;
    sign_explain on;

    location / {
        proxy_pass http://app;
        add_header X-Key "$sign_key_id $sign_scheme $postern_subject $postern_roles";
    }
_EOC_

our $nonce = 0;

sub answer_to { return http(raw_request("GET", "/a", $_[0])) }

sub code {
    my ($answer) = @_;

    return $answer->{body} =~ m{"code": *"([^"]+)"} ? $1 : $answer->{status};
}

# a certificate of $user by $ca, and an answer to what it signs
sub certified {
    my ($ca, $keyid, @args) = @_;

    return answer_to(signed($keyid,
                            ssh_sign(ssh_cert($ca, $user, @args))));
}

sub signed {
    my ($keyid, $signer, %r) = @_;

    return rfc9421(target => "/a", keyid => $keyid, signer => $signer,
                   nonce => "n" . $nonce++, %r);
}

no_root_location();
run_tests();

__DATA__

=== TEST 1: authorities and users of every type
--- config eval: $::config
--- user_files eval: $::files
--- client
for my $id (sort keys %ca) {
    my $answer = certified($ca{$id}, "deploy", "-n deploy -V -1m:+5m");

    is $answer->{status}, 200, "by $id" or diag $answer->{body};
    is $answer->{field}{"x-key"}, "ca-$id sshsig deploy viewer",
       "the principal, with the roles of the authority";
}

for my $type (["rsa", "-b", 2048], ["ecdsa", "-b", 256], ["ecdsa", "-b", 521]) {
    my $file = ssh_key(@$type);
    my $sign = ssh_sign(ssh_cert($ca{ed25519}, $file, "-n deploy"));

    is answer_to(signed("deploy", $sign))->{status}, 200, "of @$type";
    is answer_to(signed("deploy", $sign))->{status}, 200,
       "and again, by the certificate that is known now";
}

# what an RSA authority signs by SHA-1
my $answer = certified($ca{rsa}, "deploy", "-t ssh-rsa -n deploy");
is code($answer), "sign/invalid", "ssh-rsa is by SHA-1";
is code(certified($ca{rsa}, "deploy", "-t rsa-sha2-256 -n deploy")), 200,
   "rsa-sha2-256 is not";



=== TEST 2: principals
--- config eval: $::config
--- user_files eval: $::files
--- client
my $ed = $ca{ed25519};

is code(certified($ed, "deploy", "-n backup,deploy,root")), 200, "one of three";
is code(certified($ed, 'ops@example.com', '-n ops@example.com')), 200,
   "with an at sign";
is code(certified($ed, 'ops@example.com@ca-ed25519', '-n ops@example.com')),
   200, "and the authority behind it";
is code(certified($ed, 'deploy@ca-ed25519', "-n deploy")), 200,
   "the authority's id behind the principal";

is code(certified($ed, 'deploy@ca-p256', "-n deploy")), "sign/unknown-key",
   "another authority's";
is code(certified($ed, 'deploy@', "-n deploy")), "sign/unknown-key",
   "an empty one";
is code(certified($ed, 'deploy@nobody', "-n deploy")), "sign/unknown-key",
   "an unknown one";

for my $keyid ("root", "deploy2", "deplo", "ca-ed25519", "@", '@ca-ed25519',
               ssh_fingerprint($user), ssh_fingerprint($ed))
{
    is code(certified($ed, $keyid, "-n deploy")), "sign/certificate",
       "keyid $keyid is not in the certificate";
}

is code(certified($ed, "root", "-n root,deploy")), "sign/certificate",
   "in the certificate, but not for this authority";
is code(certified($ed, "deploy", "")), "sign/certificate",
   "a certificate without principals names nobody";

# spent for the principal of the authority, however it is called
my $sign = ssh_sign(ssh_cert($ed, $user, "-n deploy"));
is code(answer_to(signed("deploy", $sign, nonce => "x1"))), 200, "a nonce";
is code(answer_to(signed('deploy@ca-ed25519', $sign, nonce => "x1"))),
   "sign/replayed", "spent";
$sign = ssh_sign(ssh_cert($ed, $user, '-n ops@example.com'));
is code(answer_to(signed('ops@example.com', $sign, nonce => "x1"))), 200,
   "but not for another principal";



=== TEST 3: validity, kind, authority
--- config eval: $::config
--- user_files eval: $::files
--- client
my $ed = $ca{ed25519};

is code(certified($ed, "deploy", "-n deploy -V -2h:-1h")), "sign/certificate",
   "expired";
is code(certified($ed, "deploy", "-n deploy -V +1h:+2h")), "sign/certificate",
   "not yet valid";
is code(certified($ed, "deploy", "-n deploy -V always:forever")), 200,
   "for ever";
is code(certified($ed, "deploy", "-h -n deploy")), "sign/certificate",
   "of a host";
is code(certified($stranger, "deploy", "-n deploy")), "sign/unknown-key",
   "by an authority that nobody trusts";
is code(certified($user, "deploy", "-n deploy")), "sign/unknown-key",
   "by a key that is no authority";

# the plain key beside it, and the certificate with a key's id
is code(answer_to(signed("plain", ssh_sign($user)))), 200, "the key itself";
is code(certified($ed, "plain", "-n deploy")), "sign/certificate",
   "the certificate under the key's id";
is code(certified($ed, "plain", "-n plain")), "sign/certificate",
   "also where it is so named";
is code(answer_to(signed("deploy", ssh_sign($user)))), "sign/unknown-key",
   "the key under the principal";
is code(answer_to(signed("ca-ed25519", ssh_sign($ed)))), "sign/algorithm",
   "the authority's key signs no requests";



=== TEST 4: critical options and extensions
--- config eval: $::config
--- user_files eval: $::files
--- client
my $ed = $ca{ed25519};

sub with { return code(certified($ed, "deploy", "-n deploy", @_)) }

is with("-O source-address=127.0.0.0/8"), 200, "from here";
is with("-O source-address=192.0.2.0/24,127.0.0.1/32"), 200, "one of two";
is with("-O source-address=192.0.2.0/24"), "sign/certificate", "from there";
is with("-O source-address=::1/128"), "sign/certificate", "the other family";
is with("-O force-command=/bin/true"), "sign/certificate", "a command";
is with("-O critical:new\@example.com=1"), "sign/certificate", "an unknown one";
is with("-O verify-required"), "sign/certificate", "of a security key only";
is with("-O clear"), 200, "no extensions";
is with("-O extension:new\@example.com=1"), 200, "an unknown extension";



=== TEST 5: security keys with certificates
--- config eval: $::config
--- user_files eval: $::files
--- client
my $ed = $ca{ed25519};

sub sk_with {
    my ($flags, @args) = @_;
    my $cert = ssh_cert($ed, sk_file($sk), "-n deploy", @args);

    return code(answer_to(signed("deploy", sk_sign($sk, cert => $cert,
                                                   flags => $flags))));
}

is sk_with(1), 200, "touched";
is sk_with(0), "sign/invalid", "not touched";
is sk_with(0, "-O no-touch-required"), "sign/invalid", "an extension does not help";
is sk_with(1, "-O verify-required"), "sign/invalid", "verification is missing";
is sk_with(5, "-O verify-required"), 200, "verified";



=== TEST 6: one bit, anywhere
--- config eval: $::config
--- user_files eval: $::files
--- client
my $cert = ssh_cert($ca{ed25519}, $user, "-n deploy -O source-address=127.0.0.1");
my $raw;
my $lines = signed("deploy", sub { $raw = ssh_sign($cert)->(@_) });

for my $at (grep { $_ % 5 == 1 } 0 .. length($raw) - 1) {
    my $changed = $raw;
    substr($changed, $at, 1) ^.= chr(1 << $at % 8);

    my $text = MIME::Base64::encode_base64($changed, "");
    my $answer = answer_to($lines =~ s/(Signature: sig1=:)[^:]*/$1$text/r);

    like $answer->{status}, qr/^40[01]$/, "byte $at";
}

is answer_to($lines)->{status}, 200, "unchanged";



=== TEST 7: taken away without a reload
--- config eval: $::config
--- user_files eval: $::files
--- client
my $ed = $ca{ed25519};
my $file = "$ENV{TEST_NGINX_HTML_DIR}/postern.json";
my $sign = ssh_sign(ssh_cert($ed, $user, "-n deploy"));

sub replaced_by {
    my ($text, $want) = @_;
    my $code;

    open my $out, ">", "$file.new" or die;
    print $out $text;
    close $out;
    rename "$file.new", $file or die;

    for (1 .. 40) {
        $code = code(answer_to(signed("deploy", $sign)));
        last if $code eq $want;
        select undef, undef, undef, 0.1;
    }

    return $code;
}

is code(answer_to(signed("deploy", $sign))), 200, "at first";
is replaced_by(directory(%keys, "ca-ed25519" => authority($ed, '"backup"')),
               "sign/certificate"),
   "sign/certificate", "the principal is taken from the authority";
is replaced_by(directory(%keys, "ca-ed25519" => authority($ed, '"*"')), 200),
   200, "it may speak for all";
is replaced_by(directory(%keys, "ca-ed25519" => undef), "sign/unknown-key"),
   "sign/unknown-key", "the authority is gone";
