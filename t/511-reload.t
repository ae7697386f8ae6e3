# Reload, reopen, stop: nothing is lost on the way from one set of workers or
# one file to the next.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use AuditLines;
use Test::More;
use Time::HiRes qw(sleep);

no_root_location();
master_on();
workers(2);
sub reload {
    my ($name) = @_;

    my @got = audit_load(3, ["/a?n=%s"], sub {
        for (1 .. 8) {
            sleep 0.2;
            kill "HUP", audit_master();
        }
        sleep 0.5;
    });

    audit_once($name, \@got);
}


sub rename_and_reopen {
    my ($name) = @_;
    my $file = audit_file();

    my @got = audit_load(3, ["/a?n=%s"], sub {
        for my $i (1 .. 6) {
            sleep 0.2;
            rename $file, "$file.$i";
            kill "USR1", audit_master();
            audit_wait { -e $file };
        }
        sleep 0.3;
    });

    audit_once($name, \@got, $file, map { "$file.$_" } 1 .. 6);

    cmp_ok(-s $file, ">", 0, "$name - the new file is written");
    is(sprintf("%03o", (stat $file)[2] & 07777), "640",
                   "$name - and is for a few eyes only");
}


sub rename_and_kill {
    my ($name) = @_;
    my $file = audit_file();

    my @got = audit_load(3, ["/a?n=%s"], sub {
        for my $i (1 .. 6) {
            sleep 0.2;
            my @workers = audit_workers();
            rename $file, "$file.$i";
            kill "USR1", audit_master();
            kill "KILL", $workers[rand @workers] if @workers;
            audit_wait { -e $file };
        }
        sleep 0.3;
    });

    audit_once($name, \@got, $file, map { "$file.$_" } 1 .. 6);
}


sub stop {
    my ($name) = @_;

    my $socket = audit_connect();
    audit_get($socket, "/a?n=$_") for 1 .. 20;
    close $socket;

    my $master = audit_master();
    kill "QUIT", $master;
    audit_wait { !kill 0, $master };

    is(scalar(grep { ($_->{target} // "") =~ /n=/ }
                          audit_records()), 20, "$name - all records");
    like((audit_lines())[-1], qr/"event":"stop"/,
                     "$name - and the stop");
}


run_tests();

__DATA__

=== TEST 1: reload under load
--- config
    audit on;
    location / { return 200 ok; }
--- request
GET /
--- scenario: reload
--- audit_event: reload
--- no_error_log
[emerg]
[alert]



=== TEST 2: rename and USR1 under load, as logrotate does
--- config
    audit on;
    location / { return 200 ok; }
--- request
GET /
--- scenario: rename_and_reopen
--- no_error_log
[emerg]
[alert]



=== TEST 3: rename, USR1 and kill -9 together
--- config
    audit on;
    location / { return 200 ok; }
--- request
GET /
--- scenario: rename_and_kill



=== TEST 4: a graceful stop writes everything out
--- http_config
    audit_flush 60s;
--- config
    audit on;
    location / { return 200 ok; }
--- request
GET /
--- scenario: stop
