"""Web pages: block elements as paragraphs, tables of data as tables; a table that only lays out a page is walked into.

Does not belong here: where a page comes from; nothing is fetched.
"""

from __future__ import annotations

import re
from typing import Any

from pipelines.documents.model import Document, DocumentRefused, Paragraph, Table
from pipelines.documents.text import decode

_BLOCKS = frozenset(
    [
        "p",
        "div",
        "section",
        "article",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "li",
        "tr",
        "td",
        "th",
        "br",
        "table",
        "body",
        "blockquote",
        "dd",
        "dt",
        "pre",
    ]
)
_SKIPPED = frozenset({"script", "style", "head", "noscript", "template", "nav", "select", "button"})
_UNIT = re.compile(r"(?:金额)?单位[:：]?\s*(?:人民币)?\s*(亿元|万元|千元|元)")
_CHARSET = re.compile(rb"""charset\s*=\s*["']?\s*([\w-]+)""", re.IGNORECASE)
_LAYOUT_CELL = 200


def read_html(content: bytes) -> Document:
    """A page's paragraphs and tables; raises ``DocumentRefused`` where nothing can be parsed."""
    from lxml import html  # noqa: PLC0415 - a native library

    try:
        root = html.document_fromstring(_text(content), parser=html.HTMLParser(huge_tree=False))
    except Exception as error:
        raise DocumentRefused(
            f"a page that cannot be parsed ({type(error).__name__})", "请重新保存网页", "save the page again"
        ) from None
    walker = _Walker()
    walker.walk(root)
    walker.flush()
    return Document(tuple(walker.paragraphs), tuple(walker.tables), 1, (), "lxml")


def _text(content: bytes) -> str:
    told = _CHARSET.search(content[:4096])
    if told and told[1].lower() in (b"gb2312", b"gbk", b"gb18030"):
        return content.decode("gb18030", errors="strict")
    return re.sub(r"^\s*<\?xml[^>]*\?>", "", decode(content))


class _Walker:
    """Goes through a page once, in order."""

    def __init__(self) -> None:
        self.paragraphs: list[Paragraph] = []
        self.tables: list[Table] = []
        self.pieces: list[str] = []
        self.unit: str | None = None

    def flush(self) -> None:
        """Ends the paragraph."""
        text = " ".join("".join(self.pieces).split())
        self.pieces.clear()
        if text:
            self.paragraphs.append(Paragraph(text, 1, len(self.paragraphs) + 1))
            if match := _UNIT.search(text):
                self.unit = match[1]

    def walk(self, root: Any) -> None:
        """Adds what an element holds; without recursion, because a page may be nested as deep as it likes."""
        stack: list[tuple[Any, bool]] = [(root, False)]
        while stack:
            element, is_end = stack.pop()
            tag = element.tag if isinstance(element.tag, str) else ""
            if is_end:
                if tag in _BLOCKS:
                    self.flush()
                self.pieces.append(element.tail or "")
                continue
            if not tag or tag in _SKIPPED:
                self.pieces.append(element.tail or "")
                continue
            if tag in _BLOCKS:
                self.flush()
            if tag == "table" and self._is_data(element):
                self._add_table(element)
                self.pieces.append(element.tail or "")
                continue
            self.pieces.append(element.text or "")
            stack.append((element, True))
            stack.extend((child, False) for child in reversed(element))

    @staticmethod
    def _is_data(table: Any) -> bool:
        if table.find(".//table") is not None:
            return False
        cells = table.findall(".//td") + table.findall(".//th")
        return len(cells) > 3 and not any(len(cell.text_content()) > _LAYOUT_CELL for cell in cells)

    def _add_table(self, table: Any) -> None:
        self.flush()
        rows: list[tuple[str, ...]] = []
        down: dict[int, int] = {}
        for row in table.iter("tr"):
            cells: list[str] = []
            for cell in row:
                if cell.tag not in ("td", "th"):
                    continue
                _pass_down(cells, down)
                span = _span(cell.get("colspan"))
                for column in range(len(cells), len(cells) + span):
                    down[column] = _span(cell.get("rowspan")) - 1
                cells.extend(["".join(cell.text_content().split()), *[""] * (span - 1)])
            _pass_down(cells, down)
            rows.append(tuple(cells))
        title = next((p.text for p in reversed(self.paragraphs) if not _UNIT.search(p.text)), "")
        self.tables.append(Table(tuple(rows), 1, len(self.tables) + 1, title[:80], self.unit))


def _pass_down(cells: list[str], down: dict[int, int]) -> None:
    """Adds a blank for every cell that reaches down from a row above at this place."""
    while down.get(len(cells), 0) > 0:
        down[len(cells)] -= 1
        cells.append("")


def _span(text: str | None) -> int:
    return min(int(text), 100) if text and text.isdigit() and int(text) > 0 else 1
