# A record of everything: TLS, HTTP/2, who it was, what was decided.  Every line
# must be what docs/audit.schema.json says, to a validator that we did not
# write.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use AuditLines;
use Test::More;

no_root_location();

our $dir = $ENV{TEST_NGINX_TLS} = "$ENV{POSTERN_TOP}/build/t/audit-tls";
our $port = $ENV{TEST_NGINX_TLS_PORT} = $ENV{TEST_NGINX_PORT} + 1;

system "mkdir", "-p", $dir;
system("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
       . " -keyout $dir/key.pem -out $dir/cert.pem 2>$dir/log") == 0
    or die "openssl req: $?\n";

our $document = ">>> postern.json\n" . <<'EOD';
{"version": 1, "organizations": {"acme": {
  "keys": {"AK1": {"roles": ["viewer"], "algorithm": "hmac-sha256",
                   "secret": "plain:a-secret-of-this-test"}},
  "permissions": {"read": ["GET", "HEAD"]},
  "resources": {"devices": ["/api/devices", "/api/devices/**"]},
  "roles": {"viewer": {"grants": [["read", "devices"]]}}}}}
EOD

sub curl {
    my $status = `curl -s -k -o /dev/null -w '%{http_code}' @_ 2>&1`;
    return $status;
}


sub signed {
    my ($secret, @args) = @_;

    return curl("--aws-sigv4 aws:amz:us-east-1:execute-api",
                "--user AK1:$secret", @args);
}


sub conforms {
    my ($name) = @_;
    my $file = audit_file;

    my $faults = `/usr/bin/python3 - '$file' 2>&1 <<'EOP'
import json, os, sys
from jsonschema import Draft7Validator

top = os.environ["POSTERN_TOP"]
validator = Draft7Validator(json.load(open(top + "/docs/audit.schema.json")))
lines = open(sys.argv[1], encoding="utf-8").read().split("\\n")

for n, line in enumerate(lines[:-1]):
    for e in validator.iter_errors(json.loads(line)):
        print(n + 1, list(e.absolute_path), e.message)

print(len(lines) - 1, "lines")
EOP`;

    like($faults, qr/\A[1-9]\d* lines\n\z/, "$name - the schema holds");
}


sub tls {
    my ($name) = @_;

    is(curl("--http1.1 https://127.0.0.1:$port/one"), 200, "$name - HTTP/1.1");
    is(curl("--http2 --resolve gate.example:$port:127.0.0.1"
            . " https://gate.example:$port/two"), 200, "$name - HTTP/2");
    is(curl("--http2 -I https://127.0.0.1:$port/head"), 200,
       "$name - HTTP/2 HEAD");
    is(curl("http://127.0.0.1:$port/plain"), 400, "$name - plain over TLS");

    audit_wait { audit_records() >= 5 };

    my %by = map { (($_->{target} // "-") => $_) } audit_records();

    audit_holds($name, $by{"/one"}, <<'EOC');
.protocol "HTTP/1.1"
.tls.version "TLSv1.3"
.tls.cipher =~ ^TLS_
.tls.sni -
.complete true
EOC
    audit_holds($name, $by{"/two"}, <<'EOC');
.protocol "HTTP/2.0"
.method "GET"
.tls.sni "gate.example"
.host =~ ^gate\.example
.complete true
EOC
    audit_holds($name, $by{"/head"}, <<'EOC');
.protocol "HTTP/2.0"
.method "HEAD"
.status 200
EOC

    # OpenSSL takes any bytes for a name; RFC 6066 does not
    system "printf 'GET /sni HTTP/1.0\\r\\n\\r\\n' | timeout 5 openssl s_client"
           . " -quiet -connect 127.0.0.1:$port -servername "
           . "'a\"\\\\b\x1b[31m\xff' >/dev/null 2>&1";
    sleep 1;
    conforms($name);
}


sub decided {
    my ($name) = @_;
    my $base = "http://127.0.0.1:$ENV{TEST_NGINX_PORT}/api/devices/7";
    my $secret = "a-secret-of-this-test";

    is(signed($secret, $base), 200, "$name - allowed");
    is(signed("another-secret-than-that", $base), 401, "$name - forged");
    is(signed($secret, "-X DELETE", $base), 403, "$name - not by this role");
    is(curl($base), 401, "$name - unsigned");

    audit_wait { audit_records() >= 5 };

    my (undef, $allowed, $forged, $method, $unsigned) = audit_records();

    audit_holds($name, $allowed, <<'EOC');
.identity.org "acme"
.identity.subject "AK1"
.identity.kind "key"
.identity.roles ["viewer"]
.identity.credential "AK1"
.identity.scheme "sigv4"
.decisions.sign.verdict "allow"
.decisions.rbac.verdict "allow"
.decisions.mfa -
EOC
    audit_holds($name, $forged, <<'EOC');
.status 401
.identity -
.decisions.sign.verdict "deny"
.decisions.sign.code "sign/invalid"
.decisions.rbac -
EOC
    audit_holds($name, $method, <<'EOC');
.status 403
.identity.subject "AK1"
.decisions.sign.verdict "allow"
.decisions.rbac.verdict "deny"
.decisions.rbac.code "rbac/method"
EOC
    audit_holds($name, $unsigned, <<'EOC');
.status 401
.decisions.sign.code "sign/missing"
EOC

    unlike(join("", audit_lines()), qr/$secret|Signature=/,
           "$name - neither secret nor signature");
    conforms($name);
}

run_tests();

__DATA__

=== TEST 1: over TLS and HTTP/2
--- http_config
    server {
        listen 127.0.0.1:$TEST_NGINX_TLS_PORT ssl http2;
        server_name gate.example;
        ssl_protocols TLSv1.3;
        ssl_certificate $TEST_NGINX_TLS/cert.pem;
        ssl_certificate_key $TEST_NGINX_TLS/key.pem;
        audit on;
        location / { return 200 ok; }
    }
--- config
    audit on;
    location / { return 200 ok; }
--- request
GET /
--- scenario: tls



=== TEST 2: who it was, and what was decided
--- http_config
    postern_zone 1m;
    postern_directory $TEST_NGINX_HTML_DIR/postern.json;
--- user_files eval: $::document
--- config
    audit on;
    location / { return 200 ok; }
    location /api {
        sign on;
        rbac on;
        alias $TEST_NGINX_HTML_DIR/;
        try_files /postern.json =404;
    }
--- request
GET /
--- scenario: decided
