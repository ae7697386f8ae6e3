package RedisKeys;

# For tests of keys that stand in Redis (postern_keys): a directory whose file
# has one key, a master key, sealed secrets, signed requests to a node.

use v5.32;
use strict;
use warnings;

use Exporter qw(import);
use IO::Socket::INET;
use Postern ();
use PosternStore;

our @EXPORT = qw(keys_conf key_of seal set_key set_keys unset_key answer
                 signed status_of statuses until_ sign_port);

our $secret = 'a-secret-of-a-key-in-redis-more-than-32-bytes';

my ($sealed_by, %sealed);


sub sign_port { return port(32 + $_[0]) }


# the lines of http for node n; what: further ones, and lines of the location
sub keys_conf {
    my ($n, $http, $location) = @_;

    my $dir = dir();

    if (!$sealed_by) {
        $sealed_by = "$dir/master.key";
        spew($sealed_by, "k1 " . ("A" x 43) . "=\n");
        chmod 0600, $sealed_by;
        directory();
    }

    return <<"END";
    postern_zone 4m;
    postern_redis redis://127.0.0.1:@{[port(10)]} timeout=1s;
    postern_directory $dir/postern.json 100ms;
    postern_master_key $sealed_by;
    @{[$http // "postern_keys redis;"]}
    server {
        listen 127.0.0.1:@{[sign_port($n)]} reuseport;   # each worker its share
        sign on;
        sign_explain on;
        @{[$location // ""]}
        location / { postern_test lane; }
    }
END
}


# directory(member => ...): the file anew, with other users or roles
sub directory {
    my ($users, $roles) = @_;

    $users //= '"alice": { "roles": ["viewer"] }';
    $roles //= '"viewer": { "grants": [["read", "all"]] }, "robot": {}';

    my $file = dir() . "/postern.json";

    spew("$file.new", <<"END");
{ "version": 1, "organizations": { "acme": {
    "users": { $users }, "roles": { $roles },
    "permissions": { "read": ["GET"] }, "resources": { "all": ["/**"] },
    "keys": { "file-1": { "user": "alice", "algorithm": "hmac-sha256",
                          "secret": "plain:$secret" } } },
  "other": { "users": { "carol": {} } } } }
END
    rename "$file.new", $file or die "$file: $!";
}


sub spew {
    my ($file, $text) = @_;
    open my $out, ">", $file or die "$file: $!";
    print $out $text;
    close $out;
}


# by node n, which has the master key
sub seal {
    my ($n, $id, $org, $text) = @_;

    $org //= "acme";
    $text //= $secret;

    return $sealed{$id, $org, $text} //= do {
        get($n, "/seal?name=$org/keys/$id/secret&secret=$text") =~ /^(sealed:\S+) opens/
            or die "$id is not sealed\n";
        $1;
    };
}


# the document of an HMAC key; what: members in place of these, undef: without
sub key_of {
    my ($id, %change) = @_;

    my %member = (org => '"acme"', user => '"alice"',
                  algorithm => '"hmac-sha256"', secret => undef, %change);

    $member{secret} = '"' . seal(0, $id) . '"' if !exists $change{secret};

    return "{" . join(", ", map { qq("$_": $member{$_}) }
                            grep { defined $member{$_} } sort keys %member)
           . "}";
}


sub set_key {
    my ($id, $json, @options) = @_;
    return redis_cli(10, "set", "postern:key:{$id}", $json // key_of($id),
                     @options);
}

# many, in one go
sub set_keys {
    my (%documents) = @_;

    my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1",
                                  PeerPort => port(10)) or die;
    my $out = "";

    for my $id (sort keys %documents) {
        my @args = ("SET", "postern:key:{$id}", $documents{$id});
        $out .= "*3\r\n" . join "", map { "\$" . length($_) . "\r\n$_\r\n" }
                                        @args;
    }

    print $s $out;
    readline $s for keys %documents;
}

sub unset_key { return redis_cli(10, "del", "postern:key:{$_[0]}") }


# a request that nobody has sent before
sub signed {
    my ($id, %change) = @_;

    return Postern::raw_request("GET", "/a",
        Postern::rfc9421(target => "/a", keyid => $id, secret => $secret,
                         nonce => rand() . "-$$", %change));
}

sub answer {
    my ($n, $id, %change) = @_;
    return status_of($n, signed($id, %change));
}

sub status_of {
    my ($n, $raw) = @_;

    my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1",
                                  PeerPort => sign_port($n)) or return "none";
    print $s $raw;

    my $all = join "", $s->getlines;

    my ($status) = $all =~ m{^HTTP/1.1 (\d+)};
    my ($code) = $all =~ /"code":"([^"]*)"/;

    return ($status // "none") . " " . ($code // "-");
}

# of as many requests as there are workers, and some more: what there is
sub statuses {
    my ($nodes, $id, %change) = @_;
    my %seen;
    for my $n (@$nodes) {
        $seen{answer($n, $id, %change)}++ for 1 .. 24;
    }
    return join ", ", sort keys %seen;
}

# seconds until the first question whose answer it was, by all workers of the
# nodes, or a sentence; what the answer itself takes is up to the machine
sub until_ {
    my ($want, $nodes, $id, %change) = @_;

    my $begin = Time::HiRes::time();
    my $says;

    while ((my $asked = Time::HiRes::time()) < $begin + 20) {
        $says = statuses($nodes, $id, %change);
        return $asked - $begin if $says eq $want;
    }

    return "still: $says";
}


1;
