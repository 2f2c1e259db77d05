"""The questions that officers really ask, kept as SQL files: listed, and run by their names.

Does not belong here: the queries themselves (``sql/examples``), running them (``commands.query``).
"""

from __future__ import annotations

import re

import click

from pipelines.sql_files import SqlFile, read_sql_group

_NAME = re.compile(r"[a-z][a-z0-9_]*")


def list_examples() -> None:
    """Prints every example's name and its sentence in Chinese and English."""
    for example in read_sql_group("examples"):
        click.echo(f"{click.style(example.name, bold=True)}\n    {example.meaning_zh}\n    {example.meaning}")
    click.echo("\ndistrict-finance query NAME | 按名运行")


def statement_of(text: str) -> str:
    """The statement that ``text`` means: an example's where it is a bare word, else itself.

    Raises ``click.UsageError`` for a bare word that names no example.
    """
    if not _NAME.fullmatch(text):
        return text
    examples: dict[str, SqlFile] = {example.name: example for example in read_sql_group("examples")}
    if text not in examples:
        raise click.UsageError(
            f"{text!r} is neither a statement nor an example; district-finance query --list shows the examples\n"
            f"{text} 既不是语句也不是示例名，可用 query --list 查看示例"
        )
    return examples[text].query
