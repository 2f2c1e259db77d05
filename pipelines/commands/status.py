"""The ``status`` command: which build is published, from which versions, and what is held back and why.

Everything is read from the published database. Does not belong here: running anything.
"""

from __future__ import annotations

import click

from pipelines.commands.findings import describe_finding
from pipelines.commands.query import connect_to_published
from pipelines.commands.tables import format_table
from pipelines.settings import Settings


def print_status(settings: Settings) -> None:
    """Prints the state of the publication; raises ``click.ClickException`` where nothing was published yet."""
    with connect_to_published(settings.database) as published:
        build_id, finished_at, program = published.execute(
            "select build_id, finished_at, program_version from quality.build"
        ).fetchall()[0]
        district_years = published.execute(
            """
            select district_code, cast(fiscal_year as varchar), accepted_version, accepted_at,
                case when is_held_back then '暂缓 held back' else '当前 current' end, held_back_at
            from quality.district_year order by district_code, fiscal_year
            """
        ).fetchall()
        held = published.execute(
            "select * from quality.finding where severity = 'fatal' order by district_code, fiscal_year, finding_key"
        )
        names = [column[0] for column in held.description]
        findings = [dict(zip(names, row, strict=True)) for row in held.fetchall()]
    click.echo(f"数据库 Database: {settings.database}")
    click.echo(f"构建 Build: {build_id}, {finished_at:%Y-%m-%d %H:%M} UTC, district-finance {program}\n")
    heads = (
        "区划\nDistrict",
        "年度\nYear",
        "有效版本\nVersion",
        "接受时间\nAccepted (UTC)",
        "状态\nState",
        "暂缓时间\nHeld (UTC)",
    )
    click.echo(format_table(heads, [["–" if value is None else value for value in row] for row in district_years]))
    for finding in findings:
        click.echo("\n" + describe_finding(finding))
