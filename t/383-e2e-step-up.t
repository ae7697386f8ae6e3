# A page that asks for a proof of the last seconds gets one, and is then the page
# that was asked for, with its query; who has no second factor gives the
# password again.

use v5.32;
use warnings;
use lib ($ENV{POSTERN_TOP} // ".") . "/t/lib";

use MfaE2e;
use Test::More;
use Time::HiRes qw(sleep);

site(server => 'mfa_name "Acme Devices"; mfa_require aal=1;', more => <<"EOD");
        location /low/ {
            mfa on;
            mfa_require aal=1 max_age=3s;
            proxy_pass http://127.0.0.1:@{[MfaE2e::port(1)]}/anything/low/;
        }
EOD

my $b = sign_in(browser(), "u1", "/anything/list");
my $before = $b->cookies->{"__Host-postern"}{value};
my $page = "/fresh/pay?amount=5&for=a%26b%3Fc%23d&for=%C3%BC";

sleep 4;
$b->go(address("/anything/list?page=2"));
is(where($b), "/anything/list?page=2", "elsewhere the session is good");

$b->go(address($page));
is($b->text("h1"), "Enter your code", "the page asks for a fresh proof");
like(shown($b), qr/^This page asks for more certainty\./m, "and says why");
is(focused($b), "code", "one can type at once");
look($b, "step-up");

$b->enter(authenticator("u1", step => 1));
is(where($b), $page, "and is then there, with its query");
like(shown($b), qr/"for":\["a&b\?c#d","\\u00fc"\]/, "to the last character");
isnt($b->cookies->{"__Host-postern"}{value}, $before, "under a new token");

sleep 4;
$b->go(address($page));
like(where($b), qr{^/\.postern/code}, "a proof grows old");

# nobody is kept there
$b->go(address("/anything/list"));
is(where($b), "/anything/list", "and one need not give it");
quiet($b, "a code");

my $p = browser();

$p->go(address("/low/page?x=1"));
password_of($p, "b1");
is(where($p), "/low/page?x=1", "here the password is enough");

sleep 4;
$p->go(address("/low/page?x=2"));
is($p->text("h1"), "Confirm that it is you", "here too it has to be fresh");
is($p->value("#user"), "b1", "whose it is, is known");
is(focused($p), "password", "only the password is typed");
look($p, "again");

$p->enter("not this");
is($p->text("[role=alert] strong"), "User name or password is not right",
   "and has to be right");
$p->enter($password);
is(where($p), "/low/page?x=2", "then the page is there");
quiet($p, "a password again");

is(join("", error_log()), "", "nginx found nothing wrong");

done_testing();
