package Postern;

# Signs requests for the tests, by the text of the standards and with other
# tools than the modules use: Perl's Digest::SHA for HMAC, the openssl program
# for Ed25519 and ECDSA.
#
#     rfc9421(%request, %signature)    header lines, RFC 9421
#     sigv4(%request, %signature)      header lines, AWS Signature Version 4
#     cavage(%request, %signature)     header lines, draft-cavage-…-12, as Kong
#                                      and as APISIX have them
#     content_digest($body)            value of Content-Digest, RFC 9530
#     directory(%changes)              a directory document with the keys below
#     guarded($lines)                  http_config with zone and directory
#     defaults($block)                 for add_block_preprocessor(): zone,
#                                      directory and the section "client"
#
# The section "client" of a block is Perl that runs while its nginx does: for
# clients that are programs of their own, and for several at once.
#
# A request is method, target, authority, scheme, headers ([[name, value] …])
# and body; what is left out is "GET", "/", "localhost", "http", none, none.

use v5.32;
use strict;
use warnings;

use Digest::SHA qw(hmac_sha256 sha256 sha256_hex hmac_sha256_hex sha512
                   hmac_sha384 hmac_sha512);
use Exporter qw(import);
use File::Temp ();
use Http2 ();
use MIME::Base64 qw(encode_base64);
use POSIX qw(strftime);
use Shared ();

our @EXPORT = qw(rfc9421 sigv4 cavage content_digest directory guarded json flip
                 public_key http raw_request defaults curl port);

our $secret = 'an example secret of more than 32 bytes';


sub content_digest {
    my ($body, $alg) = @_;

    $alg //= "sha-256";

    my $hash = $alg eq "sha-512" ? sha512($body) : sha256($body);

    return "$alg=:" . encode_base64($hash, "") . ":";
}


sub request {
    my %r = (method => "GET", target => "/", authority => "localhost",
             scheme => "http", headers => [], keyid => "AK1",
             secret => $secret, @_);

    return \%r;
}


# RFC 9421.  cover: components in order; alg, created, expires, nonce, tag:
# parameters (alg and the rest only where given, created => undef for none);
# label; key: "ed25519", "p256", "p384", "pss" or "rsa" instead of secret;
# signer: a sub that signs the base.  omit_digest: does not send the
# Content-Digest it may have signed.  A component may be [identifier, value], for
# those with parameters.  rfc9421_all() makes one of several: the arguments of
# each in a hash, their fields once, their signatures as one dictionary.

sub rfc9421 {
    my $r = request(@_);

    my @headers = @{$r->{headers}};
    my $body = $r->{body};

    if (defined $body && !$r->{no_digest}) {
        push @headers, ["Content-Digest",
                        $r->{digest} // content_digest($body)];
    }

    my $cover = $r->{cover}
                // ["\@method", "\@target-uri", "\@authority",
                    defined $body && !$r->{no_digest} ? "content-digest" : ()];

    my $params = "(" . join(" ", map { ref $_ ? $_->[0] : qq("$_") } @$cover)
                 . ")";
    my $created = exists $r->{created} ? $r->{created} : time;

    $params .= ";created=$created" if defined $created;
    $params .= ";keyid=\"$r->{keyid}\"" if length $r->{keyid};
    $params .= ";alg=\"$r->{alg}\"" if defined $r->{alg};
    $params .= ";expires=$r->{expires}" if defined $r->{expires};
    $params .= ";nonce=\"$r->{nonce}\"" if defined $r->{nonce};
    $params .= ";tag=\"$r->{tag}\"" if defined $r->{tag};

    my $base = "";

    for my $name (@$cover) {
        $base .= ref $name ? "$name->[0]: $name->[1]\n"
               : qq("$name": ) . component($r, $name, \@headers) . "\n";
    }

    $base .= qq("\@signature-params": $params);

    my $raw = $r->{signature} // ($r->{signer} ? $r->{signer}->($base)
                                               : rfc9421_bytes($r, $base));
    my $label = $r->{label} // "sig1";

    my @send = grep { !($r->{omit_digest} && lc $_->[0] eq "content-digest") }
               @headers;

    return join "\n", (map { "$_->[0]: $_->[1]" } @send),
                "Signature-Input: $label=$params",
                "Signature: $label=:" . encode_base64($raw, "") . ":";
}


