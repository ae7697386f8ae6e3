"""Requests and keys of every scheme, made by Python's cryptography."""

import base64
import dataclasses
import datetime
import hashlib
import hmac
import json
import os
import struct
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature)

from .cases import SECRET

SHA256, SHA384 = hashes.SHA256(), hashes.SHA384()
N256 = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551
BODY = 300
RAW = serialization.Encoding.Raw, serialization.PublicFormat.Raw
PEM = (serialization.Encoding.PEM,
       serialization.PublicFormat.SubjectPublicKeyInfo)


def b64(data):
    return base64.b64encode(data).decode()


def mac(key, text):
    return hmac.digest(key, text, "sha256")


def ed(key, text):
    return key.sign(text)


def pair(n, hash_):
    def sign(key, text):
        r, s = decode_dss_signature(key.sign(text, ec.ECDSA(hash_)))
        return r.to_bytes(n, "big") + s.to_bytes(n, "big")
    return sign


def rsa1(key, text):
    return key.sign(text, padding.PKCS1v15(), SHA256)


class Keys:
    """A key of each algorithm, anew for each run."""

    def __init__(self):
        p256 = ec.generate_private_key(ec.SECP256R1())
        p384 = ec.generate_private_key(ec.SECP384R1())
        large = rsa.generate_private_key(65537, 2048)
        self.ssh = ed25519.Ed25519PrivateKey.generate()
        secret = SECRET.encode()
        # id: key, how it signs, name in the directory
        self.of = {
            "hmac": (secret, mac, "hmac-sha256"),
            "ed25519": (ed25519.Ed25519PrivateKey.generate(), ed, "ed25519"),
            "p256": (p256, pair(32, SHA256), "ecdsa-p256-sha256"),
            "p384": (p384, pair(48, SHA384), "ecdsa-p384-sha384"),
            "rsa": (large, rsa1, "rsa-v1_5-sha256")}
        self.sigv4a = derived(secret, b"hmac")

    def directory(self, more):
        keys = {}
        for name, (key, _, algorithm) in self.of.items():
            keys[name] = {"roles": ["viewer"], "algorithm": algorithm}
            if name == "hmac":
                keys[name]["secret"] = "plain:" + SECRET
            elif name == "ed25519":
                keys[name]["public_key"] = b64(
                    key.public_key().public_bytes(*RAW))
            else:
                keys[name]["public_key"] = key.public_key().public_bytes(
                    *PEM).decode()
        for scheme in ("webhook", "enos"):
            keys[scheme] = {**keys["hmac"], "schemes": [scheme]}
        keys["ssh"] = {"roles": ["viewer"], "algorithm": "ssh", "public_key":
                       "ssh-ed25519 " + b64(ssh_public(self.ssh))}
        return {"version": 1, "organizations": {"bench": {
            "keys": {**keys, **more}, "permissions": {}, "resources": {},
            "roles": {"viewer": {}}}}}


def certificate(place, keys):
    """A client's, in the work folder: client.pem with its key, client.der, and
    its key in the directory; a server's, which signs itself, beside it."""
    now = datetime.datetime.now(datetime.timezone.utc)
    key = keys.of["p256"][0]
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "bench")])
    made = x509.CertificateBuilder(
        name, name, key.public_key(), x509.random_serial_number(),
        now - datetime.timedelta(hours=1), now + datetime.timedelta(days=1)
    ).sign(key, SHA256)
    pem = made.public_bytes(serialization.Encoding.PEM)
    (place.work / "client.der").write_bytes(
        made.public_bytes(serialization.Encoding.DER))
    (place.work / "client.pem").write_bytes(pem + key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption()))
    return {"x509": {"roles": ["viewer"], "algorithm": "x509",
                     "certificate": pem.decode()}}


def derived(secret, key_id):
    """The private key that SigV4A makes of a secret."""
    for n in range(1, 255):
        c = int.from_bytes(mac(b"AWS4A" + secret, b"\0\0\0\1"
                               b"AWS4-ECDSA-P256-SHA256\0" + key_id
                               + bytes([n]) + b"\0\0\1\0"), "big")
        if c <= N256 - 2:
            return ec.derive_private_key(c + 1, ec.SECP256R1())


