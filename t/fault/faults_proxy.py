"""What may happen between nginx and Redis, and what a Redis may answer."""

import asyncio

from faults import Fault, fault

HANDSHAKE = ("PING", "CLIENT", "SELECT", "AUTH")


class Between(Fault):
    """A fault of the proxies of one node, or of all."""

    netns = False

    async def start(self, world):
        self.proxies = world.some_proxies()
        for proxy in self.proxies:
            await self.spoil(world, proxy)

    async def spoil(self, world, proxy):
        """Sets what goes wrong."""
        raise NotImplementedError

    async def stop(self, world):
        for proxy in self.proxies:
            proxy.clear()
            await proxy.start()


@fault
class Refused(Between):
    """Nobody listens."""

    name = "connection refused"
    span = (0.1, 1.5)

    async def spoil(self, world, proxy):
        await proxy.refuse()


@fault
class Cut(Between):
    """Connections are reset, once or again and again."""

    name = "connections cut"

    async def start(self, world):
        self.proxies = world.some_proxies()
        self.task = asyncio.ensure_future(
            self.cut(world, world.rng.choice((1, 100))))

    async def cut(self, world, times):
        """So many times, while the fault lasts."""
        for _ in range(times):
            for proxy in self.proxies:
                proxy.cut()
            await asyncio.sleep(world.rng.uniform(0.005, 0.2))

    async def stop(self, world):
        self.task.cancel()
        await super().stop(world)


@fault
class Stalled(Between):
    """Commands arrive, replies do not; or neither; connections are taken."""

    name = "replies stalled"
    span = (0.1, 1.6)

    async def spoil(self, world, proxy):
        proxy.stall = world.rng.choice(("replies", "both"))


@fault
class Delayed(Between):
    """Every reply takes its time, within the deadline or beyond it."""

    name = "replies delayed"
    span = (0.3, 1.2)

    async def spoil(self, world, proxy):
        proxy.delay = world.rng.choice((0.02, 0.1, 0.3, 0.48, 0.52, 0.8))


@fault
class Trickling(Between):
    """One byte of a reply at a time."""

    name = "one byte at a time"

    async def spoil(self, world, proxy):
        proxy.trickle = world.rng.choice((0.0005, 0.005, 0.05))


@fault
class Half(Between):
    """Half of each reply, and then the end."""

    name = "half replies"

    async def spoil(self, world, proxy):
        proxy.half = True


@fault
class Garbage(Between):
    """Bytes that are no reply of Redis, or none to what was asked."""

    name = "garbage"

    KINDS = (
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"$999999999\r\nx",
        b"$-5\r\n",
        b"*1\r\n$1\r\nx\r\n",
        b"*2147483647\r\n",
        b":99999999999999999999999\r\n",
        b"%1\r\n+a\r\n+b\r\n",
        b"\r\n\r\n\r\n",
        b"$4\r\nabcdefgh\r\n",
        b"\x00" * 100,
    )

    async def spoil(self, world, proxy):
        rng = world.rng

        def noise(data):
            # the first byte says that it is none: else noise might be a yes
            return rng.choice(b"\xff\x00?Xabc").to_bytes(1, "big") \
                + rng.randbytes(rng.randrange(64))

        def flipped(data):
            return bytes(b ^ 0x80 for b in data)

        def chosen(data):
            return rng.choice(self.KINDS)

        proxy.garbage = rng.choice((noise, flipped, chosen))


class Says(Between):
    """An error in place of every reply, with or without a handshake that
    works; Redis is not asked."""

    text = ""
    handshake = True        # may work meanwhile

    async def spoil(self, world, proxy):
        if self.handshake:
            proxy.spare = HANDSHAKE
        proxy.error = self.text


def says(what, text, handshake=True, doc=""):
    """Registers an error reply as a fault."""
    fault(type(f"Says{what}", (Says,), {
        "name": f"error {what}", "text": text, "handshake": handshake,
        "__doc__": doc or text}))


says("LOADING", "LOADING Redis is loading the dataset in memory", False)
says("READONLY", "READONLY You can't write against a read only replica.")
says("READONLY of 6.2", "ERR Error running script (call to "
     "f_0123456789012345678901234567890123456789): @user_script:1: "
     "@user_script: 1: -READONLY You can't write against a read only replica. ")
says("MASTERDOWN", "MASTERDOWN Link with MASTER is down and "
     "replica-serve-stale-data is set to 'no'.")
says("MOVED", "MOVED 3999 127.0.0.1:6381")
says("ASK", "ASK 3999 127.0.0.1:6381")
says("TRYAGAIN", "TRYAGAIN Multiple keys request during rehashing of slot")
says("CLUSTERDOWN", "CLUSTERDOWN The cluster is down")
says("NOAUTH", "NOAUTH Authentication required.", False)
says("WRONGPASS", "WRONGPASS invalid username-password pair or user is "
     "disabled.", False)
says("OOM", "OOM command not allowed when used memory > 'maxmemory'.")
says("MISCONF", "MISCONF Redis is configured to save RDB snapshots, but it's "
     "currently unable to persist to disk.")
says("NOREPLICAS", "NOREPLICAS Not enough good replicas to write.")
says("BUSY", "BUSY Redis is busy running a script. You can only call SCRIPT "
     "KILL or SHUTDOWN NOSAVE.", False)
says("NOPERM", "NOPERM this user has no permissions to run the 'set' command")
says("UNKNOWN", "ERR unknown command 'SET', with args beginning with: ")
