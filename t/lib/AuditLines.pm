package AuditLines;

# What the tests of audit share.  Sections of a block:
#
#     --- audit                 of the last request's record: a path and the
#     .status 403               JSON it must hold there ("-": nothing at all),
#     .decisions.rbac -         or "=~" and a pattern for its text
#     .target =~ ^/a
#     --- audit_count: 2        records of requests, not more and not less
#     --- audit_without eval    these are nowhere in the file, one a line
#     --- audit_event: gap      a record of this kind is there
#     --- scenario: name        a function of the test file to call first, with
#                               the name of the block
#
# Every line of the file is parsed by JSON::PP and by jq in any case, and may
# hold neither control characters nor bytes that are not UTF-8.

use v5.32;
use strict;
use warnings;

use Exporter qw(import);
use Http2 ();
use IO::Socket::INET;
use JSON::PP;
use Test::Nginx::Socket;
use Test::Nginx::Util qw($ServRoot);
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);

our @EXPORT = qw(audit_file audit_lines audit_records audit_wait audit_holds
                 audit_master audit_workers audit_load audit_once
                 audit_account
                 audit_get audit_connect
                 audit_error_log);

$ENV{TEST_NGINX_HTML_DIR} //= html_dir();

our $json = JSON::PP->new->utf8->canonical->allow_nonref;


sub audit_file() {
    return "$ServRoot/logs/audit.jsonl";
}


# the raw lines of files, the audit file where none is named

sub audit_lines(@) {
    my @files = @_ ? @_ : (audit_file);
    my @lines;

    for my $file (@files) {
        open my $in, "<:raw", $file or next;
        push @lines, <$in>;
    }

    return @lines;
}


sub audit_records(@) {
    return grep { $_->{event} eq "request" }
           map { $json->decode($_) } audit_lines(@_);
}


# until $done->() or so many seconds have passed (20).  A look may take longer
# than that itself, so the last one is one that began when the time was up.

