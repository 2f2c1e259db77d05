"""Runs the nights of a province's districts, each in its own warehouse, and exports what they publish.

``run_shard`` is one idempotent function of plain arguments: a process pool, a Spark executor and a batch system all
call just it. Does not belong here: what a night does (nightly), putting the exports together (merge).
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict
from multiprocessing import get_context

from pipelines.ledger.codec import StoreError
from pipelines.nightly import FAILED, SOMETHING_HELD_BACK, Night, run_night
from pipelines.province.session import spark_session
from pipelines.province.shards import (
    EXPORT_RECORD,
    Export,
    ProvinceError,
    ShardResult,
    ShardStatus,
    export_directory,
    record_result,
    secret_fingerprint,
    shard_settings,
)
from pipelines.settings import Settings
from pipelines.warehouse.connect import open_published
from pipelines.warehouse.incremental import program_fingerprint
from pipelines.warehouse.lock import WarehouseLockedError
from pipelines.warehouse.publish import BuildError
from pipelines.warehouse.store import new_directory

EXPORTED_SCHEMAS = ("core", "quality", "summary")
"""Schemas whose tables are exported; what earlier publications said stays with the shard."""

EXPORTS_KEPT = 2
"""Exports of a shard that stay: the newest, and the one that readers of the last merge may still have open."""

_RETRIES = 2


def run_shard(settings: Settings, district_code: str) -> ShardResult:
    """Runs the night of one district and exports its publication; ``settings`` are the province's.

    What fails is a result, never an exception, so that one district stops no other.
    """
    try:
        own = shard_settings(settings, district_code)
        night = run_night(own)
        build_id = night.publication.build_id if night.publication.status in ("published", "unchanged") else None
        if build_id:
            _export(settings, own, district_code, build_id)
        result = ShardResult(district_code, _status(night), night.exit_code, build_id, _why(night))
    except (WarehouseLockedError, StoreError, BuildError, ProvinceError, OSError) as error:
        result = ShardResult(district_code, "failed", FAILED, message=str(error))
    record_result(settings, result)
    return result


def _status(night: Night) -> ShardStatus:
    if night.exit_code == FAILED or night.publication.status in ("nothing", "held_back"):
        return "nothing"
    if night.exit_code == SOMETHING_HELD_BACK:
        return "held_back"
    return "published" if night.publication.status == "published" else "unchanged"


def _why(night: Night) -> str:
    held = [f"{entry.district_code}/{entry.fiscal_year}" for entry in night.acceptances if entry.status == "held_back"]
    return "; ".join([*night.problems, *night.publication.problems, *held])


def _export(settings: Settings, own: Settings, district_code: str, build_id: str) -> None:
    """Writes every published table as Parquet, whole or not at all; the same build is exported once."""
    directory = export_directory(settings, district_code, build_id)
    if (directory / EXPORT_RECORD).exists():
        return
    tables: dict[str, tuple[int, str]] = {}
    with new_directory(directory) as target, open_published(own.database) as connection:
        found = connection.execute(
            "select schema_name || '.' || table_name from duckdb_tables() where schema_name in (select unnest(?)) "
            "order by all",
            [list(EXPORTED_SCHEMAS)],
        ).fetchall()
        for (table,) in found:
            path = target / f"{table}.parquet"
            connection.sql(f"from {table}").write_parquet(str(path))
            (rows,) = connection.execute(f"select count(*) from {table}").fetchall()[0]
            with path.open("rb") as file:
                tables[table] = (rows, hashlib.file_digest(file, "sha256").hexdigest())
        export = Export(district_code, build_id, program_fingerprint(), secret_fingerprint(settings), tables)
        (target / EXPORT_RECORD).write_text(json.dumps(asdict(export), indent=1), encoding="utf-8")
    exports = sorted(directory.parent.glob("[!.]*"), key=lambda path: path.stat().st_mtime)
    for older in exports[:-EXPORTS_KEPT]:
        shutil.rmtree(older)


# Runners ---------------------------------------------------------------------------------------------------------


def run_local(
    settings: Settings, districts: Sequence[str], *, processes: int, report: Callable[[ShardResult], None]
) -> list[ShardResult]:
    """Runs every shard on this machine, ``processes`` at a time; ``report`` hears of each as soon as it has ended.

    A worker that dies (killed, out of memory) costs its shard one of a few more tries, and nobody else anything.
    """
    results: dict[str, ShardResult] = {}
    waiting = list(districts)
    for attempt in range(_RETRIES + 1):
        with ProcessPoolExecutor(processes, mp_context=get_context("spawn"), max_tasks_per_child=1) as pool:
            futures = {pool.submit(run_shard, settings, code): code for code in waiting}
            for future in as_completed(futures):
                code = futures[future]
                try:
                    results[code] = future.result()
                except Exception as error:  # the pool is broken: what it had not begun is tried again
                    results[code] = ShardResult(code, "failed", FAILED, message=f"the worker died: {error}")
                    if attempt < _RETRIES:
                        continue
                    record_result(settings, results[code])
                report(results[code])
        waiting = [code for code in waiting if results[code].message.startswith("the worker died")]
        if not waiting:
            break
    return [results[code] for code in districts]


def run_on_spark(
    settings: Settings, districts: Sequence[str], *, master: str, report: Callable[[ShardResult], None]
) -> list[ShardResult]:
    """Runs every shard as one task of a Spark cluster that sees the same directories; ``master`` as Spark names it.

    Raises:
        ProvinceError: pyspark or Java is missing, or a task was lost as often as Spark tries one.
    """
    session = spark_session(master)
    from py4j.protocol import Py4JError  # noqa: PLC0415 - of the extra, which is there if there is a session

    try:
        tasks = session.sparkContext.parallelize(list(districts), max(len(districts), 1))
        results: list[ShardResult] = tasks.map(lambda code: run_shard(settings, code)).collect()
    except Py4JError as error:
        raise ProvinceError(
            f"The cluster lost a district's task as often as it tries one: {str(error).splitlines()[0]} Districts that "
            "ended keep their results; run again. 集群多次丢失任务；已完成的区保留结果，请再次运行。"
        ) from error
    finally:
        session.stop()
    for result in results:
        report(result)
    return results


def commands_to_print(settings: Settings, districts: Sequence[str]) -> Iterator[str]:
    """One command a line for another scheduler (Slurm, ssh, Kubernetes): each runs one shard, and may be run again."""
    for code in districts:
        words = ["district-finance", "province", "run", "--runner", "local", "--district", code]
        words += ["--raw", str(settings.raw.resolve()), "--warehouse", str(settings.warehouse.resolve())]
        yield shlex.join(words)


def processes_by_default() -> int:
    """Shards that run at a time on this machine: one night keeps about two cores busy."""
    return max(1, (os.cpu_count() or 2) // 2)
