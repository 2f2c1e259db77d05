"""What a written report is made of: facts with their source, sections of lines and tables of them; what is read back.

Money is printed in 万元 with at most two decimals, rounded half up from exact yuan; rates are the published ones in
percent. What is unknown is printed as 〔缺：…〕, never as 0; an incomplete figure says so.
Does not belong here: which figures a kind of report prints (a module each), the Word file that they are filled into
(``templates``), workbooks (``forms``).
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

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


Outline = tuple[Line | str, ...]
"""A kind of report: its headings and what the department writes itself as lines, and the names of its sections."""

MISSING_SECTION = "缺少的数字"
"""The section that lists what is unknown; it is made of what was printed."""


@dataclass(frozen=True, slots=True)
class Report:
    """What fills a template: ``sections`` by name, and ``words`` and ``projects`` for a bureau's own sentences.

    ``words``: name → text or figure. ``projects``: the same of every project, in the order of their budgets.
    ``build_id``: the publication that the figures are from.
    """

    title: str
    build_id: str
    sections: dict[str, list[Line | Grid]]
    words: dict[str, tuple[Piece, ...]]
    projects: tuple[dict[str, tuple[Piece, ...]], ...] = ()


def missing_lines(missing: Iterable[Missing]) -> list[Line | Grid]:
    """The list of what is unknown, below its heading; nothing where nothing is."""
    lines: list[Line | Grid] = [Line((f"{shown(one.subject)}：{one.label}",)) for one in missing]
    return [Line(("附：本稿缺少的数字",), 1), *lines] if lines else []


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
