package MfaClient;

# A browser for the tests of mfa, without JavaScript as the pages are: cookies,
# forms, redirects that are followed by hand.  One object is one browser; it
# knows nothing of the module but its pages' addresses and field names.
#
#     use MfaClient qw(totp base32);
#
#     my $b = MfaClient->new(port => $port);          # pages => "/.postern/"
#     my $r = $b->get("/app?a=1");                    # 303 to the sign-in page
#     $r = $b->sign_in("alice", "her password", to => "/app?a=1");
#     $r = $b->code(totp($secret));                   # $secret in base32
#     is($b->get("/app")->{status}, 200);
#
# A response is a hash: status, field (lower case names, values joined by ", "),
# lines ([name, value] as sent), body, and where it applies location, cookies
# (what this response set: name => {value, attributes}), head (text).
#
#     get($target, header => value …)
#     post($target, \%fields or $body, header => value …)
#     request($method, $target, %options)   headers => [[name, value] …],
#                                 body, cookies => 0, cookie => "a=b" (as is)
#     page($name, %query)         GET of a page: page("sign-in", to => "/x")
#     submit($response, \%fields, action => qr/…/)
#                                 the form of a page with its hidden fields
#     sign_in($user, $password, to =>, org =>)   both steps: page and form
#     code($code, to =>, again => 1), recovery($code, to =>)
#                                 again: step-up, of who has a session of aal 2
#     sign_out()
#     csrf($name, %query)         a token for forms of one's own
#     cookies()                   what it keeps: name => value
#     cookie($name), set($name, $value), forget(@names)
#     clone()                     another one with a copy of the cookies
#     at_once([method, target, %options] …)
#                                 all sent before the first answer is read
#     json($response)             the body decoded, {} where it is none
#
# Fields of a form that are undef are left out of those the page has.

use v5.32;
use strict;
use warnings;

use Digest::SHA qw(hmac_sha1 hmac_sha256 hmac_sha512);
use Exporter qw(import);
use Http2 ();
use IO::Select;
use IO::Socket::INET;
use Time::HiRes qw(time);

our @EXPORT_OK = qw(totp hotp base32 base32_decode escape unescape_html);

our $firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101"
               . " Firefox/140.0";
our $html = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";


sub new {
    my ($class, %option) = @_;

    my %self = (port => $ENV{TEST_NGINX_PORT} // 1984, address => "127.0.0.1",
                host => "localhost", scheme => "http", pages => "/.postern/",
                accept => $html, language => "en", agent => $firefox,
                timeout => 20, tls => 0, jar => {}, %option);

    $self{scheme} = "https" if $self{tls};

    return bless \%self, $class;
}


sub get {
    my ($self, $target, @headers) = @_;

    return $self->request("GET", $target, headers => pairs(@headers));
}


sub post {
    my ($self, $target, $body, @headers) = @_;

    return $self->request("POST", $target, form($body),
                          headers => pairs(@headers));
}


