"""Every kind of report and form that ``reports write`` makes: read back figure by figure, marked, told where unknown.

The accounts are the sample's: a synthetic district with every dataset, and Liwan with what one report publishes.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import docx
import openpyxl
import pytest
from bureau import Bureau
from click.testing import CliRunner, Result

from pipelines.cli import main
from pipelines.documents.read import read_document

CHECKOUT = Path(__file__).parent.parent
KINDS = {"self-evaluation": ".docx", "final-account": ".docx", "department-form": ".xlsx"}
LIWAN = "广州市荔湾区商务和投资促进局"


@pytest.fixture(scope="module")
def bureau(tmp_path_factory: pytest.TempPathFactory) -> Bureau:
    bureau = Bureau(tmp_path_factory.mktemp("write"))
    shutil.copytree(CHECKOUT / "raw", bureau.settings.raw, dirs_exist_ok=True)
    assert bureau.night().exit_code == 0
    return bureau


def write(bureau: Bureau, *arguments: object) -> Result:
    given = ["reports", "write", "--warehouse", bureau.settings.warehouse, *arguments]
    result = CliRunner().invoke(main, [str(argument) for argument in given])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def departments(bureau: Bureau) -> Iterator[tuple[str, int, str]]:
    yield from bureau.rows(
        "select district_code, fiscal_year, department_code from summary.department_execution"
        " where department_code is not null order by all"
    )


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_what_is_written_of_every_department_is_read_back(bureau: Bureau, tmp_path: Path, kind: str) -> None:
    count = 0
    for district, year, department in departments(bureau):
        asked = ("--district", district, "--year", year, "--department", department, "--kind", kind)
        result = write(bureau, *asked, "--output", tmp_path / f"{district}{year}{department}{KINDS[kind]}")
        assert "not read back" not in result.stdout, result.stdout
        assert "read but not written" not in result.stdout, result.stdout
        assert result.exit_code == (3 if "缺 unknown" in result.stdout else 0)
        count += int(re.search(r": (\d+) figures", result.stdout)[1])  # type: ignore[index]  # asserts that it is told
    assert count > 40


def test_every_project_form_is_read_back(bureau: Bureau, tmp_path: Path) -> None:
    projects = bureau.rows(
        "select district_code, fiscal_year, department_code, project_code from summary.project_execution"
        " where department_code is not null and project_code is not null order by all limit 12"
    )
    for number, (district, year, department, project) in enumerate(projects):
        asked = ("--district", district, "--year", year, "--department", department, "--project", project)
        result = write(bureau, *asked, "--kind", "project-form", "--output", tmp_path / f"{number}.xlsx")
        assert (result.exit_code, "not read back" in result.stdout) == (0, False), result.stdout
    assert len(projects) == 12


@pytest.mark.parametrize("month", [None, 6])
def test_a_bulletin_is_read_back_and_says_what_it_lacks(bureau: Bureau, tmp_path: Path, month: int | None) -> None:
    file = tmp_path / "bulletin.docx"
    asked = ("--district", "999999", "--year", 2024, "--kind", "bulletin", "--output", file)
    result = write(bureau, *asked, *(() if month is None else ("--month", month)))
    assert (result.exit_code, "not read back" in result.stdout) == (3, False), result.stdout
    document = read_document(file.name, file.read_bytes())
    text = "\n".join(paragraph.text for paragraph in document.paragraphs)
    (executed,) = bureau.rows(
        "select round(sum(cumulative_executed_amount) / 10000, 2) from summary.department_execution_monthly"
        f" where district_code = '999999' and fiscal_year = 2024 and month = {month or 12}"
    )
    assert f"累计支出{executed[0]}万元" in text
    assert "〔缺：上年同期累计支出数〕" in text
    assert ("约谈名单只能按最近月份生成" in text) == (month is not None)
    assert document.tables[-1].rows[-1][1] == "合计"


def test_every_number_of_a_form_has_its_source_and_the_points_are_computed(bureau: Bureau, tmp_path: Path) -> None:
    file = tmp_path / "form.xlsx"
    asked = ("--district", "440103", "--year", 2022, "--department", LIWAN, "--kind", "department-form")
    assert write(bureau, *asked, "--output", file).exit_code == 3
    sheet = openpyxl.load_workbook(file).active
    assert sheet is not None
    cells = {str(cell.value): cell for row in sheet.iter_rows() for cell in row if cell.value is not None}
    assert cells["7.83"].comment.text.startswith("来源：district-finance query")
    assert 'explain "440103/2022/' in cells["11206.52"].comment.text
    assert "〔缺：年初预算数〕" in cells
    weights = [
        cell.value for row in sheet.iter_rows(min_col=7, max_col=7) for cell in row if isinstance(cell.value, int)
    ]
    assert sum(weights) == 90
    assert any(value.startswith("=SUM(") for value in cells)


def test_large_adjustments_are_named_and_unlisted_function_classes_told(bureau: Bureau, tmp_path: Path) -> None:
    texts = {}
    for kind in ("self-evaluation", "final-account"):
        file = tmp_path / f"{kind}.docx"
        write(bureau, "--district", "440103", "--year", 2022, "--department", LIWAN, "--kind", kind, "--output", file)
        texts[kind] = "\n".join(paragraph.text for paragraph in docx.Document(str(file)).paragraphs)
    assert "产业扶持资金年中调增1919.36万元，预算调整率120.84%；" in texts["self-evaluation"]
    assert "〔缺：按功能分类的支出〕" in texts["final-account"]


def test_what_cannot_be_written_is_told_with_what_there_is(bureau: Bureau) -> None:
    district = ("--district", "999999", "--year", 2024)
    assert "--department" in write(bureau, *district, "--kind", "final-account").output
    assert "--project" in write(bureau, *district, "--kind", "project-form", "--department", "001001").output
    unknown = write(bureau, *district, "--kind", "project-form", "--department", "001001", "--project", "无此项目")
    assert (unknown.exit_code, "未找到唯一的项目" in unknown.output) == (1, True)
    nothing = write(bureau, "--district", "999999", "--year", 1999, "--kind", "bulletin")
    assert (nothing.exit_code, "该月没有部门支出数据" in nothing.output) == (1, True)


@pytest.mark.skipif(shutil.which("soffice") is None, reason="needs LibreOffice Writer (libreoffice-writer)")
def test_a_pdf_lies_beside_the_word_file_and_is_read_alike(bureau: Bureau, tmp_path: Path) -> None:
    file = tmp_path / "report.docx"
    asked = ("--district", "440103", "--year", 2022, "--department", LIWAN)
    write(bureau, *asked, "--pdf", "--output", file)
    document = read_document("report.pdf", file.with_suffix(".pdf").read_bytes())
    text = "".join(paragraph.text for paragraph in document.paragraphs).replace(" ", "")
    assert "全年执行数8778.17万元，完成预算的78.33%" in text
