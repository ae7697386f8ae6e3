# Attacks on sessions: fixation, sessions that will not die, sessions of others,
# more assurance than was proven, forms sent from elsewhere.

use lib 't/lib';
use MfaClient qw(escape);
use MfaTest;
use Test::Nginx::Socket 'no_plan';
use Time::HiRes qw(sleep);

add_block_preprocessor(\&MfaTest::defaults);
add_response_body_check(\&MfaTest::client);

our $name = "__Host-postern";

no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: session fixation: a new token at every proof, the old one is dead
--- client
    my $b = MfaTest::browser();

    $b->set($name, "AAAA." . "A" x 43);
    my $r = $b->sign_in("u1", $MfaTest::password, to => "/");
    is($r->{status}, 303, "first factor");

    my $first = $b->cookie($name);
    isnt($first, "AAAA." . "A" x 43, "a token from elsewhere is not taken over");
    is($b->get("/low/")->{status}, 200, "aal 1");

    $r = $b->code(MfaTest::code("u1"), to => "/");
    is($r->{status}, 303, "second factor");

    my $second = $b->cookie($name);
    isnt($second, $first, "a new token at the second factor");
    is($b->get("/")->{status}, 200, "aal 2");

    my $old = $b->clone->set($name, $first);
    is($old->get("/low/")->{status}, 303, "the token before it is dead");
    is($old->get("/")->{status}, 303, "and did not grow to aal 2");

    sleep 3;
    $r = $b->get("/fresh/x?y=1");
    is($r->{status}, 303, "step-up");
    like($r->{location}, qr{^/\.postern/code\?again=1&to=/fresh/x%3Fy%3D1$},
         "by a code, and back to page and query");

    $r = $b->submit($b->get($r->{location}),
                    { code => MfaTest::code("u1", step => 1) });
    is($r->{location}, "/fresh/x?y=1", "stepped up");

    my $third = $b->cookie($name);
    isnt($third, $second, "a new token at step-up");
    is($b->get("/fresh/x?y=1")->{status}, 200, "fresh");
    is($b->clone->set($name, $second)->get("/")->{status}, 303,
       "the token before it is dead");



=== TEST 2: session fixation: signing in over somebody else's session
--- client
    my $evil = MfaTest::first("b1");
    my $b = $evil->clone;
    my $before = $evil->cookie($name);

    $b->page("sign-in");
    my $r = $b->submit($b->page("sign-in", again => 1),
                       { user => "bob", password => $MfaTest::password },
                       action => qr/sign-in/) if $b->page("sign-in")->{status}
                                                 == 200;

    if ($r && $r->{status} == 303) {
        isnt($b->cookie($name), $before, "a token of its own");
        like($b->get("/low/")->{body}, qr/user=bob/, "and bob's session");
        like($evil->get("/low/")->{body} . "", qr/user=b1|^$|<html/,
             "the other browser did not become bob");

    } else {
        like($b->get("/low/")->{body}, qr/user=b1/,
             "who is signed in stays who they are");
    }

    unlike($evil->get("/low/")->{body}, qr/user=bob/,
           "a token planted before does not see bob's session");



=== TEST 3: undead session: sign-out ends it on the server
--- client
    my $b = MfaTest::both("u1");
    my $copy = $b->clone;

    is($copy->get("/")->{status}, 200, "a stolen cookie works");

    my $r = $b->sign_out;
    ok($r->{status} == 200 || $r->{status} == 303, "signed out");
    ok(!defined $b->cookie($name), "the cookie is taken back");
    isnt($copy->get("/")->{status}, 200, "the stolen one is dead");
    isnt($copy->get("/low/")->{status}, 200, "at any assurance");
    isnt($copy->page("account")->{status}, 200, "at the pages too");



