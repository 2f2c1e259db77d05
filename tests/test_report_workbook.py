"""The bulletin workbook, read by another library and by LibreOffice, against the database it was made from."""

from __future__ import annotations

import csv
import re
import subprocess
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest
import report_data
from conftest import require_program
from openpyxl.worksheet.worksheet import Worksheet

from pipelines.contracts.figures import definition
from pipelines.reports import content
from pipelines.reports.sections import SECTIONS
from pipelines.reports.sheets import open_workbook
from pipelines.reports.workbook import write_workbook
from pipelines.reports.write import write_report
from pipelines.settings import Settings
from pipelines.warehouse.connect import open_published

pytestmark = pytest.mark.filterwarnings("ignore:.*extension is not supported:UserWarning")

CENT = Decimal("0.01")
TABLES = {
    "部门排名": ("summary.department_execution", ("部门名称",), Decimal(10_000)),
    "项目执行": ("summary.project_execution", ("部门名称", "项目编码"), Decimal(10_000)),
    "按资金性质": ("summary.department_execution_by_fund_type", ("部门名称", "资金性质名称"), Decimal(10_000)),
    "按支出性质": ("summary.department_execution_by_nature", ("部门名称", "支出性质"), Decimal(10_000)),
    "逐月执行": ("summary.department_execution_monthly", ("部门名称", "月份"), Decimal(10_000)),
    "调整情况": ("summary.adjustment_review", ("来源行号",), Decimal(1)),
    "控制数建议": ("summary.control_number_proposal", ("部门名称",), Decimal(10_000)),
}
"""Sheet → published table, the columns by which a row is found again, yuan in one unit of the sheet."""

NATURES = {"基本支出": "basic", "项目支出": "project"}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    warehouse = tmp_path_factory.mktemp("warehouse")
    found = Settings(raw=warehouse / "raw", warehouse=warehouse)
    report_data.publish(found.database)
    return found


@pytest.fixture(scope="module")
def detail(settings: Settings) -> Path:
    return write_report(settings, report_data.DETAIL, report_data.YEAR).workbook


@pytest.fixture(scope="module")
def book(detail: Path) -> openpyxl.Workbook:
    return openpyxl.load_workbook(detail)


def sheet_rows(sheet: Worksheet) -> list[dict[str, Any]]:
    """The rows below the head line by head, the total row left out."""
    _, _, heads, *rows = sheet.iter_rows(values_only=True)
    named = [dict(zip(heads, row, strict=True)) for row in rows if any(cell is not None for cell in row)]
    return [row for row in named if row.get("部门名称") != "合计"]


def published(settings: Settings, table: str, district: str) -> list[dict[str, Any]]:
    with duckdb.connect(settings.database, read_only=True) as connection:
        found = connection.execute(
            f"select * from {table} where district_code = ? and fiscal_year = ?", [district, report_data.YEAR]
        )
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def expected(column: str, value: Any, unit: Decimal) -> Any:
    """What a cell must hold for a published value."""
    if value is None:
        return "未知" if column.endswith("_amount") else "–"
    if isinstance(value, Decimal):
        if column.endswith("_amount"):
            return float(value / unit)
        return float(value / 100) if column.endswith("_pct") else float(value)
    return value


@pytest.mark.parametrize("sheet_name", TABLES)
def test_every_number_is_the_databases(settings: Settings, book: openpyxl.Workbook, sheet_name: str) -> None:
    table, key_heads, unit = TABLES[sheet_name]
    records = published(settings, table, report_data.DETAIL)
    columns = {definition(name).label_zh: name for name in records[0]}
    assert set(key_heads) <= columns.keys()

    def key(row: dict[str, Any]) -> tuple[str, ...]:
        return tuple(str(NATURES.get(value, value)) for value in row.values())

    by_key = {key({head: record[columns[head]] for head in key_heads}): record for record in records}
    rows = sheet_rows(book[sheet_name])
    assert len(rows) == len(records)
    compared = 0
    for row in rows:
        record = by_key.pop(key({head: row[head] for head in key_heads}))
        for head, cell in row.items():
            name = columns.get(head)
            if name and name.endswith(("_amount", "_pct", "_points", "_count")):
                assert cell == expected(name, record[name], unit), (sheet_name, head, record)
                compared += 1
    assert not by_key
    assert compared >= 3 * len(records)


