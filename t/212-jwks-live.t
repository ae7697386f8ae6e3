# Keys of a set while nginx runs, without a reload: a new one is taken up, one
# that was taken out is refused by every worker within a second, and a broken set
# changes nothing until it is mended.

use lib 't/lib';
use Postern;
use Test::Nginx::Socket 'no_plan';

use Digest::SHA qw(sha256);
use Time::HiRes qw(sleep time);

our $config = <<'_EOC_';
    sign on;
    sign_explain on;
    add_header X-Worker $pid always;

    location / {
        proxy_pass http://app;
    }
_EOC_

our $jwk = sub {
    my ($kid, $kind) = @_;
    my $x = Postern::public_key($kind // "ed25519") =~ tr{+/}{-_}r =~ s/=+$//r;

    return qq({"kty":"OKP","crv":"Ed25519","x":"$x","kid":"$kid"});
};

our $set = sub { return '{"keys":[' . join(",", @_) . "]}\n" };

# whole, under its name at once
our $write = sub {
    my ($name, $text) = @_;
    my $file = Test::Nginx::Util::html_dir() . "/$name";

    open my $out, ">", "$file.new" or die "$file.new: $!\n";
    print $out $text;
    close $out or die "$file.new: $!\n";
    rename "$file.new", $file or die "$file: $!\n";
};

our $answer = sub {
    my $r = http(raw_request("GET", "/a", rfc9421(target => "/a",
                 key => "ed25519", nonce => rand, @_)));

    return ("$r->{status} " . ($r->{body} =~ /"code":"([^"]*)"/ ? $1 : "-"),
            $r->{field}{"x-worker"});
};

# until both workers have said so; how many, and what else any of them said
our $both = sub {
    my ($want, @request) = @_;
    my (%worker, %other);

    for (1 .. 200) {
        my ($got, $worker) = $answer->(@request);

        $got eq $want ? $worker{$worker}++ : $other{$got}++;
        last if keys %worker == 2;
    }

    return join " ", scalar(keys %worker), sort keys %other;
};

# the same as soon as it is so
our $until = sub {
    my (@what) = @_;
    my ($end, $got) = time + 20;

    do { $got = $both->(@what) } until $got eq "2" || time > $end;

    return $got;
};

our $log = sub {
    open my $in, "<", "$ENV{TEST_NGINX_SERVROOT}/logs/error.log" or die;
    local $/;
    return <$in>;
};

# what the log says, when it says so that often
our $told = sub {
    my ($like, $times) = @_;
    my ($end, @said) = time + 20;

    until (@said >= $times || time > $end) {
        @said = $log->() =~ /$like/g;
        sleep 0.05;
    }

    return @said;
};

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value("http_more",
        "postern_jwks \$TEST_NGINX_HTML_DIR/bots.jwks org=acme;");
    $block->set_value("user_files", ">>> postern.json\n" . directory()
        . "\n>>> bots.jwks\n" . $set->($jwk->("one"), $jwk->("two")));
    $block->set_value("config", $config);

    Postern::defaults($block);
});

add_response_body_check(\&Postern::client);

master_on();
workers(2);
log_level("info");
no_long_string();
no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: added, revoked, changed
--- client
is $both->("200 -", keyid => "one"), 2, "one";
is $both->("200 -", keyid => "two"), 2, "two";
is $both->("401 sign/unknown-key", keyid => "three"), 2, "no three yet";

$write->("bots.jwks", $set->($jwk->("one"), $jwk->("three")));

is $until->("401 sign/unknown-key", keyid => "two"), 2,
   "revoked by both workers";
is $both->("200 -", keyid => "three"), 2, "a new key";

# a machine that is busy may lose a second of its own, but not each time

my $took = 99;

for (1 .. 3) {
    $write->("bots.jwks", $set->($jwk->("one"), $jwk->("two")));
    $until->("200 -", keyid => "two");

    my $start = time;
    $write->("bots.jwks", $set->($jwk->("one")));
    $until->("401 sign/unknown-key", keyid => "two");

    $took = time - $start;
    last if $took < 1;
}

