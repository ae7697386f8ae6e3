# A disk that is full, a reader that sleeps, a file that vanished: no request
# waits for it, and what could not be kept is counted.  A worker that waited would
# do so until the test itself makes room; a machine that is busy waits, too, but
# not for seconds.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use AuditLines;
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);

no_root_location();
master_on();
workers(2);

# a disk of 256k

our $full = $ENV{TEST_NGINX_FULL} = "/tmp/postern-audit-full.$$";
mkdir $full or die "$full: $!";
system("mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", $full) == 0
    or die "cannot mount a small tmpfs";

# a pipe that is open, so that nginx can open it, and that nobody reads yet

our $fifo = $ENV{TEST_NGINX_FIFO} = "/tmp/postern-audit-fifo.$$";
POSIX::mkfifo($fifo, 0600) or die $!;
open our $reader, "+<", $fifo or die $!;

END {
    system "umount -l '$full' && rmdir '$full'" if -d $full;
    unlink $fifo;
}

sub full_disk {
    my ($name) = @_;
    my $file = "$full/audit.jsonl";
    my ($slow, $ok) = (0, 0);
    my $socket = audit_connect();

    for (1 .. 3000) {
        my $start = time;
        $ok++ if audit_get($socket, "/a?n=$_") == 200;
        $slow++ if time - $start > 5;
    }

    is($ok, 3000, "$name - all were answered");
    is($slow, 0, "$name - none had to wait");

    audit_error_log($name, qr/wait in the ring \(28: No space left/);

    # make room, and see what is told
    my @before = audit_lines($file);
    open my $cut, ">", $file or die $!;
    close $cut;

    ok((audit_wait { grep { /"event":"gap"/ } audit_lines($file) }),
       "$name - a gap is told");

    my @lines = (@before, audit_lines($file));

    my ($dropped, $kept) = (0, 0);
    for my $line (@lines) {
        my $record = eval { $AuditLines::json->decode($line) } // next;
        $dropped += $record->{dropped} if $record->{event} eq "gap";
        $kept++ if ($record->{target} // "") =~ /n=/;
    }

    # the line that was cut off when the disk was full is begun again
    is($kept + $dropped, 3000, "$name - kept and dropped are all there were");
}


sub full_pipe {
    my ($name) = @_;
    my $socket = audit_connect();
    my ($ok, $slow, $text) = (0, 0, "");

    for (1 .. 1000) {
        my $start = time;
        $ok++ if audit_get($socket, "/a?n=$_") == 200;
        $slow++ if time - $start > 5;
    }

    is($ok, 1000, "$name - all were answered");
    is($slow, 0, "$name - none had to wait");

    $reader->blocking(0);

    my $n;
    audit_wait {
        1 while sysread $reader, $text, 65536, length $text;
        ($n = () = $text =~ /"target":"[^"]*\?n=\d+"/g) == 1000
    };
    is($n, 1000, "$name - all came through the pipe");
    is(scalar(grep { !eval { $AuditLines::json->decode($_) } }
              split /\n/, $text), 0, "$name - whole");
}


sub refused {
    audit_error_log($_[0], qr{writing audit file "/dev/full" failed});
}


sub deleted {
    my $socket = audit_connect();

    sleep 0.1;
    unlink audit_file();
    audit_get($socket, "/a");
    audit_error_log($_[0], qr/audit file "\S+" was deleted while open/);
}


run_tests();

__DATA__

=== TEST 1: a full disk, and room again
--- http_config
    audit_ring 256k;
    audit_flush 10ms;
    audit_file $TEST_NGINX_FULL/audit.jsonl;
--- config
    audit on;
    keepalive_requests 100000;
    location / { return 200 ok; }
--- request
GET /
--- scenario: full_disk



=== TEST 2: /dev/full
--- http_config
    audit_ring 256k;
    audit_flush 10ms;
    audit_file /dev/full;
--- config
    audit on;
    location / { return 200 ok; }
--- request eval
[("GET /") x 20]
--- response_body eval
[("ok") x 20]
--- scenario: refused



=== TEST 3: a pipe that nobody empties, then somebody does
--- http_config
    audit_flush 10ms;
    audit_file $TEST_NGINX_FIFO;
--- config
    audit on;
    keepalive_requests 100000;
    location / { return 200 ok; }
--- request
GET /
--- scenario: full_pipe



=== TEST 4: a file that was deleted
--- config
    audit on;
    location / { return 200 ok; }
--- request
GET /
--- scenario: deleted



=== TEST 5: standard output
--- http_config
    audit_file /dev/stdout;
--- config
    audit on;
    location / { return 200 ok; }
--- request
GET /
--- response_body: ok
--- no_error_log
[error]
[emerg]
