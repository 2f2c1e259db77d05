"""Rows of the published database that reports are written from, and the department or project that one is about.

Does not belong here: what is printed of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.warehouse.connect import open_published

if TYPE_CHECKING:
    import duckdb


class NothingToWriteError(Exception):
    """The publication has no such department, project or month: what was asked, and what there is."""


@dataclass(frozen=True, slots=True)
class Publication:
    """The published rows of one district's year."""

    connection: duckdb.DuckDBPyConnection
    district: str
    year: int

    @property
    def build_id(self) -> str:
        """The build that was published."""
        ((build,),) = self.connection.execute("select build_id from quality.build").fetchall()
        return str(build)

    def rows(self, table: str, condition: str = "true", *values: Any, order: str = "all") -> list[dict[str, Any]]:
        """The rows of a table of the district's year that meet a condition."""
        query = f"from {table} where district_code = ? and fiscal_year = ? and ({condition}) order by {order}"
        cursor = self.connection.execute(query, [self.district, self.year, *values])
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def department(self, name: str) -> dict[str, Any]:
        """The row of a department, named by code or name; raises ``NothingToWriteError``."""
        return self._only("summary.department_execution", "department", name, "department_key is not null")

    def project(self, department_key: str, name: str) -> dict[str, Any]:
        """The row of a department's project, named by code or name; raises ``NothingToWriteError``."""
        return self._only("summary.project_execution", "project", name, "department_key = ?", department_key)

    def _only(self, table: str, what: str, name: str, condition: str, *values: Any) -> dict[str, Any]:
        rows = self.rows(table, condition, *values, order=f"{what}_key")
        chosen = [row for row in rows if name in {row[f"{what}_code"], row[f"{what}_name"]}]
        if len(chosen) != 1:
            known = "、".join(str(row[f"{what}_name"] or row[f"{what}_code"]) for row in rows[:10])
            label = {"department": "部门", "project": "项目"}[what]
            raise NothingToWriteError(
                f"{self.district}/{self.year}: {len(chosen)} {what}s are called {name!r};"
                f" expected one of: {known or '–'}. 未找到唯一的{label}“{name}”。"
            )
        return chosen[0]


@contextmanager
def publication(database: Path, district: str, year: int) -> Iterator[Publication]:
    """The published rows of a district's year; raises ``NotPublishedError``."""
    with open_published(database) as connection:
        yield Publication(connection, district, year)


def called(row: dict[str, Any], what: str) -> str:
    """The name of a row's department or project, or its code."""
    return str(row[f"{what}_name"] or row[f"{what}_code"])


def address_of(row: dict[str, Any]) -> str:
    """What ``explain`` calls the department or project of a row."""
    parts = [str(row["district_code"]), str(row["fiscal_year"]), str(row["department_code"] or row["department_name"])]
    if row.get("project_code") or row.get("project_name"):
        parts.append(str(row["project_code"] or row["project_name"]))
    return "/".join(parts)
