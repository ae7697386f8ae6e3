# Keys of every kind in Redis: of OpenSSH, certificates, authorities, webhooks,
# EnOS.  Written as "postern key --redis" prints them, found by what requests
# bring, changed and revoked at every worker; and records that lead astray.

use v5.32;
use warnings;
use lib ($ENV{POSTERN_TOP} // ".") . "/t/lib";

use ClientCert;
use Digest::SHA qw(hmac_sha256_hex);
use Enos ();
use Postern ();
use PosternStore;
use RedisKeys;
use SshSig;
use Test::More;
use Time::HiRes qw(sleep time);

my $dir = dir();
my @both = (0, 1);

system("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
       . " -keyout $dir/tls.key -out $dir/tls.pem 2>/dev/null") == 0 or die;

sub tls_port { return port(40 + $_[0]) }

sub conf {
    my ($n) = @_;

    return keys_conf($n, <<"END", <<'END');
    postern_keys redis;
    server {
        listen 127.0.0.1:@{[tls_port($n)]} ssl;
        ssl_certificate $dir/tls.pem;
        ssl_certificate_key $dir/tls.key;
        ssl_verify_client optional_no_ca;
        sign on;
        sign_schemes mtls;
        sign_explain on;
        add_header X-Key "\$sign_key_id \$postern_subject \$postern_roles";
        location / { postern_test lane; }
    }
END
        add_header X-Key "$sign_key_id $postern_subject $postern_roles";
        location /ssh {
            sign_schemes sshsig;
            postern_test lane;
        }
        location /hook {
            sign_schemes webhook;
            sign_webhook github key=h1 key=h2 key=h3 key=h4;
            sign_insecure_freshness on;
            postern_test lane;
        }
        location /api {
            sign_schemes enos;
            sign_insecure_coverage on;
            postern_test lane;
        }
        location = /apim-token-service/v2.0/token/get {
            sign off;
            sign_enos_token;
        }
END
}

redis(10);
nginx($_, conf($_)) for @both;


# the program, and redis-cli behind it

my $program = $ENV{TEST_NGINX_POSTERN}
              // ($ENV{POSTERN_TOP} // ".") . "/build/postern";

sub make {
    my ($id, @args) = @_;
    my $out = "$dir/made";

    unlink $out;
    system("$program key --org acme --id $id @args --redis >$out.lines 2>$out.err") == 0
        or die "@args: " . slurp("$out.err");
    system("redis-cli -p @{[port(10)]} <$out.lines >$out.cli") == 0 or die;
    die slurp("$out.cli") if slurp("$out.cli") =~ /err/i;

    return slurp("$out.lines");
}

sub slurp { local (@ARGV, $/) = $_[0]; return scalar <> }
sub spew { open my $out, ">", $_[0] or die; print $out $_[1]; close $out; return $_[0] }

sub code_of {
    my ($all) = @_;

    return "none" if $all !~ m{^HTTP/1.1 (\d+)};
    my $status = $1;

    return "$status $1" if $all =~ /"code":"([^"]*)"/;
    return $status == 200 && $all =~ /^X-Key: (.*?)\r$/mi ? $1 : $status;
}

sub sent {
    my ($n, $raw) = @_;
    my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1",
                                  PeerPort => sign_port($n)) or return "none";
    print $s $raw;
    return code_of(join "", $s->getlines);
}

# what the workers of both nodes say, once all say the same
sub all_say {
    my ($want, $what, $ask, $seconds) = @_;
    my $begin = time;
    my %seen;

    while (time < $begin + 8) {
        %seen = ();
        $seen{$ask->($_)}++ for (@both) x 5;
        last if keys %seen == 1 && $seen{$want};
    }

    my $took = time - $begin;

    is(join(", ", sort keys %seen), $want, $what);
    return $took;
}


# OpenSSH

my $nonce = 0;
my ($laptop, $other) = (ssh_key("ed25519"), ssh_key("ed25519"));

