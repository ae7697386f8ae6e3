# A worker killed with -9 under load takes no record of an answer with it, and
# none is written twice or torn.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use AuditLines;
use Time::HiRes qw(sleep);

no_root_location();
master_on();
workers(2);
sub killed_again_and_again {
    my ($name) = @_;

    my @got = audit_load(4, ["/a?n=%s", "/file?n=%s", "/app?n=%s"], sub {
        for (1 .. 30) {
            sleep 0.1;
            my @workers = audit_workers();
            kill "KILL", $workers[rand @workers] if @workers;
        }
    });

    audit_once($name, \@got);
}


run_tests();

__DATA__

=== TEST 1: kill -9, again and again
--- config
    audit on;
    keepalive_requests 1000000;
    location / { return 200 ok; }
    location /file { alias $TEST_NGINX_HTML_DIR/file; }
    location /.file { audit off; alias $TEST_NGINX_HTML_DIR/file; }
    location /app {
        proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/.file;
        proxy_next_upstream off;
    }
--- user_files eval
">>> file\n" . ("0123456789abcde\n" x 2000)
--- request
GET /
--- response_body: ok
--- scenario: killed_again_and_again
--- audit_event: start
--- no_error_log
[emerg]
--- timeout: 5
