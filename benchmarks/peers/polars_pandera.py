"""Peer: polars and pandera's polars backend. ``python polars_pandera.py PLAIN DATABASE``.

As the pandas peer, with polars' frames and decimals.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import duckdb
import pandera.errors
import pandera.polars as pa
import polars as pl
from summaries import FUND_TYPES, IDENTITY, make_summaries


def is_in_year(data: pa.PolarsData) -> pl.LazyFrame:
    """Whether each text of a column is a day of the year."""
    day = pl.col(data.key).str.to_date("%Y-%m-%d", strict=False)
    return data.lazyframe.select((day.dt.year() == 2024).fill_null(value=False))


def payment_schema(projects: Sequence[str]) -> pa.DataFrameSchema:
    """What a payment must look like."""
    return pa.DataFrameSchema(
        {
            "voucher_number": pa.Column(str),
            "payment_date": pa.Column(str, pa.Check(is_in_year)),
            "department_code": pa.Column(str, pa.Check.str_matches(r"^\d{3,9}$")),
            "project_code": pa.Column(str, pa.Check.isin(projects)),
            "function_code": pa.Column(str, pa.Check.str_matches(r"^\d{3}(\d{2}){0,2}$")),
            "department_economy_code": pa.Column(str, pa.Check.str_matches(r"^\d{3}(\d{2})?$")),
            "fund_type_code": pa.Column(str, pa.Check.isin(FUND_TYPES)),
            "paid_amount": pa.Column(str, pa.Check.str_matches(r"^-?\d+(\.\d{1,2})?$")),
        }
    )


def validated(frame: pl.DataFrame, schema: pa.DataFrameSchema) -> tuple[pl.DataFrame, pl.DataFrame | None]:
    """The rows that pass, and the failure cases of the others."""
    try:
        return schema.validate(frame, lazy=True), None
    except pandera.errors.SchemaErrors as errors:
        cases = errors.failure_cases
        bad = cases["index"].drop_nulls().unique().cast(pl.UInt32)
        return frame.with_row_index("row").filter(~pl.col("row").is_in(bad.implode())).drop("row"), cases


def main(plain: Path, database: Path) -> None:
    """Reads, checks, stores and sums."""
    names = ("annual_budget", "budget_adjustment")
    tables = {name: pl.read_csv(plain / f"{name}.csv", infer_schema=False) for name in names}
    schema = payment_schema(tables["annual_budget"]["project_code"].unique().to_list())
    parts, rejected = [], []
    for path in sorted(plain.glob("payment*.csv"), key=lambda path: ("restated" in path.name, path.name)):
        frame, cases = validated(pl.read_csv(path, infer_schema=False), schema)
        parts.append(frame)
        if cases is not None:
            rejected.append(cases.select(pl.all().cast(pl.String), pl.lit(path.name).alias("file")))
    tables["payment"] = (
        pl.concat(parts)
        .unique(IDENTITY, keep="last", maintain_order=True)
        .with_columns(pl.col("payment_date").str.to_date(), pl.col("paid_amount").cast(pl.Decimal(18, 2)))
    )
    if rejected:
        tables["rejected"] = pl.concat(rejected)
    with duckdb.connect(database) as connection:
        for name, frame in tables.items():
            connection.register("frame", frame.to_arrow())
            connection.execute(f"create table {name} as from frame")
            connection.unregister("frame")
        make_summaries(connection)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
