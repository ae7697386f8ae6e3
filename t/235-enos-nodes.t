# Tokens of EnOS on two nodes with one Redis: what one gives out the other
# knows, a call counts once, nothing of a token can be read in Redis, and
# without it there is neither a token nor a way in.

use lib ($ENV{POSTERN_TOP} // ".") . "/t/lib";
use v5.32;
use strict;
use warnings;

use Enos;
use Postern ();
use PosternStore;
use Test::More;

my $redis = "127.0.0.1:" . port(10);
my $file = dir() . "/postern.json";

open my $out, ">", $file or die "$file: $!\n";
print $out Postern::directory($Enos::key => Enos::app());
close $out;

redis(10);

nginx($_, <<"END") for 0, 1;
    postern_zone 1m;
    postern_redis redis://$redis timeout=300ms;
    postern_directory $file;

    server {
        listen 127.0.0.1:@{[port($_ + 4)]};

        location = /apim-token-service/v2.0/token/get { sign_enos_token; }

        location / {
            sign on;
            sign_schemes enos;
            sign_insecure_coverage on;
            sign_explain on;
            empty_gif;
        }
    }
END

ok wait_for(sub { call(port => port(4))->{status} == 200 }), "a token";
ok wait_for(sub { call(port => port(5))->{status} == 200 }), "of each node";

my $token = token(port => port(4));

is v2($token, "a=1", undef, port => port(5)), "200 -",
   "the other node knows it";
is v2($token, "a=1", undef, port => port(4)), "200 -", "and the one itself";

my $time = ms();
is call(port => port(4), time => $time)->{status}, 200, "a call";
is Postern::json(call(port => port(5), time => $time)->{body})->{status},
   1001, "the same one at the other node";

$time = ms();
is v2($token, "a=2", undef, port => port(5), time => $time), "200 -",
   "a request";
is v2($token, "a=2", undef, port => port(4), time => $time),
   "401 sign/replayed", "the same one at the other node";

my @names = split /\n/, redis_cli(10, "--no-raw", "KEYS", "*");
my @values = map { redis_cli(10, "GET", $_) } split /\n/, redis_cli(10, "KEYS",
                                                                  "*enos*");

cmp_ok scalar(@names), ">", 3, "there is something in Redis";
is((grep { index($_, $token) >= 0 } @names, @values), 0, "but no token");

redis_stop(10);

my $answer;
ok wait_for(sub { $answer = call(port => port(4));
                  $answer->{status} == 503 }), "no token without Redis";
is Postern::json($answer->{body})->{status}, 1005, "as EnOS says it";
ok $answer->{field}{"retry-after"}, "and when to try again";
like v2($token, "a=3", undef, port => port(4)), qr{^503 sign/unavailable$},
     "no request either";

done_testing();
