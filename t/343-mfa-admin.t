# What administrators may see and end.

use lib 't/lib';
use MfaTest;
use Postern ();
use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(\&MfaTest::defaults);
add_response_body_check(\&MfaTest::client);

$MfaTest::guard =~ s/^\s*mfa_enrol off;\n//m;

our $password = $MfaTest::password;

our $more = <<'_EOC_';
    location /manage/ {
        mfa_admin;
        sign on;
        rbac on;
    }

    location /people-manage/ {
        mfa_admin;
        sign on;
        mfa on;
        satisfy any;
        rbac on;
    }

    location /open-manage/ {
        mfa_admin;
    }

    location /signed-manage/ {
        mfa_admin;
        sign on;
    }
_EOC_

sub people {
    my $text = MfaTest::directory(@_);
    my $key = '"algorithm": "hmac-sha256", "secret": "plain:' . $Postern::secret
              . '"';

    $text =~ s/"acme": \{/"acme": { "keys": {
        "AK1": { "roles": ["admin"], $key },
        "AK2": { "roles": ["viewer"], $key } },/;
    $text =~ s/"permissions": \{/"permissions": { "all": ["*"],/g;
    $text =~ s/"roles": \{ "viewer"/"roles": { "admin": {
        "grants": [["all", "all"]] }, "viewer"/g;

    # keys of one secret are not taken
    $text =~ s/("AK2".*?plain:)/$1another /;

    return ">>> postern.json\n$text";
}

# a signed request: status, decoded body
sub manage {
    my ($method, $path, %option) = @_;
    my $key = $option{key} // "AK1";
    my $lines = Postern::rfc9421(method => $method, target => $path,
        keyid => $key, secret => ($key eq "AK2" ? "another " : "")
                                 . $Postern::secret, nonce => rand);
    my $r = Postern::http(Postern::raw_request($method, $path, $lines));

    return ($r->{status}, MfaClient->json($r), $r);
}

no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: who may
--- config eval: $::more
--- user_files eval: ::people()
--- client
my ($status, $json) = manage("GET", "/manage/users/alice");
is $status, 200, "a key that may";
is $json->{user}, "alice", "of whom";

($status, $json) = manage("DELETE", "/manage/users/alice/sessions", key => "AK2");
is $status, 403, "a key that may not";

my $b = MfaTest::browser();
is $b->get("/manage/users/alice")->{status}, 401, "nobody";
is $b->get("/open-manage/users/alice")->{status}, 403, "without a guard";
is((manage("GET", "/signed-manage/users/alice"))[0], 403, "without rbac");
--- error_log
"mfa_admin" answers only



=== TEST 2: what there is
--- config eval: $::more
--- user_files eval: ::people()
--- client
my $b = MfaTest::both("u1");
my ($status, $json) = manage("GET", "/manage/users/u1");
is $status, 200, "found";
is $json->{org}, "acme", "organization";
is $json->{status}, "active", "status";
is scalar(@{$json->{factors}}), 1, "factors";
is $json->{factors}[0]{kind}, "totp", "kind";
is $json->{factors}[0]{name}, "Phone", "name";
ok $json->{factors}[0]{directory}, "of the directory";
is $json->{recovery}, 0, "recovery codes";
is scalar(@{$json->{sessions}}), 1, "sessions";
is $json->{sessions}[0]{aal}, 2, "aal";
is $json->{sessions}[0]{device}, "Firefox on Linux", "device";
ok !exists $json->{factors}[0]{secret}, "no secret";

is((manage("GET", "/manage/users/dave"))[1]{status}, "disabled", "disabled");

for ([GET => "users/nobody", 404], [GET => "users/olga", 404],
     [GET => "users/", 404], [GET => "", 404], [GET => "users/u1/x", 404],
     [DELETE => "users/u1", 405], [GET => "users/u1/sessions", 405],
     [DELETE => "users/u1/sessions/x", 404],
     [DELETE => "users/u1/sessions/" . "0" x 16, 404],
     [GET => "users/u1?org=other", 403], [GET => "users/u1?org=acme", 200])
{
    my ($method, $path, $want) = @$_;
    is((manage($method, "/manage/$path"))[0], $want, "$method $path");
}



=== TEST 3: sessions
--- config eval: $::more
--- user_files eval: ::people()
--- client
my $b = MfaTest::both("u2", step => -1);
my $c = MfaTest::both("u2", step => 0);
my ($status, $json) = manage("GET", "/manage/users/u2");
is scalar(@{$json->{sessions}}), 2, "two";
my $id = $json->{sessions}[0]{id};

($status, $json) = manage("DELETE", "/manage/users/u2/sessions/$id");
is $status, 200, "one";
is $json->{ended}, 1, "ended";
select undef, undef, undef, 0.5;
is join(" ", sort map { $_->get("/x")->{status} } $b, $c), "200 303", "one left";

($status, $json) = manage("DELETE", "/manage/users/u2/sessions");
is $status, 200, "all";
select undef, undef, undef, 0.5;
is join(" ", sort map { $_->get("/x")->{status} } $b, $c), "303 303", "none left";



=== TEST 4: factors
--- config eval: $::more
--- user_files eval: ::people()
--- client
my $b = MfaTest::first("b1");
my $page = $b->page("enrol");
my ($secret) = $page->{body} =~ m{class="key">([A-Z2-7 ]+)<};
is $b->submit($page, { code => MfaClient::totp($secret) })->{status}, 200,
   "enrolled";

my ($status, $json) = manage("GET", "/manage/users/b1");
is scalar(@{$json->{factors}}), 1, "a factor";
is $json->{recovery}, 10, "recovery codes";

($status, $json) = manage("DELETE", "/manage/users/b1/factors");
is $status, 200, "removed";
is $json->{removed}, 1, "one";

($status, $json) = manage("GET", "/manage/users/b1");
is scalar(@{$json->{factors}}), 0, "none";
is $json->{recovery}, 0, "no recovery codes";
is scalar(@{$json->{sessions}}), 0, "no session";



=== TEST 5: limits
--- config eval: $::more
--- user_files eval: ::people()
--- guard
    postern_org acme;
    mfa_limit free=2 wait=30s attempts=100 address=10000r/m;
--- client
my $b = MfaTest::browser();
is join(" ", map { $b->sign_in("u3", "wrong")->{status} } 1 .. 3), "401 401 429",
   "guesses";
my ($status) = manage("DELETE", "/manage/users/u3/limits");
is $status, 200, "forgotten";
is $b->sign_in("u3", $password)->{status}, 303, "in";



=== TEST 20: administrators with a session
--- config eval: $::more
--- user_files eval: ::people(boss => MfaTest::person("boss", roles => '["admin"]'))
--- client
my $boss = MfaTest::both("boss");
my $r = $boss->get("/people-manage/users/u1");
is $r->{status}, 200, "who may";
is $boss->json($r)->{user}, "u1", "of whom";

is MfaTest::both("u1")->request("DELETE", "/people-manage/users/u2/sessions")
   ->{status}, 403, "who may not";
is MfaTest::first("boss")->get("/people-manage/users/u1",
                               Accept => "*/*")->{status}, 401,
   "a password is not enough";
is MfaTest::browser()->get("/people-manage/users/u1",
                           Accept => "*/*")->{status}, 401, "nobody";
is((manage("GET", "/people-manage/users/u1"))[0], 200, "a key");

my $path = "/people-manage/users/u1/limits";

for (["Origin", "https://elsewhere.example"], ["Sec-Fetch-Site", "cross-site"],
     ["Sec-Fetch-Site", "same-site"])
{
    $r = $boss->request("DELETE", $path,
                        headers => [$_, ["Accept", "*/*"]]);
    is $r->{status}, 403, "a page of another site, by $_->[0]: $_->[1]";
    is $boss->json($r)->{code}, "mfa/cross-site", "and why";
}

$r = $boss->request("DELETE", $path,
                    headers => [["Sec-Fetch-Site", "same-origin"]]);
is $r->{status}, 200, "a page of this site";
