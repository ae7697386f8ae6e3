"""What may happen to the machine: disk, clock, memory, descriptors."""

import asyncio
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import time

import sign
from faults import Fault, fault
from faults_nginx import until

ANY = ("redis", "zone")
ROOM = 64 << 20     # of the small disk, bytes


def root():
    """None, or why this cannot be had."""
    return None if os.geteuid() == 0 else "only root may do this"


# the disk of the audit log

@fault
class DiskFull(Fault):
    """The disk of the audit log is full: records wait in the ring."""

    name = "disk full"
    profiles = ANY
    span = (0.1, 1.5)

    def possible(self, world):
        return root()

    async def start(self, world):
        self.node = world.node()
        self.disk = self.node.folder / "disk"
        self.disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs",
                        str(self.disk)], check=True)
        self.usual = self.node.audit_file
        self.node.audit_file = self.disk / "audit.jsonl"
        self.node.audit_files.append(self.node.audit_file)
        await self.node.reload()
        with open(self.disk / "filler", "wb", buffering=0) as filler:
            try:
                while filler.write(bytes(1 << 20)):
                    pass
            except OSError:
                pass

    async def stop(self, world):
        (self.disk / "filler").unlink()

    async def after(self, world):
        self.node.audit_file = self.usual
        await self.node.reload()
        await until(lambda: len(self.node.processes())
                    == 1 + self.node.nworkers(), "the end of old workers", 30)
        self.node.audit_files.remove(self.disk / "audit.jsonl")
        world.check.forget(self.disk / "audit.jsonl")
        subprocess.run(["umount", str(self.disk)], check=True)
        self.disk.rmdir()


@fault
class LogRemoved(Fault):
    """Somebody deletes the audit log; a signal makes it anew."""

    name = "audit log removed, then USR1"
    profiles = ANY

    async def start(self, world):
        self.node = world.node()
        self.fd = os.open(self.node.audit_file, os.O_RDONLY)
        self.node.audit_files.append(f"/proc/self/fd/{self.fd}")
        # what the file had is known: read on from its end
        world.check.follow(self.node.audit_file, f"/proc/self/fd/{self.fd}")
        self.node.audit_file.unlink()

    async def stop(self, world):
        self.node.signal(signal.SIGUSR1)

    async def after(self, world):
        self.node.audit_files.remove(f"/proc/self/fd/{self.fd}")
        world.check.forget(f"/proc/self/fd/{self.fd}")
        os.close(self.fd)


@fault
class LogRotated(Fault):
    """rename and USR1, as logrotate does, several times."""

    name = "audit log rotated"
    profiles = ANY
    span = (0, 0.2)

    async def start(self, world):
        node, self.old = world.node(), []
        for _ in range(world.rng.randint(1, 4)):
            old = node.folder / f"audit.{time.monotonic_ns()}"
            node.audit_file.rename(old)
            node.audit_files.append(old)
            self.old.append((node, old))
            world.check.follow(node.audit_file, old)
            node.signal(signal.SIGUSR1)
            await asyncio.sleep(world.rng.uniform(0, 0.2))
            await until(node.audit_file.exists, "the new log")

    async def stop(self, world):
        pass

    async def after(self, world):
        for node, old in self.old:
            node.audit_files.remove(old)
            world.check.forget(old)
            old.unlink()


@fault
class FolderGone(Fault):
    """USR1 where the folder of the log cannot be written to: it is not there.
    Records go on into the old file."""

    name = "folder of the audit log gone at USR1"
    profiles = ANY
    alerts = (r'\[emerg\].*(open\(\) ".*audit\.jsonl" failed'
              r'|cannot create ".*audit\.jsonl" of "audit_file")',)

    async def start(self, world):
        self.node = world.node()
        self.folder = self.node.folder / "logs"
        self.folder.mkdir()
        self.usual = self.node.audit_file
        self.node.audit_file = self.folder / "audit.jsonl"
        self.node.audit_files.append(self.node.audit_file)
        await self.node.reload()
        gone = self.folder.with_name("gone")
        self.folder.rename(gone)
        self.node.audit_files.append(gone / "audit.jsonl")
        world.check.follow(self.node.audit_file, gone / "audit.jsonl")
        self.node.signal(signal.SIGUSR1)

    async def stop(self, world):
        self.folder.with_name("gone").rename(self.folder)
        world.check.follow(self.folder.with_name("gone") / "audit.jsonl",
                           self.node.audit_file)
        self.node.signal(signal.SIGUSR1)

    async def after(self, world):
        self.node.audit_file = self.usual
        await self.node.reload()
        await until(lambda: len(self.node.processes())
                    == 1 + self.node.nworkers(), "the end of old workers", 30)
        for folder in (self.folder, self.folder.with_name("gone")):
            self.node.audit_files.remove(folder / "audit.jsonl")
            world.check.forget(folder / "audit.jsonl")
        shutil.rmtree(self.folder)


