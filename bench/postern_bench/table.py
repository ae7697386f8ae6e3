"""Figures as a text table and as JSON."""

import json
import os
import pathlib
import platform
import statistics
import subprocess

from . import cases


def summary(results):
    """Medians of the rounds; results: {Case: [Run, ...]}."""
    table = {}
    for case, runs in results.items():
        us = [r.us for r in runs]
        table[case.name] = {
            "us": round(statistics.median(us), 3),
            "spread": round(max(us) - min(us), 3),
            "rps": round(statistics.median(r.rps for r in runs)),
            "p50": statistics.median(r.p50 for r in runs),
            "p99": statistics.median(r.p99 for r in runs)}
    for case in results:
        row = table[case.name]
        base = cases.baseline(case)
        if base in results and not case.is_baseline:
            row["added"] = round(row["us"] - table[base.name]["us"], 3)
            if case.goal:
                row["goal"] = case.goal
    return table


def ratios(table):
    """What is promised against what people use today: of requests a second
    against auth_request, of added CPU against Lua."""
    ours, theirs = table.get(cases.ALL.name), table.get(cases.SUBREQUEST.name)
    found = {}
    if ours and theirs:
        found["requests/s against auth_request"] = {
            "now": round(ours["rps"] / theirs["rps"], 2), "at least": 1.8}
    ours, theirs = table.get(cases.ALL_REDIS.name), table.get(cases.BY_LUA.name)
    if ours and theirs:
        found["CPU added, Redis, against Lua"] = {
            "now": round(ours["added"] / theirs["added"], 2), "at most": 0.25}
    return found


def show(table):
    """The table of bench/README.md."""
    print(f"{'':38} {'µs/request':>10} {'added':>7} {'goal':>6} {'spread':>7}"
          f" {'requests/s':>11} {'p50 µs':>7} {'p99 µs':>7}")
    for name, row in table.items():
        added = f"{row['added']:+.2f}" if "added" in row else ""
        print(f"{name:38} {row['us']:10.2f} {added:>7}"
              f" {row.get('goal', ''):>6} {row['spread']:7.2f}"
              f" {row['rps']:11,} {row['p50']:7.0f} {row['p99']:7.0f}")
    for name, ratio in ratios(table).items():
        bound = next(k for k in ratio if k != "now")
        print(f"{name}: {ratio['now']} (goal: {bound} {ratio[bound]})")


def machine():
    """Where figures come from: those of two machines do not compare."""
    cpu = next((line.split(":", 1)[1].strip() for line in
                pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                if line.startswith("model name")), platform.machine())
    return {"cpu": cpu, "cores": os.cpu_count(),
            "kernel": platform.release().split("-")[0],
            "nginx": version(["nginx", "-v"]),
            "openssl": version(["openssl", "version"]),
            "redis": version(["redis-server", "--version"])}


def version(command):
    """The first thing in what a program says of itself that has a digit and a
    dot."""
    out = subprocess.run(command, capture_output=True, text=True)
    words = (out.stdout + out.stderr).replace("/", " ").replace("=", " ")
    return next((w for w in words.split() if w[0].isdigit() and "." in w), "")


def write_json(path, value):
    pathlib.Path(path).write_text(
        json.dumps(value, indent=1, ensure_ascii=False) + "\n")
