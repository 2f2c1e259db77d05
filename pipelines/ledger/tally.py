"""Counts the lines of a table by outcome and reason, with their money: Arrow tables in, ``LineCount``s out.

Does not belong here: deciding any outcome.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.ledger.records import LineCount, LineOutcome, in_order

_NOTHING = Decimal("0.00")


def sums(rows: pa.Table, amounts: Iterable[str]) -> dict[str, Decimal]:
    """What the amount columns of some rows sum to, in yuan; what is not known is left out."""
    return {name: pc.sum(rows[name]).as_py() or _NOTHING for name in amounts}


def add(total: dict[str, Decimal], part: dict[str, Decimal]) -> None:
    """Adds sums by column to those so far."""
    for name, value in part.items():
        total[name] = total.get(name, _NOTHING) + value


class Tally:
    """The lines of one table so far, by outcome and reason; ``amounts`` are its amount columns."""

    def __init__(self, amounts: Sequence[str]) -> None:
        self._amounts = amounts
        self._counts: dict[tuple[LineOutcome, str], LineCount] = {}

    def add(
        self,
        outcome: LineOutcome,
        rows: pa.Table,
        *,
        reasons: pa.ChunkedArray | None = None,
        unreadable: pa.Array | None = None,
    ) -> None:
        """Counts ``rows``: each for its own reason where ``reasons`` tells one; ``unreadable`` flags unknown money."""
        if not rows.num_rows and outcome is not LineOutcome.ACCEPTED:
            return
        if reasons is None:
            self._note(LineCount(outcome, rows.num_rows, sums(rows, self._amounts)))
            return
        counted = pa.table(
            {
                "reason": reasons,
                "unreadable": pa.nulls(rows.num_rows, pa.int64())
                if unreadable is None
                else unreadable.cast(pa.int64()),
                **{f"money_{name}": rows[name] for name in self._amounts},
            }
        )
        wanted = [([], "count_all"), ("unreadable", "sum"), *((f"money_{name}", "sum") for name in self._amounts)]
        for row in counted.group_by("reason").aggregate(wanted).to_pylist():
            money = {name: row[f"money_{name}_sum"] or _NOTHING for name in self._amounts}
            self._note(LineCount(outcome, row["count_all"], money, row["reason"], row["unreadable_sum"] or 0))

    def _note(self, count: LineCount) -> None:
        key = count.outcome, count.reason
        self._counts[key] = self._counts[key].plus(count) if key in self._counts else count

    def counts(self) -> tuple[LineCount, ...]:
        """What was counted, in the order of outcomes and reasons."""
        return in_order(self._counts.values())