sub rfc9421_all {
    my (@fields, @inputs, @signatures);

    for my $signature (map { rfc9421(%$_) } @_) {

        for (split /\n/, $signature) {
            push @inputs, $1 and next if /^Signature-Input: (.*)/;
            push @signatures, $1 and next if /^Signature: (.*)/;
            push @fields, $_;
        }
    }

    my %seen;

    return join "\n", (grep { !$seen{$_}++ } @fields),
                "Signature-Input: " . join(", ", @inputs),
                "Signature: " . join(", ", @signatures);
}


sub component {
    my ($r, $name, $headers) = @_;
    my ($path, $query) = split /\?/, $r->{target}, 2;

    return $r->{method} if $name eq '@method';
    return lc $r->{authority} if $name eq '@authority';
    return $r->{scheme} if $name eq '@scheme';
    return $r->{target} if $name eq '@request-target';
    return $path if $name eq '@path';
    return "?" . ($query // "") if $name eq '@query';

    return "$r->{scheme}://" . lc($r->{authority}) . $r->{target}
        if $name eq '@target-uri';

    my @values = map { $_->[1] =~ s/^\s+|\s+$//gr }
                 grep { lc $_->[0] eq $name }
                 @$headers, ["host", $r->{authority}];

    die "component $name is not in the request\n"
        if !@values && !$r->{listed_but_absent};

    return join ", ", @values;
}


sub rfc9421_bytes {
    my ($r, $base) = @_;

    my $key = $r->{key} // "";

    return openssl_sign($key, $base) if $key =~ /^(?:ed25519|pss|rsa)$/;
    return der_to_raw(openssl_sign($key, $base), 32) if $key eq "p256";
    return der_to_raw(openssl_sign($key, $base), 48) if $key eq "p384";
    return hmac_sha256($base, $r->{secret});
}


# AWS Signature Version 4 in its header form.  service "s3" signs the path as it
# is, others encode it once more.  hash: what x-amz-content-sha256 says, undef
# for no such field; the body's hash is signed in any case.

sub sigv4 {
    my $r = request(region => "eu-central-1", service => "execute-api",
                    hash => "", @_);

    my $date = $r->{date} // strftime("%Y%m%dT%H%M%SZ", gmtime($r->{created}
                                                               // time));
    my $day = substr $date, 0, 8;
    my $scope = join "/", $day, $r->{region}, $r->{service}, "aws4_request";
    my $hash = sha256_hex($r->{body} // "");

    $hash = $r->{hash} if length($r->{hash} // "");

    my @headers = (["host", $r->{authority}], ["x-amz-date", $date],
                   defined $r->{hash} ? ["x-amz-content-sha256", $hash] : (),
                   @{$r->{headers}});

    my %value;
    push @{$value{lc $_->[0]}}, $_->[1] =~ s/^\s+|\s+$//gr =~ s/\s+/ /gr
        for @headers;

    my @names = $r->{signed} ? @{$r->{signed}} : sort keys %value;
    my ($path, $query) = split /\?/, $r->{target}, 2;

    $path =~ s{([^A-Za-z0-9_.~/-])}{sprintf "%%%02X", ord $1}ge
        if $r->{service} ne "s3";

    my $canonical = join "\n", $r->{method}, $path,
        join("&", sort map { /=/ ? $_ : "$_=" } split /&/, $query // ""),
        (map { "$_:" . join ",", @{$value{$_} // [""]} } @names), "",
        join(";", @names), $hash;

    my $text = join "\n", "AWS4-HMAC-SHA256", $date, $scope,
                    sha256_hex($canonical);

    my $key = "AWS4$r->{secret}";
    $key = hmac_sha256($_, $key)
        for $day, $r->{region}, $r->{service}, "aws4_request";

    my $signature = $r->{signature} // hmac_sha256_hex($text, $key);

    return join "\n",
        (map { "$_->[0]: $_->[1]" } grep { lc $_->[0] ne "host" } @headers),
        "Authorization: AWS4-HMAC-SHA256 Credential=$r->{keyid}/$scope, "
        . "SignedHeaders=" . join(";", @names) . ", Signature=$signature";
}


# draft-cavage-http-signatures-12.  form: "signature" (the field of that name),
# "authorization", "kong" or "apisix", the gateways' own; headers to be signed
# are in listed; digest: of the body, undef for none; alg: what the message says
# (undef: nothing), hash: HMAC's; date, created, expires.

sub cavage {
    my $r = request(form => "authorization", alg => "hmac-sha256", @_);
    my $form = $r->{form};

    my %target = (kong => "request-line", apisix => "\@request-target");
    my $body = $r->{body};

    my $date = $r->{date} // strftime("%a, %d %b %Y %H:%M:%S GMT",
                                      gmtime($r->{at} // time));
    my @headers = (["Host", $r->{authority}], ["Date", $date],
                   @{$r->{headers}});

    $r->{digest} = "SHA-256=" . encode_base64(sha256($body), "")
        if defined $body && !exists $r->{digest};

    push @headers, ["Digest", $r->{digest}] if defined $r->{digest};

    my @listed = @{$r->{listed}
                   // [$target{$form} // "(request-target)", "host", "date",
                       defined $r->{digest} ? "digest" : ()]};

    my @lines = map { cavage_line($r, $_, \@headers) } @listed;
    my $base = $form eq "apisix" ? join "", map { "$_\n" } $r->{keyid}, @lines
             : join "\n", @lines;

    my %hash = (384 => \&hmac_sha384, 512 => \&hmac_sha512);
    my $raw = $r->{key} ? openssl_sign($r->{key}, $base)
            : ($hash{$r->{hash} // 256} // \&hmac_sha256)->($base,
                                                            $r->{secret});

    my $signature = $r->{signature} // encode_base64($raw, "");

    my $params = join ",",
        ($form eq "kong" ? "username" : "keyId") . "=\"$r->{keyid}\"",
        defined $r->{alg} ? "algorithm=\"$r->{alg}\"" : (),
        (map { defined $r->{$_} ? "$_=$r->{$_}" : () } "created", "expires"),
        "headers=\"@listed\"", "signature=\"$signature\"";

    $params =~ s/,/, /g if $form eq "kong";

    return join "\n",
        (map { "$_->[0]: $_->[1]" } grep { $_->[0] ne "Host" } @headers),
        ($form eq "signature" ? "Signature: "
         : $form eq "kong" ? "Authorization: hmac "
         : "Authorization: Signature ") . $params;
}


sub cavage_line {
    my ($r, $name, $headers) = @_;
    my $target = "$r->{method} $r->{target}";

    return "$name: " . lcfirst_method($target) if $name eq "(request-target)";
    return "$name: $r->{created}" if $name eq "(created)";
    return "$name: $r->{expires}" if $name eq "(expires)";
    return "$target HTTP/" . (Http2::wanted(port()) ? "2.0" : "1.1")
        if $name eq "request-line";
    return $target if $name eq "\@request-target" && $r->{form} eq "apisix";
    return "$name: " . lcfirst_method($target) if $name eq "\@request-target";

    my @values = map { $_->[1] } grep { lc $_->[0] eq lc $name } @$headers;

    # as the gateways do it

    return "$name:" if !@values && $r->{form} eq "kong";
    return () if !@values && $r->{form} eq "apisix";
    return "$name: " . join ", ", @values;
}


sub lcfirst_method {
    return $_[0] =~ s/^(\S+)/lc $1/er;
}


# Keys made anew for every run.

my %files;

sub key_file {
    my ($kind) = @_;

    return $files{$kind} if $files{$kind};

    my $file = File::Temp->new(SUFFIX => ".pem");
    my %how = (
        ed25519 => ["-algorithm", "ed25519"],
        rsa => ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
        pss => ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
        p256 => ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
        p384 => ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
    );
    my @how = @{$how{$kind}};

    system("openssl", "genpkey", @how, "-out", "$file") == 0
        or die "openssl genpkey: $?\n";

    return $files{$kind} = $file;
}


sub public_key {
    my ($kind, $form) = @_;
    my $file = key_file($kind);

    return scalar qx(openssl pkey -in $file -pubout)
        if ($form // "") eq "pem";

    my $der = qx(openssl pkey -in $file -pubout -outform DER);

    my %tail = (ed25519 => 32, p256 => 65, p384 => 97);

    return encode_base64($tail{$kind} ? substr($der, -$tail{$kind}) : $der,
                         "");
}


sub openssl_sign {
    my ($kind, $text) = @_;
    my $file = key_file($kind);
    my $in = File::Temp->new;

    print $in $text;
    close $in;

    my $pss = join " ", map { "-sigopt $_" } "rsa_padding_mode:pss",
                        "rsa_pss_saltlen:64", "rsa_mgf1_md:sha512";
    my $command = $kind eq "ed25519"
                  ? "openssl pkeyutl -sign -inkey $file -rawin -in $in"
                  : $kind eq "pss"
                  ? "openssl dgst -sha512 $pss -sign $file $in"
                  : $kind eq "p384" ? "openssl dgst -sha384 -sign $file $in"
                  : "openssl dgst -sha256 -sign $file $in";

    my $raw = qx($command);
    die "$command: $?\n" if $?;

    return $raw;
}


# SEQUENCE { INTEGER r, INTEGER s }, each to $size bytes

sub der_to_raw {
    my ($der, $size) = @_;
    my $at = 2;
    my $raw = "";

    for (1 .. 2) {
        my $len = ord substr $der, $at + 1, 1;
        my $int = substr $der, $at + 2, $len;

        $int =~ s/^\0+//;
        $raw .= "\0" x ($size - length $int) . $int;
        $at += 2 + $len;
    }

    return $raw;
}


# The document that the tests work with.  Changes are whole members of keys:
# directory(AK2 => '{ … }').

sub directory {
    my %changes = @_;

    my %keys = (
        AK1 => qq({ "user": "alice", "algorithm": "hmac-sha256",
                    "secret": "plain:$secret" }),
        robot => qq({ "roles": ["viewer"], "algorithm": "ed25519",
                      "public_key": "@{[public_key('ed25519')]}" }),
        curve => qq({ "roles": ["viewer"], "algorithm": "ecdsa-p256-sha256",
                      "public_key": "@{[public_key('p256')]}" }),
        off => qq({ "user": "alice", "algorithm": "hmac-sha256",
                    "status": "disabled", "secret": "plain:$secret" }),
        gone => qq({ "user": "bob", "algorithm": "hmac-sha256",
                     "secret": "plain:$secret" }),
        old => qq({ "user": "alice", "algorithm": "hmac-sha256",
                    "secret": "plain:$secret",
                    "not_after": "2020-01-01T00:00:00Z" }),
        early => qq({ "user": "alice", "algorithm": "hmac-sha256",
                      "secret": "plain:$secret",
                      "not_before": "2120-01-01T00:00:00Z" }),
        away => qq({ "user": "alice", "algorithm": "hmac-sha256",
                     "secret": "plain:$secret",
                     "networks": ["192.0.2.0/24"] }),
        here => qq({ "user": "alice", "algorithm": "hmac-sha256",
                     "secret": "plain:$secret",
                     "networks": ["192.0.2.0/24", "127.0.0.0/8"] }),
        shut => qq({ "user": "alice", "algorithm": "hmac-sha256",
                     "secret":
                     "sealed:none:@{['A' x 90]}" }),
        %changes,
    );

    my $keys = join ",\n", map { qq("$_": $keys{$_}) }
               grep { defined $keys{$_} } sort keys %keys;

    return <<"EOD";
{
  "version": 1,
  "organizations": {
    "acme": {
      "users": {
        "alice": { "name": "Alice Doe", "status": "active",
                   "roles": ["viewer"] },
        "bob": { "name": "Bob Doe", "status": "disabled",
                 "roles": ["viewer"] }
      },
      "keys": {
$keys
      },
      "permissions": { "read": ["GET", "HEAD"] },
      "resources": { "all": ["/**"] },
      "roles": { "viewer": { "grants": [["read", "all"]] } }
    },
    "other": {
      "users": { "carol": { "roles": [] } },
      "keys": {
        "OK1": { "user": "carol", "algorithm": "hmac-sha256",
                 "secret": "plain:$secret" }
      },
      "permissions": {}, "resources": {}, "roles": {}
    }
  }
}
EOD
}


# for blocks: a zone, the directory, and an application behind "app"; with a
# second argument, lines in place of those that say where state is kept beside
# the zone

sub guarded {
    my ($more, $state) = @_;
    my $port = ($ENV{TEST_NGINX_PORT} // 1984) + 1;

    $more //= "";
    $state //= Shared::store($more);

    return <<"EOD";
    postern_zone 1m;
    $state
    postern_directory \$TEST_NGINX_HTML_DIR/postern.json;

    upstream app {
        server 127.0.0.1:$port;
    }

    server {
        listen 127.0.0.1:$port;
        client_max_body_size 0;

        location / {
            add_header X-App-Length \$http_content_length;
            return 200 "app \$request_method \$request_uri\\n";
        }

        # reads the body to its end before it answers
        location /read/ {
            proxy_pass http://app/;
        }
    }

    $more
EOD
}


sub defaults {
    my ($block) = @_;

    $ENV{TEST_NGINX_HTML_DIR} //= Test::Nginx::Util::html_dir();

    $block->set_value("http_config", guarded($block->http_more))
        if !defined $block->http_config;

    $block->set_value("user_files", ">>> postern.json\n" . directory())
        if !defined $block->user_files;

    return if !defined $block->client;

    $block->set_value("request", "GET /ping")
        if !defined $block->request;

    $block->set_value("config", $block->config . <<"EOD");
    location = /ping {
        return 200 "pong\n";
    }
EOD
}


# for add_response_body_check()
sub client {
    my ($block) = @_;

    return if !defined $block->client;

    my $code = $block->client;

    local $Http2::on = Http2::serves($block);

    eval "package main; no strict; $code; 1"
        or Test::More::fail("client: $@");
}


sub port {
    return $ENV{TEST_NGINX_PORT} // 1984;
}


# the real one: status, body and what it said
sub curl {
    my @args = @_;
    my $out = File::Temp->new;

    open my $pipe, "-|", "curl", "-s", "-S", "-o", "$out",
        "-w", "%{http_code} %{http_version}", "--max-time", "20", @args
        or die "curl: $!\n";

    my ($status, $version) = split / /, <$pipe> // "";
    close $pipe;

    local $/;

    return { status => $status, version => $version, body => <$out> // "" };
}


# One request on a connection of its own: status, header fields (lower case
# names, values joined) and body.

sub http {
    my ($text, $port) = @_;

    $port //= port();

    my $answer = Http2::wanted($port) ? Http2::text($port, $text) : undef;

    $answer //= http1($text, $port);

    my ($head, $body) = split /\r\n\r\n/, $answer, 2;
    my ($line, @lines) = split /\r\n/, $head // "";
    my %field;

    for (@lines) {
        my ($name, $value) = split /:\s*/, $_, 2;
        $name = lc $name;
        $field{$name} = defined $field{$name} ? "$field{$name}, $value"
                                              : $value;
    }

    return { status => ($line // "") =~ m{^HTTP/\S+ (\d+)} ? $1 : 0,
             field => \%field, body => $body // "" };
}


sub http1 {
    my ($text, $port) = @_;

    require IO::Socket::INET;

    my $c = IO::Socket::INET->new(PeerAddr => "127.0.0.1", Timeout => 10,
                                  PeerPort => $port)
        or die "connect: $!\n";

    print $c $text;
    $c->flush;

    return do { local $/; <$c> } // "";
}


# the text of a request; lines: header lines as rfc9421() and sigv4() return

sub raw_request {
    my ($method, $target, $lines, $body) = @_;

    my $text = "$method $target HTTP/1.1\r\nHost: localhost\r\n"
               . "Connection: close\r\n"
               . join "", map { "$_\r\n" } split /\n/, $lines // "";

    $text .= "Content-Length: " . length($body) . "\r\n" if defined $body;

    return "$text\r\n" . ($body // "");
}


sub json {
    my ($text) = @_;

    require JSON::PP;

    return JSON::PP::decode_json($text);
}


# another byte at the end
sub flip {
    my ($text) = @_;

    substr($text, -1) = chr(ord(substr $text, -1) ^ 1);

    return $text;
}


1;
