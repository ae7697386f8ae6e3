"""What clients of the harness bring: signatures (RFC 9421), codes (RFC 6238)."""

import base64
import hashlib
import hmac
import struct
import time


def signed(method, host, path, query, key, secret, nonce, created=None):
    """The two header fields that sign a request without a body."""
    created = int(time.time()) if created is None else created
    params = ('("@method" "@authority" "@path" "@query");'
              f'created={created};nonce="{nonce}";keyid="{key}";'
              'alg="hmac-sha256"')
    base = (f'"@method": {method}\n"@authority": {host}\n"@path": {path}\n'
            f'"@query": ?{query}\n"@signature-params": {params}')
    mac = hmac.new(secret.encode(), base.encode(), hashlib.sha256).digest()
    value = base64.b64encode(mac).decode()
    return f"Signature-Input: s={params}\r\nSignature: s=:{value}:\r\n"


def totp(secret, when=None, period=30, digits=6):
    """The code that an authenticator shows."""
    step = int(time.time() if when is None else when) // period
    mac = hmac.new(secret.encode(), struct.pack(">Q", step),
                   hashlib.sha1).digest()
    at = mac[-1] & 15
    number = struct.unpack(">I", mac[at:at + 4])[0] & 0x7fffffff
    return f"{number % 10 ** digits:0{digits}}"
