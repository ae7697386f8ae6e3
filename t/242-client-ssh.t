# docs/clients/ssh.md: the function as it is printed there, run by sh, with keys
# in files and in a real ssh-agent.

use lib 't/lib';
use Postern;
use SshSig;
use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(\&Postern::defaults);
add_response_body_check(\&Postern::client);

our $dir = File::Temp->newdir;
our $key = ssh_key("ed25519");
our $ca = ssh_key("ed25519");
our $agent_key = ssh_key("ecdsa");

our $files = ">>> postern.json\n" . directory(
    laptop => qq({ "user": "alice", "algorithm": "ssh",
                   "public_key": "@{[ssh_public($key)]}" }),
    agent => qq({ "user": "alice", "algorithm": "ssh",
                  "public_key": "@{[ssh_public($agent_key)]}" }),
    people => qq({ "roles": ["viewer"], "algorithm": "ssh-ca",
                   "public_key": "@{[ssh_public($ca)]}",
                   "principals": ["deploy"] }),
);

our $config = <<'_EOC_';
    sign on;
    sign_schemes sshsig;
    sign_explain on;

    location / {
        proxy_pass http://app;
        proxy_set_header Host $http_host;
        add_header X-Key $postern_subject;
    }
_EOC_

our $function = do {
    open my $in, "<", "docs/clients/ssh.md" or die "docs/clients/ssh.md: $!\n";
    local $/;
    <$in> =~ /```sh\n(.*?)```/s or die "no function in docs/clients/ssh.md\n";
    $1;
};

# what the shell prints
sub sh {
    my ($command) = @_;
    my $file = "$dir/script";

    open my $out, ">", $file or die;
    print $out $function, $command, "\n";
    close $out;

    return scalar qx(timeout 20 sh $file 2>&1);
}

our $at;

sub body {
    open my $out, ">", "$dir/body" or die;
    print $out $_[0];
    close $out;
    return "$dir/body";
}

no_root_location();
run_tests();

__DATA__

=== TEST 1: a key in a file
--- config eval: $::config
--- user_files eval: $::files
--- client
my $at = "http://LOCALHOST:" . port();
my $print = ssh_fingerprint($key);

is sh("postern_ssh $key laptop GET '$at/a'"), "app GET /a\n", "GET";
is sh("postern_ssh $key laptop GET '$at/a?b=c&d=e'"), "app GET /a?b=c&d=e\n",
   "with a query";
is sh("postern_ssh $key laptop GET '$at'"), "app GET /\n", "without a path";
is sh("postern_ssh $key laptop GET '$at?x'"), "app GET /?x\n",
   "with a query alone";
is sh("postern_ssh $key '$print' POST '$at/a' " . body("text")),
   "app POST /a\n", "by its fingerprint, with a body";
like sh("postern_ssh $key agent GET '$at/a'"), qr{sign/invalid},
     "under another's id";



=== TEST 2: a key and a certificate in an agent
--- config eval: $::config
--- user_files eval: $::files
--- client
my $at = "http://localhost:" . port();
my $cert = ssh_cert($ca, $agent_key, "-n deploy");

# the private key is nowhere but in the agent
my $agent = qx(ssh-agent -s -a $dir/agent);
my ($pid) = $agent =~ /SSH_AGENT_PID=(\d+)/;
local $ENV{SSH_AUTH_SOCK} = "$dir/agent";

ok system("ssh-add -q $agent_key 2>/dev/null") == 0, "added";
rename $agent_key, "$agent_key.away" or die;

is sh("postern_ssh $agent_key.pub agent PUT '$at/a' " . body("x" x 70000)),
   "app PUT /a\n", "the key";
is sh("postern_ssh $cert deploy DELETE '$at/a'"), "app DELETE /a\n",
   "the certificate";
is sh("postern_ssh $cert deploy\@people GET '$at/a'"), "app GET /a\n",
   "and the authority's id";

rename "$agent_key.away", $agent_key;
kill "TERM", $pid;
