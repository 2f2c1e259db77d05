"""The ``reports`` commands: what they print of published documents.

Does not belong here: how a document is read or written (``pipelines.documents``), how it is compared (``sql/rules``).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from pipelines.commands.tables import format_table
from pipelines.documents.model import DocumentRefused, Figure, Reading, Status
from pipelines.documents.read import read_document, read_figures
from pipelines.settings import Settings

MEASURES_ZH = {
    "initial_budget": "年初预算",
    "adjustment": "预算调整",
    "full_year_budget": "全年预算",
    "executed": "执行数",
    "received": "收入数",
    "amount": "金额",
    "execution_rate": "执行率",
    "completion_of_initial": "完成年初预算",
    "net_adjustment_rate": "预算调整率",
    "allocation_rate": "分配率",
    "yoy_amount": "同比增减额",
    "yoy_rate": "同比增幅",
    "share": "占比",
    "lag_pp": "与进度之差",
    "score": "得分",
    "grade": "等级",
}
STATUS_ZH = {"proven": "已印证", "single": "单独", "contradicted": "自相矛盾", "unread": "未读"}


def read_and_print(settings: Settings, document: Path | None, *, as_json: bool, strict: bool) -> int:
    """Prints the figures of one document; returns the exit code."""
    del settings
    if document is None:
        raise click.UsageError("give --document FILE | 请给出 --document")
    try:
        reading = read_figures(read_document(document.name, document.read_bytes()))
    except DocumentRefused as refusal:
        raise click.ClickException(
            f"{document}: found {refusal.found}; {refusal.remedy}. 无法读取：{refusal.remedy_zh}。"
        ) from None
    unread = sum(figure.status is Status.UNREAD for figure in reading.figures)
    if as_json:
        click.echo(json.dumps([as_record(figure) for figure in reading.figures], ensure_ascii=False))
    else:
        print_reading(reading)
    return 1 if strict and unread else 0


def as_record(figure: Figure) -> dict[str, Any]:
    """A figure for programs; a field that does not apply is null, a value is a text with the decimals printed."""
    place = figure.place
    return {
        "subject": figure.subject,
        "measure": figure.measure,
        "value": str(figure.value),
        "unit": figure.unit,
        "status": figure.status,
        "fiscal_year": figure.fiscal_year,
        "page": place.page,
        "paragraph": place.paragraph,
        "start": place.start,
        "end": place.end,
        "table": place.table,
        "row": place.row,
        "column": place.column,
        "section": figure.section,
        "sentence": figure.sentence,
        "reading": figure.reading,
    }


def print_reading(reading: Reading) -> None:
    """Figures, what was passed over, and the ledger of numbers."""
    rows = [
        (
            _place(figure),
            figure.subject,
            MEASURES_ZH.get(figure.measure or "", "–"),
            f"{figure.value}{figure.unit}",
            STATUS_ZH[figure.status],
        )
        for figure in reading.figures
    ]
    click.echo(format_table(("位置\nplace", "事项\nsubject", "指标\nmeasure", "数值\nvalue", "状态\nstatus"), rows))
    for passed in reading.passed_over:
        click.echo(f"  未计 passed over: {passed.text} ({passed.reason})")
    unread = sum(figure.status is Status.UNREAD for figure in reading.figures)
    click.echo(
        f"共 {reading.tokens} 个数字：采用 {len(reading.figures) - unread}，未计 {len(reading.passed_over)}，"
        f"未读 {unread}。 {reading.tokens} numbers: {len(reading.figures) - unread} figures, "
        f"{len(reading.passed_over)} passed over, {unread} unread."
    )


def _place(figure: Figure) -> str:
    place = figure.place
    if place.table:
        return f"{place.page}页 表{place.table} 行{place.row} 列{place.column}"
    return f"{place.page}页 段{place.paragraph}"
