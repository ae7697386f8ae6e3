# sign_response where the body is longer than what is held: a second signature
# in the trailers covers it, for clients that read them.  Verified with Node's
# clients of HTTP/1.1 and HTTP/2, and byte by byte.

use lib 't/lib';
use Digest::SHA qw(hmac_sha256 sha256_base64);
use File::Temp ();
use Hostile ();
use Http2;
use IO::Socket::INET;
use JSON::PP ();
use MIME::Base64 qw(decode_base64);
use Npm;
use Outward;
use POSIX qw(_exit);
use Postern;
use Test::Nginx::Socket 'no_plan';

our ($h2, $slow, $grpc) = map { port() + $_ } 4, 5, 6;

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value("user_files", ">>> postern.json\n"
        . directory(Outward::keys())
        . ">>> file.txt\n" . ("line\n" x 100)
        . ">>> empty.txt\n"
        . ">>> page.html\n<!--# include virtual=\"/html/file.txt\" -->\n"
        . ">>> large.txt\n" . join("", map { "line $_\n" } 1 .. 100000));
    Postern::defaults($block);
});
add_response_body_check(\&Postern::client);

our $config = <<"_EOC_";
    listen 127.0.0.1:$h2 http2;
    sign on;
    sign_explain on;
    sign_response on;

    location /html/ {
        alias \$TEST_NGINX_HTML_DIR/;
    }

    location /none/ {
        sign_response_buffer 0;
        alias \$TEST_NGINX_HTML_DIR/;
    }

    location /small/ {
        sign_response_buffer 100;
        alias \$TEST_NGINX_HTML_DIR/;
    }

    location /sendfile/ {
        sendfile on;
        sign_response_buffer 100;
        alias \$TEST_NGINX_HTML_DIR/;
    }

    location /gzip/ {
        sign_response_buffer 10;
        alias \$TEST_NGINX_HTML_DIR/;
        gzip on;
        gzip_types *;
        gzip_min_length 1;
    }

    location /plain/ {
        chunked_transfer_encoding off;
        alias \$TEST_NGINX_HTML_DIR/;
    }

    location /key/ {
        sign_response_key out-ed25519 tag=answer;
        alias \$TEST_NGINX_HTML_DIR/;
    }

    location /added/ {
        add_trailer X-Added yes;
        add_trailer Signature "sig2=:AAAA:";
        add_trailer Content-Digest "sha-256=:AAAA:";
        add_header Content-Digest "sha-256=:AAAA:";
        alias \$TEST_NGINX_HTML_DIR/;
    }

    location /ssi/ {
        sign_response_buffer 10;
        ssi on;
        ssi_types *;
        alias \$TEST_NGINX_HTML_DIR/;
    }

    location /page/ {
        sign_response_buffer 10;
        error_page 404 /small/large.txt;
        alias \$TEST_NGINX_HTML_DIR/;
    }

    location /slow/ {
        proxy_buffering off;
        proxy_http_version 1.1;
        proxy_pass http://127.0.0.1:$slow/;
    }

    location /cut/ {
        sign_response_buffer 1k;
        proxy_pass http://127.0.0.1:$slow/cut;
    }

    location /grpc/ {
        sign_response_key out;
        grpc_pass grpc://127.0.0.1:$grpc;
        rewrite ^/grpc(/.*)\$ \$1 break;
    }
_EOC_

# an application that takes its time, or leaves in the middle

my $app = do {
    my $listen = IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 16,
                                       LocalPort => $slow, ReuseAddr => 1)
        or die "listen: $!\n";
    my $pid = fork // die "fork: $!\n";

    if ($pid == 0) {
        $SIG{CHLD} = "IGNORE";

        while (my $s = $listen->accept) {
            next if fork;

            my $head = "";
            1 while $head !~ /\r\n\r\n/ && sysread $s, $head, 4096, length $head;

            if ($head =~ m{^\S+ /cut }) {
                syswrite $s, "HTTP/1.1 200 OK\r\nContent-Length: 500000\r\n\r\n"
                             . "x" x 100000;
                _exit(0);
            }

            syswrite $s, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                         . "Transfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n";
            sysread $s, my $go, 1 if $head =~ m{^\S+ /wait };
            select undef, undef, undef, 0.3;
            syswrite $s, "6\r\nsecond\r\n0\r\n\r\n";
            _exit(0);
        }

        _exit(0);
    }

    close $listen;
    $pid;
};

my $serves = do {
    my $pid = open my $out, "-|", "node", "t/e2e/grpc-server.js", $grpc
        or die "node: $!\n";

    die "grpc-server.js did not start\n" if <$out> !~ /^ready/;
    [$pid, $out];
};

our $nonce = 0;

