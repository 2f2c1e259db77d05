"""The monthly bulletin (通报) of a district: totals, the same period, who is behind, where money is left, and talks.

Figures are published ones as they are, except that departments are summed into the district's; a sum of which one is
unknown is unknown. Does not belong here: what a fact is and how it is printed (``report``), the workbook and the page
of the nightly bulletin (``pipelines.reports``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

from pipelines.documents.model import DEPARTMENT, Measure
from pipelines.documents.write.publication import NothingToWriteError, address_of, called, publication
from pipelines.documents.write.report import (
    Fact,
    Grid,
    Line,
    Missing,
    Outline,
    Piece,
    Report,
    explain_command,
    incomplete,
    money,
    query_command,
    total,
)

WHOLE = "全区各部门"
"""The district's departments together."""

_CENT = Decimal("0.01")
_LARGEST = 3
_MONTHLY = "summary.department_execution_monthly"
_RANKING = "summary.execution_ranking"
_YEARS = "summary.year_over_year_monthly"


OUTLINE: Outline = (
    Line(("一、总体情况",), 1),
    "总体情况",
    "与上年同期相比",
    Line(("二、支出进度较慢的部门",), 1),
    "支出进度较慢的部门",
    Line(("三、剩余资金较多且支出较慢的部门",), 1),
    "剩余资金较多的部门",
    Line(("四、约谈名单",), 1),
    "约谈名单",
    "附表",
)


def bulletin(database: Path, district: str, year: int, month: int | None = None, name: str | None = None) -> Report:
    """The bulletin of a district up to a month, by default the last one; ``name`` is the district's.

    Raises:
        NotPublishedError: there is no published database.
        NothingToWriteError: nothing is published for that month.
    """
    with publication(database, district, year) as published:
        build_id = published.build_id
        months = [row["month"] for row in published.rows(_MONTHLY)]
        chosen = month or max(months, default=0)
        of_month = ("month = ?", chosen)
        rows = published.rows(_MONTHLY, *of_month, order="department_key")
        ranking = published.rows(
            _RANKING,
            "figure_level = 'department' and month = ?",
            chosen,
            order="execution_rank nulls last, department_key",
        )
        before = published.rows(_YEARS, *of_month, order="department_key")
        late = published.rows(
            "summary.execution_warning",
            "figure_level = 'department' and warning_rule = 'behind-time-progress'"
            " and warning_level in ('orange', 'red')",
            order="department_key",
        )
    if not rows:
        known = "、".join(map(str, sorted(set(months)))) or "–"
        raise NothingToWriteError(
            f"{district}/{year}: no departments in month {month}; expected one of: {known}. 该月没有部门支出数据。"
        )
    keys = {"district_code": district, "fiscal_year": year, "month": chosen}
    period = f"1—{chosen}月" if chosen > 1 else "1月"
    is_last = chosen == max(months)
    district_name = name or district
    return Report(
        f"{district_name}{year}年{period}部门预算支出进度通报",
        build_id,
        {
            "总体情况": [Line(_whole(rows, ranking, keys))],
            "与上年同期相比": [Line(_same_period(before, keys))],
            "支出进度较慢的部门": [Line(_behind(ranking, keys, flag, of)) for flag, of in _YARDSTICKS if ranking],
            "剩余资金较多的部门": [Line(_large(ranking, keys))],
            "约谈名单": [_talks(ranking, {row["department_key"] for row in late} if is_last else None)],
            "附表": [_annex(rows, ranking)],
        },
        {"区划": (district_name,), "年度": (str(year),), "月份": (str(chosen),), "期间": (period,)},
    )


_YARDSTICKS = (("is_below_average", "平均进度"), ("is_below_time_progress", "序时进度"))
_PERCENTAGES = {"平均进度": "group_execution_rate_pct", "序时进度": "time_progress_pct"}


def _points(subject: str, value: Decimal, source: str, *, is_plain: bool = False) -> Fact:
    return Fact(subject, Measure.LAG, value, "pp", source, is_plain=is_plain)


