"""Word files: paragraphs and tables in the order of the body.

Does not belong here: what a paragraph says. Writing is ``pipelines.documents.write``.
"""

from __future__ import annotations

import io
import re
from typing import Any

import docx
from docx.oxml.ns import qn

from pipelines.documents.model import Document, DocumentRefused, Paragraph, Table

_UNIT = re.compile(r"(?:金额)?单位[:：]?\s*(?:人民币)?\s*(亿元|万元|千元|元)")
_CHANGES = ("ins", "del", "moveFrom", "moveTo")


def read_docx(content: bytes) -> Document:
    """A Word file's paragraphs and tables; raises ``DocumentRefused`` for damage and for open tracked changes."""
    try:
        body = docx.Document(io.BytesIO(content)).element.body
    except Exception as error:
        raise DocumentRefused(
            f"a Word file that cannot be opened ({type(error).__name__})", "文件可能已损坏，请重新另存", "save it again"
        ) from None
    for tag in _CHANGES:
        if next(body.iter(qn(f"w:{tag}")), None) is not None:
            raise DocumentRefused(
                "tracked changes: two versions of its figures", "请接受或拒绝全部修订后再放入", "accept or reject them"
            )
    paragraphs: list[Paragraph] = []
    tables: list[Table] = []
    unit: str | None = None
    for element in body.iterchildren():
        if element.tag == qn("w:p"):
            for line in _text(element).split("\n"):
                if line.strip():
                    paragraphs.append(Paragraph(line.strip(), 1, len(paragraphs) + 1))
                    if match := _UNIT.search(line):
                        unit = match[1]
        elif element.tag == qn("w:tbl"):
            title = next((p.text for p in reversed(paragraphs) if not _UNIT.search(p.text)), "")
            tables.append(Table(_rows(element), 1, len(tables) + 1, title[:80], unit))
    return Document(tuple(paragraphs), tuple(tables), 1, (), "python-docx")


def _text(element: Any) -> str:
    """The text of a paragraph with its line breaks."""
    pieces = []
    for node in element.iter(qn("w:t"), qn("w:br"), qn("w:tab"), qn("w:cr")):
        pieces.append(node.text or "" if node.tag == qn("w:t") else " " if node.tag == qn("w:tab") else "\n")
    return "".join(pieces)


def _rows(table: Any) -> tuple[tuple[str, ...], ...]:
    """The rows of a table; a merged cell is its text once, then blanks."""
    rows = []
    for row in table.iterchildren(qn("w:tr")):
        cells: list[str] = []
        for cell in row.iterchildren(qn("w:tc")):
            properties = cell.find(qn("w:tcPr"))
            span = properties.find(qn("w:gridSpan")) if properties is not None else None
            merge = properties.find(qn("w:vMerge")) if properties is not None else None
            goes_on = merge is not None and merge.get(qn("w:val")) != "restart"
            text = "" if goes_on else "".join("".join(_text(p).split()) for p in cell.iter(qn("w:p")))
            width = span.get(qn("w:val"), "1") if span is not None else "1"
            cells.extend([text, *[""] * (min(int(width), 200) - 1 if width.isdigit() else 0)])
        rows.append(tuple(cells))
    return tuple(rows)
