package Outward;

# For the tests of sign_upstream and sign_response: a second Postern behind the
# first one, which verifies what the first one signed, and a recorder behind
# that, which writes down what it got.
#
#     second(), app()       their ports
#     behind($lines)        http_config: the second Postern, with these lines in
#                           its server, as the upstream "second"
#     keys()                further keys for Postern::directory(): out (HMAC),
#                           out-ed25519, out-p256, out-p384, out-rsa, out-pss,
#                           and some that may not sign
#     came()                the request that came to the recorder, or dies
#     field($request, $n)   values of that field in it

use v5.32;
use strict;
use warnings;

use Exporter qw(import);
use File::Temp ();
use Hostile ();
use MIME::Base64 qw(encode_base64);
use Postern;

our @EXPORT = qw(second app behind came nothing_came field private_pem
                 public_pem);

our $secret = "the secret between the gateway and what is behind it";


sub second { return port() + 2 }
sub app    { return port() + 3 }


sub behind {
    my ($lines, $more) = @_;
    my ($second, $app) = (second(), app());

    $lines //= "";
    $more //= "";

    return <<"EOD";
    upstream second {
        server 127.0.0.1:$second;
    }

    server {
        listen 127.0.0.1:$second;
        client_max_body_size 0;
        sign on;
        sign_explain on;
        $lines

        location / {
            add_header X-Second "\$sign_status \$sign_scheme \$sign_key_id"
                       always;
            proxy_http_version 1.1;
            proxy_set_header Host \$http_host;
            proxy_pass http://127.0.0.1:$app;
        }
    }

    $more
EOD
}


my (%file, %kind);

%kind = (
    ed25519 => ["-algorithm", "ed25519"],
    p256 => ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
    p384 => ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
    rsa => ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
);

sub key_file {
    my ($kind) = @_;

    return $file{$kind} if $file{$kind};

    my $file = File::Temp->new(SUFFIX => ".pem");

    system("openssl genpkey @{$kind{$kind}} -out $file 2>/dev/null") == 0
        or die "openssl genpkey: $?\n";

    return $file{$kind} = $file;
}

sub private_pem {
    my ($kind) = @_;

    open my $in, "<", key_file($kind) or die;
    local $/;

    return scalar <$in>;
}

sub public_pem {
    my ($kind) = @_;
    my $file = key_file($kind);

    return scalar qx(openssl pkey -in $file -pubout);
}

sub pair {
    my ($kind, $algorithm, $more) = @_;
    my ($public, $private) = map { s/\n/\\n/gr } public_pem($kind),
                                                  private_pem($kind);

    return qq({ "roles": ["viewer"], "algorithm": "$algorithm",
                "public_key": "$public", "private_key": "plain:$private" })
           =~ s/ \}$/($more \/\/ "") . " }"/er;
}


sub keys {
    my $hmac = qq("roles": ["viewer"], "algorithm": "hmac-sha256",
                  "secret": "plain:$secret");

    return ("out" => "{ $hmac }",
            "out-ed25519" => pair("ed25519", "ed25519"),
            "out-p256" => pair("p256", "ecdsa-p256-sha256"),
            "out-p384" => pair("p384", "ecdsa-p384-sha384"),
            "out-rsa" => pair("rsa", "rsa-v1_5-sha256"),
            "out-pss" => pair("rsa", "rsa-pss-sha512"),
            "out-off" => qq({ $hmac, "status": "disabled" }),
            "out-old" => qq({ $hmac, "not_after": "2020-01-01T00:00:00Z" }),
            "out-s3" => qq({ $hmac, "schemes": ["sigv4"] }));
}


sub came {
    my @requests = map { Hostile::parse_requests($_) }
                   Hostile::recorded(app());

    die scalar(@requests) . " requests came\n" if @requests != 1;

    return $requests[0];
}

sub nothing_came {
    return !Hostile::recorded(app());
}


sub field {
    my ($request, $name) = @_;

    return map { $_->[1] } grep { lc $_->[0] eq lc $name }
           @{$request->{fields}};
}


1;
