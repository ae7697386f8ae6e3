"""Instructions per request under callgrind.

One worker serves requests of one keep-alive connection, one after the other.
Each time a static file is asked for, callgrind writes down what it has counted
and begins anew (--dump-before=ngx_http_set_etag, which only files call): so a
stretch between two files holds nothing but the requests in between, and none
of the start.  What the CPU can do is hidden from OpenSSL and the C library, so
that the count is the same on every machine with the same packages.
"""

import collections
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys

from . import requests
from .cases import config
from .server import children, wait_for, wait_port

PINNED = {
    # no AVX, and nothing of CPUID leaf 7: AVX2, BMI, ADX, SHA
    "OPENSSL_ia32cap": "~0x1000000000000000:0",
    # the C library's routines for SSE2, which every x86-64 has
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-AVX_Fast_Unaligned_Load,"
                      "-ERMS,-SSE4_2",
}

MARK = """
        location = /.mark { alias %s/mark; }"""
WARM_UP = 200
SUMMARY = re.compile(r"^(?:summary|totals): (\d+)", re.M)


class Client:
    """One keep-alive connection; a request is sent when the last answer is
    whole."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port),
                                               timeout=60)
        self.rest = b""

    def ask(self, raw):
        """The status of the answer."""
        self.socket.sendall(raw)
        while b"\r\n\r\n" not in self.rest:
            self.receive()
        head, self.rest = self.rest.split(b"\r\n\r\n", 1)
        length = int(re.search(rb"(?i)\r\ncontent-length: (\d+)", head)[1])
        while len(self.rest) < length:
            self.receive()
        self.rest = self.rest[length:]
        return int(head.split(b" ", 2)[1])

    def receive(self):
        data = self.socket.recv(65536)
        if not data:
            sys.exit("bench: nginx closed the connection")
        self.rest += data

    def close(self):
        self.socket.close()


class Counted:
    """nginx under callgrind, while the block lasts.

    late: it counts only when begin() says so, until which it is ten times as
    fast; that can be said to a process on its own, without a master."""

    def __init__(self, case, place, server="", late=False):
        self.case = case
        self.place = place
        self.server = server
        self.late = late
        self.out = place.work / "callgrind"

    def __enter__(self):
        (self.place.work / "mark").write_text("mark\n")
        conf = self.place.work / "nginx.conf"
        conf.write_text(config(self.case, self.place,
                               self.server + MARK % self.place.work,
                               affinity="",
                               redis_more=" timeout=10s"))
        for old in self.place.work.glob("callgrind.*"):
            old.unlink()
        # the worker, too, writes what was counted
        more = " user root;" if os.getuid() == 0 else ""
        more += " master_process off;" if self.late else ""
        self.process = subprocess.Popen(
            ["valgrind", "--quiet", "--tool=callgrind",
             "--dump-before=ngx_http_set_etag",
             f"--instr-atstart={'no' if self.late else 'yes'}",
             f"--callgrind-out-file={self.out}.%p",
             "nginx", "-p", str(self.place.work), "-c", str(conf),
             "-g", "daemon off;" + more],
            env=os.environ | PINNED, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        wait_port(self.place.port)
        self.worker = self.process.pid
        if not self.late:
            self.worker = wait_for("a worker",
                                   lambda: children(self.process.pid))[0]
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=120)

    def begin(self):
        if self.late:
            subprocess.run(["callgrind_control", "-i", "on",
                            str(self.worker)], check=True,
                           capture_output=True)

    def dump(self, n):
        """What was written down the n-th time, as a file."""
        return pathlib.Path(f"{self.out}.{self.worker}.{n}")


def count(case, place, n, late=False):
    """Instructions of the worker per request, of n; the dump to look into."""
    with Counted(case, place, late=late) as nginx:
        raw = requests.make(case, place, n + WARM_UP).read_bytes()
        raw = [r for r in raw.split(requests.END) if r]
        if len(raw) == 1:
            raw *= n + WARM_UP
        nginx.begin()
        client = Client(place.port)
        ask_all(client, case, raw[:WARM_UP])
        mark(client, place)
        ask_all(client, case, raw[WARM_UP:])
        mark(client, place)
        client.close()
    dump = nginx.dump(2)
    return int(SUMMARY.search(dump.read_text())[1]) / n, dump


def ask_all(client, case, raw):
    for request in raw:
        status = client.ask(request)
        if status != case.status:
            sys.exit(f"bench: {case.name}: a request was answered with "
                     f"{status}, not with {case.status}")


def mark(client, place):
    status = client.ask(f"GET /.mark HTTP/1.1\r\nHost: 127.0.0.1:{place.port}"
                        "\r\n\r\n".encode())
    if status != 200:
        sys.exit(f"bench: the mark was answered with {status}")


def by_function(dump):
    """What each function costs itself, without those it calls: most first."""
    names, costs, name, called = {}, collections.Counter(), None, False
    for line in dump.read_text().splitlines():
        if line.startswith("fn="):
            number, _, text = line[3:].partition(" ")
            name = names.setdefault(number, text or number)
        elif line.startswith("cfn="):
            number, _, text = line[4:].partition(" ")
            names.setdefault(number, text or number)
        elif line.startswith("calls="):
            called = True       # the next line is what the callee costs
        elif line[:1] in "0123456789+-*" and " " in line:
            if not called:
                costs[name] += int(line.split()[1])
            called = False
    return costs.most_common()
