# Guessing at the pages themselves.  AuthQuake: whoever has a password signs in
# again and again, for new guesses at the code each time.

use lib 't/lib';
use MfaTest;
use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(\&MfaTest::defaults);
add_response_body_check(\&MfaTest::client);

our $password = $MfaTest::password;

sub browser { return MfaTest::browser(@_) }

# what a page says of a guess

sub said {
    my ($r) = @_;

    return $r->{status} == 303 ? "yes" : $r->{status} == 429 ? "wait"
         : $r->{status} == 503 ? "busy" : "no";
}

sub tally {
    my %seen;

    $seen{said($_)}++ for @_;
    return \%seen;
}

# the fields of a sign-in, for clients that fill no forms

sub fields {
    my ($b, $user, $given) = @_;

    return join "&", map { $_->[0] . "=" . MfaClient::escape($_->[1]) }
        ["csrf", $b->csrf("sign-in")], ["user", $user], ["password", $given];
}

master_on();
no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: a password is worth five guesses at the code, however often it is used
--- guard
    postern_org acme;
    mfa_limit address=10000r/m;
--- client
my (@got, @again);

for (1 .. 6) {
    my $b = MfaTest::first("u1");
    push @got, map { $b->code("00000$_") } 1 .. 4;
}

is_deeply tally(@got), { no => 5, wait => 19 }, "twenty-four guesses, six sign-ins";
ok $got[-1]{field}{"retry-after"}, "when to come again";

my $b = MfaTest::first("u2");

for (1 .. 6) {
    push @again, map { $b->code("00000$_") } 1 .. 4;
    $b->forget("__Host-postern");
    MfaTest::first("u2", browser => $b);
}

is_deeply tally(@again), { no => 5, wait => 19 },
    "a device is known for codes by a code, not by a password";



=== TEST 2: the owner's devices go on
--- guard
    postern_org acme;
    mfa_limit address=10000r/m;
--- client
my $owner = MfaTest::both("u3", step => -1);
my $other = $owner->clone();

$owner->sign_out();

my @got = map { browser()->sign_in("u3", "wrong") } 1 .. 7;
is_deeply tally(@got), { no => 5, wait => 2 }, "strangers shut the password";
is said(browser()->sign_in("u3", $password)), "wait", "for all strangers";
is said($owner->sign_in("u3", $password)), "yes", "not for the owner's device";

is said(browser()->sign_in("u4", $password)), "yes", "a stranger with a password";
my $thief = MfaTest::first("u3", browser => $other->clone());
$thief->forget(grep { /device/ } keys %{$thief->cookies()});
@got = map { $thief->code("00000$_") } 1 .. 7;
is_deeply tally(@got), { no => 5, wait => 2 }, "shuts the codes of strangers";
is said($owner->code(MfaTest::code("u3"))), "yes", "not the owner's";

# the cookie of one is nothing for another

my ($name) = grep { /device/ } keys %{$owner->cookies()};
ok $name, "there is a cookie of the device";

browser()->sign_in("u5", "wrong") for 1 .. 5;
my $b = browser();
$b->set($name, $owner->cookie($name));
is said($b->sign_in("u5", $password)), "wait", "a device of u3 is none of u5";

$b = browser();
$b->set($name, MfaClient::escape($owner->cookie($name)) =~ s/(.)$/$1 eq "A" ? "B" : "A"/er);
is said($b->sign_in("u3", $password)), "wait", "a forged one is none";



=== TEST 3: a thousand sign-ins over HTTP/2
--- guard
    postern_org acme;
    mfa_limit address=10000r/m;
--- http_more
    log_format said "$status";
--- config eval
"    listen 127.0.0.1:" . (MfaTest::port() + 4) . " http2;
    access_log logs/said.log said;
    keepalive_requests 10000;
"
--- client
my $b = browser();
my $file = "$MfaTest::keys/form";

open my $out, ">", $file or die;
print $out fields($b, "u6", "wrong");
close $out;

my $cookies = $b->cookies();
my $cookie = join "; ", map { "$_=$cookies->{$_}" } keys %$cookies;
my $port = MfaTest::port() + 4;
my $text = qx(h2load -n 1000 -c 10 -m 50 -d $file \\
    -H 'content-type: application/x-www-form-urlencoded' \\
    -H 'cookie: $cookie' -H 'accept: text/html' \\
    http://127.0.0.1:$port/.postern/sign-in);

like $text, qr/1000 done, /, "a thousand were answered";

select undef, undef, undef, 0.3;
open my $in, "<", "$ENV{TEST_NGINX_SERVROOT}/logs/said.log" or die;

my %seen;
/^(4\d\d)/ and $seen{$1}++ for <$in>;
my @other = grep { $_ != 429 } keys %seen;

is $seen{429}, 995, "of which 995 had to wait";
is_deeply [map { $seen{$_} } @other], [5], "and five were looked at";
is said(browser()->sign_in("u6", $password)), "wait", "the right one waits, too";



=== TEST 4: a full queue is answered 503, and costs no guess
--- http_config eval
MfaTest::keys_file();
MfaTest::http() =~ s/mfa_insecure_argon2id .*?;/mfa_argon2id memory=64m passes=6 running=1 queue=1;/r
--- guard
    postern_org acme;
    mfa_limit address=10000r/m;
--- client
my $b = browser();
my $body = fields($b, "u7", "wrong");
my @got = $b->at_once(map {
    ["POST", "/.postern/sign-in", body => $body,
     type => "application/x-www-form-urlencoded"]
} 1 .. 20);

my $seen = tally(@got);

cmp_ok $seen->{busy}, ">=", 10, "most of twenty find the queue full";
cmp_ok $seen->{no}, "<=", 5, "a few are looked at";

my ($busy) = grep { $_->{status} == 503 } @got;

like $busy->{field}{"retry-after"}, qr/^\d+$/, "when to come again";
like $busy->{body}, qr/<form|<main|<h1/, "on a page";

my $left = 5 - $seen->{no};
my @rest = map { $b->sign_in("u7", "wrong") } 1 .. $left + 1;

is_deeply tally(@rest), { ($left ? (no => $left) : ()), wait => 1 },
    "the rest of the five is left";
