# restic, whose S3 client is MinIO's for Go: over plain HTTP it signs every chunk of
# what it uploads (STREAMING-AWS4-HMAC-SHA256-PAYLOAD).  A backup through nginx to a
# store that knows nothing of the framing, and to one that reads it itself; and with
# one bit of an upload changed on its way.

use lib 't/lib';
use Digest::SHA qw(sha256 sha256_hex);
use IO::Select;
use Postern;
use SigV4 qw(store);
use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(\&Postern::defaults);
add_response_body_check(\&Postern::client);

our $store = store();
our $proxy = port() + 4;
our $dir = File::Temp->newdir;

our $http = <<"_EOC_";
    log_format chunks "\$request_method \$uri \$status \$sign_error "
                      "\$http_x_amz_content_sha256";
_EOC_

our $config = <<"_EOC_";
    sign on;
    sign_schemes sigv4;
    sign_explain on;
    access_log $dir/access.log chunks;

    location / {
        client_max_body_size 0;
        sign_aws_chunked decode;
        proxy_pass http://127.0.0.1:$store;
    }

    location /framed/ {
        client_max_body_size 0;
        proxy_set_header X-Store-Unframe 1;
        proxy_pass http://127.0.0.1:$store;
    }

    location /streamed/ {
        client_max_body_size 0;
        proxy_request_buffering off;
        proxy_http_version 1.1;
        proxy_set_header X-Store-Unframe 1;
        proxy_pass http://127.0.0.1:$store;
    }
_EOC_

# bytes that no compression makes fewer: of them restic makes one upload

our $text = join "", map { sha256("a file, piece $_") } 1 .. 50_000;

{
    mkdir "$dir/files";
    open my $out, ">", "$dir/files/a" or die;
    print $out $text;
    close $out;
}

sub restic {
    my ($at, $secret, $more, @args) = @_;

    local $ENV{RESTIC_PASSWORD} = "a password";
    local $ENV{AWS_ACCESS_KEY_ID} = "AK1";
    local $ENV{AWS_SECRET_ACCESS_KEY} = $secret;
    local $ENV{HOME} = "$dir";
    local $ENV{LC_ALL} = "C";

    open my $pipe, "-|", "sh", "-c", 'exec "$@" 2>&1', "restic", "timeout",
        $more->{seconds} // 60, "restic", "-r", "s3:http://127.0.0.1:$at",
        "--no-cache", @args
        or die "restic: $!\n";

    local $/;
    my $said = <$pipe> // "";
    close $pipe;

    return ($? >> 8, $said);
}

sub backed_up {
    my ($at, $name) = @_;

    for (["init"], ["backup", "--force", "$dir/files"],
         ["check", "--read-data"])
    {
        my ($status, $said) = restic($at, $Postern::secret, {}, @$_);
        is $status, 0, "$name: restic @$_" or diag $said;
    }

    my ($status, $said) = restic($at, $Postern::secret, {}, "dump", "latest",
                                 "$dir/files/a");
    is $status, 0, "$name: restic dump";
    ok $said eq $text, "$name: what came back";
}

# lines of the log that match
sub logged {
    my ($like) = @_;

    open my $in, "<", "$dir/access.log" or return 0;

    return scalar grep { $_ =~ $like } <$in>;
}

our $pid;

END {
    if ($pid) {
        local $?;
        kill TERM => $pid;
        waitpid $pid, 0;
    }
}

sub changing {
    my (@places) = @_;

    $pid = open our $pipe, "-|", "node", "$Npm::top/t/e2e/flip.js", $proxy,
                                 port(), 1_000_000, @places
        or die "node: $!\n";

    IO::Select->new($pipe)->can_read(20) && (<$pipe> // "") =~ /ready/
        or die "the proxy does not start\n";
}

no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: the store gets the payload, or what restic sent
--- no_http2: restic speaks HTTP/1.1 over plain TCP
--- http_more eval: $::http
--- config eval: $::config
--- client
for my $bucket ("decoded", "framed", "streamed") {
    backed_up(port() . "/$bucket", $bucket);

    ok logged(qr{^PUT /$bucket/data/\S+ 200 \S+ STREAMING-AWS4-HMAC-SHA256-PAYLOAD$}),
       "$bucket: chunks were signed";
}

is logged(qr/ 4\d\d sign/), 0, "nothing was refused";

my ($status, $said) = restic(port() . "/decoded", "x" x 40, { seconds => 5 },
                             "snapshots");
isnt $status, 0, "another secret";
ok logged(qr{ 401 sign/invalid }), "is refused";
--- timeout: 120



=== TEST 2: one bit changed on the way: restic sends it again
in the payload of the last chunk, in a chunk's signature, in the end behind all
--- no_http2: restic speaks HTTP/1.1 over plain TCP
--- http_more eval: $::http
--- config eval: $::config
--- client
changing(-300, 65536 + 120, -1);
backed_up("$proxy/decoded/changed", "changed");

is logged(qr{^PUT /decoded/changed/data/\S+ 400 sign/digest STREAMING-AWS4}), 3,
   "each change was refused";

# the date has seconds: what is sent again in the same one has the same signature,
# which was used up

is logged(qr{^PUT /decoded/changed/data/\S+ 4}),
   3 + logged(qr{^PUT /decoded/changed/data/\S+ 401 sign/replayed}),
   "and nothing else";
ok logged(qr{^PUT /decoded/changed/data/\S+ 200 }), "but what is right";
--- timeout: 120
