# sign_upstream where clients sign in other ways, names are resolved at run time
# and connections are upgraded; what becomes of answers that cannot be signed;
# and both of them where sign only observes.

use lib 't/lib';
use Enos;
use Hostile ();
use IO::Socket::INET;
use Outward;
use POSIX qw(_exit);
use Postern;
use SigV4 ();
use Test::Nginx::Socket 'no_plan';
use Webhook ();

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value("http_more", Outward::behind())
        if !defined $block->http_more;

    $block->set_value("user_files", ">>> postern.json\n"
        . directory(Outward::keys(), Webhook::of_senders(),
                    $Enos::key => Enos::app()));
    Postern::defaults($block);
});
add_response_body_check(\&Postern::client);

our ($dns, $ws) = (port() + 5, port() + 6);

Hostile::recorder(Outward::app());
Hostile::recorder($ws, "HTTP/1.1 101 Switching Protocols\r\n"
                       . "Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
                       . "from the application");

# answers every question for an address by 127.0.0.1 (RFC 1035, section 4)
sub resolver {
    my $s = IO::Socket::INET->new(LocalAddr => "127.0.0.1", Proto => "udp",
                                  LocalPort => $dns) or die "resolver: $!\n";
    my $pid = fork // die "fork: $!\n";

    return $pid if $pid;

    while (defined $s->recv(my $query, 512)) {
        my ($name) = substr($query, 12) =~ /\A((?:[^\0].*?)?\0)/s or next;

        $s->send(substr($query, 0, 2) . pack("n5", 0x8180, 1, 1, 0, 0)
                 . $name . pack("n2", 1, 1)
                 . pack("n3Nn", 0xc00c, 1, 1, 60, 4) . "\x7f\0\0\1");
    }

    _exit(0);
}

my $resolver = resolver();

sub answer {
    my ($method, $target, $lines, $body) = @_;

    return http(raw_request($method, $target, $lines, $body));
}

sub by_us {
    my ($came, $what) = @_;

    like join("", field($came, "Signature-Input")), qr{keyid="out"},
         "$what: signed by us";
    is scalar(field($came, "Signature")), 1, "once";
}

no_root_location();
no_shuffle();
run_tests();

END {
    if ($resolver) {
        local $?;
        kill TERM => $resolver;
        waitpid $resolver, 0;
    }
}

__DATA__

=== TEST 1: credentials of EnOS stay here
--- config
    sign_upstream rfc9421 key=out;

    location = /apim-token-service/v2.0/token/get {
        sign_enos_token;
    }

    location /api {
        sign on;
        sign_schemes enos;
        sign_insecure_coverage on;
        sign_explain on;
        proxy_pass http://second;
    }
--- client
my $token = Enos::token();

is Enos::v2($token, "a=1", '{"b":2}'), "200 -", "version 2";

my $came = came();

is_deeply [field($came, $_)], [], "$_ is gone"
    for qw(apim-accesstoken apim-timestamp apim-signature);
is $came->{target}, "/api?a=1", "the query stays";
main::by_us($came, "version 2");

is Enos::v1("a=1&signed=x", '{"b":2}'), "200 -", "version 1";

$came = came();

is $came->{target}, "/api?a=1&signed=x", "its parameters are gone";
like $came->{text}, qr/\r\n\r\n\{"b":2\}\z/, "the body stays";
main::by_us($came, "version 1");

is Enos::v1("a=1", "b", secret => "x"), "401 sign/invalid", "another secret";
ok nothing_came(), "is not signed";



=== TEST 2: and those of a webhook of one's own
--- config eval
"sign_upstream rfc9421 key=out;\n"
. Webhook::location('custom key=long header=X-Sig algorithm=hmac-sha512'
    . ' encoding=base64url prefix=k. timestamp=X-Time'
    . ' template="$request_method:$http_x_tenant:${http_x_time}:'
    . '$request_body"', "/in", "on", undef, "proxy_pass http://second;")
--- client
my @m = Webhook::custom("/in", "body", "POST:acme:%s:body");

is Webhook::answer(@m), "200 -", "a webhook";

my $came = came();

is_deeply [field($came, "X-Sig")], [], "its signature is gone";
is_deeply [field($came, "X-Tenant")], ["acme"], "what it covered stays";
is scalar(field($came, "X-Time")), 1, "its time, too";
main::by_us($came, "webhook");



