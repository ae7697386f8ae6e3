
/* link: ngx_http_mfa_module/mfa_label.c */

#include "exact.h"
#include "mfa_http.h"


#define MOZILLA   "Mozilla/5.0 "
#define LINUX     MOZILLA "(X11; Linux x86_64"
#define WINDOWS   MOZILLA "(Windows NT 10.0; Win64; x64"
#define MAC       MOZILLA "(Macintosh; Intel Mac OS X 10_15_7"
#define PHONE     MOZILLA "(iPhone; CPU iPhone OS 18_5 like Mac OS X"
#define ANDROID   MOZILLA "(Linux; Android 10; K"
#define BLINK     ") AppleWebKit/537.36 (KHTML, like Gecko) "
#define WEBKIT    ") AppleWebKit/605.1.15 (KHTML, like Gecko) "


static void
label(const char *agent, const char *want)
{
    char           out[64];
    postern_str_t  got;

    got.data = (unsigned char *) out;
    got.len = mfa_device_label(exact(agent), out, sizeof(out));

    EXPECT_STR(got, want);
}


TEST(a_program_as_long_as_mozilla_is_itself)
{
    label("Charlie/1.0", "Charlie");
    label("Mozilla/5.0", "");
}


TEST(browsers_of_desktops)
{
    label(LINUX "; rv:140.0) Gecko/20100101 Firefox/140.0",
          "Firefox on Linux");
    label(MOZILLA "(X11; Ubuntu; Linux x86_64; rv:133.0) Gecko/20100101 "
          "Firefox/133.0", "Firefox on Linux");
    label(WINDOWS "; rv:128.0) Gecko/20100101 Firefox/128.0",
          "Firefox on Windows");
    label(WINDOWS BLINK "Chrome/138.0.0.0 Safari/537.36",
          "Chrome on Windows");
    label(WINDOWS BLINK "Chrome/138.0.0.0 Safari/537.36 Edg/138.0.3351.65",
          "Edge on Windows");
    label(WINDOWS BLINK "Chrome/64.0.3282.140 Safari/537.36 Edge/18.17763",
          "Edge on Windows");
    label(MAC WEBKIT "Version/18.5 Safari/605.1.15", "Safari on macOS");
    label(MAC BLINK "Chrome/138.0.0.0 Safari/537.36", "Chrome on macOS");
    label(LINUX BLINK "Chrome/138.0.0.0 Safari/537.36 OPR/122.0.0.0",
          "Opera on Linux");
    label(LINUX BLINK "Chrome/138.0.0.0 Safari/537.36 Vivaldi/7.5.3735.47",
          "Vivaldi on Linux");
    label(LINUX BLINK "HeadlessChrome/138.0.0.0 Safari/537.36",
          "Headless Chrome on Linux");
    label(LINUX WEBKIT "Version/18.0 Safari/605.1.15 Epiphany/48.3",
          "GNOME Web on Linux");
    label(MOZILLA "(X11; CrOS x86_64 14541.0.0" BLINK
          "Chrome/138.0.0.0 Safari/537.36", "Chrome on ChromeOS");
    label(MOZILLA "(X11; FreeBSD amd64; rv:138.0) Gecko/20100101 Firefox/138.0",
          "Firefox on FreeBSD");
    label(MOZILLA "(Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko",
          "Internet Explorer on Windows");
    label("Opera/9.80 (Windows NT 6.1) Presto/2.12.388 Version/12.18",
          "Opera on Windows");
}


