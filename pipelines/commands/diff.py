"""The ``diff`` command: what changed between two publications, as tables to read or as JSON.

Does not belong here: how it is found out (``pipelines.warehouse.differences``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import click

from pipelines.commands.tables import Number, format_table
from pipelines.contracts.figures import definition
from pipelines.reports.result_files import as_json
from pipelines.settings import Settings
from pipelines.warehouse.connect import NotPublishedError
from pipelines.warehouse.differences import Cause, Difference, FigureChange, NoSuchBuildError, compare_publications

_CHANGES = {"added": "新增", "removed": "减少", "restated": "更正"}
_LEVELS = {"department": "部门 Departments", "project": "项目 Projects"}


def compare_and_print(settings: Settings, before: str | None, after: str | None, rows: int, output_format: str) -> None:
    """Prints the difference; raises ``click.ClickException`` where there is nothing to compare."""
    try:
        difference = compare_publications(settings, before, after)
    except (NotPublishedError, NoSuchBuildError) as error:
        raise click.ClickException(str(error)) from None
    if output_format == "json":
        click.echo(as_json(_as_record(difference)))
    else:
        click.echo("\n\n".join(_sections(difference, rows)))


def _as_record(difference: Difference) -> dict[str, Any]:
    record = asdict(difference)
    for shown, change in zip(record["figures"], difference.figures, strict=True):
        shown["difference"] = change.difference
    return record


def _sections(difference: Difference, limit: int) -> Iterator[str]:
    before, after = difference.before, difference.after
    versions = [
        f"  {place}: 版本 version {_version(old)} → {_version(new)}"
        for place, (old, new) in difference.versions.items()
    ]
    yield "\n".join(
        [
            f"前 Before: {before.build_number} {before.build_id}, {before.published_at:%Y-%m-%d %H:%M} UTC",
            f"后 After:  {after.build_number} {after.build_id}, {after.published_at:%Y-%m-%d %H:%M} UTC",
            *(versions or ["  两次发布采用的版本相同。Both are made of the same accepted versions."]),
        ]
    )
    for level, title in _LEVELS.items():
        yield _figures(title, [change for change in difference.figures if change.level == level], limit)
    yield _causes(difference.causes, limit)
    if difference.untold:
        told = [f"  {place}: {reason}" for place, reason in difference.untold.items()]
        yield "\n".join(["无法比较明细行 Rows that cannot be compared", *told])


def _figures(title: str, changes: Sequence[FigureChange], limit: int) -> str:
    if not changes:
        return f"{title}: 金额无变化 no amount changed"
    heads = (
        "区划/年度\nDistrict/year",
        "部门\nDepartment",
        "项目\nProject",
        "指标\nFigure",
        "前（元）\nBefore (yuan)",
        "后（元）\nAfter (yuan)",
        "差额（元）\nDifference (yuan)",
    )
    rows = [
        (
            f"{change.district_code}/{change.fiscal_year}",
            change.department,
            change.project,
            f"{definition(change.figure).label_zh} {change.figure}",
            _money(change.before),
            _money(change.after),
            Number(f"{change.difference:+,.2f}"),
        )
        for change in changes[:limit]
    ]
    kept = [position for position in range(len(heads)) if position != 2 or any(change.project for change in changes)]
    shown = [[row[position] for position in kept] for row in rows]
    table = format_table([heads[position] for position in kept], shown)
    return "\n".join(filter(None, (f"{title}: {len(changes)}", table, _more(len(changes) - limit))))


def _causes(causes: Sequence[Cause], limit: int) -> str:
    if not causes:
        return "明细行 Rows: 无变化 none changed"
    heads = (
        "变化\nChange",
        "部门\nDepartment",
        "项目\nProject",
        "数据集\nDataset",
        "列\nColumn",
        "前（元）\nBefore (yuan)",
        "后（元）\nAfter (yuan)",
        "前：文件、行\nBefore: file, line",
        "后：文件、行\nAfter: file, line",
    )
    rows = [
        (
            f"{_CHANGES[cause.change]} {cause.change}{f' [{cause.because}]' if cause.because else ''}",
            cause.department,
            cause.project,
            cause.dataset,
            column,
            _money(old),
            _money(new),
            _place(cause.before),
            _place(cause.after),
        )
        for cause in causes[:limit]
        for column, (old, new) in (cause.amounts or {", ".join(cause.columns): (None, None)}).items()
    ]
    title = f"明细行 Rows: {len(causes)}"
    return "\n".join(filter(None, (title, format_table(heads, rows), _more(len(causes) - limit))))


def _place(place: tuple[str, str, int] | None) -> str:
    if place is None:
        return "–"
    path, sheet, line = place
    return ":".join(filter(None, (path, sheet, str(line))))


def _version(number: int | None) -> str:
    return "–" if number is None else str(number)


def _money(value: Any) -> Number:
    return Number("–" if value is None else f"{value:,.2f}")


def _more(hidden: int) -> str:
    return f"… 另有 {hidden} 条 more; --rows shows more" if hidden > 0 else ""
