"""Where a path in ``raw/`` really leads: nothing is read through a link that leaves it.

Does not belong here: what is done about one that does (deliveries, layouts, read, warehouse.reference).
"""

from __future__ import annotations

import os
from pathlib import Path


def leads_out_of(path: Path, root: Path) -> bool:
    """Whether a path ends up elsewhere than below ``root``.

    A link in a circle does not: it leads to itself, and cannot be opened. (``Path.resolve`` raises for one in some
    versions of Python.)
    """
    return not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root))
