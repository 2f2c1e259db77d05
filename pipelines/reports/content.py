"""What a report shows, read once from a database's published tables: the workbook and the page both render it.

Amounts and rates stay decimals. Rates of the whole district are the sums of its departments divided once, by the
macros that the summaries use. Does not belong here: layout, and any figure that a summary table should publish.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

import duckdb

from pipelines.contracts.common import DEPARTMENT_CODE, DEPARTMENT_NAME, PROJECT_CODE, PROJECT_NAME, PROVENANCE
from pipelines.contracts.datasets import DATASETS
from pipelines.contracts.figures import Figure, definition
from pipelines.contracts.model import Column, Kind
from pipelines.contracts.quality_tables import BUILD, DISTRICT_YEAR, QUALITY_TABLES, SOURCE_FILE
from pipelines.reports.sections import SECTIONS, TABLES_READ, Section
from pipelines.sql_files import read_sql_file, sql_directory
from pipelines.warehouse.database import create_macros

LINES_AT_MOST = 4000
"""Source lines of one dataset that a page carries: beyond them the largest of each project, and the larger first."""

DECIMALS = (Kind.AMOUNT, Kind.SUM, Kind.RATIO, Kind.PERCENT, Kind.FINDING_VALUE)
"""The kinds of figures that are decimals."""

_LARGEST = 5 * LINES_AT_MOST
"""Lines among which those of so many projects are looked for first."""

_PROJECT = "hash(department_code, department_name, project_code, project_name)"
_SHEET = "hash(source_file_id, source_sheet)"

_LINE_COLUMNS = {
    "annual_budget": ("fund_type_code", "function_code", "initial_budget_amount", "full_year_budget_amount"),
    "budget_adjustment": (
        "adjustment_date",
        "adjustment_kind",
        "batch_number",
        "adjustment_reason",
        "adjustment_amount",
    ),
    "payment": ("payment_date", "voucher_number", "fund_type_code", "paid_amount"),
    "carryover": ("fund_type_code", "carried_over_amount", "taken_back_amount"),
    "execution_statement": (
        "as_of_date",
        "fund_type_code",
        "expenditure_nature",
        "initial_budget_amount",
        "adjustment_amount",
        "full_year_budget_amount",
        "executed_amount",
    ),
}
"""The columns by which a reader recognises a source line of each dataset that carries money."""

_FILE_COLUMNS = (
    *(
        "source_file_id",
        "source_path",
        "source_sheet",
        "dataset",
        "file_outcome",
        "outcome_reason",
        "outcome_reason_zh",
    ),
    *("rows_read", "rows_accepted", "rows_rejected", "rows_duplicate", "rows_subtotal"),
    *("money_read", "money_accepted", "money_rejected", "money_duplicate"),
)
"""What a report tells of a delivered file."""

_WHO = (DEPARTMENT_CODE, DEPARTMENT_NAME, PROJECT_CODE, PROJECT_NAME)


TABLES_OF_REPORTS = TABLES_READ | {f"core.{name}" for name in _LINE_COLUMNS}
"""All published tables that a report is read from."""


class NothingToReportError(LookupError):
    """The published database has no such district and year: what was asked for, and what there is."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of one published table with the definitions of its columns.

    ``row_count`` is how many rows there are; ``rows`` may be the first of them. Decimals of ``rows`` are texts with all
    their digits, as page and workbook show them: a decimal of Python for each of half a million takes longer than all
    else that is asked for a report.
    """

    name: str
    label_zh: str
    label: str
    meaning: str
    meaning_zh: str
    columns: tuple[Column | Figure, ...]
    rows: list[tuple[Any, ...]]
    row_count: int

    def records(self) -> list[dict[str, Any]]:
        """The rows by column name, with decimals for their texts."""
        made = [(column.name, Decimal if column.kind in DECIMALS else _as_it_is) for column in self.columns]
        return [
            {name: None if value is None else make(value) for (name, make), value in zip(made, row, strict=True)}
            for row in self.rows
        ]


@dataclass(frozen=True, slots=True)
class Content:
    """Everything that the reports of one district and year show.

    ``totals`` are the sums over the district's departments with ``known_…`` counts beside them: a sum of which a part
    is unknown is the sum of the known part. ``warning_counts`` are of departments and projects by level,
    ``warning_rule_count`` counts every rule whose threshold is passed. ``as_of_date`` is the date asked for, or the
    data's own; ``is_year_finished`` says whether the figures of all departments are those of the whole year.
    ``department_name`` is that of the only department shown, where the rows are those of one.
    """

    district_code: str
    fiscal_year: int
    district_name: str | None
    as_of_date: date | None
    department_name: str | None
    build: dict[str, Any]
    district_year: dict[str, Any]
    totals: dict[str, Any]
    warning_counts: dict[str, int]
    warning_rule_count: int
    is_year_finished: bool
    sections: dict[str, Table]
    lines: dict[str, Table]
    source_files: Table

    @property
    def whose(self) -> str:
        """Whose figures these are: the district by name or code and, where it is one, the department."""
        district = self.district_name or self.district_code
        return f"{district} {self.department_name}" if self.department_name else district


def district_years(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, int]]:
    """Every district and fiscal year that has published figures."""
    return connection.execute(
        "select distinct district_code, fiscal_year from summary.department_execution order by all"
    ).fetchall()


def check_published(connection: duckdb.DuckDBPyConnection, district_code: str, fiscal_year: int) -> None:
    """Raises ``NothingToReportError`` if there are no published figures of this district and year."""
    if (district_code, fiscal_year) not in (there := district_years(connection)):
        found = ", ".join(f"{code}/{year}" for code, year in there) or "none 无"
        raise NothingToReportError(
            f"nothing is published for {district_code}/{fiscal_year}; published are: {found}. "
            f"{district_code}/{fiscal_year} 尚无已发布的数据；已发布：{found}。"
        )


def read_content(
    connection: duckdb.DuckDBPyConnection,
    district_code: str,
    fiscal_year: int,
    *,
    district_name: str | None = None,
    department_name: str | None = None,
    as_of: date | None = None,
) -> Content:
    """Reads what the reports of a district and year show, or of the department whose rows alone ``connection`` has.

    Raises:
        NothingToReportError: nothing is published for it.
    """
    check_published(connection, district_code, fiscal_year)
    create_macros(connection)
    of_year = {"district": district_code, "year": fiscal_year}
    warnings = connection.execute(
        f"select warning_level, count(*) from summary.warning_overview where {_OF_YEAR} group by all order by all",
        of_year,
    ).fetchall()
    sections = {section.name: _section(connection, section, of_year) for section in SECTIONS}
    totals = _one(
        connection, f"select * exclude (district_code, fiscal_year) from ({DISTRICT_TOTALS}) where {_OF_YEAR}", of_year
    )
    return Content(
        district_code,
        fiscal_year,
        district_name,
        as_of or totals["as_of_date"],
        department_name,
        _one(connection, f"select {_names(BUILD.columns)} from quality.{BUILD.name}", {}),
        _one(
            connection,
            f"select {_names(DISTRICT_YEAR.columns)} from quality.{DISTRICT_YEAR.name} where {_OF_YEAR}",
            of_year,
        ),
        totals,
        dict(warnings),
        _count(connection, f"summary.execution_warning where {_OF_YEAR}", of_year),
        _is_year_finished(connection, of_year),
        sections,
        {name: _lines(connection, name, of_year) for name in _LINE_COLUMNS},
        _source_files(connection, of_year),
    )


def english_label(name: str) -> str:
    """A column's or table's English label: its name in words."""
    words = name.removesuffix("_pct").replace("_", " ")
    return f"{words[:1].upper()}{words[1:]}{' (%)' if name.endswith('_pct') else ''}"


_OF_YEAR = "district_code = $district and fiscal_year = $year"

DISTRICT_TOTALS = """
with latest as (
    select district_code, fiscal_year, time_progress_pct
    from summary.execution_ranking
    where figure_level = 'department'
    qualify row_number() over (partition by district_code, fiscal_year order by month desc nulls last) = 1
),

