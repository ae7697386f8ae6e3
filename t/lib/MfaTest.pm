package MfaTest;

# What the tests of mfa share: people, a configuration, and browsers for them.
#
#     use MfaTest;
#     add_block_preprocessor(\&MfaTest::defaults);
#     add_response_body_check(\&MfaTest::client);
#
# A block has "--- client", Perl that runs while its nginx does.  The server it
# meets has /.postern/ for the pages, / (aal 2), /low/ (aal 1), /fresh/ (aal 2,
# proven less than two seconds ago), /open/ (no mfa); behind each an application
# that answers "app METHOD URI user=… aal=… …", see below.
#
#     --- config                 more of the server block
#     --- http_more              more of the http block, other servers
#     --- guard                  in place of "mfa_require" and its like on
#                                server level: one organization, hardly any
#                                limit of guesses, nobody enrols
#     --- people                 Perl: changes of directory(), a list
#
# People, all of them with the password $MfaTest::password: alice, bob, carol,
# dave (disabled), and u1 to u40 for tests that need a new one each time, since
# a code counts once.  bob and b1 to b9 have no second factor, the others have
# an authenticator of their own: code($user, %how) is what it shows.

use v5.32;
use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Temp qw(tempdir);
use Http2 ();
use MfaClient ();
use Shared ();

my $top = abs_path(dirname(abs_path(__FILE__)) . "/../..");

our $password = "correct horse battery";

# Argon2id with as little work as libsodium takes
our $hash = '$argon2id$v=19$m=8,t=1,p=1$K1Kmy6AqE3nkZPk41vxXuw'
            . '$dsMO+DUdRfBRTyyhJgcW34F/EBRxxnfBmZfffoMobj8';

our $keys;


