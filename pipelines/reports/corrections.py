"""What an office must correct: per delivered file its findings and its rows that were set aside.

Read from the accepted store, so that it is there for a district-year that was never published too.
``write_corrections`` makes one workbook per file to send back: the office's own rows under its own headers, the wrong
cells marked, the reason beside them in Chinese. Nothing from a delivery can run as a formula there.
Does not belong here: rows and findings themselves (quality), printing (commands).
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import xlsxwriter
from xlsxwriter.format import Format

from pipelines.contracts.datasets import DATASETS
from pipelines.contracts.quality_tables import SEVERITIES
from pipelines.databases import in_memory
from pipelines.reports.sheets import DataSheet, open_workbook
from pipelines.settings import Settings
from pipelines.warehouse.database import create_core_tables
from pipelines.warehouse.loading import accepted_attempt, held_attempt, load_quality
from pipelines.warehouse.store import district_years

_LINE_HEAD, _REASON_HEAD = "行号", "需更正的原因"
_REASON_WIDTH = 60
_PLACE = "source_line"
_LONGEST_NAME = 255
"""Bytes of a file's name."""


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """One row that was set aside: its cells under its own headers, and which of them are at fault."""

    sheet: str
    line: int
    cells: dict[str, str | None]
    wrong_headers: frozenset[str]
    reasons_zh: str
    reasons: str


@dataclass(slots=True)
class Correction:
    """What is to be corrected in one file: findings as rows of ``quality.finding``, and rows set aside."""

    district_code: str
    fiscal_year: int
    source_path: str
    findings: list[dict[str, Any]] = field(default_factory=list)
    rows: list[RejectedRow] = field(default_factory=list)


def corrections(
    settings: Settings, district_code: str | None = None, fiscal_year: int | None = None
) -> list[Correction]:
    """What every file of the district-years chosen (None: all) has to be corrected in, by path.

    Findings that belong to no file stand under the path ``<district>/<year>``.
    """
    with in_memory() as connection:
        create_core_tables(connection, with_comments=False)
        stores = [
            store
            for store in district_years(settings.accepted)
            if district_code in (None, store.district_code) and fiscal_year in (None, store.fiscal_year)
        ]
        accepted = [attempt for store in stores if (attempt := accepted_attempt(store))]
        load_quality(connection, accepted, [attempt for store in stores if (attempt := held_attempt(store))])
        found: dict[str, Correction] = {}
        _add_findings(connection, found)
        _add_rows(connection, found)
    return [found[path] for path in sorted(found)]


def write_corrections(found: list[Correction], directory: Path) -> list[Path]:
    """Writes ``<directory>/<path of the file below raw/>-更正.xlsx`` for every file; returns the workbooks.

    The folders are those of the deliveries, so that no two files share a workbook. What belongs to no file is written
    to ``<directory>/<district>/<year>-更正.xlsx``.
    """
    written = []
    for correction in found:
        target = _workbook_of(directory / correction.source_path)
        target.parent.mkdir(parents=True, exist_ok=True)
        with open_workbook(target) as workbook:
            _write(workbook, correction)
        written.append(target)
    return written


def _workbook_of(source: Path) -> Path:
    """Where the workbook about a file is written; a name too long for a file system is cut, its hash tells it apart."""
    name = f"{source.name}-更正.xlsx"
    if len(name.encode()) > _LONGEST_NAME:
        start = source.name.encode()[:150].decode("utf-8", "ignore")
        name = f"{start}-{hashlib.sha256(source.name.encode()).hexdigest()[:8]}-更正.xlsx"
    return source.with_name(name)


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> Iterator[dict[str, Any]]:
    result = connection.execute(query)
    names = [name for name, *_ in result.description or ()]
    for row in result.fetchall():
        yield dict(zip(names, row, strict=True))


def _add_findings(connection: duckdb.DuckDBPyConnection, found: dict[str, Correction]) -> None:
    for row in _rows(
        connection,
        """
        with file as (select distinct source_file_id, source_path from quality.source_file)
        select finding.*, coalesce(file.source_path, finding.district_code || '/' || finding.fiscal_year) as path
        from quality.finding as finding left join file on finding.source_file_id = file.source_file_id
        order by path, severity, rule_id, source_sheet, source_line
        """,
    ):
        place = row["district_code"], row["fiscal_year"], row["path"]
        found.setdefault(row["path"], Correction(*place)).findings.append(row)


