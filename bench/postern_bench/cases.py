"""What is measured: the rows of the tables and the nginx.conf of each."""

import dataclasses
import json
import subprocess

from .people import PAGES
from .place import BENCH, BUILD

SECRET = "0123456789abcdef0123456789abcdef"
SEED = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
PUBLIC = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
USER = "alice"
PASSWORD = "an example password"

DIRECTORY = {
    "version": 1,
    "organizations": {
        "bench": {
            "keys": {
                "AKBENCH": {"roles": ["viewer"], "algorithm": "hmac-sha256",
                            "secret": "sealed by make_directory()"},
                "EDBENCH": {"roles": ["viewer"], "algorithm": "ed25519",
                            "public_key": PUBLIC},
            },
            "permissions": {"read": ["GET", "HEAD"]},
            "resources": {"api": ["/api/*", "/api/devices/**"]},
            "roles": {"viewer": {"grants": [["read", "api"]]}},
        }
    },
}

POSTERN = "".join(
    f"load_module {BUILD}/ngx_http_{name}_module.so;\n"
    for name in ("postern", "sign", "mfa", "rbac", "audit"))

LUA = """load_module /usr/lib/nginx/modules/ndk_http_module.so;
load_module /usr/lib/nginx/modules/ngx_http_lua_module.so;
"""

# {work} and the like are filled in by config()
CORE = """    postern_zone 64m;
    postern_directory {work}/directory.json;
    postern_master_key {work}/master.key;
"""
REDIS = "    postern_redis redis://127.0.0.1:{redis_port}/0{redis_more};\n"
AUDIT = "    audit on;\n    audit_file {work}/audit.jsonl;\n"
ACCESS_LOG = """    log_format json escape=json '{{"time":"$time_iso8601","remote":'
        '"$remote_addr","method":"$request_method","target":"$request_uri",'
        '"host":"$http_host","status":$status,"in":$request_length,'
        '"out":$bytes_sent,"duration":$request_time,'
        '"agent":"$http_user_agent","referer":"$http_referer",'
        '"id":"$request_id","protocol":"$server_protocol"}}';
    access_log {work}/access.jsonl json buffer=64k;
"""
LUA_HTTP = """    lua_package_path "{bench}/lua/?.lua;;";
    init_by_lua_block {{ guard = require "guard" }}
"""
LUA_LOCATION = """set $redis_port {redis_port}; set $log_path {work}/lua.jsonl;
            access_by_lua_block {{ guard.access() }}
            log_by_lua_block {{ guard.log() }}"""
PDP = "    upstream pdp {{ server 127.0.0.1:{pdp_port}; keepalive 64; }}\n"

SIGN = "sign on;"
RBAC = "sign on; rbac on;"
MFA = "mfa on; mfa_require aal=1;"


@dataclasses.dataclass(frozen=True)
class Case:
    """One row: what is sent, what is loaded, and the configuration."""

    name: str
    sends: str = "hmac-sha256"  # what requests.py makes: see there
    load: str = ""
    http: str = ""
    location: str = ""
    status: int = 200
    goal: float | None = None   # µs added at most, DESIGN section 2

    @property
    def by_person(self):
        return self.sends in ("cookie", "session")

    @property
    def is_baseline(self):
        return self.name.startswith("bare")


BARE = Case("bare nginx", "none")
BARE_SIGNED = Case("bare nginx, signed requests")
BARE_COOKIE = Case("bare nginx, a cookie", "cookie")

UNUSED = Case("Postern loaded, unused", load=POSTERN)
OFF = Case("Postern configured, location off", load=POSTERN, http=CORE)
AUDITED = Case("audit", load=POSTERN, http=CORE + AUDIT, goal=2.0)
SIGNED = Case("sign HMAC, zone", load=POSTERN, http=CORE, location=SIGN)
DECIDED = Case("sign + rbac, zone", load=POSTERN, http=CORE, location=RBAC)
ALL = Case("sign + rbac + audit, zone", load=POSTERN, http=CORE + AUDIT,
           location=RBAC, goal=4.0)