def test_unknown_is_told_and_never_zero(settings: Settings) -> None:
    book = openpyxl.load_workbook(write_report(settings, report_data.STATEMENT, report_data.YEAR).workbook)
    (department,) = sheet_rows(book["部门排名"])
    assert department["年初预算数"] == "未知"
    assert department["全年预算数"] == 11206.52
    assert department["预算执行率（%）"] == 0.7833
    projects = {row["项目名称"]: row for row in sheet_rows(book["项目执行"])}
    assert projects["产业扶持资金"]["预算调整率（%）"] == 1.2084
    assert projects["招商引资经费"]["预算调整率（%）"] == -0.4136
    street = projects["上下九步行街品质提升工程"]
    assert (street["预算执行率（%）"], street["执行状态"], street["调整状态"]) == ("–", "预算为零", "全额调减")
    assert projects["区政府合作经费"]["全年预算数"] == "未知"
    overview = {row[0].value: row[1].value for row in book["概览"].iter_rows(min_row=4, max_row=20)}
    assert overview["执行数"] == 8778.17
    assert overview["年初预算数"] == "未知"


def test_totals_are_sums_and_the_rate_is_divided_once(settings: Settings, book: openpyxl.Workbook) -> None:
    records = published(settings, "summary.department_execution", report_data.DETAIL)
    budget = sum((record["full_year_budget_amount"] for record in records), Decimal(0))
    executed = sum((record["executed_amount"] for record in records), Decimal(0))
    rate = (100 * executed / budget).quantize(CENT, ROUND_HALF_UP)
    sheet = book["部门排名"]
    heads = [cell.value for cell in sheet[3]]
    total = dict(zip(heads, (cell.value for cell in sheet[sheet.max_row]), strict=True))
    assert total["部门名称"] == "合计"
    assert total["全年预算数"] == float(budget / 10_000)
    assert total["执行数"] == float(executed / 10_000)
    assert total["预算执行率（%）"] == float(rate / 100)


def test_nothing_from_data_is_a_formula_or_a_link(book: openpyxl.Workbook) -> None:
    texts = set()
    for sheet in book:
        assert not sheet._hyperlinks
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f", (sheet.title, cell.coordinate)
                if isinstance(cell.value, str):
                    texts.add(cell.value)
                    if cell.value.startswith(("=", "+", "-", "@")):
                        assert cell.quotePrefix, (sheet.title, cell.coordinate)
    assert set(report_data.HOSTILE[:7]) <= texts
    assert report_data.MARKUP_OF_WORKBOOKS in {text.strip() for text in texts}


def test_sheets_are_ready_to_print_and_to_read(book: openpyxl.Workbook) -> None:
    assert book.sheetnames[:5] == ["概览", "项目跟踪", "预警", "部门排名", "项目执行"]
    assert {"调整情况", "预警", "结转结余", "数据问题", "指标说明"} <= set(book.sheetnames)
    for sheet in book:
        assert sheet.freeze_panes
        assert (sheet.page_setup.orientation, int(sheet.page_setup.paperSize)) == ("landscape", 9)
        assert sheet.page_setup.fitToHeight == 0
        assert sheet.print_title_rows == "$1:$3"
        assert sheet["A3"].font.name == "黑体"
    adjustments = book["调整情况"]
    last_printed = adjustments.print_area.split("$")[3]
    assert adjustments[f"{last_printed}3"].value == definition("gross_adjustment_rate_pct").label_zh
    ranking = book["部门排名"]
    assert ranking.print_area.endswith(f"${ranking.max_row}"), "the total is printed too"
    kinds = {rule.type for found in ranking.conditional_formatting for rule in found.rules}
    assert {"dataBar", "cellIs"} <= kinds
    heads = [cell.value for cell in ranking[3]]
    formats = {head: cell.number_format for head, cell in zip(heads, ranking[4], strict=True)}
    assert formats["全年预算数"].startswith("#,##0.00")
    assert formats["预算执行率（%）"] == "0.00%"


