# Coming back: signing out, signing in with a code, the same code once more, a
# recovery code, each of them as a person meets them in a browser.

use v5.32;
use warnings;
use lib ($ENV{POSTERN_TOP} // ".") . "/t/lib";

use MfaE2e;
use Test::More;

site(server => 'mfa_name "Acme Devices"; mfa_totp window=2;');

my $b = browser();

# somebody who has an authenticator

$b->go(address("/anything/list?page=3"));
password_of($b, "u1");
is($b->text("h1"), "Enter your code", "the password alone is not enough");
is(focused($b), "code", "one can type at once");
is($b->attribute("#code", "inputmode"), "numeric", "on a telephone, digits");
is($b->attribute("#code", "autocomplete"), "one-time-code", "or its offer");
look($b, "code");

my $code = authenticator("u1");

$b->enter($code);
is(where($b), "/anything/list?page=3", "a code, and the page is there");

# out

$b->go(address("/.postern/account"));
$b->press(".head .button[href\$='sign-out']");
is($b->text("h1"), "Sign out?", "signing out is asked for");
look($b, "sign-out");

$b->press("main button");
is($b->text("h1"), "You are signed out", "and done");
ok(!$b->cookies->{"__Host-postern"}, "no session is kept in the browser");
look($b, "signed-out");

$b->go(address("/anything/list?page=4"));
like(where($b), qr{^/\.postern/sign-in}, "the application is closed");

# the same code once more: somebody looked over a shoulder

password_of($b, "u1");
$b->enter($code);
is($b->text("[role=alert] strong"), "This code has been used already",
   "a code works once");
like($b->title, qr/^This code has been used already/, "the title begins so");
is(focused($b), "code", "the next one can be typed at once");
is($b->value("#code"), "", "in an empty field");
look($b, "code-used");

$b->enter("000000" eq authenticator("u1", step => 1) ? "000001" : "000000");
is($b->text("[role=alert] strong"), "This code is not right", "a wrong one");
is($b->attribute("#code", "aria-invalid"), "true", "is marked in the field");
look($b, "code-wrong");

my $spaced = authenticator("u1", step => 1) =~ s/(...)/$1 /r;
$b->enter($spaced);
is(where($b), "/anything/list?page=4",
   "the next code, typed as it is shown, leads to the page");

# a telephone is lost

my $page = "/anything/devices?x=1";
my $first = browser();

$first->go(address($page));
password_of($first, "b1");
my $key = $first->execute("return document.querySelector('.key').textContent")
          =~ s/\s//gr;
code_of($first, $key);
my @codes = map { $first->text($_) } $first->find_all(".codes li");
is(scalar @codes, 10, "b1 has kept ten recovery codes");
quiet($first, "enrolling");
$first->quit;

my $lost = browser();

$lost->go(address($page));
password_of($lost, "b1");
$lost->press("main a[href*=recovery]");
is($lost->text("h1"), "Use a recovery code", "there is a way without it");
is(focused($lost), "code", "where one can type at once");
look($lost, "recovery");

$lost->enter("ABCD-EFGH-JKLM-NPQR");
is($lost->text("[role=alert] strong"), "This recovery code is not right",
   "not any text will do");
is(focused($lost), "code", "the next one can be typed");
look($lost, "recovery-wrong");

$lost->enter(lc $codes[3] =~ s/-/ /gr);
like($lost->text("[role=status]"), qr/^You used a recovery code/,
     "in small letters, with spaces: right");
look($lost, "recovery-done");

$lost->press("main a.button:not(.quiet)");
is(where($lost), $page, "what to do now is told, and the page is one step on");

$lost->go(address("/.postern/account"));
like(shown($lost), qr/Unused codes: 9/, "one of ten is gone");
look($lost, "account-recovered");
quiet($lost, "a recovery code");
$lost->quit;

my $again = browser();

$again->go(address($page));
password_of($again, "b1");
$again->press("main a[href*=recovery]");
$again->enter($codes[3]);
is($again->text("[role=alert] strong"), "This recovery code is not right",
   "each of them works once");

$again->enter($codes[4]);
$again->go(address($page));
is(where($again), $page, "the next one works");

quiet($b, "codes");
quiet($again, "a recovery code twice");
is(join("", error_log()), "", "nginx found nothing wrong");

done_testing();
