"""A recognised table's rows as delivered → batches of typed rows, faults, texts and totals.

Every row goes one way: it is a data row, a total, or passed over with a reason (blank, repeated header, note, deleted
in the source). Does not belong here: reading files (delimited, workbook), what a cell means (cells).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.contracts.arrow_types import ARROW_TYPES
from pipelines.contracts.model import Column, Kind, Personal
from pipelines.ingest import cells
from pipelines.ingest.cells import Fault
from pipelines.ingest.columns import Manner, ReadColumn, Texts, read_column
from pipelines.ingest.headers import Header, Recognised, fold_header, is_passed_over
from pipelines.ingest.model import FAULTS, PASSED_OVER, Batch, Delivery, FileRefused, TableHead
from pipelines.ingest.raw_rows import RawRows

MASK = "•"
"""Stands for a cell that may name a person, wherever a row is shown as text."""

_TOTAL = r"^(?:.*[合小总共]计|其中[::：].*|其中|总额|年度资金总额[:：]?)$"
_PART = re.compile(r"^其中")
_SUBTOTAL = re.compile(r"小计$|^(?!(?:本表|全表|支出|收入|预算|资金|项目|部门|单位|全区|全市|本级)?[合总共]计$).+计$")
_NOTE = re.compile(
    r"^(?:注|备注|说明|填表|制表|审核|复核|负责人|单位负责人|财务负责人|联系|编制|填报|报送|打印|公开|附|第\d+页|共\d+页)"
)
_PLACEHOLDERS = frozenset(map(cells.fold, ("…", "……", "...", "......", "⋯")))
_FREE_TEXT = frozenset({"payment_purpose", "adjustment_reason", "remark"})
_SHOWN_IN_PERSONAL_TABLE = re.compile(r"[0-9A-Za-z.,\-+/:%() 元万年月日]{0,14}")


@dataclass(slots=True)
class Faults:
    """Collects faults of a batch by line."""

    lines: list[int] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def add(self, line: int, column: str, fault: Fault) -> None:
        """Notes one fault."""
        self.lines.append(line)
        self.columns.append(column)
        self.faults.append(fault)

    def table(self, *, mask_names: bool) -> pa.Table:
        """The faults as ``model.FAULTS``; ``mask_names``: shifted cells may hold personal data, show none that might."""
        found = [
            fault.found if not mask_names or _SHOWN_IN_PERSONAL_TABLE.fullmatch(fault.found) else MASK
            for fault in self.faults
        ]
        return pa.table(
            [
                self.lines,
                self.columns,
                [fault.rule_id for fault in self.faults],
                [text[:200] for text in found],
                [fault.expected for fault in self.faults],
            ],
            schema=FAULTS,
        )


class TableReader:
    """Types the rows of one recognised table."""

    def __init__(
        self,
        recognised: Recognised,
        delivery: Delivery,
        *,
        sheet: str,
        first_line: int,
        manner: Manner,
        hash_secret: bytes,
        max_cell_characters: int,
        encoding: str | None = None,
    ) -> None:
        self._recognised = recognised
        self._dataset = recognised.dataset
        self._delivery = delivery
        self._sheet = sheet
        self._manner = manner
        self._hash_secret = hash_secret
        self._max_cell_characters = max_cell_characters
        self._percent: dict[str, bool] = {}
        self._code_in_name: dict[str, bool] = {}
        self._header_line = first_line + recognised.last_row
        self._is_first = True
        self._refuse_other_origin()
        present = {header.column.name for header in recognised.headers if header.column}
        self._names_persons = any(
            column.personal is not Personal.NO and column.name != "remark" and column.name in present
            for column in self._dataset.columns
        )
        self._shown_names = _unique([header.shown for header in recognised.headers])
        self.head = TableHead(
            dataset=self._dataset.name,
            sheet=sheet,
            header_line=self._header_line,
            columns=tuple(
                (shown, header.column.name if header.column else None)
                for shown, header in zip(self._shown_names, recognised.headers, strict=True)
            ),
            unit_factor=recognised.unit_factor,
            encoding=encoding,
            department_name=recognised.metadata.department_name,
            as_of_date=recognised.metadata.as_of_date,
        )

    def _refuse_other_origin(self) -> None:
        metadata, delivery = self._recognised.metadata, self._delivery
        conflict = None
        if metadata.district_code and metadata.district_code[:6] != delivery.district_code:
            conflict = metadata.district_code, delivery.district_code
        elif metadata.years and delivery.fiscal_year not in metadata.years:
            conflict = "、".join(map(str, metadata.years)), str(delivery.fiscal_year)
        if conflict:
            raise FileRefused(
                "sheet-district-conflict",
                found=conflict[0],
                expected=conflict[1],
                sheet=self._sheet,
                line=self._header_line,
                remedy="Move the file to the folder of its district and year.",
                remedy_zh="请将文件放到所属区划和年度的文件夹。",
            )

    def batch(self, raw: RawRows) -> Batch:
        """The batch of some consecutive rows below the header."""
        self._refuse_giant_cells(raw)
        faults = Faults()
        if self._is_first:
            self._is_first = False
            self._note_ignored_headers(faults)
        passed: dict[int, str] = {}
        for position in self._blank(raw):
            passed[position] = "blank"
        totals = self._totals(raw)
        read = {column.name: self._read(column, raw) for column in self._dataset.stored_columns}
        self._fill_names(read)
        self._pass_over(raw, read, totals, passed)
        not_rows = {*passed, *totals}
        lines = raw.lines
        for name, column in read.items():
            for position, fault in zip(column.faulty, column.faults, strict=True):
                if position not in not_rows:
                    faults.add(lines[position].as_py(), name, fault)
        for position, width in raw.ragged.items():
            if position not in passed:
                totals.pop(position, None)
                rule = "row-has-too-many-cells" if width > len(raw.columns) else "row-has-too-few-cells"
                faults.add(lines[position].as_py(), "", Fault(rule, str(width), str(len(raw.columns))))
        not_rows = {*passed, *totals}
        values = self._values(raw, read, faults, not_rows)
        table = pa.table({**values, "source_line": lines})
        texts = self._texts(raw)
        total_positions = sorted(totals)
        total_rows = table.take(pa.array(total_positions, pa.int64())).append_column(
            "scope", pa.array([totals[position] for position in total_positions], pa.string())
        )
        passed_positions = sorted(passed)
        passed_over = pa.table(
            [lines.take(pa.array(passed_positions, pa.int64())), [passed[position] for position in passed_positions]],
            schema=PASSED_OVER,
        )
        if not_rows:
            keep = np.ones(len(raw), dtype=bool)
            keep[sorted(not_rows)] = False
            mask = pa.array(keep)
            table, texts = table.filter(mask), texts.filter(mask)
        return Batch(table, faults.table(mask_names=self._names_persons), texts, total_rows, passed_over)

    def _refuse_giant_cells(self, raw: RawRows) -> None:
        for column in raw.columns:
            longest = pc.max(pc.binary_length(column)).as_py()
            if longest and longest > self._max_cell_characters:
                lengths = pc.utf8_length(column)
                if (pc.max(lengths).as_py() or 0) > self._max_cell_characters:
                    position = pc.index(lengths, pc.max(lengths)).as_py()
                    raise FileRefused(
                        "file-too-large",
                        found=f"{pc.max(lengths).as_py():,} characters in one cell",
                        expected=f"{self._max_cell_characters:,}",
                        sheet=self._sheet,
                        line=raw.lines[position].as_py(),
                    )

    def _note_ignored_headers(self, faults: Faults) -> None:
        for header in self._recognised.headers:
            if not header.column and not is_passed_over(self._dataset, header):
                faults.add(self._header_line, header.shown, Fault("header-ignored", header.shown))

    def _cells(self, header: Header, raw: RawRows) -> pa.Array:
        if header.index < len(raw.columns):
            return raw.columns[header.index]
        return pa.nulls(len(raw), pa.string())

    def _blank(self, raw: RawRows) -> list[int]:
        """Positions of rows without any visible character."""
        candidates = pa.array(np.arange(len(raw), dtype=np.int64))
        mapped = [header for header in self._recognised.headers if header.column]
        mapped.sort(key=lambda header: header.column is None or not header.column.required)
        for column in [*(self._cells(header, raw) for header in mapped), *raw.columns]:
            if not len(candidates):
                break
            part = column.take(candidates)
            empty = pc.or_kleene(pc.is_null(part), pc.invert(pc.match_substring_regex(part, r"[^\s\x{3000}\x{00A0}]")))
            candidates = candidates.filter(empty)
        return [position for position in candidates.to_pylist() if position not in raw.ragged]

    def _totals(self, raw: RawRows) -> dict[int, str]:
        """Position → scope of rows that a total word marks and that have no code of their own."""
        found: dict[int, str] = {}
        labels = [
            (header, self._cells(header, raw))
            for header in self._recognised.headers
            if not header.column
            or (
                header.column.kind in {Kind.TEXT, Kind.CODE}
                and header.column.personal is Personal.NO
                and header.column.name not in _FREE_TEXT
            )
        ]
        codes = [
            header
            for header, _ in labels
            if header.column and header.column.kind is Kind.CODE and header.column.pattern
        ]
        for header, column in labels:
            suspects = pc.indices_nonzero(pc.match_substring_regex(column, "[计中额]")) if len(column) else []
            for index in suspects:
                position = index.as_py()
                word = cells.fold(column[position].as_py())
                if (
                    position not in found
                    and re.match(_TOTAL, word)
                    and not self._has_code(position, codes, header, raw)
                ):
                    found[position] = _scope(word)
        return found

    def _has_code(self, position: int, codes: list[Header], label: Header, raw: RawRows) -> bool:
        for header in codes:
            text = self._cells(header, raw)[position].as_py()
            if (
                header is not label
                and text
                and header.column
                and cells.parse_code(text, header.column).value is not None
            ):
                return True
        return False

    def _read(self, column: Column, raw: RawRows) -> ReadColumn:
        result: ReadColumn | None = None
        for header in self._recognised.headers_of(column.name):
            texts = self._cells(header, raw)
            part = read_column(
                column, Texts(texts), self._manner_of(header, column, texts)
            )
            if result is None:
                result = part
                if column.kind is Kind.AMOUNT:
                    break
            else:
                result = _coalesce(result, part)
        return result or ReadColumn(pa.nulls(len(raw), ARROW_TYPES[column.kind]))

    def _code_column(self, column: Column, texts: pa.Array) -> Column | None:
        del column, texts
        return None

    def _manner_of(self, header: Header, column: Column, texts: pa.Array) -> Manner:
        base = self._manner
        factor = header.factor or self._recognised.unit_factor or 1
        percent = False
        if column.kind is Kind.RATIO:
            percent = header.percent or self._percent.setdefault(header.shown, _is_percent(texts, base))
        return Manner(
            factor=factor,
            decimal_comma=base.decimal_comma,
            percent=percent,
            from_double=base.from_double,
            epoch_1904=base.epoch_1904,
            hash_secret=self._hash_secret if column.personal is Personal.HASH else b"",
        )

    def _fill_names(self, read: dict[str, ReadColumn]) -> None:
        """Names that were split off codes fill the blanks of the name column."""
        for column in self._dataset.stored_columns:
            names = read[column.name].names
            if names is not None and column.name_column in read:
                target = read[column.name_column]
                target.values = pc.coalesce(target.values, names)

    def _pass_over(
        self, raw: RawRows, read: dict[str, ReadColumn], totals: dict[int, str], passed: dict[int, str]
    ) -> None:
        """Repeated headers, notes below the table, and placeholder rows (…)."""
        amounts = [name for name in self._dataset.amount_columns if self._recognised.headers_of(name)]
        suspects: set[int] = set()
        for column in read.values():
            suspects.update(column.faulty)
        if amounts:
            empty = None
            for name in amounts:
                nulls = pc.is_null(read[name].values)
                empty = nulls if empty is None else pc.and_(empty, nulls)
            suspects.update(pc.indices_nonzero(empty).to_pylist())
        for position in sorted(suspects - passed.keys()):
            texts = [column[position].as_py() for column in raw.columns]
            filled = [text for text in texts if text and text.strip()]
            if self._is_header_again(raw, position):
                passed[position] = "repeated-header"
            elif filled and all(cells.fold(text) in _PLACEHOLDERS for text in filled):
                passed[position] = "placeholder"
            elif len(filled) == 1 and len(self._recognised.headers) > 2 and _is_note(filled[0]):
                passed[position] = "note"
            if position in passed:
                totals.pop(position, None)

    def _is_header_again(self, raw: RawRows, position: int) -> bool:
        same = 0
        for header in self._recognised.headers:
            text = self._cells(header, raw)[position].as_py()
            if text and fold_header(text)[0] in {fold_header(name)[0] for name in header.path}:
                same += 1
            elif text and text.strip():
                return False
        return same >= 2

    def _values(
        self, raw: RawRows, read: dict[str, ReadColumn], faults: Faults, not_rows: set[int]
    ) -> dict[str, pa.Array]:
        values: dict[str, pa.Array] = {}
        for column in self._dataset.stored_columns:
            array = read[column.name].values
            if column.name == "district_code":
                array = self._origin(array, self._delivery.district_code, column, raw, faults, not_rows)
            elif column.name == "fiscal_year":
                array = self._origin(array, self._delivery.fiscal_year, column, raw, faults, not_rows)
            elif column.name == "department_name" and self.head.department_name and not self._names_departments:
                array = _constant(self.head.department_name, array)
            elif column.name == "as_of_date" and self.head.as_of_date:
                array = pc.coalesce(array, pa.scalar(self.head.as_of_date, pa.date32()))
            values[column.name] = array
        return values

    @property
    def _names_departments(self) -> bool:
        return bool(self._recognised.headers_of("department_name") or self._recognised.headers_of("department_code"))

    def _origin(
        self, array: pa.Array, folder: str | int, column: Column, raw: RawRows, faults: Faults, not_rows: set[int]
    ) -> pa.Array:
        """The folder's district or year in every row; a row that tells another one gets a fault."""
        if array.null_count < len(array):
            differs = pc.fill_null(pc.not_equal(array, pa.scalar(folder, array.type)), False)
            rule = "district-differs-from-folder" if column.name == "district_code" else "year-differs-from-folder"
            for index in pc.indices_nonzero(differs).to_pylist():
                if index not in not_rows:
                    faults.add(
                        raw.lines[index].as_py(), column.name, Fault(rule, str(array[index].as_py()), str(folder))
                    )
        return _constant(folder, array)

    def _texts(self, raw: RawRows) -> pa.Table:
        """The cells as delivered; what may name a person, and what nobody knows, is masked."""
        columns: dict[str, pa.Array] = {}
        ragged = None
        if raw.ragged and self._names_persons:
            flags = np.zeros(len(raw), dtype=bool)
            flags[list(raw.ragged)] = True
            ragged = pa.array(flags)
        mask = pa.scalar(MASK, pa.string())
        for shown, header in zip(self._shown_names, self._recognised.headers, strict=True):
            texts = self._cells(header, raw)
            if header.column is None or header.column.personal is not Personal.NO:
                texts = pc.if_else(pc.is_valid(texts), mask, texts)
            elif ragged is not None:
                texts = pc.if_else(pc.and_(ragged, pc.is_valid(texts)), mask, texts)
            columns[shown] = texts
        return pa.table(columns)


