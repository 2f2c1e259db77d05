"""Workbooks of the Office Open XML kind (``.xlsx``, ``.xlsm``), transitional and strict.

Everything goes through an XML parser but runs of complete rows in the one spelling that nearly all programs use: there,
after a regular expression has proved every byte of it, cells are cut out by whole columns. Both give the same cells (a
property test holds them to it). Does not belong here: what a cell means (sheet_cells).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from posixpath import dirname, join, normpath
from xml.parsers import expat

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.ingest.model import FileRefused
from pipelines.ingest.number_formats import BUILT_IN, NumberFormat, parse_format, struck
from pipelines.ingest.packages import Package, feed, local, open_package, read_xml, too_large, xml_parser
from pipelines.ingest.plain_rows import KINDS, PLAIN_TEXT, cut_plain_rows, without_entities
from pipelines.ingest.sheet_cells import LAST_COLUMN, LAST_ROW, Integers, Sheet, SheetCells, rows_and_columns
from pipelines.settings import Limits

_FEW_CELLS = 50_000
_MANY_CHARACTERS = 16 * 1024**2
_LONGEST_RUN = 16 * 1024**2
_FEW_BYTES = 64 * 1024
"""Of rows: what the parser reads about as soon as the question whether they are in the usual spelling is answered."""
_ENCODING = re.compile(rb"""^<\?xml[^>]*?encoding\s*=\s*["'](?!utf-?8["']|us-ascii["'])""", re.IGNORECASE)
_REFERENCE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")
_RANGE = re.compile(r"\$?([A-Z]{1,3})\$?([1-9][0-9]{0,6})(?::\$?([A-Z]{1,3})\$?([1-9][0-9]{0,6}))?")
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
_TRUE = frozenset({"1", "true", "on"})

_STRING = rf'^<t(?: xml:space="preserve")?>(?P<text>{PLAIN_TEXT})</t></si>$'


def read_xlsx(path: Path, limits: Limits) -> Iterator[Sheet]:
    """The sheets of a workbook, in order. Raises ``FileRefused`` where it is damaged or beyond the limits."""
    with open_package(path, limits) as package:
        book = _Book(package, limits)
        for name, part, is_visible in book.sheets:
            cells = SheetCells(name, limits, book.formats, epoch_1904=book.epoch_1904)
            if part is not None:
                _SheetReader(cells, book).read(package.named(part))
            yield cells.finish(is_visible=is_visible)


class _Book:
    """What the sheets of a workbook have in common; ``sheets`` are names, members (None: a chart), and visibility."""

    def __init__(self, package: Package, limits: Limits) -> None:
        self._package = package
        self.epoch_1904 = False
        self.sheets: list[tuple[str, str | None, bool]] = []
        self._calculates_on_load = False
        self._formulas_are_listed = False
        self._application = ""
        workbook = next((part for kind, part in self._relations("").values() if kind == "officeDocument"), "")
        workbook = workbook or "xl/workbook.xml"
        relations = self._relations(workbook)
        self._read_workbook(workbook, relations)
        parts = dict(relations.values())
        self._formulas_are_listed = "calcChain" in parts
        self._read_application()
        self.formats = self._read_formats(parts.get("styles", ""))
        shared = parts.get("sharedStrings", "")
        self.strings = pa.array([], pa.string())
        if shared in package:
            self.strings = _StringsReader(limits).read(package.named(shared))
        self.string_lengths = pc.binary_length(self.strings).to_numpy(zero_copy_only=False)

    @property
    def keeps_old_zeros(self) -> bool:
        """Whether no program has calculated the formulas, so that a 0 beside one is a placeholder.

        The workbook says so itself; or it says that Excel wrote it, which always lists the formulas that it calculated.
        """
        return self._calculates_on_load or (
            not self._formulas_are_listed and self._application.startswith("Microsoft Excel")
        )

    def _relations(self, part: str) -> dict[str, tuple[str, str]]:
        """Identifier → kind and member of what a part refers to; a kind is told by the end of its address."""
        folder, _, name = part.rpartition("/")
        found: dict[str, tuple[str, str]] = {}

        def start(element: str, attributes: dict[str, str]) -> None:
            if local(element) == "Relationship" and attributes.get("TargetMode") != "External":
                target = attributes.get("Target", "")
                member = target.lstrip("/") if target.startswith("/") else normpath(join(dirname(part), target))
                found[attributes.get("Id", "")] = attributes.get("Type", "").rpartition("/")[2], member

        relations = f"{folder}/_rels/{name}.rels" if folder else f"_rels/{name}.rels"
        if relations in self._package:
            read_xml(self._package.named(relations), start)
        return found

    def _read_workbook(self, part: str, relations: dict[str, tuple[str, str]]) -> None:
        def start(element: str, attributes: dict[str, str]) -> None:
            match local(element):
                case "workbookPr":
                    self.epoch_1904 = attributes.get("date1904", "") in _TRUE
                case "calcPr":
                    on_load, completed = attributes.get("fullCalcOnLoad", ""), attributes.get("calcCompleted", "1")
                    self._calculates_on_load = on_load in _TRUE or completed not in _TRUE
                case "sheet":
                    identity = next((value for key, value in attributes.items() if local(key) == "id"), "")
                    kind, member = relations.get(identity, ("", ""))
                    is_visible = attributes.get("state", "visible") == "visible"
                    name = attributes.get("name", "")
                    self.sheets.append((name, member if kind == "worksheet" else None, is_visible))

        read_xml(self._package.named(part), start)
        if self.sheets and not any(member for _, member, _ in self.sheets):
            raise FileRefused("file-not-readable", found="no sheet of its list is in it")

    def _read_application(self) -> None:
        """The program that wrote it, by its own word."""
        part = "docProps/app.xml"
        if part not in self._package:
            return
        path: list[str] = []
        words: list[str] = []
        parser = xml_parser(lambda element, _: path.append(local(element)))
        parser.EndElementHandler = lambda _: path.pop() and None
        parser.CharacterDataHandler = lambda text: words.append(text) if path[-1] == "Application" else None
        for block in self._package.named(part):
            feed(parser, block)
        self._application = "".join(words).strip()

    def _read_formats(self, part: str) -> list[NumberFormat | None]:
        """What the formats of the cells' styles show, by the style's index."""
        codes: dict[int, str] = dict(BUILT_IN)
        styles: list[NumberFormat | None] = []
        struck_fonts: list[bool] = []
        of_cells = of_fonts = False

        def start(element: str, attributes: dict[str, str]) -> None:
            nonlocal of_cells, of_fonts
            match local(element):
                case "fonts":
                    of_fonts = True
                case "fills" | "dxfs":
                    of_fonts = of_cells = False
                case "font" if of_fonts:
                    struck_fonts.append(False)
                case "strike" if of_fonts and struck_fonts:
                    struck_fonts[-1] = attributes.get("val", "1") in _TRUE
                case "numFmt":
                    codes[_integer(attributes.get("numFmtId"))] = attributes.get("formatCode", "")
                case "cellXfs":
                    of_cells = True
                case "cellStyleXfs" | "cellStyles":
                    of_cells = False
                case "xf" if of_cells:
                    code = codes.get(_integer(attributes.get("numFmtId")))
                    form = parse_format(code) if code else None
                    font = _integer(attributes.get("fontId"))
                    is_struck = font < len(struck_fonts) and struck_fonts[font]
                    styles.append(struck(form) if is_struck else form)

        if part in self._package:
            read_xml(self._package.named(part), start)
        return styles


def _integer(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 10 else 0


def _unescaped(text: str) -> str:
    """A text without the escapes of characters that XML does not have (``_x000D_`` is a carriage return)."""
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text) if "_x" in text else text


class _Text:
    """Collects the pieces of one shared or inline text: those of ``t``, but not the readings of ``rPh``."""

    def __init__(self, limits: Limits, sheet: str = "") -> None:
        self.is_open = self.is_reading = False
        self._pieces: list[str] = []
        self._length = 0
        self._sheet = sheet
        self._limits = limits

    def take(self) -> str:
        """The text so far; begins the next one."""
        text, self._pieces, self._length = _unescaped("".join(self._pieces)), [], 0
        return text

    def add(self, piece: str) -> None:
        """The next characters, if they belong to it."""
        if not self.is_open:
            return
        self._pieces.append(piece)
        self._length += len(piece)
        # Escapes are seven characters for one.
        if self._length > 7 * self._limits.max_cell_characters:
            raise too_large("a cell's text", f"{self._limits.max_cell_characters:,} characters", self._sheet)


class _StringsReader:
    """Reads the texts that the cells of all sheets refer to, by their index."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._text = _Text(limits)
        self._found: list[str] = []
        self._parts: list[pa.Array] = []
        self._bytes = 0
        parser = xml_parser(self._start)
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text.add
        self._xml = _XmlFeed(parser)

    def read(self, blocks: Iterator[bytes]) -> pa.Array:
        """All texts. Raises ``FileRefused`` where they are damaged or longer than allowed."""
        rest = b""
        for block in blocks:
            rest += block
            begin, end = rest.find(b"<si>"), rest.rfind(b"</si>") + 5
            if 0 <= begin < end:
                self._xml.feed(rest[:begin])
                texts = _cut_plain_strings(rest[begin:end]) if self._xml.is_plain else None
                if texts is None:
                    self._xml.feed(rest[begin:end])
                else:
                    self._add(texts)
                rest = rest[end:]
            elif len(rest) > _LONGEST_RUN:
                self._xml.feed(rest)
                rest = b""
        self._xml.feed(rest, is_final=True)
        self._flush()
        return pa.concat_arrays(self._parts) if self._parts else pa.array([], pa.string())

    def _start(self, element: str, _: dict[str, str]) -> None:
        name = local(element)
        if name == "t":
            self._text.is_open = not self._text.is_reading
        elif name == "rPh":
            self._text.is_reading = True

    def _end(self, element: str) -> None:
        name = local(element)
        if name == "t":
            self._text.is_open = False
        elif name == "rPh":
            self._text.is_reading = False
        elif name == "si":
            self._found.append(self._text.take())
            if len(self._found) > _FEW_CELLS:
                self._flush()

    def _flush(self) -> None:
        if self._found:
            self._parts.append(pa.array(self._found, pa.string()))
            self._found = []
            self._count(self._parts[-1])

    def _add(self, texts: pa.Array) -> None:
        self._flush()
        self._parts.append(texts)
        self._count(texts)

    def _count(self, texts: pa.Array) -> None:
        self._bytes += pc.sum(pc.binary_length(texts), min_count=0).as_py()
        if self._bytes > self._limits.max_sheet_bytes:
            raise too_large("the shared texts", f"{self._limits.max_sheet_bytes:,} bytes")


