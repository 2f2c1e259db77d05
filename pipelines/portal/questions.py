"""The questions that officers ask, by name, narrowed to a district, a year, a department or a day.

The questions are the files of ``sql/examples``; a parameter narrows the rows of the answer by a column that it has.
Does not belong here: the queries themselves.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb

from pipelines.contracts.figures import Figure, definition
from pipelines.contracts.model import Column, Kind
from pipelines.portal.lists import BadAddressError
from pipelines.portal.publications import Row
from pipelines.sql_files import SqlFile, read_sql_group

_PAGE_ROWS = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """The rows of a question. ``parameters`` are those that it takes, with what was given, ``options`` their values."""

    columns: tuple[Column | Figure, ...]
    rows: list[tuple[Any, ...]]
    row_count: int
    page: int
    last: int
    parameters: dict[str, str]
    options: dict[str, list[str]]


def questions() -> list[SqlFile]:
    """Every question, by name."""
    return read_sql_group("examples")


def find_question(name: str) -> SqlFile:
    """The question ``name``; raises ``BadAddressError`` if there is none."""
    found = {question.name: question for question in questions()}
    if name not in found:
        raise BadAddressError(f"没有“{name}”这一问题。There is no question {name!r}.")
    return found[name]


def run_question(
    connection: duckdb.DuckDBPyConnection,
    question: SqlFile,
    asked: Mapping[str, str],
    *,
    page: str = "1",
    rows_at_most: int | None = None,
) -> Answer:
    """The answer for the parameters of an address: a page of it, or with ``rows_at_most`` all of it up to them.

    Raises ``BadAddressError`` for a day or a page that is none.
    """
    query = question.query
    values: Row = {}
    asks_for_day = "current_date" in query
    if asks_for_day:
        query = re.sub(r"\bcurrent_date\b", "coalesce(cast($as_of as date), current_date)", query)
        values["as_of"] = _day(asked.get("as_of", ""))
    described = connection.execute(f"describe select * from ({query})", values).fetchall()
    names = tuple(row[0] for row in described)
    where = ["true"]
    parameters = {"as_of": asked.get("as_of", "")} if asks_for_day else {}
    for parameter in ("district_code", "fiscal_year", "department_name"):
        if parameter in names:
            parameters[parameter] = asked.get(parameter, "")
            if parameters[parameter]:
                where.append(f"cast({parameter} as varchar) = ${parameter}")
                values[parameter] = parameters[parameter]
    if "as_of_date" in names and not asks_for_day:
        parameters["as_of"] = asked.get("as_of", "")
        if parameters["as_of"]:
            where.append("as_of_date <= cast($as_of as date)")
            values["as_of"] = _day(parameters["as_of"])
    relation = f"(select * from ({query}) where {' and '.join(where)})"
    row_count = connection.execute(f"select count(*) from {relation}", values).fetchall()[0][0]
    last = max(1, -(-row_count // _PAGE_ROWS))
    number = min(int(page) if page.isascii() and page.isdigit() and int(page) else 1, last)
    limit = f"limit {rows_at_most}" if rows_at_most else f"limit {_PAGE_ROWS} offset {(number - 1) * _PAGE_ROWS}"
    rows = connection.execute(f"from {relation} {limit}", values).fetchall()
    return Answer(
        tuple(_column(name, type_name) for name, type_name, *_ in described),
        rows,
        row_count,
        number,
        last,
        parameters,
        _options(connection, parameters),
    )


def _options(connection: duckdb.DuckDBPyConnection, parameters: Mapping[str, str]) -> dict[str, list[str]]:
    """The values to choose from, narrowed by what is chosen already."""
    options: dict[str, list[str]] = {}
    for parameter in parameters:
        if parameter == "as_of":
            continue
        others = [name for name in ("district_code", "fiscal_year") if name != parameter and parameters.get(name)]
        where = " and ".join([f"cast({name} as varchar) = ${name}" for name in others] or ["true"])
        found = connection.execute(
            f"select distinct cast({parameter} as varchar) from summary.department_execution where {where}"
            f" and {parameter} is not null order by 1",
            {name: parameters[name] for name in others},
        )
        options[parameter] = [value for (value,) in found.fetchall()]
    return options


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadAddressError(f"as_of: {text}；应为 2024-05-31 这样的日期。expected a day as in 2024-05-31.") from None


def _column(name: str, type_name: str) -> Column | Figure:
    """The definition of a column of an answer; one that only the question has is told by its name and type."""
    try:
        return definition(name)
    except KeyError:
        kind = Kind.INTEGER if type_name in ("BIGINT", "INTEGER", "HUGEINT") else Kind.TEXT
        if type_name.startswith("DECIMAL"):
            kind = Kind.PERCENT if name.endswith(("_pct", "_points")) else Kind.AMOUNT
        return Figure(name, kind, name, name, name)
