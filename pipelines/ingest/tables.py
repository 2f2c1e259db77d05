"""A recognised table's rows as delivered → batches of typed lines, faults, texts and totals.

Every row goes one way: it is data, a total, or passed over with a reason. A row of a wide table is one line per group
of headers in which it has an amount; all its lines have its line number. Does not belong here: reading files
(delimited, workbook), what a cell means (cells), what a total is (totals).
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import partial
from itertools import chain
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.contracts.arrow_types import ARROW_TYPES, decoded, decoded_table, is_encoded
from pipelines.contracts.model import DROPPED_DIGEST, Column, Dataset, Kind, Marks, Personal
from pipelines.contracts.words import SUSPECT, RowMark
from pipelines.ingest import cells
from pipelines.ingest.accounts import combined, hash_texts
from pipelines.ingest.cells import Fault
from pipelines.ingest.columns import (
    ReadColumn,
    ReadingOptions,
    Texts,
    is_percent,
    is_universal,
    read_column,
    without_digits_lost,
)
from pipelines.ingest.headers import Group, Header, HeaderAliases, Recognised, fold_header
from pipelines.ingest.levels import Entry, Levels, Total
from pipelines.ingest.marks import is_negative, mark_of, mark_values, may_undo, undoes
from pipelines.ingest.model import FAULTS, Batch, Delivery, FileRefused, TableHead
from pipelines.ingest.periods import told_months, years_of_name
from pipelines.ingest.personal import MASK, column_without_numbers, name_without_numbers, without_numbers
from pipelines.ingest.raw_rows import RawRows
from pipelines.ingest.stacked import is_title_again
from pipelines.ingest.totals import (
    OUTLINED,
    Parents,
    hierarchies,
    is_breakdown,
    is_comparison,
    is_note,
    is_placeholder,
    is_signature,
    is_total_word,
    outline_parents,
    total_scope,
)
from pipelines.ingest.transfers import both_sides
from pipelines.ingest.unit_words import unit_alone, unit_in_sentence
from pipelines.ledger.records import PassedOverReason
from pipelines.settings import Limits

_FEW_SUSPECTS = 100
_OWNER = frozenset({"department_code", "department_name", "project_code", "project_name"})
_VISIBLE = r"[^\s\p{C}\p{Z}]"
DELETION_HEADERS = frozenset({"is_deleted", "是否删除"})
_CODE_WIDTHS = (3, 2, 2)
_CODE_BEFORE_NAME = re.compile(r"([0-9]{3,21}|[0-9]{6,9}[A-Za-z][0-9]{12})(?:\s+|\s*[-_:|/—–]\s*)(?=\D)\S.*")
_NOT_PERSONAL = re.compile(r"[0-9A-Za-z.,\-+/:%() 元万年月日•]{0,14}")
_MONEY = r"^-?(\d{1,3}(,\d{3})+|\d+)\.\d{1,6}$|^-?\d{1,3}(,\d{3})+$|^-?\d{5,}$"
_BEFORE_COMMA = r"^\s*-?[0-9]{1,3}$"
_BEHIND = r"^[0-9]{3}(\.[0-9]{1,2})?\s*$"
_SHOWN_VALUE = r"^[0-9A-Za-z.,\-+/:%() 元万年月日]*$"
_SHOWN_TEXT = r"^(?:[0-9]{0,14}[^0-9])*[0-9]{0,14}$"


Constants = tuple[tuple[str, str], ...]
"""What the headers of a group state: columns and values."""


class Faults:
    """The faults of a batch, each once: line, column (empty: the whole row), fault."""

    def __init__(self) -> None:
        self._entries: dict[tuple[int, str, Fault], None] = {}

    def add(self, line: int, column: str, fault: Fault) -> None:
        """Notes a fault."""
        self._entries[line, column, fault] = None

    def table(self, *, mask: bool, codes: Collection[str]) -> pa.Table:
        """The faults as ``model.FAULTS``, without the numbers of persons.

        ``mask``: a shifted cell may name a person, so show none that could. ``codes``: columns in which a long number
        is nobody's.
        """
        shown = []
        for _, name, fault in self._entries:
            found = fault.found if name in codes and not mask else without_numbers(fault.found)
            shown.append(MASK if mask and not _NOT_PERSONAL.fullmatch(found) else found)
        return pa.table(
            [
                [line for line, _, _ in self._entries],
                [column for _, column, _ in self._entries],
                [fault.rule_id for _, _, fault in self._entries],
                [text[:200] for text in shown],
                [fault.expected for _, _, fault in self._entries],
            ],
            schema=FAULTS,
        )


@dataclass(slots=True)
class _Lines:
    """What one group of headers reads from every row: values and faults by position, totals, rows without a line.

    ``orphans`` are rows of a breakdown above which no row stands that they could divide.
    """

    group: Group
    read: dict[str, ReadColumn]
    totals: dict[int, str] = field(default_factory=dict)
    absent: frozenset[int] = frozenset()
    orphans: set[int] = field(default_factory=set)


class TableReader:
    """Types the rows of one recognised table. Raises ``FileRefused`` where the table belongs elsewhere."""

    def __init__(
        self,
        recognised: Recognised,
        delivery: Delivery,
        aliases: HeaderAliases,
        *,
        sheet: str,
        header_line: int,
        options: ReadingOptions,
        hash_secret: bytes,
        limits: Limits,
        encoding: str | None = None,
    ) -> None:
        self._recognised = recognised
        self._dataset: Dataset = recognised.dataset
        self._delivery = delivery
        self._aliases = aliases
        self.total_words = aliases.layout.total_words
        self._sheet = sheet
        self._options = options
        self._hash_secret = hash_secret
        self._limits = limits
        self._blank_lines = 0
        self._percent: dict[int, bool] = {}
        self._universal: dict[int, bool] = {}
        self._code_in_name: dict[str, bool] = {}
        self._carried: dict[tuple[int, ...], list[str]] = {}
        self._survey: _Survey | None = None
        self._header_line = header_line
        self._is_first = True
        self._refuse_other_origin()
        present = {header.column.name for header in recognised.headers if header.column}
        self._names_persons = any(
            column.names_persons and column.name != "remark" and column.name in present
            for column in self._dataset.columns
        )
        self._codes = {column.name for column in self._dataset.columns if column.kind in (Kind.CODE, Kind.TEXT)}
        self._tells_department = bool(present & {"department_name", "department_code"})
        transfer = self._dataset.transfer
        self._transfer = transfer if transfer and transfer.giver in present else None
        self._deletion = next((h for h in recognised.headers if fold_header(h.path[-1])[0] in DELETION_HEADERS), None)
        self._shown = _unique([header.shown for header in recognised.headers])
        name = PurePosixPath(delivery.relative_path).stem
        told = (recognised.metadata.months, told_months(sheet), told_months(name))
        months = next((found for found in told if found), None)
        self.head = TableHead(
            dataset=self._dataset.name,
            sheet=sheet,
            header_line=self._header_line,
            columns=tuple(
                (shown, header.column.name if header.column else None)
                for shown, header in zip(self._shown, recognised.headers, strict=True)
            ),
            unit_factor=recognised.unit.factor,
            encoding=encoding,
            department_name=recognised.metadata.department_name,
            as_of_date=recognised.metadata.as_of_date or (months and _last_day(delivery.fiscal_year, months[1])),
            months=months,
        )

    def _refuse_other_origin(self) -> None:
        metadata, delivery = self._recognised.metadata, self._delivery
        conflict = None
        if metadata.district_code and metadata.district_code[:6] != delivery.district_code:
            conflict = metadata.district_code, delivery.district_code
        elif (years := metadata.years or self._years_of_names()) and delivery.fiscal_year not in years:
            conflict = "、".join(map(str, years)), str(delivery.fiscal_year)
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

    def _years_of_names(self) -> tuple[int, ...]:
        """The years that sheet, file and folders are named after, where rows have money and no column tells when."""
        present = {header.column.name for header in self._recognised.headers if header.column}
        if not self._dataset.amount_columns or present & {"fiscal_year", self._dataset.dated_by}:
            return ()
        below = PurePosixPath(self._delivery.relative_path).parts[2:]
        return tuple(dict.fromkeys(chain.from_iterable(map(years_of_name, (self._sheet, *below)))))

    @property
    def asks_for_all_rows(self) -> bool:
        """Whether a row is told by others that may be in another batch: a parent by its children, a rate by rates."""
        columns = [header.column for header in self._recognised.headers if header.column]
        by_others = {*hierarchies(self._dataset), OUTLINED}
        return any(column.name in by_others or column.kind is Kind.RATIO for column in columns)

    def survey(self, pieces: Callable[[], Iterable[RawRows]]) -> None:
        """Looks through all rows of the table, before its batches are asked for; ``pieces`` gives them anew."""
        survey = _Survey(self._dataset)
        for raw in pieces():
            reading = _Reading(self, raw)
            for group in self._recognised.groups:
                survey.note(reading, *reading.group_and_leaves(group))
            for header in self._recognised.headers:
                if (
                    header.column
                    and header.column.kind is Kind.RATIO
                    and is_percent(reading.cells(header), decimal_comma=self._options.decimal_comma)
                ):
                    self._percent[header.index] = True
        self._carried.clear()
        if survey.may_have_parents:
            for raw in pieces():
                reading = _Reading(self, raw)
                for group in self._recognised.groups:
                    survey.add(*reading.group_and_leaves(group))
            self._carried.clear()
        survey.finish()
        self._survey = survey

    def batch(self, raw: RawRows) -> Batch:
        """The batch of some consecutive rows below the header."""
        self._refuse_giant_cells(raw)
        self._refuse_nameless_amounts(raw)
        reading = _Reading(self, raw)
        faults = Faults()
        if self._is_first:
            self._is_first = False
            self._note_ignored_headers(reading, faults)
        groups = [reading.lines(group) for group in self._recognised.groups]
        passed = reading.passed_over(groups, faults)
        self._refuse_endless_blanks(passed)
        self._refuse_other_unit(raw, passed)
        reading.apply_marks(passed)
        reading.find_undone(groups, passed, faults)
        for lines in groups:
            lines.totals = {p: scope for p, scope in reading.totals(lines).items() if p not in passed}
        self._add_faults(raw, groups, passed, faults)
        self._check_row_totals(reading, groups, passed, faults)
        self._find_split_amounts(reading, passed, faults)
        batch = self._assemble(reading, groups, passed, faults)
        return both_sides(batch, self._transfer) if self._transfer else batch

    def _refuse_giant_cells(self, raw: RawRows) -> None:
        for column in raw.columns:
            longest = pc.max(pc.binary_length(column.dictionary if is_encoded(column) else column)).as_py()
            if not longest or longest <= self._limits.max_cell_characters:
                continue
            lengths = pc.utf8_length(decoded(column))
            longest = pc.max(lengths)
            if longest.as_py() > self._limits.max_cell_characters:
                raise FileRefused(
                    "file-too-large",
                    found=f"{longest.as_py():,} characters in one cell",
                    expected=f"{self._limits.max_cell_characters:,}",
                    sheet=self._sheet,
                    line=raw.lines[pc.index(lengths, longest).as_py()].as_py(),
                )

    def _refuse_endless_blanks(self, passed: Mapping[int, str]) -> None:
        self._blank_lines += sum(reason == PassedOverReason.BLANK for reason in passed.values())
        if self._blank_lines > self._limits.max_blank_lines:
            raise blank_lines_without_end(self._blank_lines, self._limits.max_blank_lines, self._sheet)

    def _refuse_other_unit(self, raw: RawRows, passed: Mapping[int, str]) -> None:
        """Refuses a remark below the rows, or a cell of a column of units, that names another unit than the table's."""
        own = self.head.unit_factor
        if own is None:
            return
        told: list[tuple[int, str, int | None]] = []
        for position in (position for position, reason in passed.items() if reason == PassedOverReason.NOTE):
            for text in (column[position].as_py() for column in raw.columns):
                if text and (unit := unit_in_sentence(cells.normalise(text))):
                    told.append((position, text, unit[0]))
        for column in (raw.columns[index] for index in self._recognised.unit_columns if index < len(raw.columns)):
            for position, text in enumerate(decoded(column).to_pylist()):
                if text and text.strip() and position not in passed:
                    told.append((position, text, unit_alone(text)))
        for position, text, factor in told:
            if factor != own:
                raise FileRefused(
                    "unit-conflict-in-sheet",
                    found=f"{cells.unit_name(own)}、{without_numbers(text.strip())[:20]}",
                    sheet=self._sheet,
                    line=raw.lines[position].as_py(),
                    remedy="Write one unit above the header, and no other anywhere.",
                    remedy_zh="请在表头上方注明一个单位，其他位置不要写不同的单位。",
                )

    def _refuse_nameless_amounts(self, raw: RawRows) -> None:
        """A column without a header is passed over, unless it holds money."""
        named = {header.index for header in self._recognised.headers}
        for index, column in enumerate(raw.columns):
            if index in named or column.null_count == len(column):
                continue
            texts = decoded(column)
            amounts = texts.filter(looks_like_money(texts))
            if len(amounts) >= 2:
                raise FileRefused(
                    "header-not-mapped",
                    found="（无表头 without a header）" + "、".join(amounts.slice(0, 3).to_pylist()),
                    sheet=self._sheet,
                    line=self._header_line,
                    remedy="Write a header above the column, or empty it.",
                    remedy_zh="请为该列补上表头，或清空该列。",
                )

    def _note_ignored_headers(self, reading: _Reading, faults: Faults) -> None:
        """A warning for every header that is not read and not known to say nothing, with examples of what it says."""
        for header in self._recognised.headers:
            is_known = header.meaning or header is self._deletion
            if is_known or self._aliases.is_passed_over(self._dataset, header.path):
                continue
            if mark_values(header.path, self._dataset.marks) is not None:
                continue
            told = pc.drop_null(pc.unique(reading.cells(header).strings.slice(0, _FEW_SUSPECTS))).to_pylist()
            examples = [without_numbers(text.strip())[:20] for text in told if not cells.is_empty(text)][:3]
            shown = header.shown + (f"（{'、'.join(examples)}）" if examples else "")
            faults.add(self._header_line, header.shown, Fault("header-ignored", shown))

    def _add_faults(self, raw: RawRows, groups: Sequence[_Lines], passed: dict[int, str], faults: Faults) -> None:
        for lines in groups:
            for name, column in lines.read.items():
                for position, fault in zip(column.faulty, column.faults, strict=True):
                    if not (position in passed or position in lines.totals or position in lines.absent):
                        faults.add(raw.lines[position].as_py(), name, fault)
            for position in lines.orphans - passed.keys():
                text = lines.read["department_name"].values[position].as_py()
                faults.add(raw.lines[position].as_py(), "department_name", Fault("breakdown-of-nothing", text))
        for position, width in raw.ragged.items():
            if position not in passed and not any(position in lines.totals for lines in groups):
                rule = "row-has-too-many-cells" if width > len(raw.columns) else "row-has-too-few-cells"
                faults.add(raw.lines[position].as_py(), "", Fault(rule, str(width), str(len(raw.columns))))

    def _check_row_totals(
        self, reading: _Reading, groups: Sequence[_Lines], passed: dict[int, str], faults: Faults
    ) -> None:
        """A cell that sums other cells of its row must agree with them, or the row is set aside."""
        totals = {position for lines in groups for position in lines.totals}
        for total, parts in self._recognised.row_totals:
            if not total.column:
                continue
            stated = reading.column(total.column, (total,)).values.to_pylist()
            added = [reading.column(total.column, (part,)).values.to_pylist() for part in parts]
            factor = total.factor or self._recognised.unit.factor or 1
            tolerance = Decimal("0.01") if factor == 1 else Decimal("0.005") * len(parts) * factor
            for position, amounts in enumerate(zip(stated, *added, strict=True)):
                known = [amount for amount in amounts[1:] if amount is not None]
                if amounts[0] is None or not known or position in passed or position in totals:
                    continue
                if abs(amounts[0] - sum(known)) > tolerance:
                    fault = Fault("row-total-disagrees", f"{amounts[0]:,}", f"{sum(known):,}")
                    faults.add(reading.raw.lines[position].as_py(), total.column.name, fault)

    def _find_split_amounts(self, reading: _Reading, passed: dict[int, str], faults: Faults) -> None:
        """Rows of a text in which an unquoted comma moved the thousands of an amount into the remarks behind it."""
        if self.head.encoding is None:
            return
        named = {header.index: header for header in self._recognised.headers}
        for header in self._recognised.headers:
            behind = named.get(header.index + 1)
            is_open = behind is None or (behind.column is not None and behind.column.name == "remark")
            if header.column is None or header.column.kind is not Kind.AMOUNT or not is_open:
                continue
            if header.index + 1 >= len(reading.raw.columns):
                continue
            amounts, others = (decoded(reading.raw.columns[index]) for index in (header.index, header.index + 1))
            if others.null_count == len(others):
                continue
            is_split = pc.and_(
                pc.match_substring_regex(amounts, _BEFORE_COMMA), pc.match_substring_regex(others, _BEHIND)
            )
            for position in pc.indices_nonzero(pc.fill_null(is_split, False)).to_pylist():
                if position not in passed:
                    found = f"{amounts[position].as_py()},{others[position].as_py()}"
                    fault = Fault("amount-split-by-its-comma", found)
                    faults.add(reading.raw.lines[position].as_py(), header.column.name, fault)

    def _assemble(self, reading: _Reading, groups: Sequence[_Lines], passed: dict[int, str], faults: Faults) -> Batch:
        raw = reading.raw
        tables, positions, left_out = [], [], []
        scopes: list[pa.Array] = []
        out = pa.array(sorted(passed), pa.int64())
        for lines in groups:
            table = pa.table({**self._values(reading, lines, faults, passed), "source_line": raw.lines})
            keep = np.ones(len(raw), dtype=bool)
            keep[sorted({*passed, *lines.absent})] = False
            present = np.flatnonzero(keep)
            tables.append(table if len(present) == len(raw) else table.take(pa.array(present)))
            positions.append(present)
            scopes.append(_scopes(lines, present))
            left_out.append(table.select(self._dataset.amount_columns).take(out))
        table, order, scope = tables[0], positions[0], scopes[0]
        if len(groups) > 1:
            order = np.concatenate(positions)
            sorting = np.argsort(order, kind="stable")
            table = pa.concat_tables(map(decoded_table, tables)).take(pa.array(sorting))
            order, scope = order[sorting], pa.concat_arrays(scopes).take(pa.array(sorting))
        is_total = pc.is_valid(scope)
        totals = decoded_table(table.append_column("scope", scope).filter(is_total))
        if totals.num_rows:
            table, order = table.filter(pc.is_null(scope)), order[pc.is_null(scope).to_numpy(zero_copy_only=False)]
        passed_over = pa.table(
            {
                "source_line": raw.lines.take(out),
                "reason": pa.array([passed[position] for position in sorted(passed)], pa.string()),
                **{name: _sum_of([part[name] for part in left_out]) for name in self._dataset.amount_columns},
            }
        )
        told = faults.table(mask=self._names_persons, codes=self._codes)
        row_of_line = pa.array(order, pa.int64())
        return Batch(
            table,
            told,
            lambda lines: self._texts(reading, groups, row_of_line.take(lines)),
            totals,
            passed_over,
            len(raw),
        )

    def _values(self, reading: _Reading, lines: _Lines, faults: Faults, passed: dict[int, str]) -> dict[str, pa.Array]:
        values: dict[str, pa.Array] = {}
        stated = dict(lines.group.constants)
        raw = reading.raw
        for column in self._dataset.stored_columns:
            if column.name in lines.read:
                array = lines.read[column.name].stored
            elif column.is_delivered_spelling:
                array = _spellings(lines, column, len(raw))
            else:
                array = pa.nulls(len(raw), ARROW_TYPES[column.kind])
            if column.name in stated:
                array = _constant(stated[column.name], column, len(raw))
            elif column.kind is Kind.AMOUNT and reading.reversed:
                array = _reversed(decoded(array), reading.reversed)
            elif column.kind is Kind.AMOUNT and self._dataset.negative_spread and stated:
                array = _negated(array) if set(stated.values()) & set(self._dataset.negative_spread) else array
            elif column.name in {"district_code", "fiscal_year"}:
                array = self._origin(array, column, raw, faults, {*passed, *lines.totals, *lines.absent})
            elif column.name == "department_name" and self.head.department_name and not self._tells_department:
                array = _constant(self.head.department_name, column, len(raw))
            elif column.name == "as_of_date" and self.head.as_of_date:
                array = pc.coalesce(array, pa.scalar(self.head.as_of_date, pa.date32()))
            values[column.name] = array
        return values | self._digests(reading, lines.group)

    def _digests(self, reading: _Reading, group: Group) -> dict[str, pa.Array]:
        """What tells rows apart that differ in cells that are not stored (``Dataset.digest_columns``)."""
        dropped = {
            column.name: group.columns[column.name]
            for column in self._dataset.columns
            if column.personal is Personal.DROP and column.name in group.columns
        }
        unknown = [
            header
            for header in self._recognised.headers
            if header.meaning is None
            and header is not self._deletion
            and not self._aliases.is_passed_over(self._dataset, header.path)
        ]
        hashes = {
            header.index: hash_texts(reading.cells(header).encoded, self._hash_secret)
            for header in (*(header for headers in dropped.values() for header in headers), *unknown)
        }
        length = len(reading.raw)
        return {
            name: combined((hashes[header.index] for header in dropped.get(name.removesuffix("_digest"), ())), length)
            if name != DROPPED_DIGEST
            else combined((hashes[index] for index in sorted(hashes)), length)
            for name in self._dataset.digest_columns
        }

    def _origin(self, array: pa.Array, column: Column, raw: RawRows, faults: Faults, left_out: set[int]) -> pa.Array:
        """The folder's district or year in every row; a row that tells another one gets a fault."""
        is_district = column.name == "district_code"
        folder = self._delivery.district_code if is_district else self._delivery.fiscal_year
        if array.null_count < len(array):
            array = decoded(array)
            differs = pc.fill_null(pc.not_equal(array, pa.scalar(folder, array.type)), False)
            rule = "district-differs-from-folder" if is_district else "year-differs-from-folder"
            for position in pc.indices_nonzero(differs).to_pylist():
                if position not in left_out:
                    fault = Fault(rule, str(array[position].as_py()), str(folder))
                    faults.add(raw.lines[position].as_py(), column.name, fault)
        return _constant(folder, column, len(array))

    def _texts(self, reading: _Reading, groups: Sequence[_Lines], positions: pa.Array) -> pa.Table:
        """The cells as delivered of some rows; what may name a person, and what nobody knows, is masked."""
        faulty: dict[str, set[int]] = {}
        for lines in groups:
            for name, column in lines.read.items():
                if column.faulty and name not in self._codes:
                    faulty.setdefault(name, set()).update(column.faulty)
        ragged = reading.raw.ragged if self._names_persons else {}
        columns: dict[str, pa.Array] = {}
        for shown, header in zip(self._shown, self._recognised.headers, strict=True):
            texts = reading.cells(header).strings.take(positions)
            if header.column is None or header.column.names_persons:
                columns[shown] = pc.if_else(pc.is_valid(texts), MASK, texts)
                continue
            if header.column.name in faulty:
                texts = _without_numbers_at(texts, _among(positions, faulty[header.column.name]))
            if self._names_persons and not reading.cells(header).is_plain:
                texts = _without_persons(texts, header.column)
            columns[shown] = texts
            if ragged:
                is_told = pc.and_(_among(positions, ragged), pc.is_valid(columns[shown]))
                columns[shown] = pc.if_else(is_told, MASK, columns[shown])
        return pa.table(columns)


