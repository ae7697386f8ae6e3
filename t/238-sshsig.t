# Requests signed by ssh-keygen -Y sign, with every kind of key that it can make
# here.  Security keys are none of them: what the device would sign is put
# together by t/lib/SshSig.pm.

use lib 't/lib';
use Postern;
use SshSig;
use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(\&Postern::defaults);
add_response_body_check(\&Postern::client);

our %made = (
    ed25519 => ssh_key("ed25519"),
    p256 => ssh_key("ecdsa", "-b", 256),
    p384 => ssh_key("ecdsa", "-b", 384),
    p521 => ssh_key("ecdsa", "-b", 521),
    rsa => ssh_key("rsa", "-b", 2048),
    rsa3 => ssh_key("rsa", "-b", 3072),
);

our %sk = map { $_ => sk_key($_) } qw(ed25519 ecdsa);
our $other = ssh_key("ed25519");

sub ssh {
    my ($line, $more) = @_;
    my $owner = $more // '"user": "alice"';

    return qq({ $owner, "algorithm": "ssh", "public_key": "$line" });
}

our $files = ">>> postern.json\n" . directory(
    (map { ($_ => ssh(ssh_public($made{$_}))) } keys %made),
    (map { ("sk-$_" => ssh(sk_line($sk{$_}))) } keys %sk),
    shut => ssh(ssh_public($other), '"user": "alice", "status": "disabled"'),
);

our $config = <<'_EOC_';
    sign on;
    sign_schemes rfc9421 sshsig;
    sign_explain on;

    location / {
        proxy_pass http://app;
        add_header X-Key "$sign_key_id $sign_scheme $postern_subject";
    }

    location /ssh {
        sign_schemes sshsig;
        proxy_pass http://app;
    }

    location /plain {
        sign_schemes rfc9421;
        proxy_pass http://app;
    }
_EOC_

our %raw;
our $nonce = 0;

sub signed_by {
    my ($keyid, $signer, %r) = @_;

    return rfc9421(method => "POST", target => "/a?b=1", keyid => $keyid,
                   body => "body", signer => $signer,
                   nonce => "nonce-" . $nonce++, %r);
}

