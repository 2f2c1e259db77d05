"""The night as the schedule starts it in Dagster, in this process: ``python -m benchmarks.dagster_night``.

Paths come from the environment (``DAGSTER_HOME``, ``DISTRICT_FINANCE_RAW``, ``DISTRICT_FINANCE_WAREHOUSE``). Does not
belong here: judging what came out.
"""

from __future__ import annotations

import datetime

import dagster as dg

from pipelines.cli import end_at_once
from pipelines.definitions import build_definitions
from pipelines.settings import Settings


def run() -> bool:
    """Asks the schedule what to run, runs it on the instance of ``DAGSTER_HOME``; whether it succeeded."""
    with dg.DagsterInstance.get() as instance:
        context = dg.build_schedule_context(
            instance=instance,
            scheduled_execution_time=datetime.datetime.now(datetime.UTC),
            resources={"settings": Settings()},
        )
        definitions = build_definitions()
        tick = definitions.resolve_schedule_def("nightly_schedule").evaluate_tick(context)
        if not tick.run_requests:
            raise RuntimeError(f"the schedule asks for no run: {tick.skip_message}")
        job = definitions.resolve_job_def("nightly")
        return job.execute_in_process(instance=instance, tags=dict(tick.run_requests[0].tags)).success


if __name__ == "__main__":
    # The run is over. Python would yet take all of Dagster apart, object by object, for which nobody waits.
    end_at_once(0 if run() else 1)
