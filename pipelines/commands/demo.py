"""The ``demo`` command: writes a synthetic district below the raw directory and says what to do next.

Does not belong here: how the district is made up (``pipelines.demo``).
"""

from __future__ import annotations

import click

from pipelines.commands.progress import progress
from pipelines.demo import write_demo
from pipelines.settings import Settings


def write_and_report(settings: Settings, district_code: str, scale: float, seed: int) -> None:
    """Writes the district and prints where its files are."""
    with progress("demo 生成虚构数据"):
        write_demo(settings.raw, district_code=district_code, scale=scale, seed=seed)
    folder = settings.raw / district_code
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    click.echo(f"虚构数据已写入 Synthetic deliveries written: {folder} ({len(files)} 个文件 files, {size:,} bytes)")
    click.echo("下一步 Next: district-finance nightly")
