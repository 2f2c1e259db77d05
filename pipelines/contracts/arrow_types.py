"""The Arrow type of each kind of column: how values travel between ingest, validation and the store."""

from __future__ import annotations

import pyarrow as pa

from pipelines.contracts.model import Kind

ARROW_TYPES: dict[Kind, pa.DataType] = {
    Kind.TEXT: pa.string(),
    Kind.CODE: pa.string(),
    Kind.AMOUNT: pa.decimal128(18, 2),
    Kind.RATIO: pa.decimal128(18, 6),
    Kind.PERCENT: pa.decimal128(14, 2),
    Kind.DATE: pa.date32(),
    Kind.INTEGER: pa.int64(),
    Kind.FLAG: pa.bool_(),
    Kind.TIMESTAMP: pa.timestamp("us"),
    Kind.SUM: pa.decimal128(38, 2),
    Kind.FINDING_VALUE: pa.decimal128(38, 6),
}
"""The Arrow type in which a value of each kind travels."""
