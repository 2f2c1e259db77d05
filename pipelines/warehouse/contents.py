"""Fills the schemas ``core`` and ``quality`` of a database from the accepted store.

The same code serves the published file and a scratch database in which one district-year's rules are asked.
Does not belong here: deriving figures (sql/), deciding anything (warehouse.accept, warehouse.publish).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
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
    DISTRICT_YEAR,
    DUPLICATE_ROW,
    FINDING,
    REJECTED_ROW,
    RELEASE,
    SOURCE_FILE,
    SOURCE_FILE_MONEY,
    PublishedTable,
)
from pipelines.scratch import scratch
from pipelines.warehouse.completion import completed, has_lost_zeros
from pipelines.warehouse.database import run_sql
from pipelines.warehouse.derived import load_derived
from pipelines.warehouse.reference import load_reference_tables
from pipelines.warehouse.stages import Stage, reached
from pipelines.warehouse.store import DamagedStoreError, DistrictYearStore, read_manifest


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt of a district-year, accepted (``version``) or held back (None): where it lies and its manifest."""

    store: DistrictYearStore
    directory: Path
    manifest: dict[str, Any]

    @property
    def version(self) -> int | None:
        """The accepted version's number, or None for an attempt that was held back."""
        number: int | None = self.manifest["version"]
        return number

    def files(self) -> Iterator[tuple[Path, dict[str, Any]]]:
        """Each file's directory in the store, and its record."""
        for record in self.manifest["files"]:
            yield self.store.files / record["directory"], record

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


def make_contents(
    connection: duckdb.DuckDBPyConnection, raw: Path, attempts: list[Attempt], held: list[Attempt]
) -> None:
    """Fills every table of the connection's current catalog (``warehouse.template``): core, quality but the build,
    summary."""
    load_reference_tables(connection, raw)
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
    counted: set[str] = set()
    source_files: list[dict[str, Any]] = []
    money: list[dict[str, Any]] = []
    for attempt in attempts:
        counted.update(record["source_file_id"] for _, record in attempt.files())
        for file_row, money_rows in _source_files(attempt, counted=None):
            source_files.append(file_row)
            money.extend(money_rows)
    for attempt in held:
        for file_row, money_rows in _source_files(attempt, counted=counted):
            source_files.append(file_row)
            money.extend(money_rows)
    insert_rows(connection, SOURCE_FILE, source_files)
    insert_rows(connection, SOURCE_FILE_MONEY, money)
    insert_rows(connection, DELIVERED_DATASET, list(_delivered(attempts)))
    insert_rows(connection, DISTRICT_YEAR, list(_district_years(attempts, held)))
    insert_rows(connection, RELEASE, list(_releases(attempts)))
    for attempt in (*attempts, *held):
        table = attempt.findings()
        connection.register("found", table)
        connection.execute(f"insert into quality.{FINDING.name} by name select * from found")
        connection.unregister("found")
        _load_rejected(connection, attempt, skip=counted if attempt.version is None else set())
    for attempt in attempts:
        _load_duplicates(connection, attempt)


def _source_files(attempt: Attempt, counted: set[str] | None) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    lost = _lost_later(attempt)
    for _, record in attempt.files():
        if counted is not None and record["source_file_id"] in counted:
            continue
        place = {
            "district_code": attempt.store.district_code,
            "fiscal_year": attempt.store.fiscal_year,
            "source_file_id": record["source_file_id"],
        }
        facts = place | {
            "source_path": record["relative_path"],
            "source_sha256": record["sha256"],
            "source_bytes": record["bytes"],
        }
        if refusal := record["refusal"]:
            yield (
                facts
                | {
                    "source_sheet": refusal["sheet"],
                    "file_outcome": "refused",
                    "outcome_reason": refusal["message"],
                    "outcome_reason_zh": refusal["message_zh"],
                },
                [],
            )
            continue
        for sheet in record["skipped"]:
            yield (
                facts
                | {
                    "source_sheet": sheet["sheet"],
                    "file_outcome": "skipped",
                    "outcome_reason": sheet["reason"],
                    "outcome_reason_zh": sheet["reason_zh"],
                },
                [],
            )
        outcome = "held_back" if attempt.version is None else "accepted"
        for table in record["tables"]:
            key = (record["source_file_id"], table["dataset"], table["sheet"])
            yield _table_row(facts | {"file_outcome": outcome}, place, table, lost.pop(key, {}))