=== TEST 3: an upload in aws-chunked becomes a plain one
--- config
    sign on;
    sign_explain on;
    sign_aws_chunked decode;
    client_body_buffer_size 4k;

    location /v4/ {
        sign_upstream sigv4 key=out region=eu-central-1 service=s3;
        proxy_pass http://second;
    }

    location /rfc/ {
        sign_upstream rfc9421 key=out;
        proxy_pass http://second;
    }
--- client
for my $place ("/v4/a", "/rfc/a") {
    for my $size (1, 3000, 65536) {
        my @chunks = ("x" x $size, "y" x 10);
        my ($lines, $body) = SigV4::chunked(target => $place,
                                            chunks => \@chunks);
        my $r = main::answer("PUT", $place, $lines, $body);

        is $r->{status}, 200, "$place $size" or diag $r->{body};

        my $came = came();
        my $plain = join "", @chunks;

        ok $came->{text} =~ /\r\n\r\n\Q$plain\E\z/, "the payload alone";
        is_deeply [field($came, "Content-Length")], [length $plain],
                  "its length";
        is_deeply [field($came, $_)], [], "no $_"
            for "Content-Encoding", "X-Amz-Decoded-Content-Length",
                "X-Amz-Trailer";

        like join("", field($came, $place =~ /v4/ ? "Authorization"
                                                  : "Signature-Input")),
             qr{(?:Credential=|keyid=")out}, "signed by us";
        unlike $came->{head}, qr/STREAMING|=AK1|"AK1"/, "not by the client";
    }

    my ($lines, $body) = SigV4::chunked(target => $place,
                                        chunks => ["abc", "def"]);
    $body =~ s/\r\ndef\r\n/\r\ndeF\r\n/ or die "no such chunk\n";

    isnt main::answer("PUT", $place, $lines, $body)->{status}, 200,
         "$place: a chunk is changed";
    ok nothing_came(), "nothing was sent";
}



=== TEST 4: a name that is resolved at run time
--- config eval
<<"_EOC_"
    resolver 127.0.0.1:$::dns ipv6=off;
    resolver_timeout 3s;
    sign_upstream rfc9421 key=out;

    location / {
        set \$name backend.example;
        proxy_pass http://\$name:@{[Outward::second()]}\$request_uri;
    }
_EOC_
--- client
for my $body (undef, "small", "x" x 100000) {
    my $r = main::answer($body ? "POST" : "GET", "/a%2f?b", undef, $body);

    is $r->{status}, 200, "answered";
    is $r->{field}{"x-second"}, "verified rfc9421 out", "verified";

    my $came = came();

    is $came->{target}, "/a%2f?b", "the target";
    like join("", field($came, "Host")), qr/^backend\.example/, "the name";
    main::by_us($came, "resolved");
}



=== TEST 5: a WebSocket
--- http_more eval
<<"_EOC_"
    map \$http_upgrade \$connection_too {
        default upgrade;
    }

    server {
        listen 127.0.0.1:@{[Outward::second()]};
        sign on;

        location / {
            proxy_http_version 1.1;
            proxy_set_header Upgrade \$http_upgrade;
            proxy_set_header Connection \$connection_too;
            proxy_set_header X-By "\$sign_status \$sign_key_id";
            proxy_pass http://127.0.0.1:$::ws;
        }
    }
_EOC_
--- config eval
<<"_EOC_"
    sign_upstream rfc9421 key=out;
    sign_response on;
    sign_response_key out-ed25519;

    location / {
        proxy_http_version 1.1;
        proxy_set_header Upgrade \$http_upgrade;
        proxy_set_header Connection "upgrade";
        proxy_pass http://127.0.0.1:@{[Outward::second()]};
    }
_EOC_
--- client
my $s = Hostile::open_to(port());

Hostile::send_bytes($s, "GET /ws HTTP/1.1\r\nHost: localhost\r\n"
    . "Upgrade: websocket\r\nConnection: Upgrade\r\n"
    . "Sec-WebSocket-Key: YWJjZGVmZ2hpamtsbW5vcA==\r\n\r\n");

my $text = Hostile::read_for($s, 5, qr/from the application/);

like $text, qr{^HTTP/1\.1 101 .*\r\n\r\nfrom the application\z}s, "upgraded";
unlike $text, qr/^Signature:/mi, "101 is not signed";

Hostile::send_bytes($s, "from the client");

my ($came) = Hostile::recorded($::ws, undef,
                               sub { $_[0] =~ /from the client\z/ });

like $came, qr/\r\nX-By: verified out\r\n/, "verified";
like $came, qr/\r\n\r\nfrom the client\z/, "both ways";



=== TEST 6: sign_mode observe
--- config
    sign on;
    sign_mode observe;
    sign_upstream rfc9421 key=out;
    sign_response on;
    add_header X-First "$sign_status $sign_error" always;

    location / {
        proxy_pass http://second;
    }

    location /key/ {
        sign_response_key out-ed25519;
        proxy_pass http://second;
    }
--- client
my %sent = (none => [undef, "none sign/missing", 0],
            good => [sub { rfc9421(target => $_[0]) }, "verified ", 1],
            bad => [sub { rfc9421(target => "/other") },
                    "refused sign/invalid", 0]);

for my $what (sort keys %sent) {
    my ($lines, $status, $signed) = @{$sent{$what}};

    for my $target ("/a", "/key/a") {
        my $r = main::answer("GET", $target, $lines && $lines->($target));

        is $r->{status}, 200, "$what $target";
        is $r->{field}{"x-first"}, $status, "observed";
        is $r->{field}{"x-second"}, "verified rfc9421 out", "signed by us";
        main::by_us(came(), $what);

        my $input = $r->{field}{"signature-input"} // "";

        if ($target eq "/key/a") {
            like $input, qr/keyid="out-ed25519"/, "the answer, too";
        } elsif ($signed) {
            like $input, qr/keyid="AK1"/, "the answer by its key";
        } else {
            is $input, "", "no answer by a key that did not verify";
        }
    }
}



=== TEST 7: two types are the client's fault
--- config
    location / {
        sign_upstream rfc9421 key=out;
        proxy_pass http://second;
    }

    location /v4/ {
        sign_upstream sigv4 key=out region=r service=s3;
        proxy_pass http://second;
    }
--- client
for my $target ("/a", "/v4/a") {
    is main::answer("POST", $target, "Content-Type: a\ncontent-type: b", "c")
       ->{status}, 400, $target;
    ok nothing_came(), "nothing was sent";

    is main::answer("POST", $target, "Content-Type: a", "c")->{status}, 200,
       "one is fine";
    came();
}
--- error_log
client sent "Content-Type" twice



=== TEST 8: a warning where bodies are not signed
--- config
    location / {
        sign_upstream rfc9421 key=out insecure_unsigned_body;
        proxy_pass http://second;
    }
--- request
GET /
--- client
came();
--- error_log
"insecure_unsigned_body" is set in "sign_upstream": who sees a request on its way to the application may change its body



=== TEST 9: no answer goes out unsigned where it cannot be signed
--- config
    sign_response on;
    sign_response_key out-off;

    location / {
        alias $TEST_NGINX_HTML_DIR/;
    }

    location /moved {
        return 302 /a;
    }

    location /denied {
        deny all;
    }

    location /page {
        error_page 500 = /postern.json;
        alias $TEST_NGINX_HTML_DIR/;
    }
--- client
for (["/postern.json", 500], ["/none", 404], ["/moved", 500], ["/denied", 403],
     ["/page/postern.json", 500])
{
    my ($target, $status) = @$_;
    my $r = main::answer("GET", $target);

    is $r->{status}, $status, $target;
    ok !$r->{field}{signature}, "no signature";
    unlike $r->{body}, qr/"keys"/, "nothing of the answer";
    is length $r->{body}, $r->{field}{"content-length"}, "all of the error";
}
--- error_code: 500
--- error_log
the key "out-off" cannot sign: sign/key-disabled
the response of status 200 is not sent, as it cannot be signed
the response of status 302 is not sent, as it cannot be signed



=== TEST 10: nor where its fields cannot be
--- http_more
--- config
    sign_response on;
    sign_response_key out-ed25519;

    location / {
        default_type "text/é";
        alias $TEST_NGINX_HTML_DIR/;
        types { }
    }

    location /large/ {
        default_type "text/é";
        types { }
        sign_response_buffer 10;
        alias $TEST_NGINX_HTML_DIR/;
    }
--- client
for my $target ("/postern.json", "/large/postern.json") {
    my $r = main::answer("GET", $target);

    is $r->{status}, 500, $target;
    unlike $r->{body}, qr/"keys"/, "nothing of the answer";
    like $r->{field}{"signature-input"}, qr/keyid="out-ed25519"/,
         "the error itself is signed";
}
--- error_log
the response cannot be signed
