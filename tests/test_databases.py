"""DuckDB is opened in one place, so that what holds for every database is written once."""

from __future__ import annotations

import ast
from pathlib import Path

import pipelines

ROOT = Path(pipelines.__file__).parent
OPENS = "databases.py"


def opens_duckdb(tree: ast.AST) -> bool:
    """Whether a module reaches for DuckDB's own way to open a database, however it spells it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == "connect" and ast.unparse(node.value) == "duckdb":
            return True
        names = {alias.name for alias in node.names} if isinstance(node, ast.ImportFrom) else set()
        if names & {"connect", "default_connection"} and ast.unparse(node).startswith("from duckdb "):
            return True
        if isinstance(node, ast.Import) and any(alias.name == "duckdb" and alias.asname for alias in node.names):
            return True
    return False


def test_one_module_opens_duckdb() -> None:
    opening = [
        path.relative_to(ROOT).as_posix()
        for path in sorted(ROOT.rglob("*.py"))
        if opens_duckdb(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert opening == [OPENS]


def test_every_spelling_is_seen() -> None:
    for spelling in ("import duckdb\nduckdb.connect()", "from duckdb import connect", "import duckdb as d"):
        assert opens_duckdb(ast.parse(spelling))
