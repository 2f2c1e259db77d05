"""Peer: the dbt project beside this file does everything in DuckDB. ``python dbt_duckdb.py PLAIN DATABASE``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ["DO_NOT_TRACK"] = "1"
os.environ["DBT_SEND_ANONYMOUS_USAGE_STATS"] = "false"

from dbt.cli.main import dbtRunner
from summaries import FUND_TYPES, IDENTITY

PROJECT = Path(__file__).parent / "dbt"


def main(plain: Path, database: Path) -> int:
    """Builds and tests all models; 0 if everything passed."""
    os.environ |= {"PLAIN": str(plain), "DATABASE": str(database)}
    beside = database.with_suffix(".dbt")
    values = {"fund_types": str(FUND_TYPES), "identity": ", ".join(IDENTITY)}
    places = {"project-dir": PROJECT, "profiles-dir": PROJECT, "target-path": beside, "log-path": beside}
    options = [part for name, place in places.items() for part in (f"--{name}", str(place))]
    return 0 if dbtRunner().invoke(["build", "--vars", str(values), *options]).success else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
