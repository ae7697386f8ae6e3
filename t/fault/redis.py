"""A real redis-server that starts, dies, stands still and replicates."""

import asyncio
import os
import pathlib
import shutil
import signal
import subprocess


class RedisError(Exception):
    """An error reply."""


def encode(*args):
    """A command as Redis reads it."""
    out = f"*{len(args)}\r\n".encode()
    for arg in args:
        arg = arg if isinstance(arg, bytes) else str(arg).encode()
        out += b"$%d\r\n%s\r\n" % (len(arg), arg)
    return out


async def read_reply(reader):
    """One reply; errors are returned as RedisError."""
    line = (await reader.readuntil(b"\r\n"))[:-2]
    kind, rest = line[:1], line[1:]
    if kind == b"+":
        return rest.decode()
    if kind == b"-":
        return RedisError(rest.decode())
    if kind == b":":
        return int(rest)
    if kind == b"$":
        if int(rest) < 0:
            return None
        return (await reader.readexactly(int(rest) + 2))[:-2].decode(
            errors="replace")
    return [await read_reply(reader) for _ in range(int(rest))]


class Talk:
    """A connection; errors are raised."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    async def ask(self, *words, timeout=5):
        """One command."""
        self.writer.write(encode(*words))
        reply = await asyncio.wait_for(read_reply(self.reader), timeout)
        if isinstance(reply, RedisError):
            raise reply
        return reply

    def close(self):
        """Ends it."""
        self.writer.close()


class Redis:
    """One server; every claim it has acknowledged is on disk (appendfsync)."""

    def __init__(self, folder, port, host="127.0.0.1", net=None):
        self.folder = pathlib.Path(folder)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.host, self.port, self.net = host, port, net
        self.proc = None
        self.paused = False

    async def start(self, *args):
        """Returns when it answers."""
        line = ["redis-server", "--bind", self.host, "--port", str(self.port),
                "--dir", str(self.folder), "--save", "", "--appendonly", "yes",
                "--appendfsync", "always", "--protected-mode", "no",
                "--enable-debug-command", "yes",
                "--enable-protected-configs", "yes", "--repl-diskless-sync-delay",
                "0", "--logfile", str(self.folder / "redis.log"), *args]
        if self.net:
            line = self.net.command(line)
        self.proc = await asyncio.create_subprocess_exec(
            *line, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        self.paused = False
        for _ in range(500):
            try:
                if await self.command("PING") == "PONG":
                    return
            except (OSError, EOFError, RedisError):
                pass
            await asyncio.sleep(0.01)
        raise RuntimeError(f"redis does not start: {self.folder}/redis.log")

    @property
    def pid(self):
        """The server, or None."""
        return self.proc.pid if self.proc and self.proc.returncode is None \
            else None

    async def kill(self, number=signal.SIGKILL):
        """Ends it and waits for that."""
        if self.pid:
            if self.paused:
                self.resume()
            os.kill(self.pid, number)
            await self.proc.wait()

    def pause(self):
        """It stands still, with all connections open."""
        os.kill(self.pid, signal.SIGSTOP)
        self.paused = True

    def resume(self):
        """It goes on."""
        os.kill(self.pid, signal.SIGCONT)
        self.paused = False

    async def connect(self):
        """A connection to it, from where it is."""
        if self.net:
            sock = self.net.socket()
            await asyncio.get_running_loop().sock_connect(
                sock, (self.host, self.port))
            return await asyncio.open_connection(sock=sock)
        return await asyncio.open_connection(self.host, self.port)

    async def talk(self):
        """A connection to keep."""
        return Talk(*await self.connect())

    async def command(self, *words, timeout=5):
        """One command over a connection of its own; errors are raised."""
        talk = await self.talk()
        try:
            return await talk.ask(*words, timeout=timeout)
        finally:
            talk.close()

    async def follow(self, master, timeout=10):
        """Becomes a replica and waits until it has caught up."""
        await self.command("REPLICAOF", master.host, master.port)
        end = asyncio.get_running_loop().time() + timeout
        while asyncio.get_running_loop().time() < end:
            info = await master.command("INFO", "replication")
            if f"port={self.port},state=online" in info:
                return
            await asyncio.sleep(0.02)
        raise RuntimeError("the replica does not follow")
