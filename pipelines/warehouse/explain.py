"""Follows a published figure back: its formula with numbers, the rows that it adds up, and all that touches them.

What is told here is asked of the published file only, of views that analysts may ask too (``lineage.contribution``,
``lineage.set_aside``); the formulas are the glossary's, calculated here once more with whole fractions.
Does not belong here: printing, the definition of any figure (contracts.figures).
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from pipelines.contracts.figures import FIGURES, Figure, definition
from pipelines.contracts.model import Column, Kind

if TYPE_CHECKING:
    import duckdb

Row = dict[str, Any]

PLACES = {Kind.RATIO: 6, Kind.PERCENT: 2, Kind.AMOUNT: 2}

_TABLES = {"department": "summary.department_execution", "project": "summary.project_execution"}
_KEY = ("district_code", "fiscal_year", "department_code", "department_name", "project_code", "project_name")
_TERM = re.compile(r"[a-z][a-z_]+")
_OF_DETAIL = {
    "full_year_budget_amount": "initial_budget_amount + net_adjustment_amount",
    "net_adjustment_amount": "increase_amount − decrease_amount",
}
"""What adds up where adjustment lines were delivered; elsewhere these amounts are stated, not calculated."""
_INPUTS = {
    "execution_rate": ("execution_status",),
    "execution_rate_pct": ("execution_status",),
    "execution_status": ("executed_amount", "full_year_budget_amount"),
    "net_adjustment_rate": ("adjustment_status",),
    "net_adjustment_rate_pct": ("adjustment_status",),
    "adjustment_status": ("initial_budget_amount", "net_adjustment_amount"),
    "adjustment_count": ("net_adjustment_amount",),
    "as_of_date": ("executed_amount", "net_adjustment_amount"),
    "source_grain": ("initial_budget_amount", "full_year_budget_amount", "executed_amount"),
}
"""What to look at beside the formula: why a rate is empty, and the amounts behind what is not calculated."""


class NotExplainedError(Exception):
    """There is nothing to explain under this address or name: what was found, what there is instead."""


@dataclass(frozen=True, slots=True)
class Step:
    """A figure with its value; where it is calculated, the formula, the same with numbers, and whether it comes out."""

    figure: Column | Figure
    value: Any
    formula: str = ""
    numbers: str = ""
    is_confirmed: bool | None = None


@dataclass(frozen=True, slots=True)
class Contributions:
    """The source rows of one amount: the first of them, how many there are, and their sum in yuan (None: unknown)."""

    figure: Column | Figure
    rows: list[Row]
    count: int
    total: Decimal | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """Where a figure comes from. ``subject`` is the row's key and ``level`` its table's; rows are columns by name.

    ``set_aside`` and ``findings`` are what touches the figure; of each list the first rows are given, all are counted.
    ``files`` are the delivered files of the rows given, with the SHA-256 under which their bytes are kept.
    """

    build_id: str
    level: str
    subject: Row
    figure: Column | Figure
    value: Any
    steps: list[Step]
    contributions: list[Contributions]
    set_aside: list[Row]
    set_aside_count: int
    findings: list[Row]
    findings_count: int
    files: list[Row]


def explain(connection: duckdb.DuckDBPyConnection, address: str, figure: str, *, rows: int = 20) -> Explanation:
    """Explains one figure of the published database that ``connection`` has open.

    ``address`` is ``<district>/<year>/<department or project>``, by code or by name; ``<department>/<project>`` where
    the project alone would be ambiguous. ``figure`` is a column of the department or project table, or its Chinese
    name. ``rows`` is how many rows of each list are given.

    Raises:
        NotExplainedError: the address fits nothing or several things, or the figure is none.
    """
    level, published = _find(connection, address)
    return explain_row(connection, level, published, figure, rows=rows)


def published_row(connection: duckdb.DuckDBPyConnection, level: str, key: Row) -> Row:
    """The published row of a department or project; ``key`` are columns of its key, as many as tell it.

    Raises ``NotExplainedError`` where none or several fit.
    """
    subject = {name: key[name] for name in _KEY if name in key}
    found = _rows(connection, f"from {_TABLES[level]} as item where {_is_subject('item', subject)} limit 2", subject)
    if len(found) != 1:
        named = " / ".join(str(value) for value in subject.values() if value is not None)
        several = "is several things 不唯一" if found else "is not published 未发布"
        raise NotExplainedError(f"{named} {several}.")
    return found[0]


def explain_row(
    connection: duckdb.DuckDBPyConnection, level: str, published: Row, figure: str, *, rows: int = 20
) -> Explanation:
    """Explains one figure of a published row (``published_row``); see ``explain``.

    Raises:
        NotExplainedError: the figure is none of the row's table.
    """
    names = [name for name in published if name not in _KEY]
    column = _figure(figure, names)
    subject = {name: published[name] for name in _KEY if name in published}
    values = published | _unpublished(connection, level, subject)
    steps = list(_steps(column.name, values))
    amounts = [step.figure for step in steps if step.figure.kind is Kind.AMOUNT and not step.formula]
    contributions = list(_contributions(connection, level, subject, amounts, rows))
    set_aside = _set_aside(connection, subject)
    findings = _findings(connection, level, subject)
    return Explanation(
        connection.execute("select build_id from quality.build").fetchall()[0][0],
        level,
        subject,
        column,
        published[column.name],
        steps,
        contributions,
        set_aside[:rows],
        len(set_aside),
        findings[:rows],
        len(findings),
        _files(connection, subject, {row["source_path"] for part in contributions for row in part.rows}),
    )


# What is asked about -------------------------------------------------------------------------------------------


def _find(connection: duckdb.DuckDBPyConnection, address: str) -> tuple[str, Row]:
    """The level and the published row that the address names."""
    district, _, rest = address.strip().partition("/")
    year, _, item = rest.partition("/")
    if not (district.isdigit() and year.isdigit() and item.strip()):
        raise NotExplainedError(
            f"{address!r} is not an address; expected <district>/<year>/<department or project>, for example "
            "440103/2022/招商引资经费. 地址应为“区划/年度/部门或项目”。"
        )
    found = [
        (level, row)
        for level in _TABLES
        for row in _rows(
            connection,
            f"from {_TABLES[level]} where district_code = $district and fiscal_year = $year",
            {"district": district, "year": int(year)},
        )
    ]
    if not found:
        there = connection.execute("select district_code || '/' || fiscal_year from quality.district_year order by 1")
        raise NotExplainedError(
            f"{district}/{year} is not published; published are {', '.join(place for (place,) in there.fetchall())}. "
            "该区年度尚未发布。"
        )
    named = [(level, row, set(_addresses(level, row))) for level, row in found]
    fits = [(level, row) for level, row, names in named if _folded(item) in names]
    if len(fits) == 1:
        return fits[0]
    if fits:
        several = "; ".join(f"{district}/{year}/{_full_address(level, row)}" for level, row in fits)
        raise NotExplainedError(f"{item} is several things; say which: {several}. 名称不唯一，请指明。")
    near = difflib.get_close_matches(_folded(item), {name for _, _, names in named for name in names}, n=5, cutoff=0.4)
    perhaps = f"; perhaps {', '.join(near)}" if near else ""
    raise NotExplainedError(f"{district}/{year} has no department or project {item!r}{perhaps}. 没有该部门或项目。")


def _addresses(level: str, row: Row) -> Iterator[str]:
    """Every spelling under which a row can be asked for."""
    departments = [_folded(row[name]) for name in ("department_code", "department_name") if row[name]]
    if level == "department":
        yield from departments
        return
    for project in (_folded(row[name]) for name in ("project_code", "project_name") if row[name]):
        yield project
        yield from (f"{department}/{project}" for department in departments)


def _full_address(level: str, row: Row) -> str:
    department = row["department_code"] or row["department_name"]
    return department if level == "department" else f"{department}/{row['project_code'] or row['project_name']}"


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().casefold()


def _figure(name: str, names: Sequence[str]) -> Column | Figure:
    by_label = {definition(known).label_zh: known for known in names}
    chosen = name if name in names else by_label.get(name)
    if chosen is None:
        raise NotExplainedError(f"{name!r} is not a figure of this table; it has {', '.join(names)}. 没有该指标。")
    return definition(chosen)


# How it is calculated ------------------------------------------------------------------------------------------


def _unpublished(connection: duckdb.DuckDBPyConnection, level: str, subject: Row) -> Row:
    """What formulas name beside the published columns."""
    (row,) = _rows(
        connection,
        f"""
        select figure.gross_adjustment_amount, delivered.has_budget_adjustment
        from core.execution_figure as figure
        join core.district_year_grain as delivered using (district_code, fiscal_year)
        where figure.figure_level = $level and {_is_subject("figure", subject)}""",
        {"level": level} | subject,
    )
    return row


def _steps(name: str, values: Row) -> Iterator[Step]:
    """The figure and everything that it is calculated from, each once, in the order of the calculation."""
    waiting, seen = [name], set()
    while waiting:
        current = waiting.pop(0)
        if current in seen:
            continue
        seen.add(current)
        formula = _formula(current, values)
        terms = _TERM.findall(formula)
        waiting += [*terms, *_INPUTS.get(current, ())]
        column = definition(current)
        value = values[current]
        if not formula:
            yield Step(column, value)
            continue
        numbers = _TERM.sub(lambda term: _number(values[term[0]]), formula)
        yield Step(column, value, formula, numbers, _comes_out(formula, column.kind, value, values))


def _formula(name: str, values: Row) -> str:
    """The formula of a figure that is calculated from other figures; empty for one that rows add up to or state."""
    if name in _OF_DETAIL:
        has_lines = values["source_grain"] == "detail" and values["has_budget_adjustment"]
        return _OF_DETAIL[name] if has_lines else ""
    figure = FIGURES.get(name)
    formula = figure.formula if figure else ""
    is_calculation = bool(formula) and all(term in values for term in _TERM.findall(formula)) and "Σ" not in formula
    return formula if is_calculation else ""


def _number(value: Any) -> str:
    if value is None:
        return "?"
    return f"({value:,})" if isinstance(value, Decimal) and value < 0 else f"{value:,}"


def _comes_out(formula: str, kind: Kind, value: Any, values: Row) -> bool:
    """Whether the formula, calculated in whole fractions and rounded half up once, gives the published value."""
    first, *others = [values[term] for term in _TERM.findall(formula)]
    if first is None or None in others:
        return value is None
    result = Fraction(first)
    for operator, operand in zip(re.findall(r" ([/−+]) ", formula), others, strict=True):
        if operator == "/" and operand == 0:
            return value is None
        term = Fraction(operand)
        result = result / term if operator == "/" else result - term if operator == "−" else result + term
    if formula.startswith("100 ×"):
        result *= 100
    return value is not None and _half_up(result, PLACES[kind]) == value


def _half_up(value: Fraction, places: int) -> Decimal:
    scaled = abs(value) * 10**places
    rounded = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return Decimal(rounded if value >= 0 else -rounded).scaleb(-places)


# What it rests on ----------------------------------------------------------------------------------------------


def _contributions(
    connection: duckdb.DuckDBPyConnection, level: str, subject: Row, amounts: list[Column | Figure], limit: int
) -> Iterator[Contributions]:
    found = _rows(
        connection,
        f"""
        select figure_name, count(*) over amount as row_count,
            case when count(*) over amount = count(contributed_amount) over amount
                then sum(contributed_amount) over amount end as total,
            dataset, contributed_amount, event_date, fund_type_code, source_path, source_sheet, source_line
        from lineage.contribution as contribution
        where figure_level = $level and list_contains($amounts, figure_name) and {_is_subject("contribution", subject)}
        window amount as (partition by figure_name)
        qualify row_number() over (
            partition by figure_name order by dataset, event_date, source_path, source_sheet, source_line
        ) <= $limit
        order by dataset, event_date, source_path, source_sheet, source_line""",
        {"level": level, "amounts": [amount.name for amount in amounts], "limit": limit} | subject,
    )
    for amount in amounts:
        rows = [row for row in found if row["figure_name"] == amount.name]
        count, total = (rows[0]["row_count"], rows[0]["total"]) if rows else (0, None)
        shown = [{name: row[name] for name in list(row)[3:]} for row in rows]
        yield Contributions(amount, shown, count, total)


def _files(connection: duckdb.DuckDBPyConnection, subject: Row, paths: set[str]) -> list[Row]:
    """The files that count of a district-year with these paths: path, SHA-256 of their content, size in bytes."""
    return _rows(
        connection,
        """
        select distinct source_path, source_sha256, source_bytes from quality.source_file
        where district_code = $district and fiscal_year = $year and list_contains($paths, source_path)
            and file_outcome = 'accepted'
        order by source_path""",
        {"district": subject["district_code"], "year": subject["fiscal_year"], "paths": sorted(paths)},
    )


def _set_aside(connection: duckdb.DuckDBPyConnection, subject: Row) -> list[Row]:
    """Rows about the subject that were delivered and do not count."""
    return _rows(
        connection,
        f"""
        from lineage.set_aside as aside where {_is_about("aside", subject)}
        order by row_outcome, source_path, source_sheet, source_line""",
        subject,
    )


def _findings(connection: duckdb.DuckDBPyConnection, level: str, subject: Row) -> list[Row]:
    """Findings about the subject, or about a row or a whole file that it rests on."""
    return _rows(
        connection,
        f"""
        with rests_on as (
            select distinct source_file_id, source_sheet, source_line
            from lineage.contribution as contribution
            where figure_level = $level and {_is_subject("contribution", subject)}
        )
        from quality.finding as finding
        where ({_is_about("finding", subject)}) or exists (
            select 1 from rests_on
            where rests_on.source_file_id = finding.source_file_id and (
                finding.source_line is null
                or rests_on.source_sheet is not distinct from finding.source_sheet
                and rests_on.source_line = finding.source_line
            )
        )
        order by severity, rule_id, finding_key, source_file_id, source_sheet, source_line""",
        {"level": level} | subject,
    )


def _is_subject(alias: str, subject: Row) -> str:
    return " and ".join(f"{alias}.{name} is not distinct from ${name}" for name in subject)


def _is_about(alias: str, subject: Row) -> str:
    """Whether a row names the subject: by code, or by name where one of them has no code."""
    parts = [f"{alias}.district_code = $district_code", f"{alias}.fiscal_year = $fiscal_year"]
    parts += [
        f"""case when {alias}.{item}_code is not null and ${item}_code is not null
            then {alias}.{item}_code = ${item}_code else {alias}.{item}_name = ${item}_name end"""
        for item in ("department", "project")
        if f"{item}_code" in subject
    ]
    return " and ".join(parts)


def _rows(connection: duckdb.DuckDBPyConnection, query: str, parameters: Row) -> list[Row]:
    result = connection.execute(query, parameters)
    names = [name for name, *_ in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
