package WebDriver;

# A browser for tests: Chromium, spoken to by the plain HTTP of WebDriver (W3C)
# through chromedriver, and by the DevTools of Chromium for what WebDriver has
# no word for.
#
#     my $b = WebDriver->new(width => 390, dark => 1, language => "de");
#
#     $b->go("https://127.0.0.1:8443/");
#     $b->type("#user", "alice");
#     $b->click("button");
#     is($b->text("h1"), "My account");
#
# An element is named by a CSS selector, the first one that fits; where there is
# none, or anything else fails, the method dies and says what was asked for and
# where the browser was.  Nothing waits for a fixed time: go(), press() and enter()
# come back when the next page is there.
#
# The browser and its driver end with the object, and with a test that dies.

use v5.32;
use strict;
use warnings;

use File::Temp;
use HTTP::Tiny;
use IO::Socket::INET;
use JSON::PP;
use MIME::Base64 qw(decode_base64);
use POSIX qw(:sys_wait_h);
use Time::HiRes qw(sleep time);

my $json = JSON::PP->new->utf8->canonical->allow_nonref;

# what WebDriver calls a reference to an element
my $element = "element-6066-11e4-a52e-4f735466cecf";


# width, height: of the window, 1280 x 900; dark: prefers-color-scheme;
# language: of Accept-Language, "en"; insecure: 1, certificates of tests are
# not looked at; profile: a folder, so that a later browser is the same device;
# resolve: names that lead to 127.0.0.1; args, prefs: more for Chromium, whose
# prefs have JavaScript among them

sub new {
    my ($class, %o) = @_;
    my $self = bless { owner => $$, %o }, $class;

    $self->{width} //= 1280;
    $self->{height} //= 900;
    $self->{home} = File::Temp->newdir("postern-browser-XXXXXX", TMPDIR => 1);
    $self->{http} = HTTP::Tiny->new(timeout => 60, keep_alive => 0);

    $self->_start_driver();
    $self->_start_session();
    $self->emulate(map { exists $o{$_} ? ($_ => $o{$_}) : () }
                   qw(width height dark reduced_motion forced_colors print));

    return $self;
}


sub _start_driver {
    my ($self) = @_;
    my $port = _free_port();
    my $log = "$self->{home}/chromedriver.log";

    $self->{pid} = fork // die "fork: $!\n";

    if ($self->{pid} == 0) {
        setpgrp(0, 0);
        open STDIN, "<", "/dev/null";
        open STDOUT, ">", $log;
        open STDERR, ">&", \*STDOUT;

        # what belongs to the browser stays in a folder of its own
        $ENV{HOME} = "$self->{home}";
        $ENV{TMPDIR} = "$self->{home}";
        delete @ENV{qw(http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY
                       ALL_PROXY)};

        no warnings 'exec';
        exec "chromedriver", "--port=$port", "--allowed-ips=127.0.0.1";
        POSIX::_exit(127);
    }

    $self->{driver} = "http://127.0.0.1:$port";

    my $until = time + 30;

    while (time < $until) {
        my $answer = $self->{http}->get("$self->{driver}/status");

        return if $answer->{success};

        die "chromedriver does not start\n" if waitpid($self->{pid}, WNOHANG);
        sleep 0.05;
    }

    die "chromedriver does not answer\n";
}


