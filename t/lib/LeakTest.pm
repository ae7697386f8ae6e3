package LeakTest;

# For t/73*.t: an nginx with every directive of the modules in use, its load,
# and what its processes hold.
#
#     start($http)            nginx(0, $http) with the heap counted
#     everything(%change)     the directives; redis => 0: one node alone
#     load()                  some requests of each kind, checked
#     measure()               master and workers: what they hold, once idle
#     same($name, \%a, \%b)   asserts that it is the same
#     steady($name, $code)    asserts it of before and after code(40)
#     broken($http)           ways to break it: [name, directives, message]
#     take_up()               a new directory, of the same contents
#     reopen()                of logs
#     reload($http)           until the new workers are there, and no old one

use v5.32;
use strict;
use warnings;

use ClientCert;
use Cwd qw(abs_path);
use Enos ();
use File::Basename qw(dirname);
use File::Path qw(make_path);
use MIME::Base64 qw(decode_base64 encode_base64url);
use MfaTest ();
use Outward ();
use Postern ();
use PosternStore;
use SshSig;
use Test::More;
use Time::HiRes qw(sleep time);
use Webhook ();

my $top = abs_path(dirname(abs_path(__FILE__)) . "/../..");
my $sanitized = $ENV{TEST_NGINX_REPORTS};    # or under valgrind
my $counts = dir() . "/heap";

# one worker with few threads, so that what a first request or job of each of
# them makes and keeps is made before anything is measured
our $one = "worker_processes 1; thread_pool default threads=2;";

# what is counted to the block elsewhere may differ by this much in bytes:
# numbers, times and ids are texts of other lengths each time
our $bytes = 512;

# and the memory of a process by this: blocks that are all given back still lie
# elsewhere each time, in pages that are new to it
our $kilobytes = 512;


# to the requests of load()
our $answers = "200 401 200 401 200 401 401 400 401 303 401 303 200 303 200 0";

# and of schemes(), the last three where keys are in Redis
our $schemes = "200 200 200 401 401 401 401 200 401 200 200 200 200,200 401";
our $apart = "200 401 200";

my ($in_redis, $loads);
my $ssh_ca = ssh_key("ed25519");
my @ssh_user = map { ssh_key("ed25519") } 1 .. 2;
my $ca = authority("Leaks");
my $client = client($ca, "/CN=robot-1");

# by the authority, and by nobody
ssh_cert($ssh_ca, $ssh_user[0], "-n", "deploy");
ssh_cert(ssh_key("ed25519"), $ssh_user[1], "-n", "deploy");


sub write_file {
    my ($name, $text, $mode) = @_;
    my $file = dir() . "/$name";

    make_path(dirname($file));
    open my $out, ">", $file or die "$file: $!\n";
    print $out $text;
    close $out;
    chmod $mode, $file if defined $mode;

    return $file;
}


# the people of MfaTest and the keys of Postern, in one document

sub document {
    my $people = Postern::json(MfaTest::directory());
    my $keys = Postern::json(Postern::directory());

    $people->{organizations}{acme}{keys} =
        { map { $_ => $keys->{organizations}{acme}{keys}{$_} }
              qw(robot curve shut) };

    $people->{organizations}{acme}{keys}{$_->[0]} = Postern::json($_->[1])
        for keys_of_schemes();

    $people->{organizations}{acme}{keys}{AK1} = {
        user => "alice", algorithm => "hmac-sha256",
        secret => sealed("keys/AK1/secret", $Postern::secret) };

    require JSON::PP;

    return JSON::PP->new->canonical->pretty->encode($people);
}


# [id, JSON] of those that the schemes have beside
sub keys_of_schemes {
    my %keys = (Outward::keys(), Webhook::of_senders(),
                map { ("enos-$_" => Enos::app()) } 1 .. 8);

    my $ssh = qq("algorithm": "ssh-ca", "roles": ["viewer"],
                 "principals": ["deploy"],
                 "public_key": "@{[ssh_public($ssh_ca)]}");
    my $tls = qq("algorithm": "x509-ca", "roles": ["viewer"],
                 "subject": { "CN": "*" }, "certificate": "@{[pem($ca)]}");

    $keys{"ssh-1"} = "{ $ssh }";
    $keys{"tls-1"} = "{ $tls }";

    return map { [$_, $keys{$_}] } sort keys %keys;
}


