"""Memory of a worker for idle connections and for requests that wait."""

import contextlib
import os
import pathlib
import resource
import signal
import socket
import time

from . import cases, requests
from .cases import AUDIT, CORE, POSTERN, RBAC, REDIS, Case, config
from .server import Nginx, Redis

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\x04\0\0\0\0\0"

BARE = Case("bare nginx", location="")
GUARDED = Case("sign + rbac + audit", load=POSTERN, http=CORE + AUDIT,
               location=RBAC)
STALLED = Case("sign + rbac + audit, Redis stalls", load=POSTERN,
               http=CORE + REDIS + AUDIT, location=RBAC)
UPSTREAM = Case("bare nginx, upstream stalls",
                http="    proxy_read_timeout 60s;\n"
                     "    proxy_buffer_size 4k;\n",
                location="proxy_pass http://127.0.0.1:{pdp_port};")


def measure(place, connections, waiting):
    """A row for each: bytes of the worker per connection or request."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    rows = {}
    for case in (BARE, GUARDED):
        for http2 in (False, True):
            protocol = "HTTP/2" if http2 else "HTTP/1.1"
            rows[f"idle {protocol}, {case.name}"] = idle(
                case, place, connections, http2)
    rows[f"in flight, {UPSTREAM.name}"] = stalled_upstream(place, waiting)
    rows[f"in flight, {STALLED.name}"] = stalled_redis(place, waiting)
    return rows


def text_of(case, place, http2=False):
    text = config(case, place, redis_more=" timeout=30s")
    text = text.replace("worker_connections 1024", "worker_connections 32768")
    text = text.replace("http {", "worker_rlimit_nofile 65536;\nhttp {\n"
                        "    keepalive_timeout 600s;\n", 1)
    if case is UPSTREAM:
        text = text.replace("empty_gif;", "")
    if http2:
        text = text.replace(f"listen 127.0.0.1:{place.port};",
                            f"listen 127.0.0.1:{place.port} http2;")
    return text


def idle(case, place, n, http2):
    raw = split(requests.make(cases.SIGNED, place, n + 500))
    with Nginx(text_of(case, place, http2), place.work, place.port) as nginx:
        for one in raw[:500]:
            ask(place, one, http2).close()
        before = settled(nginx)
        open_ones = [ask(place, one, http2) for one in raw[500:]]
        after = settled(nginx)
        for s in open_ones:
            s.close()
    return {"n": n, "bytes each": round((after - before) / n),
            "worker MiB": round(after / 2**20, 1)}


def stalled_upstream(place, n):
    raw = split(requests.make(cases.SIGNED, place, n))
    with socket.create_server(("127.0.0.1", place.pdp_port),
                              backlog=n + 100), \
            Nginx(text_of(UPSTREAM, place), place.work, place.port) as nginx:
        return waiting(place, nginx, raw)


def stalled_redis(place, n):
    raw = split(requests.make(cases.SIGNED, place, n + 500))
    with Redis(place) as redis, \
            Nginx(text_of(STALLED, place), place.work, place.port) as nginx:
        for one in raw[:500]:
            ask(place, one, False).close()
        os.kill(redis.process.pid, signal.SIGSTOP)
        try:
            return waiting(place, nginx, raw[500:])
        finally:
            os.kill(redis.process.pid, signal.SIGCONT)


def waiting(place, nginx, raw):
    """So many connections, each with a request that gets no answer."""
    before = settled(nginx)
    with contextlib.ExitStack() as stack:
        for one in raw:
            s = socket.create_connection(("127.0.0.1", place.port))
            stack.enter_context(s)
            s.sendall(one)
        after = settled(nginx)
    return {"n": len(raw), "bytes each": round((after - before) / len(raw)),
            "worker MiB": round(after / 2**20, 1)}


def split(path):
    return [r for r in path.read_bytes().split(requests.END) if r]


def settled(nginx):
    """Memory of the worker alone; zone and ring have a size of their own."""
    time.sleep(1)
    text = pathlib.Path(f"/proc/{nginx.worker}/status").read_text()
    line = next(x for x in text.splitlines() if x.startswith("RssAnon:"))
    return int(line.split()[1]) * 1024


def ask(place, raw, http2):
    """A connection on which one request was answered with 200."""
    s = socket.create_connection(("127.0.0.1", place.port))
    s.sendall(PREFACE + headers(raw) if http2 else raw)
    text = b""
    while not whole(text, http2):
        data = s.recv(65536)
        if not data:
            raise SystemExit("bench: nginx closed an idle connection")
        text += data
    return s


def whole(text, http2):
    """Is the answer there?  It is a GIF of 43 bytes."""
    if http2:
        return any(kind == 0 and flags & 1 for kind, flags in frames(text))
    if text and not text.startswith(b"HTTP/1.1 200"):
        raise SystemExit(f"bench: refused: {text[:60]!r}")
    return len(text.partition(b"\r\n\r\n")[2]) == 43


def frames(text):
    while len(text) >= 9:
        length = int.from_bytes(text[:3], "big")
        if len(text) < 9 + length:
            return
        if text[3] == 1 and not text[9:10] == b"\x88":
            raise SystemExit("bench: refused over HTTP/2")
        yield text[3], text[4]
        text = text[9 + length:]


def headers(raw):
    """The request as a HEADERS frame: literals that are in no table."""
    line, *fields = raw.decode().rstrip().split("\r\n")
    method, target, _ = line.split()
    fields = [f.split(": ", 1) for f in fields]
    host = next(v for n, v in fields if n == "Host")
    block = b"".join(literal(n, v) for n, v in [
        (":method", method), (":scheme", "http"), (":path", target),
        (":authority", host),
        *((n.lower(), v) for n, v in fields if n != "Host")])
    return len(block).to_bytes(3, "big") + b"\x01\x05\0\0\0\x01" + block


def literal(name, value):
    return b"\0" + length(name) + name.encode() + length(value) \
        + value.encode()


def length(text):
    n = len(text)
    if n < 127:
        return bytes([n])
    out, n = b"\x7f", n - 127
    while n >= 128:
        out, n = out + bytes([n & 127 | 128]), n >> 7
    return out + bytes([n])


def show(rows):
    print(f"{'memory of the worker':50} {'n':>7} {'bytes each':>11}"
          f" {'worker MiB':>11}")
    for name, row in rows.items():
        print(f"{name:50} {row['n']:7,} {row['bytes each']:11,}"
              f" {row['worker MiB']:11}")
