"""Makes the tables of a database from their definitions: empty core tables, the SQL files' tables, the Chinese views.

Works on the connection's current catalog (``use <catalog>`` first): the scratch database of one district-year and the
file that is to be published are made by the same code. Does not belong here: filling core tables (store, publish),
the meaning of a column (contracts), the queries (``sql/``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.contracts.common import FUND_TYPES, NATURE_OF_PROJECT_KIND, PROJECT_KINDS, PROVENANCE
from pipelines.contracts.datasets import DATASETS
from pipelines.contracts.figures import Figure, definition, value_labels
from pipelines.contracts.model import Column, Kind
from pipelines.contracts.quality_tables import QUALITY_TABLES
from pipelines.contracts.reference_tables import CODE_LISTS, REFERENCE_TABLES
from pipelines.sql_files import (
    SqlFile,
    SqlFileError,
    in_order,
    read_macros,
    read_sql_group,
    self_contained_macro,
)

if TYPE_CHECKING:
    import duckdb

CHINESE_SCHEMA = "分析"
"""The schema of the views with Chinese names."""

CLASS_NAMES = Path(__file__).parent.parent / "reference" / "class_names.csv"
"""Names of function and economy classes by year: facts that ship with the program."""

PUBLISHED_MACROS = ("exact_rate", "exact_rate_pct")
"""The macros that live in the published file, so that a reader's own sums get exact rates."""

_KNOWN_DEFINITIONS: dict[str, list[Column | Figure]] = {}

_INEXACT = ("DOUBLE", "FLOAT")


def create_core_tables(connection: duckdb.DuckDBPyConnection, *, with_comments: bool = True) -> None:
    """Creates every table that SQL files read but do not make, with comments; the code lists are filled."""
    for schema in ("core", "quality", "summary"):
        connection.execute(f"create schema if not exists {schema}")
    for dataset in DATASETS.values():
        create_table(
            connection,
            f"core.{dataset.name}",
            comment_text(dataset.label_zh, dataset.meaning_zh, dataset.meaning),
            (*dataset.stored_columns, *PROVENANCE),
            with_comments=with_comments,
        )
    for table in QUALITY_TABLES:
        create_table(
            connection,
            f"quality.{table.name}",
            comment_text(table.label_zh, table.meaning_zh, table.meaning),
            table.columns,
            with_comments=with_comments,
        )
    for reference in (*REFERENCE_TABLES.values(), *CODE_LISTS):
        create_table(
            connection,
            f"core.{reference.name}",
            comment_text(reference.label_zh, reference.meaning_zh, reference.meaning),
            reference.columns,
            with_comments=with_comments,
        )
    natures = dict(NATURE_OF_PROJECT_KIND)
    connection.executemany("insert into core.fund_type_reference values (?, ?)", [list(pair) for pair in FUND_TYPES])
    connection.executemany(
        "insert into core.project_kind_reference values (?, ?, ?)",
        [[kind, name, natures.get(kind)] for kind, name in PROJECT_KINDS],
    )
    connection.execute(
        "insert into core.class_name_reference by name from read_csv(?, header = true, all_varchar = true)",
        [str(CLASS_NAMES)],
    )


def create_macros(connection: duckdb.DuckDBPyConnection) -> None:
    """Creates the macros of ``sql/macros`` for this connection; no database file keeps them."""
    for file in read_macros():
        connection.execute(file.query)


def create_published_macros(connection: duckdb.DuckDBPyConnection) -> None:
    """Creates ``PUBLISHED_MACROS`` in the current catalog, which keeps them; each stands for itself."""
    for name in PUBLISHED_MACROS:
        connection.execute(f"create macro {self_contained_macro(name)}")


