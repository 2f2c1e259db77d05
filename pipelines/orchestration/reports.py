"""The bulletin workbook and the page of each district-year as assets, with links to their files and their rates.

Does not belong here: what a report shows and when it is written anew (``pipelines.reports``).
"""

import base64
from collections.abc import Iterator
from decimal import Decimal
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import dagster as dg
import duckdb

from pipelines.ingest.deliveries import DistrictYear
from pipelines.orchestration.partitions import DISTRICT_FISCAL_YEAR, district_year
from pipelines.reports.sections import SECTIONS
from pipelines.reports.write import PAGE_NAME, WORKBOOK_NAME, report_directory, write_reports_of_build
from pipelines.settings import Settings
from pipelines.warehouse.connect import open_published
from pipelines.warehouse.publish import published_build

_TABLES = [dg.AssetKey(table.split(".")) for table in sorted({section.table for section in SECTIONS})]
_PLOTTED_DEPARTMENTS = 40

_WORKBOOK = dg.AssetSpec(
    "bulletin_workbook",
    deps=_TABLES,
    group_name="reports",
    kinds={"excel"},
    partitions_def=DISTRICT_FISCAL_YEAR,
    description="预算执行情况通报工作簿。 The bulletin workbook: overview, ranking, projects, adjustments, warnings, "
    "carry-over, and how each figure is computed.",
)
_PAGE = dg.AssetSpec(
    "report_page",
    deps=_TABLES,
    group_name="reports",
    kinds={"html"},
    partitions_def=DISTRICT_FISCAL_YEAR,
    description="可离线打开的网页：图表、排名、预警与来源行。 A page that opens without a network: charts, ranking, "
    "warnings, and the source lines behind every figure.",
)


@dg.multi_asset(
    name="report",
    specs=[_WORKBOOK, _PAGE],
    partitions_def=DISTRICT_FISCAL_YEAR,
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def report(
    context: dg.AssetExecutionContext, settings: dg.ResourceParam[Settings]
) -> Iterator[dg.MaterializeResult[None]]:
    """Writes the reports of what is published, once per build.

    Raises:
        NotPublishedError: nothing was published yet.
    """
    build = published_build(settings.database)
    written = write_reports_of_build(settings, build["build_id"] if build else None)
    new = {DistrictYear(made.district_code, made.fiscal_year) for made in written if made.is_new}
    with open_published(settings.database) as published:
        for key in context.partition_keys:
            place = district_year(key)
            directory = report_directory(settings, place.district_code, place.fiscal_year)
            for spec, name in ((_WORKBOOK, WORKBOOK_NAME), (_PAGE, PAGE_NAME)):
                if (path := directory / name).exists():
                    told = {"outcome": "written 已生成" if place in new else "unchanged 未变化"}
                    told |= _file(settings, place, path) | _rates(published, place)
                else:
                    told = {"outcome": "nothing published 尚未发布"}
                    context.log.warning(f"{key}: nothing of it is published yet, so there is no {spec.key.path[0]}")
                context.add_asset_metadata(told, spec.key, partition_key=key)
    for spec in (_WORKBOOK, _PAGE):
        yield dg.MaterializeResult(spec.key)


def _file(settings: Settings, place: DistrictYear, path: Path) -> dict[str, Any]:
    """The file, and the address at which the portal gives it: a browser opens no file from a page of the network."""
    link = f"{settings.portal.link}/reports/{place.district_code}/{place.fiscal_year}/{quote(path.name)}"
    return {"file": dg.MetadataValue.path(path.resolve()), "link": dg.MetadataValue.url(link)}


def _rates(published: duckdb.DuckDBPyConnection, place: DistrictYear) -> dict[str, Any]:
    """The district's rate as a number, which Dagster draws over time, and its departments' rates as a picture."""
    rows = published.execute(
        """
        select coalesce(department_name, department_code), execution_rate_pct, group_execution_rate_pct
        from summary.execution_ranking
        where district_code = ? and fiscal_year = ? and figure_level = 'department' and execution_rate_pct is not null
        qualify month is not distinct from max(month) over ()
        order by execution_rank, department_code, department_name
        limit ?
        """,
        [place.district_code, place.fiscal_year, _PLOTTED_DEPARTMENTS],
    ).fetchall()
    if not rows:
        return {}
    picture = rate_plot([(name, rate) for name, rate, _ in rows])
    link = f"data:image/svg+xml;base64,{base64.b64encode(picture.encode()).decode()}"
    return {
        "execution_rate_pct": float(rows[0][2]),
        "execution rates": dg.MetadataValue.md(f"![execution rates]({link})"),
    }


def rate_plot(rates: list[tuple[str, Decimal]]) -> str:
    """Rates in percent as horizontal bars, an SVG picture; names are shown as text, never as markup."""
    lines = []
    for at, (name, rate) in enumerate(rates):
        top = 8 + 24 * at
        width = min(max(rate, Decimal(0)), Decimal(120)) * 3
        lines.append(
            f'<text x="190" y="{top + 14}" text-anchor="end">{escape(name[:14])}</text>'
            f'<rect x="200" y="{top}" width="{width}" height="18" fill="#1b5c9e"/>'
            f'<text x="{206 + width}" y="{top + 14}">{rate}%</text>'
        )
    size = f'width="640" height="{16 + 24 * len(rates)}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="12">'
        f'<rect {size} fill="#fff"/>{"".join(lines)}</svg>'
    )
