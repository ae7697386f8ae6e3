"""Instructions that a worker spends on a request before it refuses it."""

import dataclasses

from . import cases, counting
from .shapes import shapes

# location, what stands in it; nothing is let in anywhere
PLACES = {
    "bare": "return 401;",
    "sign": "sign on;",
    "mfa": "mfa on;",
    "rbac": "rbac on; empty_gif;",
    "audit": "audit on; return 401;",
}
PAGES = """
        mfa_enrol off;
        location /.postern/ { mfa_pages; }"""


def server():
    return PAGES + "".join(f"""
        location /{name}/ {{ {text} }}""" for name, text in PLACES.items())


def measure(place, only="", n=3):
    """Of each shape: its bytes, and of each location what was spent."""
    case = dataclasses.replace(
        cases.SIGNED, http=cases.CORE + cases.AUDIT.replace("audit on;", "")
        + "    postern_org bench;\n    large_client_header_buffers 4 8k;\n")
    wanted = [s for s in shapes() if only in s[0]]
    table, dumps = {}, []

    with counting.Counted(case, place, server()) as nginx:
        for name in PLACES:         # keys, scopes, what is made once
            for _, text in wanted[:2]:
                ask(place, text, name)
        for shape, text in wanted:
            table[shape] = {"bytes": len(text)}
            for name in PLACES:
                mark(place)
                status = [ask(place, text, name) for _ in range(n)][-1]
                mark(place)
                dumps.append((shape, name, status))
    for i, (shape, name, status) in enumerate(dumps):
        text = nginx.dump(2 * i + 2).read_text()
        spent = int(counting.SUMMARY.search(text)[1])
        table[shape][name] = {"instructions": round(spent / n),
                              "status": status}
    return table


def ask(place, text, name):
    """One request on a connection of its own; its status."""
    client = counting.Client(place.port)
    try:
        return client.ask(text.replace("%s", f"/{name}", 1).encode())
    finally:
        client.close()


def mark(place):
    client = counting.Client(place.port)
    counting.mark(client, place)
    client.close()


def show(table):
    print(f"{'instructions per request, refused':42} {'bytes':>7}"
          + "".join(f"{name:>16}" for name in PLACES))
    for shape, row in table.items():
        print(f"{shape:42} {row['bytes']:7,}" + "".join(
            f"{row[n]['instructions']:11,} {row[n]['status']:4}"
            for n in PLACES))
