# My account: a second browser is seen, ended and out; a new password ends the
# others too.

use v5.32;
use warnings;
use lib ($ENV{POSTERN_TOP} // ".") . "/t/lib";

use MfaE2e;
use Test::More;
use Time::HiRes qw(sleep time);

site(server => 'mfa_name "Acme Devices"; mfa_totp window=2;');

my $iphone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X)"
             . " AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5"
             . " Mobile/15E148 Safari/604.1";

my $laptop = sign_in(browser(), "u1", "/anything/laptop");
my $phone  = sign_in(browser(width => 390, height => 844,
                             args => ["--user-agent=$iphone"]),
                     "u1", "/anything/phone", step => 1);

# the button beside the session whose device is called so

sub row {
    my ($b, $device) = @_;

    for my $row ($b->find_all("section:last-of-type li")) {
        return $row if $b->text($row) =~ /^\Q$device\E/;
    }

    return;
}

$laptop->go(address("/.postern/account"));
is($laptop->text("h1"), "My account", "who is signed in has an account page");
is($laptop->text(".who"), "Signed in as u1", "that says who it is");

my $row = row($laptop, "Safari on iPhone");
ok($row, "the telephone is listed, as what it is");
like($laptop->text($row), qr/Last used \d{4}-\d\d-\d\d \d\d:\d\d UTC/,
     "when it was used last");
like($laptop->text($row), qr/127\.0\.0\.1/, "and from where");
like($laptop->text(row($laptop, "Headless Chrome on Linux")), qr/This device/,
     "the own one is marked");
look($laptop, "account");

# in the row: the one button that is not everybody's
my ($end) = grep { $laptop->attribute($_, "aria-label") =~ /Safari on iPhone/ }
            $laptop->find_all("section li button[name=end]");
$laptop->press($end);
my $ended = time;

is($laptop->text("[role=status]"), "The session has ended.", "it is ended");
ok(!row($laptop, "Safari on iPhone"), "and listed no more");
look($laptop, "account-ended");

$phone->go(address("/anything/phone?still=1"));
like(where($phone), qr{^/\.postern/sign-in}, "the telephone is out");
cmp_ok(time - $ended, "<", 3, "at once");
look($phone, "ended");

$laptop->go(address("/anything/laptop"));
is(where($laptop), "/anything/laptop", "the laptop is not");

# a new password

my $tablet = sign_in(browser(), "u1", "/anything/tablet", step => 2);
my $new = "seven green bottles on a wall";

sub change {
    my ($old, $first, $second) = @_;

    $laptop->type("#old", $old)->type("#new", $first)
           ->type("#again", $second)->press("main button");
}

$laptop->go(address("/.postern/account"));
$laptop->press("a[href\$='/password']");
is(focused($laptop), "old", "the old password is asked for");
look($laptop, "password");

change("not mine", $new, $new);
is($laptop->text("[role=alert] strong"), "The current password is not right",
   "and has to be right");
look($laptop, "password-wrong");

change($password, $new, "$new!");
is($laptop->text("[role=alert] strong"), "The two new passwords differ",
   "what is typed twice has to be the same");

change($password, "passwordpassword", "passwordpassword");
is($laptop->text("[role=alert] strong"), "This password is too common",
   "what everybody takes is not taken");
like($laptop->title, qr/^This password is too common/, "as the title says");
look($laptop, "password-common");

$tablet->go(address("/anything/tablet"));
is(where($tablet), "/anything/tablet", "until here nothing has changed");

change($password, $new, $new);
like($laptop->text("[role=status]"), qr/^Your password has been changed/,
     "a good one is");
look($laptop, "account-password");

$tablet->go(address("/anything/tablet"));
like(where($tablet), qr{^/\.postern/sign-in}, "the other session has ended");

$laptop->go(address("/anything/laptop?2"));
is(where($laptop), "/anything/laptop?2", "the one that changed it has not");

$tablet->type("#user", "u1") if !$tablet->attribute("#user", "readonly");
password_of($tablet, "u1", $password);
is($tablet->text("[role=alert] strong"), "User name or password is not right",
   "the old password is gone");
password_of($tablet, "u1", $new);
is($tablet->text("h1"), "Enter your code", "the new one is right");

quiet($laptop, "the laptop");
quiet($phone, "the telephone");
quiet($tablet, "the tablet");
is(join("", error_log()), "", "nginx found nothing wrong");

done_testing();
