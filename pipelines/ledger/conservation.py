"""Whether every line that was delivered has an outcome, and whether their money adds up, table by table.

Does not belong here: comparing records with rows in the store or in the database (warehouse), telling anybody.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from pipelines.ledger.records import LineOutcome, TableRecord


@dataclass(frozen=True, slots=True)
class Imbalance:
    """Something that does not add up: ``what`` (lines, rows, or an amount column), delivered and accounted for."""

    what: str
    delivered: Decimal
    accounted: Decimal


def imbalances(table: TableRecord) -> Iterator[Imbalance]:
    """What of a table's lines and money (yuan) got lost, or came from nowhere, on the way to their outcomes."""
    if table.delivered_lines is not None and table.delivered_lines != table.accounted_lines:
        yield Imbalance("lines", Decimal(table.delivered_lines), Decimal(table.accounted_lines or 0))
    if table.delivered_rows != table.count(*LineOutcome):
        yield Imbalance("rows", Decimal(table.delivered_rows), Decimal(table.count(*LineOutcome)))
    for entry in table.lines:
        if entry.lines < 0:
            yield Imbalance(f"{entry.outcome} rows", Decimal(0), Decimal(entry.lines))
    for column, delivered in table.delivered_money.items():
        accounted = table.money(column, *LineOutcome)
        if delivered != accounted:
            yield Imbalance(column, delivered, accounted)