ALL_REDIS = Case("sign + rbac + audit, Redis", load=POSTERN,
                 http=CORE + REDIS + AUDIT, location=RBAC, goal=7.0)
ED25519 = Case("sign Ed25519, zone", "ed25519", POSTERN, CORE, SIGN,
               goal=70.0)
SESSION = Case("mfa, session in the zone", "session", POSTERN, CORE, MFA,
               goal=1.5)
SESSION_REDIS = Case("mfa, session in Redis", "session", POSTERN,
                     CORE + REDIS, MFA, goal=1.5)
SESSION_ALL = Case("mfa + rbac + audit, zone", "session", POSTERN,
                   CORE + AUDIT, MFA + " rbac on;")
REFUSED = Case("refused: signature of another", "forged", POSTERN, CORE, SIGN,
               status=401)
LOGGED = Case("nginx access_log, JSON, buffered", http=ACCESS_LOG)
BY_LUA = Case("Lua: HMAC + Redis + role + JSON", load=LUA, http=LUA_HTTP,
              location=LUA_LOCATION)
SUBREQUEST = Case("auth_request, idle keep-alive server", http=PDP,
                  location="auth_request /.auth;")

# the table, in the order of its rows
TABLE = [BARE, BARE_SIGNED, UNUSED, OFF, AUDITED, SIGNED, DECIDED, ALL,
         ALL_REDIS, ED25519, LOGGED, BY_LUA, SUBREQUEST,
         BARE_COOKIE, SESSION, SESSION_REDIS, SESSION_ALL]


def baseline(case):
    """The case that a case is compared with: nginx that is sent the same."""
    return BARE_COOKIE if case.by_person else BARE_SIGNED


def config(case, place, server="", affinity="worker_cpu_affinity 01;",
           redis_more=""):
    """nginx.conf; server is put into the server block, redis_more behind the
    address of postern_redis."""
    extra = server
    if case is SUBREQUEST:
        extra += """
        location = /.auth {
            internal;
            proxy_pass http://pdp;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_pass_request_body off;
        }"""
    if case.sends == "session":
        extra += f"""
        mfa_enrol off;
        location {PAGES} {{ mfa_pages; }}"""

    def fill(text):
        return text.format(work=place.work, bench=BENCH,
                           redis_port=place.redis_port,
                           redis_more=redis_more,
                           pdp_port=place.pdp_port)

    return f"""{case.load}
worker_processes 1;
{affinity}
pid {place.work}/nginx.pid;
error_log {place.work}/error.log warn;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    keepalive_requests 100000000;
    client_body_temp_path {place.work}/tmp;
    proxy_temp_path {place.work}/tmp;
    fastcgi_temp_path {place.work}/tmp;
    scgi_temp_path {place.work}/tmp;
    uwsgi_temp_path {place.work}/tmp;
{fill(case.http)}
    server {{
        listen 127.0.0.1:{place.port};
        location /api/ {{
            {fill(case.location)}
            empty_gif;
        }}{extra}
    }}
}}
"""


def make_directory(place):
    """directory.json with one user beside the keys, and the master key."""
    key = place.work / "master.key"
    key.touch(0o600)
    key.write_text(postern("master-key"))
    directory = json.loads(json.dumps(DIRECTORY))
    org = directory["organizations"]["bench"]
    org["keys"]["AKBENCH"]["secret"] = postern(
        "seal", "--master-key", key, "--org", "bench", "--record",
        "keys/AKBENCH/secret", text=SECRET)
    org["users"] = {USER: {"roles": ["viewer"],
                           "password": postern("hash", text=PASSWORD)}}
    (place.work / "directory.json").write_text(json.dumps(directory))


def postern(*args, text=None):
    """What the program prints, given text to read."""
    return subprocess.run([BUILD / "postern", *args], input=text, text=True,
                          capture_output=True, check=True).stdout.strip()
