# Every module at once, alone and with Redis: signatures of three algorithms
# accepted, replayed and refused, a sign-in with a wrong and the right password,
# guarded requests, pages, role decisions, records; before and after a reload
# and a new directory.
#
# It asserts little beyond that.  Its worth is that all of nginx's life is in
# it, from the first configuration to the end of the last process, for what
# watches that from below: util/test-valgrind and util/test-sanitized.

use v5.32;
use warnings;
use lib ($ENV{POSTERN_TOP} // ".") . "/t/lib";

use LeakTest;
use PosternStore;
use Test::More;

for my $redis (0, 1) {
    my $name = $redis ? "with Redis" : "alone";
    my $every = LeakTest::everything(redis => $redis);

    LeakTest::start($every);

    is(eval { LeakTest::load() } // $@, LeakTest::wanted(), "$name: answers");

    LeakTest::reload($every);
    is(eval { LeakTest::load() } // $@, LeakTest::wanted(),
       "$name: after a reload");

    LeakTest::take_up();
    is(eval { LeakTest::load() } // $@, LeakTest::wanted(),
       "$name: with a new directory");

    my $records = () = PosternStore::slurp(dir() . "/audit.jsonl")
                       =~ /"event":"request"/g;
    cmp_ok($records, ">", 0, "$name: $records requests are recorded");

    my $master = LeakTest::master();
    kill "QUIT", $master;
    ok(wait_for(sub { PosternStore::gone($master) }, 60), "$name: ends");
    is(join("", LeakTest::complaints()), "", "$name: nothing to complain of");
}

done_testing();
