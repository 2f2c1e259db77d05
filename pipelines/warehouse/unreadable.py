"""Money that could not be read: told with its place, and bounded, or its district-year is held back.

What a row with an unreadable amount is worth is unknown, not nothing. The file's own total bounds it; else its
neighbours do: no such row is taken to be worth more than the largest amount that was read of its own project, or of the
dataset where none was. Where even that may be more than the share that may be set aside, nobody can publish around it.
Does not belong here: what could be read and was set aside all the same (warehouse.accept).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import cached_property
from pathlib import Path

import pyarrow.parquet as pq

from pipelines.contracts.datasets import DATASETS
from pipelines.contracts.model import Dataset
from pipelines.databases import scratch
from pipelines.ledger.records import FACTS, FileRecord, LineOutcome, TableRecord
from pipelines.quality.findings import Finding, cell_rule_finding, in_both
from pipelines.settings import Settings
from pipelines.warehouse.store import DistrictYearStore

_SHOWN = 3
OWNER = ("department_code", "department_name", "project_code", "project_name")
"""What tells whose a row is."""


def unreadable_money(
    settings: Settings, store: DistrictYearStore, decided: Sequence[tuple[Path, FileRecord]]
) -> Iterator[Finding]:
    """An error for every table with amounts that could not be read, and a hold where they may be worth too much."""
    place = {"district_code": store.district_code, "fiscal_year": store.fiscal_year}
    unknown: defaultdict[str, Decimal] = defaultdict(Decimal)
    money: defaultdict[str, Decimal] = defaultdict(Decimal)
    rows: defaultdict[str, int] = defaultdict(int)
    tables = [(directory, file, table) for directory, file in decided for table in file.tables]
    neighbours = {name: _Neighbours(name, [directory for directory, _ in decided]) for name in DATASETS}
    for _, _, table in tables:
        for entry in table.lines:
            if entry.outcome in FACTS:
                money[table.dataset] += sum(map(abs, entry.money.values()), Decimal(0))
    for directory, file, table in tables:
        count = table.unreadable(LineOutcome.REJECTED)
        if not count or not DATASETS[table.dataset].amount_columns:
            continue
        rows[table.dataset] += count
        stated = _by_total(table)
        bound = neighbours[table.dataset].bound(directory, table) if stated is None else stated
        unknown[table.dataset] += bound
        lines, texts = _first(directory, table)
        told = in_both(f"合计行表明差额 {bound:,} 元", f"by the total row {bound:,} yuan")
        known = told if stated is not None else in_both("无合计可核对", "no total")
        yield cell_rule_finding(
            "money-not-readable",
            found=f"{count:,} {in_both('行', 'rows')} ({texts})",
            expected=known,
            finding_key=file.relative_path,
            source_file_id=file.source_file_id,
            source_sheet=table.sheet,
            source_line=lines,
            source_value=stated,
            **place,  # type: ignore[arg-type]  # a district and a year
        )
    for name, bound in unknown.items():
        share = Decimal(str(settings.set_aside_by_dataset.get(name, settings.set_aside).max_money_share))
        if bound > (money[name] + bound) * share:
            yield cell_rule_finding(
                "unknown-money-may-matter",
                found=in_both(
                    f"{rows[name]:,} 行（{DATASETS[name].label_zh}，至多约 {bound:,} 元）",
                    f"{rows[name]:,} rows ({name}, up to {bound:,} yuan)",
                ),
                expected=f"{share:.2%}",
                finding_key=name,
                source_value=bound,
                target_value=money[name],
                **place,  # type: ignore[arg-type]  # a district and a year
            )


def _by_total(table: TableRecord) -> Decimal | None:
    """What the table's own totals say about its unreadable amounts in yuan; None where no total speaks of them."""
    if not table.gaps:
        return None
    widest: dict[str, Decimal] = {}
    for gap in table.gaps:
        widest[gap.column] = max(widest.get(gap.column, Decimal(0)), abs(gap.stated - gap.added))
    return sum(widest.values(), Decimal(0))


