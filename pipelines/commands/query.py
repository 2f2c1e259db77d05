"""The ``query`` command: a statement to the published database, its result as text or as a file.

Parquet is DuckDB's own. Does not belong here: the tables that other commands print, how a value is written to a file
(``pipelines.reports.result_files``).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, Any

import click
import duckdb

from pipelines.commands.tables import format_table
from pipelines.reports.result_files import Result, TooManyRowsError, write_csv, write_json, write_xlsx
from pipelines.warehouse.connect import NotPublishedError, open_published

TABLE_ROWS = 1000
"""Rows that the table format shows at the most: beyond them nobody reads, and a file is the better answer."""

FORMATS = ("table", "csv", "json", "xlsx", "parquet")
"""What ``--format`` may be, and ``--output`` may end in."""

_FETCH_ROWS = 10_000


def run_query(database: Path, sql: str, output_format: str | None, output: Path | None) -> None:
    """Run ``sql`` on the published database, opened read-only, and write its result to ``output`` or the screen.

    Raises ``click.ClickException`` where there is no database, the statement fails, or the file cannot be written.
    """
    chosen = output_format or (output.suffix.lstrip(".").lower() if output else "table")
    if chosen not in FORMATS:
        raise click.UsageError(
            f"--output ends in .{chosen}, expected one of {', '.join(FORMATS)}; or give --format\n"
            f"不认识的文件后缀 .{chosen}，应为 {'、'.join(FORMATS)} 之一，或用 --format 指定"
        )
    if output is None and chosen in {"xlsx", "parquet"}:
        raise click.UsageError(f"--format {chosen} needs --output FILE\n{chosen} 格式需要用 --output 指定文件")
    with connect_to_published(database) as connection, _statement_errors():
        if chosen == "parquet":
            relation = connection.sql(sql)
            if relation is None:
                raise click.UsageError("the statement has no result to write\n该语句没有结果可写")
            relation.write_parquet(str(output))
            return
        connection.execute(sql)
        result = Result(tuple(column[0] for column in connection.description or ()), _fetch(connection))
        _WRITERS[chosen](result, output)


@contextmanager
def connect_to_published(database: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published database opened read-only; raises ``click.ClickException`` where it is missing or unreadable."""
    try:
        connection = open_published(database)
    except (NotPublishedError, duckdb.Error) as error:
        raise click.ClickException(str(error)) from None
    with connection:
        yield connection


@contextmanager
def _statement_errors() -> Iterator[None]:
    """DuckDB's and the file system's refusals as messages, without a traceback."""
    try:
        yield
    except duckdb.Error as error:
        raise click.ClickException(f"the query failed 查询失败\n{error}") from None
    except BrokenPipeError:
        raise
    except OSError as error:
        raise click.ClickException(f"cannot write the result 无法写出结果: {error}") from None


def _fetch(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    while batch := connection.fetchmany(_FETCH_ROWS):
        yield from batch


@contextmanager
def _text_sink(output: Path | None) -> Iterator[IO[str]]:
    if output is None:
        yield sys.stdout
    else:
        with output.open("w", encoding="utf-8", newline="") as sink:
            yield sink


def _write_table(result: Result, output: Path | None) -> None:
    rows = list(islice(result.rows, TABLE_ROWS))
    with _text_sink(output) as sink:
        sink.write(format_table(result.columns, rows) + "\n")
    if more := sum(1 for _ in result.rows):
        click.echo(f"… {more} more rows, not shown; --format csv shows all | 另有 {more} 行未显示", err=True)


def _write_csv(result: Result, output: Path | None) -> None:
    with _text_sink(output) as sink:
        write_csv(result, sink)


def _write_json(result: Result, output: Path | None) -> None:
    with _text_sink(output) as sink:
        write_json(result, sink)


def _write_xlsx(result: Result, output: Path | None) -> None:
    try:
        write_xlsx(result, Path(str(output)))
    except TooManyRowsError as error:
        raise click.ClickException(str(error)) from None


_WRITERS: dict[str, Callable[[Result, Path | None], None]] = {
    "table": _write_table,
    "csv": _write_csv,
    "json": _write_json,
    "xlsx": _write_xlsx,
}
