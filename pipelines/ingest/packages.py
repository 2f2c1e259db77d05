"""What a reader of values cannot tell about a workbook that is a zip package: its true size, and what formats say.

An ``.xlsx`` is inflated once, piece by piece: limits are enforced on what is really there (declared sizes can lie),
and merged cells, formats that carry a unit or a percent sign, numbers with too many digits, and the epoch are found
on the way. An ``.ods`` is checked for the size of its sheets, and its merged cells are found. Does not belong here:
cell values (workbook).
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import IO, Any
from xml.parsers import expat

import numpy as np
import pyarrow.compute as pc

from pipelines.contracts.arrow_types import one_value
from pipelines.ingest.cells import UNIT_FACTORS
from pipelines.ingest.model import FileRefused
from pipelines.settings import Limits

_BLOCK = 4 * 1024**2
_LONGEST_ELEMENT = 256 * 1024
_SMALL = 16 * 1024**2
"""Below this size a package's ratio does not matter."""

_FAR_CELL = re.compile(rb'r="([A-Z]{2,9})(\d{1,9})"[^>]*(?<!/)>')
_ROW = re.compile(rb'row\s(?:[^>]*?\s)?r="(\d{1,9})"[^>]*(?<!/)>')
_MERGED = re.compile(rb'mergeCell\s[^>]*?ref="([A-Z]+)(\d+):([A-Z]+)(\d+)"')
_HAS_LONG_NUMBER = r"v>(?:[0-9]{16}|[0-9]*\.?[0-9]*[eE])"
_LONG_NUMBER = re.compile(
    rb'<(?:\w+:)?c\s(?:[^>]*?\s)?r="([A-Z]+)(\d+)"(?![^>]*\st="(?!n"))[^>]*>(?:<f>[^<]*</f>)?<v>([0-9]{16,}|[0-9.]+[eE]\+?[0-9]+)</v>'
)
_ERROR = re.compile(
    rb'<(?:\w+:)?c\s(?=[^>]*\st="e")(?:[^>]*?\s)?r="([A-Z]+)(\d+)"[^>]*>(?:<f[^>]*(?:/>|>[^<]*</f>))?<v>([^<]*)</v>'
)
_NOT_CALCULATED = re.compile(
    rb'<(?:\w+:)?c\s(?:[^>]*?\s)?r="([A-Z]+)(\d+)"[^>]*><f[^>]*(?:/>|>([^<]*)</f>)(?:<v\s*/>|<v></v>)?</(?:\w+:)?c>'
)
_ATTRIBUTE = re.compile(rb"""\s(r|s|t|ref)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_ODD_ATTRIBUTES = (b"='", b"r =", b"= ")
_DOCTYPE = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_QUOTED_UNIT = re.compile("|".join(sorted(map(re.escape, UNIT_FACTORS), key=len, reverse=True)))


@dataclass(slots=True)
class SheetFacts:
    """What is known of one sheet: merged ranges (first and last row, first and last column), cells by format.

    ``marked``: unit name or ``%`` → column → rows whose cells are shown with it. ``shown``: column → row → what a
    spreadsheet shows of cells that the reader of values does not tell: numbers with more digits than a double holds, in
    scientific notation; errors (``#DIV/0!``); formulas that were never calculated, as such.
    """

    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    marked: dict[str, dict[int, list[int]]] = field(default_factory=dict)
    shown: dict[int, dict[int, str]] = field(default_factory=dict)

    def show(self, cell: re.Match[bytes], text: str) -> None:
        """Notes what is shown in a cell; the groups of ``cell`` are its column's letters and its row."""
        self.shown.setdefault(column_number(cell[1]), {})[int(cell[2])] = text


@dataclass(frozen=True, slots=True)
class PackageFacts:
    """What is known of a workbook: its epoch, and its sheets by name."""

    epoch_1904: bool = False
    sheets: dict[str, SheetFacts] = field(default_factory=dict)


def open_package(path: Path) -> zipfile.ZipFile:
    """A zip file, or a refusal that says what is wrong with it."""
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise FileRefused(
            "file-not-readable",
            found=f"{error}"[:200],
            remedy="The file may have been cut off; deliver it again.",
            remedy_zh="文件可能不完整，请重新报送。",
        ) from None


def check_members(package: zipfile.ZipFile, limits: Limits) -> None:
    """Refuses a package with too many members, encrypted ones, or more declared bytes than allowed."""
    members = package.infolist()
    if len(members) > limits.max_archive_members:
        raise _too_large(f"{len(members):,} members", f"{limits.max_archive_members:,}")
    if any(member.flag_bits & 1 for member in members):
        raise FileRefused(
            "file-not-readable", found="a password", remedy="Deliver it unencrypted.", remedy_zh="请去掉密码后报送。"
        )
    declared = sum(member.file_size for member in members)
    if declared > limits.max_archive_bytes:
        raise _too_large(f"{declared:,} bytes unpacked", f"{limits.max_archive_bytes:,}")


def inflate(package: zipfile.ZipFile, name: str, limits: Limits, budget: list[int]) -> Iterator[bytes]:
    """The bytes of a member in blocks, whatever its declared size; ``budget`` holds the bytes still allowed."""
    member = package.getinfo(name)
    written = 0
    for block in _inflated(package, member):
        written += len(block)
        budget[0] -= len(block)
        if budget[0] < 0:
            raise _too_large("the unpacked size", f"{limits.max_archive_bytes:,} bytes")
        if written > _SMALL and written > limits.max_archive_ratio * max(member.compress_size, 1):
            raise _too_large(f"packed more than {limits.max_archive_ratio} : 1", f"{limits.max_archive_ratio} : 1")
        yield block


def _inflated(package: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    raw = package.fp
    if (
        raw is None
        or member.header_offset < 0
        or member.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
    ):
        raise FileRefused("file-not-readable", found=f"a member packed in an unknown way: {member.filename!r}"[:200])
    raw.seek(member.header_offset)
    header = raw.read(30)
    if len(header) < 30 or header[:4] != b"PK\x03\x04":
        raise FileRefused("file-not-readable", found=f"a damaged member {member.filename!r}"[:200])
    position = (
        member.header_offset + 30 + int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
    )
    left = member.compress_size
    stream: Any = zlib.decompressobj(-15) if member.compress_type == zipfile.ZIP_DEFLATED else None
    while left > 0:
        raw.seek(position)
        packed = raw.read(min(left, _BLOCK))
        if not packed:
            raise FileRefused("file-not-readable", found=f"a cut-off member {member.filename!r}"[:200])
        position += len(packed)
        left -= len(packed)
        if stream is None:
            yield packed
            continue
        try:
            while packed:
                yield stream.decompress(packed, _BLOCK)
                packed = stream.unconsumed_tail
        except zlib.error:
            raise FileRefused("file-not-readable", found=f"a damaged member {member.filename!r}"[:200]) from None


def _too_large(found: str, expected: str, sheet: str = "") -> FileRefused:
    return FileRefused("file-too-large", found=found, expected=expected, sheet=sheet)


def read_xlsx_facts(path: Path, limits: Limits) -> PackageFacts:
    """The facts of an ``.xlsx``. Raises ``FileRefused`` for a package beyond the limits, damaged, or with entities."""
    with open_package(path) as package:
        check_members(package, limits)
        names = set(package.namelist())
        budget = [limits.max_archive_bytes]
        small = {
            name: b"".join(inflate(package, name, limits, budget))
            for name in names
            if name in {"xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/styles.xml"}
        }
        if any(_DOCTYPE.search(content) for content in small.values()):
            raise _entities()
        workbook = small.get("xl/workbook.xml", b"")
        marks = _style_marks(small.get("xl/styles.xml", b""))
        parts = _sheet_parts(workbook, small.get("xl/_rels/workbook.xml.rels", b""))
        facts = PackageFacts(bool(re.search(rb'date1904="(?:1|true)"', workbook)))
        by_part = {part: name for name, part in parts.items()}
        for name in sorted(names - small.keys()):
            blocks = inflate(package, name, limits, budget)
            if name in by_part:
                facts.sheets[by_part[name]] = _sheet_facts(blocks, marks, limits, by_part[name])
            else:
                texts = _LongestText(b"</si>" if name.endswith("sharedStrings.xml") else b"<", limits)
                for number, block in enumerate(blocks):
                    if name.endswith(".xml"):
                        texts.feed(block)
                        if number == 0 and _DOCTYPE.search(block[:4096]):
                            raise _entities()
        return facts


def _entities() -> FileRefused:
    return FileRefused("file-not-readable", found="it declares entities, which no spreadsheet program writes")


def _sheet_parts(workbook: bytes, relations: bytes) -> dict[str, str]:
    """Sheet name → member of the package."""
    targets: dict[str, str] = {}
    sheets: dict[str, str] = {}

    def relation(name: str, attributes: dict[str, str]) -> None:
        if name.rsplit(":", 1)[-1] == "Relationship" and "Id" in attributes:
            target = attributes.get("Target", "")
            targets[attributes["Id"]] = target.lstrip("/") if target.startswith("/") else f"xl/{target}"

    def sheet(name: str, attributes: dict[str, str]) -> None:
        if name.rsplit(":", 1)[-1] == "sheet":
            identity = next((value for key, value in attributes.items() if key.endswith(":id")), "")
            sheets[attributes.get("name", "")] = identity

    _parse(relations, relation)
    _parse(workbook, sheet)
    return {name: targets[identity] for name, identity in sheets.items() if identity in targets}


def _parse(content: bytes, start: Any) -> None:
    if not content:
        return
    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise FileRefused("file-not-readable", found=f"damaged XML: {error}"[:200]) from None


def format_mark(code: str) -> str | None:
    """The unit or percent sign with which a number format shows numbers."""
    if unit := _QUOTED_UNIT.search(code):
        return unit[0]
    return "%" if "%" in re.sub(r'"[^"]*"|\\.', "", code) else None


def _style_marks(styles: bytes) -> dict[bytes, str]:
    """Index of a cell style → the unit or percent sign with which it shows a number."""
    formats: dict[str, str] = {"9": "%", "10": "%"}
    marks: dict[bytes, str] = {}
    inside = [False, 0]

    def start(name: str, attributes: dict[str, str]) -> None:
        tag = name.rsplit(":", 1)[-1]
        if tag == "numFmt":
            if mark := format_mark(attributes.get("formatCode", "")):
                formats[attributes.get("numFmtId", "")] = mark
        elif tag in {"cellXfs", "cellStyleXfs", "dxfs"}:
            inside[0] = tag == "cellXfs"
        elif tag == "xf" and inside[0]:
            if mark := formats.get(attributes.get("numFmtId", "")):
                marks[str(inside[1]).encode()] = mark
            inside[1] += 1

    _parse(styles, start)
    return marks


class _LongestText:
    """Refuses XML in which some text is longer than a cell may be, without looking at every byte in Python."""

    def __init__(self, end: bytes, limits: Limits, sheet: str = "") -> None:
        """``end`` is what must occur at least once within the longest text."""
        self._end = end
        self._limit = limits.max_cell_characters * 8
        self._expected = f"{limits.max_cell_characters:,} characters"
        self._sheet = sheet
        self._since = 0

    def feed(self, block: bytes) -> None:
        """The next bytes of the part."""
        step = self._limit // 2
        first = block.find(self._end)
        self._since += first if first >= 0 else len(block)
        if self._since > self._limit:
            raise _too_large("a cell's text", self._expected, self._sheet)
        for start in range(first, len(block) - step, step) if first >= 0 else ():
            if block.find(self._end, start, start + step) < 0 and block.rfind(self._end, 0, start) < start - step:
                raise _too_large("a cell's text", self._expected, self._sheet)
        if first >= 0:
            self._since = len(block) - block.rfind(self._end)


def _sheet_facts(blocks: Iterator[bytes], marks: dict[bytes, str], limits: Limits, sheet: str) -> SheetFacts:
    """Looks through the XML of a sheet in windows that end before the start of an element.

    Every expression that looks at all of it begins with letters that are searched for as such: one that does not costs
    more than reading the sheet. Most sheets have nothing unusual, which Arrow's matcher tells fastest.
    """
    facts = SheetFacts()
    marked = _marked_cell(marks) if marks else None
    extent = _SheetExtent(limits, sheet)
    tail = b""
    texts = _LongestText(b"<", limits, sheet)
    for number, block in enumerate(chain(blocks, [b""])):
        texts.feed(block)
        window = tail + block
        if number == 0 and _DOCTYPE.search(window[:4096]):
            raise _entities()
        cut = len(window) if not block else _last_start(window)
        part, tail = window[:cut], window[cut:]
        extent.feed(part)
        for merge in _MERGED.finditer(part):
            first, last = column_number(merge[1]), column_number(merge[3])
            facts.merged.append((int(merge[2]), int(merge[4]), first, last))
        for match in _LONG_NUMBER.finditer(part) if contains(part, _HAS_LONG_NUMBER) else ():
            facts.show(match, f"{float(match[3]):.5E}")
        for match in _ERROR.finditer(part) if contains(part, ' t="e"') else ():
            facts.show(match, match[3].decode("utf-8", "replace"))
        for match in _NOT_CALCULATED.finditer(part) if contains(part, "<f") else ():
            facts.show(match, "=" + (match[3] or b"").decode("utf-8", "replace"))
        for match in marked.finditer(part) if marked else ():
            facts.marked.setdefault(marks[match[3]], {}).setdefault(column_number(match[1]), []).append(int(match[2]))
    return facts


def _marked_cell(marks: dict[bytes, str]) -> re.Pattern[bytes]:
    """Finds number cells of these styles: column letters, row, style."""
    styles = b"|".join(sorted(marks, reverse=True))
    return re.compile(rb'<(?:\w+:)?c\s[^>]*?r="([A-Z]+)(\d+)"[^>]*?\ss="(' + styles + rb')"(?![^>]*\st="(?!n"))[^>]*>')


def contains(data: bytes, pattern: str) -> bool:
    """Whether a pattern of RE2 occurs in bytes."""
    return bool(pc.match_substring_regex(one_value(data), pattern)[0].as_py())


def _last_start(window: bytes) -> int:
    """Where the last cell, row or merged range of a window begins; its end where none does near it."""
    near = max(0, len(window) - _LONGEST_ELEMENT)
    cut = max(window.rfind(start, near) for start in (b"<c ", b"<row", b"<mergeCell ", b":c ", b":row"))
    return len(window) if cut <= 0 else cut


class _SheetExtent:
    """Refuses a sheet as soon as a cell that is not empty, or a row, lies too far away."""

    def __init__(self, limits: Limits, sheet: str) -> None:
        self._limits = limits
        self._sheet = sheet
        self._tallest = self._widest = 0
        # Rows with fewer digits are within the limit of cells while no column beyond Z is used.
        digits = len(str(limits.max_cells // 26))
        self._far = rf"""r\s*=\s*["'](?:[A-Z]{{2,9}}[0-9]|[A-Z]?[0-9]{{{digits}}})"""

    def feed(self, part: bytes) -> None:
        """The next elements of the sheet."""
        if not self._widest and not contains(part, self._far):
            return
        if any(sign in part for sign in _ODD_ATTRIBUTES):
            part = _ATTRIBUTE.sub(rb' \1="\2\3"', part)
        for match in _FAR_CELL.finditer(part):
            self._widest = max(self._widest, column_number(match[1]))
        self._tallest = max(self._tallest, max(map(int, _ROW.findall(part)), default=0))
        if self._widest > self._limits.max_columns:
            raise _too_large(f"a cell in column {self._widest:,}", f"{self._limits.max_columns:,} columns", self._sheet)
        if self._tallest * max(self._widest, 26) > self._limits.max_cells:
            raise _too_large(f"{self._tallest:,} rows", f"{self._limits.max_cells:,} cells", self._sheet)


def column_number(letters: bytes) -> int:
    """The number of a column by its letters: A is 1."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def read_ods_facts(path: Path, limits: Limits) -> PackageFacts:
    """The facts of an ``.ods``. Raises ``FileRefused`` for one that is damaged, or beyond the limits.

    Repeated rows and cells cost nothing in the file and much in memory.
    """
    with open_package(path) as package:
        check_members(package, limits)
        budget = [limits.max_archive_bytes]
        if "content.xml" not in package.namelist():
            raise FileRefused("file-not-readable", found="no content.xml in it")
        formats: dict[str, str] = {}
        if "styles.xml" in package.namelist():
            styles = _OdsExtent(limits, formats)
            for block in inflate(package, "styles.xml", limits, budget):
                styles.feed(block)
        extent = _OdsExtent(limits, formats)
        for block in inflate(package, "content.xml", limits, budget):
            extent.feed(block)
        return PackageFacts(sheets=extent.sheets)


class _OdsExtent:
    """Follows the cells of an ``.ods`` and refuses when the part of a sheet that holds values gets too large.

    ``sheets`` are the merged ranges, formats with a unit or percent sign, and errors found on the way; ``formats``
    (name → unit or percent sign) are added to: some stand in another part of the package.
    """

    def __init__(self, limits: Limits, formats: dict[str, str]) -> None:
        self._limits = limits
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.CharacterDataHandler = self._text
        self._format: str | None = None
        self._formats = formats
        self._marks: dict[str, str] = {}
        self._defaults: list[str] = []
        self._marked: list[tuple[int, int, str]] = []
        self._errors: list[int] = []
        self._rows = self._row_repeat = self._columns = self._widest = 0
        self._row_has_value = False
        self.sheets: dict[str, SheetFacts] = {}
        self._facts = SheetFacts()

    def feed(self, block: bytes) -> None:
        """The next bytes of ``content.xml``."""
        try:
            self._parser.Parse(block)
        except expat.ExpatError as error:
            raise FileRefused("file-not-readable", found=f"damaged XML: {error}"[:200]) from None

    def _doctype(self, *_: object) -> None:
        raise _entities()

    def _text(self, text: str) -> None:
        if self._format is not None and (mark := format_mark(text)):
            self._formats[self._format] = mark

    def _mark(self, attributes: dict[str, str], wide: int) -> None:
        """Notes the columns of a cell, or of several alike, that its format shows with a unit or percent sign."""
        style = attributes.get("table:style-name")
        if style is None and self._columns < len(self._defaults):
            style = self._defaults[self._columns]
        mark = "%" if attributes.get("office:value-type") == "percentage" else self._marks.get(style or "")
        if mark and attributes.get("office:value-type") in {"float", "currency", "percentage"}:
            self._marked.append((self._columns + 1, self._columns + wide, mark))
        if attributes.get("calcext:value-type") == "error":
            self._errors.append(self._columns + 1)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        tag = name.rsplit(":", 1)[-1]
        if name.startswith("number:") and tag.endswith("-style"):
            self._format = attributes.get("style:name")
            if self._format and tag == "percentage-style":
                self._formats[self._format] = "%"
        elif tag == "style" and (mark := self._formats.get(attributes.get("style:data-style-name", ""))):
            self._marks[attributes.get("style:name", "")] = mark
        elif tag == "table-column":
            repeated = min(_number(attributes.get("table:number-columns-repeated")), self._limits.max_columns)
            self._defaults += [attributes.get("table:default-cell-style-name", "")] * repeated
        elif tag == "table":
            self._defaults = []
            self._rows = self._widest = 0
            self._facts = self.sheets.setdefault(attributes.get("table:name", ""), SheetFacts())
        elif tag == "table-row":
            self._row_repeat = _number(attributes.get("table:number-rows-repeated"))
            self._columns, self._row_has_value = 0, False
            self._marked, self._errors = [], []
        elif tag in {"table-cell", "covered-table-cell"}:
            high = _number(attributes.get("table:number-rows-spanned"))
            wide = _number(attributes.get("table:number-columns-spanned"))
            if high > 1 or wide > 1:
                row, column = self._rows + 1, self._columns + 1
                self._facts.merged.append((row, row + high - 1, column, column + wide - 1))
            repeated = _number(attributes.get("table:number-columns-repeated"))
            self._mark(attributes, repeated)
            self._columns += repeated
            if any(key.startswith("office:") for key in attributes):
                self._row_has_value = True
                self._widest = max(self._widest, self._columns)

    def _end(self, name: str) -> None:
        tag = name.rsplit(":", 1)[-1]
        if name.startswith("number:") and tag.endswith("-style"):
            self._format = None
        if tag != "table-row":
            return
        first = self._rows + 1
        self._rows += self._row_repeat
        if self._widest > self._limits.max_columns:
            raise _too_large(f"{self._widest:,} columns", f"{self._limits.max_columns:,}")
        if self._row_has_value and self._rows * max(self._widest, 1) > self._limits.max_cells:
            raise _too_large(f"{self._rows:,} rows", f"{self._limits.max_cells:,} cells")
        rows = range(first, self._rows + 1)
        for left, right, mark in self._marked:
            for column in range(left, right + 1):
                self._facts.marked.setdefault(mark, {}).setdefault(column, []).extend(rows)
        for column in self._errors:
            self._facts.shown.setdefault(column, {}).update(dict.fromkeys(rows, "#ERROR!"))


def _number(text: str | None) -> int:
    return int(text) if text and text.isdigit() and len(text) < 10 else 1


def mark_rows(rows: list[int], count: int) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """A mask over ``count`` rows (the first is row 1) that is true in ``rows``."""
    mask = np.zeros(count, dtype=bool)
    inside = np.asarray([row - 1 for row in rows if row <= count], dtype=np.int64)
    mask[inside] = True
    return mask


def copy_member(package: zipfile.ZipFile, name: str, target: IO[bytes], limits: Limits, budget: list[int]) -> None:
    """Writes a member's bytes to ``target`` and rewinds it, within the limits."""
    for block in inflate(package, name, limits, budget):
        target.write(block)
    target.seek(0)
