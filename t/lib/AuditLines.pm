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
#
# Every line of the file is parsed by JSON::PP and by jq in any case, and may
# hold neither control characters nor bytes that are not UTF-8.

use v5.32;
use strict;
use warnings;

use Exporter qw(import);
use JSON::PP;
use Test::Nginx::Socket -Base;
use Test::Nginx::Util qw($ServRoot);
use Test::More;
use Time::HiRes qw(sleep time);

our @EXPORT = qw(audit_file audit_lines audit_records audit_wait audit_holds
                 audit_workers);

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


# until $done->() or 5 seconds have passed

sub audit_wait(&) {
    my ($done) = @_;
    my $end = time + 5;

    until ($done->()) {
        return 0 if time > $end;
        sleep 0.02;
    }

    return 1;
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


# worker processes of the server under test

sub audit_workers() {
    open my $in, "<", "$ServRoot/logs/nginx.pid" or return ();
    chomp(my $master = <$in>);

    return map { (split)[0] }
           grep { /nginx: worker process(?! is shutting)/ }
           split /\n/, `ps --ppid $master -o pid=,args=`;
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


add_response_body_check(sub {
    my ($block, undef, $req, $repeated, $dry) = @_;

    return if $dry || $repeated;

    # with several requests: behind the last of them
    my $last = ref $block->request eq "ARRAY" ? $#{$block->request} : 0;
    check($block) if $req >= $last;
});


# where a block says nothing of its own of the file ("# bare": not even here)

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value("http_config", ($block->http_config // "")
                      . "\naudit_file logs/audit.jsonl;\naudit_flush 20ms;\n")
        if ($block->http_config // "") !~ /audit_file|^# bare/m;
});


1;
