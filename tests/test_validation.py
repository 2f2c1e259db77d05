"""What pandera accepts and sets aside is what a plain reading of the contract in Python says, row by row.

The judge here knows neither pandera nor Arrow nor SQL: patterns by ``re``, lists by ``in``, the rules about whole rows
written once more in Python.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.contracts.arrow_types import ARROW_TYPES, decoded_table
from pipelines.contracts.datasets import DATASETS
from pipelines.contracts.model import Column, Dataset, Kind
from pipelines.ingest.model import FAULTS, Batch
from pipelines.quality.validate import REASONS, Validated, Validator

Row = dict[str, Any]
Reasons = set[tuple[str, str]]
"""(rule, column or columns) of one row."""

ROW_RULES: dict[str, Callable[[Row], bool]] = {
    "initial-budget-is-not-negative": lambda row: row["initial_budget_amount"] >= 0,
    "adjustment-sign-fits-its-kind": lambda row: {
        "addition": row["adjustment_amount"] >= 0,
        "cut": row["adjustment_amount"] <= 0,
    }.get(row["adjustment_kind"], True),
    "adjustment-date-is-in-its-fiscal-year": lambda row: row["adjustment_date"].year == row["fiscal_year"],
    "payment-date-is-in-its-fiscal-year": lambda row: row["payment_date"].year == row["fiscal_year"],
    "published-figure-has-its-value": lambda row: (
        row["published_score" if row["published_figure_kind"] == "self_evaluation_score" else "published_rate"]
        is not None
    ),
}
NULL_IS_JUDGED = {"published-figure-has-its-value"}
"""The rules that an empty cell breaks; of the others every row is right in which one of their columns is empty."""

VALUES: dict[Kind, st.SearchStrategy[Any]] = {
    Kind.TEXT: st.text(max_size=4),
    Kind.CODE: st.text(alphabet=string.digits + "RYT٣\n ", max_size=7),
    Kind.AMOUNT: st.sampled_from([Decimal("0.00"), Decimal("-12.34"), Decimal("100.00"), Decimal("12.34")]),
    Kind.RATIO: st.sampled_from([Decimal("0.783300"), Decimal("-1.000000")]),
    Kind.DATE: st.sampled_from([date(2024, 1, 1), date(2024, 12, 31), date(2025, 1, 1)]),
    Kind.INTEGER: st.sampled_from([2024, 2025, 0]),
    Kind.FLAG: st.booleans(),
}
FUND_TYPES = DATASETS["fund_type"]
RIGHT_CODES = ("019", "019100", "2050202", "440103", "51000021R000000019951", "30201", "302", "111", "1", "3")


def judged(dataset: Dataset, row: Row) -> Reasons:
    """What is wrong with one row."""
    wrong: Reasons = set()
    for column in dataset.stored_columns:
        value = row[column.name]
        if value is None:
            if not column.nullable:
                wrong.add(("required-value-missing", column.name))
            continue
        if column.pattern and not re.fullmatch(column.pattern, value, re.ASCII):
            wrong.add(("code-has-wrong-shape", column.name))
        if column.codes and column.kind is not Kind.FLAG and value not in {code for _, code in column.codes}:
            wrong.add(("value-not-in-list", column.name))
    for group in dataset.one_of:
        if all(row[name] is None for name in group):
            wrong.add(("no-code-and-no-name", ", ".join(group)))
    for rule in dataset.row_rules:
        is_known = rule.id in NULL_IS_JUDGED or all(row[name] is not None for name in rule.columns)
        if is_known and not ROW_RULES[rule.id](row):
            wrong.add((rule.id, ", ".join(rule.columns)))
    return wrong


def cells(column: Column) -> st.SearchStrategy[Any]:
    values = VALUES[column.kind]
    if column.kind is Kind.CODE:
        values = st.one_of(values, st.sampled_from([*RIGHT_CODES, *(code for _, code in column.codes)]))
    return st.one_of(st.none(), values)


def types_of(dataset: Dataset) -> pa.Schema:
    return pa.schema([(column.name, ARROW_TYPES[column.kind]) for column in dataset.stored_columns])


def records_of(dataset: Dataset) -> st.SearchStrategy[list[Row]]:
    row = st.fixed_dictionaries({column.name: cells(column) for column in dataset.stored_columns})
    # Few different rows, each several times: a batch in which most rows are of one kind is the usual one.
    return st.lists(row, min_size=1, max_size=4).flatmap(lambda some: st.lists(st.sampled_from(some), max_size=12))


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


def batch_of(rows: pa.Table, unreadable_lines: tuple[int, ...] = ()) -> Batch:
    """``rows`` as lines 1, 2 … of a table; some lines have an amount that could not be read."""
    faults = [
        {"source_line": line, "column": "", "rule_id": "amount-not-readable", "found": "一百", "expected": ""}
        for line in unreadable_lines
    ]
    return Batch(
        rows=rows.append_column("source_line", pa.array(range(1, rows.num_rows + 1), pa.int64())),
        faults=pa.Table.from_pylist(faults, schema=FAULTS),
        texts_at=lambda places: pa.table({"行": pc.cast(places, pa.string())}),
        totals=rows.slice(0, 0),
        passed_over=rows.slice(0, 0),
        lines=rows.num_rows,
    )


def reasons_by_line(outcome: Validated) -> dict[int, Reasons]:
    return {
        row["source_line"]: set(zip(row["rule_ids"], row["columns"], strict=True))
        for row in outcome.rejected.to_pylist()
    }


def test_every_rule_about_rows_is_written_once_more_here() -> None:
    assert {rule.id for dataset in DATASETS.values() for rule in dataset.row_rules} == set(ROW_RULES)


@pytest.mark.parametrize("name", DATASETS)
@settings(max_examples=8, suppress_health_check=list(HealthCheck))
@given(data=st.data(), is_encoded=st.booleans())
def test_rows_are_split_as_the_contract_says(name: str, data: st.DataObject, is_encoded: bool) -> None:
    dataset = DATASETS[name]
    records = data.draw(records_of(dataset))
    unreadable = tuple(data.draw(st.sets(st.integers(1, len(records))))) if records else ()
    rows = pa.Table.from_pylist(records, schema=types_of(dataset))
    batch = batch_of(encoded(rows) if is_encoded else rows, unreadable)

    outcome = Validator(name).validate(batch)

    # What could not be read is not judged besides: an empty cell in its place would be found wanting.
    expected = {
        line: {("amount-not-readable", "")} if line in unreadable else judged(dataset, record)
        for line, record in enumerate(records, start=1)
    }
    assert reasons_by_line(outcome) == {line: reasons for line, reasons in expected.items() if reasons}
    accepted = decoded_table(outcome.accepted).to_pylist()
    assert accepted == [
        record | {"source_line": line} for line, record in enumerate(records, start=1) if not expected[line]
    ]


def test_a_column_wrong_in_every_row_is_told_of_each() -> None:
    names = pa.array([f"资金{number}" for number in range(5_000)])
    rows = pa.table({column.name: pa.nulls(5_000, ARROW_TYPES[column.kind]) for column in FUND_TYPES.stored_columns})
    rows = rows.set_column(rows.column_names.index("fund_type_name"), "fund_type_name", names)
    codes = pa.array([f"9{number:04}" for number in range(5_000)])
    rows = rows.set_column(rows.column_names.index("fund_type_code"), "fund_type_code", codes)
    outcome = Validator("fund_type").validate(batch_of(rows))
    assert outcome.accepted.num_rows == 0
    assert outcome.rejected["rule_ids"].to_pylist() == [["value-not-in-list"]] * 5_000
    messages = outcome.rejected["messages"].to_pylist()
    assert [message.split()[0] for (message,) in messages] == codes.to_pylist()


def test_a_batch_without_a_wrong_row_has_the_shape_of_any_other() -> None:
    outcome = Validator("fund_type").validate(batch_of(types_of(FUND_TYPES).empty_table()))
    assert set(REASONS.names) < set(outcome.rejected.column_names)
    assert outcome.rejected.num_rows == outcome.accepted.num_rows == 0


def test_a_column_of_another_type_is_our_mistake() -> None:
    rows = pa.table({column.name: pa.nulls(1, pa.float64()) for column in FUND_TYPES.stored_columns})
    with pytest.raises(TypeError, match="fund_type"):
        Validator("fund_type").validate(batch_of(rows))
