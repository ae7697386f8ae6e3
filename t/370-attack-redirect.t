# Attacks on where people are sent to: open redirects in every spelling, header
# fields through a redirect, poisoning by Host and the like.

use lib 't/lib';
use MfaClient qw(escape);
use MfaTest;
use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(\&MfaTest::defaults);
add_response_body_check(\&MfaTest::client);

# what browsers, at one time or another, took for an address of another host,
# and what readers behind them make of it

our %evil = (
    "CVE-2019-3877 backslash"           => '\\\\evil.example/x',
    "CVE-2019-3877 slash, backslash"    => '/\\evil.example/x',
    "CVE-2019-3877 mixed"               => '/\\/evil.example/x',
    "CVE-2019-13038 scheme, no slashes" => 'http:evil.example/x',
    "CVE-2019-13038 scheme, one slash"  => 'https:/evil.example/x',
    "CVE-2021-3639 three slashes"       => '///evil.example/x',
    "CVE-2021-3639 four slashes"        => '////evil.example/x',
    "CVE-2022-23527 tab"                => "/\t/evil.example/x",
    "tab in front"                      => "\t//evil.example/x",
    "line feed between"                 => "/\n/evil.example/x",
    "carriage return between"           => "/\r/evil.example/x",
    "space in front"                    => ' //evil.example/x',
    "no-break space"                    => "\xc2\xa0//evil.example/x",
    "absolute"                          => 'https://evil.example/x',
    "absolute, upper case"              => 'HTTPS://EVIL.EXAMPLE/evil',
    "without scheme"                    => '//evil.example/x',
    "without scheme, escaped"           => '%2f%2fevil.example/x',
    "no slash at all"                   => 'evil.example/x',
    "userinfo"                          => 'https://localhost@evil.example/x',
    "userinfo without scheme"           => '//localhost@evil.example/x',
    "userinfo, escaped"                 => '//localhost%40evil.example/x',
    "userinfo alone"                    => '@evil.example/x',
    "suffix host"                       => 'http://localhost.evil.example/x',
    "suffix"                            => '.evil.example/x',
    "prefix host"                       => 'http://evil-localhost/evil',
    "port"                              => ':80@evil.example/x',
    "IDN"                               => "//evil\xe3\x80\x82example/evil",
    "fullwidth solidus"                 => "/\xef\xbc\x8fevil.example/x",
    "punycode"                          => '//xn--evil-hva.example/evil',
    "IPv6"                              => '//[::1]/evil',
    "number for an address"             => '//2130706433/evil',
    "escaped slash"                     => '/%2fevil.example/x',
    "escaped slash, upper case"         => '/%2Fevil.example/x',
    "escaped backslash"                 => '/%5cevil.example/x',
    "twice escaped slash"               => '/%252fevil.example/x',
    "escape in pieces"                  => '/%25%32%66evil.example/x',
    "broken escape"                     => '/%2%66evil.example/x',
    "UTF-16 escape"                     => '/%u002fevil.example/x',
    "escaped tab"                       => '/%09/evil.example/x',
    "escaped NUL"                       => '/%00/evil.example/x',
    "dot segment"                       => '/.//evil.example/x',
    "dot segments"                      => '/..//evil.example/x',
    "escaped dot segment"               => '/%2e//evil.example/x',
    "dot segment, escaped slash"        => '/.%2f/evil.example/x',
    "way back"                          => '/a/..//evil.example/x',
    "escaped way back"                  => '/a/%2e%2e/%2fevil.example/x',
    "script"                            => 'javascript:alert("evil")',
    "script after a line feed"          => "java\nscript:alert('evil')",
    "data"                              => 'data:text/html,evil',
    "fragment"                          => '/#//evil.example/x',
    "relative"                          => '../evil',
    "markup"                            => '"><script src=//evil.example>',
    "too long"                          => '/evil' . 'x' x 3000,
    "CRLF, a header field"              => "/x\r\nSet-Cookie: evil=1",
    "CRLF, a body"                      => "/x\r\n\r\n<script>evil</script>",
    "escaped CRLF, a header field"      => '/x%0d%0aSet-Cookie:evil=1',
    "LF of another alphabet"            => "/x\xe5\x98\x8a\xe5\x98\x8devil:1",
);