sub ssh {
    my ($keyid, $key) = @_;

    return sub {
        return sent($_[0], Postern::raw_request("GET", "/ssh",
            Postern::rfc9421(target => "/ssh", keyid => $keyid,
                             signer => ssh_sign($key), nonce => "n$$-" . $nonce++)));
    };
}

my $print = ssh_fingerprint($laptop);
my $by_print = ssh($print, $laptop);
my $by_id = ssh("laptop", $laptop);

all_say("401 sign/unknown-key", "a fingerprint that nobody has", $by_print);
all_say("401 sign/unknown-key", "nor the id", $by_id);

my $lines = make("laptop", "--algorithm ssh --user alice --public $laptop.pub");
like($lines, qr/^SET 'postern:key:\{laptop\}' .*\nAPPEND 'postern:key:fingerprint:\{\Q$print\E\}' ' laptop'\n$/,
     "two lines");
all_say("laptop alice viewer", "by its fingerprint", $by_print);
all_say("laptop alice viewer", "by its id", $by_id);
is(ssh($print, $other)->(0), "401 sign/invalid", "another key behind its fingerprint");

my $raw = Postern::raw_request("GET", "/ssh",
    Postern::rfc9421(target => "/ssh", keyid => $print,
                     signer => ssh_sign($laptop), nonce => "once"));
is(sent(0, $raw), "laptop alice viewer", "a signature");
is(sent(1, $raw), "401 sign/replayed", "is good once, over both nodes");

my $doc = redis_cli(10, "get", "postern:key:{laptop}");
my $off = $doc =~ s/\}$/, "status": "disabled"}/r;
redis_cli(10, "set", "postern:key:{laptop}", $off);
all_say("401 sign/key-disabled", "disabled", $by_print);
redis_cli(10, "set", "postern:key:{laptop}", $doc);
all_say("laptop alice viewer", "and back", $by_print);
redis_cli(10, "del", "postern:key:fingerprint:{$print}");
all_say("401 sign/unknown-key", "nothing leads to it", $by_print);
all_say("laptop alice viewer", "but its id", $by_id);
redis_cli(10, "set", "postern:key:fingerprint:{$print}", "gone laptop");
all_say("laptop alice viewer", "a key that is gone beside it", $by_print);
redis_cli(10, "del", "postern:key:{laptop}");
all_say("401 sign/unknown-key", "revoked", $by_print);

# a fingerprint that leads to other keys: none of them passes for it

make("laptop", "--algorithm ssh --user alice --public $laptop.pub");
make("boss", "--algorithm ssh --role robot --public $other.pub");
set_key("AK1");
redis_cli(10, "set", "postern:key:fingerprint:{$print}", "boss AK1 file-1");
all_say("401 sign/unknown-key", "another's key under the fingerprint", $by_print);
redis_cli(10, "set", "postern:key:fingerprint:{@{[ssh_fingerprint($other)]}}", "laptop");
all_say("401 sign/unknown-key", "whose own leads astray, too",
        ssh(ssh_fingerprint($other), $laptop));
redis_cli(10, "set", "postern:key:fingerprint:{$print}", "boss laptop");
all_say("laptop alice viewer", "the one of several that has it", $by_print);

