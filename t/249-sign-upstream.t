# sign_upstream rfc9421: a second Postern verifies what the first one sends, and
# what comes out behind it is what went in, without the client's credentials.

use lib 't/lib';
use Hostile ();
use Outward;
use Postern;
use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value("http_more", Outward::behind())
        if !defined $block->http_more;

    $block->set_value("user_files", ">>> postern.json\n"
                                    . directory(Outward::keys()));
    Postern::defaults($block);
});
add_response_body_check(\&Postern::client);

Hostile::recorder(Outward::app());

our $config = <<'_EOC_';
    sign on;
    sign_explain on;
    sign_upstream rfc9421 key=out;

    location / {
        proxy_pass http://second;
        proxy_set_header Host $http_host;
        add_header X-First "$sign_status $sign_scheme $sign_key_id";
    }

    location /open {
        sign off;
        proxy_pass http://second;
    }
_EOC_

sub answer {
    my ($method, $target, $lines, $body) = @_;

    return http(raw_request($method, $target, $lines, $body));
}

no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: GET
--- config eval: $::config
--- client
my $r = main::answer("GET", "/a?b=c", rfc9421(target => "/a?b=c"));

is $r->{status}, 200, "status";
is $r->{field}{"x-first"}, "verified rfc9421 AK1", "by the client";
is $r->{field}{"x-second"}, "verified rfc9421 out", "by us";

my $came = came();

like $came->{head}, qr{^GET /a\?b=c HTTP/1\.1}, "as it was sent";
is scalar(field($came, "Signature")), 1, "one signature";
like join("", field($came, "Signature-Input")),
     qr{^sig1=\("\@method"[ ]"\@authority"[ ]"\@path"[ ]"\@query"\)
        ;created=\d+;keyid="out";nonce="[A-Za-z0-9+/]{22}=="$}x, "what is covered";



=== TEST 2: POST, small and large
--- config eval: $::config
--- client
for my $size (1, 5000, 20000, 3000000) {
    my $body = "x" x $size;
    my $r = main::answer("POST", "/p", rfc9421(method => "POST",
                                        target => "/p", body => $body), $body);

    is $r->{status}, 200, "$size bytes";
    is $r->{field}{"x-second"}, "verified rfc9421 out", "by us";

    my $came = came();

    like $came->{text}, qr{\r\n\r\nx{$size}\z}, "all of them" if $size < 30000;
    is length($came->{text} =~ s/^.*?\r\n\r\n//sr), $size, "all of them";
    like join("", field($came, "Signature-Input")), qr{"content-digest"},
         "covered";
    is_deeply [field($came, "Content-Digest")], [content_digest($body)],
              "one digest";
}
