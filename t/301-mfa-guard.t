# The guard: who is let in, who is led where, and what everybody else is told.

use lib 't/lib';
use MfaTest;
use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(\&MfaTest::defaults);
add_response_body_check(\&MfaTest::client);

our $html = "text/html,*/*;q=0.8";

no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: without a session people are led to sign in, others are told
--- client
    my $b = MfaTest::browser();
    my $r = $b->get("/app?a=1&b=%2F%20c");

    is($r->{status}, 303, "a browser is led away");
    is($r->{location}, "/.postern/sign-in?to=/app%3Fa%3D1%26b%3D%252F%2520c",
       "to the pages, and back to where it was");
    is($b->request("HEAD", "/app")->{status}, 303, "HEAD is as GET");

    for my $accept ("application/json", "*/*", "") {
        $r = $b->get("/app", Accept => $accept);

        is($r->{status}, 401, "Accept: \"$accept\" is no wish for a page");
        is($b->json($r)->{code}, "mfa/sign-in", "it is told what is missing");
        is($r->{field}{"www-authenticate"},
           'Cookie realm="postern", form-action="/.postern/sign-in", '
           . 'cookie-name="__Host-postern"', "and how to come by it");
        is($r->{field}{"cache-control"}, "no-store", "for nobody else");
    }

    is($b->get("/app", Accept => "text/html;q=0")->{status}, 401,
       "who does not want a page gets none");

    for my $mode ("cors", "no-cors", "same-origin", "websocket") {
        is($b->get("/app", "Sec-Fetch-Mode" => $mode)->{status}, 401,
           "a script's $mode is led nowhere");
    }

    is($b->get("/app", "Sec-Fetch-Mode" => "navigate")->{status}, 303,
       "people on their way are");
    is($b->get("/app", "X-Requested-With" => "XMLHttpRequest")->{status}, 401,
       "nor are scripts of old");
    is($b->get("/app", Upgrade => "websocket", Connection => "Upgrade")
       ->{status}, 401, "nor is a socket");
    is($b->request("OPTIONS", "/app")->{status}, 401, "OPTIONS is guarded");
    is($b->post("/app", { a => 1 })->{status}, 401, "POST is guarded");
    is($b->request("PUT", "/app", body => "x")->{status}, 401, "PUT too");
    is($b->get("/open/")->{status}, 200, "what is open stays so");



=== TEST 2: password and code let in; each location asks for its own
--- client
    my $b = MfaTest::first("alice", to => "/low/?x=1");
    my $first = $b->cookie("__Host-postern");

    like($b->get("/low/")->{body}, qr/user=alice aal=1 /, "aal 1 is enough");
    is($b->get("/low/")->{field}{"x-amr"}, "pwd",
       "and the application is told how it was proven");

    my $r = $b->get("/app?y");

    is($r->{status}, 303, "and here it is not");
    is($r->{location}, "/.postern/code?to=/app%3Fy", "a code is asked for");
    is($b->json($b->get("/app", Accept => "application/json"))->{code},
       "mfa/step-up", "API clients are told so");

    $r = $b->code(MfaTest::code("alice"), to => "/app?y");

    is($r->{status}, 303, "the code");
    is($r->{location}, "/app?y", "leads back, query and all");
    isnt($b->cookie("__Host-postern"), $first, "under a new token");
    like($b->get("/app")->{body}, qr/user=alice aal=2 /, "and lets in");
    like($b->get("/low/")->{body}, qr/user=alice aal=2 /, "everywhere");
    is($b->get("/low/")->{field}{"x-amr"}, "pwd,otp,mfa", "by both");

    is($b->get("/app", cookies => 0)->{status}, 200, "by its cookie");
    is($b->request("GET", "/app", cookies => 0, cookie =>
       "__Host-postern=$first")->{status}, 303, "the first token is worthless");



=== TEST 3: assurance grows old
--- client
    my $b = MfaTest::both("u1");

    is($b->get("/fresh/")->{status}, 200, "proven just now");
    select undef, undef, undef, 3.2;

    my $r = $b->get("/fresh/x?q");

    is($r->{status}, 303, "proven too long ago");
    is($r->{location}, "/.postern/code?again=1&to=/fresh/x%3Fq",
       "once more, then");
    is($b->json($b->get("/fresh/", Accept => "*/*"))->{code}, "mfa/too-old",
       "API clients are told so");
    is($b->get("/app")->{status}, 200, "elsewhere it is good for longer");

    $r = $b->submit($b->get($r->{location}),
                    { code => MfaTest::code("u1", step => 1) },
                    action => qr/code/);
    is($r->{location}, "/fresh/x?q", "a new code leads back");
    is($b->get("/fresh/x?q")->{status}, 200, "and lets in");



