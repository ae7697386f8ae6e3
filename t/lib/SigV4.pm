package SigV4;

# For tests of SigV4 with real clients: the application (t/e2e/store.js) and the
# clients, which are scripts that print TAP.
#
#     store()              starts the application, once; the port
#     script($file, @args) runs t/e2e/$file, each of its lines one assertion:
#                          by node, Python or Ruby, as its name says
#     presigned(%request)  target of a presigned URL: service, region, expires,
#                          created, hash (UNSIGNED-PAYLOAD for S3), secret
#     chunked(%request)    header lines and body of an upload in aws-chunked:
#                          chunks => [payload ...], and as with Postern::sigv4;
#                          trailers => [[name, value] ...]; plain => 1 does not
#                          sign the chunks; repeat => payload, times => n in
#                          place of chunks gives a list of the lines in front
#                          of chunks instead of a body

use v5.32;
use strict;
use warnings;

use Digest::SHA qw(hmac_sha256 hmac_sha256_hex sha256_hex);
use Exporter qw(import);
use IO::Select;
use POSIX ();
use Npm ();
use Postern ();
use Test::More ();

our @EXPORT = qw(store script chunked presigned);

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

    my %with = (py => "/usr/bin/python3", rb => "ruby");
    my $program = $with{$file =~ s/.*\.//r};

    my $r = $program ? run($program, "$Npm::top/t/e2e/$file", @args)
                     : Npm::node("$Npm::top/t/e2e/$file", @args);
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


sub run {
    open my $pipe, "-|", @_ or die "$_[0]: $!\n";
    local $/;
    my $out = <$pipe> // "";

    close $pipe;

    return { status => $?, out => $out };
}


sub presigned {
    my %r = (method => "GET", target => "/", authority => "localhost",
             service => "s3", region => "eu-central-1", expires => 60,
             hash => "UNSIGNED-PAYLOAD", created => time,
             keyid => "AK1", secret => $Postern::secret, @_);

    my $date = POSIX::strftime("%Y%m%dT%H%M%SZ", gmtime $r{created});
    my $scope = join "/", substr($date, 0, 8), $r{region}, $r{service},
                          "aws4_request";
    my ($path, $query) = split /\?/, $r{target}, 2;

    $query = join "&", sort "X-Amz-Algorithm=AWS4-HMAC-SHA256",
        "X-Amz-Credential=$r{keyid}%2F" . $scope =~ s{/}{%2F}gr, "X-Amz-Date=$date",
        "X-Amz-Expires=$r{expires}", "X-Amz-SignedHeaders=host",
        split /&/, $query // "";

    my $canonical = join "\n", $r{method}, $path, $query,
                               "host:$r{authority}", "", "host", $r{hash};

    my $key = "AWS4$r{secret}";
    $key = hmac_sha256($_, $key) for split m{/}, $scope;

    return "$path?$query&X-Amz-Signature="
           . hmac_sha256_hex(join("\n", "AWS4-HMAC-SHA256", $date, $scope,
                                  sha256_hex($canonical)), $key);
}


sub chunked {
    my %r = @_;
    my ($repeat, $times) = delete @r{qw(repeat times)};
    my @chunks = @{delete $r{chunks} // []};
    my @trailers = @{delete $r{trailers} // []};
    my $plain = delete $r{plain};
    my $length = delete $r{length};

    my $hash = $plain ? "STREAMING-UNSIGNED-PAYLOAD"
                      : "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";

    $hash .= "-TRAILER" if @trailers || $plain;
    $length //= $times ? $times * length $repeat : length join "", @chunks;

    my $lines = Postern::sigv4(
        method => "PUT", service => "s3", hash => $hash, %r,
        headers => [["x-amz-decoded-content-length", $length],
                    ["content-encoding", "aws-chunked"],
                    @trailers || $plain
                    ? ["x-amz-trailer", join ",", map { $_->[0] } @trailers]
                    : (),
                    @{$r{headers} // []}]);

    my ($previous) = $lines =~ /Signature=([0-9a-f]+)/;
    my ($scope, $day, $region) = $lines =~ m{Credential=\w+/((\d+)/([^/]+)[^,]+)};
    my ($date) = $lines =~ /x-amz-date: (\w+)/;

    my $key = "AWS4" . ($r{secret} // $Postern::secret);
    $key = hmac_sha256($_, $key) for $day, $region, "s3", "aws4_request";

    my $sign = sub {
        my ($kind, @hashes) = @_;

        return $previous = hmac_sha256_hex(
            join("\n", "AWS4-HMAC-SHA256-$kind", $date, $scope, $previous,
                 @hashes), $key);
    };

    if ($times) {
        my @hashes = ((sha256_hex($repeat)) x $times, sha256_hex(""));
        my @sizes = ((sprintf "%x", length $repeat) x $times, 0);

        return ($lines,
                [map { "$sizes[$_];chunk-signature="
                       . $sign->("PAYLOAD", sha256_hex(""), $hashes[$_])
                       . "\r\n" } 0 .. $times]);
    }

    my $body = "";

    for my $chunk (@chunks, "") {
        my $signature = $plain ? ""
            : ";chunk-signature="
              . $sign->("PAYLOAD", sha256_hex(""), sha256_hex($chunk));

        $body .= sprintf "%x%s\r\n", length $chunk, $signature;
        $body .= "$chunk\r\n" if length $chunk;
    }

    $body .= "$_->[0]:$_->[1]\r\n" for @trailers;

    if (@trailers && !$plain) {
        my $text = join "", map { "$_->[0]:$_->[1]\n" } @trailers;

        $body .= "x-amz-trailer-signature:"
                 . $sign->("TRAILER", sha256_hex($text)) . "\r\n";
    }

    return ($lines, "$body\r\n");
}


1;
