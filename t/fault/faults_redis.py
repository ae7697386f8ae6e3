"""What may happen to Redis itself: real ones, really killed, paused, full."""

import asyncio

from faults import Fault, fault
from redis import RedisError


class Told(Fault):
    """A Redis that is told to refuse, and told to stop that."""

    wrong, right = (), ()       # commands

    async def start(self, world):
        for words in self.wrong:
            await world.redis.command(*words)

    async def stop(self, world):
        for words in self.right:
            await world.redis.command(*words)


@fault
class Killed(Fault):
    """kill -9; what it has acknowledged is on its disk."""

    name = "redis killed"

    async def start(self, world):
        await world.redis.kill()

    async def stop(self, world):
        await world.redis.start()


@fault
class Restarted(Fault):
    """Killed and started in one go: connections break, nothing is refused."""

    name = "redis restarted"
    span = (0, 0.3)

    async def start(self, world):
        await world.redis.kill()
        await world.redis.start()

    async def stop(self, world):
        pass


@fault
class Paused(Fault):
    """SIGSTOP: connections stay, nothing is answered."""

    name = "redis paused"
    span = (0.1, 1.6)

    async def start(self, world):
        world.redis.pause()

    async def stop(self, world):
        world.redis.resume()


@fault
class Flickers(Fault):
    """SIGSTOP and SIGCONT in turns: late replies all over."""

    name = "redis paused, on and off"
    span = (0.4, 1.2)

    async def start(self, world):
        self.task = asyncio.ensure_future(self.flicker(world))

    async def flicker(self, world):
        """Until it is cancelled."""
        while True:
            world.redis.pause()
            await asyncio.sleep(world.rng.uniform(0.02, 0.6))
            world.redis.resume()
            await asyncio.sleep(world.rng.uniform(0.005, 0.1))

    async def stop(self, world):
        self.task.cancel()
        if world.redis.paused:
            world.redis.resume()


@fault
class Slow(Fault):
    """It sleeps before it goes on, again and again."""

    name = "redis slow"

    async def start(self, world):
        self.task = asyncio.ensure_future(self.sleep(world))

    async def sleep(self, world):
        """Until it is cancelled."""
        while True:
            await world.redis.command("DEBUG", "SLEEP",
                                      f"{world.rng.uniform(0.02, 0.3):.3f}")
            await asyncio.sleep(0.005)

    async def stop(self, world):
        self.task.cancel()
        await world.redis.command("PING")


@fault
class Busy(Fault):
    """A script of somebody else that does not end: -BUSY."""

    name = "redis busy with a script"

    async def start(self, world):
        await world.redis.command("CONFIG", "SET", "busy-reply-threshold", "5")
        self.task = asyncio.ensure_future(world.redis.command(
            "EVAL", "while true do end", "0", timeout=20))

    async def stop(self, world):
        for _ in range(200):
            try:
                await world.redis.command("SCRIPT", "KILL")
            except RedisError as error:
                if "NOTBUSY" not in str(error):
                    raise
            if self.task.done():
                break
            await asyncio.sleep(0.01)
        await asyncio.gather(self.task, return_exceptions=True)


@fault
class Full(Told):
    """Memory at its limit: -OOM for what writes, also inside scripts."""

    name = "redis out of memory"
    wrong = (("CONFIG", "SET", "maxmemory", "1"),)
    right = (("CONFIG", "SET", "maxmemory", "0"),)


@fault
class Demoted(Told):
    """A replica of nobody: it reads, and answers writes with -READONLY."""

    name = "redis demoted"
    span = (0.2, 1.2)
    wrong = (("REPLICAOF", "127.0.0.1", "1"),)
    right = (("REPLICAOF", "NO", "ONE"),)


@fault
class Masterless(Told):
    """A replica that answers nothing without its master: -MASTERDOWN."""

    name = "redis without its master"
    wrong = (("CONFIG", "SET", "replica-serve-stale-data", "no"),
             ("REPLICAOF", "127.0.0.1", "1"))
    right = (("REPLICAOF", "NO", "ONE"),
             ("CONFIG", "SET", "replica-serve-stale-data", "yes"))


