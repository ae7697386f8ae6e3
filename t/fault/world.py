"""Everything a run has: nodes, Redis, proxies, the application, clients."""

import asyncio
import os
import pathlib
import random
import shutil
import socket
import time

from check import Check
from load import Load
from node import TOP, Application, Node
from preload import Preload
from proxy import Proxy
from redis import Redis

PROFILES = ("redis", "netns", "zone", "tight", "preload", "spoilt")

WORK = pathlib.Path(os.environ.get("FAULT_WORK", TOP / "build" / "fault"))


class Lag:
    """How late this process itself runs: a busy machine is no fault of ours."""

    STEP = 0.01

    def __init__(self):
        self.late = []              # (when, seconds too late)
        self.task = None

    def start(self):
        """Measures from now on."""
        self.task = asyncio.ensure_future(self._run())

    async def _run(self):
        while True:
            begin = time.monotonic()
            await asyncio.sleep(self.STEP)
            late = time.monotonic() - begin - self.STEP
            if late > self.STEP:
                self.late.append((begin, late))
                del self.late[:-10000]

    def within(self, begin, end):
        """Seconds lost between two moments."""
        return sum(late for when, late in self.late if begin <= when <= end)


class World:
    """One Redis, nodes with a proxy to it each, and what belongs to them."""

    count = 0

    def __init__(self, options, profile, nnodes):
        World.count += 1
        self.options, self.profile, self.nnodes = options, profile, nnodes
        seed = f"{options.seed} {World.count}"
        self.rng = random.Random(f"{seed} start")       # of a round
        self.pace = 0.03            # seconds between requests of a client
        self.folder = WORK / f"run.{os.getpid()}.{World.count}"
        self.nodes = []
        self.proxies = []           # of the node with the same number
        self.redis = None
        self.replica = None
        self.app = None
        self.net = None
        self.preload = None
        self.lag = Lag()
        self.load = Load(self, random.Random(f"{seed} load"))
        self.check = Check(self)

    def node(self):
        """Any one of the nodes."""
        return self.rng.choice(self.nodes)

    def some_proxies(self):
        """The proxies of one node, or of all: what a fault is to hit."""
        if len(self.proxies) > 1 and self.rng.random() < 0.5:
            return [self.rng.choice(self.proxies)]
        return list(self.proxies)

    async def start(self):
        """Returns when all of it serves."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.lag.start()
        ports = free_ports(8)
        self.app = Application(self.folder / "app")
        await self.app.start()
        if self.profile == "netns":
            from netns import Net
            self.net = Net(self)
            await self.net.start(ports)
        elif self.profile in ("zone", "tight", "preload"):
            await self.alone(ports)
        else:
            self.redis = Redis(self.folder / "redis", ports[0])
            self.replica = Redis(self.folder / "replica", ports[1])
            await self.redis.start()
            for i in range(self.nnodes):
                proxy = Proxy(self.redis, ports[2 + i])
                await proxy.start()
                self.proxies.append(proxy)
                self.nodes.append(Node(i, self.folder / f"node-{i}",
                                       ports[4 + i],
                                       f"127.0.0.1:{proxy.port}", self.app))
        for node in self.nodes:
            await node.start()

    async def alone(self, ports):
        """A node without Redis."""
        node = Node(0, self.folder / "node-0", ports[4], None, self.app)
        if self.profile == "tight":
            # one key is to fill it
            node.zone, node.window, node.cap = "256k", "2s skew=1s", "off"
        if self.profile == "preload":
            self.preload = Preload(self.folder / "preload")
            await self.preload.start()
            node.env = self.preload.env
            node.top = "".join(f"env {name};\n" for name in node.env)
        self.nodes.append(node)

    async def stop(self):
        """Ends all of it; the folder stays where something failed."""
        self.lag.task.cancel()
        for node in self.nodes:
            await node.stop()
        for proxy in self.proxies:
            await proxy.stop()
        for redis in (self.redis, self.replica):
            if redis:
                await redis.kill()
        if self.app:
            await self.app.stop()
        if self.net:
            self.net.stop()

    def kill(self):
        """Ends it without waiting."""
        for nginx in (*self.nodes, *([self.app] if self.app else [])):
            nginx.kill()
        for redis in (self.redis, self.replica):
            if redis and redis.pid:
                os.kill(redis.pid, 9)
        if self.net:
            self.net.stop()

    async def warm_up(self):
        """Sessions, and every worker of every node has served."""
        class Start:
            name, heals, alerts, statuses = "start", 15.0, (), ()
            delay = 0.0
        await self.check.recovered(Start, time.monotonic())
        for _ in range(3):
            if await self.load.sign_in(self.node()) is None:
                raise RuntimeError(f"nobody can sign in: {self.folder}")
        self.check.recovery.worst = None
        self.check.recovery.looked = 0
        await self.check.round(Start)
        self.check.before()

    async def round(self, fault):
        """One fault under load; returns seconds to recovery, and breaches."""
        before = self.check.breaches()
        self.load.start(self.options.clients)
        try:
            await asyncio.sleep(self.rng.uniform(0.05, 0.15))
            await fault.start(self)
            try:
                await asyncio.sleep(self.rng.uniform(*fault.span))
            finally:
                await fault.stop(self)
            took = await self.check.recovered(fault, time.monotonic())
        finally:
            await self.load.stop()
        await self.check.round(fault)
        await fault.after(self)
        return took, self.check.breaches() - before


def free_ports(n):
    """Ports of 127.0.0.1 that nobody has, below those of clients."""
    found, port = [], 21000 + os.getpid() % 500 * 20
    while len(found) < n:
        port = 21000 if port > 31900 else port + 1
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                continue
            found.append(port)
    return found
