"""The lists of the portal: which published table each shows, and a page of it, filtered and sorted by the address.

Columns and their order are those of the reports (``pipelines.reports.sections``) where a report shows the table too.
Names from an address are looked up, values are bound; nothing of an address becomes SQL.
Does not belong here: how a value looks (``words``), who sees which rows (``scope``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

import duckdb

from pipelines.contracts.figures import Figure, definition, value_labels
from pipelines.contracts.model import Column
from pipelines.portal.publications import Publication, Row
from pipelines.reports.content import english_label, table_words
from pipelines.reports.sections import SECTIONS, Section

PAGE_SIZES = (50, 100, 200, 500)

_SECTIONS = {section.name: section for section in SECTIONS}
_PLACE = ("source_path", "source_sheet", "source_line")
_WORST = """(
    select district_code, fiscal_year, figure_level, department_code, department_name, project_code, project_name,
        case min(case warning_level when 'red' then 1 when 'orange' then 2 else 3 end)
            when 1 then 'red' when 2 then 'orange' else 'yellow' end as warning_level
    from summary.warning_overview
    group by all
)"""
_PROJECTS = f"""(
    select item.*, warning.warning_level
    from summary.project_execution as item
    left join {_WORST} as warning
        on item.district_code = warning.district_code
        and item.fiscal_year = warning.fiscal_year
        and item.department_code is not distinct from warning.department_code
        and item.department_name is not distinct from warning.department_name
        and item.project_code is not distinct from warning.project_code
        and item.project_name is not distinct from warning.project_name
        and warning.figure_level = 'project'
)"""
_WITH_PATH = """(
    select item.*, file.source_path
    from {table} as item
    left join (select distinct source_file_id, source_path from quality.source_file) as file using (source_file_id)
)"""
_HISTORY = """(
    select span.*, publication.published_at as published_at, publication.build_id
    from history.{level}_execution_span as span
    left join history.publication on span.first_build_number = publication.build_number
)"""


@dataclass(frozen=True, slots=True)
class List:
    """One list: ``name`` is in the address, ``choices`` are columns by whose values it can be narrowed.

    ``explained`` is the level (department, project) whose figures its rows are, each of which opens its explanation.
    """

    name: str
    label_zh: str
    table: str
    columns: tuple[str, ...]
    order: str
    choices: tuple[str, ...] = ()
    where: str = ""
    relation: str = ""
    explained: str = ""

    @property
    def label(self) -> str:
        """The English name."""
        return english_label(self.table.partition(".")[2])

    @property
    def source(self) -> str:
        """What is read: the table, or a query where further columns stand beside its own."""
        return self.relation or self.table


def _of_section(
    section: Section,
    label_zh: str,
    *choices: str,
    relation: str = "",
    extra: tuple[str, ...] = (),
    name: str = "",
    explained: str = "",
) -> List:
    with_path = "source_file_id" in section.columns
    columns = tuple(column for column in section.columns if column != "source_file_id" and column not in _PLACE)
    if with_path:
        columns += _PLACE
    order = section.order.replace("source_file_id", "source_path") if with_path else section.order
    made = relation or (_WITH_PATH.format(table=section.relation or section.table) if with_path else section.relation)
    return List(
        name or section.name,
        label_zh,
        section.table,
        (*extra, *columns),
        order,
        choices,
        section.where,
        made,
        explained,
    )


_HISTORY_COLUMNS = (
    "published_at",
    "department_code",
    "department_name",
    "initial_budget_amount",
    "net_adjustment_amount",
    "full_year_budget_amount",
    "executed_amount",
    "execution_rate_pct",
    "net_adjustment_rate_pct",
    "as_of_date",
    "build_id",
)

LISTS: dict[str, List] = {
    one.name: one
    for one in (
        _of_section(
            _SECTIONS["department"],
            "部门",
            "warning_level",
            "execution_status",
            "adjustment_status",
            name="departments",
            explained="department",
        ),
        _of_section(
            _SECTIONS["project"],
            "项目",
            "warning_level",
            "execution_status",
            "adjustment_status",
            "project_kind",
            "expenditure_nature",
            relation=_PROJECTS,
            name="projects",
            explained="project",
        ),
        _of_section(_SECTIONS["watch"], "项目跟踪", "watch_change", "handling_state", "projection_basis"),
        _of_section(_SECTIONS["fund_type"], "按资金性质", "fund_type_code"),
        _of_section(_SECTIONS["nature"], "按支出性质", "expenditure_nature"),
        _of_section(_SECTIONS["month"], "按月执行", "month"),
        _of_section(_SECTIONS["warning"], "预警", "warning_level", "figure_level"),
        _of_section(_SECTIONS["adjustment"], "预算调整", "warning_level", "adjustment_kind", "adjustment_status"),
        _of_section(_SECTIONS["carryover"], "结转结余", "figure_level"),
        _of_section(_SECTIONS["year_over_year"], "年度同比", "figure_level", "comparison_status"),
        _of_section(_SECTIONS["control_number"], "控制数建议", "proposal_status"),
        _of_section(_SECTIONS["self_evaluation"], "绩效自评", "figure_level", "execution_grade"),
        _of_section(_SECTIONS["finding"], "问题", "severity", "rule_id", extra=("department_name", "project_name")),
        _of_section(_SECTIONS["rejected_row"], "未计入行", "dataset"),
        List(
            "set_aside",
            "未计入的行",
            "lineage.set_aside",
            (
                "row_outcome",
                "department_name",
                "project_name",
                "money",
                "source_path",
                "source_sheet",
                "source_line",
                "kept_source_path",
                "kept_source_sheet",
                "kept_source_line",
                "money_difference",
                "messages_zh",
                "messages",
            ),
            "row_outcome, source_path, source_sheet, source_line",
            ("row_outcome",),
        ),
        List(
            "source_file",
            "来源文件",
            "quality.source_file",
            (
                "source_path",
                "source_sheet",
                "dataset",
                "file_outcome",
                "outcome_reason_zh",
                "outcome_reason",
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
                "source_bytes",
                "source_sha256",
            ),
            "source_path, source_sheet",
            ("file_outcome", "dataset"),
        ),
        List(
            "expected_delivery",
            "应报送情况",
            "quality.expected_delivery",
            ("dataset", "delivery_frequency", "period_end", "due_date", "delivered_on", "delivery_status"),
            "due_date desc, dataset",
            ("delivery_status", "dataset"),
        ),
        List(
            "department_history",
            "部门数据沿革",
            "history.department_execution_span",
            _HISTORY_COLUMNS,
            "first_build_number desc, department_code, department_name",
            relation=_HISTORY.format(level="department"),
        ),
        List(
            "project_history",
            "项目数据沿革",
            "history.project_execution_span",
            (*_HISTORY_COLUMNS[:3], "project_code", "project_name", *_HISTORY_COLUMNS[3:]),
            "first_build_number desc, department_code, project_code, project_name",
            relation=_HISTORY.format(level="project"),
        ),
        List(
            "contribution",
            "来源明细",
            "lineage.contribution",
            (
                "figure_level",
                "figure_name",
                "contributed_amount",
                "dataset",
                "event_date",
                "fund_type_code",
                "source_path",
                "source_sheet",
                "source_line",
            ),
            "figure_level, figure_name, dataset, event_date, source_path, source_sheet, source_line",
            ("figure_level", "figure_name", "dataset"),
        ),
    )
}
"""Every list of a district and year, by name."""

SUBJECT = ("department_code", "department_name", "project_code", "project_name")
"""What a list can be narrowed to by its key; an empty value in an address is a key without that part."""

_SEARCHED = (
    *SUBJECT,
    "fund_type_name",
    "message_zh",
    "evidence_zh",
    "watch_reasons_zh",
    "watch_reasons",
    "adjustment_reason",
    "document_number",
    "source_path",
    "rule_id",
    "finding_key",
)
_TWO_NUMBERS = re.compile(r"^(-?[\d.]*)\.\.(-?[\d.]*)$")


class BadAddressError(Exception):
    """An address asks for something that there is not: what was found, what there is."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A column by which a list can be narrowed: what is chosen, and every value with its label."""

    column: Column | Figure
    chosen: str
    values: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list as the address asked for it. ``columns`` are those that the publication has."""

    listed: List
    columns: tuple[Column | Figure, ...]
    rows: list[Row]
    row_count: int
    number: int
    size: int
    sort: str
    choices: tuple[Choice, ...]
    meaning: str
    meaning_zh: str

    @property
    def last(self) -> int:
        """The number of the last page."""
        return max(1, -(-self.row_count // self.size))


@dataclass(frozen=True, slots=True)
class _Asked:
    """A list's rows as the address narrows and sorts them."""

    columns: tuple[str, ...]
    where: str
    values: Row
    order: str
    sort: str


