"""What may happen to nginx: its workers, its configuration, its binary."""

import asyncio
import os
import platform
import signal
import time

import ring
from faults import Fault, fault
from node import alive, children

ANY = ("redis", "zone")


async def until(true, what, seconds=10.0):
    """Waits for something that has to come true."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise RuntimeError(f"this never came: {what}")
        await asyncio.sleep(0.01)


def kill(world, pid, number=signal.SIGKILL):
    """A signal to a worker, which may be gone already."""
    world.check.kills(pid)
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


@fault
class WorkerKilled(Fault):
    """kill -9 of workers, several times; the master makes new ones."""

    name = "worker killed"
    profiles = ANY
    statuses = (0,)     # the connections of the dead are cut

    async def start(self, world):
        for _ in range(world.rng.randint(1, 4)):
            workers = world.node().workers()
            if workers:
                kill(world, world.rng.choice(workers))
            await asyncio.sleep(world.rng.uniform(0, 0.1))

    async def stop(self, world):
        pass


@fault
class WorkersKilled(Fault):
    """kill -9 of all workers of a node at once."""

    name = "all workers killed"
    profiles = ANY
    statuses = (0,)

    async def start(self, world):
        for pid in world.node().workers():
            kill(world, pid)

    async def stop(self, world):
        pass


@fault
class DrainKilled(Fault):
    """kill -9 of the worker that writes audit records, while it does."""

    name = "worker killed while it writes records"
    profiles = ANY
    statuses = (0,)

    def possible(self, world):
        if platform.machine() != "x86_64":
            return "the ring is looked into on x86-64 only"
        if os.geteuid() != 0:
            return "the memory of workers is root's to read"
        return None

    async def start(self, world):
        node, loop = world.node(), asyncio.get_running_loop()
        for _ in range(3):
            found = await loop.run_in_executor(None, self.hit, world, node)
            if found:
                return

    @staticmethod
    def hit(world, node):
        """Waits for somebody to hold the lock; kills who it is."""
        workers = node.workers()
        if not workers:
            return False
        with ring.DrainLock(workers[0]) as lock:
            end = time.monotonic() + 0.4
            while time.monotonic() < end:
                pid = lock.holder()
                if pid in workers:
                    kill(world, pid)
                    return True
        return False

    async def stop(self, world):
        pass


@fault
class WorkerStopped(Fault):
    """SIGSTOP: its connections wait, its locks stay where they are."""

    name = "worker stopped"
    profiles = ANY
    delay = 0.7         # who is connected to it waits until it goes on

    async def start(self, world):
        self.pids = []
        workers = world.node().workers()
        if workers:
            self.pids.append(world.rng.choice(workers))
            os.kill(self.pids[0], signal.SIGSTOP)

    async def stop(self, world):
        for pid in self.pids:
            os.kill(pid, signal.SIGCONT)


@fault
class WorkerTerminated(Fault):
    """SIGTERM of a worker: it ends at once, with its requests."""

    name = "worker terminated"
    profiles = ANY
    statuses = (0,)
    signal = signal.SIGTERM

    async def start(self, world):
        for pid in world.node().workers():
            if world.rng.random() < 0.7:
                kill(world, pid, self.signal)

    async def stop(self, world):
        pass


@fault
class WorkerQuit(WorkerTerminated):
    """SIGQUIT of a worker: it ends when its requests have."""

    name = "worker quit"


@fault
class Reloaded(Fault):
    """Reloads, one after the other, some before the last is done."""

    name = "reloads"
    profiles = ANY
    span = (0, 0.1)

    async def start(self, world):
        for node in world.nodes:
            for _ in range(world.rng.randint(1, 5)):
                if world.rng.random() < 0.5:
                    await node.reload()
                else:
                    node.signal(signal.SIGHUP)
                    await asyncio.sleep(world.rng.uniform(0, 0.1))

    async def stop(self, world):
        for node in world.nodes:
            await node.reload()

    async def after(self, world):
        for node in world.nodes:
            await gone(node)


async def gone(node):
    """Until no worker of former configurations is there."""
    await until(lambda: len(node.processes()) == 1 + node.nworkers(),
                "the end of old workers", 30)


async def upgrade(node):
    """A new master beside the old one; returns the pid of the old."""
    old = node.master
    os.kill(old, signal.SIGUSR2)
    await until(lambda: node.old_pid_file.exists() and node.master not in
                (None, old), "a new master")
    await until(lambda: len(node.workers()) == node.nworkers(),
                "workers of the new master")
    return old


@fault
class Upgraded(Fault):
    """USR2, WINCH, QUIT: the binary is exchanged under load."""

    name = "binary upgraded"
    profiles = ANY
    span = (0, 0.3)

    async def start(self, world):
        self.old = [(node, await upgrade(node)) for node in world.nodes]
        for _, pid in self.old:
            await asyncio.sleep(world.rng.uniform(0, 0.2))
            os.kill(pid, signal.SIGWINCH)

    async def stop(self, world):
        for node, pid in self.old:
            os.kill(pid, signal.SIGQUIT)
        for node, pid in self.old:
            await until(lambda pid=pid: not alive(pid), "the old master's end",
                        30)


@fault
class RolledBack(Upgraded):
    """USR2, WINCH, then HUP to the old master and QUIT to the new one."""

    name = "binary upgrade rolled back"

    async def stop(self, world):
        for node, pid in self.old:
            new = node.master
            os.kill(pid, signal.SIGHUP)
            await until(lambda pid=pid, node=node: len(children(pid))
                        > node.nworkers(), "workers of the old master")
            os.kill(new, signal.SIGQUIT)
            await until(lambda new=new: not alive(new), "the new master's end",
                        30)
            await until(lambda pid=pid, node=node: node.master == pid,
                        "the pid file of the old master")


@fault
class UpgradedAndKilled(Upgraded):
    """The same, and kill -9 of workers of both masters meanwhile."""

    name = "workers killed in an upgrade"
    statuses = (0,)

    async def start(self, world):
        await super().start(world)
        for node, pid in self.old:
            for worker in [*children(pid), *node.workers()]:
                if worker != node.master and world.rng.random() < 0.5:
                    kill(world, worker)