def _table_row(
    facts: dict[str, Any], place: dict[str, Any], table: dict[str, Any], lost: dict[Any, Any]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A row of ``source_file`` and its rows of ``source_file_money``; ``lost``: what duplicates took away later."""
    per_column = []
    for name in DATASETS[table["dataset"]].amount_columns:
        read, rejected = Decimal(table["money_read"][name]), Decimal(table["money_rejected"][name])
        rejected += lost.get(("rejected", name), Decimal(0))
        duplicate = lost.get(("duplicate", name), Decimal(0))
        per_column.append(
            place
            | {
                "source_sheet": table["sheet"],
                "dataset": table["dataset"],
                "amount_column": name,
                "money_read": read,
                "money_rejected": rejected,
                "money_duplicate": duplicate,
                "money_accepted": read - rejected - duplicate,
            }
        )
    rows_duplicate = lost.get("duplicate", 0) + lost.get("superseded", 0)
    return (
        facts
        | {name: table[name] for name in ("dataset", "header_line", "unit_factor", "encoding")}
        | {
            "source_sheet": table["sheet"],
            "recognised_headers": json.dumps(dict(table["columns"]), ensure_ascii=False),
            "rows_read": table["rows_read"],
            "rows_accepted": table["rows_accepted"] - rows_duplicate - lost.get("rejected", 0),
            "rows_rejected": table["rows_rejected"] + lost.get("rejected", 0),
            "rows_duplicate": rows_duplicate,
            "rows_superseded": lost.get("superseded", 0),
            "rows_subtotal": table["rows_subtotal"],
        }
        | {
            name: sum((row[name] for row in per_column), Decimal("0.00"))
            for name in ("money_read", "money_accepted", "money_rejected", "money_duplicate")
        },
        per_column,
    )


def _lost_later(attempt: Attempt) -> dict[tuple[str, str, str], dict[Any, Any]]:
    """Per file, dataset and sheet: excluded rows by outcome, and their money by (rejected | duplicate, column)."""
    lost: dict[tuple[str, str, str], dict[Any, Any]] = {}
    with scratch() as connection:
        gone = connection.read_parquet(str(attempt.excluded))
        for file_id, dataset, sheet, outcome, count in gone.aggregate(
            "source_file_id, dataset, source_sheet, outcome, count(*)"
        ).fetchall():
            lost.setdefault((file_id, dataset, sheet), {})[outcome] = count
        connection.register("excluded_row", gone)
        directories = {record["source_file_id"]: directory for directory, record in attempt.files()}
        for name in {dataset for _, dataset, _ in lost}:
            amounts = DATASETS[name].amount_columns
            paths = [str(directories[file] / f"{name}.parquet") for file, dataset, _ in lost if dataset == name]
            sums = "".join(f", sum({column})" for column in amounts)
            for file_id, sheet, kind, *values in connection.execute(
                f"""
                select part.source_file_id, part.source_sheet,
                    case when excluded.outcome = 'rejected' then 'rejected' else 'duplicate' end as kind {sums}
                from read_parquet($paths::varchar[], file_row_number = true) as part
                join excluded_row as excluded on excluded.dataset = '{name}'
                    and part.source_file_id = excluded.source_file_id
                    and part.file_row_number = excluded.file_row_number
                group by 1, 2, 3
                """,
                {"paths": sorted(set(paths))},
            ).fetchall():
                for column, value in zip(amounts, values, strict=True):
                    lost[file_id, name, sheet][kind, column] = value or Decimal(0)
    return lost


def _delivered(attempts: list[Attempt]) -> Iterator[dict[str, Any]]:
    for attempt in attempts:
        for dataset in attempt.manifest["datasets"]:
            yield {
                "district_code": attempt.store.district_code,
                "fiscal_year": attempt.store.fiscal_year,
                "dataset": dataset,
            }


def _district_years(attempts: list[Attempt], held: list[Attempt]) -> Iterator[dict[str, Any]]:
    held_at = {_key(attempt): _time(attempt.manifest["created_at"]) for attempt in held}
    accepted = {_key(attempt): attempt for attempt in attempts}
    for district_code, fiscal_year in sorted({*held_at, *accepted}):
        attempt = accepted.get((district_code, fiscal_year))
        yield {
            "district_code": district_code,
            "fiscal_year": fiscal_year,
            "accepted_version": attempt.version if attempt else None,
            "accepted_at": _time(attempt.manifest["created_at"]) if attempt else None,
            "is_held_back": (district_code, fiscal_year) in held_at,
            "held_back_at": held_at.get((district_code, fiscal_year)),
        }


def _releases(attempts: list[Attempt]) -> Iterator[dict[str, Any]]:
    for attempt in attempts:
        if release := attempt.manifest["release"]:
            yield {
                "district_code": attempt.store.district_code,
                "fiscal_year": attempt.store.fiscal_year,
                "accepted_version": attempt.version,
                "released_at": _time(release["released_at"]),
                "released_by": release["released_by"],
                "release_reason": release["reason"],
                "released_rule_ids": "; ".join(release["rule_ids"]),
                "left_out_files": "; ".join(release["left_out"]),
            }


def _key(attempt: Attempt) -> tuple[str, int]:
    return attempt.store.district_code, attempt.store.fiscal_year


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=None)


def _load_rejected(connection: duckdb.DuckDBPyConnection, attempt: Attempt, skip: set[str]) -> None:
    """Rejected rows of every file, and rows that the comparison between rows set aside."""
    rejected = pq.read_table(attempt.excluded, filters=[("outcome", "=", "rejected")])
    connection.register("excluded_row", rejected)
    for directory, record in attempt.files():
        if record["source_file_id"] in skip:
            continue
        for name, dataset in DATASETS.items():
            names = {column.name for column in dataset.stored_columns}
            who = ", ".join(
                f"part.{column}" if column in names else f"null as {column}"
                for column in ("department_code", "department_name", "project_code", "project_name")
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
                        row_text
                    from read_parquet($path) as part""",
                    {"path": str(path)},
                )
            if (path := directory / f"{name}.parquet").exists():
                connection.execute(
                    f"""insert into quality.{REJECTED_ROW.name} by name select {common},
                        excluded.rule_id as rule_ids, '' as columns, excluded.message as messages,
                        excluded.message_zh as messages_zh, to_json(part)::varchar as row_text
                    from read_parquet($path, file_row_number = true) as part
                    join excluded_row as excluded on excluded.dataset = '{name}'
                        and part.source_file_id = excluded.source_file_id
                        and part.file_row_number = excluded.file_row_number""",
                    {"path": str(path)},
                )
    connection.unregister("excluded_row")


