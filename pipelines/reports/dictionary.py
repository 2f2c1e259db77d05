"""The data dictionary: every published table and column, in English and in Chinese, from the database's own comments.

``python -m pipelines.reports.dictionary DATABASE docs`` (``make dictionary``) writes both files; a test compares them
with what stands there. Does not belong here: the definitions (contracts, heads of the SQL files).
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

from pipelines.contracts.figures import value_labels
from pipelines.warehouse.connect import open_published

FILES = {"en": "data-dictionary.md", "zh": "data-dictionary.zh-CN.md"}
"""The file of each language."""

_INTRODUCTION = {
    "en": """# Data dictionary

Every table of the published database, from its own comments (`make dictionary` writes this page; do not edit it).
Schema `summary` is what most questions need, `core` the accepted rows with their source lines, `quality` what was read,
set aside and found, `history` what each publication said, `lineage` where a figure comes from. Every table also stands
in schema `分析` under its Chinese name, with Chinese columns and every amount in 万元 (10,000 yuan) beside the yuan.
Amounts are exact decimals in yuan; an empty value is unknown, never zero.
""",
    "zh": """# 数据字典

发布库的全部表与列，取自库内注释（由 `make dictionary` 生成，请勿手改）。

* `summary` 为常用汇总，`core` 为已接受的数据行及其来源行号，`quality` 为读取、剔除与问题。
* `history` 为历次发布的数字，`lineage` 为数字的来源。
* 每张表另有中文视图，位于模式 `分析`，列名为中文，金额同时给出元与万元。
* 金额为精确小数（元）；空值表示未知，不是零。
""",
}
_HEADS = {"en": "| column | Chinese name | type | meaning |", "zh": "| 列 | 中文名 | 类型 | 含义 |"}
_SCHEMAS = ("summary", "core", "quality", "history", "lineage")


def dictionary(connection: duckdb.DuckDBPyConnection, language: str) -> str:
    """The dictionary of an open database as Markdown; ``language`` is a key of ``FILES``."""
    parts = [_INTRODUCTION[language]]
    for schema in _SCHEMAS:
        tables = connection.execute(
            """select table_name, comment from duckdb_tables() where schema_name = $schema
            union all
            select view_name, comment from duckdb_views() where schema_name = $schema and not internal
            order by 1""",
            {"schema": schema},
        ).fetchall()
        for table, comment in tables:
            label, meaning = _of(comment, language)
            parts.append(f"## {schema}.{table} · {label}\n\n{meaning}\n\n{_HEADS[language]}\n|---|---|---|---|")
            parts[-1] += "".join(_row(*column, language) for column in _columns(connection, schema, table)) + "\n"
    return "\n".join(parts)


def write_dictionary(database: Path, directory: Path) -> list[Path]:
    """Writes the dictionary of a published database in every language; returns the files."""
    written = []
    with open_published(database) as connection:
        for language, name in FILES.items():
            target = directory / name
            target.write_text(dictionary(connection, language), encoding="utf-8")
            written.append(target)
    return written


def _columns(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> list[tuple[str, str, str]]:
    return connection.execute(
        "select column_name, data_type, comment from duckdb_columns()"
        " where schema_name = ? and table_name = ? order by column_index",
        [schema, table],
    ).fetchall()


def _row(column: str, data_type: str, comment: str, language: str) -> str:
    label, meaning = _of(comment, language)
    values = ", ".join(f"`{stored}` {shown}" for stored, shown in value_labels(column))
    text = f"{meaning} {values}".strip().replace("|", "\\|")
    return f"\n| `{column}` | {label} | {data_type} | {text} |"


def _of(comment: str | None, language: str) -> tuple[str, str]:
    """The Chinese name and the meaning in one language out of a comment ``name：中文。 English``."""
    label, _, both = (comment or "").partition("：")
    chinese, _, english = both.rpartition("。 ")
    return label, english if language == "en" else f"{chinese}。"


if __name__ == "__main__":
    write_dictionary(Path(sys.argv[1]), Path(sys.argv[2]))
