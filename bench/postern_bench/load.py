"""Load: wrk in a closed loop, with what the worker spent meanwhile, and pace
at a constant rate."""

import dataclasses
import subprocess
import sys
import time

from . import requests
from .cases import config
from .place import BENCH
from .server import Nginx, cpu_seconds

# requests a second that no worker reaches, by what is sent
MOST = {"hmac-sha256": 180000, "ed25519": 24000}


@dataclasses.dataclass(frozen=True)
class Run:
    """One run of one case."""

    us: float           # CPU time of the worker per request
    rps: float
    p50: float          # µs, of requests that waited for one another
    p99: float
    requests: int


def wanted(case, seconds, seen):
    """How many requests to sign: more than a worker can serve meanwhile; seen
    is what the case managed before, a second."""
    if case.sends not in MOST:
        return 1
    rate = MOST[case.sends]
    if seen:
        rate = min(rate, int(1.4 * seen) + 5000)
    return int(rate * (seconds + 0.5))


def run(case, place, seconds, seen=0):
    """A run of a case; ends the program where a request was refused."""
    n = wanted(case, seconds, seen)
    path = None if case.by_person else requests.make(case, place, n)

    with Nginx(config(case, place), place.work, place.port) as nginx:
        path = path or requests.make(case, place, n)
        before = cpu_seconds(nginx.worker)
        result = wrk(case, place, path, seconds)
        time.sleep(0.3)         # records still on their way to the file
        used = cpu_seconds(nginx.worker) - before
    path.unlink()

    count, status, broken, duration, p50, p99 = result
    if status or broken:
        sys.exit(f"bench: {case.name}: {status} of {count} requests refused, "
                 f"{broken} broken; see {place.work}/error.log")
    if n > 1 and count > n:
        sys.exit(f"bench: {case.name}: {count} requests sent, "
                 f"{n} were signed")
    return Run(used / count * 1e6, count / duration * 1e6, p50, p99, count)


def wrk(case, place, path, seconds):
    """The numbers that requests.lua prints."""
    out = subprocess.run(
        ["taskset", "-c", "1", "wrk", "-t1", "-c32", f"-d{seconds}s",
         "-s", str(BENCH / "requests.lua"),
         f"http://127.0.0.1:{place.port}", "--", str(path)],
        capture_output=True, text=True, check=True).stdout
    line = [x for x in out.splitlines() if x.startswith("RESULT ")]
    if not line:
        sys.exit(f"bench: {case.name}: wrk printed no result:\n{out}")
    return list(map(int, line[0].split()[1:]))


def build(place):
    """The program that keeps a rate."""
    subprocess.run(["cc", "-O2", "-o", place.work / "pace",
                    BENCH / "pace.c"], check=True)


def pace(case, place, rate, seconds):
    """Percentiles in µs at a rate; ends the program where a request was
    refused or not answered."""
    n = int(rate * seconds) + 1
    path = None if case.by_person else requests.make(case, place, n)
    with Nginx(config(case, place), place.work, place.port):
        path = path or requests.make(case, place, n)
        out = subprocess.run(
            ["taskset", "-c", "1", place.work / "pace", str(place.port),
             str(path), str(rate), str(seconds), "64"],
            capture_output=True, text=True, check=True).stdout
    path.unlink()
    answered, refused, lost, *percentiles = map(float, out.split()[1:])
    if refused or lost:
        sys.exit(f"bench: {case.name}: of {answered + lost:.0f} requests "
                 f"{refused:.0f} refused, {lost:.0f} not answered; see "
                 f"{place.work}/error.log")
    return dict(zip(("p50", "p99", "p99.9", "worst"), percentiles))
