# Where nginx takes a request from one place to another in the middle of its
# way: what was verified, and what was not yet, goes with it.

use lib 't/lib';
use Postern;
use IO::Socket::INET;
use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(\&Postern::defaults);
add_response_body_check(\&Postern::client);

# what the application was asked, of what else there is to connect to
our $reached = "connect to 127.0.0.1:" . (port() + 1);

our $files = ">>> postern.json\n" . directory() . ">>> f.txt\n0123456789\n";

# the first parts of a request, each by itself, and what is answered
sub parts {
    my (@parts) = @_;
    my $c = IO::Socket::INET->new(PeerAddr => "127.0.0.1", Timeout => 10,
                                  PeerPort => port())
        or die "connect: $!\n";

    for my $part (@parts) {
        $c->syswrite($part);
        select undef, undef, undef, 0.2;
    }

    return join "", <$c>;
}

# the head of a request whose body comes in chunks
sub head {
    my ($target, %o) = @_;
    my $lines = rfc9421(method => "POST", target => $target, body => "hello",
                        %o);

    return raw_request("POST", $target,
                       "$lines\nTransfer-Encoding: chunked");
}

no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: an answer that a filter takes back does not forget who asked
--- user_files eval: $::files
--- config
    sign on;

    location / {
        root html;
        add_header X-Sign "[$sign_status $sign_key_id $postern_subject]" always;
    }
--- request eval
["GET /f.txt", "GET /f.txt", "GET /f.txt"]
--- more_headers eval
[Postern::rfc9421(target => "/f.txt", nonce => "f1"),
 "If-Match: \"none\"\n" . Postern::rfc9421(target => "/f.txt", nonce => "f2"),
 "Range: bytes=100-\n" . Postern::rfc9421(target => "/f.txt", nonce => "f3")]
--- error_code eval
[200, 412, 416]
--- response_headers_like eval
[('X-Sign: .*\[verified AK1 alice\]') x 3]



=== TEST 2: nor does the record of it
--- http_more
    audit_file logs/audit.jsonl;
--- user_files eval: $::files
--- config
    sign on;
    audit on;

    location / {
        root html;
    }
--- client
for (["If-Match: \"none\"\n", 412], ["Range: bytes=100-\n", 416]) {
    my ($line, $status) = @$_;

    is http(raw_request("GET", "/f.txt", $line
            . rfc9421(target => "/f.txt", nonce => $status)))->{status},
       $status, "$status";
}

my @found;