=== TEST 4: undead session: requests on the way bring nothing back
--- client
    my @browsers = map { MfaTest::first("b$_") } 1 .. 9;

    for my $b (@browsers) {
        my $copy = $b->clone;
        my $page = $b->page("sign-out");
        my ($form) = grep { $_->{action} =~ /sign-out/ }
                     MfaClient::forms($page);
        my $body = join "&", map { "$_=" . escape($form->{fields}{$_}) }
                             keys %{$form->{fields}};

        my @answers = $copy->at_once(
            (["GET", "/low/"]) x 10,
            ["POST", "/.postern/sign-out", body => $body,
             type => "application/x-www-form-urlencoded"],
            (["GET", "/low/"]) x 10);

        sleep 0.1;
        isnt($copy->clone->set($name, $b->cookie($name))->get("/low/")
             ->{status}, 200, "dead for good");
    }



=== TEST 5: undead session: one, others, all
--- client
    my ($one, $two, $three) = map { MfaTest::first("bob") } 1 .. 3;
    my $page = $one->page("account");
    my @ids = $page->{body} =~ /name="end"\s+value="([0-9a-f]{16})"/g;

    is($page->{status}, 200, "the list");
    ok(@ids >= 2, "names the sessions");

    # ends the one that is not this one and is gone then
    my $csrf = (map { $_->{fields}{csrf} // () } MfaClient::forms($page))[0];
    my $r = $one->post("/.postern/sessions", { csrf => $csrf, end => $ids[0] });
    is($r->{status}, 303, "one is ended");
    is(scalar(grep { $_->get("/low/")->{status} == 200 } $one, $two, $three),
       2, "one of three is dead");

    my $four = MfaTest::first("bob");

    $page = $one->page("account");
    if ($page->{status} != 200) {
        $one = $two;
        $page = $one->page("account");
    }

    $csrf = (map { $_->{fields}{csrf} // () } MfaClient::forms($page))[0];
    $r = $one->post("/.postern/sessions", { csrf => $csrf, end => "others" });
    is($r->{status}, 303, "others are ended");
    is($one->get("/low/")->{status}, 200, "this one is not");
    is($four->get("/low/")->{status}, 303, "the others are dead");

    $four = MfaTest::first("bob");
    $csrf = (map { $_->{fields}{csrf} // () }
             MfaClient::forms($one->page("account")))[0];
    $r = $one->post("/.postern/sessions", { csrf => $csrf, end => "all" });
    ok($r->{status} == 303 || $r->{status} == 200, "all are ended");
    is($one->get("/low/")->{status}, 303, "this one too");
    is($four->get("/low/")->{status}, 303, "and the others");



=== TEST 6: sessions of others: an id of somebody else ends nothing
--- client
    my $victim = MfaTest::first("b1");
    my $evil = MfaTest::first("b2");
    my ($id) = MfaTest::first("b1")->page("account")->{body}
               =~ /name="end"\s+value="([0-9a-f]{16})"/;

    ok($id, "the victim's session has an id") or return;

    my $csrf = (map { $_->{fields}{csrf} // () }
                MfaClient::forms($evil->page("account")))[0];

    for my $end ($id, uc $id, "$id ", "../$id", "0" x 16, "", "*", "-1",
                 "all\0", "b1", "ALL")
    {
        $evil->post("/.postern/sessions", { csrf => $csrf, end => $end });
        is($victim->get("/low/")->{status}, 200, "end=\"" . ($end =~ s/\0/?/r)
           . "\": the victim's is alive");
    }

    is($evil->get("/low/")->{status}, 200, "and one's own");



=== TEST 7: CVE-2025-29928: a session ends with its user: disabled, gone, new password
--- client
    my ($one, $two, $three, $four) = map { MfaTest::first("b$_") } 1 .. 4;
    my $other = $MfaTest::hash =~ s/MdsMO|dsMO/dsMP/r;

    is($_->get("/low/")->{status}, 200, "signed in") for $one, $two, $three;

    ok(MfaTest::change(sub { $one->get("/low/")->{status} != 200 },
           b1 => MfaTest::person("b1", factors => undef,
                                 status => '"disabled"'),
           b2 => undef,
           b3 => MfaTest::person("b3", factors => undef,
                                 password => qq("$other"))),
       "disabled: the session is dead");

    isnt($two->get("/low/")->{status}, 200, "removed: the session is dead");
    isnt($three->get("/low/")->{status}, 200,
         "another password: the session is dead");
    is($four->get("/low/")->{status}, 200, "nobody else's is");

    ok(MfaTest::change(sub { MfaTest::browser()->sign_in("b1",
                                 $MfaTest::password)->{status} == 303 }),
       "b1 may sign in again");

    isnt($two->get("/low/")->{status}, 404, "no trace of b2's session");



=== TEST 8: CVE-2017-6807, CVE-2014-8566: a session does not cross organizations
--- config
    location /other/ {
        postern_org other;
        mfa on;
        mfa_require aal=1;
        proxy_pass http://app;
    }
--- client
    my $b = MfaTest::both("alice");

    is($b->get("/")->{status}, 200, "alice of acme");
    isnt($b->get("/other/")->{status}, 200, "is not alice of other");

    my $c = MfaTest::browser();
    my $r = $c->sign_in("olga", $MfaTest::password);

    isnt($r->{status}, 303, "nobody of other signs in at acme");
    $r = $c->submit($c->page("sign-in"), { user => "olga", org => "other",
                                           password => $MfaTest::password });
    isnt($r->{status}, 303, "nor by naming it");
    unlike($c->get("/other/")->{body}, qr/^app/, "nor gets to other so");



=== TEST 9: CVE-2017-6807: a session does not cross services of another master key
--- client
    my $b = MfaTest::both("u1");
    my ($tag, $token) = split /\./, $b->cookie($name);

    like($tag, qr/^[\w-]{4}$/, "a token names its key");
    isnt($b->clone->set($name, "mk-2.$token")->get("/low/")->{status}, 200,
         "a token of another key is none");



=== TEST 10: assurance does not rise by itself
--- client
    my $b = MfaTest::first("u1");

    for my $target ("/", "/?aal=2", "/x", "/fresh/", "//", "/./", "/low/../",
                    "/low%2f../x", "/%2e/", "/x/.postern/")
    {
        my $r = $b->get($target);

        unlike($r->{body}, qr/^app/, "$target: not without a code");
    }

    is($b->get("/low/")->{status}, 200, "aal 1 is enough elsewhere");

    for my $code ("", "000000", "0", "abcdef", "123456 ", "-1", "1e5",
                  "\0\0\0\0\0\0")
    {
        my $r = $b->code($code);

        isnt($r->{status}, 303, "code \"" . ($code =~ s/\0/?/gr)
                                . "\" is refused");
        isnt($b->get("/")->{status}, 200, "and leaves aal 1");
    }



=== TEST 11: AuthQuake: a code of somebody else, and one's own twice
--- client
    my $b = MfaTest::first("u1");

    isnt($b->code(MfaTest::code("u2"))->{status}, 303, "a code of u2");
    is($b->code(MfaTest::code("u1"))->{status}, 303, "one's own");

    my $c = MfaTest::first("u1");
    isnt($c->code(MfaTest::code("u1"))->{status}, 303, "the same once more");
    is($c->code(MfaTest::code("u1", step => 1))->{status}, 303, "the next one");
    isnt(MfaTest::first("u1")->code(MfaTest::code("u1", step => -5))->{status},
         303, "one of the past");
    isnt(MfaTest::first("u1")->code(MfaTest::code("u1", step => 5))->{status},
         303, "one of the future");



=== TEST 12: OTP reuse, race: of 30 times the same right code one counts
--- client
    my @browsers = map { MfaTest::first("u1") } 1 .. 30;
    my $code = MfaTest::code("u1");
    my @ready = map {
        my ($form) = grep { $_->{method} eq "POST" }
                     MfaClient::forms($_->page("code"));
        [$_, { %{$form->{fields}}, code => $code }]
    } @browsers;

    my @sockets = map {
        $_->[0]->begin("POST", "/.postern/code", MfaClient::form($_->[1]))
    } @ready;

    my @answers = map { $browsers[$_]->end($sockets[$_]) } 0 .. $#sockets;

    is(scalar(grep { $_->{status} == 303 } @answers), 1, "one answer says so");
    is(scalar(grep { $_->get("/")->{status} == 200 } @browsers), 1,
       "one browser has aal 2");



=== TEST 13: no second factor: the password alone is no aal 2
--- client
    my $b = MfaTest::first("bob");

    is($b->get("/low/")->{status}, 200, "aal 1");
    isnt($b->get("/")->{status}, 200, "not aal 2");
    isnt($b->code("000000")->{status}, 303, "no code is right");
    isnt($b->code("")->{status}, 303, "nor none");
    isnt($b->get("/")->{status}, 200, "still not aal 2");



=== TEST 14: enrolment hijack (authelia#135): with a password alone nobody adds a factor
--- client
    my $b = MfaTest::first("u1");
    my $r = $b->page("enrol");

    unlike($r->{body}, qr/<svg/, "no QR code for who has proven half");
    isnt($b->get("/.postern/account")->{status} == 200
         && $b->page("enrol")->{status}, 200, "no page to enrol");

    my ($csrf) = map { $_->{fields}{csrf} // () }
                 MfaClient::forms($b->page("code"));

    for my $try (["recovery-codes", {}], ["factors", { remove => "d0" }],
                 ["enrol", { code => "123456", name => "x" }])
    {
        $r = $b->post("/.postern/$try->[0]", { csrf => $csrf, %{$try->[1]} });
        ok($r->{status} != 200 || $r->{body} !~ /[A-Z2-7]{4}-[A-Z2-7]{4}/,
           "$try->[0]: nothing given out");
    }

    is($b->get("/")->{status}, 303, "still aal 1");
    is($b->code(MfaTest::code("u1"))->{status}, 303,
       "and the authenticator is the old one");



=== TEST 15: CSRF: forms without a token, with a wrong one, with another's
--- client
    my $b = MfaTest::both("u1");
    my $evil = MfaTest::both("u2");
    my ($other) = map { $_->{fields}{csrf} // () }
                  MfaClient::forms($evil->page("account"));
    my ($own) = map { $_->{fields}{csrf} // () }
                MfaClient::forms($b->page("account"));

    ok(length $own > 16 && $own ne $other, "tokens differ");

    for my $csrf (undef, "", "0", $other, $own . "0", substr($own, 1),
                  uc("$own") eq $own ? "x" : uc $own)
    {
        for my $page (["sessions", { end => "all" }], ["sign-out", {}],
                      ["password", { old => $MfaTest::password,
                                     new => "another battery staple",
                                     again => "another battery staple" }],
                      ["factors", { remove => "d0" }], ["recovery-codes", {}])
        {
            my $r = $b->post("/.postern/$page->[0]",
                             { csrf => $csrf, %{$page->[1]} });

            isnt($r->{status}, 303, "$page->[0]: not with csrf="
                 . (defined $csrf ? "\"$csrf\"" : "nothing"));
        }
    }

    is($b->get("/")->{status}, 200, "nothing was ended");

    # the attacker's form cookie beside its token
    my ($form) = grep { /form/ } keys %{$evil->cookies};
    my $mixed = $b->clone->set($form, $evil->cookie($form));

    isnt($mixed->post("/.postern/sessions", { csrf => $other, end => "all" })
         ->{status}, 303, "nor with the cookie of another browser");
    is($b->get("/")->{status}, 200, "nothing was ended");



=== TEST 16: CSRF: forms from elsewhere, with the right token
--- client
    my $b = MfaTest::both("u1");
    my ($csrf) = map { $_->{fields}{csrf} // () }
                 MfaClient::forms($b->page("account"));

    for my $field (["Origin", "https://evil.example"], ["Origin", "null"],
                   ["Origin", "http://localhost.evil.example"],
                   ["Origin", "http://evil.localhost"],
                   ["Sec-Fetch-Site", "cross-site"],
                   ["Sec-Fetch-Site", "same-site"])
    {
        my $r = $b->post("/.postern/sessions", { csrf => $csrf, end => "all" },
                         @$field);

        isnt($r->{status}, 303, "$field->[0]: $field->[1]: refused");
        is($b->get("/")->{status}, 200, "$field->[0]: $field->[1]: alive");
    }

    my $r = $b->get("/.postern/sessions?csrf=" . escape($csrf) . "&end=all");
    is($b->get("/")->{status}, 200, "an address ends nothing");

    $r = $b->get("/.postern/sign-out?csrf=" . escape($csrf));
    is($b->get("/")->{status}, 200, "nor signs it out");

    for my $type ("text/plain", "multipart/form-data; boundary=x",
                  "application/json", undef)
    {
        $r = $b->request("POST", "/.postern/sessions", type => $type,
                         body => "csrf=" . escape($csrf) . "&end=all");
        isnt($r->{status}, 303, ($type // "no type") . ": is no form of ours");
    }

    is($b->get("/")->{status}, 200, "alive");



=== TEST 17: login CSRF: sign-in needs the form's own token and cookie
--- client
    my $evil = MfaTest::browser();
    my $csrf = $evil->csrf("sign-in");
    my %fields = (user => "bob", password => $MfaTest::password, to => "/low/");
    my $b = MfaTest::browser();

    for my $try (undef, "", $csrf) {
        my $r = $b->post("/.postern/sign-in", { %fields, csrf => $try });

        isnt($r->{status}, 303, "csrf of another browser");
        ok(!$b->cookie($name), "no session");
    }

    $b->page("sign-in");
    isnt($b->post("/.postern/sign-in", { %fields, csrf => $csrf })->{status},
         303, "nor with a form cookie of one's own");
    isnt($evil->post("/.postern/sign-in", { %fields, csrf => $csrf },
                     Origin => "https://evil.example")->{status}, 303,
         "nor from elsewhere");
    is($evil->post("/.postern/sign-in", { %fields, csrf => $csrf })->{status},
       303, "the right form is accepted");



=== TEST 18: clickjacking, sniffing, leaking: what pages forbid
--- client
    my $b = MfaTest::both("u1");

    for my $page (qw(sign-in code recovery recovery-codes account password
                     sign-out nothing-here))
    {
        for my $who ($b, MfaTest::browser()) {
            my $r = $who->page($page);
            my $f = $r->{field};

            like($f->{"cache-control"} // "", qr/no-store/, "$page: not kept");
            next if $r->{status} == 303;

            my $csp = $f->{"content-security-policy"} // "";

            like($csp, qr/default-src 'none'/, "$page: nothing by default");
            like($csp, qr/frame-ancestors 'none'/, "$page: in no frame");
            like($csp, qr/form-action 'self'/, "$page: forms to us only");
            like($csp, qr/base-uri 'none'/, "$page: no base");
            unlike($csp, qr/unsafe|script-src (?!'none')/, "$page: no script");
            is($f->{"x-content-type-options"}, "nosniff", "$page: no sniffing");
            ok($f->{"referrer-policy"}, "$page: a referrer policy");
            unlike($r->{body}, qr/<script|\son\w+=|style="|javascript:/i,
                   "$page: no script and no inline style");
        }
    }



=== TEST 19: HTML injection: what is typed and asked for comes back as text
--- client
    my $b = MfaTest::browser();
    my $evil = q{"><svg/onload=alert(1)>'{{7*7}}<b>};

    for my $r ($b->page("sign-in", to => "/$evil"),
               $b->page("sign-in", to => "/low/?" . $evil =~ s/ //gr),
               $b->page("sign-in", error => $evil, user => $evil),
               $b->submit($b->page("sign-in"),
                          { user => $evil, password => $evil, to => "/" }),
               $b->get("/.postern/$evil" =~ s/[ "<>]/%20/gr),
               $b->get("/.postern/x?<svg/onload=alert(1)>"))
    {
        unlike($r->{body}, qr/<svg\/onload|<b>|"><|49<b/, "escaped");
        unlike($r->{head}, qr/onload/, "not in the head");
    }

    my $one = MfaTest::first("bob", browser => MfaTest::browser(
                                 agent => $evil, language => $evil));
    my $r = $one->page("account");

    is($r->{status}, 200, "a browser of that name");
    unlike($r->{body}, qr/<svg\/onload|onload=/, "is shown without it");



=== TEST 20: methods that no page has
--- client
    my $b = MfaTest::both("u1");

    for my $method (qw(PUT DELETE PATCH OPTIONS TRACE PROPFIND)) {
        for my $page (qw(sign-in account sessions sign-out)) {
            my $r = $b->request($method, "/.postern/$page");

            ok($r->{status} >= 400, "$method $page: $r->{status}");
        }
    }

    isnt($b->get("/.postern/sessions")->{status}, 200, "GET of sessions");
    is($b->get("/")->{status}, 200, "still signed in");

    my $r = $b->request("HEAD", "/.postern/account");
    is($r->{body}, "", "HEAD has no body");



=== TEST 21: a session ends by itself: not used, and at its end
--- guard
    postern_org acme;
    mfa_limit free=100 attempts=100 address=10000r/m;
    mfa_session idle=4s absolute=8s;
--- client
    my $idle = MfaTest::first("b1");
    my $used = MfaTest::first("b2");

    is($idle->get("/low/")->{status}, 200, "signed in");

    for (1 .. 5) {
        sleep 1;
        is($used->get("/low/")->{status}, 200, "used, second $_");
    }

    isnt($idle->get("/low/")->{status}, 200, "five seconds not used");
    sleep 4;
    isnt($used->get("/low/")->{status}, 200, "at its end, though used");



=== TEST 22: 33 sessions: the oldest goes, the list does not grow
--- client
    my @all = map { MfaTest::first("bob") } 1 .. 34;

    is($all[-1]->get("/low/")->{status}, 200, "the newest is there");
    is(scalar(grep { $_->get("/low/")->{status} == 200 } @all), 32,
       "and 31 others");



=== TEST 23: empty password, long password, NUL: nobody gets in
--- client
    for my $password ("", " ", "\0", "$MfaTest::password\0x", "\0",
                      $MfaTest::password . " ", " $MfaTest::password",
                      uc $MfaTest::password, substr($MfaTest::password, 0, 20),
                      substr($MfaTest::password, 0, -1), "x" x 2000, "x" x 9000,
                      "*", "%", "\xff\xfe", $MfaTest::hash)
    {
        my $b = MfaTest::browser();
        my $r = $b->submit($b->page("sign-in"),
                           { user => "bob", password => $password });

        isnt($r->{status}, 303, length($password) . " bytes: refused");
        ok(!$b->cookie($name), "no session");
    }

    for my $user ("", "bob\0", "Bob", "BOB", "bo b", "acme/bob",
                  "other:alice", "dave", "nobody", "*", "bob/../bob",
                  "\xef\xbd\x82ob", "b" x 500)
    {
        my $b = MfaTest::browser();
        my $r = $b->submit($b->page("sign-in"),
                           { user => $user, password => $MfaTest::password });

        isnt($r->{status}, 303, "user \"" . substr($user =~ s/[^ -~]/?/gr, 0,
                                                   20) . "\": refused");
        ok(!$b->cookie($name), "no session");
    }



=== TEST 24: enumeration: unknown, wrong, disabled and without password are alike
--- people
    (pat => MfaTest::person("pat", password => undef, factors => undef))
--- client
    my %seen;

    for my $try (["bob", "a wrong password"], ["nobody", $MfaTest::password],
                 ["dave", $MfaTest::password], ["pat", $MfaTest::password],
                 ["u1", "a wrong password"], ["olga", $MfaTest::password])
    {
        my $b = MfaTest::browser();
        my $r = $b->submit($b->page("sign-in"),
                           { user => $try->[0], password => $try->[1] });
        my $text = "$r->{status}\n" . join "\n", map { lc $_->[0] }
                   @{$r->{lines}};
        my $body = $r->{body} =~ s/value="[^"]*"/value=""/gr;

        $seen{"$text\n$body"} //= $try->[0];
    }

    is(scalar(keys %seen), 1, "one answer for all of them")
        or diag(join "\n----\n", %seen);



=== TEST 25: CVE-2025-24806, CVE-2026-47203: spellings of a name share one count
--- guard
    postern_org acme;
    mfa_enrol off;
    mfa_limit free=3 wait=60s max_wait=60s address=10000r/m;
--- client
    my $try = sub {
        my ($user, $password, $org) = @_;
        my $b = MfaTest::browser();

        return $b->submit($b->page("sign-in"), { user => $user, org => $org,
                                                 password => $password });
    };

    # the names that mean bob, as far as they do
    my @same = grep { $try->(@$_)->{status} == 303 }
               map { [$_->[0], $MfaTest::password, $_->[1]] }
               ["bob"], [" bob"], ["bob "], ["bob", "acme"], ["bob", "other"],
               ["Bob"], ["acme/bob"], ["bob\@acme"], ["bob", " acme"];

    ok(@same > 0, scalar(@same) . " spellings mean bob");
    $try->($_->[0], "wrong", $_->[2]) for (@same) x 3;

    isnt($try->("bob", $MfaTest::password)->{status}, 303,
         "three guesses in all, then bob has to wait");
    isnt($try->(@$_)->{status}, 303, "in each spelling") for @same;

    is($try->("b1", $MfaTest::password)->{status}, 303, "b1 has not to");



=== TEST 26: AuthQuake: new sessions give no new guesses at the code
--- guard
    postern_org acme;
    mfa_limit free=3 wait=60s max_wait=60s address=10000r/m;
--- client
    my @browsers = map { MfaTest::first("u1") } 1 .. 6;

    $_->code("000000") for @browsers;

    my $r = $browsers[0]->code(MfaTest::code("u1"));
    isnt($r->{status}, 303, "six guesses from six sessions: the right one waits");

    $r = MfaTest::first("u1")->code(MfaTest::code("u1"));
    isnt($r->{status}, 303, "from a seventh too");
    isnt($browsers[0]->get("/")->{status}, 200, "no aal 2");

    is(MfaTest::first("u2")->code(MfaTest::code("u2"))->{status}, 303,
       "u2 has not to wait");



=== TEST 27: lockout as a weapon: the owner on a known device still gets in
--- guard
    postern_org acme;
    mfa_limit free=3 wait=60s max_wait=60s address=10000r/m;
--- client
    my $owner = MfaTest::both("u1");

    $owner->sign_out;

    for (1 .. 8) {
        my $evil = MfaTest::browser();

        $evil->submit($evil->page("sign-in"), { user => "u1",
                                                password => "wrong $_" });
    }

    isnt(MfaTest::browser()->sign_in("u1", $MfaTest::password)->{status}, 303,
         "a stranger waits, even with the right password");

    my $r = $owner->sign_in("u1", $MfaTest::password);
    is($r->{status}, 303, "the owner's browser does not");
    is($owner->code(MfaTest::code("u1", step => 1))->{status}, 303,
       "nor with the code");
    is($owner->get("/")->{status}, 200, "and is in");

    # the lane is a lane, not a way around

    my $b = $owner->clone->forget("__Host-postern");

    for (1 .. 4) {
        $b->submit($b->page("sign-in"), { user => "u1",
                                          password => "wrong $_" });
    }

    isnt($b->sign_in("u1", $MfaTest::password)->{status}, 303,
         "who guesses from there waits there");

    # and of nobody else
    my ($device) = grep { /device/ } keys %{$owner->cookies};
    my $c = MfaTest::browser()->set($device, $owner->cookie($device));

    for (1 .. 4) {
        $c->submit($c->page("sign-in"), { user => "u2", password => "wrong" });
    }

    isnt($c->sign_in("u2", $MfaTest::password)->{status}, 303,
         "the device of u1 is none of u2's");
