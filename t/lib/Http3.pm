package Http3;

# HTTP/3 for the tests: curl of a newer release of Debian with the libraries
# that it was built with, unpacked beside the build (util/unpack).
#
#     Http3::certificate()               lines of a server block: "listen … quic"
#     my $r = h3("/a", @arguments)       status, version, field, body, exit
#     my @statuses = h3_all($n, "/a", @arguments)
#                                        n of the same on one connection
#
# curl itself asks https://localhost:PORT; what it verifies is not tested here.

use v5.32;
use strict;
use warnings;

use Exporter qw(import);
use File::Temp ();
use POSIX ();

our @EXPORT = qw(h3 h3_all h3_start h3_port);

my $top = $ENV{POSTERN_TOP} // ".";

our (@curl, $dir);


# where its ld.so lies depends on the machine
sub curl {
    return @curl if @curl;

    chomp(my $root = qx($top/util/unpack --whole trixie curl));
    die "there is no curl with HTTP/3\n" if $? || !-x "$root/usr/bin/curl";

    my ($libs) = map { s{/libcurl.so.4$}{}r } glob("$root/usr/lib/*/libcurl.so.4");
    my ($ld) = glob("$libs/ld-linux*.so.*");

    @curl = ($ld, "--library-path", $libs, "$root/usr/bin/curl", "-q");

    my $said = qx(@curl -V);
    die "this curl has no HTTP/3: $said\n" if $said !~ /\bHTTP3\b/;

    return @curl;
}


sub h3_port { return ($ENV{TEST_NGINX_PORT} // 1984) + 2 }


sub certificate {
    my $port = h3_port();

    if (!$dir) {
        $dir = File::Temp->newdir;
        system("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256"
               . " -nodes -days 2 -subj /CN=localhost -keyout $dir/key.pem"
               . " -out $dir/cert.pem 2>$dir/log") == 0
            or die "openssl req: $?\n";
    }

    return "    listen 127.0.0.1:$port quic reuseport;\n"
           . "    listen 127.0.0.1:$port ssl;\n"
           . "    ssl_certificate $dir/cert.pem;\n"
           . "    ssl_certificate_key $dir/key.pem;\n";
}


sub arguments {
    return (curl(), "-sk", "--http3-only", "--path-as-is", "--noproxy", "*",
            "--resolve", "localhost:" . h3_port() . ":127.0.0.1");
}


sub url { return "https://localhost:" . h3_port() . $_[0] }


sub h3 {
    my ($target, @args) = @_;

    open my $in, "-|", arguments(), "-i", "-m", 20, @args, url($target)
        or die "curl: $!\n";

    my $text = do { local $/; <$in> } // "";
    close $in;

    my ($head, $body) = split /\r\n\r\n/, $text, 2;
    my ($first, @lines) = split /\r\n/, $head // "";
    my ($version, $status) = ($first // "") =~ m{^HTTP/(\S+) (\d+)};
    my %field;

    for (@lines) {
        my ($name, $value) = split /:\s*/, $_, 2;
        $field{lc $name} = defined $field{lc $name} ? "$field{lc $name}, $value"
                                                    : $value;
    }

    return { status => $status // 0, version => $version // "",
             field => \%field, body => $body // "", exit => $? >> 8,
             head => $head // "" };
}


sub h3_all {
    my ($n, $target, @args) = @_;

    open my $in, "-|", many($n, $target, @args) or die "curl: $!\n";

    my @statuses = map { chomp; $_ } <$in>;
    close $in;

    return @statuses;
}


# the same, left to itself: its process
sub h3_start {
    my ($n, $target, @args) = @_;
    my $pid = fork // die "fork: $!\n";

    if ($pid == 0) {
        CORE::open STDOUT, ">", "/dev/null";
        { exec many($n, $target, @args) }
        POSIX::_exit(127);
    }

    return $pid;
}


sub many {
    my ($n, $target, @args) = @_;

    return (arguments(), "-Z", "--parallel-max", 100, "-m", 20, "-w",
            "%{http_code}\\n", @args,
            map { ("-o", "/dev/null", url($target)) } 1 .. $n);
}


1;