# a Location that stays, and leads to one of our own pages or to a place

sub stays {
    my ($r, $name) = @_;
    my $to = $r->{location} // "";

    ok($to =~ m{^/(?![/\\])[!-~]*$} && $to !~ /evil/i && $r->{head} !~ /evil/i,
       $name) or diag("status $r->{status}, Location: $to");
}

no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: what is a place is kept, to the last byte
--- client
    for my $to ("/low/", "/low/a?b=c&d=e%20f", "/low/%C3%A4?x=//y",
                "/low/a?q=%22%3C%3E'&r=100%25")
    {
        my $b = MfaTest::browser();
        my $r = $b->get($to);

        is($r->{status}, 303, "$to: not signed in");
        is($r->{location}, "/.postern/sign-in?to=" . escape($to) =~ s{%2F}{/}gr,
           "$to: sent to the pages");

        $r = $b->submit($b->get($r->{location}),
                        { user => "bob", password => $MfaTest::password });
        is($r->{status}, 303, "$to: signed in");
        is($r->{location}, $to, "$to: sent back");
        is($b->get($to)->{body} =~ s/ user=.*//sr, "app GET $to",
           "$to: the application has it");
    }



=== TEST 2: open redirect after the password, in every spelling
--- client
    for my $name (sort keys %main::evil) {
        my $b = MfaTest::browser();
        my $r = $b->page("sign-in", to => $main::evil{$name});

        unlike($r->{body}, qr/name="?to"?[^>]*evil/i, "$name: not in the form");

        $r = $b->submit($r, { user => "bob", password => $MfaTest::password,
                              to => $main::evil{$name} });
        is($r->{status}, 303, "$name: signed in");
        stays($r, "open redirect by sign-in: $name");
    }



=== TEST 3: open redirect after the code
--- client
    my $n = 0;

    for my $name (sort keys %main::evil) {
        last if ++$n > 40;

        my $b = MfaTest::first("u$n");
        my $r = $b->page("code", to => $main::evil{$name});

        unlike($r->{body}, qr/name="?to"?[^>]*evil/i, "$name: not in the form");

        $r = $b->submit($r, { code => MfaTest::code("u$n"),
                              to => $main::evil{$name} });
        is($r->{status}, 303, "$name: code accepted");
        stays($r, "open redirect by code: $name");
    }



=== TEST 4: open redirect of who is signed in already, and by refusals
--- client
    my $b = MfaTest::both("alice");

    for my $name (sort keys %main::evil) {

        for my $page (qw(sign-in code recovery enrol recovery-codes)) {
            my $r = $b->page($page, to => $main::evil{$name});

            if (defined $r->{location}) {
                stays($r, "open redirect by GET $page: $name");

            } else {
                unlike($r->{body}, qr/(?:href|action|value)="?[^">]*evil/i,
                       "GET $page: $name: nothing of it is a link");
            }
        }
    }

    $b = MfaTest::first("u1");
    my $r = $b->submit($b->page("code"), { code => "000000",
                                           to => "//evil.example" });
    unlike($r->{body} . $r->{head}, qr/evil/, "a refused code keeps nothing");

    my $c = MfaTest::browser();
    $r = $c->submit($c->page("sign-in"), { user => "bob", password => "wrong",
                                           to => "//evil.example" });
    unlike($r->{body} . $r->{head}, qr/evil/, "a refused sign-in neither");



=== TEST 5: open redirect by two values: the pages take neither
--- client
    my $b = MfaTest::browser();
    my $r = $b->get("/.postern/sign-in?to=/low/&to=//evil.example/x");

    unlike($r->{body} . $r->{head}, qr/evil/, "in the query");

    my $csrf = $b->csrf("sign-in");
    $r = $b->request("POST", "/.postern/sign-in",
                     type => "application/x-www-form-urlencoded",
                     body => "csrf=$csrf&user=bob&password="
                             . escape($MfaTest::password)
                             . "&to=/low/&to=//evil.example/x");

    isnt($r->{status}, 303, "in the form");
    unlike($r->{head}, qr/evil/, "in the form: no Location");
    ok(!$b->cookie("__Host-postern"), "in the form: no session");



