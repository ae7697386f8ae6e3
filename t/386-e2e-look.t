# Pages in somebody else's language, with an operator's name, logo, colours, and a
# template of its own.

use v5.32;
use warnings;
use lib ($ENV{POSTERN_TOP} // ".") . "/t/lib";

use MfaE2e;
use Test::More;

sub color {
    my ($b, $css, $what) = @_;

    return $b->execute("return getComputedStyle(document.querySelector("
                       . "arguments[0]))[arguments[1]]", $css, $what);
}

my $logo = <<'EOD';
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40"><rect width="40"
height="40" rx="8" fill="#0b7285"/><circle cx="20" cy="20" r="10" fill="#fff"/>
</svg>
EOD

my $dir = site(server => <<'EOD', files => {
    mfa_name "Müller & Söhne";
    mfa_logo DIR/logo.svg;
    mfa_colors accent=#0b7285 accent_dark=#66d9e8;
    mfa_templates DIR/templates;
EOD
    "logo.svg" => $logo,
    "templates/foot.html" => <<'EOD' });
</main>
<footer><a id="help" href="/help">{{brand}} &middot; {{t.sign_in}}</a></footer>
</body>
</html>
EOD

my $b = browser(language => "de-AT,de,en", dark => 0);

$b->go(address("/anything/liste?seite=2"));
is($b->attribute("html", "lang"), "de", "in German, for a browser that asks");
is($b->text("h1"), "Anmelden", "the heading");
is($b->text("label[for=user]"), "Benutzername", "the fields");
is($b->title, "Anmelden \x{2013} M\x{fc}ller & S\x{f6}hne", "and the title");

is($b->text("header span"), "M\x{fc}ller & S\x{f6}hne", "the operator's name");
cmp_ok($b->execute("return document.querySelector('header img').naturalWidth"),
       ">", 0, "the logo is drawn");
is(color($b, "main button", "backgroundColor"), "rgb(11, 114, 133)",
   "the colour of the buttons");
is($b->text("#help"), "M\x{fc}ller & S\x{f6}hne \x{b7} Anmelden",
   "the template that was replaced, with its texts");
look($b, "own-sign-in");

$b->emulate(dark => 1);
is(color($b, "main button", "backgroundColor"), "rgb(102, 217, 232)",
   "its colour in the dark");
isnt(color($b, "body", "backgroundColor"), "rgb(255, 255, 255)",
     "where the page is dark");
$b->emulate(dark => 0);

password_of($b, "b1", "falsch geraten");
is($b->text("[role=alert] strong"),
   "Benutzername oder Passwort stimmt nicht", "what is wrong, in German");

password_of($b, "b1");
is($b->text("h1"), "Authenticator-App einrichten", "enrolling");
look($b, "own-enrol");

$b->screenshot("$dir/enrol.png");
my $uri = qx(zbarimg --quiet --raw "$dir/enrol.png");
like($uri, qr{^otpauth://totp/M%C3%BCller%20%26%20S%C3%B6hne:b1\?},
     "a telephone reads the name");

my ($key) = $uri =~ /[?&]secret=([A-Z2-7]+)/;
$b->type("#name", "J\x{fc}rgens Telefon <b>");
code_of($b, $key);
is($b->text("h1"), "Bewahren Sie Ihre Codes auf", "recovery codes");
look($b, "own-codes");

$b->press("main a.button");
is(where($b), "/anything/liste?seite=2", "and the page");

$b->go(address("/.postern/account"));
like(shown($b), qr/^J\x{fc}rgens Telefon <b>$/m, "the name of a device");
look($b, "own-account");
quiet($b, "in German");

# other languages

my $en = browser(language => "fr-FR,en-GB");
$en->go(address("/anything"));
is($en->attribute("html", "lang"), "en", "English before nothing at all");
is($en->text("h1"), "Sign in", "where French is asked for first");
quiet($en, "in English");

is(join("", error_log()), "", "nginx found nothing wrong");

done_testing();
