package EarlyData;

# Data are early only until the client's Finished has come, and nothing but chance
# says which of the two nginx sees first.  So the client goes through a relay
# that gives it the server's flight after the server has answered and closed:
#
#     early_only($port)    the port of such a relay, for one connection

use v5.32;
use strict;
use warnings;

use Exporter qw(import);
use IO::Socket::INET;
use POSIX ();

our @EXPORT = qw(early_only);


sub early_only {
    my ($port) = @_;
    my $listener = IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 1)
        or die "listen: $!\n";

    my $pid = fork // die "fork: $!\n";

    return $listener->sockport if $pid;

    alarm 20;

    my $client = $listener->accept or POSIX::_exit(1);
    my $server = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port")
        or POSIX::_exit(1);
    my ($flight, $answer) = ("", "");

    until (has_early_data($flight)) {
        sysread $client, $flight, 16384, length $flight or POSIX::_exit(1);
    }

    syswrite $server, $flight;
    1 while sysread $server, $answer, 16384, length $answer;

    syswrite $client, $answer;
    shutdown $client, 1;
    1 while sysread $client, $flight, 16384;

    POSIX::_exit(0);
}


# of the records (RFC 8446, section 5.1) one of application data is whole

sub has_early_data {
    my ($flight) = @_;

    while (length $flight >= 5) {
        my ($type, undef, $len) = unpack "Cnn", $flight;

        return 0 if length $flight < 5 + $len;
        return 1 if $type == 23;

        substr $flight, 0, 5 + $len, "";
    }

    return 0;
}


1;
