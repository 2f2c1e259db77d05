"""Puts the exports of a province's districts together into one file that every reader of a warehouse can open.

Small tables are copied, large ones become views over the districts' Parquet files. A shard whose export did not change
is not read again: its rows stay in a copy of the last merge. The file takes the place of the last one by one rename,
so readers see the old province or the new.
Does not belong here: running shards (run), what earlier publications of a district said (its own warehouse).
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version as program_version
from pathlib import Path
from typing import Any

import duckdb

from pipelines.contracts.common import DISTRICT_CODE
from pipelines.contracts.model import Column, Kind
from pipelines.contracts.quality_tables import BUILD, RULE, TABLE_CHECKSUM, PublishedTable
from pipelines.contracts.reference_tables import CODE_LISTS, REFERENCE_TABLES
from pipelines.databases import read_only
from pipelines.province.shards import (
    Export,
    ProvinceError,
    ShardResult,
    export_directory,
    last_results,
    read_export,
    secret_fingerprint,
)
from pipelines.settings import Settings
from pipelines.warehouse.checksums import tables_that_differ, tables_with_column, write_checksums
from pipelines.warehouse.connect import NotPublishedError, open_published
from pipelines.warehouse.database import comment_text, create_table, existing_tables
from pipelines.warehouse.lock import warehouse_lock
from pipelines.warehouse.publish import DATABASE_SCHEMA_VERSION, FILE_MODE
from pipelines.warehouse.store import sync_directory
from pipelines.warehouse.template import attach, copy_template, detach
from pipelines.warehouse.working_memory import bound_memory, working_database

SHARD_BUILD = PublishedTable(
    "shard_build",
    "分区发布",
    "Which publication of each district's warehouse is in this province, and how that district's last run ended.",
    "本库所含各区的发布，及该区最近一次运行的结果。",
    (
        DISTRICT_CODE,
        Column("build_id", Kind.CODE, "发布编号", "Publication of the district's warehouse.", "该区数据库的发布编号。"),
        Column("shard_status", Kind.CODE, "运行结果", "How its last run ended.", "最近一次运行的结果。"),
        Column("shard_message", Kind.TEXT, "说明", "Why something was held back or failed.", "暂缓或失败的原因。"),
    ),
)
"""The one table that only a merged province has."""

_SHARD_TABLES = (f"quality.{BUILD.name}", f"quality.{TABLE_CHECKSUM.name}")
"""Tables of one file: each merge writes its own."""

_SHARED_TABLES = (
    f"quality.{RULE.name}",
    *(f"core.{table.name}" for table in (*REFERENCE_TABLES.values(), *CODE_LISTS)),
)
"""Tables that every district brings, whole or in part: equal rows are taken once."""


@dataclass(frozen=True, slots=True)
class Merge:
    """What a merge did: the build that is published, whether it is new, and the districts that are not as of now."""

    build_id: str
    is_new: bool
    behind: list[ShardResult]


def merge(settings: Settings) -> Merge:
    """Merges the newest export of every shard into the province's file; ``settings`` are the province's.

    A shard whose last run failed takes part with its last export and is told in ``Merge.behind``.

    Raises:
        ProvinceError: there is nothing to merge, an export is damaged, or program or secret of two shards differ.
        WarehouseLockedError: another merge is being written.
    """
    with warehouse_lock(settings.warehouse, wait_seconds=settings.lock_wait_seconds):
        results = last_results(settings)
        exports = _newest_exports(settings, results)
        _refuse_mixture(settings, exports)
        behind = [result for result in results if result.status in ("held_back", "nothing", "failed")]
        build_id = _build_id(exports, results)
        if _published(settings) == build_id:
            return Merge(build_id, is_new=False, behind=behind)
        workshop = settings.workshop
        shutil.rmtree(workshop, ignore_errors=True)
        workshop.mkdir(parents=True)
        try:
            target = workshop / settings.database.name
            _write(target, settings, exports, results, build_id)
            target.chmod(FILE_MODE)
            with target.open("rb") as file:
                os.fsync(file.fileno())
            target.replace(settings.database)
            sync_directory(settings.database.parent)
        finally:
            shutil.rmtree(workshop, ignore_errors=True)
    return Merge(build_id, is_new=True, behind=behind)


def _newest_exports(settings: Settings, results: Sequence[ShardResult]) -> list[Export]:
    """The export of each shard's last publication; of one whose last run failed, the newest that is there."""
    exports = []
    for result in results:
        build_id = result.build_id or _newest_build(export_directory(settings, result.district_code, "").parent)
        if build_id:
            exports.append(read_export(settings, result.district_code, build_id))
    if not exports:
        raise ProvinceError(
            f"{settings.warehouse / 'shards'}: no district has published anything yet. Run 'district-finance province "
            "run' first. 各区均未发布，请先运行 province run。"
        )
    return exports


