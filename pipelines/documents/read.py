"""A published file of any kind as a document, and a document as figures.

Does not belong here: how a format is read, which files are published (``pipelines.documents.published``).
"""

from __future__ import annotations

import re
from pathlib import Path

from pipelines.documents.docx import read_docx
from pipelines.documents.figures.grammar import read_paragraphs
from pipelines.documents.figures.proof import prove
from pipelines.documents.figures.tables import read_tables
from pipelines.documents.html import read_html
from pipelines.documents.model import Document, DocumentRefused, Reading
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
_TITLE_CHARACTERS = 400


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
    text = read_paragraphs(document.paragraphs, year)
    figures, passed_over, cells = read_tables(document.tables, year)
    proven, inconsistencies = prove([*text.figures, *figures])
    return Reading(tuple(proven), (*text.passed_over, *passed_over), text.tokens + cells, inconsistencies)


def told_year(document: Document) -> int | None:
    """The first year that the document names in its first lines."""
    begin = ""
    for paragraph in document.paragraphs:
        begin += paragraph.text
        if len(begin) > _TITLE_CHARACTERS:
            break
    begin = begin or " ".join(cell for table in document.tables[:1] for row in table.rows[:6] for cell in row)
    match = _YEAR.search(begin[:_TITLE_CHARACTERS])
    return int(match[1]) if match else None