TEST(browsers_of_phones_and_tablets)
{
    label(ANDROID BLINK "Chrome/138.0.0.0 Mobile Safari/537.36",
          "Chrome on Android");
    label(MOZILLA "(Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0",
          "Firefox on Android");
    label(ANDROID BLINK "SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile "
          "Safari/537.36", "Samsung Internet on Android");
    label(ANDROID BLINK "Chrome/138.0.0.0 Mobile Safari/537.36 "
          "EdgA/138.0.0.0", "Edge on Android");
    label(MOZILLA "(Linux; Android 14; Pixel 8 Build/UQ1A; wv) "
          "AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 "
          "Chrome/138.0.0.0 Mobile Safari/537.36",
          "Android WebView on Android");
    label(PHONE WEBKIT "Version/18.5 Mobile/15E148 Safari/604.1",
          "Safari on iPhone");
    label(PHONE WEBKIT "CriOS/138.0.7204.53 Mobile/15E148 Safari/604.1",
          "Chrome on iPhone");
    label(PHONE WEBKIT "FxiOS/140.0 Mobile/15E148 Safari/605.1.15",
          "Firefox on iPhone");
    label(PHONE WEBKIT "Version/18.0 EdgiOS/138.0 Mobile/15E148 Safari/604.1",
          "Edge on iPhone");
    label(PHONE WEBKIT "Version/18.5 Mobile/15E148 DuckDuckGo/7 Safari/605.1",
          "DuckDuckGo on iPhone");
    label(MOZILLA "(iPad; CPU OS 12_5 like Mac OS X" WEBKIT
          "Version/12.1 Mobile/15E148 Safari/604.1", "Safari on iPad");
}


TEST(programs)
{
    label("curl/7.88.1", "curl");
    label("Wget/1.21.3", "Wget");
    label("python-requests/2.32.3", "python-requests");
    label("Go-http-client/2.0", "Go-http-client");
    label("okhttp/4.12.0", "okhttp");
    label("Dalvik/2.1.0 (Linux; U; Android 14; Pixel 8)",
          "Dalvik on Android");
    label("Acme_App.2", "Acme_App.2");
    label("AppX/1 (iPhone; iOS 18.5; Scale/3.00)", "AppX on iPhone");
}


TEST(little_or_nothing_to_say)
{
    char           out[64];
    postern_str_t  absent = postern_null_string;

    label("", "");
    label("Mozilla/5.0", "");
    label("Mozilla/5.0 (X11; Linux x86_64)", "Linux");
    label("-", "-");
    label("()<script>alert(1)</script>", "");
    label("<b>Linux</b>", "Linux");
    label("\xff\xfe\x01", "");
    label("ABCDEFGHIJKLMNOPQRSTUVWXYZ/1", "");
    label("ABCDEFGHIJKLMNOPQRSTUVWX/1", "ABCDEFGHIJKLMNOPQRSTUVWX");

    EXPECT_INT(mfa_device_label(absent, out, sizeof(out)), 0);
}


TEST(nothing_a_client_sends_gets_out_but_a_plain_name)
{
    int            ch;
    char           out[64], agent[] = "aXb/1";
    size_t         i, len;

    for (ch = 0; ch < 256; ch++) {
        agent[1] = (char) ch;
        len = mfa_device_label(exact_slice(agent, 5), out, sizeof(out));

        for (i = 0; i < len; i++) {
            EXPECT(strchr("abcdefghijklmnopqrstuvwxyz"
                          "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.", out[i])
                   != NULL && out[i] != '\0');
        }
    }
}


TEST(a_label_stays_within_its_room)
{
    char           out[32];
    size_t         size, len;
    postern_str_t  agent;

    agent = exact(MAC WEBKIT "Version/18.5 Safari/605.1.15");

    for (size = 0; size < 20; size++) {
        memset(out, '#', sizeof(out));
        len = mfa_device_label(agent, out, size);

        EXPECT_INT(len, size < 6 ? 0 : size < 15 ? 6 : 15);
        EXPECT_INT(out[len], '#');
    }
}


TEST(only_the_beginning_is_looked_at)
{
    char  agent[1024];

    memset(agent, ' ', sizeof(agent));
    memcpy(agent, "x/1", 3);
    memcpy(agent + 600, "Firefox/140.0 Linux", 19);
    agent[1000] = '\0';

    label(agent, "x");
}


UNIT_MAIN()
