package Scratch;

# Files and commands of what makes keys and certificates for tests.
#
#     run($command)        by the shell; dies with what it said where it fails
#     slurp($file)         what is in it
#     spew($file, $text)   writes it, returns its name

use v5.32;
use strict;
use warnings;

use Exporter qw(import);
use File::Temp ();

our @EXPORT = qw(run slurp spew);

my $dir = File::Temp->newdir;


sub run {
    my ($command) = @_;

    system("$command >$dir/log 2>&1") == 0
        or die "$command: $?\n" . slurp("$dir/log");
}


sub slurp {
    my ($file) = @_;

    open my $in, "<", $file or die "$file: $!\n";
    local $/;

    return <$in>;
}


sub spew {
    my ($file, $text) = @_;

    open my $out, ">", $file or die "$file: $!\n";
    print $out $text;
    close $out;

    return $file;
}


1;