for my $bad ("a{b", join(" ", 1 .. 9), " ") {
    redis_cli(10, "set", "postern:key:fingerprint:{$print}", $bad);
    all_say("401 sign/unknown-key", "\"$bad\" under a fingerprint", $by_print);
}
ok(error_log(0, qr/key "postern:key:fingerprint:\{.*cannot be used: 1:1: must be ids/),
   "is told");
ok(error_log(0, qr/cannot be used: 1:17: names too many keys/), "with its place");

redis_cli(10, "del", "postern:key:fingerprint:{$print}");
redis_cli(10, "rpush", "postern:key:fingerprint:{$print}", "laptop");
all_say("503 sign/unavailable", "what is no string", $by_print);
redis_cli(10, "del", "postern:key:fingerprint:{$print}");

# a record that is too long breaks nothing else

redis_cli(10, "eval", "redis.call('set', KEYS[1], string.rep('x', 200000))", 1,
          "postern:key:{long}");
is(ssh("long", $laptop)->(0), "401 sign/unknown-key", "a record of 200,000 bytes");
is($by_id->(0), "laptop alice viewer", "and another one behind it");
ok(error_log(0, qr/key "postern:key:\{long\}".*has more than 65536 bytes/), "is told");


# authorities of OpenSSH

my ($ca, $user) = (ssh_key("ed25519"), ssh_key("ed25519"));

sub certified {
    my ($keyid, @args) = @_;
    my $sign = ssh_sign(ssh_cert($ca, $user, "-n", "deploy,ops", "-V", "-1m:+10m", @args));

    return sub {
        return sent($_[0], Postern::raw_request("GET", "/ssh",
            Postern::rfc9421(target => "/ssh", keyid => $keyid, signer => $sign,
                             nonce => "c$$-" . $nonce++)));
    };
}

all_say("401 sign/unknown-key", "an authority that nobody knows", certified("deploy"));
make("people", "--algorithm ssh-ca --role robot --principal deploy --public $ca.pub");
all_say("people deploy robot", "by the authority's key", certified("deploy"));
all_say("people deploy robot", "and by its id", certified('deploy@people'));
all_say("401 sign/unknown-key", "by the id of none", certified('deploy@nobody'));
all_say("401 sign/unknown-key", "by that of another key", certified('deploy@boss'));
all_say("401 sign/certificate", "a principal that it does not speak for", certified("ops"));
make("second", "--algorithm ssh-ca --role viewer --principal ops --public $ca.pub");
all_say("second ops viewer", "for whom a second one speaks", certified("ops"));
all_say("people deploy robot", "and the first for the other", certified("deploy"));
redis_cli(10, "del", "postern:key:{people}");
all_say("401 sign/certificate", "revoked", certified("deploy"));
all_say("second ops viewer", "the second is not", certified("ops"));


# certificates

my $root = authority("Root");
my $middle = authority("Middle", by => $root);
my $client = client($middle, "/O=Acme/CN=robot-1");
my $twin = client($middle, "/O=Acme/CN=robot-2");

sub tls {
    my ($c, @above) = @_;
    my $chain = spew("$dir/chain-" . @above . "-" . $c->{cert} =~ s{.*/}{}r,
                     join "", map { slurp($_->{cert}) } $c, @above);

    return sub {
        return code_of(scalar qx(curl -sik --http1.1 --cert $chain --key $c->{key} \\
                                 https://127.0.0.1:@{[tls_port($_[0])]}/a));
    };
}

my $mtls = tls($client, $middle);

all_say("401 sign/unknown-key", "a certificate of nobody", $mtls);
$lines = make("billing", "--algorithm x509 --user alice --public $client->{cert}");
like($lines, qr/\nAPPEND 'postern:key:fingerprint:\{[0-9a-f]{64}\}' ' billing'\n$/,
     "under its fingerprint");
all_say("billing alice viewer", "a certificate", $mtls);
is(tls($twin, $middle)->(0), "401 sign/unknown-key", "and no other one");

my ($where) = $lines =~ /'(postern:key:fingerprint:\{[0-9a-f]{64}\})'/;
my $hex = qx(openssl x509 -noout -fingerprint -sha256 -in $client->{cert}) =~ s/.*=|:|\s//gr;
is($where, "postern:key:fingerprint:{" . lc($hex) . "}", "as openssl writes it");

make("twin", "--algorithm x509 --role robot --public $twin->{cert}");
redis_cli(10, "set", $where, "twin laptop");
all_say("401 sign/unknown-key", "another's certificate under it", $mtls);
redis_cli(10, "set", $where, "billing");
redis_cli(10, "del", "postern:key:{twin}");
all_say("billing alice viewer", "as it was", $mtls);


# authorities of certificates

redis_cli(10, "del", $where);
all_say("401 sign/unknown-key", "nothing leads there", $mtls);
$lines = make("devices", "--algorithm x509-ca --role robot --public $root->{cert}"
                         . " --subject O=Acme --subject 'CN=*'");
my $hash = qx(openssl x509 -noout -subject_hash -in $root->{cert}) =~ s/\s//gr;
like($lines, qr/\nAPPEND 'postern:key:issuer:\{$hash\}' ' devices'\n$/, "under its issuer");
all_say("devices robot-1 robot", "by the root, two steps above", $mtls);
is(tls($client)->(0), "401 sign/unknown-key", "not without the step between");
all_say("devices robot-2 robot", "the other one of it", tls($twin, $middle));

# a key that is entered itself comes first, also where it is shut

redis_cli(10, "set", $where, "billing");
all_say("billing alice viewer", "the certificate itself", $mtls);
my $billing = redis_cli(10, "get", "postern:key:{billing}");
redis_cli(10, "set", "postern:key:{billing}", $billing =~ s/\}$/, "status": "disabled"}/r);
all_say("401 sign/key-disabled", "and does not pass by its authority", $mtls);
redis_cli(10, "del", $where);
all_say("devices robot-1 robot", "which it does without", $mtls);

# an issuer that leads to another authority, and to what is none

my $stranger = authority("Stranger");
make("strange", "--algorithm x509-ca --role viewer --public $stranger->{cert} --subject 'CN=*'");
redis_cli(10, "set", "postern:key:issuer:{$hash}", "strange laptop AK1");
all_say("401 sign/unknown-key", "under an issuer's name: other keys", $mtls);
redis_cli(10, "set", "postern:key:issuer:{$hash}", "strange devices");
all_say("devices robot-1 robot", "the one that it is", $mtls);

# renewed: two of one name; revoked, and who did it

my ($old, $new) = map { authority("Fleet", bare => 1) } 1, 2;
my $of_old = client($old, "/O=Acme/CN=old", bare => 1);
my $of_new = client($new, "/O=Acme/CN=new", bare => 1);
my $list = spew("$dir/old.crl", crl($old, [$of_old]));

make("fleet-1", "--algorithm x509-ca --role viewer --public $old->{cert} --subject 'CN=*'");
make("fleet-2", "--algorithm x509-ca --role robot --public $new->{cert} --subject 'CN=*'");
all_say("fleet-1 old viewer", "of the old authority", tls($of_old));
all_say("fleet-2 new robot", "of the new one", tls($of_new));
make("fleet-1", "--algorithm x509-ca --role viewer --public $old->{cert} --subject 'CN=*' --crl $list");
all_say("401 sign/certificate", "revoked by the old one", tls($of_old));
all_say("fleet-2 new robot", "whose number is the same", tls($of_new));
redis_cli(10, "del", "postern:key:{fleet-2}");
all_say("401 sign/certificate", "the new one is gone", tls($of_new));

# on one connection, too: what was found is not kept with it for longer

my $rate = 3600 / 0.25;
my $pid = open(my $many, "-|", "curl -sk --http1.1 --cert $client->{cert} --key $client->{key}"
               . " --cert $dir/chain-1-" . $client->{cert} =~ s{.*/}{}r
               . " --rate $rate/h -w '%{http_code} %{num_connects}\\n'"
               . (" -o /dev/null https://127.0.0.1:@{[tls_port(0)]}/a" x 16)) or die;
sleep 1.5;
redis_cli(10, "del", "postern:key:{devices}");
my @answers = map { chomp; $_ } <$many>;
close $many;
like(join(", ", @answers), qr/^200 1(, 200 0)+(, 401 0){4,}$/, "revoked while a connection stands");


# webhooks: up to four keys in one go, one of which may be the one

my $delivery = 0;

sub hook {
    my ($secret) = @_;

    return sub {
        my $body = qq({"delivery":"$$-@{[$delivery++]}"});
        return sent($_[0], Postern::raw_request("POST", "/hook",
            "X-Hub-Signature-256: sha256=" . hmac_sha256_hex($body, $secret), $body));
    };
}

sub secret_of {
    my ($id, $scheme) = @_;
    unlink "$dir/$id.secret";
    make($id, "--algorithm hmac-sha256 --role robot --scheme $scheme --out $dir/$id.secret"
              . " --master-key $dir/master.key");
    return slurp("$dir/$id.secret") =~ s/\n$//r;
}

all_say("401 sign/unknown-key", "a webhook, no key", hook("x" x 32));
my $h2 = secret_of("h2", "webhook");
all_say("h2 h2 robot", "the second of four", hook($h2));
my $h4 = secret_of("h4", "webhook");
all_say("h4 h4 robot", "the fourth", hook($h4));
all_say("h2 h2 robot", "and still the second", hook($h2));
is(hook("x" x 32)->(0), "401 sign/invalid", "neither");
redis_cli(10, "del", "postern:key:{h2}");
all_say("401 sign/invalid", "revoked", hook($h2));
all_say("h4 h4 robot", "the fourth is not", hook($h4));
$doc = redis_cli(10, "get", "postern:key:{h4}");
redis_cli(10, "set", "postern:key:{h4}", $doc =~ s/\}$/, "status": "disabled"}/r);
all_say("401 sign/unknown-key", "disabled; the first of the four says why", hook($h4));
redis_cli(10, "set", "postern:key:{h4}", $doc);
all_say("h4 h4 robot", "and back", hook($h4));
redis_cli(10, "set", "postern:key:{h4}", $doc =~ s/"webhook"/"rfc9421"/r);
all_say("401 sign/unknown-key", "for another scheme", hook($h4));
is(scalar(error_log(0, qr/"sign_webhook" names the key/)), 0,
   "keys that the file does not have are no mistake");


