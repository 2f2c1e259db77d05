"""Which of Dagster's runs go: old ones that no asset's page rests on.

Does not belong here: how long they are kept (``pipelines.settings.Retention``), ticks (``deploy/dagster.yaml``).
"""

from __future__ import annotations

from datetime import datetime

import dagster as dg
from dagster import AssetRecordsFilter, DagsterEventType, RunsFilter

_FINISHED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]


def prune_runs(instance: dg.DagsterInstance, before: datetime, *, only_look: bool = False) -> int:
    """Deletes the finished runs that were created ``before``, and returns how many they are.

    A run stays as long as it made what an asset, or one of its partitions, shows as its latest.
    """
    records = instance.get_run_records(RunsFilter(statuses=_FINISHED, created_before=before))
    old = {record.dagster_run.run_id for record in records}
    going = old - _latest(instance) if old else old
    if not only_look:
        for run_id in going:
            instance.delete_run(run_id)
    return len(going)


def _latest(instance: dg.DagsterInstance) -> set[str]:
    """The runs that hold the latest materialisation of an asset or of a partition."""
    runs = set()
    for key in instance.all_asset_keys():
        if latest := instance.get_latest_materialization_event(key):
            runs.add(latest.run_id)
        ids = instance.event_log_storage.get_latest_storage_id_by_partition(key, DagsterEventType.ASSET_MATERIALIZATION)
        if ids:
            found = instance.fetch_materializations(
                AssetRecordsFilter(asset_key=key, storage_ids=list(ids.values())), limit=len(ids)
            )
            runs.update(record.run_id for record in found.records)
    return runs
