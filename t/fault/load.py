"""Clients: honest ones, ones that race, ones that have no right to anything.

Every request bears a User-Agent of its own, which nginx's audit record and the
application's log repeat, and says in its query what may be accepted only once.
"""

import asyncio
import dataclasses
import itertools
import re
import time
import urllib.parse

import node as nodes
import sign

GIVE_UP = 20.0      # seconds until a client believes that it has no answer


@dataclasses.dataclass
class Sent:
    """One request that was sent, and what came of it."""
    agent: str
    kind: str
    once: str           # what must reach the application once at most
    node: int
    began: float
    ended: float = 0.0
    status: int = 0     # 0: no answer
    worker: int = 0
    code: str = ""      # of the problem document

    @property
    def took(self):
        """Seconds."""
        return self.ended - self.began


class Load:
    """All clients of a run; sent is what they did since take() was called."""

    def __init__(self, world, rng):
        self.world = world
        self.rng = rng
        self.sent = []
        self.count = itertools.count(1)
        self.tasks = []
        self.stopping = False
        self.used = {}              # user -> step of the last code tried
        self.sessions = {}          # label -> cookie
        self.ended = {}             # label -> when its end was acknowledged

    # one request

    async def send(self, node, kind, once, lines, method="GET", path="/",
                   body=""):
        """Sends one; lines are header fields, each with its end."""
        agent = f"f{next(self.count)}"
        sent = Sent(agent, kind, once, node.number, time.monotonic())
        self.sent.append(sent)
        text = (f"{method} {path} HTTP/1.1\r\nHost: app.test\r\n"
                f"User-Agent: {agent}\r\nConnection: close\r\n{lines}")
        if body or method == "POST":
            text += f"Content-Length: {len(body)}\r\n"
        head, answer = "", ""
        try:
            head, answer = await asyncio.wait_for(
                self._exchange(node, f"{text}\r\n{body}"), GIVE_UP)
        except (OSError, EOFError, asyncio.TimeoutError):
            pass
        sent.ended = time.monotonic()
        if head:
            sent.status = int(head.split()[1])
            found = re.search(r"(?im)^X-Worker: (\d+)", head)
            sent.worker = int(found[1]) if found else 0
            found = re.search(r'"code":"([^"]+)"', answer)
            sent.code = found[1] if found else ""
        return sent, head, answer

    async def _exchange(self, node, text):
        """Head and body of a whole answer; of half a one, nothing."""
        if node.net:
            sock = node.net.socket()
            await asyncio.get_running_loop().sock_connect(
                sock, (node.host, node.port))
            reader, writer = await asyncio.open_connection(sock=sock)
        else:
            reader, writer = await asyncio.open_connection(node.host,
                                                           node.port)
        try:
            writer.write(text.encode())
            data = await reader.read()
            while more := await reader.read():
                data += more
        finally:
            writer.transport.abort()
        head, gap, body = data.partition(b"\r\n\r\n")
        head, body = head.decode(errors="replace"), body.decode(
            errors="replace")
        length = re.search(r"(?im)^Content-Length: (\d+)", head)
        whole = (len(body.encode()) >= int(length[1]) if length
                 else body.endswith("0\r\n\r\n"))
        return (head, body) if gap and whole else ("", "")

    # kinds of requests

    def signed(self, path, query, key=nodes.KEY, secret=nodes.SECRET,
               method="GET"):
        """Path with query, and the header fields that sign it."""
        nonce = f"n{self.rng.getrandbits(64):016x}"
        lines = sign.signed(method, "app.test", path, query, key, secret,
                            nonce)
        return f"{path}?{query}", lines

    def name(self):
        """A name for what may be accepted once."""
        return f"o{self.rng.getrandbits(64):016x}"

    async def fresh(self, node):
        """A request signed for the occasion."""
        once = self.name()
        path, lines = self.signed("/api/open/x", f"o={once}")
        return (await self.send(node, "fresh", once, lines, path=path))[0]

    async def raced(self):
        """One signed request, copied to all nodes at the same time."""
        once = self.name()
        path, lines = self.signed("/api/open/x", f"o={once}")
        where = [self.rng.choice(self.world.nodes)
                 for _ in range(self.rng.randint(2, 8))]
        await asyncio.gather(*(self.send(n, "raced", once, lines, path=path)
                               for n in where))

    async def retried(self):
        """One that is sent again, later, as impatient clients do."""
        once = self.name()
        path, lines = self.signed("/api/open/x", f"o={once}")
        for _ in range(4):
            await self.send(self.rng.choice(self.world.nodes), "retried",
                            once, lines, path=path)
            await asyncio.sleep(self.rng.uniform(0, 0.4))

    async def forged(self, node):
        """A signature by somebody who has not the key, or none."""
        how = self.rng.randrange(4)
        nobody = f"nobody{self.rng.randrange(50)}"     # looked up in Redis
        path, lines = self.signed("/api/open/x", f"o={self.name()}",
                                  key=nobody if how == 3 else nodes.KEY,
                                  secret="x" if how == 0 else nodes.SECRET)
        if how == 1:
            path += "1"
        if how == 2:
            lines = ""
        await self.send(node, "forged", "", lines, path=path)

    async def denied(self, node):
        """Well signed, for what the role may not."""
        path, method = self.rng.choice(
            (("/api/closed/x", "GET"), ("/api/open/x", "PUT")))
        path, lines = self.signed(path, f"o={self.name()}", method=method)
        await self.send(node, "denied", "", lines, method=method, path=path)

    async def coded(self):
        """One code of one person, at all nodes at the same time, each request
        with a signature of its own."""
        step = int(time.time()) // 30
        for _ in range(20):
            number = self.rng.randrange(nodes.PEOPLE)
            if self.used.get(number) != step:
                break
        else:
            return
        self.used[number] = step
        user, key, secret, totp = nodes.person(number)
        once = f"c-{user}-{step}"
        code = sign.totp(totp)
        sends = []
        for _ in range(self.rng.randint(2, 5)):
            path, lines = self.signed("/code/x", f"o={once}", key, secret)
            sends.append(self.send(
                self.rng.choice(self.world.nodes), "coded", once,
                lines + f"X-Code: {code}\r\n", path=path))
        await asyncio.gather(*sends)

    # people with sessions

    async def sign_in(self, node):
        """A new session, or None where that did not work."""
        user = nodes.person(self.rng.randrange(nodes.PEOPLE))[0]
        _, head, page = await self.send(
            node, "page", "", "Accept: text/html\r\n",
            path="/.postern/sign-in?to=/people/x")
        token = re.search(r'name="csrf" value="([^"]+)"', page)
        if token is None:
            return None
        body = urllib.parse.urlencode({
            "csrf": token[1], "to": "/people/x", "user": user,
            "password": nodes.PASSWORD})
        _, head, page = await self.send(
            node, "page", "", "Accept: text/html\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n"
            f"Cookie: {cookies(head)}\r\n", method="POST",
            path="/.postern/sign-in", body=body)
        found = re.search(r"(?im)^Set-Cookie: postern=([^;\r]+)", head)
        if found is None:
            return None
        label = self.name()
        self.sessions[label] = found[1]
        return label

    async def sign_out(self, node, label):
        """Ends a session; it counts as ended once that was acknowledged."""
        cookie = f"Cookie: postern={self.sessions[label]}"
        _, head, page = await self.send(
            node, "page", "", f"Accept: text/html\r\n{cookie}\r\n",
            path="/.postern/sign-out")
        token = re.search(r'name="csrf" value="([^"]+)"', page)
        if token is None:
            return
        body = urllib.parse.urlencode({"csrf": token[1]})
        sent, _, _ = await self.send(
            node, "page", "", "Accept: text/html\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n"
            f"{cookie}; {cookies(head)}\r\n", method="POST",
            path="/.postern/sign-out", body=body)
        if sent.status in (200, 303):
            self.ended[label] = sent.ended

    async def session(self, node, label, kind="session"):
        """A request of somebody who is signed in."""
        query = urllib.parse.urlencode({"s": label})
        await self.send(node, kind, "",
                        f"Cookie: postern={self.sessions[label]}\r\n",
                        path=f"/people/x?{query}")

    async def stranger(self, node):
        """A session that nobody gave."""
        await self.send(node, "stranger", "",
                        f"Cookie: postern={self.rng.getrandbits(256):064x}"
                        "\r\n", path="/people/x")

    # all of them

    async def anything(self):
        """One of the above, by chance."""
        rng, node = self.rng, self.rng.choice(self.world.nodes)
        kind = rng.choices(("fresh", "raced", "retried", "forged", "denied",
                            "coded", "session", "stranger"),
                           (8, 4, 3, 2, 3, 2, 3, 1))[0]
        if kind in ("raced", "retried", "coded"):
            await getattr(self, kind)()
        elif kind != "session":
            await getattr(self, kind)(node)
        elif self.sessions:
            label = rng.choice(list(self.sessions))
            if label not in self.ended and len(self.sessions) > 2 \
                    and rng.random() < 0.05:
                await self.sign_out(node, label)
            else:
                await self.session(node, label)
        if len(self.sessions) - len(self.ended) < 3 and rng.random() < 0.1:
            await self.sign_in(node)

    async def _client(self):
        while not self.stopping:
            await self.anything()
            await asyncio.sleep(self.rng.uniform(0, 2 * self.world.pace))

    def start(self, clients):
        """So many clients, until stop()."""
        self.stopping = False
        self.tasks = [asyncio.ensure_future(self._client())
                      for _ in range(clients)]

    async def stop(self):
        """Returns when all have their answers."""
        self.stopping = True
        await asyncio.gather(*self.tasks)
        self.tasks = []

    def take(self):
        """What was sent since the last call."""
        sent, self.sent = self.sent, []
        return sent


def cookies(head):
    """The Cookie line that a browser makes of Set-Cookie."""
    return "; ".join(re.findall(r"(?im)^Set-Cookie: ([^;\r]+)", head))
