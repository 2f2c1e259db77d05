"""A published file of any kind as a document, and a document as figures.

Does not belong here: how a format is read, which files are published (``pipelines.documents.published``).
"""

from __future__ import annotations

import re
from pathlib import Path

from pipelines.documents.characters import fold
from pipelines.documents.docx import read_docx
from pipelines.documents.figures.grammar import read_paragraphs
from pipelines.documents.figures.proof import prove
from pipelines.documents.figures.tables import read_tables
from pipelines.documents.html import read_html
from pipelines.documents.model import Document, DocumentKind, DocumentRefused, Reading
from pipelines.documents.pdf import read_pdf
from pipelines.documents.text import read_text
from pipelines.documents.workbook import read_workbook

READERS = {
    ".txt": read_text,
    ".md": read_text,
    ".pdf": read_pdf,
    ".docx": read_docx,
    ".html": read_html,
    ".htm": read_html,
    ".xlsx": read_workbook,
}
"""How a file is read, by its ending."""

_YEAR = re.compile(r"(20\d\d)\s*年")
_BEGINNING_CHARACTERS = 400
_TITLE_CHARACTERS = 120
_KINDS = (
    (DocumentKind.PROJECT_SELF_EVALUATION, re.compile(r"项目支出(?:绩效)?自评|项目(?:支出)?绩效自评")),
    (DocumentKind.SELF_EVALUATION, re.compile(r"自评")),
    (DocumentKind.FINAL_ACCOUNT, re.compile(r"决算")),
    (DocumentKind.ADJUSTMENT_PLAN, re.compile(r"预算调整|调整方案")),
    (DocumentKind.BULLETIN, re.compile(r"通报|执行进度|支出进度")),
    (DocumentKind.BUDGET_EXECUTION, re.compile(r"执行情况|收支情况|预算执行")),
    (DocumentKind.BUDGET, re.compile(r"预算(?:公开|草案|说明|编制|情况说明|$)|20\d\d年度?(?:部门|单位)预算")),
)


def read_document(name: str, content: bytes) -> Document:
    """The content of a published file called ``name``; raises ``DocumentRefused``."""
    reader = READERS.get(Path(name).suffix.lower())
    if reader is None:
        raise DocumentRefused(
            f"a file of type {Path(name).suffix or '(none)'}",
            f"应为 {' '.join(READERS)}，请另存为其中一种",
            f"expected one of {' '.join(READERS)}; save it as one of them",
        )
    try:
        return reader(content)
    except UnicodeError:
        raise DocumentRefused("a text in no known encoding", "请另存为 UTF-8 文本", "save it as UTF-8 text") from None


def read_figures(document: Document, fiscal_year: int | None = None) -> Reading:
    """The figures of a document, each with its status; the year is the document's own where none is given."""
    year = fiscal_year or told_year(document)
    is_plan = kind_of(document) is DocumentKind.BUDGET
    text = read_paragraphs(document.paragraphs, year, is_plan=is_plan)
    figures, passed_over, cells = read_tables(document.tables, year, is_plan=is_plan)
    proven, inconsistencies = prove([*text.figures, *figures])
    return Reading(tuple(proven), (*text.passed_over, *passed_over), text.tokens + cells, inconsistencies)


def kind_of(document: Document) -> DocumentKind:
    """What a document is, by its title: the first kind whose words stand in its first lines."""
    title = fold(_beginning(document)[:_TITLE_CHARACTERS]).text
    return next((kind for kind, words in _KINDS if words.search(title)), DocumentKind.OTHER)


def told_year(document: Document) -> int | None:
    """The first year that the document names in its first lines."""
    match = _YEAR.search(_beginning(document))
    return int(match[1]) if match else None


def _beginning(document: Document) -> str:
    """The first lines of a document, those of its first table where it has no others."""
    begin = ""
    for paragraph in document.paragraphs:
        begin += paragraph.text + "\n"
        if len(begin) > _BEGINNING_CHARACTERS:
            break
    return begin or " ".join(cell for table in document.tables[:1] for row in table.rows[:6] for cell in row)
