package PosternStore;

# For tests of the store that a request and its answer cannot tell: nginx, Redis
# and faulty peers that start, stop and fail at the moment the test says.
# Loading it builds the module of the tests (t/module) and has nginx load it.

use v5.32;
use strict;
use warnings;

use Cwd qw(abs_path);
use Exporter qw(import);
use File::Basename qw(dirname);
use File::Path qw(make_path remove_tree);
use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use POSIX qw(:sys_wait_h _exit);
use Socket qw(MSG_NOSIGNAL);
use Time::HiRes qw(sleep time);

our @EXPORT = qw(nginx nginx_stop nginx_reload nginx_begin nginx_end nginx_test workers get get_all get_h2
                 race redis redis_stop redis_back redis_signal redis_cli
                 peer peer_stop
                 dns port error_log wait_for waits certificates dir);

my $top   = abs_path(dirname(__FILE__) . "/../..");
my $build = $ENV{TEST_NGINX_BUILD} //= "$top/build";

system("$top/util/build-test-module") == 0
    or die "the module of the tests does not compile\n";

$ENV{TEST_NGINX_LOAD_MODULES} //= join " ",
    map { "$build/ngx_http_${_}_module.so" } qw(postern sign mfa rbac audit);
$ENV{TEST_NGINX_LOAD_MODULES} .= " $build/test/ngx_http_postern_test_module.so";

