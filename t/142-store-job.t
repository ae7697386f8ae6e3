# Jobs: work for threads that requests wait for, in lanes.

use v5.32;
use warnings;
use lib ($ENV{POSTERN_TOP} // ".") . "/t/lib";

use IO::Socket::INET;
use PosternStore;
use Test::More;
use Time::HiRes qw(sleep time);

my $one = "worker_processes 1;";

# sends a request and leaves it under way
sub begin {
    my ($n, $path) = @_;
    my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => port($n))
        or die;
    print $s "GET $path HTTP/1.0\r\nHost: t\r\n\r\n";
    return $s;
}

sub end {
    my ($s) = @_;
    my $all = join "", $s->getlines;
    $all =~ s/^.*?\r\n\r\n//s or return "";
    chomp $all;
    return $all;
}

sub begun { my ($text) = @_; scalar error_log(0, qr/job "$text\d?" begins/) }
sub ended { my ($text) = @_; scalar error_log(0, qr/job "$text\d?" ends/) }
sub lane  { get(0, "/lane") }
sub faults { error_log(0, qr/\[(alert|crit|emerg)\]|exited on signal|open socket/) }


nginx(0, "postern_test_lane 2 3;", $one);

is(get(0, "/job?text=abc&ms=10"), "done cba", "a job is done");
is(get(0, "/job?text=&ms=0"), "done ", "one with nothing to do");
is(lane(), "0 running, 0 queued", "nothing is left");

# nothing else waits for it

my $job = begin(0, "/job?text=slow&ms=4000");
ok(wait_for(sub { begun("slow") }), "a slow one has begun");
my $time = time;
is(get(0, "/up"), "up", "the worker serves others");
cmp_ok(time - $time, "<", 2, "at once");
is(lane(), "1 running, 0 queued", "while it runs");
is(end($job), "done wols", "and it is done");


# one request may wait for two, whichever ends first

for my $case ([1, 200], [200, 1], [100, 100]) {
    my ($beside, $ms) = @$case;
    my $began = time;

    is(get(0, "/beside-job?beside=$beside&text=pair&ms=$ms"), "done riap",
       "two jobs of one request: $beside and $ms ms");
    cmp_ok(time - $began, ">=", ($beside > $ms ? $beside : $ms) / 1000 - 0.01,
           "both were waited for");
}

$job = begin(0, "/beside-job?beside=2000&text=left&ms=2000");
ok(wait_for(sub { begun("left") && begun("beside") }), "two are under way");
close $job;
ok(wait_for(sub { lane() eq "0 running, 0 queued" }),
   "a client that goes away leaves neither");
is_deeply([faults()], [], "and no harm");


# two run, three wait, the next is refused

my @jobs = map { begin(0, "/job?text=full$_&ms=1500") } 1 .. 5;
ok(wait_for(sub { lane() eq "2 running, 3 queued" }), "the lane is full");
is(get(0, "/job?text=more&ms=1"), "unavailable", "one more is refused");
is(begun("full[345]"), 0, "the pool has no more than two of them");
is_deeply([map { end($_) } @jobs], [map { "done ${_}lluf" } 1 .. 5],
          "all others are done");
is(lane(), "0 running, 0 queued", "and the lane is empty");
is(begun("more"), 0, "the refused one never began");


# a client that leaves takes back what has not begun

@jobs = map { begin(0, "/job?text=first$_&ms=3000") } 1 .. 2;
ok(wait_for(sub { begun("first") == 2 }), "two run");
my $gone = begin(0, "/job?text=gone&ms=1");
my $stays = begin(0, "/job?text=stays&ms=1");
ok(wait_for(sub { lane() eq "2 running, 2 queued" }), "two wait");
close $gone;
ok(wait_for(sub { lane() eq "2 running, 1 queued" }), "one leaves");
is(end($stays), "done syats", "the one behind it is done");
end($_) for @jobs;
is(begun("gone"), 0, "the one that left never began");

# and leaves behind what has

$gone = begin(0, "/job?text=orphan&ms=2500");
ok(wait_for(sub { begun("orphan") }), "one runs");
close $gone;
sleep 0.2;
is(lane(), "1 running, 0 queued", "its client has left, it keeps its place");
ok(wait_for(sub { lane() eq "0 running, 0 queued" }), "until it is done");
is(ended("orphan"), 1, "which it is, once");

# over HTTP/2, where a stream ends and its connection does not

is(get_h2(0, "/job?text=h2&ms=50"), "done 2h", "over HTTP/2");
get_h2(0, "/job?text=h2gone&ms=3000", 0.5);
is(lane(), "1 running, 0 queued", "a stream that was given up");
ok(wait_for(sub { lane() eq "0 running, 0 queued" }), "is tidied up after");

# of no request

