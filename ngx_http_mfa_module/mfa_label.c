
/*
 * A label for a device, so that people find it again in the list of their
 * sessions.  What a browser says of itself is a web of courtesies: nearly all
 * of them claim to be some other ones too, so the order of the tables counts.
 */


#include "mfa_http.h"


#define MFA_AGENT_MAX    512    /* bytes of User-Agent that are looked at */
#define MFA_PRODUCT_MAX  24     /* bytes of the name of an unknown program */


typedef struct {
    const char  *has;
    const char  *name;
} mfa_known_t;


static const char *mfa_known(const mfa_known_t *known, postern_str_t agent);
static int mfa_has(postern_str_t agent, const char *word);
static size_t mfa_product(postern_str_t agent, char *out);


static const mfa_known_t  mfa_browsers[] = {
    { "Edg/",             "Edge" },
    { "EdgA/",            "Edge" },
    { "EdgiOS/",          "Edge" },
    { "Edge/",            "Edge" },
    { "OPR/",             "Opera" },
    { "OPT/",             "Opera" },
    { "OPiOS/",           "Opera" },
    { "Opera",            "Opera" },
    { "SamsungBrowser/",  "Samsung Internet" },
    { "Vivaldi/",         "Vivaldi" },
    { "YaBrowser/",       "Yandex Browser" },
    { "UCBrowser/",       "UC Browser" },
    { "DuckDuckGo/",      "DuckDuckGo" },
    { "Ddg/",             "DuckDuckGo" },
    { "HuaweiBrowser/",   "Huawei Browser" },
    { "MiuiBrowser/",     "Mi Browser" },
    { "Electron/",        "Electron" },
    { "FxiOS/",           "Firefox" },
    { "Focus/",           "Firefox Focus" },
    { "SeaMonkey/",       "SeaMonkey" },
    { "Firefox/",         "Firefox" },
    { "CriOS/",           "Chrome" },
    { "HeadlessChrome/",  "Headless Chrome" },
    { "Epiphany/",        "GNOME Web" },
    { "Chromium/",        "Chromium" },
    { "; wv)",            "Android WebView" },
    { "Chrome/",          "Chrome" },
    { "MSIE ",            "Internet Explorer" },
    { "Trident/",         "Internet Explorer" },
    { NULL, NULL }
};


/* they say Safari/ and no more than that */

static const mfa_known_t  mfa_webkits[] = {
    { "Android",          "Android Browser" },
    { "iPhone",           "Safari" },
    { "iPad",             "Safari" },
    { "iPod",             "Safari" },
    { "Macintosh",        "Safari" },
    { "Windows",          "Safari" },
    { NULL, NULL }
};


static const mfa_known_t  mfa_systems[] = {
    { "Windows Phone",    "Windows Phone" },
    { "Xbox",             "Xbox" },
    { "Windows",          "Windows" },
    { "KAIOS/",           "KaiOS" },
    { "Tizen",            "Tizen" },
    { "Web0S",            "webOS" },
    { "Android",          "Android" },
    { "iPhone",           "iPhone" },
    { "iPad",             "iPad" },
    { "iPod",             "iPod" },
    { "CrOS",             "ChromeOS" },
    { "Mac OS X",         "macOS" },
    { "Macintosh",        "macOS" },
    { "PlayStation",      "PlayStation" },
    { "Linux",            "Linux" },
    { "FreeBSD",          "FreeBSD" },
    { "OpenBSD",          "OpenBSD" },
    { "NetBSD",           "NetBSD" },
    { "X11",              "Unix" },
    { NULL, NULL }
};


size_t
mfa_device_label(postern_str_t user_agent, char *out, size_t size)
{
    char         product[MFA_PRODUCT_MAX];
    size_t       len, nsystem;
    const char  *name, *system;

    static const char  on[] = " on ";

    if (user_agent.len > MFA_AGENT_MAX) {
        user_agent.len = MFA_AGENT_MAX;
    }

    name = mfa_known(mfa_browsers, user_agent);

    if (name == NULL && mfa_has(user_agent, "Safari/")) {
        name = mfa_known(mfa_webkits, user_agent);
    }

    if (name != NULL) {
        len = strlen(name);

    } else {
        name = product;
        len = mfa_product(user_agent, product);
    }

    system = mfa_known(mfa_systems, user_agent);
    nsystem = (system != NULL) ? strlen(system) : 0;

    if (len == 0) {
        name = system;
        len = nsystem;
        nsystem = 0;
    }

    if (len == 0 || len > size) {
        return 0;
    }

    memcpy(out, name, len);

    if (nsystem != 0 && sizeof(on) - 1 + nsystem <= size - len) {
        memcpy(out + len, on, sizeof(on) - 1);
        len += sizeof(on) - 1;

        memcpy(out + len, system, nsystem);
        len += nsystem;
    }

    return len;
}


static const char *
mfa_known(const mfa_known_t *known, postern_str_t agent)
{
    for ( /* void */ ; known->has != NULL; known++) {
        if (mfa_has(agent, known->has)) {
            return known->name;
        }
    }

    return NULL;
}


static int
mfa_has(postern_str_t agent, const char *word)
{
    size_t                len;
    const unsigned char  *p, *end, *last;

    len = strlen(word);

    if (agent.len < len) {
        return 0;
    }

    end = agent.data + agent.len;
    last = end - len;

    for (p = agent.data; p <= last; p++) {

        p = memchr(p, word[0], last - p + 1);

        if (p == NULL) {
            return 0;
        }

        if (memcmp(p, word, len) == 0) {
            return 1;
        }
    }

    return 0;
}


/* "curl" of "curl/7.88.1": a program that names itself first; "Mozilla" is what
   everybody says */

static size_t
mfa_product(postern_str_t agent, char *out)
{
    size_t         n;
    unsigned char  ch;

    static const char  mozilla[] = "Mozilla";

    for (n = 0; n < agent.len; n++) {
        ch = agent.data[n];

        if ((ch < 'a' || ch > 'z') && (ch < 'A' || ch > 'Z')
            && (ch < '0' || ch > '9')
            && ch != '-' && ch != '_' && ch != '.')
        {
            break;
        }

        if (n == MFA_PRODUCT_MAX) {
            return 0;
        }

        out[n] = (char) ch;
    }

    if (n == sizeof(mozilla) - 1 && memcmp(out, mozilla, n) == 0) {
        return 0;
    }

    return n;
}
