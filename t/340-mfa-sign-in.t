# The first page: a name and a password.

use lib 't/lib';
use MfaTest;
use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(\&MfaTest::defaults);
add_response_body_check(\&MfaTest::client);

$MfaTest::guard =~ s/^\s*mfa_enrol off;\n//m;

sub browser { return MfaTest::browser(@_) }

our $password = $MfaTest::password;

no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: from a guarded place over password and code, and back to it
--- client
my $b = browser();
my $r = $b->get("/app?a=1&b=%2F&c=x%20y");

is $r->{status}, 303, "sent away";
like $r->{location}, qr{^/\.postern/sign-in\?to=}, "to the sign-in";

$r = $b->get($r->{location});
is $r->{status}, 200, "the sign-in page";
like $r->{body}, qr/name="password"/, "with a form";

$r = $b->submit($r, { user => "u1", password => $password });
is $r->{status}, 303, "a right password";
like $r->{location}, qr{^/\.postern/code\?to=}, "on to the code";
ok $b->cookie("__Host-postern"), "with a session";
my $first = $b->cookie("__Host-postern");
is $b->get("/app")->{status}, 303, "which is not enough";
is $b->get("/low/app")->{status}, 200, "but for places that ask for less";

$r = $b->get($r->{location});
is $r->{status}, 200, "the code page";

$r = $b->submit($r, { code => MfaTest::code("u1") });
is $r->{status}, 303, "a right code";
is $r->{location}, "/app?a=1&b=%2F&c=x%20y", "back, with the query as it was";
isnt $b->cookie("__Host-postern"), $first, "a new token";

like $b->get($r->{location})->{body},
     qr{^app GET /app\?a=1&b=%2F&c=x%20y user=u1 aal=2}, "let in";

my $old = browser();
$old->set("__Host-postern", $first);
is $old->get("/low/app")->{status}, 303, "the first token is void";



=== TEST 2: unknown, disabled, wrong, empty: the same bytes but for the token
--- client
my @answers = map {
    my ($name, $given) = @$_;
    my $b = browser();
    my $r = $b->submit($b->page("sign-in", to => "/x"),
                       { user => $name, password => $given });

    is $r->{status}, 401, "$name: refused";
    ok !$b->cookie("__Host-postern"), "$name: no session";
    like $r->{field}{"www-authenticate"}, qr/^Cookie form-action=/, "challenge";
    like $r->{body}, qr/name="to"[^>]*value="\/x"|value="\/x"[^>]*name="to"/,
         "$name: goes on to the same place";

    my ($head, $body) = @$r{qw(head body)};

    s/name="csrf" value="[^"]*"/csrf/, s/Date: [^\r]*//i,
        s/value="$name"/NAME/g
        for $head, $body;
    $head =~ s/Content-Length: (\d+)/"Length " . ($1 - length $name)/ei;
    "$head\n$body";
} ["u1", "wrong"], ["nobody", "wrong"], ["dave", $password], ["u2", ""],
  ["nobody", ""];

is $answers[$_], $answers[0], "answer $_ is the same" for 1 .. $#answers;



