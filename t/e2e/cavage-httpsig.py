#!/usr/bin/python3
#
# Signs a request with httpsig, the library of Debian's python3-httpsig, and
# sends it:
#
#     cavage-httpsig.py FIELD ALGORITHM KEYID FILE METHOD URL [BODY]
#
# FIELD is Authorization or Signature, FILE a secret or a private key.  Prints
# the status and the body of the answer, and the header lines that were sent.

import base64
import email.utils
import hashlib
import http.client
import sys
import urllib.parse

import httpsig

field, algorithm, key_id, file, method, url = sys.argv[1:7]
body = sys.argv[7].encode() if len(sys.argv) > 7 else None

at = urllib.parse.urlsplit(url)
target = at.path + ("?" + at.query if at.query else "")

headers = {"Host": at.netloc, "Date": email.utils.formatdate(usegmt=True)}
listed = ["(request-target)", "host", "date"]

if body is not None:
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    headers["Digest"] = "SHA-256=" + digest
    listed.append("digest")

with open(file, "rb") as key:
    signer = httpsig.HeaderSigner(key_id, key.read(), algorithm, listed,
                                  sign_header=field.lower())

signed = signer.sign(headers, method=method, path=target)

client = http.client.HTTPConnection(at.hostname, at.port, timeout=20)
client.request(method, target, body, dict(signed))
answer = client.getresponse()

print(answer.status, answer.read().decode().strip())

for name in signed:
    print("%s: %s" % (name, signed[name]))
