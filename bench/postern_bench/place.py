"""Where things lie: the tree, a work folder for each program, free ports."""

import os
import pathlib
import shutil
import socket

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
BENCH = TOP / "bench"
BUILD = TOP / "build"

# where Debian has nginx, and no path of a user leads to
os.environ["PATH"] += ":/usr/sbin:/sbin"


class Place:
    """A work folder of its own, empty, and the ports of its servers."""

    def __init__(self, name):
        self.work = BUILD / name
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir(parents=True)
        self.work.chmod(0o755)
        self.port, self.redis_port, self.pdp_port = free_ports(3)

    def log(self, name):
        """A file that a worker, who is somebody else, may append to."""
        path = self.work / name
        path.touch()
        path.chmod(0o666)
        return path


def free_ports(n):
    """BENCH_PORT and those behind it, or any that are free."""
    if "BENCH_PORT" in os.environ:
        first = int(os.environ["BENCH_PORT"])
        return list(range(first, first + n))
    sockets = [socket.socket() for _ in range(n)]
    for s in sockets:
        s.bind(("127.0.0.1", 0))
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports
