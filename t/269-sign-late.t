# What may have changed while a request waited for Redis, or since nginx started:
# the time, where the request is, and configurations that came to nothing.

use lib ($ENV{POSTERN_TOP} // ".") . "/t/lib";
use v5.32;
use strict;
use warnings;

use Enos;
use Hostile ();
use IO::Socket::INET;
use JSON::PP ();
use Postern ();
use PosternStore;
use Test::More;

my $redis = "127.0.0.1:" . port(10);
my $file = dir() . "/postern.json";

open my $out, ">", $file or die "$file: $!\n";
print $out Postern::directory(
    $Enos::key => Enos::app(),
    rated => qq({ "user": "alice", "algorithm": "hmac-sha256",
                  "secret": "plain:$Postern::secret", "rate": "600/m" }));
close $out;

redis(10);
Hostile::recorder(port(5));

nginx(0, <<"END", "worker_processes 1;");
    postern_zone 1m;
    postern_redis redis://$redis timeout=20s;
    postern_directory $file;

    server {
        listen 127.0.0.1:@{[port(4)]};
        root @{[dir()]};

        location = /apim-token-service/v2.0/token/get { sign_enos_token; }

        location / {
            sign on;
            sign_explain on;
            sign_window 2s skew=0s;
            empty_gif;
        }

        location /enos {
            sign on;
            sign_schemes enos;
            sign_insecure_coverage on;
            sign_explain on;
            sign_window 2s skew=1s;
            empty_gif;
        }

        location /post {
            sign on;
            post_action \@after;
            empty_gif;
        }

        location /other {
            sign on;
            post_action \@other;
            empty_gif;
        }

        location \@after {
            sign on;
            proxy_pass http://127.0.0.1:@{[port(5)]};
        }

        location \@other {
            sign on;
            postern_org other;
            proxy_pass http://127.0.0.1:@{[port(5)]};
        }
    }
END

# starts a request, and reads its answer when asked
sub start {
    my ($target, $lines) = @_;
    my $s = Hostile::open_to(port(4));

    Hostile::send_bytes($s, Postern::raw_request("GET", $target, $lines));

    return sub {
        my $text = Hostile::read_for($s, 15) // "";

        my ($status) = $text =~ m{^HTTP/\S+ (\d+)};
        my ($code) = $text =~ /"code":"([^"]*)"/;

        return ($status // 0) . " " . ($code // "-");
    };
}

sub code { return Postern::rfc9421(@_) }

ok wait_for(sub {
    start("/up", code(target => "/up", keyid => "rated", nonce => rand))->()
    eq "200 -";
}), "Redis is there";

redis_signal(10, "STOP");
my $answer = start("/a", code(target => "/a", keyid => "rated"));
sleep 4;
redis_signal(10, "CONT");
is $answer->(), "401 sign/expired", "fresh when it came, and not any more "
   . "when its rate was known";

my $token = token(port => port(4));

redis_signal(10, "STOP");
my $time = ms();
my $sum = Digest::SHA::sha256_hex($token . "a1" . $time . $Enos::secret);

$answer = start("/enos?a=1", "apim-accesstoken: $token\n"
                . "apim-timestamp: $time\napim-signature: $sum");
sleep 4;
redis_signal(10, "CONT");
is $answer->(), "401 sign/expired", "nor when its token was";

# what follows a request that its client gave up is judged by its own place

for (["/post", 1], ["/other", 0]) {
    my ($target, $reached) = @$_;

    redis_signal(10, "STOP");

    my $s = Hostile::open_to(port(4));
    Hostile::send_bytes($s, Postern::raw_request("GET", $target,
                        code(target => $target)));
    sleep 1;
    close $s;
    sleep 1;
    redis_signal(10, "CONT");
    sleep 1;

    is scalar(() = join("", Hostile::recorded(port(5))) =~ /^GET /mg),
       $reached, "post_action of $target";
}

nginx_stop(0);
redis_stop(10);


# a reload and another directory while they wait: each is judged by what there
# was when it came, and those that went away leave nothing behind

redis(10);
redis_cli(10, "SET", "postern:key:{apart}", JSON::PP::encode_json(
    { org => "acme", roles => ["viewer"], algorithm => "ed25519",
      public_key => Postern::public_key("ed25519") }));

my $conf = <<"END";
    postern_zone 1m;
    postern_redis redis://$redis timeout=20s;
    postern_directory $file 100ms;
    postern_keys redis;

    server {
        listen 127.0.0.1:@{[port(4)]};
        sign on;
        sign_explain on;

        location = /apim-token-service/v2.0/token/get {
            sign off;
            sign_enos_token;
        }

        location / {
            empty_gif;
        }
    }
END

nginx(2, $conf, "worker_processes 1;");

sub apart { return code(keyid => "apart", key => "ed25519", @_) }

ok wait_for(sub {
    start("/", apart(nonce => rand))->() eq "200 -"
}), "a key in Redis";

redis_cli(10, "SET", "postern:key:{later}",
          redis_cli(10, "GET", "postern:key:{apart}"));

