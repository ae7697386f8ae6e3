# postern sign and postern explain with every scheme they have: what one makes the
# other verifies, from raw HTTP, curl -v and HAR; and one thing changed is found.

use strict;
use warnings;

use lib "t/lib";
use Cli;
use File::Temp qw(tempdir);
use MIME::Base64 qw(encode_base64);
use Test::More;

my $dir = tempdir(CLEANUP => 1);

chdir $dir or die;

my $secret = "an example secret of more than 32 bytes";

sub made {
    my (@args) = @_;
    my ($status, $out, $err) = run("", "sign", @args);

    is($status, 0, "sign @args") or diag($err);

    return $out;
}

my @explain = ("explain", "--directory", "postern.json", "--uri-scheme",
               "http");

sub verdict {
    my ($name, $want, $request, @more) = @_;
    my ($status, $out, $err) = run($request, @explain, @more, "-");

    if ($want eq "verifies") {
        is($status, 0, "$name: status");
        like($out, qr/^verdict +the request verifies/m, "$name: verifies")
            or diag($out, $err);

    } else {
        is($status, 1, "$name: status");
        like($out, qr/^verdict +\Q$want\E$/m, "$name: $want")
            or diag($out, $err);
    }

    unlike($out . $err, qr/\Q$secret\E/, "$name: no secret");

    return $out;
}


# --- keys ---------------------------------------------------------------------

