# Several authorities that a certificate fits by name: the one that issued it
# decides, by its own rule and its own revocation lists.

use lib 't/lib';
use ClientCert;
use Postern;
use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(\&Postern::defaults);
add_response_body_check(\&Postern::client);

our $dir = File::Temp->newdir;

system("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
       . " -keyout $dir/key.pem -out $dir/cert.pem 2>/dev/null") == 0
    or die "openssl req: $?\n";

# one name, two keys; as an authority is renewed.  Nothing but the signature
# tells whose a certificate is

our $old = authority("Devices", bare => 1);
our $new = authority("Devices", bare => 1);
our $third = authority("Devices", bare => 1);

# the same with identifiers of keys, as they have nearly always

our $old_id = authority("Named");
our $new_id = authority("Named");

our %client = (
    old => client($old, "/O=Acme/OU=east/CN=old-1", bare => 1),
    new => client($new, "/O=Acme/OU=east/CN=new-1", bare => 1),
    old_west => client($old, "/O=Acme/OU=west/CN=old-2", bare => 1),
    new_west => client($new, "/O=Acme/OU=west/CN=new-2", bare => 1),
    third => client($third, "/O=Acme/OU=east/CN=third", bare => 1),
    old_id => client($old_id, "/O=Acme/CN=old-3"),
    new_id => client($new_id, "/O=Acme/CN=new-3"),
);

our $old_list = '"' . pem(crl($old, [$client{old}])) . '"';
our $new_list = '"' . pem(crl($new, [])) . '"';
our $old_stale = '"' . pem(crl($old, [], from => -7200, until => -3600)) . '"';

sub trusts {
    my ($role, $certs, $rule, %more) = @_;
    my $more = join "", map { qq(, "$_": $more{$_}) } sort keys %more;

    return qq({ "roles": ["$role"], "algorithm": "x509-ca",
                "certificate": "@{[pem(@$certs)]}",
                "subject": { $rule } $more });
}

our $any = '"O": "Acme", "CN": "*"';
our $east = '"O": "Acme", "OU": "east", "CN": "*"';
our $west = '"O": "Acme", "OU": "west", "CN": "*"';

