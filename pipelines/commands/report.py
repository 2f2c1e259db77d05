"""The ``report`` command: writes the workbook and the page of published district-years and says where they are.

Does not belong here: what a report shows (``pipelines.reports``).
"""

from __future__ import annotations

from datetime import date

import click

from pipelines.reports.as_of import AsOfDateError
from pipelines.reports.content import NothingToReportError
from pipelines.reports.write import Report, write_department_reports, write_report, write_reports
from pipelines.settings import Settings
from pipelines.warehouse.connect import NotPublishedError


def write_and_tell(
    settings: Settings, district: str | None, year: int | None, as_of: date | None, *, departments: bool = False
) -> None:
    """Writes one district-year's reports, or without ``district`` and ``year`` those of every published one.

    With ``departments`` also those of each of its departments.

    Raises ``click.ClickException`` where there is nothing to report on.
    """
    if (district is None) != (year is None) or (as_of and district is None):
        raise click.UsageError(
            "give --district and --year together, or neither for every published one; --as-of needs both\n"
            "--district 与 --year 须同时给出，或都不给（全部已发布区年度）；--as-of 需要二者"
        )
    if as_of and departments:
        raise click.UsageError("--as-of and --departments exclude each other\n--as-of 与 --departments 不能同时使用")
    try:
        if district is None or year is None:
            places = [(one.district_code, one.fiscal_year) for one in write_reports(settings, report=_tell)]
        else:
            _tell(write_report(settings, district, year, as_of=as_of))
            places = [(district, year)]
        for place in places if departments else ():
            write_department_reports(settings, *place, report=_tell)
    except (AsOfDateError, NothingToReportError, NotPublishedError) as error:
        raise click.ClickException(str(error)) from None


def _tell(report: Report) -> None:
    state = "written 已生成" if report.is_new else "unchanged 未变化"
    whose = f"{report.district_code}/{report.fiscal_year} {report.department_name or ''}".strip()
    click.echo(f"{whose}  {state}\n  {report.workbook}\n  {report.page}")
