# The harness of faults sees what it is there to see: nodes that break one
# invariant each, on purpose, are found to break that one.
#
# run: alone

use v5.32;
use warnings;
use lib ($ENV{POSTERN_TOP} // ".") . "/t/lib";

use FaultRun;
use Test::More;

my %breaks = (
    "spoilt: accepted twice"      => qr/^no signature or code accepted twice$/,
    "spoilt: let through"         => qr/^nothing let through/,
    "spoilt: record lost"         => qr/^no acknowledged audit record lost/,
    "spoilt: other statuses"      => qr/^honest clients get/,
    "spoilt: beyond the deadline" => qr/^no request beyond its deadline$/,
    "spoilt: a crash"             => qr/^no worker crashed/,
    "spoilt: a leak"              => qr/^no descriptor leaked$/,
    "spoilt: served late"         => qr/^served again within a second$/,
);

my $run = fault_run("--profile spoilt --rounds 8 --seed 722");
my %round = map { $_->{name} => $_ } @{$run->{rounds}};

is($run->{status}, 1, "the run fails");
is($run->{failed}, 8, "in each of its rounds");

for my $name (sort keys %breaks) {
    my @said = @{($round{$name} // { said => [] })->{said}};

    ok(scalar(grep { $_ =~ $breaks{$name} } @said), $name);
    is_deeply([grep { $_ !~ $breaks{$name} } @said], [], "and nothing else");
}

diag($run->{text}) if !Test::More->builder->is_passing;

done_testing();
