"""A year's payments in twelve monthly files, streamed, with planted dirt where it is asked for.

Dirt never touches a true row, except that a restated month is first delivered with some wrong amounts: bad cells and
orphans are further rows with voucher numbers of their own, duplicates are further copies in the next month's file.
What is true of the district therefore stays true. Does not belong here: what a payment is (``district``).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.demo.district import DemoYear
from pipelines.demo.draws import Integers
from pipelines.demo.files import SheetColumn, TextFile, Workbook, decimal_texts, joined_lines, texts
from pipelines.demo.names import ECONOMY_CODES, FUND_TYPES, PURPOSES

_PAYMENTS_AT_A_TIME = 200_000
_MONTHS_WITH_BOM = (1, 6, 9)
WORKBOOK_MONTH = 3
"""The month that is delivered as a workbook in 万元 where the year is small; it is never dirty."""
_MOST_PAYMENTS_FOR_A_WORKBOOK = 400_000
_PER = 1_000_000
_DAY = 86_400
"""Seconds: a month was written a day before what restates it."""

HEADER = (
    "支付凭证号",
    "支付日期",
    "预算单位编码",
    "项目编码",
    "项目名称",
    "支出功能分类科目代码",
    "部门支出经济分类代码",
    "政府支出经济分类代码",
    "资金性质代码",
    "实际支付金额",
    "用途",
    "收款人全称",
    "收款人账号",
    "开户银行",
)
_VOUCHER, _DATE, _PROJECT, _FUNCTION, _ECONOMY, _FUND, _AMOUNT = range(7)
"""Positions among the pieces that a line is joined from; some pieces hold several cells."""

_SHEET_COLUMNS = tuple(
    SheetColumn(header, width=width)
    for header, width in (
        ("凭证编号", 20),
        ("实际支付日期", 12),
        ("单位代码", 12),
        ("项目代码", 24),
        ("功能科目编码", 14),
        ("部门经济分类", 14),
        ("资金性质", 22),
        ("实付金额", 16),
        ("摘要", 20),
        ("收款人名称", 18),
        ("收款账号", 22),
    )
)


@dataclass(frozen=True, slots=True)
class Dirt:
    """How much dirt the payments carry, as shares of the true rows; ``restated_month`` is 1 … 12 or None."""

    bad_cells: float = 0.005
    duplicates: float = 0.002
    orphans: float = 0.001
    restated_month: int | None = 5
    restated_rows: float = 0.01

    def __post_init__(self) -> None:
        shares = (self.bad_cells, self.duplicates, self.orphans, self.restated_rows)
        if min(shares) < 0 or sum(shares[:3]) > 1 or shares[3] > 1:
            raise ValueError(f"shares of dirt must lie between 0 and 1 and add up to at most 1, found {shares}")
        if self.restated_month is not None and self.restated_month not in range(1, 13):
            raise ValueError(f"restated_month must be 1 … 12 or None, found {self.restated_month}")
        if self.restated_month == WORKBOOK_MONTH:
            raise ValueError(f"month {WORKBOOK_MONTH} may be a workbook and cannot be restated; choose another")


@dataclass(frozen=True, slots=True)
class PlantedRow:
    """One dirty row: file below the raw directory, line, what it is, the rule that must find it, and its yuan.

    ``what`` is ``bad_cell``, ``duplicate``, ``orphan`` or ``superseded``; ``rule_id`` is empty where no rule is
    concerned; ``amount`` is None where the amount itself cannot be read.
    """

    relative_path: str
    line: int
    what: str
    rule_id: str
    amount: Decimal | None


class ProjectKeys(NamedTuple):
    """What names a project in every export."""

    department_code: str
    code: str
    name: str
    function_code: str


@dataclass(frozen=True, slots=True)
class PaymentFile:
    """One written month: path, month, number of rows (all of them, dirty ones too), whether it restates a month."""

    path: Path
    month: int
    rows: int
    restatement: bool = False


class _Role(IntEnum):
    TRUE = 0
    BAD_CELL = 1
    DUPLICATE = 2
    ORPHAN = 3


_BAD_CELLS = (
    (_AMOUNT, "12O.50", "amount-not-readable"),
    (_AMOUNT, "10.005", "amount-not-whole-cents"),
    (_AMOUNT, "", "required-value-missing"),
    (_DATE, "{year}-02-30", "date-not-readable"),
    (_DATE, "{next_year}-01-03", "payment-date-is-in-its-fiscal-year"),
    (_VOUCHER, "", "required-value-missing"),
    (_FUNCTION, "2O10301", "code-has-wrong-shape"),
    (_FUND, "999", "value-not-in-list"),
    (_PROJECT, "9.99999E+20", "code-in-scientific-notation"),
)
"""Bad cells: which piece, what stands there, the rule that sets the row aside."""


class PaymentExport:
    """Writes one year's payments below ``directory``; ``files`` and ``planted`` tell afterwards what was written."""

    def __init__(self, year: DemoYear, projects: list[ProjectKeys], directory: Path, dirt: Dirt | None):
        self.files: list[PaymentFile] = []
        self.planted: list[PlantedRow] = []
        self._year = year
        self._dirt = dirt
        self._directory = directory
        self._projects = projects
        self._project_pieces = texts(",".join(project[:3]) for project in projects)
        self._functions = texts(project.function_code for project in projects)
        self._economies = texts(f"{code},{government}" for code, _, government in ECONOMY_CODES)
        self._funds = texts(code for code, _ in FUND_TYPES)
        self._dates = texts(year.date_of(day).isoformat() for day in range(int(year.month_lengths.sum())))
        self._payees = max(50, year.size.payments // 20)
        small = year.size.payments <= _MOST_PAYMENTS_FOR_A_WORKBOOK
        self._workbook_month = WORKBOOK_MONTH if small else None
        self._workbook_rows: list[list[object]] = []
        self._workbook_cents = 0

    def write(self) -> None:
        """Write all months; memory stays that of one chunk of lines (and of the small workbook)."""
        with ExitStack() as stack:
            self._months = {
                month: stack.enter_context(
                    TextFile(
                        self._path(month, "csv"),
                        HEADER,
                        encoding="utf-8-sig" if month in _MONTHS_WITH_BOM else "utf-8",
                    )
                )
                for month in range(1, 13)
                if month != self._workbook_month
            }
            self._restatement = None
            if self._dirt and self._dirt.restated_month:
                path = self._path(self._dirt.restated_month, "csv", "_更正")
                self._restatement = stack.enter_context(TextFile(path, HEADER))
            for first, last in self._chunks():
                self._write_lines(first, last)
        self.files = [PaymentFile(file.path, month, file.rows) for month, file in self._months.items()]
        if self._workbook_month:
            self.files.append(self._write_workbook(self._workbook_month))
        if self._restatement and self._dirt and self._dirt.restated_month:
            file = self._restatement
            before = self._months[self._dirt.restated_month].path
            written = before.stat().st_mtime - _DAY
            os.utime(before, (written, written))
            self.files.append(PaymentFile(file.path, self._dirt.restated_month, file.rows, restatement=True))

    def _path(self, month: int, suffix: str, addition: str = "") -> Path:
        return self._directory / f"国库集中支付明细_{self._year.fiscal_year}{month:02d}{addition}.{suffix}"

    def _chunks(self) -> Iterator[tuple[int, int]]:
        """Ranges of budget lines with about ``_PAYMENTS_AT_A_TIME`` payments each."""
        until = np.cumsum(self._year.line_payments)
        first = 0
        while first < len(until):
            paid_before = int(until[first - 1]) if first else 0
            last = int(np.searchsorted(until, paid_before + _PAYMENTS_AT_A_TIME, side="right"))
            yield first, max(last, first + 1)
            first = max(last, first + 1)

    def _write_lines(self, first: int, last: int) -> None:
        line, day, cents = self._year.payments_of(first, last)
        index = int(self._year.line_payments[:first].sum()) + np.arange(len(line), dtype=np.int64)
        month = 1 + np.searchsorted(np.cumsum(self._year.month_lengths), day, side="right")
        take, role = self._with_dirty_rows(index, month)
        # Each dirty row follows the true row that it imitates; a copy stands in the file of the month after.
        file_month = month[take] + (role == _Role.DUPLICATE)
        order = np.lexsort((role, take, file_month))
        take, role, month = take[order], role[order], file_month[order]
        line, day, cents, index = line[take], day[take], cents[take], index[take]
        pieces = self._pieces(line, day, index)
        bad_cell = self._spoil(pieces, index, role, line)
        delivered = self._delivered_cents(cents, index, month, role)
        pieces[_AMOUNT] = decimal_texts(delivered)
        for number, (piece, text, _) in enumerate(_BAD_CELLS):
            if piece == _AMOUNT and (bad_cell == number).any():
                pieces[_AMOUNT] = pc.if_else(bad_cell == number, text, pieces[_AMOUNT])
        lines = joined_lines(pieces, "\n")
        bounds = np.searchsorted(month, np.arange(1, 14))
        for number, file in self._months.items():
            part = slice(bounds[number - 1], bounds[number])
            self._record(file, role[part], bad_cell[part], cents[part], delivered[part])
            file.write_lines(lines[part])
        if self._workbook_month:
            part = slice(bounds[self._workbook_month - 1], bounds[self._workbook_month])
            self._collect_for_workbook(line[part], day[part], cents[part], index[part])
        if self._restatement and self._dirt:
            rows = np.flatnonzero((month == self._dirt.restated_month) & (role == _Role.TRUE))
            pieces = [piece if isinstance(piece, str) else piece.take(pa.array(rows)) for piece in pieces]
            pieces[_AMOUNT] = decimal_texts(cents[rows])
            self._restatement.write_columns(pieces)

    def _with_dirty_rows(self, index: Integers, month: Integers) -> tuple[Integers, Integers]:
        """Positions of rows to write, true rows once and dirty ones behind, and the role of each."""
        rows = np.arange(len(index), dtype=np.int64)
        role = np.zeros(len(index), dtype=np.int64)
        if self._dirt is None:
            return rows, role
        chance = self._year.draws.below("dirt", index, _PER)
        shares = (self._dirt.bad_cells, self._dirt.duplicates, self._dirt.orphans)
        limits = np.cumsum([round(share * _PER) for share in shares])
        extra = np.searchsorted(limits, chance, side="right") + 1
        plant = (extra <= len(shares)) & (month != WORKBOOK_MONTH)
        # A copy of a row that is restated would be superseded and a duplicate at once; an orphan would be withdrawn.
        plant &= ~(np.isin(extra, (_Role.DUPLICATE, _Role.ORPHAN)) & (month == self._dirt.restated_month))
        # Nor is there a copy in the workbook's file, or in one that is delivered again whole.
        without_copies = [number for number in (13, WORKBOOK_MONTH, self._dirt.restated_month) if number]
        plant &= ~((extra == _Role.DUPLICATE) & np.isin(month + 1, without_copies))
        return np.concatenate([rows, rows[plant]]), np.concatenate([role, extra[plant]])

    def _pieces(self, line: Integers, day: Integers, index: Integers) -> list[Any]:
        """The pieces of each CSV line, clean."""
        year = self._year
        project = year.line_project[line]
        payee, is_person = self._payee(line, index)
        return [
            self._vouchers(index),
            self._dates.take(pa.array(day)),
            self._project_pieces.take(pa.array(project)),
            self._functions.take(pa.array(project)),
            self._economies.take(pa.array(year.line_economy[line])),
            self._funds.take(pa.array(year.line_fund[line])),
            None,
            texts(PURPOSES).take(pa.array(year.draws.below("purpose", index, len(PURPOSES)))),
            pc.binary_join_element_wise(
                texts(("演示收款单位", "虚构职工")).take(pa.array(is_person)), pa.array(payee).cast(pa.string()), ""
            ),
            _account_texts(payee, is_person),
            "演示银行",
        ]

    def _payee(self, line: Integers, index: Integers) -> tuple[Integers, Integers]:
        """Number of the payee, and 1 where it is a person (personnel expenditure), else 0."""
        is_person = (self._year.project_kind[self._year.line_project[line]] == 0).astype(np.int64)
        return self._year.draws.below("payee", index, self._payees), is_person

    def _vouchers(self, index: Integers, prefix: str = "ZF") -> pa.StringArray:
        number = pa.array(self._year.fiscal_year * 1_000_000_000 + index).cast(pa.string())
        return pc.binary_join_element_wise(prefix, number, "")

    def _spoil(self, pieces: list[Any], index: Integers, role: Integers, line: Integers) -> Integers:
        """Turn dirty rows' pieces (but amounts) bad in place; returns the number of the bad cell or -1 for each row."""
        year = self._year
        bad_cell = np.full(len(index), -1, dtype=np.int64)
        own_voucher = np.isin(role, (_Role.BAD_CELL, _Role.ORPHAN))
        if not own_voucher.any():
            return bad_cell
        bad = role == _Role.BAD_CELL
        bad_cell[bad] = year.draws.below("bad cell", index[bad], len(_BAD_CELLS))
        pieces[_VOUCHER] = pc.if_else(own_voucher, self._vouchers(index, "YC"), pieces[_VOUCHER])
        orphan = role == _Role.ORPHAN
        division_and_year = f"{year.district_code}{year.fiscal_year % 100:02d}"
        unknown = [
            f"{self._projects[year.line_project[row]].department_code},{division_and_year}T9{number:011d},演示未入库项目"
            for row, number in zip(line[orphan].tolist(), index[orphan].tolist(), strict=True)
        ]
        pieces[_PROJECT] = pc.replace_with_mask(pieces[_PROJECT], orphan, texts(unknown))
        for number, (piece, text, _) in enumerate(_BAD_CELLS):
            rows = bad_cell == number
            if piece == _AMOUNT or not rows.any():
                continue
            cell = text.format(year=year.fiscal_year, next_year=year.fiscal_year + 1)
            if piece == _PROJECT:
                projects = [self._projects[year.line_project[row]] for row in line[rows].tolist()]
                spoilt = [f"{project.department_code},{cell},{project.name}" for project in projects]
                pieces[piece] = pc.replace_with_mask(pieces[piece], rows, texts(spoilt))
            else:
                pieces[piece] = pc.if_else(rows, cell, pieces[piece])
        return bad_cell

    def _delivered_cents(self, cents: Integers, index: Integers, month: Integers, role: Integers) -> Integers:
        """The amounts as first delivered: those of the restated month are partly wrong."""
        if self._dirt is None or self._dirt.restated_month is None:
            return cents
        chance = self._year.draws.below("restated", index, _PER)
        wrong = (month == self._dirt.restated_month) & (role == _Role.TRUE)
        wrong &= chance < round(self._dirt.restated_rows * _PER)
        return np.where(wrong, cents + 100 * (1 + self._year.draws.below("restated by", index, 5000)), cents)

    def _record(self, file: TextFile, role: Integers, bad_cell: Integers, cents: Integers, delivered: Integers) -> None:
        """Write down the planted rows of one part of a month, before it is written."""
        for position in np.flatnonzero((role != _Role.TRUE) | (cents != delivered)).tolist():
            amount: Decimal | None = Decimal(int(delivered[position])).scaleb(-2)
            what, rule_id = "superseded", ""
            if role[position]:
                what = _Role(int(role[position])).name.lower()
            if what == "orphan":
                rule_id = "payment-of-unknown-project"
            elif what == "bad_cell":
                piece, _, rule_id = _BAD_CELLS[bad_cell[position]]
                amount = None if piece == _AMOUNT else amount
            line = 2 + file.rows + position
            self.planted.append(PlantedRow(self._relative(file.path), line, what, rule_id, amount))

    def _relative(self, path: Path) -> str:
        return path.relative_to(self._directory.parent.parent).as_posix()

    def _collect_for_workbook(self, line: Integers, day: Integers, cents: Integers, index: Integers) -> None:
        year = self._year
        payee, is_person = self._payee(line, index)
        accounts = _account_texts(payee, is_person).to_pylist()
        purposes = year.draws.below("purpose", index, len(PURPOSES)).tolist()
        vouchers = self._vouchers(index).to_pylist()
        self._workbook_cents += int(cents.sum())
        for row, number in enumerate(line.tolist()):
            department_code, project_code, _, function_code = self._projects[year.line_project[number]]
            self._workbook_rows.append(
                [
                    vouchers[row],
                    year.date_of(int(day[row])),
                    department_code,
                    project_code,
                    function_code,
                    " ".join(ECONOMY_CODES[year.line_economy[number]][:2]),
                    FUND_TYPES[year.line_fund[number]][1],
                    int(cents[row]),
                    PURPOSES[purposes[row]].strip('"'),
                    f"{('演示收款单位', '虚构职工')[is_person[row]]}{payee[row]}",
                    accounts[row],
                ]
            )

    def _write_workbook(self, month: int) -> PaymentFile:
        path = self._path(month, "xlsx")
        amount = [column.header for column in _SHEET_COLUMNS].index("实付金额")
        total: list[object] = ["合计", *[None] * (len(_SHEET_COLUMNS) - 1)]
        total[amount] = self._workbook_cents
        with Workbook(path, wan=True) as workbook:
            workbook.add_sheet(
                f"{month}月",
                f"{self._year.fiscal_year}年{month}月国库集中支付明细（演示数据）",
                ("编制单位：演示区虚构财政局",),
                _SHEET_COLUMNS,
                rows=self._workbook_rows,
                total=total,
            )
        return PaymentFile(path, month, len(self._workbook_rows))


def _account_texts(payee: Integers, is_person: Integers) -> pa.StringArray:
    """Invented account numbers of 19 digits."""
    return pa.array(9_000_000_000_000_000_000 + 1_000_000_000 * is_person + payee).cast(pa.string())
