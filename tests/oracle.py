"""An independent answer to what the published tables must say: csv, openpyxl and Decimal, and nothing of the pipeline.

Reads the files that the demo writes (not any file an office might deliver) and computes every figure of
``summary.department_execution`` and ``summary.project_execution`` from the formulas of the published rules: sum first,
then divide once, half up from the exact fraction. Does not belong here: an import from ``pipelines``.
"""

from __future__ import annotations

import csv
import io
import re
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import openpyxl

Row = dict[str, Any]

EXEMPT_REASONS = ("国家政策", "不可抗力", "上级临时交办")
"""Reasons in the demo that do not count towards the gross adjustment rate (财预〔2013〕53号)."""

FIGURE_COLUMNS = (
    "initial_budget_amount",
    "increase_amount",
    "decrease_amount",
    "net_adjustment_amount",
    "adjustment_count",
    "full_year_budget_amount",
    "executed_amount",
    "unspent_amount",
    "execution_rate",
    "execution_rate_pct",
    "completion_rate_of_initial",
    "completion_rate_of_initial_pct",
    "net_adjustment_rate",
    "net_adjustment_rate_pct",
    "gross_adjustment_rate",
    "gross_adjustment_rate_pct",
    "execution_status",
    "adjustment_status",
    "source_grain",
    "as_of_date",
)
DEPARTMENT_COLUMNS = ("district_code", "fiscal_year", "department_code", "department_name", *FIGURE_COLUMNS)
PROJECT_COLUMNS = (
    *DEPARTMENT_COLUMNS[:4],
    "project_code",
    "project_name",
    "project_kind",
    "expenditure_nature",
    *FIGURE_COLUMNS,
)

_MONEY = {
    "年初批复数": "initial",
    "年初预算数": "initial",
    "预算调整数": "adjusted",
    "调整金额": "adjusted",
    "调剂金额": "reallocated",
    "变动后预算数": "full_year",
    "调整预算数": "full_year",
    "全年预算数": "full_year",
    "全年执行数": "executed",
    "执行数": "executed",
    "实际支付金额": "paid",
    "实付金额": "paid",
    "approve_amt": "approved",
    "carryovers_amt": "carried_over",
    "taken_back_amount": "taken_back",
}
_DATES = {
    "支付日期": "date",
    "实际支付日期": "date",
    "调整日期": "date",
    "截止日期": "as_of",
    "合同签订日期": "contract",
    "计划开始日期": "planned",
}
_TEXTS = {
    **dict.fromkeys(
        ("预算单位代码", "部门代码", "单位编码", "单位代码", "预算单位编码", "部门编码", "agency_code"), "department"
    ),
    **dict.fromkeys(("预算单位名称", "部门名称", "单位名称"), "department_name"),
    **dict.fromkeys(("项目代码", "项目编码", "pro_code"), "project"),
    **dict.fromkeys(("项目名称", "pro_name"), "project_name"),
    **dict.fromkeys(("支出功能分类科目代码", "功能分类科目编码", "功能科目编码", "exp_func_code"), "function"),
    **dict.fromkeys(("部门支出经济分类代码", "部门预算经济分类编码", "部门经济分类"), "economy"),
    **dict.fromkeys(("资金性质代码", "资金性质编码", "资金性质", "资金性质名称", "fund_type_code"), "fund"),
    **dict.fromkeys(("支付凭证号", "凭证编号"), "voucher"),
    "主管部门代码": "supervisor",
    "项目类别": "kind",
    "支出性质": "nature",
    "是否一次性项目": "one_off",
    "调整编号": "number",
    "调整批次号": "batch",
    "调整类型": "movement",
    "调整事由": "reason",
    "支出进度": "rate",
}
_DATASET_OF = (
    ("voucher", "payment"),
    ("movement", "budget_adjustment"),
    ("carried_over", "carryover"),
    ("reallocated", "annual_budget"),
    ("executed", "execution_statement"),
    ("one_off", "project"),
    ("supervisor", "department"),
)
"""The column that tells a dataset, asked in this order."""
_CODED = ("department", "function", "economy")
_KINDS = {"人员类": "1", "公用经费": "21", "其他运转类": "22", "特定目标类": "3"}
_NATURES = {"基本支出": "basic", "项目支出": "project"}
_UNIT_IN_HEADER = "（万元）"


