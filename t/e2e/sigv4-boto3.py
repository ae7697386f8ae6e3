# boto3 and botocore: the S3 client through nginx to the store, presigned URLs,
# uploads in parts, and the signers for other services; then with one thing
# changed.  Prints TAP.
#
#     python3 sigv4-boto3.py s3|other URL ACCESS-KEY SECRET

import hashlib
import http.client
import io
import sys
import urllib.parse
import uuid

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.client import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

kind, url, key_id, secret = sys.argv[1:]
count = 0


def ok(good, what):
    global count
    count += 1
    print("%s %d - %s" % ("ok" if good else "not ok", count, what))


def client(change=None, **options):
    s3 = boto3.client(
        "s3", endpoint_url=url, aws_access_key_id=key_id,
        aws_secret_access_key=secret, region_name="eu-central-1",
        config=Config(signature_version="s3v4", retries={"max_attempts": 0},
                      s3={"addressing_style": "path"}, **options))

    if change:
        s3.meta.events.register("before-send.s3",
                                lambda request, **_: change(request))

    return s3


def status(call, *args, **named):
    try:
        return call(*args, **named)["ResponseMetadata"]["HTTPStatusCode"]
    except ClientError as e:
        return e.response["ResponseMetadata"]["HTTPStatusCode"]


def body_of(size):
    return b"".join(hashlib.sha256(b"%d" % i).digest()
                    for i in range(size // 32 + 1))[:size]


def send(method, target, body=None, headers={}):
    at = urllib.parse.urlsplit(target)
    c = http.client.HTTPConnection(at.netloc, timeout=20)
    c.request(method, at.path + ("?" + at.query if at.query else ""), body,
              headers)
    answer = c.getresponse()

    return answer.status, answer.read()


def objects():
    s3 = client()
    body = body_of(70000)

    for key in ["plain", "a b", "a+b", "a%2Fb", "\u00e4/\u20ac", "(x)!*'",
                "x=y&z", "~-._:@,;$", "a/../b", "./a", "q?r#s", "  "]:
        ok(status(s3.put_object, Bucket="b", Key=key, Body=body) == 200,
           "put_object %r" % key)
        ok(s3.get_object(Bucket="b", Key=key)["Body"].read() == body,
           "get_object %r" % key)

    ok(status(s3.put_object, Bucket="b", Key="empty", Body=b"") == 200,
       "an empty body")
    ok(status(s3.put_object, Bucket="b", Key="file", Body=io.BytesIO(body),
              Metadata={"a": "b  c", "d": " e ", "f": ""},
              ContentType="text/plain; charset=utf-8") == 200,
       "a stream, with metadata")
    ok(status(s3.list_objects_v2, Bucket="b", Prefix="a ", Delimiter="/",
              StartAfter="\u00e4+&=") == 200, "list_objects_v2")
    ok(status(s3.delete_object, Bucket="b", Key="file") == 204,
       "delete_object")


def parts():
    s3 = client()
    body = body_of(11 * 1024 * 1024 + 5)
    back = io.BytesIO()

    s3.upload_fileobj(io.BytesIO(body), "b", "big", Config=TransferConfig(
        multipart_threshold=5 << 20, multipart_chunksize=5 << 20))
    s3.download_fileobj("b", "big", back, Config=TransferConfig(
        multipart_threshold=5 << 20, multipart_chunksize=5 << 20))
    ok(back.getvalue() == body, "upload and download in parts")


def presigned():
    s3 = client()
    body = body_of(500)
    name = {"Bucket": "b", "Key": "p q/r+s\u00e4"}
    put = s3.generate_presigned_url("put_object", name, 600)
    get = s3.generate_presigned_url("get_object", dict(
        name, ResponseContentType="text/plain; a=b"), 600)

    ok(send("PUT", put, body)[0] == 200, "presigned PUT")
    ok(send("GET", get) == (200, body), "presigned GET")

    last = get[-1]

    for what, changed in [
            ("the signature", get[:-1] + "%x" % (int(last, 16) ^ 1)),
            ("the key", get.replace("r%2Bs", "r%2Bt")),
            ("the expiry", get.replace("Expires=600", "Expires=601")),
            ("a parameter", get.replace("a%3Db", "a%3Dc")),
            ("one more", get + "&versionId=1")]:
        ok(send("GET", changed)[0] == 401, "presigned, changed: " + what)

    ok(send("DELETE", get)[0] == 401, "presigned, changed: the method")


def changed():
    body = body_of(70000)

    def header(name, change):
        def f(request):
            request.headers[name] = change(
                request.headers[name].decode()
                if isinstance(request.headers[name], bytes)
                else request.headers[name])
        return f

    def target(request):
        request.url += "x"

    def content(request):
        request.body = bytes([body[0] ^ 1]) + body[1:]

    def added(request):
        request.headers["x-amz-acl"] = "public-read"

    flip = lambda s: s[:-1] + "%x" % (int(s[-1], 16) ^ 1)

    for what, change, want in [
            ("the signature", header("Authorization", flip), 401),
            ("the hash", header("X-Amz-Content-SHA256", flip), 401),
            ("the path", target, 401),
            ("a field that is not signed", added, 401),
            ("a bit of the body", content, 400)]:
        got = status(client(change).put_object, Bucket="b", Key="c",
                     Body=body)
        ok(got == want, "changed: %s: %d" % (what, got))


def services():
    credentials = Credentials(key_id, secret)

    paths = ["/p", "/p/", "/p/a%20b", "/p/%C3%A4", "/p/a%2Fb", "/p/(x)!*'",
             "/p/a+b", "/p/a%2Bb", "/p/a=b&c", "/p/a:b@c,d;e$f", "/p/~-._",
             "/p/a%25b"]
    queries = ["", "?a=1", "?b=2&a=1", "?a=2&a=1", "?a", "?a=", "?a%20b=c%20d",
               "?a=b%2Bc", "?%C3%A4=%C3%B6", "?A=1&a=2", "?a=%2F%3F%3D%26"]

    for path, query in ([(p, "") for p in paths]
                        + [("/p", q) for q in queries]):
        for method, body in (("GET", None), ("POST", b"hello")):
            request = AWSRequest(method, url + path + query, data=body, headers={
                "X-Id": uuid.uuid4().hex, "X-Blanks": "a   b  "})
            SigV4Auth(credentials, "execute-api", "eu-central-1").add_auth(
                request)
            got = send(method, url + path + query, body,
                       dict(request.headers.items()))[0]
            ok(got == 200, "%s %s%s: %d" % (method, path, query, got))

        request = AWSRequest("GET", url + path + query)
        SigV4QueryAuth(credentials, "execute-api", "eu-central-1",
                       expires=60).add_auth(request)
        got = send("GET", request.prepare().url)[0]
        ok(got == 200, "presigned %s%s: %d" % (path, query, got))


for part in {"s3": [objects, parts, presigned, changed],
             "other": [services]}[kind]:
    part()

print("1..%d" % count)
