# A one-time code beside a signature, and "satisfy" with both ways in.

use lib 't/lib';
use MfaTest;
use Postern qw(rfc9421);
use Test::Nginx::Socket 'no_plan';

# people with keys: alice's, one of bob, who has no second factor, a robot's

our $secret = $Postern::secret;

sub document {
    my $text = MfaTest::directory(@_);
    my $key = qq("algorithm": "hmac-sha256", "secret": "plain:$secret");

    # one secret for each key: the directory wants it so
    my @keys = (qq("k-alice": { "user": "alice", $key }),
                map { my ($id, $who) = @$_; my $k = $key =~ s/plain:/plain:$id /r;
                      qq("$id": { $who, $k }) }
                (["k-bob", '"user": "bob"'], ["k-u1", '"user": "u1"'],
                 ["k-robot", '"roles": ["viewer"]']));

    my $at = index $text, '"acme": {';

    substr($text, $at + 9, 0) = "\n      \"keys\": { " . join(", ", @keys)
                                . " },";
    return $text;
}

sub signed {
    my ($key, $path, @headers) = @_;
    my $b = MfaTest::browser(accept => "*/*");
    my $of = $key eq "k-alice" ? $secret : "$key $secret";

    my @sign = map { [split /: /, $_, 2] }
               split /\n/, rfc9421(target => $path, keyid => $key,
                                   secret => $of, nonce => rand . time);

    return $b->request("GET", $path, headers => [@sign, @headers]);
}

sub why {
    my ($r) = @_;

    return $r->{status} == 200 ? "in" : MfaTest::browser()->json($r)->{code};
}

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value("user_files", ">>> postern.json\n" . document());
    $block->set_value("config", <<'EOD');
    location /machines/ {
        sign on;
        sign_explain on;
        mfa on;
        mfa_code_header X-Code;
        add_header X-Facts "$mfa_status|$mfa_amr|$postern_aal|$postern_subject|$mfa_error|$sign_scheme" always;
        proxy_pass http://echo;
    }

    location /one/ {
        sign on;
        sign_explain on;
        mfa on;
        mfa_require aal=1;
        add_header X-Facts "$mfa_status|$mfa_amr|$postern_aal|$postern_subject" always;
        proxy_pass http://echo;
    }

    location /either/ {
        satisfy any;
        sign on;
        sign_explain on;
        mfa on;
        mfa_require aal=1;
        add_header X-Facts "$sign_error|$mfa_error" always;
        proxy_pass http://echo;
    }

    location /strip/ {
        mfa on;
        mfa_require aal=1;
        mfa_code_header X-Code;
        proxy_pass http://echo;
    }

    location /where/ {
        satisfy any;
        deny all;
        mfa on;
        mfa_require aal=1;
        proxy_pass http://echo;
    }
EOD

    # nginx itself would drop the other spellings

    $block->set_value("guard", $MfaTest::guard . <<'EOD');
    underscores_in_headers on;
    ignore_invalid_headers off;
EOD

    my $port = MfaTest::port() + 2;

    $block->set_value("http_more", <<"EOD");
    upstream echo {
        server 127.0.0.1:$port;
    }

    server {
        listen 127.0.0.1:$port;
        underscores_in_headers on;
        ignore_invalid_headers off;

        location / {
            return 200 "code=\$http_x_code;";
        }
    }
EOD

    MfaTest::defaults($block);
});

add_response_body_check(\&MfaTest::client);

no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: a code raises a signature to aal 2, once
--- client
    my $r = signed("k-alice", "/machines/a");

    is($r->{status}, 401, "a signature alone is not enough");
    is(why($r), "mfa/code-needed", "it is told what is missing");
    like($r->{body}, qr/Send a one-time code in the header \\"x-code\\"/,
         "and where to put it");

    my $code = MfaTest::code("alice");

    $r = signed("k-alice", "/machines/b", ["X-Code", $code]);
    is($r->{status}, 200, "with a code it is");
    is($r->{field}{"x-facts"}, "code|pop,otp,mfa|2|alice||rfc9421",
       "of that person, by that scheme");
    is($r->{body}, "code=;", "the application does not see the code");

    $r = signed("k-alice", "/machines/c", ["X-Code", $code]);
    is(why($r), "mfa/code-used", "the same code is not right twice");

    $r = signed("k-alice", "/machines/d", ["X-Code", "000000"]);
    is($r->{status}, 401, "a wrong one");
    is(why($r), "mfa/code", "is wrong");

    $r = signed("k-alice", "/machines/e", ["X-Code", ""]);
    is(why($r), "mfa/code-needed", "an empty one is none");

    $code = MfaTest::code("alice", step => 1);
    $r = signed("k-alice", "/machines/f", ["X-Code", $code],
                ["X-Code", $code]);
    is(why($r), "mfa/code", "two of them: nobody knows which");

    my $b = MfaTest::first("u4");

    for my $name ("X-Code", "x_code", "X.Code", "x-CODE") {
        $r = $b->get("/strip/", $name => $code);
        is($r->{body}, "code=;", "nor does it see $name of a session");
    }



=== TEST 2: whose code counts
--- client
    my $code = MfaTest::code("alice");

    is(why(signed("k-u1", "/machines/a", ["X-Code", $code])), "mfa/code",
       "somebody else's does not");
    is(why(signed("k-bob", "/machines/b", ["X-Code", $code])), "mfa/code",
       "nor anybody's where there is no second factor");

    my $r = signed("k-robot", "/machines/c", ["X-Code", $code]);

    is($r->{status}, 403, "a robot");
    is(why($r), "mfa/no-person", "is no person");
    is(signed("k-robot", "/one/")->{status}, 403, "at aal 1 neither");

    $r = signed("k-bob", "/one/");
    is($r->{status}, 200, "a person's key is one factor");
    is($r->{field}{"x-facts"}, "none|pop|1|bob", "and says so");



=== TEST 3: a session is no signature where both are asked for
--- client
    my $b = MfaTest::both("u2");

    $b->{accept} = "*/*";

    my $r = $b->get("/machines/");

    is($r->{status}, 401, "sign asks for its own");
    is($b->json($r)->{code}, "sign/missing", "and says so");



=== TEST 4: satisfy any: either way in
--- client
    is(why(signed("k-robot", "/either/a")), "in", "a signature");

    my $b = MfaTest::first("u3");

    is($b->get("/either/")->{status}, 200, "a session");
    is(MfaTest::browser()->get("/either/")->{status}, 303,
       "people without are led to sign in");

    my $r = MfaTest::browser()->get("/either/", Accept => "*/*");

    is($r->{status}, 401, "others without");
    is(why($r), "mfa/sign-in", "are told of sessions");

    $r = signed("k-alice", "/either/b", ["Host", "elsewhere"]);
    is($r->{status}, 401, "a signature that is wrong");
    is(why($r), "sign/invalid", "is told what is wrong with it");

    $r = $b->request("GET", "/either/c", headers =>
        [["Signature-Input", 'sig1=("@method");keyid="nobody"'],
         ["Signature", "sig1=:AAAA:"]]);
    is($r->{status}, 200, "beside a session it does no harm");

    is(MfaTest::browser()->get("/where/")->{status}, 303,
       "a denied address may sign in");
    is($b->get("/where/")->{status}, 200, "and is let in then");