sub audit_wait(&;$) {
    my ($done, $seconds) = @_;
    my $end = time + ($seconds // 20);

    while (1) {
        my $late = time > $end;

        return 1 if $done->();
        return 0 if $late;
        sleep 0.02;
    }
}


sub audit_at($$) {
    my ($value, $path) = @_;

    for my $name (grep { length } split /\./, $path) {
        $value = ref $value eq "HASH" ? $value->{$name}
               : ref $value eq "ARRAY" ? $value->[$name] : undef;
    }

    return $value;
}


# one test for each condition, named after the block

sub audit_holds($$$) {
    my ($name, $record, $conditions) = @_;

    for my $line (grep { /\S/ } split /\n/, $conditions) {
        my ($path, $want) = split ' ', $line, 2;
        my $got = audit_at($record, $path);

        if ($want eq "-") {
            ok(!defined $got, "$name - audit $path is absent");

        } elsif ($want =~ s/^=~\s*//) {
            like($got // "(absent)", qr/$want/, "$name - audit $path");

        } else {
            is(defined $got ? $json->encode($got) : "(absent)",
               $json->encode($json->decode($want)), "$name - audit $path");
        }
    }
}


sub audit_master() {
    open my $in, "<", "$ServRoot/logs/nginx.pid" or return ();
    chomp(my $master = <$in>);

    return $master;
}


# worker processes of the server under test

sub audit_workers() {
    my $master = audit_master;

    return map { (split)[0] }
           grep { /nginx: worker process(?! is shutting)/ }
           split /\n/, `ps --ppid $master -o pid=,args=`;
}


# until the server under test has logged this

sub audit_error_log($$) {
    my ($name, $pattern) = @_;

    ok((audit_wait { grep { $_ =~ $pattern }
                     audit_lines("$ServRoot/logs/error.log") }),
       "$name - error log: $pattern");
}


sub audit_connect() {
    return IO::Socket::INET->new(
        PeerAddr => "127.0.0.1:" . $ENV{TEST_NGINX_PORT}, Timeout => 2);
}


# one request on an open connection; the status, or 0 where it broke off

sub audit_get($$) {
    my ($socket, $target) = @_;
    my $text = "";

    local $SIG{PIPE} = "IGNORE";
    print $socket "GET $target HTTP/1.1\r\nHost: localhost\r\n\r\n"
        or return 0;
    $socket->flush;

    until ($text =~ /\r\n\r\n/) {
        sysread($socket, $text, 65536, length $text) or return 0;
    }

    my ($head, $body) = split /\r\n\r\n/, $text, 2;
    my ($status) = $head =~ m{^HTTP/1\.1 (\d+)} or return 0;
    my ($length) = $head =~ /^Content-Length: (\d+)/mi or return 0;

    while (length $body < $length) {
        sysread($socket, $body, 65536, length $body) or return 0;
    }

    return $status;
}


# clients that ask without pause while $during->() runs; what was answered with
# 200 is returned: the value of n of each request.  %s in a target becomes it.

sub audit_load($$$) {
    my ($clients, $targets, $during) = @_;
    my @kids;

    for my $client (1 .. $clients) {
        my $pid = fork // die "fork: $!";

        if ($pid == 0) {
            client($client, $targets);
            POSIX::_exit(0);
        }

        push @kids, $pid;
    }

    $during->();

    kill "TERM", @kids;
    waitpid $_, 0 for @kids;

    return map { chomp; $_ }
           map { audit_lines("$ServRoot/logs/acknowledged.$_") } 1 .. $clients;
}


sub client {
    my ($client, $targets) = @_;
    my ($n, $socket, $end) = (0, undef, 0);

    $SIG{TERM} = sub { $end = 1 };
    open my $out, ">>", "$ServRoot/logs/acknowledged.$client" or die $!;

    until ($end) {
        $socket //= audit_connect() or next;
        my $id = "$client-" . $n++;
        my $target = $targets->[$n % @$targets] =~ s/%s/$id/r;

        if (audit_get($socket, $target) == 200) {
            syswrite $out, "$id\n";

        } else {
            undef $socket;
        }
    }
}


# every one of these is on record, and none of any twice

sub audit_once($$@) {
    my ($name, $acknowledged, @files) = @_;
    my ($missing, $twice) = audit_account($acknowledged, 30, @files);

    cmp_ok(scalar @$acknowledged, ">", 100, "$name - there was some load");
    splice @$missing, 10;
    splice @$twice, 10;

    is("@$missing", "", "$name - every answer is on record");
    is("@$twice", "", "$name - none is there twice");
}


# Which of these are on no record after so many seconds, and which of any are
# on two?  To parse some thousand records takes seconds on a busy machine, and
# the last ones are not out when the clients stop: so a look takes up new lines
# only, and they are parsed when nothing is waited for any more.

sub audit_account($$@) {
    my ($acknowledged, $seconds, @files) = @_;
    my (%at, %found, %seen, @lines);

    @files = (audit_file) if !@files;

    audit_wait {
        for my $line (map { audit_new_lines($_, \$at{$_}) } @files) {
            push @lines, $line;
            $found{$1} = 1 if $line =~ /[?&]n=([\d-]+)/;
        }

        !grep { !$found{$_} } @$acknowledged;
    } $seconds;

    for my $record (map { $json->decode($_) } @lines) {
        $seen{$1}++ if $record->{event} eq "request"
                       && ($record->{target} // "") =~ /[?&]n=([\d-]+)/;
    }

    return [grep { !$seen{$_} } @$acknowledged],
           [grep { $seen{$_} > 1 } sort keys %seen];
}


# what came since $$at; a line that is being written comes when it is whole

sub audit_new_lines($$) {
    my ($file, $at) = @_;

    open my $in, "<:raw", $file or return;
    seek $in, $$at //= 0, 0;

    my @lines = grep { /\n\z/ } <$in>;
    $$at += length for @lines;

    return @lines;
}


sub clean($) {
    my ($name) = @_;
    my $bad = 0;

    for my $line (audit_lines) {
        chomp(my $text = $line);

        $bad++ if $text =~ /[\x00-\x1f\x7f]/
                  || !utf8::decode($text)
                  || $text =~ /[\x{80}-\x{9f}\x{2028}\x{2029}]/
                  || !eval { $json->decode($line) };
    }

    is($bad, 0, "$name - every audit line is clean JSON");

    my $n = () = audit_lines;
    my $file = audit_file;
    my $jq = `jq -c . '$file' 2>&1 | wc -l`;

    is($jq + 0, $n, "$name - jq reads every audit line");
}


sub check($) {
    my ($block) = @_;
    my $name = $block->name;
    my $count = $block->audit_count;

    return if !defined $block->audit && !defined $count
              && !defined $block->audit_without
              && !defined $block->audit_event;

    $count = 1 if !defined $count && defined $block->audit;

    if (defined $count) {
        $count += 0;

        audit_wait { audit_records >= $count };
        sleep 0.25 if defined $block->audit_count;

        my @records = audit_records;
        is(scalar @records, $count, "$name - number of audit records");

        audit_holds($name, $records[-1], $block->audit)
            if defined $block->audit;
    }

    if (defined(my $event = $block->audit_event)) {
        chomp $event;
        ok((audit_wait { grep { $json->decode($_)->{event} eq $event }
                         audit_lines }), "$name - audit event $event");
    }

    if (defined $block->audit_without) {
        my $text = join "", audit_lines;

        for my $canary (split /\n/, $block->audit_without) {
            is(index($text, $canary), -1, "$name - no $canary in the record");
        }
    }

    clean($name);
}


# behind the last request of a block, whatever it has got for an answer

my $run_test = $Test::Nginx::Util::RunTestHelper;

$Test::Nginx::Util::RunTestHelper = sub {
    my ($block, $dry_run, $repeated) = @_;

    $run_test->(@_);

    if (!$dry_run && defined(my $scenario = $block->scenario)) {
        chomp $scenario;
        main->can($scenario)->($block->name);
    }

    check($block) if !$dry_run && !defined $block->must_die;
};


# where a block says nothing of its own of the file ("# bare": not even here)

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value("http_config", ($block->http_config // "")
                      . "\naudit_file logs/audit.jsonl;\n"
                      . (($block->http_config // "") =~ /audit_flush/ ? ""
                         : "audit_flush 20ms;\n"))
        if ($block->http_config // "") !~ /audit_file|# bare/;
});


1;
