# The commands that make people known: hash, totp, recovery and user.  What they
# print is taken by others than us, and what others make by them: oathtool for
# one-time codes, libargon2 for hashes, zbarimg for QR codes.

use strict;
use warnings;
use utf8;

use Encode qw(encode_utf8);
use File::Temp qw(tempdir);
use JSON::PP;
use Test::More;

my $top     = $ENV{POSTERN_TOP} // ".";
my $program = $ENV{TEST_NGINX_POSTERN} // "$top/build/postern";
my $dir     = tempdir(CLEANUP => 1);
my $good    = "tr0ub4dor & 3 staples";

chdir $dir or die;
umask 077;
delete $ENV{TERM};


# status, standard output, standard error of the program; $in is its input

sub run {
    my ($in, @args) = @_;

    spew("in", $in);

    my $pid = fork // die;

    if ($pid == 0) {
        open STDIN, "<", "in";
        open STDOUT, ">", "out";
        open STDERR, ">", "err";
        exec $program, map { encode_utf8($_) } @args or exit 127;
    }

    waitpid $pid, 0;

    return ($? & 127 ? "signal " . ($? & 127) : $? >> 8,
            slurp("out"), slurp("err"));
}

sub slurp {
    my ($name) = @_;
    local $/;

    open my $file, "<:encoding(UTF-8)", $name or return "";

    return <$file> // "";
}

sub spew {
    my ($name, $text) = @_;

    open my $file, ">:encoding(UTF-8)", $name or die "$name: $!";
    print $file $text // "";
    close $file;
}

sub done {
    my ($name, $in, @args) = @_;
    my ($status, $out, $err) = run($in, @args);

    is($status, 0, $name) or diag($err);

    return ($out, $err);
}

sub refused {
    my ($name, $want, $like, $in, @args) = @_;
    my ($status, $out, $err) = run($in, @args);

    is($status, $want, "$name: status");
    like($err, $like, "$name: says why");
    is($out, "", "$name: prints nothing");
}

sub json { return JSON::PP->new->decode($_[0]) }

# what a command of somebody else prints

sub other {
    my (@args) = @_;

    open my $pipe, "-|", @args or die "$args[0]: $!";
    my @lines = <$pipe>;
    close $pipe;
    chomp @lines;

    return wantarray ? @lines : $lines[0];
}

# a directory of one user, alice of acme, with these factors

sub directory {
    my ($factors) = @_;

    spew("d.json", JSON::PP->new->encode({ version => 1, organizations => {
        acme => { users => { alice => { factors => $factors } } } } }));

    return "d.json";
}

sub verify {
    my ($code, @args) = @_;

    return run("", "totp", "--org", "acme", "--user", "alice", "--directory",
               "d.json", "--verify", $code, @args);
}

done("master keys", "", "master-key", "--id", "m1", "--add", "mk");


# --- hash ---------------------------------------------------------------------

my ($hash) = done("hash", "$good\n", "hash");

like($hash, qr{^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}
              \$[A-Za-z0-9+/]{43}\n\z}x, "OWASP's parameters, our default");
isnt((run("$good\n", "hash"))[1], $hash, "another salt each time");

# by the reference implementation: 0 where the password is the one of the hash

sub argon2 {
    my ($hash, $password) = @_;

    chomp $hash;

    return other("python3", "-c", << 'END', $hash, $password);
import ctypes, sys
text, password = sys.argv[1].encode(), sys.argv[2].encode()
print(ctypes.CDLL("libargon2.so.1").argon2id_verify(text, password,
                                                    len(password)))
END
}

is(argon2($hash, $good), 0, "the reference implementation verifies it");
isnt(argon2($hash, "$good!"), 0, "with no other password");

is((done("line break of a terminal", "$good\r\n", "hash"))[0] =~ /^\$argon2id/,
   1, "CR LF is dropped");
like((done("stronger", $good, "hash", "--memory", "46m", "--passes", "1"))[0],
     qr/m=47104,t=1,p=1/, "--memory and --passes");
like((done("weaker", $good, "hash", "--memory", "1024k", "--passes", "1",
           "--insecure-argon2id"))[0], qr/m=1024,t=1,p=1/,
     "--insecure-argon2id");

refused("too weak a hash", 2, qr/OWASP asks for --memory 47104k/, $good,
        "hash", "--passes", "1");
