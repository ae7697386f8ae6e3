# Certificates over the life of a connection and of a session: what was found of
# them is kept, and must not outlive what it was found from.

use lib 't/lib';
use ClientCert;
use EarlyData;
use IPC::Open2 qw(open2);
use Postern;
use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(\&Postern::defaults);
add_response_body_check(\&Postern::client);

our $dir = File::Temp->newdir;

system("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
       . " -keyout $dir/key.pem -out $dir/cert.pem 2>/dev/null") == 0
    or die "openssl req: $?\n";

our $root = authority("Root");
our $ca = authority("Ops", by => $root);
our $client = client($ca, "/CN=robot-1");

sub trusts {
    my ($certs, $rule, %more) = @_;
    my $more = join "", map { qq(, "$_": $more{$_}) } sort keys %more;

    return qq({ "roles": ["viewer"], "algorithm": "x509-ca",
                "certificate": "@{[pem(@$certs)]}",
                "subject": { $rule } $more });
}

our %keys = (ca => trusts([$ca], '"CN": "*"'));
our $files = ">>> postern.json\n" . directory(%keys);

our $http_more = do {
    my $port = port() + 2;
    <<"_EOC_";
    server {
        listen 127.0.0.1:$port ssl http2;
        ssl_certificate $dir/cert.pem;
        ssl_certificate_key $dir/key.pem;
        ssl_verify_client optional_no_ca;
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_session_cache shared:tls:1m;
        ssl_early_data on;
        keepalive_timeout 60s;

        sign on;
        sign_schemes mtls;
        sign_explain on;

        location / {
            add_header X-Key "[\$ssl_session_reused] \$sign_key_id \$postern_subject";
            proxy_pass http://app;
        }

        location /moved {
            rewrite ^ /a last;
        }

        location /signed {
            sign_schemes rfc9421;
            proxy_pass http://app;
        }

        location /open {
            sign off;
            return 200 "open [\$ssl_early_data]\\n";
        }
    }
_EOC_
};

sub slurp {
    my ($file) = @_;

    open my $in, "<", $file or die "$file: $!\n";
    local $/;

    return scalar(<$in>) // "";
}

sub write_directory {
    my ($text) = @_;
    my $file = "$ENV{TEST_NGINX_HTML_DIR}/postern.json";

    open my $out, ">", "$file.new" or die;
    print $out $text;
    close $out;
    rename "$file.new", $file or die;
}

# and waits until it is in force, where it is another one
sub put_directory {
    my ($text) = @_;
    my $log = "$ENV{TEST_NGINX_SERVROOT}/logs/error.log";
    my $before = () = slurp($log) =~ /is in force/g;

    return if slurp("$ENV{TEST_NGINX_HTML_DIR}/postern.json") =~ /\A\Q$text\E\n?\z/;

    write_directory($text);

    for (1 .. 200) {
        return if (() = slurp($log) =~ /is in force/g) > $before;
        select undef, undef, undef, 0.1;
    }

    die "the directory is not in force\n";
}

# requests on one connection, $seconds apart: "status connections" of each
sub in_a_row {
    my ($n, $seconds, $http, $c) = @_;
    my $url = "https://127.0.0.1:" . (port() + 2) . "/a";
    my $rate = int(3600 / $seconds);

    return split /\n/, qx(curl -sk $http --cert $c->{cert} --key $c->{key} \\
        --rate $rate/h -w '%{http_code} %{num_connects}\\n' \\
        @{[("-o /dev/null $url") x $n]});
}

