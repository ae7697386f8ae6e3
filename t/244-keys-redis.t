# Keys in Redis beside the directory's file: found, changed, revoked, expired,
# broken; over two nodes of two workers each.

use v5.32;
use warnings;
use lib ($ENV{POSTERN_TOP} // ".") . "/t/lib";

use Postern ();
use PosternStore;
use RedisKeys;
use Test::More;
use Time::HiRes qw(sleep time);

redis(10);
nginx($_, keys_conf($_)) for 0, 1;

my @both = (0, 1);
my $dir_key = dir() . "/master.key";

sub within {
    my ($seconds, $what, $want, $id, %change) = @_;
    my $took = until_($want, \@both, $id, %change);
    like($took, qr/^[\d.e-]+$/, "$what: $want");
    cmp_ok($took =~ /^still/ ? 99 : $took, "<", $seconds, "within ${seconds}s");
}


# what is wrong in the configuration

like(nginx_test("postern_keys redis;"), qr/"postern_keys redis" needs "postern_redis"/,
     "it needs Redis");
like(nginx_test("postern_redis redis://127.0.0.1; postern_keys redis;"),
     qr/"postern_keys redis" needs "postern_directory"/, "and a directory");
like(nginx_test("postern_keys file;"), qr/invalid value "file" in "postern_keys"/,
     "there is one place");
like(nginx_test("postern_keys redis; postern_keys redis;"),
     qr/"postern_keys" directive is duplicate/, "once");
like(nginx_test("postern_keys redis $_;"), qr/invalid parameter "$_" in "postern_keys"/,
     "$_")
    for "cache=0", "cache=100001", "cache=", "cache=x", "size=1";


# found

is(statuses(\@both, "file-1"), "200 -", "the key of the file");
is(statuses(\@both, "AK1"), "401 sign/unknown-key", "one that is nowhere");

set_key("AK1");
within(1, "a new key", "200 -", "AK1");
is(answer(0, "AK1", secret => "another secret of more than 32 bytes"),
   "401 sign/invalid", "its secret counts");

is(Postern::public_key("ed25519") ne "", 1, "a key pair");
set_key("robot-7", qq({ "org": "acme", "roles": ["robot"],
    "algorithm": "ed25519",
    "public_key": "@{[Postern::public_key("ed25519")]}" }));
is(until_("200 -", [0], "robot-7", key => "ed25519") < 2, 1, "an Ed25519 key");
is(answer(1, "robot-7", key => "ed25519"), "200 -", "on the other node");
is(answer(1, "robot-7"), "401 sign/invalid", "signed by something else");

# a signature is good once, whatever the key comes from

my $raw = signed("AK1");
is(status_of(0, $raw), "200 -", "a signature");
is(status_of(0, $raw), "401 sign/replayed", "is a replay here");
is(status_of(1, $raw), "401 sign/replayed", "and there");


# changed and revoked: every worker of every node within a second

for my $round (1 .. 3) {
    set_key("AK1", key_of("AK1", status => '"disabled"'));
    within(1, "disabled", "401 sign/key-disabled", "AK1");
    set_key("AK1");
    within(1, "enabled", "200 -", "AK1");
}

set_key("AK1", key_of("AK1", not_after => '"2020-01-01T00:00:00Z"'));
within(1, "expired", "401 sign/key-expired", "AK1");
set_key("AK1", key_of("AK1", networks => '["192.0.2.0/24"]'));
within(1, "from elsewhere", "401 sign/key-network", "AK1");
set_key("AK1", key_of("AK1", schemes => '["sigv4"]'));
within(1, "of another scheme", "401 sign/key-scheme", "AK1");
set_key("AK1", key_of("AK1", org => '"other"', user => '"carol"', secret =>
                      '"' . seal(0, "AK1", "other") . '"'));
within(1, "another organization's", "200 -", "AK1");

set_key("AK1");
within(1, "as it was", "200 -", "AK1");
unset_key("AK1");
within(1, "deleted", "401 sign/unknown-key", "AK1");

set_key("AK1");
within(1, "as it was", "200 -", "AK1");
redis_cli(10, "rename", "postern:key:{AK1}", "postern:key:{AK2}");
within(1, "renamed", "401 sign/unknown-key", "AK1");
is(answer(0, "AK2"), "401 sign/key-unusable",
   "a secret that was moved does not open");

set_key("AK1");
within(1, "as it was", "200 -", "AK1");
redis_cli(10, "flushall");
within(1, "all gone", "401 sign/unknown-key", "AK1");


# a key that Redis lets expire

set_key("AK3", undef, "PX", 900);
is(statuses(\@both, "AK3"), "200 -", "for a while");
within(2, "its time is over", "401 sign/unknown-key", "AK3");

set_key("AK3");
within(1, "without an end", "200 -", "AK3");
redis_cli(10, "pexpire", "postern:key:{AK3}", 300);
within(1.3, "given one", "401 sign/unknown-key", "AK3");


# what cannot be used is refused, and said once; the last good one is not kept

my %broken = (
    '{"org": "acme"' => qr/ends too early/,
    '{"org": "acme", "usr": "alice"}' => qr/unknown member "usr"/,
    '{"org": "nobody"}' => qr/the directory's file has no organization "nobody"/,
    '{"org": "acme", "user": "bob", "algorithm": "ed25519"}' =>
        qr/there is no user "bob"/,
    key_of("AK4", secret => qq("plain:$RedisKeys::secret")) =>
        qr/secret: a secret must be sealed here/,
);

for my $text (sort keys %broken) {
    set_key("AK4");
    within(1, "a good one", "200 -", "AK4");
    my $before = () = error_log(0, $broken{$text});
    set_key("AK4", $text);
    within(1, "a broken one", "401 sign/unknown-key", "AK4");
    my $after = () = error_log(0, $broken{$text});
    cmp_ok($after - $before, ">", 0, "is told with its fault");
    cmp_ok($after - $before, "<=", 2, "once by each worker");
}

unlike(join("", error_log(0, qr/./)), qr/\Q$RedisKeys::secret/,
       "no secret is told");

redis_cli(10, "rpush", "postern:key:{AK5}", "a list");
is(answer(0, "AK5"), "503 sign/unavailable", "what is no string");
cmp_ok(scalar(error_log(0, qr/refused a command: "WRONGTYPE/)), ">", 0,
       "is told, too");


# the file comes first, and what it says of users counts

set_key("file-1", key_of("file-1", status => '"disabled"'));
sleep 0.3;
is(statuses(\@both, "file-1"), "200 -", "the file's key is the file's");

set_key("AK1");
within(1, "a key of alice", "200 -", "AK1");
RedisKeys::directory('"alice": { "roles": ["viewer"], "status": "disabled" }');
within(2, "alice is disabled in the file", "401 sign/key-disabled", "AK1");
RedisKeys::directory('"bob": {}, "alice": { "roles": ["viewer"] }');
within(2, "and enabled", "200 -", "AK1");
set_key("AK6", key_of("AK6", user => '"dora"'));
within(1, "a user that is not there", "401 sign/unknown-key", "AK6");
RedisKeys::directory('"dora": {}, "alice": { "roles": ["viewer"] }');
within(2, "and then is", "200 -", "AK6");


# what the program makes

my $program = $ENV{TEST_NGINX_POSTERN}
              // ($ENV{POSTERN_TOP} // ".") . "/build/postern";
my $out = dir() . "/made";
unlink glob "$out*";

my $make = "$program key --org acme --id made --algorithm hmac-sha256"
           . " --user alice --out $out --redis";

like(qx($make 2>&1), qr/--redis needs --master-key/, "what is secret is sealed");
like(qx($make --master-key $dir_key --jwk 2>&1), qr/--jwk is for/,
     "a record is no JWK");
like(qx($program key --org acme --id 'a{b' --algorithm ed25519 --role robot --redis 2>&1),
     qr/--id must have no braces/, "nor of any id");
like(qx($program key --org acme --id a --algorithm ed25519 --role robot --prefix x: 2>&1),
     qr/--prefix is of keys in Redis/, "a prefix is of Redis");
like(qx($program key --org acme --id a --algorithm ed25519 --role robot --redis --prefix 'x{' 2>&1),
     qr/--prefix must have no braces/, "and has none of its marks");

my $line = qx($make --master-key $dir_key 2>$out.said);
like($line, qr/^SET 'postern:key:\{made\}' '\{"org": "acme", .*"secret": "sealed:k1:[^"]+"\}'\n$/,
     "a record");
like(slurp("$out.said"), qr/redis-cli takes this line/, "and how it is set");
open(my $cli, "|-", "redis-cli -p @{[port(10)]} >$out.cli") or die;
print $cli $line;
close $cli;
is(slurp("$out.cli"), "OK\n", "redis-cli takes it");
my $made = slurp($out) =~ s/\n$//r;
within(1, "a key that the program made", "200 -", "made", secret => $made);

sub slurp { local (@ARGV, $/) = $_[0]; return scalar <> }


# ids that no key has

is(answer(0, $_), "401 sign/unknown-key", "an id of " . length($_))
    for "a b", "a}b", "a{b", "x" x 128;
is(answer(0, "x" x 129), "400 sign/too-large", "one that is too long");

is_deeply([error_log($_, qr/\[(alert|emerg|crit)\]/)], [], "node $_: no fault")
    for @both;

done_testing();
