# Sealed secrets from the program that seals to the module that verifies: they
# open with the master key they were sealed by, for the record they belong to.

use lib 't/lib';
use Postern;
use Test::Nginx::Socket 'no_plan';

use File::Temp qw(tempdir);

our $program = $ENV{TEST_NGINX_POSTERN};
our $keys = tempdir("$ENV{TEST_NGINX_TOP}/build/t/sealed.XXXX", CLEANUP => 1);
$ENV{TEST_NGINX_KEYS} = $keys;

umask 077;

sub master {
    my ($name, @lines) = @_;

    open my $out, ">", "$keys/$name" or die;
    print $out map { "$_\n" } @lines;
    close $out;
}

sub seal {
    my ($ring, $record, $secret) = @_;

    open my $in, ">", "$keys/secret" or die;
    print $in $secret // $Postern::secret;
    close $in;

    my $sealed = `$program seal --master-key $keys/$ring --org acme \\
                  --record $record < $keys/secret`;
    die "postern seal failed\n" if $? != 0;
    chomp $sealed;

    return $sealed;
}

my $old = "mk-old " . "A" x 42 . "E=";
my $new = "mk-new " . "A" x 42 . "I=";
my $foreign = "mk-new " . "A" x 42 . "M=";

# "short", sealed by the new one for AK1; "postern seal" refuses to
our $short = "sealed:mk-new:"
             . "5jkXNqlLwktZYZ3NmMDurVpx2CpqtP_3SyDUUfV5N_DqmF5uFcUBz4IkbKOG";

master("old", $old);
master("new", $new);
master("both", "# the new one seals", $new, $old);
master("foreign", $foreign);

# the document with AK1's secret in this form
sub document {
    my ($secret) = @_;

    return ">>> postern.json\n" . directory(AK1 => qq({ "user": "alice",
        "algorithm": "hmac-sha256", "secret": "$secret" }));
}

sub answer {
    my $r = http(raw_request("GET", "/a", rfc9421(target => "/a",
                                                  nonce => rand)));

    return "$r->{status} " . ($r->{body} =~ /"code":"([^"]*)"/ ? $1 : "-");
}

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value("http_more", "postern_master_key \$TEST_NGINX_KEYS/"
                      . $block->ring . ";") if defined $block->ring;
    $block->set_value("config", <<'EOC');
    sign on;
    sign_explain on;

    location / {
        proxy_pass http://app;
    }
EOC
    Postern::defaults($block);
});

add_response_body_check(\&Postern::client);

no_root_location();
no_shuffle();
run_tests();

__DATA__

=== TEST 1: sealed and opened
--- ring: new
--- user_files eval: ::document(::seal("new", "keys/AK1/secret"))
--- client
is answer(), "200 -", "the request verifies";
--- no_error_log
[error]
an example secret



=== TEST 2: sealed by the key that was the first before
--- ring: both
--- user_files eval: ::document(::seal("old", "keys/AK1/secret"))
--- client
is answer(), "200 -", "an old key opens still";
--- no_error_log
[error]



=== TEST 3: the first key of a ring seals
--- ring: new
--- user_files eval: ::document(::seal("both", "keys/AK1/secret"))
--- client
is answer(), "200 -", "it was the new one";
--- no_error_log
[error]



=== TEST 4: sealed by a key that is gone
--- ring: new
--- user_files eval: ::document(::seal("old", "keys/AK1/secret"))
--- client
is answer(), "401 sign/key-unusable", "it does not open";
--- error_log
sealed secrets: 2, by master keys that "
/new" lacks; "postern check --master-key" names them
the secret of "acme/keys/AK1/secret" does not open: sealed by a master key that the key ring lacks



=== TEST 5: sealed by another key of the same id
--- ring: foreign
--- user_files eval: ::document(::seal("new", "keys/AK1/secret"))
--- client
is answer(), "401 sign/key-unusable", "it does not open";
--- error_log
the secret of "acme/keys/AK1/secret" does not open: altered, sealed for another record, or by another key of the same id



=== TEST 6: a secret that was moved to another record
--- ring: new
--- user_files eval: ::document(::seal("new", "keys/AK2/secret"))
--- client
is answer(), "401 sign/key-unusable", "it does not open";
--- error_log
does not open: altered, sealed for another record



=== TEST 7: sealed, and no master key
--- user_files eval: ::document(::seal("new", "keys/AK1/secret"))
--- client
is answer(), "401 sign/key-unusable", "it does not open";
--- error_log
the secret of "acme/keys/AK1/secret" is sealed, and there is no "postern_master_key" to open it



=== TEST 8: a sealed secret too short for a key is found when it is opened
--- ring: new
--- user_files eval: ::document($::short)
--- client
unlike answer(), qr/^200/, "it is not used";
