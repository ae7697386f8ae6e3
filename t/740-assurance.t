# What the pages say is proven by a test is: each file that they name exists, and
# has the case whose words they use.

use v5.32;
use warnings;

use Test::More;

my $top = $ENV{POSTERN_TOP};

sub slurp {
    my ($path) = @_;

    open my $in, "<", $path or return;
    local $/;

    return <$in>;
}

sub plain {
    return lc $_[0] =~ s/[`\\]//gr =~ s/\s+/ /gr =~ s/^ | $//gr;
}

# the last cells of the tables of a page, each with the number of its line
sub cells {
    my ($page) = @_;
    my $n = 0;
    my @cells;

    for my $line (split /\n/, slurp("$top/docs/$page")) {
        $n++;
        my @row = split /(?<!\\)\|/, $line;
        push @cells, [$n, $row[-1]] if $line =~ /^\|.*\|$/;
    }

    return @cells;
}

# where a name leads: to a file of t/, or to a target of make
sub found {
    my ($name) = @_;

    if ($name =~ /^make ([a-z-]+)/) {
        return slurp("$top/Makefile") =~ /^\Q$1\E:/m ? "" : undef;
    }

    return slurp("$top/t/$name") // slurp("$top/t/$name.t");
}

for my $page (qw(assurance.md mfa-standards.md threat-model.md)) {
    my $named = 0;

    for (cells($page)) {
        my ($n, $cell) = @$_;
        my $text;

        for my $part (split /;/, $cell) {
            my @names = $part =~ /`([^`]+)`/g;
            my ($words) = $part =~ /^[^:]*`\s*:(.*)/s;

            $words //= $part =~ /`/ ? "" : $part;

            for my $name (grep { m{^(?:\d{3}-|unit/|make )} } @names) {
                $text = found($name);
                $named++;
                ok(defined $text, "$page:$n: there is $name");
            }

            next if $words !~ /\w/ || !defined $text;
            ok(index(plain($text), plain($words)) >= 0,
               "$page:$n: a case says \"" . plain($words) . "\"");
        }
    }

    cmp_ok($named, '>', 30, "$page names its tests");
}

done_testing();
