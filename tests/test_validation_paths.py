"""The quick look at a batch and pandera agree: the same rows are set aside, for the same reasons.

The oracle here is pandera asked about every row of the batch, which is what the quick look saves.
"""

from __future__ import annotations

import string
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb
import pandas as pd
import pandera.errors
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.contracts.arrow_types import ARROW_TYPES
from pipelines.contracts.datasets import DATASETS
from pipelines.contracts.model import Column, Dataset, Kind
from pipelines.contracts.pandera_schema import schema
from pipelines.contracts.row_rules import row_rule_query
from pipelines.quality.validate import Validator

VALUES: dict[Kind, st.SearchStrategy[Any]] = {
    Kind.TEXT: st.text(max_size=4),
    Kind.CODE: st.text(alphabet=string.digits + "RYT٣\n ", max_size=7),
    Kind.AMOUNT: st.sampled_from([Decimal("0.00"), Decimal("-12.34"), Decimal("100.00"), Decimal("12.34")]),
    Kind.RATIO: st.sampled_from([Decimal("0.783300"), Decimal("-1.000000")]),
    Kind.DATE: st.sampled_from([date(2024, 1, 1), date(2024, 12, 31), date(2025, 1, 1)]),
    Kind.INTEGER: st.sampled_from([2024, 2025, 0]),
    Kind.FLAG: st.booleans(),
}
RIGHT_CODES = ("019", "019100", "2050202", "440103", "51000021R000000019951", "30201", "302", "111", "1", "3")


def cells(column: Column) -> st.SearchStrategy[Any]:
    values = VALUES[column.kind]
    if column.kind is Kind.CODE:
        values = st.one_of(values, st.sampled_from([*RIGHT_CODES, *(code for _, code in column.codes)]))
    return st.one_of(st.none(), values)


def rows_of(dataset: Dataset) -> st.SearchStrategy[pa.Table]:
    row = st.fixed_dictionaries({column.name: cells(column) for column in dataset.stored_columns})
    types = pa.schema([(column.name, ARROW_TYPES[column.kind]) for column in dataset.stored_columns])
    # Few different rows, each several times: a batch in which most rows are of one kind is the usual one.
    many = st.lists(row, min_size=1, max_size=4).flatmap(lambda some: st.lists(st.sampled_from(some), max_size=12))
    return many.map(lambda records: pa.Table.from_pylist(records, schema=types))


def encoded(rows: pa.Table) -> pa.Table:
    """The rows as ingest hands them on where values repeat; of some distinct values no row is left."""
    columns = {}
    for name in rows.column_names:
        values = rows[name].combine_chunks()
        if pa.types.is_string(values.type):
            one_more = pa.concat_arrays([pa.array(["no row has this"]), values])
            values = one_more.dictionary_encode().slice(1)
        columns[name] = values
    return pa.table(columns)


def asked_about_every_row(validator: Validator, rows: pa.Table) -> dict[int, set[tuple[str, str]]]:
    """Position → (rule, column) as pandera tells them of the whole batch."""
    name = validator.dataset.name
    with duckdb.connect() as connection:
        connection.register("rows", rows)
        outcomes = connection.sql(row_rule_query(name) or "select 1 as one from rows").to_arrow_table()
    for column in outcomes.column_names:
        rows = rows.append_column(column, outcomes[column])
    try:
        schema(name).validate(rows.to_pandas(types_mapper=pd.ArrowDtype), lazy=True)
    except pandera.errors.SchemaErrors as errors:
        found: dict[int, set[tuple[str, str]]] = {}
        for column, check, case, index in errors.failure_cases[["column", "check", "failure_case", "index"]].itertuples(
            index=False, name=None
        ):
            reason = validator._reason(column, check, case)
            found.setdefault(int(index), set()).add((reason.message, reason.column))
        return found
    return {}


@pytest.mark.parametrize("name", DATASETS)
@settings(max_examples=8, suppress_health_check=list(HealthCheck))
@given(data=st.data(), is_encoded=st.booleans())
def test_the_quick_look_sets_aside_what_pandera_sets_aside(name: str, data: st.DataObject, is_encoded: bool) -> None:
    rows = data.draw(rows_of(DATASETS[name]))
    validator = Validator(name)
    given_rows = encoded(rows) if is_encoded else rows
    found = {
        position: {(reason.message, reason.column) for reason in reasons}
        for position, reasons in validator.row_reasons(given_rows)
        if reasons
    }
    assert found == asked_about_every_row(validator, rows)


def test_a_column_of_another_type_is_our_mistake() -> None:
    columns = DATASETS["fund_type"].stored_columns
    rows = pa.table({column.name: pa.nulls(1, pa.float64()) for column in columns})
    with pytest.raises(TypeError, match="fund_type"):
        list(Validator("fund_type").row_reasons(rows))
