"""Writes the reports of published district-years below ``<warehouse>/reports``, each file by one rename.

A report whose figures have not changed since it was written is left as it is. Does not belong here: what is in a
report (content, workbook, page).
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
from xlsxwriter.exceptions import XlsxFileError

from pipelines.databases import in_memory
from pipelines.ledger.fingerprint import fingerprint
from pipelines.reports.as_of import opened_as_of
from pipelines.reports.content import (
    TABLES_OF_REPORTS,
    Content,
    NothingToReportError,
    check_published,
    district_years,
    read_content,
)
from pipelines.reports.page import figures_json, render_page
from pipelines.reports.workbook import write_workbook
from pipelines.settings import Settings
from pipelines.warehouse.checksums import tables_with_column
from pipelines.warehouse.connect import attach_published, open_published
from pipelines.warehouse.scope import PUBLISHED, Scope, create_scope
from pipelines.warehouse.stages import Stage, reached
from pipelines.warehouse.store import write_atomically
from pipelines.warehouse.working_memory import bound_memory

logger = logging.getLogger(__name__)

WORKBOOK_NAME = "预算执行情况通报.xlsx"
PAGE_NAME = "index.html"
FILE_MODE = 0o640
"""Reports are readable by their group, like the published database."""

_MARK_NAME = ".report.json"
_NO_FILE_NAME = re.compile(r'[\\/:*?"<>|\x00-\x1f\x7f]')
"""What Windows, and with it a share, takes in no file name."""
_LONGEST_NAME = 60
"""Characters: 180 bytes of Chinese, below the 255 that a name may have."""
_DEVICES = frozenset({"CON", "PRN", "AUX", "NUL", *(f"{port}{n}" for port in ("COM", "LPT") for n in range(1, 10))})
"""Names that Windows keeps for devices, with any ending."""


@dataclass(frozen=True, slots=True)
class Report:
    """The files of one report; ``is_new`` tells whether they were written now. ``totals`` are its departments' sums.

    ``department_name`` is that of the only department, where it is one's own report.
    """

    district_code: str
    fiscal_year: int
    department_name: str | None
    workbook: Path
    page: Path
    is_new: bool
    totals: dict[str, Any]


def report_directory(settings: Settings, district_code: str, fiscal_year: int, *, as_of: date | None = None) -> Path:
    """Where the reports of a district-year lie: those of the publication, or those of an earlier day beside them."""
    directory = settings.warehouse / "reports" / district_code / str(fiscal_year)
    return directory / f"as-of-{as_of.isoformat()}" if as_of else directory


def write_report(settings: Settings, district_code: str, fiscal_year: int, *, as_of: date | None = None) -> Report:
    """Writes the workbook and the page of one published district-year, as it stands or as it stood on ``as_of``.

    Raises:
        NotPublishedError: nothing was published yet.
        NothingToReportError: this district-year is not published, or nothing of it is of ``as_of`` or earlier.
        AsOfDateError: ``as_of`` lies before the fiscal year.
    """
    with open_published(settings.database) as connection:
        if as_of is None:
            return _write(settings, connection, district_code, fiscal_year, None)
        check_published(connection, district_code, fiscal_year)
    with opened_as_of(settings.database, district_code, fiscal_year, as_of) as connection:
        if (district_code, fiscal_year) not in district_years(connection):
            raise NothingToReportError(
                f"{district_code}/{fiscal_year} has delivered nothing that counts by {as_of}: its statements are of "
                f"later days; choose a later day. "
                f"{district_code}/{fiscal_year} 在 {as_of} 之前没有可用数据，请选择较晚的日期。"
            )
        return _write(settings, connection, district_code, fiscal_year, as_of)


def write_department_reports(
    settings: Settings, district_code: str, fiscal_year: int, *, report: Callable[[Report], None] | None = None
) -> list[Report]:
    """Writes workbook and page of every department of a published district-year, each with the own rows alone.

    Each lies in a folder of its own below that of the district-year, so that the rights of a share can keep departments
    apart; folders of departments that are not published any more are emptied. ``report`` hears of each as soon as it is
    there.

    Raises:
        NotPublishedError: nothing was published yet.
        NothingToReportError: this district-year is not published.
    """
    directory = report_directory(settings, district_code, fiscal_year)
    written = []
    with in_memory() as connection:
        bound_memory(connection, settings)
        attach_published(connection, settings.database, PUBLISHED)
        connection.execute(f"use {PUBLISHED}")
        check_published(connection, district_code, fiscal_year)
        departments = connection.execute(
            "select department_key, coalesce(department_name, department_key) from summary.department_execution"
            " where district_code = $district and fiscal_year = $year order by all",
            {"district": district_code, "year": fiscal_year},
        ).fetchall()
        for key, name in departments:
            scope = Scope(districts=frozenset({district_code}), departments=frozenset({key}))
            create_scope(connection, scope, "department", copied=TABLES_OF_REPORTS)
            connection.execute("use department")
            district = settings.district_names.get(district_code)
            content = read_content(connection, district_code, fiscal_year, district_name=district, department_name=name)
            written.append(_write_content(content, directory / department_folder(key)))
            connection.execute(f"use {PUBLISHED}")
            connection.execute("detach department")
            if report:
                report(written[-1])
    _empty_folders(directory, {department_folder(key) for key, _ in departments})
    return written


def department_folder(department_key: str) -> str:
    """The name of a department's folder: its key, where shares and file systems take it for a name.

    Otherwise what they do not take is replaced, and a hash tells it from other departments.
    """
    name = _NO_FILE_NAME.sub("_", department_key).strip(" .")[:_LONGEST_NAME]
    is_special = not name or name.startswith("as-of-") or name.split(".")[0].upper() in _DEVICES
    return f"{name}-{fingerprint(content=[department_key])[:8]}" if is_special or name != department_key else name


def _empty_folders(directory: Path, wanted: set[str]) -> None:
    """Removes the reports of departments that are not there any more; what others put beside them stays."""
    for mark in directory.glob(f"*/{_MARK_NAME}"):
        folder = mark.parent
        if folder.name not in wanted and not folder.name.startswith("as-of-"):
            for name in (PAGE_NAME, WORKBOOK_NAME, _MARK_NAME):
                (folder / name).unlink(missing_ok=True)
            with suppress(OSError):
                folder.rmdir()


class ReportsNotWrittenError(Exception):
    """Reports of a publication could not be written: why, that the publication stands, and what to do."""


def write_reports_of_build(settings: Settings, build_id: str | None) -> list[Report]:
    """Writes the reports of a publication once: nothing is read if all of them are there already.

    Otherwise only district-years of which published rows changed are looked at. A run that was killed between
    publication and reports is made up for by the next one.

    Raises:
        NotPublishedError: nothing was published yet.
        ReportsNotWrittenError: they could not be written; the publication stands.
    """
    done = settings.warehouse / "reports" / _MARK_NAME
    state = f"{build_id} {_program_fingerprint()}"
    try:
        if _read(done) == state:
            return []
        written = _write_changed(settings)
        reached(Stage.REPORTS_WRITTEN)
        done.parent.mkdir(parents=True, exist_ok=True)  # a publication without a report: nothing else has made it
        write_atomically(done, state)
    except (OSError, XlsxFileError, duckdb.IOException) as error:
        raise ReportsNotWrittenError(
            f"{done.parent}: the reports could not be written ({error}). Build {build_id} is published all the same "
            "and can be queried; make room on the disk or correct the cause, and the next run writes them. "
            f"报表未能写出；数据已发布（{build_id}），可照常查询。请释放磁盘空间或排除故障，下次运行将补写报表。"
        ) from error
    return written


def write_reports(settings: Settings, *, report: Callable[[Report], None] | None = None) -> list[Report]:
    """Writes the reports of every published district-year; ``report`` hears of each as soon as it is there.

    Raises:
        NotPublishedError: nothing was published yet.
    """
    written = []
    with open_published(settings.database) as connection:
        bound_memory(connection, settings)
        for district_code, fiscal_year in district_years(connection):
            written.append(_write(settings, connection, district_code, fiscal_year, None))
            if report:
                report(written[-1])
    return written


def _write_changed(settings: Settings) -> list[Report]:
    """Writes the reports of the published district-years of which anything changed since theirs were looked at."""
    written = []
    with open_published(settings.database) as connection:
        bound_memory(connection, settings)
        published = _published_checksums(connection)
        for key in district_years(connection):
            name = settings.district_names.get(key[0])
            told = [published[key], _program_fingerprint(), str(name), str(settings.department_reports)]
            seen = fingerprint(content=told)
            files = [report_directory(settings, *key) / name for name in (WORKBOOK_NAME, PAGE_NAME)]
            if _marks(files[0].with_name(_MARK_NAME))[1] != seen or not all(path.exists() for path in files):
                written.append(_write(settings, connection, *key, None, seen=seen))
                if settings.department_reports:
                    written += write_department_reports(settings, *key)
    return written


def _published_checksums(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, int], str]:
    """A checksum of each district-year's rows in every table of ``summary`` and ``quality``.

    Rows of ``core`` need not be read for it: what they are is told by ``quality.source_file`` and its neighbours.
    """
    parts = " union all ".join(
        f"select district_code, fiscal_year, '{table}' as published_table, sum(cast(hash(row_told) as hugeint)) as part"
        f" from {table} as row_told group by district_code, fiscal_year"
        for table in tables_with_column(connection, "fiscal_year")
        if table.startswith(("summary.", "quality."))
    )
    found = connection.execute(
        "select district_code, fiscal_year, string_agg(published_table || ' ' || part, ' ' order by published_table)"
        f" from ({parts}) group by district_code, fiscal_year"
    ).fetchall()
    return {(district_code, fiscal_year): told for district_code, fiscal_year, told in found}


def _write(
    settings: Settings,
    connection: duckdb.DuckDBPyConnection,
    district_code: str,
    fiscal_year: int,
    as_of: date | None,
    *,
    seen: str = "",
) -> Report:
    """Writes a report unless its figures are those that are there; ``seen`` stands for what was looked at for it."""
    directory = report_directory(settings, district_code, fiscal_year, as_of=as_of)
    name = settings.district_names.get(district_code)
    content = read_content(connection, district_code, fiscal_year, district_name=name, as_of=as_of)
    return _write_content(content, directory, seen=seen)


def _write_content(content: Content, directory: Path, *, seen: str = "") -> Report:
    """Writes what a report shows, as :func:`_write`."""
    figures = figures_json(content)
    drawn_from = fingerprint(content=[_program_fingerprint(), figures])
    workbook, page, mark = directory / WORKBOOK_NAME, directory / PAGE_NAME, directory / _MARK_NAME
    is_new = not (workbook.exists() and page.exists() and _marks(mark)[0] == drawn_from)
    if is_new:
        directory.mkdir(parents=True, exist_ok=True)
        mark.unlink(missing_ok=True)
        temporary = directory / f".{WORKBOOK_NAME}.new"
        write_workbook(content, temporary)
        temporary.chmod(FILE_MODE)
        temporary.replace(workbook)
        reached(Stage.REPORT_STARTED)
        write_atomically(page, render_page(content, figures, WORKBOOK_NAME), mode=FILE_MODE)
        logger.info(
            "report written", extra={"district": content.district_code, "year": content.fiscal_year, "file": str(page)}
        )
    if is_new or _marks(mark)[1] != seen:
        write_atomically(mark, f"{drawn_from} {seen}")
    return Report(
        content.district_code, content.fiscal_year, content.department_name, workbook, page, is_new, content.totals
    )


def _marks(path: Path) -> tuple[str, str]:
    """The fingerprint of a report's figures, and that of the published rows that were last looked at for it."""
    drawn_from, _, seen = (_read(path) or "").partition(" ")
    return drawn_from, seen


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


@cache
def _program_fingerprint() -> str:
    """A hash of the program that draws reports: another one draws them anew."""
    assets = sorted(path for path in (Path(__file__).parent / "assets").rglob("*") if path.is_file())
    return fingerprint(program=[__name__], content=[path.read_bytes() for path in assets])
