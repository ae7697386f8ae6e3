package FaultRun;

# A short run of the faults of t/fault, and what came of it.

use v5.32;
use strict;
use warnings;

use Cwd qw(abs_path);
use Exporter qw(import);
use File::Basename qw(dirname);
use Test::More;

our @EXPORT = qw(fault_run holds);

my $top = abs_path(dirname(__FILE__) . "/../..");


# fault_run(options): { status, text, passed, failed, held: { invariant =>
# [looked at, breaches] }, rounds: [ { name, failed, said: [invariants] } ] }

sub fault_run {
    my ($options) = @_;
    my %run = (text => scalar `timeout -k 10 300 $top/t/fault/run $options 2>&1`,
               rounds => []);

    $run{status} = $? >> 8;
    @run{qw(passed failed)} = $run{text} =~ /^(\d+) passed, (\d+) failed$/m;

    for my $line (split /\n/, $run{text}) {
        if ($line =~ /^ *\d+ \w+ +(.*?) +[\d.]+ s, served .*?(FAILED)?$/) {
            push @{$run{rounds}}, { name => $1, failed => !!$2, said => [] };

        } elsif ($line =~ /^      ([^:]+): / && @{$run{rounds}}) {
            push @{$run{rounds}[-1]{said}}, $1;

        } elsif ($line =~ /^(\S.*?) {2,}(\d+) +(?:[\d.]+(?: s)? +)?(\d+)$/) {
            $run{held}{$1} = [$2, $3];
        }
    }

    return \%run;
}


# every invariant held, and something was there to look at

sub holds {
    my ($run, $rounds) = @_;

    is($run->{status}, 0, "the run ends well");
    is($run->{failed}, 0, "no round failed");
    is($run->{passed}, $rounds, "$rounds passed");
    is(scalar @{$run->{rounds}}, $rounds, "one line each");

    for my $name ("no signature or code accepted twice",
                  "nothing let through that policy denies",
                  "no acknowledged audit record lost or doubled",
                  "no request beyond its deadline",
                  "no descriptor leaked",
                  "served again within a second",
                  "honest clients get 200, or 503",
                  "no worker crashed, no alert")
    {
        my ($looked, $breaches) = @{$run->{held}{$name} // [0, 1]};

        cmp_ok($looked, ">", 0, "$name: looked at") if $name !~ /crash/;
        is($breaches, 0, "$name: not breached");
    }

    diag($run->{text}) if !Test::More->builder->is_passing;
}

1;
