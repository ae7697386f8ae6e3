# Each configuration in examples/ starts as it stands, but for paths and ports,
# and does what its first lines say.

use lib 't/lib';

use v5.32;
use strict;
use warnings;

use Cwd qw(abs_path);
use Digest::SHA qw(hmac_sha256_hex);
use File::Basename qw(dirname);
use File::Path qw(make_path remove_tree);
use IO::Socket::INET;
use Test::More;
use Time::HiRes qw(sleep);

my $top  = abs_path(dirname(abs_path(__FILE__)) . "/..");
my $work = "$top/build/t/examples";
my $port = ($ENV{TEST_NGINX_PORT} // 1984) + 10;
my $app  = $port + 1;

my $redis  = $ENV{TEST_NGINX_REDIS_PORT} or die "no TEST_NGINX_REDIS_PORT\n";
my $nginx  = $ENV{TEST_NGINX_BINARY} // "nginx";
my @own;
my $user;

END { kill TERM => @own if @own }

sub slurp { local (@ARGV, $/) = @_; return scalar <> }

sub put {
    my ($name, $text, $mode) = @_;
    open my $out, ">", "$work/$name" or die "$name: $!\n";
    print $out $text;
    close $out or die;
    chmod $mode // 0644, "$work/$name";
}

sub start {
    my ($name) = @_;

    system("$nginx -p $work -c $work/$name -e $work/error.log"
           . " 2> $work/stderr") == 0 or return 0;

    for (1 .. 100) {
        if (-s "$work/$name.pid") {
            chomp(my $pid = slurp("$work/$name.pid"));
            push @own, $pid;
            return $pid;
        }
        sleep 0.05;
    }

    return 0;
}

sub stop {
    my ($pid) = @_;
    kill TERM => $pid;

    # until it is gone, or waits for its parent to notice

    for (1 .. 200) {
        open my $in, "<", "/proc/$pid/stat" or last;
        last if <$in> =~ /\) Z /;
        sleep 0.05;
    }

    @own = grep { $_ != $pid } @own;
}

sub status {
    return `curl -s -o /dev/null -w '%{http_code}' --max-time 10 @_`;
}



sub machines {
    my ($name) = @_;

    my $url = "http://127.0.0.1:$port/api/devices";

    is status($url), 401, "$name: unsigned";
    is status("$user $url"), 200, "$name: signed";
    is status("$user http://127.0.0.1:$port/api/other"),
       $name eq "migrate.conf" ? 200 : 403,
       "$name: signed, for what the role does not have";

    sleep 0.5;

    my @lines = grep { /"status":/ } split /\n/,
                slurp("$work/$name.audit.jsonl");

    is scalar @lines, 3, "$name: three requests on record";
    like $lines[2], $name eq "migrate.conf" ? qr/"observe"/ : qr/"deny"/,
         "$name: and the last one's verdict";
}

# as machines(), and a webhook that is signed and one that is not

sub clients {
    my ($name) = @_;

    machines($name);

    my $url  = "http://127.0.0.1:$port/hooks/stripe";
    my $body = '{"type":"charge.succeeded"}';
    my $t    = time;
    my $v1   = hmac_sha256_hex("$t.$body", "whsec_replace-me-by-a-sealed-one");
    my $sent = "-H 'Stripe-Signature: t=$t,v1=$v1' $url";

    is status("-d '$body' $url"), 401, "$name: an unsigned webhook";
    is status("-d '$body ' $sent"), 401, "$name: another one than is signed";
    is status("-d '$body' $sent"), 200, "$name: the one that is signed";
    is status("-d '$body' $sent"), 401, "$name: but once";
    is status("$user $url"), 401, "$name: no other scheme";
}


# a browser is sent to the pages, and is shown one; a program is told

sub people {
    my ($name) = @_;

    my $url = "http://127.0.0.1:$port/payments/7?page=2";

    is status($url), 401, "$name: a program, not signed in";

    my $curl = "curl -s --max-time 10";
    my $where = `$curl -o /dev/null -H 'Accept: text/html' -w '%{http_code} %{redirect_url}' '$url'`;

    is $where, "303 http://127.0.0.1:$port/.postern/sign-in"
               . "?to=/payments/7%3Fpage%3D2", "$name: a browser";

    $where =~ s/^303 //;
    like `curl -s --max-time 10 '$where'`, qr/<title>[^<]*Example/,
         "$name: the page to sign in, by the name of the service";

    sleep 0.5;

    my @lines = grep { /"status":/ } split /\n/,
                slurp("$work/$name.audit.jsonl");

    is scalar @lines, 3, "$name: three requests on record";
    like $lines[0], qr{"mfa/sign-in"}, "$name: and why";
}


remove_tree($work);
make_path("$work/tmp");
make_path("$work/accounts");
chmod 0777, "$work/accounts";

my $directory = slurp("$top/examples/directory.json");

put("postern.json", $directory);
system("umask 077; $ENV{TEST_NGINX_POSTERN} master-key > $work/postern.key") == 0
    or die "no master key\n";

my $temporary = <<"EOC";
    access_log off;
    client_body_temp_path $work/tmp;
    proxy_temp_path $work/tmp;
    fastcgi_temp_path $work/tmp;
    uwsgi_temp_path $work/tmp;
    scgi_temp_path $work/tmp;
EOC

put("app.conf", <<"EOC");
pid $work/app.conf.pid;
events { }
http {
$temporary
    server {
        listen 127.0.0.1:$app;
        return 200 "\$http_postern_subject\\n";
    }
}
EOC

ok my $behind = start("app.conf"), "the application" or BAIL_OUT("no nginx");

is system("$ENV{TEST_NGINX_POSTERN} check $work/postern.json > /dev/null 2>&1"), 0,
   "the example directory is right";

$user = "--aws-sigv4 aws:amz:local:app"
           . " --user AKEXAMPLE1:replace-me-by-a-sealed-secret";

for my $file (sort glob "$top/examples/*.conf") {
    my ($name) = $file =~ m{([^/]+)$};
    my $text = slurp($file);

    $text =~ s{^load_module modules/}{load_module $ENV{TEST_NGINX_BUILD}/}mg;
    $text =~ s{/etc/nginx/}{$work/}g;
    $text =~ s{/var/log/nginx/audit}{$work/$name.audit}g;
    $text =~ s{/var/lib/postern}{$work/accounts}g;
    $text =~ s{127\.0\.0\.1:8080}{127.0.0.1:$port};
    $text =~ s{127\.0\.0\.1:8000}{127.0.0.1:$app};
    $text =~ s{127\.0\.0\.1:6379/0}{127.0.0.1:$redis/0 prefix=ex-$$:};
    $text =~ s|^http \{|pid $work/$name.pid;\nhttp {\n$temporary|m;

    unlike $text, qr{/etc/|/var/}, "$name: every path is known here";

    put($name, $text);

    my $pid = start($name);
    ok $pid, "$name: starts" or do { diag slurp("$work/stderr"); next };

    $name eq "people.conf"  ? people($name)
    : $name eq "clients.conf" ? clients($name)
                              : machines($name);

    stop($pid);
}

stop($behind);
remove_tree($work);

done_testing();
