"""Verifies a request signed by AWS Signature Version 4 as S3 and other services
do: with Python's standard library alone, and from the text of the request, not
from anything the signer says of it.

    sigv4_verify.py SECRET SERVICE < request

Prints "verified", or what is wrong, and exits with 1 then.
"""

import hashlib
import hmac
import sys
from urllib.parse import quote, unquote_to_bytes


def fail(what):
    print(what)
    sys.exit(1)


def main():
    secret, service = sys.argv[1], sys.argv[2]
    head, _, body = sys.stdin.buffer.read().partition(b"\r\n\r\n")
    line, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = line.split(" ")
    fields = {}

    for text in lines:
        name, _, value = text.partition(":")
        fields.setdefault(name.lower(), []).append(" ".join(value.split()))

    scheme, _, rest = fields["authorization"][0].partition(" ")

    if scheme != "AWS4-HMAC-SHA256" or len(fields["authorization"]) != 1:
        fail("scheme")

    params = dict(p.strip().split("=", 1) for p in rest.split(","))
    _, date, region, named, end = params["Credential"].rsplit("/", 4)

    if named != service or end != "aws4_request":
        fail("scope")

    path, _, query = target.partition("?")

    if service == "s3":
        path = quote(unquote_to_bytes(path), safe="/-_.~")
    else:
        path = quote(path, safe="/-_.~")

    pairs = []

    for pair in query.split("&") if query else []:
        name, _, value = pair.partition("=")
        pairs.append(tuple(quote(unquote_to_bytes(s.replace("+", " ")),
                                 safe="-_.~") for s in (name, value)))

    names = params["SignedHeaders"].split(";")

    for name in fields:
        if (name.startswith("x-amz-") or name == "host") and name not in names:
            fail(name + " is not signed")

    payload = fields["x-amz-content-sha256"][0]

    if payload != "UNSIGNED-PAYLOAD":
        if payload != hashlib.sha256(body).hexdigest():
            fail("payload")

    canonical = "\n".join([
        method, path, "&".join("=".join(p) for p in sorted(pairs)),
        *[name + ":" + ",".join(fields[name]) for name in names], "",
        params["SignedHeaders"], payload])

    text = "\n".join([scheme, fields["x-amz-date"][0],
                      "/".join([date, region, named, end]),
                      hashlib.sha256(canonical.encode("latin-1")).hexdigest()])

    key = ("AWS4" + secret).encode()

    for part in date, region, named, end:
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()

    want = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()

    if not hmac.compare_digest(want, params["Signature"]):
        fail("signature\n" + canonical)

    print("verified")


main()
