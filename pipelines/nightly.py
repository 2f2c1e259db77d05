"""The night in plain functions: every district-year accepted or held back, then one publication.

The command line and the Dagster layer both call these steps. Does not belong here: any step's inside.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from pipelines.documents.published import update_published
from pipelines.ingest.deliveries import Deliveries, find_deliveries
from pipelines.ledger.codec import DamagedStoreError
from pipelines.operations.last_night import record_night
from pipelines.operations.logs import structured_log
from pipelines.operations.notify import failures_told, tell_night, tell_watch_lists
from pipelines.operations.permissions import set_permissions
from pipelines.reports.write import ReportsNotWrittenError, write_reports_of_build
from pipelines.settings import Settings
from pipelines.warehouse.accept import Acceptance, accept_district_year
from pipelines.warehouse.lock import warehouse_lock
from pipelines.warehouse.publish import Publication, build_and_publish
from pipelines.warehouse.store import district_years

logger = logging.getLogger(__name__)

ALL_PUBLISHED, FAILED, SOMETHING_HELD_BACK = 0, 1, 3


@dataclass(frozen=True, slots=True)
class Night:
    """What a night did: the outcome of each district-year, and of the publication.

    ``problems`` are deliveries that belong to no district-year, as sentences; ``unwritten_reports`` says why reports of
    what was published are not there (empty: they are).
    """

    acceptances: list[Acceptance]
    publication: Publication
    problems: list[str]
    unwritten_reports: str = ""

    @property
    def exit_code(self) -> int:
        """0 all published, 3 published but something was held back, 1 nothing could be published."""
        held = bool(self.problems or self.publication.problems or self.unwritten_reports) or any(
            acceptance.status == "held_back" for acceptance in self.acceptances
        )
        if self.publication.status in ("nothing", "held_back"):
            return FAILED
        if held and not any(acceptance.version is not None for acceptance in self.acceptances):
            return FAILED
        return SOMETHING_HELD_BACK if held else ALL_PUBLISHED


def accept_all(settings: Settings, deliveries: Deliveries) -> list[Acceptance]:
    """Accepts or holds back every district-year that was delivered; the caller holds the warehouse's lock."""
    return [
        accept_district_year(settings, key.district_code, key.fiscal_year, files)
        for key, files in deliveries.by_district_year.items()
    ]


def publish_or_mend(
    settings: Settings, deliveries: Deliveries, acceptances: list[Acceptance], *, rebuild: bool = False
) -> tuple[list[Acceptance], Publication]:
    """Publishes; what is found damaged in the store is first made again from the deliveries that still lie in raw/.

    What cannot be made again stays behind, and the others are published (``Publication.problems``).
    Returns ``acceptances``, or those of the second reading. The caller holds the warehouse's lock.
    """
    try:
        return acceptances, build_and_publish(settings, rebuild=rebuild)
    except DamagedStoreError as error:
        logger.warning("reading again what is damaged: %s", error)
        return accept_all(settings, deliveries), build_and_publish(settings, damaged_stay_behind=True)


def standing(settings: Settings) -> list[Acceptance]:
    """Every district-year as the store has it: what counts, and whether the last attempt is held back."""
    standings = []
    for store in district_years(settings.accepted):
        try:
            held, current = store.held_manifest(), store.current
            record = held or (store.manifest(current) if current is not None else None)
        except DamagedStoreError:
            continue  # told by the publication, which makes it again where it can
        if record is not None:
            status: Literal["held_back", "unchanged"] = "held_back" if held else "unchanged"
            standings.append(Acceptance(store.district_code, store.fiscal_year, status, current, record))
    return standings


def _write_reports(settings: Settings, publication: Publication) -> str:
    """Writes the reports of what is published; returns why some are not there, as a sentence (empty: they are)."""
    try:
        write_reports_of_build(settings, publication.build_id)
    except ReportsNotWrittenError as error:
        logger.exception("the reports could not be written")
        return str(error)
    return ""


def end_night(settings: Settings, night: Night) -> Night:
    """Closes what is not for readers, leaves the sign of life that ``doctor`` reads, tells whoever wants to know."""
    set_permissions(settings)
    record_night(settings, night.publication.status, night.exit_code)
    problems = [*night.problems, *night.publication.problems, *filter(None, [night.unwritten_reports])]
    tell_night(settings, night.publication, problems)
    tell_watch_lists(settings)
    return night


def _nothing_delivered(settings: Settings) -> str:
    return (
        f"{settings.raw}: no deliveries were found; expected files as <district, six digits>/<fiscal year>/<file>, "
        f"for example {settings.raw}/440103/2022/statement.xlsx. Put exports there, or name the directory with --raw. "
        "未找到任何报送文件，应按“区划/年度/文件”存放，或用 --raw 指定目录。"
    )


def _no_longer_delivered(settings: Settings, deliveries: Deliveries) -> list[str]:
    """District-years of which no file is delivered any more: they stay published as they are, and that is told.

    A closed year may leave raw/ without a word.
    """
    today = settings.local_date(datetime.now(UTC))
    return [
        f"{settings.raw}/{store.district_code}/{store.fiscal_year}: no file of it is delivered any more; version "
        f"{store.current} stays published. Put the files back, or close the year (closing.year_closes_on). "
        f"该区年度已无任何报送文件，仍使用版本 {store.current}；请放回文件，或设置关账日期。"
        for store in district_years(settings.accepted)
        if store.current is not None
        and (settings.districts is None or store.district_code in settings.districts)
        and (store.district_code, store.fiscal_year) not in deliveries.by_district_year
        and not settings.closing.is_closed(store.fiscal_year, today)
    ]


def run_night(settings: Settings, *, rebuild: bool = False) -> Night:
    """Runs everything for every district-year found below ``settings.raw``.

    ``rebuild``: the publication is also compared with a build from nothing (``publish.build_and_publish``).

    What is found damaged in the store is made again from raw/ where the delivery still lies there.

    Raises:
        WarehouseLockedError: another run is writing to the same warehouse.
        StoreError: the store cannot be used, and could not be mended.
        BuildError: the new file could not be completed.
    """
    with structured_log(settings), failures_told(settings, "nightly"):
        with warehouse_lock(settings.warehouse, wait_seconds=settings.lock_wait_seconds):
            deliveries = find_deliveries(settings)
            update_published(settings)
            acceptances, publication = publish_or_mend(
                settings, deliveries, accept_all(settings, deliveries), rebuild=rebuild
            )
            unwritten = ""
            if publication.status in ("published", "unchanged"):
                unwritten = _write_reports(settings, publication)
        problems = deliveries.problems
        if not acceptances:
            problems.append(_nothing_delivered(settings))
        else:
            problems += _no_longer_delivered(settings, deliveries)
        return end_night(settings, Night(acceptances, publication, problems, unwritten))