# EnOS, version 1, and the token of version 2

my $app = secret_of("enos-app", "enos");

like(until_true(sub { Enos::v1("a=b", undef, secret => $app, port => sign_port($_[0])) }, qr/^200/),
     qr/^200/, "version 1");
is(Enos::v1("a=b", undef, secret => "x" x 32, port => sign_port(0)), "401 sign/invalid",
   "by another secret");

my $token = Enos::token(secret => $app, port => sign_port(0));
ok(defined $token && length $token > 30, "a token");
like(Enos::v2($token, "a=b", undef, secret => $app, port => sign_port(1)), qr/^200/,
     "is good at the other node");
my $call = Enos::call(secret => "x" x 32, port => sign_port(0));
my $none = Enos::call(key => "nobody", secret => "x" x 32, port => sign_port(0));
is($call->{status}, $none->{status}, "no token for a wrong secret, nor for no key");
redis_cli(10, "del", "postern:key:{enos-app}");
like(until_true(sub { Enos::v2($token, "a=b", undef, secret => $app, port => sign_port($_[0])) },
                qr/unknown-key/), qr/unknown-key/, "revoked: its tokens with it");
is(Enos::token(secret => $app, port => sign_port(0)), undef, "and there is no new one");

sub until_true {
    my ($ask, $want) = @_;
    my @says;
    for (1 .. 40) {
        @says = map { $ask->($_) } (@both) x 5;
        last if @says == grep { /$want/ } @says;
        sleep 0.05;
    }
    return join ", ", @says;
}


# nothing of it without Redis: nobody can tell

make("laptop", "--algorithm ssh --user alice --public $laptop.pub");
all_say("laptop alice viewer", "a key", $by_id);
redis_stop(10);
is($_->[1]->(0), "503 sign/unavailable", "$_->[0]: 503 without Redis")
    for ["fingerprint", $by_print], ["id", $by_id], ["authority", certified("ops")],
        ["certificate", $mtls], ["webhook", hook($h4)];
is(Enos::call(secret => $app, port => sign_port(0))->{status}, 503, "token: 503");

is_deeply([error_log($_, qr/\[(alert|emerg|crit)\]/)], [], "node $_: no fault")
    for @both;

done_testing();
