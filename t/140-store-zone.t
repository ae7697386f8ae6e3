# What the zone alone answers to swap, attempt, clear and recent, and what the
# key ring computes.

use v5.32;
use warnings;
use lib ($ENV{POSTERN_TOP} // ".") . "/t/lib";

use PosternStore;
use Test::More;
use Time::HiRes qw(sleep time);

my $dir = dir();

sub file {
    my ($name, $text) = @_;
    open my $f, ">", "$dir/$name" or die;
    print $f $text;
    close $f;
    chmod 0600, "$dir/$name";
    return "$dir/$name";
}

sub swap {
    my ($name, $old, $new, $ttl) = @_;
    return get(0, "/swap?org=a&name=$name&old=$old&new=$new&ttl="
                  . ($ttl // 60000));
}

# free, wait, wait_max, max, ttl
sub attempt {
    my ($name, @b) = @_;
    return get(0, "/attempt?org=a&name=$name&free=$b[0]&wait=$b[1]"
                  . "&longest=$b[2]&max=$b[3]&ttl=$b[4]");
}

my $keys = file("keys", "new " . ("A" x 43) . "=\nold " . ("B" x 42) . "A=\n");

like(nginx_test("postern_test_has on;"), qr/store 0, redis 0, keys 0/,
     "nothing is there");
like(nginx_test("postern_zone 1m; postern_test_has on;"),
     qr/store 1, redis 0, keys 0/, "a zone is there");
like(nginx_test("postern_zone 1m; postern_redis redis://127.0.0.1:1;
                 postern_master_key $keys; postern_test_has on;"),
     qr/store 1, redis 1, keys 1/, "all is there");

nginx(0, "postern_zone 1m; postern_master_key $keys;");


# compare and set

is(swap("s", "one", "two"), "differs", "nothing is there to be swapped");
is(swap("s", "-", "one"), "swapped", "what was not there is");
is(swap("s", "-", "two"), "differs", "and is there then");
is(swap("s", "two", "three"), "differs", "it reads otherwise");
is(swap("s", "one", "two"), "swapped", "it read so");
is(get(0, "/get?org=a&name=s"), "found two", "and reads as it was set");
is(get(0, "/get?org=b&name=s"), "none", "in its organization");
is(get(0, "/recent?org=a&name=s&age=1000"), "found two", "recent finds it");
is(swap("s", "two", "-"), "swapped", "it is taken away");
is(get(0, "/recent?org=a&name=s&age=1000"), "none", "recent does not find it");
is(swap("s", "-", "-"), "swapped", "what is not there stays away");
is(swap("s", "-", "x", 200), "swapped", "for a while");
ok(wait_for(sub { swap("s", "-", "y") eq "swapped" }), "which is over");
is(swap("s", "y", ""), "swapped", "an empty value");
is(swap("s", "-", "z"), "differs", "is a value");

get(0, "/put?org=a&name=race&value=0&ttl=60000");
my $count = race(600, 8, sub { swap("race", "0", "w$_[0]") });
is($count->{swapped}, 1, "one of 600 has its value set");
is($count->{differs}, 599, "and the others have not");

# a counter that nobody misses a step of

get(0, "/put?org=a&name=n&value=0&ttl=60000");
race(40, 4, sub {
    for (1 .. 1000) {
        my ($n) = get(0, "/get?org=a&name=n") =~ /^found (\d+)$/ or next;
        last if swap("n", $n, $n + 1) eq "swapped";
    }
    return "done";
});
is(get(0, "/get?org=a&name=n"), "found 40", "forty steps are forty");


# guesses

my @b = (2, 2000, 3500, 5, 60000);

sub until_go {
    my ($want) = @_;
    my $got;

    wait_for(sub { ($got = attempt("g", @b)) !~ /^wait/ }, 30);
    is($got, $want, $want);
}

is(attempt("g", @b), "go 1", "the first guess");
is(attempt("g", @b), "go 2", "the second");
my ($ms) = attempt("g", @b) =~ /^wait (\d+)$/;
ok($ms && $ms > 100 && $ms <= 2000, "the third waits");
my ($less) = attempt("g", @b) =~ /^wait (\d+)$/;
ok($less && $less <= $ms, "to ask does not make it longer");
until_go("go 3");
($ms) = attempt("g", @b) =~ /^wait (\d+)$/;
ok($ms && $ms > 2000 && $ms <= 3500, "the fourth waits longer, but no longer "
   . "than the longest");
until_go("go 4");
until_go("go 5");
is(attempt("g", @b), "never", "there is no further one");
sleep 3.6;
is(attempt("g", @b), "never", "however long one waits");
is(attempt("h", @b), "go 1", "another name is not slowed");
is(get(0, "/clear?org=b&name=g"), "cleared", "clear in another organization");
is(attempt("g", @b), "never", "forgets nothing here");
is(get(0, "/clear?org=a&name=g"), "cleared", "clear");
is(attempt("g", @b), "go 1", "forgets");
is(get(0, "/clear?org=a&name=nobody"), "cleared", "clear of nothing");

is(attempt("t", 1, 60000, 60000, 1, 300), "go 1", "one guess");
is(attempt("u", 0, 0, 0, 1, 4000), "go 1", "one of another");
is(attempt("u", 0, 0, 0, 1, 4000), "never", "and no more");
my $asked = time;
ok(wait_for(sub { attempt("u", 0, 0, 0, 1, 4000) eq "go 1" }),
   "to ask does not put off the end of it");
cmp_ok(time - $asked, ">", 1, "which does not come at once");
like(attempt("t", 1, 60000, 60000, 1, 300), qr/^never$/,
     "a wait longer than the ttl is served");

$count = race(1000, 8, sub { attempt("race", 7, 60000, 60000, 0, 60000) });
is_deeply($count, { go => 7, wait => 993 },
          "of 1000 guesses over two workers, seven are free");


# over a reload, and a worker killed anywhere

my @before = workers(0);
nginx_reload(0);
ok(wait_for(sub { my %now = map { $_ => 1 } workers(0);
                  !grep { $now{$_} } @before }, 10), "new workers");
like(attempt("race", 7, 60000, 60000, 0, 60000), qr/^wait \d+$/,
     "guesses survive a reload");

for my $round (1 .. 3) {
    my $pid = fork();
    if ($pid == 0) {
        for (1 .. 400) {
            attempt("k$round-$_", 5, 1000, 1000, 0, 60000);
            swap("k$round-$_", "-", "v" x 200);
            swap("k$round-$_", "v" x 200, "w" x 300);
        }
        POSIX::_exit(0);
    }
    sleep 0.05 * $round;
    kill "KILL", (workers(0))[0];
    waitpid $pid, 0;
    ok(wait_for(sub { attempt("alive$round", 99, 0, 0, 0, 60000) =~ /^go/ }),
       "alive after a killed worker");
}

is(get(0, "/get?org=a&name=n"), "found 40", "and nothing is lost");


# full: cannot tell

nginx(0, "postern_zone 256k; postern_master_key $keys;");
my $v = "x" x 8000;
my $n = 0;
while ($n < 1000 && swap("fill$n", "-", $v) eq "swapped") { $n++ }
cmp_ok($n, "<", 1000, "the zone is full");
$n = 0;
while ($n < 5000 && attempt("full$n", 5, 1000, 1000, 0, 60000) =~ /^go/) { $n++ }
cmp_ok($n, "<", 5000, "for guesses too");
is(attempt("full$n", 5, 1000, 1000, 0, 60000), "unavailable",
   "a guess that cannot be counted is not made");
is(swap("fill0", $v, "y$v"), "unavailable", "nor is a value set");
is(swap("fill0", $v, "y"), "unavailable",
   "that has nowhere to lie while the old one does");
is(swap("fill0", $v, "-"), "swapped", "the old one was left as it was");
is(attempt("full$n", 5, 1000, 1000, 0, 60000), "go 1", "and there is room again");


# what a store is called with

is(get(0, "/attempt?org=a&name=g&free=1&wait=1&longest=999999999999&max=1&ttl=1"),
   "status 500", "a wait of decades");
is(get(0, "/recent?org=a&name=g&age=0"), "status 500", "an age of nothing");


# keys

my $zero = get(0, "/mac?n=0&purpose=mfa+session&data=token");
like($zero, qr/^[0-9a-f]{64}$/, "a mac");
is(get(0, "/mac?n=0&purpose=mfa+session&data=token"), $zero, "is the same");
isnt(get(0, "/mac?n=0&purpose=mfa+session&data=tokem"), $zero,
     "but not of other data");
isnt(get(0, "/mac?n=0&purpose=mfa+csrf&data=token"), $zero, "nor for another use");
isnt(get(0, "/mac?n=1&purpose=mfa+session&data=token"), $zero,
     "nor by another key");
is(get(0, "/mac?n=2&purpose=mfa+session&data=token"), "no key",
   "there is no third");
is(get(0, "/mac?n=0&purpose=12345678901234567&data=token"), "error",
   "a use of too many words");
like(get(0, "/mac?n=0&purpose=1234567890123456&data="), qr/^[0-9a-f]{64}$/,
     "sixteen characters, and nothing");

# hashlib.blake2b(b"token", digest_size=32, key=bytes(32),
#                 person=b"mfa+session").hexdigest() in Python

is($zero, "47349a61251e632508ad592ba99d9871"
   . "01b46c0f1eb8d7422e3284db447e0d17", "as Python computes it");

like(get(0, "/seal?name=acme/users/alice/totp&secret=geheim"),
     qr/^sealed:new:[\w-]{60,} opens as geheim$/,
     "sealed by the first key, for the name");
isnt(get(0, "/seal?name=a&secret=x"), get(0, "/seal?name=a&secret=x"),
     "never twice the same");
is(get(0, "/seal?name=a&secret=" . "x" x 513), "not sealed", "a secret too long");
is(scalar error_log(0, qr/geheim/), 0, "no secret is told");

nginx(0, "");
is(get(0, "/mac?n=0&purpose=p&data=d"), "no key", "no ring, no mac");
is(get(0, "/seal?name=a&secret=x"), "not sealed", "no ring, no seal");
ok(error_log(0, qr/"a" cannot be sealed: there is no "postern_master_key"/),
   "which the log says");
is(attempt("g", 2, 400, 600, 5, 60000), "unavailable", "no store, no guess");
is(swap("s", "-", "x"), "unavailable", "and no swap");
is(get(0, "/recent?org=a&name=g&age=1"), "unavailable", "and nothing recent");
is(get(0, "/clear?org=a&name=g"), "unavailable", "and nothing to clear");

done_testing();