for (1 .. 250) {
    open my $in, "<", Test::Nginx::Util::server_root() . "/logs/audit.jsonl";
    @found = grep { ($_->{status} // 0) > 400 } map { json($_) } <$in>;
    last if @found == 2;
    select undef, undef, undef, 0.02;
}

is join(" ", map { "$_->{status} " . ($_->{identity}{subject} // "nobody") }
             @found),
   "412 alice 416 alice", "who it was";



=== TEST 3: a body that breaks off is not passed off as a whole one
--- config
    sign on;
    sign_explain on;

    location / {
        client_max_body_size 100;
        error_page 400 413 = @again;
        proxy_pass http://app;
    }

    location @again {
        client_max_body_size 0;
        proxy_pass http://app;
    }
--- client
like main::parts(main::head("/a", nonce => "b1") . "5\r\nevil!\r\n", "fff\r\nx"),
     qr{^HTTP/1.1 400.*"sign/digest"}s, "by one chunk that is too long";
like main::parts(main::head("/b", nonce => "b2") . "5\r\nevil!\r\n", "zz\r\n"),
     qr{^HTTP/1.1 400.*"sign/digest"}s, "by one that is none";
--- grep_error_log eval: $::reached
--- grep_error_log_out



=== TEST 4: nor is one of which another application had the beginning
--- config
    sign on;
    sign_explain on;

    location / {
        proxy_request_buffering off;
        proxy_http_version 1.1;
        error_page 502 = @again;
        proxy_pass http://127.0.0.1:1;
    }

    location @again {
        proxy_http_version 1.1;
        scgi_pass app;
    }
--- client
like main::parts(main::head("/a") . "5\r\nevil!\r\n"),
     qr{^HTTP/1.1 400.*"sign/digest"}s, "refused";
--- grep_error_log eval: $::reached
--- grep_error_log_out



=== TEST 5: a body that nobody has read yet is read, and checked, there
--- config
    sign on;
    sign_explain on;

    location / {
        try_files /none @again;
    }

    location @again {
        proxy_pass http://app;
    }
--- client
like main::parts(main::head("/a", nonce => "n1") . "5\r\nevil!\r\n",
                 "0\r\n\r\n"),
     qr{^HTTP/1.1 400.*"sign/digest"}s, "another";
like main::parts(main::head("/a", nonce => "n2") . "5\r\nhello\r\n",
                 "0\r\n\r\n"),
     qr{^HTTP/1.1 200}, "the one that was signed";



=== TEST 6: an observing location does not let anybody in by itself
--- config
    location / {
        satisfy any;
        deny all;
        sign on;
        sign_mode observe;
        proxy_pass http://app;
    }

    location /hop {
        sign on;
        try_files /none /observed;
    }

    location /observed {
        satisfy any;
        deny all;
        sign on;
        sign_mode observe;
        proxy_pass http://app;
    }
--- client
my $lines = rfc9421(method => "POST", target => "/a", body => "hello");

is http(raw_request("POST", "/a", $lines, "jello"))->{status}, 403,
   "with another body";
is http(raw_request("GET", "/b", rfc9421(target => "/b")))->{status}, 403,
   "nor with the right signature";
is http(raw_request("GET", "/hop", rfc9421(target => "/hop")))->{status}, 403,
   "nor one that was verified elsewhere";
--- grep_error_log eval: $::reached
--- grep_error_log_out



=== TEST 7: a time is looked at where there is something to judge
A preflight goes on unjudged; what it is judged by behind a redirect is the
time of then.
--- http_more
    limit_req_zone $server_name zone=slow:256k rate=20r/m;
--- config
    sign on;
    sign_explain on;

    location = /prime {
        sign off;
        limit_req zone=slow burst=5;
        root html;
    }

    location / {
        sign_schemes cavage;
        sign_insecure_preflight on;
        try_files /none @later;
    }

    location @later {
        sign_schemes rfc9421;
        sign_window 2s skew=0s;
        limit_req zone=slow burst=5;
        proxy_pass http://app;
    }
--- client
http(raw_request("GET", "/prime"));

my $lines = rfc9421(method => "OPTIONS", target => "/a");
my $r = http(raw_request("OPTIONS", "/a", "Origin: https://a.example\n"
                         . "Access-Control-Request-Method: PUT\n$lines"));

like "$r->{status} $r->{body}", qr{^401 .*"sign/expired"}, "three seconds later";



=== TEST 8: there is no way into a guarded place that is not guarded
--- user_files eval
$::files . ">>> sub/index.html\nindex\n"
--- config
    sign on;
    root html;
    error_page 404 = @named;

    location / {
        location /nested/ {
            proxy_pass http://app;
        }
    }

    location ~ ^/regex/(.*) {
        proxy_pass http://app/$1;
    }

    location /if {
        if ($request_method = GET) {
            set $x 1;
            add_header X-If 1;
        }

        if ($arg_to) {
            proxy_pass http://app;
        }

        proxy_pass http://app;
    }

    location /except {
        limit_except GET {
            allow all;
        }

        proxy_pass http://app;
    }

    location /rewritten {
        sign off;
        rewrite ^ /nested/a last;
    }

    location /tried {
        sign off;
        try_files /none /regex/a;
    }

    location /sub/ {
        sign off;
    }

    location = /sub/index.html {
        sign on;
    }

    location /lost {
        sign off;
    }

    location /accel {
        sign off;
        proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/made;
    }

    location /made {
        sign off;
        add_header X-Accel-Redirect /nested/a;
        root html;
        try_files /f.txt =500;
    }

    location @named {
        proxy_pass http://app;
    }
--- client
my @targets = qw(/ /f.txt /nested/a /regex/a /if /if?to=1 /except /rewritten
                 /tried /sub/ /lost /accel /none);

for my $target (@targets) {
    for my $method ("GET", "POST") {
        next if $method eq "POST" && $target =~ m{^/(?:accel|lost)$};

        my $lines = rfc9421(method => $method, target => $target,
                            nonce => "$method $target");
        my $r = http(raw_request($method, $target));
        is $r->{status}, 401, "$method $target without a signature";

        $r = http(raw_request($method, $target, $lines));
        unlike $r->{status}, qr/^401$/, "$method $target with one";
    }
}



=== TEST 9: what is no request comes to error_page without a head
--- config
    error_page 400 405 414 494 505 = /wrong;
    large_client_header_buffers 2 1k;
    client_header_buffer_size 1k;

    location / {
        sign on;
        proxy_pass http://app;
    }

    location = /wrong {
        sign on;
        sign_response on;
        sign_response_key AK1;
        sign_upstream rfc9421 key=AK1;
        postern_identity_headers on;
        proxy_pass http://app;
    }
--- client
for my $text ("\x16\x03\x01\x02", "GARBAGE", "GET", "GET /\x01 HTTP/1.1",
              "GET / HTTP/9.9", "GET / HTTP/1.1\r\nHost: a\r\nHost: b",
              "GET / HTTP/1.1\r\nX: " . "y" x 2000,
              "GET /" . "y" x 2000 . " HTTP/1.1",
              "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n"
              . "Transfer-Encoding: chunked")
{
    like main::parts("$text\r\n\r\n"), qr/\A(?:|HTTP\S+ [45]\d\d .*)\z/s,
         "no way in by " . substr $text =~ s/[^ -~]+/?/gr, 0, 20;
}

is http(raw_request("GET", "/a", rfc9421(target => "/a")))->{status}, 200,
   "nginx is there";
--- grep_error_log eval: $::reached
--- grep_error_log_out eval: "$::reached\n"
--- no_error_log
[alert]



=== TEST 10: the error that broke a body off is the answer
--- user_files eval: $::files
--- config
    sign on;
    error_page 400 413 502 /f.txt;

    location / {
        client_max_body_size 100;
        proxy_pass http://app;
    }

    location /stream {
        proxy_request_buffering off;
        proxy_http_version 1.1;
        proxy_pass http://127.0.0.1:1;
    }

    location = /f.txt {
        root html;
    }
--- client
like main::parts(main::head("/a") . "5\r\nhello\r\n", "fff\r\nx"),
     qr{^HTTP/1.1 413}, "too large";
like main::parts(main::head("/stream") . "5\r\nhello\r\n"),
     qr{^HTTP/1.1 502}, "no upstream";
--- grep_error_log eval: $::reached
--- grep_error_log_out