=== TEST 4: cookies that are no session
--- client
    my $b = MfaTest::both("u2");
    my $good = $b->cookie("__Host-postern");
    my ($tag, $token) = split /\./, $good;

    my $try = sub {
        my ($name, $cookie) = @_;
        my $r = $b->request("GET", "/app", cookie => $cookie,
                            headers => [["Accept", "*/*"]]);

        is($r->{status}, 401, $name);

        return $b->json($r)->{code};
    };

    is($try->("no cookie", "a=b"), "mfa/sign-in", "is nobody");

    for my $case (["empty", ""], ["one bit", flip($good, 20)],
                  ["the last bit", flip($good, length($good) - 1)],
                  ["zeros", "$tag." . "A" x 43], ["no tag", $token],
                  ["another key", "AAAA.$token"], ["twice as long",
                  $good . $token], ["cut", substr $good, 0, -1],
                  ["padded", "$good="], ["quoted", "\"$good\""],
                  ["a NUL", "$tag.%00"], ["spaces", " $good x"])
    {
        is($try->($case->[0], "__Host-postern=$case->[1]"), "mfa/ended",
           "$case->[0]: is no session") if $case->[0] ne "spaces";
    }

    $try->("twice", "__Host-postern=$good; __Host-postern=$good");
    $try->("of another name", "postern=$good");
    $try->("beside another", "__Host-postern=x; __Host-postern=$good");

    my $r = $b->request("GET", "/app",
                        cookie => "a=1; __Host-postern=$good; c=2");
    is($r->{status}, 200, "among others it is found");
    like($r->{body}, qr/cookie=a=1; c=2$/m,
         "and the application gets the others alone");

    $r = $b->get("/app");
    is($r->{status}, 200, "signed in, with Postern's cookies only");
    like($r->{body}, qr/cookie=$/m, "of which the application sees none");

    $r = $b->get("/open/");
    like($r->{body}, qr/cookie=.*__Host-postern=/,
         "a location that is not guarded takes nothing away");

    sub flip {
        my ($text, $at) = @_;

        substr($text, $at, 1) = substr($text, $at, 1) eq "A" ? "B" : "A";
        return $text;
    }



=== TEST 5: a form that meets the end of a session is not lost silently
--- client
    my $b = MfaTest::both("u3");

    is($b->post("/app", { text => "long" })->{status}, 200, "while it lasts");

    $b->set("__Host-postern", "AAAA." . "A" x 43);

    my $r = $b->post("/app", { text => "long" });

    is($r->{status}, 401, "afterwards it is not sent");
    like($r->{field}{"content-type"}, qr{^text/html}, "and people are told");
    like($r->{body}, qr{/\.postern/sign-in}, "where to sign in");
    is($r->{location}, undef, "without being led away from their form");

    $r = $b->post("/app", { text => "long" }, Accept => "application/json");
    is($b->json($r)->{code}, "mfa/ended", "others get a problem document");

    my $low = MfaTest::first("u4");

    $r = $low->post("/app", { text => "long" });
    is($r->{status}, 401, "nor is it sent where more is asked for");
    like($r->{field}{"content-type"}, qr{^text/html}, "people are told");



=== TEST 6: internal redirects and error pages keep the guard
--- config
    location /jump/ {
        mfa on;
        mfa_require aal=1;
        try_files /none /inside/jump;
    }

    location /inside/ {
        internal;
        mfa on;
        proxy_pass http://app;
    }

    location = /open-try {
        try_files /none /inside/try;
    }

    location = /open-error {
        error_page 404 /inside/error;
        return 404;
    }

    location = /low-error {
        mfa on;
        mfa_require aal=1;
        error_page 404 = /inside/low;
        root /nowhere;
    }

    location = /named {
        mfa on;
        error_page 401 = @stranger;
        proxy_pass http://app;
    }

    location @stranger {
        mfa on;
        proxy_pass http://app;
    }

    location = /custom {
        mfa on;
        error_page 401 /refused.txt;
        proxy_pass http://app;
    }

    location = /refused.txt {
        return 200 "sorry: $mfa_error $mfa_status";
    }
--- client
    my $b = MfaTest::browser(accept => "*/*");

    is($b->get($_)->{status}, 401, "$_ without a session")
        for "/open-try", "/jump/x", "/named", "/low-error";

    is($b->get("/open-error")->{status}, 401, "an error page is guarded");

    my $r = $b->get("/custom");

    is($r->{status}, 401, "a page of the operator's own keeps the status");
    is($r->{body}, "sorry: mfa/sign-in refused", "and knows why");

    my $low = MfaTest::first("u5");
    $low->{accept} = "*/*";

    is($low->get("/open-try")->{status}, 401, "aal 1 is not enough inside");
    is($low->json($low->get("/open-try"))->{code}, "mfa/step-up", "and says so");
    is($low->get("/jump/x")->{status}, 401, "from where it is enough");
    is($low->get("/low-error")->{status}, 401, "nor by an error");

    my $high = MfaTest::both("u6");

    is($high->get("/open-try")->{status}, 200, "aal 2 is");
    like($high->get("/open-try")->{body}, qr/user=u6 aal=2/, "as that user");
    like($high->get($_)->{body}, qr/user=u6 aal=2/, "and by $_")
        for "/named", "/jump/x", "/low-error";



