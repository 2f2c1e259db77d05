"""How findings read on the screen, and the ``findings`` command: what each office must correct, file by file.

Does not belong here: which findings there are (quality), the workbook to send back (reports.corrections).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from pipelines.printable import printable
from pipelines.settings import Settings

ROWS_SHOWN = 20
"""Rows of one file that the screen shows; the workbook has them all."""


def describe_finding(finding: Mapping[str, Any]) -> str:
    """A row of ``quality.finding`` as three lines: place and rule, Chinese message, English message."""
    where = [printable(finding["finding_key"] or "")]
    if sheet := finding["source_sheet"]:
        where.append(f"工作表 sheet {printable(sheet)}")
    if line := finding["source_line"]:
        where.append(f"行 line {line}")
    place = f"{finding['district_code']}/{finding['fiscal_year']} {', '.join(filter(None, where))}".rstrip()
    messages = printable(finding["message_zh"]), printable(finding["message"])
    return "\n    ".join([f"{place} [{finding['rule_id']}]", *messages])


def print_findings(settings: Settings, district: str | None, year: int | None, workbooks: Path | None) -> None:
    """Prints what every file has to be corrected in, and writes the workbooks to send back where a folder is given."""
    from pipelines.reports.corrections import corrections, write_corrections

    found = corrections(settings, district, year)
    if not found:
        click.echo("没有需要更正的内容。Nothing has to be corrected.")
    for correction in found:
        click.secho(correction.source_path, bold=True)
        for finding in correction.findings:
            click.echo(f"  {finding['severity']}: {describe_finding(finding)}")
        for row in correction.rows[:ROWS_SHOWN]:
            sheet = f"{printable(row.sheet)} " if row.sheet else ""
            click.echo(f"  {sheet}行 line {row.line}: {printable(row.reasons_zh)}\n    {printable(row.reasons)}")
        if len(correction.rows) > ROWS_SHOWN:
            click.echo(f"  … 另有 {len(correction.rows) - ROWS_SHOWN} 行 more rows: --workbooks DIR")
    if workbooks:
        for path in write_corrections(found, workbooks):
            click.echo(f"{path}")
