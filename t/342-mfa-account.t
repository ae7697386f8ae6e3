# What people may do with their own account.

use lib 't/lib';
use MfaTest;
use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(\&MfaTest::defaults);
add_response_body_check(\&MfaTest::client);

$MfaTest::guard =~ s/^\s*mfa_enrol off;\n//m;

sub browser { return MfaTest::browser(@_) }

our $password = $MfaTest::password;
our $new = "another horse, another battery";

sub ids {
    my ($r) = @_;

    my @ids = $r->{body} =~ /name="end" value="([0-9a-f]{16})"/g;

    return @ids;
}

no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: sessions: end one, the others, all
--- client
my $b = MfaTest::both("u1", step => -1);
my $r = $b->page("account");
is $r->{status}, 200, "account";
is scalar(ids($r)), 0, "one session";
like $r->{body}, qr/Firefox on Linux/, "its device";

my $c = MfaTest::both("u1", step => 0);
my $d = MfaTest::both("u1", step => 1);
$r = $b->page("account");
is scalar(ids($r)), 2, "two others";

$r = $b->post("/.postern/sessions", { csrf => $b->csrf("account"),
                                      end => (ids($r))[0] });
is $r->{location}, "/.postern/account?notice=ended", "ended";
like $b->get($r->{location})->{body}, qr/class="note good"/, "says so";
select undef, undef, undef, 0.5;
is join(" ", sort map { $_->get("/x")->{status} } $c, $d), "200 303", "one of two";
is $b->get("/x")->{status}, 200, "not its own";

$r = $b->post("/.postern/sessions", { csrf => $b->csrf("account"),
                                      end => "0" x 16 });
is $r->{status}, 303, "one that is not there";
is $b->post("/.postern/sessions", { csrf => $b->csrf("account"),
                                    end => $_ })->{status}, 400, "malformed $_"
    for "", "x", "g" x 16, "0" x 15;

my $other = MfaTest::both("u2");
my ($id) = ids(do { MfaTest::first("u2"); $other->page("account") });
ok $id, "a session of somebody else";
$b->post("/.postern/sessions", { csrf => $b->csrf("account"), end => $id });
is scalar(ids($other->page("account"))), 1, "is still there";

$r = $b->post("/.postern/sessions", { csrf => $b->csrf("account"),
                                      end => "others" });
select undef, undef, undef, 0.5;
is join(" ", map { $_->get("/x")->{status} } $b, $c, $d), "200 303 303", "others";

$r = $b->post("/.postern/sessions", { csrf => $b->csrf("account"),
                                      end => "all" });
like $r->{location}, qr{^/\.postern/sign-in}, "all";
ok !$b->cookie("__Host-postern"), "no cookie";



=== TEST 2: sign out
--- client
my $b = MfaTest::both("u3");
my $copy = $b->clone;
is $b->page("sign-out")->{status}, 200, "asks";
is $b->get("/x")->{status}, 200, "and nothing more";

my $r = $b->sign_out;
is $r->{status}, 200, "done";
ok !$b->cookie("__Host-postern"), "no cookie";
select undef, undef, undef, 0.5;
is $copy->get("/x")->{status}, 303, "no session";

$r = $copy->page("sign-out");
is $r->{status}, 200, "once more";
$r = $copy->post("/.postern/sign-out", { csrf => $copy->csrf("sign-in") });
is $r->{status}, 200, "and again";
ok !$copy->cookie("__Host-postern"), "no cookie";

my $late = MfaTest::both("u4");
my $form = $late->csrf("sign-out");
$late->clone->post("/.postern/sessions",
                   { csrf => $late->csrf("account"), end => "all" });
$r = $late->post("/.postern/sign-out", { csrf => $form });
is $r->{status}, 200, "a form of a session that has ended meanwhile";
ok !$late->cookie("__Host-postern"), "no cookie";

my $evil = MfaTest::both("u5");
is $evil->post("/.postern/sign-out", {})->{status}, 403, "not without a token";
is $evil->get("/x")->{status}, 200, "still signed in";



=== TEST 3: authenticators: the last one stays, those of the directory too
--- client
my $b = MfaTest::first("b1");
my $page = $b->page("enrol");
my ($secret) = $page->{body} =~ m{class="key">([A-Z2-7 ]+)<};
$b->submit($page, { code => MfaClient::totp($secret), name => "One" });

my $r = $b->page("account");
unlike $r->{body}, qr/name="remove"/, "the last one";

$page = $b->page("enrol");
my ($two) = $page->{body} =~ m{class="key">([A-Z2-7 ]+)<};
$b->submit($page, { code => MfaClient::totp($two), name => "Two" });

