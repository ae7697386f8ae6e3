# sign_upstream and sign_response: what nginx -t says, and the ways requests
# come in and go out beside plain HTTP/1.1.

use lib 't/lib';
use File::Temp ();
use Hostile ();
use Http2;
use Outward;
use Postern;
use Test::Nginx::Socket 'no_plan';

my $pem = File::Temp->new(SUFFIX => ".pem");

system("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
       . " -subj /CN=second -days 1 -keyout $pem.key -out $pem 2>/dev/null");

our $tls = "$pem";

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value("http_more", Outward::behind())
        if !defined $block->http_more;

    $block->set_value("user_files", ">>> postern.json\n"
                                    . directory(Outward::keys()))
        if !defined $block->user_files;
    Postern::defaults($block);
});
add_response_body_check(\&Postern::client);

Hostile::recorder(Outward::app());

sub answer {
    my ($method, $target, $lines, $body) = @_;

    return http(raw_request($method, $target, $lines, $body));
}

no_root_location();
no_shuffle();
run_tests();

unlink "$pem.key";

__DATA__

=== TEST 1: sign_upstream wants a scheme
--- config
    sign_upstream cavage key=out;
--- must_die
--- error_log
unknown scheme "cavage" in "sign_upstream": "rfc9421", "sigv4" and "off" are known



=== TEST 2: and a key
--- config
    sign_upstream rfc9421 tag=a;
--- must_die
--- error_log
"sign_upstream" directive needs "key="



=== TEST 3: sigv4 wants region and service
--- config
    sign_upstream sigv4 key=out region=r;
--- must_die
--- error_log
needs "region=" and "service=" with "sigv4"



=== TEST 4: which rfc9421 does not know
--- config
    sign_upstream rfc9421 key=out region=r;
--- must_die
--- error_log
unknown parameter "region=r" in "sign_upstream"



=== TEST 5: nothing twice
--- config
    sign_upstream rfc9421 key=out key=b;
--- must_die
--- error_log
duplicate parameter "key=b" in "sign_upstream"



=== TEST 6: no text that would end a string
--- config
    sign_upstream rfc9421 'key=a"b';
--- must_die
--- error_log
invalid value of "key=a"b" in "sign_upstream"



=== TEST 7: no field that changes on the way
--- config
    sign_upstream rfc9421 key=out field=Connection;
--- must_die
--- error_log
"connection" in "sign_upstream" is no header field that can be covered in this way



=== TEST 8: off is off
--- config
    sign_upstream off key=out;
--- must_die
--- error_log
takes nothing behind "off"



=== TEST 9: once
--- config
    sign_upstream off;
    sign_upstream off;
--- must_die
--- error_log
"sign_upstream" directive is duplicate



=== TEST 10: a directory is needed
--- http_config
--- config
    sign_upstream rfc9421 key=out;
--- must_die
--- error_log
"sign_upstream" needs "postern_directory"



=== TEST 11: for answers as well
--- http_config
--- config
    sign_response on;
    sign_response_key out;
--- must_die
--- error_log
"sign_response on" needs "postern_directory"



=== TEST 12: what is not proxy_pass
--- config
    sign_upstream rfc9421 key=out;

    location / {
        fastcgi_pass 127.0.0.1:1;
    }
--- must_die
--- error_log
"sign_upstream" signs requests of "proxy_pass", not of "fastcgi_pass": set "sign_upstream off" in this location



=== TEST 13: nor with a variable
--- config
    location / {
        set $to 127.0.0.1:1;
        sign_upstream rfc9421 key=out;
        uwsgi_pass $to;
    }
--- must_die
--- error_log
not of "uwsgi_pass"



=== TEST 14: turned off it may be anything
--- config
    sign_upstream rfc9421 key=out;

    location /scgi {
        sign_upstream off;
        scgi_pass 127.0.0.1:1;
    }

    location / {
        return 200 "fine\n";
    }
--- request
GET /
--- response_body
fine



=== TEST 15: a warning where buffering is off in vain
--- config
    location / {
        sign_upstream rfc9421 key=out;
        proxy_request_buffering off;
        proxy_pass http://second;
    }
--- request eval
"POST /a\nbody"
--- error_code: 200
--- client
came();
--- error_log
"proxy_request_buffering off" has no effect with "sign_upstream"



=== TEST 16: a response key has no quotes
--- config
    sign_response_key 'a"b';
--- must_die
--- error_log
invalid key "a"b" in "sign_response_key"



=== TEST 17: nor its tag
--- config
    sign_response_key a label=b;
--- must_die
--- error_log
invalid parameter "label=b" in "sign_response_key"



=== TEST 18: memory has bounds
--- config
    sign_response_buffer 17m;
--- must_die
--- error_log
"sign_response_buffer" is held in memory for each response: at most 16m



=== TEST 19: HTTP/2 in, with bodies in many frames
--- config eval
my $h2 = Postern::port() + 4;
<<"_EOC_"
    listen 127.0.0.1:$h2 http2;
    sign_upstream rfc9421 key=out;

    location / {
        proxy_pass http://second;
        proxy_set_header Host \$http_host;
    }
_EOC_
--- client
my $c = Http2->new(port => port() + 4);