sub _start_session {
    my ($self) = @_;
    my $profile = $self->{profile} // "$self->{home}/profile";
    my $language = $self->{language} // "en";
    my @resolve = map { "MAP $_ 127.0.0.1" } @{$self->{resolve} // []};

    my @args = (
        "--headless=new", "--no-sandbox", "--disable-gpu",
        "--disable-dev-shm-usage", "--disable-background-networking",
        "--disable-component-update", "--disable-sync", "--no-first-run",
        "--no-default-browser-check", "--hide-scrollbars", "--no-proxy-server",
        "--user-data-dir=$profile", "--lang=$language",
        "--window-size=$self->{width},$self->{height}",
        @resolve ? "--host-resolver-rules=" . join(",", @resolve) : (),
        @{$self->{args} // []},
    );

    my $value = $self->_call("POST", "", {
        capabilities => { alwaysMatch => {
            browserName => "chrome",
            acceptInsecureCerts => ($self->{insecure} // 1)
                                   ? JSON::PP::true : JSON::PP::false,
            pageLoadStrategy => "normal",
            timeouts => { script => 30000, pageLoad => 60000, implicit => 0 },
            "goog:loggingPrefs" => { browser => "ALL" },
            "goog:chromeOptions" => {
                args => \@args,
                prefs => { "intl.accept_languages" => $language,
                           "credentials_enable_service" => JSON::PP::false,
                           %{$self->{prefs} // {}} },
            },
        } },
    });

    $self->{session} = $value->{sessionId};
}


# Width and height of the page in CSS pixels, and what it is told of the person
# before it; 0 takes a wish back.

sub emulate {
    my ($self, %o) = @_;
    my %name = (dark => ["prefers-color-scheme", "dark", "light"],
                reduced_motion => ["prefers-reduced-motion", "reduce",
                                   "no-preference"],
                forced_colors => ["forced-colors", "active", "none"]);

    $self->{$_} = $o{$_} for keys %o;

    $self->devtools("Emulation.setDeviceMetricsOverride", {
        width => 0 + $self->{width}, height => 0 + $self->{height},
        deviceScaleFactor => 0 + ($self->{scale} // 1),
        mobile => $self->{width} < 600 ? JSON::PP::true : JSON::PP::false,
    });

    $self->devtools("Emulation.setEmulatedMedia", {
        media => $self->{print} ? "print" : "",
        features => [map { { name => $name{$_}[0],
                             value => $name{$_}[$self->{$_} ? 1 : 2] } }
                     sort keys %name],
    });

    return $self;
}


sub go {
    my ($self, $url) = @_;

    $self->_call("POST", "/url", { url => $url });

    return $self;
}


sub url      { return $_[0]->_call("GET", "/url"); }
sub title    { return $_[0]->_call("GET", "/title"); }
sub source   { return $_[0]->_call("GET", "/source"); }
sub back     { $_[0]->_call("POST", "/back", {}); return $_[0]; }
sub reload   { $_[0]->_call("POST", "/refresh", {}); return $_[0]; }


# the elements that a selector names: for the methods below, in place of one

sub find_all {
    my ($self, $css) = @_;
    my $found = $self->_call("POST", "/elements",
                             { using => "css selector", value => $css });

    return @$found;
}


sub find {
    my ($self, $css) = @_;

    return $css if ref $css;

    my ($first) = $self->find_all($css);

    return $first // die "no $css on ", $self->url, "\n",
                         $self->execute("return document.body.innerText"), "\n";
}


# the element that has the focus

sub active { return $_[0]->_call("GET", "/element/active"); }


sub has { return scalar $_[0]->find_all($_[1]); }


sub text {
    my ($self, $css) = @_;

    return $self->_call("GET", $self->_path($css) . "/text");
}


sub attribute {
    my ($self, $css, $name) = @_;

    return $self->_call("GET", $self->_path($css) . "/attribute/$name");
}


sub value { return $_[0]->_call("GET", $_[0]->_path($_[1])
                                       . "/property/value"); }


# in place of what is there

sub type {
    my ($self, $css, $text) = @_;
    my $path = $self->_path($css);

    $self->_call("POST", "$path/clear", {});
    $self->_call("POST", "$path/value", { text => "$text" });

    return $self;
}


# as the keyboard would, wherever the focus is; \t and \n are keys

sub keys {
    my ($self, $text) = @_;
    my %key = ("\t" => "\x{e004}", "\n" => "\x{e007}");
    my @actions = map { my $k = $key{$_} // $_;
                        ({ type => "keyDown", value => $k },
                         { type => "keyUp", value => $k }) } split //, $text;

    $self->_call("POST", "/actions", {
        actions => [{ type => "key", id => "keyboard",
                      actions => \@actions }],
    });

    return $self;
}


# the same with Enter behind it, and waits for the page that it leads to

sub enter {
    my ($self, $text) = @_;

    return $self->_next_page(sub { $self->keys("$text\n") });
}


# a button or link, and waits for the page that it leads to

sub press {
    my ($self, $css) = @_;

    return $self->_next_page(sub { $self->click($css) });
}


sub _next_page {
    my ($self, $do) = @_;
    my $old = $self->_path("html");
    my $until = time + 30;

    $do->();

    # until the page that was there is gone
    while (eval { $self->_call("GET", "$old/name"); 1 }) {
        die "nothing came of it on ", $self->url, "\n" if time > $until;
        sleep 0.02;
    }

    return $self->wait_for("body");
}


# Comes back as soon as the browser has taken it; where it leads to another page,
# press() is meant.

sub click {
    my ($self, $css) = @_;

    $self->_call("POST", $self->_path($css) . "/click", {});

    return $self;
}


# waits for a selector to be there

sub wait_for {
    my ($self, $css, $seconds) = @_;
    my $until = time + ($seconds // 10);

    while (time < $until) {
        return $self if $self->has($css);
        sleep 0.05;
    }

    die "no $css came up on ", $self->url, "\n";
}


# a JavaScript function body; the page itself may forbid scripts

sub execute {
    my ($self, $script, @args) = @_;

    return $self->_call("POST", "/execute/sync",
                        { script => $script, args => \@args });
}


sub execute_async {
    my ($self, $script, @args) = @_;

    return $self->_call("POST", "/execute/async",
                        { script => $script, args => \@args });
}


# name => { name, value, domain, path, secure, httpOnly, sameSite, expiry }

sub cookies {
    my ($self) = @_;

    return { map { $_->{name} => $_ } @{$self->_call("GET", "/cookie")} };
}


sub add_cookie {
    my ($self, %cookie) = @_;

    $self->_call("POST", "/cookie", { cookie => \%cookie });

    return $self;
}


sub delete_cookies { $_[0]->_call("DELETE", "/cookie"); return $_[0]; }


# The whole page as PNG; into a file where one is named.

sub screenshot {
    my ($self, $file) = @_;
    my $size = $self->devtools("Page.getLayoutMetrics", {})->{cssContentSize};
    my $shot = $self->devtools("Page.captureScreenshot", {
        format => "png", captureBeyondViewport => JSON::PP::true,
        clip => { x => 0, y => 0, width => $size->{width},
                  height => $size->{height}, scale => 1 },
    });
    my $png = decode_base64($shot->{data});

    if (defined $file) {
        open my $out, ">:raw", $file or die "$file: $!\n";
        print $out $png;
        close $out or die "$file: $!\n";
    }

    return $png;
}


# what the console of the page says since the last time: violations of its
# policy are among it

sub console {
    my ($self) = @_;

    return @{$self->_call("POST", "/se/log", { type => "browser" })};
}


# a question of the browser itself, as before a form is sent again: its text,
# undef where it asks nothing

sub question { return eval { $_[0]->_call("GET", "/alert/text") }; }
sub agree    { $_[0]->_call("POST", "/alert/accept", {}); return $_[0]; }


sub windows    { return @{$_[0]->_call("GET", "/window/handles")}; }
sub window     { return $_[0]->_call("GET", "/window"); }

sub switch_to {
    my ($self, $handle) = @_;

    $self->_call("POST", "/window", { handle => $handle });

    return $self;
}


# a command of the Chrome DevTools Protocol

sub devtools {
    my ($self, $command, $params) = @_;

    return $self->_call("POST", "/goog/cdp/execute",
                        { cmd => $command, params => $params // {} });
}


sub quit {
    my ($self) = @_;

    return if !$self->{pid} || $$ != $self->{owner};

    eval { $self->_call("DELETE", "") } if $self->{session};
    delete $self->{session};

    my $pid = delete $self->{pid};

    # the browser is in the group of its driver
    kill "TERM", -$pid;

    for (1 .. 60) {
        return if waitpid($pid, WNOHANG);
        sleep 0.05;
    }

    kill "KILL", -$pid;
    waitpid($pid, 0);
}


sub DESTROY {
    my ($self) = @_;
    local ($@, $!, $?);

    $self->quit();
}


sub _path {
    my ($self, $css) = @_;

    return "/element/" . $self->find($css)->{$element};
}


sub _call {
    my ($self, $method, $path, $body) = @_;
    my $url = "$self->{driver}/session"
              . ($self->{session} ? "/$self->{session}" : "") . $path;

    my $answer = $self->{http}->request($method, $url, {
        headers => { "Content-Type" => "application/json; charset=utf-8" },
        defined $body ? (content => $json->encode($body)) : (),
    });

    my $value = eval { $json->decode($answer->{content})->{value} };

    return $value if $answer->{success};

    my $why = ref $value ? ($value->{message} // "") =~ s/\n.*//sr
                         : $answer->{content};

    die "WebDriver: $method $path: $answer->{status} $why\n";
}


sub _free_port {
    my $s = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => 0,
                                  Listen => 1) or die "no port: $!\n";

    return $s->sockport;
}


1;
