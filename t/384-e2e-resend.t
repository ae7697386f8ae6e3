# A form of the application that somebody took long to fill in: the session has
# ended, nothing is lost, and what the page says to do sends it.

use v5.32;
use warnings;
use lib ($ENV{POSTERN_TOP} // ".") . "/t/lib";

use MfaE2e;
use Test::More;
use Time::HiRes qw(sleep);

my $dir = site(server => 'mfa_name "Acme Devices"; mfa_session idle=8s;
                           mfa_totp window=2;');
my $b = sign_in(browser(), "u1", "/forms/post");

sub posts {
    open my $log, "<", "$dir/access.log" or die "$dir/access.log: $!\n";
    my @status = map { m{^\S+ (\d+) POST /post$} ? $1 : () } <$log>;
    return "@status";
}

$b->type("[name=firstname]", "Ada");
$b->type("[name=lastname]", "L\x{f6}velace & <b>");
sleep 10;
$b->press("[type=submit]");

is(where($b), "/post", "the form was sent to where it belongs");
is($b->text("h1"), "Nothing was sent", "but the session had ended");
is(posts(), "401", "the application has not seen it");
like($b->title, qr/^Nothing was sent/, "the title says so");
like(shown($b), qr/What you typed is not lost/, "and what of it");
look($b, "resend");

# reloading too early changes nothing
$b->reload;
is($b->text("h1"), "Nothing was sent", "it still waits");
is(posts(), "401 401", "outside");

# "Sign in in a new tab."

my $here = $b->window;

sub new_tab {
    my %before = map { $_ => 1 } $b->windows;
    my $tab;

    $b->click("main a.button");
    ok(MfaE2e::until_true(sub {
        ($tab) = grep { !$before{$_} } $b->windows;
        return defined $tab;
    }), "a tab opens");

    $b->switch_to($tab);
    $b->wait_for("form");
}

new_tab();
is($b->execute("return window.opener"), undef, "that cannot reach back");
password_of($b, "u1");
code_of($b, "u1", step => 1);
is($b->text("h1"), "My account", "there one is signed in");

# "Come back to this tab."  "Reload it."

$b->switch_to($here);
$b->reload;
is(where($b), "/post", "the tab with the form, once more");
like(shown($b), qr/"firstname":"Ada"/, "now the application has it");
like(shown($b), qr/"lastname":"L\\u00f6velace & <b>"/,
     "as it was typed, to the last character");
like(shown($b), qr/"Postern-Subject":"u1"/, "from whom it is");
is(posts(), "401 401 200", "once");

quiet($b, "a form sent again");

# the same where a fresh proof is asked for

$b->go(address("/forms/post"));
$b->execute("document.forms[0].action = '/fresh/pay?x=1'");
$b->type("[name=firstname]", "Grace");
sleep 4;
$b->press("[type=submit]");
is($b->text("h1"), "Nothing was sent", "a proof grows old meanwhile as well");
like(shown($b), qr/asks for a fresh sign-in/, "the page says that it did");
look($b, "resend-step-up");

new_tab();
is($b->text("h1"), "Enter your code", "a code is enough for it");
code_of($b, "u1", step => 2);

$b->switch_to($here);
$b->reload;
like(where($b), qr{^/fresh/pay}, "the tab with the form, once more");
like(shown($b), qr/"firstname":"Grace"/, "the application has it");
quiet($b, "a form sent with a fresh proof");

is(join("", error_log()), "", "nginx found nothing wrong");

done_testing();
