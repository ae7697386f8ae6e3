# A client's key is rotated while it sends requests without a pause: two keys of
# one user are valid at once for a while, and not one request is refused.

use lib 't/lib';
use Postern;
use Test::Nginx::Socket 'no_plan';

use POSIX qw(strftime);
use Time::HiRes qw(sleep time);

our $config = <<'_EOC_';
    sign on;
    sign_explain on;
    add_header X-Worker $pid always;

    location / {
        proxy_pass http://app;
    }
_EOC_

our %secret = (
    "alice-2026" => "the secret of the first year, of 32 bytes",
    "alice-2027" => "the secret of the other year, of 32 bytes"
);

our $entry = sub {
    my ($id, %time) = @_;

    my $more = join "", map {
        qq(, "$_": ") . strftime("%Y-%m-%dT%H:%M:%SZ", gmtime $time{$_}) . '"'
    } sort keys %time;

    return $id, qq({ "user": "alice", "algorithm": "hmac-sha256",
                     "secret": "plain:$secret{$id}"$more });
};

our $replace = sub {
    my ($text) = @_;
    my $file = Test::Nginx::Util::html_dir() . "/postern.json";

    open my $out, ">", "$file.new" or die "$file.new: $!\n";
    print $out $text;
    close $out or die "$file.new: $!\n";
    rename "$file.new", $file or die "$file: $!\n";
};

our $answer = sub {
    my ($id) = @_;

    my $r = http(raw_request("GET", "/a", rfc9421(target => "/a",
                 keyid => $id, secret => $secret{$id}, nonce => rand)));

    return ("$r->{status} " . ($r->{body} =~ /"code":"([^"]*)"/ ? $1 : "-"),
            $r->{field}{"x-worker"});
};

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value("user_files", ">>> postern.json\n"
                      . directory($entry->("alice-2026")));
    $block->set_value("config", $config);

    Postern::defaults($block);
});

add_response_body_check(\&Postern::client);

master_on();
workers(2);
no_long_string();
no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: from the old key to the new one
--- client
my (%got, %worker, %used);

# what a client does, for a time, with the key that it has
my $for = sub {
    my ($seconds, $id) = @_;
    my $end = time + $seconds;

    while (time < $end) {
        my ($status, $worker) = $answer->($id);

        $got{$status}++;
        $worker{$worker}++;
        $used{$id}++;
        sleep 0.02;
    }
};

$for->(0.5, "alice-2026");

# the new key is there before the client has it; the old one gets an end
my $end = int(time) + 5;
$replace->(directory($entry->("alice-2026", not_after => $end),
                     $entry->("alice-2027", not_before => int(time) - 1)));

$for->(1.5, "alice-2026");
$for->(0.5, "alice-2027");
$for->(0.2, $_) for ("alice-2026", "alice-2027") x 2;
$for->($end - time + 1, "alice-2027");

is join(" ", sort keys %got), "200 -", "not one request was refused";
cmp_ok $used{"alice-2026"}, ">", 20, "many with the old key";
cmp_ok $used{"alice-2027"}, ">", 20, "many with the new one";
is scalar(keys %worker), 2, "over both workers";

is +($answer->("alice-2026"))[0], "401 sign/key-expired",
   "the old key has ended by itself";
is +($answer->("alice-2027"))[0], "200 -", "the new one has not";

$replace->(directory($entry->("alice-2027")));
$for->(1, "alice-2027");

is +($answer->("alice-2026"))[0], "401 sign/unknown-key", "taken out";
is join(" ", sort keys %got), "200 -", "and still not one was refused";
--- no_error_log
[error]
[alert]
--- timeout: 60
