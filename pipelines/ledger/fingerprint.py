"""What a result depends on, as one short hash by content: another one means that it is made anew.

A result may depend on the program (modules, with everything of ours and the versions of everything else that they
import), on SQL files, on settings, and on other content. Nothing is listed by hand and no number is raised: what a
module imports is found in its text. Does not belong here: which of these a result depends on (whoever makes it).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from functools import cache
from importlib import metadata
from pathlib import Path

from pipelines.sql_files import sql_directory

_ROOT = Path(__file__).parent.parent
_OURS = _ROOT.name
_IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+import[ \t]+(\([^)]*\)|[^\n]*)|import[ \t]+([\w.]+(?:[ \t]*,[ \t]*[\w.]+)*))",
    re.MULTILINE,
)
_NAME = re.compile(r"\w+")


def fingerprint(
    *, program: Iterable[str] = (), sql: Iterable[str] = (), content: Iterable[str | bytes] = (), length: int = 16
) -> str:
    """A hash of everything named, in hexadecimal digits.

    ``program`` are modules by their dotted names, ``sql`` folders below ``sql/`` (``""``: all of it), ``content``
    whatever else decides, in an order that matters.
    """
    digest = hashlib.sha256()
    parts = [*(_of_module(name) for name in program), *(_of_sql(group) for group in sql), *content]
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()[:length]


@cache
def _of_module(name: str) -> str:
    """A hash of a module and of all that it imports, directly or not."""
    digest = hashlib.sha256()
    ours, others = imported_by(name)
    for module in sorted(ours):
        digest.update(f"{module}\0".encode() + ours[module].read_bytes() + b"\0")
    for package in sorted(others):
        digest.update(f"{package}\0{_version(package)}\0".encode())
    return digest.hexdigest()


def imported_by(name: str) -> tuple[dict[str, Path], set[str]]:
    """A module and all modules of ours that it imports, directly or not, with their files; and others' packages."""
    ours: dict[str, Path] = {}
    others: set[str] = set()
    waiting = [name]
    while waiting:
        module = waiting.pop()
        if module in ours:
            continue
        path = _file(module)
        if path is None:
            raise ModuleNotFoundError(f"{module!r} is no module of {_OURS}")
        ours[module] = path
        for imported in _imports(path):
            if imported.partition(".")[0] == _OURS:
                waiting.append(imported)
            else:
                others.add(imported.partition(".")[0])
    return ours, others


def _imports(path: Path) -> Iterable[str]:
    """The modules that a file imports; a name imported from a package of ours may be a module itself."""
    for source, names, plain in _IMPORT.findall(path.read_text(encoding="utf-8")):
        if not source:
            yield from (name.strip() for name in plain.split(","))
            continue
        yield source
        if source.partition(".")[0] == _OURS:
            modules = (f"{source}.{name}" for name in _NAME.findall(names))
            yield from (module for module in modules if _file(module))


@cache
def _file(module: str) -> Path | None:
    """The file of a module of ours, or None where there is no such module."""
    path = _ROOT.joinpath(*module.split(".")[1:])
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)


@cache
def _version(package: str) -> str:
    """The version of an installed package under its import name; empty where it has none (the standard library)."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


@cache
def _of_sql(group: str) -> str:
    """A hash of the SQL files of a folder and of those below it: their paths and texts."""
    root = sql_directory()
    digest = hashlib.sha256()
    for path in sorted((root / group).rglob("*.sql")):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
