"""The ``shell`` command: DuckDB's own terminal client on the published database, read-only.

Does not belong here: single statements (``commands.query``).
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click

from pipelines.commands.query import connect_to_published

_GREETING = (
    ".print 'district finance, read-only | 只读。Tables 表：show all tables;  中文视图：schema 分析。'\n"
    ".print 'A later publication is seen after leaving (.quit) and coming back. 新发布的数据重新进入后可见。'"
)


def run_shell(database: Path) -> int:
    """Runs the client until its user leaves; returns its exit code.

    Raises ``click.ClickException`` where nothing is published or the client is not installed.
    """
    with connect_to_published(database):
        pass
    client = Path(sys.executable).with_name("duckdb")
    if not client.exists():
        raise click.ClickException(
            f"{client}: DuckDB's client is not installed; run 'make install' again\n未找到 DuckDB 客户端，请重新安装"
        )
    commands = [argument for line in _GREETING.splitlines() for argument in ("-cmd", line)]
    words: list[str | Path] = [client, "-readonly", *commands, database]
    return subprocess.run(words, check=False).returncode  # noqa: S603 - our own file and constant words
