# The keys of sign_upstream and sign_response_key: what nginx -t says of them,
# and those that stand in Redis; a second nginx verifies what is signed.

use v5.32;
use warnings;
use lib ($ENV{POSTERN_TOP} // ".") . "/t/lib";

use Cli ();
use File::Path qw(remove_tree);
use File::Temp ();
use JSON::PP ();
use MIME::Base64 qw(decode_base64 encode_base64);
use Npm;
use Postern ();
use PosternStore;
use RedisKeys;
use SigV4 ();
use Test::More;
use Time::HiRes qw(sleep time);

my $build = $ENV{TEST_NGINX_BUILD} // "build";
my $dir = dir();


# nginx -t: what the directory has, or does not have yet

my %named = (
    hmac => qq("algorithm": "hmac-sha256", "secret": "plain:$RedisKeys::secret"),
    long => qq("algorithm": "hmac-sha512", "secret": "plain:$RedisKeys::secret"),
    off => qq("algorithm": "hmac-sha256", "status": "disabled",
              "secret": "plain:$RedisKeys::secret"),
    old => qq("algorithm": "hmac-sha256", "not_after": "2020-01-01T00:00:00Z",
              "secret": "plain:$RedisKeys::secret"),
    s3 => qq("algorithm": "hmac-sha256", "schemes": ["sigv4"],
             "secret": "plain:$RedisKeys::secret"),
    half => qq("algorithm": "ed25519",
               "public_key": "@{[Postern::public_key("ed25519")]}"),
);

PosternStore::spew("$dir/named.json", qq({ "version": 1, "organizations": {
    "acme": { "keys": { @{[join ", ",
        map { qq("$_": { "roles": [], $named{$_} }) } sort keys %named]} } } } }));

# the directive on a line of its own
sub said {
    my ($directive, $http) = @_;
    my $text = nginx_test(<<"END");

        postern_zone 4m;
        postern_directory $dir/named.json;
        @{[$http // ""]}
        server {
            listen 127.0.0.1:@{[port(40)]};
            location / {
                proxy_pass http://127.0.0.1:1;
                sign_response on;
                sign on;
                $directive;
            }
            location /other/ {
                location /other/inner/ {
                    proxy_pass http://127.0.0.1:1;
                }
            }
        }
END
    my @lines = split /^/, PosternStore::slurp("$dir/nginx-t/nginx.conf");
    my ($n) = grep { $lines[$_ - 1] =~ /^\s*\Q$directive\E;/ } 1 .. @lines;

    return ($text, qr{ in \S+/nginx\.conf:$n$}m);
}

for (["sign_upstream rfc9421 key=none", "none", "which the directory does not have"],
     ["sign_upstream rfc9421 key=half", "half",
      'which has no "private_key" to sign with'],
     ["sign_upstream rfc9421 key=off", "off", "which is disabled"],
     ["sign_upstream sigv4 key=old region=r service=s3", "old",
      "which is not valid at this time"],
     ["sign_upstream rfc9421 key=s3", "s3", 'whose "schemes" leave this one out'],
     ["sign_response_key none", "none", "which the directory does not have"],
     ["sign_response_key half tag=t", "half",
      'which has no "private_key" to sign with'])
{
    my ($directive, $id, $why) = @$_;
    my ($name) = $directive =~ /^(\S+)/;
    my ($text, $where) = said($directive);

    like $text, qr{\[warn\] .*"\Q$name\E" names the key "$id", \Q$why\E$where},
         "$directive: a warning";
    is scalar(() = $text =~ /names the key/g), 1, "once";
    like $text, qr/test is successful/, "it may come";
}

for (["sign_upstream sigv4 key=half region=r service=s3", "half",
      'whose algorithm is not "hmac-sha256", the only one of "sigv4"'],
     ["sign_upstream sigv4 key=long region=r service=s3", "long",
      'whose algorithm is not "hmac-sha256", the only one of "sigv4"'],
     ["sign_upstream rfc9421 key=long", "long",
      "whose algorithm is none of RFC 9421"],
     ["sign_response_key long", "long", "whose algorithm is none of RFC 9421"])
{
    my ($directive, $id, $why) = @$_;
    my ($text, $where) = said($directive);

    like $text, qr{\[emerg\] .* names the key "$id", \Q$why\E$where},
         "$directive: an error";
    like $text, qr/test failed/, "it never will";
}

for my $directive ("sign_upstream rfc9421 key=hmac", "sign_response_key hmac",
                   "sign_upstream sigv4 key=s3 region=r service=s3")
{
    my ($text) = said($directive);

    unlike $text, qr/names the key/, "$directive: nothing to say";
}

is scalar(() = (said("add_header X-None 1", "sign_upstream rfc9421 key=none;"))[0]
                =~ /"sign_upstream" names the key "none"/g), 1,
   "inherited by several locations, it is told once";

unlike nginx_test("postern_directory $dir/named.json; sign_response_key none;"
                  . " sign_upstream rfc9421 key=none;"), qr/names the key/,
       "what no location uses is not told";

unlike((said("sign_upstream rfc9421 key=none",
             "postern_redis redis://127.0.0.1:" . port(10)
             . "; postern_keys redis;"))[0], qr/names the key|test failed/,
       "where Redis may have it, nobody knows");


# Redis: node 0 signs, node 1 verifies

redis(10);

# makes a key that signs, and puts it there; returns the record
sub make {
    my ($id, $algorithm) = @_;
    my $port = port(10);

    system("$Cli::program key --org acme --id $id --algorithm $algorithm"
           . " --outward --redis --master-key $dir/master.key"
           . " 2>$dir/said | redis-cli -p $port >/dev/null") == 0
        or die "postern key: $?\n";

    return redis_cli(10, "get", "postern:key:{$id}");
}

sub front {
    my ($lines) = @_;
    my $second = RedisKeys::sign_port(1);

    return keys_conf(0) . <<"END";
    server {
        listen 127.0.0.1:@{[port(40)]};

        location /up/ {
            sign_upstream rfc9421 key=out;
            proxy_pass http://127.0.0.1:$second;
        }
        location /v4/ {
            sign_upstream sigv4 key=out region=eu-central-1 service=s3;
            proxy_pass http://127.0.0.1:$second;
        }
        location /pair/ {
            sign_upstream rfc9421 key=out-pair;
            proxy_pass http://127.0.0.1:$second;
        }
        location /file/ {
            sign_upstream rfc9421 key=file-1;
            proxy_pass http://127.0.0.1:$second;
        }
        location /both/ {
            sign_upstream rfc9421 key=out;
            sign_response on;
            sign_response_key out-pair;
            proxy_pass http://127.0.0.1:$second;
        }
        location /mirrored/ {
            mirror /mirror;
            sign_upstream rfc9421 key=out;
            proxy_pass http://127.0.0.1:$second;
        }
        location = /mirror {
            internal;
            sign_upstream rfc9421 key=out-pair;
            proxy_pass http://127.0.0.1:$second/from-mirror;
        }
        location /beside/ {
            mirror /mirror;
            proxy_pass http://127.0.0.1:@{[port(0)]}/up;
        }
        location /again/ {
            error_page 502 = \@again;
            sign_upstream rfc9421 key=out;
            proxy_pass http://127.0.0.1:1;
        }
        location \@again {
            sign_upstream rfc9421 key=out-pair;
            proxy_pass http://127.0.0.1:$second;
        }
        location /answer/ {
            sign_response on;
            sign_response_key out-pair;
            postern_test lane;
        }
        location /denied/ {
            sign_response on;
            sign_response_key out-pair;
            deny all;
        }
        location /said/ {
            sign_response on;
            sign_response_key out-pair;
            return 200 "said\\n";
        }
        location /nowhere/ {
            sign_upstream rfc9421 key=nowhere;
            proxy_pass http://127.0.0.1:$second;
        }
    }
END
}

sub ask {
    my ($path, $body) = @_;

    return Postern::http(Postern::raw_request($body ? "POST" : "GET", $path,
                                              "", $body), port(40));
}

sub status { return ask(@_)->{status} }

# of all workers, as far as so many requests reach them
sub all_say {
    my ($path) = @_;
    my %seen = map { status($path) => 1 } 1 .. 12;

    return join ", ", sort keys %seen;
}

nginx(1, keys_conf(1));
nginx(0, front());

my $pair = make("out-pair", "ed25519");

like $pair, qr/"private_key": ?"sealed:/, "postern key --outward --redis";
set_key("out");

is all_say("/up/a"), "200", "signed by a key in Redis";
is all_say("/v4/a"), "200", "by SigV4, too";
is all_say("/pair/a"), "200", "and by a private key";
is all_say("/file/a"), "200", "that of the file is there as well";
is all_say("/again/a"), "200", "each location by its own";
is all_say("/mirrored/a"), "200", "subrequests, too";
is status("/up/a", "x" x 100000), 200, "with a body";
is ask("/nowhere/a")->{status}, 500, "a key that is nowhere";
ok error_log(0, qr/the key "nowhere" cannot sign: sign\/unknown-key/), "is told";


# answers

my $public = "-----BEGIN PUBLIC KEY-----\n" . encode_base64(
    pack("H*", "302a300506032b6570032100")
    . decode_base64(JSON::PP::decode_json($pair)->{public_key}))
    . "-----END PUBLIC KEY-----\n";

sub verified {
    my @paths = @_;
    my $in = File::Temp->new(SUFFIX => ".json");

    print $in JSON::PP::encode_json({ keys => { "out-pair" => $public },
        requests => [map { { protocol => 1, path => $_, port => port(40) } }
                     @paths] });
    close $in;

    return map { "$_->{status} " . ($_->{head} ? $_->{head}{good} ? "good"
                                                : "bad" : "unsigned") }
           @{JSON::PP::decode_json(Npm::node("t/e2e/trailers.js", "$in")->{out})};
}

is join(", ", verified(map { ("/answer/a", "/both/a", "/denied/a") } 1 .. 6)),
   join(", ", ("200 good", "200 good", "403 good") x 6),
   "answers, and refusals";


# changed, revoked

make("out-pair", "ecdsa-p256-sha256");
ok PosternStore::wait_for(sub {
    all_say("/pair/a") eq "200" && (verified("/answer/a"))[0] =~ /bad/ }),
   "another key takes its place";

make("out", "ed25519");
ok PosternStore::wait_for(sub { all_say("/v4/a") eq "500" }),
   "one of another kind is none for SigV4";
ok error_log(0, qr/the key "out" cannot sign: sign\/key-scheme/), "is told";
is all_say("/up/a"), "200", "but is for RFC 9421";

unset_key("out");
ok PosternStore::wait_for(sub { all_say("/up/a") eq "500" }),
   "a key that is gone signs nothing";
is all_say("/pair/a"), "200", "the other one does";
set_key("out");
ok PosternStore::wait_for(sub { all_say("/up/a") eq "200" }), "it is back";


# what cannot wait: nobody has asked this nginx for the key yet

nginx(0, front(), "worker_processes 1;");
is status("/said/a"), 500, "return comes before the key";
is status("/denied/a"), 403, "other answers do not";
ok PosternStore::wait_for(sub { status("/denied/a");
                                status("/said/a") == 200 }),
   "a key that is remembered is there at once";


# Redis away

redis_stop(10);
ok PosternStore::wait_for(sub { status("/up/a") == 503 }), "Redis is away";

my $r = ask("/up/a");

is $r->{status}, 503, "nothing is sent";
ok $r->{field}{"retry-after"}, "try again";
is status("/beside/"), 200, "a subrequest that is not sent is its own affair";
is status("/answer/a"), 503, "nor done for an answer that could not be signed";
ok error_log(0, qr/the key "out" cannot sign: Redis cannot be asked for it/),
   "is told";

redis(10);
set_key("out");
set_key("out-pair", $pair);
ok PosternStore::wait_for(sub { status("/up/a") == 200 }, 15), "Redis is back";


# the ways in which nginx comes to send a request: each is verified by the other
# nginx, which says how, and what it got

PosternStore::spew("$dir/large.bin", join "", map { "line $_\n" } 1 .. 60000);
PosternStore::spew("$dir/page.html", '<!--# include virtual="/part/a" -->');

my $second = RedisKeys::sign_port(1);
my $socket = "$dir/second.sock";

# a build of nginx may be without it

my $sliced = qx(@{[$ENV{TEST_NGINX_BINARY} // "/usr/sbin/nginx"]} -V 2>&1)
             =~ /http_slice_module/ ? "slice 64k;" : "";

# what another run left there
unlink $socket;
remove_tree("$dir/cache", "$dir/stored");

nginx(1, keys_conf(1, undef, <<"END"));
    listen unix:$socket;
    add_header X-Second "\$sign_status \$sign_scheme \$sign_key_id" always;
    add_header X-Got "\$request_method \$request_uri" always;

    location /files/ {
        alias $dir/;
        expires 1s;
    }
    location = /elsewhere {
        add_header X-Accel-Redirect /inside/b;
        return 200;
    }
END

nginx(0, keys_conf(0) . <<"END");
    proxy_cache_path $dir/cache keys_zone=c:1m;

    upstream second {
        server 127.0.0.1:$second;
        keepalive 4;
    }

    server {
        listen 127.0.0.1:@{[port(40)]};
        sign_upstream rfc9421 key=file-1;

        location /unix/ {
            proxy_pass http://unix:$socket;
        }
        location /kept/ {
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_pass http://second;
        }
        location /slice/ {
            $sliced
            proxy_http_version 1.1;
            proxy_set_header Range @{[$sliced ? '$slice_range' : '""']};
            proxy_cache c;
            proxy_cache_key \$uri@{[$sliced ? '$slice_range' : ""]};
            proxy_cache_valid 206 1h;
            proxy_pass http://second/files/;
        }
        location /stale/ {
            proxy_cache c;
            proxy_cache_use_stale updating;
            proxy_cache_background_update on;
            proxy_cache_revalidate on;
            add_header X-Cache \$upstream_cache_status;
            proxy_pass http://second/files/;
        }
        location /converted/ {
            proxy_cache c;
            proxy_cache_valid 200 1h;
            proxy_pass http://second/files/;
        }
        location /limited/ {
            limit_except GET {
                allow all;
            }
            proxy_pass http://second;
        }
        location /outside/ {
            proxy_pass http://second/elsewhere;
        }
        location /inside/ {
            internal;
            proxy_pass http://second;
        }
        location /ssi/ {
            ssi on;
            proxy_pass http://second/files/;
        }
        location /part/ {
            proxy_pass http://second;
        }
        location /stored/ {
            proxy_store $dir/stored;
            proxy_pass http://second;
        }
        location /bare/ {
            proxy_pass_request_headers off;
            proxy_pass http://second;
        }
        location /query/ {
            proxy_pass http://second/a/?x=;
        }
        location ~ ^/matched/(.*) {
            proxy_pass http://second/\$1\$is_args\$args;
        }
        location /tried/ {
            try_files /nothing \@named;
        }
        location \@named {
            proxy_pass http://second;
        }
        location /presigned/ {
            sign on;
            sign_insecure_body on;
            sign_upstream sigv4 key=file-1 region=r service=s3;
            proxy_pass http://second;
        }
        location /hostless/ {
            proxy_set_header Host "";
            proxy_pass http://second;
        }
    }
END

for (["GET /unix/a"], ["GET /kept/a"], ["POST /kept/a"], ["GET /kept/b"],
     ["GET /slice/large.bin", "GET /files/large.bin"],
     ["HEAD /converted/large.bin", "GET /files/large.bin"],
     ["GET /limited/a"], ["POST /limited/a"],
     ["GET /outside/", "GET /inside/b"],
     ["GET /ssi/page.html", "GET /files/page.html"], ["GET /stored/a"],
     ["GET /bare/a?b"], ["POST /bare/a"], ["GET /query/b", "GET /a/?x=b"],
     ["GET /matched/a?b=%20", "GET /a?b=%20"], ["GET /tried/a"])
{
    my ($sent, $got) = @$_;
    my ($method, $path) = split / /, $sent;
    my $r = Postern::http(Postern::raw_request($method, $path, "",
                $method eq "POST" ? "body" : undef), port(40));

    is "$r->{status} " . ($r->{field}{"x-second"} // "-"),
       "200 verified rfc9421 file-1", $sent;
    is $r->{field}{"x-got"}, $got // $sent, "as it was sent";
}

is length ask("/slice/large.bin")->{body}, -s "$dir/large.bin",
   "all of it, slice by slice";
like ask("/ssi/page.html")->{body}, qr/running/, "and what SSI includes";

is ask("/stale/page.html")->{field}{"x-cache"}, "MISS", "asked for";
ok PosternStore::wait_for(sub {
    ask("/stale/page.html")->{field}{"x-cache"} eq "STALE" }), "out of date";
ok PosternStore::wait_for(sub {
    ask("/stale/page.html")->{field}{"x-cache"} eq "HIT" }),
   "asked for again in the background";

my $presigned = SigV4::presigned(target => "/presigned/a?x=1",
                                  keyid => "file-1",
                                  secret => $RedisKeys::secret);
$r = ask($presigned);

is $r->{field}{"x-second"}, "verified sigv4 file-1", "a presigned URL";
is $r->{field}{"x-got"}, "GET /presigned/a?x=1", "stays here";

is status("/hostless/a"), 500, "without a Host there is nothing to cover";
ok error_log(0, qr/cannot be signed \(sign\/coverage\): the request has no "\@authority"/),
   "is told";


# a handler that does what that of proxy_pass does not: no request is left over

system("$Npm::top/util/build-test-module ngx_http_postern_test_outward_module")
    == 0 or die "the module of the tests does not compile\n";

$ENV{TEST_NGINX_LOAD_MODULES} .= " " . Cwd::abs_path($build)
    . "/test/ngx_http_postern_test_outward_module.so";

my $locations = join "", map { <<"END" } qw(alien moved started);
        location /$_/ {
            sign_upstream rfc9421 key=file-1;
            postern_test_pass $_;
            proxy_pass http://127.0.0.1:@{[RedisKeys::sign_port(1)]};
        }
END

nginx(0, keys_conf(0) . <<"END", "worker_processes 1;");
    server {
        listen 127.0.0.1:@{[port(40)]};
$locations
        location = /open {
            stub_status;
        }
    }
END

my %why = (alien => 'it is not one of "proxy_pass"',
           moved => 'the configuration of "proxy_pass" is not where',
           started => "it was sent already");

for my $what (sort keys %why) {
    is join(" ", map { status("/$what/a", $_) } (undef, "body") x 3),
       join(" ", (500) x 6), "$what: not sent unsigned";
    ok error_log(0, qr/cannot be signed: \Q$why{$what}\E/), "is told";
    like ask("/open")->{body}, qr/Active connections: 1 /, "nothing is left";
}

nginx_stop(0);
ok !error_log(0, qr/open socket/), "nor at the end";

done_testing();
