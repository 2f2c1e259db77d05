"""The ``serve`` command: the portal until it is told to end, and tokens for readers without a proxy.

Does not belong here: what the portal answers (``pipelines.portal``).
"""

from __future__ import annotations

import logging
import sys
from zoneinfo import ZoneInfo

import click

from pipelines.operations.logs import PROGRAM, JsonLines, secrets_of
from pipelines.portal.access import AccessError, new_token
from pipelines.portal.serve import serve
from pipelines.settings import Settings


def serve_until_told(settings: Settings) -> None:
    """Serves; raises ``click.ClickException`` where the settings would let anybody in, or a file cannot be used."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(ZoneInfo(settings.schedule.time_zone), secrets_of(settings)))
    program = logging.getLogger(PROGRAM)
    program.addHandler(handler)
    program.setLevel(settings.log_level)
    portal = settings.portal
    host = f"[{portal.host}]" if ":" in portal.host else portal.host
    click.echo(f"http://{host}:{portal.port}/  {settings.database}\n按 Ctrl+C 结束 Ctrl+C ends it")
    try:
        serve(settings)
    except AccessError as error:
        raise click.ClickException(str(error)) from None


def print_token(user: str) -> None:
    """Prints a new token for ``user``, and the line of tokens.toml that makes it known."""
    token, digest = new_token()
    click.echo(f"令牌（只显示这一次，交给 {user}） Token (shown once, for {user}):\n{token}\n")
    click.echo(f'加入 tokens.toml 的 [tokens] 之下 Below [tokens] of tokens.toml:\n"{digest}" = "{user}"')
