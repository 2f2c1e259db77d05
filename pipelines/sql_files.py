"""The SQL files under ``sql/``: where they lie, how their heads read, and in which order they depend on each other.

One statement a file. The folder is the schema of the table that the statement makes, the file's name the table's
name. The head is a run of comment lines on top::

    -- One English sentence of meaning.
    -- 一句中文。
    -- label_zh: 中文名称
    -- further_key: value
    --   a line indented like this one continues the line above

Does not belong here: running any of it (``pipelines.warehouse.database``), or what a rule's keys mean.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

PUBLISHED_SCHEMAS = ("core", "summary", "quality", "history", "lineage")
"""The schemas whose tables a query may read."""

_KEY = re.compile(r"([a-z][a-z_]*): ?(.*)")
_COMMENT_OR_TEXT = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'", re.DOTALL)
_TABLE = re.compile(rf"\b({'|'.join(PUBLISHED_SCHEMAS)})\.([a-z_][a-z0-9_]*)\b")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")


class SqlFileError(Exception):
    """A file under ``sql/`` is not what it should be: which file, what was found, what was expected."""


@dataclass(frozen=True, slots=True)
class SqlFile:
    """One statement with its head. ``keys`` are the head's ``key: value`` lines."""

    group: str
    name: str
    meaning: str
    meaning_zh: str
    query: str
    path: Path
    keys: dict[str, str] = field(default_factory=dict)

    @property
    def table(self) -> str:
        """The table's qualified name: ``summary.department_execution``."""
        return f"{self.group}.{self.name}"

    @property
    def label_zh(self) -> str:
        """The table's Chinese name."""
        return self.keys.get("label_zh", "")

    @property
    def is_kept(self) -> bool:
        """Whether the table is published; ``kept: no`` says that only others are made from it."""
        return self.keys.get("kept") != "no" and not self.is_view

    @property
    def is_view(self) -> bool:
        """Whether others are made from the query itself (``kept: as a view``), of which each reads its own part."""
        return self.keys.get("kept") == "as a view"

    @property
    def reads(self) -> frozenset[str]:
        """The qualified tables that the statement reads, itself left out."""
        return _tables_in(self.query) - {self.table}


@cache
def _tables_in(query: str) -> frozenset[str]:
    bare = _COMMENT_OR_TEXT.sub(" ", query)
    return frozenset(f"{schema}.{name}" for schema, name in _TABLE.findall(bare))


def sql_directory() -> Path:
    """The folder ``sql``: inside the installed package, or at the top of the checkout."""
    package = Path(__file__).parent
    installed = package / "sql"
    return installed if installed.is_dir() else package.parent / "sql"


def read_sql_file(path: Path, group: str | None = None) -> SqlFile:
    """One SQL file; raises ``SqlFileError`` for a head without both sentences or a body that is not one statement."""
    group = group or path.parent.name
    lines = path.read_text(encoding="utf-8").splitlines()
    body_starts = next((number for number, line in enumerate(lines) if not line.startswith("--")), len(lines))
    head: list[str] = []
    for line in lines[:body_starts]:
        if line.startswith("--   ") and head:
            head[-1] = f"{head[-1]} {line[2:].strip()}"
        else:
            head.append(line[2:].strip())
    sentences: list[str] = []
    keys: dict[str, str] = {}
    for line in head:
        if match := _KEY.fullmatch(line):
            key, value = match.groups()
            if key in keys:
                raise SqlFileError(f"{path}: the head gives {key!r} twice; keep one line.")
            keys[key] = value.strip()
        elif keys:
            raise SqlFileError(f"{path}: {line!r} stands behind 'key: value' lines; expected sentences first.")
        else:
            sentences.append(line)
    if len(sentences) != 2 or not sentences[0] or _CHINESE.search(sentences[0]) or not _CHINESE.search(sentences[1]):
        raise SqlFileError(
            f"{path}: the head must begin with one English line and one Chinese line, found {sentences!r}; "
            "continue a long line with '--   ' (three spaces)."
        )
    query = "\n".join(lines[body_starts:]).strip()
    bare = _COMMENT_OR_TEXT.sub("", query).strip().removesuffix(";")
    if not bare or ";" in bare:
        raise SqlFileError(
            f"{path}: expected exactly one statement below the head, found {bare.count(';') + bool(bare)}."
        )
    return SqlFile(group, path.stem, sentences[0], sentences[1], query.removesuffix(";").rstrip(), path, keys)


