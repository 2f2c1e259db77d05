"""The one Dagster code location: everything is put together here, nothing is implemented here."""

from __future__ import annotations

import dagster as dg

from pipelines.orchestration.accepted import DELIVERY, accept
from pipelines.orchestration.automation import NIGHTLY, new_deliveries, nightly_schedule, tell_crashed_runs
from pipelines.orchestration.published import publish
from pipelines.orchestration.reports import report
from pipelines.settings import Settings


@dg.resource(description="Paths, limits and thresholds, from environment and district-finance.toml.")
def settings(_: dg.InitResourceContext) -> Settings:
    """The settings, read anew for every run and every evaluation."""
    return Settings()


defs = dg.Definitions(
    assets=[DELIVERY, accept, publish, report],
    jobs=[NIGHTLY],
    schedules=[nightly_schedule],
    sensors=[new_deliveries, tell_crashed_runs],
    resources={"settings": settings},
    executor=dg.in_process_executor,
)