def _percent(subject: str, measure: Measure, value: Decimal, source: str) -> Fact:
    return Fact(subject, measure, value, "%", source)


def _rate_of(executed: Decimal | None, budget: Decimal | None) -> Decimal | None:
    """Executed over budget in percent, half up; None where unknown or of nothing."""
    if executed is None or not budget:
        return None
    return (executed / budget * 100).quantize(_CENT, ROUND_HALF_UP)


def _whole(
    rows: Sequence[dict[str, Any]], ranking: Sequence[dict[str, Any]], keys: dict[str, Any]
) -> tuple[Piece, ...]:
    source = query_command(_MONTHLY, **keys)
    summed = {column: total(rows, column) for column in ("full_year_budget_amount", "cumulative_executed_amount")}
    pieces: list[Piece] = [f"截至{keys['month']}月底，{WHOLE}全年预算数"]
    pieces.append(money(WHOLE, Measure.FULL_YEAR_BUDGET, summed, "full_year_budget_amount", source))
    pieces.append("，累计支出")
    pieces.append(money(WHOLE, Measure.EXECUTED, summed, "cumulative_executed_amount", source))
    rate = _rate_of(summed["cumulative_executed_amount"], summed["full_year_budget_amount"])
    if rate is not None:
        pieces += ["，支出进度", _percent(WHOLE, Measure.EXECUTION_RATE, rate, source)]
        progress = next((row["time_progress_pct"] for row in ranking if row["time_progress_pct"] is not None), None)
        if progress is not None and rate != progress:
            pieces += ["，高于" if rate > progress else "，低于", "序时进度", _points(WHOLE, rate - progress, source)]
    return (*pieces, "。", *incomplete(rows))


def _same_period(rows: Sequence[dict[str, Any]], keys: dict[str, Any]) -> tuple[Piece, ...]:
    """What all departments spent more or less than in the same period of last year, and by how much of it."""
    source = query_command(_YEARS, **keys)
    now, then = total(rows, "cumulative_executed_amount"), total(rows, "same_period_cumulative_executed_amount")
    if not rows or now is None or then is None:
        return ("与上年同期相比：", Missing(WHOLE, "上年同期累计支出数"), "。")
    change = {"executed_amount": now - then}
    amount = money(WHOLE, Measure.YOY_AMOUNT, change, "executed_amount", source)
    pieces: list[Piece] = [f"{WHOLE}支出比上年同期", "增加" if now >= then else "减少", amount]
    if growth := _rate_of(now - then, then):
        fact = _percent(WHOLE, Measure.YOY_RATE, growth, source)
        pieces += ["，增长" if growth > 0 else "，下降", fact]
    return (*pieces, "。")


def _behind(ranking: Sequence[dict[str, Any]], keys: dict[str, Any], flag: str, of: str) -> tuple[Piece, ...]:
    """The departments below a yardstick, the slowest last, each with its rate."""
    behind = [row for row in ranking if row[flag]]
    if not behind:
        return (f"没有部门支出进度低于{of}。",)
    yardstick = behind[0][_PERCENTAGES[of]]
    source = query_command(_RANKING, figure_level="department", **keys)
    pieces: list[Piece] = [f"支出进度低于{of}（", _percent(of, Measure.EXECUTION_RATE, yardstick, source)]
    pieces.append(f"）的部门有{len(behind)}个：")
    for number, row in enumerate(behind):
        pieces += ["、" if number else "", called(row, "department"), "（", _rate_in(row), "）"]
    return (*pieces, "。")


def _rate_in(row: dict[str, Any]) -> Fact:
    source = explain_command(address_of(row), "execution_rate_pct")
    return _percent(called(row, "department"), Measure.EXECUTION_RATE, row["execution_rate_pct"], source)