def round_half_up(value: Fraction, places: int) -> Decimal:
    """The value with ``places`` places, halves away from zero."""
    scaled = abs(value) * 10**places
    digits = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return Decimal(digits if value >= 0 else -digits).scaleb(-places)


@dataclass
class Table:
    """One table of one file: its rows, and its own total row where it has one."""

    dataset: str
    path: Path
    rows: list[Row]
    total: Row | None = None


def read_tables(folder: Path, left_out: Collection[tuple[str, int]] = ()) -> Iterator[Table]:
    """Every table of the demo's files below ``folder``, without the CSV lines (file name, line) in ``left_out``."""
    for path in sorted(folder.iterdir()):
        if path.suffix == ".csv":
            header, *rows = csv.reader(io.StringIO(_text(path), newline=""))
            kept = [row for line, row in enumerate(rows, start=2) if (path.name, line) not in left_out]
            yield _table(path, header, kept, factor=1)
        elif path.suffix == ".xlsx":
            for sheet in openpyxl.load_workbook(path):
                yield _sheet(path, [list(row) for row in sheet.iter_rows(values_only=True)])


def _text(path: Path) -> str:
    raw = path.read_bytes()
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("gb18030")


def _sheet(path: Path, rows: list[list[Any]]) -> Table:
    (unit,) = (cell for cell in rows[1] if isinstance(cell, str) and cell.startswith("单位："))
    leaf = next(number for number, row in enumerate(rows) if any(cell in _MONEY for cell in row))
    header = [below or above for above, below in zip(rows[leaf - 1], rows[leaf], strict=True)]
    return _table(path, header, rows[leaf + 1 :], factor={"单位：元": 1, "单位：万元": 10_000}[unit])


def _table(path: Path, header: list[str], cells: list[list[Any]], factor: int) -> Table:
    rows = [_row(header, row, factor) for row in cells if not _is_total(row)]
    totals = [_row(header, row, factor) for row in cells if _is_total(row)]
    names = rows[0].keys() if rows else set()
    dataset = next((dataset for name, dataset in _DATASET_OF if name in names), "fund_type")
    return Table(dataset, path, rows, totals[0] if totals else None)


def _is_total(row: list[Any]) -> bool:
    return isinstance(row[0], str) and re.sub(r"\s", "", row[0]) == "合计"


def _row(header: list[str], cells: list[Any], factor: int) -> Row:
    row: Row = {}
    for name, cell in zip(header, cells, strict=True):
        plain = name.removesuffix(_UNIT_IN_HEADER)
        if plain in _MONEY:
            exact = None if cell in ("", None) else Decimal(str(cell)) * (10_000 if plain != name else factor)
            row[_MONEY[plain]] = exact
        elif name in _DATES:
            row[_DATES[name]] = _date(cell)
        elif name in _TEXTS:
            row[_TEXTS[name]] = cell
    for name in _CODED:
        if " " in (row.get(name) or ""):
            row[name], row[f"{name}_name"] = row[name].split(" ", 1)
    return row


def _date(cell: Any) -> date | None:
    if isinstance(cell, datetime):
        return cell.date()
    if not cell:
        return None
    return date.fromisoformat(cell)


@dataclass
class _Sums:
    """What belongs to one department or project."""

    initial: Decimal = Decimal(0)
    increase: Decimal = Decimal(0)
    decrease: Decimal = Decimal(0)
    counted: Decimal = Decimal(0)
    adjustments: int = 0
    executed: Decimal = Decimal(0)


def _rate(part: Decimal, whole: Decimal) -> tuple[Decimal | None, Decimal | None]:
    if whole == 0:
        return None, None
    quotient = Fraction(part) / Fraction(whole)
    return round_half_up(quotient, 6), round_half_up(quotient * 100, 2)