refused("one KiB less", 2, qr/--memory 7168k with --passes 6/, $good, "hash",
        "--memory", "7167k", "--passes", "6");
like((done("as OWASP has it", $good, "hash", "--memory", "7168k", "--passes",
           "6"))[0], qr/m=7168,t=6,p=1/, "for many passes less memory");
refused("memory, $_", 2, qr/--memory must be a size from 8k to 1024m/, $good,
        "hash", "--memory", $_)
    for "19456", "7k", "0m", "1025m", "k", "-1m", "99999999999999999999m", "";
refused("passes, $_", 2, qr/--passes must be 1 to 16/, $good, "hash",
        "--passes", $_) for "0", "17", "two", "";

refused("short", 1, qr/too short.*--insecure-any-password/, "s3cr3t!\n",
        "hash");
refused("empty", 1, qr/too short/, "", "hash");
refused("common", 1, qr/among those that are tried first/, "Password1\n",
        "hash");
refused("the user's name", 1, qr/is a name of this user/, "alice.doe1\n",
        "hash", "--user", "alice.doe");
refused("the user's mail", 1, qr/is a name of this user/,
        "alice\@acme.example\n", "hash", "--email", "alice\@acme.example");
refused("a tab", 1, qr/holds control characters\n/, "tr0ub4dor\t3 staples\n",
        "hash");
refused("too long", 1, qr/bytes/, "x" x 1100, "hash",
        "--insecure-any-password");
refused("on the command line", 2, qr/list of processes/, "", "hash", $good);
like((done("any password", "password1\n", "hash",
           "--insecure-any-password"))[0], qr/^\$argon2id/,
     "--insecure-any-password");
refused("none is no password", 1, qr/too short/, "\n", "hash",
        "--insecure-any-password");
done("eight characters of two bytes", "äöüßÄÖÜé\n", "hash");


# --- totp: codes of oathtool --------------------------------------------------

my %base32 = (
    sha1   => "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
    sha256 => "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZA",
    sha512 => "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
              . "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNA");

my @otp = ("totp", "--org", "acme", "--user", "alice", "--master-key", "mk");

for my $algorithm (sort keys %base32) {

    for my $digits (6, 8) {

        for my $at (0, 59, 1111111109, 20000000000) {
            my $name = "$algorithm, $digits digits, at $at";
            my $code = other("oathtool", "--totp=$algorithm", "--base32",
                             "--digits=$digits", "--now=\@$at",
                             $base32{$algorithm});
            my ($out, $err) = done($name, $base32{$algorithm}, @otp,
                                   "--import", "--algorithm", $algorithm,
                                   "--digits", $digits, "--at", $at);

            like($err, qr/^compare   $code, /m, "$name: oathtool's code");

            directory({ totp => [json($out)] });
            my ($status, $said) = verify($code, "--master-key", "mk", "--at",
                                         $at);
            is($status, 0, "$name: accepted");
            like($said, qr/^yes: totp\[0\], the code of this very time/,
                 "$name: said so");
        }
    }
}

{
    my ($out, $err) = done("a period of a minute", $base32{sha1}, @otp,
                           "--import", "--period", 60, "--at", 1000000001);
    my $code = other("oathtool", "--totp", "--base32", "--time-step-size=60s",
                     "--now=\@1000000001", $base32{sha1});

    like($err, qr/^compare   $code, for another 19 seconds$/m,
         "oathtool's code, and how long it lasts");
    is(json($out)->{period}, 60, "the entry says so");
}

# ahead and behind

