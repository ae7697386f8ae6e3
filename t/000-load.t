# The five modules load on the distribution's nginx and cost nothing where they
# are not used.

use Test::Nginx::Socket 'no_plan';

run_tests();

__DATA__

=== TEST 1: loaded and unused, nginx answers as ever
--- config
    location = /plain {
        return 200 "plain\n";
    }
--- request
    GET /plain
--- response_body
plain
--- no_error_log
[error]
[alert]
[emerg]
--- grep_error_log: postern
--- grep_error_log_out



=== TEST 2: every one of the five is in nginx
--- config
    location = /plain {
        return 200 "plain\n";
    }
--- request
    GET /plain
--- response_body
plain
--- no_error_log
[warn]