def find_list(name: str, publication: Publication) -> List:
    """The list ``name``; raises ``BadAddressError`` if there is none, or the publication lacks its table."""
    found = LISTS.get(name)
    if found is None or not publication.has(found.table):
        raise BadAddressError(f"没有“{name}”这一列表。There is no list {name!r}.")
    return found


def read_page(
    connection: duckdb.DuckDBPyConnection, publication: Publication, listed: List, asked: Mapping[str, str]
) -> Page:
    """The page of a list that the address asks for.

    Raises ``BadAddressError`` where it asks for what there is not.
    """
    query = _asked(publication, listed, asked)
    size = _number(asked.get("size", "100"), "size")
    if size not in PAGE_SIZES:
        raise BadAddressError(f"size: {size}；可选 {', '.join(map(str, PAGE_SIZES))}。expected one of these.")
    row_count = connection.execute(
        f"select count(*) from {listed.source} as item where {query.where}", query.values
    ).fetchall()[0][0]
    number = min(_number(asked.get("page", "1"), "page"), max(1, -(-row_count // size)))
    names = _read_columns(publication, listed, query)
    found = connection.execute(
        f"select {', '.join(names)} from {listed.source} as item where {query.where} order by {query.order}"
        f" limit {size} offset {(number - 1) * size}",
        query.values,
    )
    rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    _, meaning, meaning_zh = table_words(listed.table.removesuffix("_span"))
    return Page(
        listed,
        tuple(definition(name) for name in query.columns),
        rows,
        row_count,
        number,
        size,
        query.sort,
        tuple(_choices(connection, publication, listed, asked)),
        meaning,
        meaning_zh,
    )


def read_all(
    connection: duckdb.DuckDBPyConnection,
    publication: Publication,
    listed: List,
    asked: Mapping[str, str],
    rows_at_most: int,
) -> tuple[tuple[Column | Figure, ...], Iterator[tuple[Any, ...]]]:
    """The columns and all rows of a list that the address asks for, whatever its page; at most ``rows_at_most``.

    Raises ``BadAddressError`` where it asks for what there is not.
    """
    query = _asked(publication, listed, asked)
    found = connection.execute(
        f"select {', '.join(query.columns)} from {listed.source} as item where {query.where} order by {query.order}"
        f" limit {rows_at_most}",
        query.values,
    )
    return tuple(definition(name) for name in query.columns), _batches(found)


def _batches(found: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    while batch := found.fetchmany(10_000):
        yield from batch


def _read_columns(publication: Publication, listed: List, query: _Asked) -> list[str]:
    """The shown columns and those of the key, which links need."""
    key = ("district_code", "fiscal_year", "figure_level", *SUBJECT, "source_file_id")
    more = [name for name in key if publication.has(listed.table, name) and name not in query.columns]
    return [*query.columns, *more]


def _asked(publication: Publication, listed: List, asked: Mapping[str, str]) -> _Asked:
    own = publication.tables[listed.table]
    joined = ("source_path", "warning_level", "published_at", "build_id", *_SECTIONS["department"].columns)
    columns = tuple(name for name in listed.columns if name in own or (listed.relation and name in joined))
    if "is_complete" in own:
        columns += tuple(name for name in ("is_complete", "set_aside_row_count", "set_aside_amount") if name in own)
    where: list[str] = [listed.where] if listed.where else []
    values: Row = {}
    for name in ("district_code", "fiscal_year"):
        if name in asked and name in own:
            where.append(f"item.{name} = ${name}")
            values[name] = asked[name]
    for name in (*SUBJECT, *listed.choices, "figure_level"):
        if name in asked and (name in own or name in columns) and not (name in listed.choices and not asked[name]):
            where.append(f"cast(item.{name} as varchar) is not distinct from nullif(${name}, '')")
            values[name] = asked[name]
    searched = [name for name in _SEARCHED if name in own or name in columns]
    if (text := asked.get("q", "").strip()) and searched:
        where.append("(" + " or ".join(f"contains(lower(item.{name}), lower($q))" for name in searched) + ")")
        values["q"] = text
    for name in columns:
        if bounds := asked.get(f"{name}.between"):
            where += _bounds(name, bounds, values)
    sort = asked.get("sort", "")
    order = listed.order
    if sort:
        name = sort.removeprefix("-")
        if name not in columns:
            raise BadAddressError(f"sort: {name}；可选 {', '.join(columns)}。expected one of these.")
        ranks = {value: rank for rank, (value, _) in enumerate(value_labels(name))} if name == "warning_level" else {}
        key = f"item.{name}"
        if ranks:
            key = f"case {key} {' '.join(f'when {value!r} then {rank}' for value, rank in ranks.items())} end"
        order = f"{key} {'desc' if sort.startswith('-') else 'asc'} nulls last, {listed.order}"
    return _Asked(columns, " and ".join(where) or "true", values, order, sort)


def _bounds(name: str, text: str, values: Row) -> Iterator[str]:
    """``10..20`` as conditions; either end may be left out. Amounts in yuan."""
    match = _TWO_NUMBERS.match(text.strip())
    if match is None:
        raise BadAddressError(f"{name}: {text}；应为“下限..上限”。expected two numbers as in 10..20.")
    for sign, number, end in ((">=", match[1], "from"), ("<=", match[2], "to")):
        if number:
            try:
                values[f"{name}_{end}"] = Decimal(number)
            except InvalidOperation:
                raise BadAddressError(f"{name}: {number} 不是数字。is not a number.") from None
            yield f"item.{name} {sign} ${name}_{end}"


def _choices(
    connection: duckdb.DuckDBPyConnection, publication: Publication, listed: List, asked: Mapping[str, str]
) -> Iterator[Choice]:
    """The columns by which the list can be narrowed, with the values that occur in the district and year."""
    own = publication.tables[listed.table]
    where: list[str] = ["true"]
    values: Row = {}
    for name in ("district_code", "fiscal_year"):
        if name in asked and name in own:
            where.append(f"{name} = ${name}")
            values[name] = asked[name]
    for name in listed.choices:
        if name not in own and not listed.relation:
            continue
        relation = listed.table if name in own else listed.source
        found = connection.execute(
            f"select distinct cast({name} as varchar) from {relation} as item"
            f" where {' and '.join(where)} and {name} is not null order by try_cast({name} as integer), 1",
            values,
        ).fetchall()
        labels = dict(value_labels(name))
        known = [value for value in labels if (value,) in found]
        there = [*known, *(value for (value,) in found if value not in labels)]
        yield Choice(definition(name), asked.get(name, ""), tuple((value, labels.get(value, value)) for value in there))


def departments(connection: duckdb.DuckDBPyConnection, district_code: str, fiscal_year: int) -> list[Row]:
    """The departments of a district and year, by code and name."""
    found = connection.execute(
        "select department_code, department_name from summary.department_execution"
        " where district_code = $district and fiscal_year = $year order by all",
        {"district": district_code, "year": fiscal_year},
    )
    return [dict(zip(("department_code", "department_name"), row, strict=True)) for row in found.fetchall()]


def _number(text: str, name: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 10_000_000:
        raise BadAddressError(f"{name}: {text}；应为正整数。expected a whole number from 1 on.")
    return int(text)
