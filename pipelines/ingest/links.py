"""Where a path in ``raw/`` really leads: nothing is read through a link that leaves its district's folder.

Does not belong here: what is done about one that does (deliveries, layouts, read, warehouse.reference).
"""

from __future__ import annotations

import os
from pathlib import Path


def leads_out_of(path: Path, raw: Path, district_code: str) -> bool:
    """Whether a path ends up elsewhere than below the district's own folder in ``raw``.

    A link in a circle does not: it leads to itself, and cannot be opened. (``Path.resolve`` raises for one in some
    versions of Python.)
    """
    return not Path(os.path.realpath(path)).is_relative_to(Path(os.path.realpath(raw), district_code))
