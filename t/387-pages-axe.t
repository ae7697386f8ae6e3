# The pages of mfa as axe-core sees them, in a real browser.

use strict;
use warnings;

exec "$ENV{POSTERN_TOP}/t/e2e/axe" or die "t/e2e/axe: $!\n";
