# sign_response: answers verified by the text of RFC 9421, with Perl's
# Digest::SHA and the openssl program, and by npm's http-message-signatures.

use lib 't/lib';
use Digest::SHA qw(hmac_sha256);
use Http2;
use MIME::Base64 qw(decode_base64);
use Hostile ();
use Npm;
use Outward;
use Postern;
use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value("user_files", ">>> postern.json\n"
        . directory(Outward::keys())
        . ">>> file.txt\n" . ("line\n" x 100)
        . ">>> dir/file.txt\n" . "in a folder\n"
        . ">>> large.txt\n" . ("line\n" x 100000));
    Postern::defaults($block);
});
add_response_body_check(\&Postern::client);

our $app = Outward::app();

our $config = <<'_EOC_';
    sign on;
    sign_explain on;
    sign_response on;

    location / {
        proxy_pass http://app;
    }

    location /html/ {
        alias $TEST_NGINX_HTML_DIR/;
    }

    location /small/ {
        sign_response_buffer 100;
        alias $TEST_NGINX_HTML_DIR/;
    }

    location /gzip/ {
        alias $TEST_NGINX_HTML_DIR/;
        gzip on;
        gzip_types *;
        gzip_min_length 1;
    }

    location /type/ {
        charset utf-8;
        default_type text/plain;
        alias $TEST_NGINX_HTML_DIR/;
    }

    location /key/ {
        sign_response_key out-ed25519 tag=answer;
        alias $TEST_NGINX_HTML_DIR/;
    }
_EOC_

# The base of an answer by RFC 9421, section 2.5, from its own fields and those
# of the request; returns the list of components as well.

