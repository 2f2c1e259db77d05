"""The pandera schema of a dataset, compiled from its contract.

The schema stands over a frame with Arrow-backed columns as ingest types them, plus one Boolean column per rule about
whole rows, which ``row_rules.row_rule_query`` computes from the rule's own SQL. pandera reports a failed
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
from pipelines.contracts.row_rules import allowed_values, row_rules


@cache
def schema(name: str) -> pandera.DataFrameSchema:
    """The pandera schema of the dataset called ``name``; validate with ``lazy=True`` and read ``failure_cases``."""
    dataset = DATASETS[name]
    columns = {}
    for column in dataset.stored_columns:
        checks = []
        if column.pattern:
            checks.append(pandera.Check.str_matches(f"^(?:{column.pattern})$", error="code-has-wrong-shape"))
        if allowed := allowed_values(column):
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
