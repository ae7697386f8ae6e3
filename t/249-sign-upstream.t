# sign_upstream rfc9421: a second Postern verifies what the first one sends, and
# what comes out behind it is what went in, without the client's credentials.

use lib 't/lib';
use Hostile ();
use Outward;
use Postern;
use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value("http_more", Outward::behind())
        if !defined $block->http_more;

    $block->set_value("user_files", ">>> postern.json\n"
                                    . directory(Outward::keys()));
    Postern::defaults($block);
});
add_response_body_check(\&Postern::client);

$ENV{TEST_NGINX_SECOND} = Outward::second();

Hostile::recorder(Outward::app());

our $config = <<'_EOC_';
    sign on;
    sign_explain on;
    sign_upstream rfc9421 key=out;

    location / {
        proxy_pass http://second;
        proxy_set_header Host $http_host;
        add_header X-First "$sign_status $sign_scheme $sign_key_id";
    }

    location /open {
        sign off;
        proxy_pass http://second;
    }
_EOC_

sub answer {
    my ($method, $target, $lines, $body) = @_;

    return http(raw_request($method, $target, $lines, $body));
}

no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: GET
--- config eval: $::config
--- client
my $r = main::answer("GET", "/a?b=c", rfc9421(target => "/a?b=c"));

is $r->{status}, 200, "status";
is $r->{field}{"x-first"}, "verified rfc9421 AK1", "by the client";
is $r->{field}{"x-second"}, "verified rfc9421 out", "by us";

my $came = came();

like $came->{head}, qr{^GET /a\?b=c HTTP/1\.1}, "as it was sent";
is scalar(field($came, "Signature")), 1, "one signature";
like join("", field($came, "Signature-Input")),
     qr{^sig1=\("\@method"[ ]"\@authority"[ ]"\@path"[ ]"\@query"\)
        ;created=\d+;keyid="out";nonce="[A-Za-z0-9+/]{22}=="$}x, "what is covered";



