# Redis over its life: credentials, TLS, sockets, killed, stopped, restarted, and
# what becomes of claims when nobody knows what it did.
# run: alone

use v5.32;
use warnings;
use lib ($ENV{POSTERN_TOP} // ".") . "/t/lib";

use PosternStore;
use Test::More;
use Time::HiRes qw(sleep time);

my $redis = "127.0.0.1:" . port(10);
my $zone  = "postern_zone 1m;";
my $dir   = dir();

sub claim { my ($n, $name) = @_; get($n, "/claim?org=a&name=$name&ttl=60000") }
sub file { my ($name, $text) = @_;
           open my $f, ">", "$dir/$name"; print $f $text; close $f;
           chmod 0600, "$dir/$name"; "$dir/$name" }


# two nodes, one Redis

redis(10);
nginx(0, "$zone postern_redis redis://$redis;");
nginx(1, "$zone postern_redis redis://$redis;");

is(claim(0, "x"), "first", "accepted on one node");
like(claim(0, "x"), qr/^duplicate \d+$/, "a replay there");
sleep 0.3;
my ($age) = claim(1, "x") =~ /^duplicate (\d+)$/;
ok(defined $age && $age >= 300 && $age < 5000,
   "refused on the other, with the age of the first");
is(redis_cli(10, "exists", "postern:{a}:c:x"), 1, "under prefix, tag and kind");

my $count = race(1000, 8, sub { claim($_[0] % 2, "race") });
is($count->{first}, 1, "of 1000 over four workers of two nodes, one is first");
is($count->{duplicate}, 999, "and the others are duplicates");

is(get(0, "/put?org=a&name=v&value=hello&ttl=60000"), "kept", "put on one node");
is(get(1, "/get?org=a&name=v"), "found hello", "get on the other");
$count = race(64, 8, sub { get($_[0] % 2, "/take?org=a&name=v") });
is($count->{found}, 1, "one of 64 takes gets the value");
is(get(0, "/delete?org=a&name=v"), "deleted", "delete of nothing");

$count = race(200, 8,
              sub { get($_[0] % 2, "/rate?org=a&name=r&limit=20&period=3600000") });
is($count->{allowed}, 20, "a limit of 20 allows 20 of 200 over both");
redis_cli(10, "script", "flush");
like(get(0, "/rate?org=a&name=r&limit=20&period=3600000"), qr/^limited \d+$/,
     "also where Redis has forgotten the script");

is(get(0, "/detached?org=a&name=d&ttl=1000"), "submitted", "of no request");
ok(wait_for(sub { error_log(0, qr/detached: first/) }), "and it is answered");

is(claim(0, "org&org=b"), "first", "another name");
is(get(0, "/claim?org=a%7D:c:x&name=y&ttl=1000"), "first", "an odd organization");
like(redis_cli(10, "keys", "*"), qr/^postern:\{a%257D:c:x\}:c:y$/m,
     "is in a tag of its own");

# a request whose client has gone

redis_signal(10, "STOP");
is(get(0, "/claim?org=a&name=gone&ttl=60000", 0.1), "", "a client goes away");
redis_signal(10, "CONT");
sleep 0.2;
is(claim(0, "gone"), "first", "its retry is no replay");
like(claim(0, "gone"), qr/^duplicate/, "and then it is claimed");


# the same over HTTP/2

is(get_h2(0, "/claim?org=a&name=h2&ttl=60000"), "first", "HTTP/2");
like(get_h2(0, "/claim?org=a&name=h2&ttl=60000"), qr/^duplicate/, "a replay");
redis_signal(10, "STOP");
is(get_h2(0, "/claim?org=a&name=h2gone&ttl=60000", 0.1), "", "a client goes away");
redis_signal(10, "CONT");
sleep 0.2;
is(get_h2(0, "/claim?org=a&name=h2gone&ttl=60000"), "first", "its retry is none");


# stopped: deadline, then breaker; nobody waits for ever, nothing is accepted

redis_signal(10, "STOP");
my $start = time;
is(claim(0, "doubt"), "unavailable", "no answer is no acceptance");
my $took = time - $start;
ok($took >= 0.4 && $took < 2, "after the deadline of 500ms ($took s)");

my @all = get_all(0, map { "/claim?org=a&name=s$_&ttl=60000" } 1 .. 50);
is(scalar(grep { $_ eq "unavailable" } @all), 50, "all of 50 are told so");
sleep 1;
get_all(0, map { "/claim?org=a&name=t$_&ttl=60000" } 1 .. 20) for 1 .. 3;
$start = time;
is(claim(0, "u"), "unavailable", "then the breaker is open");
ok(time - $start < 0.45, "and answers at once");
is(get(0, "/up"), "up", "a location without it is served");

redis_signal(10, "CONT");
ok(redis_back(0, 3), "soon after it goes on, all is well");
ok(redis_back(1, 3), "at the other node, too");
is(claim(0, "doubt"), "first", "what was in doubt is accepted once");
like(claim(0, "doubt"), qr/^duplicate/, "and once only");
like(claim(1, "doubt"), qr/^duplicate/, "and nowhere else");

my @down = error_log(0, qr/postern_redis \S+ is (lost|unavailable)/);
my @up = error_log(0, qr/postern_redis \S+ is available again/);
ok(@down >= 1 && @down <= 8, "the loss is logged, not every request: " . @down);
ok(@up >= 1 && @up <= 4, "and the recovery");


# many at once on one that was in doubt

redis_signal(10, "STOP");
is(claim(0, "many"), "unavailable", "in doubt");
redis_signal(10, "CONT");
ok(redis_back(0, 2), "back");
$count = race(200, 8, sub { claim(0, "many") });
is($count->{first}, 1, "of 200 attempts at a claim in doubt, one is first");


# killed and restarted

redis_stop(10);
ok(wait_for(sub { claim(0, "k" . rand) eq "unavailable" }, 2), "killed");
sleep 3;

# no wait for Redis, though a machine that is busy may have one of its own

my $least = 1;

for (1 .. 5) {
    $start = time;
    is(claim(0, "never-sent"), "unavailable", "still refused");
    my $took = time - $start;
    $least = $took if $took < $least;
}

ok($least < 0.45, "at once");
redis(10);
ok(redis_back(0, 3),
   "recovered soon after its start, not after many backoffs");
is(claim(0, "never-sent"), "first", "what was never sent is no replay");

# an idle connection that Redis closes costs no error

redis_cli(10, "client", "kill", "type", "normal");
sleep 0.1;
is(claim(0, "idle"), "first", "a connection closed while idle comes back");


# reload under load: nobody is refused

sub load_over {
    my ($http, $what) = @_;
    $count = race(2000, 4, sub {
        nginx_reload(0, $http) if $_[0] == 400 || $_[0] == 1200;
        claim(0, "$what-$_[0]") || "nothing";
    });
    is_deeply($count, { first => 2000 }, "$what: all claims over two reloads");
}

# the deadline is not what is tested here

nginx(0, "$zone postern_redis redis://$redis timeout=5s;");
load_over("$zone postern_redis redis://$redis timeout=5s;", "reload");


# a waiting request outlives the worker's wish to exit

redis_signal(10, "STOP");
my $pid = fork();
if ($pid == 0) {
    my $got = claim(0, "drain");
    POSIX::_exit($got eq "first" ? 0 : 1);
}
sleep 0.1;
nginx_reload(0);
sleep 0.15;
redis_signal(10, "CONT");
waitpid $pid, 0;
is($?, 0, "a request that waits for Redis is answered by the old worker");
is_deeply([error_log(0, qr/open socket|\[alert\]/)], [], "no socket is left");


# read-only replica, memory at its limit

redis_cli(10, "config", "set", "maxmemory", "1");
is(claim(0, "oom"), "unavailable", "no memory at Redis: refused");
ok(wait_for(sub { error_log(0, qr/refused a command: "OOM/) }), "and said why");
redis_cli(10, "config", "set", "maxmemory", "0");
is(claim(0, "oom"), "first", "an error of SET is no claim");

redis_cli(10, "replicaof", "127.0.0.1", port(15));
is(claim(0, "ro"), "unavailable", "a replica: refused");
redis_cli(10, "replicaof", "no", "one");
ok(wait_for(sub { claim(0, "ro") eq "first" }, 2), "its promotion is noticed");


# users and passwords

my $password = 'p@ss:w/rd "{}';
redis(10, "--requirepass", $password);
nginx(0, "$zone postern_redis redis://$redis;");
is(claim(0, "x"), "unavailable", "no password");
ok(wait_for(sub { error_log(0, qr/NOAUTH/) }), "Redis's words are logged");

my $file = file("password", "$password\n");
nginx(0, "$zone postern_redis redis://$redis/3 password_file=$file;");
is(claim(0, "x"), "first", "password from a file");
like(redis_cli(10, "-a", $password, "-n", 3, "keys", "*"), qr/\{a\}:c:x/,
     "in the database of the address");

nginx(0, "$zone postern_redis redis://:p%40ss%3Aw%2Frd%20%22%7B%7D\@$redis;");
is(claim(0, "x"), "first", "password in the address");

POSIX::mkfifo("$dir/fifo", 0600);
like(nginx_test("postern_redis redis://$redis password_file=$dir/fifo;"),
     qr/must be a regular file/, "a fifo is no password file, and holds nobody");

$file = file("wrong", "wrong-password-of-test\n");
nginx(0, "$zone postern_redis redis://$redis password_file=$file;");
is(claim(0, "y"), "unavailable", "wrong password");
ok(wait_for(sub { error_log(0, qr/WRONGPASS/) }), "is logged as such");
is_deeply([error_log(0, qr/wrong-password-of-test/)], [], "but not itself");

redis_cli(10, "-a", $password, "acl", "setuser", "gate", "on", ">secret", "~gate:*",
          "+set", "+get", "+pttl", "+del", "+getdel", "+evalsha", "+eval",
          "+time", "+select", "+ping");
$file = file("gate", "secret");
nginx(0, "$zone postern_redis redis://$redis user=gate password_file=$file prefix=gate:;");
is(claim(0, "x"), "first", "an ACL user with the few commands that it needs");
is(get(0, "/rate?org=a&name=r&limit=1&period=1000"), "allowed", "and the script");
nginx(0, "$zone postern_redis redis://gate:secret\@$redis;");
is(claim(0, "z"), "unavailable", "not beyond the user's keys");
ok(wait_for(sub { error_log(0, qr/refused a command: "NOPERM/) }), "is logged");


# a socket

redis(10, "--unixsocket", "$dir/redis.sock");
nginx(0, "$zone postern_redis unix:$dir/redis.sock?2;");
is(claim(0, "x"), "first", "over a Unix socket");
like(redis_cli(10, "-n", 2, "keys", "*"), qr/\{a\}:c:x/, "in its database");


# TLS

my $certs = certificates();
redis(10, "--tls-port", port(11), "--tls-cert-file", "$certs/redis.pem",
      "--tls-key-file", "$certs/redis.key", "--tls-ca-cert-file",
      "$certs/ca.pem", "--tls-auth-clients", "no");
my $tls = "rediss://127.0.0.1:" . port(11);

nginx(0, "$zone postern_redis $tls ssl_trusted=$certs/ca.pem;");
is(claim(0, "x"), "first", "TLS, verified by address");
$count = race(500, 4, sub { claim(0, "tls$_[0]") });
is_deeply($count, { first => 500 }, "500 of them");
is(get(0, "/put?org=a&name=v&value=" . "v" x 20000 . "&ttl=60000"), "kept",
   "a long value over TLS");
is(length get(0, "/get?org=a&name=v"), 20006, "and back");

nginx(0, "$zone postern_redis $tls ssl_trusted=$certs/ca.pem ssl_name=redis.test;");
is(claim(0, "y"), "first", "TLS, verified by name");

nginx(0, "$zone postern_redis $tls ssl_trusted=$certs/ca.pem ssl_name=other.test;");
is(claim(0, "z"), "unavailable", "a certificate for another name");
ok(wait_for(sub { error_log(0, qr/for another name/) }), "is refused");

nginx(0, "$zone postern_redis $tls ssl_trusted=$certs/other.pem;");
is(claim(0, "z"), "unavailable", "a certificate of an unknown CA");
ok(wait_for(sub { error_log(0, qr/not trusted/) }), "is refused");

nginx(0, "$zone postern_redis $tls;");
is(claim(0, "z"), "unavailable", "also by default");

nginx(0, "$zone postern_redis $tls insecure_ssl_verify=off;");
is(claim(0, "z"), "first", "unless verification is off");


# a name

redis(10);
nginx(0, "$zone postern_redis redis://localhost:" . port(10) . ";");
is(claim(0, "name"), "first", "a host name of the configuration");


# a name that only a resolver knows, with an address where nobody listens

peer_stop();
my $asked = dns(13, "redis.test", "127.0.0.9", "127.0.0.1");
my $resolver = "resolver 127.0.0.1:" . port(13) . " ipv6=off valid=1s;";

like(nginx_test("postern_redis redis://redis.test;"),
     qr/host not found in "redis.test:6379" of "postern_redis"/,
     "a name that nobody knows when the configuration is read");

nginx(0, "$resolver $zone postern_redis redis://redis.test:" . port(10) . ";");
is(claim(0, "resolved"), "first", "is looked up at run time");
ok(-s $asked, "by nginx's resolver");
is_deeply([error_log(0, qr/unavailable/)], [],
          "and an address where nobody listens is passed over");

redis(10);
ok(redis_back(0, 3), "and again after a loss");

$certs = certificates();
redis(10, "--tls-port", port(11), "--tls-cert-file", "$certs/redis.pem",
      "--tls-key-file", "$certs/redis.key", "--tls-ca-cert-file",
      "$certs/ca.pem", "--tls-auth-clients", "no");
nginx(0, "$resolver $zone postern_redis rediss://redis.test:" . port(11)
         . " ssl_trusted=$certs/ca.pem;");
is(claim(0, "named"), "first", "the name of the address is the certificate's");

nginx(0, "$resolver $zone postern_redis redis://other.test:" . port(10) . ";");
is(claim(0, "nobody"), "unavailable", "a name without an address");
ok(wait_for(sub { error_log(0, qr/"other.test" could not be resolved/) }),
   "is logged");

done_testing();
