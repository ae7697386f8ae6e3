"""Floods of requests that are refused, against nginx that says 401 at once."""

import base64
import dataclasses
import json
import statistics
import subprocess
import sys
import time

from . import cases, counting, requests
from .cases import CORE, POSTERN, SIGN, Case, config
from .load import wrk
from .server import Nginx, cpu_seconds

GOAL = 0.8          # of what bare nginx can answer
AS_IF = "unknown key, as if Ed25519"
# a point of the curve, which is all that is asked of a key
P256 = ("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
        "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")

BARE = Case("bare nginx, return 401", location="return 401;", status=401)
# nginx ends a connection after a 400
BARE_400 = Case("bare nginx, return 400", location="return 400;", status=400)
REFUSE = Case("sign", load=POSTERN, http=CORE, location=SIGN, status=401)


def signature(key, octets, created=None, nonce=""):
    created = int(time.time()) if created is None else created
    return (f'Signature-Input: sig=("@method" "@authority" "@path")'
            f';created={created};keyid="{key}"{nonce}\r\n'
            f"Signature: sig=:{base64.b64encode(octets).decode()}:\r\n")


def signatures(*made):
    """Several in one request: key and octets of each."""
    fields = [dict(line.split(": ", 1) for line in text.split("\r\n") if line)
              for text in (signature(*one) for one in made)]
    return "".join(
        f"{name}: " + ", ".join(f[name].replace("sig=", f"sig{i}=", 1)
                                for i, f in enumerate(fields)) + "\r\n"
        for name in ("Signature-Input", "Signature"))


def floods(place):
    """name, header lines, status: what a flood consists of.

    Octets that are no signature of anybody's, but well formed: the lower half
    of an Ed25519 signature must be below the order of the group, or it would be
    refused without arithmetic."""
    mac, pair = b"m" * 32, b"r" * 32 + b"s" * 31 + b"\0"
    yield "missing", "", 401
    yield "malformed", signature("AKBENCH", mac).replace("sig=(", "sig=(("), 400
    yield "expired", signature("AKBENCH", mac, int(time.time()) - 4000), 401
    yield "unknown key", signature("NOBODY", mac), 401
    yield "bad HMAC", signature("AKBENCH", mac), 401
    yield "replayed", None, 401
    yield AS_IF, signature("NOBODY", pair), 401
    yield "bad Ed25519", signature("EDBENCH", pair), 401
    yield "bad HMAC, as if Ed25519", signature("AKBENCH", pair), 401


def raw(place, lines):
    return (f"GET {requests.TARGET} HTTP/1.1\r\n"
            f"Host: 127.0.0.1:{place.port}\r\n{lines}\r\n").encode()


def made(place, lines):
    if lines is not None:
        return raw(place, lines)
    one = requests.make(cases.SIGNED, place, 1).read_bytes()
    return one.rstrip(requests.END)


