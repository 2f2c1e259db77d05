"""Fills the schemas ``core`` and ``quality`` of a database from the accepted store.

The same code serves the published file and a scratch database in which one district-year's rules are asked.
Does not belong here: deriving figures (sql/), deciding anything (warehouse.accept, warehouse.publish).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.contracts.arrow_types import ARROW_TYPES
from pipelines.contracts.datasets import DATASETS
from pipelines.contracts.model import Dataset
from pipelines.contracts.quality_tables import (
    DELIVERED_DATASET,
    DELIVERED_LINE,
    DISTRICT_YEAR,
    DUPLICATE_ROW,
    FINDING,
    REJECTED_ROW,
    RELEASE,
    SOURCE_FILE,
    SOURCE_FILE_MONEY,
    PublishedTable,
)
from pipelines.ledger.codec import DamagedStoreError
from pipelines.ledger.records import FACTS, FileRecord, FileState, LineOutcome, Manifest, TableRecord
from pipelines.warehouse.completion import completed, has_lost_zeros
from pipelines.warehouse.database import run_sql
from pipelines.warehouse.derived import load_derived
from pipelines.warehouse.reference import load_reference_tables
from pipelines.warehouse.stages import Stage, reached
from pipelines.warehouse.store import DistrictYearStore, read_manifest
from pipelines.warehouse.unreadable import OWNER, has_unreadable_amount


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt of a district-year, accepted (``version``) or held back (None): where it lies and its manifest."""

    store: DistrictYearStore
    directory: Path
    manifest: Manifest

    @property
    def version(self) -> int | None:
        """The accepted version's number, or None for an attempt that was held back."""
        return self.manifest.version

    def files(self) -> Iterator[tuple[Path, FileRecord]]:
        """The directory in the store and the record of each file that was delivered."""
        for record in self.manifest.present():
            yield self.store.files / record.directory, record

    @property
    def excluded(self) -> Path:
        """The Parquet file of the rows that were read and valid but do not count (``EXCLUDED_SCHEMA``)."""
        return self.directory / "excluded.parquet"

    def findings(self) -> pa.Table:
        """What the rules found."""
        return pq.read_table(self.directory / "findings.parquet")


def accepted_attempt(store: DistrictYearStore) -> Attempt | None:
    """The accepted version that counts, or None before the first."""
    version = store.current
    if version is None:
        return None
    directory = store.versions / str(version)
    return Attempt(store, directory, read_manifest(directory))


def held_attempt(store: DistrictYearStore) -> Attempt | None:
    """The attempt that is held back, or None."""
    manifest = store.held_manifest()
    return Attempt(store, store.held, manifest) if manifest else None


def held_if_whole(store: DistrictYearStore) -> Attempt | None:
    """As ``held_attempt``; None also where its record is damaged."""
    try:
        return held_attempt(store)
    except DamagedStoreError:
        return None


def load_tables(
    connection: duckdb.DuckDBPyConnection, accepted: Path, attempts: list[Attempt], held: list[Attempt]
) -> None:
    """Fills every table of the connection's current catalog (``warehouse.template``): core, quality but the build,
    summary."""
    load_reference_tables(connection, accepted)
    load_core(connection, attempts)
    load_quality(connection, attempts, held)
    derived = load_derived(connection, [(attempt.directory, attempt.manifest) for attempt in attempts])
    reached(Stage.CORE_LOADED)
    run_sql(connection, "core", "summary", made=derived)
    reached(Stage.SUMMARIES_MADE)


