"""The ``release`` command: lets a district-year that is held back through, and says what that means.

Does not belong here: what a release is (``pipelines.warehouse.release``).
"""

from __future__ import annotations

import re

import click

from pipelines.commands.findings import describe_finding
from pipelines.operations.logs import structured_log
from pipelines.settings import Settings
from pipelines.warehouse.lock import WarehouseLockedError
from pipelines.warehouse.release import Release, ReleaseRefusedError, release_held_attempt

_PLACE = re.compile(r"(\d{6})/(\d{4})")


def release_and_report(settings: Settings, place: str, reason: str, released_by: str) -> None:
    """Records the release of ``place`` (``<district>/<year>``) and prints what will count and what is left out.

    Raises ``click.ClickException`` where it is not given.
    """
    match = _PLACE.fullmatch(place)
    if match is None:
        raise click.UsageError(
            f"expected <six-digit district>/<fiscal year>, found {place!r}\n应为 <六位区划>/<年度>，例如 440103/2022"
        )
    try:
        with structured_log(settings):
            release = release_held_attempt(settings, match[1], int(match[2]), reason=reason, released_by=released_by)
    except (ReleaseRefusedError, WarehouseLockedError) as error:
        raise click.ClickException(str(error)) from None
    for line in _lines(release):
        click.echo(line)


def _lines(release: Release) -> list[str]:
    place = f"{release.district_code}/{release.fiscal_year}"
    record = release.record
    lines = [
        f"已放行 Released: {place} ({record.input_id}), {record.released_by}: {record.reason}",
        "以下问题仍记录在案 These findings stay on record:",
        *(f"  {describe_finding(finding)}" for finding in release.findings),
    ]
    if release.left_out:
        lines.append("以下文件被拒收，其数据不计入 These refused files stay out of the figures:")
        lines += [
            f"  {file.source_path} ({file.rule_id}); 此前有效行数 rows that counted before: {file.rows_before}"
            for file in release.left_out
        ]
    lines.append(
        "下次运行 district-finance nightly 时生效；此后报送有变则须重新放行。"
        "It takes effect with the next 'district-finance nightly'; another delivery needs another release."
    )
    return lines