is(get(0, "/detached-job?text=alone&ms=100"), "submitted", "of no request");
ok(wait_for(sub { error_log(0, qr/detached: done enola/) }), "it is done");
@jobs = map { begin(0, "/job?text=fill$_&ms=1500") } 1 .. 5;
ok(wait_for(sub { lane() eq "2 running, 3 queued" }), "a full lane");
get(0, "/detached-job?text=none&ms=1");
ok(wait_for(sub { error_log(0, qr/detached: unavailable/) }), "refuses it");
end($_) for @jobs;

# many, of which some leave

my $count = race(120, 12, sub {
    my $text = "m$_[0]x";
    return get(0, "/job?text=$text&ms=3", $_[0] % 4 ? 10 : 0.002) || "gone";
});
is(($count->{done} // 0) + ($count->{unavailable} // 0) + ($count->{gone} // 0),
   120, "120 were done, refused, or left");
cmp_ok($count->{done} // 0, ">", 10, "most were done");
ok(wait_for(sub { lane() eq "0 running, 0 queued" }), "the lane is empty");
is_deeply([faults()], [], "nothing went wrong");


# a worker that shuts down finishes what somebody waits for

@jobs = map { begin(0, "/job?text=reload$_&ms=600") } 1 .. 4;
ok(wait_for(sub { begun("reload") == 2 }), "two run, two wait");
my @before = workers(0);
nginx_reload(0);
ok(wait_for(sub { grep { my $w = $_; !grep { $_ == $w } @before } workers(0) }),
   "a reload");
is(get(0, "/job?text=new&ms=1"), "done wen", "the new worker has its own lane");
is_deeply([map { end($_) } @jobs], [map { "done ${_}daoler" } 1 .. 4],
          "the old one ends its jobs, queued ones too");
ok(wait_for(sub { my %now = map { $_ => 1 } workers(0);
                  !grep { $now{$_} } @before }), "and exits");
is_deeply([faults()], [], "nothing went wrong");

# and goes with an orphan, when that is done

$gone = begin(0, "/job?text=last&ms=700");
ok(wait_for(sub { begun("last") }), "one runs");
close $gone;
sleep 0.1;
@before = workers(0);
nginx_reload(0);
ok(wait_for(sub { my %now = map { $_ => 1 } workers(0);
                  !grep { $now{$_} } @before }), "the old worker exits");
is(ended("last"), 1, "after the orphan was done");
is_deeply([faults()], [], "nothing went wrong");

# one that is told to stop does not wait, nor crash

@jobs = map { begin(0, "/job?text=term$_&ms=4000") } 1 .. 4;
ok(wait_for(sub { begun("term") == 2 }), "two run, two wait");
@before = workers(0);
kill "TERM", @before;
ok(wait_for(sub { my %now = map { $_ => 1 } workers(0);
                  !grep { $now{$_} } @before }), "a worker is told to stop");
is(end($_), "", "its client hears nothing") for @jobs;
is_deeply([faults()], [], "nothing went wrong");
is(get(0, "/job?text=again&ms=1"), "done niaga", "the next one works");

# one that is killed

@jobs = map { begin(0, "/job?text=kill$_&ms=400") } 1 .. 4;
ok(wait_for(sub { begun("kill") == 2 }), "two run, two wait");
@before = workers(0);
kill "KILL", @before;
ok(wait_for(sub { my %now = map { $_ => 1 } workers(0);
                  %now && !grep { $now{$_} } @before }), "a worker is killed");
is(get(0, "/job?text=after&ms=1"), "done retfa", "the next one works");

# the whole of nginx shuts down while jobs are under way

@jobs = map { begin(0, "/job?text=quit$_&ms=400") } 1 .. 3;
ok(wait_for(sub { begun("quit") == 2 }), "two run, one waits");
nginx_stop(0);
is_deeply([map { end($_) } @jobs], [map { "done ${_}tiuq" } 1 .. 3],
          "a graceful stop ends them");
is(scalar grep({ !/signal 9/ } faults()), 0, "nothing went wrong");


# one process, whose pools have no threads after a reload

nginx(0, "postern_test_lane 2 3;", "master_process off; daemon on;");
is(get(0, "/job?text=single&ms=10"), "done elgnis", "without a master");
is(get(0, "/detached-job?text=lone&ms=1"), "submitted", "of no request");
ok(wait_for(sub { error_log(0, qr/detached: done enol/) }), "it is done");


# a pool that others have filled

nginx(0, "postern_test_lane 8 8;",
      "$one thread_pool default threads=1 max_queue=2;");
@jobs = begin(0, "/job?text=pool1&ms=3000");
ok(wait_for(sub { begun("pool") }), "its thread is busy");
push @jobs, map { begin(0, "/job?text=pool$_&ms=1") } 2 .. 8;
my %said;
$said{substr(end($_), 0, 4)}++ for @jobs;
is_deeply(\%said, { done => 3, unav => 5 },
          "one runs, two wait in the pool, five are refused");
is(lane(), "0 running, 0 queued", "the lane is empty");

done_testing();
