package Enos;

# A client of EnOS: version 1, version 2 and the call for a token, each as its
# SDKs make it; call() returns the answer, v1() and v2() its status and code.
# By name: secret, time (ms), query (that is sent), sent (a body other than the
# one signed), type, port.

use v5.32;
use strict;
use warnings;

use Digest::SHA qw(sha1_hex sha256_hex);
use Exporter qw(import);
use Postern;
use Time::HiRes ();

our @EXPORT = qw(call token v1 v2 ms);

our $key = "enos-app";
our $secret = "the secret of an app of EnOS";
our $last = 0;


# no two alike
sub ms {
    my $now = int(Time::HiRes::time() * 1000);

    return $last = $now > $last ? $now : $last + 1;
}


sub params {
    my %of;

    for (split /&/, $_[0] // "") {
        my ($name, $value) = map { tr/+/ /r =~ s/%(..)/chr hex $1/ger }
                             split /=/, $_, 2;
        $of{$name} //= $value;
    }

    return join "", map { "$_$of{$_}" } sort keys %of;
}


sub call {
    my (%o) = @_;
    my $id = $o{key} // $key;
    my $time = $o{time} // ms();
    my $sum = sha256_hex($id . $time . ($o{secret} // $secret));
    my $body = $o{body} // qq({"appKey":"$id","encryption":"$sum",)
                           . qq("timestamp":$time});

    return http(raw_request($o{method} // "POST",
                            $o{target} // "/apim-token-service/v2.0/token/get",
                            "Content-Type: application/json", $body),
                $o{port});
}


sub token { return json(call(@_)->{body})->{data}{accessToken} }


sub answer {
    my ($method, $target, $lines, $body, $port) = @_;
    my $r = http(raw_request($method, $target, $lines, $body), $port);

    return "$r->{status} " . ($r->{body} =~ /"code":"([^"]*)"/ ? $1 : "-");
}


sub v2 {
    my ($token, $query, $body, %o) = @_;
    my $time = $o{time} // ms();
    my $type = $o{type} // "application/json";
    my $in = $type =~ /^multipart/ ? "" : $body // "";
    my $sum = sha256_hex($token . params($query) . $in . $time
                         . ($o{secret} // $secret));

    $query = $o{query} // $query;

    return answer($o{method} // (defined $body ? "POST" : "GET"),
                  ($o{path} // "/api") . (length $query ? "?$query" : ""),
                  $o{lines} // "apim-accesstoken: $token\n"
                  . "apim-timestamp: $time\napim-signature: $sum\n"
                  . "Content-Type: $type", $o{sent} // $body, $o{port});
}


sub v1 {
    my ($query, $body, %o) = @_;
    my $id = $o{key} // $key;
    my $time = $o{time} // ms();
    my $sum = uc sha1_hex($id . params("$query&requestTimestamp=$time")
                          . ($body // "") . ($o{secret} // $secret));

    $query = $o{query} // $query;

    return answer($o{method} // (defined $body ? "POST" : "GET"),
                  ($o{path} // "/api") . "?$query&accessKey=$id&"
                  . "requestTimestamp=$time&sign=$sum", "", $o{sent} // $body,
                  $o{port});
}


sub app {
    my ($more) = @_;

    return qq({ "roles": ["viewer"], "algorithm": "hmac-sha256",
                "schemes": ["enos"], "secret": "plain:$secret")
           . ($more ? ", $more }" : " }");
}


sub block {
    my ($block) = @_;

    $block->set_value("user_files", ">>> postern.json\n"
                      . Postern::directory(
                          $key => app(),
                          "enos-off" => app('"status": "disabled"'),
                          "enos-away" => app('"networks": ["192.0.2.0/24"]')))
        if !defined $block->user_files;

    Postern::defaults($block);
}


1;