class _Neighbours:
    """What the amounts that were read of a dataset say about its rows with unreadable ones, asked once for all files.

    Amounts are in yuan, their signs left out.
    """

    def __init__(self, dataset: str, directories: Sequence[Path]) -> None:
        self._dataset = DATASETS[dataset]
        self._directories = directories

    def bound(self, directory: Path, table: TableRecord) -> Decimal:
        """The most that the unreadable rows of a table are worth.

        A row whose cells are shifted has no project that could be trusted; nor has one of which only the number is
        kept.
        """
        bounds = self._bounds[str(self._rejected(directory)), table.number]
        unlisted = table.unreadable(LineOutcome.REJECTED) - bounds.total()
        return sum((amount * count for amount, count in bounds.items()), self._largest * unlisted)

    def _rejected(self, directory: Path) -> Path:
        return directory / f"{self._dataset.name}.rejected.parquet"

    @property
    def _amount(self) -> str:
        return f"greatest({', '.join(f'coalesce(abs({name}), 0)' for name in self._dataset.amount_columns)}, 0)"

    @cached_property
    def _paths(self) -> list[str]:
        paths = (directory / f"{self._dataset.name}.parquet" for directory in self._directories)
        return [str(path) for path in paths if path.exists()]

    @cached_property
    def _largest(self) -> Decimal:
        if not self._paths:
            return Decimal(0)
        with scratch() as connection:
            ((largest,),) = connection.execute(
                f"select coalesce(max({self._amount}), 0) from read_parquet($paths, union_by_name = true)",
                {"paths": self._paths},
            ).fetchall()
        return Decimal(largest)

    @cached_property
    def _bounds(self) -> defaultdict[tuple[str, int], Counter[Decimal]]:
        """By file of rejected rows and number of table: how many rows are bounded by which amount."""
        found: defaultdict[tuple[str, int], Counter[Decimal]] = defaultdict(Counter)
        rejected = [str(path) for path in map(self._rejected, self._directories) if path.exists()]
        stored = {column.name for column in self._dataset.stored_columns}
        names = [name for name in OWNER if name in stored]
        who = ", ".join(names)
        if not self._paths or not rejected:
            return found
        with scratch() as connection:
            rows = connection.execute(
                f"""with line as (
                    select filename, source_table, {who}, list_contains(columns, '') as is_shifted
                    from read_parquet($rejected, filename = true, union_by_name = true)
                    where {has_unreadable_amount(self._dataset)}
                ),
                neighbour as (
                    select {who}, max({self._amount}) as amount from read_parquet($paths, union_by_name = true)
                    group by all
                )
                select line.filename, line.source_table, neighbour.amount, count(*)
                from line
                left join neighbour on not line.is_shifted
                    and {" and ".join(f"line.{name} is not distinct from neighbour.{name}" for name in names)}
                group by all""",
                {"paths": self._paths, "rejected": rejected},
            ).fetchall()
        for path, number, amount, count in rows:
            found[path, number][self._largest if amount is None else amount] += count
        return found


def has_unreadable_amount(dataset: Dataset) -> str:
    """The SQL of whether a rejected row holds an amount that could not be read, as the ledger counts them (staging).

    In a row whose cells are shifted, no amount can be trusted.
    """
    unreadable = (f"{name} is null and list_contains(columns, '{name}')" for name in dataset.amount_columns)
    return " or ".join(["list_contains(columns, '')", *unreadable])


def _first(directory: Path, table: TableRecord) -> tuple[int | None, str]:
    """The line of the first row with an unreadable amount, and what was found in the first of them."""
    path = directory / f"{table.dataset}.rejected.parquet"
    rejected = pq.read_table(path, columns=["source_table", "source_line", "columns", "messages_zh"]).to_pylist()
    amounts = {*DATASETS[table.dataset].amount_columns, ""}
    found = [
        (row["source_line"], message)
        for row in rejected
        if row["source_table"] == table.number
        for column, message in zip(row["columns"], row["messages_zh"], strict=True)
        if column in amounts
    ]
    texts = "；".join(f"第 {line} 行：{message.rstrip('。')}" for line, message in found[:_SHOWN])
    return (found[0][0] if found else None), texts