# what waits: for a key, for its rate, for the claim, for the rate of a call
sub waiting {
    my $time = ms();
    my $sum = Digest::SHA::sha256_hex($Enos::key . $time . $Enos::secret);
    my $s = Hostile::open_to(port(4));

    Hostile::send_bytes($s, Postern::raw_request("POST",
        "/apim-token-service/v2.0/token/get", "",
        qq({"appKey":"$Enos::key","encryption":"$sum","timestamp":$time})));

    my $call = sub {
        my ($status) = (Hostile::read_for($s, 15) // "") =~ m{^HTTP/\S+ (\d+)};

        return ($status // 0) . " -";
    };

    return (start("/", apart(keyid => "later", nonce => rand)),
            start("/", code(keyid => "rated", nonce => rand)),
            start("/", code(nonce => rand)), $call);
}

redis_signal(10, "STOP");

my @answers = waiting();
waiting() for 1 .. 5;               # and are given up

open $out, ">", "$file.new" or die "$file.new: $!\n";
print $out Postern::directory(AK1 => undef, $Enos::key => Enos::app());
close $out;
rename "$file.new", $file or die "$file: $!\n";

ok wait_for(sub { error_log(2, qr/is in force/) }), "another directory";
nginx_reload(2);
sleep 1;
redis_signal(10, "CONT");

is join(", ", map { $_->() } @answers), join(", ", ("200 -") x 4),
   "what came before is answered by what there was then";
is start("/", code())->(), "401 sign/unknown-key", "what comes now is not";

nginx_stop(2);
is scalar(error_log(2, qr/\[(alert|crit|emerg)\]|open socket/)), 0,
   "nothing is left";
redis_stop(10);


# a Redis that does not know a command says what it was given with it

redis(11, "--rename-command", "AUTH", "");

nginx(1, <<"END", "worker_processes 1;");
    postern_zone 1m;
    postern_redis redis://user:hunter2-is-secret\@127.0.0.1:@{[port(11)]}/0;
END

ok wait_for(sub { error_log(1, qr/postern_redis.*ERR unknown command/) }),
   "its words are told";
is scalar(error_log(1, qr/hunter2/)), 0, "but for the password";

nginx_stop(1);


# configurations that are refused leave those in force as they are, also to
# workers that start later

open $out, ">", $file or die "$file: $!\n";
print $out Postern::directory();
close $out;

open $out, ">", dir() . "/broken.json" or die "broken.json: $!\n";
print $out "{";
close $out;

open $out, ">", dir() . "/text" or die "text: $!\n";
print $out "a text\n";
close $out;

my $taken = IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 5,
                                  LocalPort => port(6)) or die "listen: $!\n";

$conf = <<"END";
    postern_zone 1m;
    postern_directory $file;
    audit_file @{[dir()]}/audit.jsonl;

    server {
        listen 127.0.0.1:@{[port(4)]};
        root @{[dir()]};
        audit on;
        sign on;
        sign_explain on;
        sign_response on;
        sign_response_key AK1;

        location / {
            proxy_pass http://127.0.0.1:@{[port(5)]};
        }

        location = /text {
        }
    }
END

my $one = "worker_processes 1;";
nginx(3, $conf, $one);

sub post {
    my ($sent) = @_;
    my $r = Postern::http(Postern::raw_request("POST", "/a",
                Postern::rfc9421(method => "POST", target => "/a",
                                 body => "hello", nonce => rand), $sent),
                port(4));

    return "$r->{status} " . (exists $r->{field}{signature} ? "signed" : "bare")
           . " " . ($r->{body} =~ /"code":"([^"]*)"/ ? $1 : "-");
}

sub holds {
    my ($when) = @_;

    is post("hello"), "200 signed -", "$when: a body";
    is post("jello"), "400 signed sign/digest", "$when: another";

    my $r = Postern::http(Postern::raw_request("GET", "/text",
                              code(target => "/text", nonce => rand)), port(4));
    is $r->{body}, "a text\n", "$when: a file";
    like $r->{field}{signature} // "", qr/^sig1=/, "$when: that is signed";
}

holds("at first");

for (["with a socket that is taken",
      "server { listen 127.0.0.1:@{[port(6)]}; }", qr/still could not bind/],
     ["with a broken directory", $conf =~ s/postern\.json/broken.json/r,
      qr/\[emerg\].*broken\.json/])
{
    my ($name, $broken, $told) = @$_;
    my @workers = workers(3);

    nginx_reload(3, $broken, $one);
    ok wait_for(sub { error_log(3, $told) }, 10), "$name: refused";

    kill "KILL", @workers;
    ok wait_for(sub { my @now = workers(3); @now && $now[0] != $workers[0] }),
       "$name: another worker";
    holds($name);
}


# one that does without the modules has nothing of theirs, nor of their chains

my $nginx = dir() . "/nginx-3";

open $out, ">", "$nginx/nginx.conf" or die "nginx.conf: $!\n";
print $out <<"END";
@{[$> == 0 ? "user root;" : ""]}
$one
pid $nginx/nginx.pid;
error_log $nginx/logs/error.log info;
events {}
http {
    access_log off;

    server {
        listen 127.0.0.1:@{[port(4)]};
        root @{[dir()]};
    }
}
END
close $out;

nginx_reload(3);
ok wait_for(sub {
    Postern::http(Postern::raw_request("GET", "/text"), port(4))->{body}
    eq "a text\n";
}, 10), "a file, without the modules";

nginx_reload(3, $conf, $one);
ok wait_for(sub {
    my @now = workers(3);

    @now == 1 && post("hello") eq "200 signed -";
}, 10), "and with them";
holds("again");
is scalar(error_log(3, qr/\[alert\].*signal (?!9)/)), 0, "nothing crashed";

done_testing();
