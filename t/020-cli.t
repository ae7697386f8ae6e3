# The program postern: every subcommand, its errors, and what it signs in front
# of the real gateway.

use strict;
use warnings;

use lib "t/lib";
use Cli;
use File::Temp qw(tempdir);
use IO::Socket::INET;
use Test::More;
use Time::HiRes qw(sleep);

my $top  = $ENV{POSTERN_TOP} // ".";
my $dir  = tempdir(CLEANUP => 1);
my $port = $ENV{TEST_NGINX_PORT} // 1984;

chdir $dir or die;
chmod 0755, $dir;
umask 022;


sub mode { return sprintf "%04o", (stat $_[0])[2] & 07777 }

sub done {
    my ($name, $in, @args) = @_;
    my ($status, $out, $err) = run($in, @args);

    is($status, 0, $name) or diag($err);

    return wantarray ? ($out, $err) : $out;
}

sub refused {
    my ($name, $want, $like, $in, @args) = @_;
    my ($status, $out, $err) = run($in, @args);

    is($status, $want, "$name: status");
    like($err, $like, "$name: says why");
    like($err, qr/^postern: /, "$name: begins with the program's name");
}


# --- help ---------------------------------------------------------------------

like(done("--help", "", "--help"), qr/^NAME\n.*COMMANDS\n.*EXIT STATUS/s,
     "lists the commands");
like(done("--version", "", "--version"), qr/^postern \d/, "names a version");

