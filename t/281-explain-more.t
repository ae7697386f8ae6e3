# postern sign and postern explain with what t/230 leaves out: SigV4A, presigned URLs,
# bodies in aws-chunked, sets of keys beside the directory, webhooks of one's own.

use strict;
use warnings;

use lib "t/lib";

use Digest::SHA qw(hmac_sha512_base64);
use File::Temp qw(tempdir);
use IO::Socket::INET;
use JSON::PP qw(decode_json);
use Test::More;

use Cli;
use Postern ();
use SigV4 ();

my $dir = tempdir(CLEANUP => 1);

chdir $dir or die;

my $secret = $Postern::secret;

sub made {
    my (@args) = @_;
    my ($status, $out, $err) = run("", "sign", @args);

    is($status, 0, "sign @args") or diag($err);

    return $out;
}

sub verdict {
    my ($name, $want, $request, @more) = @_;
    my ($status, $out, $err) = run($request, "explain", "--directory",
                                   "postern.json", "--uri-scheme", "http",
                                   @more, "-");

    is($status, $want eq "verifies" ? 0 : 1, "$name: status");
    like($out, $want eq "verifies" ? qr/^verdict +the request verifies/m
                                   : qr/^verdict +\Q$want\E$/m,
         "$name: $want") or diag($out, $err);
    unlike($out . $err, qr/\Q$secret\E/, "$name: no secret");

    return $out;
}

sub refused {
    my ($name, $like, @args) = @_;
    my ($status, $out, $err) = run("", @args);

    is($status, 2, "$name: status");
    like($err, $like, "$name: says why");
}

# lines of two columns, the left one and what stands between them

sub side {
    my ($out) = @_;

    return $out =~ /^the gateway expects +the client signed.*?\n(.*?)\n\n/ms
           ? $1 : "";
}

spew("secret", $secret);
spew("postern.json", <<"EOD");
{ "version": 1, "organizations": {
  "acme": { "keys": {
    "AK1": { "algorithm": "hmac-sha256", "roles": [],
             "secret": "plain:$secret" },
    "hook": { "algorithm": "hmac-sha512", "roles": [],
              "schemes": ["webhook"], "secret": "plain:$secret" } },
    "permissions": {}, "resources": {}, "roles": {} },
  "web": { "keys": {}, "permissions": {}, "resources": {},
           "roles": { "crawler": { "grants": [] } } } } }
EOD

my @key = ("--key-id", "AK1", "--secret-file", "secret");
my $url = "http://app.example/a%20b?c=d&e";


# --- SigV4A -------------------------------------------------------------------

{
    my @a = ("--scheme", "sigv4a", @key, "--service", "execute-api");
    my $r = made(@a, "--region", "eu-*,us-east-1", "--print", "-d", "hello",
                 $url);

    like($r, qr{^Authorization:\ AWS4-ECDSA-P256-SHA256\ Credential=AK1/\d{8}/
                execute-api/aws4_request,\ SignedHeaders=[a-z0-9;-]*
                x-amz-region-set,\ Signature=30[0-9a-f]+\r$}mx, "4A: its field");
    like($r, qr/^X-Amz-Region-Set: eu-\*,us-east-1\r$/m, "4A: the regions");

    like(verdict("4A", "verifies", $r), qr/^scheme +sigv4a$/m, "4A: named");
    verdict("4A, another method", "sign/invalid", $r =~ s/^POST/PUT/r);
    verdict("4A, other regions", "sign/invalid", $r =~ s/eu-\*/\*/r);
    verdict("4A, another body", "sign/digest", $r =~ s/hello$/hellO/r);
    verdict("4A, another signature", "sign/invalid",
            $r =~ s/(Signature=\S+)([0-7])(?=\S{8})/$1 . ($2 ^ 1)/er);

    # what is signed, beside the client's own

    my @at = ("--created", 1700000000);
    my $text = made(@a, @at, "--base", $url);
    my ($canonical, $string) = split /\n\n(?=AWS4-)/, $text;

    $r = made(@a, @at, "--print", $url);
    verdict("4A, its own base", "verifies", $r);

    spew("base", $canonical =~ s{^/a%2520b$}{/a%20b}mr);
    my $out = verdict("4A, a canonical request", "sign/invalid",
                      $r =~ s/^GET/PUT/r, "--base", "base");
    like($out, qr/^first difference, line 1, method:$/m, "4A: the method");
    like(side($out), qr{^/a%2520b +! /a%20b$}m, "4A: the path");

    spew("base", $string =~ s/^(2023\d+T)22/${1}23/mr);
    like(verdict("4A, a string to sign", "sign/invalid", $r =~ s/^GET/PUT/r,
                 "--base", "base"),
         qr/^first difference, line 2, time:$/m, "4A: the time");

    refused("4A, a nonce", qr/of rfc9421/, "sign", @a, "--nonce", "n", $url);
    refused("4A, a private key", qr/needs --secret-file/, "sign", "--scheme",
            "sigv4a", "--key-id", "k", "--key-file",
            Postern::key_file("p256"), $url);
}


