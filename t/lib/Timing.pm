package Timing;

# Do answers of two kinds take the same time?  Samples are taken in turns, each
# round in another order, so that whatever else the machine does meets all kinds
# alike, and they are compared as distributions, not in milliseconds:
#
#     my $times = Timing::interleave(2000, wrong => sub { … }, nobody => …);
#     Timing::longer($times->{nobody}, $times->{wrong})
#
# is the chance that an answer of the first kind takes longer than one of the
# second (the U of Mann and Whitney over the number of pairs): 0.5 for one
# distribution, whatever its form.  It says what a stranger could make of it: at
# 0.55 a guess from one answer is right 55 times of 100.  Chance alone has a
# standard deviation of about sqrt(1 / (6 * n)), 0.009 for 2,000 of each.

use v5.32;
use strict;
use warnings;

use List::Util qw(shuffle);
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);


# each sub is called n times, with the number of the round

sub interleave {
    my ($n, %kind) = @_;
    my %times;

    for my $round (0 .. $n - 1) {
        for my $name (shuffle sort keys %kind) {
            my $start = clock_gettime(CLOCK_MONOTONIC);

            $kind{$name}->($round);
            push @{$times{$name}}, clock_gettime(CLOCK_MONOTONIC) - $start;
        }
    }

    return \%times;
}


sub longer {
    my ($first, $second) = @_;

    my @all = sort { $a->[0] <=> $b->[0] }
              ((map { [$_, 1] } @$first), (map { [$_, 0] } @$second));
    my ($i, $ranks) = (0, 0);

    while ($i < @all) {
        my $k = $i;

        # ties share their ranks
        $k++ while $k < @all && $all[$k][0] == $all[$i][0];
        $ranks += ($i + $k + 1) / 2 * grep { $_->[1] } @all[$i .. $k - 1];
        $i = $k;
    }

    return ($ranks - @$first * (@$first + 1) / 2) / (@$first * @$second);
}


sub median {
    my ($list) = @_;

    return (sort { $a <=> $b } @$list)[@$list / 2];
}


1;