sub form {
    my ($body) = @_;

    return (body => $body // "") if !ref $body;

    return (body => join("&", map { escape($_) . "=" . escape($body->{$_}) }
                              grep { defined $body->{$_} } sort keys %$body),
            type => "application/x-www-form-urlencoded");
}


sub pairs {
    my @list = @_;
    my @pairs;

    push @pairs, [splice @list, 0, 2] while @list;

    return \@pairs;
}


sub request {
    my ($self, $method, $target, %option) = @_;

    my $socket = $self->begin($method, $target, %option);

    return $self->end($socket);
}


# several requests at once: all are written, then all are read

sub at_once {
    my ($self, @requests) = @_;

    my @sockets = map { $self->begin(@$_) } @requests;

    return map { $self->end($_) } @sockets;
}


sub begin {
    my ($self, $method, $target, %option) = @_;
    my $text = $self->text($method, $target, %option);

    if (!$self->{tls} && Http2::wanted($self->{port})) {
        my $begun = Http2::begin($self->{port}, $text,
                                 wait => $self->{timeout});
        return $begun if $begun;
    }

    my %arg = (PeerAddr => $self->{address}, PeerPort => $self->{port},
               Timeout => $self->{timeout});

    my $socket;

    if ($self->{tls}) {
        require IO::Socket::SSL;
        $socket = IO::Socket::SSL->new(%arg, SSL_verify_mode => 0);

    } else {
        $socket = IO::Socket::INET->new(%arg);
    }

    die "connect to $self->{address}:$self->{port}: $!\n" if !$socket;

    binmode $socket;
    print $socket $text;
    $socket->flush;

    return $socket;
}


# the request as sent; a header given replaces the browser's own

sub text {
    my ($self, $method, $target, %option) = @_;

    my @given = @{$option{headers} // []};
    my %given = map { lc $_->[0] => 1 } @given;
    my $unsafe = $method !~ /^(?:GET|HEAD|OPTIONS)$/;
    my $cookie = $option{cookie};

    $cookie = join "; ", map { "$_=$self->{jar}{$_}" } sort keys %{$self->{jar}}
        if !defined $cookie && ($option{cookies} // 1);

    my @own = (["Host", $self->{host}], ["Connection", "close"],
               ["User-Agent", $self->{agent}], ["Accept", $self->{accept}],
               ["Accept-Language", $self->{language}],
               $unsafe ? ["Origin", "$self->{scheme}://$self->{host}"] : (),
               $unsafe ? ["Sec-Fetch-Site", "same-origin"] : (),
               length($cookie // "") ? ["Cookie", $cookie] : (),
               $option{type} ? ["Content-Type", $option{type}] : (),
               defined $option{body}
                   ? ["Content-Length", length $option{body}] : ());

    my @lines = map { "$_->[0]: $_->[1]" }
                grep { defined $_->[1] }
                (grep { !$given{lc $_->[0]} } @own), @given;

    return join("\r\n", "$method $target HTTP/1.1", @lines, "", "")
           . ($option{body} // "");
}


sub end {
    my ($self, $socket) = @_;
    my ($text, $until) = ("", time + $self->{timeout});

    if ($socket->isa("Http2")) {
        my $response = parse($socket->end);
        $self->keep($response);

        return $response;
    }

    # decrypted bytes may wait where select() does not see them
    while (1) {
        if (!$self->{tls} || !$socket->pending) {
            my $left = $until - time;
            last if $left <= 0 || !IO::Select->new($socket)->can_read($left);
        }

        my $n = sysread $socket, $text, 65536, length $text;
        last if !$n;
    }

    close $socket;

    my $response = parse($text);
    $self->keep($response);

    return $response;
}


sub parse {
    my ($text) = @_;
    my ($head, $body) = split /\r\n\r\n/, $text, 2;
    my ($first, @lines) = split /\r\n/, $head // "";
    my (%field, @fields, %cookies);

    for (@lines) {
        my ($name, $value) = split /:[ \t]*/, $_, 2;

        push @fields, [$name, $value];
        $name = lc $name;
        $field{$name} = defined $field{$name} ? "$field{$name}, $value"
                                              : $value;

        next if $name ne "set-cookie";

        my ($pair, @attributes) = split /;[ \t]*/, $value;
        my ($cookie, $content) = split /=/, $pair, 2;

        $cookies{$cookie} = { value => $content, text => $value,
            map { my ($n, $v) = split /=/, $_, 2; (lc $n => $v // 1) }
            @attributes };
    }

    $body = unchunk($body // "")
        if ($field{"transfer-encoding"} // "") =~ /chunked/i;

    return { status => ($first // "") =~ m{^HTTP/\S+ (\d+)} ? $1 : 0,
             field => \%field, lines => \@fields, body => $body // "",
             location => $field{location}, cookies => \%cookies,
             head => $head // "" };
}


sub unchunk {
    my ($text) = @_;
    my $body = "";

    while ($text =~ s/^([0-9a-fA-F]+)[^\r\n]*\r\n//) {
        my $size = hex $1;

        last if $size == 0;
        $body .= substr $text, 0, $size, "";
        $text =~ s/^\r\n//;
    }

    return $body;
}


# Cookies: one host, one path.  A browser would not take a __Host- cookie that
# lacks what the name promises, and so does this one not.

sub keep {
    my ($self, $response) = @_;
    my $cookies = $response->{cookies};

    for my $name (keys %$cookies) {
        my $cookie = $cookies->{$name};

        if ($name =~ /^__Host-/i
            && (!$cookie->{secure} || ($cookie->{path} // "") ne "/"
                || exists $cookie->{domain}))
        {
            next;
        }

        if (($cookie->{"max-age"} // 1) <= 0
            || ($cookie->{expires} // "") =~ /\b19[67]\d\b/)
        {
            delete $self->{jar}{$name};

        } else {
            $self->{jar}{$name} = $cookie->{value};
        }
    }
}


sub cookies {
    my ($self) = @_;

    return {%{$self->{jar}}};
}


sub cookie {
    my ($self, $name) = @_;

    return $self->{jar}{$name};
}


sub set {
    my ($self, $name, $value) = @_;

    $self->{jar}{$name} = $value;

    return $self;
}


sub forget {
    my ($self, @names) = @_;

    delete @{$self->{jar}}{@names ? @names : keys %{$self->{jar}}};

    return $self;
}


sub clone {
    my ($self, %option) = @_;

    return bless { %$self, jar => {%{$self->{jar}}}, %option }, ref $self;
}


# Pages and forms.

sub page {
    my ($self, $name, %query) = @_;

    my $query = join "&", map { escape($_) . "=" . escape($query{$_}) }
                          grep { defined $query{$_} } sort keys %query;

    return $self->get($self->{pages} . $name
                      . (length $query ? "?$query" : ""));
}


# the forms of a page: action, method, and the fields that are filled in

sub forms {
    my ($response) = @_;
    my @forms;

    while ($response->{body} =~ m{<form\b([^>]*)>(.*?)</form>}gsi) {
        my ($form, $inside) = (attributes($1), $2);
        my %fields;

        # a button's value goes along only where it is the one pressed

        while ($inside =~ m{<input\b([^>]*)>}gsi) {
            my $input = attributes($1);

            next if !defined $input->{name}
                    || ($input->{type} // "") =~ /^(?:submit|button)$/i;

            $fields{$input->{name}} = $input->{value} // "";
        }

        push @forms, { action => $form->{action} // "",
                       method => uc($form->{method} // "GET"),
                       fields => \%fields, text => $inside };
    }

    return @forms;
}


sub attributes {
    my ($text) = @_;
    my %value;

    my $given = qr/"([^"]*)"|'([^']*)'|([^\s>]+)/;

    while ($text =~ /([a-zA-Z-]+)(?:\s*=\s*(?:$given))?/g) {
        $value{lc $1} = unescape_html($2 // $3 // $4 // "");
    }

    return \%value;
}


sub submit {
    my ($self, $response, $fields, %option) = @_;
    my $wanted = $option{action} // qr//;

    my ($form) = grep { $_->{method} eq "POST" && $_->{action} =~ $wanted }
                 forms($response);

    die "no form to post in: $response->{status} "
        . substr($response->{body}, 0, 300) . "\n" if !$form;

    return $self->post($self->resolve($form->{action}, $option{at}),
                       { %{$form->{fields}}, %$fields });
}


# forms name their address in full, or relative to the pages

sub resolve {
    my ($self, $action, $at) = @_;

    return $action if $action =~ m{^/};
    return $at // $self->{pages} if $action eq "";

    return $self->{pages} . $action;
}


sub sign_in {
    my ($self, $user, $password, %option) = @_;

    my $page = $self->page("sign-in", to => $option{to});

    return $page if $page->{status} != 200;

    return $self->submit($page, { user => $user, password => $password,
                                  org => $option{org} },
                         action => qr/sign-in/);
}


sub code {
    my ($self, $code, %option) = @_;

    my $page = $self->page("code", to => $option{to}, again => $option{again});

    return $page if $page->{status} != 200;

    return $self->submit($page, { code => $code }, action => qr/code/);
}


sub recovery {
    my ($self, $code, %option) = @_;

    my $page = $self->page("recovery", to => $option{to});

    return $page if $page->{status} != 200;

    return $self->submit($page, { code => $code }, action => qr/recovery/);
}


sub sign_out {
    my ($self) = @_;

    my $page = $self->page("sign-out");

    return $page if $page->{status} != 200;

    return $self->submit($page, {}, action => qr/sign-out/);
}


sub csrf {
    my ($self, $name, %query) = @_;

    my ($form) = grep { defined $_->{fields}{csrf} }
                 forms($self->page($name, %query));

    return $form ? $form->{fields}{csrf} : undef;
}


sub json {
    my ($self, $response) = @_;

    require JSON::PP;

    return eval { JSON::PP::decode_json($response->{body}) } // {};
}


# One-time codes, by the text of RFC 4226 and RFC 6238.  The secret in base32;
# time, step (further steps from there), digits, period, algorithm.

sub totp {
    my ($secret, %option) = @_;

    # the code of the step before is good as long as this one lasts: not asked
    # for at its very end

    if (($option{step} // 0) == -1 && !defined $option{time}) {
        select undef, undef, undef, 0.2 while time % 30 > 24;
    }

    my $counter = int(($option{time} // time) / ($option{period} // 30));

    return hotp($secret, $counter + ($option{step} // 0), %option);
}


sub hotp {
    my ($secret, $counter, %option) = @_;

    my %mac = (sha1 => \&hmac_sha1, sha256 => \&hmac_sha256,
               sha512 => \&hmac_sha512);

    my $mac = $mac{$option{algorithm} // "sha1"}->(pack("Q>", $counter),
                                                   base32_decode($secret));
    my $at = ord(substr $mac, -1) & 15;
    my $number = unpack("N", substr $mac, $at, 4) & 0x7fffffff;
    my $digits = $option{digits} // 6;

    return sprintf "%0*d", $digits, $number % 10 ** $digits;
}


sub base32_decode {
    my ($text) = @_;
    my $bits = "";

    for (split //, uc($text) =~ s/[\s=-]//gr) {
        my $digit = index "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", $_;

        die "not base32: $text\n" if $digit < 0;
        $bits .= sprintf "%05b", $digit;
    }

    return pack "B*", substr $bits, 0, int(length($bits) / 8) * 8;
}


sub base32 {
    my ($bytes) = @_;
    my $bits = unpack "B*", $bytes;
    my $text = "";

    while (length $bits) {
        my $five = substr $bits, 0, 5, "";

        $five .= "0" x (5 - length $five);
        $text .= substr "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", oct("0b$five"), 1;
    }

    return $text;
}


sub escape {
    my ($text) = @_;

    utf8::encode($text) if utf8::is_utf8($text);

    return $text =~ s{([^A-Za-z0-9._~-])}{sprintf "%%%02X", ord $1}ger;
}


sub unescape_html {
    my ($text) = @_;
    my %name = (amp => "&", lt => "<", gt => ">", quot => '"', apos => "'");

    return $text =~ s{&(?:#(\d+)|#x([0-9a-f]+)|(\w+));}
                     {defined $1 ? chr $1 : defined $2 ? chr hex $2
                      : $name{$3} // "&$3;"}gier;
}


1;
