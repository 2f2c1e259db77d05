"""The commands ``backup`` and ``restore``.

Does not belong here: what a backup holds (``pipelines.operations.backup``).
"""

from __future__ import annotations

from pathlib import Path

import click

from pipelines.operations.backup import Backup, BackupError, restore_backup, take_backup
from pipelines.operations.logs import structured_log
from pipelines.operations.notify import failures_told
from pipelines.settings import Settings
from pipelines.warehouse.lock import WarehouseLockedError


def back_up_and_report(settings: Settings, *, with_raw: bool) -> None:
    """Takes a backup and prints where it is; raises ``click.ClickException`` where none could be taken."""
    try:
        with structured_log(settings), failures_told(settings, "backup"):
            backup = take_backup(settings, with_raw=with_raw)
    except (BackupError, OSError) as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"已备份 Backed up: {backup.path} ({_size(backup)})")


def restore_and_report(settings: Settings, archive: Path) -> None:
    """Restores a backup and says what to do next; raises ``click.ClickException`` where it is not restored."""
    try:
        backup = restore_backup(settings, archive)
    except (BackupError, WarehouseLockedError, OSError) as error:
        raise click.ClickException(str(error)) from None
    click.echo(
        f"已恢复到 Restored to: {settings.warehouse.absolute()} ({_size(backup)})\n"
        "请运行 district-finance doctor 检查，再运行 district-finance nightly。\n"
        "Check it with 'district-finance doctor', then run 'district-finance nightly'."
    )


def _size(backup: Backup) -> str:
    return f"{backup.files} files, {backup.bytes / 1024**2:.1f} MiB"