@dataclass
class DistrictYear:
    """The demo's files of one district and year, and the tables that must be published for them.

    ``left_out`` are the planted lines (file name, line) that must not count. A payment that was delivered again counts
    once.
    """

    folder: Path
    exempt_reasons: Collection[str] = EXEMPT_REASONS
    left_out: Collection[tuple[str, int]] = ()
    tables: list[Table] = field(init=False)

    def __post_init__(self) -> None:
        self.tables = list(read_tables(self.folder, self.left_out))
        self._departments = {row["department"]: row for row in self.rows("department")}
        self._projects = {row["project"]: row for row in self.rows("project")}
        events = [row["date"] for row in self.rows("payment") + self.rows("budget_adjustment")]
        self._as_of = max(events)

    def rows(self, dataset: str) -> list[Row]:
        """All rows of a dataset, over all its files, without total rows."""
        return [row for table in self.tables if table.dataset == dataset for row in table.rows]

    def department_execution(self) -> list[Row]:
        """The rows of ``summary.department_execution`` in order of department code."""
        sums = self._sums(by_project=False)
        codes = {self._supervisor(code) for code in self._departments}
        return [self._figures(self._department(code), sums[code]) for code in sorted(codes)]

    def project_execution(self) -> list[Row]:
        """The rows of ``summary.project_execution`` in order of department and project code."""
        sums = self._sums(by_project=True)
        rows = []
        for code, project in self._projects.items():
            keys = {
                **self._department(self._supervisor(project["department"])),
                "project_code": code,
                "project_name": project["project_name"],
                "project_kind": _KINDS[project["kind"]],
                "expenditure_nature": _NATURES[project["nature"]],
            }
            rows.append(self._figures(keys, sums[code]))
        return sorted(rows, key=lambda row: (row["department_code"], row["project_code"]))

    def _supervisor(self, code: str) -> str:
        return self._departments[code]["supervisor"] or code

    def _department(self, code: str) -> Row:
        return {
            "district_code": self.folder.parent.name,
            "fiscal_year": int(self.folder.name),
            "department_code": code,
            "department_name": self._departments[code]["department_name"],
        }

    def _sums(self, *, by_project: bool) -> dict[str, _Sums]:
        def key(row: Row) -> str:
            return row["project"] if by_project else self._supervisor(row["department"])

        sums: dict[str, _Sums] = defaultdict(_Sums)
        for row in self.rows("annual_budget"):
            sums[key(row)].initial += row["initial"]
        for row in self.rows("budget_adjustment"):
            item, amount = sums[key(row)], row["adjusted"]
            item.adjustments += 1
            item.increase += max(amount, Decimal(0))
            item.decrease += max(-amount, Decimal(0))
            item.counted += 0 if row["reason"] in self.exempt_reasons else abs(amount)
        for row in {row["voucher"]: row for row in self.rows("payment")}.values():
            sums[key(row)].executed += row["paid"]
        return sums

    def _figures(self, keys: Row, sums: _Sums) -> Row:
        net = sums.increase - sums.decrease
        full_year = sums.initial + net
        execution = _rate(sums.executed, full_year)
        completion = _rate(sums.executed, sums.initial)
        net_rate = _rate(net, sums.initial)
        gross_rate = _rate(sums.counted, sums.initial)
        return {
            **keys,
            "initial_budget_amount": sums.initial,
            "increase_amount": sums.increase,
            "decrease_amount": sums.decrease,
            "net_adjustment_amount": net,
            "adjustment_count": sums.adjustments,
            "full_year_budget_amount": full_year,
            "executed_amount": sums.executed,
            "unspent_amount": full_year - sums.executed,
            "execution_rate": execution[0],
            "execution_rate_pct": execution[1],
            "completion_rate_of_initial": completion[0],
            "completion_rate_of_initial_pct": completion[1],
            "net_adjustment_rate": net_rate[0],
            "net_adjustment_rate_pct": net_rate[1],
            "gross_adjustment_rate": gross_rate[0],
            "gross_adjustment_rate_pct": gross_rate[1],
            "execution_status": _execution_status(sums.executed, full_year),
            "adjustment_status": _adjustment_status(sums.initial, net),
            "source_grain": "detail",
            "as_of_date": self._as_of,
        }


def _execution_status(executed: Decimal, full_year: Decimal) -> str:
    if full_year < 0:
        return "negative_budget"
    if full_year == 0:
        return "spend_without_budget" if executed else "zero_budget"
    return "over_executed" if executed > full_year else "ok"


def _adjustment_status(initial: Decimal, net: Decimal) -> str:
    if initial < 0:
        return "negative_initial_budget"
    if initial == 0:
        return "new_in_year" if net > 0 else "zero_budget"
    return "fully_cut" if net == -initial else "ok"
