# The second factor, recovery codes, enrolment.

use lib 't/lib';
use MfaTest;
use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(\&MfaTest::defaults);
add_response_body_check(\&MfaTest::client);

$MfaTest::guard =~ s/^\s*mfa_enrol off;\n//m;

sub browser { return MfaTest::browser(@_) }

our $password = $MfaTest::password;

# the secret that an enrolment page shows
sub shown {
    my ($r) = @_;
    my ($secret) = $r->{body} =~ m{class="key">([A-Z2-7 ]+)<};

    return $secret // die "no secret in: $r->{status} $r->{body}\n";
}

# the recovery codes of a page
sub codes {
    my ($r) = @_;

    my @codes = $r->{body} =~ m{\b([A-Z2-7]{4}-[A-Z2-7]{4}-[A-Z2-7]{4}-[A-Z2-7]{4})\b}g;

    return @codes;
}

# somebody of aal 2 by enrolment: browser, secret, recovery codes
sub enrolled {
    my ($user, %option) = @_;
    my $b = MfaTest::first($user);
    my $page = $b->page("enrol", %option);
    my $secret = shown($page);
    my $r = $b->submit($page, { code => MfaClient::totp($secret, step => -1),
                                name => "Phone" });

    die "enrolment: $r->{status} $r->{body}\n" if $r->{status} != 200;

    return ($b, $secret, codes($r));
}

no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: no session
--- client
my $b = browser();

for my $page (qw(code recovery)) {
    my $r = $b->page($page, to => "/x?y=1");
    is $r->{status}, 303, "$page: away";
    is $r->{location}, "/.postern/sign-in?to=/x%3Fy%3D1", "$page: to sign in";
}

for my $page (qw(enrol account password recovery-codes)) {
    my $r = $b->page($page, to => "/x");
    is $r->{status}, 303, "$page: away";
    is $r->{location}, "/.postern/sign-in?to=/.postern/$page%3Fto%3D/x",
       "$page: and back";
}

is $b->post("/.postern/$_", { csrf => "x" })->{location} =~ s/\?.*//r,
   "/.postern/sign-in", "POST $_"
    for qw(code recovery enrol sessions factors password recovery-codes);



=== TEST 2: aal 1, with a factor
--- client
my $b = MfaTest::first("u1");

is $b->page("sign-in", to => "/x")->{location}, "/.postern/code?to=/x",
   "sign-in: the code";
is $b->page($_)->{status}, 200, "$_: the form" for qw(code recovery sign-out);
is $b->page($_)->{location}, "/.postern/code?to=/.postern/$_", "$_: code first"
    for qw(enrol account password recovery-codes);
is $b->post("/.postern/$_", { csrf => "x" })->{location},
   "/.postern/code?to=/.postern/$_", "POST $_: code first"
    for qw(sessions factors password recovery-codes enrol);



=== TEST 3: wrong codes, one used twice, a right one
--- client
my $b = MfaTest::first("u2");
my $token = $b->cookie("__Host-postern");

for my $code ("000000", "", "12345", "abcdef", "1" x 4000) {
    my $r = $b->code($code);
    is $r->{status}, 401, "wrong: " . substr $code, 0, 8;
    is $b->cookie("__Host-postern"), $token, "the same token";
}

my $code = MfaTest::code("u2");
my $other = MfaTest::first("u2");

my $r = $b->code(substr($code, 0, 3) . " " . substr($code, 3));
is $r->{status}, 303, "right, with a space";
is $r->{location}, "/.postern/account", "the account";

$r = $other->code($code);
is $r->{status}, 401, "once more: refused";
like $r->{body}, qr/used/i, "says why";
is $other->get("/x")->{status}, 303, "not let in";

$r = $other->code(MfaTest::code("u2", step => 1));
is $r->{status}, 303, "the next one";
like $other->get("/x")->{body}, qr/^app GET \/x/, "let in";

my $old = browser();
$old->set("__Host-postern", $token);
is $old->get("/low/")->{status}, 303, "the first token is void";



=== TEST 4: step-up keeps the page and its query
--- client
my $b = MfaTest::both("u3", step => -1);
is $b->get("/fresh/a?b=c")->{status}, 200, "fresh";
sleep 3;
my $r = $b->get("/fresh/a?b=c%26d");
is $r->{status}, 303, "no more";
like $r->{location}, qr{^/\.postern/code\?again=1&to=}, "the code";

$r = $b->get($r->{location});
is $r->{status}, 200, "the form, at aal 2";
my $token = $b->cookie("__Host-postern");
$r = $b->submit($r, { code => MfaTest::code("u3") });
is $r->{location}, "/fresh/a?b=c%26d", "back";
isnt $b->cookie("__Host-postern"), $token, "a new token";
is $b->get($r->{location})->{status}, 200, "fresh again";

is $b->page("code", to => "/x")->{location}, "/x", "nothing to prove";