class _Reading:
    """The columns of one batch, each read once, and the questions about its rows."""

    def __init__(self, table: TableReader, raw: RawRows) -> None:
        self.raw = raw
        self._table = table
        self._dataset = table._dataset
        self._recognised = table._recognised
        masked = {
            header.index: without_numbers if header.column.is_free_text else name_without_numbers
            for header in self._recognised.headers
            if header.column and header.column.personal is Personal.MASK
        }
        self._texts = [
            Texts(column).without_numbers(masked[index]) if index in masked else Texts(column)
            for index, column in enumerate(raw.columns)
        ]
        self._nothing = Texts(pa.nulls(len(raw), pa.string()))
        self.reversed: set[int] = set()
        self._read: dict[tuple[str, tuple[int, ...]], ReadColumn] = {}

    def lines(self, group: Group) -> _Lines:
        """What a group of headers reads."""
        read: dict[str, ReadColumn] = {}
        for column in self._dataset.stored_columns:
            if headers := group.columns.get(column.name):
                read[column.name] = self.column(column, headers)
        for column in self._dataset.stored_columns:
            if column.name_column is None or column.name_column not in {c.name for c in self._dataset.stored_columns}:
                continue
            if column.name not in read and (headers := group.columns.get(column.name_column)):
                if self._is_code_with_name(column, headers[0]):
                    read[column.name] = split = self.column(column, headers[:1])
                    if split.names is not None:
                        read[column.name_column] = ReadColumn(split.names)
            elif column.name in read and (names := read[column.name].names) is not None:
                target = read.get(column.name_column)
                if target is None:
                    read[column.name_column] = ReadColumn(names)
                else:
                    read[column.name_column] = ReadColumn(
                        pc.coalesce(target.values, names), target.faulty, target.faults, delivered=target.delivered
                    )
        return _Lines(group, read, absent=self._absent(group, read))

    def column(self, column: Column, headers: Sequence[Header]) -> ReadColumn:
        """The values that some headers give a column."""
        key = (column.name, tuple(header.index for header in headers))
        if key not in self._read:
            self._read[key] = self._read_column(column, headers)
        return self._read[key]

    def _read_column(self, column: Column, headers: Sequence[Header]) -> ReadColumn:
        if any(header.meaning and header.meaning.part is not None for header in headers):
            return read_column(column, self._joined(headers), ReadingOptions())
        result: ReadColumn | None = None
        for header in headers:
            texts = self.cells(header)
            part = read_column(column, texts, self._options(header, column, texts))
            part = without_digits_lost(part, column, self.raw.scientific.get(header.index, {}))
            if result is None:
                result = part
            elif column.kind is not Kind.AMOUNT:
                result = _coalesce(result, part)
            elif header.meaning and header.meaning.constants:
                result = _added(result, part)
        return result or ReadColumn(pa.nulls(len(self.raw), ARROW_TYPES[column.kind]))

    def _joined(self, headers: Sequence[Header]) -> Texts:
        """The code that is spread over columns (205 | 02 | 05): parts in order, carried down where merged."""
        parts: list[list[str]] = []
        for header in headers:
            number = header.meaning.part if header.meaning and header.meaning.part is not None else 0
            texts = [cells.normalise(text or "") for text in self.cells(header).strings.to_pylist()]
            parts.append([text.zfill(_CODE_WIDTHS[number]) if text.isdigit() else text for text in texts])
        joined = []
        columns = tuple(header.index for header in headers)
        carried = self._table._carried.get(columns, [""] * len(parts))
        for row in zip(*parts, strict=True):
            deepest = max((level for level, text in enumerate(row) if text), default=-1)
            carried = [text or (carried[level] if level < deepest else "") for level, text in enumerate(row)]
            joined.append("".join(carried) or None)
        self._table._carried[columns] = carried
        return Texts(pa.array(joined, pa.string()))

    def cells(self, header: Header) -> Texts:
        """The cells of a header's column."""
        return self._texts[header.index] if header.index < len(self._texts) else self._nothing

    def _options(self, header: Header, column: Column, texts: Texts) -> ReadingOptions:
        base = self._table._options
        percent = header.percent
        if column.kind is Kind.RATIO and not percent:
            if header.index not in self._table._percent:
                self._table._percent[header.index] = is_percent(texts, decimal_comma=base.decimal_comma)
            percent = self._table._percent[header.index]
        universal = self._table._universal
        if column.kind is Kind.DATE and header.index not in universal:
            universal[header.index] = is_universal(texts, epoch_1904=base.epoch_1904)
        return ReadingOptions(
            factor=header.factor or self._recognised.unit.factor,
            is_stated=self._recognised.unit.is_stated,
            decimal_comma=base.decimal_comma,
            percent=percent,
            from_double=base.from_double,
            epoch_1904=base.epoch_1904,
            date_order=base.date_order,
            hash_secret=self._table._hash_secret if column.personal is Personal.HASH else b"",
            is_universal=universal.get(header.index, False),
        )

    def _is_code_with_name(self, column: Column, header: Header) -> bool:
        """Whether every cell of a name column holds a code before the name; decided on the first rows."""
        known = self._table._code_in_name.get(column.name)
        if known is None:
            distinct = pc.drop_null(self.cells(header).encoded.dictionary).to_pylist()
            no_names = (partial(self._scope, header), cells.is_empty, cells.is_error_or_formula)
            named = [cells.normalise(text) for text in distinct if not any(is_no_name(text) for is_no_name in no_names)]
            known = bool(named) and all(_CODE_BEFORE_NAME.fullmatch(text) for text in named)
            self._table._code_in_name[column.name] = known
        return known

    def _absent(self, group: Group, read: dict[str, ReadColumn]) -> frozenset[int]:
        """Rows of a wide table that have no line in this group: no amount in it, or a movement of zero."""
        if not group.constants:
            return frozenset()
        amounts = [
            column for column in self._dataset.stored_columns if column.kind is Kind.AMOUNT and column.name in read
        ]
        has_line = np.zeros(len(self.raw), dtype=bool)
        for column in amounts:
            values = read[column.name].values
            told = pc.is_valid(values)
            if self._dataset.negative_spread:
                told = pc.fill_null(pc.not_equal(values, pa.scalar(Decimal("0.00"), values.type)), False)
            has_line |= told.to_numpy(zero_copy_only=False)
            has_line[read[column.name].faulty] = True
        return frozenset(np.flatnonzero(~has_line).tolist())

    def passed_over(self, groups: Sequence[_Lines], faults: Faults) -> dict[int, str]:
        """Position → reason of rows that are neither data nor totals."""
        passed: dict[int, str] = {}
        suspects = self._suspects(groups)
        if len(suspects) > _FEW_SUSPECTS:
            passed, suspects = self._without_blanks(suspects)
        for position in self._worth_a_look(suspects):
            filled = [text for column in self.raw.columns if (text := column[position].as_py()) and text.strip()]
            if not filled:
                if position not in self.raw.ragged:
                    passed[position] = PassedOverReason.BLANK
            elif self._is_header_again(position) or is_title_again(filled, self._recognised.title):
                passed[position] = PassedOverReason.REPEATED_HEADER
            elif is_placeholder(filled):
                passed[position] = PassedOverReason.PLACEHOLDER
            elif len(self._recognised.headers) > 2 and (is_note(filled) or self._is_heading(position, filled)):
                passed[position] = PassedOverReason.NOTE
        for position in frozenset.intersection(*(lines.absent for lines in groups)):
            passed.setdefault(position, PassedOverReason.NO_AMOUNT)
        self._deleted(passed, faults)
        return passed

    def _is_heading(self, position: int, filled: Sequence[str]) -> bool:
        """Whether a row holds nothing but words where a code should stand: a heading of a group, a line across."""
        if len(filled) > 1 or filled[0].isascii() or any(map(str.isdigit, filled[0])):
            return False
        return any(
            header.column is not None
            and header.column.kind is Kind.CODE
            and bool(header.column.pattern)
            and self.cells(header).strings[position].as_py() == filled[0]
            for header in self._recognised.headers
        )

    def _suspects(self, groups: Sequence[_Lines]) -> list[int]:
        """Rows that are worth a look: nothing could be read where every row has something, or something was faulty."""
        suspects: set[int] = set()
        empty = None
        columns = {column.name: column for column in self._dataset.stored_columns}
        for lines in groups:
            amounts = [name for name in lines.read if columns[name].kind is Kind.AMOUNT]
            for name in amounts or lines.read:
                nulls = pc.is_null(lines.read[name].stored)
                empty = nulls if empty is None else pc.and_(empty, nulls)
            for column in lines.read.values():
                suspects.update(column.faulty)
        if empty is not None:
            suspects.update(pc.indices_nonzero(empty).to_pylist())
        return sorted(suspects)

    def _without_blanks(self, suspects: list[int]) -> tuple[dict[int, str], list[int]]:
        """Rows in which every cell is empty, with that reason, and the other suspects."""
        rows = pa.array(suspects, pa.int64())
        is_blank = pa.array(np.ones(len(rows), dtype=bool))
        for column in self.raw.columns:
            is_blank = pc.and_(is_blank, pc.is_null(column.take(rows)))
        if self.raw.ragged:
            is_blank = pc.and_not(is_blank, _among(rows, self.raw.ragged))
        blank = dict.fromkeys(rows.filter(is_blank).to_pylist(), PassedOverReason.BLANK.value)
        return blank, rows.filter(pc.invert(is_blank)).to_pylist()

    def _worth_a_look(self, suspects: list[int]) -> list[int]:
        """The suspects that may be no data after all: with one cell at most, or none that must be data.

        Where a whole column is wrong every row is suspect; columns of few distinct texts clear most of them.
        """
        if len(suspects) <= _FEW_SUSPECTS:
            return suspects
        rows = pa.array(suspects, pa.int64())
        filled = np.zeros(len(rows), dtype=np.int64)
        for column in self.raw.columns:
            is_filled = pc.match_substring_regex(decoded(column).take(rows), _VISIBLE)
            filled += pc.fill_null(is_filled, False).to_numpy(zero_copy_only=False)
        is_lonely = pa.array(filled <= 1)
        for header in sorted(self._recognised.headers, key=lambda header: self.cells(header).is_varied):
            texts = pc.dictionary_encode(self.cells(header).strings.take(rows))
            no_data = pa.array(
                [self._may_be_no_data(header, text) for text in texts.dictionary.to_pylist()], pa.bool_()
            )
            is_open = pc.or_(pc.fill_null(no_data.take(texts.indices), True), is_lonely)
            rows, is_lonely = rows.filter(is_open), is_lonely.filter(is_open)
            if len(rows) <= _FEW_SUSPECTS:
                break
        found: list[int] = rows.to_pylist()
        return found

    def _may_be_no_data(self, header: Header, text: str) -> bool:
        is_of_head = self._is_name_of(header, text) or is_title_again([text], self._recognised.title)
        return not text.strip() or is_of_head or is_placeholder([text]) or is_signature(text)

    @staticmethod
    def _is_name_of(header: Header, text: str) -> bool:
        return fold_header(text)[0] in {fold_header(name)[0] for name in header.path}

    def _is_header_again(self, position: int) -> bool:
        same = 0
        for header in self._recognised.headers:
            text = self.cells(header).strings[position].as_py()
            if text and self._is_name_of(header, text):
                same += 1
            elif text and text.strip():
                return False
        return same >= 2

    def _deleted(self, passed: dict[int, str], faults: Faults) -> None:
        if not (header := self._table._deletion) or not self._dataset.deletion_marks:
            return
        marks = {cells.fold(spelling): deleted for spelling, deleted in self._dataset.deletion_marks}
        encoded = self.cells(header).encoded
        for index, text in enumerate(encoded.dictionary.to_pylist()):
            mark = None if cells.is_empty(text or "") else marks.get(cells.fold(text).removesuffix(".0"))
            if cells.is_empty(text or "") or mark is False:
                continue
            for position in pc.indices_nonzero(pc.equal(encoded.indices, index)).to_pylist():
                if mark:
                    passed.setdefault(position, PassedOverReason.DELETED_IN_SOURCE)
                elif position not in passed:
                    expected = "、".join(spelling for spelling, _ in self._dataset.deletion_marks)
                    fault = Fault("value-not-in-list", text, expected)
                    faults.add(self.raw.lines[position].as_py(), header.shown, fault)

    def apply_marks(self, passed: dict[int, str]) -> None:
        """Passes over rows that a column marks as void, and notes those whose amounts count negative.

        Raises ``FileRefused`` where a column that is not read changes the meaning of rows in words that are not known.
        """
        kind = self._dataset.marks
        for header in self._recognised.headers if kind is not Marks.NONE else ():
            if (
                header.meaning
                or header is self._table._deletion
                or self._table._aliases.is_waived(self._dataset, header.path)
            ):
                continue
            marks = mark_values(header.path, kind)
            encoded = self.cells(header).encoded
            for index, text in enumerate(encoded.dictionary.to_pylist()):
                mark = mark_of(text or "", marks)
                if mark is RowMark.COUNTS:
                    continue
                at = [p for p in pc.indices_nonzero(pc.equal(encoded.indices, index)).to_pylist() if p not in passed]
                if mark is RowMark.VOID:
                    passed.update(dict.fromkeys(at, PassedOverReason.VOID_IN_SOURCE))
                elif is_negative(mark, kind):
                    self.reversed.update(at)
                elif at:
                    self._refuse_mark(header, text, at[0])

    def find_undone(self, groups: Sequence[_Lines], passed: Mapping[int, str], faults: Faults) -> None:
        """Sets rows aside whose remark or purpose is one word that undoes them, though their amount is positive."""
        for header in self._recognised.headers:
            if not may_undo(header.column, self._dataset.marks):
                continue
            encoded = self.cells(header).encoded
            words = [i for i, text in enumerate(encoded.dictionary.to_pylist()) if undoes(text or "")]
            if not words:
                continue
            said = pc.indices_nonzero(pc.is_in(encoded.indices, pa.array(words, encoded.indices.type))).to_pylist()
            for position in said:
                if position not in passed and position not in self.reversed and self._is_positive(groups, position):
                    text = encoded.dictionary[encoded.indices[position].as_py()].as_py()
                    faults.add(self.raw.lines[position].as_py(), header.shown, Fault("text-undoes-row", text))

    def _is_positive(self, groups: Sequence[_Lines], position: int) -> bool:
        amounts = (lines.read.get(name) for lines in groups for name in self._dataset.amount_columns)
        return any((read.values[position].as_py() or 0) > 0 for read in amounts if read is not None)

    def _refuse_mark(self, header: Header, text: str, position: int) -> None:
        shown = without_numbers(text)[:40]
        raise FileRefused(
            "header-changes-rows",
            found=header.shown,
            expected=shown,
            sheet=self._table._sheet,
            line=self.raw.lines[position].as_py(),
            remedy="Deliver money that came back as negative amounts and leave voided rows out, then drop the column; "
            "or pass the header over in header_aliases.csv if it changes nothing.",
            remedy_zh="退款请以负数报送，作废行请剔除，并删去该列；若不影响金额，请在 header_aliases.csv 中登记略过。",
        )

    def totals(self, lines: _Lines) -> dict[int, str]:
        """Position → scope of the rows that are totals or parents in this group."""
        found = self.labelled(lines)
        if self._dataset.states:
            found |= self._breakdowns(lines, found)
        if self._dataset.amount_columns:
            leaves = self.leaves(lines, found)
            survey = self._table._survey
            if survey is None:
                survey = _Survey(self._dataset)
                survey.note(self, lines, leaves)
                if survey.may_have_parents:
                    survey.add(lines, leaves)
                survey.finish()
                if self._dataset.states:
                    # Of a table that comes in several batches, only labels and codes tell.
                    found |= survey.parents(self, lines, leaves)
                    return self._present(lines, found | self._sums(lines, found))
            found |= survey.parents(self, lines, leaves)
        return self._present(lines, found)

    @staticmethod
    def _present(lines: _Lines, found: dict[int, str]) -> dict[int, str]:
        return {position: scope for position, scope in found.items() if position not in lines.absent}

    def _breakdowns(self, lines: _Lines, found: Collection[int]) -> dict[int, str]:
        """Rows in which a nature, kind or fund type stands where a department or project should.

        Below the row of a department it divides that row; below none it is nobody's, and set aside.
        """
        divided: dict[int, str] = {}
        names = self._names(lines, "department_name")
        if any(map(is_breakdown, set(names) - {""})):
            above = False
            for position, name in enumerate(names):
                if position in found or position in lines.absent or not name:
                    continue
                if not is_breakdown(name):
                    above = True
                elif above:
                    divided[position] = "part"
                else:
                    lines.orphans.add(position)
        projects = self._names(lines, "project_name")
        if any(map(is_breakdown, set(projects) - {""})):
            codes = self._names(lines, "project_code")
            departments = list(zip(self._names(lines, "department_code"), names, strict=True))
            wholes = {
                department
                for position, department in enumerate(departments)
                if position not in found and not projects[position] and not codes[position]
            }
            for position, project in enumerate(projects):
                if is_breakdown(project) and not codes[position] and departments[position] in wholes:
                    divided[position] = "part"
        return {position: scope for position, scope in divided.items() if position not in found}

    @staticmethod
    def _names(lines: _Lines, name: str) -> list[str]:
        read = lines.read.get(name)
        length = len(next(iter(lines.read.values())).values) if lines.read else 0
        return [text or "" for text in read.values.to_pylist()] if read is not None else [""] * length

    def _sums(self, lines: _Lines, found: Mapping[int, str]) -> dict[int, str]:
        """Rows that are told to be totals of others by their codes or names and by arithmetic.

        Raises ``FileRefused`` where only arithmetic says so, and too clearly for a chance.
        """
        taken = {*found, *lines.absent, *self.raw.ragged}
        amounts = {
            column.name: lines.read[column.name].values.to_pylist()
            for column in self._dataset.columns
            if column.kind is Kind.AMOUNT and column.name in lines.read
        }
        rows = [p for p in range(len(self.raw)) if p not in taken and any(v[p] is not None for v in amounts.values())]
        known = [values for values in amounts.values() if all(values[p] is not None for p in rows)]
        if not known:
            return {}
        totals = [p for p, scope in found.items() if scope == "all" and all(v[p] is not None for v in known)]
        levels = self._levels(lines)
        table = Levels(
            [Entry(p, tuple(int(values[p] * 100) for values in known), *levels[p]) for p in rows],
            {tuple(int(values[p] * 100) for values in known) for p in totals},
        )
        told = table.totals()
        if table.doubtful:
            self._refuse_sum(table.doubtful[0], levels, known)
        line = self.raw.lines.to_pylist()
        return {
            total.row: f"department_code={total.code}"
            if total.code
            else f"lines={line[total.parts[0]]}-{line[total.parts[-1]]}"
            for total in told
        }

    def _levels(self, lines: _Lines) -> list[tuple[tuple[object, ...], str, str]]:
        """Of each row the level on which it may be a sum (project or department, and what else it is), code, name."""
        context = [name for name in self._dataset.identity if name not in {"department_code", "project_code"}]
        nothing: list[Any] = [None] * len(self.raw)
        said = [lines.read[name].values.to_pylist() if name in lines.read else nothing for name in context]
        names = ("department_code", "department_name", "project_code", "project_name")
        departments, units, codes, projects = (self._names(lines, name) for name in names)
        return [
            (("project", *more), codes[p], projects[p])
            if codes[p] or projects[p]
            else (("department", *more), departments[p], units[p])
            for p, more in enumerate(zip(*said, strict=True))
        ]

    def _refuse_sum(
        self, doubtful: Total, levels: list[tuple[tuple[object, ...], str, str]], known: list[list[Decimal]]
    ) -> None:
        _, code, name = levels[doubtful.row]
        place = self.raw.lines
        amount = max((values[doubtful.row] for values in known), key=abs)
        parts = f"{place[doubtful.parts[0]].as_py()}-{place[doubtful.parts[-1]].as_py()}"
        raise FileRefused(
            "row-is-sum-of-others",
            found=f"{name or code} {amount:,}",
            expected=parts,
            sheet=self._table._sheet,
            line=place[doubtful.row].as_py(),
            remedy=f"If it is their total, label it 合计 or 小计: it then counts 0, not {amount:,} a second time. "
            "If it is a row of its own, add a 合计 row that includes it.",
            remedy_zh=f"若为合计行请标明“合计”或“小计”，否则将重复计入 {amount:,} 元；若为独立数据，请加合计行。",
        )

    def group_and_leaves(self, group: Group) -> tuple[_Lines, pa.Array]:
        """What a group reads, and its leaves."""
        lines = self.lines(group)
        return lines, self.leaves(lines, self.labelled(lines))

    def leaves(self, lines: _Lines, labelled: Collection[int]) -> pa.Array:
        """The positions of rows that are neither totals by their labels nor without a line in this group."""
        if not labelled and not lines.absent:
            return pa.array(np.arange(len(self.raw)))
        others = [p for p in range(len(self.raw)) if p not in labelled and p not in lines.absent]
        return pa.array(others, pa.int64())

    def labelled(self, lines: _Lines) -> dict[int, str]:
        """Position → scope of the rows that are totals by their labels."""
        found: dict[int, str] = {}
        grouped = {header.index for headers in lines.group.columns.values() for header in headers}
        labels = [
            header
            for header in self._recognised.headers
            if header.meaning is None or (header.index in grouped and _is_label(header.column))
        ]
        codes = [
            header for header in labels if header.column and header.column.kind is Kind.CODE and header.column.pattern
        ]
        for header in labels:
            for position, text in self._total_words(header):
                scope = self._scope(header, text)
                if not scope or position in found:
                    continue
                is_bare = is_total_word(text, self._table.total_words) or is_comparison(text)
                if is_bare or not self._has_code(position, codes, header):
                    found[position] = self._scope_of_its_own(position, lines, header, scope)
        return found

    def _scope_of_its_own(self, position: int, lines: _Lines, label: Header, scope: str) -> str:
        """The scope of a total in whose row a department (or fund type …) stands: perhaps the total of those only.

        What the label's own column and its code say does not count: 000000 合计 is no department.
        """
        if scope == "part":
            return scope
        own = label.column.name if label.column else ""
        stated = []
        for name in self._dataset.identity:
            column = self._dataset[name]
            if own in (name, column.name_column) or column.kind not in {Kind.CODE, Kind.TEXT}:
                continue
            for said in (name, column.name_column):
                value = lines.read[said].values[position].as_py() if said and said in lines.read else None
                if value is not None:
                    stated.append(f"{said}={value}")
                    break
        return "|".join([";".join(["all", *stated]), *dict.fromkeys(("block", scope))]) if stated else scope

    def _scope(self, header: Header, text: str) -> str | None:
        scope = total_scope(text, self._table.total_words)
        names = header.column is not None and header.column.name in _OWNER
        return scope or ("part" if names and is_comparison(text) else None)

    def _total_words(self, header: Header) -> list[tuple[int, str]]:
        """Positions and texts of cells that may be total words."""
        texts, further = self.cells(header), self._table.total_words
        if texts.is_plain:
            return []
        if texts.is_varied and not further:
            hits = pc.indices_nonzero(pc.match_substring_regex(texts.strings, SUSPECT))
        else:
            distinct = texts.encoded.dictionary
            words = (
                range(len(distinct))
                if further
                else pc.indices_nonzero(pc.match_substring_regex(distinct, SUSPECT)).to_pylist()
            )
            words = [word for word in words if self._scope(header, distinct[word].as_py())]
            if not words:
                return []
            hits = pc.indices_nonzero(pc.is_in(texts.encoded.indices, pa.array(words, texts.encoded.indices.type)))
        return [(position, texts.strings[position].as_py()) for position in hits.to_pylist()]

    def _has_code(self, position: int, codes: Sequence[Header], label: Header) -> bool:
        for header in codes:
            text = self.cells(header).strings[position].as_py()
            is_whole = header.meaning is not None and header.meaning.part is None
            if not text or header is label or header.column is None or not is_whole:
                continue
            if cells.parse_code(text, header.column).value is not None:
                return True
        return False


