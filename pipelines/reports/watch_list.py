"""The watched projects of one department as a list of its own: what is told and sent once a week.

Does not belong here: which projects are watched (sql/summary/project_watch.sql), who is told (operations).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from pipelines.contracts.figures import definition, value_labels
from pipelines.contracts.model import Kind
from pipelines.reports.result_files import Result, write_xlsx
from pipelines.reports.sections import SECTIONS

_SECTION = next(section for section in SECTIONS if section.name == "watch")
_COLUMNS = tuple(name for name in _SECTION.columns if name not in ("department_code", "department_name"))
_SHOWN = tuple(name for name in _COLUMNS if name != "watch_reasons")
_YES_NO = {True: "是", False: "否"}


@dataclass(frozen=True, slots=True)
class WatchList:
    """The watched projects of a department in an unfinished year: ``projects`` by column, amounts in yuan.

    ``as_of_date`` is that of the figures.
    """

    district_code: str
    fiscal_year: int
    department_code: str | None
    department_name: str | None
    as_of_date: date | None
    projects: tuple[dict[str, Any], ...]


def watch_lists(connection: duckdb.DuckDBPyConnection, district_code: str, department: str) -> list[WatchList]:
    """The lists of a department (code or name) of a published database, one for each year that is not finished.

    A department without a watched project has a list without rows.
    """
    departments = connection.execute(
        """
        select item.fiscal_year, item.department_key, item.department_code, item.department_name, basis.as_of_date
        from summary.department_execution as item
        inner join summary.project_watch_basis as basis using (district_code, fiscal_year)
        where item.district_code = $district and $department in (item.department_code, item.department_name)
        order by all""",
        {"district": district_code, "department": department},
    ).fetchall()
    lists = []
    for fiscal_year, key, code, name, as_of_date in departments:
        rows = connection.execute(
            f"select {', '.join(_COLUMNS)} from {_SECTION.table} where district_code = $district"
            f" and fiscal_year = $year and department_key = $key order by {_SECTION.order}",
            {"district": district_code, "year": fiscal_year, "key": key},
        ).fetchall()
        projects = tuple(dict(zip(_COLUMNS, row, strict=True)) for row in rows)
        lists.append(WatchList(district_code, fiscal_year, code, name, as_of_date, projects))
    return lists


def write_watch_list(found: WatchList, path: Path) -> None:
    """Writes the list as a workbook: Chinese heads and values, amounts in yuan, percentages in percent."""
    heads = tuple(_head(name) for name in _SHOWN)
    labels = {name: dict(value_labels(name) or ()) for name in _SHOWN}
    rows = (tuple(_shown(labels[name], project[name]) for name in _SHOWN) for project in found.projects)
    write_xlsx(Result(heads, iter(rows)), path, sheet_name="项目跟踪清单")


def _head(name: str) -> str:
    column = definition(name)
    unit = {Kind.AMOUNT: "（元）", Kind.SUM: "（元）", Kind.PERCENT: "（%）"}.get(column.kind, "")
    return f"{column.label_zh}{unit}"


def _shown(labels: dict[Any, str], value: Any) -> Any:
    return _YES_NO[value] if isinstance(value, bool) else labels.get(value, value)