sub port { return $ENV{TEST_NGINX_PORT} // 1984 }


# the key of an authenticator, as bytes; plain: in the directory
sub secret {
    my ($user) = @_;

    return substr "$user.an.example.of.a.secret", 0, 20;
}


sub code {
    my ($user, %how) = @_;

    return MfaClient::totp(MfaClient::base32(secret($user)), %how);
}


# directory(name => members in JSON, name => undef to leave somebody out);
# "org:user" is of another organization
sub directory {
    my %change = @_;
    my %users;

    for my $user ("alice", "carol", map { "u$_" } 1 .. 40) {
        $users{$user} = person($user);
    }

    $users{$_} = person($_, factors => undef) for "bob", map { "b$_" } 1 .. 9;
    $users{dave} = person("dave", status => '"disabled"');
    $users{"other:alice"} = person("alice");
    $users{"other:olga"} = person("olga");

    %users = (%users, %change);

    my %org;

    for my $name (grep { defined $users{$_} } sort keys %users) {
        my ($org, $user) = $name =~ /^(.*):(.*)$/ ? ($1, $2) : ("acme", $name);

        push @{$org{$org}}, qq(      "$user": { $users{$name} });
    }

    return "{\n  \"version\": 1,\n  \"organizations\": {\n"
           . join(",\n", map { organization($_, $org{$_}) } sort keys %org)
           . "\n  }\n}\n";
}


sub person {
    my ($user, %member) = @_;

    %member = (roles => '["viewer"]', password => qq("$hash"),
               factors => qq({ "totp": [ { "name": "Phone", "secret": ")
                          . "plain:" . secret($user) . '" } ] }', %member);

    return join ", ", map { qq("$_": $member{$_}) }
                      grep { defined $member{$_} } sort keys %member;
}


sub organization {
    my ($name, $users) = @_;

    return qq(    "$name": {\n      "users": {\n) . join(",\n", @$users)
           . qq(\n      },\n)
           . qq(      "permissions": { "read": ["GET", "HEAD", "POST"] },\n)
           . qq(      "resources": { "all": ["/**"] },\n)
           . qq(      "roles": { "viewer": { "grants": [["read", "all"]] } }\n)
           . qq(    });
}


# the http block: state, people, keys, an application; with a second argument,
# lines in place of those that say where state is kept beside the zone
sub http {
    my ($more, $state) = @_;
    my $app = port() + 1;

    $state //= Shared::store($more) . "\n    mfa_accounts accounts_temp;";

    return <<"EOD" . ($more // "");
    postern_zone 4m;
    $state
    postern_directory \$TEST_NGINX_HTML_DIR/postern.json;
    postern_master_key $keys/key;
    postern_identity_headers on;
    mfa_insecure_argon2id memory=8k passes=1 queue=1000;

    upstream app {
        server 127.0.0.1:$app;
    }

    server {
        listen 127.0.0.1:$app;

        location / {
            default_type text/plain;
            add_header X-Amr \$http_postern_amr;
            return 200 "app \$request_method \$request_uri user=\$http_postern_subject aal=\$http_postern_aal cookie=\$http_cookie\\n";
        }
    }
EOD
}


our $guard = <<'EOD';
    postern_org acme;
    mfa_enrol off;
    mfa_limit free=100 attempts=100 address=10000r/m;
EOD

our $server = <<'EOD';
    location /.postern/ {
        mfa_pages;
    }

    location / {
        mfa on;
        proxy_pass http://app;
    }

    location /low/ {
        mfa on;
        mfa_require aal=1;
        proxy_pass http://app;
    }

    location /fresh/ {
        mfa on;
        mfa_require aal=2 max_age=2s;
        proxy_pass http://app;
    }

    location /open/ {
        proxy_pass http://app;
    }
EOD


# for add_block_preprocessor()
sub defaults {
    my ($block) = @_;

    $ENV{TEST_NGINX_HTML_DIR} //= Test::Nginx::Util::html_dir();
    keys_file();

    $block->set_value("http_config", http($block->http_more))
        if !defined $block->http_config;

    my $people = defined $block->people ? $block->people : "";

    $block->set_value("user_files", ">>> postern.json\n"
                                    . directory(eval $people))
        if !defined $block->user_files;

    die "people: $@" if $@;

    $block->set_value("request", "GET /ping")
        if !defined $block->request;

    # what must never happen, whatever is sent
    $block->set_value("no_error_log", "[alert]\n[emerg]\n[crit]")
        if !defined $block->no_error_log;

    $block->set_value("config", ($block->guard // $guard) . $server
                                . ($block->config // "") . <<"EOD");
    location = /ping {
        return 200 "pong\n";
    }
EOD
}


# a file that nobody else reads, which the section user_files cannot make
sub keys_file {
    return if $keys;

    $keys = tempdir("$top/build/t/mfa.XXXX", CLEANUP => 1);

    open my $out, ">", "$keys/key" or die "$keys/key: $!\n";
    print $out "mk-1 " . "A" x 42 . "E=\n";
    close $out;
    chmod 0600, "$keys/key";
}


# for add_response_body_check()
sub client {
    my ($block) = @_;

    return if !defined $block->client;

    my $code = $block->client;

    local $Http2::on = Http2::serves($block);

    eval "package main; no strict; $code; 1"
        or Test::More::fail("client: $@");
}


sub browser {
    return MfaClient->new(port => port(), @_);
}


# A browser with a session: of aal 1, or with a code of aal 2.  Dies where that
# cannot be, so that no test passes for want of a session.

sub first {
    my ($user, %option) = @_;
    my $b = delete $option{browser} // browser();
    my $r = $b->sign_in($user, $password, %option);

    die "sign-in of $user: $r->{status} " . substr($r->{body}, 0, 200) . "\n"
        if $r->{status} != 303 || !$b->cookie("__Host-postern");

    return $b;
}


sub both {
    my ($user, %option) = @_;
    my $step = delete $option{step};
    my $b = first($user, %option);
    my $r = $b->code(code($user, step => $step // 0), to => $option{to});

    die "code of $user: $r->{status} " . substr($r->{body}, 0, 200) . "\n"
        if $r->{status} != 303;

    return $b;
}


# writes the directory anew, and waits until the worker has seen it
sub change {
    my ($done, @people) = @_;
    my $file = "$ENV{TEST_NGINX_SERVROOT}/html/postern.json";

    open my $out, ">", "$file.new" or die "$file.new: $!\n";
    print $out directory(@people);
    close $out;
    rename "$file.new", $file or die "$file: $!\n";

    for (1 .. 100) {
        return 1 if $done->();
        select undef, undef, undef, 0.1;
    }

    return 0;
}


1;
