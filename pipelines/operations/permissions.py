"""Who may read what in a warehouse: the readers' group the database and the reports, the program's user everything.

Does not belong here: who may put deliveries into raw/ (that is the administrator's), users and groups (deploy/).
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from pipelines.settings import Settings

_READABLE = frozenset({"reports"})
"""Directories beside the database that are for readers too."""


def wrong_permissions(settings: Settings) -> dict[Path, int]:
    """Everything at the top of the warehouse, and in the reports, with the mode that it should have and has not.

    Links are the administrator's: where they lead has its own rights.
    """
    wrong = {}
    for path, mode in _right(settings):
        with suppress(FileNotFoundError):  # a backup or another run may have taken it away since
            if not path.is_symlink() and stat.S_IMODE(path.stat().st_mode) & 0o777 != mode:
                wrong[path] = mode
    return wrong


def set_permissions(settings: Settings) -> None:
    """Gives everything its right mode; what belongs to another user stays (``doctor`` tells of it)."""
    for path, mode in wrong_permissions(settings).items():
        with suppress(PermissionError, FileNotFoundError):
            # Below a closed folder nobody else's group has anything to inherit.
            path.chmod(mode if not mode & 0o077 else path.stat().st_mode & 0o7000 | mode)


def _right(settings: Settings) -> Iterator[tuple[Path, int]]:
    yield settings.warehouse, 0o750
    for path in sorted(settings.warehouse.iterdir()):
        if path.name in _READABLE:
            yield from ((entry, 0o750 if entry.is_dir() else 0o640) for entry in [path, *sorted(path.rglob("*"))])
        elif path == settings.database:
            yield path, 0o640
        else:
            yield path, 0o700 if path.is_dir() else 0o600
            if path == settings.accepted:
                # Closed each by itself: a copy or a backup of a part of it is closed too.
                yield from ((entry, 0o700 if entry.is_dir() else 0o600) for entry in sorted(path.rglob("*")))
