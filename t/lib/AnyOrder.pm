package AnyOrder;

# With TEST_ORDER=seed the blocks of a file run in an order that the seed says,
# also where the file asks for that in which they stand: none may lean on what an
# earlier one left.  util/run-tests loads this before the file.

use v5.32;
use strict;
use warnings;

delete $ENV{TEST_NGINX_NO_SHUFFLE};

# when all is loaded, and before the file begins

INIT {
    no warnings qw(redefine prototype);
    no strict 'refs';

    *{"main::no_shuffle"} = sub () { return };
    srand($ENV{TEST_ORDER}) if ($ENV{TEST_ORDER} // "") =~ /^\d+$/;
}

1;
