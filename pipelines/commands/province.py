"""The ``province`` commands: run the districts, merge what they published, tell how each ended.

Does not belong here: running or merging itself (``pipelines.province``).
"""

from __future__ import annotations

from collections.abc import Iterable

import click

from pipelines.commands.tables import format_table
from pipelines.nightly import ALL_PUBLISHED, FAILED, SOMETHING_HELD_BACK
from pipelines.province.merge import merge
from pipelines.province.run import commands_to_print, processes_by_default, run_local, run_on_spark
from pipelines.province.shards import (
    ProvinceError,
    ShardResult,
    districts_delivered,
    last_results,
    shard_settings,
)
from pipelines.province.verify import Comparison, verify_on_spark
from pipelines.settings import Settings
from pipelines.warehouse.connect import NotPublishedError
from pipelines.warehouse.lock import WarehouseLockedError

_STATUSES = {
    "published": "已发布 published",
    "unchanged": "未变化 unchanged",
    "held_back": "部分暂缓 held back",
    "nothing": "未发布 nothing",
    "failed": "失败 failed",
}


def run_and_report(settings: Settings, *, runner: str, master: str, processes: int | None) -> int:
    """Runs the districts of ``settings`` (all that were delivered where it names none); returns the exit code."""
    districts = [
        code for code in districts_delivered(settings) if settings.districts is None or code in settings.districts
    ]
    if not districts:
        raise click.ClickException(
            f"{settings.raw}: no district was delivered; expected folders of six digits. 未找到任何区的报送目录。"
        )
    if runner == "print":
        for command in commands_to_print(settings, districts):
            click.echo(command)
        return ALL_PUBLISHED
    done = 0

    def report(result: ShardResult) -> None:
        nonlocal done
        done += 1
        click.echo(f"{done}/{len(districts)}  {_line(result)}")

    try:
        shard_settings(settings, districts[0])  # what would fail in every district fails here, once
        if runner == "spark":
            results = run_on_spark(settings, districts, master=master, report=report)
        else:
            results = run_local(settings, districts, processes=processes or processes_by_default(), report=report)
    except ProvinceError as error:
        raise click.ClickException(str(error)) from None
    return _exit_code(results)


def merge_and_report(settings: Settings) -> int:
    """Merges and prints what was merged; returns the exit code."""
    try:
        merged = merge(settings)
    except (ProvinceError, WarehouseLockedError) as error:
        raise click.ClickException(str(error)) from None
    for result in merged.behind:
        click.echo(_line(result))
    click.echo(f"{'已合并 Merged' if merged.is_new else '未变化 Unchanged'}: build {merged.build_id}")
    click.echo(f"数据库 Database: {settings.database}")
    return SOMETHING_HELD_BACK if merged.behind else ALL_PUBLISHED


def verify_and_report(settings: Settings, *, master: str) -> int:
    """Compares the publication with what Spark makes of the same rows, and prints it; returns the exit code."""
    compared: list[Comparison] = []
    try:
        for one in verify_on_spark(settings, master=master):
            compared.append(one)
            if not one.is_equal:
                click.echo(_difference(one))
    except (ProvinceError, NotPublishedError) as error:
        raise click.ClickException(str(error)) from None
    differing = sum(not one.is_equal for one in compared)
    rows = sum(one.rows for one in compared if one.is_equal)
    click.echo(
        f"一致 Equal: {len(compared) - differing} tables and rules, {rows:,} rows. 不一致 Differing: {differing}."
    )
    return FAILED if differing else ALL_PUBLISHED


def _difference(one: Comparison) -> str:
    if one.error:
        return f"{one.name}: 未能在 Spark 上运行 did not run on Spark: {one.error}"
    return f"{one.name}: {one.rows:,} rows; {one.only_here:,} only here 仅本库, {one.only_on_spark:,} on Spark 仅 Spark"


def print_status(settings: Settings) -> None:
    """Prints how the last run of every district ended."""
    results = last_results(settings)
    if not results:
        raise click.ClickException(f"{settings.warehouse / 'shards'}: no district was run yet. 尚未运行任何区。")
    rows = [[one.district_code, _STATUSES[one.status], one.build_id or "–", one.message] for one in results]
    click.echo(format_table(("区划\nDistrict", "结果\nLast run", "发布\nBuild", "说明\nWhy"), rows))


def _line(result: ShardResult) -> str:
    return "  ".join(filter(None, (result.district_code, _STATUSES[result.status], result.build_id, result.message)))


def _exit_code(results: Iterable[ShardResult]) -> int:
    codes = {result.exit_code for result in results}
    if codes == {ALL_PUBLISHED}:
        return ALL_PUBLISHED
    return FAILED if codes == {FAILED} else SOMETHING_HELD_BACK