=== TEST 6: open redirect by the guard: what was asked for
--- client
    for my $target ("//evil.example/x", "///evil.example/x",
                    "/%2fevil.example/x", "/%5cevil.example/x",
                    "/.//evil.example/x", "/a/..//evil.example/x",
                    "/%0d%0aSet-Cookie:evil=1", "/\\evil.example/x",
                    "/%09/evil.example/x", "http://evil.example/x",
                    "http://evil.example//x", "/?\\evil")
    {
        my $b = MfaTest::browser();
        my $r = $b->get($target);

        if ($r->{status} == 303) {
            like($r->{location}, qr{^/\.postern/sign-in(?:\?to=[\w.~/%-]*)?$},
                 "$target: to the pages, by a path");
            unlike($r->{head}, qr/^(?:Set-Cookie: *evil|evil)/mi,
                   "$target: no header field of its own");

            $r = $b->submit($b->get($r->{location}),
                            { user => "bob", password => $MfaTest::password });

            my $to = $r->{location} // "";

            like($to, qr{^/(?![/\\])[!-~]*$}, "$target: back to this host");
            unlike($to, qr{^/[^?]*evil\.example}, "$target: and not there")
                if $target !~ /^http/;

        } else {
            ok($r->{status} >= 400, "$target: refused");
        }
    }



=== TEST 7: poisoning by Host: redirects have no host
--- client
    for my $field (["Host", "evil.example"], ["X-Forwarded-Host",
                   "evil.example"], ["Forwarded", "host=evil.example"],
                   ["X-Host", "evil.example"],
                   ["X-Forwarded-Server", "evil.example"],
                   ["X-Forwarded-Proto", "evil"],
                   ["X-Forwarded-Prefix", "//evil.example"],
                   ["X-Forwarded-Port", "evil"])
    {
        my $b = MfaTest::browser();
        my $r = $b->get("/low/", @$field);

        is($r->{status}, 303, "$field->[0]: sent to sign in");
        is($r->{location}, "/.postern/sign-in?to=/low/",
           "$field->[0]: here");
        unlike($r->{body}, qr/evil/, "$field->[0]: nor in the body");
    }



=== TEST 8: CVE-2026-40575, CVE-2023-36456: an address in a header field decides nothing
--- client
    my $b = MfaTest::browser();

    for my $name ("X-Forwarded-Uri", "X-Original-URL", "X-Original-URI",
                  "X-Rewrite-URL", "X-Forwarded-Path", "X-Auth-Request-Redirect",
                  "X-HTTP-Method-Override", "X-Forwarded-Method")
    {
        my $r = $b->get("/low/", $name => "/open/");

        is($r->{status}, 303, "$name: /open/ opens nothing");
        is($r->{location}, "/.postern/sign-in?to=/low/", "$name: nor redirects");

        $r = $b->get("/low/", $name => "/.postern/sign-in");
        is($r->{status}, 303, "$name: nor does the address of the pages");
    }

    for my $target ("/low/.postern/", "/low/%2e%2e/low/", "/.postern/../low/",
                    "/.postern/..%2flow/", "/.postern%2f../low/",
                    "/.postern/sign-in/../../low/", "/LOW/../low/")
    {
        my $r = $b->get($target);

        unlike($r->{body}, qr/^app/, "$target: not the application");
    }



=== TEST 9: the pages do not become a way around by themselves
--- client
    my $b = MfaTest::browser();
    my $r = $b->page("sign-in", to => "/.postern/sign-out");

    $r = $b->submit($r, { user => "bob", password => $MfaTest::password });
    is($r->{status}, 303, "signed in");

    $b->get($r->{location});
    is($b->get("/low/")->{status}, 200,
       "a link to sign-out, followed, signs nobody out");
