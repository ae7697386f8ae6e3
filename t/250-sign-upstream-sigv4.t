# sign_upstream sigv4: verified by a second Postern, and by Python's standard
# library as S3 and other services do it.

use lib 't/lib';
use File::Temp ();
use Hostile ();
use Outward;
use Postern;
use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value("http_more", Outward::behind("sign_insecure_body on;"))
        if !defined $block->http_more;

    $block->set_value("user_files", ">>> postern.json\n"
                                    . directory(Outward::keys()));
    Postern::defaults($block);
});
add_response_body_check(\&Postern::client);

Hostile::recorder(Outward::app());

our $config = <<'_EOC_';
    sign_upstream sigv4 key=out region=eu-central-1 service=s3;

    location / {
        proxy_pass http://second;
    }

    location /api/ {
        sign_upstream sigv4 key=out region=us-east-1 service=execute-api;
        proxy_pass http://second;
    }

    location /unsigned/ {
        sign_upstream sigv4 key=out region=r service=s3 insecure_unsigned_body;
        proxy_pass http://second;
    }

    location /streamed/ {
        sign_upstream sigv4 key=out region=r service=s3 insecure_unsigned_body;
        proxy_request_buffering off;
        proxy_http_version 1.1;
        proxy_pass http://second;
    }

    # without the second Postern
    location /direct/ {
        proxy_pass http://127.0.0.1:$TEST_NGINX_APP;
    }

    location /direct/api/ {
        sign_upstream sigv4 key=out region=us-east-1 service=execute-api;
        proxy_pass http://127.0.0.1:$TEST_NGINX_APP;
    }
_EOC_

$ENV{TEST_NGINX_APP} = Outward::app();

sub answer {
    my ($method, $target, $lines, $body) = @_;

    return http(raw_request($method, $target, $lines, $body));
}

# what Python says of the request that came
sub verified {
    my ($came, $service) = @_;
    my $in = File::Temp->new;

    binmode $in;
    print $in $came->{text};
    close $in;

    return scalar qx(python3 t/e2e/sigv4_verify.py "$Outward::secret" \\
                     $service < $in 2>&1) =~ s/\n\z//r;
}

