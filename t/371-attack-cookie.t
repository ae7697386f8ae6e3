# Attacks on cookies: forged, bent, doubled, of another name, and what the
# cookies themselves promise to browsers.

use lib 't/lib';
use MfaTest;
use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(\&MfaTest::defaults);
add_response_body_check(\&MfaTest::client);

our $name = "__Host-postern";
our $digits = join "", "A" .. "Z", "a" .. "z", 0 .. 9, "-", "_";

# what the application answers to a cookie line: its status

sub status {
    my ($cookie, $target) = @_;

    return MfaTest::browser()->request("GET", $target // "/low/",
                                       cookie => $cookie)->{status};
}

no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: the cookie promises what __Host- asks for, and more
--- client
    my $b = MfaTest::browser();
    my $r = $b->sign_in("bob", $MfaTest::password);
    my $cookie = $r->{cookies}{$name};

    ok($cookie, "a session's cookie is set");
    ok($cookie->{secure}, "Secure");
    ok($cookie->{httponly}, "HttpOnly");
    is($cookie->{path}, "/", "Path=/");
    is(lc($cookie->{samesite} // ""), "lax", "SameSite=Lax");
    ok(!exists $cookie->{domain}, "no Domain");
    like($cookie->{value}, qr/^[\w-]{4}\.[\w-]{43}$/, "256 bits and a key's tag");

    for my $other (grep { $_ ne $name } keys %{$b->cookies}) {
        my ($set) = grep { defined } map { $_->{cookies}{$other} }
                    $r, MfaTest::browser()->page("sign-in");

        next if !$set;

        ok($set->{secure} && $set->{httponly} && $set->{path} eq "/"
           && !exists $set->{domain}, "$other: as strict");
    }

    like($r->{field}{"cache-control"} // "", qr/no-store/,
         "an answer that sets it is not kept");



=== TEST 2: tokens are new and have nothing in common
--- client
    my %seen;

    for (1 .. 20) {
        my $token = MfaTest::first("bob")->cookie($name);
        my ($tag, $digits) = split /\./, $token;

        $seen{$token}++;

        for my $at (0 .. 35) {
            $seen{substr $digits, $at, 8}++;
        }
    }

    is(scalar(grep { $_ > 1 } values %seen), 0,
       "no eight digits in a row of 20 tokens are seen twice")
        or diag(join " ", grep { $seen{$_} > 1 } keys %seen);



=== TEST 3: forgeable cookie (61131 #7): zeros, words, any digits
--- client
    my $tag = substr MfaTest::first("bob")->cookie($name), 0, 5;

    for my $value ("0" x 24, "0 0 0", "00000000 00000000 00000000", "0" x 43,
                   "0" x 48, "AAAA." . "A" x 43, $tag . "A" x 43,
                   $tag . "_" x 42 . "8", $tag, $tag . "0", "null", "true",
                   "1", "admin", "alice", "bob", "{}", "[]", "undefined",
                   "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.", "../bob",
                   "%00", "*", "' OR 1=1", "\$(id)", "{\"user\":\"bob\"}")
    {
        is(status("$name=$value"), 303, "$value is no session");
    }



=== TEST 4: bit flip: every digit of a token counts
--- client
    my $token = MfaTest::first("bob")->cookie($name);
    my $passed = 0;

    is(status("$name=$token"), 200, "the token itself");

    for my $at (0 .. length($token) - 1) {
        my $other = $token;
        my $digit = substr $token, $at, 1;
        my $n = index $digits, $digit;

        substr $other, $at, 1,
               $digit eq "." ? "-" : substr $digits, $n ^ 1, 1;

        $passed++ if status("$name=$other") != 303;
    }

    is($passed, 0, "none of 48 tokens that differ by a bit");
    is(status("$name=$token"), 200, "the token still");



=== TEST 5: one spelling: bits that encode nothing, padding, case, escapes
--- client
    my $token = MfaTest::first("bob")->cookie($name);
    my $last = index $digits, substr $token, -1;

    for my $i (1 .. 3) {
        is(status("$name=" . substr($token, 0, -1)
                  . substr $digits, $last ^ $i, 1), 303,
           "the same bytes with other bits at the end: $i");
    }

    my $escaped = $token =~ s/(.)/sprintf "%%%02x", ord $1/er;

    for my $other ("$token=", "$token==", "$token.", " .$token", "\"$token\"",
                   "'$token'", $escaped, uc $token, lc $token, "$token,x",
                   "$token x", "$token\x01", "$token\xff", $token =~ s/\././r,
                   $token =~ tr/-_/+\//r)
    {
        next if $other eq $token;
        is(status("$name=$other"), 303, "$other is another one");
    }

    is(status("$name=  $token\t "), 200, "blanks around it are not part of it");



=== TEST 6: names: prefixes, case, white space of Unicode ("cookie chaos")
--- client
    my $token = MfaTest::first("bob")->cookie($name);

    for my $other ("__host-postern", "__HOST-POSTERN", "__Host-Postern",
                   "__Secure-postern", "postern", "__Host-", "__Host-poster",
                   "__Host-posterns", "__Host-postern-form",
                   "__Host-postern-device", "x__Host-postern",
                   "\xe2\x80\x80__Host-postern", "\xc2\xa0__Host-postern",
                   "\xc2\x85__Host-postern", "\x0b__Host-postern",
                   "__Host-postern ", "__Host-postern\xc2\xa0",
                   "\"__Host-postern\"", "%5f_Host-postern", "\$$name",
                   "x=1, $name", "")
    {
        is(status("$other=$token"), 303, "\"$other\" is another name");
    }



=== TEST 7: two cookies of the name ("cookie tossing"): nobody can tell which
--- client
    my $own = MfaTest::first("bob")->cookie($name);
    my $evil = MfaTest::first("b1")->cookie($name);

    is(status("$name=$own; $name=$evil"), 303, "own, then another's");
    is(status("$name=$evil; $name=$own"), 303, "another's, then own");
    is(status("$name=$own; $name=$own"), 303, "own, twice");
    is(status("$name=$own; $name="), 303, "own and an empty one");
    is(status("$name=; $name=$own"), 303, "an empty one and own");
    is(status("$name=$own; a=b; $name=x"), 303, "own and something else");

    my $b = MfaTest::browser();
    my $r = $b->request("GET", "/low/", cookies => 0,
                        headers => [["Cookie", "$name=$own"],
                                    ["Cookie", "$name=$evil"]]);
    is($r->{status}, 303, "in two lines");

    $r = $b->request("GET", "/low/", cookies => 0,
                     headers => [["Cookie", "a=b"], ["Cookie", "$name=$own"]]);
    is($r->{status}, 200, "one in the second line is one");



=== TEST 8: "cookie sandwich": quotes and $Version hide and show nothing
--- client
    my $own = MfaTest::first("bob")->cookie($name);

    is(status("\$Version=1; x=\"a; $name=$own; y=b\""), 200,
       "what stands between quotes is still seen");
    is(status("x=\"$name=$own\""), 303, "what is the value of another is not");
    is(status("x=\"; $name=x; y=\"; $name=$own"), 303,
       "a second one in quotes counts");
    is(status("x=\\\"; $name=$own"), 200, "a backslash escapes nothing");
    is(status("\$Version=1, $name=$own"), 303, "a comma is no semicolon");



=== TEST 9: CVE-2026-25748: a malformed cookie fails closed
--- client
    for my $cookie ("$name", ";", ";;;", "=", "=;=;=", "$name=",
                    "$name==", "$name;", "=$name", "$name=;$name",
                    "\x01\x02", "\xff\xfe\xfd", "$name=\x7f", "$name=\xff",
                    "a=b;c=d;" x 400, "$name=" . "A" x 4000,
                    "x=" . "\"" x 999, "$name=A.A", "$name=.", "$name=AAAA.",
                    "{$name=x}", "[$name]=x", "a\tb=c", "$name\t=\tx")
    {
        my $short = substr($cookie, 0, 20) =~ s/[^ -~]/?/gr;

        is(status($cookie), 303, "\"$short\": not signed in");
        is(status($cookie, "/"), 303, "\"$short\": nor at aal 2");
        is(MfaTest::browser(accept => "*/*")->request("GET", "/low/",
               cookie => $cookie)->{status}, 401, "\"$short\": nor a program");
    }



=== TEST 10: a token counts in its cookie and nowhere else
--- client
    my $b = MfaTest::browser();
    my $token = MfaTest::first("bob")->cookie($name);

    for my $field (["Authorization", "Bearer $token"],
                   ["Authorization", "Cookie $name=$token"],
                   ["X-Cookie", "$name=$token"], ["Cookie2", "$name=$token"],
                   ["Set-Cookie", "$name=$token"], [$name, $token],
                   ["X-Auth-Token", $token], ["Session", $token])
    {
        is($b->get("/low/", @$field)->{status}, 303,
           "not in $field->[0]: $field->[1]");
    }

    for my $target ("/low/?$name=$token", "/low/?token=$token",
                    "/low/;$name=$token", "/low/?session=$token")
    {
        is($b->get($target)->{status}, 303, "not in an address");
    }

    my $r = $b->post("/low/", { $name => $token });
    isnt($r->{status}, 200, "not in a form");



=== TEST 11: other cookies of ours are no session
--- client
    my $b = MfaTest::both("u1");
    my $jar = $b->cookies;

    ok(keys %$jar > 1, "there are others");

    for my $other (grep { $_ ne $name } keys %$jar) {
        is(status("$other=$jar->{$other}"), 303, "$other lets nobody in");
        is(status("$name=$jar->{$other}"), 303, "nor under the session's name");

        my ($entry) = split /\./, $jar->{$other};
        is(status("$name=AAAA." . substr("$entry" . "A" x 43, 0, 43)), 303,
           "nor a piece of it");
    }

    is(status("$name=$jar->{$name}", "/"), 200, "the session does");



=== TEST 12: a known device proves nothing ("remember me")
--- client
    my $b = MfaTest::both("u1");

    $b->forget($name);
    isnt($b->get("/")->{status}, 200, "no session without its cookie");

    my $r = $b->sign_in("u1", $MfaTest::password);
    is($r->{status}, 303, "the password again");
    like($r->{location}, qr{^/\.postern/code\b}, "and then the code again");
    is($b->get("/low/")->{status}, 200, "aal 1");
    is($b->get("/")->{status}, 303, "not aal 2");



=== TEST 13: oversized cookies (oauth2-proxy#644): ours stay small
--- client
    my $b = MfaTest::browser();

    for my $user ("u1" .. "u7") {
        $b->forget($name);
        MfaTest::both($user, browser => $b);
    }

    my $jar = $b->cookies;
    my $size = length join "; ", map { "$_=$jar->{$_}" } keys %$jar;

    ok($size < 512, "$size bytes after seven people used one browser");
    is($b->get("/")->{status}, 200, "the last one is signed in");



=== TEST 14: tokens are in no page, no address and no log
--- client
    my $b = MfaTest::both("u1")->set(app => "kept");
    my $token = $b->cookie($name);
    my $r = $b->get("/x");

    is($r->{status}, 200, "signed in");
    like($r->{body}, qr/user=u1 aal=2 .*app=kept/, "and known to be");
    unlike($r->{head}, qr/\Q$token\E/, "not in an answer of the application");

    for my $page (qw(account sign-out password recovery-codes sign-in code)) {
        $r = $b->page($page);
        unlike($r->{head} . $r->{body}, qr/\Q$token\E/, "not in $page");
    }

    $b->forget($name)->set($name, $token . "x");
    $b->get("/x");
    $b->sign_in("u1", "a wrong password");

    open my $log, "<", "$ENV{TEST_NGINX_SERVROOT}/logs/error.log" or die;
    my $text = join "", grep { m{^\d{4}/\S+ \S+ \[(?!debug)} } <$log>;

    unlike($text, qr/\Q$token\E/, "not in the error log");
    unlike($text, qr/a wrong password|\Q$MfaTest::password\E/,
           "nor are passwords");



=== TEST 15: CVE-2025-64484: identity in header fields, in every spelling
--- client
    my $b = MfaTest::both("u1");
    my $c = MfaTest::browser();

    for my $field ("Postern-Subject", "postern-subject", "Postern_Subject",
                   "POSTERN-SUBJECT", "POSTERN_SUBJECT", "Postern.Subject")
    {
        my $r = $b->get("/x", $field => "alice");

        is($r->{status}, 200, "$field: signed in");
        like($r->{body}, qr/ user=u1 aal=2 /, "$field: as before");

        $r = $c->get("/low/", $field => "alice");
        is($r->{status}, 303, "$field: no sign-in");

        $r = $c->get("/open/", $field => "alice");
        like($r->{body}, qr/ user= aal= /, "$field: nor where nobody must be");
    }

    for my $field ("X-Forwarded-User", "X-Remote-User", "Remote-User",
                   "X-Auth-Request-User", "X-Forwarded-Email",
                   "Postern-Aal", "Postern-Session", "X-Real-IP")
    {
        is($c->get("/low/", $field => "alice")->{status}, 303,
           "$field lets nobody in");
    }

    my $low = MfaTest::first("u2");
    is($low->get("/", "Postern-Aal" => "2")->{status}, 303,
       "assurance is not taken from a header field");



=== TEST 16: only one spelling per key: tags of no key and of other ones
--- client
    my $token = MfaTest::first("bob")->cookie($name);
    my ($tag, $rest) = split /\./, $token;

    for my $other ("AAAA", "____", "mk-1", scalar reverse $tag) {
        next if $other eq $tag;
        is(status("$name=$other.$rest"), 303, "tag $other");
    }

    is(status("$name=.$rest"), 303, "no tag");
    is(status("$name=$rest"), 303, "no tag, no dot");
