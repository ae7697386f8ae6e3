# sign_upstream where bodies are not what they were: what is signed is what is
# sent, or nothing is sent.

use lib 't/lib';
use Hostile ();
use Outward;
use Postern;
use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value("http_more", Outward::behind());
    $block->set_value("user_files", ">>> postern.json\n"
                                    . directory(Outward::keys()));
    Postern::defaults($block);
});
add_response_body_check(\&Postern::client);

$ENV{TEST_NGINX_MODULES} = "/usr/lib/nginx/modules";

Hostile::recorder(Outward::app());

sub answer {
    my ($method, $target, $lines, $body) = @_;

    return http(raw_request($method, $target, $lines, $body));
}

sub body { return $_[0]{text} =~ s/^.*?\r\n\r\n//sr }

no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: the body of a subrequest is its own
--- main_config
    load_module $TEST_NGINX_MODULES/ndk_http_module.so;
    load_module $TEST_NGINX_MODULES/ngx_http_lua_module.so;
--- config
    sign_upstream rfc9421 key=out;

    location / {
        error_page 502 = @again;
        proxy_pass http://127.0.0.1:1;
    }

    location @again {
        content_by_lua_block {
            local r = ngx.location.capture("/other",
                { method = ngx.HTTP_POST, body = "another body" })
            ngx.status = r.status
            ngx.print(r.header["X-Second"])
        }
    }

    location /other {
        internal;
        proxy_pass http://second;
    }
--- client
is main::answer("POST", "/first", undef, "the body")->{status}, 200,
   "verified by its own digest";

my $came = came();
is main::body($came), "another body", "what was sent";
is_deeply [field($came, "Content-Digest")], [content_digest("another body")],
          "is what was signed";



=== TEST 2: so is one that was replaced after an internal redirect
--- main_config
    load_module $TEST_NGINX_MODULES/ndk_http_module.so;
    load_module $TEST_NGINX_MODULES/ngx_http_lua_module.so;
--- config
    sign_upstream rfc9421 key=out;
    client_body_buffer_size 1k;

    location / {
        error_page 502 = @again;
        proxy_pass http://127.0.0.1:1;
    }

    location @again {
        rewrite_by_lua_block { ngx.req.set_body_data("another body") }
        proxy_pass http://second;
    }
--- client
for my $body ("another???!!", "z" x 100000) {
    is main::answer("POST", "/first", undef, $body)->{status}, 200,
       "verified by its own digest";

    my $came = came();
    is main::body($came), "another body", "what was sent";
    is_deeply [field($came, "Content-Digest")],
              [content_digest("another body")], "is what was signed";
}



=== TEST 3: a body whose end has not come is not passed off as a whole one
--- config
    sign_upstream rfc9421 key=out;

    location / {
        sign_upstream rfc9421 key=out insecure_unsigned_body;
        proxy_http_version 1.1;
        proxy_request_buffering off;
        error_page 502 = @again;
        proxy_pass http://127.0.0.1:1;
    }

    location @again {
        proxy_http_version 1.1;
        proxy_pass http://second;
    }
--- client
for my $length ("Content-Length: 8\r\n\r\nhalf",
                "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n")
{
    my $s = Hostile::open_to(port());

    Hostile::send_bytes($s, "POST /a HTTP/1.1\r\nHost: localhost\r\n"
                            . "Connection: close\r\n$length");

    like Hostile::read_for($s, 5), qr{^HTTP/1\.1 500}, "refused";
}

ok nothing_came(), "nothing was sent";
--- error_log
its end has not come



=== TEST 4: what says who a client is comes from nobody else
--- config
    sign_upstream rfc9421 key=out;

    location / {
        proxy_pass http://second;
    }
--- client
is main::answer("GET", "/a", "Postern-Subject: admin\nPOSTERN_ROLES: admin")
       ->{status}, 200, "answered";

my $came = came();
unlike $came->{text}, qr{postern.subject: admin}i, "not so";
unlike join("", field($came, "Signature-Input")), qr{postern}, "nor signed";
