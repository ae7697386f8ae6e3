# The installer of packages: what it says where it can do nothing.

use strict;
use warnings;

use File::Copy qw(copy);
use File::Temp qw(tempdir);
use Test::More;

my $top = $ENV{POSTERN_TOP};
my $dir = tempdir(CLEANUP => 1);

mkdir "$dir/util" or die;
chmod 0755, $dir, "$dir/util";

for my $name (qw(install-packages apt-suite)) {
    copy("$top/util/$name", "$dir/util/$name") or die "$name: $!";
    chmod 0755, "$dir/util/$name";
}

spew("$dir/util/packages", "here,both   perl-base\n"
                           . "gone,both   postern-has-no-such-package\n");

my $install = "'$dir/util/install-packages'";
my $nobody = $> == 0 ? "setpriv --reuid=65534 --clear-groups " : "";

says("$install here", 0, qr/\A\z/, "nothing is missing, nothing is said");
says("$install nope", 1, qr/no group "nope"/, "a group that is not there");
says($install, 0, qr/usage:.*groups.*both gone here/s, "no group: usage");
says("$nobody$install both", 1,
     qr/missing: postern-has-no-such-package .*sudo/, "without root");

# a system that is not Debian has no dpkg-query
mkdir "$dir/bin" or die;
symlink "/usr/bin/$_", "$dir/bin/$_"
    for qw(awk bash dirname id printf sed sort grep tr);

says("PATH='$dir/bin' $install both", 1,
     qr/not a Debian system; needed here are: perl-base/, "without apt");

# the mirrors of a machine, whichever form its sources are written in
my %sources = (
    "one line"  => ["list", "deb http://a.example/debian suite main\n"
                            . "deb http://a.example/sec suite-security main\n"],
    "deb822"    => ["sources", "Types: deb deb-src\n"
                               . "URIs: http://a.example/debian\n"
                               . "Suites: suite suite-updates\n"
                               . "Components: main contrib\n"],
    "options"   => ["list", "deb [arch=amd64] http://a.example/debian suite"
                            . " main\n"],
);

for my $form (sort keys %sources) {
    my ($ext, $text) = @{$sources{$form}};
    my $parts = "$dir/$ext.d";

    mkdir $parts;
    spew("$parts/x.$ext", $text);
    spew("$dir/apt.conf", "Dir::Etc::SourceList \"/dev/null\";\n"
                          . "Dir::Etc::SourceParts \"$parts\";\n");

    my $said = qx{APT_CONFIG="$dir/apt.conf" \\
                  bash -c '. "$top/util/apt-suite"; mirrors' 2>&1};

    is($said =~ s{/$}{}mr, "http://a.example/debian\n",
       "the mirror of a machine's sources: $form");
}

# every group that the Makefile asks for is there
my $make = slurp("$top/Makefile");
my %groups = map { $_ => 1 } map { split /,/, (split)[0] }
             grep { /^\w/ } split /\n/, slurp("$top/util/packages");

ok($groups{$_}, "the group $_ of the Makefile")
    for $make =~ /packages-([a-z]+)/g;

done_testing();


sub says {
    my ($command, $status, $words, $name) = @_;
    my $said = qx{$command 2>&1};

    is($? >> 8, $status, "$name: exit status");
    like($said, $words, $name);
}


sub spew {
    my ($path, $text) = @_;

    open my $out, ">", $path or die "$path: $!";
    print $out $text;
    close $out;
}


sub slurp {
    my ($path) = @_;

    open my $in, "<", $path or die "$path: $!";
    local $/;

    return <$in>;
}
