package SshSig;

# Keys, certificates and signatures of OpenSSH, by ssh-keygen; and those of
# security keys, of which there is none here: what the device would do, as
# PROTOCOL.u2f of OpenSSH tells it, is done with an ordinary key by openssl.
#
#     ssh_key($type, %more)       file of a new private key; "$file.pub" beside
#     ssh_public($file)           its line for the directory
#     ssh_fingerprint($file)      "SHA256:…"
#     ssh_cert($ca, $file, @args) makes "$file-cert.pub": arguments of ssh-keygen
#     ssh_sign($file, %how)       a sub that signs a text: hash, namespace
#     sk_key($type)               a security key; sk_line($k), sk_sign($k, %how)

use v5.32;
use strict;
use warnings;

use Digest::SHA qw(sha256 sha512);
use Exporter qw(import);
use File::Temp ();
use MIME::Base64 qw(decode_base64 encode_base64);
use Scratch;

our @EXPORT = qw(ssh_key ssh_public ssh_fingerprint ssh_cert ssh_sign ssh_blob
                 sk_key sk_line sk_file sk_sign string);

my $dir = File::Temp->newdir;
my $count = 0;


sub ssh_key {
    my ($type, @more) = @_;
    my $file = "$dir/key" . ++$count;

    run("ssh-keygen -q -t $type @more -N '' -C 'test key' -f $file");

    return $file;
}


sub ssh_public { return slurp("$_[0].pub") =~ s/\n//r }


sub ssh_fingerprint {
    return (split / /, scalar qx(ssh-keygen -l -f $_[0].pub))[1];
}


sub ssh_cert {
    my ($ca, $file, @args) = @_;

    unlink "$file-cert.pub";
    run("ssh-keygen -q -s $ca -I test @args $file.pub");

    return "$file-cert.pub";
}


# the octets between the lines that frame them

sub ssh_sign {
    my ($file, %how) = @_;

    return sub {
        my ($text) = @_;
        my $in = spew("$dir/text" . ++$count, $text);

        run("ssh-keygen -Y sign -n " . ($how{namespace} // "http-request")
            . ($how{hash} ? " -O hashalg=$how{hash}" : "") . " -f $file $in");

        return decode_base64(slurp("$in.sig") =~ s/^-.*\n//mgr);
    };
}


# RFC 4251

sub string { return pack "N/a*", $_[0] }


sub mpint {
    my ($n) = @_;

    $n =~ s/^\0+//;

    return string(ord($n) & 0x80 ? "\0$n" : $n);
}


# PROTOCOL.sshsig; what was signed, and the blob of a signature

sub signed {
    my ($text, %how) = @_;
    my $hash = $how{hash} // "sha512";

    return "SSHSIG" . string($how{namespace} // "http-request")
           . string($how{reserved} // "") . string($hash)
           . string($hash eq "sha256" ? sha256($text) : sha512($text));
}


sub ssh_blob {
    my ($public, $signature, %how) = @_;

    return "SSHSIG" . pack("N", $how{version} // 1) . string($public)
           . string($how{namespace} // "http-request")
           . string($how{reserved} // "") . string($how{hash} // "sha512")
           . string($signature);
}


# PROTOCOL.u2f.  type: "ed25519" or "ecdsa"

sub sk_key {
    my ($type, %how) = @_;
    my $file = "$dir/sk" . ++$count;
    my $ec = $type eq "ecdsa";

    run("openssl genpkey -out $file "
        . ($ec ? "-algorithm EC -pkeyopt ec_paramgen_curve:P-256"
               : "-algorithm ed25519"));

    my $der = qx(openssl pkey -in $file -pubout -outform DER);
    my $name = $ec ? 'sk-ecdsa-sha2-nistp256@openssh.com'
                   : 'sk-ssh-ed25519@openssh.com';
    my $application = $how{application} // "ssh:";

    return { file => $file, ec => $ec, name => $name,
             application => $application, counter => 7,
             public => string($name) . ($ec ? string("nistp256") : "")
                       . string(substr $der, $ec ? -65 : -32)
                       . string($application) };
}


sub sk_line {
    return "$_[0]{name} " . encode_base64($_[0]{public}, "") . " key";
}


# its public key in a file, for ssh_cert()

sub sk_file {
    my ($k) = @_;

    spew("$k->{file}.pub", sk_line($k) . "\n");

    return $k->{file};
}


# flags: 0x01 for a touch, 0x04 for a verified user; public: of a certificate

sub sk_sign {
    my ($k, %how) = @_;

    return sub {
        my ($text) = @_;
        my $state = pack "CN", $how{flags} // 1, $k->{counter}++;
        my $in = spew("$dir/text" . ++$count,
                      sha256($k->{application}) . $state
                      . sha256(signed($text, %how)));

        my $raw = $k->{ec}
                  ? qx(openssl dgst -sha256 -sign $k->{file} $in)
                  : qx(openssl pkeyutl -sign -inkey $k->{file} -rawin -in $in);

        if ($k->{ec}) {
            my ($r, $s) = unpack "x2 x C/a x C/a", $raw;
            $raw = mpint($r) . mpint($s);
        }

        my $signature = string($k->{name}) . string($raw) . $state;
        my $public = $k->{public};

        $public = decode_base64((split / /, slurp($how{cert}))[1])
            if $how{cert};

        return ssh_blob($public, $signature, %how);
    };
}


1;