# --- presigned URLs -----------------------------------------------------------

{
    my $target = SigV4::presigned(target => "/p/q?b=2&a=1", authority => "h");
    my $r = "GET $target HTTP/1.1\r\nHost: h\r\n\r\n";

    verdict("presigned", "verifies", $r);
    my $out = verdict("presigned, another query", "sign/invalid",
                      $r =~ s/b=2/b=3/r);
    like($out, qr{^the canonical request that .*:\n  \| GET\n  \| /p/q\n}m,
         "presigned: what is signed");
    like($out, qr/^  \| X-Amz-Algorithm=\S+&a=1&b=3$/m, "its query, sorted");
    like(verdict("presigned, another host", "sign/invalid",
                 $r =~ s/Host: h/Host: h:8080/r),
         qr/verify with the host "h"/, "presigned: the host is guessed");

    # ... &X-Amz-Signature=, as a browser that decodes the address shows it
    verdict("presigned, twice", "sign/ambiguous",
            $r =~ s/(&X-Amz-Expires=60)/$1$1/r);
}


# --- aws-chunked --------------------------------------------------------------

{
    my @chunks = ("a" x 100, "b" x 200, "c" x 50);
    my %up = (target => "/up", authority => "h", chunks => \@chunks);
    my $raw = sub {
        my ($lines, $body) = SigV4::chunked(@_);

        return "PUT /up HTTP/1.1\r\nHost: h\r\n" . $lines =~ s/\n/\r\n/gr
               . "\r\nContent-Length: " . length($body) . "\r\n\r\n$body";
    };

    my $r = $raw->(%up);

    verdict("chunked", "verifies", $r);

    my $out = verdict("chunked, the second chunk", "sign/digest",
                      $r =~ s/b{199}\Kb/B/r);
    like($out, qr/^why +the signature of chunk 2 is not that of what came$/m,
         "chunked: which one");
    like($out, qr/^the string to sign of that chunk that the gateway expects:\n/m,
         "chunked: the text of that");
    like($out, qr/^  \| AWS4-HMAC-SHA256-PAYLOAD$/m, "chunked: what it signs");

    my ($expected) = $out =~ /of that chunk that .*?\n(.*)/s;
    my $text = $expected =~ s/^  \| //mgr;
    my ($right) = $text =~ /([0-9a-f]{64})\s*\z/;

    spew("base", $text =~ s/[0-9a-f]{64}\s*\z/Digest::SHA::sha256_hex($chunks[1])/er);
    $out = verdict("chunked, --base", "sign/digest", $r =~ s/b{199}\Kb/B/r, "--base",
                   "base");
    like($out, qr/^first difference, line 6, hash of the chunk:$/m,
         "chunked: the first difference");
    like($out, qr/^  expected  \| $right$/m, "chunked: what came");

    spew("base", $text);
    like(verdict("chunked, the same", "sign/digest", $r =~ s/b{199}\Kb/B/r, "--base",
                 "base"), qr/^base is the same:/m, "chunked: nothing differs");

    like(verdict("chunked, cut off", "sign/digest",
                 $r =~ s/Content-Length: \d+/Content-Length: 1/r
                    =~ s/\r\n0;chunk.*//sr),
         qr/^why .*before its last chunk/m, "chunked: the end is missing");

    my %trailer = (%up, trailers => [["x-amz-checksum-crc32", "AAAAAA=="]]);
    like(verdict("chunked, a checksum", "sign/digest", $raw->(%trailer)),
         qr/^why .*x-amz-checksum-crc32/m, "chunked: which field");

    my @right = [["x-amz-checksum-crc32", "0BH5Vw=="]];
    like(verdict("chunked, other trailers", "sign/digest",
                 $raw->(%up, trailers => @right)
                     =~ s/(trailer-signature:)(.)/$1 . ($2 ? 0 : 1)/er),
         qr/^why +the signature of the trailers/m, "chunked: the trailers");
}


# --- sets of keys -------------------------------------------------------------

{
    my $file = Postern::key_file("ed25519");
    my ($status, $jwk) = run("", "key", "--org", "web", "--id", "bot",
                             "--algorithm", "ed25519", "--role", "crawler",
                             "--public", do {
                                 system("openssl pkey -in $file -pubout"
                                        . " -out bot.pub") == 0 or die;
                                 "bot.pub" }, "--jwk");
    is($status, 0, "a JWK");

    my $thumbprint = decode_json($jwk)->{kid};
    my $named = $jwk =~ s/"kid": *"[^"]*"/"kid":"bot"/r;

    spew("bots.jwks", qq({"keys":[$named]}));

    my @bot = ("--key-file", "$file", "--print");
    my $by_kid = made("--key-id", "bot", @bot, $url);
    my $by_print = made("--key-id", $thumbprint, @bot, $url);

    verdict("JWKS, without", "sign/unknown-key", $by_kid);
    like(verdict("JWKS", "verifies", $by_kid, "--jwks", "web=bots.jwks"),
         qr/^key +bot, ed25519, of web$/m, "JWKS: whose key it is");
    verdict("JWKS, changed", "sign/invalid", $by_kid =~ s/c=d/c=D/r, "--jwks",
            "web=bots.jwks");

    my $line = "postern_jwks bots.jwks org=web roles=crawler id=thumbprint;";

    verdict("JWKS, by thumbprint", "verifies", $by_print, "--jwks", $line);
    verdict("JWKS, not by kid", "sign/unknown-key", $by_kid, "--jwks", $line);
    verdict("JWKS, a scheme", "sign/key-scheme", $by_kid, "--jwks",
            "bots.jwks org=web schemes=cavage");

    my $near = "bots.jwks org=web networks=192.0.2.0/24,10.0.0.0/8";
    verdict("JWKS, an address", "verifies", $by_kid, "--jwks", $near,
            "--address", "10.1.2.3");
    verdict("JWKS, another address", "sign/key-network", $by_kid, "--jwks",
            $near, "--address", "11.1.2.3");

    my ($rc, $out) = run("", "check", "--jwks", $line, "postern.json");
    is($rc, 0, "check --jwks as nginx has it");
    like($out, qr/^  bots\.jwks: keys 1, skipped 0$/m, "what it says");

    for (["no organization", "bots.jwks", qr/ORG=FILE/],
         ["no file", "web=", qr/ORG=FILE/],
         ["no name", "bots.jwks org= x", qr/none of org=|no name/],
         ["another argument", "bots.jwks org=web x=y", qr/"x=y" is none of/],
         ["a scheme", "bots.jwks org=web schemes=sigv4", qr/not "sigv4"/],
         ["a network", "bots.jwks org=web networks=x", qr/"x" /],
         ["no role", "bots.jwks org=web roles=,", qr/1 to 64 entries/])
    {
        my ($name, $arg, $like) = @$_;

        refused("JWKS, $name", $like, "explain", "--directory", "postern.json",
                "--jwks", $arg, "-");
        refused("check --jwks, $name", $like, "check", "--jwks", $arg,
                "postern.json");
    }

    my ($bad, undef, $err) = run("", "explain", "--directory", "postern.json",
                                 "--jwks", "web=none.jwks", "-");
    is($bad, 1, "JWKS, no such file: status");
    like($err, qr/none\.jwks/, "JWKS, no such file: named");
}