def test_notes_explain_every_column_of_every_sheet(book: openpyxl.Workbook) -> None:
    notes = {row[0]: row for row in book["指标说明"].iter_rows(min_row=4, values_only=True)}
    for sheet in book.worksheets[1:-1]:
        for cell in sheet[3]:
            assert notes[cell.value][1], (sheet.title, cell.value)
    assert notes["预算执行率（%）"][2] == "100 × 执行数 / 全年预算数"


@pytest.mark.long
def test_libreoffice_shows_the_same_figures_and_prints_landscape_pages(
    settings: Settings, detail: Path, book: openpyxl.Workbook, tmp_path: Path
) -> None:
    office = require_program("soffice", "libreoffice-calc")
    copy = tmp_path / "bulletin.xlsx"
    copy.write_bytes(detail.read_bytes())
    every_sheet_as_shown = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,true,false,false,-1"
    for target in (every_sheet_as_shown, "pdf"):
        profile = f"-env:UserInstallation=file://{tmp_path}/profile"
        done = subprocess.run(
            [office, profile, "--headless", "--convert-to", target, "--outdir", tmp_path, copy],
            capture_output=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    with (tmp_path / "bulletin-部门排名.csv").open(encoding="utf-8", newline="") as file:
        _, _, heads, *rows = csv.reader(file)
    shown = {row[heads.index("部门名称")]: dict(zip(heads, row, strict=True)) for row in rows}
    for record in published(settings, "summary.department_execution", report_data.DETAIL):
        row = shown[record["department_name"]]
        for head, name in (("全年预算数", "full_year_budget_amount"), ("执行数", "executed_amount")):
            assert row[head] == f"{(record[name] / 10_000).quantize(CENT, ROUND_HALF_UP):,}"
        assert row["预算执行率（%）"] == f"{record['execution_rate_pct']}%"
    pdf = (tmp_path / "bulletin.pdf").read_bytes()
    boxes = re.findall(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)", pdf)
    assert len(boxes) >= len(book.sheetnames)
    assert {(round(float(width)), round(float(height))) for width, height in boxes} == {(842, 595)}


def test_a_sheet_that_leaves_rows_out_says_how_many(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    few = tuple(replace(section, rows_at_most=5) if section.name == "warning" else section for section in SECTIONS)
    monkeypatch.setattr(content, "SECTIONS", few)
    with open_published(settings.database) as connection:
        shown = content.read_content(connection, report_data.DETAIL, report_data.YEAR)
    write_workbook(shown, tmp_path / "few.xlsx")
    book = openpyxl.load_workbook(tmp_path / "few.xlsx")
    warnings = published(settings, "summary.warning_overview", report_data.DETAIL)
    assert len(sheet_rows(book["预警"])) == 5 < len(warnings)
    assert f"另有 {len(warnings) - 5:,} 行见发布库" in book["预警"]["A2"].value
    assert "另有" not in book["项目执行"]["A2"].value


def test_a_page_keeps_the_largest_lines_of_each_project(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_published(settings.database) as connection:
        every = content.read_content(connection, report_data.DETAIL, report_data.YEAR).lines["payment"]
        projects = {record["project_code"] for record in every.records()}
        monkeypatch.setattr(content, "LINES_AT_MOST", len(projects))
        kept = content.read_content(connection, report_data.DETAIL, report_data.YEAR).lines["payment"]
    assert kept.row_count == every.row_count == len(every.rows) > len(kept.rows)
    largest = {code: Decimal(0) for code in projects}
    for record in every.records():
        largest[record["project_code"]] = max(largest[record["project_code"]], abs(record["paid_amount"]))
    assert {record["project_code"]: abs(record["paid_amount"]) for record in kept.records()} == largest


def test_a_text_longer_than_a_cell_is_cut_and_marked(tmp_path: Path) -> None:
    with open_workbook(tmp_path / "long.xlsx") as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_string(0, 0, "长" * 40_000)
        sheet.write_string(1, 0, "𠮷" * 20_000)
    cells = [row[0] for row in openpyxl.load_workbook(tmp_path / "long.xlsx").active.iter_rows(values_only=True)]
    assert [len(text.encode("utf-16-le")) // 2 for text in cells] == [32_767, 32_767]
    assert all(text.endswith("…") for text in cells)