def read_sql_group(group: str, directory: Path | None = None) -> list[SqlFile]:
    """All SQL files of one folder below ``sql/``, by name, read once in a process; an absent folder is an error."""
    return list(_read_group(directory or sql_directory(), group))


@cache
def _read_group(directory: Path, group: str) -> tuple[SqlFile, ...]:
    folder = directory / group
    if not folder.is_dir():
        raise SqlFileError(f"{folder}: the folder does not exist; expected the SQL files of group {group!r} there.")
    return tuple(read_sql_file(path, group) for path in sorted(folder.glob("*.sql")))


def read_macros() -> list[SqlFile]:
    """The files of ``sql/macros``, each behind the macros that it calls."""
    return list(_read_macros(sql_directory()))


@cache
def _read_macros(directory: Path) -> tuple[SqlFile, ...]:
    files = {file.name: file for file in _read_group(directory, "macros")}
    called = {
        name: {other for other in files if other != name and re.search(rf"\b{other}\(", file.query)}
        for name, file in files.items()
    }
    return tuple(files[name] for name in TopologicalSorter(called).static_order())


_MACRO = re.compile(r"create or replace temp macro (\w+)\(([^)]*)\) as\b", re.IGNORECASE)


def self_contained_macro(name: str) -> str:
    """``name(parameters) as (body)`` of a macro of ``sql/macros`` in which every other macro is written out.

    A macro of an attached database finds only the functions of the engine: one that calls another would fail there.
    """
    bodies: dict[str, tuple[list[str], str]] = {}
    for file in read_macros():
        head = _MACRO.match(file.query)
        if head is None:
            raise SqlFileError(f"{file.path}: expected 'create or replace temp macro name(parameters) as'.")
        body = re.sub(r"--[^\n]*", " ", file.query[head.end() :])
        for other, (parameters, written) in bodies.items():
            body = _written_out(body, other, parameters, written)
        bodies[head[1]] = [part.strip() for part in head[2].split(",")], " ".join(body.split())
    parameters, body = bodies[name]
    return f"{name}({', '.join(parameters)}) as ({body})"


def _written_out(text: str, name: str, parameters: list[str], body: str) -> str:
    """``text`` with each call of the macro replaced by its body."""
    while call := re.search(rf"\b{name}\(", text):
        depth, start, arguments = 1, call.end(), []
        at = start
        while depth:
            depth += {"(": 1, ")": -1}.get(text[at], 0)
            if (text[at] == "," and depth == 1) or not depth:
                arguments.append(text[start:at].strip())
                start = at + 1
            at += 1
        given = dict(zip(parameters, arguments, strict=True))
        words = re.split(r"\b(\w+)\b", body)
        written = "".join(f"({given[word]})" if word in given else word for word in words)
        text = f"{text[: call.start()]}({written}){text[at:]}"
    return text


def in_order(files: Iterable[SqlFile], existing: Collection[str]) -> list[SqlFile]:
    """The files, each behind the tables that it reads.

    ``existing`` are the qualified tables that are there already. Raises ``SqlFileError`` for a table that neither
    exists nor is made by a file, and for a circle.
    """
    by_table = {file.table: file for file in sorted(files, key=lambda file: file.table)}
    graph: dict[str, frozenset[str]] = {}
    for table, file in by_table.items():
        if unknown := file.reads - by_table.keys() - set(existing):
            raise SqlFileError(
                f"{file.path}: reads {', '.join(sorted(unknown))}, which no contract and no SQL file makes; "
                "check the spelling or add the file."
            )
        graph[table] = file.reads & by_table.keys()
    try:
        return [by_table[table] for table in TopologicalSorter(graph).static_order()]
    except CycleError as error:
        raise SqlFileError(f"SQL files read each other in a circle: {' -> '.join(error.args[1])}.") from error
