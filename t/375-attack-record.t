# Sessions when their records and those of their owner disagree: Redis forgot
# some, or went away in the middle.  And a session that is old enough to be
# somebody else's.

use v5.32;
use warnings;
use lib ($ENV{POSTERN_TOP} // ".") . "/t/lib";

use MfaTest;
use PosternStore;
use Test::More;
use Time::HiRes qw(sleep);

redis(8);

my $dir = dir();

MfaTest::keys_file();

sub spew {
    my ($file, $text) = @_;

    open my $out, ">", $file or die "$file: $!\n";
    print $out $text;
    close $out;
}

spew("$dir/people.json", MfaTest::directory());
spew("$dir/key", "mk-1 " . "A" x 42 . "E=\n");
chmod 0600, "$dir/key";

nginx(0, <<"EOD");
    postern_zone 4m;
    postern_redis redis://127.0.0.1:@{[port(8)]}/0 timeout=1s;
    postern_directory $dir/people.json;
    postern_master_key $dir/key;
    postern_org acme;
    mfa_insecure_argon2id memory=8k passes=1;
    mfa_limit free=100 attempts=100 address=10000r/m;

    server {
        listen 127.0.0.1:@{[port(4)]};

        location /.postern/ { mfa_pages; }

        location / {
            mfa on;
            mfa_require aal=1;
            empty_gif;
        }
    }
EOD

sub browser { return MfaTest::browser(port => port(4)) }
sub lua { return redis_cli(8, "EVAL", $_[0], 0) }

# undead session: the list of its owner is gone, and sign-out ends it all the
# same

my $b = MfaTest::first("u1", browser => browser());
my $copy = $b->clone;

cmp_ok(lua("local k = redis.call('KEYS', '*mfa/u/u1') "
           . "return redis.call('DEL', unpack(k))"), "==", 1, "the list is gone");
is($copy->get("/")->{status}, 200, "the session is not");
is($b->sign_out->{status}, 200, "signed out");
sleep 0.5;
is($copy->get("/")->{status}, 303, "a copy of its cookie has ended, too");

$b = MfaTest::first("b2", browser => browser());
$copy = $b->clone;
lua("return redis.call('DEL', unpack(redis.call('KEYS', '*mfa/u/b2')))");

my $page = $b->page("account");
my ($form) = grep { exists $_->{fields}{csrf} } MfaClient::forms($page);

like($b->post("/.postern/sessions",
              { csrf => $form->{fields}{csrf}, end => "all" })->{location},
     qr/sign-in/, "all ended");
sleep 0.5;
is($copy->get("/")->{status}, 303, "this one, too");


# undead session: Redis fails between the new token and the end of the old one

$b = MfaTest::first("u2", browser => browser());
$copy = $b->clone;
redis_cli(8, "ACL", "SETUSER", "default", "-del", "-unlink");

my $r = $b->code(MfaTest::code("u2"));

redis_cli(8, "ACL", "SETUSER", "default", "+del", "+unlink");
is($r->{status}, 503, "a step-up that failed half way");

my $owner = MfaTest::both("u2", step => 1, browser => browser());
my ($others) = grep { exists $_->{fields}{csrf} }
               MfaClient::forms($owner->page("account"));

$owner->post("/.postern/sessions",
             { csrf => $others->{fields}{csrf}, end => "others" });
sleep 0.5;
is($copy->get("/")->{status}, 303, "whoever ends the others ends the old token");


# enrolment hijack: a session of this morning, left alone or stolen, and nobody
# who knows the password

$b = MfaTest::first("b1", browser => browser());
is($b->page("enrol")->{status}, 200, "enrolment after the password");

my $age = 3000;    # seconds, under the idle limit

is(lua(<<"EOD"), 1, "the password was given long ago");
local n = 0
for _, k in ipairs(redis.call('KEYS', '*mfa/s/*')) do
    local v = redis.call('GET', k)
    local user = string.byte(v, 6)
    local org = string.byte(v, 5)
    if string.sub(v, 57 + org, 56 + org + user) == 'b1' then
        local t = 0
        for i = 48, 41, -1 do t = t * 256 + string.byte(v, i) end
        t = t - $age
        local p = ''
        for i = 1, 8 do p = p .. string.char(t % 256) t = math.floor(t / 256) end
        v = string.sub(v, 1, 40) .. p .. string.sub(v, 49)
        redis.call('SET', k, v, 'KEEPTTL')
        n = n + 1
    end
end
return n
EOD

sleep 0.5;
$r = $b->page("enrol", to => "/x?a=1");
is($r->{status}, 303, "the password is asked for anew");
like($r->{location}, qr{^/\.postern/sign-in\?again=1&to=}, "by the first page");
unlike($r->{body}, qr/class="key"/, "and no secret is shown");
is($b->get("/x")->{status}, 200, "while the session goes on");

$r = $b->submit($b->get($r->{location}), { user => "b1",
                                            password => $MfaTest::password });
is($r->{status}, 303, "given");
like($r->{location}, qr{^/\.postern/enrol\?to=}, "back to enrolment");
like(MfaClient::unescape_html($r->{location}), qr{to=/x%3Fa%3D1$},
     "and from there to where it led");
is($b->get($r->{location})->{status}, 200, "which goes on");

nginx_stop(0);
is(join("", error_log(0, qr/\[(alert|emerg)\]/)), "", "nothing was wrong");
redis_stop(8);

done_testing();
