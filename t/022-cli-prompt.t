# The hidden prompt of the program, on a terminal of its own: nothing that is
# typed is seen, and the terminal is as it was afterwards, whatever ends the
# program.

use strict;
use warnings;

use Errno;
use File::Temp qw(tempdir);
use IO::Pty;
use POSIX qw(:termios_h WIFSIGNALED WTERMSIG);
use Test::More;

my $top     = $ENV{POSTERN_TOP} // ".";
my $program = $ENV{TEST_NGINX_POSTERN} // "$top/build/postern";
my $dir     = tempdir(CLEANUP => 1);

umask 077;
system($program, "master-key", "--id", "m1", "--add", "$dir/mk") == 0 or die;


# starts the program on a terminal of its own, its answers in a file

sub start {
    my (@args) = @_;
    my $pty = IO::Pty->new;
    my $pid = fork // die;

    if ($pid == 0) {
        $pty->make_slave_controlling_terminal;

        my $slave = $pty->slave;
        close $pty;
        open STDIN, "<&", $slave;
        open STDOUT, ">", "$dir/out";
        open STDERR, ">&", $slave;
        exec $program, @args or exit 127;
    }

    return ($pty, $pid);
}

# reads the terminal until it shows this

sub wait_for {
    my ($pty, $like) = @_;
    my $text = "";

    alarm 20;

    while ($text !~ $like) {
        my $n = sysread $pty, $text, 1000, length $text;
        last unless $n;
    }

    alarm 0;

    return $text;
}

sub echoes {
    my ($pty) = @_;
    my $mode = POSIX::Termios->new;

    $mode->getattr(fileno $pty->slave);

    return $mode->getlflag & ECHO ? 1 : 0;
}

sub rest {
    my ($pty) = @_;
    my $text = "";

    $pty->close_slave;
    alarm 20;
    1 while sysread $pty, $text, 1000, length $text;
    alarm 0;

    return $text;
}

sub slurp {
    local $/;
    open my $file, "<", $_[0] or return "";
    return <$file> // "";
}

my @seal = ("seal", "--master-key", "$dir/mk", "--org", "acme", "--record",
            "keys/AK1/secret");
my $secret = "correct horse battery";


# --- it asks twice ------------------------------------------------------------

my ($pty, $pid) = start(@seal);
my $shown = wait_for($pty, qr/secret: /);
is(echoes($pty), 0, "nothing is echoed at the prompt");

print $pty "$secret\n";
$shown .= wait_for($pty, qr/once more: /);
print $pty "$secret\n";
$shown .= wait_for($pty, qr/\n/);
waitpid $pid, 0;

is($?, 0, "typed twice, sealed");
like(slurp("$dir/out"), qr/^sealed:m1:/, "the answer is on standard output");
is(echoes($pty), 1, "echo is back");
unlike($shown . rest($pty), qr/correct|horse/, "nothing of it was shown");


# --- two that differ, too much, nothing ---------------------------------------

($pty, $pid) = start(@seal);
wait_for($pty, qr/secret: /);
print $pty "$secret\n";
wait_for($pty, qr/once more: /);
print $pty "another one, surely\n";
like(wait_for($pty, qr/same/), qr/the two are not the same/, "says why");
waitpid $pid, 0;
is($? >> 8, 1, "two that differ are refused");
is(echoes($pty), 1, "echo is back");

($pty, $pid) = start(@seal);
wait_for($pty, qr/secret: /);
print $pty "x" x 1500, "\n";
like(wait_for($pty, qr/longer/), qr/longer than 1024 bytes/,
     "too long a secret is not cut");
waitpid $pid, 0;
is($? >> 8, 1, "but refused");
is(echoes($pty), 1, "echo is back");

($pty, $pid) = start(@seal);
wait_for($pty, qr/secret: /);
print $pty "\x04";
wait_for($pty, qr/once more: /);
print $pty "\x04";
like(wait_for($pty, qr/empty/), qr/is empty/, "the end of input is no secret");
waitpid $pid, 0;
is(echoes($pty), 1, "echo is back");


# --- what ends the program puts the terminal back -----------------------------

($pty, $pid) = start(@seal);
wait_for($pty, qr/secret: /);
is(echoes($pty), 0, "Ctrl-C: hidden before");
print $pty "\x03";
waitpid $pid, 0;
ok(WIFSIGNALED($?) && WTERMSIG($?) == 2, "Ctrl-C ends it by SIGINT");
is(echoes($pty), 1, "and echo is back");

($pty, $pid) = start(@seal);
wait_for($pty, qr/secret: /);
print $pty "$secret\n";
wait_for($pty, qr/once more: /);
print $pty "half of it\x03";
waitpid $pid, 0;
ok(WIFSIGNALED($?) && WTERMSIG($?) == 2, "Ctrl-C at the second prompt");
is(echoes($pty), 1, "and echo is back");

for my $signal (qw(TERM HUP QUIT)) {
    ($pty, $pid) = start(@seal);
    wait_for($pty, qr/secret: /);
    kill $signal, $pid;
    waitpid $pid, 0;
    ok(WIFSIGNALED($?), "SIG$signal ends it");
    is(echoes($pty), 1, "SIG$signal: echo is back");
}


# --- a QR code on a terminal has colours of its own ---------------------------

{
    local $ENV{TERM} = "xterm";

    ($pty, $pid) = start("totp", "--org", "acme", "--user", "alice",
                         "--master-key", "$dir/mk");
    $shown = wait_for($pty, qr/compare   \d{6}.*\n/);
    waitpid $pid, 0;

    is($?, 0, "totp on a terminal");
    like($shown, qr/^\e\[40;97m[^\e]+\e\[0m\r$/m, "white on black");
    like(slurp("$dir/out"), qr/"secret": "sealed:m1:/, "the entry apart");
}

{
    local $ENV{TERM} = "dumb";

    ($pty, $pid) = start("totp", "--org", "acme", "--user", "alice",
                         "--master-key", "$dir/mk");
    unlike(wait_for($pty, qr/compare   \d{6}.*\n/), qr/\e/,
           "a dumb terminal gets no colours");
    waitpid $pid, 0;
}


# --- a user, whose password is asked for --------------------------------------

($pty, $pid) = start("user", "--org", "acme", "alice");
$shown = wait_for($pty, qr/password: /);
is(echoes($pty), 0, "the password is hidden");
print $pty "$secret\n";
$shown .= wait_for($pty, qr/once more: /);
print $pty "$secret\n";
waitpid $pid, 0;
is($?, 0, "a user");
like(slurp("$dir/out"), qr/"password": "\$argon2id\$/, "with a hash");
unlike($shown . rest($pty), qr/correct|horse/, "and nothing was shown");

done_testing();
