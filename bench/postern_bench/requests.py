"""Requests made beforehand, in a file: each raw, followed by the byte 0x1e."""

import subprocess
import sys

from .cases import PASSWORD, SECRET, SEED, USER
from .people import Browser
from .place import BENCH

TARGET = "/api/devices/7"
END = b"\x1e"


def build(place):
    """The program that signs."""
    subprocess.run(["cc", "-O2", "-o", place.work / "requests",
                    BENCH / "requests.c", "-lsodium", "-lcrypto"], check=True)


def make(case, place, n):
    """A file of n requests, or of one that may be sent again and again.

    case.sends is "none" (no signature), "hmac-sha256" or "ed25519", "forged"
    (the last with the first byte of the signature changed), "cookie" (of
    nobody) or "session" (of somebody who has just signed in: nginx runs)."""
    path = place.work / "requests.bin"
    if case.by_person:
        path.write_bytes(with_cookie(case, place))
    else:
        path.write_bytes(signed(case, place, n))
    return path


def signed(case, place, n):
    algorithm = "hmac-sha256" if case.sends == "forged" else case.sends
    key, secret = (("EDBENCH", SEED) if algorithm == "ed25519"
                   else ("AKBENCH", SECRET))
    text = subprocess.run(
        [place.work / "requests", str(n), algorithm,
         f"127.0.0.1:{place.port}", TARGET, key, secret],
        stdout=subprocess.PIPE, check=True).stdout
    if case.sends == "forged":
        text = b"".join(forge(raw) + END for raw in text.split(END) if raw)
    return text


def forge(raw):
    at = raw.index(b"sig=:") + 5
    return raw[:at] + (b"B" if raw[at:at + 1] == b"A" else b"A") + raw[at + 1:]


def with_cookie(case, place):
    cookie = "__Host-postern=" + "x" * 48
    if case.sends == "session":
        browser = Browser(place.port)
        status = browser.sign_in(USER, PASSWORD)
        if status != 303:
            sys.exit(f"bench: nobody was signed in: {status}; "
                     f"see {place.work}/error.log")
        cookie = f"__Host-postern={browser.cookies['__Host-postern']}"
    return (f"GET {TARGET} HTTP/1.1\r\nHost: 127.0.0.1:{place.port}\r\n"
            f"Cookie: {cookie}\r\n\r\n").encode() + END
