# The client certificate of the TLS connection as the credential: certificates
# made by openssl, sent by curl.

use lib 't/lib';
use ClientCert;
use Postern;
use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(\&Postern::defaults);
add_response_body_check(\&Postern::client);

our $dir = File::Temp->newdir;

system("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
       . " -keyout $dir/key.pem -out $dir/cert.pem 2>/dev/null") == 0
    or die "openssl req: $?\n";

our $root = authority("Root");
our $ops_ca = authority("Ops", by => $root);
our $lists_ca = authority("Lists");
our $stale_ca = authority("Stale");
our $other = authority("Other");

our %client = (
    ops => client($ops_ca, "/O=Acme/OU=ops/CN=robot-1"),
    ops2 => client($ops_ca, "/O=Acme/OU=ops/CN=robot-2"),
    dev => client($ops_ca, "/O=Acme/OU=dev/CN=dev-1",
                  san => "DNS:Dev-1.example,email:dev\@acme.example"),
    both => client($ops_ca, "/O=Acme/OU=ops/OU=dev/CN=both"),
    nobody => client($ops_ca, "/O=Acme/CN=nobody"),
    expired => client($ops_ca, "/O=Acme/OU=ops/CN=old", from => -7200,
                      until => -3600),
    early => client($ops_ca, "/O=Acme/OU=ops/CN=new", from => 3600,
                    until => 7200),
    server => client($ops_ca, "/O=Acme/OU=ops/CN=server",
                     eku => "serverAuth"),
    none => client($ops_ca, "/O=Acme/OU=ops/CN=plain", eku => ""),
    listed => client($lists_ca, "/CN=listed"),
    unlisted => client($lists_ca, "/CN=unlisted"),
    stale => client($stale_ca, "/CN=stale"),
    stranger => client($other, "/O=Acme/OU=ops/CN=robot-1"),
    pinned => client($other, "/CN=pinned"),
    pinned_old => client($other, "/CN=pinned old", from => -7200,
                         until => -3600),
    pinned_server => client($other, "/CN=pinned server", eku => "serverAuth"),
    pinned_listed => client($lists_ca, "/CN=pinned listed"),
    pinned_unlisted => client($lists_ca, "/CN=pinned unlisted"),
);

our $list = crl($lists_ca, [@client{qw(listed pinned_listed)}]);
our $stale = crl($stale_ca, [], from => -7200, until => -3600);

# of an authority: certificates, rule, and what else there is
sub trusts {
    my ($certs, $rule, %more) = @_;
    my $more = join "", map { qq(, "$_": $more{$_}) } sort keys %more;

    return qq({ "roles": ["viewer"], "algorithm": "x509-ca",
                "certificate": "@{[pem(@$certs)]}",
                "subject": { $rule } $more });
}

sub pinned {
    my ($certs, %more) = @_;
    my $more = join "", map { qq(, "$_": $more{$_}) } sort keys %more;

    return qq({ "user": "alice", "algorithm": "x509",
                "certificate": "@{[pem(@$certs)]}" $more });
}

our %keys = (
    "ca-ops" => trusts([$root], '"O": "Acme", "OU": "ops", "CN": "*"'),
    "ca-dev" => trusts([$root], '"dns": "dev-1.EXAMPLE", "email": "*"'),
    "ca-lists" => trusts([$lists_ca], '"CN": "*"',
                         crl => '"' . pem($list) . '"'),
    "ca-stale" => trusts([$stale_ca], '"CN": "*"',
                         crl => '"' . pem($stale) . '"'),
    pinned => pinned([$client{pinned}]),
    "pinned-old" => pinned([$client{pinned_old}]),
    "pinned-server" => pinned([$client{pinned_server}]),
    "pinned-listed" => pinned([$client{pinned_listed}, $lists_ca],
                              crl => '"' . pem($list) . '"'),
    "pinned-unlisted" => pinned([$client{pinned_unlisted}, $lists_ca],
                                crl => '"' . pem($list) . '"'),
);

our $files = ">>> postern.json\n" . directory(%keys);

