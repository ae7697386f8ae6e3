# What a client can smuggle past the guard.  Every request goes to a guarded
# location whose application is a recorder, on connections that nginx keeps
# open: what reaches it are whole requests in the one form that nothing reads
# in two ways, and only those that were let through.

use v5.32;
use warnings;
use lib ($ENV{POSTERN_TOP} // ".") . "/t/lib";

use Hostile;
use Postern qw(rfc9421 sigv4 content_digest directory);
use PosternStore;
use Test::More;
use Time::HiRes qw(sleep);

my ($h1, $h2, $app, $fcgi, $uwsgi, $scgi) = map { port($_) } 4 .. 9;
my $dir = dir();

recorder($app);
recorder($_, "") for $fcgi, $uwsgi, $scgi;

open my $out, ">", "$dir/postern.json" or die;
print $out directory();
close $out;

nginx(0, <<"EOD", "worker_processes 1;");
    postern_zone 4m;
    postern_directory $dir/postern.json;
    postern_identity_headers on;
    audit_file $dir/audit.jsonl;
    audit_flush 20ms;
    audit on;

    # as lenient as an operator can make nginx
    underscores_in_headers on;
    ignore_invalid_headers off;
    merge_slashes off;

    map \$http_upgrade \$hop { default \$http_connection; }

    upstream app { server 127.0.0.1:$app; keepalive 4; }

    server {
        listen 127.0.0.1:$h1;
        listen 127.0.0.1:$h2 http2;
        client_header_timeout 2s;
        client_body_timeout 2s;
        proxy_read_timeout 2s;
        fastcgi_read_timeout 1s;
        uwsgi_read_timeout 1s;
        scgi_read_timeout 1s;
        proxy_http_version 1.1;
        proxy_set_header Connection "";

        location /s/ { sign on; sign_explain on; proxy_pass http://app; }
        location /hop/ {
            sign on;
            sign_explain on;
            proxy_set_header Connection \$hop;
            proxy_pass http://app;
        }
        location /open/ { proxy_pass http://app; }
        location /evil { proxy_pass http://app; }
        location /fcgi/ {
            sign on;
            fastcgi_pass 127.0.0.1:$fcgi;
            fastcgi_param REQUEST_METHOD \$request_method;
        }
        location /uwsgi/ { sign on; uwsgi_pass 127.0.0.1:$uwsgi; }
        location /scgi/ { sign on; scgi_pass 127.0.0.1:$scgi; }
    }
EOD

my ($worker) = workers(0);
my $secret = "GET /evil HTTP/1.1\r\nHost: localhost\r\n\r\n";
my $n = 0;

# the lines of a signed request, its body in place of BODY's

sub signed {
    my (%r) = @_;

    return rfc9421(nonce => "n" . $n++ . "-$$", target => "/s/x", %r)
           =~ s/\n/\r\n/gr . "\r\n";
}

sub asks {
    my ($line, $lines, $body) = @_;

    return "$line\r\nHost: localhost\r\n$lines\r\n" . ($body // "");
}

# What arrived at the application are requests in one form: CRLF, no field
# twice that frames them, nothing that a client says in Postern's name.

sub sound {
    my ($name, @texts) = @_;
    my @requests = eval { map { parse_requests($_) } @texts };

    is($@, "", "$name: whole requests reach the application");

    for my $r (@requests) {
        my %count;

        $count{lc $_->[0] =~ tr/_/-/r}++ for @{$r->{fields}};

        my @bad = grep { ($count{$_} // 0) > 1 }
                  qw(host content-length transfer-encoding postern-subject
                     postern-org postern-roles);

        push @bad, "lengths" if $count{"content-length"}
                                && $count{"transfer-encoding"};
        push @bad, "line ends" if $r->{head} =~ /[^\r]\n|\r[^\n]|\0/;
        push @bad, "mallory" if $r->{text} =~ /postern[^\n]*mallory/i;
        push @bad, "Postern in Connection"
            if $r->{head} =~ /^connection:[^\n]*postern/mi;

        is("@bad", "", "$name: in one form only");
    }

    return @requests;
}

# name, bytes, statuses, targets that reach the application, a pattern for
# what reached it

sub smuggle {
    my ($name, $bytes, $statuses, $targets, $like) = @_;
    my $answer = exchange($h1, $bytes, $statuses =~ /\.\.\./ ? 2.5 : 0.6);
    my @got = statuses($answer);

    $statuses =~ s/ ?\.\.\.//;
    like("@got", qr/\A(?:$statuses)\z/, "$name: status");

    my @texts = recorded($app, 0.05);
    my @requests = sound($name, @texts);

    like(join(" ", map { $_->{target} } @requests), qr{\A(?:$targets)\z},
         "$name: what the application gets");

    like(join("", @texts), $like, "$name: as it should be") if $like;
}


# framing

my $post = "POST /s/x HTTP/1.1";
my $body = "a=1&b=2";
my %body = (method => "POST", body => $body);

smuggle("a body with its length",
        asks($post, signed(%body) . "Content-Length: 7\r\n", $body),
        "200", "/s/x", qr/\r\n\r\n\Q$body\E\z/);

smuggle("a body in chunks is handed on with its length",
        asks($post, signed(%body) . "Transfer-Encoding: chunked\r\n",
             "3;x=y\r\na=1\r\n4\r\n&b=2\r\n0\r\n\r\n"),
        "200", "/s/x", qr/Content-Length: 7\r\n(?!.*Transfer-Encoding)/si);

smuggle("Transfer-Encoding and Content-Length",
        asks($post, signed(%body) . "Transfer-Encoding: chunked\r\n"
             . "Content-Length: 7\r\n", "0\r\n\r\n$secret"),
        "400", "");

smuggle("Content-Length and Transfer-Encoding",
        asks($post, signed(%body) . "Content-Length: 5\r\n"
             . "Transfer-Encoding: chunked\r\n", "0\r\n\r\n$secret"),
        "400", "");

for my $te ("xchunked", "chunked, chunked", "identity, chunked", "chunked\x0b",
            "\x0bchunked", "chunked;q=1", "gzip", "'chunked'")
{
    smuggle("Transfer-Encoding: " . $te =~ s/\x0b/\\v/r,
            asks($post, signed(%body) . "Transfer-Encoding: $te\r\n",
                 "7\r\n$body\r\n0\r\n\r\n$secret"),
            "400|501", "");
}

for my $length ("7, 7", "+7", "0x7", "-7", "7 7", "\x0b7", "", "7e0",
                "99999999999999999999", "7;")
{
    smuggle("Content-Length: " . $length =~ s/\x0b/\\v/r,
            asks($post, signed(%body) . "Content-Length: $length\r\n",
                 "$body$secret"),
            "400", "");
}

smuggle("Content-Length twice, alike",
        asks($post, signed(%body) . "Content-Length: 7\r\n" x 2,
             "$body$secret"), "400", "");
smuggle("Content-Length twice, unlike",
        asks($post, signed(%body) . "Content-Length: 7\r\n"
             . "Content-Length: 0\r\n", "$body$secret"), "400", "");

# with "_" they frame nothing in nginx, and an application may be of another
# mind: beside a field that it is one with, it is refused

smuggle("Content_Length beside Content-Length",
        asks($post, signed(%body) . "Content-Length: 7\r\n"
             . "Content_Length: 1\r\n", $body), "400", "");
smuggle("Transfer_Encoding beside Content-Length",
        asks($post, signed(%body) . "Transfer_Encoding: chunked\r\n"
             . "Content-Length: 7\r\n", $body), "400", "");
smuggle("Content_Length alone",
        asks($post, signed(method => "POST") . "Content_Length: 39\r\n"),
        "400", "");

my %chunks = (
    "size in hex with 0x" => "0x7\r\n$body\r\n0\r\n\r\n",
    "size of many digits" => "F" x 17 . "\r\n$body\r\n0\r\n\r\n",
    "negative size"       => "-7\r\n$body\r\n0\r\n\r\n",
    "no size"             => "\r\n$body\r\n0\r\n\r\n",
    "no line end behind"  => "7\r\n${body}0\r\n\r\n",
    "end too early"       => "3\r\na=1&b=2\r\n0\r\n\r\n",
);

smuggle("chunks: $_",
        asks($post, signed(%body) . "Transfer-Encoding: chunked\r\n",
             $chunks{$_} . $secret), "400.*", "")
    for sort keys %chunks;

smuggle("chunks: an end before the end",
        asks($post, signed(%body) . "Transfer-Encoding: chunked\r\n",
             "3\r\na=1\r\n0\r\n\r\n4\r\n&b=2\r\n0\r\n\r\n"),
        "400.*", "");

# what stands behind the last chunk is the next request in any reading; the
# extension of a chunk is nobody's

smuggle("chunks: an extension with a request in it",
        asks($post, signed(%body) . "Transfer-Encoding: chunked\r\n",
             "7;x=\"GET /evil HTTP/1.1\"\r\n$body\r\n0\r\n\r\n"),
        "200", "/s/x", qr/\r\n\r\n\Q$body\E\z/);

smuggle("chunks: an extension that ends its line with a bare CR",
        asks($post, signed(%body) . "Transfer-Encoding: chunked\r\n",
             "7;x=\r$body\r\n0\r\n\r\n$secret"), "400.*", "");

smuggle("trailers are dropped",
        asks($post, signed(%body) . "Transfer-Encoding: chunked\r\n"
             . "Trailer: Postern-Subject\r\n",
             "7\r\n$body\r\n0\r\nPostern-Subject: mallory\r\n"
             . "X-Trailer: mallory\r\nContent-Length: 100\r\n\r\n"),
        "200", "/s/x", qr/\A(?!.*X-Trailer)/si);


# a refused body is never read as a request, whole or cut short

for my $how (["Content-Length", "Content-Length: " . length($secret) . "\r\n",
              $secret],
             ["chunks", "Transfer-Encoding: chunked\r\n",
              sprintf("%x\r\n%s\r\n0\r\n\r\n", length $secret, $secret)])
{
    my ($name, $field, $sent) = @$how;

    smuggle("no signature, body by $name, and a request behind it",
            asks($post, $field, $sent) . asks("GET /open/y HTTP/1.1", ""),
            "401 200", "/open/y");

    smuggle("bad signature, body by $name, and a request behind it",
            asks($post, signed(method => "POST", body => $secret,
                               secret => "wrong" x 8) . $field, $sent)
            . asks("GET /open/y HTTP/1.1", ""), "401 200", "/open/y");

    smuggle("wrong digest, body by $name, and a request behind it",
            asks($post, signed(method => "POST", body => "something else")
                 . $field, $sent)
            . asks("GET /open/y HTTP/1.1", ""), "400(?: 200)?",
            "", undef);
}

smuggle("refused with a body that does not come: the rest is its body",
        asks($post, "Content-Length: " . length($secret) . "\r\n", $secret
             =~ s/.\z//sr), "401", "");

smuggle("Expect: 100-continue, refused before the body",
        asks($post, "Expect: 100-continue\r\nContent-Length: "
             . length($secret) . "\r\n"), "401", "");

smuggle("Expect: 100-continue, accepted",
        asks($post, signed(%body) . "Expect: 100-continue\r\n"
             . "Content-Length: 7\r\n", $body), "100 200|200", "/s/x");

smuggle("pipelined: good, replayed, good",
        do { my $one = asks("GET /s/x HTTP/1.1", signed());
             $one . $one . asks("GET /s/x HTTP/1.1", signed()) },
        "200 401 200", "/s/x /s/x");


# lines

my $get = "GET /s/x HTTP/1.1";

smuggle("bare line feeds are read, and written as they should be",
        asks($get, signed()) =~ s/\r\n/\n/gr, "200", "/s/x");

for my $line ("X-A: a\rX-B: b", "X-A: a\0b", "X\0A: a", "X-A : a", " X-A: a",
              "\tX-A: a", "X-A: a\r\n b",
              "X-A: a\r\n\tPostern-Subject: mallory", ": a", "X-A\x7f: a", "Host : other", "X-A\x01: a")
{
    smuggle("line: " . $line =~ s/([^ -~])/sprintf "\\x%02x", ord $1/ger,
            asks($get, signed() . "$line\r\n"), "400", "");
}

for my $line ("GET /s/x", "GET  /s/x HTTP/1.1", "GET /s/x  HTTP/1.1",
              "GET /s/x HTTP/1.1 ", "GET\t/s/x\tHTTP/1.1",
              "GET /s/x HTTP/1.1\r", "get /s/x HTTP/1.1", "GET s/x HTTP/1.1",
              "GET /s/x HTTP/2.0", "GET /s/x HTTP/1.10", "GET /s/x HTTP/01.1",
              "GET /s/x\0 HTTP/1.1", "G\0T /s/x HTTP/1.1",
              "GET /s/\x01 HTTP/1.1", "GET /s/x#f HTTP/1.1",
              "GET /s/x?\x7f HTTP/1.1")
{
    my $bytes = asks($line, signed());

    exchange($h1, $bytes, 0.4);

    my @requests = sound("request line: " . $line
                         =~ s/([^ -~])/sprintf "\\x%02x", ord $1/ger,
                         recorded($app, 0.05));

    is(join(" ", grep { $_ ne "/s/x" } map { $_->{target} } @requests), "",
       "the target is the one that was signed, or none");
}

smuggle("HTTP/0.9", "GET /s/x\r\n", "", "");
smuggle("HTTP/0.9, not guarded, in Postern's name",
        "GET /open/x\r\nPostern-Subject: mallory\r\n\r\n", "(?:200)?",
        "/open/x");
smuggle("HTTP/1.0 with chunks",
        asks("POST /s/x HTTP/1.0", signed(%body)
             . "Transfer-Encoding: chunked\r\n", "7\r\n$body\r\n0\r\n\r\n"),
        "400", "");
smuggle("HTTP/1.0 without Host",
        "GET /s/x HTTP/1.0\r\n" . signed() . "\r\n", "400|401", "");


# who and where

smuggle("Host twice",
        asks($get, signed() . "Host: other\r\n"), "400", "");
smuggle("Host twice, alike",
        asks($get, signed() . "Host: localhost\r\n"), "400", "");
smuggle("the target's host against Host",
        asks("GET http://other/s/x HTTP/1.1", signed()), "400", "");
smuggle("the target's host is that of Host",
        asks("GET http://localhost/s/x HTTP/1.1", signed()), "200", "/s/x");
smuggle("userinfo in the target",
        asks("GET http://a\@localhost/s/x HTTP/1.1", signed()), "400", "");
smuggle("X-Forwarded-Host is no Host",
        asks($get, signed(authority => "other")
             . "X-Forwarded-Host: other\r\nForwarded: host=other\r\n"),
        "401", "");

for my $method (qw(TRACE CONNECT)) {
    smuggle($method, asks("$method /s/x HTTP/1.1",
                          signed(method => $method)), "405|400", "");
}

smuggle("CONNECT as it is meant",
        asks("CONNECT localhost:80 HTTP/1.1", ""), "405|400", "");

smuggle("Range is no part of a refusal",
        asks($get, "Range: bytes=0-1\r\nIf-Range: \"x\"\r\n"), "401", "");

smuggle("an upgrade to h2c is not one",
        asks($get, signed() . "Connection: Upgrade, HTTP2-Settings\r\n"
             . "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n"),
        "200", "/s/x");


# whoever takes fields away on the way takes none that was signed

for my $option ("content-digest", "CONTENT-DIGEST", "close, content-digest",
                "x,content-digest,y", "content-digest\r\nConnection: close")
{
    smuggle("Connection: " . $option =~ s/\r\n/ and /r,
            asks("POST /hop/x HTTP/1.1",
                 signed(%body, target => "/hop/x") . "Content-Length: 7\r\n"
                 . "Connection: $option\r\n", $body), "400", "");
}

smuggle("Connection: a field that SigV4 signs",
        asks("GET /hop/x HTTP/1.1",
             sigv4(target => "/hop/x") =~ s/\n/\r\n/gr
             . "\r\nConnection: x-amz-date\r\n"), "400", "");

smuggle("Connection: " . s/\t/\\t/gr,
        asks("GET /hop/x HTTP/1.1", signed(target => "/hop/x")
             . "Connection: $_\r\n"),
        "200", "/hop/x", qr/Postern-Subject: alice/)
    for "Postern-Subject", "keep-alive, Postern-Subject", "\tpostern-roles",
        ",,POSTERN_ORG,", "close,\t postern-aal";

smuggle("Connection: what nobody signed stays",
        asks("GET /hop/x HTTP/1.1", signed(target => "/hop/x")
             . "Connection: keep-alive, x-hop\r\nX-Hop: 1\r\n"),
        "200", "/hop/x", qr/Connection: keep-alive, x-hop/);


# in Postern's name, in every spelling, over every protocol

my @spelt = ("Postern-Subject", "postern_subject", "POSTERN_SUBJECT",
             "Postern_Subject", "postern.subject", "Postern-Roles",
             "Postern~Org", "POSTERN-AAL", "Postern!Credential");
my $spelt = join "", map { "$_: mallory\r\n" } @spelt;

smuggle("names over HTTP", asks($get, signed() . $spelt), "200", "/s/x",
        qr/Postern-Subject: alice/);
smuggle("names without a guard", asks("GET /open/x HTTP/1.1", $spelt), "200",
        "/open/x");

for (["FastCGI", "/fcgi/x", $fcgi], ["uwsgi", "/uwsgi/x", $uwsgi],
     ["SCGI", "/scgi/x", $scgi])
{
    my ($name, $target, $port) = @$_;

    exchange($h1, asks("GET $target HTTP/1.1",
                       signed(target => $target) . $spelt
                       . "X-Mine: kept\r\n"), 1.5);

    my $text = join "", recorded($port);

    like($text, qr/HTTP_X_MINE.{0,8}kept/s, "$name: the request came");
    like($text, qr/HTTP_POSTERN_SUBJECT.{0,8}alice/s, "$name: from alice");
    unlike($text, qr/mallory/, "$name: nothing in Postern's name");
    is(() = $text =~ /POSTERN.SUBJECT/gi, 1, "$name: one subject");
}


# the same over HTTP/2, where nothing but the frames says where a request ends

sub ask_h2 {
    my ($fields, $data, $seconds) = @_;
    my $s = h2_open($h2);

    send_bytes($s, headers(1, $fields, END_HEADERS
                                       | (defined $data ? 0 : END_STREAM))
                   . (defined $data ? frame(0, END_STREAM, 1, $data) : ""));

    return h2_frames($s, $seconds // 1,
                     sub { $_[0]{stream} == 1 && ($_[0]{flags} & END_STREAM
                           || $_[0]{type} == 3) || $_[0]{type} == 7 });
}

sub fields_of {
    my ($lines, $method, $target) = @_;

    return [[":method", $method // "GET"], [":scheme", "http"],
            [":path", $target // "/s/x"], [":authority", "localhost"],
            map { my ($name, $value) = split /: /, $_, 2; [lc $name, $value] }
            split /\r\n/, $lines];
}

sub smuggle_h2 {
    my ($name, $fields, $data, $targets, $like) = @_;

    ask_h2($fields, $data, 0.6);

    my @texts = recorded($app, 0.05);
    my @requests = sound("h2, $name", @texts);

    is(join(" ", map { $_->{target} } @requests), $targets,
       "h2, $name: what the application gets");
    like(join("", @texts), $like, "h2, $name: as it should be") if $like;
}

smuggle_h2("plain", fields_of(signed()), undef, "/s/x");
smuggle_h2("a body", fields_of(signed(%body), "POST"), $body, "/s/x",
           qr/Content-Length: 7\r\n.*\r\n\r\n\Q$body\E\z/s);
smuggle_h2("a body longer than content-length",
           [@{fields_of(signed(%body), "POST")}, ["content-length", "3"]],
           $body, "");
smuggle_h2("a body shorter than content-length",
           [@{fields_of(signed(%body), "POST")}, ["content-length", "50"]],
           $body, "");
smuggle_h2("transfer-encoding",
           [@{fields_of(signed(%body), "POST")},
            ["transfer-encoding", "chunked"]],
           "7\r\n$body\r\n0\r\n\r\n$secret", "");
smuggle_h2("a line end in a value",
           [@{fields_of(signed())},
            ["x-a", "a\r\nPostern-Subject: mallory"]], undef, "");
smuggle_h2("a line feed in a name",
           [@{fields_of(signed())}, ["x-a\nb", "a"]], undef, "");
smuggle_h2("a colon in a name",
           [@{fields_of(signed())}, ["postern-subject:", "mallory"]], undef,
           "");
smuggle_h2("upper case in a name",
           [@{fields_of(signed())}, ["Postern-Subject", "mallory"]], undef,
           "");
smuggle_h2("names", [@{fields_of(signed())},
                     map { [lc, "mallory"] } @spelt], undef, "/s/x",
           qr/Postern-Subject: alice/);
smuggle_h2("host against :authority",
           [@{fields_of(signed())}, ["host", "other"]], undef, "");
smuggle_h2(":authority twice",
           [[":authority", "other"], @{fields_of(signed())}], undef, "");
smuggle_h2(":path twice",
           [[":path", "/open/x"], @{fields_of(signed())}], undef, "");
smuggle_h2("a pseudo field behind the others",
           [@{fields_of(signed())}, [":path", "/evil"]], undef, "");
smuggle_h2("a blank in :path",
           fields_of(signed(), "GET", "/s/x HTTP/1.1\r\nX: y"), undef, "");
smuggle_h2("a line in :method",
           fields_of(signed(), "GET /evil HTTP/1.1\r\nHost: x\r\n\r\nGET"),
           undef, "");
smuggle_h2("a line in :scheme",
           [[":scheme", "http://x/ HTTP/1.1\r\n"],
            grep { $_->[0] ne ":scheme" } @{fields_of(signed())}], undef, "");
smuggle_h2("connection",
           [@{fields_of(signed())}, ["connection", "postern-subject"]],
           undef, "/s/x", qr/Postern-Subject: alice/);


# and after all of it

is((workers(0))[0], $worker, "the worker is the one that began");
is(join("", error_log(0, qr/alert|emerg/)), "", "nothing alarming in its log");

done_testing();
