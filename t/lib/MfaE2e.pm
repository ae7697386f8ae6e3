package MfaE2e;

# What the tests of mfa in a browser share: nginx with TLS and HTTP/2, a real
# application behind it that knows nothing of users (httpbin, in gunicorn), and
# people.
#
#     site(server => "mfa_name Acme;", people => [bob => ...]);
#     my $b = browser();                       # WebDriver, see there
#
#     $b->go(address("/anything/devices?page=2"));
#     password_of($b, "alice");                # types, sends
#     code_of($b, "alice");                    # what oathtool says
#     ...
#     quiet($b, "all along");                  # nothing in its console
#
# The people are those of MfaTest, with the password $password: alice, carol,
# u1 to u40 have an authenticator, bob and b1 to b9 have none.  All that the
# application serves is behind "mfa on"; /fresh/ wants a proof of the last three
# seconds.
#
# Nothing here is weaker than what an operator gets by default: Argon2id, limits
# of guesses and the life of a session are those of the module.

use v5.32;
use strict;
use warnings;

use Cwd qw(abs_path);
use Exporter qw(import);
use File::Basename qw(dirname);
use File::Path qw(make_path remove_tree);
use File::Temp qw(tempdir);
use IO::Socket::INET;
use MfaClient qw(base32);
use MfaTest ();
use Shared ();
use Test::More;
use Time::HiRes qw(sleep time);
use WebDriver;

our @EXPORT = qw(site browser address password_of code_of sign_in quiet
                 authenticator console_of shown focus focused where until_true
                 error_log look $password $host);

my $top   = abs_path(dirname(__FILE__) . "/../..");
my $build = $ENV{TEST_NGINX_BUILD} // "$top/build";
my $owner = $$;

our $password = "correct horse battery";
our $host     = "devices.example";

my ($dir, $nginx, $app, %said);


