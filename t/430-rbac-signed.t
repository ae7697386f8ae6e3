# Roles of people and keys that really signed: curl --aws-sigv4, and RFC 9421
# over HTTP/1.1.  A role that is taken away is gone within a second.

use lib 't/lib';
use Postern;
use Time::HiRes qw(sleep time);
use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(\&Postern::defaults);
add_response_body_check(\&Postern::client);

our $config = <<'_EOC_';
    sign on;
    sign_explain on;
    rbac on;
    proxy_set_header Host $http_host;

    location /app/ { proxy_pass http://app; }
    location /admin/ { proxy_pass http://app; }
    location /canonical/ { rbac_path canonical; proxy_pass http://app; }
    location /dav/ { proxy_pass http://app; }
_EOC_

our $dir = Test::Nginx::Util::html_dir() . "/postern.json";

# what users hold, then what the rest may do

sub document {
    my ($roles, $grants) = @_;

    return <<"EOD";
{ "version": 1, "organizations": { "acme": {
    "users": { "alice": { "status": "active", "roles": [$roles] } },
    "keys": {
        "AK1": { "user": "alice", "algorithm": "hmac-sha256",
                 "secret": "plain:$Postern::secret" },
        "AK2": { "roles": ["admin"], "algorithm": "hmac-sha256",
                 "secret": "plain:$Postern::secret" }
    },
    "permissions": { "read": ["GET", "HEAD"], "write": ["POST"] },
    "resources": { "app": ["/app/**"], "admin": ["/admin/**"],
                   "canonical": ["/canonical/b/**"] },
    "roles": {
        "viewer": { "grants": [${grants}["read", "app"], ["read", "canonical"]] },
        "admin": { "inherits": ["viewer"], "grants": [["read", "admin"]] }
    } } } }
EOD
}

sub replace {
    open my $out, ">", "$dir.new" or die "$dir.new: $!\n";
    print $out document(@_);
    close $out or die;
    rename "$dir.new", $dir or die "rename: $!\n";
}

my $n = 0;

# another query each time: nothing here is to be a replay

sub ask {
    my ($key, $path, @args) = @_;

    $n++;

    return curl("--path-as-is", "--aws-sigv4", "aws:amz:local:app", "--user",
                "$key:$Postern::secret", @args,
                "http://localhost:" . port() . "$path?n=$n");
}

no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: who signed counts, and what the key may
--- config eval: $::config
--- user_files eval
">>> postern.json\n" . main::document('"viewer"', '')
--- client
is ask("AK1", "/app/x")->{status}, 200, "alice reads";
my $r = ask("AK1", "/app/x", "-d", "a=b");
is $r->{status}, 403, "but does not write";
like $r->{body}, qr{"code":"rbac/method"}, "rbac/method";
$r = ask("AK1", "/admin/x");
is $r->{status}, 403, "nor read elsewhere";
like $r->{body}, qr{"code":"rbac/no-grant"}, "rbac/no-grant";
is ask("AK2", "/admin/x")->{status}, 200, "a key with roles of its own";
is ask("AK2", "/app/x")->{status}, 200, "and inherited ones";
like ask("AK2", "/dav/x")->{body}, qr{rbac/no-resource}, "no resource";
is curl("http://localhost:" . port() . "/app/x")->{status}, 401, "unsigned";



=== TEST 2: the raw target is verified, the canonical one forwarded
--- config eval: $::config
--- user_files eval
">>> postern.json\n" . main::document('"viewer"', '')
--- client
my $target = "/canonical/./b/%7ex";
my $host = "localhost:" . port();
my $head = rfc9421(target => $target, authority => $host);
my $r = http("GET $target HTTP/1.1\r\nHost: $host\r\nConnection: close\r\n"
             . $head =~ s/\n/\r\n/gr . "\r\n\r\n");
is $r->{status}, 200, "accepted";
like $r->{body}, qr{GET /canonical/b/~x$}m, "as the application sees it";



=== TEST 3: a role that is taken away is gone within a second
--- config eval: $::config
--- user_files eval
">>> postern.json\n" . main::document('"viewer"', '')
--- client
sub until_status {
    my ($want, @args) = @_;
    my $start = time;

    while (time - $start < 5) {
        return time - $start if ask(@args)->{status} == $want;
        sleep 0.05;
    }

    return 99;
}

is ask("AK1", "/app/x")->{status}, 200, "granted";

replace('', '');
cmp_ok until_status(403, "AK1", "/app/x"), "<", 1.5, "revoked";
like ask("AK1", "/app/x")->{body}, qr{rbac/no-role}, "rbac/no-role";

replace('"viewer"', '');
cmp_ok until_status(200, "AK1", "/app/x"), "<", 1.5, "granted again";

replace('"viewer"', '["write", "app"], ');
cmp_ok until_status(200, "AK1", "/app/x", "-d", "a=b"), "<", 1.5,
       "a grant more";