total as (
    select
        district_code,
        fiscal_year,
        count(*) as department_count,
        count(initial_budget_amount) as known_initial_budget_amount,
        sum(initial_budget_amount) as initial_budget_amount,
        count(net_adjustment_amount) as known_net_adjustment_amount,
        sum(net_adjustment_amount) as net_adjustment_amount,
        count(increase_amount) as known_increase_amount,
        sum(increase_amount) as increase_amount,
        sum(decrease_amount) as decrease_amount,
        sum(adjustment_count) as adjustment_count,
        count(full_year_budget_amount) as known_full_year_budget_amount,
        sum(full_year_budget_amount) as full_year_budget_amount,
        count(executed_amount) as known_executed_amount,
        sum(executed_amount) as executed_amount,
        count(unspent_amount) as known_unspent_amount,
        sum(unspent_amount) as unspent_amount,
        sum(executed_amount) filter (unspent_amount is not null) as rated_executed_amount,
        sum(full_year_budget_amount) filter (unspent_amount is not null) as rated_budget_amount,
        sum(initial_budget_amount) filter (net_adjustment_amount is not null) as adjusted_initial_amount,
        sum(net_adjustment_amount) filter (initial_budget_amount is not null) as adjusted_net_amount,
        max(as_of_date) as as_of_date
    from summary.department_execution
    group by district_code, fiscal_year
)

