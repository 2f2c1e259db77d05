"""``reports check`` and ``reports write`` as their users meet them, over Liwan's accounts and its report."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import docx
import openpyxl
import pytest
from bureau import Bureau
from click.testing import CliRunner, Result

from pipelines.cli import main
from pipelines.reports.write import write_report

CHECKOUT = Path(__file__).parent.parent
LIWAN = CHECKOUT / "published/440103"
REPORT = next((LIWAN / "2022").glob("*.txt"))
DEPARTMENT = "广州市荔湾区商务和投资促进局"


@pytest.fixture(scope="module")
def bureau(tmp_path_factory: pytest.TempPathFactory) -> Bureau:
    bureau = Bureau(tmp_path_factory.mktemp("check"))
    shutil.copytree(CHECKOUT / "raw/440103", bureau.settings.raw / "440103")
    shutil.copytree(LIWAN, bureau.settings.published_reports / "440103")
    assert bureau.night().exit_code == 0
    return bureau


def reports(bureau: Bureau, command: str, *arguments: object) -> Result:
    given = ["reports", command, "--warehouse", bureau.settings.warehouse, *arguments]
    result = CliRunner().invoke(main, [str(argument) for argument in given])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def test_the_published_report_agrees_and_a_copy_elsewhere_agrees_alike(bureau: Bureau) -> None:
    published = bureau.settings.published_reports
    file = published / "440103/2022" / REPORT.name
    answers: list[Any] = []
    for arguments in ((), ("--document", file)):
        result = reports(bureau, "check", "--json", "--published", published, *arguments)
        assert result.exit_code == 0
        answers.append(json.loads(result.stdout)[0])
    assert answers[0]["figures"] == answers[1]["figures"]
    assert answers[0]["counts"]["agrees"] == 24


def test_a_draft_with_a_wrong_amount_is_told_before_it_is_published(bureau: Bureau, tmp_path: Path) -> None:
    draft = tmp_path / "draft.txt"
    draft.write_text(REPORT.read_text(encoding="utf-8").replace("执行数8778.17万元", "执行数8788.17万元"), "utf-8")
    result = reports(bureau, "check", "--document", draft, "--district", "440103", "--year", "2022")
    assert result.exit_code == 3
    assert "8788.17万元  87,781,700.00 元  不一致" in result.stdout


def test_a_draft_without_its_year_and_a_damaged_one_are_told(bureau: Bureau, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.pdf"
    damaged.write_bytes(b"%PDF-1.4 cut off")
    assert "--district" in reports(bureau, "check", "--document", damaged).output
    result = reports(bureau, "check", "--document", damaged, "--district", "440103", "--year", "2022")
    assert (result.exit_code, "无法读取" in result.stdout) == (1, True)


def test_what_is_written_is_read_back_and_the_unknown_is_marked(bureau: Bureau, tmp_path: Path) -> None:
    file = tmp_path / "written.docx"
    asked = ("--district", "440103", "--year", "2022", "--department", DEPARTMENT, "--output", file)
    result = reports(bureau, "write", *asked)
    assert result.exit_code == 3
    assert "not read back" not in result.stdout
    assert "not written" not in result.stdout
    written = docx.Document(str(file))
    text = "\n".join(paragraph.text for paragraph in written.paragraphs)
    assert "全年预算数11206.52万元；全年执行数8778.17万元，完成预算的78.33%" in text
    assert "年中调减80万元，全年预算数〔缺：全年预算数〕" in text
    assert any("explain" in comment.text for comment in written.comments)
    again = reports(bureau, "write", *asked)
    assert (again.exit_code, "exists" in again.output) == (1, True)
    check = reports(bureau, "check", "--document", file, "--district", "440103", "--year", "2022", "--json")
    (answer,) = json.loads(check.stdout)
    assert {figure["reconciliation_status"] for figure in answer["figures"]} == {"agrees"}
    assert not answer["unread"]


def test_an_unknown_department_is_told_with_the_known_ones(bureau: Bureau) -> None:
    result = reports(bureau, "write", "--district", "440103", "--year", "2022", "--department", "无此局")
    assert result.exit_code == 1
    assert DEPARTMENT in result.output


@pytest.mark.filterwarnings("ignore:.*extension is not supported:UserWarning")
def test_the_workbook_and_the_page_show_what_was_published_beside_what_is_computed(bureau: Bureau) -> None:
    paths = write_report(bureau.settings, "440103", 2022)
    sheet = openpyxl.load_workbook(paths.workbook)["公布核对"]
    _, _, heads, first, *others = sheet.iter_rows(values_only=True)
    row = dict(zip(heads, first, strict=True))
    assert (row["公布事项"], row["公布数"], row["核对结果"]) == ("产业扶持资金项目", "120.83%", "截尾")
    assert ("部门整体", "全年预算", "11206.52万元") in [line[2:5] for line in others]
    assert "公布核对" in paths.page.read_text(encoding="utf-8")


def test_without_a_document_what_is_new_below_the_folder_is_read_once(bureau: Bureau, tmp_path: Path) -> None:
    published = tmp_path / "published"
    shutil.copytree(LIWAN, published / "440103")
    counts = []
    for _ in range(2):
        result = reports(bureau, "read", "--published", published)
        assert result.exit_code == 0
        counts.append(result.output.split(" new or changed")[0].rpartition(" ")[2])
    assert counts == ["0", "0"]
    (published / "440103/2022/更正.txt").write_text("全年预算数100万元，执行数90万元。", "utf-8")
    assert ": 1 new or changed" in reports(bureau, "read", "--published", published).output