def _cut_plain_strings(data: bytes) -> pa.Array | None:
    """Complete shared texts in the usual spelling; None where any of them is not."""
    try:
        pieces = pc.split_pattern(pa.array([data.decode()]), "<si>").values.slice(1)
    except UnicodeDecodeError:
        return None
    texts = pc.extract_regex(pieces, _STRING)
    if texts.null_count:
        return None
    found = without_entities(texts.field("text")) if b"&" in data else texts.field("text")
    return pa.array(map(_unescaped, found.to_pylist()), pa.string()) if b"_x" in data else found


class _XmlFeed:
    """Gives a parser bytes, and knows whether what looks like a complete element behind them would be one."""

    def __init__(self, parser: expat.XMLParserType) -> None:
        self._parser = parser
        self._is_first = True
        self.is_plain = True
        """Whether there was no comment, instruction or other encoding: in those there may be anything."""

    def feed(self, data: bytes, *, is_final: bool = False) -> None:
        """The next bytes."""
        start = 1 if self._is_first else 0
        is_odd = b"<!" in data or data.find(b"<?", start) >= 0 or (self._is_first and _ENCODING.match(data))
        self._is_first = self._is_first and not data
        self.is_plain = self.is_plain and not is_odd
        feed(self._parser, data, is_final=is_final)


