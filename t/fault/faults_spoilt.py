"""Nodes that break what must hold, one invariant each: a harness that does not
see them sees nothing.  Drawn by --profile spoilt alone; every round fails."""

import asyncio
import os
import signal

from faults import Fault, fault


class Spoilt(Fault):
    """A configuration in which something else stands."""

    profiles = ("spoilt",)
    span = (0.6, 0.8)
    old, new = "", ""

    async def start(self, world):
        self.node = world.nodes[1]
        text = self.node.text()
        assert self.old in text
        self.node.text = lambda: text.replace(self.old, self.new)
        await self.node.reload()
        for _ in range(4):
            await world.load.denied(self.node)
            await world.load.fresh(self.node)
            await world.load.raced()

    async def stop(self, world):
        del self.node.text
        await self.node.reload()


@fault
class Twice(Spoilt):
    """Two nodes that share nothing."""

    name = "spoilt: accepted twice"
    old, new = "postern_redis ", "#"


@fault
class Open(Spoilt):
    """A location without roles."""

    name = "spoilt: let through"
    old, new = "sign on; rbac on;", "sign on; rbac off;"


@fault
class Unrecorded(Spoilt):
    """A location without records."""

    name = "spoilt: record lost"
    old, new = "sign on; rbac on;", "sign on; rbac on; audit off;"


@fault
class Otherwise(Spoilt):
    """A status that nobody was promised."""

    name = "spoilt: other statuses"
    old, new = "sign on; rbac on;", "return 418;"


@fault
class Stuck(Spoilt):
    """Workers that do not answer in time."""

    name = "spoilt: beyond the deadline"
    span = (2.0, 2.1)

    async def start(self, world):
        self.pids = world.nodes[1].workers()
        for pid in self.pids:
            os.kill(pid, signal.SIGSTOP)

    async def stop(self, world):
        for pid in self.pids:
            os.kill(pid, signal.SIGCONT)


@fault
class Crash(Spoilt):
    """A worker that ends by a signal which nobody sent on purpose."""

    name = "spoilt: a crash"
    span = (0.1, 0.2)

    async def start(self, world):
        os.kill(world.nodes[1].workers()[0], signal.SIGSEGV)

    async def stop(self, world):
        pass


@fault
class Leak(Spoilt):
    """Descriptors that stay."""

    name = "spoilt: a leak"
    span = (0.1, 0.2)

    async def start(self, world):
        node = world.nodes[1]
        self.held = [await asyncio.open_connection(node.host, node.port)
                     for _ in range(8)]

    async def stop(self, world):
        pass

    async def after(self, world):
        for _, writer in self.held:
            writer.close()
        await asyncio.sleep(0.2)


@fault
class Late(Spoilt):
    """A recovery that takes its time."""

    name = "spoilt: served late"

    async def start(self, world):
        world.redis.pause()
        asyncio.get_running_loop().call_later(3.0, world.redis.resume)

    async def stop(self, world):
        pass
