"""The bulletin workbook and the page of each district-year as assets, with links to their files and their rates.

Does not belong here: what a report shows and when it is written anew (``pipelines.reports``).
"""

import base64
from collections.abc import Iterator
from decimal import Decimal
from html import escape
from typing import Any

import dagster as dg
import duckdb

from pipelines.ingest.deliveries import DistrictYear
from pipelines.orchestration.partitions import DISTRICT_FISCAL_YEAR, partition_key
from pipelines.reports.sections import SECTIONS
from pipelines.reports.write import Report, write_reports
from pipelines.settings import Settings
from pipelines.warehouse.connect import open_published

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
    """Writes the reports whose figures have changed, of every published district-year."""
    written = {
        partition_key(DistrictYear(made.district_code, made.fiscal_year)): made for made in write_reports(settings)
    }
    with open_published(settings.database) as published:
        for key in context.partition_keys:
            made = written.get(key)
            if made is None:
                context.log.warning(f"{key}: nothing of it is published yet, so there is no report")
            shown = _shown(published, made) if made else {"outcome": "nothing published 尚未发布"}
            for spec in (_WORKBOOK, _PAGE):
                files = _files(made, spec) if made else {}
                context.add_asset_metadata(files | shown, spec.key, partition_key=key)
    for spec in (_WORKBOOK, _PAGE):
        yield dg.MaterializeResult(spec.key)


def _files(made: Report, spec: dg.AssetSpec) -> dict[str, Any]:
    path = made.workbook if spec is _WORKBOOK else made.page
    return {"file": dg.MetadataValue.path(path.resolve()), "link": dg.MetadataValue.url(path.resolve().as_uri())}


def _shown(published: duckdb.DuckDBPyConnection, made: Report) -> dict[str, Any]:
    """The district's rate as a number, which Dagster draws over time, and its departments' rates as a picture."""
    rows = published.execute(
        """
        select coalesce(department_name, department_code), execution_rate_pct
        from summary.department_execution
        where district_code = ? and fiscal_year = ? and execution_rate_pct is not null
        order by execution_rate_pct desc, department_code, department_name
        limit ?
        """,
        [made.district_code, made.fiscal_year, _PLOTTED_DEPARTMENTS],
    ).fetchall()
    shown: dict[str, Any] = {"outcome": "written 已生成" if made.is_new else "unchanged 未变化"}
    for name in ("execution_rate_pct", "net_adjustment_rate_pct"):
        if (rate := made.totals[name]) is not None:
            shown[name] = float(rate)
    if rows:
        shown["execution rates"] = dg.MetadataValue.md(f"![execution rates]({_as_link(rate_plot(rows))})")
    return shown


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


def _as_link(picture: str) -> str:
    return f"data:image/svg+xml;base64,{base64.b64encode(picture.encode()).decode()}"
