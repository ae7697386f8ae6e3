# How long a session lasts, and what ends it.

use lib 't/lib';
use MfaTest;
use Test::Nginx::Socket 'no_plan';
use Time::HiRes qw(sleep time);

add_block_preprocessor(\&MfaTest::defaults);
add_response_body_check(\&MfaTest::client);

sub code_of {
    my ($b, $path) = @_;
    my $r = $b->get($path, Accept => "*/*");

    return $r->{status} == 200 ? "in" : $b->json($r)->{code};
}

master_on();
no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: idle: use keeps a session, disuse ends it
--- guard
    postern_org acme;
    mfa_limit free=100 attempts=100 address=10000r/m;
    mfa_session idle=3s absolute=1h;
--- client
    my $b = MfaTest::first("alice");

    for (1 .. 5) {
        sleep 1.2;
        is(code_of($b, "/low/"), "in", "used now and then it lasts");
    }

    sleep 4.2;
    is(code_of($b, "/low/"), "mfa/ended", "not used for longer it has ended");
    is(code_of($b, "/low/"), "mfa/ended", "for good");



=== TEST 2: absolute: an end that no use puts off, nor a new token
--- guard
    postern_org acme;
    mfa_limit free=100 attempts=100 address=10000r/m;
    mfa_session idle=5s absolute=5s;
--- client
    my $begin = time;
    my $b = MfaTest::first("u1");

    sleep 2;
    $b->code(MfaTest::code("u1"));
    is(code_of($b, "/app"), "in", "a second factor");

    while (time - $begin < 4) {
        sleep 0.5;
        is(code_of($b, "/app"), "in", "used all the time") if time - $begin < 4;
    }

    sleep 2.5;
    is(code_of($b, "/app"), "mfa/ended", "it ends all the same");



=== TEST 3: one location may be stricter than others
--- config
    location /strict/ {
        mfa on;
        mfa_require aal=1;
        mfa_session idle=1s absolute=1h;
        proxy_pass http://app;
    }
--- client
    my $b = MfaTest::first("u2");

    is(code_of($b, "/strict/"), "in", "just now");
    sleep 2.2;
    is(code_of($b, "/strict/"), "mfa/ended", "ended there");
    is(code_of($b, "/low/"), "in", "and not elsewhere");



=== TEST 4: the directory ends sessions: disabled, gone, another password
--- client
    my %b = map { $_ => MfaTest::first($_) } qw(u3 u4 u5 u6);

    is(code_of($b{$_}, "/low/"), "in", "$_ is in") for sort keys %b;

    my $other = $MfaTest::hash =~ s/Mobj8$/MobjQ/r;

    ok(MfaTest::change(sub { code_of($b{u3}, "/low/") ne "in" },
                       u3 => MfaTest::person("u3", status => '"disabled"'),
                       u4 => undef,
                       u5 => MfaTest::person("u5", password => qq("$other"))),
       "the directory changes");

    is(code_of($b{u3}, "/low/"), "mfa/ended", "who is disabled is out");
    is(code_of($b{u4}, "/low/"), "mfa/ended", "who is gone is out");
    is(code_of($b{u5}, "/low/"), "mfa/ended", "a new password ends sessions");
    is(code_of($b{u6}, "/low/"), "in", "of nobody else");

    ok(MfaTest::change(sub { code_of($b{u3}, "/low/") eq "in" }),
       "what comes back as it was finds its session again");



=== TEST 5: a reload ends no session
--- client
    my $b = MfaTest::both("u7");
    my $root = $ENV{TEST_NGINX_SERVROOT};

    open my $in, "<", "$root/logs/nginx.pid" or die "nginx.pid: $!";
    chomp(my $master = <$in>);

    my $workers = sub { join " ", sort split /\s+/,
                        `ps --ppid $master -o pid= ` =~ s/^\s+//r };
    my $before = $workers->();

    kill "HUP", $master;

    for (1 .. 50) {
        sleep 0.1;
        last if $workers->() ne $before && $workers->() !~ / /;
    }

    isnt($workers->(), $before, "another worker");
    is(code_of($b, "/app"), "in", "the same session");



=== TEST 6: 32 sessions of a user, and the oldest goes
--- client
    my @b = map { sleep 0.05; MfaTest::first("u8") } 1 .. 33;

    my $in = grep { code_of($_, "/low/") eq "in" } @b;

    is($in, 32, "one has ended");
    is(code_of($b[32], "/low/"), "in", "not the newest one");