sub port { return ($ENV{TEST_NGINX_PORT} // 19000) + $_[0] }

sub address { return "https://$host:" . port(0) . $_[0] }


# starts the application and nginx; both end with the test

sub site {
    my (%option) = @_;

    $dir = tempdir("$top/build/t/e2e.XXXX", CLEANUP => 1);
    make_path("$dir/accounts", "$dir/tmp");

    people(@{$option{people} // []});
    spew("$dir/key", "mk-1 " . "A" x 42 . "E=\n");
    chmod 0600, "$dir/key";
    certificate();

    spew("$dir/$_", $option{files}{$_}) for keys %{$option{files} // {}};
    spew("$dir/nginx.conf", configuration(%option) =~ s/DIR/$dir/gr);

    application();

    my $binary = $ENV{TEST_NGINX_BINARY} // "/usr/sbin/nginx";
    my $said = qx($binary -p $dir -c $dir/nginx.conf 2>&1);

    die "nginx does not start: $said" if $?;

    until_true(sub { -s "$dir/nginx.pid" && connected(0) })
        or die "nginx does not listen\n";
    chomp($nginx = slurp("$dir/nginx.pid"));

    return $dir;
}


sub people {
    my @change = @_;

    spew("$dir/postern.json", MfaTest::directory(@change)
                              =~ s/\Q$MfaTest::hash\E/hash()/ger);
}


# by the program that operators use

sub hash {
    state $hash;

    if (!$hash) {
        my $postern = $ENV{TEST_NGINX_POSTERN} // "$top/build/postern";

        chomp($hash = qx(printf '%s\n' '$password' | $postern hash));
        die "postern hash fails\n" if $? || $hash !~ /^\$argon2id\$/;
    }

    return $hash;
}


sub certificate {
    system("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256"
           . " -nodes -days 2 -subj /CN=$host -addext subjectAltName=DNS:$host"
           . " -keyout $dir/tls.key -out $dir/tls.pem >$dir/openssl.log 2>&1")
        == 0 or die slurp("$dir/openssl.log");
}


sub configuration {
    my (%option) = @_;

    my $so = $ENV{TEST_NGINX_LOAD_MODULES}
             // join " ", map { "$build/ngx_http_${_}_module.so" }
                          qw(postern sign mfa rbac audit);
    my $load = join "\n", map { "load_module $_;" } split ' ', $so;
    my $user = $> == 0 ? "user root;" : "";
    my ($https, $app) = (port(0), port(1));
    my $store = Shared::store($option{http});
    my $temp = join "\n", map { "    ${_}_temp_path DIR/tmp;" }
               qw(client_body proxy fastcgi uwsgi scgi);

    return <<"EOD";
$load
$user
worker_processes 2;
pid DIR/nginx.pid;
error_log DIR/error.log info;
events { worker_connections 512; }
http {
    log_format e2e '\$server_protocol \$status \$request_method \$request_uri';
    access_log DIR/access.log e2e;
$temp

    postern_zone 8m;
    $store
    postern_directory DIR/postern.json;
    postern_master_key DIR/key;
    postern_org acme;
    postern_identity_headers on;
    mfa_accounts DIR/accounts;
    @{[$option{http} // ""]}

    server {
        listen 127.0.0.1:$https ssl http2;
        server_name $host;
        ssl_certificate DIR/tls.pem;
        ssl_certificate_key DIR/tls.key;

        proxy_set_header Host \$http_host;
        proxy_set_header X-Forwarded-Proto https;

        @{[$option{server} // ""]}

        location /.postern/ {
            mfa_pages;
        }

        location / {
            mfa on;
            proxy_pass http://127.0.0.1:$app;
        }

        location /fresh/ {
            mfa on;
            mfa_require aal=2 max_age=3s;
            proxy_pass http://127.0.0.1:$app/anything/fresh/;
        }

        @{[$option{more} // ""]}
    }
}
EOD
}


sub application {
    my $port = port(1);

    $app = fork // die "fork: $!\n";

    if ($app == 0) {
        setpgrp(0, 0);
        open STDIN, "<", "/dev/null";
        open STDOUT, ">", "$dir/app.log";
        open STDERR, ">&", \*STDOUT;

        no warnings 'exec';
        exec "gunicorn", "-w", 1, "-k", "gthread", "--threads", 4, "-b",
             "127.0.0.1:$port", "--chdir", $dir, "httpbin:app";
        POSIX::_exit(127);
    }

    until_true(sub { connected(1) }, 20)
        or die "httpbin does not start: ", slurp("$dir/app.log");
}


sub connected {
    return IO::Socket::INET->new(PeerAddr => "127.0.0.1",
                                 PeerPort => port($_[0]));
}


END {
    my $status = $?;

    if ($$ == $owner) {
        for my $pid ($nginx, $app ? -$app : ()) {
            kill "TERM", $pid if $pid;
        }

        waitpid $app, 0 if $app;
        until_true(sub { !kill 0, $nginx }) if $nginx;
    }

    $? = $status;
}


# a browser of its own, with its own cookies

sub browser {
    return WebDriver->new(resolve => [$host], @_);
}


# as people do: what has the focus is not looked for

sub password_of {
    my ($b, $user, $given) = @_;

    $b->type("#user", $user) if !$b->attribute("#user", "readonly");
    $b->type("#password", $given // $password);
    $b->press("main button");

    return $b;
}


# the code that oathtool shows, of an authenticator of the directory or of the
# key given; step: of steps of 30 s from now

sub authenticator {
    my ($key, %option) = @_;
    my $seconds = 30 * ($option{step} // 0);

    $key = base32(MfaTest::secret($key)) if $key =~ /[a-z]/;

    chomp(my $code = qx(oathtool --totp -b $key -N "now + $seconds seconds"));
    die "oathtool fails\n" if $? || $code !~ /^\d{6}$/;

    return $code;
}


sub code_of {
    my ($b, @authenticator) = @_;

    $b->type("#code", authenticator(@authenticator));
    $b->press("main button");

    return $b;
}


# both factors, from a page of the application and back to it

sub sign_in {
    my ($b, $user, $path, %option) = @_;

    $b->go(address($path));
    password_of($b, $user);
    code_of($b, $option{key} // $user, %option);
    is(where($b), $path, "$user is signed in");

    return $b;
}


# path and query of the page

sub where { return $_[0]->url =~ s{^https://\Q$host\E:\d+}{}r }


# what a person reads

sub shown { return $_[0]->text("body") }


# the id of what has the focus

sub focused { return $_[0]->attribute($_[0]->active, "id") // "" }


# Everything that the browser had to say, but for answers whose status is meant,
# as 401 for a wrong password, and for what it did as it was told.

sub console_of {
    my ($b) = @_;

    return grep { !m{^SEVERE:\ https://\S+(?<!/style[.]css)(?<!/logo)\ -\ Failed\ to
                     \ load\ resource:\ .*\ status\ of\ 4\d\d\ }x
                  && !/^INFO: .*Clear-Site-Data.*Cleared data types: "cache"/ }
           map { "$_->{level}: $_->{message}" } $b->console;
}


sub quiet {
    my ($b, $what) = @_;

    is(join("\n", console_of($b)), "", "nothing in the console: $what");
}


# what nginx found wrong; none is expected

sub error_log {
    my ($pattern) = @_;

    return grep { $pattern ? /$pattern/ : /\[(?:emerg|alert|crit|error)\]/ }
           split /^/, slurp("$dir/error.log");
}


# E2E_LOOK=folder keeps a picture of each page that a test names

sub look {
    my ($b, $name) = @_;

    return if !$ENV{E2E_LOOK};

    make_path($ENV{E2E_LOOK});

    for my $way ("390-light", "390-dark", "1280-light", "1280-dark") {
        my ($width, $mode) = split /-/, $way;

        $b->emulate(width => $width, height => $width < 600 ? 844 : 900,
                    dark => $mode eq "dark");
        $b->screenshot("$ENV{E2E_LOOK}/$name-$way.png");
    }

    $b->emulate(width => 1280, height => 900, dark => 0);
}


sub until_true {
    my ($code, $seconds) = @_;
    my $end = time + ($seconds // 10);

    while (time < $end) {
        return 1 if $code->();
        sleep 0.05;
    }

    return 0;
}


sub spew {
    my ($path, $text) = @_;

    make_path(dirname($path));
    open my $out, ">", $path or die "$path: $!\n";
    print $out $text;
    close $out or die "$path: $!\n";
}


sub slurp {
    my ($path) = @_;

    open my $in, "<", $path or return "";
    local $/;

    return <$in> // "";
}


1;
