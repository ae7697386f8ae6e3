"""The invariants: what must hold whatever fails, measured and printed.

Every one is an Invariant with a figure of how much was looked at, and the
breaches that were found; one breach fails the round it was found in.
"""

import asyncio
import json
import os
import re
import time
from collections import Counter

import node as nodes

REVOKED = 1.0       # seconds until the end of a session is known everywhere
SLACK = 0.75        # for a machine that does other things, beyond a deadline
SETTLE = 3.0        # seconds in which records get to the file, processes end

# how many operations of the store, one after the other, a kind of request has
# at most: each has the deadline of postern_redis
STEPS = {"coded": 5, "session": 2, "page": 10}


class Invariant:
    """Something that must hold, and what was seen of it."""

    def __init__(self, name):
        self.name = name
        self.looked = 0
        self.worst = None           # a figure, where there is one
        self.breaches = []

    def breach(self, text):
        """It did not hold."""
        self.breaches.append(text)

    def see(self, n=1):
        """So many were looked at."""
        self.looked += n

    def measure(self, figure):
        """Keeps the worst."""
        self.worst = figure if self.worst is None else max(self.worst, figure)


class Tail:
    """The lines that a file has got since the last look."""

    def __init__(self, path):
        self.path = path
        self.at = 0
        self.rest = b""

    def lines(self):
        """New ones that are complete."""
        try:
            with open(self.path, "rb") as file:
                file.seek(self.at)
                data = file.read()
        except FileNotFoundError:
            return []
        self.at += len(data)
        *whole, self.rest = (self.rest + data).split(b"\n")
        return [line.decode(errors="replace") for line in whole]


