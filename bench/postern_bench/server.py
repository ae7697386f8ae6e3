"""nginx and Redis: started, looked at, and stopped by their own process ids."""

import os
import pathlib
import signal
import socket
import subprocess
import sys
import time

TICK = os.sysconf("SC_CLK_TCK")
PATIENCE = 180                  # seconds, for what starts or ends


def wait_for(what, found):
    """Waits until found() is true, and says what it waited for in vain."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        value = found()
        if value:
            return value
        time.sleep(0.02)
    sys.exit(f"bench: {what} within {PATIENCE} s did not come to pass")


def wait_port(port):
    def listens():
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", port)) == 0
    wait_for(f"a listener on port {port}", listens)


def cpu_seconds(pid):
    """User and system time of a process, all its threads."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1]
    fields = fields.split()
    return (int(fields[11]) + int(fields[12])) / TICK


def memory_bytes(pid, field="Pss"):
    """Resident memory; Pss shares out what parent and child have in common,
    Rss counts it in each."""
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    line = next(x for x in text.splitlines() if x.startswith(field + ":"))
    return int(line.split()[1]) * 1024


def children(pid):
    out = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True,
                         text=True).stdout.split()
    return [int(p) for p in out]


class Nginx:
    """nginx in the background, while the block lasts."""

    def __init__(self, text, folder, port):
        self.conf = folder / "nginx.conf"
        self.conf.write_text(text)
        self.folder = folder
        self.port = port

    def __enter__(self):
        subprocess.run(["nginx", "-p", str(self.folder), "-c",
                        str(self.conf)], check=True)
        pidfile = self.folder / "nginx.pid"
        self.pid = int(wait_for("a pid file of nginx", lambda:
                                pidfile.exists() and pidfile.read_text()))
        wait_port(self.port)
        self.worker = wait_for("a worker", lambda: children(self.pid))[0]
        return self

    def __exit__(self, *_):
        os.kill(self.pid, signal.SIGTERM)
        wait_for("the end of nginx",
                 lambda: not os.path.exists(f"/proc/{self.pid}"))


class Redis:
    """A Redis that keeps nothing on disk, while the block lasts."""

    def __init__(self, place):
        self.place = place

    def __enter__(self):
        self.process = subprocess.Popen(
            ["redis-server", "--port", str(self.place.redis_port), "--bind",
             "127.0.0.1", "--save", "", "--appendonly", "no", "--dir",
             str(self.place.work)], stdout=subprocess.DEVNULL)
        wait_port(self.place.redis_port)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def decider(place):
    """What auth_request asks: an nginx that answers at once, on core 1."""
    folder = place.work / "pdp"
    folder.mkdir()
    return Nginx(f"""
worker_processes 1;
worker_cpu_affinity 10;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    keepalive_requests 100000000;
    server {{ listen 127.0.0.1:{place.pdp_port}; return 204; }}
}}
""", folder, place.pdp_port)
