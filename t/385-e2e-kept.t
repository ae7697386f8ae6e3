# What a browser keeps: cookies as they have to be, and after signing out no page
# that the back button could show.

use v5.32;
use warnings;
use lib ($ENV{POSTERN_TOP} // ".") . "/t/lib";

use MfaE2e;
use Test::More;

site(server => 'mfa_name "Acme Devices";');

my $b = browser();

sub stored {
    my ($name) = @_;

    my ($cookie) = grep { $_->{name} eq $name }
                   @{$b->devtools("Storage.getCookies")->{cookies}};

    return $cookie // {};
}

$b->go(address("/anything/secret?page=1"));
my $form = stored("__Host-postern-form")->{value};

sign_in($b, "u1", "/anything/secret?page=1");

for (["__Host-postern", "Lax"], ["__Host-postern-form", "Strict"],
     ["__Host-postern-device", undef])
{
    my ($name, $site) = @$_;
    my $c = stored($name);

    ok($c->{value}, "$name is kept");
    ok($c->{secure}, "for https alone");
    ok($c->{httpOnly}, "and no script");
    is($c->{path}, "/", "for the whole host");
    is($c->{domain}, $MfaE2e::host, "and this host alone");
    is($c->{sameSite}, $site, "SameSite") if $site;
    like($c->{sameSite}, qr/^(?:Lax|Strict)$/, "SameSite") if !$site;
}

ok(stored("__Host-postern")->{session}, "a session ends with the browser");
ok(!stored("__Host-postern-device")->{session}, "a device stays known");
is($b->execute("return document.cookie"), "", "scripts see none of them");
is($b->execute("return fetch('/.postern/account', {mode: 'no-cors'})"
               . ".then(r => r.headers.get('cache-control'))"), "no-store",
   "pages are not to be stored");

# a look around, and out

$b->go(address("/anything/secret?page=2"));
like(shown($b), qr/"page":"2"/, "a page of the application");
$b->go(address("/.postern/account"));
$b->go(address("/.postern/password"));

# so that what follows says something: pages are there while one is signed in
$b->back;
is($b->text("h1"), "My account", "back leads to the account");
$b->back;
like(shown($b), qr/"page":"2"/, "and to the application");

$b->go(address("/.postern/account"));
$b->press(".head .button[href\$='sign-out']");
$b->press("main button");
is($b->text("h1"), "You are signed out", "signed out");

for my $n (1 .. 6) {
    $b->back;
    MfaE2e::until_true(sub { $b->execute("return document.readyState")
                             eq "complete" });

    my $shown = shown($b);

    unlike($shown, qr/"page":|Postern-Subject|Where you are signed in|Signed in/,
           "$n back: nothing of before is shown, " . $b->url);
}

# nor by its address
$b->go(address("/anything/secret?page=1"));
like(where($b), qr{^/\.postern/sign-in}, "the application is closed");

quiet($b, "going back");
is(join("", error_log()), "", "nginx found nothing wrong");

done_testing();
