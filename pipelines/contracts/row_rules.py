"""The rules about whole rows as SQL, and the quick look that tells which rows pandera has to judge.

``deviations`` looks at a batch column by column, at distinct values where a pattern or a list decides. It never
misses a row that the pandera schema refuses (a property test holds it to that); it need not be right about the others.
Does not belong here: the schema itself (pandera_schema), reasons and messages (quality).
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.contracts.arrow_types import ARROW_TYPES, decoded_type, in_one, is_encoded
from pipelines.contracts.datasets import DATASETS
from pipelines.contracts.model import Column, Dataset, Kind

NO_CODE_AND_NO_NAME = "no-code-and-no-name"

Integers = npt.NDArray[np.int64]


def rule_column(rule_id: str) -> str:
    """The name of the Boolean column that carries the outcome of a rule about whole rows."""
    return f"rule: {rule_id}"


def row_rules(dataset: Dataset) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Every rule about whole rows: column name in the frame → (SQL predicate, columns it is about)."""
    rules = {rule_column(rule.id): (rule.sql, rule.columns) for rule in dataset.row_rules}
    for group in dataset.one_of:
        predicate = " or ".join(f"{name} is not null" for name in group)
        rules[rule_column(f"{NO_CODE_AND_NO_NAME} {'/'.join(group)}")] = (predicate, group)
    return rules


def rule_columns(dataset: Dataset) -> list[str]:
    """The columns that the rules about whole rows look at."""
    return sorted({name for _, columns in row_rules(dataset).values() for name in columns})


@cache
def row_rule_query(name: str) -> str | None:
    """The DuckDB query that yields one Boolean column per row rule, or None without rules.

    It asks a relation ``rows`` with the ``rule_columns`` of the dataset.
    """
    rules = row_rules(DATASETS[name])
    if not rules:
        return None
    outcomes = ", ".join(f'coalesce({predicate}, true) as "{column}"' for column, (predicate, _) in rules.items())
    return f"select {outcomes} from rows"


def allowed_values(column: Column) -> list[str]:
    """The stored values that a column with a list of codes may have; empty where it has none."""
    return [] if column.kind is Kind.FLAG else sorted({code for _, code in column.codes})


def deviations(dataset: Dataset, rows: pa.Table) -> tuple[Integers, Integers, Integers]:
    """Which rows may break the contract: their positions, the kind of each, and one row (a position) of each kind.

    ``rows`` has the stored columns and the outcomes of the row rules. Rows of one kind have the same wrong values in
    the same columns and break the same rules; kinds are numbered from 0. Raises ``TypeError`` for a column that is
    missing or has another type than the contract's: a mistake of ours, not of the data.
    """
    found: dict[str, Integers] = {}
    for column in dataset.stored_columns:
        if column.name not in rows.column_names or decoded_type(rows[column.name]) != ARROW_TYPES[column.kind]:
            raise TypeError(f"ingest typed {dataset.name} against its contract: {column.name} in {rows.schema}")
        if (wrong := _wrong_values(column, in_one(rows[column.name]))) is not None:
            found[column.name] = wrong
    for rule in row_rules(dataset):
        if not pc.all(rows[rule], min_count=0).as_py():
            found[rule] = pc.invert(rows[rule]).to_numpy().astype(np.int64)
    deviates = np.zeros(rows.num_rows, dtype=bool)
    for wrong in found.values():
        deviates |= wrong != 0
    positions = np.flatnonzero(deviates)
    kinds = np.zeros(len(positions), dtype=np.int64)
    for wrong in found.values():
        kinds = np.unique(kinds * (int(wrong.max()) + 1) + wrong[positions], return_inverse=True)[1]
    _, first, kinds = np.unique(kinds, return_index=True, return_inverse=True)
    return positions, kinds, positions[first]


def _wrong_values(column: Column, values: pa.Array) -> Integers | None:
    """A number per row: 0 where the value is right, else one for each wrong value; None where all are right."""
    wrong: Integers | None = None
    if not column.nullable and values.null_count:
        wrong = pc.is_null(values).to_numpy(zero_copy_only=False).astype(np.int64)
    if not column.pattern and not allowed_values(column):
        return wrong
    distinct = values.dictionary if is_encoded(values) else values
    if pc.all(_is_right(column, distinct), min_count=0).as_py():
        return wrong
    encoded = values if is_encoded(values) else values.dictionary_encode()
    is_wrong = pc.invert(_is_right(column, encoded.dictionary)).to_numpy(zero_copy_only=False)
    numbers = pa.array(np.where(is_wrong, np.arange(2, len(is_wrong) + 2), 0))
    told: Integers = pc.fill_null(numbers.take(encoded.indices), 0).to_numpy()
    if not told.any():  # no row is left of the wrong values in the dictionary
        return wrong
    return told if wrong is None else told + wrong


def _is_right(column: Column, values: pa.Array) -> pa.Array:
    """Whether each value has the column's pattern and is in its list; null where it is null."""
    is_right = pc.is_valid(values)
    if column.pattern:
        is_right = pc.match_substring_regex(values, f"^(?:{column.pattern})$")
    if allowed := allowed_values(column):
        is_right = pc.and_(is_right, pc.is_in(values, value_set=pa.array(allowed)))
    return pc.if_else(pc.is_valid(values), is_right, None)
