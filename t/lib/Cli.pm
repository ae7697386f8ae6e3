package Cli;

# The program postern, called by tests that stand in a folder of their own.
#
#     $program               where it is
#     run($in, @args)        its exit status (or "signal N"), standard output and
#                            standard error; $in is its input
#     slurp($file)           octets; none where there is no such file
#     spew($file, $text, $mode)

use v5.32;
use strict;
use warnings;

use Cwd qw(abs_path);
use Exporter qw(import);

our @EXPORT = qw($program run slurp spew);

our $program = $ENV{TEST_NGINX_POSTERN}
               // abs_path($ENV{POSTERN_TOP} // ".") . "/build/postern";


sub run {
    my ($in, @args) = @_;

    spew("in", $in);

    my $pid = fork // die;

    if ($pid == 0) {
        open STDIN, "<", "in";
        open STDOUT, ">", "out";
        open STDERR, ">", "err";
        exec $program, @args or exit 127;
    }

    waitpid $pid, 0;

    return ($? & 127 ? "signal " . ($? & 127) : $? >> 8,
            slurp("out"), slurp("err"));
}


sub slurp {
    my ($name) = @_;
    local $/;

    open my $file, "<:raw", $name or return "";

    return <$file> // "";
}


sub spew {
    my ($name, $text, $mode) = @_;

    open my $file, ">:raw", $name or die "$name: $!";
    print $file $text // "";
    close $file;
    chmod $mode // 0644, $name;
}


1;