def load_core(connection: duckdb.DuckDBPyConnection, attempts: Iterable[Attempt]) -> None:
    """Fills the tables ``core.<dataset>`` (which must exist) with the rows that count."""
    paths: dict[str, list[str]] = {}
    excluded: list[str] = []
    for attempt in attempts:
        excluded.append(str(attempt.excluded))
        for directory, _ in attempt.files():
            for name in DATASETS:
                if (path := directory / f"{name}.parquet").exists():
                    paths.setdefault(name, []).append(str(path))
    if not excluded:
        return
    # Read from its files whenever it is asked for: of a restated year it may be as large as the year.
    gone = connection.read_parquet(excluded)
    connection.register("excluded_row", gone)
    datasets_with_excluded = {name for (name,) in gone.project("dataset").distinct().fetchall()}
    for name in loading_order(paths):
        known = {column.name for column in DATASETS[name].stored_columns}
        written = [known.intersection(pq.read_schema(path).names) for path in paths[name]]
        kept = None if all(columns == known for columns in written) else set().union(*written)
        query = rows_that_count(
            DATASETS[name],
            kept,
            has_excluded=name in datasets_with_excluded,
            zeros=has_lost_zeros(connection, DATASETS[name], paths[name]),
        )
        connection.execute(f"insert into core.{name} by name {query}", {"paths": paths[name]})
    connection.unregister("excluded_row")


def rows_that_count(
    dataset: Dataset, kept: Collection[str] | None = None, *, has_excluded: bool, zeros: bool = False
) -> str:
    """The query over ``$paths`` (Parquet files of the store) that yields what counts.

    ``kept`` are the columns that some of those files have (None: each has all of the contract's): what an earlier
    contract did not know is NULL. ``has_excluded``: some rows of the dataset do not, and stand in ``excluded_row``.
    ``zeros``: as for ``completion.completed``.
    """
    columns = [column.name for column in dataset.stored_columns]
    stored = {name: f"part.{name}" if kept is None or name in kept else "null" for name in columns}
    stored |= {name: f"part.{name}" for name in ("source_file_id", "source_sheet", "source_line")}
    values, joins = completed(dataset, stored, zeros=zeros)
    differ = "" if kept is None else ", union_by_name = true"
    if has_excluded:
        joins = f"""
        anti join (
            select source_file_id, file_row_number from excluded_row where dataset = '{dataset.name}'
        ) as excluded
            on part.source_file_id = excluded.source_file_id and part.file_row_number = excluded.file_row_number
        {joins}"""
    return f"""
        select {", ".join(f"{value} as {name}" for name, value in values.items())}
        from read_parquet($paths::varchar[], file_row_number = true{differ}) as part
        {joins}
    """


def loading_order(names: Iterable[str]) -> list[str]:
    """Datasets in an order in which what completes others comes first: departments, and adjustments last."""
    return sorted(names, key=lambda name: (name != "department", DATASETS[name].transfer is not None, name))


def load_quality(connection: duckdb.DuckDBPyConnection, attempts: list[Attempt], held: list[Attempt]) -> None:
    """Fills schema ``quality`` (whose tables must exist) from accepted and held-back attempts, the build left out.

    Files of a held-back attempt that are part of the accepted version too are told once, as accepted.
    """
    counted = {record.source_file_id for attempt in attempts for _, record in attempt.files()}
    told = [(attempt, record) for attempt in attempts for record in attempt.manifest.files]
    told += [
        (attempt, record) for attempt in held for _, record in attempt.files() if record.source_file_id not in counted
    ]
    insert_rows(connection, SOURCE_FILE, [row for each in told for row in _source_files(*each)])
    insert_rows(connection, SOURCE_FILE_MONEY, [row for each in told for row in _source_file_money(*each)])
    insert_rows(connection, DELIVERED_LINE, [row for each in told for row in _delivered_lines(*each)])
    insert_rows(connection, DELIVERED_DATASET, list(_delivered(attempts)))
    insert_rows(connection, DISTRICT_YEAR, list(_district_years(attempts, held)))
    insert_rows(connection, RELEASE, list(_releases(attempts)))
    if found := [attempt.findings() for attempt in (*attempts, *held)]:
        # What an earlier program did not know yet is NULL.
        connection.register("found", pa.concat_tables(found, promote_options="default"))
        connection.execute(f"insert into quality.{FINDING.name} by name select * from found")
        connection.unregister("found")
    for attempt in (*attempts, *held):
        _load_rejected(connection, attempt, skip=counted if attempt.version is None else set())
    for attempt in attempts:
        if pq.read_metadata(attempt.excluded).num_rows:
            _load_duplicates(connection, attempt)


