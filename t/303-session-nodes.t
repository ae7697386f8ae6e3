# Sessions over two nodes and Redis: good at both, ended at both within a
# second, as good as Redis is, and never let through without it.

use v5.32;
use warnings;
use lib ($ENV{POSTERN_TOP} // ".") . "/t/lib";

use MfaTest;
use PosternStore;
use Test::More;
use Time::HiRes qw(sleep time);

redis(8, "--appendonly", "yes", "--appendfsync", "always");

my $dir = dir();

MfaTest::keys_file();
spew("$dir/people.json", MfaTest::directory());
spew("$dir/key", "mk-1 " . "A" x 42 . "E=\n");
chmod 0600, "$dir/key";

sub spew {
    my ($file, $text) = @_;

    open my $out, ">", $file or die "$file: $!\n";
    print $out $text;
    close $out;
}

sub settings {
    my ($n) = @_;

    return <<"EOD";
    postern_zone 4m;
    postern_redis redis://127.0.0.1:@{[port(8)]}/0 timeout=300ms;
    postern_directory $dir/people.json;
    postern_master_key $dir/key;
    postern_org acme;
    mfa_insecure_argon2id memory=8k passes=1;
    mfa_limit free=100 attempts=100 address=10000r/m;

    server {
        listen 127.0.0.1:@{[port(4 + $n)]};

        location /.postern/ { mfa_pages; }

        location / {
            mfa on;
            mfa_require aal=1;
            add_header X-User \$postern_subject;
            empty_gif;
        }
    }
EOD
}

# the same browser at one node and at the other
sub at {
    my ($b, $n) = @_;

    $b->{port} = port(4 + $n);
    return $b;
}

sub seen {
    my ($b, $n) = @_;
    my $r = at($b, $n)->get("/", Accept => "*/*");

    return $r->{status} == 200 ? "in"
           : "$r->{status} " . ($b->json($r)->{code} // "");
}

sub person {
    my ($user, $n) = @_;

    return MfaTest::first($user, browser => at(MfaTest::browser(), $n // 0));
}

# seconds until the first request that a node no longer lets in
sub until_out {
    my ($b, $n) = @_;
    my $begin = time;

    while ((my $asked = time) < $begin + 20) {
        return $asked - $begin if seen($b, $n) eq "401 mfa/ended";
        sleep 0.02;
    }

    return 99;
}

nginx($_, settings($_)) for 0, 1;


my $b = person("alice", 0);

is(seen($b, $_), "in", "good at node $_") for 0, 1, 1, 0;

my $other = person("alice", 1);

is(seen($other, $_), "in", "another one at node $_") for 0, 1;


# what ends at one node

at($b, 1)->code(MfaTest::code("alice"));
is(seen($b, $_), "in", "with a second factor, under a new token, at node $_")
    for 0, 1;

seen($other, $_) for 0, 1;
at($b, 1);

my $page = $b->page("account");
my $r = $b->post("/.postern/sessions",
                 { csrf => $page->{body} =~ /name="csrf" value="([^"]+)"/
                           ? $1 : "", end => "others" });

is($r->{status}, 303, "the others are ended, at node 1");
like($r->{location}, qr/account/, "and nothing else is asked for");

my $took = until_out($other, 0);

cmp_ok($took, "<", 1, "node 0 knows within a second");
is(seen($other, 1), "401 mfa/ended", "node 1 does at once");
is(seen($b, $_), "in", "the one that ended them is in at node $_") for 0, 1;

my $copy = $b->clone;

is(seen($copy, 0), "in", "a copy of a cookie");
at($b, 1);
$b->sign_out;
cmp_ok(until_out($copy, 0), "<", 1, "is out everywhere within a second");


# nginx anew, Redis anew

$b = person("u1");
nginx_stop(0);
nginx(0, settings(0));
is(seen($b, 0), "in", "a restart of nginx ends no session");

redis_stop(8);
redis(8, "--appendonly", "yes", "--appendfsync", "always");
ok(wait_for(sub { seen($b, 0) eq "in" }), "nor one of a Redis that keeps data");


# without Redis

seen($b, $_) for 0, 1;
redis_stop(8);

for my $node (0, 1) {
    ok(wait_for(sub { seen($b, $node) eq "503 mfa/unavailable" }),
       "without Redis nobody is in at node $node");
}

$r = at($b, 0)->get("/", Accept => "*/*");
ok($r->{field}{"retry-after"}, "and is told when to come again");
is(at($b, 0)->get("/")->{status}, 503, "a browser is not led to sign in");

$r = at(MfaTest::browser(), 0)->get("/", Accept => "*/*");
is($r->{status}, 401, "who has no cookie needs no Redis to be told so");

redis(8, "--appendonly", "yes", "--appendfsync", "always");
ok(wait_for(sub { seen($b, 0) eq "in" }), "when it is back, so is the session");


# a Redis that hangs: an answer in time

redis_signal(8, "STOP");
ok(wait_for(sub { seen($b, 0) =~ /^503/ }), "a Redis that hangs");

my $begin = time;

like(seen($b, 0), qr/^503/, "lets nobody in");
cmp_ok(time - $begin, "<", 2, "and is not waited for long");
redis_signal(8, "CONT");
ok(wait_for(sub { seen($b, 0) eq "in" }), "until it goes on");


# a record that was tampered with is no session

my ($record) = grep { /mfa\/s\// } split /\n/,
               redis_cli(8, "--raw", "KEYS", "*mfa/s/*");

ok(defined $record, "a session's record");
redis_cli(8, "EVAL", "for _, k in ipairs(redis.call('KEYS', '*mfa/s/*')) do "
                     . "redis.call('SET', k, 'x', 'PX', 60000) end", 0);
ok(wait_for(sub { seen($b, 0) eq "401 mfa/ended" }),
   "one that does not read is none");

nginx_stop($_) for 0, 1;
is(join("", map { error_log($_, qr/\[(alert|emerg)\]/) } 0, 1), "",
   "nothing was wrong");
redis_stop(8);

done_testing();
