# How guesses are counted: before the check, under the user's own name, by lane
# and by address, with waits that grow.

use v5.32;
use warnings;
use lib ($ENV{POSTERN_TOP} // ".") . "/t/lib";

use MfaProve;
use PosternStore;
use Test::More;
use Time::HiRes qw(sleep time);

my %alice = (name => "alice");
my %right = (given => $password);
my %wrong = (given => "a wrong password");

# an answer without how long to wait, where that is about half a minute

sub told {
    my ($answer) = ask(0, @_);

    return $answer =~ s/^wait (?:2\d|30)$/wait/r;
}


redis(8);

for my $redis (0, 1) {
    my $where = $redis ? "with Redis" : "in the zone";

    node(0, redis => $redis);

    # the count

    is(ask(0, "pwd", %alice, %right), "yes", "the right password, $where");

    is_deeply([map { told("pwd", %alice, %wrong) } 1 .. 5], [("no") x 5],
              "five guesses are free");
    like(ask(0, "pwd", %alice, %wrong), qr/^wait (30|29)$/, "then there is a wait");
    like(ask(0, "pwd", %alice, %right), qr/^wait (30|29)$/,
         "for the right one as well");
    is(ask(0, "pwd", name => "bob", %right), "yes", "and nobody else");

    # lanes

    my @lane = (lane => "AAAAAAAAAAAAAAAA");

    is(ask(0, "pwd", %alice, %right, @lane), "yes",
       "a known device has a lane of its own");
    like(ask(0, "pwd", %alice, %right), qr/^wait/,
         "its success opens nothing to strangers");
    is_deeply([map { told("pwd", %alice, %wrong, @lane) } 1 .. 5],
              [("no") x 5], "its guesses are counted");
    like(ask(0, "pwd", %alice, %right, @lane), qr/^wait/, "and end");
    is(ask(0, "pwd", %alice, %right, lane => "BBBBBBBBBBBBBBBB"), "yes",
       "without shutting the lane of another device");

    # nobody's guesses

    for my $name ("nobody", "off", "none", "x" x 300, "") {
        my $short = length $name > 20 ? "a long name" : "\"$name\"";

        is_deeply([map { told("pwd", name => $name, %right) } 1 .. 6],
                  [("no") x 5, "wait"], "$short is counted like a user");
    }

    is(ask(0, "pwd", org => "nowhere", name => "alice", %right), "no",
       "so is an organization that is not there");

    # success forgets

    is_deeply([map { told("pwd", name => "bob", given => $_) }
               ("x") x 4, $password, ("x") x 5, $password],
              [("no") x 4, "yes", ("no") x 5, "wait"],
              "the right password forgets the guesses before it");

    # kinds apart

    is_deeply([map { told("otp", %alice, given => "000000") } 1 .. 6],
              [("no") x 5, "wait"], "codes have a count of their own");
    is_deeply([map { told("recovery", %alice, given => "AAAA-AAAA-AAAA-AAAA") }
               1 .. 6], [("no") x 5, "wait"], "so do recovery codes");

    # an administrator's help

    is(ask(0, "forget", %alice), "yes", "all counts are forgotten");
    is(ask(0, "pwd", %alice, %right), "yes", "of passwords");
    is(ask(0, "otp", %alice, given => totp()), "yes", "of codes");
    is(told("pwd", %alice, %right, @lane), "wait", "not of a lane");
    is(ask(0, "forget", %alice, @lane), "yes", "unless it is named");
    is(ask(0, "pwd", %alice, %right, @lane), "yes", "then it is");
    is(ask(0, "forget", name => "nobody"), "no", "nobody has none");
}


# waits grow, and codes come to an end

node(0, limit => "free=1 wait=1s max_wait=2s attempts=4 address=6000r/m");

my @got;

for (1 .. 6) {
    my $began = time;
    my $answer;

    while (($answer = ask(0, "otp", %alice, given => "000000")) =~ /^wait [12]$/) {
        sleep 0.1;
    }

    push @got, [$answer, time - $began];
}

is_deeply([map { $_->[0] } @got], [("no") x 4, "wait 0", "wait 0"],
          "four codes, then no more");
cmp_ok($got[1][1], ">", 0.8, "one second before the second");
cmp_ok($got[2][1], ">", 1.8, "two before the third");
cmp_ok($got[3][1], "<", 8, "and no more than two before the fourth, which it says");
is(ask(0, "otp", %alice, given => totp()), "wait 0",
   "not for the right one either");
is(ask(0, "otp", %alice, given => totp(), lane => "AAAAAAAAAAAAAAAA"), "yes",
   "a known device goes on");

@got = ();

while (@got < 5) {
    my $answer = ask(0, "pwd", %alice, %wrong);

    if ($answer =~ /^wait/) {
        is($answer =~ /^wait [12]$/ ? 1 : $answer, 1, "a wait that ends")
            if $answer !~ /^wait [12]$/;
        sleep 0.2;
        next;
    }

    push @got, $answer;
}

is_deeply(\@got, [("no") x 5], "passwords come to no end");


# addresses

my $real = "set_real_ip_from 127.0.0.1; real_ip_header X-Real-IP;";

node(0, limit => "address=3r/m", server => $real);

sub from {
    my ($address, @more) = @_;
    state $name = "a";

    return ask(0, "pwd", name => $name++, %wrong, @more,
               headers => ["X-Real-IP: $address"]);
}

is_deeply([map { from("192.0.2.1") =~ s/ .*//r } 1 .. 5],
          ["no", "no", "no", "wait", "wait"],
          "an address has so many guesses, whoever they are for");
is(from("192.0.2.2"), "no", "its neighbour has its own");
is(from("::ffff:192.0.2.1") =~ s/ .*//r, "wait",
   "IPv4 written as IPv6 is the same address");
is(from("192.0.2.1", lane => "AAAAAAAAAAAAAAAA"), "no",
   "a known device is not held up by its neighbours");

is_deeply([map { from($_) =~ s/ .*//r }
           "2001:db8:1:1::1", "2001:db8:1:1::2", "2001:db8:1:1:9::3",
           "2001:db8:1:1:ffff:ffff:ffff:ffff", "2001:db8:1:2::1"],
          ["no", "no", "no", "wait", "no"],
          "an IPv6 address stands for its /64");
is(ask(0, "otp", %alice, given => totp(), headers => ["X-Real-IP: 192.0.2.1"]),
   "yes", "codes, behind a password, do not count by address");


# counter splitting: CVE-2025-24806, CVE-2026-47203, CVE-2026-9798

node(0);

my $name = "J\x{fc}rgen";

is(ask(0, "pwd", name => $name, %right), "yes", "a name with an umlaut");
ask(0, "pwd", name => $name, %wrong) for 1 .. 5;
like(ask(0, "pwd", name => $name, %right), qr/^wait/, "is shut");

my @spellings = ("j\x{fc}rgen", "J\x{dc}RGEN", "Ju\x{308}rgen", " $name",
                 "$name ", "$name\0", "$name\n", "J\x{fc}r\x{ad}gen",
                 "\x{ff2a}\x{fc}rgen", "acme/$name", "$name/", "./$name",
                 "J%C3%BCrgen", "$name\@acme");

isnt(ask(0, "pwd", name => $_, %right), "yes", "no other spelling opens it")
    for @spellings;

# a name that looks like another one's lane

ask(0, "pwd", name => "bob/AAAAAAAAAAAAAAAA", %wrong) for 1 .. 6;
is(ask(0, "pwd", name => "bob", %right), "yes", "names with a slash reach nobody");


# NFC: the same password from another keyboard

node(0, users => { eve => user(password =>
    '$argon2id$v=19$m=64,t=1,p=1$t2wIQz1ifaixBeJlYhxzlg$'
    . 'REKwj5rKW+BMlnZdeETdLR1zPh5RmK+qUHpcqx2LKZQ') });

is(ask(0, "pwd", name => "eve", given => $_->[1]), "yes", "a password $_->[0]")
    for ["composed", "caf\x{e9} cr\x{e8}me br\x{fb}l\x{e9}e"],
        ["decomposed", "cafe\x{301} cre\x{300}me bru\x{302}le\x{301}e"];

is(ask(0, "pwd", name => "eve", given => $_), "no", "what is no password is wrong")
    for "", \"\xff\xfe", "a\0b", "y" x 1024, "y" x 5000;


nginx_stop(0);
is(join("", error_log(0, qr/\[(alert|emerg|crit|error)\]/)), "",
   "nothing was wrong");

done_testing();
