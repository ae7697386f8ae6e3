package Webhook;

# Webhooks as their senders make them: each of standard(), github(), stripe(),
# slack(), shopify(), custom() and discord() returns target, header fields
# ([[name, value] ...]) and body, for answer() to send.  By name: secret (what
# it is signed with), time, sent (a body other than the one signed).

use v5.32;
use strict;
use warnings;

use Digest::SHA qw(hmac_sha256 hmac_sha256_hex hmac_sha512);
use Exporter qw(import);
use MIME::Base64 qw(decode_base64 encode_base64 encode_base64url);
use Postern;
use Test::Nginx::Util ();

our @EXPORT = qw(answer lines standard github stripe slack shopify custom
                 discord);

our $secret = 'the secret of a webhook, shared';
our $new = 'the secret that comes after it';
our $n = 0;


sub of_senders {
    my %secret = (hook => ["hmac-sha256", $secret], new => ["hmac-sha256", $new],
                  long => ["hmac-sha512", $secret]);

    my %keys = map {
        $_ => qq({ "roles": ["viewer"], "algorithm": "$secret{$_}[0]",
                   "schemes": ["webhook"], "secret": "plain:$secret{$_}[1]" })
    } keys %secret;

    $keys{pair} = qq({ "roles": ["viewer"], "algorithm": "ed25519",
                       "schemes": ["webhook"],
                       "public_key": "@{[Postern::public_key('ed25519')]}" });

    return %keys;
}


sub block {
    my ($block) = @_;

    $block->set_value("user_files", ">>> postern.json\n"
                                    . Postern::directory(of_senders()))
        if !defined $block->user_files;

    Postern::defaults($block);
}


sub location {
    my ($webhook, $where, $explain, $schemes, $more) = @_;

    $where //= "/in";
    $explain //= "on";
    $more //= "proxy_pass http://app;";

    my $line = $schemes ? "sign_schemes $schemes;" : "";

    $line .= "sign_insecure_freshness on;" if $webhook =~ /^(?:github|shopify)/;

    return <<"EOD";
    location $where {
        sign on;
        sign_webhook $webhook;
        sign_explain $explain;
        $line
        $more
    }
EOD
}


sub lines {
    my ($fields) = @_;

    return join "\n", map { "$_->[0]: $_->[1]" } @$fields;
}


sub answer {
    my ($target, $fields, $body, $method) = @_;
    my $r = http(raw_request($method // "POST", $target, lines($fields),
                             $body));

    return "$r->{status} " . ($r->{body} =~ /"code":"([^"]*)"/ ? $1 : "-");
}


sub standard {
    my ($target, $body, %o) = @_;
    my $time = $o{time} // time;
    my $id = "msg_$$" . $n++;
    my $text = "$id.$time.$body";

    my @signatures = $o{pair}
        ? "v1a," . encode_base64(Postern::openssl_sign("ed25519", $text), "")
        : map { "v1," . encode_base64(hmac_sha256($text, $_), "") }
          @{$o{secrets} // [$o{secret} // $secret]};

    return $target, [["Webhook-Id", $id], ["Webhook-Timestamp", $time],
                     ["Webhook-Signature", "@signatures"]],
           $o{sent} // $body;
}


sub github {
    my ($target, $body, %o) = @_;
    my $mac = hmac_sha256_hex($body, $o{secret} // $secret);

    return $target, [["X-GitHub-Event", "ping"],
                     ["X-Hub-Signature-256", "sha256=$mac"]],
           $o{sent} // $body;
}


sub stripe {
    my ($target, $body, %o) = @_;
    my $time = $o{time} // time;
    my $mac = hmac_sha256_hex("$time.$body", $o{secret} // $secret);

    return $target, [["Stripe-Signature", "t=$time,v1=$mac,v0=" . "0" x 64]],
           $o{sent} // $body;
}


sub slack {
    my ($target, $body, %o) = @_;
    my $time = $o{time} // time;
    my $mac = hmac_sha256_hex("v0:$time:$body", $o{secret} // $secret);

    return $target, [["X-Slack-Request-Timestamp", $time],
                     ["X-Slack-Signature", "v0=$mac"]],
           $o{sent} // $body;
}


sub shopify {
    my ($target, $body, %o) = @_;
    my $mac = encode_base64(hmac_sha256($body, $o{secret} // $secret), "");

    return $target, [["X-Shopify-Hmac-Sha256", $mac]], $o{sent} // $body;
}


# format: what is signed, with "%s" for the time

sub custom {
    my ($target, $body, $format) = @_;
    my $time = time;
    my $mac = hmac_sha512(sprintf($format, $time), $secret);

    return $target, [["X-Sig", "k." . encode_base64url($mac)],
                     ["X-Tenant", "acme"], ["X-Time", $time]], $body;
}


sub discord {
    my ($target, $body, %o) = @_;
    my $time = time;
    my $raw = Postern::openssl_sign("ed25519", "$time$body");

    return $target, [["X-Signature-Timestamp", $time],
                     ["X-Signature-Ed25519", unpack("H*", $raw)]],
           $o{sent} // $body;
}


1;
