# sign_nonce_cap: what one key may have in use, refused before any cryptography;
# and the rate that a key itself has.

use lib 't/lib';
use Postern;
use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(sub {
    my ($block) = @_;

    Postern::defaults($block);
    $block->set_value("user_files", ">>> postern.json\n" . Postern::directory(
        AK2 => qq({ "user": "alice", "algorithm": "hmac-sha256",
                    "secret": "plain:$Postern::secret" }),
        slow => qq({ "user": "alice", "algorithm": "hmac-sha256",
                     "secret": "plain:$Postern::secret", "rate": "2/m" })));
});
add_response_body_check(\&Postern::client);

our $config = <<'_EOC_';
    sign on;
    sign_explain on;
    sign_window 8s skew=0s;

    location / {
        sign_nonce_cap 5;
        proxy_pass http://app;
    }

    location /off {
        sign_nonce_cap off;
        proxy_pass http://app;
    }

    location /auto {
        proxy_pass http://app;
    }
_EOC_

my $n = 0;

sub ask {
    my ($target, %how) = @_;
    my $answer = http(raw_request("GET", $target,
                                  rfc9421(target => $how{signed} // $target,
                                          nonce => "n" . $n++, %how)));

    return $answer if wantarray;

    return $answer->{body} =~ /"code":"sign\/([a-z-]+)"/
           ? "$answer->{status}-$1" : $answer->{status};
}

sub asked {
    my ($times, @how) = @_;

    return join " ", map { scalar ask(@how) } 1 .. $times;
}

no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: as many as the cap says, and of each key
--- config eval: $::config
--- client
is asked(7, "/a"), "200 200 200 200 200 429-nonce-cap 429-nonce-cap", "AK1";
is asked(6, "/a", keyid => "AK2"), "200 200 200 200 200 429-nonce-cap", "AK2";

my ($over) = ask("/a");

is $over->{status}, 429, "over";
cmp_ok $over->{field}{"retry-after"}, ">", 0, "it says when to come again";

# two windows of 10 s, each longer by how late Redis may answer

cmp_ok $over->{field}{"retry-after"}, "<=", Shared::redis() ? 32 : 22,
       "and that is soon";

is scalar(ask("/a", signed => "/b")), "429-nonce-cap",
   "nothing is verified for whom nothing could be claimed";
is scalar(ask("/a", keyid => "nobody")), "401-unknown-key",
   "unknown keys have no cap";
is scalar(ask("/off")), 200, "another location without a cap";
is scalar(ask("/auto")), 200, "and one with room";



=== TEST 2: nothing is forgotten early, and room is made by time
--- config eval: $::config
--- client
my $lines = rfc9421(method => "POST", target => "/a", nonce => "first");
my $post = sub { http(raw_request("POST", "/a", $lines, ""))->{status} };

is $post->(), 200, "the first";
is asked(5, "/a"), "200 200 200 200 429-nonce-cap", "up to the cap";
isnt $post->(), 200, "the first again";

my $end = CORE::time() + 90;
sleep 1 until scalar(ask("/a")) eq 200 || CORE::time() > $end;

is scalar(ask("/a")), 200, "room again";
isnt $post->(), 200, "and the first is no good for it";



=== TEST 3: replays and wrong signatures do not count
--- config eval: $::config
--- client
is asked(9, "/a", signed => "/b"), join(" ", ("401-invalid") x 9), "wrong";

my $lines = rfc9421(target => "/a", nonce => "again");
my @statuses = map { http(raw_request("GET", "/a", $lines))->{status} } 1 .. 9;

is "@statuses", "200 401 401 401 401 401 401 401 401", "replays";
is asked(5, "/a"), "200 200 200 200 429-nonce-cap", "four are left";



=== TEST 4: a key with a rate of its own
--- config eval: $::config
--- client
my @answers = map { my ($a) = ask("/auto", keyid => "slow"); $a } 1 .. 3;

is join(" ", map { $_->{status} } @answers), "200 200 429", "two a minute";
like $answers[2]{body}, qr{sign/rate}, "it says so";
cmp_ok $answers[2]{field}{"retry-after"}, ">=", 25, "and when to come again";
cmp_ok $answers[2]{field}{"retry-after"}, "<=", 60, "within the minute";
is asked(3, "/auto", keyid => "slow", signed => "/x"),
   "401-invalid 401-invalid 401-invalid", "who cannot sign learns nothing";
is scalar(ask("/auto")), 200, "other keys do not notice";



=== TEST 5: a number that is none
--- config
    sign_nonce_cap many;
--- must_die
--- error_log
invalid number "many" in "sign_nonce_cap": a number from 1 to 2147483647, "auto" or "off" is expected



=== TEST 6: twice
--- config
    sign_nonce_cap 1;
    sign_nonce_cap 2;
--- must_die
--- error_log
"sign_nonce_cap" directive is duplicate