sub base {
    my ($r, $target, $method, $lines) = @_;
    my ($params) = ($r->{field}{"signature-input"} // "") =~ /^sig1=(.*)$/;
    my ($list) = ($params // "") =~ /^\(([^)]*)\)/;
    my ($path, $query) = split /\?/, $target, 2;
    my ($signature) = ($lines // "") =~ /^Signature: sig1=(:.*:)$/m;
    my $base = "";

    for my $id (split / /, $list // "") {
        my ($name) = $id =~ /^"([^"]+)"/;
        my $value = $id =~ /;req/
            ? { '@method' => $method, '@path' => $path,
                '@query' => "?" . ($query // ""),
                '@authority' => "localhost",
                'signature' => $signature }->{$name}
            : $name eq '@status' ? $r->{status} : $r->{field}{$name};

        $base .= "$id: " . ($value // "(absent)") . "\n";
    }

    return ($base . "\"\@signature-params\": " . ($params // ""), $list);
}

sub bytes {
    my ($r) = @_;

    return decode_base64(($r->{field}{signature} // "") =~ /^sig1=:(.*):$/
                         ? $1 : "");
}

# asks, and says whether the answer is the one to that
sub asked {
    my ($target, %how) = @_;
    my $method = $how{method} // "GET";
    my $lines = $how{lines}
                // rfc9421(target => $target, method => $method,
                           nonce => rand() . "", %how);

    $lines .= "\n$how{more}" if $how{more};

    my $r = http(raw_request($method, $target, $lines, $how{body}));
    my ($base, $list) = base($r, $target, $method, $lines);

    $r->{list} = $list;
    $r->{base} = $base;
    $r->{good} = bytes($r) eq hmac_sha256($base, $Postern::secret) ? 1 : 0;
    $r->{whole} = ($r->{field}{"content-digest"} // "")
                  eq content_digest($r->{body}) ? 1 : 0;

    return $r;
}

sub ed25519 {
    my ($r) = @_;
    my ($text, $raw) = (File::Temp->new, File::Temp->new);
    my $key = File::Temp->new;

    print $text $r->{base};
    print $raw bytes($r);
    print $key Outward::public_pem("ed25519");
    close $_ for $text, $raw, $key;

    return qx(openssl pkeyutl -verify -pubin -inkey $key -rawin -in $text \\
              -sigfile $raw 2>&1) =~ /Verified Successfully/ ? 1 : 0;
}

our $req = '"@method";req "@authority";req "@path";req "@query";req';

no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: an answer is bound to its request
--- config eval: $::config
--- client
for my $target ("/a?b=c", "/a", "/html/file.txt", "/a%2fb?x=%20") {
    my $r = main::asked($target);

    is $r->{status}, 200, $target;
    is $r->{good}, 1, "signed" or diag $r->{base};
    is $r->{whole}, 1, "the body is that";
    is $r->{list}, '"@status" "content-type" "content-digest" '
                   . "$main::req \"signature\";req;key=\"sig1\"", "covered"
        if $target !~ /^\/a$/;
    like $r->{field}{"signature-input"}, qr{\);created=\d+;keyid="AK1"$},
         "by the key of the request";
}

my $r = main::asked("/a?b=c");
my $copy = { %$r, status => 201 };
my ($base) = main::base($copy, "/a?b=c", "GET", "");
isnt main::bytes($r), Digest::SHA::hmac_sha256($base, $Postern::secret),
     "of no other status";



=== TEST 2: what a client signed in another way
--- config eval: $::config
--- client
my $r = main::asked("/a", lines => sigv4(target => "/a"));

is $r->{status}, 200, "SigV4";
is $r->{good}, 1, "signed";
unlike $r->{list}, qr{"signature"}, "there was none";

$r = main::asked("/a", keyid => "robot", key => "ed25519");
is $r->{status}, 200, "by a key pair";
ok !$r->{field}{signature}, "we have no key of that";



=== TEST 3: methods and statuses without a body
--- config eval: $::config
--- client
my $r = main::asked("/html/file.txt", method => "HEAD");

is $r->{status}, 200, "HEAD";
is $r->{good}, 1, "signed";
unlike $r->{list}, qr{content-digest}, "without a body";
is $r->{field}{"content-length"}, 500, "its length is told";

$r = main::asked("/html/file.txt",
                 more => "If-Modified-Since: $r->{field}{'last-modified'}");
is $r->{status}, 304, "not modified";
is $r->{good}, 1, "signed";

$r = main::asked("/html/none.txt");
is $r->{status}, 404, "not found";
is $r->{good}, 1, "a page of nginx";
is $r->{whole}, 1, "with its body";

$r = main::asked("/html/file.txt", more => "Range: bytes=5-9");
is $r->{status}, 206, "a part";
is $r->{good}, 1, "signed";
is $r->{whole}, 1, "the part that is sent";
is length $r->{body}, 5, "is 5 bytes";

$r = main::asked("/html/file.txt", more => "Range: bytes=0-1,7-9");
is $r->{status}, 206, "several parts";
is $r->{good}, 1, "signed";
is $r->{whole}, 1, "with what is around them";

$r = main::asked("/html/dir");
is $r->{status}, 301, "moved";
like $r->{field}{location}, qr{^http://localhost:\d+/html/dir/$}, "absolute";
unlike $r->{list}, qr{"location"}, "which was not known";
is $r->{good}, 1, "signed";



=== TEST 4: what is encoded is what is covered
--- config eval: $::config
--- client
my $r = main::asked("/gzip/file.txt", more => "Accept-Encoding: gzip");

is $r->{status}, 200, "status";
is $r->{field}{"content-encoding"}, "gzip", "gzip";
is $r->{good}, 1, "signed";
like $r->{list}, qr{"content-encoding"}, "says how it is encoded";
is $r->{whole}, 1, "the encoded bytes";
is $r->{field}{"content-length"}, length $r->{body}, "their length is known";



=== TEST 5: the type as it is sent
--- config eval: $::config
--- client
my $r = main::asked("/type/file.txt");

is $r->{field}{"content-type"}, "text/plain; charset=utf-8", "with charset";
is $r->{good}, 1, "signed";



=== TEST 6: what is too large for the buffer is signed without its body
--- config eval: $::config
--- client
for my $target ("/html/large.txt", "/small/file.txt") {
    my $r = main::asked($target);

    is $r->{status}, 200, $target;
    is $r->{good}, 1, "signed";
    unlike $r->{list}, qr{content-digest}, "the list says so";
    is length $r->{body}, $r->{field}{"content-length"}, "all is there";
}

my $r = main::asked("/gzip/large.txt", more => "Accept-Encoding: gzip");
is $r->{whole}, 1, "what becomes small enough is";



=== TEST 7: a key of its own, also for refusals
--- config eval: $::config
--- client
my $r = main::asked("/key/file.txt");

is $r->{status}, 200, "status";
is main::ed25519($r), 1, "signed";
is $r->{whole}, 1, "the body is that";
like $r->{field}{"signature-input"}, qr{;keyid="out-ed25519";tag="answer"$},
     "by it";

$r = main::asked("/key/file.txt", lines => "X-None: 1");
is $r->{status}, 401, "refused";
is main::ed25519($r), 1, "signed";
is $r->{whole}, 1, "the body is that";

my $tampered = { %$r, base => flip($r->{base}) };
is main::ed25519($tampered), 0, "of no other base";

$r = main::asked("/html/file.txt", lines => "X-None: 1");
is $r->{status}, 401, "refused";
ok !$r->{field}{signature}, "without a key it is not";



=== TEST 8: what the application signed is replaced
--- http_more eval
<<"_EOC_"
    server {
        listen 127.0.0.1:$::app;

        location / {
            add_header Signature "sig1=:AAAA:";
            add_header Signature-Input 'sig1=("\@status");keyid="app"';
            add_header Content-Digest "sha-256=:AAAA:";
            return 200 "from the application\\n";
        }

        location /stream {
            add_header Content-Digest "sha-256=:AAAA:";
            return 200 "from the application\\n";
        }
    }
_EOC_
--- config eval
<<"_EOC_"
    sign on;
    sign_response on;

    location / {
        proxy_pass http://127.0.0.1:$::app;
    }

    location /unbuffered {
        proxy_buffering off;
        proxy_pass http://127.0.0.1:$::app;
    }
_EOC_
--- client
for my $target ("/a", "/unbuffered") {
    my $r = main::asked($target);

    is $r->{good}, 1, "signed" or diag $r->{base};
    is $r->{whole}, 1, "the body is that";
    unlike $r->{field}{"signature-input"}, qr{app}, "by us alone";
}



=== TEST 9: many answers on one connection, to HTTP/1.1 and HTTP/2
--- config eval
my $h2 = Postern::port() + 4;
"listen 127.0.0.1:$h2 http2;" . $::config
--- client
my $c = Http2->new(port => port() + 4);

for my $target ("/html/file.txt", "/html/large.txt", "/a", "/html/none") {
    my $lines = rfc9421(target => $target);
    my $id = $c->open("GET", $target,
        [map { [split /: /, $_, 2] } split /\n/, $lines], end => 1,
        authority => "localhost");
    my $r = $c->answer($id);

    $r->{field} //= { map { lc $_->[0] => $_->[1] } @{$r->{fields} // []} };
    my ($base) = main::base($r, $target, "GET", $lines);

    is main::bytes($r), Digest::SHA::hmac_sha256($base, $Postern::secret),
       "HTTP/2 $target" or diag $base;
}

my $s = Hostile::open_to(port());

for (1 .. 3) {
    my $lines = rfc9421(target => "/html/file.txt", nonce => "k$_");
    my $text = raw_request("GET", "/html/file.txt", $lines)
               =~ s/Connection: close\r\n//r;

    Hostile::send_bytes($s, $text);
    my $answer = Hostile::read_for($s, 20, qr/\r\n\r\n.{500}/s);

    like $answer, qr{Content-Length: 500\r.*Signature: sig1=:}s, "kept alive";
    is length($answer =~ s/^.*?\r\n\r\n//sr), 500, "whole";
}



=== TEST 10: npm's http-message-signatures
--- config eval: $::config
--- client
my $lines = rfc9421(target => "/a?b=c");
my $r = http(raw_request("GET", "/a?b=c", $lines));

my $said = sub {
    my ($status) = @_;
    my $in = File::Temp->new(SUFFIX => ".json");

    require JSON::PP;
    print $in JSON::PP::encode_json({
        secret => $Postern::secret, keyid => "AK1",
        request => { method => "GET", url => "http://localhost/a?b=c",
                     headers => { map { split /: /, $_, 2 }
                                  split /\n/, $lines } },
        response => { status => $status, headers => $r->{field} } });
    close $in;

    return Npm::node("t/e2e/verify-response.js", "$in")->{out};
};

is $said->(200), "true\n", "verified";
is $said->(201), "false\n", "not with another status";
--- timeout: 60