cmp_ok $took, "<", 1, "within a second";
is $both->("200 -", keyid => "one"), 2, "one is as it was";

$write->("bots.jwks", $set->());
is $until->("401 sign/unknown-key", keyid => "one"), 2, "all are gone";
is $both->("200 -", keyid => "robot"), 2, "those of the directory are not";
--- error_log eval
qr/directory ".*postern.json" is in force, .* keys 1\d,/
--- no_error_log
[error]
[alert]
--- timeout: 60



=== TEST 2: a broken set
--- client
$write->("bots.jwks", qq({"keys":[\n{"kty":"OKP","crv":"Ed25519"}]}));

my @said = $told->(qr/jwks ".*\/bots\.jwks:2:1": (.*the last good.*)/, 2);

is $both->("200 -", keyid => "one"), 2, "what was in force stays";
is scalar(@said), 2, "each worker says once why";
is $said[0], "keys[0]: the member \"x\" is missing; the last good one stays "
             . "in force", "and what";

# the document cannot come into force without it, and the log says so
$write->("postern.json", directory(robot => undef));
@said = $told->(qr/jwks ".*\/bots\.jwks:2:1"/, 4);
is $both->("200 -", keyid => "robot"), 2, "nor does the directory change";
is scalar(@said), 4, "which is said";

$write->("bots.jwks", $set->($jwk->("four")));
is $until->("200 -", keyid => "four"), 2, "mended";
is $both->("401 sign/unknown-key", keyid => "one"), 2, "the old set is gone";
is $both->("401 sign/unknown-key", keyid => "robot"), 2,
   "and the directory's change is here";
--- no_error_log
[alert]
--- timeout: 60



=== TEST 3: a set that is not there for a while
--- client
my $file = "$ENV{TEST_NGINX_HTML_DIR}/bots.jwks";

rename $file, "$file.away";

my @said = $told->(qr/jwks ".*\/bots\.jwks": stat\(\) failed; (.*)/, 2);

is $both->("200 -", keyid => "one"), 2, "what was in force stays";
is scalar(@said), 2, "each worker says so once";

$write->("postern.json", directory(robot => undef));
@said = $told->(qr/jwks ".*\/bots\.jwks": stat\(\) failed; (.*)/, 4);
is $both->("200 -", keyid => "robot"), 2, "nor does the directory change";
is scalar(@said), 4, "which is said";

rename "$file.away", $file;
is $until->("401 sign/unknown-key", keyid => "robot"), 2, "until it is back";
is $both->("200 -", keyid => "one"), 2, "and its keys are";
--- no_error_log
[alert]
--- timeout: 60



=== TEST 4: an id that the directory takes, and gives back
--- client
$write->("postern.json", directory(two => qq({ "user": "alice",
    "algorithm": "hmac-sha256", "secret": "plain:$Postern::secret" })));

is scalar($told->(qr/bots\.jwks:1:\d+": keys\[1\]\.kid: the organization "acme" /,
                  2)),
   2, "which one is at fault";
is $both->("200 -", keyid => "two"), 2, "the key of the set is in force";

$write->("postern.json", directory(AK9 => qq({ "user": "alice",
    "algorithm": "hmac-sha256", "secret": "plain:$Postern::secret" })));
is scalar($told->(qr/directory ".*postern.json" is in force/, 2)), 2,
   "the next one is none";
is $both->("200 -", keyid => "two"), 2, "as it was";
--- no_error_log
[alert]
--- timeout: 60



=== TEST 5: a worker that replaces a dead one has the set as it is
--- http_more
--- client
my @old = `ps -o pid= --ppid \$(cat $ENV{TEST_NGINX_SERVROOT}/logs/nginx.pid)`;
chomp @old;

$write->("bots.jwks", $set->($jwk->("five")));
kill "KILL", @old;

is $until->("200 -", keyid => "five"), 2, "the new key";
is $both->("401 sign/unknown-key", keyid => "one"), 2, "not the old one";
--- timeout: 60
