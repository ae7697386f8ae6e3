"""Requests as large and as intricate as nginx lets them in: what a stranger
sends who wants a gateway to work hard.  None of them carries a valid signature;
each names a key, so that nothing is refused before it was looked at.
"""

import base64
import time

KEY_ID = "AKBENCH"
LINE = 8000                     # bytes of a field: a large header buffer's
LINES = 3                       # of these, beside the first buffer


def request(fields, target="/x", method="GET"):
    """The text of a request, and nothing else in it."""
    lines = [f"{method} %s{target} HTTP/1.1", "Host: localhost"]
    return "\r\n".join(lines + [f"{n}: {v}" for n, v in fields]) + "\r\n\r\n"


def signed(cover, fields, target="/x", alg="", length=32, more=""):
    """With a signature of nobody's over these components."""
    cover = " ".join(cover)
    signature = base64.b64encode(b"s" * length).decode()
    return request(
        [("Signature-Input", f'sig=({cover});created={int(time.time())}'
                             f';keyid="{KEY_ID}"{alg}{more}'),
         ("Signature", f"sig=:{signature}:")] + fields, target)


ALL = ['"@method"', '"@authority"', '"@path"', '"@query"']


def filled(text, size=LINE):
    """text again and again, up to size, whole."""
    return (text * (size // len(text)))[:-1]


def many(text, n):
    """text n times, %i the number of each, as a list of HTTP."""
    return ",".join(text.replace("%i", str(i)) for i in range(n))


def sigv4(names=(), fields=(), target="/x"):
    """With a signature of nobody's by AWS Signature Version 4."""
    now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    listed = ";".join(["host", "x-amz-date", *names])
    return request(
        [("X-Amz-Date", now), *fields,
         ("Authorization",
          f"AWS4-HMAC-SHA256 Credential={KEY_ID}/{now[:8]}/eu/x/aws4_request,"
          f" SignedHeaders={listed}, Signature={'0' * 64}")], target)


def shapes():
    """name, text with %s for the location."""
    yield "an honest request", signed(ALL, [])
    yield "SigV4, an honest request", sigv4()
    yield from of_fields()
    yield from of_signatures()
    yield from of_parts()
    yield from of_sigv4()
    yield from of_people()
    yield from of_targets()


def of_fields():
    yield "one field of 8000 bytes", signed(ALL, [("X", "x" * LINE)])
    yield "200 fields", signed(ALL, [(f"x-{i:03}", "x") for i in range(200)])
    yield "1000 fields", signed(ALL, [(f"x{i:03}", "") for i in range(1000)])
    name = "x" * 20
    yield "60 fields of one length among 190", signed(
        ALL + [f'"{name}-{i:03}"' for i in range(59)],
        [(f"{name}-{i:03}", "v") for i in reversed(range(190))])
    yield "60 fields and a Connection of commas", signed(
        ALL + [f'"a{i:02}"' for i in range(59)],
        [(f"a{i:02}", "") for i in range(59)]
        + [("Connection", "," * LINE)] * (LINES - 1))
    yield "octets of many lines", signed(ALL + ['"x";bs'],
                                         [("X", "v" * 100)] * 200)


def of_signatures():
    yield "1000 Signature fields", signed(ALL,
                                          [("Signature", "a=:AA==:")] * 1000)
    yield "1000 members in Signature-Input", request(
        [("Signature-Input", many("a%i=()", 1000)),
         ("Signature", "a0=:AA==:")])
    yield "thousands of parameters", request(
        [("Signature-Input", "a=()" + filled(";a")),
         ("Signature", "a=:AA==:")])
    yield "nested lists", request(
        [("Signature-Input", "a=" + "(" * LINE), ("Signature", "a=:AA==:")])
    yield "large signatures", signed(
        ALL, [("Signature", many("b%i=:" + "A" * 1300 + ":", 6))])


def of_parts():
    names = ("priority", "repr-digest", "want-repr-digest")
    large = many("a%i", 1020)
    yield "a dictionary, strictly", signed(ALL + ['"priority";sf'],
                                           [("Priority", large)])
    yield "three dictionaries, strictly", signed(
        ALL + [f'"{n}";sf' for n in names], [(n, large) for n in names])
    yield "60 members of one large dictionary", signed(
        ALL + [f'"x";key="a{i}"' for i in range(60)],
        [("X", filled(many("a%i", 60) + ","))] * LINES)
    parameters = [f'"@query-param";name="a{i}"' for i in range(60)]
    pieces = many("a%i", 60).replace(",", "&")
    yield "60 parameters of one large query", signed(
        ALL + parameters, [],
        "/x?" + pieces.replace("&", "=" + "%41" * 40 + "&"))
    yield "60 parameters of a query of pieces", signed(
        ALL + parameters, [], "/x?" + pieces + "&b" * 900)


def of_sigv4():
    yield "SigV4, 1000 parameters, four readings", sigv4(
        target="/" + "é" * 100 + "?"
        + "&".join(str(i * 7919 % 1000) for i in range(1000)))
    yield "SigV4, 1000 parameters of few names", sigv4(
        target="/?" + "&".join(f"aaaaa{i % 10}" for i in range(1000)))
    names = [f"x{i:02}" for i in range(60)]
    yield "SigV4, 60 large fields, four readings", sigv4(
        names, [(n, "v" * 380) for n in names], "/é?b&a")


def of_people():
    for name, cookie in (
            ("thousands of cookies", "a=b;"),
            ("cookies of nearly the right name", "__Host-poster=;"),
            ("cookies of the right name, empty", "__Host-postern=;"),
            ("cookies of the right name",
             "__Host-postern=" + "x" * 43 + "; ")):
        yield name, request([("Cookie", filled(cookie))] * LINES)
    yield "Accept of many", request([("Accept", filled("text/htm,"))] * LINES)
    yield "Accept-Language of many", request(
        [("Accept-Language", filled("en-x;q=0.1,"))] * LINES)
    yield "controls in agent and referer", request(
        [("User-Agent", "\x7f" * 7000), ("Referer", "\x7f" * 7000)])


def of_targets():
    long = "a" * 4000
    for name, target in (
            ("a target of escapes", "/" + "%2561" * 1500),
            ("a target of segments", "/a" * 3900),
            ("a target of parameters", "/x?" + "a=%25&" * 1300),
            ("a long name in the target", "/x?" + "a" * 7000 + "=b"),
            ("names of blanks in the target", "/x?" + "a+" * 3500 + "=b"),
            ("addresses in the target", "/x" + "//a@" * 1500)):
        yield name, request([], target)
    yield "long names in target, referer and agent", request(
        [("Referer", f"http://a/?{long}=b"), ("User-Agent", f"{long}=")],
        f"/x?{long}=b")
