"""Floods of requests that are refused, against nginx that says 401 at once."""

import base64
import statistics
import sys
import time

from . import cases, counting, requests
from .cases import CORE, POSTERN, SIGN, Case, config
from .load import wrk
from .server import Nginx, cpu_seconds

GOAL = 0.8          # of what bare nginx can answer

BARE = Case("bare nginx, return 401", location="return 401;", status=401)
REFUSE = Case("sign", load=POSTERN, http=CORE, location=SIGN, status=401)


def signature(key, octets, created=None, nonce=""):
    created = int(time.time()) if created is None else created
    return (f'Signature-Input: sig=("@method" "@authority" "@path")'
            f';created={created};keyid="{key}"{nonce}\r\n'
            f"Signature: sig=:{base64.b64encode(octets).decode()}:\r\n")


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
    yield "unknown key, as if Ed25519", signature("NOBODY", pair), 401
    yield "bad Ed25519", signature("EDBENCH", pair), 401


def raw(place, lines):
    return (f"GET {requests.TARGET} HTTP/1.1\r\n"
            f"Host: 127.0.0.1:{place.port}\r\n{lines}\r\n").encode()


def made(place, lines):
    if lines is not None:
        return raw(place, lines)
    one = requests.make(cases.SIGNED, place, 1).read_bytes()
    return one.rstrip(requests.END)


def count(place, n=200):
    """{flood: {"bare": …, "sign": …}}, instructions per request."""
    table = {}
    for case, column in ((BARE, "bare"), (REFUSE, "sign")):
        for name, lines, status in floods(place):
            one = made(place, lines)
            with counting.Counted(case, place) as nginx:
                client = counting.Client(place.port)
                keeps = case is BARE or status != 400
                for i in range(2 * n):
                    if i == n:
                        mark(place)
                    if not keeps:
                        client = counting.Client(place.port)
                    client.ask(one)
                mark(place)
                client.close()
            text = nginx.dump(2).read_text()
            spent = int(counting.SUMMARY.search(text)[1]) / n
            table.setdefault(name, {})[column] = round(spent)
    return table


def mark(place):
    client = counting.Client(place.port)
    counting.mark(client, place)
    client.close()


def measure(place, seconds, rounds):
    """Of each flood: CPU of the worker per request, in µs."""
    runs = {}
    for n in range(rounds):
        for name, lines, status in floods(place):
            for case, column in ((BARE, "bare"), (REFUSE, "sign")):
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
    # a 400 would end its connection, here and there alike
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
