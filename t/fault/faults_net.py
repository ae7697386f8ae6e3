"""What may happen to the network between two nodes and Redis."""

from faults import Fault, fault
from netns import ip


class Wire(Fault):
    """A fault of the ways between Redis and one node, or all of them."""

    netns = True
    span = (0.2, 1.8)

    async def start(self, world):
        self.nodes = ([world.node()] if world.rng.random() < 0.7
                      else list(world.nodes))
        for node in self.nodes:
            to, back = world.net.between(node)
            self.spoil(world, to, back)

    def spoil(self, world, to, back):
        """Sets what goes wrong."""
        raise NotImplementedError

    async def stop(self, world):
        for node in self.nodes:
            for way in world.net.between(node):
                way.clear()


@fault
class Partition(Wire):
    """Nothing gets through, in either direction."""

    name = "partition"

    def spoil(self, world, to, back):
        to.up = back.up = False


@fault
class Deaf(Wire):
    """Commands arrive and are carried out; replies are lost."""

    name = "partition, replies only"

    def spoil(self, world, to, back):
        back.up = False


@fault
class Mute(Wire):
    """Commands are lost; Redis could still be heard."""

    name = "partition, commands only"

    def spoil(self, world, to, back):
        to.up = False


@fault
class Far(Wire):
    """Latency, the same for all frames."""

    name = "latency"

    def spoil(self, world, to, back):
        to.delay = back.delay = world.rng.choice((0.002, 0.02, 0.1, 0.2, 0.3))


@fault
class Jitter(Wire):
    """Frames overtake one another."""

    name = "latency with jitter"

    def spoil(self, world, to, back):
        to.jitter = back.jitter = world.rng.choice((0.01, 0.05, 0.2))
        to.delay = world.rng.uniform(0, 0.05)


@fault
class Lossy(Wire):
    """Frames get lost."""

    name = "loss"

    def spoil(self, world, to, back):
        to.loss = back.loss = world.rng.choice((0.02, 0.1, 0.3, 0.6))


@fault
class Unplugged(Wire):
    """The node's own link is down."""

    name = "link down"

    async def start(self, world):
        self.node = world.node()
        ip("-n", self.node.net.name, "link", "set", "eth0", "down")

    async def stop(self, world):
        self.node.net.up()
        self.node.net.knows(world.net.spaces[-1])


@fault
class Unreachable(Wire):
    """The node has no route to Redis: swallowed, or said at once."""

    name = "no route"

    async def start(self, world):
        self.node = world.node()
        self.route = (world.rng.choice(("blackhole", "unreachable")),
                      world.redis.host)
        ip("-n", self.node.net.name, "route", "add", *self.route)

    async def stop(self, world):
        ip("-n", self.node.net.name, "route", "del", *self.route)


@fault
class Backwards(Wire):
    """Redis has no route to the node: what it says to it is swallowed."""

    name = "no route back"

    async def start(self, world):
        self.route = ("blackhole", world.node().net.address)
        ip("-n", world.net.spaces[-1].name, "route", "add", *self.route)

    async def stop(self, world):
        ip("-n", world.net.spaces[-1].name, "route", "del", *self.route)


@fault
class RestartedBehind(Wire):
    """A partition, behind which Redis is killed and started: the node's
    connection is one that nobody else knows of any more."""

    name = "partition, redis restarted behind it"

    async def start(self, world):
        await super().start(world)
        await world.redis.kill()
        await world.redis.start()

    def spoil(self, world, to, back):
        to.up = back.up = False
