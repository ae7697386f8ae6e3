# An oracle at the application: whatever path the gate lets through, no way of
# reading it leads where the role must not go.
#
# Every hostile spelling goes through every way of forwarding, over HTTP/1.1 and
# HTTP/2.  The application notes the bytes it gets; here they are read in all
# the ways that applications read paths, and none may lead to /admin.

use v5.32;
use strict;
use warnings;
no warnings 'qw';

use lib 't/lib';
use RbacTest;

use IO::Socket::INET;
use Test::More;

RbacTest::load();

my $root = "$ENV{TEST_NGINX_SERVROOT}-rbac";
my $port = $ENV{TEST_NGINX_PORT} // 18640;
my ($h1, $h2, $app) = ($port, $port + 1, $port + 2);
my (@pids, $failures);

# ways to forward; each is a server of its own

my %ways = (
    raw      => 'proxy_pass http://app;',
    uri      => 'proxy_pass http://app/;',
    variable => 'proxy_pass http://app$request_uri;',
    cached   => 'if ($request_uri ~ ^/never) { return 404; }'
                . ' proxy_pass http://app$request_uri;',
    decoded  => 'proxy_pass http://app$uri$is_args$args;',
    rewrite  => 'rewrite ^(.*)$ $1 break; proxy_pass http://app;',
    rewritten => 'rewrite ^/app/(.*)$ /app/sub/$1 break;'
                . ' proxy_pass http://app$request_uri;',
    fallback => 'try_files /none @fallback;',
);

# "..", encoded slashes and all the rest, between a path that the role may have
# and one that it may not

my @dots = qw(.. %2e%2e %2E%2E .%2e %2e. ..; ..;a=b %2e%2e; ..%3b .;/.. ..%00
              ..%20 ..%09 ..# ..%23 ..? ..%3f %252e%252e .%252e %25%32%65%25%32%65
              %c0%ae%c0%ae %c0%2e%c0%2e %e0%80%ae%e0%80%ae %uff0e%uff0e
              %u002e%u002e %ef%bc%8e%ef%bc%8e %e2%80%a5 ... ..%5c..);
my @slashes = qw(%2f %2F %5c %5C \\ %252f %255c %c0%af %c1%9c %e0%80%af
                 %ef%bc%8f %u2215 %25%32%66);

my @hostile = (
    (map { "/app/$_/admin" } @dots),
    (map { "/app/x/$_/$_/admin/x" } @dots),
    (map { "/app/..${_}admin" } @slashes),
    (map { "/app/%2e%2e${_}admin" } @slashes),
    qw(//admin ///admin /app//../admin /app/..//admin /./admin /app/./../admin
       /app/.//..///admin //app/../admin /%61dmin /%2561dmin /admin%2f
       /admin%00 /admin%00.html /admin;x /admin;/app /;/admin /app;/../admin
       /app#/../admin /admin#f /admin. /admin%20 /admin/. /admin/..;/x
       /app/..;/..;/admin /app%2f..%2fadmin /app%5c..%5cadmin /\\\\admin
       /app/..%0d/admin /app/..%0a/admin /app/%0d%0a/admin /app?/../admin
       /app%3f/../admin /app%23/../admin /app/../app/../admin
       /app/x/%2e%2e/%2e%2e/admin /app/%2e%2e%2fadmin /../admin /app/../../admin
       /app/%25%32%65%25%32%65/admin /app/.%00./admin /app/.%0d./admin
       /%2e/admin /%2e%2e/admin /app/%2e/../admin/x?a=/app),
    "/app/..\xc0\xafadmin", "/app/\xc0\xae\xc0\xae/admin",
);

# what the role may have, and what must arrive: as it is, or in canonical form

my @honest = (
    ["/app", "/app", "/app"],
    ["/app/", "/app/", "/app/"],
    ["/app/x?y=../z;%2f", "/app/x?y=../z;%2f", "/app/x?y=../z;%2f"],
    ["/app/%c3%a9%20x", "/app/%c3%a9%20x", "/app/%C3%A9%20x"],
    ["/app/%7e", "/app/%7e", "/app/~"],
    ["/app/x?", "/app/x?", "/app/x?"],
    ["/app/./x//y/../z?q", undef, "/app/x/z?q"],
    ["/%61pp/100%25", "/%61pp/100%25", "/app/100%25"],
    ["/app/a%3Fb%23c?d", undef, "/app/a%3Fb%23c?d"],
);

