package MfaProve;

# For tests of the proofs of mfa (t/320-339): nginx with the test module of
# t/module_mfa, one or two nodes with one Redis or with files, and questions of
# which hundreds are under way at once.
#
#     node(0, %option)     starts one: redis => 1 (at port(8), or the number
#                          of a port in between), accounts => 1, limit => "…",
#                          http => "more", top => "at the top", users => {…}
#     ask(0, "pwd", name => "alice", given => "…", lane => …)
#                          "yes", "no", "wait 30", "used", "busy", …
#     ask_all([0, "pwd", …], …)    all sent before an answer is read
#     ask_at_once(0, ["pwd", …], …)    and before the workers see one of them
#     burst(\@nodes, $n, "pwd", …) n of them by h2load over HTTP/2, shared by
#                          the nodes: {no => 5, wait => 995}
#     reload_node(0, %option)      the same with a reload
#     account(0, "alice")  what is stored about a user, decoded; undef: nothing
#
# The users all have the password $password; their factors differ.

use v5.32;
use strict;
use warnings;

use Cwd qw(abs_path);
use Exporter qw(import);
use File::Basename qw(dirname);
use File::Path qw(make_path remove_tree);
use IO::Socket::INET;
use JSON::PP ();
use PosternStore;

our @EXPORT = qw(node reload_node ask ask_all ask_at_once burst account hotp totp user
                                  $password $hash $weak $secret @recovery http_port);

my $top = abs_path(dirname(__FILE__) . "/../..");

chomp(my $so = qx($top/util/build-test-mfa));
die "the test module of mfa does not compile\n" if $? || !-f $so;

$ENV{TEST_NGINX_LOAD_MODULES} =~ s{\S*/ngx_http_mfa_module\.so}{$so};

our $password = "correct horse battery staple";
our $secret   = "12345678901234567890";

# of $password, with 64 KiB and one pass, and with 16 KiB
our $hash = '$argon2id$v=19$m=64,t=1,p=1$ATHJxP0zfnkO2GKwAZY+MA'
            . '$T2n+V+htvTUJPGIFt67+rAPJC4Uc9imL3yA70ShR3XQ';
our $weak = '$argon2id$v=19$m=16,t=1,p=1$HI79JO0sEEcIQiE07EpcBQ'
            . '$+nRJoqeG0tfX7Hb15o3QtIszWbvd5PtRE0Tq4T+yIXs';

# codes and hashes of one set
our @recovery = map { [$_->[0], '$argon2id$v=19$m=64,t=1,p=1'
                                . '$28N8UU6MlsXTFZwfdOhSlg$' . $_->[1]] }
    ["EVQM-X4KO-77KN-4TMX", 'ULS5IgGrzDLPqwoKopx/P0O3YiAgn3hPIHTaolrw+Lo'],
    ["SKA7-FUHT-I6KY-PKRH", 'FYhmzBwopyzvfmDbtyb25bKIbsQPcR9+g1YqmBwwUgA'],
    ["5UXZ-JA5Y-ZH4Q-HCWS", '2h4CgDFruc2f/fLt2WRIa7v3yFDXsVP+CfbRnxYJ8u8'],
    ["G7K4-QSWZ-4UUU-A45O", 'gncI4zW2LTUS8UzzJIfY0T8w0MecwszmrqerRZ1Pln0'];


my %in_redis;

# of an earlier run
remove_tree(dir() . "/accounts");


sub http_port { return port(4 + $_[0]) }
sub h2_port { return port(6 + $_[0]) }


# a user of the directory; totp, hotp: lists of changes to an authenticator

sub user {
    my (%user) = @_;

    my %factors;

    for my $kind (qw(totp hotp)) {
        $factors{$kind} = [map { { secret => "plain:$secret", %$_ } }
                           @{delete $user{$kind}}] if $user{$kind};
    }

    $factors{recovery} = [map { $_->[1] } @recovery] if delete $user{recovery};

    return { roles => [], password => $hash, %user,
             %factors ? (factors => \%factors) : () };
}


sub directory {
    my ($users) = @_;

    $users //= { alice => user(totp => [{}], recovery => 1),
                 bob => user(), "J\x{fc}rgen" => user(),
                 tom => user(hotp => [{}]),
                 weak => user(password => $weak),
                 off => user(status => "disabled"),
                 none => { roles => [] } };

    my %rest = (permissions => {}, resources => {}, roles => {});

    return JSON::PP->new->canonical->utf8->encode({
        version => 1,
        organizations => { acme => { users => $users, keys => {}, %rest } }
    });
}


sub node {
    my ($n, %option) = @_;

    nginx($n, settings($n, %option), $option{top});
}


sub reload_node {
    my ($n, %option) = @_;

    nginx_reload($n, settings($n, %option), $option{top});
}