my $binary = $ENV{TEST_NGINX_BINARY} // "/usr/sbin/nginx";
my $base   = $ENV{TEST_NGINX_PORT} // 18200;
my $root   = ($ENV{TEST_NGINX_SERVROOT} // "$build/t/servroot") . "-store";
my $owner  = $$;

my (%nginx, %redis, @peers);


# a port of this test: 0 is the first nginx's
sub port { return $base + $_[0] }

# a directory for files of this test
sub dir { make_path($root); return $root }


# nginx(number, directives of http[, lines at the top]): starts one
sub nginx {
    my ($n, $http, $main) = @_;

    nginx_stop($n) if $nginx{$n};

    my $dir = "$root/nginx-$n";
    remove_tree($dir);
    make_path("$dir/logs");

    configure($n, $http, $main);

    system($binary, "-p", $dir, "-c", "$dir/nginx.conf") == 0
        or die "nginx did not start\n";

    wait_for(sub { -s "$dir/nginx.pid" }, 20) or die "nginx has no pid\n";
    chomp($nginx{$n} = slurp("$dir/nginx.pid"));
    wait_for(sub { connected($n) }, 20) or die "nginx does not listen\n";

    # it listens before its workers are there

    my $want = !defined $main ? 2 : $main =~ /worker_processes\s+(\d+)/ ? $1 : 0;
    wait_for(sub { workers($n) >= $want }, 20)
        or die "nginx has no workers\n";
}

sub configure {
    my ($n, $http, $main) = @_;

    my $dir  = "$root/nginx-$n";
    my $load = join "\n", map { "load_module $_;" }
               split ' ', $ENV{TEST_NGINX_LOAD_MODULES};
    my $user = $> == 0 ? "user root;" : "";
    $main //= "worker_processes 2;";

    spew("$dir/nginx.conf", <<END);
$load
$user
$main
pid $dir/nginx.pid;
error_log $dir/logs/error.log info;
events { worker_connections 4096; }
http {
    access_log off;
    client_body_temp_path $dir/body;
    proxy_temp_path $dir/proxy;
    fastcgi_temp_path $dir/fastcgi;
    uwsgi_temp_path $dir/uwsgi;
    scgi_temp_path $dir/scgi;
    large_client_header_buffers 4 32k;
    $http
    server {
        listen 127.0.0.1:@{[port($n)]};
        listen 127.0.0.1:@{[port($n + 16)]} http2;
        listen 127.0.0.1:@{[port($n + 24)]} reuseport;
        location / { return 404; }
        location = /up { return 200 "up\\n"; }
        location = /pid { return 200 "\$pid\\n"; }
        location = /claim { postern_test claim \$arg_org \$arg_name \$arg_ttl; }
        location = /local { postern_test local \$arg_org \$arg_name \$arg_ttl; }
        location = /capped {
            postern_test capped \$arg_org \$arg_name \$arg_ttl \$arg_owner
                                \$arg_limit \$arg_window;
        }
        location = /quota {
            postern_test quota \$arg_org \$arg_owner \$arg_limit \$arg_window;
        }
        location = /get { postern_test get \$arg_org \$arg_name; }
        location = /take { postern_test take \$arg_org \$arg_name; }
        location = /delete { postern_test delete \$arg_org \$arg_name; }
        location = /put {
            postern_test put \$arg_org \$arg_name \$arg_value \$arg_ttl;
        }
        location = /rate {
            postern_test rate \$arg_org \$arg_name \$arg_limit \$arg_period;
        }
        location = /recent {
            postern_test recent \$arg_org \$arg_name \$arg_age;
        }
        location = /swap {
            postern_test swap \$arg_org \$arg_name \$arg_old \$arg_new
                              \$arg_ttl;
        }
        location = /attempt {
            postern_test attempt \$arg_org \$arg_name \$arg_free \$arg_wait
                                 \$arg_longest \$arg_max \$arg_ttl;
        }
        location = /clear { postern_test clear \$arg_org \$arg_name; }
        location = /mac {
            postern_test mac \$arg_n \$arg_purpose \$arg_data;
        }
        location = /seal { postern_test seal \$arg_name \$arg_secret; }
        location = /job { postern_test job \$arg_text \$arg_ms; }
        location = /lane { postern_test lane; }
        location = /beside-job {
            postern_test_beside \$arg_beside;
            postern_test job \$arg_text \$arg_ms;
        }
        location = /detached-job {
            postern_test_detached on;
            postern_test job \$arg_text \$arg_ms;
        }
        location = /detached {
            postern_test_detached on;
            postern_test claim \$arg_org \$arg_name \$arg_ttl;
        }
    }
}
END
    return "$dir/nginx.conf";
}

# what nginx -t says of these directives
sub nginx_test {
    my ($http) = @_;

    my $dir = "$root/nginx-t";
    make_path("$dir/logs");

    my $load = join "\n", map { "load_module $_;" }
               split ' ', $ENV{TEST_NGINX_LOAD_MODULES};
    spew("$dir/nginx.conf", "$load\npid $dir/pid;\nerror_log stderr;\n"
         . "events {}\nhttp { $http }\n");

    return scalar `$binary -p $dir -c $dir/nginx.conf -t 2>&1`;
}

sub nginx_reload {
    my ($n, $http, $main) = @_;
    configure($n, $http, $main) if defined $http;
    kill "HUP", $nginx{$n};
}

# an upgrade of the binary: a new master beside the old one, whose pid is
# returned, and whose workers go (WINCH) unless both are to serve; then one of
# the two ends (QUIT), and the other serves alone

sub nginx_begin {
    my ($n, $both) = @_;
    my ($old, $file) = ($nginx{$n}, "$root/nginx-$n/nginx.pid");

    kill "USR2", $old;
    wait_for(sub { -s "$file.oldbin" && -s $file && slurp($file) != $old })
        or return;
    chomp($nginx{$n} = slurp($file));
    wait_for(sub { workers($n) >= 2 }) or return;

    return $old if $both;

    kill "WINCH", $old;
    wait_for(sub { (() = `pgrep -P $old` =~ /\d+/g) == 1 }) or return;

    return $old;
}

sub nginx_end {
    my ($n, $stays, $goes) = @_;

    if ($stays != $nginx{$n}) {
        kill "HUP", $stays;
        wait_for(sub { (() = `pgrep -P $stays` =~ /\d+/g) >= 3 })
            or return 0;
    }

    kill "QUIT", $goes;
    $nginx{$n} = $stays;

    return wait_for(sub { (`ps -o stat= -p $goes` || "Z") =~ /^Z/ }, 60);
}

sub nginx_stop {
    my ($n) = @_;
    my $pid = $nginx{$n} or return;
    my @all = ($pid, workers($n));

    delete $nginx{$n};
    kill "QUIT", $pid;
    return if wait_for(sub { gone($pid) }, $ENV{TEST_NGINX_REPORTS} ? 60 : 20);

    # with its workers, which would keep its ports
    kill "KILL", @all;
    wait_for(sub { !grep { !gone($_) } @all }, 20);
}

# it has ended, though whoever adopted it may not have looked yet
sub gone {
    my ($pid) = @_;
    return slurp("/proc/$pid/stat") !~ /\) [^ZX]/;
}

sub workers {
    my ($n) = @_;
    return split ' ', `pgrep -P $nginx{$n}` // "";
}

sub error_log {
    my ($n, $pattern) = @_;
    my @lines = split /^/, slurp("$root/nginx-$n/logs/error.log");
    return grep { /$pattern/ } @lines;
}


