"""Compares a file's own total rows (合计, 小计, parents of a hierarchy) with the rows that they claim to sum.

Total rows are never facts. A file whose own total disagrees is refused whole: either the total or a row is wrong, and
the file does not say which. Tolerances are those of published tables (two decimals of 万元 are rounded one by one).
Does not belong here: totals across files (sql/rules).
"""

from __future__ import annotations

from decimal import Decimal

import duckdb
import pyarrow as pa

from pipelines.contracts.datasets import DATASETS
from pipelines.ingest.model import FileRefused, TableHead
from pipelines.ingest.totals import context_columns

YUAN_TOLERANCE = Decimal("0.01")
TEN_THOUSAND = 10_000


def sum_tolerance(unit_factor: int | None, rows: int) -> Decimal:
    """How far a sum of ``rows`` amounts may be from a total, in yuan.

    0.01 yuan in a yuan table; in a 万元 table min(0.005 × rows, 0.05) 万元, because each amount there is rounded to
    0.01 万元 by itself.
    """
    if unit_factor != TEN_THOUSAND:
        return YUAN_TOLERANCE
    return min(Decimal("0.005") * rows, Decimal("0.05")) * TEN_THOUSAND


def check_totals(head: TableHead, rows: duckdb.DuckDBPyRelation, totals: pa.Table) -> None:
    """Raises ``FileRefused`` if a total row disagrees with its rows.

    ``rows`` are all data rows of the table, accepted or not, with ``source_line``; ``totals`` have ``scope`` too
    (see ``ingest.model.Batch``). A total over an unknown amount, or an empty total, says nothing and is passed over.
    """
    dataset = DATASETS[head.dataset]
    previous, line = 0, 0
    for total in totals.sort_by("source_line").to_pylist():
        if total["source_line"] != line:
            previous, line = line, total["source_line"]
        part = _rows_of(head, rows, total, previous)
        for column in dataset.amount_columns:
            if total[column] is None:
                continue
            added, known, count = part.aggregate(f"coalesce(sum({column}), 0), count({column}), count(*)").fetchall()[0]
            if known == count and count and abs(added - total[column]) > sum_tolerance(head.unit_factor, count):
                raise FileRefused(
                    "total-row-disagrees",
                    found=f"{total[column]:,} ({dataset[column].label_zh})",
                    expected=f"{added:,}",
                    sheet=head.sheet,
                    line=total["source_line"],
                    remedy="Correct the row or the total and deliver the file again.",
                    remedy_zh="请更正该行或合计后重新报送。",
                )


def _rows_of(
    head: TableHead, rows: duckdb.DuckDBPyRelation, total: dict[str, object], previous: int
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
    for other in context_columns(DATASETS[head.dataset], name):
        column = duckdb.ColumnExpression(other)
        own = total[other]
        rows = rows.filter(column.isnull() if own is None else column == duckdb.ConstantExpression(own))
    code = duckdb.ColumnExpression(name)
    is_below = duckdb.FunctionExpression("starts_with", code, duckdb.ConstantExpression(value))
    return rows.filter(is_below & (code != duckdb.ConstantExpression(value)))