def _newest_build(directory: Path) -> str | None:
    found = [path for path in (directory / "exports").glob("[!.]*") if path.is_dir()]
    return max(found, key=lambda path: path.name).name if found else None


def _refuse_mixture(settings: Settings, exports: Sequence[Export]) -> None:
    """What different programs, or different secrets, made cannot be compared across districts."""
    for what, what_zh, values in (
        ("program or SQL", "程序或 SQL", {export.district_code: export.made_by for export in exports}),
        ("hash_secret", "hash_secret", {export.district_code: export.secret for export in exports}),
    ):
        if len(set(values.values())) > 1:
            newest = max(exports, key=lambda export: export.build_id)
            reference = values[newest.district_code]
            others = ", ".join(sorted(code for code, value in values.items() if value != reference))
            raise ProvinceError(
                f"{what} of {others} is not that of {newest.district_code}; expected one for the whole province. Run "
                f"'district-finance province run' for them with this program and settings. "
                f"{others} 的{what_zh}与 {newest.district_code} 不同，请用同一程序与设置重新运行。"
            )
    if any(export.secret != secret_fingerprint(settings) for export in exports):
        raise ProvinceError(
            "hash_secret of the settings is not the one that the districts were run with; set that one. "
            "设置中的 hash_secret 与各区运行时所用不同，请改用同一密钥。"
        )


def _build_id(exports: Sequence[Export], results: Sequence[ShardResult]) -> str:
    facts = [[export.district_code, export.build_id, export.made_by] for export in exports]
    facts += [[result.district_code, result.status, result.message] for result in results]
    newest = max(export.build_id for export in exports).partition("-")[0]
    return f"{newest}-{hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:8]}"


def _published(settings: Settings) -> str | None:
    try:
        with open_published(settings.database) as connection:
            return str(connection.execute(f"select build_id from quality.{BUILD.name}").fetchall()[0][0])
    except (NotPublishedError, duckdb.Error, IndexError):
        return None


def _write(
    target: Path, settings: Settings, exports: Sequence[Export], results: Sequence[ShardResult], build_id: str
) -> None:
    started_at = datetime.now(UTC).replace(tzinfo=None)
    built = {one.district_code: one.build_id for one in exports}
    made_by = exports[0].made_by
    before = _made_of(settings)
    is_begun_from = before is not None and before["made_by"] == made_by
    if is_begun_from:
        shutil.copyfile(settings.database, target)
    else:
        copy_template(target, settings.template)
    unchanged = dict(before["districts"]) if before and is_begun_from else {}
    with working_database(settings) as connection:
        attach(connection, target)
        connection.begin()
        _fill(connection, settings, exports, unchanged)
        connection.execute(f"drop table if exists quality.{SHARD_BUILD.name}")
        comment = comment_text(SHARD_BUILD.label_zh, SHARD_BUILD.meaning_zh, SHARD_BUILD.meaning)
        create_table(connection, f"quality.{SHARD_BUILD.name}", comment, SHARD_BUILD.columns)
        connection.executemany(
            f"insert into quality.{SHARD_BUILD.name} values (?, ?, ?, ?)",
            [[one.district_code, built.get(one.district_code), one.status, one.message] for one in results],
        )
        is_whole = all(result.status in ("published", "unchanged") for result in results)
        for table in _SHARD_TABLES:
            connection.execute(f"delete from {table}")
        connection.execute(
            f"insert into quality.{BUILD.name} by name select $build as build_id, $started as started_at, "
            "$finished as finished_at, $build as inputs_hash, $inputs as inputs, $outcome as outcome, "
            "$program as program_version, $schema as schema_version",
            {
                "build": build_id,
                "started": started_at,
                "finished": datetime.now(UTC).replace(tzinfo=None),
                "inputs": json.dumps({"made_by": made_by, "districts": built}),
                "outcome": "published" if is_whole else "published_with_holds",
                "program": program_version("district-finance"),
                "schema": DATABASE_SCHEMA_VERSION,
            },
        )
        write_checksums(connection)
        connection.commit()
        detach(connection)
    with read_only(target) as connection:
        bound_memory(connection, settings)
        if differing := tables_that_differ(connection):
            raise ProvinceError(f"{target}: {', '.join(differing)} read back differently from what was written.")


