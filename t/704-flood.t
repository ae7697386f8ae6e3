# Floods of requests whose signatures are worth nothing, counted under callgrind
# beside nginx that says 401 to the same bytes.  A refusal costs about what an
# acceptance does and no more; keys that nobody has cost what wrong signatures
# do, in both directions; and nobody can have Ed25519 computed where no key is
# for it.

use v5.32;
use warnings;

use JSON::PP;
use Test::More;

chomp(my $text = qx(bench/hostile --only count --json -) // "");
my $table = eval { JSON::PP->new->utf8->decode($text)->{count} };

ok(ref $table eq "HASH", "the instructions are counted")
    or BAIL_OUT("bench/hostile: $@ $text");

sub spent { return $table->{$_[0]}{sign} }

# most instructions beyond those of bare nginx: the steps that have been taken

my %most = ("missing" => 6_000, "malformed" => 12_000, "expired" => 15_000,
            "unknown key" => 28_000, "bad HMAC" => 28_000,
            "replayed" => 32_000);

for my $flood (sort { $most{$a} <=> $most{$b} } keys %most) {
    my $beyond = spent($flood) - $table->{$flood}{bare};

    cmp_ok($beyond, "<", $most{$flood}, "$flood: $beyond beyond bare nginx");
}

sub alike {
    my ($name, $one, $other) = @_;

    cmp_ok(abs($one - $other), "<", 0.08 * ($one + $other) / 2,
           "$name: $one and $other");
}

alike("nobody's key and a wrong signature", spent("unknown key"),
      spent("bad HMAC"));
alike("nobody's key and a wrong signature, Ed25519",
      spent("unknown key, as if Ed25519"), spent("bad Ed25519"));
alike("nobody's key and a signature too long for the key",
      spent("unknown key, as if Ed25519"), spent("bad HMAC, as if Ed25519"));
alike("nobody's key and a wrong signature, P-256",
      spent("unknown key, as if P-256"), spent("bad P-256"));

alike("nobody's key and a wrong signature, P-384",
      spent("unknown key, as if P-384"), spent("bad P-384"));
alike("nobody's key and a wrong signature, RSA",
      spent("unknown key, as if RSA"), spent("bad RSA"));
alike("nobody's key and a signature too long for the key, RSA",
      spent("unknown key, as if RSA-3072"), spent("bad RSA, too long"));

alike("nobody's key and a wrong signature, RSA, behind one of another length",
      spent("unknown key, as if RSA, behind another"),
      spent("bad RSA, behind another"));

# where keys of both are in use, nobody's is like one of them, by its id

my @both = map { spent("bad $_") } "Ed25519 beside P-256",
                                   "P-256 beside Ed25519";
for my $i (0 .. 3) {
    my $one = spent("unknown key $i, a pair");
    my ($nearest) = sort { abs($a - $one) <=> abs($b - $one) } @both;

    alike("nobody's key $i and a wrong signature of either curve", $one,
          $nearest);
}

cmp_ok(spent("unknown key, as if Ed25519, no such keys"), "<",
       1.1 * spent("unknown key, no such keys"),
       "no Ed25519 where no key is for it");
cmp_ok(spent("bad Ed25519"), ">", 10 * spent("bad HMAC"),
       "and its price where one is, as docs/threat-model.md says");

done_testing();
