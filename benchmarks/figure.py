"""Draws cost against size of measured results: ``python -m benchmarks.figure results.json … FILE``.

FILE is SVG or PNG. Needs matplotlib, which is in ``peers/requirements.txt``. Does not belong here: tables (``report``).
"""

from __future__ import annotations

import argparse
import statistics
from pathlib import Path

from matplotlib import rc_context
from matplotlib.figure import Figure

from benchmarks.report import FLOOR, NIGHTLY, Row, merged


def draw(rows: list[Row], target: Path) -> None:
    """Draws wall time and peak memory of what runs at once against the number of payments."""
    figure = Figure(figsize=(10, 4), layout="constrained")
    axes = figure.subplots(1, 2)
    compared = [row for row in rows if row["part"] not in ("corners", "gb18030")]
    at_once = [what for what in dict.fromkeys(row["what"] for row in compared) if _sizes(compared, what) > 1]
    for place, (kind, label) in zip(axes, (("wall", "wall time, s"), ("peak_mb", "peak memory, MB")), strict=True):
        for what in at_once:
            runs = [row for row in compared if row["what"] == what]
            sizes = sorted({row["payments"] for row in runs})
            medians = [statistics.median(row[kind] for row in runs if row["payments"] == size) for size in sizes]
            style = {"linewidth": 2.5, "zorder": 3} if what in (FLOOR, NIGHTLY) else {"linewidth": 1, "alpha": 0.8}
            place.plot(sizes, medians, marker="o", label=what, **style)
        place.set(xscale="log", yscale="log", xlabel="payments", ylabel=label)
        place.grid(visible=True, which="major", alpha=0.3)
    axes[1].axhline(1500, color="black", linestyle=":", linewidth=1)
    axes[1].legend(axes[1].lines[-1:], ["1.5 GB"], fontsize=8)
    axes[0].legend(fontsize=8)
    target.parent.mkdir(parents=True, exist_ok=True)
    with rc_context({"svg.hashsalt": "benchmark"}):  # the same figures give the same file
        figure.savefig(target, metadata={"Date": None} if target.suffix == ".svg" else None)


def _sizes(rows: list[Row], what: str) -> int:
    return len({row["payments"] for row in rows if row["what"] == what})


def main() -> None:
    """Reads the command line and draws."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", nargs="+", type=Path)
    parser.add_argument("target", type=Path)
    arguments = parser.parse_args()
    draw(merged(arguments.results)[1], arguments.target)


if __name__ == "__main__":
    main()
