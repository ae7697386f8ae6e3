"""What may happen to Redis itself."""

from faults import Fault, fault


@fault
class Killed(Fault):
    """kill -9; what it has acknowledged is on its disk."""

    name = "redis killed"

    async def start(self, world):
        await world.redis.kill()

    async def stop(self, world):
        await world.redis.start()


@fault
class Paused(Fault):
    """SIGSTOP: connections stay, nothing is answered."""

    name = "redis paused"
    span = (0.1, 1.4)

    async def start(self, world):
        world.redis.pause()

    async def stop(self, world):
        world.redis.resume()
