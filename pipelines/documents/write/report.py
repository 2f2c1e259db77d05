"""What a written report is made of: facts with their source, lines and tables of them, as a Word file, read back.

Money is printed in 万元 with at most two decimals, rounded half up from exact yuan; rates are the published ones in
percent. What is unknown is printed as 〔缺：…〕, never as 0; an incomplete figure says so. Every number carries a
comment with the command that finds its rows or lines.
Does not belong here: which figures a kind of report prints (a module each), workbooks (``forms``).
"""

from __future__ import annotations

import io
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import docx

from pipelines.documents.characters import fold
from pipelines.documents.model import DEPARTMENT, Measure
from pipelines.documents.read import read_document, read_figures

AUTHOR = "district-finance"
PDF_SECONDS = 120
_WAN = Decimal(10_000)
_CENT = Decimal("0.01")

LABELS = {
    "initial_budget_amount": "年初预算数",
    "net_adjustment_amount": "预算调整数",
    "full_year_budget_amount": "全年预算数",
    "executed_amount": "全年执行数",
    "cumulative_executed_amount": "累计支出数",
    "unspent_amount": "未支出数",
    "execution_points": "执行率得分",
}
"""What a missing figure of a column is called."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One number to be printed: ``value`` in ``unit`` as printed; ``source`` is a command that shows where it is from.

    ``is_plain``: in a cell under a header with its unit, so without it.
    """

    subject: str
    measure: str
    value: Decimal
    unit: str
    source: str
    is_plain: bool = False

    @property
    def text(self) -> str:
        """The number as printed, without its sign."""
        return f"{abs(self.value):f}{'' if self.is_plain else self.unit.replace('pp', '个百分点')}"


@dataclass(frozen=True, slots=True)
class Missing:
    """A figure that the warehouse does not have."""

    subject: str
    label: str


Piece = str | Fact | Missing


@dataclass(frozen=True, slots=True)
class Line:
    """A heading (``level`` from 1) or, at level 0, a paragraph."""

    pieces: tuple[Piece, ...]
    level: int = 0


@dataclass(frozen=True, slots=True)
class Grid:
    """A table: its title, its headers, and rows of cells."""

    title: str
    headers: tuple[str, ...]
    rows: tuple[tuple[Piece, ...], ...]


@dataclass(slots=True)
class Report:
    """The lines and tables of a report and the facts that they print."""

    title: str
    lines: list[Line | Grid] = field(default_factory=list)

    def pieces(self) -> Iterator[Piece]:
        """Everything that is printed, in order."""
        for line in self.lines:
            if isinstance(line, Grid):
                for row in line.rows:
                    yield from row
            else:
                yield from line.pieces

    @property
    def facts(self) -> list[Fact]:
        """Every number, in the order of printing."""
        return [piece for piece in self.pieces() if isinstance(piece, Fact)]

    @property
    def missing(self) -> list[Missing]:
        """Every figure that is unknown."""
        return [piece for piece in self.pieces() if isinstance(piece, Missing)]

    def list_missing(self) -> None:
        """Adds the list of what is unknown at the end, where something is."""
        if missing := self.missing:
            self.lines.append(Line(("附：本稿缺少的数字",), 1))
            self.lines += [Line((f"{shown(one.subject)}：{one.label}",)) for one in missing]


def shown(subject: str) -> str:
    """A subject for readers."""
    return "部门整体" if subject == DEPARTMENT else subject


def explain_command(address: str, column: str) -> str:
    """The command that leads from a figure to its lines."""
    return f'district-finance explain "{address}" --figure {column}'


def query_command(table: str, **keys: Any) -> str:
    """The command that shows the rows of which a figure is one, or the sum."""
    conditions = " and ".join(f"{name} = '{value}'" for name, value in keys.items() if value is not None)
    return f'district-finance query "from {table} where {conditions}"'


def money(subject: str, measure: Measure, row: dict[str, Any], column: str, source: str) -> Fact | Missing:
    """An amount of a published row in 万元."""
    amount = row[column]
    if amount is None:
        return Missing(subject, LABELS[column])
    value = (amount / _WAN).quantize(_CENT, ROUND_HALF_UP).normalize()
    value = value.quantize(Decimal(1)) if value == value.to_integral_value() else value
    return Fact(subject, measure, value, "万元", source)


def rate(subject: str, measure: Measure, row: dict[str, Any], column: str, source: str) -> Fact | None:
    """A published rate in percent; None where there is none (0 of 0)."""
    return None if row[column] is None else Fact(subject, measure, row[column], "%", source)


