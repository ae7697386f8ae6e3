# sign_insecure_replay local: without Redis the node decides, where it is told
# to, and nowhere else.

use lib 't/lib';
use Postern;
use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(sub {
    my ($block) = @_;

    # nobody listens there

    $block->set_value("http_config", Postern::guarded("",
        "postern_redis redis://127.0.0.1:1/0 timeout=200ms;"))
        if !defined $block->http_config;

    Postern::defaults($block);
});
add_response_body_check(\&Postern::client);

our $config = <<'_EOC_';
    sign on;
    sign_explain on;

    location /local {
        sign_insecure_replay local;
        proxy_pass http://app;
    }

    location /strict {
        proxy_pass http://app;
    }

    location /hop {
        sign_insecure_replay local;
        try_files /none /strict;
    }
_EOC_

sub ask {
    my ($lines, $target) = @_;
    my $answer = http(raw_request("POST", $target, $lines, ""));

    return $answer if wantarray;

    return $answer->{body} =~ /"code":"sign\/([a-z-]+)"/
           ? "$answer->{status}-$1" : $answer->{status};
}

no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: once at this node
--- config eval: $::config
--- client
for my $sign (\&rfc9421, \&sigv4) {
    my $lines = $sign->(method => "POST", target => "/local", body => "");
    is scalar(ask($lines, "/local")), 200, "the first";
    is scalar(ask($lines, "/local")), "401-replayed", "the second" for 1 .. 3;
}



=== TEST 2: refused where it was not told to decide
--- config eval: $::config
--- client
my $lines = rfc9421(method => "POST", target => "/strict", body => "");
my ($answer) = ask($lines, "/strict");

is $answer->{status}, 503, "refused";
cmp_ok $answer->{field}{"retry-after"}, ">", 0, "for a while";



=== TEST 3: nor may it be taken from one location into another
--- config eval: $::config
--- client
my $lines = rfc9421(method => "POST", target => "/hop", body => "");
is scalar(ask($lines, "/hop")), "503-unavailable",
   "only this node knows of the claim";
