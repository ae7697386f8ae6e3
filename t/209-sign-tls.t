# Over TLS: the scheme that is signed, and requests in early data, which anybody
# who recorded them can send again (RFC 8470).

use lib 't/lib';
use EarlyData;
use Postern;
use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(\&Postern::defaults);
add_response_body_check(\&Postern::client);

our $dir = File::Temp->newdir;

system("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
       . " -keyout $dir/key.pem -out $dir/cert.pem 2>/dev/null") == 0
    or die "openssl req: $?\n";

our $http_more = do {
    my $port = port() + 2;
    <<"_EOC_";
    server {
        listen 127.0.0.1:$port ssl;
        ssl_certificate $dir/cert.pem;
        ssl_certificate_key $dir/key.pem;
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_early_data on;
        ssl_session_cache shared:tls:1m;

        sign on;
        sign_explain on;

        location / {
            add_header X-Early "[\$ssl_early_data]";
            proxy_pass http://app;
        }

        location /open {
            sign off;
            return 200 "early [\$ssl_early_data]\\n";
        }
    }
_EOC_
};

# what the server answers to a request in the first or in early data
sub s_client {
    my ($how, $request) = @_;
    my $file = "$dir/request";

    open my $out, ">", $file or die "$file: $!\n";
    print $out $request;
    close $out;

    my $port = $how eq "first" ? port() + 2 : early_only(port() + 2);
    my $connect = "timeout 20 openssl s_client -connect 127.0.0.1:$port"
                  . " -tls1_3 -ign_eof";

    return scalar qx($connect -sess_out $dir/session <$file 2>&1)
        if $how eq "first";

    return scalar qx($connect -sess_in $dir/session -early_data $file </dev/null 2>&1);
}

no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: https is what was signed
--- http_more eval: $::http_more
--- config
--- client
my %r = (target => "/a", scheme => "https");
like s_client("first", raw_request("GET", "/a", rfc9421(%r))),
     qr{HTTP/1.1 200}, "https";
like s_client("first", raw_request("GET", "/a", rfc9421(target => "/a"))),
     qr{"sign/invalid"}, "signed for http";



=== TEST 2: early data
--- http_more eval: $::http_more
--- config
--- client
my $open = raw_request("GET", "/open");
like s_client("first", $open), qr{early \[\]}, "a first connection";
like s_client("early", $open), qr{early \[1\]}, "early data is accepted";

my $lines = rfc9421(method => "POST", target => "/a", body => "x",
                    scheme => "https");
s_client("first", $open);
my $answer = s_client("early", raw_request("POST", "/a", $lines, "x"));
like $answer, qr{HTTP/1.1 425}, "status 425";
like $answer, qr{"sign/too-early"}, "sign/too-early";

like s_client("first", raw_request("POST", "/a", $lines, "x")),
     qr{HTTP/1.1 200}, "and again when the handshake is complete";
