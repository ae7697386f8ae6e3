# What "nginx -t" says of mistakes, and what costs nothing.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use AuditLines;

no_root_location();

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value("suppress_stderr", "") if defined $block->must_die;
});

run_tests();

__DATA__

=== TEST 1: audit on, and nowhere to write
--- http_config
    # bare
--- config
    audit on;
    location / { return 200 ok; }
--- must_die
--- error_log
"audit on" needs "audit_file" in the "http" block



=== TEST 2: audit wants on or off
--- config
    audit maybe;
--- must_die
--- error_log
invalid value "maybe" in "audit" directive, it must be "on" or "off"



=== TEST 3: two files
--- http_config
    audit_file logs/audit.jsonl;
    audit_file logs/other.jsonl;
--- config
    location / { return 200 ok; }
--- must_die
--- error_log
"audit_file" directive is duplicate



=== TEST 4: no file
--- http_config
    audit_file "";
--- config
    location / { return 200 ok; }
--- must_die
--- error_log
"audit_file" needs the name of a file



=== TEST 5: a file in a directory that is not there
--- http_config
    audit_file logs/none/audit.jsonl;
--- config
    audit on;
--- must_die
--- error_log eval
qr{cannot create ".*logs/none/audit.jsonl" of "audit_file" \(2: No such file}



=== TEST 6: a file that another log buffers into
--- http_config
    access_log logs/audit.jsonl combined buffer=4k;
    audit_file logs/audit.jsonl;
--- config
    audit on;
--- must_die
--- error_log
is written by another log too: give each a file of its own



=== TEST 7: a ring too small
--- http_config
    audit_ring 128k;
--- config
    location / { return 200 ok; }
--- must_die
--- error_log
"audit_ring" must be between 256k and 1024m



=== TEST 8: a ring of no size
--- http_config
    audit_ring much;
--- config
    location / { return 200 ok; }
--- must_die
--- error_log
"audit_ring" directive invalid value



=== TEST 9: a flush of no time
--- http_config
    # bare
    audit_flush 0;
--- config
    location / { return 200 ok; }
--- must_die
--- error_log
"audit_flush" must be between 1ms and 60s



=== TEST 10: names to redact
--- http_config
    audit_redact ok --;
--- config
    location / { return 200 ok; }
--- must_die
--- error_log
the name "--" of "audit_redact" has neither letters nor digits



=== TEST 11: a name too long
--- http_config eval
"audit_redact " . ("x" x 65) . ";"
--- config
    location / { return 200 ok; }
--- must_die
--- error_log
of "audit_redact" is longer than 64 bytes



=== TEST 12: directives where they do not belong
--- config
    audit_file logs/audit.jsonl;
--- must_die
--- error_log
"audit_file" directive is not allowed here



=== TEST 13: what is yet to come is no directive yet
--- config
    audit_log logs/audit;
--- must_die
--- error_log
unknown directive "audit_log"



=== TEST 14: unused, it hooks nothing in: no file, no zone, no threads
--- http_config
    # bare
    audit_file logs/unused.jsonl;
--- config
    location / { return 200 ok; }
--- request
GET /
--- response_body_filters eval
sub {
    my $worker = AuditLines::audit_master();

    my @threads = glob("/proc/$worker/task/*");
    open my $maps, "<", "/proc/$worker/maps" or die;
    my $shared = grep { m{/dev/zero} } <$maps>;

    return @threads . " thread, $shared zones";
}
--- response_body: 1 thread, 0 zones
--- no_check_leak



=== TEST 15: the same, used
--- config
    audit on;
    location / { return 200 ok; }
--- request
GET /
--- response_body_filters eval
sub {
    my $worker = AuditLines::audit_master();

    open my $maps, "<", "/proc/$worker/maps" or die;
    return scalar grep { m{/dev/zero} } <$maps>;
}
--- response_body: 1



=== TEST 16: "off" is no file
--- http_config
    audit_file off;
--- config
    audit on;
--- must_die
--- error_log
"audit_file" names a file: "audit off" turns records off



=== TEST 17: no variables in the name
--- http_config
    audit_file logs/$host.jsonl;
--- config
    audit on;
--- must_die
--- error_log
"audit_file" takes no variables: "logs/$host.jsonl"
