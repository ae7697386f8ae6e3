# The file of master keys: who may read it, what stands in it, and that what it
# opened is locked.

use lib 't/lib';
use RbacTest;

BEGIN { RbacTest::load(); }

use Test::Nginx::Socket 'no_plan';

use File::Temp qw(tempdir);

# modes and kinds of files are what is tested, so they are made here

our $keys = tempdir("$ENV{TEST_NGINX_TOP}/build/t/keys.XXXX", CLEANUP => 1);
$ENV{TEST_NGINX_KEYS} = $keys;

our $a = "A" x 42 . "E=";
our $b = "A" x 42 . "I=";

sub file {
    my ($name, $mode, $text) = @_;

    open my $out, ">", "$keys/$name" or die;
    print $out $text;
    close $out;
    chmod $mode, "$keys/$name";
}

file("good", 0600, "# made in May\nmk-2 $b\nmk-1 $a\n");
file("read-only", 0400, "mk-1 $a\n");
file("group", 0640, "mk-1 $a\n");
file("others", 0604, "mk-1 $a\n");
file("execute", 0610, "mk-1 $a\n");
file("empty", 0600, "");
file("short", 0600, "# a comment\nmk-1 AAAA\n");
file("words", 0600, "$a\n");
file("twice", 0600, "mk-1 $a\nmk-1 $b\n");
file("large", 0600, "#" x 16385);
file("foreign", 0600, "mk-1 $a\n");
chown 65534, -1, "$keys/foreign" if $> == 0;
symlink "good", "$keys/link";
symlink "group", "$keys/bad-link";
system "mkfifo", "-m", "600", "$keys/fifo";

our $locked = sub {
    open my $in, "<", "$ENV{TEST_NGINX_SERVROOT}/logs/nginx.pid" or die;
    chomp(my $master = <$in>);

    my @pids = ($master, split ' ', `ps -o pid= --ppid $master`);
    my @locked;

    for my $pid (@pids) {
        open my $in, "<", "/proc/$pid/status" or die;
        push @locked, map { /^VmLck:\s*([1-9]\d*) kB/ ? $1 : () } <$in>;
    }

    return @pids == 3 && @locked == 3;
};

add_block_preprocessor(sub {
    my ($block) = @_;

    my $file = $block->key // "good";
    $file = "\$TEST_NGINX_KEYS/$file" if $file !~ /^"/;

    $block->set_value("http_config", "postern_master_key $file;\n"
                      . ($block->http // ""));
    $block->set_value("config", 'location = /app { return 200 "ok\n"; }');
    $block->set_value("request", "GET /app");
});

master_on();
workers(2);
log_level("notice");
no_long_string();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: keys that only root can read
--- response_body
ok
--- no_error_log
[warn]
[error]



=== TEST 2: the ring is locked in the master and again in each worker
--- init
$::locked->() or die "not locked in every process\n";
--- response_body
ok
--- no_error_log
mlock



=== TEST 3: a file that cannot be written
--- key: read-only
--- response_body
ok



=== TEST 4: a link to a good file
--- key: link
--- response_body
ok



=== TEST 5: a file that the group can read
--- key: group
--- must_die
--- error_log eval
qr/\[emerg\] .*the master keys "(.*group)" are open to others \(mode 0640\): "chmod 600 \1", and replace the keys/



=== TEST 6: a file that others can read
--- key: others
--- must_die
--- error_log
are open to others (mode 0604)



=== TEST 7: any bit counts
--- key: execute
--- must_die
--- error_log
are open to others (mode 0610)



=== TEST 8: a link to a file that the group can read
--- key: bad-link
--- must_die
--- error_log
are open to others (mode 0640)



=== TEST 9: a file of another user
--- key: foreign
--- must_die
--- error_log eval
$> == 0 ? qr/the master keys ".*foreign" belong to another user \(uid 65534\)/
        : qr/./



=== TEST 10: a fifo
--- key: fifo
--- must_die
--- error_log eval
qr/master keys must be a regular file: ".*fifo"/



=== TEST 11: no file
--- key: none
--- must_die
--- error_log eval
qr/cannot open the master keys ".*none" \(2: /



=== TEST 12: no key
--- key: empty
--- must_die
--- error_log eval
qr/master keys ".*empty": the file holds no master key/



=== TEST 13: a key of another size
--- key: short
--- must_die
--- error_log eval
qr/master keys ".*short:2": the key must be 32 bytes in base64/
--- no_error_log
AAAA



=== TEST 14: a key without its id is not told
--- key: words
--- must_die
--- error_log eval
qr/master keys ".*words:1": a line must read/
--- no_error_log
AAAAAAA



=== TEST 15: two keys of one id
--- key: twice
--- must_die
--- error_log eval
qr/master keys ".*twice:2": a key of this id stands above already/



=== TEST 16: too large
--- key: large
--- must_die
--- error_log eval
qr/master keys ".*large": the file is too large for master keys/



=== TEST 17: given twice
--- http: postern_master_key /dev/null;
--- must_die
--- error_log
"postern_master_key" directive is duplicate



=== TEST 18: without a name
--- key: ""
--- must_die
--- error_log
"postern_master_key" directive needs the name of a file
