"""The ``query`` command: a statement to the published database, its result as text or as a file.

Decimals are written digit by digit, never through a float. Parquet is DuckDB's own; a spreadsheet cell is an IEEE
double by definition, so a decimal that a double cannot hold exactly is written there as text.
Does not belong here: the tables that other commands print.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import IO, Any

import click
import duckdb
from rich.cells import cell_len

from pipelines.commands.tables import as_json, as_text, format_table
from pipelines.warehouse.connect import NotPublishedError, open_published

TABLE_ROWS = 1000
"""Rows that the table format shows at the most: beyond them nobody reads, and a file is the better answer."""

FORMATS = ("table", "csv", "json", "xlsx", "parquet")
"""What ``--format`` may be, and ``--output`` may end in."""

_FETCH_ROWS = 10_000
_SHEET_ROWS = 1_048_575
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Result:
    """The columns of a result and its rows in batches; ``rows`` is consumed once."""

    columns: tuple[str, ...]
    rows: Iterator[tuple[Any, ...]]


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
        sink.write(",".join(map(_csv_field, result.columns)) + "\n")
        for row in result.rows:
            sink.write(",".join(map(_csv_field, row)) + "\n")


def _csv_field(value: Any) -> str:
    """NULL as nothing, the empty text as ``""`` (the csv module cannot tell them apart), formulas made harmless."""
    if value is None:
        return ""
    text = as_text(value)
    if isinstance(value, str):
        if text.startswith(_FORMULA_STARTS):
            text = "'" + text
        if not text:
            return '""'
    if any(character in text for character in ',"\r\n'):
        return '"' + text.replace('"', '""') + '"'
    return text


def _write_json(result: Result, output: Path | None) -> None:
    keys = [json.dumps(name, ensure_ascii=False) for name in result.columns]
    with _text_sink(output) as sink:
        opening = "[\n"
        for row in result.rows:
            members = ", ".join(f"{key}: {as_json(value)}" for key, value in zip(keys, row, strict=True))
            sink.write(f"{opening}{{{members}}}")
            opening = ",\n"
        sink.write("[]\n" if opening == "[\n" else "\n]\n")


def _write_xlsx(result: Result, output: Path | None) -> None:
    from pipelines.reports.sheets import open_workbook

    with open_workbook(str(output), constant_memory=True) as workbook:
        sheet = workbook.add_worksheet("query")
        heading = workbook.add_format({"bold": True, "bottom": 1})
        formats = {places: workbook.add_format({"num_format": f"#,##0.{'0' * places}"}) for places in range(1, 7)}
        day = workbook.add_format({"num_format": "yyyy-mm-dd"})
        moment = workbook.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        sheet.freeze_panes(1, 0)
        for column, name in enumerate(result.columns):
            sheet.set_column(column, column, max(12, cell_len(name) + 2))
            sheet.write_string(0, column, name, heading)
        for line, row in enumerate(result.rows, start=1):
            if line > _SHEET_ROWS:
                raise click.ClickException(
                    f"a sheet holds {_SHEET_ROWS} rows and the result has more; choose csv or parquet\n"
                    f"结果超过工作表的 {_SHEET_ROWS} 行上限，请改用 csv 或 parquet"
                )
            for column, value in enumerate(row):
                match value:
                    case None:
                        continue
                    case bool():
                        sheet.write_boolean(line, column, value)
                    case int() | Decimal() if Decimal(f"{value:.16G}") == value:
                        places = max(0, -int(value.as_tuple().exponent)) if isinstance(value, Decimal) else 0
                        sheet.write_number(line, column, value, formats.get(places))
                    case float() if value - value == 0:
                        sheet.write_number(line, column, value)
                    case datetime() if value.tzinfo is None:
                        sheet.write_datetime(line, column, value, moment)
                    case date() if not isinstance(value, datetime):
                        sheet.write_datetime(line, column, value, day)
                    case _:
                        sheet.write_string(line, column, as_text(value))


_WRITERS: dict[str, Callable[[Result, Path | None], None]] = {
    "table": _write_table,
    "csv": _write_csv,
    "json": _write_json,
    "xlsx": _write_xlsx,
}
