"""Peer: pandas and pandera as their tutorials show them. ``python pandas_pandera.py PLAIN DATABASE``.

Every file is read as text and validated lazily, rows that fail are set aside with pandera's failure cases, copies are
dropped, the rest goes to DuckDB.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import duckdb
import pandas as pd
import pandera.errors
import pandera.pandas as pa
from summaries import FUND_TYPES, IDENTITY, make_summaries


def payment_schema(projects: Sequence[str]) -> pa.DataFrameSchema:
    """What a payment must look like."""
    in_year = pa.Check(lambda column: pd.to_datetime(column, errors="coerce").dt.year.eq(2024), name="date in year")
    return pa.DataFrameSchema(
        {
            "voucher_number": pa.Column(str),
            "payment_date": pa.Column(str, in_year),
            "department_code": pa.Column(str, pa.Check.str_matches(r"^\d{3,9}$")),
            "project_code": pa.Column(str, pa.Check.isin(projects)),
            "function_code": pa.Column(str, pa.Check.str_matches(r"^\d{3}(\d{2}){0,2}$")),
            "department_economy_code": pa.Column(str, pa.Check.str_matches(r"^\d{3}(\d{2})?$")),
            "fund_type_code": pa.Column(str, pa.Check.isin(FUND_TYPES)),
            "paid_amount": pa.Column(str, pa.Check.str_matches(r"^-?\d+(\.\d{1,2})?$")),
        }
    )


def validated(frame: pd.DataFrame, schema: pa.DataFrameSchema) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """The rows that pass, and the failure cases of the others."""
    try:
        return schema.validate(frame, lazy=True), None
    except pandera.errors.SchemaErrors as errors:
        cases = errors.failure_cases
        return frame.drop(index=cases["index"].dropna().unique()), cases


def main(plain: Path, database: Path) -> None:
    """Reads, checks, stores and sums."""
    tables = {name: pd.read_csv(plain / f"{name}.csv", dtype=str) for name in ("annual_budget", "budget_adjustment")}
    schema = payment_schema(tables["annual_budget"]["project_code"].unique())
    parts, rejected = [], []
    for path in sorted(plain.glob("payment*.csv"), key=lambda path: ("restated" in path.name, path.name)):
        frame, cases = validated(pd.read_csv(path, dtype=str), schema)
        parts.append(frame)
        if cases is not None:
            rejected.append(cases.assign(file=path.name).astype(str))
    payment = pd.concat(parts, ignore_index=True).drop_duplicates(IDENTITY, keep="last")
    payment["payment_date"] = pd.to_datetime(payment["payment_date"])
    payment["paid_amount"] = payment["paid_amount"].astype(float)
    tables["payment"] = payment
    if rejected:
        tables["rejected"] = pd.concat(rejected)
    with duckdb.connect(database) as connection:
        for name, frame in tables.items():
            connection.register("frame", frame)
            connection.execute(f"create table {name} as from frame")
            connection.unregister("frame")
        make_summaries(connection)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
