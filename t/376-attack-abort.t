# Clients that go away at every moment of every page: Redis answers slowly, one
# question after the other, and each request is cut off a little later than the
# one before, so that it ends in each of its waits.

use v5.32;
use warnings;
use lib ($ENV{POSTERN_TOP} // ".") . "/t/lib";

use MfaTest;
use PosternStore;
use IO::Select;
use IO::Socket::INET;
use Socket qw(SOL_SOCKET SO_LINGER);
use Test::More;
use Time::HiRes qw(sleep);

my $slow = 0.006;    # seconds before each answer of Redis

redis(8);

peer(9, sub {
    my ($client) = @_;
    my $redis = IO::Socket::INET->new(PeerAddr => "127.0.0.1",
                                      PeerPort => port(8)) or return;
    my $both = IO::Select->new($client, $redis);

    while (1) {
        for my $from ($both->can_read) {
            my $to = $from == $client ? $redis : $client;

            return if !sysread $from, my $data, 65536;
            sleep $slow if $from == $redis;
            return if !syswrite $to, $data;
        }
    }
});

my $dir = dir();

MfaTest::keys_file();

sub spew {
    my ($file, $text) = @_;

    open my $out, ">", $file or die "$file: $!\n";
    print $out $text;
    close $out;
}

spew("$dir/people.json", MfaTest::directory());
spew("$dir/key", "mk-1 " . "A" x 42 . "E=\n");
chmod 0600, "$dir/key";

nginx(0, <<"EOD", "worker_processes 1;");
    postern_zone 4m;
    postern_redis redis://127.0.0.1:@{[port(9)]}/0 timeout=2s;
    postern_directory $dir/people.json;
    postern_master_key $dir/key;
    postern_org acme;
    mfa_insecure_argon2id memory=8k passes=1;
    mfa_limit free=100 attempts=100 address=10000r/m;

    server {
        listen 127.0.0.1:@{[port(4)]};
        listen 127.0.0.1:@{[port(5)]} http2;

        location /.postern/ { mfa_pages; }

        location / {
            mfa on;
            mfa_require aal=1;
            empty_gif;
        }
    }
EOD

my ($worker) = workers(0);

sub browser { return MfaTest::browser(port => port(4)) }

# by closing, by a reset, and over HTTP/2 by curl that gives up
sub cut {
    my ($how, $after, $b, $method, $path, $body) = @_;
    my %form = defined $body ? MfaClient::form($body) : ();

    if ($how eq "h2") {
        my $cookies = $b->cookies;

        system("curl", "-s", "-o", "/dev/null", "--http2-prior-knowledge",
               "-m", $after + 0.001, "-X", $method, "-b",
               join("; ", map { "$_=$cookies->{$_}" } keys %$cookies),
               defined $body ? ("-d", $form{body}) : (),
               "http://127.0.0.1:" . port(5) . $path);
        return;
    }

    my $s = $b->begin($method, $path, %form);

    sleep $after;
    setsockopt $s, SOL_SOCKET, SO_LINGER, pack("II", 1, 0)
        if $how eq "reset";
    close $s;
}

sub fields {
    my ($b, $name, $action) = @_;
    my ($form) = grep { $_->{action} =~ ($action // qr//)
                        && exists $_->{fields}{csrf} }
                 MfaClient::forms($b->page($name));

    die "no form in $name\n" if !$form;
    return $form->{fields};
}

# moments: in the middle of the first waits, and at their edges
my @moments = map { $_ * $slow * 0.8 } 0 .. 11;
my @hows = qw(close reset h2);

sub storm {
    my ($name, $b, $method, $path, $body) = @_;
    my $i = 0;

    cut($hows[$i++ % 3], $_, $b, $method, $path, $body) for @moments;
    sleep 0.1;

    my ($now) = workers(0);

    is($now, $worker, "$name: the worker lives")
        or die join "", error_log(0, qr/ERROR|runtime error|signal/);
    is(browser()->page("sign-in")->{status}, 200, "$name: and serves");
}


my $p = $MfaTest::password;
my $b = browser();
my $in = { %{fields($b, "sign-in")}, user => "u1" };

storm("sign-in", $b, "POST", "/.postern/sign-in", { %$in, password => $p });
storm("wrong password", $b, "POST", "/.postern/sign-in",
      { %$in, password => "wrong" });

$b = MfaTest::first("u2", browser => browser());
my $code = { %{fields($b, "code")} };

storm("guard", $b, "GET", "/x");
storm("wrong code", $b, "POST", "/.postern/code", { %$code, code => "000000" });
storm("wrong recovery code", $b, "POST", "/.postern/recovery",
      { %$code, code => "aaaaa-aaaaa" });
storm("right code", $b, "POST", "/.postern/code",
      { %$code, code => MfaTest::code("u2") });

$b = MfaTest::both("u3", browser => browser());
my $csrf = fields($b, "account");

storm("account", $b, "GET", "/.postern/account");
storm("enrol, GET", $b, "GET", "/.postern/enrol");
storm("enrol, POST", $b, "POST", "/.postern/enrol",
      { %{fields($b, "enrol")}, code => "000000" });
storm("new recovery codes", $b, "POST", "/.postern/recovery-codes",
      { csrf => fields($b, "recovery-codes")->{csrf} });
storm("sessions", $b, "POST", "/.postern/sessions",
      { csrf => $csrf->{csrf}, end => "others" });
storm("password", $b, "POST", "/.postern/password",
      { csrf => fields($b, "password")->{csrf}, old => $p,
        new => "another long one, chosen", again => "another long one, chosen" });

$b = MfaTest::both("u4", browser => browser());
storm("sign-out", $b, "POST", "/.postern/sign-out", fields($b, "sign-out"));


# each one from its beginning, since it ends only once

for my $n (1 .. 9) {
    $b = MfaTest::first("b$n", browser => browser());

    my $page = $b->page("enrol");
    my ($secret) = $page->{body} =~ m{class="key">([A-Z2-7 ]+)<};
    my ($form) = MfaClient::forms($page);

    cut($hows[$n % 3], (2 + 2 * $n) * $slow * 0.8, $b, "POST",
        "/.postern/enrol", { %{$form->{fields}},
                             code => MfaClient::totp($secret) });
}

is((workers(0))[0], $worker, "enrolments that were cut off: the worker lives");


# a body that never ends

$b = browser();

for my $left (1, 5, 100) {
    my $text = $b->text("POST", "/.postern/sign-in",
                        MfaClient::form({ %$in, password => $p }));
    my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => port(4));

    syswrite $s, substr $text, 0, length($text) - $left;
    sleep 0.01;
    close $s;
}

is(MfaTest::both("u5", browser => browser())->get("/")->{status}, 200,
   "people come in after all that");

nginx_stop(0);

is(join("", error_log(0, qr/\[(?:alert|emerg|crit)\]|exited on signal/)), "",
   "nothing was left open, nothing was wrong");
is(scalar(error_log(0, qr/worker process $worker exited with code 0/)), 1,
   "no request was waited for in vain");
is(join("", error_log(0, qr/AddressSanitizer|runtime error/)), "",
   "nor in memory");

peer_stop();
redis_stop(8);

done_testing();
