"""Rows that were read and valid but do not count, counted for the ledger: which lines of which table have moved.

Does not belong here: deciding which rows do not count (quality.replacement, warehouse.judge).
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

import pyarrow as pa

from pipelines.contracts.datasets import DATASETS
from pipelines.databases import scratch
from pipelines.ledger.records import FileRecord, LineCount, LineOutcome


def moved_lines(excluded: pa.Table, staged: Iterable[tuple[Path, FileRecord]]) -> dict[str, dict[int, list[LineCount]]]:
    """The outcomes of excluded rows by file id and table number; ``excluded`` has the shape of ``EXCLUDED_SCHEMA``.

    ``staged`` are the files' directories in the store, in which the rows lie, and their records.
    """
    moved: dict[str, dict[int, list[LineCount]]] = {}
    if not excluded.num_rows:
        return moved
    directories = {record.source_file_id: directory for directory, record in staged}
    with scratch() as connection:
        connection.register("excluded_row", excluded)
        for name in excluded["dataset"].unique().to_pylist():
            amounts = DATASETS[name].amount_columns
            paths = [path for each in directories.values() if (path := each / f"{name}.parquet").exists()]
            sums = "".join(f", coalesce(sum({column}), 0)" for column in amounts)
            for file_id, number, outcome, reason, lines, *money in connection.execute(
                f"""
                select excluded.source_file_id, excluded.source_table, excluded.outcome, excluded.rule_id,
                    count(*) {sums}
                from read_parquet($paths::varchar[], file_row_number = true) as part
                inner join excluded_row as excluded on excluded.dataset = $dataset
                    and part.source_file_id = excluded.source_file_id
                    and part.file_row_number = excluded.file_row_number
                group by all order by all
                """,
                {"paths": [str(path) for path in paths], "dataset": name},
            ).fetchall():
                sums_by_column = {column: Decimal(value) for column, value in zip(amounts, money, strict=True)}
                moved.setdefault(file_id, {}).setdefault(number, []).append(
                    LineCount(LineOutcome(outcome), lines, sums_by_column, reason)
                )
    return moved
