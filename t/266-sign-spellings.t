# What somebody on the way could write in another way, so that a signature stays
# good and an application reads something else.

use lib 't/lib';
use Postern;
use SshSig;
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

our $user = ssh_key("ed25519");
our $stranger = ssh_key("ed25519");
our $files = ">>> postern.json\n" . directory(plain =>
    qq({ "user": "alice", "algorithm": "ssh",
         "public_key": "@{[ssh_public($user)]}" }));

sub code {
    my $answer = http(raw_request(@_));

    return $answer->{body} =~ /"code":"sign\/([a-z-]+)"/ ? $1
                                                         : $answer->{status};
}

no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: SigV4: a semicolon that was signed as an escape
--- config eval: $::config
--- client
my $lines = sigv4(target => "/a?x=1%3Bb%3D2");

is code("GET", "/a?x=1;b=2", $lines), "invalid",
   "where some applications split";
is code("GET", "/a?x=1;b%3D2", $lines), "invalid", "or half so";
is code("GET", "/a?x=1%3Bb%3D2", $lines), 200, "as it was signed";
is code("GET", "/a?x=1;b=2", sigv4(target => "/a?x=1;b=2")), 200,
   "signed as it is sent";



=== TEST 2: SigV4: a field that means something once, parted at a comma
--- config eval: $::config
--- client
for my $name ("Cookie", "Origin", "Referer", "User-Agent", "Content-Encoding") {
    my $lines = sigv4(target => "/a", headers => [[$name, "a=1,b"]]);
    my $parted = $lines =~ s/^$name: a=1,b$/$name: a=1\n$name: b/mr;

    # of HTTP/2's crumbs nginx makes one field (RFC 9113, section 8.2.3), and by
    # a semicolon

    my $want = $name eq "Cookie" && Http2::wanted(port()) ? "invalid"
                                                          : "ambiguous";

    isnt $parted, $lines, "$name is sent";
    is code("GET", "/a", $parted), $want, "$name, parted";
    is code("GET", "/a", $lines), 200, "$name, as it was signed";
}



=== TEST 3: another field that PHP takes for the one that is signed
--- config eval
"    ignore_invalid_headers off;\n$::config"
--- client
my $lines = rfc9421(target => "/a", headers => [["X-Tenant", "a"]],
                    cover => ['@method', '@target-uri', '@authority',
                              'x-tenant']);

is code("GET", "/a", "$lines\nX.Tenant: b"), "ambiguous", "X.Tenant";
is code("GET", "/a", "X[Tenant: b\n$lines"), "ambiguous", "X[Tenant";
is code("GET", "/a", "$lines\nX.Tenants: b"), 200, "X.Tenants is another one";



=== TEST 4: a member of a dictionary put in front of the one that is signed
--- config eval: $::config
--- client
for my $component ('"priority";sf', '"priority";key="u"') {
    my $value = $component =~ /sf/ ? "u=1" : "1";
    my $lines = rfc9421(target => "/a", headers => [["Priority", "u=1"]],
                        nonce => $component =~ s/"//gr,
                        cover => ['@method', '@target-uri', '@authority',
                                  [$component, $value]]);

    is code("GET", "/a", "Priority: u=7\n$lines"), "ambiguous",
       "$component, another in front";
    is code("GET", "/a", $lines), 200, "$component, as it was signed";
}



=== TEST 5: a Connection in which 60 signed fields would have to be looked for
--- config eval: $::config
--- client
my @fields = map { ["x$_", "v"] } 10 .. 59;
my $lines = rfc9421(target => "/a", headers => \@fields,
                    cover => ['@method', '@target-uri', '@authority',
                              map { $_->[0] } @fields]);

sub with_connection {
    return code("GET", "/a", "Connection: " . "," x $_[0] . "\n$lines");
}

is with_connection(513), "too-large", "too long";
is with_connection(512), 200, "and not";



=== TEST 6: SSH: an authority that nobody trusts is worth the same work
--- config eval
"    sign_schemes sshsig;\n$::config"
--- user_files eval: $::files
--- client
# the first of two signatures gives the reason where it got further: it does,
# also where its certificate is for the client's address alone, as it would
# where the authority is trusted

for my $address ("127.0.0.0/8", "192.0.2.0/24") {
    my $cert = ssh_cert($stranger, $user, "-n deploy",
                        "-O source-address=$address");
    my $lines = Postern::rfc9421_all(
        { target => "/a", label => "sig1", keyid => "deploy",
          signer => ssh_sign($cert) },
        { target => "/a", label => "sig2", keyid => "plain",
          cover => ['@method'], signer => ssh_sign($user) });

    is code("GET", "/a", $lines),
       $address =~ /127/ ? "unknown-key" : "coverage", "for $address";
}
