"""Word templates: the built-in one of every kind of report, and a bureau's own, filled with a report.

A bureau edits the built-in template in Word (letterhead, fonts, headings, order, sentences of its own) and keeps it
with its published reports. ``{{ 总体情况 }}`` alone in a paragraph stands for a section, in the paragraph's own style;
``{{ 全年执行数 }}`` in a sentence for one figure; ``{%p for 项目 in 各项目 %}`` repeats paragraphs.
Every figure carries a comment with the command that finds its rows or lines; what is unknown is listed at the end, also
where a template forgets it. Templates come from other hands: they run in a sandbox, and what they name has to exist.
Does not belong here: what a section says (a module for each kind).
"""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docx
import jinja2
from docx.opc.exceptions import PackageNotFoundError
from docx.oxml.ns import qn
from docx.text.paragraph import Paragraph
from docx.text.run import Run
from docxtpl import DocxTemplate
from jinja2.sandbox import SandboxedEnvironment

from pipelines.documents.write.report import (
    MISSING_SECTION,
    Fact,
    Grid,
    Line,
    Missing,
    Outline,
    Piece,
    Report,
    missing_lines,
)

AUTHOR = "district-finance"
_SLOT = re.compile("\ue000(\\d+)\ue001")
"""The place of a section or figure in a filled template: code points that no text has."""


class TemplateError(Exception):
    """A template cannot be filled: what is wrong, and what is expected."""


@dataclass(frozen=True, slots=True)
class Template:
    """The bytes of a Word template, and the name under which it is known."""

    name: str
    content: bytes

    @property
    def sha256(self) -> str:
        """Its content as a hash, by which a written report tells what it was made with."""
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True)
class Filled:
    """A written report: its bytes, the figures in its text (not in headers and footers), and those that are unknown."""

    content: bytes
    facts: list[Fact]
    missing: list[Missing]


def chosen(given: Path | None, published: Path, district: str, kind: str, outline: Outline) -> Template:
    """The template that was given, else the district's own, else the built-in one; raises ``TemplateError``."""
    path = given or template_path(published, district, kind)
    try:
        return Template(path.name, path.read_bytes())
    except FileNotFoundError:
        if given:
            raise TemplateError(f"{path}: there is no such file | 找不到模板") from None
        return built_in(kind, outline)
    except OSError as error:
        raise TemplateError(f"{path} cannot be read: {error.strerror} | 无法读取模板") from None


def template_path(published: Path, district: str, kind: str) -> Path:
    """Where a bureau keeps its template of a kind: beside its published reports."""
    return published / district / "templates" / f"{kind}.docx"


def built_in(kind: str, outline: Outline) -> Template:
    """The template from which a bureau's own begins."""
    document = docx.Document()
    document.core_properties.author = AUTHOR
    document.add_heading("{{ 标题 }}", 0)
    for part in (*outline, MISSING_SECTION):
        if isinstance(part, str):
            document.add_paragraph(f"{{{{ {part} }}}}")
        else:
            text = "".join(map(str, part.pieces))
            _ = document.add_heading(text, part.level) if part.level else document.add_paragraph(text)
    return Template(f"{kind} (built-in 内置)", _bytes(document))


def filled(template: Template, report: Report) -> Filled:
    """The report in a template; the file's properties tell template and publication.

    Raises:
        TemplateError: it is no Word file, its tags cannot be read, or it names what there is not.
    """
    slots = _Slots()
    context = {
        "标题": report.title,
        **{name: slots.of(name) for name in (*report.sections, MISSING_SECTION)},
        **{name: slots.of(pieces) for name, pieces in report.words.items()},
        "各项目": [{name: slots.of(pieces) for name, pieces in one.items()} for one in report.projects],
    }
    document = _rendered(template, context)
    document.core_properties.title = report.title
    document.core_properties.comments = (
        f"模板 template {template.name}, sha256 {template.sha256}; 发布 build {report.build_id}"
    )
    writer = _Writer(document, slots)
    writer.fill(report.sections)
    return Filled(_bytes(document), writer.facts, writer.missing)


def _rendered(template: Template, context: Mapping[str, Any]) -> Any:
    """The document with slots in the places of tags."""
    word = DocxTemplate(io.BytesIO(template.content))
    known = "、".join(context)
    try:
        word.render(dict(context), SandboxedEnvironment(undefined=jinja2.StrictUndefined, autoescape=True))
    except (PackageNotFoundError, zipfile.BadZipFile, KeyError, ValueError, OSError) as error:
        raise TemplateError(f"{template.name} is no Word file (.docx): {error} | 模板不是 Word 文件") from None
    except jinja2.TemplateSyntaxError as error:
        raise TemplateError(
            f"{template.name}: a tag cannot be read: {error.message} | 模板标记有误，应为 {{{{ 名称 }}}}"
        ) from None
    except (jinja2.TemplateError, TypeError, OverflowError) as error:
        raise TemplateError(
            f"{template.name}: {error}; a template may name 可用名称: {known} | 模板引用了不存在的名称"
        ) from None
    return docx.Document(io.BytesIO(_bytes(word)))


def _bytes(document: Any) -> bytes:
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


@dataclass(slots=True)
class _Slots:
    """What stands for what: a section's name, or the pieces of a figure or word."""

    meant: list[str | tuple[Piece, ...]] = field(default_factory=list)

    def of(self, meant: str | tuple[Piece, ...]) -> str:
        """The text that stands for it; words without a figure stand for themselves."""
        if isinstance(meant, tuple) and all(isinstance(piece, str) for piece in meant):
            return "".join(map(str, meant))
        self.meant.append(meant)
        return f"\ue000{len(self.meant) - 1}\ue001"


