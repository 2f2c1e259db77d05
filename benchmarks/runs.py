"""One run of each kind that the benchmark compares: the night in its phases or at once, the floor, a peer.

Every function works in an empty directory of its own and returns rows ready for JSON; a run whose result is not
exactly right raises ``AuditError``, and its time is lost. Does not belong here: how often and in which order (``run``).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.audit import audit_peer, audit_publication
from benchmarks.corpus import HISTORICAL, NO_OP, PHASES, RESTATEMENT, Corpus
from benchmarks.measure import run
from benchmarks.report import FLOOR, NIGHTLY

_LISTED_FINDINGS = 100_000
"""Of a rule: ten million payments break one more often than a night lists by itself, and the audit looks at each."""

Row = dict[str, Any]
"""What one run was and took: ``what`` and the fields of ``Cost``, for a night also those of ``night``."""

ROOT = Path(__file__).parent.parent
COMMAND = (sys.executable, "-c", "from pipelines.cli import run; run()")
"""``district-finance`` of this checkout: what the installed script does."""

PEERS = ("polars_pandera", "pandas_pandera", "dbt_duckdb", "dlt_duckdb")
WITH_DAGSTER = "nightly as a Dagster job"
WITH_DAGSTER_NO_OP = "no-op as a Dagster job"


class AuditError(Exception):
    """A run whose result is not exactly right; its time does not count."""


def passed(what: str, faults: Sequence[str]) -> None:
    """Raises ``AuditError`` if an audit found any fault."""
    if faults:
        raise AuditError(f"{what}: " + "; ".join(faults))


def database_of(directory: Path) -> Path:
    """The database that nights in ``directory`` publish."""
    return directory / "warehouse" / "district_finance.duckdb"


def night(directory: Path, *, accept: Sequence[int] = (0,), environment: Mapping[str, str] | None = None) -> Row:
    """One night over ``directory/raw`` into ``directory/warehouse``.

    Besides the cost: ``until_published`` (seconds until the new file was renamed into place; None: nothing new),
    ``startup`` (seconds until the first delivered file was opened), ``reading`` (seconds from then until the last file
    was read), ``reports`` (seconds after the publication), ``peaks`` (peak memory in MB until each stage).
    """
    told = directory / "night.json"
    environment = {"DISTRICT_FINANCE_FINDINGS_PER_RULE": str(_LISTED_FINDINGS)} | dict(environment or {})
    places = ("--raw", directory / "raw", "--warehouse", directory / "warehouse")
    command = (sys.executable, "-m", "benchmarks.night", told, "nightly", *places)
    cost = run(command, accept=accept, environment=environment)
    moments = json.loads(told.read_text())
    first_read, stages = moments["first_read"] - cost.started, moments["stages"]
    published = stages["renamed"] - cost.started if "renamed" in stages else None
    return {
        **asdict(cost),
        "startup": first_read,
        "reading": stages["file-read"] - cost.started - first_read if "file-read" in stages else None,
        "until_published": published,
        "reports": cost.wall - published if published else None,
        "peaks": moments["peaks"],
    }


def phases(corpus: Corpus, directory: Path) -> list[Row]:
    """The four phases, audited one by one; from the first publication on a reader asks again and again."""
    delivered: list[Path] = []
    rows: list[Row] = []
    reader: subprocess.Popen[bytes] | None = None
    seen = directory / "watch.json"
    try:
        for phase in PHASES:
            files = corpus.deliver(phase, directory / "raw")
            delivered += files
            size = sum(path.stat().st_size for path in files)
            rows.append({"what": phase, "delivered_mb": size / 1e6, **night(directory)})
            passed(f"{corpus.directory.name}, {phase}", _audit(corpus, delivered, phase, directory))
            if phase == HISTORICAL:
                watch = [sys.executable, "-m", "benchmarks.watch", database_of(directory), directory / "stop", seen]
                reader = subprocess.Popen(list(map(str, watch)), cwd=ROOT)
    finally:
        if reader:
            (directory / "stop").touch()
            reader.wait()
    for row in rows[1:]:
        row["reader"] = json.loads(seen.read_text())
    return rows


def at_once(corpus: Corpus, directory: Path) -> list[Row]:
    """Everything delivered at once, which is what the floor and the peers do."""
    delivered = [path for phase in PHASES for path in corpus.deliver(phase, directory / "raw")]
    row = {"what": NIGHTLY, **night(directory)}
    passed(f"{corpus.directory.name}, {NIGHTLY}", _audit(corpus, delivered, RESTATEMENT, directory))
    stored = sum(path.stat().st_size for path in (directory / "warehouse" / "accepted").rglob("*") if path.is_file())
    return [row | {"store_mb": stored / 1e6, "database_mb": database_of(directory).stat().st_size / 1e6}]


def with_dagster(corpus: Corpus, directory: Path) -> list[Row]:
    """Everything at once as a run of the Dagster job, on an instance on disk; then a run with nothing new."""
    delivered = [path for phase in PHASES for path in corpus.deliver(phase, directory / "raw")]
    home = directory / "dagster"
    home.mkdir()
    shutil.copy(ROOT / "deploy" / "dagster.yaml", home)
    environment = {
        "DAGSTER_HOME": str(home),
        "DISTRICT_FINANCE_RAW": str(directory / "raw"),
        "DISTRICT_FINANCE_WAREHOUSE": str(directory / "warehouse"),
    }
    rows = []
    for what, phase in ((WITH_DAGSTER, RESTATEMENT), (WITH_DAGSTER_NO_OP, NO_OP)):
        cost = run([sys.executable, "-m", "benchmarks.dagster_night"], environment=environment)
        passed(f"{corpus.directory.name}, {what}", _audit(corpus, delivered, phase, directory))
        rows.append({"what": what, **asdict(cost)})
    return rows


def _audit(corpus: Corpus, delivered: Sequence[Path], phase: str, directory: Path) -> list[str]:
    return audit_publication(corpus, delivered, phase, database_of(directory))


def floor(corpus: Corpus, directory: Path, *, clean: bool) -> list[Row]:
    """DuckDB alone on the plain files; audited where they are clean, since it judges no row."""
    database = directory / "floor.duckdb"
    options = ["--encoding", corpus.encoding, *([] if clean else ["--skip-errors"])]
    cost = run([sys.executable, "-m", "benchmarks.floor", corpus.plain, database, *options])
    if clean:
        passed(f"{corpus.directory.name}, {FLOOR}", audit_peer(corpus, database))
    return [{"what": FLOOR, **asdict(cost), "database_mb": database.stat().st_size / 1e6}]


def peer(name: str, python: Path, corpus: Corpus, directory: Path) -> list[Row]:
    """A peer on the plain files; its executed amounts of projects must be the true ones."""
    database = directory / f"{name}.duckdb"
    cost = run([python, ROOT / "benchmarks" / "peers" / f"{name}.py", corpus.plain, database])
    passed(f"{corpus.directory.name}, {name}", audit_peer(corpus, database))
    return [{"what": name.replace("_", " + "), **asdict(cost), "database_mb": database.stat().st_size / 1e6}]


def machine() -> Row:
    """What the figures were measured on."""
    model = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        "unknown processor",
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return {"processor": model, "cores": os.cpu_count(), "memory_gb": round(memory, 1), "load": os.getloadavg()}
