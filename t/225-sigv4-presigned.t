# Presigned URLs: how long and how often they are good, and what of them is
# recorded.

use lib 't/lib';
use Postern;
use SigV4 qw(presigned);
use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(\&Postern::defaults);
add_response_body_check(\&Postern::client);

our $config = <<'_EOC_';
    sign on;
    sign_explain on;

    location / {
        proxy_pass http://app;
    }

    location /hour {
        sign_window 1h;
        proxy_pass http://app;
    }

    location /again {
        sign_insecure_replay reuse;
        proxy_pass http://app;
    }

    location /open {
        sign_insecure_body on;
        proxy_pass http://app;
    }
_EOC_

sub ask {
    my ($method, $target, $body, $lines) = @_;
    my $r = http(raw_request($method, $target, $lines, $body));

    return join " ", $r->{status}, $r->{body} =~ m{"code":"sign/([^"]+)"};
}

sub recorded {
    my ($want) = @_;
    my $text;

    for (1 .. 50) {
        open my $in, "<", Test::Nginx::Util::html_dir() . "/audit.jsonl" or next;
        local $/;
        $text = <$in> // "";
        last if $text =~ $want;

    } continue {
        select undef, undef, undef, 0.1;
    }

    return $text;
}

no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: from its date for as long as it says
--- config eval: $::config
--- client
is ask("GET", presigned(target => "/a")), "200", "now";
is ask("GET", presigned(target => "/b", created => time - 50)), "200",
   "50 s ago, for 60 s";
is ask("GET", presigned(target => "/b", created => time - 70)), "401 expired",
   "70 s ago";
is ask("GET", presigned(target => "/b", created => time + 3600)), "401 future",
   "in an hour";
is ask("GET", presigned(target => "/b", created => time - 50, expires => 1)),
   "401 expired", "for 1 s";



=== TEST 2: sign_window is the longest
--- config eval: $::config
--- client
my @old = (created => time - 1000, expires => 3600);

is ask("GET", presigned(target => "/a", @old)), "401 expired", "15 minutes";
is ask("GET", presigned(target => "/hour", @old)), "200", "an hour";
is ask("GET", presigned(target => "/hour", created => time - 3700,
                        expires => 604800)), "401 expired", "and no longer";
is ask("GET", presigned(target => "/a", expires => 604801)), "400 malformed",
   "over seven days";



=== TEST 3: once, unless the location says otherwise
--- config eval: $::config
--- client
my $put = presigned(method => "PUT", target => "/a");
is ask("PUT", $put), "200", "PUT";
is ask("PUT", $put), "401 replayed", "PUT again";

my ($get, $again) = (presigned(target => "/a?g=1"), presigned(target => "/again"));
is ask("GET", $_), "200", "GET" for $get, $again;
is ask("GET", $get), "200", "GET at once";
select undef, undef, undef, 2.2;
is ask("GET", $get), "401 replayed", "GET later";
is ask("GET", $again), "200", "GET later, where that is allowed";

$put = presigned(method => "PUT", target => "/again");
is ask("PUT", $put), "200", "PUT there";
is ask("PUT", $put), "401 replayed", "PUT there again";



=== TEST 4: a body that is not signed
--- http_more
    audit on;
    audit_file $TEST_NGINX_HTML_DIR/audit.jsonl;
--- config eval: $::config
--- client
is ask("PUT", presigned(method => "PUT", target => "/a"), "hello"),
   "401 coverage", "refused";
is ask("PUT", presigned(method => "PUT", target => "/open"), "hello"), "200",
   "accepted where that is allowed";
is ask("PUT", presigned(method => "PUT", target => "/a?h=1",
                        hash => Digest::SHA::sha256_hex("hello"),
                        service => "execute-api"), "hello"),
   "200", "another service signs it";
is ask("PUT", presigned(method => "PUT", target => "/a?i=1",
                        hash => Digest::SHA::sha256_hex("hello"),
                        service => "execute-api"), "hellp"),
   "401 invalid", "and notices a change";

my $record = qr{^\{[^\n]*"/open[^\n]*the body is not signed}m;
like recorded($record), $record, "recorded";
unlike recorded(qr/./), qr/X-Amz-Signature=[0-9a-f]/, "no signature is";



=== TEST 5: with credentials in the header as well
--- config eval: $::config
--- client
is ask("GET", presigned(target => "/a"), undef, "Authorization: Basic YTpi"),
   "400 ambiguous", "of another kind";
is ask("GET", presigned(target => "/a"), undef, sigv4(target => "/a")),
   "400 ambiguous", "of the same";
is ask("GET", presigned(target => "/a"), undef, rfc9421(target => "/a")),
   "400 ambiguous", "of another scheme";
