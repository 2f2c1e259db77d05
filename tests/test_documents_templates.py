"""Word templates of written reports: a bureau edits the built-in one, and what it cannot mean is told."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import docx
import pytest
from bureau import Bureau
from click.testing import CliRunner, Result
from docx.shared import Pt

from pipelines.cli import main

CHECKOUT = Path(__file__).parent.parent
LIWAN = ("--district", "440103", "--year", 2022, "--department", "广州市荔湾区商务和投资促进局")


@pytest.fixture(scope="module")
def bureau(tmp_path_factory: pytest.TempPathFactory) -> Bureau:
    bureau = Bureau(tmp_path_factory.mktemp("templates"))
    shutil.copytree(CHECKOUT / "raw" / "440103", bureau.settings.raw / "440103")
    assert bureau.night().exit_code == 0
    return bureau


def run(bureau: Bureau, published: Path, command: str, *arguments: object) -> Result:
    given = ["reports", command, "--published", published, *arguments]
    if command == "write":
        given += ["--warehouse", bureau.settings.warehouse]
    result = CliRunner().invoke(main, [str(argument) for argument in given])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def edited(bureau: Bureau, published: Path, change: Callable[[Any], None], kind: str = "self-evaluation") -> Path:
    """The built-in template after a change, kept as the district's own."""
    path = published / "440103" / "templates" / f"{kind}.docx"
    path.parent.mkdir(parents=True)
    assert run(bureau, published, "template", "--kind", kind, "--output", path).exit_code == 0
    document = docx.Document(str(path))
    change(document)
    document.save(str(path))
    return path


def written(bureau: Bureau, published: Path, *arguments: object) -> tuple[Any, Result]:
    file = published / "written.docx"
    result = run(bureau, published, "write", *LIWAN, "--output", file, *arguments)
    return docx.Document(str(file)) if file.exists() else None, result


def texts(document: Any) -> list[str]:
    return [paragraph.text for paragraph in document.paragraphs]


def test_the_built_in_template_gives_what_is_written_without_one(bureau: Bureau, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    plain, _ = written(bureau, tmp_path / "a")
    edited(bureau, tmp_path / "b", lambda _: None)
    own, result = written(bureau, tmp_path / "b")
    assert texts(own) == texts(plain)
    assert len(texts(own)) > 20
    assert "not read back" not in result.output


def test_letterhead_sentences_and_order_of_a_bureau_are_kept(bureau: Bureau, tmp_path: Path) -> None:
    def change(document: Any) -> None:
        first = document.paragraphs[0]
        letterhead = first.insert_paragraph_before()
        letterhead.add_run("荔湾区财政局（{{ 年度 }}）").font.size = Pt(22)
        whole = next(one for one in document.paragraphs if one.text == "{{ 总体情况 }}")
        whole.runs[0].font.size = Pt(14)
        for tag in (
            "{%p for 项目 in 各项目 %}",
            "{{ 项目.名称 }}。该项目全年执行数{{ 项目.全年执行数 }}。",
            "{%p endfor %}",
        ):
            whole.insert_paragraph_before(tag)
        projects = next(one for one in document.paragraphs if one.text == "{{ 项目完成情况 }}")
        projects.runs[0].text = ""
        document.sections[0].footer.paragraphs[0].text = "预算执行率{{ 预算执行率 }}"

    path = edited(bureau, tmp_path, change)
    document, result = written(bureau, tmp_path)
    found = texts(document)
    assert found[0] == "荔湾区财政局（2022）"
    assert document.paragraphs[0].runs[0].font.size == Pt(22)
    assert "产业扶持资金。该项目全年执行数3504.7万元。" in found
    assert not any(text.startswith("1.") for text in found)
    (whole,) = (one for one in document.paragraphs if one.text.startswith("本部门年初预算数〔缺：年初预算数〕"))
    assert {run.font.size for run in whole.runs if run.text} == {Pt(14)}
    assert document.sections[0].footer.paragraphs[0].text == "预算执行率78.33%"
    comments = [comment.text for comment in document.comments]
    assert any('explain "440103/2022/' in text for text in comments)
    assert hashlib.sha256(path.read_bytes()).hexdigest() in document.core_properties.comments
    assert "not read back" not in result.output
    assert result.exit_code == 3


def test_what_is_unknown_is_listed_where_a_template_forgets_it(bureau: Bureau, tmp_path: Path) -> None:
    def change(document: Any) -> None:
        for paragraph in document.paragraphs:
            if paragraph.text in {"{{ 缺少的数字 }}", "{{ 项目完成情况 }}", "{{ 调整幅度较大的项目 }}"}:
                paragraph.runs[0].text = ""

    edited(bureau, tmp_path, change)
    document, result = written(bureau, tmp_path)
    assert texts(document)[-3:] == ["附：本稿缺少的数字", "部门整体：年初预算数", "部门整体：预算调整数"]
    assert "2 unknown" in result.output


@pytest.mark.parametrize(
    ("tag", "told"),
    [
        ("{{ 全年执行 }}", "'全年执行' is undefined"),
        ("{{ 全年执行数", "模板标记有误"),
        ("见{{ 总体情况 }}", "应在正文中单独成段"),
        ("{% for 一 in range(10000000) %}一{% endfor %}", "Range too big"),
        ("{{ ''.__class__.__mro__ }}", "unsafe"),
        ("{{ 各项目.名称 }}", "has no attribute '名称'"),
    ],
)
def test_what_a_template_cannot_mean_is_told_with_what_it_may_name(
    bureau: Bureau, tmp_path: Path, tag: str, told: str
) -> None:
    edited(bureau, tmp_path, lambda document: document.add_paragraph(tag))
    document, result = written(bureau, tmp_path)
    assert document is None
    assert (result.exit_code, told in result.output) == (1, True), result.output


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"{{ ... }}"])
def test_what_is_no_word_file_is_no_template(bureau: Bureau, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "模板.docx"
    path.write_bytes(content)
    document, result = written(bureau, tmp_path, "--template", path)
    assert (document, result.exit_code, "模板不是 Word 文件" in result.output) == (None, 1, True), result.output


def test_a_figure_in_a_text_box_is_told(bureau: Bureau, tmp_path: Path) -> None:
    def change(document: Any) -> None:
        run = document.add_paragraph("{{ 全年执行数 }}").runs[0]
        paragraph = run.element.getparent()
        box = docx.oxml.OxmlElement("w:txbxContent")
        paragraph.addprevious(box)
        box.append(paragraph)

    edited(bureau, tmp_path, change)
    document, result = written(bureau, tmp_path)
    assert (document, "文本框" in result.output) == (None, True), result.output


@pytest.mark.parametrize("kind", ["final-account", "bulletin"])
def test_every_kind_has_a_template(bureau: Bureau, tmp_path: Path, kind: str) -> None:
    edited(bureau, tmp_path, lambda document: document.add_paragraph("{{ 年度 }}年终"), kind)
    document, result = written(bureau, tmp_path, "--kind", kind)
    assert "2022年终" in texts(document)
    assert "not read back" not in result.output