# --- webhooks of one's own ----------------------------------------------------

{
    my $now = time;
    my $base = "POST:acme:$now:body:z=1";
    my $sig = hmac_sha512_base64($base, $secret);

    $sig .= "=" while length($sig) % 4;

    my $r = "POST /in?z=1 HTTP/1.1\r\nHost: h\r\nX-Tenant: acme\r\n"
            . "X-Time: $now\r\nX-Sig: v1=$sig\r\nContent-Length: 4\r\n\r\nbody";
    my $line = 'custom key=hook header=X-Sig algorithm=hmac-sha512 '
               . 'encoding=base64 prefix=v1= timestamp=X-Time '
               . 'template="$request_method:$http_x_tenant:${http_x_time}:'
               . '$request_body:$args"';
    my @more = ("--insecure");

    like(verdict("custom", "verifies", $r, @more, "--webhook",
                 "sign_webhook $line;"),
         qr/^  \| \Q$base\E$/m, "custom: what is signed");
    verdict("custom, --key", "verifies", $r, @more, "--key", "hook",
            "--webhook", $line =~ s/key=hook //r);
    my $out = verdict("custom, changed", "sign/invalid",
                      $r =~ s/X-Tenant: acme/X-Tenant: acmf/r, @more,
                      "--webhook", $line);
    like($out, qr/^  \| POST:acmf:$now:body:z=1$/m, "custom: what it expects");

    for (["a kind", "x", qr/must be standard/],
         ["a parameter", "github key=hook header=x", qr/of the kind custom/],
         ["another", "$line x=y", qr/"x" is none of/],
         ["no header", $line =~ s/header=\S+//r, qr/needs "header="/],
         ["no template", $line =~ s/template=\S+//r, qr/needs "template="/],
         ["no encoding", $line =~ s/encoding=\S+//r, qr/needs "encoding="/],
         ["an encoding", $line =~ s/base64/base32/r, qr/hex, base64 or/],
         ["an algorithm", $line =~ s/hmac-sha512/rsa/r, qr/algorithm= must/],
         ["no body", $line =~ s/\$request_body//r, qr/template must have/],
         ["no key", $line =~ s/key=hook //r, qr/needs --key/],
         ["no word", "github key", qr/is no parameter/])
    {
        my ($name, $arg, $like) = @$_;

        refused("custom, $name", $like, "explain", "--directory",
                "postern.json", "--webhook", $arg, "-");
    }

    my ($status, undef, $err) = run($r, "explain", "--directory",
        "postern.json", @more, "--webhook", $line =~ s/\$args/\$server_port/r,
        "-");
    is($status, 1, "custom, a variable of nginx: status");
    like($err, qr/value of \$server_port .* nginx alone/,
         "custom, a variable of nginx: which");
}


# --- curl -v, of the real one -------------------------------------------------

{
    my $listen = IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 5)
        or die "listen: $!\n";
    my $at = "http://127.0.0.1:" . $listen->sockport;
    my $pid = fork // die;

    if ($pid == 0) {
        while (my $c = $listen->accept) {
            local $/ = "\r\n\r\n";
            my $head = <$c>;
            my $n = ($head // "") =~ /^Content-Length: (\d+)/mi ? $1 : 0;

            read $c, my $body, $n;
            print $c "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
        }

        exit;
    }

    my $captured = sub {
        my @args = @_;

        spew("curl", "user = \"AK1:$secret\"\n");
        system("curl -sv --max-time 20 -K curl "
               . join(" ", map { "'$_'" } @args) . " 2> captured") == 0
            or die "curl: $?\n";

        return slurp("captured");
    };
    my @aws = ("--aws-sigv4", "aws:amz:local:app");

    # as verdict(), but without --uri-scheme

    my $judged = sub {
        my ($name, $want, $text, @more) = @_;
        my ($status, $out, $err) = run($text, "explain", "--directory",
                                       "postern.json", @more, "-");

        like($out, qr/^verdict +$want/m, "$name: $want") or diag($out, $err);

        return $out;
    };

    my $out = $judged->("curl", "the request verifies",
                        $captured->(@aws, "$at/x?b=2&a=1"));
    like($out, qr/^host .*, over http$/m, "curl: it says that it was not TLS");
    like($out, qr/^note +the client signed the path or the query as it sent/m,
         "curl: another canonical request counts");

    $out = $judged->("curl, sorted", "the request verifies",
                     $captured->(@aws, "$at/x?a=1&b=2"));
    unlike($out, qr/^note/m, "curl: nothing to note");

    my $post = $captured->(@aws, "--data-binary", "hello", "$at/x");

    $judged->("curl, no body", "cannot tell", $post);
    spew("body", "hello");
    $judged->("curl, --body", "the request verifies", $post, "--body", "body");

    spew("lines", made("--headers", @key, "--component", "\@method",
                       "--component", "\@target-uri", "$at/x?a"));
    $judged->("curl, the lines of postern sign", "the request verifies",
              $captured->("-H", "\@lines", "$at/x?a"));

    spew("lines", made("--headers", @key, "--component", "\@method",
                       "--component", "\@target-uri",
                       ($at =~ s/http/https/r) . "/x?a"));
    $out = $judged->("curl, another scheme", "sign/invalid",
                     $captured->("-H", "\@lines", "$at/x?a"));
    like($out, qr/^it would verify over https/m, "curl: the guess");
    like($out, qr/^first difference, line 2, \@target-uri:$/m, "curl: where");

    like($judged->("curl of TLS", "sign/invalid", $post =~ s{^> }{* SSL }mr
         =~ s{^\* SSL }{* SSL connection using TLSv1.3\r\n> }mr
         =~ s{/x}{/y}r, "--body", "body"),
         qr/^host .*, over https$/m, "curl: of TLS");

    kill TERM => $pid;
    waitpid $pid, 0;
}

done_testing();
