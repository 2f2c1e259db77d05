"""The ``doctor`` command: prints what was looked at and, where it is not as it should be, what to do.

Does not belong here: the looking (``pipelines.operations.doctor``).
"""

from __future__ import annotations

import json

import click

from pipelines.operations.doctor import Check, Level, examine
from pipelines.settings import Settings

_SIGNS = {Level.OK: ("✓", "green"), Level.WARNING: ("!", "yellow"), Level.FAILURE: ("✗", "red")}


def report_and_judge(settings: Settings, output_format: str) -> int:
    """Prints every check as text or JSON; returns 1 if something will stop a night, else 0."""
    checks = examine(settings)
    if output_format == "json":
        click.echo(json.dumps([_as_json(check) for check in checks], ensure_ascii=False, indent=1))
    else:
        for check in checks:
            click.echo("\n".join(_lines(check)))
        click.echo(_closing(checks))
    return int(any(check.level is Level.FAILURE for check in checks))


def _lines(check: Check) -> list[str]:
    sign, colour = _SIGNS[check.level]
    lines = [f"{click.style(sign, fg=colour)} {check.topic.name_zh} {check.topic.name}: {check.found}"]
    if check.level is not Level.OK:
        lines += [f"    {check.topic.remedy_zh}", f"    {check.topic.remedy}"]
    return lines


def _closing(checks: list[Check]) -> str:
    failures, warnings = (sum(check.level is level for check in checks) for level in (Level.FAILURE, Level.WARNING))
    return f"\n{failures} 项故障，{warnings} 项提示。{failures} failures, {warnings} warnings."


def _as_json(check: Check) -> dict[str, str]:
    facts = {"name": check.topic.name, "level": str(check.level), "found": check.found}
    return (
        facts if check.level is Level.OK else facts | {"remedy": check.topic.remedy, "remedy_zh": check.topic.remedy_zh}
    )
