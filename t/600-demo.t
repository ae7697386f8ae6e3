# "make demo" tells its story to the end, from a home that is closed to others
# too, and leaves nothing behind.

use strict;
use warnings;
use lib ($ENV{POSTERN_TOP} // ".") . "/t/lib";

use File::Copy qw(copy);
use File::Path qw(make_path);
use File::Temp qw(tempdir);
use MfaClient qw(totp);
use Test::More;
use WebDriver;

my $top  = $ENV{POSTERN_TOP};
my $home = tempdir(CLEANUP => 1);           # of mode 0700
my $copy = "$home/postern";

make_path("$copy/build", "$copy/examples/demo");
symlink $_, "$copy/build/" . (split m{/}, $_)[-1]
    or die "$_: $!" for glob("$ENV{TEST_NGINX_BUILD}/ngx_http_*_module.so"),
                        $ENV{TEST_NGINX_POSTERN};

for my $file (glob("$top/examples/demo/*")) {
    my $to = "$copy/examples/demo/" . (split m{/}, $file)[-1];

    copy($file, $to) or die "$file: $!";
    chmod((stat $file)[2] & 07777, $to) or die "$to: $!";
}

# as a user has it, who is not root
$ENV{PATH} = join ":", grep { !/sbin/ } split /:/, $ENV{PATH};
$ENV{DEMO_PORT} = $ENV{TEST_NGINX_PORT};


# what listens on the ports of this test

sub listening {
    my @found;

    open my $in, "<", "/proc/net/tcp" or die "/proc/net/tcp: $!";

    while (<$in>) {
        my ($port, $state) = /^\s*\d+: \w+:(\w{4}) \w+:\w+ (\w\w)/ or next;

        $port = hex $port;
        push @found, $port
            if $state eq "0A" && $port >= $ENV{DEMO_PORT}
               && $port < $ENV{DEMO_PORT} + 20;
    }

    return "@found";
}

sub demo {
    my ($setting) = @_;
    my $said = qx{cd / && $setting "$copy/examples/demo/run" 2>&1};

    return ($said, $? >> 8);
}

for (["", 25], ["REDIS=1", 29]) {
    my ($setting, $steps) = @$_;
    my ($said, $status) = demo($setting);

    is($status, 0, "demo $setting") or diag($said);
    like($said, qr/^demo: $steps steps, 0 failed$/m, "all of its steps");
    is(() = $said =~ / ok$/mg, $steps, "each of them as it should be");
    like($said, qr/sign\/key-disabled +ok$/m,
         "workers see what is revoked, in a closed home");
    ok(!-e "$copy/build/demo", "no file is left");
    is(listening(), "", "nor a server");
}

my ($said, $status) = demo("KEEP=1");

is($status, 0, "demo KEEP=1") or diag($said);
like($said, qr/^Left running: /m, "says that it is left running");
isnt(listening(), "", "and it is");

my ($try) = $said =~ /^  (curl .*)$/m;
like(qx{$try 2>&1}, qr/^HTTP\/1\.1 200 /m, "what it suggests to try works");

# and so it does in a browser, over http: Secure cookies and all

my ($page, $user, $password) =
    $said =~ m{^  (http://\S+) in a browser, as (\w+), with the password (\w+)$}m;
my $b = WebDriver->new;

$b->go($page);
$b->type("#user", $user)->type("#password", $password)->press("main button");
$b->click("summary");
$b->type("#code", totp($b->text(".key")))->press("main button");
is(scalar $b->find_all(".codes li"), 10, "a browser can enrol there");
$b->press("main a.button");
is($b->url, $page, "and is led to the application");
like($b->text("body"), qr/"Postern-Subject": ?"$user"/, "which hears who it is");
$b->quit;

my ($stop) = $said =~ /^Stop it with: (.*)$/m;
system($stop);

for (1 .. 100) {
    last if listening() eq "";
    select undef, undef, undef, 0.1;
}

is(listening(), "", "and so does what it suggests to stop it");

($said, $status) = demo("DEMO_PORT=80a");
is($status, 1, "a wrong port is refused");
is($said, "demo: DEMO_PORT=80a is no port\n", "in one clear line");
ok(!-e "$copy/build/demo", "and what was kept is taken away");

done_testing();
