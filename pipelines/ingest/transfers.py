"""A row that tells both sides of a movement of money as two lines (``contracts.model.Transfer``).

Both lines have the row's line number, its texts and its faults, so the row is accepted or set aside with both, and what
is read of it is the money that moved: nothing in sum. Does not belong here: whose department and project an indicator
is (that is in another file: warehouse.completion).
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.contracts.arrow_types import decoded_table
from pipelines.contracts.model import Transfer
from pipelines.ingest.model import Batch


def both_sides(batch: Batch, transfer: Transfer) -> Batch:
    """The batch of a table that names givers, each transfer as two lines and every line with its side and kind.

    The table's own totals sum the receivers' lines only.
    """
    rows = decoded_table(batch.rows)
    amount, giver, kind = (rows[name] for name in (transfer.amount, transfer.giver, transfer.kind))
    zero = pa.scalar(Decimal("0.00"), amount.type)
    has_giver = pc.is_valid(giver)
    by_sign = pc.if_else(pc.less(amount, zero), transfer.cut, transfer.added)
    kind = pc.coalesce(kind, pc.if_else(has_giver, transfer.moved, by_sign))
    rows = _with(rows, {transfer.kind: kind, transfer.side: _all(rows, "in")})
    moves = pc.and_kleene(pc.and_(has_giver, pc.equal(kind, transfer.moved)), pc.greater(amount, zero))
    positions = pc.indices_nonzero(pc.fill_null(moves, False))
    given = rows.take(positions)
    given = _with(
        given,
        {
            **{name: pa.nulls(given.num_rows, given[name].type) for name in transfer.of_receiver},
            transfer.receiver: given[transfer.giver],
            transfer.giver: pa.nulls(given.num_rows, given[transfer.giver].type),
            transfer.amount: pc.negate(given[transfer.amount]),
            transfer.side: _all(given, "out"),
        },
    )
    told = np.concatenate([np.arange(rows.num_rows), positions.to_numpy()])
    order = np.argsort(told, kind="stable")
    row_of_line = pa.array(told[order], pa.int64())
    scope = pc.binary_join_element_wise(batch.totals["scope"], f"{transfer.side}=in", ";")
    return replace(
        batch,
        rows=pa.concat_tables([rows, given]).take(pa.array(order)),
        texts_at=lambda lines: batch.texts_at(row_of_line.take(lines)),
        totals=_with(batch.totals, {"scope": scope}),
    )


def _all(rows: pa.Table, value: str) -> pa.Array:
    return pa.array([value] * rows.num_rows, pa.string())


def _with(rows: pa.Table, columns: dict[str, pa.Array | pa.ChunkedArray]) -> pa.Table:
    for name, values in columns.items():
        at = rows.schema.get_field_index(name)
        rows = rows.set_column(at, rows.schema.field(at), values.cast(rows.schema.field(at).type))
    return rows