sub files {
    return ">>> postern.json\n"
           . directory(@_) =~ s/("roles": \{) ("viewer": \{ "grants)/$1 "operator": {}, $2/r;
}

our $server = do {
    my $port = port() + 2;
    <<"_EOC_";
    server {
        listen 127.0.0.1:$port ssl http2;
        ssl_certificate $dir/cert.pem;
        ssl_certificate_key $dir/key.pem;
        ssl_verify_client optional_no_ca;

        sign on;
        sign_schemes mtls;
        sign_explain on;

        location / {
            add_header X-Key "\$sign_key_id \$postern_subject \$postern_roles";
            proxy_pass http://app;
        }

        location /other { postern_org other; proxy_pass http://app; }
        location /acme { postern_org acme; proxy_pass http://app; }
    }
_EOC_
};

# "key subject roles", or the code of the refusal
sub seen {
    my ($name, $path, @args) = @_;
    my $c = $client{$name};
    my $answer = curl("-k", "--cert", $c->{cert}, "--key", $c->{key},
                      "-D", "$dir/head", @args,
                      "https://127.0.0.1:" . (port() + 2) . ($path // "/a"));

    return $1 if $answer->{body} =~ m{"code": *"([^"]+)"};
    return $answer->{status} if $answer->{status} != 200;

    open my $in, "<", "$dir/head" or die;
    return join("", <$in>) =~ /^x-key: (.*?)\r?$/mi ? $1 : "200";
}

no_root_location();
run_tests();

__DATA__

=== TEST 1: an authority of the same name is renewed, both are there
--- http_more eval: $::server
--- user_files eval: main::files("a-old" => main::trusts("viewer", [$::old], $::any), "b-new" => main::trusts("operator", [$::new], $::any))
--- config
--- client
is seen("old"), "a-old old-1 viewer", "the old one's, in front";
is seen("new"), "b-new new-1 operator", "the new one's, behind it";
is seen("third"), "sign/certificate", "neither's";

for my $http ("--http1.1", "--http2") {
    my $url = "https://127.0.0.1:" . (port() + 2) . "/a";
    my $c = $client{new};
    is qx(curl -sk $http --cert $c->{cert} --key $c->{key} -o /dev/null -o /dev/null \\
          -o /dev/null -w '%{http_code} %{num_connects} ' $url $url $url),
       "200 1 200 0 200 0 ", "more requests of one connection, $http";
}



=== TEST 2: in the other order
--- http_more eval: $::server
--- user_files eval: main::files("a-new" => main::trusts("operator", [$::new], $::any), "b-old" => main::trusts("viewer", [$::old], $::any))
--- config
--- client
is seen("old"), "b-old old-1 viewer", "the old one's";
is seen("new"), "a-new new-1 operator", "the new one's";



=== TEST 3: as many as that are tried, and no more
--- http_more eval: $::server
--- user_files eval: main::files((map { ("a-$_" => main::trusts("viewer", [$::third], $::any)) } 1 .. 7), "b-8" => main::trusts("viewer", [$::new], $::any), "b-9" => main::trusts("viewer", [$::old], $::any))
--- config
--- client
is seen("new"), "b-8 new-1 viewer", "the eighth";
is seen("old"), "sign/certificate", "not the ninth";



=== TEST 4: the rule of one does not admit what another one issued
--- http_more eval: $::server
--- user_files eval: main::files("a-old" => main::trusts("viewer", [$::old], $::east), "b-new" => main::trusts("operator", [$::new], $::west))
--- config
--- client
is seen("old"), "a-old old-1 viewer", "east of the old one";
is seen("new_west"), "b-new new-2 operator", "west of the new one";
is seen("new"), "sign/certificate", "east of the new one: the rule is the old one's";
is seen("old_west"), "sign/certificate", "west of the old one";



=== TEST 5: subject and roles are of the one that issued it
--- http_more eval: $::server
--- user_files eval: main::files("a-old" => main::trusts("viewer", [$::old], '"OU": "*"'), "b-new" => main::trusts("operator", [$::new], '"CN": "*"'))
--- config
--- client
is seen("old"), "a-old east viewer", "named by the old one's rule";
is seen("new"), "b-new new-1 operator", "named by the new one's rule";



=== TEST 6: so are the revocation lists: serial numbers are the same
--- http_more eval: $::server
--- user_files eval: main::files("a-old" => main::trusts("viewer", [$::old], $::any, crl => $::old_list), "b-new" => main::trusts("operator", [$::new], $::any, crl => $::new_list))
--- config
--- client
my $serial = sub { scalar qx(openssl x509 -noout -serial -in $client{$_[0]}{cert}) };
is $serial->("old"), $serial->("new"), "one serial number";
is seen("old"), "sign/certificate", "the old one's is revoked";
is seen("old_west"), "a-old old-2 viewer", "another one of it is not";
is seen("new"), "b-new new-1 operator", "nor that of the new one";



=== TEST 7: what the issuer revokes no other key of the same certificate admits
--- http_more eval: $::server
--- user_files eval: main::files("a-list" => main::trusts("viewer", [$::old], $::any, crl => $::old_list), "b-none" => main::trusts("operator", [$::old], $::any))
--- config
--- client
is seen("old"), "sign/certificate", "revoked";
is seen("old_west"), "a-list old-2 viewer", "not revoked";



=== TEST 8: a list that has ended is no reason to ask another one
--- http_more eval: $::server
--- user_files eval: main::files("a-list" => main::trusts("viewer", [$::old], $::any, crl => $::old_stale), "b-none" => main::trusts("operator", [$::old], $::any))
--- config
--- client
is seen("old"), "sign/certificate", "nobody can tell";



=== TEST 9: one that may not be used stands in nobody's way
--- http_more eval: $::server
--- user_files eval: main::files("a-off" => main::trusts("viewer", [$::old], $::any, status => '"disabled"'), "b-past" => main::trusts("viewer", [$::old], $::any, not_after => '"2020-01-01T00:00:00Z"'), "c-far" => main::trusts("viewer", [$::old], $::any, networks => '["192.0.2.0/24"]'), "d-on" => main::trusts("operator", [$::old], $::any))
--- config
--- client
is seen("old"), "d-on old-1 operator", "the one that may";
is seen("new"), "sign/certificate", "not issued by it";



=== TEST 10: where none may be used the first says why
--- http_more eval: $::server
--- user_files eval: main::files("a-off" => main::trusts("viewer", [$::old], $::any, status => '"disabled"'), "b-past" => main::trusts("viewer", [$::old], $::any, not_after => '"2020-01-01T00:00:00Z"'))
--- config
--- client
is seen("old"), "sign/key-disabled", "disabled";



=== TEST 11: a certificate that is entered itself has that key alone
--- http_more eval: $::server
--- user_files eval: main::files("a-old" => main::trusts("viewer", [$::old], $::any), "z-pin" => qq({ "user": "alice", "algorithm": "x509", "status": "disabled", "certificate": "@{[ClientCert::pem($::client{old})]}" }))
--- config
--- client
is seen("old"), "sign/key-disabled", "disabled, though its authority is trusted";
is seen("old_west"), "a-old old-2 viewer", "another one is not";



=== TEST 12: with identifiers of keys there is one that fits
--- http_more eval: $::server
--- user_files eval: main::files("a-old" => main::trusts("viewer", [$::old_id], $::any), "b-new" => main::trusts("operator", [$::new_id], $::any))
--- config
--- client
is seen("old_id"), "a-old old-3 viewer", "the old one's";
is seen("new_id"), "b-new new-3 operator", "the new one's";



=== TEST 13: the organization that is demanded
--- http_more eval: $::server
--- user_files eval: main::files("a-old" => main::trusts("viewer", [$::old], $::any))
--- config
--- client
is seen("old", "/acme/a"), "200", "its own";
is seen("old", "/other/a"), "sign/key-org", "another one";