=== TEST 2: POST, small and large
--- config eval: $::config
--- client
for my $size (1, 5000, 20000, 3000000) {
    my $body = "x" x $size;
    my $r = main::answer("POST", "/p", rfc9421(method => "POST",
                                        target => "/p", body => $body), $body);

    is $r->{status}, 200, "$size bytes";
    is $r->{field}{"x-second"}, "verified rfc9421 out", "by us";

    my $came = came();

    like $came->{text}, qr{\r\n\r\nx{$size}\z}, "all of them" if $size < 30000;
    is length($came->{text} =~ s/^.*?\r\n\r\n//sr), $size, "all of them";
    like join("", field($came, "Signature-Input")), qr{"content-digest"},
         "covered";
    is_deeply [field($came, "Content-Digest")], [content_digest($body)],
              "one digest";
}



=== TEST 3: targets as they are
--- config eval: $::config
--- client
for my $target ("/a%2fb", "/a//b", "/a/../b?x=%20", "/+?+=+&a", "/%7e/(x)?q=(1)",
                "/?", "/?a=1&a=2&b", "/caf%C3%A9?x=%C3%A9", "/a;b=c,d",
                "/a?X-Amz-Foo=1&sign=2")
{
    my $r = main::answer("GET", $target, rfc9421(target => $target));

    is $r->{status}, 200, "$target";
    is $r->{field}{"x-second"}, "verified rfc9421 out", "verified";
    is came()->{target}, $target, "as it was sent";
}



=== TEST 4: targets that nginx makes
--- config
    sign on;
    sign_explain on;
    sign_upstream rfc9421 key=out;

    location /uri/ {
        proxy_pass http://second/base/;
    }

    location /rewritten/ {
        rewrite ^/rewritten/(.*)$ /new/$1?added=1 break;
        proxy_pass http://second;
    }

    location /variable/ {
        set $where second;
        proxy_pass http://$where$request_uri;
    }

    location /address/ {
        set $address 127.0.0.1:$TEST_NGINX_SECOND;
        proxy_pass http://$address;
    }

    location /if/ {
        if ($arg_x) {
            proxy_pass http://second;
        }
        proxy_pass http://127.0.0.1:1;
    }

    location /around/ {
        if ($arg_x) {
            set $y 1;
        }
        proxy_pass http://second;
    }

    location /named/ {
        error_page 404 = @named;
        return 404;
    }

    location @named {
        proxy_pass http://second;
    }
--- client
for (["/uri/a%2fb?c=%20d", "/base/a/b?c=%20d"],
     ["/uri/a%20b%3f", "/base/a%20b%3F"],
     ["/rewritten/a%20b+c?d=%2f", "/new/a%20b+c?added=1&d=%2f"],
     ["/variable/a%2f%20?b", "/variable/a%2f%20?b"],
     ["/address/a%2f?b", "/address/a%2f?b"],
     ["/if/a?x=1", "/if/a?x=1"],
     ["/around/a?x=1", "/around/a?x=1"],
     ["/around/a", "/around/a"])
{
    my ($target, $sent) = @$_;
    my $r = http(raw_request("GET", $target, rfc9421(target => $target)));

    is $r->{status}, 200, $target;

    my $came = came();

    is $came->{target}, $sent, "became $sent";
    like join("", field($came, "Signature-Input")), qr{keyid="out"},
         "signed by us";
}

is http(raw_request("GET", "/named/a", rfc9421(target => "/named/a")))
   ->{status}, 200, "a named location";
like join("", field(came(), "Signature-Input")), qr{keyid="out"},
     "signed by us";



=== TEST 5: the client's credentials stay here
--- config eval: $::config
--- client
my @credentials = ("X-Amz-Security-Token: t", "X-Amz-Date: d",
    "X-AMZ-Content-Sha256: c", "x-amz-s3session-token: t",
    "Apim-AccessToken: t", "apim-signature: s", "apim-timestamp: 1",
    "Webhook-Signature: v1,x", "X-Hub-Signature-256: sha256=1",
    "X-Hub-Signature: sha1=1", "Stripe-Signature: t=1", "Svix-Signature: a",
    "X-Slack-Signature: v0=", "X-Shopify-Hmac-SHA256: x",
    "Signature-Agent: \"https://a\"");

my @kept = ("X-Amz-Meta-A: b", "Webhook-Id: i", "Cookie: c=d",
            "Accept-Signature: x", "X-Other: signature");

my $r = main::answer("GET", "/open/?a=1&X-Amz-Signature=s&x-amz-%63redential=c"
                     . "&b=2&X-Amz-Algorithm=a", join "\n", @credentials,
                     @kept, "Authorization: AWS4-HMAC-SHA256 Credential=x",
                     "Signature: sig1=:AAAA:");

is $r->{status}, 200, "status";

my $came = came();

for (@credentials) {
    my ($name) = /^([^:]+)/;
    is_deeply [field($came, $name)], [], "$name is gone";
}

for (@kept) {
    my ($name, $value) = split /: /, $_, 2;
    is_deeply [field($came, $name)], [$value], "$name stays";
}

is_deeply [field($came, "Authorization")], [], "Authorization is gone";
is scalar(field($came, "Signature")), 1, "one Signature";
is $came->{target}, "/open/?a=1&b=2", "out of the query, too";

for my $value ("Signature keyId=\"a\"", "HMAC x", "aws4-ecdsa-p256-sha256 C") {
    main::answer("GET", "/open/", "Authorization: $value");
    is_deeply [field(came(), "Authorization")], [], "$value is gone";
}

for my $value ("Basic YTpi", "Bearer abc") {
    main::answer("GET", "/open/", "Authorization: $value");
    is_deeply [field(came(), "Authorization")], [$value], "$value stays";
}



=== TEST 6: every algorithm
--- config
    sign_upstream rfc9421 key=out-ed25519;

    location / {
        proxy_pass http://second;
    }
    location /p256 {
        sign_upstream rfc9421 key=out-p256 tag=gateway;
        proxy_pass http://second;
    }
    location /p384 {
        sign_upstream rfc9421 key=out-p384;
        proxy_pass http://second;
    }
    location /rsa {
        sign_upstream rfc9421 key=out-rsa;
        proxy_pass http://second;
    }
    location /pss {
        sign_upstream rfc9421 key=out-pss;
        proxy_pass http://second;
    }
--- client
for my $which (qw(ed25519 p256 p384 rsa pss)) {
    for my $body (undef, "some") {
        my $r = main::answer($body ? "POST" : "GET", "/$which", undef, $body);

        is $r->{status}, 200, $which;
        is $r->{field}{"x-second"}, "verified rfc9421 out-$which", "by it";
        like join("", field(came(), "Signature-Input")),
             $which eq "p256" ? qr{;tag="gateway"$} : qr{nonce="[^"]+"$},
             "the tag";
    }
}



=== TEST 7: keys that may not sign: nothing is sent
--- config
    location /off {
        sign_upstream rfc9421 key=out-off;
        proxy_pass http://second;
    }
    location /old {
        sign_upstream rfc9421 key=out-old;
        proxy_pass http://second;
    }
    location /s3 {
        sign_upstream rfc9421 key=out-s3;
        proxy_pass http://second;
    }
    location /none {
        sign_upstream rfc9421 key=nobody;
        proxy_pass http://second;
    }
    location /shut {
        sign_upstream rfc9421 key=shut;
        proxy_pass http://second;
    }
    location /public {
        sign_upstream rfc9421 key=robot;
        proxy_pass http://second;
    }
    location /gone {
        sign_upstream rfc9421 key=gone;
        proxy_pass http://second;
    }
--- client
for my $which (qw(off old s3 none shut public gone)) {
    is main::answer("GET", "/$which")->{status}, 500, $which;
}

ok nothing_came(), "nothing was sent";
--- error_log
the key "out-off" cannot sign: sign/key-disabled
the key "out-old" cannot sign: sign/key-expired
the key "out-s3" cannot sign: sign/key-scheme
the key "nobody" cannot sign: sign/unknown-key
the key "shut" cannot sign: sign/key-unusable
the key "robot" cannot sign: sign/key-unusable
the key "gone" cannot sign: sign/key-disabled



=== TEST 8: identity, types and further fields are covered
--- config
    sign on;
    postern_identity_headers on;
    sign_upstream rfc9421 key=out field=X-Request-Id field=x-absent field=x-multi;

    location / {
        proxy_set_header X-Request-Id $request_id;
        proxy_pass http://second;
    }
--- client
my $r = main::answer("POST", "/", join("\n", "Content-Type: text/x",
            "X-Multi: a", "X-Multi: b", rfc9421(method => "POST",
            target => "/", body => "b", cover => ['@method', '@target-uri',
                '@authority', 'content-digest'])), "b");

is $r->{status}, 200, "status";

my $came = came();
my ($input) = field($came, "Signature-Input");

like $input, qr{"$_"}, "$_" for qw(content-type postern-subject postern-org
    postern-roles postern-credential x-request-id x-multi content-digest);
unlike $input, qr{"x-absent"}, "what is absent is not";



=== TEST 9: a body that is replaced, or left out
--- config
    sign_upstream rfc9421 key=out;

    location /set {
        proxy_set_body "instead of $content_length";
        proxy_pass http://second;
    }

    location /without {
        proxy_pass_request_body off;
        proxy_set_header Content-Length "";
        proxy_pass http://second;
    }

    location /method {
        proxy_method PUT;
        proxy_pass http://second;
    }
--- client
is main::answer("POST", "/set", "Content-Digest: sha-256=:AA==:",
                "abc")->{status}, 200, "set";

my $came = came();
like $came->{text}, qr{\r\n\r\ninstead of 3\z}, "instead";
is_deeply [field($came, "Content-Digest")], [content_digest("instead of 3")],
          "and its digest";

is main::answer("POST", "/without", undef, "abc")->{status}, 200, "without";
$came = came();
like $came->{text}, qr{\r\n\r\n\z}, "nothing";
is_deeply [field($came, "Content-Digest")], [], "no digest";

is main::answer("POST", "/method", undef, "abc")->{status}, 200, "method";
like came()->{head}, qr{^PUT /method }, "another method";



=== TEST 10: a second server is another request, and no replay
--- http_more eval
Outward::behind("", <<"_EOC_")
    upstream both {
        server 127.0.0.1:@{[Postern::port() + 4]};
        server 127.0.0.1:@{[Outward::second()]} backup;
        keepalive 4;
    }

    server {
        listen 127.0.0.1:@{[Postern::port() + 4]};
        sign on;

        location / {
            proxy_pass http://127.0.0.1:@{[Outward::app()]};
            proxy_set_header X-Failed \$http_signature;
        }

        location /fails/ {
            proxy_pass http://127.0.0.1:1;
        }
    }
_EOC_
--- config
    sign_upstream rfc9421 key=out;

    location / {
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_set_header Host $http_host;
        proxy_pass http://both;
        proxy_next_upstream error timeout http_502 non_idempotent;
    }
--- client
for my $body (undef, "small", "x" x 100000) {
    my $r = main::answer($body ? "POST" : "GET", "/fails/", undef, $body);

    is $r->{status}, 200, "the second one answers";
    is $r->{field}{"x-second"}, "verified rfc9421 out", "to a new signature";

    my $came = came();
    is length($came->{text} =~ s/^.*?\r\n\r\n//sr), length($body // ""),
       "the body is there";
}

for (1 .. 3) {
    is main::answer("GET", "/ok")->{status}, 200, "on a kept connection";
    came();
}



=== TEST 11: a variable with a line break never gets out
--- config
    sign_upstream rfc9421 key=out;

    location / {
        proxy_set_header X-Path $arg_x$uri;
        proxy_pass http://second;
    }
--- client
is main::answer("GET", "/a%0ab")->{status}, 500, "LF";
is main::answer("GET", "/a%0db")->{status}, 500, "CR";
ok nothing_came(), "nothing was sent";
is main::answer("GET", "/ab")->{status}, 200, "none";
came();
--- error_log
a bare CR or LF in the head



=== TEST 12: not what cannot be signed
--- config
    sign_upstream rfc9421 key=out;

    location / {
        return 200 "plain\n";
    }

    location /static {
        alias $TEST_NGINX_HTML_DIR;
    }
--- request
GET /
--- response_body
plain



=== TEST 13: where state is cached, only what is asked for is signed
--- http_more eval
Outward::behind("", "proxy_cache_path $ENV{TEST_NGINX_SERVROOT}/cache"
                    . " keys_zone=c:1m;")
--- config
    sign_upstream rfc9421 key=out;

    location / {
        proxy_cache c;
        proxy_cache_valid 200 1m;
        add_header X-Cache $upstream_cache_status;
        proxy_pass http://second;
    }
--- client
is main::answer("GET", "/c")->{field}{"x-cache"}, "MISS", "asked for";
came();
is main::answer("GET", "/c")->{field}{"x-cache"}, "HIT", "not asked for";
ok nothing_came(), "nothing was sent";



=== TEST 14: an aws-chunked body is not passed off as another
--- config eval: $::config
--- client
is main::answer("PUT", "/open/", "Content-Encoding: gzip, AWS-Chunked",
                "x")->{status}, 500, "by its encoding";
is main::answer("PUT", "/open/", "X-Amz-Content-Sha256: STREAMING-UNSIGNED-"
                . "PAYLOAD-TRAILER", "x")->{status}, 500, "by its hash";
ok nothing_came(), "nothing was sent";
--- error_log
set "sign_aws_chunked decode"
