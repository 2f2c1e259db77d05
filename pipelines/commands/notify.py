"""The ``notify`` command: tries every receiver, or tells them of a failure that the program itself could not tell.

Does not belong here: who is told (``pipelines.settings``), how (``pipelines.operations.notify``).
"""

from __future__ import annotations

import os

import click

from pipelines.operations.channels import channels
from pipelines.operations.notify import tell_failure, tell_test, unreachable_receivers
from pipelines.settings import Settings


def notify_and_report(settings: Settings, text: str, *, failure: str | None) -> None:
    """Sends a test message with ``text``, or tells that ``failure`` (the name of a run or a unit) failed.

    Raises ``click.ClickException`` where there is no receiver, or one could not be reached.
    """
    names = list(channels(settings.notifications))
    if not names:
        raise click.ClickException(
            "no receiver is configured: set notifications.mail or notifications.webhooks\n"
            "未设置通知对象，请配置 notifications.mail 或 notifications.webhooks"
        )
    if failure:
        # systemd names the start of the unit that failed: whom that run told itself is not told again.
        invocation = os.environ.get("MONITOR_INVOCATION_ID", "")
        reason = text or "ended without telling why; see its journal 请查看系统日志"
        tell_failure(settings, failure, reason, invocation=invocation)
        failed = unreachable_receivers(settings)
    else:
        failed = tell_test(settings, text)
    for name in names:
        click.echo(f"{name}: {failed.get(name, '已发送 sent')}")
    if failed:
        raise click.ClickException("not every receiver could be reached 部分对象未能送达")