def _source_files(attempt: Attempt, file: FileRecord) -> Iterator[dict[str, Any]]:
    facts = _place(attempt, file) | {
        "source_path": file.relative_path,
        "source_sha256": file.sha256,
        "source_bytes": file.bytes,
        "file_state": file.state,
    }
    if refusal := file.refusal:
        yield facts | {
            "source_sheet": refusal.sheet,
            "file_outcome": "refused" if file.state is FileState.REFUSED else "held_back",
            "outcome_reason": refusal.message,
            "outcome_reason_zh": refusal.message_zh,
        }
    if file.state is FileState.WITHDRAWN:
        yield facts | {"file_outcome": "withdrawn"}
    for sheet in file.skipped:
        yield facts | {
            "source_sheet": sheet.sheet,
            "file_outcome": "skipped",
            "outcome_reason": sheet.reason,
            "outcome_reason_zh": sheet.reason_zh,
        }
    for table in file.tables:
        money = [_conserved_money(table, name) for name in DATASETS[table.dataset].amount_columns]
        yield facts | {
            "source_sheet": table.sheet,
            "source_table": table.number,
            "dataset": table.dataset,
            "file_outcome": "held_back" if attempt.version is None else "accepted",
            "header_line": table.header_line,
            "unit_factor": table.unit_factor,
            "encoding": table.encoding,
            "recognised_headers": json.dumps(dict(table.headers), ensure_ascii=False),
            "rows_read": table.count(*FACTS, LineOutcome.TOTAL),
            "rows_accepted": table.count(LineOutcome.ACCEPTED),
            "rows_rejected": table.count(LineOutcome.REJECTED),
            "rows_duplicate": table.count(*_REPEATED),
            "rows_superseded": table.count(LineOutcome.SUPERSEDED),
            "rows_subtotal": table.count(LineOutcome.TOTAL),
            **{name: sum((column[name] for column in money), Decimal("0.00")) for name in _MONEY},
        }


def _source_file_money(attempt: Attempt, file: FileRecord) -> Iterator[dict[str, Any]]:
    for table in file.tables:
        for name in DATASETS[table.dataset].amount_columns:
            yield _table_place(attempt, file, table) | {"amount_column": name} | _conserved_money(table, name)


_REPEATED = (LineOutcome.DUPLICATE, LineOutcome.SUPERSEDED)
_MONEY = {
    "money_read": tuple(FACTS),
    "money_accepted": (LineOutcome.ACCEPTED,),
    "money_rejected": (LineOutcome.REJECTED,),
    "money_duplicate": _REPEATED,
}
"""Which lines each money column of ``source_file`` and ``source_file_money`` sums."""


def _conserved_money(table: TableRecord, column: str) -> dict[str, Decimal]:
    return {name: table.money(column, *outcomes) for name, outcomes in _MONEY.items()}


def _delivered_lines(attempt: Attempt, file: FileRecord) -> Iterator[dict[str, Any]]:
    for table in file.tables:
        for entry in table.lines:
            if entry.lines:
                yield _table_place(attempt, file, table) | {
                    "line_outcome": entry.outcome,
                    "line_outcome_reason": entry.reason or None,
                    "line_count": entry.lines,
                    "unreadable_line_count": entry.unreadable_lines,
                    "money": sum(entry.money.values(), Decimal("0.00")),
                }


def _place(attempt: Attempt, file: FileRecord) -> dict[str, Any]:
    return {
        "district_code": attempt.store.district_code,
        "fiscal_year": attempt.store.fiscal_year,
        "source_file_id": file.source_file_id,
    }


def _table_place(attempt: Attempt, file: FileRecord, table: TableRecord) -> dict[str, Any]:
    return _place(attempt, file) | {
        "source_sheet": table.sheet,
        "source_table": table.number,
        "dataset": table.dataset,
    }