# limits of workers

class Limited(Fault):
    """Workers get a limit while they run, by prlimit()."""

    profiles = ANY
    limit = None

    def possible(self, world):
        return root()

    def value(self, world, pid):
        """The limit for this worker."""
        raise NotImplementedError

    async def start(self, world):
        self.before = []
        for node in world.nodes:
            for pid in node.workers():
                try:
                    old = resource.prlimit(pid, self.limit)
                    new = self.value(world, pid)
                    resource.prlimit(pid, self.limit, (new, old[1]))
                    self.before.append((pid, old))
                except (ProcessLookupError, FileNotFoundError):
                    pass

    async def stop(self, world):
        for pid, old in self.before:
            try:
                resource.prlimit(pid, self.limit, old)
            except ProcessLookupError:
                pass


@fault
class NoMemory(Limited):
    """RLIMIT_AS: workers get no more memory than they have."""

    name = "no memory for workers"
    limit = resource.RLIMIT_AS
    span = (0.3, 1.5)
    statuses = (0, 500)
    alerts = (r"\[emerg\].*(malloc|posix_memalign|memalign|mmap)\(.*failed "
              r"\(12: ", r"\[alert\].*mmap\(.*failed \(12: ")

    def value(self, world, pid):
        size = pathlib.Path(f"/proc/{pid}/statm").read_text().split()[0]
        return int(size) * resource.getpagesize() + world.rng.choice(
            (0, 1 << 14, 1 << 17))


@fault
class NoDescriptors(Limited):
    """RLIMIT_NOFILE: workers can open nothing more, or nearly so."""

    name = "no descriptors for workers"
    limit = resource.RLIMIT_NOFILE
    statuses = (0, 500, 502)
    delay = 1.0         # nginx does not accept for half a second then
    alerts = (r"\[alert\].*\(24: ", r"\[emerg\].*\(24: ")

    def value(self, world, pid):
        return max(map(int, os.listdir(f"/proc/{pid}/fd"))) \
            + world.rng.choice((1, 2, 3))


@fault
class NoConnections(Fault):
    """Idle clients take all connections that workers may have."""

    name = "no connections left"
    profiles = ANY
    statuses = (0, 500, 502)
    delay = 1.0
    alerts = (r"\[alert\].*worker_connections are not enough",)

    async def start(self, world):
        self.node = world.node()
        self.usual, self.node.connections = self.node.connections, 24
        await self.node.reload()
        self.idle = []
        for _ in range(80):
            try:
                self.idle.append(await asyncio.open_connection(
                    self.node.host, self.node.port))
            except OSError:
                pass

    async def stop(self, world):
        for _, writer in self.idle:
            writer.transport.abort()

    async def after(self, world):
        self.node.connections = self.usual
        await self.node.reload()
        await until(lambda: len(self.node.processes())
                    == 1 + self.node.nworkers(), "the end of old workers", 30)


# the zone

@fault
class ZoneFull(Fault):
    """More signed requests than the zone can remember."""

    name = "zone full"
    profiles = ("tight",)
    span = (0, 0.1)
    alerts = (r'\[alert\].*"postern_zone" is full',)

    async def start(self, world):
        node = world.nodes[0]
        begin = os.path.getsize(node.error_log)
        flood = Flood(node)
        end = time.monotonic() + 8
        while flood.counts[503] == 0 and time.monotonic() < end:
            await flood.send([signed_now(world) for _ in range(500)])
        if flood.counts[503] == 0:
            raise RuntimeError(f"the zone is not full: {flood.counts}")
        print(f"      zone full: {dict(flood.counts)}")
        self.told = len(node.grep('"postern_zone" is full', begin))

    async def stop(self, world):
        # claims end with their signatures: 2 s, skew and 2 more
        await asyncio.sleep(6)


