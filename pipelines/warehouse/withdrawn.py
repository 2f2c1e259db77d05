"""What left the figures because its file is no longer delivered, or came again under its name with fewer rows.

These are rows that counted and that no other file brings. A file that another one replaces row by row is no loss and is
not told. Does not belong here: what replaces what
(quality), files that are not ready (``FileState.WAITING``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa

from pipelines.contracts.datasets import DATASETS
from pipelines.databases import scratch
from pipelines.ledger.records import FileRecord, FileState, StoredFile
from pipelines.quality.findings import Finding, cell_rule_finding, in_both
from pipelines.settings import Settings
from pipelines.warehouse.integrity import differing_files
from pipelines.warehouse.loading import Attempt
from pipelines.warehouse.store import DistrictYearStore

_FACTS = ("annual_budget", "budget_adjustment", "payment")
"""Datasets of which a row that counted once is not superseded by time, as those of a statement are."""


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """What left a dataset with one file: rows, and the sum of their amount columns in yuan (signs left out).

    ``is_replaced``: the file is there, with another content.
    """

    file: FileRecord
    dataset: str
    rows: int
    money: Decimal
    is_replaced: bool = False


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
    delivered = {record.relative_path: (directory, record) for directory, record in staged}
    # What is damaged in the store tells no rows; the build sets it aside and says so.
    earlier = [
        (directory, record)
        for directory, record in (before.files() if before else ())
        if record.tables
        and (record.relative_path not in delivered or delivered[record.relative_path][1].sha256 != record.sha256)
        and not differing_files(directory, record.parquet)
    ]
    gone = [entry for entry in earlier if entry[1].relative_path not in delivered]
    replaced = [(entry, delivered[entry[1].relative_path]) for entry in earlier if entry[1].relative_path in delivered]
    found: list[Withdrawn] = []
    if before is None or not (gone or replaced):
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
            for (directory, _), (now, record) in replaced if name in _FACTS else ():
                old, new = directory / f"{name}.parquet", now / f"{name}.parquet"
                if old.exists():
                    now_there = new if new.exists() else None
                    found += _fewer_rows(connection, name, record, old=old, new=now_there, kept=kept)
    return found


def _fewer_rows(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    record: FileRecord,
    *,
    old: Path,
    new: Path | None,
    kept: list[str],
) -> Iterator[Withdrawn]:
    """What counted in a file and is in none by what tells its rows apart, where the file came again with fewer rows.

    A row whose amount or class was corrected is there; columns that only one of both contents fills tell nothing apart.
    """
    dataset = DATASETS[name]
    columns = [column.name for column in dataset.stored_columns]
    before = _counting([str(old)], name, columns, "excluded_before")
    if new is None:
        ((count, amount),) = connection.execute(
            f"select count(*), coalesce(sum({_gross(name)}), 0) from ({before})"
        ).fetchall()
    else:
        now = _counting([str(new)], name, columns, "excluded_now")
        lasting = [each for each in columns if each in dataset.identity and each not in dataset.reclassified_by]
        names = {by_code: by_name for by_code, by_name, *_ in dataset.one_of if by_code in lasting}
        lasting += names.values()
        counts = ", ".join(["count(*)", *(f"count({column})" for column in lasting)])
        (had,), (has,) = (connection.execute(f"select {counts} from ({rows})").fetchall() for rows in (before, now))
        if has[0] >= had[0]:
            return
        filled = {column for column, one, other in zip(lasting, had[1:], has[1:], strict=True) if one and other}
        key = sorted(filled - {names[column] for column in filled & names.keys()})
        ranked = f"*, row_number() over (partition by {', '.join(key) or '1'}) as copy"
        same = " and ".join(f"o.{column} is not distinct from k.{column}" for column in [*key, "copy"])
        ((count, amount),) = connection.execute(
            f"""select count(*), coalesce(sum({_gross(name)}), 0) from (select {ranked} from ({before})) as o
            anti join (select {ranked} from ({_counting(kept, name, columns, "excluded_now")})) as k on {same}"""
        ).fetchall()
    if count:
        yield Withdrawn(record, name, count, Decimal(amount), is_replaced=True)


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
            "rows-removed" if entry.is_replaced else "delivery-withdrawn",
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
    return in_both(
        f"{rows:,} 行、{money:,} 元（{DATASETS[dataset].label_zh}）", f"{rows:,} rows, {money:,} yuan ({dataset})"
    )


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
