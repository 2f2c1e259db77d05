"""Once a week, to the people of each department: its watched projects, all of them, as a letter with a workbook.

A list is sent by the first night on or after its weekday and, where the mail server refuses it, by the next ones.
Does not belong here: which projects are watched (sql), the message about a night (``night_summary``).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from pipelines.operations.channels import Attachment, Message, plain
from pipelines.reports.watch_list import WatchList, watch_lists, write_watch_list
from pipelines.settings import Settings
from pipelines.warehouse.connect import NotPublishedError, WrittenIntoError, open_published

logger = logging.getLogger(__name__)

_ZH = {
    "title": "【项目跟踪】{district} {who} {year}年度：{count}个项目",
    "sum": "数据截至 {as_of}。可能全部或部分无法实施的项目 {count} 个，其中近七日新列入 {new} 个；",
    "proposed": "建议申请调整预算合计 {proposed} 元（其中 {unprojected} 个项目依据不足，未作预计）。",
    "project": "{number}. {name}（{code}）：{reasons}。全年预算 {full_year_budget_amount}，已执行 {executed_amount}，",
    "projected": "预计年末执行 {projected_executed_amount}，建议调整 {proposed_adjustment_amount}；{listed_since} 列入",
    "end": "处理情况请在 reference 文件夹的 project_watch_handling.csv 中填写。",
    "reasons": "watch_reasons_zh",
    "yuan": "{:,.2f} 元",
    "unknown": "未知",
}
_EN = {
    "title": "[district finance] watch list of {district} {who} {year}: {count} projects",
    "sum": "As of {as_of}: {count} projects may not be carried out, wholly or in part, {new} of them new this week; ",
    "proposed": "proposed for adjustment: {proposed} yuan ({unprojected} projects without a projection).",
    "project": "{number}. {name} ({code}): {reasons}. Budget {full_year_budget_amount}, executed {executed_amount}, ",
    "projected": "projected {projected_executed_amount}, adjust by {proposed_adjustment_amount}; since {listed_since}",
    "end": "Note what is done about them in project_watch_handling.csv in the reference folder.",
    "reasons": "watch_reasons",
    "yuan": "{:,.2f} yuan",
    "unknown": "unknown",
}
_AMOUNTS = ("full_year_budget_amount", "executed_amount", "projected_executed_amount", "proposed_adjustment_amount")


def due_week(settings: Settings) -> str | None:
    """The week (``2026-W49``) whose lists are due today; None before its weekday."""
    year, week, weekday = settings.local_date(datetime.now(UTC)).isocalendar()
    return f"{year}-W{week:02d}" if weekday >= settings.notifications.watch_list_weekday else None


def watch_list_messages(settings: Settings, department: str) -> list[Message]:
    """The messages for ``department``, as settings name it (``440103/019001``): one for each unfinished year.

    Nothing where nothing is published, or the department is not.
    """
    district_code, _, named = department.partition("/")
    try:
        with open_published(settings.database) as connection:
            lists = watch_lists(connection, district_code, named)
    except (NotPublishedError, WrittenIntoError, OSError, duckdb.Error) as error:
        logger.warning("the watch list of %s could not be read: %s", department, error)
        return []
    if not lists:
        logger.warning(
            "%s: no department of this code or name is published for a year that is not finished", department
        )
    today = settings.local_date(datetime.now(UTC))
    return [_message(found, settings, today) for found in lists]


def _message(found: WatchList, settings: Settings, today: date) -> Message:
    words = _ZH if settings.notifications.language == "zh" else _EN
    proposed = [project["proposed_adjustment_amount"] for project in found.projects]
    facts = {
        "district": settings.district_names.get(found.district_code, found.district_code),
        "who": plain(found.department_name or found.department_code or ""),
        "year": found.fiscal_year,
        "count": len(found.projects),
        "as_of": found.as_of_date or words["unknown"],
        "new": sum(project["listed_since"] > today - timedelta(days=7) for project in found.projects),
        "proposed": f"{sum((amount for amount in proposed if amount is not None), Decimal(0)):,.2f}",
        "unprojected": sum(amount is None for amount in proposed),
    }
    lines = [(words["sum"] + words["proposed"]).format(**facts), *_projects(found, words), words["end"]]
    attachments = (_workbook(found),) if found.projects else ()
    return Message(words["title"].format(**facts), "\n".join(lines), attachments=attachments)


def _projects(found: WatchList, words: dict[str, str]) -> Iterator[str]:
    """A line for each project, in the order of the page."""
    for number, project in enumerate(found.projects, 1):
        amounts = {
            name: words["unknown"] if project[name] is None else words["yuan"].format(project[name])
            for name in _AMOUNTS
        }
        yield (words["project"] + words["projected"]).format(
            number=number,
            name=plain(project["project_name"] or project["project_code"] or ""),
            code=plain(project["project_code"] or ""),
            reasons=plain(project[words["reasons"]] or ""),
            listed_since=project["listed_since"],
            **amounts,
        )


def _workbook(found: WatchList) -> Attachment:
    name = f"项目跟踪清单-{found.district_code}-{found.fiscal_year}.xlsx"
    with TemporaryDirectory() as directory:
        path = Path(directory) / "list.xlsx"
        write_watch_list(found, path)
        return Attachment(name, path.read_bytes())
