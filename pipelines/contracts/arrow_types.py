"""The Arrow type of each kind of column: how values travel between ingest, validation and the store.

Strings that repeat travel dictionary-encoded, so that each distinct one is looked at once; they are the same values.
"""

from __future__ import annotations

import numpy as np
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


def is_encoded(values: pa.Array | pa.ChunkedArray | pa.Field) -> bool:
    """Whether values are dictionary-encoded."""
    return isinstance(values.type, pa.DictionaryType)


def decoded_type(values: pa.Array | pa.ChunkedArray | pa.Field) -> pa.DataType:
    """The type of the values one by one."""
    return values.type.value_type if is_encoded(values) else values.type


def decoded(values: pa.Array) -> pa.Array:
    """The values one by one, where they were dictionary-encoded."""
    return values.dictionary_decode() if is_encoded(values) else values


def decoded_table(rows: pa.Table) -> pa.Table:
    """The rows with the values of every column one by one."""
    return rows.cast(pa.schema([field.with_type(decoded_type(field)) for field in rows.schema]))


def in_one(values: pa.ChunkedArray) -> pa.Array:
    """The values as one array, not copied where they lie in one piece."""
    return values.chunk(0) if values.num_chunks == 1 else values.combine_chunks()


def one_value(data: bytes) -> pa.Array:
    """The bytes, not copied, as the only value of a binary array."""
    offsets = pa.py_buffer(np.array([0, len(data)], dtype=np.int64))
    return pa.Array.from_buffers(pa.large_binary(), 1, [None, offsets, pa.py_buffer(data)])
