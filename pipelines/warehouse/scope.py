"""A database in which a reader finds the own rows only, under the names of the published tables.

Every page, download, explanation, question and report of a restricted reader is asked of it, so that no query has to
remember a restriction. A table that is not known to be harmless is not there at all.
Does not belong here: who a reader is (``portal.access``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import duckdb

from pipelines.contracts.reference_tables import CODE_LISTS, REFERENCE_TABLES
from pipelines.sql_files import PUBLISHED_SCHEMAS

PUBLISHED = "published"
"""The name under which the published file is attached."""

_MASKED = {
    "quality.build": ("inputs",),
    "history.publication": ("inputs",),
}
"""Columns that tell of every district, hidden from a reader who does not see them all."""

_OF_ALL_DEPARTMENTS = {
    "quality.source_file": (
        "rows_read",
        "rows_accepted",
        "rows_rejected",
        "rows_duplicate",
        "rows_superseded",
        "rows_subtotal",
        "money_read",
        "money_accepted",
        "money_rejected",
        "money_duplicate",
    ),
    "quality.district_year": (),
    "summary.project_watch_basis": (
        "project_count",
        "watched_project_count",
        "watched_budget_amount",
        "proposed_adjustment_amount",
        "unprojected_project_count",
        "listed_project_count",
        "contract_date_count",
        "planned_start_date_count",
        "approval_count",
    ),
    "quality.delivered_dataset": (),
    "quality.expected_delivery": (),
    "core.district_year_grain": (),
    "core.time_progress": (),
    "core.fund_type": (),
    "core.function_code": (),
    "core.economy_code": (),
}
"""Tables of a district without a department that a department's reader sees, without these columns."""

_OF_NOBODY = ("quality.build", "quality.rule", "history.publication")
"""Tables that are about no district."""

_REFERENCE = frozenset(f"core.{table.name}" for table in (*REFERENCE_TABLES.values(), *CODE_LISTS))


@dataclass(frozen=True, slots=True)
class Scope:
    """The rows that a reader sees: districts and departments, ``None`` for all of them.

    A department is told by its code or, where it has none, by its name.
    """

    districts: frozenset[str] | None = None
    departments: frozenset[str] | None = None

    @property
    def is_everything(self) -> bool:
        """Whether nothing is hidden."""
        return self.districts is None and self.departments is None


EVERYTHING = Scope()


def create_scope(
    connection: duckdb.DuckDBPyConnection, scope: Scope, name: str, *, copied: Collection[str] | None = None
) -> None:
    """Makes the database ``name`` in memory with the rows of ``scope`` of the attached published file.

    They are views of every table that the reader may see or, where ``copied`` names tables, copies of just these.
    """
    connection.execute(f"attach ':memory:' as {name}")
    for schema in PUBLISHED_SCHEMAS:
        connection.execute(f"create schema {name}.{schema}")
    _create_allowed(connection, scope, name)
    for table, columns in _tables(connection).items():
        query = _query(table, columns, scope, name) if copied is None or table in copied else ""
        if query:
            connection.execute(f"create {'view' if copied is None else 'table'} {name}.{table} as {query}")


def _create_allowed(connection: duckdb.DuckDBPyConnection, scope: Scope, name: str) -> None:
    """Tables of the districts and, where departments are told, of every spelling under which their rows are given."""
    connection.execute(f"create table {name}.main.allowed_district (district_code varchar)")
    connection.execute(
        f"insert into {name}.main.allowed_district select distinct district_code from {PUBLISHED}.quality.district_year"
        " where $districts is null or list_contains($districts, district_code)",
        {"districts": None if scope.districts is None else sorted(scope.districts)},
    )
    if scope.departments is None:
        return
    connection.execute(
        f"""
        create table {name}.main.allowed_department as
        with own as (
            select district_code, fiscal_year, department_code, department_name, given_department_code,
                given_department_name
            from {PUBLISHED}.core.department_resolution
            where district_code in (select district_code from {name}.main.allowed_district)
                and (list_contains($departments, department_code) or list_contains($departments, department_name))
        )
        select district_code, fiscal_year, department_code as code, department_name as name from own
        union
        select district_code, fiscal_year, given_department_code, given_department_name from own""",
        {"departments": sorted(scope.departments)},
    )


def _tables(connection: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    """The columns of every published table and view."""
    rows = connection.execute(
        """select schema_name || '.' || table_name, list(column_name order by column_index) from duckdb_columns()
        where database_name = $database and list_contains($schemas, schema_name) group by all order by all""",
        {"database": PUBLISHED, "schemas": list(PUBLISHED_SCHEMAS)},
    ).fetchall()
    return dict(rows)


def _query(table: str, columns: list[str], scope: Scope, name: str) -> str:
    """The query of the view, empty where the table stays hidden."""
    hidden = [*_MASKED.get(table, ())]
    conditions = list(_conditions(table, columns, scope, name))
    if scope.departments is not None and "department_code" not in columns:
        if table in _OF_ALL_DEPARTMENTS:
            hidden += _OF_ALL_DEPARTMENTS[table]
        elif table not in _OF_NOBODY and table not in _REFERENCE:
            return ""
    elif "district_code" not in columns and table not in _OF_NOBODY and table not in _REFERENCE:
        return ""
    replaced = ", ".join(f"null as {column}" for column in hidden if column in columns)
    shown = f"* replace ({replaced})" if replaced else "*"
    where = f" where {' and '.join(conditions)}" if conditions else ""
    return f"select {shown} from {PUBLISHED}.{table} as item{where}"


def _conditions(table: str, columns: list[str], scope: Scope, name: str) -> Iterator[str]:
    if "district_code" in columns:
        of_every_district = "item.district_code is null or " if table in _REFERENCE else ""
        yield f"({of_every_district}item.district_code in (select district_code from {name}.main.allowed_district))"
    if scope.departments is not None and "department_code" in columns:
        same = "allowed.district_code = item.district_code and allowed.fiscal_year = item.fiscal_year"
        yield f"""exists (
            select 1 from {name}.main.allowed_department as allowed where {same} and (
                allowed.code = item.department_code
                or item.department_code is null and allowed.name = item.department_name
            )
        )"""