# of P-256, which libcrypto has a key for
sub key_set {
    my (undef, $x, $y) = unpack "a a32 a32",
                         decode_base64(Postern::public_key("p256"));

    return sprintf '{"keys": [{"kid": "bot", "kty": "EC", "crv": "P-256",'
                   . ' "x": "%s", "y": "%s"}]}',
                   map { encode_base64url($_, "") } $x, $y;
}


sub keys_in_redis {
    my %key = (
        "apart-1" => qq("algorithm": "hmac-sha256", "user": "alice",
            "secret": "@{[sealed('keys/apart-1/secret', $Postern::secret)]}"),
        "apart-2" => qq("algorithm": "ecdsa-p256-sha256", "roles": ["viewer"],
            "public_key": "@{[Postern::public_key('p256')]}"));

    system("redis-cli", "-p", $ENV{TEST_NGINX_REDIS_PORT}, "-n", 3, "set",
           "leak:key:{$_}", qq({ "org": "acme", $key{$_} })) == 0
        or die "redis-cli: $?\n"
        for sort keys %key;
}


# by the program that operators seal with
sub sealed {
    my ($record, $secret) = @_;
    my $dir = dir();

    write_file("secret", $secret);
    my $seal = "postern seal --master-key key --org acme --record $record";
    my $sealed = qx{cd "$dir" && "$top/build/"$seal <secret};

    die "postern seal: $?\n" if $? != 0;
    chomp $sealed;

    return $sealed;
}