{
    my ($out) = done("an authenticator", $base32{sha1}, @otp, "--import",
                     "--device", "Téléphone");
    my $at = 1700000000;

    is(json($out)->{name}, "Téléphone", "the device has its name");
    directory({ totp => [json($out)] });

    for my $case ([-30, 0, "yes: totp[0] (Téléphone), 1 step of 30 seconds "
                           . "behind"],
                  [30, 0, "yes: totp[0] (Téléphone), 1 step of 30 seconds "
                          . "ahead"],
                  [-60, 1, "no: totp[0] (Téléphone), 2 steps of 30 seconds "
                           . "behind"],
                  [300, 1, "no: totp[0] (Téléphone), 10 steps of 30 seconds "
                           . "ahead"],
                  [330, 1, "no: not a code of this user"])
    {
        my ($off, $want, $text) = @$case;
        my $code = other("oathtool", "--totp", "--base32",
                         "--now=\@" . ($at + $off), $base32{sha1});
        my ($status, $said) = verify($code, "--master-key", "mk", "--at", $at);

        is($status, $want, "$off seconds off");
        is((split /\n/, $said)[0], $text, "$off seconds off: said so");
    }

    is((verify("12345", "--master-key", "mk"))[0], 1, "five digits");
    is((verify("123x56", "--master-key", "mk"))[0], 1, "a letter");
    is((verify("", "--master-key", "mk"))[0], 1, "nothing");

    my ($status, $said, $err) = verify("123456");
    is($status, 1, "sealed, and no master key");
    like($err, qr/does not open: .*--master-key is missing/, "says so");
    is($said, "", "and nothing about the code");
}


# --- totp: a new one ----------------------------------------------------------

{
    my ($out, $err) = done("a new authenticator", "", @otp, "--device",
                           "Phone", "--issuer", "Acme & Söhne");
    my $entry = json($out);

    is_deeply([sort keys %$entry],
              [qw(algorithm digits name period secret)], "its members");
    like($entry->{secret}, qr/^sealed:m1:/, "the secret is sealed");
    is("$entry->{name} $entry->{algorithm} $entry->{digits} $entry->{period}",
       "Phone sha1 6 30", "what every application knows");

    my ($secret) = $err =~ /^secret    ([A-Z2-7 ]+)$/m;
    my ($uri) = $err =~ /^address   (\S+)$/m;
    my ($code) = $err =~ /^compare   (\d{6}), for another \d+ seconds$/m;

    like($secret, qr/^(?:[A-Z2-7]{4} ){7}[A-Z2-7]{4}$/, "in groups of four");
    (my $joined = $secret) =~ tr/ //d;
    is($uri, "otpauth://totp/Acme%20%26%20S%C3%B6hne:alice?secret=$joined"
             . "&issuer=Acme%20%26%20S%C3%B6hne&algorithm=SHA1&digits=6"
             . "&period=30", "the address");

    my @near = other("oathtool", "--totp", "--base32", "--window=1",
                     '--now=@' . (time - 30), $joined);
    ok((grep { $_ eq $code } @near), "the code to compare is oathtool's");

    is(picture($err), $uri, "a reader reads the QR code on the terminal");
    unlike($out, qr/$joined/, "the secret is not in what the directory gets");

    directory({ totp => [$entry] });
    my ($status) = verify(other("oathtool", "--totp", "--base32", $joined),
                          "--master-key", "mk");
    is($status, 0, "a code of it is accepted");
    done("postern check takes it", "", "check", "--master-key", "mk",
         "d.json");
}

# rasterises the QR code of a terminal and has it read

sub picture {
    my ($text) = @_;
    my @lines = grep { /[█▀▄]/ } split /\n/, $text;
    my $scale = 3;
    my @rows;

    for my $line (@lines) {
        my (@upper, @lower);

        for my $char (split //, $line) {
            push @upper, ($char =~ /[█▀]/ ? 255 : 0) x $scale;
            push @lower, ($char =~ /[█▄]/ ? 255 : 0) x $scale;
        }

        push @rows, (\@upper) x $scale, (\@lower) x $scale;
    }

    spew("qr.pgm", "P2 " . @{ $rows[0] } . " " . @rows . " 255\n"
                   . join("\n", map { join " ", @$_ } @rows) . "\n");

    return other("zbarimg", "-q", "--nodbus", "--raw", "qr.pgm");
}

{
    my %size = (sha1 => 32, sha256 => 52, sha512 => 103);

    for my $algorithm (sort keys %size) {
        my ($out, $err) = done("$algorithm", "", @otp, "--algorithm",
                               $algorithm);

        $err =~ /^secret    (.*)$/m;
        (my $secret = $1) =~ tr/ //d;
        is(length $secret, $size{$algorithm},
           "$algorithm: a secret as long as the hash");
    }
}

{
    my ($out, $err) = done("without a master key", "", "totp", "--org", "acme",
                           "--user", "alice");

    like(json($out)->{secret}, qr/^base64:/, "the secret lies open");
    like($err, qr/^postern: no --master-key: .*for first steps only/,
         "and that is said");
}

