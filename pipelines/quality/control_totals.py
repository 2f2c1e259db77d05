"""Compares a file's own total rows (合计, 小计, parents of a hierarchy) with the rows that they claim to sum.

Total rows are never facts. A file whose own total disagrees is refused whole: either the total or a row is wrong, and
the file does not say which; unless all totals agree once lines that are equal in everything delivered count once.
A table of totals alone, whose rows got lost, is refused too.
Tolerances are those of published tables (two decimals of 万元 are rounded one by one).
Does not belong here: totals across files (sql/rules).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations

import duckdb
import pyarrow as pa

from pipelines.contracts.datasets import DATASETS
from pipelines.contracts.model import Dataset
from pipelines.ingest.model import FileRefused, TableHead
from pipelines.ingest.totals import context_columns
from pipelines.ledger.records import TotalGap
from pipelines.quality.slips import MOST_PARTS, TEN_THOUSAND, explain, explain_swapped_columns, sentences
from pipelines.settings import RuleThresholds

ROUNDING = RuleThresholds()
"""How published tables are rounded; the same everywhere, because a file's own total is nobody's policy."""


def sum_tolerance(unit_factor: int | None, rows: int) -> Decimal:
    """How far a sum of ``rows`` amounts may be from a total, in yuan.

    0.01 yuan in a yuan table; in a 万元 table min(0.005 × rows, 0.05) 万元, because each amount there is rounded to
    0.01 万元 by itself.
    """
    if unit_factor != TEN_THOUSAND:
        return ROUNDING.yuan_tolerance
    return min(ROUNDING.ten_thousand_tolerance_per_row * rows, ROUNDING.ten_thousand_tolerance_at_most)


@dataclass(frozen=True, slots=True)
class _Wrong:
    """A column of a total that disagrees: what it says, what its rows add up to, and how far they may be apart."""

    column: str
    total: Decimal
    added: Decimal
    tolerance: Decimal


@dataclass(frozen=True, slots=True)
class Compared:
    """What the totals of a table say: those over unreadable amounts, and whether equal lines count once."""

    gaps: list[TotalGap]
    counts_once: bool


def check_totals(head: TableHead, rows: duckdb.DuckDBPyRelation | None, totals: pa.Table) -> Compared:
    """Compares the totals of a table with its rows: as they stand, and then with equal lines counted once.

    ``rows`` (None: there are none) and ``totals`` are as for ``_check``.

    Raises:
        FileRefused: a total row disagrees with its rows either way, or there are no rows.
    """
    if rows is None or not rows.limit(1).fetchall():
        _refuse_totals_alone(head, totals)
        return Compared([], counts_once=False)
    try:
        return Compared(_check(head, rows, totals), counts_once=False)
    except FileRefused:
        once = _counted_once(DATASETS[head.dataset], rows)
        if once is not None:
            with suppress(FileRefused):
                return Compared(_check(head, once, totals), counts_once=True)
        raise


def _refuse_totals_alone(head: TableHead, totals: pa.Table) -> None:
    dataset = DATASETS[head.dataset]
    for total in totals.sort_by("source_line").to_pylist():
        stated = next(((name, total[name]) for name in dataset.amount_columns if total[name]), None)
        if stated:
            raise FileRefused(
                "total-row-disagrees",
                found=f"{stated[1]:,} ({dataset[stated[0]].label_zh})",
                expected="0.00",
                sheet=head.sheet,
                line=total["source_line"],
                remedy="The table holds totals alone: deliver the rows that they sum.",
                remedy_zh="该表仅有合计行：请一并报送所合计的明细行。",
            )


def _counted_once(dataset: Dataset, rows: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation | None:
    """The first ones of the lines that are equal in everything delivered; None where no two are."""
    delivered = [*(column.name for column in dataset.value_columns), *dataset.digest_columns]
    among = ", ".join(name for name in delivered if name in rows.columns)
    once = rows.project(f"*, row_number() over (partition by {among} order by source_line) as copy").filter("copy = 1")
    return once if once.count("*").fetchall() != rows.count("*").fetchall() else None


def _check(head: TableHead, rows: duckdb.DuckDBPyRelation, totals: pa.Table) -> list[TotalGap]:
    """Raises ``FileRefused`` if a total row disagrees with its rows; returns the totals over unreadable amounts.

    ``rows`` are all data rows of the table, accepted or not, with ``source_line``; ``totals`` have ``scope`` too
    (see ``ingest.model.Batch``). An empty total says nothing and is passed over.
    """
    dataset = DATASETS[head.dataset]
    gaps: list[TotalGap] = []
    previous, line = 0, 0
    for total in totals.sort_by("source_line").to_pylist():
        if total["source_line"] != line:
            previous, line = line, total["source_line"]
        wrong, part = _judged(head, dataset, rows, total, previous)
        gaps += _gaps(dataset, rows, total, previous)
        if wrong:
            slip, slip_zh = _explained(head, dataset, part, wrong)
            raise FileRefused(
                "total-row-disagrees",
                found=f"{wrong[0].total:,} ({dataset[wrong[0].column].label_zh})",
                expected=f"{wrong[0].added:,}",
                sheet=head.sheet,
                line=total["source_line"],
                remedy=" ".join(filter(None, (slip, "Correct the row or the total and deliver the file again."))),
                remedy_zh=f"{slip_zh}请更正该行或合计后重新报送。",
            )
    return gaps


def _gaps(
    dataset: Dataset, rows: duckdb.DuckDBPyRelation, total: dict[str, object], previous: int
) -> Iterator[TotalGap]:
    """What a total says about rows of which some amounts are unknown; of several readings of its scope, the first."""
    claim = str(total["scope"]).split("|")[0]
    part = _rows_of(rows, dataset, total | {"scope": claim}, previous)
    for column in dataset.amount_columns:
        if not isinstance(stated := total[column], Decimal):
            continue
        added, known, count = part.aggregate(f"coalesce(sum({column}), 0), count({column}), count(*)").fetchall()[0]
        if known < count and abs(added - stated) > ROUNDING.yuan_tolerance:
            yield TotalGap(int(str(total["source_line"])), column, stated, Decimal(added), count - known)


def _judged(
    head: TableHead, dataset: Dataset, rows: duckdb.DuckDBPyRelation, total: dict[str, object], previous: int
) -> tuple[list[_Wrong], duckdb.DuckDBPyRelation]:
    """What disagrees, and with which rows, in the first reading of the total's scope; nothing if another agrees."""
    readings = []
    for claim in str(total["scope"]).split("|"):
        part = _rows_of(rows, dataset, total | {"scope": claim}, previous)
        if part.limit(1).fetchall():
            readings.append((list(_disagreements(head, dataset, part, total)), part))
    if not readings or any(not wrong for wrong, _ in readings):
        return [], rows
    return readings[0]