def _load_duplicates(connection: duckdb.DuckDBPyConnection, attempt: Attempt) -> None:
    connection.execute(
        f"""insert into quality.{DUPLICATE_ROW.name} by name
        select $district as district_code, $year as fiscal_year, dataset, source_file_id, source_sheet, source_line,
            outcome as duplicate_kind, kept_source_file_id, kept_source_sheet, kept_source_line, money, kept_money,
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
    """Datasets of a district-year whose rows or money in ``core`` are not what ``quality.source_file`` says counts.

    This closes the chain: reading was proved against the store, the store is proved here against the tables that
    analysts query.
    """
    failures = []
    for name, dataset in DATASETS.items():
        sums = "".join(f", sum({column}) as {column}" for column in dataset.amount_columns)
        stored = f"select district_code, fiscal_year, count(*) as rows{sums} from core.{name} group by 1, 2"
        told = """
            select district_code, fiscal_year, sum(rows_accepted) as rows from quality.source_file
            where dataset = $dataset and file_outcome = 'accepted' group by 1, 2"""
        for district_code, fiscal_year, found, expected in connection.execute(
            f"""select district_code, fiscal_year, coalesce(stored.rows, 0), coalesce(told.rows, 0)
            from ({stored}) as stored full join ({told}) as told using (district_code, fiscal_year)
            where coalesce(stored.rows, 0) <> coalesce(told.rows, 0)""",
            {"dataset": name},
        ).fetchall():
            failures.append(_failure(district_code, fiscal_year, f"{name}: rows", found, expected))
        for column in dataset.amount_columns:
            for district_code, fiscal_year, found, expected in connection.execute(
                f"""select district_code, fiscal_year, coalesce(stored.{column}, 0), coalesce(told.money, 0)
                from ({stored}) as stored full join (
                    select money.district_code, money.fiscal_year, sum(money.money_accepted) as money
                    from quality.source_file_money as money
                    where money.dataset = $dataset and money.amount_column = $column
                        and money.source_file_id in (
                            select source_file_id from quality.source_file where file_outcome = 'accepted'
                        )
                    group by 1, 2
                ) as told using (district_code, fiscal_year)
                where coalesce(stored.{column}, 0) <> coalesce(told.money, 0)""",
                {"dataset": name, "column": column},
            ).fetchall():
                failures.append(_failure(district_code, fiscal_year, f"{name}.{column}", found, expected))
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