sub settings {
    my ($n, %option) = @_;

    my $dir = dir();
    my $limit = $option{limit} // "address=6000r/m";

    spew("$dir/key", "k1 " . "A" x 43 . "=\n");
    chmod 0600, "$dir/key";
    spew("$dir/directory-$n.json", directory($option{users}));

    my $redis = $option{redis}
                ? "postern_redis redis://127.0.0.1:"
                  . port($option{redis} == 1 ? 8 : $option{redis})
                  . "/0 timeout=5s;" : "";
    my $accounts = "";

    if ($option{accounts}) {
        my $folder = $option{folder} // "$dir/accounts";

        make_path($folder);
        $accounts = "mfa_accounts $folder;";
    }

    $in_redis{$n} = $option{redis};

    my $argon2 = $option{argon2} // "memory=64k passes=1 queue=1024";

    return <<END;
    postern_zone 8m;
    $redis
    postern_directory $dir/directory-$n.json;
    postern_master_key $dir/key;
    mfa_insecure_argon2id $argon2;
    $accounts
    log_format proof '\$sent_http_x_proof';
    keepalive_requests 100000;

    @{[$option{http} // ""]}

    server {
        listen 127.0.0.1:@{[http_port($n)]};
        listen 127.0.0.1:@{[h2_port($n)]} http2;
        access_log $dir/nginx-$n/logs/proof.log proof;
        mfa_limit $limit;
        @{[$option{server} // ""]}

        location /.postern/ { mfa_pages; }
        location = /pwd { mfa_test_prove pwd; }
        location = /otp { mfa_test_prove otp; }
        location = /recovery { mfa_test_prove recovery; }
        location = /forget { mfa_test_prove forget; }
    }
END
}


sub spew {
    my ($path, $text) = @_;

    make_path(dirname($path));
    open my $out, ">", $path or die "$path: $!\n";
    print $out $text;
    close $out;
}


sub target {
    my ($kind, %arg) = @_;

    $arg{org} //= "acme";

    return "/$kind?" . join "&", map { "$_=" . escape($arg{$_}) }
                                 sort grep { $_ ne "headers" } keys %arg;
}


sub escape {
    my ($text) = @_;

    # characters, or a reference to bytes
    if (ref $text) { $text = $$text } else { utf8::encode($text) }

    return $text =~ s/([^A-Za-z0-9_.-])/sprintf "%%%02X", ord $1/ger;
}


sub begin {
    my ($n, $kind, %arg) = @_;

    my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1",
                                  PeerPort => http_port($n))
        or die "connect to node $n: $!\n";

    my $headers = join "", map { "$_\r\n" } @{$arg{headers} // []};

    print $s "GET " . target($kind, %arg) . " HTTP/1.1\r\nHost: t\r\n"
             . "Connection: close\r\n$headers\r\n";
    $s->flush;

    return $s;
}


sub finish {
    my ($s) = @_;

    my $all = join "", $s->getlines;

    return "status $1" if $all =~ m{^HTTP/1\.1 ([3-5]\d\d)};

    return $all =~ /\r\n\r\n(.*?)\n?\z/s ? $1 : "";
}


sub ask { return finish(begin(@_)) }


sub ask_all {
    my @sockets = map { begin(@$_) } @_;

    return map { finish($_) } @sockets;
}


# to one node, whose workers find all of them at once

sub ask_at_once {
    my ($n, @questions) = @_;
    my @workers = workers($n);

    kill "STOP", @workers;
    my @sockets = map { begin($n, @$_) } @questions;
    kill "CONT", @workers;

    return map { finish($_) } @sockets;
}


sub burst {
    my ($nodes, $count, $kind, %arg) = @_;

    my $each = $count / @$nodes;
    my (%before, @running);

    for my $n (@$nodes) {
        $before{$n} = () = log_lines($n);

        my $pid = open my $out, "-|", "h2load", "-n", $each, "-c", 10, "-m",
                       100, "http://127.0.0.1:" . h2_port($n)
                            . target($kind, %arg)
            or die "h2load: $!\n";

        push @running, $out;
    }

    my %seen;

    for my $out (@running) {
        my $text = join "", <$out>;
        close $out;
        $seen{failed} += $1 if $text =~ /(\d+) failed/ && $1;
    }

    for my $n (@$nodes) {
        wait_for(sub { log_lines($n) - $before{$n} >= $each }, 60);

        my @lines = log_lines($n);
        $seen{$_}++ for @lines[$before{$n} .. $#lines];
    }

    return \%seen;
}


sub log_lines {
    my ($n) = @_;

    open my $in, "<", dir() . "/nginx-$n/logs/proof.log" or return;
    chomp(my @lines = <$in>);

    return @lines;
}


sub account {
    my ($n, $user) = @_;

    my $text;

    if (!$in_redis{$n}) {
        local $/;
        open my $in, "<", dir() . "/accounts/acme/$user.json" or return;
        $text = <$in>;

    } else {
        my ($key) = grep { m{mfa/a/\Q$user\E$} }
                    split /\n/, redis_cli(8, "KEYS", "*");

        $text = redis_cli(8, "GET", $key) if defined $key;
    }

    return $text ? JSON::PP::decode_json($text) : undef;
}


# the standards' own arithmetic, by another program

sub hotp {
    my ($counter, $digits) = @_;

    my $hex = unpack "H*", $secret;

    chomp(my $code = qx(oathtool --hotp -d @{[$digits // 6]} -c $counter $hex));

    return $code;
}


sub totp {
    my ($step) = @_;

    return hotp(int(time / 30) + ($step // 0));
}


1;