my %made = (
    ed => [["-algorithm", "ed25519"], "ed25519"],
    p256 => [["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
             "ecdsa-p256-sha256"],
    p384 => [["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
             "ecdsa-p384-sha384"],
    rsa => [["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
            "rsa-v1_5-sha256"],
    pss => [["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
            "rsa-pss-sha512"],
);

my @keys = (
    (map { qq("hmac$_": { "algorithm": "hmac-sha$_", "roles": [],
              "secret": "plain:$secret" }) } 256, 384, 512),
    qq("hook": { "algorithm": "hmac-sha256", "roles": [],
        "schemes": ["webhook"], "secret": "plain:$secret" }),
    qq("text": { "algorithm": "hmac-sha256", "roles": [],
        "secret": "plain:@{[encode_base64($secret, '')]}" }),
);

for my $id (sort keys %made) {
    system("openssl", "genpkey", "-quiet", @{$made{$id}[0]}, "-out",
           "$id.pem") == 0
        or system("openssl genpkey @{$made{$id}[0]} -out $id.pem 2>/dev/null")
           == 0 or die "openssl genpkey: $?\n";
    my $der = encode_base64(scalar qx(openssl pkey -in $id.pem -pubout -outform DER), "");
    push @keys, qq("$id": { "algorithm": "$made{$id}[1]", "roles": [],
                   "public_key": "$der" });
}

spew("secret", $secret);
spew("postern.json", <<"EOD");
{ "version": 1, "organizations": { "acme": {
  "keys": { @{[join ",\n", @keys]} },
  "permissions": {}, "resources": {}, "roles": {} } } }
EOD


# --- what is made verifies ----------------------------------------------------

my $url = "http://app.example/a%20b?c=d&e";
my @hmac = ("--key-id", "hmac256", "--secret-file", "secret");

my %ways = (
    "rfc9421" => [@hmac],
    "sigv4" => ["--scheme", "sigv4", @hmac],
    "cavage" => ["--scheme", "cavage", @hmac],
    "kong" => ["--scheme", "cavage", "--form", "kong", @hmac],
    "apisix" => ["--scheme", "cavage", "--form", "apisix", @hmac],
    "created" => ["--scheme", "cavage", @hmac, "--expires", 60,
                  map { ("--component", $_) } "(request-target)", "(created)",
                      "(expires)", "host", "digest"],
    (map { ("cavage, hmac-sha$_" => ["--scheme", "cavage", "--key-id",
            "hmac$_", "--secret-file", "secret", "--algorithm",
            "hmac-sha$_"]) } 384, 512),
    (map { ("rfc9421, $_" => ["--key-id", $_, "--key-file", "$_.pem",
            $_ eq "rsa" ? ("--algorithm", "rsa-v1_5-sha256") : ()]) }
        sort keys %made),
    (map { ("cavage, $_" => ["--scheme", "cavage", "--key-id", $_,
            "--key-file", "$_.pem", "--algorithm", $made{$_}[1]]) }
        sort keys %made),
);

for my $way (sort keys %ways) {
    my $r = made(@{$ways{$way}}, "--print", "-d", "hello", $url);

    verdict($way, "verifies", $r);
    verdict("$way, another method", "sign/invalid", $r =~ s/^POST/PUT/r);
    verdict("$way, another path", "sign/invalid", $r =~ s/a%20b/a%20B/r);
    verdict("$way, another query", "sign/invalid", $r =~ s/c=d/c=D/r);
    verdict("$way, another host", "sign/invalid",
            $r =~ s/app\.example/other.example/r);
    verdict("$way, another body", "sign/digest", $r =~ s/hello$/hellO/r)
        if $way ne "sigv4";
}

for my $kind (qw(standard github stripe slack shopify)) {
    my $r = made("--scheme", "webhook", "--kind", $kind, "--key-id", "hook",
                 "--secret-file", "secret", "--print", "-d", '{"a":1}', $url);
    my @more = ("--webhook", $kind, "--key", "hook", "--insecure");

    my $out = verdict("webhook $kind", "verifies", $r, @more);
    like($out, qr/^left open .*neither method/m, "$kind: what it leaves open");
    like($out, qr/\| .*\{"a":1\}$/m, "$kind: what was signed");
    verdict("webhook $kind, another body", "sign/invalid",
            $r =~ s/"a":1/"a":2/r, @more);
    verdict("webhook $kind, not asked for", "sign/missing", $r);
}


# EnOS: neither method nor path is signed, the query and the body are

push @keys, qq("enos": { "algorithm": "hmac-sha256", "roles": [],
               "schemes": ["enos"], "secret": "plain:$secret" });
spew("postern.json", <<"EOD");
{ "version": 1, "organizations": { "acme": {
  "keys": { @{[join ",\n", @keys]} },
  "permissions": {}, "resources": {}, "roles": {} } } }
EOD

for my $token (undef, "token") {
    my @how = ("--scheme", "enos", "--key-id", "enos", "--secret-file",
               "secret", defined $token ? ("--token", $token) : ());
    my @more = ("--insecure", defined $token ? ("--key", "enos") : ());
    my $name = "EnOS " . (defined $token ? 2 : 1);

    my $r = made(@how, "--print", "-d", '{"a":1}', "http://h/a?b=c&a=d");

    verdict($name, "verifies", $r, @more);
    verdict("$name, another query", "sign/invalid", $r =~ s/b=c/b=C/r, @more);
    verdict("$name, another body", "sign/invalid", $r =~ s/"a":1/"a":2/r,
            @more);
    unlike(made(@how, "--base", "http://h/"), qr/\Q$secret/, "$name: --base");
}


# SSHSIG, made by ssh-keygen

{
    system("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "ssh") == 0
        or die "ssh-keygen: $?\n";

    my ($public) = slurp("ssh.pub") =~ /^(\S+ \S+)/;
    my $params = '("@method" "@authority" "@path" "@query");'
                 . 'created=1700000000;keyid="ssh"';

    spew("signed", join "\n", '"@method": GET', '"@authority": h',
                   '"@path": /a', '"@query": ?b',
                   "\"\@signature-params\": $params");
    my $sig = qx(ssh-keygen -Y sign -n http-request -f ssh < signed 2>/dev/null)
              =~ s/^-.*\n//mgr =~ s/\n//gr;

    spew("ssh.json", qq({ "version": 1, "organizations": { "acme": { "keys": {
        "ssh": { "algorithm": "ssh", "roles": [], "public_key": "$public" } },
        "permissions": {}, "resources": {}, "roles": {} } } }));

    my $r = "GET /a?b HTTP/1.1\r\nHost: h\r\nSignature-Input: s=$params\r\n"
            . "Signature: s=:$sig:\r\n\r\n";
    my @more = ("--directory", "ssh.json");

    like(verdict("sshsig", "verifies", $r, @more), qr/^scheme +sshsig/m,
         "sshsig");
    verdict("sshsig, another path", "sign/invalid", $r =~ s{/a}{/b}r, @more);
}


# --- HAR ----------------------------------------------------------------------

sub har {
    my ($raw, %c) = @_;
    my ($head, $body) = split /\r\n\r\n/, $raw, 2;
    my ($line, @lines) = split /\r\n/, $head;
    my ($method, $target) = split / /, $line;

    my @headers = map { my ($n, $v) = split /: /, $_, 2; [$n, $v] } @lines;
    my ($host) = map { $_->[1] } grep { $_->[0] eq "Host" } @headers;
    my $version = "HTTP/1.1";

    if ($c{h2}) {
        @headers = ([":method", $method], [":authority", $host],
                    [":path", $target], [":scheme", "http"],
                    map { [lc $_->[0], $_->[1]] }
                    grep { $_->[0] ne "Host" } @headers);
        $version = "h2";
    }

    my $list = join ",", map {
        my ($n, $v) = map { s/(["\\])/\\$1/gr } @$_;
        qq({"name":"$n","value":"$v"})
    } @headers;

    my $post = length $body
        ? $c{base64} ? qq(,"postData":{"encoding":"base64","text":")
                       . encode_base64($body, "") . '"}'
                     : qq(,"postData":{"mimeType":"text/plain","text":"$body"})
        : "";

    my $fragment = $c{h2} ? "#part" : "";

    return qq({"request":{"method":"$method","url":"http://$host$target$fragment",)
           . qq("httpVersion":"$version","headers":[$list]$post}});
}

sub archive { return qq({"log":{"version":"1.2","entries":[) . join(",", @_) . "]}}" }

my @side = ("--scheme", "cavage", @hmac);
my $raw = made(@side, "--print", "-d", "hello", $url);
my $other = made(@hmac, "--print", "http://app.example/other");

verdict("HAR", "verifies", archive(har($raw)));
verdict("HAR, a byte order mark", "verifies", "\xef\xbb\xbf" . archive(har($raw)));
verdict("HAR, HTTP/2", "verifies", archive(har($raw, h2 => 1)));
verdict("HAR, base64", "verifies", archive(har($raw, base64 => 1)));
verdict("HAR, --entry", "verifies", archive(har($other), har($raw)),
        "--entry", 2);
verdict("HAR, --url", "verifies", archive(har($other), har($raw)),
        "--url", "/a%20b");
like(verdict("HAR, the other", "verifies", archive(har($raw), har($other)),
             "--url", "/other"), qr/^scheme +rfc9421/m, "it is the other");
verdict("HAR, changed", "sign/invalid",
        archive(har($raw =~ s/c=d/c=D/r)));
verdict("HAR, another body", "sign/digest",
        archive(har($raw =~ s/hello$/hellO/r)));

for (["two and none chosen", archive(har($raw), har($other)),
      qr/holds 2 requests.*\n +1  POST .*\n +2  GET /],
     ["no such entry", archive(har($raw)), qr/no such request/, "--entry", 2],
     ["no such URL", archive(har($raw)), qr/no such request/, "--url", "/zzz"],
     ["no entries", '{"log":{}}', qr/holds no request/],
     ["no JSON", '{"log":', qr/is no JSON: line 1/],
     ["no method", '{"log":{"entries":[{"request":{}}]}}', qr/no method/],
     ["a raw request", $raw, qr/is no HAR/, "--entry", 1],
     ["a control character", archive(har($raw)) =~ s/"Host","value":"/$&\\u001b/r,
      qr/control character/])
{
    my ($name, $text, $like, @more) = @$_;
    my ($status, $out, $err) = run($text, @explain, @more, "-");

    is($status, 1, "HAR, $name: status");
    like($err, $like, "HAR, $name: says why");
}


# --- side by side, and guesses ------------------------------------------------

my $base = made(@side, "--created", 1700000000, "--base", "http://app.example/x");
my $fixed = made(@side, "--created", 1700000000, "--print",
                 "http://app.example/x");

spew("base", $base =~ s{get /x}{get /y}r);
my $out = verdict("--base", "sign/invalid", $fixed =~ s/GET/PUT/r, "--base", "base");
like($out, qr{^\(request-target\): put /x +! \(request-target\): get /y$}m,
     "both in a line");
like($out, qr{^host: app\.example +  = host: app\.example$}m, "what is the same");
like($out, qr/^first difference, line 1, \(request-target\):/m, "the first");
like($out, qr/^ +\| {19}\^$/m, "and where in it");

spew("base", made(@side, "--form", "apisix", "--created", 1700000000, "--base",
                  "http://app.example/x"));
my $apisix = made(@side, "--form", "apisix", "--created", 1700000000,
                  "--print", "http://app.example/x");
like(verdict("APISIX, --base", "sign/invalid", $apisix =~ s/GET/PUT/r,
             "--base", "base"), qr{^PUT /x +! GET /x$}m, "both");

my $short = made(@side, "--print", "http://app.example/x");
$out = verdict("no query", "sign/invalid", $short =~ s{/x}{/x?y=z}r);
like($out, qr/verify without the query/, "the query");
like($out, qr{the client signed \(guessed\)\n.*/x\?y=z +! .*/x$}m,
     "what it signed beside it");

like(verdict("base64", "sign/invalid",
             made("--scheme", "cavage", "--key-id", "text", "--secret-file",
                  "secret", "--print", $url)),
     qr/secret in base64/, "the secret decoded");

# curl -v of a request with another scheme

my $verbose = join "", map { "> $_\r\n" } split /\r\n/,
              made(@side, "--print", $url) =~ s/\r\n\r\n.*//sr;
verdict("curl -v", "verifies", "* Connected\r\n$verbose>\r\n< HTTP/1.1 200\r\n");


# --- mistakes of the call -----------------------------------------------------

for (["sign", "--form kong", @hmac, "--form", "kong", $url],
     ["sign", "--form x", @side, "--form", "x", $url],
     ["sign", "--kind alone", @hmac, "--kind", "slack", $url],
     ["sign", "no kind", @hmac, "--scheme", "webhook", $url],
     ["sign", "no such kind", @hmac, "--scheme", "webhook", "--kind", "x", $url],
     ["sign", "--algorithm", @hmac, "--algorithm", "ed25519", $url],
     ["sign", "no algorithm", @hmac, "--algorithm", "x", $url],
     ["sign", "--scheme", @hmac, "--scheme", "mtls", $url],
     ["sign", "--token", @hmac, "--token", "t", $url],
     ["sign", "EnOS, a key", "--scheme", "enos", "--key-id", "ed",
      "--key-file", "ed.pem", $url],
     ["explain", "--webhook", "--directory", "postern.json", "--webhook", "x", "-"],
     ["explain", "no --key", "--directory", "postern.json", "--webhook", "slack", "-"],
     ["explain", "--entry", "--directory", "postern.json", "--entry", 0, "-"])
{
    my ($command, $name, @args) = @$_;
    my ($status, $o, $err) = run("", $command, @args);

    is($status, 2, "$command, $name: status");
    like($err, qr/^postern: /, "$command, $name: says why");
}

done_testing();