=== TEST 7: variables
--- config
    location = /facts {
        mfa on;
        add_header X-Facts "$mfa_status|$mfa_error|$mfa_amr|$mfa_session|$postern_aal|$postern_auth_time|$postern_subject|$postern_org|$postern_credential" always;
        proxy_pass http://app;
    }

    location = /facts-low {
        mfa on;
        mfa_require aal=1;
        add_header X-Facts "$mfa_status|$mfa_error|$mfa_amr|$postern_aal" always;
        proxy_pass http://app;
    }
--- client
    my $b = MfaTest::browser(accept => "*/*");

    is($b->get("/facts")->{field}{"x-facts"}, "refused|mfa/sign-in|||||||",
       "of a stranger");

    $b = MfaTest::first("u7");
    is($b->get("/facts-low")->{field}{"x-facts"}, "session||pwd|1",
       "of a password");
    is((split /\|/, $b->get("/facts")->{field}{"x-facts"})[1], "mfa/step-up",
       "and where that is too little");

    $b->code(MfaTest::code("u7"));

    my ($status, $error, $amr, $session, $aal, $time, $user, $org, $credential)
        = split /\|/, $b->get("/facts")->{field}{"x-facts"};

    is($status, "session", "a session");
    is($error, "", "no error");
    is($amr, "pwd,otp,mfa", "what was proven");
    like($session, qr/^[0-9a-f]{16}$/, "what it is called");
    is($credential, $session, "which is the credential");
    is($aal, 2, "how sure we are");
    cmp_ok(abs($time - time), "<", 5, "since when");
    is("$org/$user", "acme/u7", "who it is");
    unlike($b->cookie("__Host-postern"), qr/$session/, "and no token");



=== TEST 8: another organization's people are not known here
--- guard
    postern_org $arg_org;
    mfa_limit free=100 attempts=100 address=10000r/m;
--- client
    my $b = MfaTest::browser();
    my $page = $b->page("sign-in", org => "acme");

    $b->submit($page, { user => "u8", password => $MfaTest::password },
               action => qr/sign-in/, at => "/.postern/sign-in?org=acme");

    my $r = $b->post("/.postern/sign-in?org=acme",
                     { csrf => $b->csrf("sign-in", org => "acme"), to => "",
                       user => "u8", password => $MfaTest::password });

    is($r->{status}, 303, "signed in");
    is($b->get("/low/?org=acme")->{status}, 200, "good for its organization");
    is($b->get("/low/?org=other")->{status}, 303, "and for no other");
    is($b->json($b->get("/low/?org=other", Accept => "*/*"))->{code},
       "mfa/ended", "which does not know it");
    is($b->get("/low/?org=")->{status}, 303, "nor for none at all");



=== TEST 9: cookies of the pages
--- client
    my $b = MfaTest::browser();
    my $r = $b->sign_in("u9", $MfaTest::password);
    my $c = $r->{cookies}{"__Host-postern"};

    ok($c->{secure} && $c->{httponly}, "Secure and HttpOnly");
    is($c->{path}, "/", "of the whole host");
    is($c->{samesite}, "Lax", "links lead in, forms of others do not");
    ok(!exists $c->{domain} && !exists $c->{"max-age"}
       && !exists $c->{expires}, "of this browser's session");
    like($c->{value}, qr/^[\w-]{4}\.[\w-]{43}$/, "opaque");



=== TEST 10: an insecure cookie, for trying out
--- http_more
    mfa_insecure_cookie on;
--- client
    my $b = MfaTest::browser();
    my $r = $b->sign_in("u10", $MfaTest::password);
    my $c = $r->{cookies}{"postern"};

    ok(defined $c, "its name has no prefix");
    ok(!$c->{secure} && $c->{httponly}, "nor is it Secure");
    is($b->get("/low/")->{status}, 200, "it works");



=== TEST 11: rbac has the last word, over roles of the person
--- config
    location /roles/ {
        mfa on;
        mfa_require aal=1;
        rbac on;
        proxy_pass http://app;
    }
--- client
    my $b = MfaTest::first("u11");

    is($b->get("/roles/")->{status}, 200, "a role that may read");
    is($b->request("DELETE", "/roles/")->{status}, 403, "and not delete");
    is(MfaTest::browser()->get("/roles/")->{status}, 303,
       "strangers are led to sign in first");
