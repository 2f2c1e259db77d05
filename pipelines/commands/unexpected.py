"""What a command says when it fails in a way that nobody foresaw: one sentence, and the details into the log.

Does not belong here: failures that have a message of their own.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime

import click

from pipelines.operations.logs import structured_log
from pipelines.printable import printable
from pipelines.settings import Settings

logger = logging.getLogger(__name__)


def report_unexpected(error: Exception, settings: Settings | None) -> None:
    """Tells of ``error`` on standard error; its traceback goes to the day's log where there are settings to find it."""
    where = "nowhere: the settings could not be read"
    if settings:
        with structured_log(settings):
            logger.error("unexpected: %s", error, exc_info=error)
        where = str(settings.logs / f"{settings.local_date(datetime.now(UTC))}.jsonl")
    what = printable(f"{type(error).__name__}: {error}")
    click.echo(
        f"Error: {what}. Nobody foresaw this; what was published stays as it was. The details are in {where}: send "
        "them to whoever looks after the program.\n"
        "程序遇到未预料的错误，已发布的数据不受影响；详情见日志，请交维护人员。",
        err=True,
    )
