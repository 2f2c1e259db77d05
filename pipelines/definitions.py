"""The one Dagster code location: everything is put together here, nothing is implemented here."""

from __future__ import annotations

import warnings

import dagster as dg

from pipelines.orchestration.accepted import DELIVERY, accept
from pipelines.orchestration.automation import NIGHTLY, new_deliveries, nightly_schedule, tell_crashed_runs
from pipelines.orchestration.documents import PUBLISHED_REPORT, read_published_reports
from pipelines.orchestration.published import publishing
from pipelines.orchestration.reports import report
from pipelines.settings import Settings


def build_definitions(settings: Settings | None = None) -> dg.Definitions:
    """Everything that Dagster knows, for these settings; None: those of environment and district-finance.toml.

    The schedule and how old a table may become are those of the moment; all else is read anew for every run and every
    evaluation where ``settings`` is None.
    """

    @dg.resource(description="Paths, limits and thresholds, from environment and district-finance.toml.")
    def settings_resource(_: dg.InitResourceContext) -> Settings:
        return settings or Settings()

    schedule = (settings or Settings()).schedule
    with warnings.catch_warnings():
        # References to source code are new in Dagster, and nothing depends on them.
        warnings.simplefilter("ignore", dg.BetaWarning)
        assets = dg.with_source_code_references(
            [DELIVERY, PUBLISHED_REPORT, accept, read_published_reports, publishing(schedule), report]
        )
    return dg.Definitions(
        assets=assets,
        jobs=[NIGHTLY],
        schedules=[nightly_schedule(schedule)],
        sensors=[new_deliveries, tell_crashed_runs],
        resources={"settings": settings_resource},
        executor=dg.in_process_executor,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """What Dagster's own programs load."""
    return build_definitions()
