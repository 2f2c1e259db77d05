"""The bulletin workbook 预算执行情况通报 of one district and year.

Every cell is a value: the workbook holds no formula of its own, and a text from data is written as a text that stays
one when it is edited. An amount in 万元 is the exact amount in yuan divided by 10,000, shown with two decimals.
Does not belong here: what is shown (content), and any figure that is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from operator import itemgetter
from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format

from pipelines.contracts.figures import Figure, definition, value_labels
from pipelines.contracts.model import Column, Kind
from pipelines.contracts.reference_tables import WARNING_LEVELS
from pipelines.reports.content import Content, Table
from pipelines.reports.sections import COMPLETENESS
from pipelines.reports.sheets import DataSheet, open_workbook

_HIGHEST_ROW = 405
_TEN_THOUSAND = Decimal(10_000)
_AMOUNTS = (Kind.AMOUNT, Kind.SUM)
_UNKNOWN, _NOT_APPLICABLE = "未知", "–"
_YES_NO = {True: "是", False: "否"}
_FIRST_DAY = date(1899, 12, 30)
"""The day 0 of a sheet."""

_BARS = 30
"""Departments that the chart of the overview shows."""

_BODY = 3
"""The first row of a table, counted from 0, below title, date and head."""

_BODY_FONT, _HEAD_FONT = "宋体", "黑体"
_LEVEL_COLORS = {"red": ("#FBD5D2", "#9C1C14"), "orange": ("#FFE0C7", "#8F3C00"), "yellow": ("#FFF2C4", "#6B4F00")}
_NUMBER_FORMATS = {
    Kind.AMOUNT: "#,##0.00;[Red]-#,##0.00",
    Kind.SUM: "#,##0.00;[Red]-#,##0.00",
    Kind.PERCENT: "0.00%",
    Kind.RATIO: "0.00%",
    Kind.INTEGER: "0",
    Kind.FINDING_VALUE: "#,##0.00####",
    Kind.DATE: "yyyy-mm-dd",
}
_POINTS_FORMAT = "0.00;[Red]-0.00"


@dataclass(frozen=True, slots=True)
class _Sheet:
    """One table as a sheet: its name, the columns shown, whether amounts stand in 万元, and columns kept in view."""

    section: str
    name: str
    columns: tuple[str, ...]
    in_ten_thousands: bool = True
    frozen: int = 2


@dataclass(frozen=True, slots=True)
class _Cells:
    """How a column's values become cells, worked out once for all its rows: numbers, dates or texts, never a formula.

    Amounts and percentages are moved by ``places`` decimal places. ``missing`` stands for what is unknown.
    """

    is_number: bool
    is_date: bool
    places: int
    labels: dict[Any, str]
    number: Format
    text: Format
    missing: str | None
    missing_format: Format

    def shown(self, value: Any) -> Any:
        """The number or text that a value is shown as; None stays None."""
        if value is None:
            return None
        if not self.is_number:
            return self.labels.get(value) or str(value)
        if self.is_date:
            return (value - _FIRST_DAY).days
        return value.scaleb(self.places) if self.places else value

    def column(self, sheet: DataSheet, position: int, line: int, values: Iterable[Any]) -> list[str]:
        """The cells of these values, one below the other from row ``line`` on; a decimal may be its text."""
        if self.missing is None:
            missing = sheet.blank_end(self.text)
        else:
            missing = sheet.text_end(self.missing, self.missing_format)
        if self.labels or self.is_date:
            values = map(self.shown, values)
        if self.is_number:
            return sheet.number_cells(position, line, values, self.number, missing=missing, places=self.places)
        return sheet.text_cells(position, line, values, self.text, missing=missing)

    def write(self, sheet: DataSheet, line: int, position: int, value: Any) -> None:
        """Writes one value into a sheet that is not a table."""
        match self.shown(value):
            case None:
                sheet.write_string(line, position, self.missing or "", self.missing_format)
            case str() as text:
                sheet.write_string(line, position, text, self.text)
            case number:
                sheet.write_number(line, position, number, self.number)


_WHO = ("department_code", "department_name")
_SUBJECT = ("figure_level", "department_name", "project_name")
_PLACE = ("source_path", "source_sheet", "source_line")
_NOT_PRINTED = {*_PLACE, "rule_id", "rule_ids"}
_RATES = ("execution_rate_pct", "net_adjustment_rate_pct")
_STATUSES = ("execution_status", "adjustment_status")
_MONEY = ("initial_budget_amount", "net_adjustment_amount", "full_year_budget_amount", "executed_amount")

_SHEETS = (
    _Sheet(
        "watch",
        "项目跟踪",
        (
            "department_name",
            "project_name",
            "watch_reasons_zh",
            "full_year_budget_amount",
            "executed_amount",
            "execution_rate_pct",
            "uncontracted_amount",
            "projected_executed_amount",
            "projected_lowest_amount",
            "projected_highest_amount",
            "projection_basis",
            "proposed_adjustment_amount",
            "listed_since",
            "watch_change",
            "proposed_adjustment_change_amount",
            "handling_state",
            "handled_on",
            "handling_note",
        ),
    ),
    _Sheet(
        "warning",
        "预警",
        (
            "warning_level",
            "figure_level",
            "department_name",
            "project_name",
            "warning_amount",
            "evidence_zh",
            "as_of_date",
        ),
        frozen=1,
    ),
    _Sheet(
        "department",
        "部门排名",
        (
            "execution_rank",
            *_WHO,
            "warning_level",
            *_MONEY,
            "unspent_amount",
            "execution_rate_pct",
            "gap_to_progress_points",
            "gap_to_average_points",
            "net_adjustment_rate_pct",
            "gross_adjustment_rate_pct",
            *_STATUSES,
            "source_grain",
            *COMPLETENESS,
        ),
        frozen=3,
    ),
    _Sheet(
        "project",
        "项目执行",
        (
            "department_name",
            "project_code",
            "project_name",
            "warning_level",
            "project_kind",
            *_MONEY,
            "unspent_amount",
            *_RATES,
            "adjustment_count",
            *_STATUSES,
            *COMPLETENESS,
        ),
        frozen=3,
    ),
    _Sheet(
        "fund_type",
        "按资金性质",
        (*_WHO, "fund_type_name", *_MONEY, "unspent_amount", *_RATES, *_STATUSES, *COMPLETENESS),
    ),
    _Sheet(
        "nature",
        "按支出性质",
        (*_WHO, "expenditure_nature", *_MONEY, "unspent_amount", *_RATES, *_STATUSES, *COMPLETENESS),
    ),
    _Sheet(
        "month",
        "逐月执行",
        (
            *_WHO,
            "month",
            "full_year_budget_amount",
            "month_executed_amount",
            "cumulative_executed_amount",
            "execution_rate_pct",
            "time_progress_pct",
            "gap_to_progress_points",
            "gap_to_progress_amount",
            "as_of_date",
            *COMPLETENESS,
        ),
    ),
    _Sheet(
        "adjustment",
        "调整情况",
        (
            "warning_level",
            "department_name",
            "project_name",
            "adjustment_date",
            "batch_number",
            "adjustment_kind",
            "adjustment_amount",
            "adjustment_reason",
            "is_exempt",
            "project_adjustment_count",
            "project_net_adjustment_amount",
            "net_adjustment_rate_pct",
            "gross_adjustment_rate_pct",
            *_PLACE,
        ),
        in_ten_thousands=False,
        frozen=3,
    ),
    _Sheet(
        "carryover",
        "结转结余",
        (
            *_SUBJECT,
            "carried_over_amount",
            "taken_back_amount",
            "full_year_budget_amount",
            "executed_amount",
            "unspent_amount",
            "carryover_rate_pct",
            "carryover_increase_amount",
            "next_year_carried_over_amount",
            "carryover_chain_difference",
            "last_quarter_share_pct",
            "november_december_share_pct",
        ),
        frozen=3,
    ),
    _Sheet(
        "year_over_year",
        "年度同比",
        (
            *_SUBJECT,
            "comparison_status",
            "same_period_date",
            "same_period_full_year_budget_amount",
            "full_year_budget_amount",
            "full_year_budget_change_pct",
            "same_period_executed_amount",
            "executed_amount",
            "executed_change_amount",
            "executed_change_pct",
            "same_period_execution_rate_pct",
            "execution_rate_pct",
            "execution_rate_change_points",
            "last_year_executed_amount",
            "last_year_execution_rate_pct",
        ),
        frozen=3,
    ),
    _Sheet(
        "control_number",
        "控制数建议",
        (
            *_WHO,
            "proposal_year",
            "last_control_amount",
            "executed_amount",
            "one_off_executed_amount",
            "spent_carryover_amount",
            "proposed_amount",
            "proposed_change_amount",
            "proposed_change_pct",
            "carryover_increase_amount",
            "alternative_proposed_amount",
            "alternative_change_amount",
            "proposal_status",
        ),
    ),
    _Sheet(
        "self_evaluation",
        "绩效自评",
        (
            *_SUBJECT,
            "initial_budget_amount",
            "full_year_budget_amount",
            "executed_amount",
            "maximum_points",
            "execution_rate_pct",
            "execution_points",
            "execution_grade",
            "published_score",
            "execution_status",
            "excellent_project_count",
            "good_project_count",
            "fair_project_count",
            "poor_project_count",
        ),
        frozen=3,
    ),
    _Sheet(
        "published_report",
        "公布核对",
        (
            "document_path",
            "page_number",
            "printed_subject",
            "published_measure",
            "printed_value",
            "computed_amount",
            "computed_rate",
            "reconciliation_status",
            "statement_status",
            "printed_sentence",
        ),
        in_ten_thousands=False,
        frozen=1,
    ),
    _Sheet(
        "finding",
        "数据问题",
        ("severity", "finding_key", "message_zh", "source_value", "target_value", "difference", *_PLACE, "rule_id"),
        in_ten_thousands=False,
        frozen=1,
    ),
    _Sheet(
        "rejected_row",
        "未计入行",
        ("dataset", "department_name", "project_name", "money", "messages_zh", *_PLACE, "rule_ids"),
        in_ten_thousands=False,
        frozen=1,
    ),
    _Sheet(
        "source_file",
        "来源文件",
        (
            "source_path",
            "source_sheet",
            "dataset",
            "file_outcome",
            "rows_read",
            "rows_accepted",
            "rows_rejected",
            "rows_duplicate",
            "rows_subtotal",
            "money_read",
            "money_accepted",
            "money_rejected",
            "money_duplicate",
        ),
        in_ten_thousands=False,
        frozen=1,
    ),
)

_ALWAYS = ("watch", "warning", "department", "project", "adjustment", "carryover")
"""Tables that have a sheet even where there is nothing in them."""

_OVERVIEW = (
    "full_year_budget_amount",
    "executed_amount",
    "unspent_amount",
    "execution_rate_pct",
    "time_progress_pct",
    "gap_to_progress_points",
    "initial_budget_amount",
    "net_adjustment_amount",
    "net_adjustment_rate_pct",
    "adjustment_count",
)


def write_workbook(content: Content, path: Path) -> None:
    """Writes the workbook to ``path``; the same content gives the same bytes."""
    with open_workbook(path) as workbook:
        _Bulletin(workbook, content).write()


class _Bulletin:
    """The workbook while it is written."""

    def __init__(self, workbook: xlsxwriter.Workbook, content: Content) -> None:
        self.workbook = workbook
        self.content = content
        self.title = f"{content.whose} {content.fiscal_year}年度预算执行情况通报"
        self.levels = dict(WARNING_LEVELS)
        self._formats: dict[tuple[tuple[str, Any], ...], Format] = {}
        paths = {row["source_file_id"]: row["source_path"] for row in content.source_files.records()}
        self.paths: dict[str | None, str | None] = {**paths, None: None}

    def write(self) -> None:
        """All sheets; the overview comes first and refers to the others."""
        finished_at = self.content.build["finished_at"] or datetime(1980, 1, 1, tzinfo=UTC)
        self.workbook.set_properties({"title": self.title, "created": finished_at.replace(tzinfo=None)})
        self.workbook.set_size(2400, 1400)
        overview = self.workbook.add_worksheet("概览")
        tables = {**self.content.sections, self.content.source_files.name: self.content.source_files}
        shown: dict[str, Column | Figure] = {}
        for sheet in _SHEETS:
            table = tables[sheet.section]
            if table.rows or sheet.section in _ALWAYS:
                columns = self._columns(sheet, table)
                self._table_sheet(sheet, table, columns)
                shown |= {column.name: column for column in columns}
        self._notes(shown)
        self._overview(overview)

    # Formats ---------------------------------------------------------------------------------------------------

    def format(self, **properties: Any) -> Format:
        """A cell format, made once for its properties."""
        key = tuple(sorted(properties.items()))
        if key not in self._formats:
            usual = {"font_name": _BODY_FONT, "font_size": 10, "valign": "vcenter"}
            self._formats[key] = self.workbook.add_format({**usual, **properties})
        return self._formats[key]

    @cached_property
    def head_format(self) -> Format:
        """Format of column heads."""
        return self.format(
            font_name=_HEAD_FONT, bg_color="#DCE6F1", border=1, border_color="#9FB2C6", text_wrap=True, align="center"
        )

    def _text_format(self, **properties: Any) -> Format:
        """A text stays a text when somebody edits its cell: what begins with = does not become a formula."""
        return self.format(border=1, border_color="#C9D2DB", quote_prefix=True, **properties)

    def _cells(self, column: Column | Figure, *, in_ten_thousands: bool, bold: bool = False) -> _Cells:
        """How the cells of a column are written, worked out once for all its rows."""
        places = 0
        if column.kind in _AMOUNTS and in_ten_thousands:
            places = -4
        elif column.kind is Kind.PERCENT and not _is_points(column):
            places = -2
        number = _POINTS_FORMAT if _is_points(column) else _NUMBER_FORMATS.get(column.kind, "General")
        usual = {"text_wrap": True} if column.kind is Kind.TEXT else {"align": "center"}
        is_number = column.kind in _NUMBER_FORMATS
        missing = None
        if is_number and not bold:
            missing = _UNKNOWN if column.kind in _AMOUNTS else _NOT_APPLICABLE
        elif column.kind is Kind.FLAG:
            missing = _UNKNOWN
        return _Cells(
            is_number,
            column.kind is Kind.DATE,
            places,
            _YES_NO if column.kind is Kind.FLAG else dict(value_labels(column.name)),
            self.format(border=1, border_color="#C9D2DB", num_format=number, bold=bold, align="right"),
            self._text_format(bold=bold, **usual),
            missing,
            self._text_format(align="right", font_color="#808A94"),
        )

    # Sheets ----------------------------------------------------------------------------------------------------

    def _prepare(self, sheet: DataSheet, columns: int, unit: str, remark: str = "") -> None:
        """Title, date and unit above the head, and how the sheet prints: A4 landscape, heads on every page."""
        last = max(columns - 1, 1)
        sheet.merge_range(
            0, 0, 0, last, self.title, self.format(font_name=_HEAD_FONT, font_size=16, bold=True, align="center")
        )
        sheet.set_row(0, 28)
        as_of = self.content.as_of_date
        when = f"数据截至 {as_of.isoformat() if as_of else _UNKNOWN}"
        if remark:
            sheet.write_string(1, 0, f"{when}　{remark}", self.format(font_color="#9C1C14"))
        else:
            sheet.write_string(1, 0, when, self.format())
        sheet.write_string(1, last, unit, self.format(align="right"))
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.set_margins(left=0.4, right=0.4, top=0.6, bottom=0.6)
        sheet.repeat_rows(0, _BODY - 1)
        sheet.hide_gridlines(2)
        sheet.set_footer(f"&L&9{self.title.replace('&', '&&')}&C&9第 &P 页，共 &N 页&R&9&A")

    def _unranked_remark(self) -> str:
        """How many departments have no rank."""
        rows = self.content.sections["department"].records()
        unranked = sum(row["execution_rank"] is None for row in rows)
        return f"{unranked}个部门未参与排名和平均：执行率未知、预算为零或数字不完整" if unranked else ""

    def _watch_remark(self) -> str:
        """What the watch cannot see, and what its projection rests on."""
        basis = self.content.sections["watch_basis"].records()
        if not basis:
            return "本年度已结束，不再跟踪"
        row = basis[0]
        words = []
        if unseen := row["unseen_columns"]:
            labels = "、".join(f"“{definition(name).label_zh}”" for name in unseen.split("; "))
            words.append(f"项目库未填报{labels}列，相应情况无法跟踪")
        if row["tested_fiscal_year"]:
            words.append(
                f"预计依据上年同期；{row['tested_fiscal_year']}年6月末检验误差为预算的"
                f"{row['projection_error_pct']}%，上下限涵盖{row['bounds_coverage_pct']}%"
            )
        return "；".join(words)

    def _columns(self, sheet: _Sheet, table: Table) -> list[Column | Figure]:
        by_name = {column.name: column for column in table.columns}
        return [by_name.get(name) or definition(name) for name in sheet.columns]

    def _table_sheet(self, of: _Sheet, table: Table, columns: Sequence[Column | Figure]) -> None:
        sheet = self.workbook.add_worksheet(of.name)
        unit = "单位：万元" if of.in_ten_thousands else "单位：元"
        left = table.row_count - len(table.rows)
        remark = ""
        if of.section == "watch":
            remark = self._watch_remark()
        elif of.section == "department":
            remark = self._unranked_remark()
        remark = f"本表按重要程度列前 {len(table.rows):,} 行，另有 {left:,} 行见发布库" if left else remark
        # Where a row came from is for the screen: on paper it would make everything else too small to read.
        printed = 1 + max(at for at, column in enumerate(columns) if column.name not in _NOT_PRINTED)
        self._prepare(sheet, printed, unit, remark)
        for position, column in enumerate(columns):
            sheet.write_string(2, position, column.label_zh, self.head_format)
            sheet.set_column(position, position, _width(column, in_ten_thousands=of.in_ten_thousands))
        sheet.set_row(2, 44)
        sheet.freeze_panes(3, of.frozen)
        values = [self._values(table, column) for column in columns]
        if of.in_ten_thousands:
            values = [
                [text and in_ten_thousands(text) for text in found] if column.name == "evidence_zh" else found
                for column, found in zip(columns, values, strict=True)
            ]
        wrapped = [
            (found, _width(column, in_ten_thousands=of.in_ten_thousands))
            for column, found in zip(columns, values, strict=True)
            if column.kind is Kind.TEXT
        ]

        def cells(line: int, values: Iterable[Sequence[Any]], *, bold: bool) -> list[list[str]]:
            how = (self._cells(column, in_ten_thousands=of.in_ten_thousands, bold=bold) for column in columns)
            pairs = enumerate(zip(how, values, strict=True))
            return [cell.column(sheet, at, line, found) for at, (cell, found) in pairs]

        sheet.add_rows(_BODY, cells(_BODY, values, bold=False), _heights(len(table.rows), wrapped))
        last = _BODY + len(table.rows) - 1
        if not table.rows:
            sheet.write_string(_BODY, 0, "无", self.format())
            return
        sheet.autofilter(_BODY - 1, 0, last, len(columns) - 1)
        self._colour(sheet, columns, last)
        has_total = of.section == "department"
        sheet.print_area(0, 0, last + has_total, printed - 1)
        if has_total:
            total = {**self.content.totals, "department_name": "合计"}
            sheet.add_rows(last + 1, cells(last + 1, [[total.get(column.name)] for column in columns], bold=True))

    def _values(self, table: Table, column: Column | Figure) -> list[Any]:
        """A column of ``table``: a file's path stands for its id."""
        names = [own.name for own in table.columns]
        if column.name in names:
            return list(map(itemgetter(names.index(column.name)), table.rows))
        return [self.paths.get(file) for file in map(itemgetter(names.index("source_file_id")), table.rows)]

    def _colour(self, sheet: DataSheet, columns: Sequence[Column | Figure], last: int) -> None:
        """Warning levels in their colours, a bar behind every execution rate: both follow when the sheet is sorted."""
        for position, column in enumerate(columns):
            if column.name == "warning_level":
                for level, (background, ink) in _LEVEL_COLORS.items():
                    colours = self.workbook.add_format({"bg_color": background, "font_color": ink, "bold": True})
                    condition = {
                        "type": "cell",
                        "criteria": "==",
                        "value": f'"{self.levels[level]}"',
                        "format": colours,
                    }
                    sheet.conditional_format(3, position, last, position, condition)
            elif column.name == "execution_rate_pct":
                bar = {"type": "data_bar", "bar_color": "#8DB4E2", "bar_solid": True, "data_bar_2010": True}
                limits = {"min_type": "num", "min_value": 0, "max_type": "num", "max_value": 1}
                sheet.conditional_format(3, position, last, position, {**bar, **limits})

    def _overview(self, sheet: DataSheet) -> None:
        content = self.content
        self._prepare(sheet, 8, "单位：万元")
        for position, width in enumerate((24, 18, 30, 3, 14, 14, 14, 14)):
            sheet.set_column(position, position, width)
        for position, head in enumerate(("指标", "数值", "说明")):
            sheet.write_string(2, position, head, self.head_format)
        sheet.freeze_panes(3, 0)
        line = 2
        for name in _OVERVIEW:
            line += 1
            column = definition(name)
            known = content.totals.get(f"known_{name}")
            count = content.totals["department_count"]
            note = "" if known in (None, count) else f"{count} 个部门中 {known} 个有数据"
            sheet.write_string(line, 0, column.label_zh, self._text_format())
            self._cells(column, in_ten_thousands=True).write(sheet, line, 1, content.totals[name])
            sheet.write_string(line, 2, note, self._text_format())
        counts = [(label, content.warning_counts.get(level, 0)) for level, label in reversed(self.levels.items())]
        counts = [(f"{label}色预警" if len(label) == 1 else label, count) for label, count in counts]
        watch = content.sections["watch"]
        counts = [("跟踪项目", watch.row_count), *counts]
        counts += [
            ("数据问题", content.sections["finding"].row_count),
            ("未计入行", content.sections["rejected_row"].row_count),
        ]
        for label, count in counts:
            line += 1
            sheet.write_string(line, 0, label, self._text_format())
            sheet.write_number(line, 1, count, self.format(border=1, border_color="#C9D2DB", num_format="0"))
            sheet.write_string(line, 2, "项" if label != "未计入行" else "行", self._text_format())
        if content.district_year["is_held_back"]:
            version = content.district_year["accepted_version"]
            held = f"最近一次报送被暂缓发布，本通报为此前已接受的第 {version} 版数据。"
            sheet.write_string(line + 1, 0, held, self.format(font_color="#9C1C14"))
        line += 2
        sheet.merge_range(line, 0, line, 2, self._sentence(), self._text_format(text_wrap=True))
        sheet.set_row(line, 52)
        line += 2
        built = content.build
        words = f"发布批次 {built['build_id']}，系统版本 {built['program_version']}；算法见“指标说明”。"
        if not content.sections["year_over_year"].rows:
            words += "上年数据未报送，故无年度同比表。"
        sheet.write_string(line, 0, words, self.format(font_color="#51606F", font_size=9))
        self._ranking_chart(sheet)
        self._month_chart(sheet, line + 2)

    def _sentence(self) -> str:
        """The bulletin's first sentence, from the figures beside it."""
        content, totals = self.content, self.content.totals
        as_of = content.as_of_date
        when = f"截至{as_of.year}年{as_of.month}月{as_of.day}日，" if as_of else ""
        departments = content.sections["department"]
        one = len(departments.rows) == 1
        who = departments.records()[0]["department_name"] if one else f"{len(departments.rows)}个部门"
        if totals["execution_rate_pct"] is None:
            return f"{when}{who}的预算执行率未知。"
        budget, executed = (_in_ten_thousands(totals[f"{name}_amount"]) for name in ("full_year_budget", "executed"))
        sentence = f"{when}{who}全年预算{budget}万元，已执行{executed}万元，预算执行率{totals['execution_rate_pct']}%"
        if (gap := totals["gap_to_progress_points"]) is not None:
            sentence += f"，{'低于' if gap < 0 else '高于'}序时进度（{totals['time_progress_pct']}%）{abs(gap)}个百分点"
        return f"{sentence}。"

    def _ranking_chart(self, sheet: DataSheet) -> None:
        """Execution rates of the departments as bars, read from the ranking sheet."""
        ranked = [row for row in self.content.sections["department"].records() if row["execution_rate_pct"] is not None]
        if len(ranked) < 2:
            return
        shown = ranked[:_BARS]
        names = next(of.columns for of in _SHEETS if of.section == "department")
        last = _BODY + len(shown) - 1
        chart = self.workbook.add_chart({"type": "bar"})
        name_at, rate_at = names.index("department_name"), names.index("execution_rate_pct")
        chart.add_series(
            {
                "categories": ["部门排名", _BODY, name_at, last, name_at],
                "categories_data": [row["department_name"] or row["department_code"] for row in shown],
                "values": ["部门排名", _BODY, rate_at, last, rate_at],
                "values_data": [row["execution_rate_pct"].scaleb(-2) for row in shown],
                "fill": {"color": "#2F6DB0"},
                "gap": 45,
                "data_labels": {"value": True, "num_format": "0.00%", "font": {"size": 8}},
            }
        )
        chart.set_title({"name": definition("execution_rate").label_zh, "name_font": {"size": 11}})
        chart.set_legend({"none": True})
        chart.set_y_axis({"reverse": True, "num_font": {"size": 8}})
        chart.set_x_axis(
            {
                "label_position": "high",
                "num_format": "0%",
                "min": 0,
                "major_gridlines": {"visible": True, "line": {"color": "#E1E6EB"}},
            }
        )
        chart.set_size({"width": 460, "height": max(240, 60 + 22 * len(shown))})
        sheet.insert_chart(2, 4, chart)

    def _month_chart(self, sheet: DataSheet, line: int) -> None:
        """The district by month against time progress: the figures beside their chart."""
        months = self.content.sections["district_month"]
        if len(months.rows) < 2:
            return
        names = ("month", "group_execution_rate_pct", "time_progress_pct")
        columns = [definition(name) for name in names]
        for position, column in enumerate(columns):
            sheet.write_string(line, position, column.label_zh, self.head_format)
        for offset, record in enumerate(months.records(), start=1):
            for position, column in enumerate(columns):
                self._cells(column, in_ten_thousands=True).write(sheet, line + offset, position, record[column.name])
        chart = self.workbook.add_chart({"type": "line"})
        last = line + len(months.rows)
        for position, colour, dash in ((1, "#2F6DB0", "solid"), (2, "#8B98A5", "dash")):
            chart.add_series(
                {
                    "name": columns[position].label_zh,
                    "categories": ["概览", line + 1, 0, last, 0],
                    "values": ["概览", line + 1, position, last, position],
                    "line": {"color": colour, "width": 2, "dash_type": dash},
                }
            )
        chart.set_y_axis(
            {"num_format": "0%", "min": 0, "major_gridlines": {"visible": True, "line": {"color": "#E1E6EB"}}}
        )
        chart.set_legend({"position": "bottom"})
        chart.set_size({"width": 460, "height": 260})
        sheet.insert_chart(line, 4, chart)

    def _notes(self, shown: dict[str, Column | Figure]) -> None:
        """What each column means and how it is computed, in both languages, from its one definition."""
        sheet = self.workbook.add_worksheet("指标说明")
        heads = (("指标", 22), ("含义", 56), ("公式", 46), ("Column", 30), ("Meaning", 60))
        self._prepare(sheet, len(heads), "")
        for position, (head, width) in enumerate(heads):
            sheet.write_string(2, position, head, self.head_format)
            sheet.set_column(position, position, width)
        sheet.freeze_panes(3, 1)
        wrapped = self._text_format(text_wrap=True)
        for line, column in enumerate(shown.values(), start=3):
            texts = (column.label_zh, column.meaning_zh, _formula(column), column.name, column.meaning)
            for position, text in enumerate(texts):
                sheet.write_string(line, position, text, wrapped)
            (height,) = _heights(1, [([text], width) for text, (_, width) in zip(texts, heads, strict=True)])
            if height:
                sheet.set_row(line, height)


