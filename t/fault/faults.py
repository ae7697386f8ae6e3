"""What a fault is, and the list of all of them.

A fault is a class with a name, a start and an end.  Files named faults_*.py
in this folder are read by the harness; each registers its own:

    @fault
    class Killed(Fault):
        name = "redis killed"

        async def start(self, world):
            world.redis.kill()

        async def stop(self, world):
            await world.redis.start()

A fresh object is made for every round, so what start() learns can be kept in
it.  start() returns when the fault is there, stop() when its cause is gone: the
second within which Postern has to serve again begins there.  Both are called
while load runs, so they may not block the event loop for long.
"""

FAULTS = []


def fault(cls):
    """Registers a fault."""
    assert cls.name and cls.name not in [f.name for f in FAULTS]
    FAULTS.append(cls)
    return cls


class Fault:
    """One fault; world.rng is the only source of chance in it."""

    name = ""

    # seconds between the end of start() and the call of stop()
    span = (0.1, 0.7)

    # how often it is drawn, beside the others
    weight = 1

    # the nodes and the kind of network it needs: None does not care
    nodes = 1
    netns = None

    # the kinds of nodes it is for, see run
    profiles = ("redis",)

    # seconds that requests may take longer for it than their deadline
    delay = 0.0

    # seconds from the end of stop() to a fresh request accepted by every worker
    heals = 1.0

    # regular expressions of lines of level alert and emerg in error.log that
    # belong to the fault; all others are failures
    alerts = ()

    # statuses that an honest client may see meanwhile, beside 200 and 503
    statuses = ()

    def possible(self, world):
        """None, or why it cannot be had on this machine."""
        return None

    async def start(self, world):
        """Brings it about."""
        raise NotImplementedError

    async def stop(self, world):
        """Takes it away."""

    async def after(self, world):
        """When the round was looked at: tidies up."""