def _disagreements(
    head: TableHead, dataset: Dataset, part: duckdb.DuckDBPyRelation, total: dict[str, object]
) -> Iterator[_Wrong]:
    for column in dataset.amount_columns:
        stated = total[column]
        if not isinstance(stated, Decimal):
            continue
        added, known, count = part.aggregate(f"coalesce(sum({column}), 0), count({column}), count(*)").fetchall()[0]
        tolerance = sum_tolerance(head.unit_factor, count)
        if known == count and count and abs(added - stated) > tolerance:
            yield _Wrong(column, stated, added, tolerance)


def _explained(
    head: TableHead, dataset: Dataset, part: duckdb.DuckDBPyRelation, wrong: list[_Wrong]
) -> tuple[str, str]:
    """Which single correction would make the total agree, in English and Chinese; empty where none does."""
    columns = [one.column for one in wrong]
    rows = part.project(", ".join(["source_line", *columns])).order("source_line").limit(MOST_PARTS + 1)
    found = rows.fetchall()
    if len(found) > MOST_PARTS:
        return "", ""
    factor = head.unit_factor or 1
    unit, unit_zh = (" 万元", "万元") if factor == TEN_THOUSAND else (" yuan", "元")
    amounts = {column: [row[place] / factor for row in found] for place, column in enumerate(columns, start=1)}
    lines = [f"第 {line} 行" for line, *_ in found]
    for first, second in combinations(wrong, 2):
        slips = explain_swapped_columns(
            (first.total / factor, second.total / factor),
            list(zip(amounts[first.column], amounts[second.column], strict=True)),
            tolerance=first.tolerance / factor,
        )
        if slips:
            labels = [f"{line}{dataset[first.column].label_zh}" for line in lines]
            return sentences(slips, labels, "", unit=unit, unit_zh=unit_zh)
    first = wrong[0]
    slips = explain(first.total / factor, amounts[first.column], tolerance=first.tolerance / factor)
    return sentences(slips, lines, "合计", unit=unit, unit_zh=unit_zh)


def _rows_of(
    rows: duckdb.DuckDBPyRelation, dataset: Dataset, total: dict[str, object], previous: int
) -> duckdb.DuckDBPyRelation:
    """The rows that a total's scope names."""
    claim, *stated = str(total["scope"]).split(";")
    for name, value in (condition.split("=", 1) for condition in stated):
        rows = rows.filter(duckdb.ColumnExpression(name) == duckdb.ConstantExpression(value))
    line = duckdb.ColumnExpression("source_line")
    if claim == "all":
        return rows
    if claim == "part":
        return rows.limit(0)
    if claim == "block":
        return rows.filter((line > previous) & (line < total["source_line"]))
    name, value = claim.split("=", 1)
    if name == "lines":
        first, last = (int(number) for number in value.split("-"))
        return rows.filter((line >= first) & (line <= last))
    for other in context_columns(dataset, name):
        column = duckdb.ColumnExpression(other)
        own = total[other]
        rows = rows.filter(column.isnull() if own is None else column == duckdb.ConstantExpression(own))
    code = duckdb.ColumnExpression(name)
    is_below = duckdb.FunctionExpression("starts_with", code, duckdb.ConstantExpression(value))
    return rows.filter(is_below & (code != duckdb.ConstantExpression(value)))
