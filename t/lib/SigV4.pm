package SigV4;

# For tests of SigV4 with real clients: the application (t/e2e/store.js) and the
# clients, which are scripts that print TAP.
#
#     store()              starts the application, once; the port
#     script($file, @args) runs t/e2e/$file, each of its lines one assertion

use v5.32;
use strict;
use warnings;

use Exporter qw(import);
use IO::Select;
use Npm ();
use Test::More ();

our @EXPORT = qw(store script);

my ($pid, $pipe);


sub store {
    my $port = ($ENV{TEST_NGINX_PORT} // 1984) + 3;

    return $port if $pid;

    $pid = open $pipe, "-|", "node", "$Npm::top/t/e2e/store.js", $port
        or die "node: $!\n";

    IO::Select->new($pipe)->can_read(20) && (<$pipe> // "") =~ /ready/
        or die "the store does not start\n";

    return $port;
}


END {
    if ($pid) {
        local $?;
        kill TERM => $pid;
        waitpid $pid, 0;
    }
}


sub script {
    my ($file, @args) = @_;

    my $r = Npm::node("$Npm::top/t/e2e/$file", @args);
    my ($plan, $ran) = (-1, 0);

    for (split /\n/, $r->{out}) {
        if (/^(not )?ok \d+ - (.*)/) {
            Test::More::ok(!$1, $2);
            $ran++;

        } elsif (/^1\.\.(\d+)$/) {
            $plan = $1;

        } else {
            Test::More::diag($_);
        }
    }

    Test::More::is($r->{status}, 0, "$file ended well");
    Test::More::is($plan, $ran, "$file ran to its end");
}


1;