select
    total.* exclude (rated_executed_amount, rated_budget_amount, adjusted_initial_amount, adjusted_net_amount),
    exact_rate_pct(rated_executed_amount, rated_budget_amount) as execution_rate_pct,
    exact_rate_pct(adjusted_net_amount, adjusted_initial_amount) as net_adjustment_rate_pct,
    latest.time_progress_pct,
    exact_rate_pct(rated_executed_amount, rated_budget_amount) - latest.time_progress_pct as gap_to_progress_points
from total
left join latest using (district_code, fiscal_year)
"""
"""Sums over the departments of every district and year; ``known_…`` count those of which an amount is known. Needs the
macros (``create_macros``)."""


def _section(connection: duckdb.DuckDBPyConnection, section: Section, of_year: dict[str, Any]) -> Table:
    label_zh, meaning, meaning_zh = table_words(section.table)
    columns = tuple(definition(name) for name in section.columns)
    where = f"{_OF_YEAR} and {section.where}" if section.where else _OF_YEAR
    of_interest = f"where {where} order by {section.order} limit {section.rows_at_most}"
    # Chosen before anything is added to them or made of them: few of a large table are shown.
    first = f"(select rowid, * from {section.table} {of_interest})"
    relation = section.relation.format(first=first) if section.relation else first
    rows = connection.execute(f"select {_shown(columns)} from {relation} as shown {of_interest}", of_year).fetchall()
    row_count = len(rows)
    if row_count == section.rows_at_most:
        row_count = _count(connection, f"{section.table} where {where}", of_year)
    return Table(
        section.name,
        label_zh,
        english_label(section.table.partition(".")[2]),
        meaning,
        meaning_zh,
        columns,
        rows,
        row_count,
    )


@cache
def table_words(table: str) -> tuple[str, str, str]:
    """Label, meaning and Chinese meaning of a published table, from where it is defined."""
    schema, _, name = table.partition(".")
    if schema == "quality":
        found = next(published for published in QUALITY_TABLES if published.name == name)
        return found.label_zh, found.meaning, found.meaning_zh
    file = read_sql_file(sql_directory() / schema / f"{name}.sql")
    return file.label_zh, file.meaning, file.meaning_zh


def _lines(connection: duckdb.DuckDBPyConnection, name: str, of_year: dict[str, Any]) -> Table:
    """Source lines of one dataset under the department and project that they count for."""
    dataset = DATASETS[name]
    shown = tuple(dataset[column] for column in _LINE_COLUMNS[name])
    amounts = [column for column in _LINE_COLUMNS[name] if column in dataset.amount_columns]
    size = f"abs(coalesce({', '.join(amounts)}))"
    lines = f"core.{name} where {_OF_YEAR}"
    row_count = _count(connection, lines, of_year)
    shown_only, values = "", of_year
    if row_count > LINES_AT_MOST:
        shown_only = " and rowid in (select unnest($numbers))"
        values = of_year | {"numbers": _largest_lines(connection, lines, size, of_year)}
    rows = connection.execute(
        f"""
        select project.department_code, project.department_name, project.project_code, project.project_name,
            {_shown((*shown, *PROVENANCE), "line")}
        from (
            select * from core.{name} where {_OF_YEAR}{shown_only}
        ) as line
        inner join core.project_resolution as project
            on line.district_code = project.district_code
            and line.fiscal_year = project.fiscal_year
            and line.department_code is not distinct from project.given_department_code
            and line.department_name is not distinct from project.given_department_name
            and line.project_code is not distinct from project.given_project_code
            and line.project_name is not distinct from project.given_project_name
        order by project.department_code, project.project_code, line.source_file_id, line.source_sheet, line.source_line
        """,
        values,
    ).fetchall()
    return Table(
        name,
        dataset.label_zh,
        english_label(name),
        dataset.meaning,
        dataset.meaning_zh,
        (*_WHO, *shown, *PROVENANCE),
        rows,
        row_count,
    )


def _largest_lines(connection: duckdb.DuckDBPyConnection, lines: str, size: str, of_year: dict[str, Any]) -> list[int]:
    """The rowids of the ``LINES_AT_MOST`` lines that are shown: the largest line of every project, then the next.

    To rank all of a city's payments means to sort them. So only as many lines of a project are ranked as can be shown,
    and where the largest lines of all belong to more projects than can be shown, no other line is looked at.
    """
    smallest = connection.execute(
        f"select min(size) from (select {size} as size from {lines} order by size desc nulls last limit {_LARGEST})",
        of_year,
    ).fetchall()[0][0]
    numbers = _first_lines(connection, f"{lines} and {size} >= $smallest", size, 1, of_year | {"smallest": smallest})
    if len(numbers) == LINES_AT_MOST:
        return numbers
    line_counts = connection.execute(
        f"select line_count, count(*) from (select count(*) as line_count from {lines} group by {_PROJECT}) group by 1",
        of_year,
    ).fetchall()
    ranks = 1
    while sum(min(line_count, ranks) * projects for line_count, projects in line_counts) < LINES_AT_MOST:
        ranks += 1
    return _first_lines(connection, lines, size, ranks, of_year)


def _first_lines(
    connection: duckdb.DuckDBPyConnection, lines: str, size: str, ranks: int, values: dict[str, Any]
) -> list[int]:
    """The rowids of the ``LINES_AT_MOST`` first among the ``ranks`` largest lines of every project."""
    rows = connection.execute(
        f"""
        select number from (
            select unnest(ranked, recursive := true), generate_subscripts(ranked, 1) as place
            from (
                select min_by(
                    struct_pack(number := rowid, size := {size}, source_line, sheet := {_SHEET}),
                    row(-{size}, source_line, {_SHEET}),
                    {ranks}
                ) as ranked
                from {lines} group by {_PROJECT}
            )
        )
        order by place, size desc nulls last, source_line, sheet
        limit {LINES_AT_MOST}
        """,
        values,
    ).fetchall()
    return [number for (number,) in rows]


def _is_year_finished(connection: duckdb.DuckDBPyConnection, of_year: dict[str, Any]) -> bool:
    ((is_finished,),) = connection.execute(
        f"""select coalesce(bool_and(is_year_finished), false) from summary.year_over_year
        where {_OF_YEAR} and figure_level = 'department' and comparison_status <> 'ended'""",
        of_year,
    ).fetchall()
    return bool(is_finished)


def _count(connection: duckdb.DuckDBPyConnection, rows: str, of_year: dict[str, Any]) -> int:
    count: int = connection.execute(f"select count(*) from {rows}", of_year).fetchall()[0][0]
    return count


def _source_files(connection: duckdb.DuckDBPyConnection, of_year: dict[str, Any]) -> Table:
    columns = tuple(column for column in SOURCE_FILE.columns if column.name in _FILE_COLUMNS)
    rows = connection.execute(
        f"select {_shown(columns)} from quality.{SOURCE_FILE.name} as shown where {_OF_YEAR}"
        " order by source_path, source_sheet",
        of_year,
    ).fetchall()
    return Table(
        SOURCE_FILE.name,
        SOURCE_FILE.label_zh,
        english_label(SOURCE_FILE.name),
        SOURCE_FILE.meaning,
        SOURCE_FILE.meaning_zh,
        columns,
        rows,
        len(rows),
    )


def _one(connection: duckdb.DuckDBPyConnection, query: str, values: dict[str, Any]) -> dict[str, Any]:
    found = connection.execute(query, values)
    names = [column[0] for column in found.description or ()]
    row = found.fetchone()
    return dict(zip(names, row, strict=True)) if row else dict.fromkeys(names)


def _shown(columns: Iterable[Column | Figure], relation: str = "shown") -> str:
    """The columns of ``relation`` as ``Table.rows`` has them."""
    return ", ".join(
        f"cast({relation}.{column.name} as varchar)" if column.kind in DECIMALS else f"{relation}.{column.name}"
        for column in columns
    )


def _as_it_is(value: Any) -> Any:
    return value


def _names(columns: Sequence[Column]) -> str:
    return ", ".join(column.name for column in columns)