def run_sql(
    connection: duckdb.DuckDBPyConnection,
    *groups: str,
    needed: Collection[str] | None = None,
    made: Collection[str] = (),
    with_comments: bool = True,
) -> list[str]:
    """Fills the tables of the SQL files of ``groups`` (``core``, ``summary``) in the order of their dependencies.

    A table that does not exist (``create_tables``) is made first. ``needed`` limits them to those qualified tables,
    which stay, and what they are made from; ``made`` are filled already. Returns the qualified tables filled. Raises
    ``SqlFileError`` where a query's columns are not defined, or where a value went through a float.
    """
    create_macros(connection)
    existing = existing_tables(connection)
    files = in_order((file for group in groups for file in read_sql_group(group)), existing)
    wanted = {file.table for file in files if file.is_kept} if needed is None else set(needed)
    wanted -= set(made)
    for file in reversed(files):
        wanted |= file.reads.difference(made) if file.table in wanted else set()
    files = [file for file in files if file.table in wanted]
    unkept = _unkept_by_last_reader(files, stay=needed or ())
    for file in files:
        if file.table not in existing:
            _create_empty(connection, file, with_comments=with_comments)
        if not file.is_view:
            connection.execute(f"insert into {file.table} {file.query}")
        _drop(connection, unkept[file.table])
    return [file.table for file in files if file.is_kept]


def create_tables(connection: duckdb.DuckDBPyConnection, *groups: str) -> None:
    """Makes the tables of the SQL files of ``groups`` empty, with their comments; raises as ``run_sql`` does."""
    create_macros(connection)
    files = in_order((file for group in groups for file in read_sql_group(group)), existing_tables(connection))
    unkept = _unkept_by_last_reader(files)
    for file in files:
        _create_empty(connection, file)
        _drop(connection, unkept[file.table])


def _unkept_by_last_reader(files: Iterable[SqlFile], *, stay: Collection[str] = ()) -> defaultdict[str, list[SqlFile]]:
    """The tables and views that only others are made from, by the table that is the last to need them.

    What is read through a view is needed as long as the view; ``stay`` are tables that others will read later.
    """
    last_reader: dict[str, str] = {}
    behind: dict[str, frozenset[str]] = {}
    for file in files:
        reads = file.reads.union(*(behind[table] for table in file.reads if table in behind))
        last_reader |= dict.fromkeys((*reads, file.table), file.table)
        if file.is_view:
            behind[file.table] = reads
    unkept = defaultdict(list)
    for file in files:
        if not file.is_kept and file.table not in stay:
            unkept[last_reader[file.table]].append(file)
    return unkept


def _drop(connection: duckdb.DuckDBPyConnection, files: Iterable[SqlFile]) -> None:
    for file in files:
        connection.execute(f"drop {'view' if file.is_view else 'table'} {file.table}")


def create_views(connection: duckdb.DuckDBPyConnection, *groups: str) -> list[str]:
    """Makes the views of the SQL files of ``groups`` (``history``, ``lineage``), in schemas of those names.

    Returns the qualified views made; raises ``SqlFileError`` as ``run_sql`` does.
    """
    files = in_order((file for group in groups for file in read_sql_group(group)), existing_tables(connection))
    for file in files:
        definitions = _definitions(connection, file)
        connection.execute(f"create schema if not exists {file.group}")
        connection.execute(f"create view {file.table} as {file.query}")
        for statement in _comments("view", file.table, _file_comment(file), definitions):
            connection.execute(statement)
    return [file.table for file in files]