def _made_of(settings: Settings) -> dict[str, Any] | None:
    """What the province that is published now was made of; None where there is none that can be begun from."""
    try:
        with open_published(settings.database) as connection:
            if tables_that_differ(connection):
                return None
            (told,) = connection.execute(f"select inputs from quality.{BUILD.name}").fetchall()[0]
        made_of: dict[str, Any] = json.loads(told)
    except (NotPublishedError, duckdb.Error, IndexError, ValueError):
        return None
    return made_of if {"made_by", "districts"} <= made_of.keys() else None


def _fill(
    connection: duckdb.DuckDBPyConnection, settings: Settings, exports: Sequence[Export], unchanged: Mapping[str, str]
) -> None:
    """Fills every table of the current catalog; it holds the districts' builds of ``unchanged`` already."""
    stays = [export for export in exports if unchanged.get(export.district_code) == export.build_id]
    new = [export for export in exports if export not in stays]
    gone = sorted(unchanged.keys() - {export.district_code for export in stays})
    tables = set(tables_with_column(connection, "district_code"))
    views = {name for name in existing_tables(connection) if name.startswith(("core.", "summary."))} - tables
    for table in sorted({table for export in exports for table in export.tables} - set(_SHARD_TABLES)):
        parts = [export for export in exports if table in export.tables]
        is_large = sum(export.tables[table][0] for export in parts) > settings.province_copied_rows
        if table in _SHARED_TABLES:
            connection.execute(f"delete from {table}")
            _insert(connection, settings, table, parts, "distinct *")
        elif table in views or (table in tables and is_large):
            _make_view(connection, table, [str(export.path(settings, table)) for export in parts])
        elif table in tables:
            connection.execute(f"delete from {table} where district_code in (select unnest(?::varchar[]))", [gone])
            _insert(connection, settings, table, [export for export in new if table in export.tables], "*")


def _insert(
    connection: duckdb.DuckDBPyConnection, settings: Settings, table: str, exports: Sequence[Export], what: str
) -> None:
    paths = [str(export.path(settings, table)) for export in exports]
    if paths:
        query = f"select {what} from read_parquet(?::varchar[], union_by_name = true)"
        connection.execute(f"insert into {table} by name {query}", [paths])


def _make_view(connection: duckdb.DuckDBPyConnection, table: str, paths: Sequence[str]) -> None:
    """Puts a view over the districts' files in the place of a table, with its comments."""
    schema, name = table.split(".")
    kind, comment = connection.execute(
        "select 'table', comment from duckdb_tables() where schema_name = $schema and table_name = $name"
        " and database_name = current_database() union all "
        "select 'view', comment from duckdb_views() where schema_name = $schema and view_name = $name"
        " and database_name = current_database()",
        {"schema": schema, "name": name},
    ).fetchall()[0]
    columns = connection.execute(
        "select column_name, comment from duckdb_columns() where schema_name = ? and table_name = ?"
        " and database_name = current_database() order by column_index",
        [schema, name],
    ).fetchall()
    listed = ", ".join(_text(path) for path in paths)
    names = ", ".join(column for column, _ in columns)
    connection.execute(f"drop {kind} {table}")
    connection.execute(f"create view {table} as select {names} from read_parquet([{listed}])")
    connection.execute(f"comment on view {table} is {_text(comment)}")
    for column, text in columns:
        connection.execute(f"comment on column {table}.{column} is {_text(text)}")


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
