"""The ``explain`` command: where a published figure comes from, as a text to read or as JSON.

Does not belong here: what belongs to an explanation (``pipelines.warehouse.explain``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from pipelines.commands.findings import describe_finding
from pipelines.commands.query import connect_to_published
from pipelines.commands.tables import Number, format_table
from pipelines.contracts.figures import Figure, value_labels
from pipelines.contracts.model import Column, Kind
from pipelines.reports.result_files import as_json
from pipelines.warehouse.delivered import kept_delivery
from pipelines.warehouse.explain import Contributions, Explanation, NotExplainedError, Step, explain
from pipelines.warehouse.store import DistrictYearStore

_CONTRIBUTION_HEADS = (
    "数据集\nDataset",
    "计入金额（元）\nContributes (yuan)",
    "日期\nDate",
    "文件\nFile",
    "工作表\nSheet",
    "行\nLine",
)
_ASIDE_HEADS = (
    "不计入方式\nOutcome",
    "金额（元）\nMoney (yuan)",
    "文件\nFile",
    "工作表\nSheet",
    "行\nLine",
    "取而代之或原因\nInstead, or why",
)


def explain_and_print(database: Path, address: str, figure: str, rows: int, output_format: str) -> None:
    """Prints the explanation of a figure; raises ``click.ClickException`` where there is nothing to explain."""
    with connect_to_published(database) as connection:
        try:
            explanation = explain(connection, address, figure, rows=rows)
        except NotExplainedError as error:
            raise click.ClickException(str(error)) from None
    if output_format == "json":
        click.echo(as_json(_as_record(explanation)))
    else:
        click.echo("\n\n".join(_sections(explanation, database.parent / "accepted")))


def _as_record(explanation: Explanation) -> dict[str, Any]:
    record = asdict(explanation)
    record["figure"] = explanation.figure.name
    for shown, step in zip(record["steps"], explanation.steps, strict=True):
        shown["figure"] = step.figure.name
    for shown, part in zip(record["contributions"], explanation.contributions, strict=True):
        shown["figure"] = part.figure.name
    return record


def _sections(explanation: Explanation, accepted: Path) -> Iterator[str]:
    subject = explanation.subject
    named = [
        " ".join(filter(None, (subject[f"{item}_code"], subject[f"{item}_name"])))
        for item in ("department", "project")
        if f"{item}_code" in subject
    ]
    figure = explanation.figure
    yield "\n".join(
        [
            f"{subject['district_code']}/{subject['fiscal_year']}/{'/'.join(named)}",
            f"{figure.label_zh} {figure.name} = {_value(figure, explanation.value)}",
            f"    {figure.meaning_zh}",
            f"    {figure.meaning}",
            f"    构建 build {explanation.build_id}",
        ]
    )
    yield "计算 Calculation\n" + "\n".join(_calculation(explanation.steps))
    for part in explanation.contributions:
        yield _contributions(part)
    if explanation.files:
        yield "来源文件（按 SHA-256 留存的原件）Files, and their bytes as delivered, kept by SHA-256\n" + "\n".join(
            f"  {file['source_path']}  {_kept(accepted, explanation.subject, file['source_sha256'])}"
            for file in explanation.files
        )
    if explanation.set_aside:
        rows = [_aside_row(row) for row in explanation.set_aside]
        title = f"相关但未计入的行 Rows about it that do not count: {explanation.set_aside_count}"
        yield _titled(title, _ASIDE_HEADS, rows, explanation.set_aside_count)
    else:
        yield "没有相关的剔除、重复或被更正的行。No row about it was rejected, delivered twice or restated."
    if explanation.findings:
        told = "\n".join(describe_finding(finding) for finding in explanation.findings)
        hidden = explanation.findings_count - len(explanation.findings)
        more = f"\n… 另有 {hidden} 条 more" if hidden > 0 else ""
        yield f"相关问题 Findings about it: {explanation.findings_count}\n{told}{more}"
    else:
        yield "没有相关问题。There are no findings about it."


def _kept(accepted: Path, subject: dict[str, Any], sha256: str) -> str:
    """Where the bytes of a delivered file are kept, or their hash where they are not (any more), or are elsewhere.

    A province's merged publication has no deliveries beside it: each district keeps its own.
    """
    if not accepted.is_dir():
        return f"{sha256}（原文件由该区自己的库留存 kept by the district's own warehouse）"
    store = DistrictYearStore(accepted, subject["district_code"], subject["fiscal_year"])
    path = kept_delivery(store, sha256)
    try:
        return str(path) if path.exists() else f"{sha256}（未留存或已清理 not kept）"
    except PermissionError:  # only the program's own user may look there
        return str(path)


def _calculation(steps: Sequence[Step]) -> Iterator[str]:
    for step in steps:
        label = f"  {step.figure.label_zh} {step.figure.name}"
        value = _value(step.figure, step.value)
        if not step.formula:
            yield f"{label} = {value}"
            continue
        outcome = "复算一致 recalculated, agrees" if step.is_confirmed else "复算不一致 RECALCULATED, DIFFERS"
        yield f"{label} = {step.formula}"
        yield f"      = {step.numbers} = {value}  ({outcome})"


def _contributions(part: Contributions) -> str:
    title = f"{part.figure.label_zh} {part.figure.name}: 来源行 source rows {part.count}"
    if not part.rows:
        return f"{title}\n  没有来源行：未报送，或该项目没有此类明细。No row: not delivered, or none for this item."
    title += f", 合计 total {'未知 unknown' if part.total is None else f'{part.total:,.2f}'}"
    rows = [
        (
            row["dataset"],
            _money(row["contributed_amount"]),
            row["event_date"] or "",
            row["source_path"],
            row["source_sheet"] or "",
            row["source_line"],
        )
        for row in part.rows
    ]
    return _titled(title, _CONTRIBUTION_HEADS, rows, part.count)


def _aside_row(row: dict[str, Any]) -> tuple[Any, ...]:
    why = f"{row['messages_zh']} {row['messages']}" if row["messages"] else ""
    if row["kept_source_path"]:
        place = [row["kept_source_path"], row["kept_source_sheet"], f"行 line {row['kept_source_line']}"]
        why = f"{', '.join(filter(None, place))}, {row['money_difference']:+,.2f}"
    outcome = dict(value_labels("row_outcome"))[row["row_outcome"]]
    return (
        f"{outcome} {row['row_outcome']}",
        _money(row["money"]),
        row["source_path"],
        row["source_sheet"] or "",
        row["source_line"],
        why,
    )


def _titled(title: str, heads: Sequence[str], rows: Sequence[Sequence[Any]], count: int) -> str:
    hidden = count - len(rows)
    more = [f"… 另有 {hidden} 行 more rows; --rows {count} shows all"] if hidden > 0 else []
    return "\n".join([title, format_table(heads, rows), *more])


def _value(figure: Column | Figure, value: Any) -> str:
    if value is None:
        return "空 none"
    if label := dict(value_labels(figure.name)).get(value):
        return f"{label} {value}"
    if figure.kind is Kind.AMOUNT:
        return f"{value:,.2f} 元 yuan"
    return f"{value} %" if figure.kind is Kind.PERCENT else str(value)


def _money(value: Any) -> Number:
    return Number("–" if value is None else f"{value:,.2f}")
