# AWS's signer in C (aws-c-auth, as python3-awscrt has it): version 4 and 4A, in
# the header and in the query.  Prints TAP.
#
#     python3 sigv4-crt.py URL ACCESS-KEY SECRET

import http.client
import io
import sys
import urllib.parse
import uuid

from awscrt.auth import (AwsCredentialsProvider, AwsSignatureType,
                         AwsSignedBodyHeaderType, AwsSigningAlgorithm,
                         AwsSigningConfig, aws_sign_request)
from awscrt.http import HttpHeaders, HttpRequest

url, key_id, secret = sys.argv[1:]
host = urllib.parse.urlsplit(url).netloc
provider = AwsCredentialsProvider.new_static(key_id, secret)
count = 0

PATHS = ["/p", "/p/", "/p/a%20b", "/p/%C3%A4", "/p/a%2Fb", "/p/(x)!*'",
         "/p/a+b", "/p/a%2Bb", "/p/a=b&c", "/p/a:b@c,d;e$f", "/p/~-._",
         "/p/a%25b"]
QUERIES = ["?a=1", "?b=2&a=1", "?a=2&a=1", "?a", "?a=", "?a%20b=c%20d",
           "?a=b%2Bc", "?%C3%A4=%C3%B6", "?A=1&a=2", "?a=%2F%3F%3D%26"]


def ok(good, what):
    global count
    count += 1
    print("%s %d - %s" % ("ok" if good else "not ok", count, what))


def sign(algorithm, kind, service, method, target, body=None):
    headers = HttpHeaders([("host", host)])

    if kind is AwsSignatureType.HTTP_REQUEST_HEADERS:
        headers.add("x-id", uuid.uuid4().hex)

    if body is not None:
        headers.add("content-length", str(len(body)))

    request = HttpRequest(method, target, headers,
                          None if body is None else io.BytesIO(body))
    aws_sign_request(request, AwsSigningConfig(
        algorithm=algorithm, signature_type=kind,
        credentials_provider=provider, region="eu-central-1",
        service=service, use_double_uri_encode=service != "s3",
        should_normalize_uri_path=False,
        signed_body_header_type=AwsSignedBodyHeaderType.X_AMZ_CONTENT_SHA_256
        if service == "s3" and kind is AwsSignatureType.HTTP_REQUEST_HEADERS
        else AwsSignedBodyHeaderType.NONE,
        expiration_in_seconds=60
        if kind is AwsSignatureType.HTTP_REQUEST_QUERY_PARAMS else None)
    ).result(20)

    return request


def send(request, body=None, target=None):
    c = http.client.HTTPConnection(host, timeout=20)
    c.putrequest(request.method, target or request.path, skip_host=True,
                 skip_accept_encoding=True)

    for name, value in request.headers:
        c.putheader(name, value)

    c.endheaders(body)

    return c.getresponse().status


for algorithm in AwsSigningAlgorithm.V4, AwsSigningAlgorithm.V4_ASYMMETRIC:
    for kind in (AwsSignatureType.HTTP_REQUEST_HEADERS,
                 AwsSignatureType.HTTP_REQUEST_QUERY_PARAMS):
        for service in "execute-api", "s3":
            name = "%s, %s, %s" % (algorithm.name, kind.name.split("_")[2],
                                   service)

            if (service == "s3"
                    and kind is AwsSignatureType.HTTP_REQUEST_QUERY_PARAMS):
                continue

            for target in PATHS + ["/p" + q for q in QUERIES]:
                got = send(sign(algorithm, kind, service, "GET", target))
                ok(got == 200, "%s: %s: %d" % (name, target, got))

            r = sign(algorithm, kind, service, "POST", "/p?a=1", b"hello")
            ok(send(r, b"hello") == 200, name + ": with a body")

            r = sign(algorithm, kind, service, "POST", "/p?a=1", b"hello")
            ok(send(r, b"hellp") in (400, 401), name + ": another body")

            r = sign(algorithm, kind, service, "GET", "/p?a=1")
            ok(send(r, target=r.path.replace("/p", "/q")) == 401,
               name + ": another path")

            r = sign(algorithm, kind, service, "GET", "/p?a=1")
            ok(send(r, target=r.path.replace("a=1", "a=0")) == 401,
               name + ": another query")

print("1..%d" % count)
