"""What left the figures because its file is no longer delivered: rows that counted and that no other file brings.

A file that another one replaces row by row is no loss and is not told. Does not belong here: what replaces what
(quality), files that are not ready (``FileState.WAITING``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import pyarrow as pa

from pipelines.contracts.datasets import DATASETS
from pipelines.databases import scratch
from pipelines.ledger.records import FileRecord, FileState, StoredFile
from pipelines.quality.findings import Finding, cell_rule_finding
from pipelines.settings import Settings
from pipelines.warehouse.contents import Attempt
from pipelines.warehouse.store import DistrictYearStore


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """What left a dataset with one file: rows, and the sum of their amount columns in yuan (signs left out)."""

    file: FileRecord
    dataset: str
    rows: int
    money: Decimal


def withdrawn_files(before: Attempt | None, files: Iterable[FileRecord]) -> list[FileRecord]:
    """The records of files of the version before that are no longer delivered; they keep being told as withdrawn."""
    delivered = {file.relative_path for file in files}
    nothing: dict[str, StoredFile] = {}
    return [
        replace(file, state=FileState.WITHDRAWN, tables=(), skipped=(), refusal=None, parquet=nothing)
        for file in (before.manifest.files if before else ())
        if file.relative_path not in delivered
    ]


def withdrawn_money(
    before: Attempt | None, staged: Iterable[tuple[Path, FileRecord]], excluded: pa.Table
) -> list[Withdrawn]:
    """What counted in the version before, stood in a file that is gone, and is in no file any more.

    ``staged`` are the directories and records of what is delivered now, ``excluded`` the rows of it that do not count.
    """
    staged = list(staged)
    delivered = {record.relative_path for _, record in staged}
    gone = [entry for entry in (before.files() if before else ()) if entry[1].relative_path not in delivered]
    found: list[Withdrawn] = []
    if before is None or not any(record.tables for _, record in gone):
        return found
    with scratch() as connection:
        connection.register("excluded_now", excluded)
        connection.register("excluded_before", connection.read_parquet(str(before.excluded)))
        for name, dataset in DATASETS.items():
            lost = [(record, path) for directory, record in gone if (path := directory / f"{name}.parquet").exists()]
            kept = [str(path) for directory, _ in staged if (path := directory / f"{name}.parquet").exists()]
            columns = [column.name for column in dataset.stored_columns]
            for record, path in lost:
                rows = _counting([str(path)], name, columns, "excluded_before")
                if kept:
                    rows = f"({rows}) except all ({_counting(kept, name, columns, 'excluded_now')})"
                ((count, amount),) = connection.execute(
                    f"select count(*), coalesce(sum({_gross(name)}), 0) from ({rows})"
                ).fetchall()
                if count:
                    found.append(Withdrawn(record, name, count, Decimal(amount)))
    return found


def _counting(paths: list[str], dataset: str, columns: list[str], excluded: str) -> str:
    """The query for the rows of some Parquet files that count."""
    listed = ", ".join("'" + path.replace("'", "''") + "'" for path in paths)
    return f"""
        select {", ".join(f"part.{column}" for column in columns)}
        from read_parquet([{listed}], file_row_number = true, union_by_name = true) as part
        anti join {excluded} as excluded on excluded.dataset = '{dataset}'
            and part.source_file_id = excluded.source_file_id
            and part.file_row_number = excluded.file_row_number"""


def withdrawal_findings(
    settings: Settings, store: DistrictYearStore, before: Attempt | None, gone: list[Withdrawn]
) -> Iterator[Finding]:
    """An error for every file that took money with it, and a hold where it is too much to go by itself."""
    place = {"district_code": store.district_code, "fiscal_year": store.fiscal_year}
    together: defaultdict[str, Decimal] = defaultdict(Decimal)
    rows: defaultdict[str, int] = defaultdict(int)
    for entry in gone:
        together[entry.dataset] += entry.money
        rows[entry.dataset] += entry.rows
        yield cell_rule_finding(
            "delivery-withdrawn",
            found=_described(entry.dataset, entry.rows, entry.money),
            finding_key=entry.file.relative_path,
            source_file_id=entry.file.source_file_id,
            source_value=entry.money,
            **place,  # type: ignore[arg-type]  # a district and a year
        )
    for name, money in together.items():
        counted_rows, counted = _counted(before, name)
        is_all = rows[name] >= counted_rows and settings.replacement.withdrawn_share_at_most < 1
        if is_all or money > counted * settings.replacement.withdrawn_share_at_most:
            yield cell_rule_finding(
                "too-much-removed",
                found=f"{_described(name, rows[name], money)} / {counted:,}",
                expected=f"{settings.replacement.withdrawn_share_at_most:.0%}",
                finding_key=name,
                source_value=money,
                target_value=counted,
                **place,  # type: ignore[arg-type]  # a district and a year
            )


def _described(dataset: str, rows: int, money: Decimal) -> str:
    return f"{rows:,} 行 rows, {money:,} 元 yuan ({DATASETS[dataset].label_zh} {dataset})"


def _counted(before: Attempt | None, dataset: str) -> tuple[int, Decimal]:
    """Rows and money (the signs of amounts left out) of a dataset that counted in the version before."""
    paths = [
        path
        for directory, _ in (before.files() if before else ())
        if (path := directory / f"{dataset}.parquet").exists()
    ]
    if before is None or not paths:
        return 0, Decimal(0)
    columns = [column.name for column in DATASETS[dataset].stored_columns]
    with scratch() as connection:
        connection.register("excluded_before", connection.read_parquet(str(before.excluded)))
        rows = _counting([str(path) for path in paths], dataset, columns, "excluded_before")
        ((count, money),) = connection.execute(
            f"select count(*), coalesce(sum({_gross(dataset)}), 0) from ({rows})"
        ).fetchall()
    return count, Decimal(money)


def _gross(dataset: str) -> str:
    """The SQL of a row's amounts, the signs left out."""
    return " + ".join(f"coalesce(abs({column}), 0)" for column in DATASETS[dataset].amount_columns) or "0"
