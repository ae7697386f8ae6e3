# What a careful reader of the schemes would try.

use lib 't/lib';
use Postern;
use Enos;
use Digest::SHA qw(sha256_hex);
use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(\&Enos::block);
add_response_body_check(\&Postern::client);

our $redirects = <<'_EOC_';
    sign on;
    sign_explain on;

    location /reuse {
        sign_insecure_replay reuse;
        try_files /none /strict;
    }

    location /safe {
        try_files /none /once;
    }

    location /same {
        sign_insecure_replay reuse;
        try_files /none /again;
    }

    location /strict {
        proxy_pass http://app;
    }

    location /once {
        sign_replay once;
        proxy_pass http://app;
    }

    location /again {
        sign_insecure_replay reuse;
        proxy_pass http://app;
    }
_EOC_

our $enos = <<'_EOC_';
    location = /apim-token-service/v2.0/token/get {
        sign_enos_token;
    }

    location /api {
        sign on;
        sign_schemes enos;
        sign_insecure_coverage on;
        sign_explain on;
        proxy_pass http://app;
    }
_EOC_

sub twice {
    my ($target, %o) = @_;
    my $lines = rfc9421(target => $target, %o);

    return join " ", map {
        my $a = http(raw_request("GET", $target, $lines));

        $a->{body} =~ /"code":"sign\/([a-z-]+)"/ ? "$a->{status}-$1"
                                                 : $a->{status}
    } 1, 2;
}

# signed over one split of the same octets, sent as another
sub moved {
    my ($token, $signed, $query, $zeros, $body) = @_;
    my $time = Enos::ms();
    my $sum = sha256_hex($token . $signed . $time . $Enos::secret);

    return Enos::answer(defined $body ? "POST" : "GET", "/api$query",
                        "apim-accesstoken: $token\n"
                        . "apim-timestamp: $zeros$time\n"
                        . "apim-signature: $sum", $body);
}

no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: what one location lets repeat itself, the next one does not
--- config eval: $::redirects
--- client
is main::twice("/reuse", nonce => "v1"), "200 401-replayed", "with a nonce";
is main::twice("/safe"), "200 401-replayed", "once";
is main::twice("/same", nonce => "v2"), "200 200", "both let it";



=== TEST 2: EnOS: zeros at the end of what is signed do not become time
--- config eval: $::enos
--- client
my $token = Enos::token();
is main::moved($token, "size100", "?size=100", ""), "200 -", "as signed";
is main::moved($token, "size100", "?size=1", "00"), "400 sign/malformed",
   "of the query";
is main::moved($token, "pay 100", "", "00", "pay 1"), "400 sign/malformed",
   "of the body";



=== TEST 3: a method that is not signed: what wrote does not come again to read
--- config
    location /open {
        sign on;
        sign_explain on;
        sign_components "@target-uri" "@authority";
        sign_insecure_coverage on;
        sign_insecure_replay reuse;
        proxy_pass http://app;
    }
--- client
my $lines = rfc9421(target => "/open", cover => ["\@target-uri", "\@authority"]);
like http(raw_request("POST", "/open", $lines, ""))->{body}, qr/app POST/,
     "as it was sent";
like http(raw_request("GET", "/open", $lines))->{body}, qr{sign/replayed},
     "by another method";
