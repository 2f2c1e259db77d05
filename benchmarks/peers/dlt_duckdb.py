"""Peer: dlt loads text into DuckDB, SQL types, checks and sums. ``python dlt_duckdb.py PLAIN DATABASE``."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
os.environ["DLT_DATA_DIR"] = str(Path(sys.argv[2]).with_suffix(".dlt"))

import dlt
import duckdb
import pyarrow as pa
from pyarrow import csv
from summaries import FUND_TYPES, IDENTITY, make_summaries

CLEAN = rf"""
    create table payment as
    select * exclude (file_number, paid_amount, payment_date), try_cast(paid_amount as decimal(18, 2)) as paid_amount,
        try_cast(payment_date as date) as payment_date
    from staged.payment
    where voucher_number is not null and regexp_full_match(paid_amount, '-?\d+(\.\d{{1,2}})?')
        and year(try_cast(payment_date as date)) = 2024
        and regexp_full_match(department_code, '\d{{3,9}}')
        and regexp_full_match(function_code, '\d{{3}}(\d{{2}}){{0,2}}')
        and regexp_full_match(department_economy_code, '\d{{3}}(\d{{2}})?')
        and fund_type_code in {FUND_TYPES}
        and project_code in (select project_code from staged.annual_budget)
    qualify row_number() over (partition by {", ".join(IDENTITY)} order by file_number desc) = 1
"""


def batches(paths: Iterable[Path]) -> Iterator[pa.Table]:
    """Every file as a table of text, with the number of the file."""
    for number, path in enumerate(paths):
        with csv.open_csv(path) as header:
            names = header.schema.names
        options = csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=[""]
        )
        table = csv.read_csv(path, convert_options=options)
        yield table.append_column("file_number", pa.array([number] * table.num_rows))


def main(plain: Path, database: Path) -> None:
    """Loads, checks, stores and sums."""
    pipeline = dlt.pipeline("district", destination=dlt.destinations.duckdb(str(database)), dataset_name="staged")
    payments = sorted(plain.glob("payment*.csv"), key=lambda path: ("restated" in path.name, path.name))
    others = {name: [plain / f"{name}.csv"] for name in ("annual_budget", "budget_adjustment")}
    sources = {"payment": payments} | others
    pipeline.run([dlt.resource(batches(paths), name=name) for name, paths in sources.items()])
    with duckdb.connect(database) as connection:
        connection.execute(CLEAN)
        for name in others:
            connection.execute(f"create view {name} as from staged.{name}")
        make_summaries(connection)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