for my $command (qw(master-key seal key user hash totp recovery check sign
                    explain)) {
    my $help = done("$command --help", "", $command, "--help");

    like($help, qr/^NAME\n    postern $command - /, "$command: name");
    like($help, qr/^$_\n/m, "$command: $_")
        for "SYNOPSIS", "DESCRIPTION", "EXAMPLES", "EXIT STATUS";
    is(done("help $command", "", "help", $command), $help, "help $command");

    my $source = "$top/tools/cli_" . ($command =~ tr/-/_/r) . ".c";
    my @options = slurp($source) =~ /\{ "([a-z\d-]+)",\s+(?:no|required)_arg/g;
    ok(scalar @options, "$command: has options");
    is_deeply([grep { $help !~ /--$_\b/ } @options], [],
              "$command: tells of every option");
    refused("$command, unknown option", 2, qr/unknown option --nonsense/, "",
            $command, "--nonsense");
}

refused("no such command", 2, qr/no command "frobnicate"/, "", "frobnicate");
is((run(""))[0], 2, "no command at all");


# --- master-key ---------------------------------------------------------------

like(done("master-key", "", "master-key", "--id", "m0"),
     qr{^m0 [A-Za-z0-9+/]{43}=\n\z}, "prints one line of the key file");

done("a new key file", "", "master-key", "--id", "m1", "--add", "mk");
is(mode("mk"), "0600", "only its owner reads the key file");
my $first = slurp("mk");

done("a second key", "", "master-key", "--add", "mk");
like(slurp("mk"), qr/^\d{8}-[0-9a-f]{4} \S+\n\Q$first\E\z/,
     "goes in front and leaves the first");
is(mode("mk"), "0600", "still only for its owner");

my $before = slurp("mk");
refused("an id twice", 1, qr/already/, "", "master-key", "--id", "m1",
        "--add", "mk");
is(slurp("mk"), $before, "leaves the file as it was");

refused("an id with a blank", 2, qr/--id must be/, "", "master-key", "--id",
        "a b");

spew("open", $first, 0644);
refused("a key file open to others", 1, qr/chmod 600 open/, "", "master-key",
        "--add", "open");
refused("a directory that is missing", 1, qr/No such file/, "", "master-key",
        "--add", "missing/mk");


# --- seal ---------------------------------------------------------------------

my @seal = ("seal", "--master-key", "mk", "--org", "acme", "--record");

my $sealed = done("seal", "s3cret-s3cret-s3cret\n", @seal, "keys/AK0/secret");
like($sealed, qr/^sealed:\d{8}-[0-9a-f]{4}:[A-Za-z0-9_-]+\n\z/,
     "prints the sealed form, by the first key");
unlike($sealed, qr/s3cret/, "without the secret");
isnt(done("seal again", "s3cret-s3cret-s3cret\n", @seal, "keys/AK0/secret"),
     $sealed, "another time, another nonce");

# what a directory holds is opened: by any key of the file, for this record
my $anew = done("a sealed one", $sealed, @seal, "keys/AK0/secret");
isnt($anew, $sealed, "is sealed anew");
is(length $anew, length $sealed, "and once, not twice");
is(length done("an open one", "plain:s3cret-s3cret-s3cret", @seal,
               "keys/AK0/secret"), length $sealed, "without its \"plain:\"");
is(length done("one in base64", "base64:czNjcmV0LXMzY3JldC1zM2NyZXQ=\n",
               @seal, "keys/AK0/secret"), length $sealed, "as its bytes");
isnt(length done("every byte", "plain:s3cret-s3cret-s3cret", @seal,
                 "keys/AK0/secret", "--binary"), length $sealed,
     "--binary looks for no form");
refused("one of another record", 1, qr/does not open: altered, sealed for/,
        $sealed, @seal, "keys/AK9/secret");
refused("one of a master key that is gone", 1, qr/the key ring lacks/,
        $sealed =~ s/:\d{8}-/:19990101-/r, @seal, "keys/AK0/secret");

refused("a secret too short for nginx", 1, qr/has 6 bytes, at least 16/,
        "s3cret\n", @seal, "keys/AK0/secret");
refused("an empty secret", 1, qr/empty/, "\n", @seal, "keys/AK0/secret");
refused("a secret that is too long", 1, qr/more than 51\d bytes/, "x" x 600,
        @seal, "keys/AK0/secret");
refused("a record of two names", 2, qr/three names/, "x", @seal, "keys/AK0");
refused("a secret on the command line", 2, qr/read from standard input/, "x",
        @seal, "keys/AK0/secret", "s3cret");
refused("no --org", 2, qr/--org is missing/, "x", "seal", "--master-key",
        "mk", "--record", "keys/AK0/secret");
refused("master keys open to others", 1, qr/chmod 600/, "x", "seal",
        "--master-key", "open", "--org", "acme", "--record", "keys/a/secret");


# --- key ----------------------------------------------------------------------

sub key {
    my ($id, $alg, @more) = @_;

    my ($out, $err) = done("key $id", "", "key", "--org", "acme", "--id", $id,
                           "--algorithm", $alg, @more);

    return ($out, $err);
}

my %member;

($member{AK1}, my $said) = key("AK1", "hmac-sha256", "--user", "alice",
                               "--master-key", "mk");
like($said, qr/secret is in AK1\.secret/, "says where the secret is");
is(mode("AK1.secret"), "0600", "only its owner reads the secret");

chomp(my $secret = slurp("AK1.secret"));
like($secret, qr/^[A-Za-z0-9_-]{43}\z/, "the secret is 256 bits of text");
unlike($member{AK1} . $said, qr/\Q$secret\E/, "it is printed nowhere");
like($member{AK1}, qr/"secret": "sealed:/, "the directory's side is sealed");

($member{ed}) = key("ed", "ed25519", "--role", "viewer", "--out", "ed.pem");
($member{ec}) = key("ec", "ecdsa-p256-sha256", "--role", "viewer",
                    "--not-after", "2099-01-01T00:00:00Z");
is(mode($_), "0600", "$_ is only for its owner") for "ed.pem", "ec.pem";
like(qx{openssl pkey -in ed.pem -noout -text 2>&1}, qr/ED25519/,
     "OpenSSL reads the Ed25519 key");
like(qx{openssl pkey -in ec.pem -noout -text 2>&1}, qr/prime256v1/,
     "OpenSSL reads the P-256 key");

($member{open}, $said) = key("open", "hmac-sha256", "--role", "viewer");
like($said, qr/lies open/, "warns of a secret that is not sealed");

refused("a file that exists", 1, qr/left as it is/, "", "key", "--org",
        "acme", "--id", "AK1", "--algorithm", "hmac-sha256", "--user",
        "alice", "--master-key", "mk");
is(slurp("AK1.secret"), $secret, "and is not overwritten");

refused("an unknown algorithm", 2, qr/must be hmac-sha256/, "", "key",
        "--org", "acme", "--id", "x", "--algorithm", "md5", "--role", "r");
refused("user and role", 2, qr/either --user/, "", "key", "--org", "acme",
        "--id", "x", "--algorithm", "ed25519", "--role", "r", "--user", "u");
refused("neither", 2, qr/either --user/, "", "key", "--org", "acme", "--id",
        "x", "--algorithm", "ed25519");
refused("a time in words", 2, qr/--not-after must be a time like/, "", "key",
        "--org", "acme", "--id", "x", "--algorithm", "ed25519", "--role", "r",
        "--not-after", "tomorrow");
ok(!-e "x.pem", "and no key is made");
refused("an id with a slash", 2, qr/--id must be a name/, "", "key", "--org",
        "acme", "--id", "../x", "--algorithm", "ed25519", "--role", "r");


# --- check --------------------------------------------------------------------

sub directory {
    my ($keys) = @_;

    return <<"_EOC_";
{ "version": 1, "organizations": { "acme": {
    "users": { "alice": { "roles": ["viewer"] } },
    "keys": { $keys },
    "permissions": { "read": ["GET", "HEAD", "POST"] },
    "resources": { "api": ["/api/**"] },
    "roles": { "viewer": { "grants": [["read", "api"]] } }
} } }
_EOC_
}

sub members {
    return join ",\n", map { $member{$_} =~ s/\A\{//r =~ s/\}\s*\z//r } @_;
}

spew("postern.json", directory(members(qw(AK1 ed ec))));
like(done("check", "", "check", "postern.json"),
     qr/postern\.json: good\n  acme: users 1, .*\n  organizations 1, keys 3/,
     "says what is in it");
done("check with the master keys", "", "check", "--master-key", "mk",
     "postern.json");

spew("plain.json", directory(members("open")));
($_, $said) = done("check, an open secret", "", "check", "plain.json");
like($said, qr/1 secret lies in the open.*open/, "warns");

spew("bad.json", directory(qq{"AK1": {\n  "rolls": []\n }}));
refused("a misspelt member", 1, qr/bad\.json:\d+:\d+: organizations\.acme\.keys/,
        "", "check", "bad.json");
spew("bad.json", "{ ");
refused("half a document", 1, qr/bad\.json:\d+:\d+: /, "", "check",
        "bad.json");
refused("no file", 1, qr/cannot open none\.json/, "", "check", "none.json");
refused("two files", 2, qr/one directory file/, "", "check", "a", "b");

spew("other.json", directory(members("AK1")
                             =~ s/"AK1"/"AK2"/r));
refused("a secret moved to another record", 1,
        qr/acme\.keys\.AK2: the secret does not open/, "", "check",
        "--master-key", "mk", "other.json");


# --- sign and explain, without a gateway --------------------------------------

my %side = (
    AK1 => ["--key-id", "AK1", "--secret-file", "AK1.secret"],
    ed  => ["--key-id", "ed", "--key-file", "ed.pem"],
    ec  => ["--key-id", "ec", "--key-file", "ec.pem"],
    v4  => ["--key-id", "AK1", "--secret-file", "AK1.secret",
            "--scheme", "sigv4"],
);

my @explain = ("explain", "--directory", "postern.json", "--master-key", "mk");
my $url = "https://app.example/api/x?b=2&a=1";

for my $which (sort keys %side) {
    my @sign = ("sign", @{$side{$which}}, "--print");

    my $get = done("sign, $which, GET", "", @sign, $url);
    like($get, qr{^GET /api/x\?b=2&a=1 HTTP/1\.1\r\nHost: app\.example\r\n},
         "$which: raw HTTP");
    like(done("explain, $which", $get, @explain, "-"),
         qr/^verdict +the request verifies/m, "$which: verifies");

    my $post = done("sign, $which, POST", "", @sign, "-d", '{"a":1}', $url);
    like($post, qr/^POST .*\r\n\r\n\{"a":1\}\z/s, "$which: with its body");
    done("explain, $which, POST", $post, @explain, "-");

    explained("$which: another body", "sign/digest",
              $post =~ s/\{"a":1\}/{"a":2}/r);
    explained("$which: another method", "sign/invalid",
              $get =~ s/^GET/PUT/r);
    explained("$which: another path", "sign/invalid",
              $get =~ s{/api/x}{/api/y}r);
    explained("$which: another query", "sign/invalid", $get =~ s/a=1/a=2/r);
    explained("$which: another host", "sign/invalid",
              $get =~ s/app\.example/app.invalid/r);
    explained("$which: another key id", "sign/unknown-key",
              $get =~ s/"ed"|"ec"|"AK1"/"nobody"/r
                   =~ s/Credential=AK1/Credential=nobody/r);
}

sub explained {
    my ($name, $code, $request, @more) = @_;
    my ($status, $out, $err) = run($request, @explain, @more, "-");

    is($status, 1, "$name: status");
    like($out, qr/^verdict +\Q$code\E$/m, "$name: $code") or diag($out, $err);

    return $out;
}

explained("an unsigned request", "sign/missing",
          "GET / HTTP/1.1\r\nHost: h\r\n\r\n");

my $signed = done("sign for later", "", "sign", @{$side{AK1}}, "--print",
                  "--created", time - 1000, $url);
explained("too old", "sign/expired", $signed, "--at", time);
explained("of the future", "sign/future", $signed, "--at", time - 2000);
done("in its time", $signed, @explain, "--at", time - 990, "-");
explained("of another organization", "sign/key-org", $signed, "--org",
          "other");
explained("a field that is demanded", "sign/coverage", $signed, "--demand",
          "x-tenant");
explained("no master key", "sign/key-unusable",
          $signed, "--directory", "postern.json", "--master-key", "open");

# the client's own base, with one line changed

my $base = done("sign --base", "", "sign", @{$side{AK1}}, "--no-nonce",
                "--created", 1700000000, "--base", $url);
like($base, qr/^"\@method": GET\n"\@authority": app\.example\n"\@path"/,
     "is the signature base");

my $fixed = done("sign, fixed", "", "sign", @{$side{AK1}}, "--no-nonce",
                 "--created", 1700000000, "--print", $url);
is(done("sign, fixed, again", "", "sign", @{$side{AK1}}, "--no-nonce",
        "--created", 1700000000, "--print", $url), $fixed,
   "the same request is signed the same");

spew("base", $base =~ s/app\.example/app.example:8443/r);
my $out = explained("--base", "sign/invalid",
                    $fixed =~ s/Host: app\.example/Host: app.invalid/r,
                    "--base", "base");
like($out, qr/^first difference, line 2, \@authority:
  expected  \| "\@authority": app\.invalid
  client    \| "\@authority": app\.example:8443
            \| {19}\^
  likely    another host was signed/m, "points at the component");

spew("base", $base =~ s/app\.example/app.example\e[2J\r/r);
$out = explained("--base with controls", "sign/invalid",
                 $fixed =~ s/Host: app\.example/Host: app.invalid/r,
                 "--base", "base");
like($out, qr/^  client    \| "\@authority": app\.example\\x1b\[2J\\x0d$/m,
     "what the client signed gives a terminal no orders");

spew("base", $base);
like(done("the same base", $fixed, @explain, "--base", "base", "-"),
     qr/base is the same/, "says so");

$base = done("sign --base, sigv4", "", "sign", @{$side{v4}}, "--created",
             1700000000, "--base", $url);
spew("base", $base =~ s/\n\nAWS4.*//sr =~ s/a=1&b=2/b=2&a=1/r);
$fixed = done("sign, fixed, sigv4", "", "sign", @{$side{v4}}, "--created",
              1700000000, "--print", $url);
like(done("canonical requests", $fixed, @explain, "--base", "base", "-"),
     qr/first difference, line 3, query:.*sorted by name/s,
     "points at the line of the canonical request");

# usual mistakes

$out = explained("a host with a port", "sign/invalid",
                 $signed =~ s/Host: app\.example/Host: app.example:443/r
                         =~ s/app\.example:443/app.example:8080/r);
like($out, qr/would verify with the host "app\.example"/, "names the host");

$out = explained("over http", "sign/invalid",
                 scalar done("sign \@target-uri", "", "sign", @{$side{AK1}},
                      "--component", '@method', "--component",
                      '@target-uri', "--print", $url),
                 "--uri-scheme", "http");
like($out, qr/would verify over https/, "names the scheme");

# mistakes of the call

my @ak1 = ("sign", @{$side{AK1}});
refused("no key id", 2, qr/--key-id is missing/, "", "sign", $url);
refused("no key", 2, qr/--secret-file or --key-file/, "", "sign", "--key-id",
        "AK1", $url);
refused("no URL", 2, qr/one URL/, "", @ak1);
refused("a URL of another kind", 1, qr/no http/, "", @ak1, "ftp://h/");
refused("a URL with a blank", 1, qr/percent-encoded/, "", @ak1, "http://h/ ");
refused("a fragment", 1, qr/fragment/, "", @ak1, "http://h/#x");
refused("a user in the URL", 1, qr/no user/, "", @ak1, "http://u\@h/");
refused("a header without a colon", 1, qr/"Name: value"/, "", @ak1, "-H", "x",
        $url);
refused("a header with a line break", 1, qr/control character/, "", @ak1,
        "-H", "X: a\nY: b", $url);
refused("a component that is none", 1, qr/cannot be signed/, "", @ak1,
        "--print", "--component", '@nonsense', $url);
refused("a header that is absent", 1, qr/cannot be signed/, "", @ak1,
        "--print", "--component", 'x-absent', $url);
refused("SigV4 with a nonce", 2, qr/of rfc9421/, "", "sign", @{$side{v4}},
        "--nonce", "n", $url);
refused("SigV4 with a private key", 2, qr/needs --secret-file/, "", "sign",
        @{$side{ed}}, "--scheme", "sigv4", $url);
refused("a public key", 1, qr/no private key/, "", "sign", "--key-id", "ed",
        "--key-file", "postern.json", $url);
refused("a private key as a secret", 1, qr/in PEM form: name it by --key-file/,
        "", "sign", "--key-id", "ed", "--secret-file", "ed.pem", "--print",
        "http://127.0.0.1/");
spew("long.secret", "s" x 514);
for my $scheme ("rfc9421", "sigv4") {
    refused("a secret too long for $scheme", 1, qr/more than 512 bytes/, "",
            "sign", "--key-id", "AK1", "--secret-file", "long.secret",
            "--scheme", $scheme, "--print", $url);
}
refused("a file as curl names it", 2, qr/named by --data-file/, "", "sign",
        "--key-id", "AK1", "--secret-file", "AK1.secret", "--print",
        "--data", "\@in", "http://127.0.0.1/");
refused("nobody there", 1, qr/Connection refused|connect/, "", @ak1,
        "http://127.0.0.1:1/");
refused("no request", 1, qr/no request/, "", @explain, "-");
for my $sent ("GET /\e]0;x\a HTTP/1.1\r\nHost: h\r\n\r\n", "\e[2Jhello\n",
              "GET / HTTP/1.1\r\nHost: h\r\nX\e[1m: y\r\n\r\n")
{
    my ($status, $out, $err) = run($sent, @explain, "-");
    is($status, 1, "orders to a terminal are no request");
    like($err, qr/holds a control character/, "it says so");
    unlike($out . $err, qr/\e/, "and does not pass them on");
}
refused("something else", 1, qr/no request line/, "hello\n", @explain, "-");


# --- in front of the gateway --------------------------------------------------

my @modules = split " ", $ENV{TEST_NGINX_LOAD_MODULES}
              // join " ", map { "$top/build/ngx_http_${_}_module.so" }
                           qw(postern sign mfa rbac audit);

mkdir "logs";
spew("nginx.conf", join("", map { "load_module $_;\n" } @modules) . <<"_EOC_");
daemon off;
user root;
pid $dir/nginx.pid;
error_log $dir/logs/error.log info;
events { }
http {
    access_log off;
    client_body_temp_path $dir/body;
    proxy_temp_path $dir/proxy;
    fastcgi_temp_path $dir/fastcgi;
    uwsgi_temp_path $dir/uwsgi;
    scgi_temp_path $dir/scgi;
    postern_zone 4m;
    postern_directory $dir/postern.json;
    postern_master_key $dir/mk;

    server {
        listen 127.0.0.1:$port;

        location /api/ {
            sign on;
            sign_explain on;
            proxy_pass http://127.0.0.1:$port/app/;
        }

        location /app/ {
            return 200 "\$request_method \$http_x_more here\\n";
        }
    }
}
_EOC_

my $nginx = fork // die;

if ($nginx == 0) {
    open STDERR, ">", "nginx.err";
    exec $ENV{TEST_NGINX_BINARY} // "nginx", "-p", $dir, "-c",
         "$dir/nginx.conf" or exit 127;
}

END { my $was = $?; if ($nginx) { kill "QUIT", $nginx; waitpid $nginx, 0; }
      $? = $was }

for (1 .. 100) {
    last if IO::Socket::INET->new(PeerAddr => "127.0.0.1",
                                  PeerPort => $port);
    sleep 0.05;
}

my $gate = "http://127.0.0.1:$port/api/x";

for my $which (sort keys %side) {
    my @sign = ("sign", @{$side{$which}});

    is(done("send, $which", "", @sign, "$gate?b=2&a=1%20c"), "GET  here\n",
       "$which: accepted");
    is(done("send, $which, POST", "", @sign, "-d", "a=b", "-H", "X-More: m",
            $gate), "POST m here\n", "$which: with a body");
    is(done("send, $which, PUT from standard input", "x" x 100_000, @sign,
            "-X", "PUT", "--data-file", "-", $gate), "PUT  here\n",
       "$which: with a large body");
    like(done("send, $which, HEAD", "", @sign, "-X", "HEAD", "-i", $gate),
         qr{^HTTP/1\.1 200 }, "$which: HEAD, with the response's head");
}

refused("an answer of 401", 1, qr/answered 401/, "", "sign", "--key-id",
        "nobody", "--secret-file", "AK1.secret", $gate);

my $headers = done("sign --headers", "", @ak1, "--headers", "-d", "a=b",
                   "-X", "PUT", $gate);
spew("headers", $headers);
is(qx{curl -s -H \@headers -X PUT -d a=b $gate}, "PUT  here\n",
   "curl sends what --headers prints");
like(qx{curl -s -H \@headers -X PUT -d a=b $gate}, qr{sign/replayed},
     "and once only");

# curl -v, captured

my $captured = qx{curl -sv --aws-sigv4 aws:amz:local:app --user "AK1:$secret" \\
                  -d a=b "$gate?x=1" 2>&1 >/dev/null};
my ($status, $text) = run($captured, @explain, "--uri-scheme", "http", "-");
is($status, 1, "curl -v: nothing is said without the body");
like($text, qr/cannot tell: the body is not in the capture/, "but why");

spew("a.body", "a=b");
like(done("curl -v and the body", $captured, @explain, "--uri-scheme", "http",
          "--body", "a.body", "-"), qr/the request verifies/, "verifies");

my $meter = qx{curl -v --aws-sigv4 aws:amz:local:app --user "AK1:$secret" \\
               "$gate?x=1" 2>&1 >/dev/null};
like($meter, qr/^ +% Total/, "curl -v with its progress meter");
like(done("and that", $meter, @explain, "--uri-scheme", "http", "-"),
     qr/the request verifies/, "verifies as well");

spew("upload", "some text");
$captured = qx{curl -sv --aws-sigv4 aws:amz:local:app --user "AK1:$secret" \\
               -T upload "$gate" 2>&1 >/dev/null};
$out = explained("curl -T", "sign/invalid", $captured, "--body", "upload",
                 "--uri-scheme", "http");
like($out, qr/would verify with no body/, "says what curl -T signs");

$captured = qx{curl -sv --path-as-is --aws-sigv4 aws:amz:local:app \\
               --user "AK1:$secret\n" "$gate" 2>&1 >/dev/null};
$out = explained("a line break in the secret", "sign/invalid", $captured,
                 "--uri-scheme", "http");
like($out, qr/line break more or less/, "is found");

done_testing();
