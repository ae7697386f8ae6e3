# A hash that is weaker than those made today is replaced at a sign-in, where
# accounts can be written, and never in the way of the sign-in.

use v5.32;
use warnings;
use lib ($ENV{POSTERN_TOP} // ".") . "/t/lib";

use MfaProve;
use PosternStore;
use Test::More;

redis(8);

my @right = (name => "weak", given => $password);
my @wrong = (name => "weak", given => "wrong");

sub noted { return scalar error_log(0, qr/hashed anew/) }

for my $redis (1, 0) {
    my $where = $redis ? "in Redis" : "in a file";
    my @mode = (redis => $redis, accounts => !$redis);

    node(0, @mode);

    is(ask(0, "pwd", @wrong), "no", "a wrong password");
    is(account(0, "weak"), undef, "changes nothing $where");

    is(ask(0, "pwd", @right), "yes", "the right one");

    my $account = account(0, "weak");
    like($account->{password}, qr/^\$argon2id\$v=19\$m=64,t=1,p=1\$/,
         "is hashed anew $where");
    is(noted(), 1, "which is noted");

    is(ask(0, "pwd", @right), "yes", "it is the same password");
    is(ask(0, "pwd", @wrong), "no", "and no other one");
    is(account(0, "weak")->{password}, $account->{password}, "hashed once");

    is(ask(0, "pwd", name => "bob", given => $password), "yes",
       "a hash that is good enough");
    is(account(0, "bob"), undef, "stays");

    # asked for more later

    nginx_stop(0);
    node(0, @mode, argon2 => "memory=128k passes=2 queue=16");
    is(ask(0, "pwd", @right), "yes", "the account's own hash");
    like(account(0, "weak")->{password}, qr/m=128,t=2/,
         "is raised when more is asked for");

    # several at once

    nginx_stop(0);
    node(0, @mode, argon2 => "memory=256k passes=2 queue=64");

    my @answers = ask_all(map { [0, "pwd", @right,
                                 lane => sprintf "lane%012d", $_] } 1 .. 20);
    is_deeply(\@answers, [("yes") x 20], "twenty at once are let in");
    like(account(0, "weak")->{password}, qr/m=256,t=2/, "and one writes");
    is(ask(0, "pwd", @right), "yes", "what is right");

    # the operator's word is the last

    nginx_stop(0);
    node(0, @mode, users => { weak => user(password =>
        '$argon2id$v=19$m=64,t=1,p=1$t2wIQz1ifaixBeJlYhxzlg$'
        . 'REKwj5rKW+BMlnZdeETdLR1zPh5RmK+qUHpcqx2LKZQ') });

    is(ask(0, "pwd", @right), "no",
       "a password changed in the directory counts");
    is(ask(0, "pwd", name => "weak", given => "caf\x{e9} cr\x{e8}me br\x{fb}l\x{e9}e"),
       "yes", "from then on");

    nginx_stop(0);
    is(join("", error_log(0, qr/\[(alert|emerg|crit|error)\]/)), "",
       "nothing was wrong");
}


# nowhere to write

node(0);
is(ask(0, "pwd", @right), "yes", "without a place to write the old hash will do");
is(noted(), 0, "and is left alone");
nginx_stop(0);


# places that cannot be used

my $folder = dir() . "/accounts/acme";

system("rm", "-rf", $folder);
node(0, accounts => 1);
is(ask(0, "pwd", name => "bob", given => $password), "yes",
   "no folder of the organization: no accounts yet");

open my $out, ">", $folder or die "$folder: $!\n";
close $out;

is(ask(0, "pwd", @right), "unavailable",
   "a folder that is a file is no empty account");

unlink $folder;
nginx_stop(0);

node(0, accounts => 1, folder => "/proc");
is(ask(0, "pwd", @right), "yes",
   "a hash that cannot be written anew keeps nobody out");
like(join("", error_log(0, qr/keeps its old hash/)),
     qr/\[warn\].*"weak".*cannot be written/, "the log says so");
nginx_stop(0);

done_testing();
