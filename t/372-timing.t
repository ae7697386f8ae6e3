# Does the sign-in page tell by its time who exists?  Thousands of answers, with
# an Argon2id so cheap that whatever else differs would show.
# run: alone

use lib 't/lib';
use MfaTest;
use Timing;
use Test::Nginx::Socket 'no_plan';
use IO::Socket::INET;

add_block_preprocessor(\&MfaTest::defaults);
add_response_body_check(\&MfaTest::client);

# of another program, and of more work than mfa_argon2id asks for
our $strong = '$argon2id$v=19$m=1024,t=2,p=1$c2FsdHNhbHQ$'
              . '0zRYpP98MyteDBNzLzi4kJGJbm9OSUqci+pgJJWcU+0';

# A form that is sent over one connection again and again; returns the status.

sub sender {
    my $b = MfaTest::browser();
    my ($csrf) = $b->page("sign-in")->{body} =~ /name="csrf" value="([^"]*)"/;
    my $cookies = $b->cookies;
    my $cookie = join "; ", map { "$_=$cookies->{$_}" } sort keys %$cookies;
    my $port = MfaTest::port();
    my $socket;

    return sub {
        my ($user, $given) = @_;
        my $body = "csrf=$csrf&user=$user&password=$given";

        $socket //= IO::Socket::INET->new(PeerAddr => "127.0.0.1",
                                          PeerPort => $port);

        print $socket "POST /.postern/sign-in HTTP/1.1\r\nHost: localhost\r\n"
                      . "Accept: text/html\r\nCookie: $cookie\r\n"
                      . "Content-Type: application/x-www-form-urlencoded\r\n"
                      . "Content-Length: " . length($body) . "\r\n\r\n$body";

        my ($status) = (<$socket> // "") =~ m{^HTTP/1.1 (\d+)};
        my ($length, $close) = (0, 0);

        while (defined(my $line = <$socket>)) {
            last if $line eq "\r\n";
            $length = $1 if $line =~ /^Content-Length: (\d+)/i;
            $close = 1 if $line =~ /^Connection: close/i;
        }

        read $socket, my $page, $length;
        undef $socket if $close || !$status;

        return $status // "none";
    };
}

# names of one length for each kind, so many that none comes to its limit

sub names { my ($c) = @_; return map { sprintf "$c%02d", $_ } 10 .. 49 }

sub people {
    return ((map { $_ => MfaTest::person("u1") } names("w")),
            (map { $_ => MfaTest::person("u1", status => '"disabled"') }
             names("d")),
            (map { $_ => MfaTest::person("u1", password => undef) }
             names("p")),
            (map { $_ => MfaTest::person("u1", password => qq("$strong")) }
             names("s")));
}

no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: what is compared tells one distribution from two
--- client
my @a = map { rand } 1 .. 2000;
my @b = map { rand } 1 .. 2000;

cmp_ok abs(Timing::longer(\@a, \@b) - 0.5), "<", 0.05, "one distribution";
is Timing::longer(\@a, \@a), 0.5, "the same";
cmp_ok Timing::longer([map { $_ + 0.2 } @a], \@b), ">", 0.6, "a later one";
is Timing::longer([3, 4], [1, 2]), 1, "always";
is Timing::longer([1, 2], [3, 4]), 0, "never";
is Timing::longer([1, 1], [1, 1]), 0.5, "ties";



=== TEST 2: unknown, disabled, without a password and wrong take the same time
--- people
main::people()
--- client
my $send = main::sender();
my %status;

my @w = main::names("w");
my @d = main::names("d");
my @p = main::names("p");
my @n = main::names("n");
my @s = main::names("s");

my $times = Timing::interleave(2000,
    wrong    => sub { $status{$send->($w[$_[0] % 40], "wrong")}++ },
    nobody   => sub { $status{$send->($n[$_[0] % 40], "wrong")}++ },
    disabled => sub { $status{$send->($d[$_[0] % 40], "wrong")}++ },
    none     => sub { $status{$send->($p[$_[0] % 40], "wrong")}++ },
    strong   => sub { $status{$send->($s[$_[0] % 40], "wrong")}++ });

is_deeply \%status, { 401 => 10000 }, "all were refused";

for my $kind (qw(nobody disabled none)) {
    my $chance = Timing::longer($times->{$kind}, $times->{wrong});

    diag sprintf "%s takes longer than wrong: %.3f", $kind, $chance;
    cmp_ok abs($chance - 0.5), "<", 0.08, "$kind like wrong";
}

cmp_ok Timing::longer($times->{strong}, $times->{wrong}), ">", 0.7,
       "half a millisecond more would be seen";
