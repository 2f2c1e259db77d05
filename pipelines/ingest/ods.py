"""OpenDocument workbooks (``.ods``).

Repeated rows and cells cost nothing in the file and much in memory: they are counted before they are written out.
Does not belong here: what a cell means (sheet_cells).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from xml.parsers import expat

import numpy as np
import pyarrow as pa

from pipelines.ingest.model import FileRefused
from pipelines.ingest.number_formats import NumberFormat, parse_format, struck
from pipelines.ingest.packages import NAMESPACE_SEPARATOR, Package, feed, open_package, xml_parser
from pipelines.ingest.sheet_cells import Sheet, SheetCells, rows_and_columns
from pipelines.settings import Limits

_PREFIXES = {
    "urn:oasis:names:tc:opendocument:xmlns:office:1.0": "office",
    "urn:oasis:names:tc:opendocument:xmlns:table:1.0": "table",
    "urn:oasis:names:tc:opendocument:xmlns:text:1.0": "text",
    "urn:oasis:names:tc:opendocument:xmlns:style:1.0": "style",
    "urn:oasis:names:tc:opendocument:xmlns:datastyle:1.0": "number",
    "urn:oasis:names:tc:opendocument:xmlns:meta:1.0": "meta",
    "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0": "calcext",
}
"""The usual prefix of each namespace: what a file calls it does not matter."""

_CALCULATING = re.compile(
    r"LibreOffice|OpenOffice|NeoOffice|Collabora|gnumeric|Calligra|KSpread|Excel|MicrosoftOffice|WPS", re.I
)
"""Programs that calculate: a 0 of theirs beside a formula is its result."""
_NUMBERS = frozenset({"float", "currency", "percentage"})
_ERROR = re.compile(r"#[A-Z0-9/]+[!?]?|#N/A|Err:\d{3}")
_WHITE = re.compile(r"[ \t\r\n]+")
_FEW_CELLS = 50_000


def read_ods(path: Path, limits: Limits) -> Iterator[Sheet]:
    """The sheets of a workbook, in order. Raises ``FileRefused`` where it is damaged or beyond the limits."""
    with open_package(path, limits) as package:
        if "content.xml" not in package:
            raise FileRefused("file-not-readable", found="no content.xml in it")
        generator = _Generator()
        _read(package, "meta.xml", generator)
        styles = _Styles()
        _read(package, "styles.xml", styles)
        content = _Content(limits, styles, calculates=bool(_CALCULATING.search(generator.name)))
        parser = _parser(content)
        for block in package.named("content.xml"):
            feed(parser, block)
            yield from content.take()
        feed(parser, b"", is_final=True)
        yield from content.take()


class _Handler(Protocol):
    """What is told of the elements of a part, their names with the usual prefixes."""

    def start(self, name: str, attributes: dict[str, str], /) -> None:
        """An element begins."""

    def end(self, name: str, /) -> None:
        """An element ends."""

    def characters(self, text: str, /) -> None:
        """Text within an element."""


def _read(package: Package, part: str, handler: _Handler) -> None:
    if part in package:
        parser = _parser(handler)
        for block in package.named(part):
            feed(parser, block)
        feed(parser, b"", is_final=True)


def _parser(handler: _Handler) -> expat.XMLParserType:
    names: dict[str, str] = {}

    def usual(name: str) -> str:
        found = names.get(name)
        if found is None:
            namespace, _, word = name.rpartition(NAMESPACE_SEPARATOR)
            found = names[name] = f"{_PREFIXES.get(namespace, '?')}:{word}"
        return found

    parser = xml_parser(
        lambda name, attributes: handler.start(usual(name), {usual(key): value for key, value in attributes.items()})
    )
    parser.EndElementHandler = lambda name: handler.end(usual(name))
    parser.CharacterDataHandler = handler.characters
    return parser


class _Generator:
    """The program that wrote the file, by its own word."""

    def __init__(self) -> None:
        self.name = ""
        self._inside = False

    def start(self, name: str, _: dict[str, str]) -> None:
        """An element begins."""
        self._inside = name == "meta:generator"

    def end(self, _: str) -> None:
        """An element ends."""
        self._inside = False

    def characters(self, text: str) -> None:
        """Text within an element."""
        self.name += text if self._inside else ""


class _Styles:
    """The styles of cells and tables. Number formats are put together as the codes that other workbooks have."""

    def __init__(self) -> None:
        self.formats: list[NumberFormat | None] = [None]
        self.hidden: set[str] = set()
        self._codes: dict[str, str] = {}
        self._of_cells: dict[str, int] = {}
        self._parents: dict[str, str] = {}
        self._name: str | None = None
        self._table_style = ""
        self._cell_style = ""
        self._code = ""
        self._maps: list[str] = []
        self._quoted = False

    def index(self, style: str) -> int:
        """The index in ``formats`` of a style of cells, its parents' where it has none itself."""
        for _ in range(10):
            if style in self._of_cells or style not in self._parents:
                break
            style = self._parents[style]
        return self._of_cells.get(style, 0)

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        if name.startswith("number:") and name.endswith("-style"):
            self._name, self._code, self._maps = attributes.get("style:name", ""), "", []
            if name in {"number:date-style"}:
                self._code = "yyyy"
        elif self._name is not None:
            self._start_piece(name, attributes)
        elif name == "style:style":
            self._start_style(attributes)
        elif name == "style:table-properties" and attributes.get("table:display") == "false":
            self.hidden.add(self._table_style)
        elif name == "style:text-properties" and self._cell_style and _strikes(attributes):
            form = self.formats[self.index(self._cell_style)]
            self._of_cells[self._cell_style] = len(self.formats)
            self.formats.append(struck(form))

    def _start_piece(self, name: str, attributes: dict[str, str]) -> None:
        if name == "number:number":
            places = _count(attributes.get("number:decimal-places"), 0)
            factor = attributes.get("number:display-factor", "1")
            self._code += "0" + "," * (len(factor.rstrip(".")) // 3) + ("." + "0" * min(places, 20) if places else "")
        elif name == "number:embedded-text":
            behind = "0" * min(_count(attributes.get("number:position"), 0), 20)
            whole, comma, rest = self._code.rpartition("0,") if "0," in self._code else (self._code, "", "")
            self._code = (whole + "0" if comma else whole) + '"\0"' + behind + ("," if comma else "") + rest
            self._quoted = True
        elif name in {"number:text", "number:currency-symbol"}:
            self._code += '""'
            self._quoted = True
        elif name == "style:map":
            condition = attributes.get("style:condition", "").replace("value()", "").replace("!=", "<>").strip()
            self._maps.append(f"[{condition}]" + self._codes.get(attributes.get("style:apply-style-name", ""), ""))

    def _start_style(self, attributes: dict[str, str]) -> None:
        style = attributes.get("style:name", "")
        self._cell_style = style if attributes.get("style:family") == "table-cell" else ""
        if attributes.get("style:family") == "table":
            self._table_style = style
        if parent := attributes.get("style:parent-style-name"):
            self._parents[style] = parent
        code = self._codes.get(attributes.get("style:data-style-name", ""))
        if code is not None:
            self._of_cells[style] = len(self.formats)
            self.formats.append(parse_format(code))

    def end(self, name: str) -> None:
        """An element ends."""
        if name in {"number:text", "number:currency-symbol", "number:embedded-text"}:
            self._quoted = False
        elif name.startswith("number:") and name.endswith("-style") and self._name is not None:
            code = self._code + ("%" if name == "number:percentage-style" else "")
            self._codes[self._name] = ";".join([*self._maps, code])
            self._name = None

    def characters(self, text: str) -> None:
        """Text within an element."""
        if self._name is None or not self._quoted:
            return
        text = text.replace('"', "")
        if '"\0' in self._code:
            self._code = self._code.replace('"\0', '"' + text + "\0", 1)
        else:
            self._code = self._code[:-1] + text + '"'


def _strikes(attributes: dict[str, str]) -> bool:
    lines = (attributes.get(f"style:text-line-through-{key}", "none") for key in ("style", "type"))
    return any(line != "none" for line in lines)


def _count(text: str | None, otherwise: int = 1) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 10 else otherwise


@dataclass(slots=True)
class _Cell:
    """One cell, or several alike side by side."""

    column: int
    repeated: int
    kind: str
    value: str | None
    style: str
    formula: str | None
    is_error: bool


@dataclass(slots=True)
class _Row:
    """One row, or several alike: its place, and its cells with their texts."""

    number: int
    repeated: int
    column: int = 0
    cells: list[tuple[_Cell, str]] = field(default_factory=list)


class _Content:
    """The sheets of ``content.xml`` and the styles that stand before them."""

    def __init__(self, limits: Limits, styles: _Styles, *, calculates: bool) -> None:
        self._limits = limits
        self._styles = styles
        self._calculates = calculates
        self._done: list[Sheet] = []
        self._sheet: SheetCells | None = None
        self._is_visible = True
        self._row = _Row(0, 0)
        self._next_row = 1
        self._defaults: list[tuple[int, str]] = []
        self._cell: _Cell | None = None
        self._paragraphs: list[str] = []
        self._depth_of_other = 0
        self._in_paragraph = 0
        self._texts: list[tuple[tuple[int, int], str]] = []
        self._numbers: list[tuple[tuple[int, int], str, int]] = []

    def take(self) -> list[Sheet]:
        """The sheets that are complete and were not taken yet."""
        done, self._done = self._done, []
        return done

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        if self._depth_of_other or name in {"office:annotation", "table:shapes", "text:note", "text:ruby-text"}:
            # What stands beside the text of a cell is no part of it.
            self._depth_of_other += 1
        elif self._cell is not None:
            self._start_in_cell(name, attributes)
        elif name in {"table:table-cell", "table:covered-table-cell"}:
            self._start_cell(attributes)
        elif name == "table:table-row":
            self._row = _Row(self._next_row, _count(attributes.get("table:number-rows-repeated")))
        elif name == "table:table-column":
            repeated = _count(attributes.get("table:number-columns-repeated"))
            last = self._defaults[-1][0] if self._defaults else 0
            self._defaults.append((last + repeated, attributes.get("table:default-cell-style-name", "")))
        elif name == "table:table":
            self._is_visible = attributes.get("table:style-name", "") not in self._styles.hidden
            self._sheet = SheetCells(attributes.get("table:name", ""), self._limits, self._styles.formats)
            self._next_row, self._defaults = 1, []
        elif self._sheet is None:
            self._styles.start(name, attributes)

    def _start_in_cell(self, name: str, attributes: dict[str, str]) -> None:
        if name == "text:p":
            self._in_paragraph += 1
            self._paragraphs.append("")
        elif self._in_paragraph and name == "text:s":
            self._paragraphs[-1] += "\xa0" * min(_count(attributes.get("text:c")), self._limits.max_cell_characters)
        elif self._in_paragraph and name in {"text:tab", "text:line-break"}:
            self._paragraphs[-1] += "\v"

    def _start_cell(self, attributes: dict[str, str]) -> None:
        row = self._row
        column = row.column + 1
        repeated = _count(attributes.get("table:number-columns-repeated"))
        row.column += repeated
        high = _count(attributes.get("table:number-rows-spanned"))
        wide = _count(attributes.get("table:number-columns-spanned"))
        if self._sheet is not None and (high > 1 or wide > 1):
            self._sheet.merged.append((row.number, row.number + high - 1, column, column + wide - 1))
        kind = attributes.get("office:value-type", "")
        value = {
            "date": attributes.get("office:date-value"),
            "time": attributes.get("office:time-value"),
            "boolean": attributes.get("office:boolean-value"),
            "string": attributes.get("office:string-value"),
        }.get(kind, attributes.get("office:value"))
        style = attributes.get("table:style-name")
        if style is None:
            style = next((style for last, style in self._defaults if column <= last), "")
        formula = attributes.get("table:formula")
        is_error = attributes.get("calcext:value-type") == "error"
        self._cell = _Cell(column, repeated, kind, value, style, formula, is_error)
        self._paragraphs, self._in_paragraph = [], 0

    def characters(self, text: str) -> None:
        """Text within an element."""
        if self._cell is None:
            self._styles.characters(text)
        elif self._in_paragraph and not self._depth_of_other:
            self._paragraphs[-1] += text

    def end(self, name: str) -> None:
        """An element ends."""
        if self._depth_of_other:
            self._depth_of_other -= 1
        elif self._cell is not None:
            if name == "text:p":
                self._in_paragraph -= 1
            elif name in {"table:table-cell", "table:covered-table-cell"}:
                text = "\n".join(map(_collapsed, self._paragraphs))
                if self._cell.kind or self._cell.formula is not None or text:
                    self._row.cells.append((self._cell, text))
                self._cell = None
        elif name == "table:table-row":
            self._end_row()
        elif name == "table:table" and self._sheet is not None:
            self._flush()
            self._done.append(self._sheet.finish(is_visible=self._is_visible))
            self._sheet = None
        elif self._sheet is None:
            self._styles.end(name)

    def _end_row(self) -> None:
        row = self._row
        self._next_row = row.number + row.repeated
        if self._sheet is None or not row.cells:
            return
        last = row.cells[-1][0]
        self._sheet.check_extent(
            self._next_row - 1, max(1, last.column + last.repeated - 1 if last.repeated > 1 else 1)
        )
        for cell, text in row.cells:
            self._sheet.expect_bytes(len(text) * cell.repeated * row.repeated)
            self._sheet.check_extent(row.repeated, cell.repeated)
            for number in range(row.number, self._next_row):
                for column in range(cell.column, cell.column + cell.repeated):
                    self._note((number, column), cell, text)
        if len(self._texts) + len(self._numbers) > _FEW_CELLS:
            self._flush()

    def _note(self, place: tuple[int, int], cell: _Cell, text: str) -> None:
        value = cell.value if cell.value is not None else text
        if cell.is_error or (cell.formula is not None and _ERROR.fullmatch(text)):
            self._texts.append((place, text or "#ERROR!"))
        elif cell.formula is not None and self._was_never_calculated(cell, text):
            self._texts.append((place, cell.formula.partition(":")[2][:200] or "="))
        elif cell.kind in _NUMBERS and cell.value:
            self._numbers.append((place, cell.value, self._style(cell)))
        elif value:
            self._texts.append((place, value))

    def _style(self, cell: _Cell) -> int:
        index = self._styles.index(cell.style)
        if cell.kind != "percentage" or self._styles.formats[index] is not None:
            return index
        return self._percentage

    @property
    def _percentage(self) -> int:
        """The index of a plain percentage: the type of a cell says so where its style does not."""
        percentage = parse_format("0.00%")
        if percentage not in self._styles.formats:
            self._styles.formats.append(percentage)
        return self._styles.formats.index(percentage)

    def _was_never_calculated(self, cell: _Cell, text: str) -> bool:
        if not cell.kind:
            return not text
        is_zero = cell.kind in _NUMBERS and (cell.value or "").strip() in {"", "0", "0.0"}
        return is_zero and not self._calculates

    def _flush(self) -> None:
        """Hands the cells noted so far on."""
        if self._sheet is not None and self._texts:
            places, texts = zip(*self._texts, strict=True)
            self._sheet.add_texts(*rows_and_columns(places), pa.array(texts, pa.string()))
        if self._sheet is not None and self._numbers:
            places, stored, styles = zip(*self._numbers, strict=True)
            self._sheet.add_numbers(
                *rows_and_columns(places), pa.array(stored, pa.string()), np.asarray(styles, dtype=np.int64)
            )
        self._texts, self._numbers = [], []


def _collapsed(text: str) -> str:
    """A paragraph with its white space as shown: runs of it are one space; spaces and tabs that are elements stay."""
    return _WHITE.sub(" ", text).strip(" ").replace("\xa0", " ").replace("\v", "\n")