no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: a second Postern verifies
--- config eval: $::config
--- client
for my $prefix ("", "/api") {
    for (["GET", "/a"], ["GET", "/a?b=c&a=d"], ["GET", "/"],
         ["GET", "/(a)/b+c?x=(1)&y=a+b&z"], ["GET", "/%7e%2f%20?a=%2f%7E"],
         ["POST", "/p", "body"], ["PUT", "/p", "x" x 200000],
         ["DELETE", "/d//e"])
    {
        my ($method, $path, $body) = @$_;
        my $r = main::answer($method, "$prefix$path",
                             "Content-Type: text/plain", $body);

        is $r->{status}, 200, "$method $prefix$path";
        is $r->{field}{"x-second"}, "verified sigv4 out", "by us";

        my $came = came();

        is scalar(field($came, "Authorization")), 1, "one Authorization";
        is length($came->{text} =~ s/^.*?\r\n\r\n//sr), length($body // ""),
           "the body";
    }
}



=== TEST 2: so does Python
--- config eval: $::config
--- client
for (["GET", "/a"], ["GET", "/?list-type=2&prefix=a%2Fb&delimiter=/"],
     ["GET", "/a(b)!*'+c/d;e=f,g:h\@i?x=(1)&y=a+b&acl"],
     ["GET", "/%c3%a9/%7e%2f%20?a=%2f%7E&a=1&A=2&a%20b=c"],
     ["PUT", "/object", "contents"], ["PUT", "/large", "y" x 300000],
     ["POST", "/p?uploads", ""])
{
    my ($method, $path, $body) = @$_;

    for my $place (["/direct", "s3"], ["/direct/api", "execute-api"]) {
        my $r = main::answer($method, "$place->[0]$path",
            join("\n", "Content-Type: text/plain; a=b", "X-Amz-Meta-A:  b  c ",
                 "X-Amz-Acl: private"), $body);

        is $r->{status}, 200, "$method $place->[0]$path";

        my $came = came();

        is main::verified($came, $place->[1]), "verified", "by Python";

        $came->{text} =~ s/^(\S+) /$1X /;
        isnt main::verified($came, $place->[1]), "verified",
             "not with another method";
    }
}



=== TEST 3: the same request twice is not the same signature twice
--- config eval: $::config
--- client
for (1 .. 3) {
    my $r = main::answer("PUT", "/same", "amz-sdk-invocation-id: x", "body");

    is $r->{status}, 200, "no replay";
    is scalar(field(came(), "amz-sdk-invocation-id")), 1, "one id";
}



=== TEST 4: the spelling that is sent is the one that is signed
--- config eval: $::config
--- client
for (["/direct/a(b)+c%2fd%7e", "/direct/a%28b%29%2Bc/d~"],
     ["/direct/?a=b+c&d&e=", "/direct/?a=b%20c&d&e="],
     ["/direct/?X-Amz-Signature=1", "/direct/"],
     ["/direct/?X-Amz-Signature=1&a", "/direct/?a"],
     ["/direct/api/a(b)%2f?c=(d)", "/direct/api/a(b)%2f?c=%28d%29"])
{
    my ($target, $sent) = @$_;

    main::answer("GET", $target);
    is came()->{target}, $sent, $target;
}



=== TEST 5: a client that signs by SigV4, too
--- config
    sign on;
    sign_explain on;
    sign_upstream sigv4 key=out region=eu-central-1 service=s3;

    location / {
        proxy_pass http://127.0.0.1:$TEST_NGINX_APP;
    }
--- client
my $r = main::answer("PUT", "/a", sigv4(method => "PUT", target => "/a",
    service => "s3", body => "b", headers => [["x-amz-meta-a", "1"]]), "b");

is $r->{status}, 200, "status";

my $came = came();

is main::verified($came, "s3"), "verified", "by Python";
like join("", field($came, "Authorization")),
     qr{Credential=out/\d{8}/eu-central-1/s3/aws4_request,
        [ ]SignedHeaders=amz-sdk-invocation-id;host;x-amz-content-sha256;x-amz-date;x-amz-meta-a,}x,
     "one credential";



=== TEST 6: bodies that are not signed
--- config eval: $::config
--- client
for my $place (qw(unsigned streamed)) {
    for my $body ("a", "z" x 500000) {
        my $r = main::answer("PUT", "/$place/a", undef, $body);

        is $r->{status}, 200, $place;

        my $came = came();

        is_deeply [field($came, "X-Amz-Content-Sha256")], ["UNSIGNED-PAYLOAD"],
                  "and says so";
        is length($came->{text} =~ s/^.*?\r\n\r\n//sr), length $body, "all";
    }

    main::answer("GET", "/$place/a");
    like join("", field(came(), "X-Amz-Content-Sha256")), qr{^e3b0c442},
         "no body is that of no body";
}

my $r = http("POST /streamed/c HTTP/1.1\r\nHost: localhost\r\n"
             . "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
             . "5\r\nhello\r\n0\r\n\r\n");
is $r->{status}, 200, "chunked";
is main::verified(came(), "s3"), "verified", "by Python";



=== TEST 7: a body begins to go before its end has come
--- config
    location / {
        sign_upstream sigv4 key=out region=r service=s3 insecure_unsigned_body;
        proxy_request_buffering off;
        proxy_http_version 1.1;
        proxy_pass http://127.0.0.1:$TEST_NGINX_APP;
    }
--- client
my $s = Hostile::open_to(port());

Hostile::send_bytes($s, "PUT /slow HTTP/1.1\r\nHost: localhost\r\n"
                        . "Connection: close\r\nContent-Length: 8\r\n\r\nhalf");

my @half = Hostile::recorded(Outward::app(), undef,
                             sub { $_[0] =~ /\r\n\r\nhalf/ });
like $half[0], qr{UNSIGNED-PAYLOAD.*\r\n\r\nhalf\z}s, "half of it is there";

Hostile::send_bytes($s, "next");
like Hostile::read_for($s, 5), qr{^HTTP/1\.1 200}, "answered";
Hostile::recorded(Outward::app());



=== TEST 8: what streams has to be the client's
--- config
    sign_upstream sigv4 key=out region=r service=s3 insecure_unsigned_body;
    proxy_request_buffering off;

    location /set {
        proxy_set_body "other";
        proxy_pass http://second;
    }
    location /none {
        proxy_pass_request_body off;
        proxy_pass http://second;
    }
    location /chunked {
        proxy_pass http://second;
    }
--- client
for my $place (qw(set none chunked)) {
    my $s = Hostile::open_to(port());

    Hostile::send_bytes($s, "PUT /$place HTTP/1.1\r\nHost: localhost\r\n"
        . "Connection: close\r\n"
        . ($place eq "chunked" ? "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf"
                               : "Content-Length: 8\r\n\r\nhalf"));

    like Hostile::read_for($s, 5), qr{^HTTP/1\.1 500}, $place;
}

ok nothing_came(), "nothing was sent";
--- error_log
a body that streams needs
