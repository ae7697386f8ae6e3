# Where nginx -t points: to the directive that is meant, though what is wrong is
# known when levels are merged, at the end of the http block; and once, however
# many locations inherit it.

use strict;
use warnings;

use File::Path qw(make_path);
use File::Temp qw(tempdir);
use Test::More;

my $top = $ENV{POSTERN_TOP};
my $dir = tempdir("$top/build/t/places.XXXX", CLEANUP => 1);

make_path("$dir/logs");

sub put {
    my ($name, $text) = @_;

    open my $out, ">", "$dir/$name" or die "$dir/$name: $!\n";
    print $out $text;
    close $out;
}

my $load  = join "", map { "load_module $_; " }
            split ' ', $ENV{TEST_NGINX_LOAD_MODULES};
my $state = "postern_zone 1m; postern_directory $dir/dir.json;";

put("dir.json", '{"version":1,"organizations":{}}');

# the http block, whose first line is the first of http.conf; the line behind
# its end is that of nginx.conf which includes it

sub said {
    my ($http, $state_of) = @_;

    put("http.conf", $http);
    put("nginx.conf", <<"EOD");
$load
pid logs/nginx.pid; error_log stderr info; events { }
http { @{[$state_of // $state]} include http.conf;
}
EOD

    my $out = qx{$ENV{TEST_NGINX_BINARY} -t -p "$dir" -c "$dir/nginx.conf" 2>&1};

    return [grep { /\[(?:warn|emerg)\]/ } split /\n/, $out];
}

# each line that is said has the text, and ends with the place

sub points {
    my ($name, $said, @want) = @_;

    is(scalar @$said, @want / 2, "$name: how much is said")
        or diag(join "\n", @$said);

    while (my ($text, $place) = splice @want, 0, 2) {
        my ($line) = grep { /\Q$text\E/ } @$said;

        like($line // "", qr{ in \Q$dir\E/\Q$place\E$}, "$name: $place");
    }
}

points("weaknesses, each at its own line", said(<<'EOD'),
server {
    listen 127.0.0.1:1;
    location /a {
        sign on;
        sign_insecure_coverage on;
        sign_insecure_body on;
        sign_insecure_freshness on;
        sign_insecure_preflight on;
        sign_insecure_replay local
                             reuse;
        sign_mode observe;
    }
}
EOD
    '"sign_insecure_coverage" is set', "http.conf:5",
    '"sign_insecure_body" is set', "http.conf:6",
    '"sign_insecure_freshness" is set', "http.conf:7",
    '"sign_insecure_preflight" is set', "http.conf:8",
    '"sign_insecure_replay local" is set', "http.conf:10",
    '"sign_insecure_replay reuse" is set', "http.conf:10",
    '"sign_mode observe" is set', "http.conf:11");

points("inherited by many, said once", said(<<'EOD'),
sign_insecure_body on;
sign_mode observe;
server {
    listen 127.0.0.1:1;
    sign on;
    location /a { }
    location /b { location /b/c { sign_window 1m; } }
}
server {
    listen 127.0.0.1:2;
    location /a { sign on; }
    location /b { sign on; sign_mode enforce; sign_insecure_body off; }
}
EOD
    '"sign_insecure_body" is set', "http.conf:1",
    '"sign_mode observe" is set', "http.conf:2");

points("two that are the same are two", said(<<'EOD'),
server {
    listen 127.0.0.1:1;
    sign on;
    location /a { sign_mode observe; }
    location /b { sign_mode observe; }
}
EOD
    qq{are in $dir/http.conf:4}, "http.conf:4",
    qq{are in $dir/http.conf:5}, "http.conf:5");

points("what nobody uses is not spoken of", said(<<'EOD'));
sign_insecure_body on;
server { listen 127.0.0.1:1; location /a { } }
EOD

put("inner.conf", "\n\nsign_insecure_coverage on;\n");

points("in a file that is included", said(<<'EOD'),
server { listen 127.0.0.1:1; location /a { sign on; include inner.conf; } }
EOD
    '"sign_insecure_coverage" is set', "inner.conf:3");

points("return: the block that holds it", said(<<'EOD'),
server {
    listen 127.0.0.1:1;
    sign on;
    location /a {
        location /a/b { }
        return 200 "for everybody";
    }
    location /b {
        if ($arg_a) { return 200 "for everybody"; }
    }
}
server {
    listen 127.0.0.1:2;
    sign on;
    if ($arg_a) { return 200 "for everybody"; }
}
EOD
    'in the location that begins in ' . "$dir/http.conf:4", "http.conf:4",
    'in the location that begins in ' . "$dir/http.conf:8", "http.conf:8",
    'in the server that begins', "http.conf:12");

points("\@scheme, which sigv4 cannot cover", said(<<'EOD'),
sign_components @method @target-uri @scheme content-digest;
server { listen 127.0.0.1:1; sign on; location /a { } location /b { } }
EOD
    'sign_components @scheme" refuses', "http.conf:1");

points("mtls, once for each server that asks for no certificate", said(<<'EOD'),
sign_schemes mtls;
server { listen 127.0.0.1:1; sign on; location /a { } }
server {
    listen 127.0.0.1:2;
    location /a { sign on; } location /b { sign on; }
}
server { listen 127.0.0.1:3; ssl_verify_client optional_no_ca; sign on; }
EOD
    "in the server that begins in $dir/http.conf:2", "http.conf:2",
    "in the server that begins in $dir/http.conf:3", "http.conf:3");

points("mtls, asked for by the http block", said(<<'EOD'),
ssl_verify_client optional_no_ca;
sign_schemes mtls;
sign on;
server { listen 127.0.0.1:1; }
server { listen 127.0.0.1:2; ssl_verify_client off; }
EOD
    "in the server that begins in $dir/http.conf:5", "http.conf:5");

# errors: the first one ends the reading

points("too little covered, by a list from above", said(<<'EOD'),

sign_components @method;
server { listen 127.0.0.1:1; location /a { sign on; } }
EOD
    '"sign_components" does not cover the path', "http.conf:2");

points("enos without its price", said(<<'EOD'),
server {
    listen 127.0.0.1:1;
    sign_schemes enos;
    location /a { sign on; }
}
EOD
    'the scheme "enos" covers neither', "http.conf:3");

points("webhooks that are not dated", said(<<'EOD'),
server {
    listen 127.0.0.1:1;
    sign_webhook github key=hook;
    location /a { sign on; }
}
EOD
    'sign no time', "http.conf:3");

points("a webhook that the schemes leave out", said(<<'EOD'),
server {
    listen 127.0.0.1:1;
    location /a {
        sign on; sign_schemes rfc9421;
        sign_webhook standard key=hook;
    }
}
EOD
    '"sign_webhook" has no effect', "http.conf:5");

points("a scheme without its webhook", said(<<'EOD'),
server {
    listen 127.0.0.1:1;
    location /a {
        sign_schemes webhook;
        sign on;
    }
}
EOD
    'the scheme "webhook" needs "sign_webhook"', "http.conf:4");

points("no directory", said(<<'EOD', "postern_zone 1m;"),
server {
    listen 127.0.0.1:1;
    sign on;
    location /a { }
}
EOD
    '"sign on" needs "postern_directory"', "http.conf:3");

points("no zone", said(<<'EOD', "postern_directory $dir/dir.json;"),
server {
    listen 127.0.0.1:1;
    location /a { sign_enos_token; }
}
EOD
    '"sign_enos_token" needs "postern_zone"', "http.conf:3");

points("a call for a token, signed", said(<<'EOD'),
sign on;
server {
    listen 127.0.0.1:1;
    location /a {
        sign_enos_token;
    }
}
EOD
    'set "sign off" beside "sign_enos_token"', "http.conf:5");

# the other modules

put("key", "mk-1 " . "A" x 42 . "E=\n");
chmod 0600, "$dir/key";

points("no master key for people", said(<<'EOD'),
server {
    listen 127.0.0.1:1;
    mfa on;
    location /.postern/ { mfa_pages; }
}
EOD
    '"mfa on" needs "postern_master_key"', "http.conf:3");

points("common passwords, allowed for all pages", said(<<"EOD"),
postern_master_key $dir/key;
mfa_accounts $dir/kept;
mfa_insecure_block_list off;
server { listen 127.0.0.1:1; location /.postern/ { mfa_pages; } }
server { listen 127.0.0.1:2; location /.postern/ { mfa_pages; } }
EOD
    '"mfa_insecure_block_list off"', "http.conf:3");

points("pages without a place for what people enrol", said(<<"EOD"),
postern_master_key $dir/key;
server {
    listen 127.0.0.1:1;
    location /.postern/ {
        mfa_pages;
    }
}
EOD
    '"mfa_pages" has no place', "http.conf:5");

points("a name of a cookie that others could set", said(<<"EOD"),
postern_master_key $dir/key;
mfa_cookie own;
server { listen 127.0.0.1:1; location / { mfa on; } }
EOD
    '"own" of "mfa_cookie" must begin', "http.conf:2",
    '"mfa on" in a server without "mfa_pages"', "http.conf:3");

points("roles of nobody", said(<<'EOD', "postern_zone 1m;"),
rbac on;
server { listen 127.0.0.1:1; location / { } }
EOD
    '"rbac on" needs roles and resources', "http.conf:1");

done_testing();