{
    local $ENV{TERM} = "xterm";
    unlike((done("not a terminal", "", @otp))[1], qr/\e/,
           "no colours where there is no terminal");
}


# --- hotp ---------------------------------------------------------------------

{
    my ($out, $err) = done("by a counter", $base32{sha256}, @otp, "--import",
                           "--hotp", "--counter", 7, "--algorithm", "sha1",
                           "--digits", 8);
    my $code = other("oathtool", "--hotp", "--base32", "--digits=8",
                     "--counter=7", $base32{sha256});
    my $entry = json($out);

    like($err, qr/^compare   $code, the first one$/m, "oathtool's code");
    like($err, qr{otpauth://hotp/acme:alice\?\S+&counter=7$}m, "the address");
    is($entry->{counter}, 7, "the entry has its counter");
    ok(!exists $entry->{period}, "and no period");

    directory({ hotp => [$entry] });

    for my $counter (7, 8, 57) {
        $code = other("oathtool", "--hotp", "--base32", "--digits=8",
                      "--counter=$counter", $base32{sha256});
        my ($status, $said) = verify($code, "--master-key", "mk");
        is($status, 0, "counter $counter");
        like($said, qr/the code of counter $counter, ${\($counter - 7)} /,
             "counter $counter is told");
    }

    for my $counter (6, 58) {
        $code = other("oathtool", "--hotp", "--base32", "--digits=8",
                      "--counter=$counter", $base32{sha256});
        is((verify($code, "--master-key", "mk"))[0], 1,
           "counter $counter is out of reach");
    }

    directory({ totp => [$entry] });
    is((verify("123456", "--master-key", "mk"))[0], 1,
       "hotp's entry is none of totp");

    # moved from hotp to totp, the seal does not open

    delete $entry->{counter};
    directory({ totp => [$entry] });
    like((verify($code, "--master-key", "mk"))[2],
         qr/does not open: altered, sealed for another record/,
         "the seal names the kind");
}


# --- totp: wrong calls --------------------------------------------------------

refused("no org", 2, qr/--org is missing/, "", "totp", "--user", "alice");
refused("no user", 2, qr/the user's name is missing/, "", "totp", "--org",
        "acme");
refused("a slash", 2, qr/a user must be a name/, "", "totp", "--org", "acme",
        "--user", "a/b");
refused("algorithm", 2, qr/must be sha1, sha256 or sha512/, "", @otp,
        "--algorithm", "md5");
refused("digits, $_", 2, qr/--digits must be 6 or 8/, "", @otp, "--digits", $_)
    for 5, 7, 9, "six", "";
refused("period, $_", 2, qr/--period must be 15 to 120/, "", @otp, "--period",
        $_) for 14, 121, -30, "30s";
refused("counter", 2, qr/--counter must be a whole/, "", @otp, "--hotp",
        "--counter", "9007199254740992");
refused("at", 2, qr/--at must be seconds/, "", @otp, "--at", "now");
refused("verify alone", 2, qr/--verify and --directory go together/, "", @otp,
        "--verify", "123456");
refused("directory alone", 2, qr/--verify and --directory go together/, "",
        @otp, "--directory", "d.json");
refused("a secret as an argument", 2, qr/unexpected argument/, "", @otp,
        $base32{sha1});
refused("a device without end", 1, qr/name: is longer than 64 bytes/, "", @otp,
        "--device", "x" x 65);
refused("no base32", 1, qr/is not base32/, "0189\n", @otp, "--import");
refused("nothing to import", 1, qr/is not base32/, "", @otp, "--import");
refused("ten bytes", 1, qr/has 10 bytes, at least 16 are needed/,
        "GEZDGNBVGY3TQOJQ\n", @otp, "--import");
refused("nobody", 1, qr/the directory has no user "bob"/, "", "totp", "--org",
        "acme", "--user", "bob", "--directory", directory({}), "--verify",
        "123456");
refused("nowhere", 1, qr/the directory has no organization "x"/, "", "totp",
        "--org", "x", "--user", "bob", "--directory", directory({}),
        "--verify", "123456");
refused("nothing", 1, qr/has no authenticator in the directory/, "", "totp",
        "--org", "acme", "--user", "alice", "--directory", directory({}),
        "--verify", "123456");


# --- recovery -----------------------------------------------------------------

{
    my ($out, $err) = done("recovery", "", "recovery", "--memory", "64k",
                           "--passes", 1, "--insecure-argon2id");
    my $hashes = json($out);
    my @codes = $err =~ /^    ((?:[A-Z2-7]{4}-){3}[A-Z2-7]{4})$/mg;
    my %seen;

    is(scalar @codes, 10, "ten codes");
    is(scalar @$hashes, 10, "ten hashes");
    $seen{$_}++ for @codes, @$hashes;
    is(scalar keys %seen, 20, "no two are the same");
    is(scalar(keys %{ { map { /^(.*\$)/; $1 => 1 } @$hashes } }), 1,
       "one salt for all");

    for my $i (0, 9) {
        (my $plain = $codes[$i]) =~ tr/-//d;
        is(argon2($hashes->[$i], $plain), 0,
           "the reference implementation verifies code $i");
    }

    directory({ recovery => $hashes });
    done("postern check takes them", "", "check", "d.json");

    like((done("by default", "", "recovery"))[0], qr/m=19456,t=2,p=1/,
         "OWASP's parameters");
}

refused("recovery, an argument", 2, qr/unexpected argument/, "", "recovery",
        "alice");


# --- user ---------------------------------------------------------------------

{
    my ($out, $err) = done("user", "$good\n", "user", "--org", "acme",
                           "--name", "Alice Döe", "--email",
                           "alice\@acme.example", "--role", "operator",
                           "--role", "viewer", "--totp", "--recovery",
                           "--device", "Phone", "--master-key", "mk", "alice");
    my $users = JSON::PP->new->decode($out);
    my $alice = $users->{alice};

    is_deeply([sort keys %$alice], [qw(email factors name password roles)],
              "its members");
    is($alice->{name}, "Alice Döe", "name");
    is($alice->{email}, "alice\@acme.example", "email");
    is_deeply($alice->{roles}, ["operator", "viewer"], "roles");
    like($alice->{password}, qr/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/,
         "password");
    like($alice->{factors}{totp}[0]{secret}, qr/^sealed:m1:/, "sealed");
    is($alice->{factors}{totp}[0]{name}, "Phone", "device");
    is(scalar @{ $alice->{factors}{recovery} }, 10, "recovery codes");

    spew("d.json", JSON::PP->new->encode({ version => 1, organizations => {
        acme => { users => $users, roles => { operator => {},
                                              viewer => {} } } } }));
    done("postern check takes it", "", "check", "--master-key", "mk",
         "d.json");

    $err =~ /^secret    (.*)$/m;
    (my $secret = $1) =~ tr/ //d;
    is((verify(other("oathtool", "--totp", "--base32", $secret),
               "--master-key", "mk"))[0], 0, "the authenticator is hers");
    like($err, qr/^recovery codes/m, "the codes are shown");

    my ($plain) = done("no more than a password", "$good\n", "user", "--org",
                       "acme", "bob");
    is_deeply([sort keys %{ json($plain)->{bob} }], [qw(password roles)],
              "a user of a password alone");
}

my @user = ("user", "--org", "acme");

refused("user, no name", 2, qr/the user's name is missing/, $good, @user);
refused("user, no org", 2, qr/--org is missing/, $good, "user", "alice");
refused("user, two names", 2, qr/unexpected argument "bob"/, $good, @user,
        "alice", "bob");
refused("user, a mail", 1, qr/users\.alice\.email: must be one address/, $good,
        @user, "--email", "alice", "alice");
refused("user, a role", 1, qr/the name of a role must not hold a comma/, $good,
        @user, "--role", "a,b", "alice");
refused("user, an organization", 1, qr/the name of an organization must not/,
        $good, "user", "--org", "a{b", "alice");
refused("user, a poor password", 1, qr/tried first/, "password1", @user,
        "alice");
refused("user, the organization", 1, qr/is a name of this user or organ/,
        "acmecorp1", "user", "--org", "acmecorp", "alice");
refused("user, no such master key", 1, qr/cannot open none/, $good, @user,
        "--totp", "--master-key", "none", "alice");

{
    open my $file, ">", "in" or die;
    print $file "$good\n";
    close $file;
    my $said = `$program user --org acme --name '\xff' alice < in 2>&1`;
    is($? >> 8, 1, "user, no UTF-8");
    like($said, qr/is not UTF-8/, "says so");
}

done_testing();
