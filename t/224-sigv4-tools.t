# Clients of S3 from Debian: s3cmd (Python, its own signer) and rclone (Go, AWS's
# SDK), to and from a store behind nginx; and each with another secret.

use lib 't/lib';
use Postern;
use SigV4 qw(store);
use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(\&Postern::defaults);
add_response_body_check(\&Postern::client);

our $store = store();

our $config = <<"_EOC_";
    sign on;
    sign_explain on;

    location / {
        proxy_pass http://127.0.0.1:$store;
    }

    location /unsigned {
        sign_insecure_body on;
        proxy_pass http://127.0.0.1:$store;
    }
_EOC_

our $dir = File::Temp->newdir;

sub run {
    my ($secret, @command) = @_;

    local %ENV = map { $_ => $ENV{$_} } grep { !/^AWS_/ } keys %ENV;
    local $ENV{HOME} = "$dir";
    local $ENV{RCLONE_CONFIG} = "$dir/rclone.conf";

    open my $out, ">", "$dir/rclone.conf" or die;
    print $out <<"EOC";
[s]
type = s3
provider = Other
access_key_id = AK1
secret_access_key = $secret
region = eu-central-1
endpoint = http://127.0.0.1:@{[port()]}
force_path_style = true
no_check_bucket = true
EOC
    close $out;

    open my $pipe, "-|", "timeout", "60", @command, or die;
    local $/;
    my $text = <$pipe> // "";
    close $pipe;

    return ($? >> 8, $text);
}

sub s3cmd {
    my ($secret, @args) = @_;

    return run($secret, "sh", "-c", 'exec "$@" 2>&1', "s3cmd",
               "s3cmd", "--access_key=AK1", "--secret_key=$secret",
               "--host=127.0.0.1:" . port(),
               "--host-bucket=127.0.0.1:" . port(), "--no-ssl",
               "--region=eu-central-1", "--config=/dev/null",
               "--disable-multipart", @args);
}

sub rclone {
    my ($secret, @args) = @_;

    return run($secret, "sh", "-c", 'exec "$@" 2>&1', "rclone", "rclone",
               "--retries=1", "--low-level-retries=1", @args);
}

sub file {
    my ($name, $text) = @_;

    open my $out, ">", "$dir/$name" or die;
    print $out $text;
    close $out;

    return "$dir/$name";
}

sub stored {
    my ($target) = @_;

    return http(raw_request("GET", $target), $store)->{body};
}

no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: s3cmd
--- config eval: $::config
--- client
my $file = file("a", join "", map { chr 32 + $_ % 90 } 1 .. 50000);
my $text = join "", map { chr 32 + $_ % 90 } 1 .. 50000;

for my $key ("plain", "a b", "a+b", "(x)!", "\xc3\xa4", "x=y&z") {
    my ($status, $out) = s3cmd($Postern::secret, "put", $file, "s3://b/$key");
    is $status, 0, "put $key" or diag($out);

    unlink "$::dir/back";
    ($status, $out) = s3cmd($Postern::secret, "get", "s3://b/$key",
                            "$::dir/back");
    is $status, 0, "get $key" or diag($out);
    ok do { open my $in, "<", "$::dir/back"; local $/; (<$in> // "") eq $text },
       "what came back of $key";
}

my ($status, $out) = s3cmd("x" x 40, "put", $file, "s3://b/other");
isnt $status, 0, "another secret";
like $out, qr/401/, "is refused";
--- timeout: 60



=== TEST 2: rclone
It leaves bodies out of its signatures: they are hashed by MD5, which is signed.
--- config eval: $::config
--- client
my $text = join "", map { chr 32 + $_ % 90 } 1 .. 50000;
my $file = file("a", $text);

for my $key ("plain", "a b", "a+b", "(x)!", "\xc3\xa4", "x=y&z") {
    my ($status, $out) = rclone($Postern::secret, "copyto", $file,
                                "s:unsigned/$key");
    is $status, 0, "copyto $key" or diag($out);

    unlink "$::dir/back";
    ($status, $out) = rclone($Postern::secret, "copyto", "s:unsigned/$key",
                             "$::dir/back");
    is $status, 0, "copyto $key, back" or diag($out);
    ok do { open my $in, "<", "$::dir/back"; local $/; (<$in> // "") eq $text },
       "what came back of $key";
}

my ($status, $out) = rclone("x" x 40, "copyto", $file, "s:unsigned/other");
isnt $status, 0, "another secret";
like $out, qr/401/, "is refused";

($status, $out) = rclone($Postern::secret, "copyto", $file, "s:b/other");
isnt $status, 0, "a body that is not signed";
like $out, qr/401/, "is refused";
--- timeout: 60