for my $n (0, 1, 5) {
    my $id = $c->open("POST", "/h2/%2f?a", [], end => 0,
                      authority => "localhost");
    $c->data($id, "x" x 10000) for 1 .. $n;
    $c->data($id, "", end => 1);

    is $c->answer($id)->{status}, 200, "$n frames";

    my $came = came();

    is $came->{target}, "/h2/%2f?a", "the target";
    is length($came->{text} =~ s/^.*?\r\n\r\n//sr), 10000 * $n, "the body";
}



=== TEST 20: TLS out, where the default port is another
--- http_more eval
<<"_EOC_"
    server {
        listen 127.0.0.1:@{[Outward::second()]} ssl;
        ssl_certificate $::tls;
        ssl_certificate_key $::tls.key;
        sign on;
        sign_explain on;

        location / {
            proxy_pass http://127.0.0.1:@{[Outward::app()]};
        }
    }
_EOC_
--- config eval
<<"_EOC_"
    sign_upstream rfc9421 key=out;

    location / {
        proxy_set_header Host example.com:443;
        proxy_ssl_session_reuse off;    # the last one is never freed
        proxy_pass https://127.0.0.1:@{[Outward::second()]};
    }
_EOC_
--- client
is main::answer("GET", "/tls")->{status}, 200, "verified";
like came()->{head}, qr{keyid="out"}, "signed by us";



=== TEST 21: an upgrade
--- config
    sign_upstream rfc9421 key=out;

    location / {
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection "upgrade";
        proxy_pass http://second;
    }
--- client
is main::answer("GET", "/ws", "Upgrade: websocket\nSec-WebSocket-Key: a")
   ->{status}, 200, "verified";
like came()->{head}, qr{keyid="out"}, "signed by us";



=== TEST 22: subrequests are requests
--- config
    location / {
        auth_request /auth;
        mirror /mirror;
        sign_upstream rfc9421 key=out;
        proxy_pass http://second;
    }

    location = /auth {
        internal;
        sign_upstream rfc9421 key=out-ed25519;
        proxy_pass_request_body off;
        proxy_set_header Content-Length "";
        proxy_pass http://second;
    }

    location = /mirror {
        internal;
        sign_upstream rfc9421 key=out-p256;
        proxy_pass http://second$request_uri;
    }
--- client
is main::answer("POST", "/main", undef, "body" x 10000)->{status}, 200,
   "answered";

# the mirror is nobody's to wait for
my @requests = map { Hostile::parse_requests($_) }
               Hostile::recorded(Outward::app(), undef,
                                 sub { (() = $_[0] =~ /^signature:/mgi) == 3 });
my %by = map { (join "", field($_, "Signature-Input"))
               =~ /keyid="([^"]+)"/ => $_ } @requests;

is join(" ", sort keys %by), "out out-ed25519 out-p256", "three were verified";
like $by{"out-ed25519"}{text}, qr{\r\n\r\n\z}, "one without the body";
is length($by{$_}{text} =~ s/^.*?\r\n\r\n//sr), 40000, "$_ with it"
    for qw(out out-p256);



=== TEST 23: what another module read before us
--- config
    sign on;
    sign_upstream rfc9421 key=out;
    client_body_buffer_size 1k;

    location / {
        error_page 502 = /again;
        proxy_pass http://127.0.0.1:1;
    }

    location /again {
        proxy_method POST;
        proxy_pass http://second;
    }
--- client
for my $body ("y", "y" x 100000) {
    my $r = main::answer("POST", "/first", sigv4(method => "POST",
                target => "/first", body => $body, hash => undef,
                headers => [["x-id", length $body]]), $body);

    is $r->{status}, 200, "answered";

    my $came = came();

    is length($came->{text} =~ s/^.*?\r\n\r\n//sr), length $body, "the body";
    is_deeply [field($came, "Content-Digest")], [content_digest($body)],
              "its digest";
}



=== TEST 24: changed on the way, it is refused
--- http_more eval
Outward::behind() . <<"_EOC_"
    server {
        listen 127.0.0.1:@{[Postern::port() + 4]};

        location / {
            proxy_pass http://second;
            proxy_set_header Host \$http_host;
        }
        location /method {
            proxy_method PUT;
            proxy_set_header Host \$http_host;
            proxy_pass http://second;
        }
        location /path {
            proxy_set_header Host \$http_host;
            proxy_pass http://second/other;
        }
        location /host {
            proxy_set_header Host other;
            proxy_pass http://second;
        }
        location /type {
            proxy_set_header Host \$http_host;
            proxy_set_header Content-Type other;
            proxy_pass http://second;
        }
        location /body {
            proxy_set_header Host \$http_host;
            proxy_set_body "Body";
            proxy_pass http://second;
        }
    }
_EOC_
--- config eval
<<"_EOC_"
    sign_upstream rfc9421 key=out;

    location / {
        proxy_set_header Host \$http_host;
        proxy_pass http://127.0.0.1:@{[Postern::port() + 4]};
    }

    location /v4/ {
        sign_upstream sigv4 key=out region=r service=s3;
        proxy_set_header Host \$http_host;
        proxy_pass http://127.0.0.1:@{[Postern::port() + 4]}/;
    }
_EOC_
--- client
for my $prefix ("", "/v4") {
    is main::answer("POST", "$prefix/as", "Content-Type: a", "body")->{status},
       200, "as it was";
    came();

    for my $what (qw(method path host type)) {
        is main::answer("POST", "$prefix/$what", "Content-Type: a", "body")
           ->{status}, 401, "$prefix $what";
    }

    is main::answer("POST", "$prefix/body", "Content-Type: a", "body")
       ->{status}, 400, "$prefix body";
}

ok nothing_came(), "nothing came through";