sub connected { my ($n) = @_; return connect_to(port($n)) }

sub connect_to {
    my ($port) = @_;
    return IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $port);
}

# the body of an answer, without its newline; "" where there was none
sub get {
    my ($n, $path, $timeout) = @_;
    return get_from(port($n), $path, $timeout);
}

sub get_from {
    my ($port, $path, $timeout) = @_;

    my $s = connect_to($port) or return "";
    print $s "GET $path HTTP/1.0\r\nHost: t\r\n\r\n";

    my ($all, $end) = ("", time + ($timeout // 10));
    my $select = IO::Select->new($s);

    while ($select->can_read($end - time)) {
        sysread($s, $all, 65536, length $all) or last;
    }

    return "status $1" if $all =~ m{^HTTP/1.1 ([3-5]\d\d)};
    $all =~ s/^.*?\r\n\r\n//s or return "";
    chomp $all;
    return $all;
}

# sends all requests before it reads an answer
sub get_all {
    my ($n, @paths) = @_;

    my @sockets = map { connected($n) } @paths;
    for my $i (0 .. $#paths) {
        print { $sockets[$i] } "GET $paths[$i] HTTP/1.0\r\nHost: t\r\n\r\n";
    }

    return map {
        my $all = join "", $_->getlines;
        $all =~ s/^.*?\r\n\r\n//s;
        chomp $all;
        $all;
    } @sockets;
}

# over HTTP/2; with a time limit the client goes away after it
sub get_h2 {
    my ($n, $path, $timeout) = @_;

    open(my $out, "-|", "curl", "-s", "--http2-prior-knowledge", "--max-time",
         $timeout // 10, "http://127.0.0.1:" . port($n + 16) . $path) or die;
    my $text = join "", <$out>;
    close $out;
    chomp $text;
    return $text;
}

# race(total, children, code): code(i) in several processes; counts of results
sub race {
    my ($total, $children, $code) = @_;
    my (%count, @readers);

    for my $child (0 .. $children - 1) {
        pipe(my $r, my $w) or die;
        my $pid = fork() // die;
        if ($pid == 0) {
            close $r;
            for (my $i = $child; $i < $total; $i += $children) {
                syswrite $w, $code->($i) . "\n";
            }
            _exit(0);
        }
        close $w;
        push @readers, [$r, $pid];
    }

    for my $reader (@readers) {
        while (my $line = readline $reader->[0]) {
            chomp $line;
            $line =~ s/ .*//;
            $count{$line}++;
        }
        waitpid $reader->[1], 0;
    }
    return \%count;
}


# redis(number, options): starts a Redis of the test's own
sub redis {
    my ($n, @options) = @_;

    redis_stop($n);

    my $dir = "$root/redis-$n";
    make_path($dir);

    my $pid = fork() // die;
    if ($pid == 0) {
        open STDOUT, ">>", "$dir/log";
        open STDERR, ">&", \*STDOUT;
        { exec "redis-server", "--bind", "127.0.0.1", "--port", port($n),
               "--save", "", "--dir", $dir, @options }
        _exit(1);
    }

    $redis{$n} = $pid;
    wait_for(sub { slurp("$dir/log") =~ /Ready to accept(?!.*Redis is starting)/s },
             20)
        or die "redis-server did not start: " . slurp("$dir/log");
}

sub redis_stop {
    my ($n) = @_;
    my $pid = delete $redis{$n} or return;
    kill "CONT", $pid;
    kill "KILL", $pid;
    waitpid $pid, 0;
    unlink "$root/redis-$n/log";
}

# redis_back(node[, seconds]): every worker has it again.  Each finds its way back
# by itself; where each has a socket of its own, the kernel spreads connections
# over them, and of 32 none is left out.
my $asked = 0;

sub redis_back {
    my ($n, $seconds) = @_;

    return wait_for(sub {
        return !grep {
            get_from(port($n + 24), "/claim?org=a&name=back-$$-" . ++$asked
                                    . "&ttl=1000") ne "first"
        } 1 .. 32;
    }, $seconds);
}

sub redis_signal {
    my ($n, $signal) = @_;
    kill $signal, $redis{$n};
}

# a Redis that stands still: once what the code sends it lies before it, unread

sub waits {
    my ($n, $code) = @_;
    my $before = unread($n);
    my @got = $code->();

    wait_for(sub { unread($n) > $before }, 5);
    return @got;
}

# bytes, by the table of the kernel (proc(5))
sub unread {
    my ($n) = @_;
    my $local = sprintf ":%04X", port($n);
    my $bytes = 0;

    for (split /\n/, slurp("/proc/net/tcp")) {
        my (undef, $at, undef, $state, $queues) = split;
        $bytes += hex +(split /:/, $queues)[1]
            if $at =~ /\Q$local\E$/ && $state eq "01";
    }

    return $bytes;
}

sub redis_cli {
    my ($n, @args) = @_;
    my $pid = open(my $out, "-|", "redis-cli", "--no-auth-warning", "-p",
                   port($n), @args) or die;
    my $text = join "", <$out>;
    close $out;
    chomp $text;
    return $text;
}


# peer(number, code): code(socket) serves every connection to it
sub peer {
    my ($n, $code) = @_;

    my $listen;

    # one that was stopped may have a child that has not closed the port yet
    wait_for(sub {
        $listen = IO::Socket::INET->new(LocalAddr => "127.0.0.1",
                                        Listen => 16, LocalPort => port($n),
                                        ReuseAddr => 1)
    }, 20) or die "peer: $!";

    my $pid = fork() // die;

    if ($pid == 0) {
        $SIG{PIPE} = "IGNORE";
        $SIG{CHLD} = "IGNORE";
        while (1) {
            my $s = $listen->accept or next;
            my $child = fork();
            if (defined $child && $child == 0) {
                close $listen;
                $s->autoflush(1);
                $code->($s);
                _exit(0);
            }
            close $s;
        }
    }

    close $listen;
    push @peers, $pid;
}

# dns(number, name, addresses): a server that knows one name, until peer_stop();
# the file that it returns is not empty once it was asked
sub dns {
    my ($n, $name, @addresses) = @_;

    my $asked = dir() . "/asked";
    unlink $asked;

    my $s = IO::Socket::INET->new(LocalAddr => "127.0.0.1", Proto => "udp",
                                  LocalPort => port($n)) or die "dns: $!";
    my $pid = fork() // die;

    if ($pid == 0) {
        while (defined $s->recv(my $query, 512)) {
            my ($at, $got) = (12, "");
            while (my $len = ord substr $query, $at, 1) {
                $got .= "." if $got ne "";
                $got .= substr $query, $at + 1, $len;
                $at += $len + 1;
            }
            spew($asked, $got);

            my @found = $got eq $name ? @addresses : ();
            $s->send(substr($query, 0, 2)
                     . pack("n5", @found ? 0x8180 : 0x8183, 1, scalar @found, 0, 0)
                     . substr($query, 12, $at + 5 - 12)
                     . join("", map { pack("n3Nn", 0xc00c, 1, 1, 1, 4)
                                      . IO::Socket::inet_aton($_) } @found));
        }
        _exit(0);
    }

    close $s;
    push @peers, $pid;
    return $asked;
}

sub peer_stop {
    for my $pid (@peers) {
        kill "KILL", $pid;
        waitpid $pid, 0;
    }
    @peers = ();
}


# a CA, a certificate of it for "redis.test" and 127.0.0.1, one of nobody
sub certificates {
    my $dir = dir();
    spew("$dir/ext", "subjectAltName=DNS:redis.test,IP:127.0.0.1\n");
    my $cmd = <<'END';
cd DIR && exec > openssl.log 2>&1
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
    -subj "/CN=test CA" -keyout ca.key -out ca.pem &&
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
    -subj "/CN=redis" -keyout redis.key -out redis.csr &&
openssl x509 -req -in redis.csr -CA ca.pem -CAkey ca.key -CAcreateserial \
    -days 2 -extfile ext -out redis.pem &&
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
    -subj "/CN=other CA" -keyout other.key -out other.pem
END
    $cmd =~ s/DIR/$dir/;
    system("bash", "-c", $cmd) == 0 or die slurp("$dir/openssl.log");
    return $dir;
}


sub wait_for {
    my ($code, $seconds) = @_;
    my $end = time + ($seconds // 20);
    while (1) {
        return 1 if $code->();
        return 0 if time >= $end;
        sleep 0.02;
    }
}

sub slurp {
    my ($file) = @_;
    open my $in, "<", $file or return "";
    local $/;
    return scalar(<$in>) // "";
}

sub spew {
    my ($file, $text) = @_;
    open my $out, ">", $file or die "$file: $!";
    print $out $text;
    close $out;
}


END {
    if ($$ == $owner) {
        my $status = $?;
        nginx_stop($_) for keys %nginx;
        redis_stop($_) for keys %redis;
        peer_stop();
        $? = $status;
    }
}

1;