def _heights(count: int, columns: Iterable[tuple[Sequence[str | None], float]]) -> list[float | None]:
    """For ``count`` rows the height that their longest wrapped text needs, in points; None is the usual height.

    Columns are given as texts and width. Not every program makes a row fit by itself. A text is as wide as it has
    bytes in the Chinese national encoding: two for a Chinese character, one for a letter.
    """
    lines = [1] * count
    for texts, width in columns:
        fits, inside = width // 2, int(width)
        for row, text in enumerate(texts):
            if text and len(text) > fits:
                lines[row] = max(lines[row], -(-len(text.encode("gb18030", "replace")) // inside))
    return [min(15 * needed, _HIGHEST_ROW) if needed > 1 else None for needed in lines]


def in_ten_thousands(text: str) -> str:
    """A sentence with its amounts in 万元 instead of 元."""
    return re.sub(
        r"(-?[\d,]+\.\d\d)元", lambda found: f"{_in_ten_thousands(Decimal(found[1].replace(',', '')))}万元", text
    )


def _in_ten_thousands(amount: Decimal) -> str:
    """Yuan as 万元 with two decimals, rounded half up once."""
    return f"{(amount / _TEN_THOUSAND).quantize(Decimal('0.01'), ROUND_HALF_UP):,}"


def _formula(column: Column | Figure) -> str:
    """The formula with Chinese labels for names; what follows a semicolon is a remark that the meaning has too."""
    if not isinstance(column, Figure):
        return ""

    def label(found: re.Match[str]) -> str:
        try:
            return definition(found[0]).label_zh
        except KeyError:
            return found[0]

    return re.sub(r"[a-z_]{4,}", label, column.formula.partition(";")[0])


def _is_points(column: Column | Figure) -> bool:
    """Whether a figure with two decimals counts points (a difference of percentages, a score) and is no share."""
    return column.kind is Kind.PERCENT and isinstance(column, Figure) and column.unit_name != "percent"


_WIDTHS = {
    "message_zh": 52,
    "messages_zh": 52,
    "evidence_zh": 52,
    "watch_reasons_zh": 34,
    "handling_note": 24,
    "source_path": 30,
    "finding_key": 26,
    "department_name": 22,
    "project_name": 30,
    "adjustment_reason": 22,
    "project_code": 23,
    "warning_rule": 18,
    "rule_id": 30,
    "rule_ids": 30,
}


def _width(column: Column | Figure, *, in_ten_thousands: bool) -> float:
    """Width of a column in characters: narrow enough that a sheet stays readable on A4."""
    if column.kind in _AMOUNTS:
        return 11.5 if in_ten_thousands else 16
    return _WIDTHS.get(column.name, {Kind.DATE: 11, Kind.TEXT: 14, Kind.FINDING_VALUE: 16}.get(column.kind, 9.5))