def count(place, n=100):
    """Of each flood: instructions per request, of nginx and of sign."""
    table = {}
    rows = list(floods(place))
    for case, column, some in (
            (BARE, "bare", [r for r in rows if r[2] != 400]),
            (BARE_400, "bare", [r for r in rows if r[2] == 400]),
            (REFUSE, "sign", rows)):
        for name, spent in counted(case, some, place, n):
            table.setdefault(name, {})[column] = spent
    table = {name: table[name] for name, _, _ in rows}
    # where no key is for Ed25519, nobody can have that arithmetic done
    spent = dict(counted(without_ed25519(place), rows, place, n))
    for name in ("unknown key", AS_IF):
        table[f"{name}, no such keys"] = {"bare": table[name]["bare"],
                                          "sign": spent[name]}
    # where they are for ECDSA instead, so is what nobody's key is taken for
    mac = b"r" * 32 + b"s" * 32
    rows = [("unknown key, as if P-256", signature("NOBODY", mac), 401),
            ("bad P-256", signature("P2BENCH", mac), 401)]
    for name, spent in counted(with_p256(place), rows, place, n):
        table[name] = {"bare": table[AS_IF]["bare"], "sign": spent}
    # the dear ones, and pairs where two algorithms have them
    rows = list(dear())
    for name, spent in counted(with_all(place), rows, place, n // 5):
        table[name] = {"bare": table[AS_IF]["bare"], "sign": spent}
    return table


def dear():
    p384, rsa = b"r" * 48 + b"s" * 48, b"r" * 256
    long, pair = b"r" * 384, b"r" * 32 + b"s" * 31 + b"\0"
    yield "unknown key, as if P-384", signature("NOBODY", p384), 401
    yield "bad P-384", signature("P3BENCH", p384), 401
    yield "unknown key, as if RSA", signature("NOBODY", rsa), 401
    yield "bad RSA", signature("RSBENCH", rsa), 401
    yield "unknown key, as if RSA-3072", signature("NOBODY", long), 401
    yield "bad RSA, too long", signature("RSBENCH", long), 401
    odd = ("NOBODY", b"r" * 257)
    yield "unknown key, as if RSA, behind another", signatures(
        odd, ("NOBODY", rsa)), 401
    yield "bad RSA, behind another", signatures(odd, ("RSBENCH", rsa)), 401
    yield "bad Ed25519 beside P-256", signature("EDBENCH", pair), 401
    yield "bad P-256 beside Ed25519", signature("P2BENCH", pair), 401
    for i in range(4):
        yield f"unknown key {i}, a pair", signature(f"NOBODY{i}", pair), 401


def counted(case, rows, place, n):
    """name, instructions per request; all of one worker."""
    with counting.Counted(case, place) as nginx:
        for name, lines, status in rows:
            one = made(place, lines)
            ask(place, one, 10 if status == 401 else 1, status)
            mark(place)
            ask(place, one, n, status)
            mark(place)
    for i, (name, _, _) in enumerate(rows):
        text = nginx.dump(2 * i + 2).read_text()
        spent = int(counting.SUMMARY.search(text)[1])
        yield name, round(spent / n)


def ask(place, one, n, status):
    """n times, on one connection where nginx keeps it."""
    client = counting.Client(place.port)
    for _ in range(n):
        if client.ask(one) == 400:
            client.close()
            client = counting.Client(place.port)
    client.close()


def without_ed25519(place):
    directory = json.loads((place.work / "directory.json").read_text())
    del directory["organizations"]["bench"]["keys"]["EDBENCH"]
    (place.work / "hmac.json").write_text(json.dumps(directory))
    return dataclasses.replace(
        REFUSE, http=CORE.replace("directory.json", "hmac.json"))


def with_all(place):
    directory = json.loads((place.work / "directory.json").read_text())
    keys = directory["organizations"]["bench"]["keys"]
    for name, algorithm, how in (
            ("P2BENCH", "ecdsa-p256-sha256",
             ("EC", "-pkeyopt", "ec_paramgen_curve:P-256")),
            ("P3BENCH", "ecdsa-p384-sha384",
             ("EC", "-pkeyopt", "ec_paramgen_curve:P-384")),
            ("RSBENCH", "rsa-v1_5-sha256", ("RSA",))):
        pem = subprocess.run(["openssl", "genpkey", "-algorithm", *how],
                             check=True, capture_output=True).stdout
        public = subprocess.run(["openssl", "pkey", "-pubout"], input=pem,
                                check=True, capture_output=True).stdout
        keys[name] = {"roles": ["viewer"], "algorithm": algorithm,
                      "public_key": public.decode()}
    (place.work / "all.json").write_text(json.dumps(directory))
    return dataclasses.replace(
        REFUSE, http=CORE.replace("directory.json", "all.json"))


def with_p256(place):
    directory = json.loads((place.work / "directory.json").read_text())
    keys = directory["organizations"]["bench"]["keys"]
    del keys["EDBENCH"]
    point = base64.b64encode(bytes.fromhex("04" + P256)).decode()
    keys["P2BENCH"] = {"roles": ["viewer"], "algorithm": "ecdsa-p256-sha256",
                       "public_key": point}
    (place.work / "p256.json").write_text(json.dumps(directory))
    return dataclasses.replace(
        REFUSE, http=CORE.replace("directory.json", "p256.json"))


def mark(place):
    client = counting.Client(place.port)
    counting.mark(client, place)
    client.close()


def measure(place, seconds, rounds):
    """Of each flood: CPU of the worker per request, in µs."""
    runs = {}
    for n in range(rounds):
        for name, lines, status in floods(place):
            bare = BARE_400 if status == 400 else BARE
            for case, column in ((bare, "bare"), (REFUSE, "sign")):
                print(f"\rround {n + 1}: {column}, {name:40}", end="",
                      file=sys.stderr)
                runs.setdefault((name, column), []).append(
                    flood(case, place, made(place, lines), seconds))
    print("\r" + " " * 70 + "\r", end="", file=sys.stderr)
    return {name: {c: round(statistics.median(runs[name, c]), 3)
                   for c in ("bare", "sign")}
            for name, _, _ in floods(place)}


def flood(case, place, one, seconds):
    path = place.work / "requests.bin"
    path.write_bytes(one + requests.END)
    text = config(case, place)
    with Nginx(text, place.work, place.port) as nginx:
        if case is REFUSE:          # so that it is a replay from here on
            client = counting.Client(place.port)
            client.ask(one)
            client.close()
            time.sleep(2.5)         # a safe method may repeat itself at first
        before = cpu_seconds(nginx.worker)
        result = wrk(case, place, path, seconds)
        used = cpu_seconds(nginx.worker) - before
    total, refused = result[:2]
    if refused < total - 1:
        sys.exit(f"bench: {case.name}: {total - refused} of {total} requests "
                 "were let in")
    return used / total * 1e6


def show(table, what):
    print(f"{what:38} {'bare 401':>10} {'sign':>10} {'of bare':>8}")
    for name, row in table.items():
        share = row["bare"] / row["sign"]
        row["of bare"] = round(share, 2)
        missed = "" if share >= GOAL else f"  below {GOAL}"
        print(f"{name:38} {row['bare']:10,} {row['sign']:10,} {share:8.2f}"
              f"{missed}")