class Check:
    """Looks at what happened, after every round."""

    def __init__(self, world):
        self.world = world
        self.once = Invariant("no signature or code accepted twice")
        self.policy = Invariant("nothing let through that policy denies")
        self.audit = Invariant("no acknowledged audit record lost or doubled")
        self.stuck = Invariant("no request beyond its deadline")
        self.crash = Invariant("no worker crashed, no alert")
        self.leak = Invariant("no descriptor leaked")
        self.recovery = Invariant("served again within a second")
        self.answers = Invariant("honest clients get 200, or 503")
        self.all = [self.once, self.policy, self.audit, self.stuck,
                    self.crash, self.leak, self.recovery, self.answers]
        self.statuses = Counter()
        self.killed = set()             # pids that a fault has killed
        self.dropped = 0                # audit records that GAPs account for
        self.lost = 0
        self._agents = {}               # agent -> Sent, until it is settled
        self._accepted = Counter()
        self._records = Counter()
        self._wanted = {}               # agent -> Sent: a record must come
        self._tails = {}
        self._descriptors = {}          # role and node -> descriptors

    # called by faults

    def kills(self, pid):
        """A fault is about to kill this process: that is no crash."""
        self.killed.add(pid)

    def follow(self, old, new):
        """The file is about to be called otherwise: what was read stays read,
        and the old name begins anew."""
        self._tails[str(new)] = self._tails.pop(str(old), Tail(new))
        self._tails[str(new)].path = new

    def forget(self, path):
        """A file of this name will be another one."""
        self._tails.pop(str(path), None)

    # called around rounds

    def before(self):
        """All is well: remembers how many descriptors that takes."""
        for node in self.world.nodes:
            for role, pid in roles(node):
                key = (node.number, role)
                self._descriptors[key] = max(self._descriptors.get(key, 0),
                                             descriptors(pid))

    def breaches(self):
        """How many, all in all."""
        return sum(len(i.breaches) for i in self.all)

    async def round(self, fault):
        """After a round, with no client there."""
        sent = self.world.load.take()
        self._clients(sent, fault)
        await self._records_of(sent)
        self._application()
        await self._processes(fault)

    def _clients(self, sent, fault):
        for one in sent:
            self._agents[one.agent] = one
            self.statuses[one.kind, one.status, one.code] += 1
            if one.status:
                self._wanted[one.agent] = one
            if one.kind == "fresh":
                self._honest(one, fault)
            node = self.world.nodes[one.node]
            steps = STEPS.get(one.kind, 1)
            late = self.world.lag.within(one.began, one.ended)
            limit = steps * node.timeout + SLACK + late + fault.delay
            self.stuck.see()
            self.stuck.measure(one.took)
            if one.took > limit:
                self.stuck.breach(
                    f"{one.kind} {one.agent} took {one.took:.2f} s of "
                    f"{limit:.2f}, status {one.status} {one.code}")

    def _honest(self, one, fault):
        self.answers.see()
        if one.status not in (200, 503, *fault.statuses):
            self.answers.breach(f"{one.agent} of node {one.node} got "
                                f"{one.status or 'nothing'} {one.code}")

    # the application

    def _application(self):
        for line in self._new_lines(self.world.app.log):
            words = line.split(" ")
            one = self._agents.get(words[0])
            if one is None:
                if words[0].startswith("f"):
                    self.policy.breach(f"not sent by us: {line}")
                continue
            self._reached(one, line)
        for one in self._agents.values():
            if one.kind in ("forged", "denied", "stranger"):
                self.policy.see()
                if 200 <= one.status < 400:
                    self.policy.breach(f"{one.kind} got {one.status}")
        self._agents = {}

    def _reached(self, one, line):
        if one.kind in ("forged", "denied", "stranger"):
            self.policy.breach(f"{one.kind} reached the application: {line}")
        if one.kind == "session":
            self.policy.see()
            label = re.search(r"[?&]s=(\w+)", line)
            end = self.world.load.ended.get(label[1] if label else "")
            if end and one.began > end + REVOKED:
                self.policy.breach(
                    f"a session let in {one.began - end:.2f} s after its end")
        if one.once:
            self.once.see()
            self._accepted[one.once] += 1
            if self._accepted[one.once] == 2:
                self.once.breach(
                    f"{one.kind} {one.once} reached the application again, "
                    f"as {one.agent} by node {one.node}")

    # the audit files

    async def _records_of(self, sent):
        end = time.monotonic() + SETTLE
        while True:
            self._read_records()
            if not self._wanted or time.monotonic() > end:
                break
            await asyncio.sleep(0.02)
        self.audit.see(sum(1 for one in sent if one.status))
        missing = len(self._wanted)
        if missing > self.dropped:
            self.audit.breach(
                f"{missing} answers without a record, {self.dropped} of them "
                f"accounted for by gaps: {sorted(self._wanted)[:5]}")
        self.dropped -= min(missing, self.dropped)
        self._wanted = {}

    def _read_records(self):
        for node in self.world.nodes:
            for path in node.audit_files:
                for line in self._new_lines(path):
                    self._record(line, path)

    def _record(self, line, path):
        try:
            record = json.loads(line)
        except ValueError:
            self.audit.breach(f"{path}: no JSON: {line[:200]!r}")
            return
        if record.get("event") == "gap":
            self.dropped += record.get("dropped", 0)
            self.lost += record.get("lost", 0)
        if record.get("event") != "request":
            return
        agent = record.get("user_agent", "")
        if not re.fullmatch(r"f\d+", agent):
            return
        self._records[agent] += 1
        if self._records[agent] == 2:
            self.audit.breach(f"{path}: {agent} is recorded twice")
        self._wanted.pop(agent, None)

    def _new_lines(self, path):
        return self._tails.setdefault(str(path), Tail(path)).lines()

    # processes

    async def _processes(self, fault):
        for node in self.world.nodes:
            for line in self._new_lines(node.error_log):
                self._said(node, line, fault)
            for role, pid in roles(node):
                await self._open_files(node, role, pid)

    def _said(self, node, line, fault):
        found = re.search(r"worker process (\d+) exited on signal (\d+)", line)
        if found:
            self.crash.see()
            if int(found[1]) not in self.killed:
                self.crash.breach(f"node {node.number}: {line}")
            return
        if re.search(r"\[(alert|emerg)\]|Assertion|ERROR: AddressSan"
                     r"|runtime error:", line):
            if not any(re.search(p, line) for p in fault.alerts):
                self.crash.breach(f"node {node.number}: {line}")

    async def _open_files(self, node, role, pid):
        limit = self._descriptors.get((node.number, role))
        end = time.monotonic() + SETTLE
        while True:
            n = descriptors(pid)
            if limit is None or n <= limit or time.monotonic() > end:
                break
            await asyncio.sleep(0.05)
        self.leak.see()
        self.leak.measure(n)
        if limit is not None and n > limit:
            self.leak.breach(f"node {node.number}, {role} {pid}: {n} "
                             f"descriptors, {limit} before: {listed(pid)}")

    # the end of a fault

    async def recovered(self, fault, ended):
        """Waits until every worker of every node accepts a fresh request;
        returns how long that took."""
        took = await asyncio.gather(*(self._recovered(node, ended)
                                      for node in self.world.nodes))
        worst = max(took)
        late = self.world.lag.within(ended, time.monotonic())
        self.recovery.see()
        self.recovery.measure(worst)
        if worst > fault.heals + late:
            self.recovery.breach(f"{fault.name}: {worst:.2f} s, {late:.2f} s "
                                 "of them lost by this machine")
        return worst

    async def _recovered(self, node, ended):
        """Probes each 20 ms until each worker has accepted."""
        seen, first = set(), []
        limit = ended + 15

        async def probe():
            one = await self.world.load.fresh(node)
            if one.status == 200 and one.began >= ended:
                seen.add(one.worker)
                first.append(one.ended)

        tasks = set()
        while time.monotonic() < limit:
            workers = set(node.workers())
            if len(workers) == node.nworkers() and workers <= seen:
                break
            if len(tasks) < 50:
                task = asyncio.ensure_future(probe())
                tasks.add(task)
                task.add_done_callback(tasks.discard)
            await asyncio.sleep(0.02)
        took = time.monotonic() - ended
        await asyncio.gather(*tasks)
        return took

    # the end of the run

    def add(self, other):
        """Counts what another one has seen."""
        self.statuses += other.statuses
        for mine, its in zip(self.all, other.all):
            mine.looked += its.looked
            mine.breaches += its.breaches
            if its.worst is not None:
                mine.measure(its.worst)

    def table(self):
        """Lines that say how every invariant fared."""
        lines = [f"{'invariant':48} {'looked at':>9} {'worst':>9} breaches"]
        for i in self.all:
            worst = ("" if i.worst is None else
                     f"{i.worst:.3f} s" if isinstance(i.worst, float)
                     else str(i.worst))
            lines.append(f"{i.name:48} {i.looked:9} {worst:>9} "
                         f"{len(i.breaches)}")
        return lines


def roles(node):
    """The processes of a node whose descriptors are counted."""
    if node.master:
        yield "master", node.master
    for pid in node.workers():
        yield "worker", pid


def descriptors(pid):
    """How many a process has open."""
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return 0


def listed(pid):
    """What they are, by kind."""
    kinds = Counter()
    try:
        for name in os.listdir(f"/proc/{pid}/fd"):
            kinds[os.readlink(f"/proc/{pid}/fd/{name}").split("[")[0]] += 1
    except OSError:
        pass
    return dict(kinds)
