"""The ``prune`` command: removes what retention no longer keeps, and says what that was.

Does not belong here: what may go (``pipelines.operations.prune``).
"""

from __future__ import annotations

import os
from collections import Counter
from datetime import UTC, datetime, timedelta

import click

from pipelines.ledger.codec import StoreError
from pipelines.operations.logs import structured_log
from pipelines.operations.prune import prune
from pipelines.settings import Settings
from pipelines.warehouse.lock import WarehouseLockedError

_KINDS = {"version": "版本 versions", "reading": "读取结果 readings", "log": "日志 logs", "backup": "备份 backups"}


def prune_and_report(settings: Settings, *, only_look: bool) -> None:
    """Prunes (or only looks) and prints counts and bytes by kind."""
    try:
        with structured_log(settings):
            pruned = prune(settings, only_look=only_look)
    except (StoreError, WarehouseLockedError) as error:
        raise click.ClickException(str(error)) from None
    runs = _prune_runs(settings, only_look=only_look)
    counts = Counter(entry.kind for entry in pruned)
    sizes: Counter[str] = Counter()
    for entry in pruned:
        sizes[entry.kind] += entry.bytes
    click.echo("可清理 Would be removed:" if only_look else "已清理 Removed:")
    for kind, label in _KINDS.items():
        click.echo(f"  {label}: {counts[kind]} ({sizes[kind] / 1024**2:.1f} MiB)")
    if runs is not None:
        click.echo(f"  Dagster 运行 runs: {runs}")


def _prune_runs(settings: Settings, *, only_look: bool) -> int | None:
    """The number of Dagster runs that go; None where there is no instance or all of them are kept."""
    if settings.retention.run_days is None or not os.environ.get("DAGSTER_HOME"):
        return None
    from dagster import DagsterInstance

    from pipelines.orchestration.keeping import prune_runs

    before = datetime.now(UTC) - timedelta(days=settings.retention.run_days)
    with DagsterInstance.get() as instance:
        return prune_runs(instance, before, only_look=only_look)
