"""Who may read what in a warehouse: the readers' group the database and the reports, the program's user everything.

Does not belong here: who may put deliveries into raw/ (that is the administrator's), users and groups (deploy/).
"""

from __future__ import annotations

import os
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
    for path, of_folder, of_file in _right(settings):
        with suppress(FileNotFoundError):  # a backup or another run may have taken it away since
            found = os.lstat(path).st_mode
            mode = of_folder if stat.S_ISDIR(found) else of_file
            if not stat.S_ISLNK(found) and stat.S_IMODE(found) & 0o777 != mode:
                wrong[Path(path)] = mode
    return dict(sorted(wrong.items()))


def set_permissions(settings: Settings) -> None:
    """Gives everything its right mode; what belongs to another user stays (``doctor`` tells of it)."""
    for path, mode in wrong_permissions(settings).items():
        with suppress(PermissionError, FileNotFoundError):
            # Below a closed folder nobody else's group has anything to inherit.
            path.chmod(mode if not mode & 0o077 else path.stat().st_mode & 0o7000 | mode)


def _right(settings: Settings) -> Iterator[tuple[str | Path, int, int]]:
    """Every path with the mode that is right for it if it is a folder, and if it is a file."""
    yield settings.warehouse, 0o750, 0o750
    for path in settings.warehouse.iterdir():
        is_open = path.name in _READABLE
        of_folder, of_file = (0o750, 0o640) if is_open else (0o700, 0o600)
        if path == settings.database:
            of_file = 0o640
        yield path, of_folder, of_file
        if is_open or path == settings.accepted:
            # Closed each by itself: a copy or a backup of a part of it is closed too. A store has thousands of files.
            for folder, folders, files in os.walk(path):
                yield from ((f"{folder}/{name}", of_folder, of_file) for name in (*folders, *files))