sub server {
    my ($verify, $more) = @_;
    my $port = port() + 2;

    return <<"_EOC_";
    server {
        listen 127.0.0.1:$port ssl http2;
        ssl_certificate $dir/cert.pem;
        ssl_certificate_key $dir/key.pem;
        ssl_verify_client $verify;

        sign on;
        sign_schemes mtls rfc9421;
        sign_explain on;

        location / {
            add_header X-Key "\$sign_key_id \$sign_scheme \$postern_subject \$postern_roles";
            proxy_pass http://app;
        }

        location /demands {
            sign_components \@method \@target-uri \@authority content-digest x-tenant;
            proxy_pass http://app;
        }

        location /signed {
            sign_schemes rfc9421;
            proxy_pass http://app;
        }

        @{[$more // ""]}
    }
_EOC_
}

# certificate, its key, and those above it, in the files that curl takes
sub with_cert {
    my ($name, @above) = @_;
    my $c = $client{$name} // return ();
    my $file = "$dir/chain-$name-" . @above;

    system("cat $c->{cert} " . join(" ", map { $_->{cert} } @above)
           . " > $file") == 0 or die;

    return ("--cert", $file, "--key", $c->{key});
}

sub get {
    my ($name, $path, @args) = @_;

    return curl("-k", with_cert($name, $ops_ca), "-D", "$dir/head", @args,
                "https://127.0.0.1:" . (port() + 2) . ($path // "/a"));
}

sub known {
    open my $in, "<", "$dir/head" or die;
    return join("", <$in>) =~ /^x-key: (.*?)\r?$/mi ? $1 : "";
}

sub code {
    my ($answer) = @_;

    return $answer->{body} =~ m{"code": *"([^"]+)"} ? $1 : $answer->{status};
}

no_root_location();
run_tests();

__DATA__

=== TEST 1: who is let in, and as whom
--- http_more eval: main::server("optional_no_ca")
--- user_files eval: $::files
--- config
--- client
for my $http ("--http1.1", "--http2") {
    for my $try (
        ["ops", "ca-ops mtls robot-1 viewer"],
        ["ops2", "ca-ops mtls robot-2 viewer"],
        ["none", "ca-ops mtls plain viewer"],
        ["dev", 'ca-dev mtls dev@acme.example viewer'],
        ["unlisted", "ca-lists mtls unlisted viewer"],
        ["pinned", "pinned mtls alice viewer"],
        ["pinned_unlisted", "pinned-unlisted mtls alice viewer"])
    {
        my ($name, $want) = @$try;

        is code(get($name, "/a", $http)), 200, "$name, $http";
        is known(), $want, "known as $want";
    }

    for my $try (
        ["both", "sign/unknown-key", "two values where one is demanded"],
        ["nobody", "sign/unknown-key", "no value where one is demanded"],
        ["stranger", "sign/unknown-key", "of another authority"],
        ["listed", "sign/certificate", "revoked"],
        ["stale", "sign/certificate", "no current list"],
        ["pinned_server", "sign/certificate", "for servers, itself entered"],
        ["pinned_listed", "sign/certificate", "revoked, itself entered"],
        ["no such", "sign/missing", "none at all"])
    {
        my ($name, $want, $what) = @$try;

        is code(get($name, "/a", $http)), $want, "$what, $http";
    }

    # what OpenSSL says of these is no want of an issuer, and nginx ends it
    for my $name (qw(expired early server pinned_old)) {
        my $answer = get($name, "/a", $http);

        is $answer->{status}, 400, "$name, $http";
        like $answer->{body}, qr/The SSL certificate error/, "says nginx";
    }
}



=== TEST 2: without the intermediate authority there is no way to the root
--- http_more eval: main::server("optional_no_ca")
--- user_files eval: $::files
--- config
--- client
my $port = port() + 2;

is code(curl("-k", with_cert("ops"), "https://127.0.0.1:$port/a")),
   "sign/unknown-key", "not sent";



=== TEST 3: bodies, methods, fields
--- http_more eval: main::server("optional_no_ca")
--- user_files eval: $::files
--- config
--- client
is code(get("ops", "/a?b=c", "-X", "PUT", "-d", "x" x 100000)), 200, "PUT";
is code(get("ops", "/a", "-d", "same")), 200, "POST";
is code(get("ops", "/a", "-d", "same")), 200, "and again: it is no replay";
is code(get("ops", "/demands")), "sign/coverage", "a field that is demanded";
is code(get("ops", "/demands", "-H", "X-Tenant: 1")), 200, "and there";
is code(get("ops", "/signed")), "sign/missing", "where it is not taken";



=== TEST 4: a signature in the request counts, not the certificate
--- http_more eval: main::server("optional_no_ca")
--- user_files eval: $::files
--- config
--- client
my $port = port() + 2;
my %r = (target => "/a", scheme => "https", authority => "127.0.0.1:$port",
         cover => ["\@method", "\@path", "\@authority"], nonce => "n1");
my $bad = join "\n", rfc9421(%r, signature => "x" x 32);
my @good = map { ("-H", $_) } split /\n/, rfc9421(%r);
my @bad = map { ("-H", $_) } split /\n/, $bad;

is code(get("ops", "/a", @good)), 200, "a good one";
like known(), qr/^AK1 rfc9421 alice/, "known by it";
is code(get("ops", "/a", @bad)), "sign/invalid", "a bad one";
is code(get("nobody", "/a", @good)), "sign/replayed", "used before";



=== TEST 5: what nginx itself demands
--- http_more eval
my $ca = $::root->{cert};
main::server("on", "", ) =~ s/(ssl_verify_client on;)/$1 ssl_client_certificate $ca; ssl_verify_depth 3;/r
--- user_files eval: $::files
--- config
--- client
is code(get("ops")), 200, "of its authority";
like get("no such")->{body}, qr/No required SSL certificate/, "none";
like get("stranger")->{body}, qr/SSL certificate error/, "of another";
like get("pinned")->{body}, qr/SSL certificate error/,
     "of another, though the directory has it";
like get("expired")->{body}, qr/SSL certificate error/, "expired";



=== TEST 6: with optional, what nginx cannot verify ends there as well
--- http_more eval
my $ca = $::root->{cert};
main::server("optional") =~ s/(ssl_verify_client optional;)/$1 ssl_client_certificate $ca; ssl_verify_depth 3;/r
--- user_files eval: $::files
--- config
--- client
is code(get("ops")), 200, "of its authority";
is code(get("no such")), "sign/missing", "none";
like get("stranger")->{body}, qr/SSL certificate error/, "of another";



=== TEST 7: no certificate is asked for, and -t says so
--- http_more eval: main::server("off")
--- user_files eval: $::files
--- config
--- client
is code(get("ops")), "sign/missing", "never seen";
--- error_log
the scheme "mtls" sees no certificates here
