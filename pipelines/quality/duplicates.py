"""Finds rows that were delivered twice, restated, or contradict each other within one file.

The identity of a row is the contract's. Of rows with one identity, the values of the latest delivery count: rows with
other values are ``superseded`` (a restatement), and of equal rows all but the first delivered are ``duplicate``. Rows
of one file that share an identity but differ are set aside: the file does not say which is right.
Does not belong here: reading files, writing the store.
"""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow as pa

from pipelines.contracts.cell_rules import CELL_RULES
from pipelines.contracts.model import Dataset

EXCLUDED_SCHEMA = pa.schema(
    [
        ("dataset", pa.string()),
        ("source_file_id", pa.string()),
        ("source_sheet", pa.string()),
        ("source_table", pa.int32()),
        ("source_line", pa.int64()),
        ("file_row_number", pa.int64()),
        ("outcome", pa.string()),
        ("rule_id", pa.string()),
        ("message", pa.string()),
        ("message_zh", pa.string()),
        ("kept_source_file_id", pa.string()),
        ("kept_source_sheet", pa.string()),
        ("kept_source_line", pa.int64()),
        ("money", pa.decimal128(38, 2)),
        ("kept_money", pa.decimal128(38, 2)),
    ]
)
"""A row that was read and valid but does not count: ``outcome`` is duplicate, superseded or rejected (as in
``ledger.records.LineOutcome``), ``source_table`` the number of its table in its file. ``money`` is the
sum of its amount columns in yuan, ``kept_money`` that of the row that counts instead."""


def find_excluded(connection: duckdb.DuckDBPyConnection, dataset: Dataset, paths: list[str]) -> pa.Table:
    """The rows of one dataset that do not count, in ``EXCLUDED_SCHEMA``.

    ``paths`` are the Parquet files of the deliveries of one district-year, the latest delivery last.
    """
    if not paths:
        return EXCLUDED_SCHEMA.empty_table()
    values = [f'"{column.name}"' for column in dataset.value_columns]
    identity = identity_expressions(dataset)
    whole_row = f"row({', '.join(values)})"
    has_identity = " and ".join(f"{name} is not null" for name in dataset.identity_required) or "true"
    key = f"case when {has_identity} then hash({', '.join(identity)}) else hash({whole_row}) end"
    exact = ", ".join(f"case when {has_identity} then {part} end" for part in identity)
    money = " + ".join(f"coalesce({name}, 0)" for name in dataset.amount_columns) or "0"
    # Asked first and by itself: most datasets repeat nothing, and the question about what does is far dearer to plan.
    # Sorting numbers costs a third of grouping as many rows of which nearly each is a group.
    hashes = connection.execute(f"select {key} as identity_hash from read_parquet(?::varchar[])", [paths]).fetchnumpy()
    ordered = np.asarray(hashes["identity_hash"])
    ordered.sort()
    repeated = pa.table({"identity_hash": np.unique(ordered[1:][ordered[1:] == ordered[:-1]])})
    if not repeated.num_rows:
        return EXCLUDED_SCHEMA.empty_table()
    contradiction = CELL_RULES["same-identity-twice-in-file"]
    query = f"""
    with delivered as (
        select *, list_position(?::varchar[], filename) as delivery
        from read_parquet(?::varchar[], file_row_number = true, filename = true)
    ),
    -- Rows are wide and compared many times over: a digest of 128 bits stands for each.
    told as (
        select source_file_id, source_sheet, source_table, source_line, file_row_number, delivery,
            md5_number(to_json(row({exact}, case when {has_identity} then null else {whole_row} end))::varchar)
                as identity,
            md5_number(to_json({whole_row})::varchar) as row_values,
            cast({money} as decimal(38, 2)) as money
        from delivered where {key} in (select identity_hash from repeated_identity)
    ),
    contradicted as (
        select identity, delivery from told group by identity, delivery having min(row_values) <> max(row_values)
    ),
    judged as (
        select told.*, contradicted.delivery is not null as is_contradicted,
            first_value(told.row_values) over (
                partition by told.identity
                order by contradicted.delivery is not null, told.delivery desc, told.file_row_number
            ) as latest_values
        from told left join contradicted
            on told.identity = contradicted.identity and told.delivery = contradicted.delivery
    ),
    ranked as (
        select *, row_number() over (
            partition by identity
            order by is_contradicted, row_values <> latest_values, delivery, file_row_number
        ) as rank
        from judged
    )
    select
        '{dataset.name}' as dataset, loser.source_file_id, loser.source_sheet, loser.source_table,
        loser.source_line, loser.file_row_number,
        case when loser.is_contradicted then 'rejected'
            when loser.row_values = kept.row_values then 'duplicate' else 'superseded' end as outcome,
        case when loser.is_contradicted then 'same-identity-twice-in-file'
            when loser.row_values = kept.row_values then 'same-row-delivered-twice'
            else 'restated-by-later-delivery'
        end as rule_id,
        case when loser.is_contradicted then '{contradiction.message}' end as message,
        case when loser.is_contradicted then '{contradiction.message_zh}' end as message_zh,
        case when kept.is_contradicted then null else kept.source_file_id end as kept_source_file_id,
        case when kept.is_contradicted then null else kept.source_sheet end as kept_source_sheet,
        case when kept.is_contradicted then null else kept.source_line end as kept_source_line,
        loser.money, case when kept.is_contradicted then null else kept.money end as kept_money
    from ranked as loser
    join ranked as kept on kept.identity = loser.identity and kept.rank = 1
    where loser.rank > 1 or loser.is_contradicted
    order by loser.delivery, loser.file_row_number
    """
    connection.register("repeated_identity", repeated)
    excluded = connection.sql(query, params=[paths, paths]).to_arrow_table().cast(EXCLUDED_SCHEMA)
    connection.unregister("repeated_identity")
    return excluded


def identity_expressions(dataset: Dataset) -> list[str]:
    """SQL of the identity columns; a code stands for its name where the code is empty."""
    names = {column.name for column in dataset.value_columns}
    return [
        f"coalesce({name}, {dataset[name].name_column})" if dataset[name].name_column in names else name
        for name in dataset.identity
    ]