def raw(host, method, target, lines, body=""):
    text = "".join(f"{name}: {value}\r\n" for name, value in lines)
    if body:
        text += f"Content-Length: {len(body)}\r\n"
    return (f"{method} {target} HTTP/1.1\r\nHost: {host}\r\n{text}\r\n"
            f"{body}").encode()


def target():
    return "/api/devices/7?n=" + os.urandom(8).hex()


def plain(keys, host):
    return raw(host, "GET", target(), [])


def posted(keys, host):
    return raw(host, "POST", "/api/hook", [], "x" * BODY)


def base9421(key_id, host, where):
    params = ('("@method" "@authority" "@path" "@query")'
              f';created={int(time.time())};keyid="{key_id}"'
              f';nonce="{os.urandom(8).hex()}"')
    path, query = where.split("?")
    return params, (f'"@method": GET\n"@authority": {host}\n"@path": {path}\n'
                    f'"@query": ?{query}\n"@signature-params": {params}')


def rfc9421(key_id):
    def make(keys, host):
        where = target()
        params, base = base9421(key_id, host, where)
        key, sign, _ = keys.of[key_id]
        return raw(host, "GET", where, [
            ("Signature-Input", "sig=" + params),
            ("Signature", f"sig=:{b64(sign(key, base.encode()))}:")])
    return make


def canonical(where, lines, payload):
    path, query = where.split("?")
    text = "".join(f"{name}:{value}\n" for name, value in lines)
    names = ";".join(name for name, _ in lines)
    return hashlib.sha256(f"GET\n{path}\n{query}\n{text}\n{names}\n{payload}"
                          .encode()).hexdigest()


def derive4(day):
    key = b"AWS4" + SECRET.encode()
    for part in (day, "eu", "app", "aws4_request"):
        key = mac(key, part.encode())
    return key


def sigv4(keys, host):
    where, at = target(), time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    scope = f"{at[:8]}/eu/app/aws4_request"
    empty = hashlib.sha256(b"").hexdigest()
    lines = [("host", host), ("x-amz-content-sha256", empty),
             ("x-amz-date", at)]
    text = (f"AWS4-HMAC-SHA256\n{at}\n{scope}\n"
            + canonical(where, lines, empty))
    names = ";".join(name for name, _ in lines)
    found = mac(derive4(at[:8]), text.encode()).hex()
    return raw(host, "GET", where, lines[1:] + [
        ("Authorization", f"AWS4-HMAC-SHA256 Credential=hmac/{scope}, "
         f"SignedHeaders={names}, Signature={found}")])


def presigned(keys, host):
    at = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    scope = f"{at[:8]}/eu/app/aws4_request"
    where = ("/api/devices/7?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential="
             f"hmac%2F{scope.replace('/', '%2F')}&X-Amz-Date={at}"
             "&X-Amz-Expires=600&X-Amz-SignedHeaders=host"
             f"&n={os.urandom(8).hex()}")
    text = (f"AWS4-HMAC-SHA256\n{at}\n{scope}\n"
            + canonical(where, [("host", host)],
                        hashlib.sha256(b"").hexdigest()))
    found = mac(derive4(at[:8]), text.encode()).hex()
    return raw(host, "GET", f"{where}&X-Amz-Signature={found}", [])


def sigv4a(keys, host):
    where, at = target(), time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    scope = f"{at[:8]}/app/aws4_request"
    empty = hashlib.sha256(b"").hexdigest()
    lines = [("host", host), ("x-amz-content-sha256", empty),
             ("x-amz-date", at), ("x-amz-region-set", "eu")]
    text = (f"AWS4-ECDSA-P256-SHA256\n{at}\n{scope}\n"
            + canonical(where, lines, empty))
    names = ";".join(name for name, _ in lines)
    found = keys.sigv4a.sign(text.encode(), ec.ECDSA(SHA256)).hex()
    return raw(host, "GET", where, lines[1:] + [
        ("Authorization", f"AWS4-ECDSA-P256-SHA256 Credential=hmac/{scope}, "
         f"SignedHeaders={names}, Signature={found}")])