# a connection that stands: each call is one more request on it
sub standing {
    my ($c) = @_;
    my $host = "127.0.0.1:" . (port() + 2);
    my $pid = open2(my $from, my $to, "exec timeout 120 openssl s_client -quiet"
                    . " -connect $host -cert $c->{cert} -key $c->{key}"
                    . " 2>/dev/null");

    return sub {
        if (!@_) {
            kill TERM => $pid;
            return waitpid $pid, 0;
        }

        print $to "GET /a HTTP/1.1\r\nHost: $host\r\n\r\n";
        $to->flush;

        my ($status) = (<$from> // "") =~ m{^HTTP/1.1 (\d+)};
        my $length = 0;

        while (defined(my $line = <$from>)) {
            last if $line eq "\r\n";
            $length = $1 if $line =~ /^Content-Length: (\d+)/i;
        }

        read $from, my $body, $length;

        return $status // "closed";
    };
}

# what the server answers on a first connection, or on one that resumes it
sub s_client {
    my ($how, $version, $request, @args) = @_;
    my $file = "$dir/request";

    open my $out, ">", $file or die "$file: $!\n";
    print $out $request;
    close $out;

    my $port = $how eq "early" ? early_only(port() + 2) : port() + 2;
    my $connect = "timeout 20 openssl s_client -connect 127.0.0.1:$port"
                  . " -$version -ign_eof @args";

    $connect .= " -cert $client->{cert} -key $client->{key}"
                . " -sess_out $dir/session" if $how eq "first";
    $connect .= " -sess_in $dir/session" if $how ne "first";

    return scalar qx($connect -early_data $file </dev/null 2>&1)
        if $how eq "early";
    return scalar qx($connect <$file 2>&1);
}

no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: many requests of one connection
--- http_more eval: $::http_more
--- user_files eval: $::files
--- config
--- client
for my $http ("--http1.1", "--http2") {
    is_deeply [in_a_row(20, 0.01, $http, $client)],
              ["200 1", ("200 0") x 19], $http;
}



=== TEST 2: it ends while the connection stands
--- http_more eval: $::http_more
--- user_files eval: $::files
--- config
--- client
for my $http ("--http1.1", "--http2") {
    my $short = client($ca, "/CN=short", until => 8);

    like join(", ", in_a_row(6, 2, $http, $short)),
         qr/^200 1(, 200 0)*(, 401 0)+$/, "certificate, $http";
}

for my $http ("--http1.1", "--http2") {
    my $list = crl($ca, [], until => 10);

    put_directory(directory(ca => trusts([$ca], '"CN": "*"',
                                         crl => '"' . pem($list) . '"')));

    like join(", ", in_a_row(7, 2, $http, $client)),
         qr/^200 1(, 200 0)*(, 401 0)+$/, "revocation list, $http";
}



=== TEST 3: revoked while the connection stands
--- http_more eval: $::http_more
--- user_files eval: $::files
--- config
--- client
for my $how (
    ["listed", sub { (ca => trusts([$ca], '"CN": "*"',
                                   crl => '"' . pem(crl($ca, [$client]))
                                          . '"')) }],
    ["authority disabled", sub { (ca => trusts([$ca], '"CN": "*"',
                                               status => '"disabled"')) }],
    ["another rule", sub { (ca => trusts([$ca], '"CN": "robot-2"')) }],
    ["authority gone", sub { () }])
{
    my ($name, $keys) = @$how;

    put_directory(directory(%keys));

    my $ask = standing($client);
    my @got = $ask->(1);

    put_directory(directory($keys->()));
    push @got, map { $ask->(1) } 1, 2;
    $ask->();

    is_deeply \@got, [200, 401, 401], $name;
}



=== TEST 4: resumed sessions
--- http_more eval: $::http_more
--- user_files eval: $::files
--- config
--- client
for my $version ("tls1_2", "tls1_3") {
    my $request = raw_request("GET", "/a");

    put_directory(directory(%keys));

    like s_client("first", $version, $request),
         qr/X-Key: \[\.\] ca robot-1/, "$version, first";
    like s_client("again", $version, $request),
         qr/X-Key: \[r\] ca robot-1/, "$version, resumed";

    put_directory(directory(ca => trusts([$ca], '"CN": "robot-2"')));

    like s_client("again", $version, $request), qr{sign/unknown-key},
         "$version, resumed when nobody trusts it any more";
}

# a session has no certificates but the client's own: with the root alone there
# is no way up from it
put_directory(directory(ca => trusts([$root], '"CN": "*"')));

my $request = raw_request("GET", "/a");

like s_client("first", "tls1_3", $request, "-cert_chain", $ca->{cert}),
     qr/X-Key: \[\.\] ca robot-1/, "first, with the intermediate sent";
like s_client("again", "tls1_3", $request), qr{sign/unknown-key},
     "resumed, without it";

put_directory(directory(ca => trusts([$root, $ca], '"CN": "*"')));

like s_client("again", "tls1_3", $request), qr/X-Key: \[r\] ca robot-1/,
     "resumed, and the directory has it";



=== TEST 5: early data
--- http_more eval: $::http_more
--- user_files eval: $::files
--- config
--- client
s_client("first", "tls1_3", raw_request("GET", "/open"));
my $answer = s_client("early", "tls1_3", raw_request("GET", "/open"));
like $answer, qr/open \[1\]/, "taken where nothing is guarded";

s_client("first", "tls1_3", raw_request("GET", "/open"));
$answer = s_client("early", "tls1_3", raw_request("POST", "/a", "", "x"));
like $answer, qr{HTTP/1.1 425}, "too early";
like $answer, qr{"sign/too-early"}, "sign/too-early";



=== TEST 6: internal redirects
--- http_more eval: $::http_more
--- user_files eval: $::files
--- config
--- client
my @with = ("-k", "--cert", $client->{cert}, "--key", $client->{key});
my $at = "https://127.0.0.1:" . (port() + 2);

is curl(@with, "$at/moved")->{status}, 200, "within the scheme";
is curl(@with, "$at/signed")->{status}, 401, "where it is not taken";



=== TEST 7: two streams and two directories
--- http_more eval: $::http_more
--- user_files eval: $::files
--- config
--- client
my @urls = ("-o /dev/null https://127.0.0.1:" . (port() + 2) . "/a") x 40;

my $child = fork;

if ($child == 0) {
    for (1 .. 4) {
        select undef, undef, undef, 0.4;
        write_directory(directory(%keys, "n$_" => undef,
                                  ca => trusts([$ca], $_ % 2 ? '"CN": "robot-1"'
                                                           : '"CN": "*"')));
    }
    require POSIX;
    POSIX::_exit(0);
}

my %count;
my $until = time + 3;

while (time < $until) {
    $count{$_}++ for split /\n/,
        qx(curl -sk --no-progress-meter --http2 -Z --cert $client->{cert} \\
           --key $client->{key} -w '%{http_code}\\n' @urls 2>/dev/null);
}

waitpid $child, 0;
is_deeply [keys %count], ["200"], "all let in, whatever the directory";
