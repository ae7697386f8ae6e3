package ClientCert;

# Authorities, certificates and revocation lists of TLS clients, by openssl.
#
#     authority($name, %how)         a root; by => another one: an intermediate
#     client($ca, $subject, %how)    a client's certificate, its key in {key}
#     crl($ca, [$cert ...], %how)    a revocation list, as PEM
#     pem($cert ...)                 as text for a member of a JSON document
#
# how: from, until (seconds from now), eku, san ("DNS:a,email:b"), level, bare
# (without identifiers of keys: who issued it is told by names alone)

use v5.32;
use strict;
use warnings;

use Exporter qw(import);
use File::Temp ();
use POSIX qw(strftime);
use Scratch;

our @EXPORT = qw(authority client crl pem);

my $dir = File::Temp->newdir;
my $count = 0;


sub stamp { return strftime("%Y%m%d%H%M%SZ", gmtime(time + $_[0])) }


sub make {
    my ($ca, $subject, %how) = @_;
    my $base = "$dir/" . ++$count;
    my $self = !defined $ca;
    my $home = $self ? $base : $ca->{base};

    mkdir $home;
    spew("$home/index", "") if !-e "$home/index";
    spew("$home/serial", "1000\n") if !-e "$home/serial";

    my $ids = $how{bare} ? "subjectKeyIdentifier = none\n"
                           . "authorityKeyIdentifier = none\n"
                         : "subjectKeyIdentifier = hash\n"
                           . "authorityKeyIdentifier = keyid\n";

    spew("$base.cnf", <<"EOD");
[ca]
default_ca = this
[this]
database = $home/index
serial = $home/serial
new_certs_dir = $home
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = optional
[more]
$ids$how{more}
[req]
distinguished_name = dn
[dn]
EOD

    run("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256"
        . " -out $base.key");
    run("openssl req -new -utf8 -key $base.key -config $base.cnf"
        . " -subj '$subject' -out $base.csr");
    run("openssl ca -batch -notext -preserveDN -config $base.cnf -extensions more"
        . " -startdate " . stamp($how{from} // -60)
        . " -enddate " . stamp($how{until} // 3600)
        . ($self ? " -selfsign -keyfile $base.key"
                 : " -keyfile $ca->{key} -cert $ca->{cert}")
        . " -in $base.csr -out $base.pem");

    return { base => $base, key => "$base.key", cert => "$base.pem",
             ca => $ca, home => $home };
}


sub authority {
    my ($name, %how) = @_;

    return make($how{by}, "/CN=$name",
                more => "basicConstraints = critical,CA:TRUE\n"
                        . "keyUsage = critical,keyCertSign,cRLSign\n", %how);
}


sub client {
    my ($ca, $subject, %how) = @_;
    my $eku = $how{eku} // "clientAuth";

    return make($ca, $subject,
                more => "basicConstraints = CA:FALSE\n"
                        . ($eku ? "extendedKeyUsage = $eku\n" : "")
                        . ($how{san} ? "subjectAltName = $how{san}\n" : ""),
                %how);
}


# from and until of the list, in seconds from now

sub crl {
    my ($ca, $revoked, %how) = @_;
    my $out = "$dir/" . ++$count . ".crl";

    mkdir $ca->{base};
    spew("$ca->{base}/index", "") if !-e "$ca->{base}/index";
    spew("$ca->{base}/crlnumber", "01\n") if !-e "$ca->{base}/crlnumber";

    my $config = spew("$out.cnf", <<"EOD");
[ca]
default_ca = this
[this]
database = $ca->{base}/index
crlnumber = $ca->{base}/crlnumber
default_md = sha256
EOD

    my $with = "-config $config -keyfile $ca->{key} -cert $ca->{cert}";

    run("openssl ca $with -revoke $_->{cert}") for @$revoked;
    run("openssl ca $with -gencrl -crl_lastupdate " . stamp($how{from} // -60)
        . " -crl_nextupdate " . stamp($how{until} // 3600) . " -out $out");

    return slurp($out);
}


sub pem {
    return join "", map { s/\n/\\n/gr }
                    map { ref $_ ? slurp($_->{cert}) : $_ } @_;
}


1;
