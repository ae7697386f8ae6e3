package Shared;

# Where the tests keep shared state: in the zone alone, or with TEST_STORE=redis
# in the Redis of the run as well.  Files that say nothing of Redis themselves
# then run over both, as they are:
#
#     Shared::store()            lines for the http block, behind postern_zone
#     Shared::store($text)       none where this text names a Redis of its own
#
# Every call has keys of its own, as every start of nginx has a zone of its own.

use v5.32;
use strict;
use warnings;

my $calls = 0;


sub redis { return ($ENV{TEST_STORE} // "") eq "redis" }


sub store {
    my ($text) = @_;

    return "" if !redis() || ($text // "") =~ /^\s*postern_redis\b/m;

    die "TEST_STORE=redis: there is no Redis; start with util/run-tests\n"
        if !$ENV{TEST_NGINX_REDIS_PORT};

    $calls++;

    # its deadline is not what these files are about, and the machine is busy

    return "postern_redis redis://127.0.0.1:$ENV{TEST_NGINX_REDIS_PORT}/0"
           . " prefix=t$$-$calls: timeout=5s;";
}


1;