setup();

my @servers = map { my $way = $_; map { "$way-$_" } qw(strict canonical) }
              sort keys %ways;
my $combinations = 0;

for my $protocol ("HTTP/1.1", "HTTP/2") {
    my $ask = $protocol eq "HTTP/2" ? \&curl : \&plain;

    for my $server (@servers) {
        hostile($protocol, $server, $ask);
        honest($protocol, $server, $ask);
    }
}

cmp_ok(scalar(@hostile), ">=", 60, scalar(@hostile) . " hostile spellings");
is($combinations, @hostile * @servers * 2, "$combinations combinations asked");

done_testing();


sub hostile {
    my ($protocol, $server, $ask) = @_;
    my @answers = $ask->($server, @hostile);
    my @bad;

    is(scalar(@answers), scalar(@hostile), "$protocol $server: all answered");

    for my $i (0 .. $#answers) {
        my ($status, $seen) = @{ $answers[$i] };
        my @leads = defined $seen ? grep { leads($_) } readings($seen) : ();

        $combinations++;

        push @bad, "$hostile[$i] arrived as $seen, read as $leads[0]" if @leads;
        push @bad, "$hostile[$i] got $status"
            if $status !~ /^(?:200|400|403|404|000)$/;
        push @bad, "$hostile[$i] passed as $seen"
            if $server =~ /strict/ && defined $seen
               && $hostile[$i] !~ m{^/app\?};
    }

    is(join("\n", @bad), "", "$protocol $server: no way to /admin");
}


sub honest {
    my ($protocol, $server, $ask) = @_;
    my $canonical = $server =~ /canonical/;

    # these send what they have made of the path themselves
    return if $server =~ /^(?:decoded|rewrit|uri)/;

    my @answers = $ask->($server, map { $_->[0] } @honest);

    for my $i (0 .. $#honest) {
        my ($target, @want) = @{ $honest[$i] };

        is($answers[$i][1], $want[$canonical],
           "$protocol $server: $target " . ($want[$canonical] ? "arrives"
                                                              : "is refused"));
    }
}


# Every path that an application may find in the bytes, by one or two rounds of
# decoding and whatever else is done on the way.