def _large(ranking: Sequence[dict[str, Any]], keys: dict[str, Any]) -> tuple[Piece, ...]:
    """The slow departments in which most of what is left lies, with their share of it."""
    source = query_command(_RANKING, figure_level="department", **keys)
    slow = [row for row in ranking if row["is_below_average"] and row["share_of_unspent_pct"] is not None]
    slow.sort(key=lambda row: row["share_of_unspent_pct"], reverse=True)
    pieces: list[Piece] = []
    for row in slow[:_LARGEST]:
        name = called(row, "department")
        left = money(name, Measure.AMOUNT, row, "unspent_amount", source)
        share = _percent(name, Measure.SHARE, row["share_of_unspent_pct"], source)
        pieces += ["；" if pieces else "", f"{name}剩余资金", left, "，占全部剩余资金的", share]
    return (*pieces, "。") if pieces else ("没有支出进度低于平均且有剩余资金的部门。",)


def _talks(ranking: Iterable[dict[str, Any]], late: set[str] | None) -> Line | Grid:
    """Whom to talk to: departments with an orange or red warning of being behind; known for the last month only."""
    if late is None:
        return Line(("〔缺：以前月份的预警，约谈名单只能按最近月份生成〕",))
    rows = [row for row in ranking if row["department_key"] in late and row["execution_rate_pct"] is not None]
    if not rows:
        return Line(("本月没有达到橙色或红色预警的部门。",))
    cells: list[tuple[Piece, ...]] = [
        (called(row, "department"), _rate_in(row), _gap(row), "〔请填写〕") for row in rows
    ]
    return Grid(
        "拟约谈部门（落后于序时进度的橙色、红色预警）", ("部门", "支出进度", "比序时进度", "约谈时间"), tuple(cells)
    )


def _gap(row: dict[str, Any]) -> Piece:
    if row["gap_to_progress_points"] is None:
        return ""
    source = query_command(_RANKING, district_code=row["district_code"], fiscal_year=row["fiscal_year"])
    return _points(called(row, "department"), row["gap_to_progress_points"], source, is_plain=True)


def _annex(rows: Sequence[dict[str, Any]], ranking: Sequence[dict[str, Any]]) -> Grid:
    """Every department by rank: budget, executed, rate, distance from the yardstick; and all together."""

    def amount(subject: str, measure: Measure, row: dict[str, Any], column: str, source: str) -> Piece:
        fact = money(subject, measure, row, column, source)
        if isinstance(fact, Missing):
            return fact
        return Fact(fact.subject, fact.measure, fact.value, fact.unit, fact.source, is_plain=True)

    cells: list[tuple[Piece, ...]] = []
    for row in ranking:
        name, address = called(row, "department"), address_of(row)
        rank = str(row["execution_rank"] or "–")
        mark = "" if row["is_complete"] is True else "（不完整）"
        cells.append(
            (
                rank,
                f"{name}{mark}",
                amount(
                    name,
                    Measure.FULL_YEAR_BUDGET,
                    row,
                    "full_year_budget_amount",
                    explain_command(address, "full_year_budget_amount"),
                ),
                amount(name, Measure.EXECUTED, row, "executed_amount", explain_command(address, "executed_amount")),
                _rate_in(row) if row["execution_rate_pct"] is not None else "",
                _gap(row) if row["execution_rate_pct"] is not None else "",
            )
        )
    first = rows[0]
    source = query_command(
        _MONTHLY, district_code=first["district_code"], fiscal_year=first["fiscal_year"], month=first["month"]
    )
    budget, executed = total(rows, "full_year_budget_amount"), total(rows, "cumulative_executed_amount")
    summed = {"full_year_budget_amount": budget, "executed_amount": executed}
    rate = _rate_of(executed, budget)
    cells.append(
        (
            "",
            "合计",
            amount(DEPARTMENT, Measure.FULL_YEAR_BUDGET, summed, "full_year_budget_amount", source),
            amount(DEPARTMENT, Measure.EXECUTED, summed, "executed_amount", source),
            _percent(DEPARTMENT, Measure.EXECUTION_RATE, rate, source) if rate is not None else "",
            "",
        )
    )
    headers = ("排名", "部门", "全年预算数", "累计支出数", "支出进度", "比序时进度")
    return Grid("附表：各部门预算支出进度表", headers, tuple(cells))
