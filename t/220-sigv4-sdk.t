# AWS's own clients for JavaScript: S3 through nginx to an application that
# stores what it gets, and the signers on their own.

use lib 't/lib';
use Postern;
use SigV4;
use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(\&Postern::defaults);
add_response_body_check(\&Postern::client);

our $store = store();

our $config = <<"_EOC_";
    sign on;
    sign_schemes sigv4;
    sign_insecure_body on;
    sign_aws_chunked decode;

    location / {
        client_max_body_size 0;
        proxy_pass http://127.0.0.1:$store;
    }
_EOC_

sub clients {
    my ($file, @args) = @_;

    script($file, "http://127.0.0.1:" . port(), "AK1", $Postern::secret,
           @args);
}

no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: the client for S3
--- config eval: $::config
--- client
clients("s3-clients.js");
--- timeout: 120



=== TEST 2: the signers on their own, version 4 and 4A
--- config eval
$::config =~ s/sign_schemes sigv4;/sign_schemes sigv4 sigv4a rfc9421;/r
          =~ s/proxy_pass.*/proxy_pass http:\/\/app;/r
--- client
clients("signers.js");
--- timeout: 60



=== TEST 3: streams of the client for S3, where bodies must be signed
--- config eval: $::config =~ s/sign_insecure_body on;//r
--- client
my $r = Npm::node("$Npm::top/t/e2e/s3-clients.js",
                  "http://127.0.0.1:" . port(), "AK1", $Postern::secret);
like $r->{out}, qr/^not ok \d+ - stream of 70000, CRC32: 401$/m,
     "a stream, with checksums that anybody can make, is refused";
like $r->{out}, qr/^ok \d+ - PutObject plain.txt: 200$/m, "a buffer is not";
like $r->{out}, qr/^not ok \d+ - presigned PUT/m, "nor by a presigned URL";
--- timeout: 120



=== TEST 4: the client for S3, where the store wants signatures of the gateway
--- user_files eval
">>> postern.json\n" . Postern::directory(out => qq({ "roles": ["viewer"],
    "algorithm": "hmac-sha256", "schemes": ["sigv4"],
    "secret": "plain:the secret that gateway and store share" }))
--- http_more eval
<<"_EOC_"
    server {
        listen 127.0.0.1:@{[Postern::port() + 2]};
        client_max_body_size 0;
        sign on;
        sign_schemes sigv4;
        error_page 401 = \@refused;

        location / {
            proxy_pass http://127.0.0.1:$::store;
        }

        location \@refused {
            return 502;
        }
    }
_EOC_
--- config eval
$::config =~ s/proxy_pass.*/
    sign_upstream sigv4 key=out region=eu-central-1 service=s3;
    proxy_pass http:\/\/127.0.0.1:@{[Postern::port() + 2]};/r
--- client
is http(raw_request("GET", "/bucket/"), port() + 2)->{status}, 502,
   "nobody else gets in";
clients("s3-clients.js");
--- timeout: 120
