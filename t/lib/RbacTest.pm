package RbacTest;

# What the tests of the rbac module share: the module that authenticates by
# configuration, and one directory for all of them.

use v5.32;
use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use Http2 ();

my $top = abs_path(dirname(abs_path(__FILE__)) . "/../..");
my $so;


# to be called in BEGIN, before Test::Nginx is loaded

sub load {
    chomp($so = `$top/util/build-test-identity`);
    die "util/build-test-identity failed\n" if $? != 0;

    $ENV{TEST_NGINX_SERVROOT} //= "$top/build/t/servroot";
    $ENV{TEST_NGINX_HTML_DIR} //= "$ENV{TEST_NGINX_SERVROOT}/html";

    my $build = $ENV{TEST_NGINX_BUILD} //= "$top/build";

    $ENV{TEST_NGINX_LOAD_MODULES} //=
        join ' ', map { "$build/ngx_http_${_}_module.so" }
                  qw(postern sign mfa rbac audit);
    $ENV{TEST_NGINX_LOAD_MODULES} .= " $so";
}


sub module { return $so }


our $directory = <<'EOD';
{
  "version": 1,
  "organizations": {
    "acme": {
      "permissions": {
        "read": ["GET", "HEAD"], "get": ["GET"],
        "write": ["POST", "PUT", "PATCH", "DELETE"], "all": ["*"]
      },
      "resources": {
        "app": ["/app", "/app/**"],
        "admin": ["/admin", "/admin/**"],
        "files": ["/files/*/raw", "/files/**"],
        "new": ["/new", "/new/**"],
        "everything": ["/**"]
      },
      "roles": {
        "viewer": { "grants": [["read", "app"], ["get", "new"]] },
        "editor": { "inherits": ["viewer"], "grants": [["write", "app"]] },
        "files":  { "grants": [["read", "files"]] },
        "root":   { "grants": [["all", "everything"]] },
        "keeper": { "grants": [["get", "admin"]] },
        "idle":   { "grants": [] }
      }
    },
    "globex": {
      "permissions": { "all": ["*"] },
      "resources": { "everything": ["/**"] },
      "roles": { "root": { "grants": [["all", "everything"]] } }
    }
  }
}
EOD


# for add_block_preprocessor()

sub block {
    my ($block) = @_;

    my $http = $block->http_config // "";

    $block->set_value("http_config",
                      "postern_directory \$TEST_NGINX_HTML_DIR/dir.json;\n"
                      . $http) if $http !~ /postern_directory|no directory/;

    $block->set_value("user_files", ">>> dir.json\n$directory"
                      . ($block->user_files // ""))
        if !defined $block->user_files || $block->user_files !~ /dir\.json/;

    return $block;
}


1;
