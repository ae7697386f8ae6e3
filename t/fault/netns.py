"""Nodes and Redis in network namespaces, and the wire between them.

Each namespace has one TAP device; the frames that its kernel sends arrive in
this process, which passes them on, late, or not at all, for every direction by
itself.  So partitions and latency are those of real TCP stacks, on kernels
without netem too.  Addresses exist only inside the namespaces.
"""

import asyncio
import ctypes
import fcntl
import os
import pathlib
import re
import socket
import struct
import subprocess

from node import Node
from redis import Redis

CLONE_NEWNET = 0x40000000
TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454ca, 0x0002, 0x1000
FRAME = 65536

libc = ctypes.CDLL(None, use_errno=True)


def ip(*words):
    """The program ip; its words are the error, where there is one."""
    done = subprocess.run(["ip", *words], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"ip {' '.join(words)}: {done.stderr.strip()}")


def missing():
    """None, or why there are no namespaces to be had here."""
    if os.geteuid() != 0:
        return "network namespaces want root"
    if not os.path.exists("/dev/net/tun"):
        return "there is no /dev/net/tun"
    return None


class Space:
    """A namespace with one address."""

    def __init__(self, name, number):
        self.name = name
        self.address = f"10.99.0.{number}"
        self.mac = f"02:00:0a:63:00:{number:02x}"
        self.tap = -1

    def open(self):
        """Makes it, with its device up."""
        ip("netns", "add", self.name)
        with self:
            self.tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
            fcntl.ioctl(self.tap, TUNSETIFF,
                        struct.pack("16sH22x", b"eth0", IFF_TAP | IFF_NO_PI))
        ip("-n", self.name, "link", "set", "lo", "up")
        ip("-n", self.name, "link", "set", "eth0", "address", self.mac)
        ip("-n", self.name, "addr", "add", f"{self.address}/24", "dev", "eth0")
        self.up()

    def up(self):
        """Its device carries frames."""
        ip("-n", self.name, "link", "set", "eth0", "up")

    def knows(self, other):
        """Where another one is: as over a router, nobody asks by ARP, which
        would be silent for a second at a time."""
        ip("-n", self.name, "neigh", "replace", other.address, "lladdr",
           other.mac, "dev", "eth0", "nud", "permanent")

    def close(self):
        """Takes it away."""
        if self.tap >= 0:
            os.close(self.tap)
            self.tap = -1
        subprocess.run(["ip", "netns", "del", self.name], capture_output=True)

    def __enter__(self):
        """This thread is in it; nothing may be awaited meanwhile."""
        self.home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        there = os.open(f"/run/netns/{self.name}", os.O_RDONLY)
        try:
            if libc.setns(there, CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")
        finally:
            os.close(there)

    def __exit__(self, *_):
        if libc.setns(self.home, CLONE_NEWNET) != 0:
            os._exit(3)     # whatever came next would be in the wrong network
        os.close(self.home)

    def socket(self):
        """A TCP socket that belongs to it."""
        with self:
            sock = socket.socket()
        sock.setblocking(False)
        return sock

    def command(self, line):
        """The command line, to be run in it; "ip netns exec" would take it out
        of reach of disks that are mounted later."""
        return ["nsenter", f"--net=/run/netns/{self.name}", *line]


class Way:
    """What becomes of frames from one namespace to another."""

    def __init__(self):
        self.clear()

    def clear(self):
        """As on a good day."""
        self.up = True
        self.delay = 0.0
        self.jitter = 0.0       # with it frames overtake one another
        self.loss = 0.0         # of 1


class Net:
    """Two nodes and Redis in a namespace each."""

    def __init__(self, world):
        self.world = world
        self.spaces = []
        self.ways = {}          # (from, to) -> Way
        self.pending = set()

    async def start(self, ports):
        """Makes namespaces and wire, and starts Redis."""
        why = missing()
        if why:
            raise RuntimeError(why)
        tidy()
        world = self.world
        names = [f"node-{i}" for i in range(world.nnodes)] + ["redis"]
        for number, name in enumerate(names, 1):
            space = Space(f"fault-{os.getpid()}-{name}", number)
            self.spaces.append(space)
            space.open()
        for a in self.spaces:
            for b in self.spaces:
                if a is not b:
                    self.ways[a, b] = Way()
                    a.knows(b)
            asyncio.get_running_loop().add_reader(a.tap, self._frames, a)
        redis = self.spaces[-1]
        world.redis = Redis(world.folder / "redis", 6379, redis.address, redis)
        await world.redis.start()
        for i, space in enumerate(self.spaces[:-1]):
            world.nodes.append(Node(
                i, world.folder / f"node-{i}", ports[i],
                f"{redis.address}:6379", world.app, space))

    def stop(self):
        """Takes all of it away."""
        for space in self.spaces:
            if space.tap >= 0:
                asyncio.get_event_loop_policy().get_event_loop() \
                    .remove_reader(space.tap)
            space.close()

    # the wire

    def _frames(self, space):
        """From one kernel to another."""
        for _ in range(64):
            try:
                frame = os.read(space.tap, FRAME)
            except OSError:
                return
            mac = ":".join(f"{b:02x}" for b in frame[:6])
            for other in self.spaces:
                if other.mac == mac:
                    self._pass(self.ways[space, other], other, frame)

    def _pass(self, way, other, frame):
        rng = self.world.load.rng
        if not way.up or (way.loss and rng.random() < way.loss):
            return
        late = way.delay + (rng.uniform(0, way.jitter) if way.jitter else 0)
        if late:
            asyncio.get_running_loop().call_later(
                late, self._arrive, way, other, frame)
        else:
            self._arrive(way, other, frame)

    @staticmethod
    def _arrive(way, other, frame):
        if way.up and other.tap >= 0:
            try:
                os.write(other.tap, frame)
            except OSError:
                pass            # its device is down

    # for faults

    def between(self, node):
        """The ways from a node to Redis and back."""
        a, redis = self.spaces[node.number], self.spaces[-1]
        return self.ways[a, redis], self.ways[redis, a]


def tidy():
    """Removes what runs left that were killed."""
    for path in pathlib.Path("/run/netns").glob("fault-*"):
        pid = re.match(r"fault-(\d+)-", path.name)
        if pid and not os.path.exists(f"/proc/{pid[1]}"):
            subprocess.run(["ip", "netns", "del", path.name],
                           capture_output=True)
