# The first visit of somebody who has a password and nothing else: with the
# keyboard alone, from a deep page of the application through everything and
# back to this very page.
#
# Once as browsers are, once in one that runs no JavaScript at all.

use v5.32;
use warnings;
use lib ($ENV{POSTERN_TOP} // ".") . "/t/lib";

use MfaE2e;
use Test::More;

my $dir  = site(server => 'mfa_name "Acme Devices";');
my $page = "/anything/devices/7?page=2&q=a%20b%26c#top";

sub qr_code {
    my ($b) = @_;

    # as the camera of a telephone sees it: nothing but the picture
    $b->screenshot("$dir/enrol.png");
    chomp(my $read = qx(zbarimg --quiet --raw "$dir/enrol.png"));

    return $read;
}

for (["b1", "as browsers are"],
     ["b2", "without JavaScript",
      prefs => { "profile.managed_default_content_settings.javascript" => 2 }])
{
    my ($user, $how, @option) = @$_;
    my $b = browser(@option);

    note($how);

    if (@option) {
        $b->go("data:text/html,<title>none</title>"
               . "<script>document.title='runs'</script>");
        is($b->title, "none", "no script runs here");
    }

    $b->go(address($page));
    like(where($b), qr{^/\.postern/sign-in\?to=}, "asked who is there");
    is($b->title, "Sign in \x{2013} Acme Devices", "the title says so");
    is($b->text("h1"), "Sign in", "and the heading");
    is(focused($b), "user", "one can type at once");
    look($b, "sign-in");

    $b->keys("$user\t");
    is(focused($b), "password", "Tab goes on to the password");
    $b->enter("a wrong one");

    is($b->text("[role=alert] strong"),
       "User name or password is not right", "what is wrong is told");
    like($b->title, qr/^User name or password is not right \x{2013} Sign in/,
         "in the title, where a screen reader begins");
    is($b->value("#user"), $user, "the name need not be typed again");
    is($b->value("#password"), "", "the password has to");
    is(focused($b), "password", "and there the focus is");
    is($b->attribute("#password", "aria-describedby"), "problem",
       "which points at what is wrong");
    look($b, "sign-in-wrong");

    $b->enter($password);
    like(where($b), qr{^/\.postern/enrol}, "a second factor is wanted");
    is($b->text("h1"), "Set up your authenticator app", "and explained");
    look($b, "enrol");

    my $uri = qr_code($b);
    like($uri, qr{^otpauth://totp/Acme%20Devices:$user\?},
         "a telephone reads whose account this is");

    my ($key) = $uri =~ /[?&]secret=([A-Z2-7]+)/;
    my ($issuer) = $uri =~ /[?&]issuer=([^&]+)/;
    is($issuer, "Acme%20Devices", "and of what");

    $b->click("summary");
    is($b->text(".key") =~ s/\s//gr, $key, "the key to type is the same");
    is(length $key, 32, "160 bits");
    look($b, "enrol-open");

    my $wrong = authenticator($key, step => 40);
    $b->click("#code")->enter($wrong);
    is($b->text("[role=alert] strong"), "This code does not fit",
       "a code of another time is not taken");
    is(focused($b), "code", "the focus is where the next one goes");
    is(qr_code($b), $uri, "the picture is still the same");
    look($b, "enrol-wrong");

    $b->enter(authenticator($key));
    is($b->text("h1"), "Keep your recovery codes", "recovery codes are shown");

    my @codes = map { $b->text($_) } $b->find_all(".codes li");
    is(scalar @codes, 10, "ten of them");
    is(scalar(grep { /^(?:[A-Z0-9]{4}-){3}[A-Z0-9]{4}$/ } @codes), 10,
       "to write down in fours");
    look($b, "recovery-codes");

    my $tabs = 0;
    $b->keys("\t") while $b->text($b->active) ne "I have kept my codes"
                         && $tabs++ < 10;
    $b->enter("");

    is(where($b), $page =~ s/#.*//r, "back on the page, with its query");
    like(shown($b), qr/"page":"2"/, "which is the application's");
    like(shown($b), qr/"q":"a b&c"/, "to the last character");
    like(shown($b), qr/"Postern-Subject":"$user"/, "that hears who it is");
    like(shown($b), qr/"Postern-Aal":"2"/, "and how sure that is");

    quiet($b, $how);
}

is(join("", error_log()), "", "nginx found nothing wrong");

open my $log, "<", "$dir/access.log" or die "$dir/access.log: $!\n";
is(join("", grep { !m{^HTTP/2} } <$log>), "", "all of it went over HTTP/2");

done_testing();