def _delivered(attempts: list[Attempt]) -> Iterator[dict[str, Any]]:
    for attempt in attempts:
        for dataset in attempt.manifest.datasets:
            yield {
                "district_code": attempt.store.district_code,
                "fiscal_year": attempt.store.fiscal_year,
                "dataset": dataset,
            }


def _district_years(attempts: list[Attempt], held: list[Attempt]) -> Iterator[dict[str, Any]]:
    held_at = {_key(attempt): _time(attempt.manifest.created_at) for attempt in held}
    accepted = {_key(attempt): attempt for attempt in attempts}
    for district_code, fiscal_year in sorted({*held_at, *accepted}):
        attempt = accepted.get((district_code, fiscal_year))
        yield {
            "district_code": district_code,
            "fiscal_year": fiscal_year,
            "accepted_version": attempt.version if attempt else None,
            "accepted_at": _time(attempt.manifest.created_at) if attempt else None,
            "is_held_back": (district_code, fiscal_year) in held_at,
            "held_back_at": held_at.get((district_code, fiscal_year)),
        }


def _releases(attempts: list[Attempt]) -> Iterator[dict[str, Any]]:
    for attempt in attempts:
        if release := attempt.manifest.release:
            yield {
                "district_code": attempt.store.district_code,
                "fiscal_year": attempt.store.fiscal_year,
                "accepted_version": attempt.version,
                "released_at": _time(release.released_at),
                "released_by": release.released_by,
                "release_reason": release.reason,
                "released_rule_ids": "; ".join(release.rule_ids),
                "left_out_files": "; ".join(release.left_out),
            }


def _key(attempt: Attempt) -> tuple[str, int]:
    return attempt.store.district_code, attempt.store.fiscal_year


def _time(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)


def _load_rejected(connection: duckdb.DuckDBPyConnection, attempt: Attempt, skip: set[str]) -> None:
    """Rejected rows of every file, and rows that the comparison between rows set aside."""
    rejected = pq.read_table(attempt.excluded, filters=[("outcome", "=", "rejected")])
    # Of most files no row was, and to ask each for its own costs as much as to make a summary.
    set_aside = set(zip(rejected["dataset"].to_pylist(), rejected["source_file_id"].to_pylist(), strict=True))
    connection.register("excluded_row", rejected)
    for directory, record in attempt.files():
        if record.source_file_id in skip:
            continue
        for name, dataset in DATASETS.items():
            names = {column.name for column in dataset.stored_columns}
            who = ", ".join(
                f"part.{column}" if column in names else f"null as {column}" for column in (*OWNER, "fund_type_code")
            )
            money = " + ".join(f"coalesce(part.{column}, 0)" for column in dataset.amount_columns) or "0"
            common = f"""
                '{attempt.store.district_code}' as district_code, {attempt.store.fiscal_year} as fiscal_year,
                '{name}' as dataset, part.source_file_id, part.source_sheet, part.source_line, {who},
                {money} as money"""
            if (path := directory / f"{name}.rejected.parquet").exists():
                connection.execute(
                    f"""insert into quality.{REJECTED_ROW.name} by name select {common},
                        array_to_string(rule_ids, '; ') as rule_ids, array_to_string(columns, '; ') as columns,
                        array_to_string(messages, '; ') as messages, array_to_string(messages_zh, '；') as messages_zh,
                        row_text, {has_unreadable_amount(dataset)} as has_unreadable_amount
                    from read_parquet($path) as part""",
                    {"path": str(path)},
                )
            if (name, record.source_file_id) in set_aside:
                connection.execute(
                    f"""insert into quality.{REJECTED_ROW.name} by name select {common},
                        excluded.rule_id as rule_ids, '' as columns, excluded.message as messages,
                        excluded.message_zh as messages_zh, to_json(part)::varchar as row_text,
                        false as has_unreadable_amount
                    from (
                        select columns(lambda name: not ends_with(name, '_digest'))
                        from read_parquet($path, file_row_number = true)
                    ) as part
                    join excluded_row as excluded on excluded.dataset = '{name}'
                        and part.source_file_id = excluded.source_file_id
                        and part.file_row_number = excluded.file_row_number""",
                    {"path": str(directory / f"{name}.parquet")},
                )
    connection.unregister("excluded_row")