sub answer_to {
    my ($lines, $target, $body) = @_;

    return http(raw_request("POST", $target // "/a?b=1", $lines,
                            $body // "body"));
}

sub ok_with {
    my ($name, $lines, %r) = @_;
    my $answer = answer_to($lines, $r{target});

    is $answer->{status}, 200, "$name: accepted" or diag $answer->{body};

    return $answer;
}

sub refused_with {
    my ($name, $code, $lines, %r) = @_;
    my $answer = answer_to($lines, $r{target}, $r{body});

    is $answer->{body} =~ m{"code": *"([^"]+)"} ? $1 : $answer->{status},
       $code, $name;
}

no_root_location();
run_tests();

__DATA__

=== TEST 1: every type of key, each once
--- config eval: $::config
--- user_files eval: $::files
--- client
for my $id (sort keys %made) {
    for my $hash ("sha512", "sha256") {
        my $lines = signed_by($id, ssh_sign($made{$id}, hash => $hash));
        my $answer = ok_with("$id, $hash", $lines);

        is $answer->{field}{"x-key"}, "$id sshsig alice", "known as $id";
        refused_with("$id again", "sign/replayed", $lines);
    }
}



=== TEST 2: security keys
--- config eval: $::config
--- user_files eval: $::files
--- client
for my $id (sort keys %sk) {
    my $k = $sk{$id};

    ok_with("sk-$id", signed_by("sk-$id", sk_sign($k)));
    ok_with("sk-$id, by sha256", signed_by("sk-$id",
                                           sk_sign($k, hash => "sha256")));
    ok_with("sk-$id, user verified",
            signed_by("sk-$id", sk_sign($k, flags => 5)));
    refused_with("sk-$id, not touched", "sign/invalid",
                 signed_by("sk-$id", sk_sign($k, flags => 4)));

    # what it says of itself is signed: another flag, another counter
    my $lines = signed_by("sk-$id", sub {
        my $raw = sk_sign($k, flags => 0)->(@_);
        substr($raw, -5, 1) = "\1";
        return $raw;
    });
    refused_with("sk-$id, touched later", "sign/invalid", $lines);

    $lines = signed_by("sk-$id", sub {
        my $raw = sk_sign($k)->(@_);
        substr($raw, -1, 1) ^.= "\1";
        return $raw;
    });
    refused_with("sk-$id, counter changed", "sign/invalid", $lines);
}



=== TEST 3: by the fingerprint
--- config eval: $::config
--- user_files eval: $::files
--- client
my $print = ssh_fingerprint($made{ed25519});
my $sign = ssh_sign($made{ed25519});

my $answer = ok_with("fingerprint", signed_by($print, $sign, nonce => "n1"));
is $answer->{field}{"x-key"}, "ed25519 sshsig alice", "known by its id";

# a nonce is spent for the key, however it is called
refused_with("the same nonce by id", "sign/replayed",
             signed_by("ed25519", $sign, nonce => "n1"));

refused_with("somebody else's fingerprint", "sign/invalid",
             signed_by(ssh_fingerprint($made{p256}), $sign));
refused_with("an unknown fingerprint", "sign/unknown-key",
             signed_by(ssh_fingerprint($made{p256}) =~ s/.{4}$/AAAA/r, $sign));
refused_with("a fingerprint in short", "sign/unknown-key",
             signed_by(substr($print, 0, -1), $sign));
refused_with("MD5", "sign/unknown-key",
             signed_by("MD5:" . substr($print, 7), $sign));



=== TEST 4: nothing else is accepted
--- config eval: $::config
--- user_files eval: $::files
--- client
my $sign = ssh_sign($made{ed25519});

refused_with("another namespace", "sign/unsupported",
             signed_by("ed25519", ssh_sign($made{ed25519},
                                           namespace => "file")));
refused_with("another key", "sign/invalid",
             signed_by("ed25519", ssh_sign($other)));
refused_with("another key's id", "sign/invalid", signed_by("p256", $sign));
refused_with("a disabled key", "sign/key-disabled",
             signed_by("shut", ssh_sign($other)));
refused_with("an unknown key", "sign/unknown-key", signed_by("nobody", $sign));
refused_with("a key of another scheme", "sign/key-scheme",
             signed_by("AK1", $sign));
refused_with("an algorithm of another scheme", "sign/algorithm",
             signed_by("ed25519", $sign, alg => "ed25519"));
refused_with("too little covered", "sign/coverage",
             signed_by("ed25519", $sign, cover => ["\@method"]));
refused_with("not dated", "sign/coverage",
             signed_by("ed25519", $sign, created => undef));
refused_with("too old", "sign/expired",
             signed_by("ed25519", $sign, created => time - 2000));

# RSA by SHA-1, as "ssh-rsa" of old was, and a short signature
for my $name ("ssh-rsa", "ssh-ed25519", "rsa-sha2-1") {
    refused_with("signature of type $name", "sign/algorithm",
        signed_by("rsa", sub {
            my $blob = ssh_sign($made{rsa})->(@_);
            my ($public) = unpack "x10 N/a", $blob;
            return ssh_blob($public, string($name) . string("x" x 256));
        }));
}

for my $len (1, 64, 255, 257) {
    refused_with("RSA, $len bytes", "sign/invalid",
        signed_by("rsa", sub {
            my $blob = ssh_sign($made{rsa})->(@_);
            my ($public) = unpack "x10 N/a", $blob;
            return ssh_blob($public, string("rsa-sha2-512")
                                     . string("x" x $len));
        }));
}



=== TEST 5: one bit, anywhere
--- config eval: $::config
--- user_files eval: $::files
--- client
for my $id (qw(ed25519 p256 rsa)) {
    my $lines = signed_by($id, sub { $raw{$id} = ssh_sign($made{$id})->(@_) });

    for my $at (grep { $_ % 7 == 3 } 0 .. length($raw{$id}) - 1) {
        my $changed = $raw{$id};
        substr($changed, $at, 1) ^.= chr(1 << $at % 8);

        my $text = MIME::Base64::encode_base64($changed, "");
        my $answer = answer_to($lines =~ s/(Signature: sig1=:)[^:]*/$1$text/r);

        like $answer->{status}, qr/^40[01]$/, "$id, byte $at";
    }

    refused_with("$id, target", "sign/invalid", $lines, target => "/a?b=2");
    refused_with("$id, body", "sign/digest", $lines, body => "bodY");
}



=== TEST 6: beside RFC 9421
--- config eval: $::config
--- user_files eval: $::files
--- client
my $ssh = signed_by("ed25519", ssh_sign($made{ed25519}), label => "a");
my $plain = signed_by("AK1", undef, label => "b");

sub both {
    my ($first, $second) = @_;
    my %value;

    for my $lines ($first, $second) {
        push @{$value{$1}}, $2 while $lines =~ /^(Signature\S*): (.*)$/mg;
    }

    return join "\n", grep({ !/^Signature/ } split /\n/, $first),
                map { "$_: " . join ", ", @{$value{$_}} } sort keys %value;
}

is answer_to($plain)->{status}, 200, "plain alone";
refused_with("both, in a place for both", "sign/ambiguous", both($ssh, $plain));

for my $try (["ssh first", sub { both($_[0], $_[1]) }],
             ["ssh last", sub { both($_[1], $_[0]) }])
{
    my ($name, $make) = @$try;

    for my $place ("/ssh", "/plain") {
        my @r = (target => $place);
        my $lines = $make->(signed_by("ed25519", ssh_sign($made{ed25519}),
                                      label => "a", @r),
                            signed_by("AK1", undef, label => "b", @r));
        ok_with("$name, in a place for $place", $lines, @r);
    }
}

refused_with("SSHSIG where it is not taken", "sign/key-scheme",
             signed_by("ed25519", ssh_sign($made{ed25519}),
                       target => "/plain"), target => "/plain");
refused_with("plain where it is not taken", "sign/missing",
             signed_by("AK1", undef, target => "/ssh"), target => "/ssh");