class _SheetReader:
    """Reads the XML of one sheet into its cells."""

    def __init__(self, cells: SheetCells, book: _Book) -> None:
        self._cells = cells
        self._book = book
        self._in_rows = self._in_row = False
        self._row = self._column = 0
        self._kind = "n"
        self._style = 0
        self._value: str | None = None
        self._formula: str | None = None
        self._text = _Text(cells.limits, cells.name)
        self._found_texts: list[tuple[tuple[int, int], str]] = []
        self._found_characters = 0
        self._found_numbers: list[tuple[tuple[int, int], str, int]] = []
        parser = xml_parser(self._start)
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text.add
        self._xml = _XmlFeed(parser)
        self._columns: dict[str, int] = {}

    def read(self, blocks: Iterator[bytes]) -> None:
        """Reads all of it; complete rows in the usual spelling are skipped for the parser and taken at once."""
        rest = b""
        for block in blocks:
            rest = self._take(rest + block)
        self._xml.feed(rest, is_final=True)
        self._flush()

    def _take(self, data: bytes) -> bytes:
        """Takes what is complete of some bytes, and returns the rest."""
        if not self._in_rows and (begin := data.find(b"<sheetData>")) >= 0:
            self._xml.feed(data[: begin + 11])
            data = data[begin + 11 :]
        end = data.rfind(b"</row>") + 6
        if end < 6:
            if len(data) < _LONGEST_RUN:
                return data
            self._xml.feed(data)
            return b""
        if self._xml.is_plain and self._in_rows and not self._in_row:
            self._take_rows(data[:end])
        else:
            self._xml.feed(data[:end])
        return data[end:]

    def _take_rows(self, data: bytes) -> None:
        """Takes complete rows: at once those in the usual spelling, the others, found by halving, by the parser."""
        if self._xml.is_plain and self._take_plain_rows(data):
            return
        middle = data.find(b"</row>", len(data) // 2) + 6
        if len(data) < _FEW_BYTES or middle in {5, len(data)} or not self._xml.is_plain:
            self._xml.feed(data)
        else:
            self._take_rows(data[:middle])
            self._take_rows(data[middle:])

    def _start(self, element: str, attributes: dict[str, str]) -> None:
        name = local(element)
        if name == "c":
            self._start_cell(attributes)
        elif name in {"v", "f"}:
            self._text.is_open = True
            self._text.take()
        elif name == "t":
            self._text.is_open = not self._text.is_reading
        elif name == "row":
            self._start_row(attributes.get("r"))
        elif name == "rPh":
            self._text.is_reading = True
        elif name == "sheetData":
            self._in_rows = True
        elif name == "mergeCell":
            self._merge(attributes.get("ref", ""))

    def _start_row(self, number: str | None) -> None:
        row = self._row + 1 if number is None else _integer(number)
        if not self._row < row <= LAST_ROW:
            raise self._damaged(f"row {number} after row {self._row}")
        self._row, self._column, self._in_row = row, 0, True

    def _start_cell(self, attributes: dict[str, str]) -> None:
        reference = attributes.get("r")
        if reference is None:
            column = self._column + 1
        else:
            match = _REFERENCE.fullmatch(reference)
            column = self._column_number(match[1]) if match else 0
            if match is None or int(match[2]) != self._row or column <= self._column:
                raise self._damaged(f"cell {reference[:20]} in row {self._row} behind column {self._column}")
        if column > LAST_COLUMN:
            raise self._damaged(f"a cell in column {column}")
        self._column = column
        self._kind = attributes.get("t", "n")
        self._style = _integer(attributes.get("s"))
        self._value = self._formula = None
        self._text.take()

    def _damaged(self, found: str) -> FileRefused:
        return FileRefused(
            "file-not-readable",
            found=found,
            sheet=self._cells.name,
            remedy="Open it in a spreadsheet program, save it again, and deliver it again.",
            remedy_zh="请用表格软件打开后另存，再重新报送。",
        )

    def _column_number(self, letters: str) -> int:
        number = self._columns.get(letters)
        if number is None:
            number = 0
            for letter in letters:
                number = number * 26 + ord(letter) - 64
            self._columns[letters] = number
        return number

    def _merge(self, reference: str) -> None:
        if (match := _RANGE.fullmatch(reference)) and match[3]:
            first, last = self._column_number(match[1]), self._column_number(match[3])
            self._cells.merged.append((int(match[2]), int(match[4]), first, last))

    def _end(self, element: str) -> None:
        name = local(element)
        if name == "v":
            self._text.is_open, self._value = False, self._text.take()
        elif name == "c":
            self._end_cell()
        elif name == "f":
            self._text.is_open, self._formula = False, self._text.take()
        elif name == "t":
            self._text.is_open = False
        elif name == "rPh":
            self._text.is_reading = False
        elif name == "row":
            self._in_row = False
            if len(self._found_texts) + len(self._found_numbers) > _FEW_CELLS:
                self._flush()
        elif name == "sheetData":
            self._in_rows = False

    def _end_cell(self) -> None:
        """Notes a cell that holds anything."""
        if self._found_characters > _MANY_CHARACTERS:
            self._flush()
        place, value = (self._row, self._column), self._value
        if self._kind == "inlineStr":
            value = self._text.take()
        if self._formula is not None and self._was_never_calculated(value):
            self._found_texts.append((place, "=" + self._formula[:200]))
        elif not value:
            return
        elif self._kind == "n":
            self._found_numbers.append((place, value, self._style))
        elif self._kind == "s":
            text = self._shared(value)
            if text:
                self._found_texts.append((place, text))
                self._found_characters += len(text)
        elif self._kind == "b":
            self._found_texts.append((place, "true" if value.strip() in _TRUE else "false"))
        elif self._kind in {"str", "inlineStr", "e", "d"}:
            self._found_texts.append((place, value))
        else:
            raise self._damaged(f"a cell of the unknown type {self._kind[:20]!r}")

    def _was_never_calculated(self, value: str | None) -> bool:
        """Whether a formula's value is missing, or a placeholder that its writer put there."""
        if not value:
            # The value of a formula may be an empty text.
            return value is None or self._kind != "str"
        return self._kind == "n" and self._book.keeps_old_zeros and value.strip() in {"0", "0.0"}

    def _shared(self, index: str) -> str:
        position = int(index) if index.strip().isdecimal() and len(index) < 12 else -1
        if not 0 <= position < len(self._book.strings):
            raise self._damaged(f"a reference to shared text {index[:20]!r}, of {len(self._book.strings)}")
        text: str = self._book.strings[position].as_py()
        return text

    def _flush(self) -> None:
        """Hands the cells noted so far on."""
        if self._found_texts:
            places, texts = zip(*self._found_texts, strict=True)
            self._cells.add_texts(*rows_and_columns(places), pa.array(texts, pa.string()))
        if self._found_numbers:
            places, stored, styles = zip(*self._found_numbers, strict=True)
            self._cells.add_numbers(
                *rows_and_columns(places), pa.array(stored, pa.string()), np.asarray(styles, dtype=np.int64)
            )
        self._found_texts, self._found_numbers, self._found_characters = [], [], 0

    def _take_plain_rows(self, data: bytes) -> bool:
        """Takes complete rows if every byte of them is in the usual spelling; otherwise they are the parser's."""
        found = cut_plain_rows(data, self._row)
        if found is None:
            return False
        for number, kind in enumerate(KINDS):
            places = np.flatnonzero(found.kinds == number)
            if len(places):
                values = found.values.take(pa.array(places))
                self._add_plain(kind, found.rows[places], found.columns[places], values, found.styles[places])
        self._row = int(found.rows[-1])
        return True

    def _add_plain(self, kind: str, rows: Integers, columns: Integers, values: pa.Array, styles: Integers) -> None:
        if kind == "n":
            self._cells.add_numbers(rows, columns, values, styles)
        elif kind == "s":
            if not pc.all(pc.match_substring_regex(values, "^[0-9]{1,9}$")).as_py():
                raise self._damaged("a reference to a shared text that is no number")
            indices = values.cast(pa.int64()).to_numpy()
            if indices.max() >= len(self._book.strings):
                raise self._damaged(f"a reference to shared text {indices.max()}, of {len(self._book.strings)}")
            self._cells.expect_bytes(int(self._book.string_lengths[indices].sum()))
            self._cells.add_texts(rows, columns, self._book.strings.take(pa.array(indices)))
        elif kind == "b":
            is_true = pc.is_in(values, value_set=pa.array(sorted(_TRUE)))
            self._cells.add_texts(rows, columns, pc.if_else(is_true, "true", "false"))
        else:
            texts = without_entities(values)
            if pc.any(pc.match_substring(texts, "_x")).as_py():
                texts = pa.array(map(_unescaped, texts.to_pylist()), pa.string())
            self._cells.add_texts(rows, columns, texts)
