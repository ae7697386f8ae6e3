"""A TCP proxy between nginx and Redis that does what networks and servers do.

It passes on what it gets, until a fault sets one of

    refuse()         nobody listens
    cut()            every connection is reset
    stall            replies are held back, both ways where stall is "both"
    delay            seconds that each chunk of a reply takes
    trickle          one byte of a reply at a time, with seconds in between
    half             half of a reply, then the end of the connection
    garbage          a function: bytes in place of a reply
    error            an error in place of each reply; Redis is not asked

clear() ends all of it.  Connections are made and judged one by one: what is set
holds for those that are there as well.
"""

import asyncio
import socket
import struct

CHUNK = 65536
SLICE = 0.005


class Commands:
    """Counts the commands in what a client sends."""

    def __init__(self):
        self.data = b""

    def feed(self, data):
        """The names of the commands that are complete now."""
        self.data += data
        names = []
        while True:
            name, end = self.first()
            if name is None:
                return names
            names.append(name)
            self.data = self.data[end:]

    def first(self):
        """The name of the first command and where it ends, or None, 0."""
        data, at, name = self.data, 0, None
        end = data.find(b"\r\n")
        if end < 0 or data[:1] != b"*":
            return None, 0
        count, at = int(data[1:end]), end + 2
        for _ in range(count):
            end = data.find(b"\r\n", at)
            if end < 0:
                return None, 0
            size = int(data[at + 1:end])
            at = end + 2 + size + 2
            if at > len(data):
                return None, 0
            if name is None:
                name = data[end + 2:end + 2 + size].decode().upper()
        return name, at


class Replies:
    """Counts the replies in what Redis sends (RESP2)."""

    def __init__(self):
        self.data = b""

    def feed(self, data):
        """How many are complete now."""
        self.data += data
        n, at = 0, 0
        while (end := self.after(at)) is not None:
            n, at = n + 1, end
        self.data = self.data[at:]
        return n

    def after(self, at):
        """Where the reply at this place ends, or None."""
        end = self.data.find(b"\r\n", at)
        if end < 0:
            return None
        kind, line = self.data[at:at + 1], self.data[at + 1:end]
        at = end + 2
        if kind == b"$" and int(line) >= 0:
            at += int(line) + 2
            return at if at <= len(self.data) else None
        if kind == b"*":
            for _ in range(int(line)):
                at = self.after(at)
                if at is None:
                    return None
        return at


class Proxy:
    """Listens on host:port, where nginx believes Redis to be."""

    def __init__(self, target, port=0, host="127.0.0.1"):
        self.target = target            # a Redis
        self.host, self.port = host, port
        self.server = None
        self.links = set()
        self.accepted = 0
        self.clear()

    def clear(self):
        """Passes everything on again; what is held back goes out."""
        self.stall = None
        self.delay = 0
        self.trickle = 0
        self.half = False
        self.garbage = None
        self.error = None
        self.spare = ()                 # commands that get their true reply

    async def start(self):
        """Listens (again)."""
        if self.server is None:
            self.server = await asyncio.start_server(
                self._accept, self.host, self.port)
            self.port = self.server.sockets[0].getsockname()[1]

    async def refuse(self):
        """Nobody listens, and whoever is connected is reset."""
        if self.server:
            self.server.close()
            self.server = None
        self.cut()

    def cut(self):
        """Resets every connection."""
        for link in list(self.links):
            link.reset()

    async def stop(self):
        """Ends it."""
        await self.refuse()

    async def _accept(self, reader, writer):
        self.accepted += 1
        link = Link(self, reader, writer)
        self.links.add(link)
        try:
            await link.run()
        except asyncio.CancelledError:
            pass            # the run ends
        finally:
            self.links.discard(link)


class Link:
    """One connection from nginx and the one to Redis that belongs to it."""

    def __init__(self, proxy, reader, writer):
        self.proxy = proxy
        self.reader, self.writer = reader, writer
        self.up_writer = None
        self.commands = Commands()
        self.answers = Replies()
        self.asked = 0                  # of Redis, and not answered yet
        self.out = asyncio.Lock()

    def reset(self):
        """RST to both."""
        for writer in (self.writer, self.up_writer):
            if writer is None:
                continue
            sock = writer.get_extra_info("socket")
            try:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                struct.pack("ii", 1, 0))
            except OSError:
                pass
            writer.transport.abort()

    async def run(self):
        """Until one side ends."""
        try:
            up_reader, self.up_writer = await self.proxy.target.connect()
        except OSError:
            self.reset()
            return
        tasks = [asyncio.ensure_future(self.requests()),
                 asyncio.ensure_future(self.replies(up_reader))]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self.writer.close()
            self.up_writer.close()

    async def requests(self):
        """From nginx to Redis."""
        while data := await self.reader.read(CHUNK):
            while self.proxy.stall == "both":
                await asyncio.sleep(SLICE)
            error = self.proxy.error
            names = self.commands.feed(data)
            if error and not all(n in self.proxy.spare for n in names):
                await self.answered()
                await self.answer(error, names)
                continue
            self.asked += len(names)
            self.up_writer.write(data)
            await self.up_writer.drain()

    async def answered(self):
        """Replies come in the order of commands: no error overtakes one."""
        for _ in range(1000):
            if self.asked <= 0:
                return
            await asyncio.sleep(SLICE)
        self.reset()

    async def answer(self, error, names):
        """An error for each; those that are spared get what Redis says."""
        said = {"PING": b"+PONG\r\n", "SELECT": b"+OK\r\n",
                "CLIENT": b"+OK\r\n", "AUTH": b"+OK\r\n"}
        text = b""
        for name in names:
            text += (said[name] if name in self.proxy.spare
                     else b"-" + error.encode() + b"\r\n")
        await self.send(text)

    async def replies(self, up_reader):
        """From Redis to nginx."""
        while data := await up_reader.read(CHUNK):
            proxy = self.proxy
            count = self.answers.feed(data)
            while proxy.stall:
                await asyncio.sleep(SLICE)
            if proxy.delay:
                await asyncio.sleep(proxy.delay)
            if proxy.garbage:
                data = proxy.garbage(data)
            if proxy.half:
                await self.send(data[:max(1, len(data) // 2)])
                return
            await self.send(data)
            self.asked -= count

    async def send(self, data):
        """To nginx, in pieces where replies trickle."""
        async with self.out:
            at = 0
            while at < len(data):
                step = 1 if self.proxy.trickle else len(data)
                self.writer.write(data[at:at + step])
                at += step
                await self.writer.drain()
                if self.proxy.trickle:
                    await asyncio.sleep(self.proxy.trickle)