def cavage(key_id, algorithm):
    def make(keys, host):
        where = target()
        date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime())
        text = f"(request-target): get {where}\nhost: {host}\ndate: {date}"
        key, sign, _ = keys.of[key_id]
        return raw(host, "GET", where, [
            ("Date", date),
            ("Authorization", f'Signature keyId="{key_id}",algorithm='
             f'"{algorithm}",headers="(request-target) host date",'
             f'signature="{b64(sign(key, text.encode()))}"')])
    return make


def content():
    return os.urandom(16).hex().ljust(BODY, "x")


def standard(keys, host):
    body, at, of = content(), int(time.time()), os.urandom(8).hex()
    found = mac(SECRET.encode(), f"{of}.{at}.{body}".encode())
    return raw(host, "POST", "/api/hook", [
        ("webhook-id", of), ("webhook-timestamp", at),
        ("webhook-signature", "v1," + b64(found))], body)


def github(keys, host):
    body = content()
    return raw(host, "POST", "/api/hook", [
        ("X-Hub-Signature-256",
         "sha256=" + mac(SECRET.encode(), body.encode()).hex())], body)


def enos(keys, host, token="t" * 32):
    where, at = target(), int(time.time() * 1000)
    value = where.split("=")[1]
    found = hashlib.sha256(f"{token}n{value}{at}{SECRET}".encode())
    return raw(host, "GET", where, [
        ("apim-accesstoken", token), ("apim-timestamp", at),
        ("apim-signature", found.hexdigest())])


def token_call(host):
    at = int(time.time() * 1000)
    found = hashlib.sha256(f"enos{at}{SECRET}".encode()).hexdigest()
    return raw(host, "POST", "/apim-token-service/v2.0/token/get",
               [("Content-Type", "application/json")],
               json.dumps({"appKey": "enos", "encryption": found,
                           "timestamp": at}))


def string(data):
    return struct.pack(">I", len(data)) + data


def ssh_public(key):
    return string(b"ssh-ed25519") + string(
        key.public_key().public_bytes(*RAW))


def sshsig(keys, host):
    where = target()
    public = ssh_public(keys.ssh)
    name = "SHA256:" + b64(hashlib.sha256(public).digest()).rstrip("=")
    params, base = base9421(name, host, where)
    said = string(b"http-request") + string(b"") + string(b"sha512")
    found = keys.ssh.sign(b"SSHSIG" + said
                          + string(hashlib.sha512(base.encode()).digest()))
    blob = (b"SSHSIG" + struct.pack(">I", 1) + string(public) + said
            + string(string(b"ssh-ed25519") + string(found)))
    return raw(host, "GET", where, [
        ("Signature-Input", "sig=" + params),
        ("Signature", f"sig=:{b64(blob)}:")])


@dataclasses.dataclass(frozen=True)
class Scheme:
    """A row: how a request is made, and what verifies it."""

    name: str
    make: object
    scheme: str         # of sign_schemes; of webhooks the kind
    key: str

    @property
    def secret(self):
        return SECRET if self.key in ("hmac", "webhook", "enos") else ""


TABLE = [
    *(Scheme(f"rfc9421, {name}", rfc9421(key), "rfc9421", key)
      for key, name in (("hmac", "HMAC"), ("ed25519", "Ed25519"),
                        ("p256", "P-256"), ("p384", "P-384"),
                        ("rsa", "RSA 2048"))),
    Scheme("sigv4, header", sigv4, "sigv4", "hmac"),
    Scheme("sigv4, presigned", presigned, "sigv4", "hmac"),
    Scheme("sigv4a", sigv4a, "sigv4a", "hmac"),
    Scheme("cavage, HMAC", cavage("hmac", "hmac-sha256"), "cavage", "hmac"),
    Scheme("cavage, RSA 2048", cavage("rsa", "rsa-sha256"), "cavage", "rsa"),
    Scheme("webhook, standard, 300 bytes", standard, "standard", "webhook"),
    Scheme("webhook, github, 300 bytes", github, "github", "webhook"),
    Scheme("enos, version 2", enos, "enos", "enos"),
    Scheme("sshsig, Ed25519", sshsig, "sshsig", "ssh"),
    Scheme("mtls, connection known", plain, "mtls", "x509"),
]
