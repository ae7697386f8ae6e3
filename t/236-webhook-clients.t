# Webhooks signed by the libraries of their senders: standardwebhooks, stripe,
# @octokit/webhooks-methods.

use lib 't/lib';
use Postern;
use SigV4 ();
use Webhook;
use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(\&Webhook::block);
add_response_body_check(\&Postern::client);

no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: accepted, once, and with nothing changed
--- config eval
Webhook::location("standard key=hook", "/standard")
. Webhook::location("stripe key=hook", "/stripe")
. Webhook::location("github key=hook", "/github")
--- client
SigV4::script("webhooks.js", "http://127.0.0.1:" . port(), $Webhook::secret);
--- timeout: 60