def _add_rows(connection: duckdb.DuckDBPyConnection, found: dict[str, Correction]) -> None:
    headers: defaultdict[tuple[str, str, str], defaultdict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for row in _rows(
        connection,
        """select source_file_id, source_sheet, dataset, recognised_headers from quality.source_file
        where recognised_headers is not null""",
    ):
        for header, column in json.loads(row["recognised_headers"]).items():
            headers[row["source_file_id"], row["source_sheet"], row["dataset"]][column].append(header)
    for row in _rows(
        connection,
        """
        with file as (select distinct source_file_id, source_path from quality.source_file)
        select rejected.*, file.source_path as path
        from quality.rejected_row as rejected inner join file on rejected.source_file_id = file.source_file_id
        order by path, source_sheet, source_line
        """,
    ):
        of_column = headers[row["source_file_id"], row["source_sheet"], row["dataset"]]
        columns = [name.strip() for part in row["columns"].split(";") for name in part.split(",")]
        kept = json.loads(row["row_text"] or "{}", parse_float=str, parse_int=str)
        cells = _delivered(kept, row["dataset"], of_column)
        wrong = {header for column in columns for header in (*of_column[column], column) if header in cells}
        place = row["district_code"], row["fiscal_year"], row["path"]
        found.setdefault(row["path"], Correction(*place)).rows.append(
            RejectedRow(
                row["source_sheet"], row["source_line"], cells, frozenset(wrong), row["messages_zh"], row["messages"]
            )
        )


def _delivered(
    cells: dict[str, str | None], dataset: str, headers: Mapping[str, Sequence[str]]
) -> dict[str, str | None]:
    """The cells of a row by the office's own headers.

    A row that a rule about several files set aside is kept as it was stored: by column, with its place, and what names
    a person as its hash.
    """
    if _PLACE not in cells:
        return cells
    columns = (column for column in DATASETS[dataset].stored_columns if not column.names_persons)
    return {
        headers[column.name][0] if headers[column.name] else column.label_zh: value
        for column in columns
        if (value := cells.get(column.name)) is not None
    }


def _write(workbook: xlsxwriter.Workbook, correction: Correction) -> None:
    font = {"font_name": "宋体", "font_size": 10}
    head = workbook.add_format(font | {"bold": True, "bottom": 1, "bg_color": "#EEEEEE", "text_wrap": True})
    plain = workbook.add_format(font | {"text_wrap": True, "valign": "top", "num_format": "@"})
    wrong = workbook.add_format(
        font | {"text_wrap": True, "valign": "top", "num_format": "@", "bg_color": "#FBD5D2", "font_color": "#9C1C14"}
    )
    _write_findings(workbook.add_worksheet("说明"), correction, head, plain)
    by_sheet: defaultdict[str, list[RejectedRow]] = defaultdict(list)
    for row in correction.rows:
        by_sheet[row.sheet].append(row)
    for number, rows in enumerate(by_sheet.values(), start=1):
        _write_rows(workbook.add_worksheet(f"更正{number}"), rows, head, plain, wrong)


def _write_findings(sheet: DataSheet, correction: Correction, head: Format, plain: Format) -> None:
    sheet.write_string(0, 0, f"{correction.source_path}：请更正下列问题后重新报送", head)
    for column, (name, width) in enumerate((("级别", 8), ("工作表", 16), ("行号", 8), ("说明", 90))):
        sheet.write_string(2, column, name, head)
        sheet.set_column(column, column, width)
    line = 3
    for finding in correction.findings:
        level = dict(SEVERITIES)[finding["severity"]]
        values = level, finding["source_sheet"], finding["source_line"], finding["message_zh"]
        for column, value in enumerate(values):
            sheet.write_string(line, column, "" if value is None else str(value), plain)
        line += 1
    if correction.rows:
        sheet.write_string(line, 3, f"另有 {len(correction.rows)} 行需更正，见后面的工作表，错误单元格已标红。", plain)
    sheet.freeze_panes(3, 0)
    sheet.set_paper(9)
    sheet.set_landscape()


def _write_rows(sheet: DataSheet, rows: list[RejectedRow], head: Format, plain: Format, wrong: Format) -> None:
    headers = list(dict.fromkeys(header for row in rows for header in row.cells))
    sheet.write_string(0, 0, rows[0].sheet or _LINE_HEAD, head)
    for column, header in enumerate((_LINE_HEAD, _REASON_HEAD, *headers)):
        sheet.write_string(1, column, header, head)
    sheet.set_column(0, 0, 8)
    sheet.set_column(1, 1, _REASON_WIDTH)
    sheet.set_column(2, 1 + len(headers), 16)
    for line, row in enumerate(rows, start=2):
        sheet.write_number(line, 0, row.line, plain)
        sheet.write_string(line, 1, row.reasons_zh, plain)
        for column, header in enumerate(headers, start=2):
            style = wrong if header in row.wrong_headers else plain
            sheet.write_string(line, column, row.cells.get(header) or "", style)
    sheet.freeze_panes(2, 2)
    sheet.repeat_rows(0, 1)
    sheet.set_paper(9)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