class Flood:
    """Many requests over few connections, of which only statuses matter."""

    def __init__(self, node):
        self.node = node
        self.counts = {200: 0, 401: 0, 503: 0}

    async def send(self, requests):
        """One behind the other over one connection."""
        reader, writer = await asyncio.open_connection(self.node.host,
                                                       self.node.port)
        data, n = b"", 0

        async def write():
            for request in requests:
                writer.write(request)
                await writer.drain()

        writing = asyncio.ensure_future(write())
        try:
            while n < len(requests):
                more = await asyncio.wait_for(reader.read(1 << 16), 5)
                if not more:
                    break
                data += more
                found = re.findall(rb"HTTP/1\.1 (\d+) ", data)
                for status in found:
                    self.counts[int(status)] = 1 + self.counts.get(
                        int(status), 0)
                n += len(found)
                data = data[data.rfind(b"HTTP/1.1") + 12:] \
                    if b"HTTP/1.1" in data else data[-16:]
        finally:
            writing.cancel()
            writer.transport.abort()


def signed_now(world, created=None, once=None):
    """A whole request, as bytes, that nobody else keeps account of."""
    path, query = "/api/open/x", f"o={once or world.load.name()}"
    nonce = f"z{world.rng.getrandbits(64):016x}"
    lines = sign.signed("GET", "app.test", path, query, "reader",
                        "0123456789abcdef0123456789abcdef", nonce, created)
    return (f"GET {path}?{query} HTTP/1.1\r\nHost: app.test\r\n"
            f"User-Agent: z\r\n{lines}\r\n").encode()


# what is preloaded: the clock, and allocations

class Clock(Fault):
    """Jumps of the wall clock.  Requests signed before are sent again after."""

    profiles = ("preload",)
    statuses = (401,)       # a clock that is wrong takes honest ones for old

    # What ends with what was forgotten is refused: a second for clocks of
    # workers that differ, one for each of the two signatures, whose times are
    # whole seconds, and then the second of any fault.
    heals = 4.0

    alerts = (r"\[alert\].*the clock was set back",)
    jumps = ()

    async def start(self, world):
        self.node, load = world.nodes[0], world.load
        self.sent = [await self.request(world, 0) for _ in range(10)]
        for jump in self.jumps:
            world.preload.set_clock(jump)
            await asyncio.sleep(0.15)
            self.sent += [await self.request(world, jump) for _ in range(5)]
            # so that what has expired is swept
            await Flood(self.node).send(
                [signed_now(world, int(time.time() + jump))
                 for _ in range(500)])
            await self.again(world)

    async def request(self, world, jump):
        """Signed by the clock of the node."""
        once = world.load.name()
        path = "/api/open/x"
        lines = sign.signed("GET", "app.test", path, f"o={once}", "reader",
                            "0123456789abcdef0123456789abcdef", once,
                            int(time.time() + jump))
        path = f"{path}?o={once}"
        await world.load.send(self.node, "clock", once, lines, path=path)
        return once, lines, path

    async def again(self, world):
        """All that was sent so far."""
        for once, lines, path in self.sent:
            await world.load.send(self.node, "clock", once, lines, path=path)

    async def stop(self, world):
        world.preload.set_clock(0)
        await asyncio.sleep(0.05)

    async def after(self, world):
        await self.again(world)
        await spinning(world)


async def spinning(world):
    """No worker runs while nobody asks for anything."""
    before = [(pid, ticks(pid)) for pid in world.nodes[0].workers()]
    await asyncio.sleep(1)
    for pid, used in before:
        if ticks(pid) - used > 30:
            world.check.stuck.breach(f"worker {pid} is busy with nothing: "
                                     f"{ticks(pid) - used} ticks in a second")


def ticks(pid):
    """CPU time of a process, in hundredths of a second."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1]
    return sum(map(int, fields.split()[11:13]))


@fault
class ClockAhead(Clock):
    """An hour ahead, and back."""

    name = "clock an hour ahead and back"
    jumps = (3600,)


@fault
class ClockYear(Clock):
    """A year ahead, and back."""

    name = "clock a year ahead and back"
    jumps = (365 * 86400,)


@fault
class ClockBehind(Clock):
    """Behind, by more than any window, and right again."""

    name = "clock behind and right again"
    jumps = (-7200, -30)


@fault
class ClockMad(Clock):
    """One jump after the other."""

    name = "clock jumps to and fro"
    jumps = (600, -600, 1800, 0, -1800, 5, -5)


@fault
class Allocations(Fault):
    """One allocation in so many fails, in any worker."""

    name = "allocations fail"
    profiles = ("preload",)
    span = (0.3, 1.0)
    statuses = (0, 500)
    alerts = (r"\[emerg\].*(malloc|posix_memalign|memalign)\(.*failed \(12: ",)

    async def start(self, world):
        world.preload.fail(world.rng.choice((3, 10, 30, 100, 300)),
                           world.rng.getrandbits(32))

    async def stop(self, world):
        world.preload.fail(0)
