"""PDF files: the text layer by pypdfium2, which keeps the order of lines; tables by pdfplumber where a page has a grid.

Does not belong here: pages that are pictures (``ocr``), what a table says.
"""

from __future__ import annotations

import io
import re
from typing import Any

from pipelines.documents.model import Document, DocumentRefused, Table
from pipelines.documents.text import paragraphs_of

MAX_PAGES = 600
_MIN_CHARACTERS = 8
_UNIT = re.compile(r"(?:金额)?单位[:：]?\s*(?:人民币)?\s*(亿元|万元|千元|元)")
_BARE_AMOUNT = re.compile(r"(?:^|\s)-?\d[\d,]*\.\d{2}(?=\s|$)")
_AMOUNTS_OF_A_TABLE = 3


def read_pdf(content: bytes, *, with_tables: bool = True) -> Document:
    """A PDF's paragraphs and tables; raises ``DocumentRefused`` for one that is damaged, encrypted or too long."""
    lines = _page_lines(content)
    empty = tuple(number for number, page in enumerate(lines, 1) if sum(map(len, page)) < _MIN_CHARACTERS)
    tables = _tables(content, lines) if with_tables else []
    return Document(tuple(paragraphs_of(lines)), tuple(tables), len(lines), empty, "pypdfium2")


def _page_lines(content: bytes) -> list[list[str]]:
    import pypdfium2  # noqa: PLC0415 - loads a native library

    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise DocumentRefused("a password", "去掉密码后再放入", "put it here without a password") from None
        raise DocumentRefused(
            f"a PDF that cannot be opened ({error})", "文件可能不完整，请重新导出", "export it again"
        ) from None
    try:
        if len(document) > MAX_PAGES:
            raise DocumentRefused(f"{len(document)} pages, at most {MAX_PAGES}", "请拆分后再放入", "split it")
        pages = []
        for index in range(len(document)):
            try:
                text = document[index].get_textpage().get_text_bounded()
            except pypdfium2.PdfiumError:
                text = ""
            pages.append([line.replace("\ufffe", "").replace("\x02", "") for line in text.splitlines()])
        return pages
    finally:
        document.close()


def _tables(content: bytes, lines: list[list[str]]) -> list[Table]:
    """The ruled tables of pages on which several lines end in amounts; a page that pdfplumber cannot take has none."""
    pages = [number for number, page in enumerate(lines, 1) if _looks_tabular(page)]
    if not pages:
        return []
    import pdfplumber  # noqa: PLC0415 - slow to import

    found: list[Table] = []
    unit, title = None, ""
    try:
        with pdfplumber.open(io.BytesIO(content), pages=pages) as document:
            for page in document.pages:
                number = page.page_number
                text = "\n".join(lines[number - 1])
                if match := _UNIT.search(text):
                    unit = match[1]
                    title = _title(lines[number - 1])
                for rows in _rows(page):
                    found.append(Table(rows, number, len(found) + 1, title, unit))
                page.close()
    except Exception as error:
        del error
    return found


def _looks_tabular(lines: list[str]) -> bool:
    """Whether a page holds bare amounts, as the rows of a table do."""
    return len(_BARE_AMOUNT.findall("\n".join(lines))) >= _AMOUNTS_OF_A_TABLE


def _rows(page: Any) -> list[tuple[tuple[str, ...], ...]]:
    return [
        tuple(tuple("".join((cell or "").split()) for cell in row) for row in rows)
        for rows in page.extract_tables()
        if len(rows) > 1
    ]


def _title(lines: list[str]) -> str:
    """The line above the unit: a table's title."""
    for position, line in enumerate(lines):
        if _UNIT.search(line):
            return lines[position - 1].strip() if position else ""
    return ""
