"""Real nginx: the nodes that Postern guards, and the application behind them."""

import asyncio
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("TEST_NGINX_BUILD", TOP / "build"))
NGINX = os.environ.get("TEST_NGINX_BINARY", "/usr/sbin/nginx")

WORKERS = 2
PEOPLE = 200
ORG = "acme"
KEY, SECRET = "reader", "0123456789abcdef0123456789abcdef"
PASSWORD = "correct horse battery"

# "correct horse battery", with as little work as libsodium takes
HASH = ("$argon2id$v=19$m=8,t=1,p=1$K1Kmy6AqE3nkZPk41vxXuw"
        "$dsMO+DUdRfBRTyyhJgcW34F/EBRxxnfBmZfffoMobj8")

LOAD = "".join(f"load_module {BUILD}/ngx_http_{name}_module.so;\n"
               for name in ("postern", "sign", "mfa", "rbac", "audit"))


def person(i):
    """Name, key, secret of the key and of the authenticator of a user."""
    return f"u{i}", f"K{i}", SECRET, f"u{i}.a.secret.of.the.tests"[:20]


def directory():
    """Who exists: a key that acts for itself, people with key and code."""
    users, keys = {}, {KEY: {"roles": ["viewer"], "algorithm": "hmac-sha256",
                             "secret": "plain:" + SECRET}}
    for i in range(PEOPLE):
        user, key, secret, totp = person(i)
        users[user] = {
            "roles": ["viewer"], "password": HASH,
            "factors": {"totp": [{"name": "Phone", "secret": "plain:" + totp}]}}
        keys[key] = {"user": user, "algorithm": "hmac-sha256",
                     "secret": "plain:" + secret}
    return {"version": 1, "organizations": {ORG: {
        "users": users, "keys": keys,
        "permissions": {"use": ["GET", "HEAD", "POST"]},
        "resources": {"open": ["/api/open/**", "/code/**", "/people/**"]},
        "roles": {"viewer": {"grants": [["use", "open"]]}}}}}


def children(pid):
    """The processes that a process has made: {pid: command line}."""
    found = {}
    try:
        pids = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text()
        for child in pids.split():
            line = pathlib.Path(f"/proc/{child}/cmdline").read_bytes()
            found[int(child)] = line.replace(b"\0", b" ").decode().strip()
    except OSError:
        pass
    return found


def alive(pid):
    """Is there such a process, and no mere zombie?"""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rsplit(")", 1)[1].split()[0] != "Z"


class Nginx:
    """An nginx with a folder of its own; settings are what nginx.conf has."""

    def __init__(self, folder, net=None):
        self.folder = pathlib.Path(folder)
        self.net = net                  # a network namespace, or None
        self.env = {}                   # what its environment has more
        self.conf = self.folder / "nginx.conf"
        self.pid_file = self.folder / "nginx.pid"
        self.old_pid_file = self.folder / "nginx.pid.oldbin"    # upgrading
        self.error_log = self.folder / "error.log"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)

    def text(self):
        """What nginx.conf is."""
        raise NotImplementedError

    def configure(self):
        """Never half a file: a master may be reading, for a reload before."""
        fresh = self.conf.with_suffix(".new")
        fresh.write_text(self.text())
        fresh.rename(self.conf)

    def command(self, *args):
        """The command line that runs nginx where it belongs."""
        line = [NGINX, "-p", str(self.folder), "-e", str(self.error_log),
                "-c", str(self.conf), *args]
        return self.net.command(line) if self.net else line

    async def start(self):
        """Writes the configuration and starts nginx with it."""
        self.configure()
        with open(self.folder / "start.log", "ab") as said:
            proc = await asyncio.create_subprocess_exec(
                *self.command(), stdin=subprocess.DEVNULL, stderr=said,
                env={**os.environ, **self.env})
        if await proc.wait() != 0:
            raise RuntimeError(f"nginx does not start: {self.folder}")
        for _ in range(500):
            if len(self.workers()) >= self.nworkers():
                return
            await asyncio.sleep(0.02)
        raise RuntimeError(f"nginx has no workers: {self.error_log}")

    def nworkers(self):
        """How many workers it should have."""
        return 1

    @property
    def master(self):
        """The pid of the master that the pid file names, or None."""
        try:
            return int(self.pid_file.read_text())
        except (OSError, ValueError):
            return None

    def workers(self):
        """The pids of workers that serve, those that shut down left out."""
        return [pid for pid, line in children(self.master).items()
                if line.startswith("nginx: worker process")
                and "shutting down" not in line]

    def processes(self):
        """Master and all that it has made, the ones that shut down too."""
        found = []
        for path in (self.pid_file, self.old_pid_file):
            try:
                pid = int(path.read_text())
            except (OSError, ValueError):
                continue
            if alive(pid):
                found += [pid, *children(pid)]
        return found

    def signal(self, number):
        """To the master."""
        os.kill(self.master, number)

    def masters(self):
        """The master, and while it is upgraded the one before."""
        return [pid for pid in self.processes()
                if (alive(pid) and "master process" in pathlib.Path(
                    f"/proc/{pid}/cmdline").read_text())]

    async def stop(self):
        """Ends it, by force where it does not want to."""
        pids = self.processes()
        for number in (signal.SIGTERM, signal.SIGKILL):
            for pid in pids if number == signal.SIGKILL else self.masters():
                try:
                    os.kill(pid, number)
                except ProcessLookupError:
                    pass
            for _ in range(100):
                if not any(alive(pid) for pid in pids):
                    return
                await asyncio.sleep(0.02)

    def kill(self):
        """At once, for an end that cannot wait."""
        for pid in self.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass


