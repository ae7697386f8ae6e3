# sign_replay and sign_insecure_replay reuse.

use lib 't/lib';
use Postern;
use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(\&Postern::defaults);
add_response_body_check(\&Postern::client);

our $config = <<'_EOC_';
    sign on;
    sign_explain on;

    location / {
        proxy_pass http://app;
    }

    location /once {
        sign_replay once;
        proxy_pass http://app;
    }

    location /mixed {
        sign_replay once sigv4;
        sign_replay nonce rfc9421;
        proxy_pass http://app;
    }

    location /reuse {
        sign_insecure_replay reuse;
        proxy_pass http://app;
    }
_EOC_

sub answers {
    my ($lines, $method, $target) = @_;

    return join " ", map {
        my $a = http(raw_request($method, $target, $lines,
                                 $method eq "POST" ? "" : undef));

        $a->{body} =~ /"code":"sign\/([a-z-]+)"/ ? "$a->{status}-$1"
                                                 : $a->{status}
    } 1 .. 3;
}

no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: by default a safe request may repeat itself for a moment
--- config eval: $::config
--- client
like main::answers(rfc9421(target => "/a"), "GET", "/a"),
     qr{^200 200 200$}, "answers";



=== TEST 2: once is once
--- config eval: $::config
--- client
like main::answers(rfc9421(target => "/once"), "GET", "/once"),
     qr{^200 401-replayed 401-replayed$}, "answers";



=== TEST 3: for the schemes that are named
--- config eval: $::config
--- client
like main::answers(sigv4(target => "/mixed"), "GET", "/mixed"),
     qr{^200 401-replayed 401-replayed$}, "answers";



=== TEST 4: a nonce is demanded of those that can have one
--- config eval: $::config
--- client
like join(" ", main::answers(rfc9421(target => "/mixed"), "GET", "/mixed"),
          main::answers(rfc9421(target => "/mixed", nonce => "x1"), "GET",
                        "/mixed")),
     qr{^401-coverage 401-coverage 401-coverage 200 401-replayed 401-replayed$}, "answers";



=== TEST 5: reuse: reading again, as long as the signature is valid
--- config eval: $::config
--- client
my $lines = rfc9421(target => "/reuse", nonce => "r1");
my $first = main::answers($lines, "GET", "/reuse");
select undef, undef, undef, 2.3;
like "$first " . main::answers($lines, "GET", "/reuse"),
     qr{^200 200 200 200 200 200$}, "answers";



=== TEST 6: reuse: never writing
--- config eval: $::config
--- client
like main::answers(rfc9421(method => "POST", target => "/reuse"), "POST", "/reuse"),
     qr{^200 401-replayed 401-replayed$}, "answers";



=== TEST 7: reuse: not behind its end
--- config eval: $::config
--- client
my $lines = rfc9421(target => "/reuse", expires => time + 5);
my $first = main::answers($lines, "GET", "/reuse");
select undef, undef, undef, 6;
like "$first " . main::answers($lines, "GET", "/reuse"),
     qr{^200 200 200 401-expired 401-expired 401-expired$}, "answers";



=== TEST 8: settings of single schemes are merged
--- config
    sign on;
    sign_explain on;
    sign_replay once sigv4;

    location / {
        sign_replay nonce rfc9421;
        proxy_pass http://app;
    }
--- client
like join(" ", main::answers(sigv4(target => "/c"), "GET", "/c"),
          main::answers(rfc9421(target => "/c"), "GET", "/c")),
     qr{^200 401-replayed 401-replayed 401-coverage}, "answers";



=== TEST 9: an unknown word
--- config
    sign_replay twice;
--- must_die
--- error_log
invalid value "twice" in "sign_replay": it must be "safe", "once" or "nonce"



=== TEST 10: an unknown scheme
--- config
    sign_replay once hmac;
--- must_die
--- error_log
unknown scheme "hmac" in "sign_replay"



=== TEST 11: a nonce where the scheme has none
--- config
    sign_replay nonce rfc9421 sigv4;
--- must_die
--- error_log
"sign_replay" directive demands a nonce of a scheme that has none: "rfc9421" and "sshsig" have one



=== TEST 12: two things of one scheme
--- config
    sign_replay once;
    sign_replay safe sigv4;
--- must_die
--- error_log
"sign_replay" directive says two things of one scheme



=== TEST 13: an unknown weakening
--- config
    sign_insecure_replay always;
--- must_die
--- error_log
invalid value "always"



=== TEST 14: "off" beside something else
--- config
    sign_insecure_replay off local;
--- must_die
--- error_log
"sign_insecure_replay" directive takes nothing beside "off"



=== TEST 15: a weakening that is put together of two
--- config
    sign_insecure_replay local;
    sign_insecure_replay reuse;
--- must_die
--- error_log
"sign_insecure_replay" directive is duplicate