def _load_duplicates(connection: duckdb.DuckDBPyConnection, attempt: Attempt) -> None:
    connection.execute(
        f"""insert into quality.{DUPLICATE_ROW.name} by name
        select $district as district_code, $year as fiscal_year, dataset, source_file_id, source_sheet, source_line,
            case rule_id when 'withdrawn-by-later-delivery' then 'withdrawn'
                when 'reclassified-by-later-delivery' then 'reclassified' else outcome end as duplicate_kind,
            kept_source_file_id, kept_source_sheet, kept_source_line, money, kept_money,
            kept_money - money as money_difference
        from read_parquet($path) where outcome <> 'rejected'""",
        {
            "district": attempt.store.district_code,
            "year": attempt.store.fiscal_year,
            "path": str(attempt.excluded),
        },
    )


def insert_rows(connection: duckdb.DuckDBPyConnection, table: PublishedTable, rows: list[dict[str, Any]]) -> None:
    """Appends rows to a table of schema ``quality``; a column that a row lacks is NULL."""
    schema = pa.schema([(column.name, ARROW_TYPES[column.kind]) for column in table.columns])
    connection.register("new_row", pa.Table.from_pylist(rows, schema=schema))
    connection.execute(f"insert into quality.{table.name} by name select * from new_row")
    connection.unregister("new_row")


def conservation_failures(connection: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """Files whose rows or money in ``core`` are not those that ``quality.delivered_line`` says were accepted.

    This closes the chain: reading was proved against the store, the store is proved here against the tables that
    analysts query.
    """
    failures = []
    for name, dataset in DATASETS.items():
        amounts = dataset.amount_columns
        sums = "".join(f", sum({column}) as {column}" for column in amounts)
        columns = "".join(
            f", sum(money_accepted) filter (where amount_column = '{column}') as {column}" for column in amounts
        )
        compared = ("rows", *amounts)
        pairs = ", ".join(f"coalesce(stored.{what}, 0), coalesce(told.{what}, 0)" for what in compared)
        differs = " or ".join(f"coalesce(stored.{what}, 0) <> coalesce(told.{what}, 0)" for what in compared)
        for district_code, fiscal_year, *values in connection.execute(
            f"""
            with stored as (
                select district_code, fiscal_year, source_file_id, count(*) as rows{sums} from core.{name}
                group by district_code, fiscal_year, source_file_id
            ),
            accepted as (
                select distinct source_file_id from quality.source_file where file_outcome = 'accepted'
            ),
            lines as (
                select district_code, fiscal_year, source_file_id, sum(line_count) as rows
                from quality.delivered_line semi join accepted using (source_file_id)
                where dataset = $dataset and line_outcome = 'accepted'
                group by district_code, fiscal_year, source_file_id
            ),
            money as (
                select source_file_id{columns} from quality.source_file_money
                where dataset = $dataset group by source_file_id
            ),
            told as (from lines left join money using (source_file_id))
            select district_code, fiscal_year, {pairs}
            from stored full join told using (district_code, fiscal_year, source_file_id)
            where {differs} order by district_code, fiscal_year, source_file_id""",
            {"dataset": name},
        ).fetchall():
            for what, found, expected in zip(compared, values[::2], values[1::2], strict=True):
                if found != expected:
                    subject = f"{name}: rows" if what == "rows" else f"{name}.{what}"
                    failures.append(_failure(district_code, fiscal_year, subject, found, expected))
    return failures


def _failure(district_code: str, fiscal_year: int, what: str, found: object, expected: object) -> dict[str, Any]:
    return {
        "district_code": district_code,
        "fiscal_year": fiscal_year,
        "what": what,
        "found": found,
        "expected": expected,
    }


def inputs_json(attempts: Iterable[Attempt]) -> str:
    """The accepted versions of a build: district-year → version, as JSON."""
    return json.dumps(
        {f"{attempt.store.district_code}/{attempt.store.fiscal_year}": attempt.version for attempt in attempts}
    )
