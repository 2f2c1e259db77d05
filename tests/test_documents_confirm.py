"""``reports confirm``: what a person looks up is kept by the bureau and counts; nothing else does."""

from __future__ import annotations

import shutil
from pathlib import Path

import openpyxl
import pytest
from bureau import Bureau
from click.testing import CliRunner, Result

from pipelines.cli import main

CHECKOUT = Path(__file__).parent.parent
TITLE = "广州市荔湾区商务和投资促进局2022年其他公开文字\n\n"
UNREAD = "现场走访率为35%，另见46.91万元。"
NAMED = "上下九步行街品质提升改造年初预算数2000万元。"


@pytest.fixture(scope="module")
def bureau(tmp_path_factory: pytest.TempPathFactory) -> Bureau:
    """One for all tests of this file: the last one is the only one that changes it."""
    bureau = Bureau(tmp_path_factory.mktemp("confirm"))
    shutil.copytree(CHECKOUT / "raw/440103", bureau.settings.raw / "440103")
    folder = bureau.settings.published_reports / "440103/2022"
    folder.mkdir(parents=True)
    (folder / "report.txt").write_text(TITLE + UNREAD + "\n" + NAMED, encoding="utf-8")
    assert bureau.night().exit_code == 0
    return bureau


def confirm(bureau: Bureau, *arguments: object) -> Result:
    roots = ("--warehouse", bureau.settings.warehouse, "--published", bureau.settings.published_reports)
    result = CliRunner().invoke(main, [str(word) for word in ("reports", "confirm", *arguments, *roots)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def statements(bureau: Bureau) -> list[tuple[object, ...]]:
    return bureau.rows(
        "select printed_value, printed_subject, published_measure, statement_status, confirmed_on is not null"
        " from quality.published_statement order by statement_number"
    )


def fill(file: Path, sheet: str, **answers: str) -> None:
    """Answers the question about 公布数 or 公布事项 ``of``."""
    book = openpyxl.load_workbook(file)
    heads = [cell.value for cell in book[sheet][1]]
    of = answers.pop("of")
    for row in book[sheet].iter_rows(min_row=2):
        if of in [cell.value for cell in row]:
            for head, answer in answers.items():
                row[heads.index(head)].value = answer
    book.save(file)


@pytest.mark.parametrize(
    ("sheet", "answers", "told"),
    [
        ("待确认数字", {"of": "46.91万元", "事项": "甲", "公布内容": "大概", "确认人": "张科"}, "从列表中选择公布内容"),
        ("待确认数字", {"of": "46.91万元", "公布内容": "执行数", "确认人": "张科"}, "请填写事项"),
        (
            "待确认数字",
            {"of": "46.91万元", "事项": "甲", "公布内容": "执行数", "确认人": "张科", "页": "前"},
            "位置列不得改动",
        ),
        ("待对应名称", {"of": "上下九步行街品质提升改造", "确认人": "张科"}, "请填写库中名称"),
        ("待对应名称", {"of": "上下九步行街品质提升改造", "区划": "../x", "确认人": "张科"}, "没有公开报告目录"),
    ],
)
def test_a_wrong_answer_is_told_with_its_row_and_nothing_is_kept(
    bureau: Bureau, tmp_path: Path, sheet: str, answers: dict[str, str], told: str
) -> None:
    file = tmp_path / "open.xlsx"
    confirm(bureau, "--output", file)
    fill(file, sheet, **answers)
    result = confirm(bureau, file)
    assert (result.exit_code, told in result.output) == (1, True), result.output
    assert sorted(path.name for path in (bureau.settings.published_reports / "440103").iterdir()) == ["2022"]


def test_what_is_no_such_workbook_and_a_changed_alias_are_refused(bureau: Bureau, tmp_path: Path) -> None:
    other = tmp_path / "other.xlsx"
    other.write_bytes(b"PK cut off")
    assert "不是工作簿" in confirm(bureau, other).output
    aliases = bureau.settings.published_reports / "440103/aliases.csv"
    file = tmp_path / "open.xlsx"
    confirm(bureau, "--output", file)
    fill(file, "待对应名称", of="上下九步行街品质提升改造", 库中名称="招商引资经费", 确认人="张科")
    aliases.write_text("printed_subject,accepted_subject\n上下九步行街品质提升改造,产业扶持资金\n", encoding="utf-8")
    assert "已对应“产业扶持资金”" in confirm(bureau, file).output
    aliases.unlink()


def test_a_figure_and_a_name_are_confirmed_and_compared(bureau: Bureau, tmp_path: Path) -> None:
    file = tmp_path / "open.xlsx"
    result = confirm(bureau, "--output", file)
    assert (result.exit_code, "3 questions" in result.stdout) == (3, True), result.stdout
    near = [cell.value for cell in openpyxl.load_workbook(file)["待对应名称"]["D"]]
    assert "上下九步行街品质提升工程" in str(near[1])
    assert confirm(bureau, file).stdout.startswith("taken: 0 figures, 0 names")

    fill(file, "待确认数字", of="46.91万元", 事项="招商引资经费", 公布内容="执行数", 确认人="张科")
    fill(file, "待对应名称", of="上下九步行街品质提升改造", 库中名称="上下九步行街品质提升工程", 确认人="张科")
    before = statements(bureau)
    result = confirm(bureau, file)
    assert result.stdout.startswith("taken: 1 figures, 1 names"), result.output
    assert statements(bureau) == before
    assert bureau.night().publication.status == "published"
    assert statements(bureau) == [
        ("35%", "现场走访率", None, "unread", False),
        ("46.91万元", "招商引资经费", "executed", "single", True),
        ("2000万元", "上下九步行街品质提升改造", "initial_budget", "single", False),
    ]
    assert bureau.rows(
        "select printed_value, linked_by, reconciliation_status from summary.published_reconciliation order by all"
    ) == [("2000万元", "alias", "agrees"), ("46.91万元", "exact", "agrees")]
    assert bureau.rows(
        "select numbers_found, numbers_used, numbers_passed_over, numbers_unread from quality.published_document"
    ) == [(3, 2, 0, 1)]
    assert confirm(bureau, "--output", tmp_path / "again.xlsx").stdout.count("1 questions") == 1

    document = bureau.settings.published_reports / "440103/2022/report.txt"
    document.write_text(TITLE + "新的一段文字。\n" + UNREAD, encoding="utf-8")
    bureau.night()
    assert "unread" in [status for value, *_, status, _ in statements(bureau) if value == "46.91万元"]
    (document.parent.parent / "confirmations.csv").write_text("document_id\nx\n", encoding="utf-8")
    assert bureau.night().exit_code == 0