# what a client signs: header fields as Node wants them
sub signed {
    my ($target, %how) = @_;

    return { map { split /: /, $_, 2 } split /\n/,
             rfc9421(target => $target, nonce => "n" . ++$nonce, %how) };
}

# asks all of them, each { path, protocol, … }; "te" is sent unless undef
sub asked {
    my @requests = map {
        my %r = (protocol => 1, method => "GET", te => "trailers", %$_);
        my $te = delete $r{te};
        my $lines = delete $r{lines};

        $r{port} = $r{protocol} == 2 ? $h2 : port();
        $r{headers} = { %{signed($r{path}, method => $r{method})},
                        %{$lines // {}} };
        $r{headers}{TE} = $te if defined $te;
        $r{headers}{Connection} = "TE" if defined $te && $r{protocol} == 1;
        \%r;
    } @_;

    my $in = File::Temp->new(SUFFIX => ".json");

    print $in JSON::PP::encode_json({
        keys => { AK1 => $Postern::secret, out => $Outward::secret,
                  "out-ed25519" => Outward::public_pem("ed25519") },
        requests => \@requests });
    close $in;

    my $out = Npm::node("t/e2e/trailers.js", "$in")->{out};

    return @{JSON::PP::decode_json($out || "[]")};
}

sub covers {
    my ($signature, @want) = @_;

    return join(" ", grep { !/;req/ } @{$signature->{list} // []})
           eq join " ", map { qq("$_->[0]") . ($_->[1] // "") }
                        map { ref $_ ? $_ : [$_] } @want;
}

# an answer whose body is covered by a signature behind it
sub trailed {
    my ($r, $what, %how) = @_;
    my @fields = ("\@status", "content-type", @{$how{fields} // []});

    is $r->{status}, $how{status} // 200, "$what: status" or diag explain $r;
    is $r->{head}{label}, "sig1", "$what: a signature in the head";
    ok $r->{head}{good}, "is good";
    ok covers($r->{head}, @fields), "without the body"
        or diag explain $r->{head};
    is $r->{headers}{trailer}, "Content-Digest, Signature-Input, Signature",
       "says what follows";
    is $r->{tail}{label}, "sig2", "one in the trailers";
    ok $r->{tail}{good}, "is good";
    ok covers($r->{tail}, @fields, ["content-digest", ";tr"],
              @{$how{trailers} // []}), "with the body"
        or diag explain $r->{tail};
    ok $r->{whole}, "which is that";
}

# an answer that has nothing behind it
sub untrailed {
    my ($r, $what, $digest) = @_;

    ok $r->{head}{good}, "$what: signed" or diag explain $r;
    is !!grep({ $_ eq '"content-digest"' } @{$r->{head}{list} // []}),
       !!$digest, $digest ? "with its body" : "without its body";
    ok !defined $r->{headers}{trailer}, "nothing is to follow";
    ok !%{$r->{trailers} // {}}, "and nothing does";
}

no_root_location();
no_shuffle();
run_tests();

END {
    if ($serves) {
        local $?;
        kill TERM => $app, $serves->[0];
        waitpid $app, 0;
        close $serves->[1];
    }
}

__DATA__

=== TEST 1: what is too long to be held is covered behind it
--- config eval: $::config
--- client
my @paths = ("/html/large.txt", "/small/file.txt?a=b", "/none/file.txt",
             "/sendfile/large.txt", "/slow/a");
my @requests = map { my $path = $_;
                     map { { path => $path, protocol => $_, npm => 1 } } 1, 2 }
               @paths;
my @came = main::asked(@requests);

for (@requests) {
    my $r = shift @came;

    main::trailed($r, "HTTP/$_->{protocol} $_->{path}");
    ok $r->{npm}, "npm's package takes the head alone";
    ok $r->{length} > 0, "there is a body";
    is $r->{headers}{"content-length"} // "none",
       $_->{protocol} == 1 || $_->{path} =~ /slow/ ? "none" : $r->{length},
       "its length";
}
--- timeout: 60



=== TEST 2: with a key of its own
--- config eval: $::config
--- client
for my $r (main::asked({ path => "/key/large.txt" },
                       { path => "/key/large.txt", protocol => 2 }))
{
    main::trailed($r, "Ed25519");
    is $r->{tail}{keyid}, "out-ed25519", "its id";
    like $r->{trailers}{"signature-input"}, qr/;tag="answer"$/, "its tag";
}
--- timeout: 60



=== TEST 3: what fits stays in the head
--- config eval: $::config
--- client
for my $r (main::asked({ path => "/html/file.txt" },
                       { path => "/html/file.txt", protocol => 2 }))
{
    main::untrailed($r, "held", 1);
    is $r->{headers}{"content-length"}, 500, "its length is known";
}

# the end of nothing is known at once

for my $r (main::asked({ path => "/none/empty.txt" },
                       { path => "/none/empty.txt", protocol => 2 }))
{
    main::untrailed($r, "empty", 1);
    is $r->{headers}{"content-digest"},
       "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:",
       "the digest of nothing";
}
--- timeout: 60



=== TEST 4: who does not read trailers gets none
--- config eval: $::config
--- client
for my $te (undef, "", "gzip", "x-trailers", "trailers;q=0.5", "trailersx",
            "gzip;q=1, trailer")
{
    my $text = raw_request("GET", "/html/large.txt",
        rfc9421(target => "/html/large.txt", nonce => "te" . ++$nonce)
        . (defined $te ? "\nTE: $te" : ""));
    my $r = http($text);

    is $r->{status}, 200, "TE: " . ($te // "none");
    ok $r->{field}{signature}, "signed";
    ok !$r->{field}{trailer}, "nothing is to follow";
    is length $r->{body}, $r->{field}{"content-length"}, "nor does it";
}

for my $te ("trailers", "gzip, Trailers", " ,\ttrailers\t, gzip") {
    my $text = raw_request("GET", "/html/large.txt",
        rfc9421(target => "/html/large.txt", nonce => "te" . ++$nonce)
        . "\nTE: $te");

    like http($text)->{body}, qr{\r\n0\r\nContent-Digest:[ ]sha-256=:[^\r]+:\r\n
        Signature-Input:[ ]sig2=[^\r]+\r\nSignature:[ ]sig2=:[^\r]+:\r\n\r\n\z}x,
        "TE: $te";
}

# curl takes trailers for what they are, and the body for whole

my $file = File::Temp->new;
my @curl = ("curl", "-s", "-o", "$file", "-D", "-", "--max-time", 20,
    "-H", "TE: trailers", "-H", "Connection: TE", "-H", "Host: localhost",
    map { ("-H", $_) } split /\n/, rfc9421(target => "/html/large.txt",
                                           nonce => "te" . ++$nonce));
open my $curl, "-|", @curl, "http://127.0.0.1:" . port() . "/html/large.txt"
    or die "curl: $!\n";
my $said = join "", <$curl>;

close $curl;
is $?, 0, "curl is content";
like $said, qr{\r\n\r\nContent-Digest: (?=.*^Signature: sig2=:)}ms,
     "and shows the trailers";
is do { open my $in, "<", "$file" or die; local $/; <$in> },
   join("", map { "line $_\n" } 1 .. 100000), "the body is whole";
--- no_http2: framing of HTTP/1.1



=== TEST 5: where there is no place for any
--- config eval: $::config
--- client
my ($head, $part, $off, $small) = main::asked(
    { path => "/html/large.txt", method => "HEAD" },
    { path => "/small/large.txt", lines => { Range => "bytes=100-99999" } },
    { path => "/plain/large.txt" },
    { path => "/html/large.txt",
      lines => { "If-Modified-Since" => "Fri, 31 Dec 2060 23:59:59 GMT" } });

main::untrailed($head, "HEAD");
is $head->{length}, 0, "no body";
like $head->{headers}{"content-length"}, qr/^\d{6,}$/, "its length is told";

main::trailed($part, "a range", status => 206);
is $part->{length}, 99900, "the part";

main::untrailed($off, "chunked_transfer_encoding off");
is $off->{headers}{"content-length"}, $off->{length}, "its length";

my ($h2) = main::asked({ path => "/plain/large.txt", protocol => 2 });
main::trailed($h2, "which HTTP/2 knows nothing of");

my ($not) = main::asked({ path => "/html/large.txt",
    lines => { "If-None-Match" => $off->{headers}{etag} } });
is $not->{status}, 304, "not modified";
main::untrailed($not, "304");

my $old = http("GET /html/large.txt HTTP/1.0\r\nHost: localhost\r\n"
    . "TE: trailers\r\n"
    . join("", map { "$_\r\n" } split /\n/,
           rfc9421(target => "/html/large.txt", nonce => "old")) . "\r\n");
is $old->{status}, 200, "HTTP/1.0";
ok $old->{field}{signature} && !$old->{field}{trailer}, "signed in the head";
is length $old->{body}, $off->{length}, "the body alone";

my $anon = http(raw_request("GET", "/html/large.txt", "TE: trailers"));
is $anon->{status}, 401, "refused";
ok !$anon->{field}{trailer}, "and not signed";
--- timeout: 60



=== TEST 6: behind filters
--- config eval: $::config
--- client
my ($gzip, $added, $page) = main::asked(
    { path => "/gzip/large.txt", lines => { "Accept-Encoding" => "gzip" } },
    { path => "/added/large.txt" },
    { path => "/page/none.txt" });

main::trailed($gzip, "gzip", fields => ["content-encoding"]);
ok $gzip->{length} < 500000, "the encoded bytes";

main::trailed($added, "add_trailer");
is $added->{trailers}{"x-added"}, "yes", "goes out as well";
ok !defined $added->{headers}{"content-digest"},
   "the digest of the application does not";

main::trailed($page, "an error page", status => 404);

my ($ssi) = main::asked({ path => "/ssi/page.html" });
main::trailed($ssi, "SSI");
is $ssi->{length}, 501, "with what was included";
--- timeout: 60



=== TEST 7: what is sent in pieces is seen at once
--- config eval: $::config
--- client
my $s = Hostile::open_to(port());

Hostile::send_bytes($s, raw_request("GET", "/slow/wait",
    rfc9421(target => "/slow/wait", nonce => "wait") . "\nTE: trailers"));

my $first = Hostile::read_for($s, 5, qr/first/);

like $first, qr{^HTTP/1.1 200 .*\r\nTrailer: Content-Digest.*first}s,
     "the first piece";
unlike $first, qr/second|sig2/, "without the second";
close $s;
--- no_http2: framing of HTTP/1.1



=== TEST 8: an application that leaves in the middle
--- config eval: $::config
--- client
my $r = http(raw_request("GET", "/cut/", rfc9421(target => "/cut/",
                         nonce => "cut") . "\nTE: trailers"));

is $r->{status}, 200, "began well";
like $r->{body}, qr/xxxx/, "some of it came";
unlike $r->{body}, qr/\r\n0\r\n|sig2/, "no end, and no signature of one";
--- no_http2: framing of HTTP/1.1



=== TEST 9: gRPC, whose status is in the trailers
--- config eval: $::config
--- client
my ($unary, $stream, $alone) = main::asked(map {
    { path => "/grpc/$_", protocol => 2, method => "POST",
      lines => { "Content-Type" => "application/grpc" } }
} qw(unary stream trailers));

main::trailed($_, "gRPC", trailers => [["grpc-status", ";tr"],
                                       ["grpc-message", ";tr"]])
    for $unary, $stream;

is $unary->{trailers}{"grpc-status"}, "0", "the status";
is $stream->{length}, 26, "three messages";
is $stream->{tail}{keyid}, "out", "by its key";

is $alone->{headers}{"grpc-status"}, "5", "a head alone";
main::untrailed($alone, "nothing behind it", 1);
--- timeout: 60



=== TEST 10: a changed byte does not go unseen
--- config eval: $::config
--- client
my $lines = rfc9421(target => "/html/large.txt", nonce => "flip");
my $c = Http2->new(port => $h2);
my $id = $c->open("GET", "/html/large.txt",
    [["te", "trailers"], map { [split /: /, $_, 2] } split /\n/, $lines],
    end => 1, authority => "localhost");
my $r = $c->answer($id);
my ($digest) = map { $_->[1] } grep { $_->[0] eq "content-digest" }
               @{$r->{lines}};

is $digest, content_digest($r->{body}), "the digest of what came";
isnt $digest, content_digest(flip($r->{body})), "not of another last byte";



=== TEST 11: memory does not grow with the body
--- config eval: $::config
--- client
my $dir = $ENV{TEST_NGINX_SERVROOT} . "/html";

open my $out, ">", "$dir/huge.bin" or die "huge.bin: $!\n";
truncate $out, 200 * 1024 * 1024;
close $out;

open my $in, "<", "$ENV{TEST_NGINX_SERVROOT}/logs/nginx.pid" or die;
chomp(my $nginx = <$in>);

# of the process that answers: nginx itself, or its worker

my $peak = sub {
    my $most = 0;

    for my $file (glob "/proc/[0-9]*/status") {
        open my $status, "<", $file or next;
        my $text = join "", <$status>;

        next if $text !~ /^(?:PPid|Pid):\s+$nginx$/m;
        $most = $1 if $text =~ /^VmHWM:\s+(\d+)/m && $1 > $most;
    }

    return $most;
};

main::asked({ path => "/html/large.txt" });
my $before = $peak->();
my ($huge) = main::asked({ path => "/html/huge.bin" });
my $after = $peak->();

is $huge->{length}, 200 * 1024 * 1024, "all of it";
ok $huge->{tail}{good} && $huge->{whole}, "signed";
ok $before > 0, "the worker was found";

# a sanitizer keeps what was freed for a while

cmp_ok $after - $before, "<", $ENV{TEST_NGINX_REPORTS} ? 16384 : 1024,
       "KB more";
unlink "$dir/huge.bin";
--- timeout: 120