=== TEST 5: enrolment
--- client
my $b = browser();
my $r = $b->get("/app?x=1");
$r = $b->submit($b->get($r->{location}), { user => "b1", password => $password });
is $r->{location}, "/.postern/enrol?to=/app%3Fx%3D1", "enrol first";
is $b->get("/app")->{location}, "/.postern/code?to=/app", "guarded";
is $b->page("code", to => "/app")->{location}, "/.postern/enrol?to=/app",
   "nothing to type there";

my $page = $b->get($r->{location});
is $page->{status}, 200, "enrol";
like $page->{body}, qr/<svg/, "a picture";
my $secret = shown($page);
is length($secret =~ s/ //gr), 32, "160 bits";
like $page->{body}, qr{otpauth://totp/[^"]*secret=@{[$secret =~ s/ //gr]}},
     "as a link";

is shown($b->get($r->{location})), $secret, "the same when loaded again";

my $wrong = $b->submit($page, { code => "000000", name => "Phone" });
is $wrong->{status}, 401, "a wrong code";
is shown($wrong), $secret, "still the same";

my $code = `oathtool --totp -b "$secret"` =~ s/\n//r;
my $token = $b->cookie("__Host-postern");
my $done = $b->submit($page, { code => $code, name => "Telefon \xc3\xa4\"<" });
is $done->{status}, 200, "enrolled";
is scalar(codes($done)), 10, "ten recovery codes";
isnt $b->cookie("__Host-postern"), $token, "a new token";
like $done->{body}, qr{href="/app\?x=1"}, "and on";

like $b->get("/app?x=1")->{body}, qr/^app GET/, "let in";

$r = $b->page("account");
like $r->{body}, qr/Telefon \xc3\xa4(?:&quot;|&#34;)&lt;/, "named, escaped";

my $again = MfaTest::first("b1");
$r = $again->code($code);
is $r->{status}, 401, "the code of the enrolment does not sign in";
like $r->{body}, qr/used/i, "it was used";
is $again->code(MfaClient::totp($secret, step => 1))->{status}, 303,
   "the next does";

$r = $b->post("/.postern/enrol", { csrf => $b->csrf("account"),
                                   code => MfaClient::totp($secret, step => 2) });
isnt $r->{status}, 303, "nothing is pending";



=== TEST 6: a second device needs the first, or not long ago
--- client
my ($b, $secret) = enrolled("b2");

my $page = $b->page("enrol");
is $page->{status}, 200, "fresh";
isnt shown($page), $secret, "another secret";

my $r = $b->submit($page, { code => MfaClient::totp(shown($page)),
                            name => "Tablet" });
is $r->{status}, 303, "added";
is $r->{location}, "/.postern/account?notice=enrolled", "and said";
is scalar(codes($r)), 0, "no new recovery codes";

my $thief = MfaTest::first("b2");
is $thief->page("enrol")->{location}, "/.postern/code?to=/.postern/enrol",
   "a password alone enrols nothing";



=== TEST 7: two with a password: whoever enrols first shuts out the other
--- client
my $owner = MfaTest::first("b3");
my $thief = MfaTest::first("b3");
my $one = $owner->page("enrol");
my $two = $thief->page("enrol");

isnt shown($one), shown($two), "secrets of their own";
is $owner->submit($one, { code => MfaClient::totp(shown($one)) })->{status}, 200,
   "the owner";
my $r = $thief->submit($two, { code => MfaClient::totp(shown($two)) });
is $r->{status}, 303, "the thief";
like $r->{location}, qr{^/\.postern/code}, "is asked for a code";



=== TEST 8: recovery
--- client
my ($b, $secret, @codes) = enrolled("b4");
is scalar(@codes), 10, "codes";

my $new = MfaTest::first("b4");
like $new->page("code")->{body}, qr{href="/\.postern/recovery}, "a link";

my $r = $new->recovery("AAAA-AAAA-AAAA-AAAA");
is $r->{status}, 401, "a wrong one";
is $new->recovery("x")->{status}, 401, "none at all";

$r = $new->recovery(lc($codes[3]) =~ s/-/ /gr);
is $r->{status}, 303, "a right one, in another spelling";
is $r->{location}, "/.postern/account?notice=recovery", "the account";
$r = $new->get($r->{location});
like $r->{body}, qr/class="note good"/, "with a word";
like $r->{body}, qr/\b9\b/, "nine are left";
like $new->get("/x")->{body}, qr/^app GET/, "aal 2";

my $other = MfaTest::first("b4");
is $other->recovery($codes[3])->{status}, 401, "once only";
is $other->recovery($codes[4])->{status}, 303, "another one";

$r = $b->page("recovery-codes");
is $r->{status}, 200, "asks";
is scalar(codes($r)), 0, "shows none";
$r = $b->submit($r, {});
is $r->{status}, 200, "new ones";
my @new = codes($r);
is scalar(@new), 10, "ten";
is_deeply [grep { my $c = $_; grep { $_ eq $c } @codes } @new], [], "others";

$other = MfaTest::first("b4");
is $other->recovery($codes[5])->{status}, 401, "an old one";
is $other->recovery($new[0])->{status}, 303, "a new one";



=== TEST 9: enrolment off
--- guard
    postern_org acme;
    mfa_limit free=100 attempts=100 address=10000r/m;
    mfa_enrol off;
--- client
my $b = browser();
my $r = $b->sign_in("b5", $password, to => "/x");
is $r->{location}, "/x", "on";
$r = $b->get("/x");
is $r->{location}, "/.postern/code?to=/x", "the code";
$r = $b->get($r->{location});
is $r->{status}, 403, "no way to have one";
like $r->{body}, qr/<h1>/, "a page";
is $b->page("enrol")->{status}, 403, "enrol";
is $b->get("/low/")->{status}, 200, "what asks for less";
is $b->page("account")->{status}, 200, "the account";



=== TEST 10: guesses of codes
--- guard
    postern_org acme;
    mfa_limit free=2 wait=30s attempts=100 address=10000r/m;
--- client
my $b = MfaTest::first("u4");
is join(" ", map { $b->code("00000$_")->{status} } 1 .. 3), "401 401 429",
   "three wrong ones";
is $b->code(MfaTest::code("u4"))->{status}, 429, "and a right one";

my $c = MfaTest::first("b6");
my $page = $c->page("enrol");
is join(" ", map { $c->submit($page, { code => "00000$_" })->{status} } 1 .. 3),
   "401 401 429", "at enrolment";



=== TEST 11: forms of another session
--- client
my $b = MfaTest::first("u5");
my $form = $b->csrf("code");
is $b->code(MfaTest::code("u5"))->{status}, 303, "proven";
my $r = $b->post("/.postern/sessions", { csrf => $form, end => "all" });
is $r->{status}, 403, "a form of before the proof";
is $b->get("/x")->{status}, 200, "nothing ended";

my $other = MfaTest::both("u6");
$r = $b->post("/.postern/sessions", { csrf => $other->csrf("account"),
                                      end => "all" });
is $r->{status}, 403, "a form of somebody else";
is $b->get("/x")->{status}, 200, "nothing ended";



=== TEST 12: an authenticator with SHA-256
--- guard
    postern_org acme;
    mfa_totp algorithm=sha256 digits=8;
    mfa_limit free=100 attempts=100 address=10000r/m;
--- client
my $b = MfaTest::first("b7");
my $page = $b->page("enrol");
my $secret = shown($page);
my %how = (algorithm => "sha256", digits => 8);

is length($secret =~ s/ //gr), 52, "256 bits";
like $page->{body}, qr{algorithm=SHA256}, "said to whoever scans it";
is $b->submit($page, { code => MfaClient::totp($secret, digits => 8) })->{status},
   401, "a code with SHA-1";
is scalar(codes($b->submit($page, { code => MfaClient::totp($secret, %how) }))),
   10, "enrolled";
is MfaTest::first("b7")->code(MfaClient::totp($secret, %how, step => 1))
   ->{status}, 303, "a second factor from now on";



=== TEST 13: an authenticator with SHA-512
--- guard
    postern_org acme;
    mfa_totp algorithm=sha512 digits=8;
    mfa_limit free=100 attempts=100 address=10000r/m;
--- client
my $b = MfaTest::first("b8");
my $page = $b->page("enrol");
my $secret = shown($page);
my %how = (algorithm => "sha512", digits => 8);

is length($secret =~ s/ //gr), 103, "512 bits";
like $page->{body}, qr{algorithm=SHA512}, "said to whoever scans it";
is $b->submit($page, { code => MfaClient::totp($secret, digits => 8) })->{status},
   401, "a code with SHA-1";
is scalar(codes($b->submit($page, { code => MfaClient::totp($secret, %how) }))),
   10, "enrolled";
is MfaTest::first("b8")->code(MfaClient::totp($secret, %how, step => 1))
   ->{status}, 303, "a second factor from now on";



=== TEST 14: recovery codes go with a second factor, and with its code
--- client
my $b = MfaTest::first("b9");
my $csrf = $b->csrf("enrol");

is $b->page("recovery-codes")->{location}, "/.postern/enrol",
   "without a factor: to enrolment";

my $r = $b->post("/.postern/recovery-codes", { csrf => $csrf });
is $r->{location}, "/.postern/enrol", "asked for all the same";
is scalar(codes($r)), 0, "none";

$b = MfaTest::first("u7");
$csrf = $b->csrf("code");
$r = $b->post("/.postern/recovery-codes", { csrf => $csrf });
is $r->{status}, 303, "with a factor that was not shown";
like $r->{location}, qr{^/\.postern/code}, "that first";
is scalar(codes($r)), 0, "no codes before";
