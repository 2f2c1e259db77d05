"""When runs start: the job ``nightly``, its schedule, and the sensor for newly delivered files.

Does not belong here: what a run does (accepted, published).
"""

import json
from collections.abc import Iterable

import dagster as dg

from pipelines.documents.published import document_signatures
from pipelines.ingest.deliveries import find_deliveries
from pipelines.ingest.model import Delivery
from pipelines.ledger.fingerprint import fingerprint
from pipelines.operations.notify import tell_failure
from pipelines.orchestration.partitions import add_partitions, partition_key, range_tags
from pipelines.settings import Schedule, Settings

NIGHTLY = dg.define_asset_job(
    "nightly",
    selection=dg.AssetSelection.all(),
    executor_def=dg.in_process_executor,
    description="读取、校验、接受并发布。 Read, validate, accept and publish; select all partitions for a whole night.",
)


def nightly_schedule(schedule: Schedule) -> dg.ScheduleDefinition:
    """Every night one run for every district-year found in the raw directory; that there is none is told, once."""

    @dg.schedule(
        name="nightly_schedule",
        job=NIGHTLY,
        cron_schedule=schedule.cron,
        execution_timezone=schedule.time_zone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="每夜处理全部区年度。 Every district-year found in the raw directory.",
    )
    def every_night(
        context: dg.ScheduleEvaluationContext, settings: dg.ResourceParam[Settings]
    ) -> dg.RunRequest | dg.SkipReason:
        keys = [partition_key(place) for place in find_deliveries(settings).by_district_year]
        if not keys:
            reason = (
                f"no deliveries below {settings.raw}: is the share mounted, may the program read it? "
                "报送目录下没有任何文件：请检查共享目录是否已挂载、程序能否读取。"
            )
            tell_failure(settings, "nightly_schedule", reason)
            return dg.SkipReason(reason)
        return dg.RunRequest(tags=range_tags(add_partitions(context.instance, keys), keys))

    return every_night


@dg.sensor(
    name="new_deliveries",
    job=NIGHTLY,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="发现新文件即处理其区年度。 Starts a run for the district-years whose files have changed and are "
    "complete: the same on two evaluations in a row.",
)
def new_deliveries(
    context: dg.SensorEvaluationContext, settings: dg.ResourceParam[Settings]
) -> dg.SensorResult | dg.SkipReason:
    """One run for the district-years that changed since their last run and were the same at the last evaluation.

    A published report counts as its district-year's; one of a year without deliveries is read by the next night.

    The cursor holds, per partition, the fingerprint seen last and the one that a run was started for, and how many runs
    were asked for: files that are put back as they were are a new run, not the one of before.
    """
    cursor = json.loads(context.cursor or "{}")
    seen: dict[str, str] = cursor.get("seen", {})
    started: dict[str, str] = cursor.get("started", {})
    deliveries = find_deliveries(settings).by_district_year
    documents = document_signatures(settings.published_reports)
    now = {partition_key(place): _fingerprint(files) + documents.get(place, "") for place, files in deliveries.items()}
    waiting = {partition_key(place) for place, files in deliveries.items() if any(file.waits_for for file in files)}
    ready = [
        key for key, found in now.items() if key not in waiting and found == seen.get(key) and found != started.get(key)
    ]
    started = {key: found for key, found in started.items() if key in now} | {key: now[key] for key in ready}
    runs: int = cursor.get("runs", 0) + bool(ready)
    context.update_cursor(json.dumps({"seen": now, "started": started, "runs": runs}))
    known = add_partitions(context.instance, list(now))
    if not ready:
        changing = [key for key, found in now.items() if found != seen.get(key)]
        return dg.SkipReason(f"still being delivered: {', '.join(changing)}" if changing else "nothing new")
    run_key = fingerprint(content=[str(runs), json.dumps([[key, now[key]] for key in ready])])
    return dg.SensorResult([dg.RunRequest(run_key, tags=range_tags(known, ready))])


@dg.run_failure_sensor(
    name="tell_crashed_runs",
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=30,
    description="运行进程中断时立即通知。 Tells at once of a run whose process died; a failed step has told itself.",
)
def tell_crashed_runs(context: dg.RunFailureSensorContext, settings: dg.ResourceParam[Settings]) -> None:
    """Sends a message about a run that failed without a failed step."""
    if not context.get_step_failure_events():
        reason = context.failure_event.message or "its process ended without telling why"
        tell_failure(settings, f"run of {context.dagster_run.job_name}", reason)


def _fingerprint(files: Iterable[Delivery]) -> str:
    """A hash of names, sizes and times: cheap enough to take every half minute. Content is compared by the run.

    The time of a change is among them: copying tools set that of the content to what it was elsewhere.
    """
    seen = []
    for file in files:
        try:
            facts = file.path.stat()
        except FileNotFoundError:
            continue
        seen += [file.relative_path, f"{facts.st_size} {facts.st_mtime_ns} {facts.st_ctime_ns}"]
    return fingerprint(content=seen)