sub readings {
    my ($seen) = @_;
    my %found = ($seen =~ s/\?.*//sr => 1);

    for (1 .. 4) {
        for my $p (keys %found) {
            $found{$_} = 1 for
                decode($p),
                $p =~ s/[?#].*//sr,
                $p =~ s/\0.*//sr,
                $p =~ s/;[^\/]*//gr,
                $p =~ tr{\\}{/}r,
                $p =~ s/[\xc0\xe0][\x80]?\xae/./gr =~ s/\xc0\xaf/\//gr,
                $p =~ s/\xef\xbc\x8e/./gr =~ s/\xef\xbc\x8f/\//gr
                   =~ s/\xe2\x80\xa5/../gr,
                $p =~ s/[\r\n\t\0]//gr,
                $p =~ s{[. ]+(?=/|$)}{}gr;
        }

        last if keys %found > 400;
    }

    return keys %found;
}


sub decode {
    my ($p) = @_;

    return $p =~ s/%([0-9a-f]{2})/chr hex $1/gier,
           $p =~ s/%u([0-9a-f]{4})/chr(hex($1) & 0x7f)/gier;
}


sub leads {
    my ($p) = @_;
    my @out;

    for my $s (grep { $_ ne "" && $_ ne "." } split m{/}, $p) {
        if ($s eq "..") {
            pop @out;
        } else {
            push @out, $s;
        }
    }

    return @out && lc $out[0] eq "admin";
}


# one connection a request, so that any bytes can be sent

sub plain {
    my ($server, @targets) = @_;

    return map {
        my $s = IO::Socket::INET->new("127.0.0.1:$h1") or die "connect: $!\n";
        my $got = "";

        $s->print("GET $_ HTTP/1.1\r\nHost: $server\r\n"
                  . "Connection: close\r\n\r\n");
        local $/;
        $got = <$s> // "";

        [ $got =~ m{^HTTP/1\.1 (\d+)} ? "$1" : "000",
          $got =~ /^seen:(\w*)$/m ? pack("H*", $1) : undef ]
    } @targets;
}


# a name for each request: curl 7.88 cannot use a connection twice here

sub curl {
    my ($server, @targets) = @_;
    my $config = "$root/curl.conf";
    my $n = 0;

    open my $out, ">", $config or die "$config: $!\n";

    for my $target (@targets) {
        my $quoted = $target =~ s/(["\\])/\\$1/gr;

        print $out "next\n" if tell $out;
        print $out "http2-prior-knowledge\nsilent\npath-as-is\nmax-time = 10\n"
                   . "request-target = \"$quoted\"\n"
                   . "header = \"Host: $server\"\n"
                   . "write-out = \"\\nstatus:%{http_code}\\n\"\n"
                   . "url = \"http://h$n.localhost:$h2/\"\n";
        $n++;
    }

    close $out;

    my $got = `curl -K $config 2>$root/curl.err`;
    my @answers;

    while ($got =~ /(.*?)^status:(\d+)$/msg) {
        my ($body, $status) = ($1, $2);

        push @answers, [ $status,
                         $body =~ /^seen:(\w*)$/m ? pack("H*", $1) : undef ];
    }

    return @answers;
}


sub setup {
    system("rm", "-rf", $root);
    mkdir $_ for $root, "$root/logs", "$root/html";

    write_file("$root/dir.json", $RbacTest::directory);
    write_file("$root/nginx.conf", config());

    $ENV{ASAN_OPTIONS} //= "detect_leaks=0";

    push @pids, application();

    my $nginx = $ENV{TEST_NGINX_BINARY} // "/usr/sbin/nginx";
    my $pid = fork // die "fork: $!\n";

    if ($pid == 0) {
        exec $nginx, "-e", "$root/logs/error.log", "-p", "$root/",
             "-c", "$root/nginx.conf", "-g", "daemon off;";
        die "$nginx: $!\n";
    }

    push @pids, $pid;

    for (1 .. 100) {
        return if IO::Socket::INET->new("127.0.0.1:$h2");
        select undef, undef, undef, 0.1;
    }

    BAIL_OUT("nginx does not start: " . `tail -3 $root/logs/error.log`);
}


sub config {
    my $modules = join "", map { "load_module $_;\n" }
                  split ' ', $ENV{TEST_NGINX_LOAD_MODULES};
    my $servers = "";

    for my $way (sort keys %ways) {
        for my $mode (qw(strict canonical)) {
            $servers .= <<"EOD";
    server {
        listen 127.0.0.1:$h1;
        listen 127.0.0.1:$h2 http2;
        server_name $way-$mode;
        rbac_path $mode;
        location / { $ways{$way} }
        location \@fallback { proxy_pass http://app; }
    }
EOD
        }
    }

    return <<"EOD";
${modules}worker_processes 1;
pid $root/nginx.pid;
events { worker_connections 512; }
http {
    postern_directory $root/dir.json;
    access_log off;
    client_body_temp_path $root/t1; proxy_temp_path $root/t2;
    fastcgi_temp_path $root/t3; uwsgi_temp_path $root/t4;
    scgi_temp_path $root/t5;
    upstream app { server 127.0.0.1:$app; }
    postern_test_identity acme alice viewer;
    rbac on;
$servers}
EOD
}


# the application: says what stood in the request line

sub application {
    my $listen = IO::Socket::INET->new(LocalAddr => "127.0.0.1",
                                       LocalPort => $app, Listen => 64,
                                       ReuseAddr => 1) or die "listen: $!\n";
    my $pid = fork // die "fork: $!\n";

    return $pid if $pid;

    $SIG{PIPE} = 'IGNORE';
    @pids = ();

    while (1) {
        my $c = $listen->accept or next;
        my $head = "";

        while ($head !~ /\r\n\r\n/ && sysread $c, $head, 65536, length $head) {
        }

        my ($target) = $head =~ m{^[^ ]* (.*) HTTP/1\.[01]\r\n};
        my $body = "seen:" . unpack("H*", $target // "no target") . "\n";

        $c->print("HTTP/1.0 200 OK\r\nContent-Length: " . length($body)
                  . "\r\nConnection: close\r\n\r\n$body");
        close $c;
    }
}


sub write_file {
    my ($file, $text) = @_;

    open my $out, ">", $file or die "$file: $!\n";
    print $out $text;
    close $out;
}


END {
    if (@pids) {
        my $status = $?;

        kill 'TERM', @pids;
        waitpid $_, 0 for @pids;
        $? = $status;
    }
}