def _scope(word: str) -> str:
    if _PART.match(word):
        return "part"
    return "block" if _SUBTOTAL.search(word) else "all"


def _is_note(text: str) -> bool:
    return len(text) > 20 or bool(_NOTE.match(cells.fold(text)))


def _is_percent(texts: pa.Array, manner: Manner) -> bool:
    """Whether bare numbers of a ratio column are percentages: one of them lies beyond ±2."""
    for text in pc.unique(texts).to_pylist():
        if text and "%" not in cells.normalise(text):
            value: Any = cells.parse_ratio(text, decimal_comma=manner.decimal_comma).value
            if value is not None and abs(value) > 2:
                return True
    return False


def _constant(value: Any, like: pa.Array) -> pa.Array:
    return pa.DictionaryArray.from_arrays(
        pa.array(np.zeros(len(like), dtype=np.int32)), pa.array([value], like.type)
    ).cast(like.type)


def _coalesce(first: ReadColumn, second: ReadColumn) -> ReadColumn:
    """The first reading where it has a value or a fault, else the second."""
    told = set(first.faulty)
    values = pc.coalesce(first.values, second.values)
    if told:
        flags = np.zeros(len(values), dtype=bool)
        flags[list(told)] = True
        values = pc.if_else(pa.array(flags), first.values, values)
    result = ReadColumn(values, list(first.faulty), list(first.faults), first.names)
    valid = pc.is_valid(first.values)
    for position, fault in zip(second.faulty, second.faults, strict=True):
        if position not in told and not valid[position].as_py():
            result.faulty.append(position)
            result.faults.append(fault)
    if second.names is not None:
        result.names = second.names if first.names is None else pc.coalesce(first.names, second.names)
    return result


def _unique(names: list[str]) -> list[str]:
    seen: dict[str, int] = {}
    unique = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        unique.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return unique
