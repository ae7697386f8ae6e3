# Ways around what the guard and the pages hold, by configurations that lead a
# request from one location into another, and by what is left lying about.

use lib 't/lib';
use MfaTest;
use Postern qw(rfc9421);
use File::Find qw(find);
use Test::Nginx::Socket 'no_plan';

our $secret = $Postern::secret;

sub document {
    my $text = MfaTest::directory();
    my $key = qq("algorithm": "hmac-sha256", "secret": "plain:$secret");

    $text =~ s/"acme": \{/"acme": { "keys": {
        "k-alice": { "user": "alice", $key } },/;
    $text =~ s/"permissions": \{/"permissions": { "all": ["*"],/;
    $text =~ s/(?<="roles": \{ "viewer": \{ "grants": \[)/["all", "all"], /;

    return $text;
}

sub signed {
    my ($path) = @_;
    my @lines = map { [split /: /, $_, 2] }
                split /\n/, rfc9421(target => $path, keyid => "k-alice",
                                    secret => $secret, nonce => rand . time);

    return MfaTest::browser(accept => "*/*")->request("GET", $path,
                                                      headers => \@lines);
}

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value("user_files", ">>> postern.json\n" . document());
    MfaTest::defaults($block);
});

add_response_body_check(\&MfaTest::client);

no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: a signature of one organization does not cross into another's location
--- config
    location /ours/ {
        sign on;
        mfa on;
        mfa_require aal=1;
        try_files /none $arg_to;
    }

    location /theirs/ {
        postern_org other;
        satisfy any;
        sign on;
        mfa on;
        mfa_require aal=1;
        proxy_pass http://app;
    }

    location /guarded/ {
        postern_org other;
        mfa on;
        mfa_require aal=1;
        proxy_pass http://app;
    }

    location /own/ {
        mfa on;
        mfa_require aal=1;
        proxy_pass http://app;
    }
--- client
is signed("/ours/?to=/own/x")->{status}, 200, "a location of the organization";
is signed("/theirs/")->{status}, 401, "the signature is none of the others'";
is signed("/ours/?to=/theirs/x")->{status}, 401, "not by an internal redirect";
is signed("/ours/?to=/guarded/x")->{status}, 403, "nor where sign is off";



=== TEST 2: what rbac allowed elsewhere opens no mfa_admin
--- config
    location /in/ {
        sign on;
        rbac on;
        root /nowhere;
        error_page 404 = /unguarded/users/u1;
    }

    location /any/ {
        sign on;
        rbac on;
        root /nowhere;
        error_page 404 = /loose/users/u1;
    }

    location /well/ {
        sign on;
        rbac on;
        root /nowhere;
        error_page 404 = /manage/users/u1;
    }

    location /unguarded/ {
        mfa_admin;
    }

    location /loose/ {
        satisfy any;
        allow all;
        mfa_admin;
    }

    location /manage/ {
        sign on;
        rbac on;
        mfa_admin;
    }
--- client
is signed("/manage/users/u1")->{status}, 200, "who may";
is signed("/well/")->{status}, 200, "who may, by a redirect";

for my $path ("/in/", "/any/") {
    my $r = signed($path);
    is $r->{status}, 403, "$path: refused";
    unlike $r->{body}, qr/factors/, "$path: nothing is told";
}



=== TEST 3: a password is on no disk, wherever bodies are kept
--- config
    client_body_in_file_only on;
--- client
my $b = MfaTest::browser();
my $r = $b->sign_in("u1", "wrong password for the disk");
is $r->{status}, 401, "refused";
$b = MfaTest::first("u2");
$r = $b->code("000000");
is $r->{status}, 401, "refused, too";

my @found;
find({ no_chdir => 1, wanted => sub {
    return if !-f || -s > 1e6;
    open my $in, "<", $_ or return;
    local $/;
    push @found, $_ if (<$in> // "") =~ /password[+ %20]+for|csrf=/;
} }, $ENV{TEST_NGINX_SERVROOT});
is "@found", "", "no file has it";
