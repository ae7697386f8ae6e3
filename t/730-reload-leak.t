# A master that reloads for years must not grow: with every directive of the
# five modules in use, under light load, 40 reloads after the first ten leave no
# descriptor, no thread, no mapping, no locked page and no block of the heap
# behind, in the master as in the worker.  Then the same for reloads that fail,
# and for a worker that takes up as many directories.
#
# The heap is counted to the block by t/leak/heap.c.  With sanitizers
# (util/test-sanitized) that library has no place; LeakSanitizer looks at the
# ends of the same processes there.

use v5.32;
use warnings;
use lib ($ENV{POSTERN_TOP} // ".") . "/t/lib";

use LeakTest;
use PosternStore;
use Test::More;

for my $redis (1, 0) {
    my $name = $redis ? "with Redis" : "alone";
    my $every = LeakTest::everything(redis => $redis);

    LeakTest::start($every);
    reloads($name, $every);
    failing($name, $every);
    changing($name);

    is(join("", LeakTest::complaints()), "", "$name: nothing to complain of");
}

done_testing();


sub reloads {
    my ($name, $every) = @_;

    LeakTest::load();
    LeakTest::steady("$name: 40 reloads",
                     sub { reload_and_load($every) for 1 .. $_[0] });
}


# the directory taken up anew by the worker, and the audit file reopened

sub changing {
    my ($name) = @_;

    LeakTest::steady("$name: 40 changes of the directory",
                     sub { change() for 1 .. $_[0] });
}


sub change {
    LeakTest::take_up();
    LeakTest::reopen();
    LeakTest::load();
}


# a broken configuration: what was made until then is freed again

sub failing {
    my ($name, $every) = @_;

    for my $broken (LeakTest::broken($every)) {
        my ($what, $http, $says) = @$broken;

        # OpenSSL keeps its last 16 errors
        refuse($http, $says) for 1 .. ($what eq "an authority" ? 20 : 2);
        my %before = LeakTest::measure();

        refuse($http, $says) for 1 .. 5;
        LeakTest::same("$name: 5 reloads without $what", \%before,
                       { LeakTest::measure() });
    }

    reload_and_load($every);
}


sub reload_and_load {
    my ($every) = @_;

    LeakTest::reload($every);
    LeakTest::load();
}


sub refuse {
    my ($http, $says) = @_;
    my $seen = error_log(0, $says);

    nginx_reload(0, $http, $LeakTest::one);
    wait_for(sub { error_log(0, $says) > $seen }, 20)
        or die "no word of what is broken: $says\n";
}
