"""The rules about whole rows as SQL, and the values that a column of codes may have.

Does not belong here: the pandera schema (pandera_schema), reasons and messages (quality).
"""

from __future__ import annotations

from functools import cache

from pipelines.contracts.datasets import DATASETS
from pipelines.contracts.model import Column, Dataset, Kind

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
