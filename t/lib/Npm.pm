package Npm;

# What tests need of npm: t/e2e/package.json and its lock, into build/e2e.
#
#     Npm::install()      build/e2e/node_modules is there, as the lock says
#     Npm::node(@args)    node, which finds packages there; status and output
#
# Scripts are CommonJS, as only that looks where NODE_PATH says.  Tests run side
# by side: one installs, the others wait.

use v5.32;
use strict;
use warnings;

use Cwd qw(abs_path);
use Digest::SHA ();
use Fcntl qw(:flock);
use File::Basename qw(dirname);
use File::Copy qw(copy);
use File::Path qw(make_path);

our $top = abs_path(dirname(__FILE__) . "/../..");


sub install {
    my $folder = "$top/build/e2e";
    my $mark = "$folder/installed";

    make_path($folder);

    open my $lock, ">", "$folder/lock" or die "$folder/lock: $!\n";
    flock $lock, LOCK_EX or die "$folder/lock: $!\n";

    my $want = Digest::SHA->new(256)
               ->addfile("$top/t/e2e/package-lock.json")->hexdigest;

    return "$folder/node_modules" if (slurp($mark) // "") eq $want;

    copy("$top/t/e2e/$_", $folder) or die "$_: $!\n"
        for qw(package.json package-lock.json);

    system("npm ci --prefix $folder --ignore-scripts --no-audit --no-fund"
           . " >$folder/npm.log 2>&1") == 0
        or die "npm ci: see $folder/npm.log\n";

    open my $out, ">", $mark or die "$mark: $!\n";
    print $out $want;
    close $out or die "$mark: $!\n";

    return "$folder/node_modules";
}


sub node {
    my @args = @_;

    local $ENV{NODE_PATH} = install();

    open my $pipe, "-|", "node", @args or die "node: $!\n";
    binmode $pipe;

    local $/;
    my $out = <$pipe> // "";

    close $pipe;

    return { status => $?, out => $out };
}


sub slurp {
    my ($file) = @_;

    open my $in, "<", $file or return undef;
    local $/;

    return <$in>;
}


1;
