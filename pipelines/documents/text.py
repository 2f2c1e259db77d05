"""Plain text: lines into paragraphs.

Does not belong here: what a paragraph says.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from pipelines.documents.model import Document, Paragraph

_ENCODINGS = ("utf-8-sig", "gb18030", "utf-16")
_STARTS = re.compile(
    r"\s*(?:[(（]?[一二三四五六七八九十]{1,3}[)）、.]|[(（]?\d{1,2}[)）、.](?!\d)|[①-⑳]|第[一二三四五六七八九十]+(?:部分|章)|[-—●·•“\"]|[一二三四五六七八九十]是)"
)
_STOPS = re.compile(r"[。；;：:！？!?…][”\"’）)]?\s*$")


def read_text(content: bytes) -> Document:
    """A text file as a document of one page; raises ``UnicodeError`` where no encoding fits."""
    text = decode(content)
    return Document(tuple(paragraphs_of([text.splitlines()])), reader="text")


def decode(content: bytes) -> str:
    """The text in the first encoding that fits strictly: UTF-8, GB18030, UTF-16."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16")
    for encoding in _ENCODINGS[:2]:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode(_ENCODINGS[1])


def paragraphs_of(pages: Iterable[list[str]]) -> list[Paragraph]:
    """Paragraphs of pages of lines; a line that is full and has no stop goes on with the next one, also over a page."""
    lines = [(number, line.strip()) for number, page in enumerate(pages, 1) for line in page if line.strip()]
    full = _full_width([line for _, line in lines])
    paragraphs: list[Paragraph] = []
    open_line = False
    for page, line in lines:
        if open_line and paragraphs and not _STARTS.match(line):
            last = paragraphs[-1]
            paragraphs[-1] = Paragraph(last.text + line, last.page, last.number)
        else:
            paragraphs.append(Paragraph(line, page, len(paragraphs) + 1))
        open_line = full is not None and _width(line) >= full and not _STOPS.search(line)
    return paragraphs


def _width(line: str) -> int:
    return sum(2 if ord(character) > 0x2E7F else 1 for character in line)


def _full_width(lines: list[str]) -> float | None:
    """The width from which on a line was broken by its layout; None where lines are paragraphs."""
    widths = sorted((_width(line) for line in lines), reverse=True)
    if len(widths) < 8 or widths[0] > 160:
        return None
    reference = widths[len(widths) // 10]
    return 0.85 * reference if reference >= 50 else None
