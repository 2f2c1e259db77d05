"""Readers that never stop asking while the warehouse publishes again and again.

    python benchmarks/readers.py --readers 20 --publications 50

Each reader is a process of its own that connects, reads, disconnects and connects again. What it reads is checked:
tables against the checksums inside the file, the amounts of core, summary and history against each other, and the
publication against the newest that had been announced before it connected. Printed: connections, refusals, torn reads,
stale reads, and the longest time that a reader waited for its connection. Exit code 1 if any reader was refused, saw a
torn file or an old one. Does not belong here: how fast a build is (the other benchmarks).
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import sys
import tempfile
import time
from decimal import Decimal
from multiprocessing.managers import SyncManager
from pathlib import Path
from typing import Any

import duckdb

from pipelines.ingest.deliveries import find_deliveries
from pipelines.nightly import accept_all
from pipelines.settings import Settings
from pipelines.warehouse.checksums import checksum_of
from pipelines.warehouse.connect import open_published
from pipelines.warehouse.lock import warehouse_lock
from pipelines.warehouse.publish import build_and_publish

TABLES_PER_READ = 4

BUDGET = """部门编码,部门名称,项目编码,项目名称,资金性质编码,年初预算数
101,测试一局,P1,甲项目,111,100000.00
"""
PAYMENTS = """支付凭证号,支付日期,部门编码,项目编码,资金性质编码,实际支付金额
V1,2024-03-01,101,P1,111,{amount}.00
"""


def read(database: Path, announced: Any, stop: Any, results: Any, seed: int) -> None:
    """Reads until ``stop`` is set, and appends what was found to ``results``."""
    os.nice(15)  # so many readers on one small machine would leave the publications no time to happen
    draw = random.Random(seed)
    found: dict[str, Any] = {"connections": 0, "refused": [], "torn": [], "stale": 0, "longest_wait": 0.0}
    seen = set()
    while not stop.is_set():
        expected = announced.value
        started = time.perf_counter()
        try:
            with open_published(database) as connection:
                found["longest_wait"] = max(found["longest_wait"], time.perf_counter() - started)
                number, torn = check(connection, draw)
        except duckdb.Error as error:
            found["refused"].append(str(error))
            continue
        found["connections"] += 1
        found["torn"] += torn
        found["stale"] += number < expected
        seen.add(number)
        time.sleep(0.02)
    results.append(found | {"seen": len(seen)})


def check(connection: duckdb.DuckDBPyConnection, draw: random.Random) -> tuple[int, list[str]]:
    """The number of the publication that the connection reads, and whatever in it does not fit together."""
    told = connection.execute("from quality.table_checksum").fetchall()
    torn = [
        f"{table}: checksum"
        for table, *expected in draw.sample(told, TABLES_PER_READ)
        if list(checksum_of(connection, table)) != expected
    ]
    number, *amounts = connection.execute(
        """
        select (select max(build_number) from history.publication),
            (select sum(executed_amount) from summary.department_execution),
            (select sum(paid_amount) from core.payment),
            (select sum(executed_amount) from history.department_execution
                where build_id = (select build_id from quality.build))"""
    ).fetchall()[0]
    if set(amounts) != {Decimal(number)}:
        torn.append(f"publication {number}: {amounts}")
    return number, torn


def publish(settings: Settings, amount: int) -> None:
    """Delivers a payment of ``amount`` yuan and publishes it."""
    (settings.raw / "440199/2024/支付.csv").write_text(PAYMENTS.format(amount=amount), encoding="utf-8")
    with warehouse_lock(settings.warehouse):
        accept_all(settings, find_deliveries(settings))
        publication = build_and_publish(settings)
    if publication.status != "published":
        raise RuntimeError(f"publication {amount} was not published: {publication}")


def measure(directory: Path, readers: int, publications: int, manager: SyncManager) -> dict[str, Any]:
    """Runs ``readers`` processes during ``publications`` publications in ``directory``."""
    settings = Settings(raw=directory / "raw", warehouse=directory / "warehouse")
    folder = settings.raw / "440199" / "2024"
    folder.mkdir(parents=True)
    (folder / "预算.csv").write_text(BUDGET, encoding="utf-8")
    publish(settings, 1)
    announced, stop, results = manager.Value("i", 1), manager.Event(), manager.list()
    processes = [
        multiprocessing.get_context("spawn").Process(target=read, args=(settings.database, announced, stop, results, n))
        for n in range(readers)
    ]
    started = time.perf_counter()
    for process in processes:
        process.start()
    for number in range(2, publications + 1):
        publish(settings, number)
        announced.value = number
    time.sleep(0.5)
    stop.set()
    for process in processes:
        process.join()
    found = list(results)
    return {
        "readers": readers,
        "publications": publications,
        "seconds": round(time.perf_counter() - started, 1),
        "readers_that_ended_well": sum(process.exitcode == 0 for process in processes),
        "connections": sum(one["connections"] for one in found),
        "refused": [message for one in found for message in one["refused"]],
        "torn": [message for one in found for message in one["torn"]],
        "stale": sum(one["stale"] for one in found),
        "publications_seen_by_a_reader": sorted({one["seen"] for one in found}),
        "longest_wait_for_a_connection_seconds": round(max(one["longest_wait"] for one in found), 3),
    }


def main() -> int:
    """Runs the measurement and prints it as JSON."""
    parser = argparse.ArgumentParser(description="Readers in a loop during publications; see the module's text.")
    parser.add_argument("--readers", type=int, default=20)
    parser.add_argument("--publications", type=int, default=50)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory, multiprocessing.Manager() as manager:
        measured = measure(Path(directory), options.readers, options.publications, manager)
    print(json.dumps(measured, ensure_ascii=False, indent=1))
    went_well = measured["readers_that_ended_well"] == options.readers
    return 0 if went_well and not (measured["refused"] or measured["torn"] or measured["stale"]) else 1


if __name__ == "__main__":
    sys.exit(main())
