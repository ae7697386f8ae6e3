# Every directive of mfa: where it may stand, what it takes, what "nginx -t"
# says where it does not.
#
# Each case is a configuration of its own that nginx reads and does not run.

use strict;
use warnings;

use File::Path qw(make_path);
use File::Temp qw(tempdir);
use Test::More;

my $top  = $ENV{POSTERN_TOP};
my $dir  = tempdir("$top/build/t/conf.XXXX", CLEANUP => 1);
my @so   = split ' ', $ENV{TEST_NGINX_LOAD_MODULES};

make_path("$dir/logs", "$dir/own", "$dir/broken", "$dir/texts");

sub put {
    my ($name, $text, $mode) = @_;

    open my $out, ">", "$dir/$name" or die "$dir/$name: $!\n";
    print $out $text;
    close $out;
    chmod $mode // 0644, "$dir/$name";
}

put("key", "mk-1 " . "A" x 42 . "E=\n", 0600);
put("dir.json", '{"version":1,"organizations":{"acme":{"users":{"alice":{'
                . '"password":"$argon2id$v=19$m=8,t=1,p=1$K1Kmy6AqE3nkZPk41vxX'
                . 'uw$dsMO+DUdRfBRTyyhJgcW34F/EBRxxnfBmZfffoMobj8"}}}}}');
put("logo.svg", '<svg xmlns="http://www.w3.org/2000/svg"/>');
put("big.png", "x" x 65537);
put("list.txt", "a common password\n");
put("own/error.html", "<p>{{status}}</p>\n");
put("broken/error.html", "<p>\n{{nobody}}</p>\n");
put("texts/own.json", '{ "en": { "sign_in": "Come in" } }');
put("texts/broken.json", "{ \"en\": \n");

# levels: http, server, location; the state and the pages unless left out