sub everything {
    my (%change) = @_;
    my $dir = dir();
    my ($app, $tls) = (port(1), port(2));
    my $redis = $ENV{TEST_NGINX_REDIS_PORT};

    certificates() if !-f "$dir/redis.pem";
    write_file("key", "mk-1 " . "A" x 42 . "E=\n", 0600);
    write_file("postern.json", document());
    write_file("texts.json", '{"en": {"user": "E-mail address"},'
                             . ' "fr": {"sign_in": "Se connecter"}}');
    write_file("pages/notice.html", "<p>{{notice}}</p>\n");
    write_file("block.txt", "password of aurora\n");
    write_file("logo.svg", '<svg xmlns="http://www.w3.org/2000/svg"/>');

    write_file("bots.jwks", key_set());

    $in_redis = $change{redis} // 1;
    keys_in_redis() if $in_redis;

    my $state = $in_redis
        ? "postern_redis redis://127.0.0.1:$redis/3 timeout=5s prefix=leak:;"
          . " postern_keys redis;"
        : "mfa_accounts $dir/accounts;";

    return <<"END";
    postern_zone 4m;
    $state
    postern_directory $dir/postern.json 200ms;
    postern_jwks $dir/bots.jwks org=acme roles=viewer;
    postern_master_key $dir/key;
    postern_identity_headers on;
    postern_org acme;

    audit on;
    audit_file $dir/audit.jsonl;
    audit_ring 256k;
    audit_flush 50ms;
    audit_redact ticket;

    mfa_insecure_argon2id memory=8k passes=1 queue=1000;
    mfa_limit free=100 attempts=100 address=10000r/m;
    mfa_name "Leaks";
    mfa_logo $dir/logo.svg;
    mfa_colors accent=#112233;
    mfa_templates $dir/pages;
    mfa_texts $dir/texts.json;
    mfa_language en;
    mfa_password min=12 block=$dir/block.txt;
    mfa_session idle=1h absolute=24h;
    mfa_totp digits=6 algorithm=sha1 period=30 window=1;
    mfa_code_header X-Code;

    sign_window 15m skew=60s;
    sign_explain on;

    server {
        listen 127.0.0.1:$app;
        listen 127.0.0.1:$tls ssl http2;
        server_name localhost;
        ssl_certificate $dir/redis.pem;
        ssl_certificate_key $dir/redis.key;

        ssl_verify_client optional_no_ca;

        location /.postern/ { mfa_pages; }
        location / { mfa on; mfa_require aal=1 max_age=1h; rbac on;
                     proxy_pass http://127.0.0.1:@{[port(0)]}/up?; }
        location /signed/ { sign on; sign_schemes rfc9421 sigv4;
                     sign_components \@method \@target-uri \@authority
                                     content-digest;
                     rbac on; rbac_path canonical; rbac_mode enforce;
                     proxy_pass http://127.0.0.1:@{[port(0)]}/up?; }
        location /schemes/ { sign on;
                     sign_schemes rfc9421 sigv4 sigv4a cavage sshsig;
                     proxy_pass http://127.0.0.1:@{[port(0)]}/up?; }
        location /outward/ { sign on; sign_response on;
                     sign_response_key out-p256;
                     sign_upstream rfc9421 key=out-ed25519;
                     proxy_pass http://127.0.0.1:@{[port(0)]}/up?; }
        location /mtls/ { sign on; sign_schemes mtls;
                     proxy_pass http://127.0.0.1:@{[port(0)]}/up?; }
        location /in/ { sign on; sign_webhook standard key=hook key=new;
                     proxy_pass http://127.0.0.1:@{[port(0)]}/up?; }
        location = /apim-token-service/v2.0/token/get { sign_enos_token; }
        location /enos/ { sign on; sign_schemes enos;
                     sign_insecure_coverage on;
                     proxy_pass http://127.0.0.1:@{[port(0)]}/up?; }
        location /either/ { satisfy any; sign on; mfa on; rbac on;
                     proxy_pass http://127.0.0.1:@{[port(0)]}/up?; }
        location /admin/ { sign on; rbac on; mfa_admin; }
        error_page 404 /missing;
        location = /missing { return 404 "\$postern_subject \$sign_error
                              \$rbac_reason \$mfa_status"; }
    }
END
}


sub start {

    # else which threads have heaps of their own depends on who was idle

    local $ENV{MALLOC_ARENA_MAX} = 1;
    my ($http) = @_;

    if (!$sanitized) {
        make_path($counts);
        system("gcc", "-O2", "-shared", "-fPIC", "-o", "$counts.so",
               "$top/t/leak/heap.c") == 0 or die "heap.c does not compile\n";
        $ENV{HEAP_COUNTS} = $counts;
    }

    local $ENV{LD_PRELOAD} = $sanitized ? "" : "$counts.so";
    nginx(0, $http, $one);
}


sub master {
    chomp(my $pid = PosternStore::slurp(dir() . "/nginx-0/nginx.pid"));

    return $pid;
}


sub reload {
    my ($http) = @_;
    my %before = map { $_ => 1 } workers(0);

    nginx_reload(0, $http, $one);
    wait_for(sub {
        my @now = workers(0);
        return @now == 1 && !grep { $before{$_} } @now;
    }, 60) or die "the old workers are still there\n";
}


sub change_directory {
    my $name = "postern.json";

    write_file("$name.new", document());
    rename dir() . "/$name.new", dir() . "/$name" or die "$name: $!\n";
}


# the same, and waits until the worker has it
sub take_up {
    my $taken = qr/is in force, loaded in/;
    my $seen = error_log(0, $taken);

    change_directory();
    wait_for(sub { error_log(0, $taken) > $seen }, 60)
        or die "the new directory is not taken up\n";
}


sub reopen {
    unlink dir() . "/audit.jsonl";
    kill "USR1", master();
}


# One of each kind, through to the application and refused, checked, so that no
# figure is of an nginx that does nothing.

sub load {
    my %request = (target => "/signed/x", authority => "localhost",
                   nonce => join("", map { int rand 10 } 1 .. 20));
    my @got;

    for my $key ({ keyid => "AK1" }, { keyid => "robot", key => "ed25519" },
                 { keyid => "curve", key => "p256" }) {
        my $text = Postern::raw_request("GET", "/signed/x",
                       Postern::rfc9421(%request, %$key));

        # accepted, and refused as a replay
        push @got, map { Postern::http($text, port(1))->{status} } 1 .. 2;
    }

    push @got, Postern::http(Postern::raw_request("GET", "/signed/x", $_),
                             port(1))->{status}
        for "", "Signature: sig1=:AAAA:", Postern::rfc9421(%request,
                keyid => "shut");

    my $person = MfaClient->new(port => port(1));
    my $user = "b" . (1 + int rand 9);

    push @got, $person->get("/")->{status},
               $person->sign_in($user, "wrong" x 4)->{status},
               $person->sign_in($user, $MfaTest::password)->{status},
               $person->get("/")->{status},
               $person->get("/.postern/")->{status},
               $person->sign_out->{status};

    push @got, system("curl -s -k -o /dev/null --http2 https://127.0.0.1:"
                      . port(2) . "/signed/x");

    push @got, schemes();

    my $want = wanted();

    die "the load is not answered as it should: @got\nnot $want\n"
        if "@got" ne $want;

    return $want;
}


# the statuses of all that load() asks, in order

sub wanted {
    return "$answers $schemes" . ($in_redis ? " $apart" : "");
}


# a request of each scheme and each place where keys are, and of nobody's keys

sub schemes {
    my $get = sub {
        my ($target, $lines) = @_;
        return Postern::http(Postern::raw_request("GET", $target, $lines),
                             port(1))->{status};
    };

    my $rfc9421 = sub {
        my ($target, %how) = @_;
        my $nonce = join "", map { int rand 10 } 1 .. 20;
        return $get->($target, Postern::rfc9421(target => $target,
                                                nonce => $nonce, %how));
    };

    my $cavage = "/schemes/x?" . rand;
    my %long = (signature => "\1" x 256);
    my $now = POSIX::strftime("%Y%m%dT%H%M%SZ", gmtime);
    my $day = substr $now, 0, 8;

    my @got = (
        $rfc9421->("/schemes/x", keyid => "bot", key => "p256"),
        $rfc9421->("/outward/x"),
        $get->($cavage, Postern::cavage(target => $cavage)),
        $rfc9421->("/schemes/x", keyid => "nobody", alg => "rsa-pss-sha512",
                   %long),
        $rfc9421->("/schemes/x", keyid => "nobody", alg => "rsa-v1_5-sha256",
                   %long),
        $rfc9421->("/schemes/x", keyid => "out-rsa", %long),
        $get->("/schemes/x", "X-Amz-Date: $now\nX-Amz-Region-Set: *\n"
               . "Authorization: AWS4-ECDSA-P256-SHA256 Credential=AK1/$day/"
               . "execute-api/aws4_request, SignedHeaders=host;x-amz-date;"
               . "x-amz-region-set, Signature=3006020101020101"),
        map { $rfc9421->("/schemes/x", keyid => "deploy",
                         signer => ssh_sign("$_-cert.pub")) } @ssh_user,
    );

    my ($target, $fields, $body) = Webhook::standard("/in/x", "a",
                                                 secret => $Webhook::new);

    push @got, Postern::http(Postern::raw_request("POST", $target,
                   Webhook::lines($fields), $body), port(1))->{status};

    # one app gets 30 tokens a minute

    my $token = Enos::call(key => "enos-" . (1 + $loads++ % 8),
                           port => port(1));

    push @got, $token->{status},
               (split / /, Enos::v2(Postern::json($token->{body})
                                    ->{data}{accessToken}, "a=1", undef,
                                    path => "/enos/x", port => port(1)))[0];

    # two requests of one connection, and one without a certificate

    my $url = "https://127.0.0.1:" . port(2) . "/mtls/x";
    my $curl = "curl -s -k -o /dev/null -o /dev/null -w '%{http_code} '";

    push @got, join(",", split / /, qx($curl --cert $client->{cert} \\
                                       --key $client->{key} $url $url)),
               split / /, qx($curl $url);

    return @got if !$in_redis;

    return @got, $rfc9421->("/schemes/x", keyid => "apart-1"),
           $rfc9421->("/schemes/x", keyid => "apart-3"),
           $rfc9421->("/schemes/x", keyid => "apart-2", key => "p256");
}


# descriptors, threads, mappings, locked kB, private kB, blocks and bytes

sub holds {
    my ($pid) = @_;
    my $status = PosternStore::slurp("/proc/$pid/status");
    my $smaps = PosternStore::slurp("/proc/$pid/smaps_rollup");
    my %now;

    opendir my $fds, "/proc/$pid/fd" or die "/proc/$pid/fd: $!\n";
    $now{descriptors} = grep { /^\d+$/ } readdir $fds;

    ($now{threads}) = $status =~ /^Threads:\s+(\d+)/m;
    ($now{locked}) = $status =~ /^VmLck:\s+(\d+)/m;

    # with sanitizers memory is kept to find who uses it later

    if (!$sanitized) {
        my @maps = split /\n/, PosternStore::slurp("/proc/$pid/maps");

        $now{mappings} = @maps;
        $now{maps} = [map { s/^(\w+)-(\w+) /sprintf "%6d kB ",
                                (hex($2) - hex $1) >> 10/er } @maps];
        ($now{anonymous}) = $smaps =~ /^Anonymous:\s+(\d+)/m;
        @now{qw(blocks bytes)} =
            unpack "qq", PosternStore::slurp("$counts/$pid");
    }

    return \%now;
}


sub measure {
    my %now;

    sleep 0.5;
    my @pids = workers(0);

    $now{processes} = @pids;
    $now{master} = holds(master());
    $now{"worker $_"} = holds($pids[$_]) for 0 .. $#pids;

    return %now;
}


sub same {
    my ($name, $before, $after) = @_;

    is($after->{processes}, $before->{processes}, "$name: no other processes");

    for my $who (sort grep { ref $before->{$_} } keys %$before) {
        my ($was, $is) = ($before->{$who}, $after->{$who});

        for my $what (sort grep { $_ ne "maps" } keys %$was) {
            cmp_ok($is->{$what}, "<=", $was->{$what} + bound($what),
                   "$name: $who: $what");
            diag("$name: $who: $what: $was->{$what} -> $is->{$what}") if $ENV{LEAK_SHOW};
            diag(gained($was->{maps}, $is->{maps}))
                if $what eq "mappings" && $is->{$what} > $was->{$what};
        }
    }
}

sub bound {
    my ($what) = @_;

    return $what eq "bytes" ? $bytes : $what eq "anonymous" ? $kilobytes : 0;
}


# What is allocated once and kept, such as tables of OpenSSL and what a thread
# makes of its own at its first job of a kind, is there after the first ten, or,
# where the scheduler has kept a thread from such a job, soon after.  What leaks
# leaks on: of three times forty one must leave nothing at all behind.

sub steady {
    my ($name, $code) = @_;
    my (%before, %after);

    $code->(10);
    %after = measure();

    for (1 .. 3) {
        %before = %after;
        $code->(40);
        %after = measure();
        last if !grows(\%before, \%after);
    }

    same($name, \%before, \%after);
}

sub grows {
    my ($before, $after) = @_;

    for my $who (grep { ref $before->{$_} } keys %$before) {
        my ($was, $is) = ($before->{$who}, $after->{$who});

        return 1 if grep { $is->{$_} > $was->{$_} + bound($_) }
                    grep { $_ ne "maps" } keys %$was;
    }

    return 0;
}


# the mappings of the one that the other has not, without their addresses

sub gained {
    my ($was, $is) = @_;
    my %count;

    $count{$_}++ for @$is;
    $count{$_}-- for @$was;

    return join "\n", "mappings, more and fewer:",
           map { sprintf "%+d %s", $count{$_}, $_ }
           sort grep { $count{$_} } keys %count;
}


# what nobody broke on purpose

sub complaints {
    return grep { !/no_such|"nothing"|broken|cut\.json|none\./ }
           error_log(0, qr/\[(alert|emerg|crit)\]|exited on signal/);
}


sub broken {
    my ($http) = @_;
    my $dir = dir();

    write_file("broken.json", document() =~ s/"viewer"/"viewers"/r);
    write_file("cut.json", substr document(), 0, 2000);
    write_file("texts-broken.json", '{"en": {"no_such_text": "x"}}');
    write_file("broken/notice.html", "<p>{{no_such_value}}</p>\n");
    write_file("keys-broken", "mk-1 AAAA\n", 0600);

    my $authority = "rediss://127.0.0.1 ssl_trusted=$dir/none.pem";

    my $change = sub {
        my ($from, $to) = @_;
        my $text = $http =~ s/\Q$from\E/$to/r;
        die "nothing of $from\n" if $text eq $http;
        return $text;
    };

    return (
        ["the end", "$http\n no_such_directive;",
         qr/unknown directive "no_such_directive"/],
        ["the end of a server", $change->("error_page 404 /missing;", "nothing;"),
         qr/unknown directive "nothing"/],
        ["the directory", $change->("postern.json", "broken.json"),
         qr/\[emerg\].*broken\.json/],
        ["half a directory", $change->("postern.json", "cut.json"),
         qr/\[emerg\].*cut\.json/],
        ["no directory", $change->("postern.json", "none.json"),
         qr/\[emerg\].*none\.json/],
        ["master keys", $change->("$dir/key;", "$dir/keys-broken;"),
         qr/\[emerg\].*keys-broken/],
        ["texts", $change->("texts.json", "texts-broken.json"),
         qr/\[emerg\].*texts-broken/],
        ["templates", $change->("$dir/pages", "$dir/broken"),
         qr/\[emerg\].*notice\.html/],
        ["an authority", $http =~ s{^ +(postern_redis|mfa_accounts) .*}
                                   {postern_redis $authority;}mr,
         qr/\[emerg\].*none\.pem/],
    );
}


1;
