"""The pandera schema of a dataset, compiled from its contract.

The schema stands over a frame with Arrow-backed columns as ingest types them, plus one Boolean column per rule about
whole rows (``rule_column``), which ``row_rule_query`` computes from the rule's own SQL. pandera reports a failed
frame-level check against columns that are not at fault; a Boolean column per rule is reported exactly.
Does not belong here: what happens to a row that fails (quality).
"""

from __future__ import annotations

from functools import cache

import pandas as pd
import pandera.pandas as pandera
import pyarrow as pa

from pipelines.contracts.arrow_types import ARROW_TYPES
from pipelines.contracts.datasets import DATASETS
from pipelines.contracts.model import Dataset, Kind

NO_CODE_AND_NO_NAME = "no-code-and-no-name"


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


@cache
def row_rule_query(name: str) -> str | None:
    """The DuckDB query over a relation ``rows`` that yields one Boolean column per row rule, or None without rules."""
    rules = row_rules(DATASETS[name])
    if not rules:
        return None
    outcomes = ", ".join(f'coalesce({predicate}, true) as "{column}"' for column, (predicate, _) in rules.items())
    return f"select {outcomes} from rows"


@cache
def schema(name: str) -> pandera.DataFrameSchema:
    """The pandera schema of the dataset called ``name``; validate with ``lazy=True`` and read ``failure_cases``."""
    dataset = DATASETS[name]
    columns = {}
    for column in dataset.stored_columns:
        checks = []
        if column.pattern:
            checks.append(pandera.Check.str_matches(f"^(?:{column.pattern})$", error="code-has-wrong-shape"))
        if column.codes:
            allowed = sorted({code for _, code in column.codes})
            if column.kind is not Kind.FLAG:
                checks.append(pandera.Check.isin(allowed, error="value-not-in-list"))
        columns[column.name] = pandera.Column(
            pd.ArrowDtype(ARROW_TYPES[column.kind]), checks=checks, nullable=column.nullable
        )
    for rule in row_rules(dataset):
        columns[rule] = pandera.Column(
            pd.ArrowDtype(pa.bool_()),
            checks=[pandera.Check.eq(True, error=rule.removeprefix("rule: "))],
            nullable=False,
        )
    return pandera.DataFrameSchema(columns, strict=False, ordered=False)