sub conf {
    my (%level) = @_;
    my $load = join "", map { "load_module $_;\n" } @so;
    my $state = $level{state} // <<"EOD";
    postern_zone 1m;
    postern_directory $dir/dir.json;
    postern_master_key $dir/key;
EOD

    my $pages = $level{pages} // "location /.postern/ { mfa_pages; }";
    my $kept = $level{kept} // "mfa_accounts $dir/kept;";

    return $load . ($level{main} // "") . <<"EOD";
pid logs/nginx.pid;
error_log stderr info;
events { }
http {
    access_log off;
$state
    $kept
    @{[$level{http} // ""]}
    server {
        listen 127.0.0.1:$ENV{TEST_NGINX_PORT};
        @{[$level{server} // ""]}
        $pages
        location /a { mfa on; @{[$level{location} // ""]} }
    }
}
EOD
}

sub check {
    my (%level) = @_;

    put("nginx.conf", conf(%level));

    my $out = qx{$ENV{TEST_NGINX_BINARY} -t -p "$dir" -c "$dir/nginx.conf" 2>&1};

    return ($? >> 8, $out);
}

sub takes {
    my ($name, %level) = @_;
    my ($rc, $out) = check(%level);

    is($rc, 0, $name) or diag($out);
    unlike($out, qr/\[(?:warn|emerg|alert)\]/, "$name, without a warning")
        if !$level{warns};
    like($out, $level{warns}, "$name, with a warning") if $level{warns};
}

sub refuses {
    my ($name, $message, %level) = @_;
    my ($rc, $out) = check(%level);

    isnt($rc, 0, "$name is refused");
    like($out, qr/\[emerg\].*\Q$message\E/, "$name: why");
}

# each place of a directive that may stand anywhere

sub anywhere {
    my ($line) = @_;

    takes("$line in http", http => $line);
    takes("$line in server", server => $line);
    takes("$line in location", location => $line);
    takes("$line beside the pages",
          pages => "location /.postern/ { mfa_pages; $line }");
}


takes("nothing but what is needed");

anywhere($_) for
    "mfa_require aal=1;",
    "mfa_require aal=2 max_age=10m;",
    "mfa_require max_age=5s;",
    "mfa_session idle=15m absolute=8h;",
    "mfa_session idle=1s;",
    "mfa_session absolute=30d;",
    "mfa_code_header X-Code;",
    "mfa_code_header off;",
    "mfa_totp digits=8 algorithm=sha256 period=60 window=0;",
    "mfa_totp algorithm=sha512 window=10;",
    "mfa_enrol off;",
    "mfa_password min=15 max=64;",
    "mfa_password profile=complexity classes=4 block=$dir/list.txt;",
    "mfa_password profile=nist;",
    "mfa_limit free=3 wait=1m max_wait=2h attempts=50 address=10r/m;",
    "mfa_name \"Acme & Söhne\";",
    "mfa_logo $dir/logo.svg;",
    "mfa_colors accent=#1a5fb4 accent_dark=#99c1f1;",
    "mfa_templates $dir/own;",
    "mfa_language de;";

takes("mfa on in http", http => "mfa on;");
takes("mfa off in server", server => "mfa off;");
takes("mfa_cookie", http => "mfa_cookie __Host-acme;");
takes("mfa_cookie of a server", server => "mfa_cookie __Host-acme;");
takes("mfa_insecure_cookie", server => "mfa_insecure_cookie on;",
      warns => qr/"mfa_insecure_cookie on" lets everybody on the way read/);
takes("another name without the prefix",
      http => "mfa_insecure_cookie on; mfa_cookie acme;",
      warns => qr/mfa_insecure_cookie/);
takes("mfa_insecure_block_list",
      server => "mfa_insecure_block_list off;",
      warns => qr/"mfa_insecure_block_list off" lets people choose/);
takes("mfa_argon2id", http => "mfa_argon2id memory=46m passes=1 running=4 "
                              . "queue=10;");
takes("mfa_argon2id with the least OWASP names for three passes",
      http => "mfa_argon2id memory=12m passes=3;");
takes("mfa_insecure_argon2id",
      http => "mfa_insecure_argon2id memory=8k passes=1;",
      warns => qr/"mfa_insecure_argon2id" makes passwords easy to guess/);
takes("mfa_thread_pool", main => "thread_pool slow threads=2;\n",
      http => "mfa_thread_pool slow;");
takes("mfa_accounts", kept => "mfa_accounts $dir/accounts;");
ok(-d "$dir/accounts", "the folder of mfa_accounts is made");
takes("mfa_accounts with a slash", kept => "mfa_accounts $dir/slash/;");
ok(-d "$dir/slash", "names the same kind of folder");
is((stat "$dir/accounts")[2] & 07777, 0700, "for nobody else");

takes("nowhere to keep what people enrol", kept => "",
      warns => qr/"mfa_pages" has no place to keep what people enrol: add "mfa_/);
takes("nowhere to keep it, and nothing to keep", kept => "",
      http => "mfa_enrol off;");

takes("mfa_texts", http => "mfa_texts $dir/texts/own.json;");

takes("mfa_admin", pages => "location /.postern/ { mfa_pages; } "
                            . "location /admin/ { mfa_admin; }");
takes("no pages, but codes in a header", pages => "",
      location => "mfa_code_header X-Code;");
takes("no pages at all", pages => "",
      warns => qr/"mfa on" in a server without "mfa_pages"/);


# state that it cannot be without

my $dir_line = "postern_directory $dir/dir.json;";
my $zone_line = "postern_zone 1m;";
my $key_line = "postern_master_key $dir/key;";

for my $word ("mfa on", "mfa_pages", "mfa_admin") {
    my %level = (pages => $word eq "mfa on" ? ""
                        : "location /.postern/ { $word; }",
                 location => $word eq "mfa on" ? "" : "mfa off;");

    # the first "mfa on;" of the location is taken back by a server's own
    my $refused = sub {
        my ($name, $message, $state) = @_;
        my ($rc, $out);

        put("nginx.conf", conf(%level, state => $state)
            =~ s/mfa on; mfa off;//r);
        $out = qx{$ENV{TEST_NGINX_BINARY} -t -p "$dir" -c "$dir/nginx.conf" 2>&1};

        isnt($? >> 8, 0, "\"$word\" without $name is refused");
        like($out, qr/\[emerg\].*\Q"$word" needs "$message"\E/,
             "\"$word\" without $name: why");
    };

    $refused->("a directory", "postern_directory", "$zone_line $key_line");
    $refused->("a zone", "postern_zone", "$dir_line $key_line");
    $refused->("a master key", "postern_master_key", "$zone_line $dir_line");
}


# what each takes

refuses("mfa_require $_->[0]", $_->[1], location => "mfa_require $_->[0];")
    for ["aal=0", 'invalid "aal=0" in "mfa_require": a number from 1 to 2'],
        ["aal=3", 'a number from 1 to 2 is expected'],
        ["aal=x", 'a number from 1 to 2 is expected'],
        ["max_age=0", 'invalid "max_age=0" in "mfa_require": a time from 1s'],
        ["max_age=31d", 'a time from 1s'],
        ["age=1", 'unknown parameter "age=1" in "mfa_require": "aal=" and'],
        ["aal=1; mfa_require aal=2", '"mfa_require" directive is duplicate'];

refuses("mfa_session $_->[0]", $_->[1], location => "mfa_session $_->[0];")
    for ["idle=0", 'invalid "idle=0" in "mfa_session": a time from 1s'],
        ["absolute=31d", 'invalid "absolute=31d"'],
        ["idle=x", 'invalid "idle=x"'],
        ["max=1", '"idle=" and "absolute=" are known'],
        ["idle=1s; mfa_session idle=1s", 'is duplicate'];

refuses("mfa_cookie $_->[0]", $_->[1], server => "mfa_cookie $_->[0];")
    for ["acme", 'the name "acme" of "mfa_cookie" must begin with "__Host-"'],
        ["__Host-", 'must begin with "__Host-"'],
        ["\"__Host-a b\"", 'cannot be the name of a cookie'],
        ["\"__Host-a=b\"", 'cannot be the name of a cookie'],
        ["__Host-" . "a" x 60, 'cannot be the name of a cookie'],
        ["__Host-a; mfa_cookie __Host-b", 'is duplicate'];

refuses("mfa_cookie in a location", '"mfa_cookie" directive is not allowed',
        location => "mfa_cookie __Host-a;");
refuses("a prefix that an insecure cookie cannot have",
        'browsers keep no cookie "__Host-a" that is not "Secure"',
        server => "mfa_insecure_cookie on; mfa_cookie __Host-a;");
refuses("mfa_insecure_cookie x", 'it must be "on" or "off"',
        server => "mfa_insecure_cookie x;");
refuses("mfa_insecure_cookie in a location", 'is not allowed here',
        location => "mfa_insecure_cookie on;");

refuses("mfa_code_header $_->[0]", $_->[1],
        location => "mfa_code_header $_->[0];")
    for ["\"X Code\"", 'cannot be the name of a header field'],
        ["X:Code", 'cannot be the name of a header field'],
        ["X-Code; mfa_code_header X-B", 'is duplicate'];

refuses("mfa_totp $_->[0]", $_->[1], location => "mfa_totp $_->[0];")
    for ["digits=5", 'a number from 6 to 8'],
        ["digits=7", 'authenticators show 6 or 8 digits'],
        ["algorithm=md5", 'unknown algorithm "md5" in "mfa_totp": "sha1"'],
        ["period=10", 'a number from 15 to 120'],
        ["window=11", 'a number from 0 to 10'],
        ["step=1", 'unknown parameter "step=1" in "mfa_totp"'],
        ["digits=6; mfa_totp digits=8", 'is duplicate'];

refuses("mfa_password $_->[0]", $_->[1], location => "mfa_password $_->[0];")
    for ["min=7", 'invalid "min=7" in "mfa_password": a number from 8 to 64'],
        ["max=63", 'a number from 64 to 256'],
        ["classes=3", '"classes=" in "mfa_password" needs "profile=complexity'],
        ["profile=strong", 'unknown parameter "profile=strong"'],
        ["block=", 'unknown parameter "block="'],
        ["min=8; mfa_password min=9", 'is duplicate'];

refuses("a list that is not there", 'open() "/nowhere" failed',
        http => "mfa_password block=/nowhere;");

refuses("mfa_limit $_->[0]", $_->[1], location => "mfa_limit $_->[0];")
    for ["free=0", 'invalid "free=0" in "mfa_limit": a number from 1 to 100'],
        ["attempts=101", 'a number from 1 to 100'],
        ["free=9 attempts=8", '"free=" in "mfa_limit" is more than "attempts="'],
        ["wait=2m max_wait=1m", '"wait=" in "mfa_limit" is longer than'],
        ["wait=0", 'a time from 1s'],
        ["max_wait=25h", 'a time from 1s'],
        ["address=30", 'a rate such as "address=30r/m" is expected'],
        ["address=0r/m", 'a number from 1 to'],
        ["address=5r/s", 'a rate such as "address=30r/m" is expected'],
        ["burst=1", 'unknown parameter "burst=1"'],
        ["free=1; mfa_limit free=2", 'is duplicate'];

refuses("mfa_argon2id $_->[0]", $_->[1], http => "mfa_argon2id $_->[0];")
    for ["memory=18m", '"mfa_argon2id" is too weak: OWASP asks for '
                       . '"memory=19456k" with "passes=2"'],
        ["passes=1", 'OWASP asks for "memory=47104k" with "passes=1"'],
        ["memory=6m passes=16", 'OWASP asks for "memory=7168k"'],
        ["memory=4k", 'a size from 8k to 1024m is expected'],
        ["memory=2g", 'a size from 8k to 1024m is expected'],
        ["passes=17", 'a number from 1 to 16'],
        ["running=0", 'a number from 1 to 64'],
        ["queue=0", 'a number from 1 to 4096'],
        ["threads=1", 'unknown parameter "threads=1"'],
        ["queue=1; mfa_insecure_argon2id queue=1", 'are one'];

refuses("mfa_argon2id in a server", 'is not allowed here',
        server => "mfa_argon2id passes=3;");
refuses("a pool that is not there", 'unknown thread pool "nobody"',
        http => "mfa_thread_pool nobody;");
refuses("mfa_accounts of a file", 'which is no folder',
        kept => "mfa_accounts $dir/list.txt;");
refuses("mfa_accounts in a server", 'is not allowed here',
        server => "mfa_accounts x;");

refuses("mfa_enrol x", 'it must be "on" or "off"', server => "mfa_enrol x;");
refuses("mfa x", 'it must be "on" or "off"', server => "mfa x;");

refuses("mfa_name $_->[0]", $_->[1], server => "mfa_name $_->[0];")
    for ["\"\"", 'must have from 1 to 64 bytes'],
        ["x" x 65, 'must have from 1 to 64 bytes'],
        ["\"a\tb\"", 'control characters in "mfa_name"'],
        ["\"a\xff\"", 'is not UTF-8'],
        ["a; mfa_name b", 'is duplicate'];

refuses("mfa_logo $_->[0]", $_->[1], server => "mfa_logo $_->[0];")
    for ["$dir/none.svg", 'none.svg" failed'],
        ["$dir/list.txt", 'is no image that pages can show'],
        ["$dir/big.png", 'has 65537 bytes, more than the 65536'];

refuses("mfa_colors $_->[0]", $_->[1], server => "mfa_colors $_->[0];")
    for ["accent=red", 'a colour such as "#1a5fb4" is expected'],
        ["accent=#12345", 'a colour such as'],
        ["text=#123456", '"accent=" and "accent_dark=" are known'],
        ["accent=#123456; mfa_colors accent=#123456", 'is duplicate'];

refuses("a folder that is not there",
        '/nowhere" of "mfa_templates" is not a folder',
        server => "mfa_templates /nowhere;");
refuses("a template with a name that nobody knows", 'broken/error.html:2:',
        server => "mfa_templates $dir/broken;");
refuses("texts that are no JSON", 'broken.json:2:',
        server => "mfa_texts $dir/texts/broken.json;");
refuses("texts that are not there", 'none.json" failed',
        server => "mfa_texts $dir/none.json;");
refuses("mfa_language xx", 'there are no texts for "xx" of "mfa_language"',
        server => "mfa_language xx;");


# the place of the pages

my $prefix = '"mfa_pages" needs a prefix location whose name ends with "/"';

refuses("mfa_pages in $_->[0]", $_->[1], pages => "$_->[0] { mfa_pages; }")
    for ["location /.postern", $prefix],
        ["location = /.postern/", $prefix],
        ["location ~ ^/.postern/", $prefix],
        ["location \@postern", $prefix],
        ["location \"/a b/\"", 'may have letters, digits'],
        ["location \"/a<b/\"", 'may have letters, digits'],
        ["location //", 'may have letters, digits'];

takes("mfa_pages in ^~", pages => "location ^~ /sign-in/ { mfa_pages; }");
refuses("mfa_pages twice in a server",
        '"mfa_pages" is in "location /.postern/" of this server already',
        pages => "location /.postern/ { mfa_pages; } "
                 . "location /again/ { mfa_pages; }");
refuses("mfa_pages twice in a location", 'is duplicate',
        pages => "location /.postern/ { mfa_pages; mfa_pages; }");
refuses("mfa_pages in a server", 'is not allowed here',
        server => "mfa_pages;");
for my $other ("proxy_pass http://127.0.0.1:1;", "empty_gif;", "stub_status;") {
    my $why = 'does not go with another directive that answers requests';

    refuses("mfa_pages before $other", qq("mfa_pages" $why in "location /.postern/"),
            pages => "location /.postern/ { mfa_pages; $other }");
    refuses("mfa_admin before $other", qq("mfa_admin" $why),
            pages => "location /.postern/ { mfa_pages; } "
                     . "location /manage/ { mfa_admin; $other }");
}

refuses("mfa_admin beside the pages", 'does not go with "mfa_pages"',
        pages => "location /.postern/ { mfa_pages; mfa_admin; }");
refuses("mfa_admin twice", 'is duplicate',
        pages => "location /.postern/ { mfa_admin; mfa_admin; }");

done_testing();
