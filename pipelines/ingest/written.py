"""When a delivered file was written: what a workbook notes about itself, else what the file system knows.

Copying gives a file a new time; a workbook keeps its own. Does not belong here: which of two deliveries is the later
one (quality.replacement).
"""

from __future__ import annotations

import re
import zipfile
import zlib
from datetime import UTC, datetime
from pathlib import Path

_PROPERTIES = {
    "docProps/core.xml": re.compile(rb"<(?:\w+:)?modified\b[^>]*>([^<]+)<"),
    "meta.xml": re.compile(rb"<(?:\w+:)?date\b[^>]*>([^<]+)<"),
}
"""Where a workbook (OOXML, OpenDocument) says when it was last changed."""
_MOST_BYTES = 65_536


def written_at(path: Path) -> datetime:
    """The moment (UTC, whole seconds) at which the file was written last.

    Raises:
        OSError: the file is not there any more.
    """
    noted = None
    if path.suffix.lower() in {".xlsx", ".xlsm", ".ods"}:
        noted = _noted(path)
    return noted or datetime.fromtimestamp(int(path.stat().st_mtime), tz=UTC)


def _noted(workbook: Path) -> datetime | None:
    try:
        with zipfile.ZipFile(workbook) as package:
            for member in _PROPERTIES.keys() & set(package.namelist()):
                with package.open(member) as stream:
                    found = _PROPERTIES[member].search(stream.read(_MOST_BYTES))
                if found:
                    moment = datetime.fromisoformat(found[1].decode("ascii").strip())
                    return moment.replace(tzinfo=moment.tzinfo or UTC, microsecond=0).astimezone(UTC)
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, RuntimeError):
        return None
    return None