class _Writer:
    """Puts sections and figures into the slots of a document."""

    def __init__(self, document: Any, slots: _Slots) -> None:
        self._document = document
        self._slots = slots
        self.facts: list[Fact] = []
        self.missing: list[Missing] = []

    def fill(self, sections: Mapping[str, list[Line | Grid]]) -> None:
        """Fills every slot; what is unknown is listed in its own section, or at the end.

        Raises ``TemplateError`` where a slot stands in what is no paragraph of text, such as a text box.
        """
        lists: list[Paragraph] = []
        for paragraph in list(_paragraphs(self._document)):
            name = self._section_in(paragraph)
            if name == MISSING_SECTION:
                lists.append(paragraph)
            elif name is not None:
                self._put_section(paragraph, sections[name])
            else:
                self._put_pieces(paragraph, in_text=True)
        for part in (part for section in self._document.sections for part in (section.header, section.footer)):
            for paragraph in list(_paragraphs(part)):
                self._put_pieces(paragraph, in_text=False)
        if not lists:
            lists = [self._document.add_paragraph(" ")]
        self._put_section(lists[0], missing_lines(self.missing))
        for paragraph in lists[1:]:
            _remove(paragraph)
        if _SLOT.search(self._document.element.xml):
            raise TemplateError(
                "a figure stands in a text box; move it into the text | 数字不能放在文本框内，请移入正文"
            )

    def _section_in(self, paragraph: Paragraph) -> str | None:
        match = _SLOT.fullmatch(paragraph.text.strip())
        meant = self._slots.meant[int(match[1])] if match else None
        return meant if isinstance(meant, str) else None

    def _put_pieces(self, paragraph: Paragraph, *, in_text: bool) -> None:
        for run in paragraph.runs:
            parts = _SLOT.split(run.text)
            if len(parts) == 1:
                continue
            for position, part in enumerate(parts):
                meant = self._slots.meant[int(part)] if position % 2 else (part,)
                if isinstance(meant, str):
                    raise TemplateError(
                        f"{{{{ {meant} }}}} is a section: it stands alone in a paragraph of the text"
                        f" | “{meant}”是整段内容，应在正文中单独成段"
                    )
                for piece in filter(None, meant):
                    self._put_piece(_run_like(run, paragraph), piece, in_text=in_text)
            run.element.getparent().remove(run.element)

    def _put_section(self, place: Paragraph, lines: list[Line | Grid]) -> None:
        for line in lines:
            if isinstance(line, Grid):
                self._put_grid(place, line)
            else:
                self._put_line(place, line.pieces, level=line.level)
        _remove(place)

    def _put_line(self, place: Paragraph, pieces: tuple[Piece, ...], *, level: int = 0) -> None:
        """A paragraph like that in whose place it stands, or a heading."""
        element = deepcopy(_element_of(place))
        _element_of(place).addprevious(element)
        paragraph = Paragraph(element, place)
        model, *others = paragraph.runs
        for run in others:
            run.element.getparent().remove(run.element)
        name = f"Heading {level}"
        if level and name in self._document.styles:
            paragraph.style = name
        for piece in pieces:
            self._put_piece(_run_like(model, paragraph), piece)
        model.element.getparent().remove(model.element)

    def _put_grid(self, place: Paragraph, grid: Grid) -> None:
        self._put_line(place, (grid.title,))
        self._put_line(place, ("单位：万元",))
        table = self._document.add_table(rows=1, cols=len(grid.headers))
        if "Table Grid" in self._document.styles:
            table.style = "Table Grid"
        for cell, header in zip(table.rows[0].cells, grid.headers, strict=True):
            cell.paragraphs[0].add_run(header).bold = True
        for row in grid.rows:
            for cell, piece in zip(table.add_row().cells, row, strict=True):
                if isinstance(piece, Fact) and piece.value < 0:
                    cell.paragraphs[0].add_run("-")
                self._put_piece(cell.paragraphs[0].add_run(), piece)
        (element,) = table.cell(0, 0).paragraphs[0].runs[0].element.iterancestors(qn("w:tbl"))
        _element_of(place).addprevious(element)

    def _put_piece(self, run: Run, piece: Piece, *, in_text: bool = True) -> None:
        match piece:
            case Fact():
                run.text = piece.text
                if in_text:
                    self.facts.append(piece)
                    self._document.add_comment(run, f"来源：{piece.source}", author=AUTHOR, initials="df")
            case Missing():
                self.missing.append(piece)
                run.text = f"〔缺：{piece.label}〕"
                run.bold = True
            case _:
                run.text = piece


def _paragraphs(part: Any) -> Iterator[Paragraph]:
    """The paragraphs of a text, and those in the cells of its tables."""
    yield from part.paragraphs
    for table in part.tables:
        for row in table.rows:
            for cell in row.cells:
                yield from _paragraphs(cell)


def _element_of(paragraph: Paragraph) -> Any:
    return paragraph.runs[0].element.getparent()


def _remove(paragraph: Paragraph) -> None:
    element = _element_of(paragraph)
    element.getparent().remove(element)


def _run_like(run: Run, paragraph: Paragraph) -> Run:
    """A new run before another one, formatted like it."""
    element = deepcopy(run.element)
    run.element.addprevious(element)
    return Run(element, paragraph)
