# draft-cavage-http-signatures: one request, and everything that somebody on its
# way could change; what is refused for another reason; replays.

use lib 't/lib';
use POSIX ();
use Postern;
use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(\&Postern::defaults);
add_response_body_check(\&Postern::client);

our $config = <<'_EOC_';
    sign on;
    sign_schemes rfc9421 sigv4 cavage;
    sign_explain on;

    location / {
        proxy_pass http://app;
    }
_EOC_

our %forms = (
    draft => sub { cavage(@_, form => "signature") },
    authorization => sub { cavage(@_) },
    kong => sub { cavage(@_, form => "kong") },
    apisix => sub { cavage(@_, form => "apisix") },
);

our $count = 0;

# a POST of "hello", signed; then its lines edited, and the rest of it
sub sent {
    my ($form, %c) = @_;

    my $path = "/a/b?c=d&n=" . $count++;
    my $lines = $forms{$form}->(method => "POST", target => $path,
                                body => "hello", headers => [["X-A", "1"]],
                                %{$c{signed} // {}});

    if (my $edit = $c{lines}) {
        local $_ = $lines;
        $edit->();
        $lines = $_;
    }

    my $target = $path;

    if (my $edit = $c{target}) {
        local $_ = $target;
        $edit->();
        $target = $_;
    }

    my $text = raw_request($c{method} // "POST", $target, $lines,
                           $c{body} // "hello");

    $text =~ s/Host: localhost/Host: $c{host}/ if $c{host};

    my $r = http($text);

    return "$r->{status} " . ($r->{body} =~ /"code":"([^"]*)"/ ? $1 : "-");
}

sub gmt { return POSIX::strftime("%a, %d %b %Y %H:%M:%S GMT", gmtime $_[0]) }

no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: one thing changed, in each form
--- config eval: $::config
--- client
for my $form (sort keys %forms) {
    is sent($form), "200 -", "$form: as it was signed";

    is sent($form, method => "PUT"), "401 sign/invalid", "$form: method";
    is sent($form, target => sub { s{/b}{/B} }), "401 sign/invalid",
       "$form: path";
    is sent($form, target => sub { $_ .= "&e" }), "401 sign/invalid",
       "$form: query";
    is sent($form, host => "other"), "401 sign/invalid", "$form: host";
    is sent($form, lines => sub { s/^(Date: .*):(\d)\d GMT/$1:$2X GMT/m }),
       "400 sign/malformed", "$form: no date any more";
    is sent($form, signed => { at => time - 100 },
            lines => sub { s/^Date: .*/"Date: " . gmt(time)/me }),
       "401 sign/invalid", "$form: date";
    is sent($form, body => "hellO"), "400 sign/digest", "$form: body";
    is sent($form, body => ""), "400 sign/digest", "$form: no body";
    is sent($form, lines => sub { s/SHA-256=./SHA-256=_/ }),
       "400 sign/malformed", "$form: digest";
    is sent($form, lines => sub { s/signature="(.)/"signature=\"" .
                                  ($1 eq "A" ? "B" : "A")/e }),
       "401 sign/invalid", "$form: signature";
    is sent($form, lines => sub { s/(signature=".)(.)/$1 .
                                  ($2 eq "Q" ? "R" : "Q")/e }),
       "401 sign/invalid", "$form: another bit of it";
    is sent($form, lines => sub { s/signature="[^"]{4}/signature="/ }),
       "401 sign/invalid", "$form: a shorter one";
    is sent($form, lines => sub { s/signature="[^"]*/signature="/ }),
       "400 sign/malformed", "$form: an empty one";
    is sent($form, lines => sub { s/AK1/AK2/ }), "401 sign/unknown-key",
       "$form: the key";
    is sent($form, lines => sub { s/ digest"/"/ }), "401 sign/coverage",
       "$form: the list, and the body no more in it";
    is sent($form, lines => sub { s/host date/date host/ }),
       "401 sign/invalid", "$form: the order of the list";
    is sent($form, lines => sub { s/ digest"/ digest x-a"/ }),
       "401 sign/invalid", "$form: a field more in the list";
    is sent($form, lines => sub { s/ digest"/ digest x-b"/ }),
       "401 sign/coverage", "$form: one that is not there";
    is sent($form, lines => sub { s/hmac-sha256/hmac-sha512/ }),
       "401 sign/algorithm", "$form: the algorithm";
    is sent($form, lines => sub { s/hmac-sha256/hmac-sha1/ }),
       "400 sign/unsupported", "$form: SHA-1";
}



=== TEST 2: the date
--- config eval: $::config
--- client
for my $form (sort keys %forms) {
    is sent($form, signed => { at => time - 880 }), "200 -",
       "$form: within the window";
    is sent($form, signed => { at => time - 901 }), "401 sign/expired",
       "$form: too old";
    is sent($form, signed => { at => time + 70 }), "401 sign/future",
       "$form: ahead";
    is sent($form, signed => { date => "now" }), "400 sign/malformed",
       "$form: none";
}

is sent("draft", signed => { listed => ["(request-target)", "host",
                                        "digest"] }),
   "401 sign/coverage", "not signed, with which Kong and APISIX are content";



=== TEST 3: once
--- config eval: $::config
--- client
for my $form (sort keys %forms) {
    my $lines = $forms{$form}->(method => "POST", target => "/once",
                                body => $form);
    my $text = raw_request("POST", "/once", $lines, $form);

    is http($text)->{status}, 200, "$form: first";
    like http($text)->{body}, qr{sign/replayed}, "$form: second";

    # in another place, with words more: the same signature
    my $again = $lines;
    $again =~ s/^Authorization: Signature /Signature: /m
        or $again =~ s/^Signature: /Authorization: Signature /m
        or $again =~ s/^Authorization:/Proxy-Authorization:/m;
    $again =~ s/"$/", opaque="x"/m;

    like http(raw_request("POST", "/once", $again, $form))->{body},
         qr{sign/replayed}, "$form: written in another way";
}



=== TEST 4: CVE-2017-16005: names of headers are signed
--- config eval: $::config
--- client
my @listed = ("(request-target)", "host", "date", "digest", "x-a", "x-b");

is sent("draft", signed => { headers => [["X-A", "1"], ["X-B", "2"]],
                             listed => \@listed }), "200 -", "as signed";
is sent("draft", signed => { headers => [["X-A", "1"], ["X-B", "2"]],
                             listed => \@listed },
        lines => sub { s/^X-A: 1\nX-B: 2/X-B: 1\nX-A: 2/m;
                       s/x-a x-b/x-b x-a/ }),
   "401 sign/invalid", "the names exchanged";



=== TEST 5: CVE-2026-28432: nothing passes for signed that is not
--- config eval: $::config
--- client
is sent("draft", lines => sub { s/^Signature:.*$/Signature: keyId="AK1"/m }),
   "400 sign/malformed", "a key id alone";
is sent("draft", lines => sub { s/headers="[^"]*"/headers=""/ }),
   "401 sign/coverage", "an empty list";
is sent("draft", lines => sub { s/,headers="[^"]*"// }),
   "401 sign/coverage", "no list";
is sent("draft", lines => sub { s/^Digest: .*\n//m }),
   "401 sign/coverage", "a listed digest that is not sent";
is sent("draft", lines => sub { s/^Digest: SHA-256/Digest: SHA/m }),
   "400 sign/unsupported", "a digest of another kind";
is sent("draft", lines => sub { s/keyId="AK1"/keyId="AK1",keyid="robot"/ }),
   "400 sign/ambiguous", "two keys";
is sent("draft", lines => sub { s/^(Signature: .*)$/$1\n$1/m }),
   "400 sign/ambiguous", "two signatures";
is sent("draft", lines => sub { s/^(Signature: (.*))$/$1\nAuthorization: Signature $2/m }),
   "400 sign/ambiguous", "in two places";
is sent("draft", lines => sub { s/^Signature:.*\n?//m }),
   "401 sign/missing", "none";



=== TEST 6: expires that is not signed
--- config eval: $::config
--- client
is sent("draft", signed => { alg => "hs2019", expires => time + 60 }),
   "401 sign/coverage", "anybody could change it";
is sent("draft", signed => { alg => "hs2019", expires => time - 1,
                             at => time - 60, listed => ["(request-target)", "host", "date",
                                        "digest", "(expires)"] }),
   "401 sign/expired", "it counts";
is sent("draft", signed => { created => time,
                             listed => ["(request-target)", "host", "digest",
                                        "(created)"] }),
   "400 sign/malformed", "(created) with hmac-sha256";
