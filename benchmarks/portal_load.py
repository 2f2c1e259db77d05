"""Readers of the portal on loopback: how long pages take with twenty of them, also while publications happen.

    python benchmarks/portal_load.py --warehouse /srv/finance/warehouse --readers 20 --seconds 30

The portal runs as its command does, in a process of its own. Each reader is a thread that asks one page after the other
from a fixed mix, with a pause between. Printed as JSON: requests, median and 95th percentile of each kind of page in
milliseconds, answers other than 200, pages that name another publication than the newest at their time, and the
portal's largest memory. With ``--publish`` the warehouse's raw directory is published again and again meanwhile, with
one delivery changed each time. Does not belong here: the figures of a run (``docs/performance.md``).
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import re
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections import defaultdict
from pathlib import Path
from typing import Any
from urllib.parse import quote

import duckdb

_BUILD = re.compile(rb'data-build="([^"]+)"')


def addresses(database: Path) -> dict[str, list[str]]:
    """The pages that readers ask for, by kind."""
    with duckdb.connect(database, read_only=True) as connection:
        places = connection.execute("select distinct district_code, fiscal_year from quality.district_year").fetchall()
        items = connection.execute(
            "select district_code, fiscal_year, department_code, project_code from summary.project_execution"
            " where project_code is not null and department_code is not null using sample 200 (reservoir, 7)"
        ).fetchall()
    made: dict[str, list[str]] = {"front": ["/"], "district": [], "list": [], "project": [], "explain": [], "sql": []}
    for district, year in places:
        made["district"].append(f"/d/{district}/{year}")
        made["list"] += [f"/d/{district}/{year}/{name}" for name in ("departments", "projects?sort=-executed_amount")]
        made["list"].append(f"/d/{district}/{year}/warning?warning_level=red")
    for district, year, department, project in items:
        key = f"department_code={quote(department)}&project_code={quote(project)}"
        made["project"].append(f"/d/{district}/{year}/project?{key}")
        made["explain"].append(f"/d/{district}/{year}/explain?{key}&figure=execution_rate_pct")
    made["sql"].append(f"/sql?q={quote('from summary.department_execution')}")
    return made


def read(port: int, pages: dict[str, list[str]], seed: int, stop: threading.Event, found: dict[str, Any]) -> None:
    """Asks until ``stop`` is set, and adds what was found."""
    draw = random.Random(seed)
    kinds = [*["front"] * 3, *["district"] * 3, *["list"] * 6, *["project"] * 3, "explain", "sql"]
    while not stop.is_set():
        kind = draw.choice(kinds)
        started = time.perf_counter()
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            connection.request("GET", draw.choice(pages[kind]))
            answer = connection.getresponse()
            body = answer.read()
            connection.close()
        except OSError as error:
            found["refused"].append(str(error))
            continue
        found["times"][kind].append(1000 * (time.perf_counter() - started))
        found["builds"].update(build.decode() for build in set(_BUILD.findall(body)))
        if answer.status != 200:
            found["wrong"].append(f"{answer.status} {kind}")
        elif len(set(_BUILD.findall(body))) != 1:
            found["wrong"].append(f"{kind}: not one publication")
        time.sleep(draw.uniform(0.2, 1.0))


def publish_until(stop: threading.Event, program: Path, raw: Path, warehouse: Path) -> int:
    """Publishes with one small delivery changed each time; returns how often."""
    folder = raw / "440199" / "2024"
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    while not stop.is_set():
        count += 1
        text = f"部门编码,部门名称,项目编码,项目名称,资金性质编码,年初预算数\n101,测试一局,P1,甲项目,111,{count}.00\n"
        (folder / "预算.csv").write_text(text, encoding="utf-8")
        subprocess.run(
            [program, "nightly", "--raw", raw, "--warehouse", warehouse], check=True, stdout=subprocess.DEVNULL
        )
    return count


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Runs the portal, the readers, and where asked the publications."""
    program = Path(sys.executable).parent / "district-finance"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    serving = subprocess.Popen(
        [program, "serve", "--warehouse", options.warehouse, "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _await(port)
        pages = addresses(options.warehouse / "district_finance.duckdb")
        found: dict[str, Any] = {"times": defaultdict(list), "refused": [], "wrong": [], "builds": set()}
        stop = threading.Event()
        readers = [
            threading.Thread(target=read, args=(port, pages, number, stop, found)) for number in range(options.readers)
        ]
        for reader in readers:
            reader.start()
        published: list[int] = []
        publishing = threading.Thread(
            target=lambda: published.append(publish_until(stop, program, options.publish, options.warehouse))
        )
        if options.publish:
            publishing.start()
        time.sleep(options.seconds)
        stop.set()
        for thread in [*readers, *([publishing] if options.publish else [])]:
            thread.join()
        status = Path(f"/proc/{serving.pid}/status").read_text()
        peak = int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) // 1024
    finally:
        serving.terminate()
        serving.wait()
    return {
        "readers": options.readers,
        "seconds": options.seconds,
        "processors": os.cpu_count(),
        "requests": sum(map(len, found["times"].values())),
        "milliseconds": {
            kind: {
                "median": round(statistics.median(times)),
                "95th percentile": round(statistics.quantiles(times, n=20)[-1]) if len(times) > 1 else round(times[0]),
                "requests": len(times),
            }
            for kind, times in sorted(found["times"].items())
        },
        "publications": published[0] if published else 0,
        "publications_seen": len(found["builds"]),
        "refused": found["refused"],
        "wrong": found["wrong"],
        "largest_memory_mb": peak,
    }


def _await(port: int) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            connection.request("GET", "/health")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError("the portal did not start")


def main() -> int:
    """Runs the measurement and prints it as JSON; exit code 1 if a reader was refused or saw a wrong page."""
    parser = argparse.ArgumentParser(description="Readers of the portal; see the module's text.")
    parser.add_argument("--warehouse", type=Path, required=True)
    parser.add_argument("--readers", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--publish", type=Path, metavar="RAW", help="raw directory to publish from meanwhile")
    options = parser.parse_args()
    measured = measure(options)
    print(json.dumps(measured, ensure_ascii=False, indent=1))
    return 1 if measured["refused"] or measured["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
