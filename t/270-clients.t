# docs/clients: every program as it is printed there, run by its own language
# against a real gateway; then with one character of the signature changed on the
# way.  A page without a program, or one whose tool is missing, fails.

use lib 't/lib';
use File::Temp ();
use Npm;
use Postern;
use Test::Nginx::Socket 'no_plan';

add_block_preprocessor(\&Postern::defaults);
add_response_body_check(\&Postern::client);

our $tamper = port() + 2;

our $http = <<"_EOC_";
    map \$http_signature \$bad {
        "~^(?<h>sig1=:)A(?<t>.*)\$"  "\${h}B\${t}";
        "~^(?<h>sig1=:).(?<t>.*)\$"  "\${h}A\${t}";
    }

    map \$http_authorization \$bad_aws {
        "~^(?<h>.*Signature=)a(?<t>.*)\$"  "\${h}b\${t}";
        "~^(?<h>.*Signature=).(?<t>.*)\$"  "\${h}a\${t}";
    }

    server {
        listen 127.0.0.1:$tamper;

        location / {
            proxy_pass http://127.0.0.1:@{[port()]};
            proxy_set_header Host \$http_host;
            proxy_set_header Signature \$bad;
            proxy_set_header Authorization \$bad_aws;
        }
    }
_EOC_

our $config = <<'_EOC_';
    sign on;
    sign_explain on;

    location / {
        proxy_pass http://app;
        proxy_set_header Host $http_host;
        add_header X-Key $postern_subject;
    }
_EOC_

our $dir = File::Temp->newdir;

our %with = (
    sh => ["sh"],
    py => ["/usr/bin/python3"],
    js => ["node"],
    go => ["go", "run"],
    java => ["java"],
    rb => ["ruby"],
    php => ["php"],
);

# the programs of all pages: file name, text
our %programs;

for my $page (glob "docs/clients/*.md") {
    my $text = do {
        open my $in, "<", $page or die "$page: $!\n";
        local $/;
        <$in>;
    };

    while ($text =~ /<!-- program: (\S+) -->\n```\w+\n(.*?)```\n/sg) {
        $programs{$1} = $2;

        open my $out, ">", "$dir/$1" or die "$1: $!\n";
        print $out $2;
        close $out;
    }
}

our $secret_file = "$dir/secret";
our $odd = q(a "quoted\\" $secret, of 'odd' `characters` & 100% more);

sub hidden {
    my ($file, $text) = @_;

    open my $out, ">", $file or die "$file: $!\n";
    print $out $text;
    close $out;

    return $file;
}

hidden($secret_file, $Postern::secret);
hidden("$dir/odd", $odd);

our $files = ">>> postern.json\n" . directory(odd => sprintf
    '{ "user": "alice", "algorithm": "hmac-sha256", "secret": "plain:%s" }',
    $odd =~ s/["\\]/\\$&/gr);

# what the program prints, its exit status
sub sent {
    my ($program, @args) = @_;
    my ($kind) = $program =~ /\.(\w+)$/;

    local $ENV{NODE_PATH} = Npm::install() if $kind eq "js";
    local $ENV{GOFLAGS} = "-mod=mod" if $kind eq "go";
    local $ENV{GOCACHE} = "$dir/go" if $kind eq "go";

    # "go run" compiles its library first
    open my $pipe, "-|", "timeout", 300, @{$with{$kind}}, "$dir/$program", @args
        or die "$program: $!\n";

    local $/;
    my $out = <$pipe> // "";

    close $pipe;

    return ($out, $? >> 8);
}

no_root_location();
run_tests();

__DATA__

=== TEST 1: every page has a program
--- config eval: $::config
--- client
is join(" ", sort keys %programs),
   "Sign.java curl.sh sign-npm.js sign.go sign.js sign.php sign.py sign.rb sign.sh",
   "programs";



=== TEST 2: every program signs
--- no_http2: not every client can
--- config eval: $::config
--- http_more eval: $::http
--- client
for my $program (sort keys %programs) {
    for (["AK1", $secret_file], ["robot", Postern::key_file("ed25519")]) {
        my ($id, $key) = @$_;

        next if $program eq "curl.sh" && $id ne "AK1";

        my $at = "http://127.0.0.1:" . port();

        for my $path ("/a?b=c&d=e", "/a/%C3%A4%20b", "/") {
            my ($out, $status) = sent($program, $id, $key, "GET", "$at$path");

            is $out, "app GET $path\n", "$program, $id: GET $path";
            is $status, 0, "$program, $id: its status";
        }

        my ($out) = sent($program, $id, $key, "POST", "$at/read/b?c=d",
                         '{"on": true}');
        is $out, "app POST /b?c=d\n", "$program, $id: POST";

        my $bad = "http://127.0.0.1:$tamper";
        ($out, my $status) = sent($program, $id, $key, "GET", "$bad/a?b=c");

        like $out, qr{"sign/invalid"}, "$program, $id: one character changed";
        isnt $status, 0, "$program, $id: it notices";

        ($out) = sent($program, $id eq "AK1" ? "robot" : "AK1", $key, "GET",
                      "$at/a");
        unlike $out, qr/^app/, "$program, $id: another's key id";
    }
}



=== TEST 3: a secret that a shell, a configuration or JSON could read otherwise
--- no_http2: not every client can
--- config eval: $::config
--- user_files eval: $::files
--- client
for my $program (sort keys %programs) {
    my ($out) = sent($program, "odd", "$dir/odd", "GET",
                     "http://127.0.0.1:" . port() . "/a?b=c");

    is $out, "app GET /a?b=c\n", $program;
}