@fault
class Alone(Told):
    """Writes want replicas that are not there: -NOREPLICAS."""

    name = "redis without replicas"
    wrong = (("CONFIG", "SET", "min-replicas-to-write", "1"),)
    right = (("CONFIG", "SET", "min-replicas-to-write", "0"),)


@fault
class Unsaved(Fault):
    """Its disk takes no snapshot: -MISCONF."""

    name = "redis cannot save"

    async def start(self, world):
        folder = world.redis.folder / "gone"
        folder.mkdir(exist_ok=True)
        await world.redis.command("CONFIG", "SET", "save", "3600 1000000")
        await world.redis.command("CONFIG", "SET", "dir", folder)
        folder.rmdir()
        await world.redis.command("BGSAVE")
        for _ in range(200):
            info = await world.redis.command("INFO", "persistence")
            if "rdb_last_bgsave_status:err" in info:
                return
            await asyncio.sleep(0.01)
        raise RuntimeError("BGSAVE does not fail")

    async def stop(self, world):
        await world.redis.command("CONFIG", "SET", "dir", world.redis.folder)
        await world.redis.command("CONFIG", "SET", "save", "")


@fault
class Forbidden(Told):
    """The user may not write any more: -NOPERM, also inside scripts."""

    name = "redis takes rights away"
    wrong = (("ACL", "SETUSER", "default", "-set", "-getdel", "-del"),)
    right = (("ACL", "SETUSER", "default", "+@all"),)


@fault
class Locked(Fault):
    """It wants a password that nobody was told of: -NOAUTH."""

    name = "redis wants a password"

    async def start(self, world):
        self.talk = await world.redis.talk()
        await self.talk.ask("CONFIG", "SET", "requirepass", "other")
        await self.talk.ask("CLIENT", "KILL", "TYPE", "normal")

    async def stop(self, world):
        await self.talk.ask("CONFIG", "SET", "requirepass", "")
        self.talk.close()


@fault
class Crowded(Fault):
    """No connection is left for Postern."""

    name = "redis without connections"

    async def start(self, world):
        self.talk = await world.redis.talk()
        await self.talk.ask("CONFIG", "SET", "maxclients", "1")
        await self.talk.ask("CLIENT", "KILL", "TYPE", "normal")

    async def stop(self, world):
        await self.talk.ask("CONFIG", "SET", "maxclients", "10000")
        self.talk.close()


@fault
class Disconnects(Told):
    """All connections are ended, by Redis itself."""

    name = "redis ends connections"
    span = (0, 0.2)
    wrong = (("CLIENT", "KILL", "TYPE", "normal"),)


@fault
class Forgets(Told):
    """Scripts are forgotten: -NOSCRIPT."""

    name = "redis forgets scripts"
    span = (0, 0.2)
    wrong = (("SCRIPT", "FLUSH"),)


@fault
class Held(Fault):
    """CLIENT PAUSE, of everybody or of those that write."""

    name = "redis holds clients"
    span = (0, 0.1)

    async def start(self, world):
        await world.redis.command(
            "CLIENT", "PAUSE", world.rng.randint(100, 1300),
            world.rng.choice(("ALL", "WRITE")))

    async def stop(self, world):
        # held as well until the pause of all is over; ends one of writes
        await world.redis.command("CLIENT", "UNPAUSE")


@fault
class Failover(Fault):
    """The replica takes over, with all that the master had (FAILOVER); Postern
    finds it under the address of the old one, which says -READONLY."""

    name = "redis fails over"
    netns = False
    span = (0.2, 1.0)

    async def start(self, world):
        if world.replica.pid is None:
            await world.replica.start()
        await world.replica.follow(world.redis)
        await world.redis.command("FAILOVER", "TO", world.replica.host,
                                  world.replica.port, "TIMEOUT", "3000")
        for _ in range(400):
            info = await world.redis.command("INFO", "replication")
            if "role:slave" in info:
                return
            await asyncio.sleep(0.01)
        raise RuntimeError("there was no failover")

    async def stop(self, world):
        world.redis, world.replica = world.replica, world.redis
        for proxy in world.proxies:
            proxy.target = world.redis
        # it is asked again when it is needed; a replica costs every write
        await world.redis.command("PING")