=== TEST 3: the name is shown again, escaped; the password never
--- client
my $b = browser();
my $r = $b->submit($b->page("sign-in"),
                   { user => qq("><script>x</script>), password => "s3cr3t" });

is $r->{status}, 401, "refused";
unlike $r->{body}, qr/<script>/, "escaped";
like $r->{body}, qr/&lt;script&gt;/, "shown";
unlike $r->{body}, qr/s3cr3t/, "no password";



=== TEST 4: headers of every page
--- client
my $b = browser();
my $r = $b->page("sign-in");
my %want = ("content-type" => "text/html; charset=utf-8",
            "cache-control" => "no-store",
            "referrer-policy" => "same-origin",
            "x-content-type-options" => "nosniff",
            "content-language" => "en");

is $r->{field}{$_}, $want{$_}, $_ for sort keys %want;
like $r->{field}{vary}, qr/Accept-Language/, "vary";
is $r->{field}{"content-security-policy"},
   "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
   . "frame-ancestors 'none'; base-uri 'none'", "csp";
unlike $r->{body}, qr/<script|style=|\son\w+=/i, "no script, no inline style";

my $cookie = $r->{cookies}{"__Host-postern-form"};
ok $cookie, "a cookie for forms";
ok exists $cookie->{$_}, "cookie: $_" for qw(secure httponly samesite path);
is $cookie->{path}, "/", "cookie: path";



=== TEST 5: German
--- client
my $b = browser(language => "de-AT, en;q=0.5");
my $r = $b->page("sign-in");

is $r->{field}{"content-language"}, "de", "language";
like $r->{body}, qr/<html lang="de"/, "page";
like $r->{body}, qr/Anmelde|anmelde/, "text";



=== TEST 6: forms that are not ours
--- client
my $b = browser();
my $page = $b->page("sign-in");
my ($form) = MfaClient::forms($page);
my %fields = (%{$form->{fields}}, user => "u3", password => $password);

sub try {
    my ($what, $status, $fields, @headers) = @_;
    my $r = $b->post("/.postern/sign-in", $fields, @headers);

    is $r->{status}, $status, $what;
    ok !$b->cookie("__Host-postern"), "$what: no session";
}

try("no token", 403, { %fields, csrf => undef });
try("another token", 403, { %fields, csrf => "0" x 64 });
try("a short token", 403, { %fields, csrf => substr $fields{csrf}, 0, 63 });
try("another site", 403, \%fields, Origin => "https://evil.example");
try("no site", 403, \%fields, Origin => "null");
try("another port", 403, \%fields, Origin => "http://localhost:81");
try("a longer name", 403, \%fields, Origin => "http://localhost.evil.example");
try("cross-site", 403, \%fields, "Sec-Fetch-Site" => "cross-site");
try("same-site", 403, \%fields, "Sec-Fetch-Site" => "same-site");

my $other = browser();
$other->page("sign-in");
my $r = $other->post("/.postern/sign-in", \%fields);
is $r->{status}, 403, "of another browser";
like $r->{body}, qr/name="csrf"/, "the form again";

$r = $b->post("/.postern/sign-in", \%fields);
is $r->{status}, 303, "ours";

my $after = $b->clone;
$r = $after->post("/.postern/password",
                  { csrf => $fields{csrf}, old => "a", new => "b" });
is $r->{status}, 303, "of before the sign-in: not for aal 1";



=== TEST 7: bodies
--- client
my $b = browser();
my $type = "application/x-www-form-urlencoded";

my $r = $b->post("/.postern/sign-in", "a=" . "x" x 8200,
                 "Content-Type" => $type);
is $r->{status}, 413, "too large";

$r = $b->request("POST", "/.postern/sign-in",
                 headers => [["Content-Type", $type],
                             ["Transfer-Encoding", "chunked"],
                             ["Content-Length", undef]],
                 body => sprintf("%x\r\n%s\r\n0\r\n\r\n", 9000, "y" x 9000));
is $r->{status}, 413, "too large, chunked";

my ($form) = MfaClient::forms($b->page("sign-in"));
my $body = join "&", "csrf=$form->{fields}{csrf}", "user=u4",
                     "password=" . MfaClient::escape($password);
my $chunked = join "", map { "1\r\n$_\r\n" } split //, $body;

$r = $b->request("POST", "/.postern/sign-in",
                 headers => [["Content-Type", $type],
                             ["Transfer-Encoding", "chunked"],
                             ["Content-Length", undef]],
                 body => "${chunked}0\r\n\r\n");
is $r->{status}, 303, "chunked";
ok $b->cookie("__Host-postern"), "signed in";

$b = browser();

is $b->post("/.postern/sign-in", $_->[0], "Content-Type" => $_->[1])->{status},
   $_->[2], $_->[3]
    for ["user=a&user=b", $type, 400, "a name twice"],
        ["user=%zz", $type, 400, "a broken escape"],
        ["user=%00", $type, 400, "a NUL"],
        ["{}", "application/json", 400, "no form"],
        ["", $type, 403, "nothing"],
        [join("&", map { "f$_=1" } 1 .. 17), $type, 400, "many fields"];

$r = $b->request("POST", "/.postern/sign-in", headers => []);
is $r->{status}, 400, "no body, no type";



=== TEST 8: methods, and addresses that are none
--- client
my $b = browser();

for my $page (qw(sign-in code account sign-out)) {
    my $r = $b->request("PUT", "/.postern/$page");
    is $r->{status}, 405, "PUT $page";
    like $r->{field}{allow}, qr/^GET, HEAD/, "allow";
}

is $b->request("POST", "/.postern/account", body => "a=1")->{field}{allow},
   "GET, HEAD", "POST account";
is $b->request("POST", "/.postern/style.css")->{status}, 405, "POST style.css";

for my $path ("nothing", "sign-in/", "sign-in/x", "../x/y", "Sign-In") {
    is $b->get("/.postern/$path")->{status}, $path =~ /\.\./ ? 303 : 404, $path;
}

is $b->get("/.postern/")->{location}, "/.postern/account", "nothing";

my $r = $b->request("HEAD", "/.postern/sign-in");
is $r->{status}, 200, "HEAD";
is $r->{body}, "", "no body";
ok $r->{field}{"content-length"} > 100, "its length";



=== TEST 9: where people are not sent
--- client
for my $to ("//evil.example/", "https://evil.example/", "/\\evil.example",
            "/\t/evil.example", "/%2fx/..//evil.example", "javascript:alert(1)",
            "/.//evil.example", "/x\r\nSet-Cookie: a=b", "")
{
    my $b = browser();
    my $r = $b->sign_in("b1", $password, to => $to);

    is $r->{status}, 303, "signed in";
    is $r->{location}, "/.postern/enrol", "not to " . ($to =~ s/\s/?/gr);
}



=== TEST 10: signed in already: straight on, unless asked to prove it anew
--- client
my $b = MfaTest::both("u5");
my $r = $b->page("sign-in", to => "/app");
is $r->{status}, 303, "on";
is $r->{location}, "/app", "to where it was";
is $b->page("sign-in")->{location}, "/.postern/account", "or the account";

$r = $b->page("sign-in", to => "/app", again => 1);
is $r->{status}, 200, "the form";

my $token = $b->cookie("__Host-postern");
$r = $b->submit($r, { user => "u5", password => $password });
is $r->{location}, "/.postern/code?to=/app", "the code as well";
isnt $b->cookie("__Host-postern"), $token, "a new token";

my $old = browser();
$old->set("__Host-postern", $token);
is $old->get("/low/")->{status}, 303, "the old one has ended";



=== TEST 11: style sheet and logo
--- client
my $b = browser();
my $r = $b->get("/.postern/style.css");
is $r->{status}, 200, "style";
is $r->{field}{"content-type"}, "text/css; charset=utf-8", "type";
my $etag = $r->{field}{etag};
like $etag, qr/^"/, "etag";
my $again = $b->get("/.postern/style.css", "If-None-Match" => $etag);
is $again->{status}, 304, "not modified";
is $b->get("/.postern/style.css", "If-None-Match" => '"x"')->{status}, 200,
   "another one";
$r = $b->get("/.postern/logo");
is $r->{status}, 200, "no logo of the operator's: a picture for the tab";
like $r->{body}, qr/^<svg /, "is the house's own";



=== TEST 12: guesses too many
--- guard
    postern_org acme;
    mfa_limit free=2 wait=30s address=10000r/m;
--- client
my $b = browser();
my @r = map {
    $b->submit($b->page("sign-in"), { user => "u6", password => "wrong" })
} 1 .. 3;

is join(" ", map { $_->{status} } @r), "401 401 429", "statuses";
like $r[2]{field}{"retry-after"}, qr/^\d+$/, "when to come again";
like $r[2]{body}, qr/3\d|2\d/, "and in words";
is $b->submit($b->page("sign-in"), { user => "u6", password => $password })
   ->{status}, 429, "even with the right one";

@r = map {
    $b->submit($b->page("sign-in"), { user => "nobody", password => "wrong" })
} 1 .. 3;
is join(" ", map { $_->{status} } @r), "401 401 429", "nobody: the same";



=== TEST 13: several organizations
--- guard
    mfa_limit free=100 attempts=100 address=10000r/m;
--- client
my $b = browser();
my $r = $b->page("sign-in");
like $r->{body}, qr/name="org"/, "asks";

is $b->submit($r, { user => "alice", password => $password })->{status}, 401,
   "which one?";
$r = $b->submit($b->page("sign-in"),
                { user => "olga", password => $password, org => "acme" });
is $r->{status}, 401, "not of this one";
$r = $b->submit($b->page("sign-in"),
                { user => "olga", password => $password, org => "other" });
is $r->{status}, 303, "of this one";



=== TEST 14: one organization, nothing to ask
--- client
my $b = browser();
unlike $b->page("sign-in")->{body}, qr/name="org"/, "does not ask";
my $page = $b->page("sign-in");
is $b->submit($page, { user => "olga", password => $password })->{status}, 401,
   "of another organization";
