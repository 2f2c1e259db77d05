"""The published tables for the SQL page: names, types, and the comments in Chinese and English that the file carries.

Does not belong here: what a comment says (``pipelines.contracts``).
"""

from __future__ import annotations

from typing import Any

import duckdb

from pipelines.sql_files import PUBLISHED_SCHEMAS
from pipelines.warehouse.database import CHINESE_SCHEMA

_ORDER = ("summary", CHINESE_SCHEMA, "quality", "history", "lineage", "core")


def published_tables(connection: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """Every table and view with its columns, those that are asked most first."""
    schemas = [*PUBLISHED_SCHEMAS, CHINESE_SCHEMA]
    found = connection.execute(
        """
        with named as (
            select schema_name, table_name as name, comment from duckdb_tables()
            where database_name = current_database()
            union all
            select schema_name, view_name, comment from duckdb_views()
            where database_name = current_database() and not internal
        )
        select named.schema_name as schema_name, named.name as name, named.comment as comment,
            list([columns.column_name, columns.data_type, coalesce(columns.comment, '')] order by column_index)
        from named
        inner join duckdb_columns() as columns
            on columns.database_name = current_database()
            and columns.schema_name = named.schema_name
            and columns.table_name = named.name
        where list_contains($schemas, named.schema_name)
        group by named.schema_name, named.name, named.comment
        order by list_position($order, named.schema_name), named.name""",
        {"schemas": schemas, "order": list(_ORDER)},
    ).fetchall()
    return [
        {"schema": schema, "name": name, "comment": comment or "", "columns": columns}
        for schema, name, comment, columns in found
    ]
