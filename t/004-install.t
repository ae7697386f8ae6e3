# "make install" puts everything where Debian's nginx finds it, and "make
# uninstall" takes all of it away again.

use strict;
use warnings;

use File::Temp qw(tempdir);
use Test::More;

my $top  = $ENV{POSTERN_TOP};
my $root = tempdir(CLEANUP => 1);
my @so   = map { "ngx_http_${_}_module.so" } qw(postern sign mfa rbac audit);

my $enabled   = "etc/nginx/modules-enabled/50-mod-http-postern.conf";
my $available = "usr/share/nginx/modules-available/mod-http-postern.conf";

sub make {
    my $out = qx{make -s -C "$top" @_ 2>&1};

    is($?, 0, "make @_") or diag($out);
}

sub installed {
    return sort map { s{^\Q$root\E/}{}r } split /\n/,
                qx{find "$root" -type f -o -type l};
}

chmod 0755, $root;
make("install", "DESTDIR=$root");

is_deeply([installed()],
          [sort $enabled, $available, "usr/bin/postern",
                map { "usr/lib/nginx/modules/$_" } @so],
          "five modules, the program, and one configuration");

is(readlink("$root/$enabled"), "/$available",
   "enabled as Debian enables its own modules");

is((stat "$root/usr/lib/nginx/modules/$_")[2] & 07777, 0644, "mode of $_")
    for @so;

# Debian's prefix has modules/ lead to /usr/lib/nginx/modules
symlink "../../lib/nginx/modules", "$root/usr/share/nginx/modules" or die;

my $conf = "$root/nginx.conf";

open my $out, ">", $conf or die "$conf: $!";
print $out "pid $root/nginx.pid;\ninclude $root/$available;\n",
           "events { }\nhttp { access_log off; }\n";
close $out;

my $said = qx{"$ENV{TEST_NGINX_BINARY}" -t -e stderr \\
              -p "$root/usr/share/nginx/" -c "$conf" 2>&1};

is($?, 0, "nginx accepts what is installed");
like($said, qr/test is successful/, "nginx says so");
unlike($said, qr/\[(?:warn|error|alert|emerg)\]/, "and complains of nothing");

my $help = qx{"$root/usr/bin/postern" --help 2>&1};

is($?, 0, "the installed program runs");
like($help, qr/postern/, "and says what it is");

my $made = (stat "$top/build/$so[0]")[9];

make("build");
is((stat "$top/build/$so[0]")[9], $made, "a second build builds nothing");

unlink "$root/usr/share/nginx/modules", $conf, "$root/nginx.pid";
make("uninstall", "DESTDIR=$root");
is_deeply([installed()], [], "nothing is left behind");

make("install", "DESTDIR=$root", "PREFIX=/opt/postern");
ok(-x "$root/opt/postern/bin/postern", "PREFIX moves the program");
ok(-f "$root/opt/postern/lib/nginx/modules/$_", "PREFIX moves $_") for @so;

done_testing();