class _Survey:
    """What the rows of a table tell about each other, group by group; all are noted, and then added if need be."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._parents: dict[Constants, Parents] = {}
        self._items: dict[Constants, tuple[list[str | None], list[int]]] = {}
        self._outline: dict[Constants, dict[int, str]] = {}

    @property
    def may_have_parents(self) -> bool:
        """Whether a code that was noted may have children."""
        return any(self._parents.values())

    def note(self, reading: _Reading, lines: _Lines, leaves: pa.Array) -> None:
        """Notes the numbered items and the possible parents of some rows."""
        constants = lines.group.constants
        self._parents.setdefault(constants, Parents(self._dataset)).note(lines.read, leaves)
        if OUTLINED in lines.read:
            labels, numbers = self._items.setdefault(constants, ([], []))
            labels += lines.read[OUTLINED].values.take(leaves).to_pylist()
            numbers += reading.raw.lines.take(leaves).to_pylist()

    def add(self, lines: _Lines, leaves: pa.Array) -> None:
        """Notes the children among some rows."""
        self._parents[lines.group.constants].add(lines.read, leaves)

    def finish(self) -> None:
        """Says that all rows are known."""
        self._outline = {constants: outline_parents(*items) for constants, items in self._items.items()}

    def parents(self, reading: _Reading, lines: _Lines, leaves: pa.Array) -> dict[int, str]:
        """Position → scope of the parents among some rows of a group."""
        parents = self._parents.get(lines.group.constants)
        found = parents.among(lines.read, leaves) if parents else {}
        if outline := self._outline.get(lines.group.constants):
            numbers = zip(leaves.to_pylist(), reading.raw.lines.take(leaves).to_pylist(), strict=True)
            found |= {position: outline[line] for position, line in numbers if line in outline}
        return found


def blank_lines_without_end(found: int, most: int, sheet: str) -> FileRefused:
    """The refusal of a table that has more lines that hold nothing than ``most``: ``found`` when reading ended."""
    return FileRefused(
        "file-too-large",
        found=f"{found:,} blank lines and perhaps more 空行（或更多）",
        expected=f"{most:,}",
        sheet=sheet,
        remedy="Delete the blank lines and deliver the file again.",
        remedy_zh="请删除空行后重新报送。",
    )


def looks_like_money(column: pa.Array) -> pa.Array:
    """Which cells of a column without a known header look like money: not page numbers, not years."""
    return pc.fill_null(pc.match_substring_regex(column, _MONEY), False)


def _last_day(year: int, month: int) -> date:
    return date(year, month, calendar.monthrange(year, month)[1])


def _is_label(column: Column | None) -> bool:
    return (
        column is not None
        and column.kind in {Kind.TEXT, Kind.CODE}
        and not column.names_persons
        and not column.is_free_text
    )


def _scopes(lines: _Lines, positions: npt.NDArray[np.int64]) -> pa.Array:
    """The scope of each row: null unless it is a total.

    It comes with what its group states: of a wide table, a total sums its own group only.
    """
    if not lines.totals:
        return pa.nulls(len(positions), pa.string())
    stated = [f"{name}={value}" for name, value in lines.group.constants]
    scopes = [
        "|".join(";".join([claim, *stated]) for claim in scope.split("|"))
        if (scope := lines.totals.get(position)) is not None
        else None
        for position in positions.tolist()
    ]
    return pa.array(scopes, pa.string())


def _without_persons(texts: pa.Array, column: Column) -> pa.Array:
    """The cells of a column beside personal ones: a row shifted by one would name a person in it."""
    is_shown = pc.match_substring_regex(texts, _SHOWN_TEXT if column.kind is Kind.TEXT else _SHOWN_VALUE)
    return pc.if_else(is_shown, texts, MASK)


def _without_numbers_at(texts: pa.Array, is_faulty: pa.Array) -> pa.Array:
    """The cells without personal numbers where an amount or a date could not be read: a text may have slipped in."""
    return pc.replace_with_mask(texts, is_faulty, column_without_numbers(texts.filter(is_faulty)))


def _among(positions: pa.Array, some: Iterable[int]) -> pa.Array:
    """Which of the positions are some of these."""
    return pc.is_in(positions, value_set=pa.array(list(some), positions.type))


def _flags(positions: Any, length: int) -> pa.Array:
    flags = np.zeros(length, dtype=bool)
    flags[list(positions)] = True
    return pa.array(flags)


def _spellings(lines: _Lines, column: Column, length: int) -> pa.Array:
    """The names as delivered, where they were spelt in another way."""
    delivered = next(
        (read.delivered for name, read in lines.read.items() if column.name == f"{name}_as_delivered"), None
    )
    return pa.nulls(length, pa.string()) if delivered is None else pc.dictionary_encode(delivered)


def _constant(value: Any, column: Column, length: int) -> pa.Array:
    """A value in every row, as a column whose values repeat."""
    values = pa.DictionaryArray.from_arrays(
        pa.array(np.zeros(length, dtype=np.int32)), pa.array([value], ARROW_TYPES[column.kind])
    )
    return values if pa.types.is_string(values.dictionary.type) else decoded(values)


def _sum_of(groups: Sequence[pa.ChunkedArray]) -> pa.ChunkedArray:
    """What an amount column of the groups of a wide table sums to, row by row; unknown where it is so in all."""
    total = groups[0]
    for part in groups[1:]:
        both = pc.add(total, part).cast(total.type)
        total = pc.coalesce(both, total, part)
    return total


def _negated(amounts: pa.Array) -> pa.Array:
    return pc.negate(amounts).cast(amounts.type)


def _reversed(amounts: pa.Array, positions: Collection[int]) -> pa.Array:
    """The amounts with those at some positions negative: money that came back."""
    negative = pc.negate(pc.abs(amounts)).cast(amounts.type)
    return pc.if_else(_flags(positions, len(amounts)), negative, amounts)


def _coalesce(first: ReadColumn, second: ReadColumn) -> ReadColumn:
    """The first reading where it has a value or a fault, else the second."""
    values = pc.coalesce(first.values, second.values)
    if first.faulty:
        values = pc.if_else(_flags(first.faulty, len(values)), first.values, values)
    told = set(first.faulty)
    result = ReadColumn(values, list(first.faulty), list(first.faults), first.names)
    for position, fault in zip(second.faulty, second.faults, strict=True):
        if position not in told and not first.values[position].is_valid:
            result.faulty.append(position)
            result.faults.append(fault)
    if second.names is not None:
        result.names = second.names if first.names is None else pc.coalesce(first.names, second.names)
    if first.delivered is not None or second.delivered is not None:
        spellings = [
            pa.nulls(len(values), pa.string()) if r.delivered is None else r.delivered for r in (first, second)
        ]
        result.delivered = pc.if_else(pc.is_valid(first.values), *spellings)
    return result


def _added(first: ReadColumn, second: ReadColumn) -> ReadColumn:
    """The sum of two amounts that mean the same (调减 and 追减 of one row); unknown only where both are."""
    zero = pa.scalar(Decimal("0.00"), first.values.type)
    total = pc.add(pc.coalesce(first.values, zero), pc.coalesce(second.values, zero)).cast(first.values.type)
    is_told = pc.or_(pc.is_valid(first.values), pc.is_valid(second.values))
    values = pc.if_else(is_told, total, pa.scalar(None, first.values.type))
    return ReadColumn(values, [*first.faulty, *second.faulty], [*first.faults, *second.faults])


def _unique(names: Sequence[str]) -> list[str]:
    seen: dict[str, int] = {}
    unique = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        unique.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return unique
