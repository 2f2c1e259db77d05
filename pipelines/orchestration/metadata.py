"""What the Dagster pages show of a table: rows, money, columns with their meaning, a preview.

Money is shown as text with all its digits, because Dagster's numbers are floats.
Does not belong here: any figure that is not read from a table as it stands.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import dagster as dg
import duckdb

PREVIEW_ROWS = 20

_MONEY_TYPES = ("DECIMAL(18,2)", "DECIMAL(38,2)")
_PREVIEWED = (
    "district_code",
    "fiscal_year",
    "department_name",
    "project_name",
    "initial_budget_amount",
    "full_year_budget_amount",
    "executed_amount",
    "execution_rate_pct",
    "net_adjustment_rate_pct",
    "execution_status",
    "adjustment_status",
)


Columns = Sequence[tuple[str, str, str]]
"""Name, type and comment of every column of a table."""


def columns_of_tables(published: duckdb.DuckDBPyConnection) -> Mapping[tuple[str, str], Columns]:
    """The columns of every table by schema and table, asked once: the question costs the same for one table."""
    columns: defaultdict[tuple[str, str], list[tuple[str, str, str]]] = defaultdict(list)
    for schema, table, *column in published.execute(
        "select schema_name, table_name, column_name, data_type, comment from duckdb_columns()"
        " where database_name = current_database() order by column_index"
    ).fetchall():
        columns[schema, table].append((column[0], column[1], column[2]))
    return columns


def table_metadata(published: duckdb.DuckDBPyConnection, schema: str, table: str, columns: Columns) -> dict[str, Any]:
    """Row count, column schema, control totals of the amount columns in yuan, and, for a table of rates, a preview."""
    names = [name for name, *_ in columns]
    amounts = [name for name, data_type, _ in columns if data_type in _MONEY_TYPES]
    sums = ", ".join(["count(*)", *(f"sum({name})" for name in amounts)])
    rows, *totals = published.execute(f"select {sums} from {schema}.{table}").fetchall()[0]  # noqa: S608 - own names
    metadata: dict[str, Any] = {
        "dagster/row_count": rows,
        "dagster/table_name": f"{schema}.{table}",
        "dagster/column_schema": dg.TableSchema(
            [dg.TableColumn(name, data_type, description=comment) for name, data_type, comment in columns]
        ),
    }
    metadata |= {f"control total of {name} (yuan)": yuan(total) for name, total in zip(amounts, totals, strict=True)}
    if "execution_rate_pct" in names:
        shown = [name for name in _PREVIEWED if name in names]
        order = "executed_amount desc nulls last" if "executed_amount" in names else "all"
        query = f"select {', '.join(shown)} from {schema}.{table} order by {order}"  # noqa: S608 - own names
        metadata["preview"] = markdown_table(shown, published.execute(f"{query} limit {PREVIEW_ROWS}").fetchall())
    return metadata


def yuan(amount: Decimal | None) -> str:
    """An amount with all its digits, or ``unknown``."""
    return "unknown" if amount is None else f"{amount:,.2f}"


def markdown_table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> dg.MarkdownMetadataValue:
    """The rows as a Markdown table; cell texts are shown as text, never as markup."""
    lines = ["| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns)]
    lines += ["| " + " | ".join(map(_cell, row)) + " |" for row in rows]
    return dg.MetadataValue.md("\n".join(lines))


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    text = yuan(value) if isinstance(value, Decimal) else str(value)
    return "".join(f"\\{character}" if character in "\\`*_{}[]()<>#+!|~" else character for character in text)
