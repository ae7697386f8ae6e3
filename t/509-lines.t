# How the tests of audit wait for records: not in vain, on a machine that is
# busy, and not for ever.

use lib 't/lib';
use AuditLines;
use File::Temp qw(tempdir);
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep);

my $folder = tempdir(CLEANUP => 1);
my $file = "$folder/audit.jsonl";


sub record {
    return qq({"event":"request","target":"/a?n=$_[0]"}\n);
}


sub add {
    open my $out, ">>", $_[0] or die "$_[0]: $!";
    syswrite $out, $_[1];
}


# a look that takes longer than the patience saw what was there before it

my $looks = 0;

ok((audit_wait { sleep 0.3; $looks++ > 0 } 0.1),
   "a slow look in vain is not the last one");
ok(!(audit_wait { 0 } 0.1), "what does not come is not waited for");


# of 1-1 to 1-3, the third is half written for a while, in the second file

add($file, record("1-1") . record("1-2") . record("1-4"));
add("$file.1", substr record("1-3"), 0, 40);

my $pid = fork // die "fork: $!";

if ($pid == 0) {
    sleep 0.5;
    add("$file.1", substr record("1-3"), 40);
    POSIX::_exit(0);
}

my @asked = map { "1-$_" } 1 .. 3;
my @files = ($file, "$file.1", "$file.2");
my ($missing, $twice) = audit_account(\@asked, 30, @files);
waitpid $pid, 0;

is("@$missing", "", "a record that comes late is found");
is("@$twice", "", "and no record is taken for two");


# what is missing or there twice is told

add($file, record("1-4") . qq({"event":"gap","target":"/?n=1-5"}\n));
($missing, $twice) = audit_account([@asked, "1-5", "1-6"], 0.1, @files);

is("@$missing", "1-5 1-6", "what is on no record is missing");
is("@$twice", "1-4", "what is on two is there twice");

done_testing();