class Application(Nginx):
    """What is guarded: answers all, and notes what reached it."""

    def __init__(self, folder):
        super().__init__(folder)
        self.socket = self.folder / "app.sock"
        self.log = self.folder / "app.log"

    def text(self):
        return f"""
{'user root;' if os.geteuid() == 0 else ''}
worker_processes 1;
pid {self.pid_file};
error_log {self.error_log} notice;
events {{ worker_connections 2048; }}
http {{
    log_format seen '$http_user_agent $request_uri $http_postern_subject';
    access_log {self.log} seen;
    server {{
        listen unix:{self.socket};
        location / {{ return 200 "app\\n"; }}
    }}
}}
"""


class Node(Nginx):
    """A node of Postern with every guard on.

    port and host are those clients use; redis is host:port of its Redis, or
    None.  What a fault wants otherwise it sets before start() or a reload: settings (the
    directives of http), audit_file, top (the main level).
    """

    def __init__(self, number, folder, port, redis, app, net=None):
        super().__init__(folder, net)
        self.number = number
        self.host, self.port = "127.0.0.1", port
        self.redis = redis
        self.app = app
        self.zone = "16m"
        self.ring = "4m"
        self.timeout = 0.5              # of postern_redis, seconds
        self.connections = 1024
        self.window = "15m"
        self.cap = "auto"               # of what one key has in use
        self.top = ""
        self.settings = ""
        self.audit_file = self.folder / "audit.jsonl"
        self.audit_files = [self.audit_file]    # all that were written to
        self.directory = self.folder / "directory.json"
        self.directory.write_text(json.dumps(directory()))
        self.master_key = self.folder / "master.key"
        self.master_key.write_text("mk-1 " + "A" * 42 + "E=\n")
        self.master_key.chmod(0o600)

    def nworkers(self):
        return WORKERS

    def text(self):
        return f"""{LOAD}
{'user root;' if os.geteuid() == 0 else ''}
worker_processes {WORKERS};
pid {self.pid_file};
error_log {self.error_log} info;
{self.top}
events {{ worker_connections {self.connections}; }}
http {{
    access_log off;
    client_body_temp_path {self.folder}/body;
    proxy_temp_path {self.folder}/proxy;
    fastcgi_temp_path {self.folder}/fastcgi;
    uwsgi_temp_path {self.folder}/uwsgi;
    scgi_temp_path {self.folder}/scgi;

    postern_zone {self.zone};
    {self.postern_redis()}
    postern_directory {self.directory};
    postern_master_key {self.master_key};
    postern_org {ORG};
    postern_identity_headers on;
    sign_window {self.window};
    sign_nonce_cap {self.cap};
    sign_components @method @path @query @authority content-digest;
    sign_explain on;
    mfa_insecure_argon2id memory=8k passes=1;
    mfa_insecure_cookie on;
    mfa_limit free=100 attempts=100 address=100000r/m;
    audit on;
    audit_file {self.audit_file};
    audit_ring {self.ring};
    {self.settings}

    server {{
        listen {self.host}:{self.port} reuseport;
        add_header X-Worker $pid always;
        proxy_set_header Host $http_host;

        location = /up {{ return 200 "up\\n"; }}
        location /api/ {{
            sign on; rbac on;
            proxy_pass http://unix:{self.app.socket};
        }}
        location /code/ {{
            sign on; mfa on; mfa_code_header X-Code; rbac on;
            proxy_pass http://unix:{self.app.socket};
        }}
        location /people/ {{
            mfa on; mfa_require aal=1; rbac on;
            proxy_pass http://unix:{self.app.socket};
        }}
        location /.postern/ {{ mfa_pages; mfa_require aal=1; }}
    }}
}}
"""

    def postern_redis(self):
        """The directives, where there is a Redis: on one line."""
        if self.redis is None:
            return ""
        return (f"postern_redis redis://{self.redis}/0 "
                f"timeout={int(self.timeout * 1000)}ms; postern_keys redis;")

    async def reload(self):
        """A new configuration; returns when new workers serve."""
        before = set(self.workers())
        self.configure()
        self.signal(signal.SIGHUP)
        for _ in range(500):
            now = set(self.workers())
            if len(now) >= WORKERS and not now & before:
                return
            await asyncio.sleep(0.01)
        raise RuntimeError(f"a reload came to nothing: {self.error_log}")

    def grep(self, pattern, begin=0):
        """Lines of error.log from an offset on that match."""
        with open(self.error_log, "rb") as log:
            log.seek(begin)
            text = log.read().decode(errors="replace")
        return [line for line in text.splitlines() if re.search(pattern, line)]
