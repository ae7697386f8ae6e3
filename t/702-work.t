# run: alone
#
# Requests as large and as intricate as nginx lets them in, counted under
# callgrind beside bare nginx that gets the same bytes: what a stranger makes a
# worker do is bounded by what he sends, and the answer is a clear one.

use v5.32;
use warnings;

use JSON::PP;
use Test::More;

# Hashing a signature base and sorting a query take their time, and a base is
# hashed for keys that nobody has, too; guarded by anything else, a request that
# is refused is hardly dearer than nginx's own reading of it.

my %most = (sign => [300_000, 30], rbac => [30_000, 5], mfa => [30_000, 3],
            audit => [30_000, 6]);

chomp(my $text = qx(bench/hostile --only work --json -) // "");
my $table = eval { JSON::PP->new->utf8->decode($text)->{work} };

ok(ref $table eq "HASH", "the instructions are counted")
    or BAIL_OUT("bench/hostile: $@ $text");
cmp_ok(scalar keys %$table, ">", 30, "shapes of requests");

for my $shape (sort keys %$table) {
    my $row = $table->{$shape};
    my $bare = $row->{bare}{instructions};

    for my $place (sort keys %most) {
        my ($fixed, $times) = @{$most{$place}};
        my $spent = $row->{$place}{instructions};

        cmp_ok($spent, "<", $fixed + $times * $bare,
               "$shape, $place: at most $times times bare nginx ($bare)");
        like($row->{$place}{status}, qr/\A(?:400|401|403|413|414|431)\z/,
             "$shape, $place: a clear answer");
    }
}

done_testing();
