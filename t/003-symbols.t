# Each .so exports what nginx needs and, from the core, the API table: no
# symbol of ours meets that of another module.  And none is missing: nginx
# binds lazily what it finds, so a forgotten file shows only here or at load.

use strict;
use warnings;

use Test::More;

my $build = $ENV{TEST_NGINX_BUILD};

for my $name (qw(postern sign mfa rbac audit)) {
    my $so = "$build/ngx_http_${name}_module.so";
    my @want = sort "ngx_module_names", "ngx_module_order", "ngx_modules",
                    "ngx_http_${name}_module",
                    $name eq "postern" ? "ngx_http_postern_api" : ();
    my (@exported, @wanted);

    for (qx{nm -D "$so"}) {
        my ($type, $symbol) = /\b([A-Za-z]) (\w+)(?:@.*)?$/ or next;

        if ($type =~ /[Uvw]/) {
            push @wanted, "$type $symbol";

        } else {
            push @exported, $symbol;
        }
    }

    is("@{[sort @exported]}", "@want", "what the $name module exports");

    my @ours = grep { /[ ](?:postern|sign|mfa|rbac|audit)_
                       | [ ]ngx_http_(?:postern|sign|mfa|rbac|audit)_/x
                      && !/^[vw] ngx_http_postern_api$/ } @wanted;

    is("@ours", "", "the $name module needs nothing of ours from elsewhere");

    my @foreign = grep { / redis[A-Z]/ } @wanted;

    is("@foreign", "", "the $name module has its parser of Redis inside");

    my $dynamic = qx{readelf -d "$so"};

    unlike($dynamic, qr/TEXTREL/, "the $name module is position independent");
}

my $features = join " ", map { "$build/ngx_http_${_}_module.so" }
                         qw(sign mfa rbac audit);

is(scalar(() = qx{nm -D $features} =~ /\b[vw] ngx_http_postern_api\b/g), 4,
   "every feature knows the API table weakly");

done_testing();
