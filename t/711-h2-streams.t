# Streams of one HTTP/2 connection know nothing of one another: who signed,
# what roles allow, what is recorded.

use lib 't/lib';
use Postern;
use Http2;
use JSON::PP ();
use Test::Nginx::Socket 'no_plan';
use Time::HiRes qw(sleep);

add_block_preprocessor(\&Postern::defaults);
add_response_body_check(\&Postern::client);

our $h2 = port() + 2;

our $config = <<"_EOC_";
    listen 127.0.0.1:$h2 http2;
    audit on;

    location / {
        sign on;
        rbac on;
        proxy_pass http://app;
    }
_EOC_

our $recorded = "    audit_file logs/audit.jsonl;\n    audit_flush 20ms;\n";

sub signed {
    return [map { [split /: /, $_, 2] } split /\n/, rfc9421(@_)];
}

sub code { return $_[0]{body} =~ m{"code": *"([^"]+)"} ? $1 : "none" }

# the records by target, when there are as many as this
sub records {
    my ($n) = @_;
    my @found;

    for (1 .. 100) {
        open my $in, "<", "$ENV{TEST_NGINX_SERVROOT}/logs/audit.jsonl" or next;
        @found = grep { $_->{event} eq "request" && $_->{target} ne "/ping" }
                 map { JSON::PP::decode_json($_) } <$in>;
        last if @found >= $n;
        sleep 0.05;
    }

    my %by;
    push @{$by{$_->{target}}}, $_ for @found;

    return \%by;
}

worker_connections(1024);
no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: a hundred streams of four kinds at once
--- config eval: $::config
--- http_more eval: $::recorded
--- client
my $c = Http2->new(port => $::h2);
my @kinds = (["GET", 200, "alice"], ["PUT", 403, "alice"], ["GET", 401],
             ["GET", 200, undef, keyid => "robot", key => "ed25519"]);
my @asked;

for my $n (0 .. 99) {
    my ($method, $status, $subject, @key) = @{$kinds[$n % 4]};
    my $fields = $status == 401 ? []
                 : signed(method => $method, target => "/n/$n",
                          nonce => "n$n", @key);

    push @asked, [$n, $method, $status, $subject,
                  $c->open($method, "/n/$n", $fields, cork => 1)];
}

$c->uncork;

my $wrong = 0;

for (@asked) {
    my ($n, $method, $status, $subject, $id) = @$_;
    my $r = $c->answer($id);

    $wrong++ if $r->{status} != $status
                || $status == 200 && $r->{body} ne "app $method /n/$n\n"
                || $status != 200 && $r->{field}{"content-type"}
                                     ne "application/problem+json";
}

is $wrong, 0, "each is answered for itself";

my $by = records(100);
is scalar(keys %$by), 100, "each is on record";
is scalar(grep { @$_ != 1 } values %$by), 0, "once";

$wrong = 0;

for (@asked) {
    my ($n, $method, $status, $subject) = @$_;
    my $record = $by->{"/n/$n"}[0];

    $wrong++ if $record->{status} != $status || $record->{method} ne $method
                || $record->{protocol} ne "HTTP/2.0"
                || defined $subject
                   && ($record->{identity}{subject} // "") ne $subject
                || $status == 401 && $record->{identity};
}

is $wrong, 0, "with what was its own";



=== TEST 2: refusals are problem documents, and HEAD has none
--- config eval: $::config
--- client
my $c = Http2->new(port => $::h2);
my $r = $c->ask("DELETE", "/a", signed(method => "DELETE", target => "/a"));

is $r->{status}, 403, "not by this role";
is $r->{field}{"content-type"}, "application/problem+json", "a problem";
is code($r), "rbac/method", "with its code";

$r = $c->ask("GET", "/a%2fb", signed(target => "/a%2fb"));
is $r->{status}, 400, "a path that could be read as another";

$r = $c->ask("HEAD", "/a", []);
is $r->{status}, 401, "HEAD, unsigned";
is $r->{body}, "", "without a body";
ok $r->{ended}, "ended";
--- http_more eval: $::recorded



=== TEST 3: a stream that is given up is on record, once
--- config eval: $::config
--- http_more eval: $::recorded
--- client
my $c = Http2->new(port => $::h2);

for my $n (1 .. 20) {
    my $id = $c->open("POST", "/rst/$n", signed(method => "POST",
                      target => "/rst/$n", body => "x" x 100, nonce => $n),
                      end => 0);
    $c->data($id, "x" x 50);
    $c->reset($id);
}

is $c->ask("GET", "/after", signed(target => "/after"))->{status}, 200,
   "the connection goes on";

my $by = records(21);
is scalar(keys %$by), 21, "all of them";
is scalar(grep { @$_ != 1 } values %$by), 0, "once";