def existing_tables(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """The qualified tables and views of the current catalog."""
    rows = connection.execute(
        "select table_schema || '.' || table_name from information_schema.tables"
        " where table_catalog = current_database()"
    ).fetchall()
    return {name for (name,) in rows}


def create_chinese_views(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Creates a view with Chinese names over every table and view of the current catalog; returns the views' names.

    Every amount stands twice: in yuan, and in 万元 with two decimals, rounded half up. Statuses and codes with a list
    of values are shown by their Chinese names.
    """
    tables = connection.execute(
        """
        select schema_name, table_name as name, comment from duckdb_tables()
        where database_name = current_database()
        union all
        select schema_name, view_name, comment from duckdb_views()
        where database_name = current_database() and not internal
        order by schema_name, name
        """
    ).fetchall()
    columns: defaultdict[tuple[str, str], list[tuple[str, str, str]]] = defaultdict(list)
    # Asked once, before there are views: each asking binds every view that there is.
    for schema, table, *column in connection.execute(
        "select schema_name, table_name, column_name, data_type, comment from duckdb_columns()"
        " where database_name = current_database() order by column_index"
    ).fetchall():
        columns[schema, table].append(tuple(column))
    connection.execute(f'create schema if not exists "{CHINESE_SCHEMA}"')
    made: dict[str, str] = {}
    for schema, table, comment in tables:
        label, _, meaning = (comment or "").partition("：")
        if not meaning:
            raise SqlFileError(f"{schema}.{table}: the table has no comment that begins with its Chinese name and ：.")
        if label in made:
            raise SqlFileError(f"{schema}.{table} and {made[label]} have the same Chinese name {label}.")
        made[label] = f"{schema}.{table}"
        _create_chinese_view(connection, f"{schema}.{table}", columns[schema, table], label, comment)
    return list(made)


def _create_chinese_view(
    connection: duckdb.DuckDBPyConnection, table: str, columns: list[tuple[str, str, str]], label: str, comment: str
) -> None:
    shown: list[str] = []
    comments: list[tuple[str, str]] = []
    for name, data_type, column_comment in columns:
        chinese = column_comment.partition("：")[0]
        expression = name
        if values := value_labels(name):
            cases = " ".join(f"when {_text(stored)} then {_text(shown_as)}" for stored, shown_as in values)
            expression = f"case {name} {cases} else {name} end"
        shown.append(f'{expression} as "{chinese}"')
        comments.append((chinese, column_comment))
        if data_type in (Kind.AMOUNT.duckdb_type, Kind.SUM.duckdb_type):
            shown.append(f'cast(cast({name} as decimal(38, 2)) * 0.0001 as decimal(38, 2)) as "{chinese}（万元）"')
            comments.append((f"{chinese}（万元）", f"{column_comment} （万元，两位小数）"))
    view = f'"{CHINESE_SCHEMA}"."{label}"'
    connection.execute(f"create view {view} as select {', '.join(shown)} from {table}")
    connection.execute(f"comment on view {view} is {_text(comment)}")
    for chinese, column_comment in comments:
        connection.execute(f'comment on column {view}."{chinese}" is {_text(column_comment)}')


def _create_empty(connection: duckdb.DuckDBPyConnection, file: SqlFile, *, with_comments: bool = True) -> None:
    definitions = _definitions(connection, file)
    if file.is_view:
        connection.execute(f"create view {file.table} as {file.query}")
        return
    create_table(connection, file.table, _file_comment(file), definitions, with_comments=with_comments)


def _definitions(connection: duckdb.DuckDBPyConnection, file: SqlFile) -> list[Column | Figure]:
    """The definitions of the columns that a file's query gives; asked once in a process, for every database alike."""
    if known := _KNOWN_DEFINITIONS.get(file.query):
        return known
    if not file.label_zh:
        raise SqlFileError(f"{file.path}: the head has no line '-- label_zh: …', the table's Chinese name.")
    try:
        described = connection.execute(f"describe {file.query}").fetchall()
        definitions = [definition(name) for name, *_ in described]
    except KeyError as error:
        raise SqlFileError(f"{file.path}: {error.args[0]}") from error
    if inexact := [name for name, data_type, *_ in described if data_type in _INEXACT]:
        raise SqlFileError(f"{file.path}: {', '.join(inexact)} went through a float; keep decimals or integers.")
    _KNOWN_DEFINITIONS[file.query] = definitions
    return definitions


def _file_comment(file: SqlFile) -> str:
    return comment_text(file.label_zh, file.meaning_zh, file.meaning)


def create_table(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    comment: str,
    columns: Sequence[Column | Figure],
    *,
    with_comments: bool = True,
) -> None:
    """Creates an empty table with the types of its columns' definitions and their comments."""
    types = ", ".join(f"{column.name} {column.kind.duckdb_type}" for column in columns)
    connection.execute(f"create table {table} ({types})")
    if with_comments:
        for statement in _comments("table", table, comment, columns):
            connection.execute(statement)


def _comments(kind: str, table: str, comment: str, columns: Iterable[Column | Figure]) -> Iterable[str]:
    yield f"comment on {kind} {table} is {_text(comment)}"
    for column in columns:
        formula = f" [{column.formula}]" if isinstance(column, Figure) and column.formula else ""
        text = comment_text(column.label_zh, column.meaning_zh, column.meaning) + formula
        yield f"comment on column {table}.{column.name} is {_text(text)}"


def comment_text(label_zh: str, meaning_zh: str, meaning: str) -> str:
    """The comment of a table or column: its Chinese name, then its meaning in both languages."""
    return f"{label_zh}：{meaning_zh} {meaning}"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