def total(rows: Iterable[dict[str, Any]], column: str) -> Decimal | None:
    """The sum of a column; None where one of the rows is unknown: the others would not be all."""
    amounts = [row[column] for row in rows]
    return None if None in amounts else sum(amounts, Decimal(0))


def signed(fact: Fact) -> tuple[Piece, ...]:
    """A fact behind its minus, where it is negative."""
    return ("-", fact) if fact.value < 0 else (fact,)


def incomplete(rows: Sequence[dict[str, Any]]) -> tuple[Piece, ...]:
    """What is told behind figures of which a row that was set aside is a part; nothing where they are complete."""
    if all(row["is_complete"] is True for row in rows):
        return ()
    aside = sum(row["set_aside_row_count"] or 0 for row in rows)
    return (f"〔不完整：另有{aside}行明细未计入〕" if aside else "〔可能不完整：有明细未能确定归属〕",)


def as_docx(report: Report) -> bytes:
    """The report as a Word file; every number carries a comment that tells how to find its lines."""
    document = docx.Document()
    document.core_properties.author = AUTHOR
    document.core_properties.title = report.title
    document.add_heading(report.title, 0)
    for line in report.lines:
        if isinstance(line, Grid):
            _add_table(document, line)
            continue
        paragraph = document.add_heading(level=line.level) if line.level else document.add_paragraph()
        for piece in line.pieces:
            _add_piece(document, paragraph, piece)
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def _add_table(document: Any, grid: Grid) -> None:
    document.add_paragraph(grid.title)
    document.add_paragraph("单位：万元")
    table = document.add_table(rows=1, cols=len(grid.headers), style="Table Grid")
    for cell, header in zip(table.rows[0].cells, grid.headers, strict=True):
        cell.paragraphs[0].add_run(header).bold = True
    for row in grid.rows:
        for cell, piece in zip(table.add_row().cells, row, strict=True):
            paragraph = cell.paragraphs[0]
            if isinstance(piece, Fact) and piece.value < 0:
                paragraph.add_run("-")
            _add_piece(document, paragraph, piece)


def _add_piece(document: Any, paragraph: Any, piece: Piece) -> None:
    match piece:
        case Fact():
            run = paragraph.add_run(piece.text)
            document.add_comment(run, f"来源：{piece.source}", author=AUTHOR, initials="df")
        case Missing():
            paragraph.add_run(f"〔缺：{piece.label}〕").bold = True
        case _:
            paragraph.add_run(piece)


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """Figures (subject, measure, value, unit) that were written and not read back, and those read and not written."""

    lost: tuple[tuple[str, str, Decimal, str], ...]
    invented: tuple[tuple[str, str, Decimal, str], ...]


def read_back(facts: Iterable[Fact], name: str, content: bytes, year: int) -> RoundTrip:
    """Compares what the program's own reader finds in a written file called ``name`` with the facts written."""
    reading = read_figures(read_document(name, content), year)
    written = Counter((fold(fact.subject).text, str(fact.measure), fact.value, fact.unit) for fact in facts)
    read = Counter(
        (figure.subject or "", str(figure.measure), figure.number, figure.unit)
        for figure in reading.figures
        if isinstance(figure.value, Decimal)
    )
    return RoundTrip(tuple((written - read).elements()), tuple((read - written).elements()))


class NoConverterError(Exception):
    """LibreOffice is not installed, or it did not make a PDF: what to do, in both languages."""


def as_pdf(name: str, content: bytes) -> bytes:
    """A written file as PDF, by LibreOffice, in a profile of its own.

    Raises:
        NoConverterError: it is not installed, or it failed.
    """
    office = shutil.which("soffice") or shutil.which("libreoffice")
    if office is None:
        raise NoConverterError("LibreOffice Writer is not installed: no PDF | 未安装 LibreOffice Writer，无法生成 PDF")
    with tempfile.TemporaryDirectory() as place:
        source = Path(place) / f"report{Path(name).suffix}"
        source.write_bytes(content)
        profile = (Path(place) / "profile").as_uri()
        command = [office, f"-env:UserInstallation={profile}", "--headless", "--convert-to", "pdf"]
        try:
            subprocess.run(  # noqa: S603 - the program's own words and a file that it wrote
                [*command, "--outdir", place, str(source)], capture_output=True, check=True, timeout=PDF_SECONDS
            )
            return source.with_suffix(".pdf").read_bytes()
        except (OSError, subprocess.SubprocessError) as error:
            raise NoConverterError(f"LibreOffice made no PDF ({error}) | LibreOffice 未能生成 PDF") from None