$r = $b->page("account");
my @ids = $r->{body} =~ /name="remove" value="([^"]+)"/g;
is scalar(@ids), 2, "two";

is $b->post("/.postern/factors", { csrf => $b->csrf("account"),
                                   remove => $_ })->{status}, 403, "no $_"
    for "", "x", "d0";

$r = $b->post("/.postern/factors", { csrf => $b->csrf("account"),
                                     remove => $ids[0] });
is $r->{location}, "/.postern/account?notice=removed", "removed";
$r = $b->get($r->{location});
unlike $r->{body}, qr/name="remove"/, "the other stays";
is $b->post("/.postern/factors", { csrf => $b->csrf("account"),
                                   remove => $ids[1] })->{status}, 403,
   "whatever is asked for";

my $d = MfaTest::both("u6");
unlike $d->page("account")->{body}, qr/name="remove"/, "of the directory";



=== TEST 4: password
--- client
my $b = MfaTest::both("u7", step => -1);
my $c = MfaTest::both("u7", step => 0);

sub change {
    my (%fields) = @_;
    my $page = $b->page("password");

    return $b->submit($page, { old => $password, new => $new, again => $new,
                               %fields });
}

my %bad = ("differ" => { again => "x$new" },
           "short" => { new => "ab1", again => "ab1" },
           "empty" => { new => "", again => "" },
           "common" => { new => "password123", again => "password123" },
           "same" => { new => $password, again => $password });

for my $what (sort keys %bad) {
    my $r = change(%{$bad{$what}});
    is $r->{status}, 422, $what;
    like $r->{body}, qr/role="alert"/, "$what: says so";
}

is change(old => "wrong")->{status}, 401, "a wrong old one";
is $b->get("/x")->{status}, 200, "still here";

my $token = $b->cookie("__Host-postern");
my $r = change();
is $r->{status}, 303, "changed";
is $r->{location}, "/.postern/account?notice=password", "and said";
isnt $b->cookie("__Host-postern"), $token, "a new token";
is $b->get("/x")->{status}, 200, "still signed in, at aal 2";
select undef, undef, undef, 0.5;
is $c->get("/x")->{status}, 303, "the other session is not";

is browser()->sign_in("u7", $password)->{status}, 401, "the old one";
is browser()->sign_in("u7", $new)->{status}, 303, "the new one";



=== TEST 5: somebody else's browser: signing in ends the session it had
--- client
my $b = MfaTest::both("u8");
my $was = $b->clone;
my $r = $b->page("sign-in", again => 1);
$r = $b->submit($r, { user => "u9", password => $password });
is $r->{status}, 303, "as another one";
select undef, undef, undef, 0.5;
is $was->get("/low/")->{status}, 303, "the session of before has ended";



=== TEST 6: German
--- client
my $b = MfaTest::both("u10", browser => browser(language => "de"));

for my $page (qw(account password recovery-codes sign-out enrol)) {
    my $r = $b->page($page);
    is $r->{status}, 200, $page;
    is $r->{field}{"content-language"}, "de", "$page: language";
    like $r->{body}, qr/<html lang="de"/, "$page: too";
}

my $r = $b->page("nothing");
is $r->{status}, 404, "error";
like $r->{body}, qr/<html lang="de"/, "in German";



=== TEST 7: nothing to write accounts to
--- http_config eval
MfaTest::keys_file();
MfaTest::http("", "")
--- client
my $b = MfaTest::both("u11");
my $r = $b->page("account");
is $r->{status}, 200, "account";
unlike $r->{body}, qr{href="/\.postern/(?:password|enrol)"}, "nothing to change";
is $b->page("password")->{status}, 403, "password";
is $b->page("enrol")->{status}, 403, "enrol";
is $b->submit($b->page("recovery-codes"), {})->{status}, 403, "codes";



=== TEST 8: templates of one's own
--- user_files eval
">>> postern.json\n" . MfaTest::directory()
. ">>> pages/sign-in.html\n<p>mine {{brand}}</p><form method=\"post\">"
. "<input name=\"csrf\" value=\"{{csrf}}\"></form>\n"
--- guard
    postern_org acme;
    mfa_name "A <b> C";
    mfa_templates $TEST_NGINX_HTML_DIR/pages;
--- client
my $b = browser();
my $r = $b->page("sign-in");
like $r->{body}, qr{^<p>mine A &lt;b&gt; C</p>}, "mine";
like $b->page("sign-out")->{body}, qr/<h1>/, "the others are built in";
