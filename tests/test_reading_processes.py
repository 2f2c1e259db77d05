"""Files are read in processes of their own: what one office's file does there is told, and no other office notices."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from bureau import BUDGET, PAYMENTS, Bureau, deliver_detail

from pipelines.ingest.model import Delivery
from pipelines.nightly import ALL_PUBLISHED, FAILED, SOMETHING_HELD_BACK
from pipelines.settings import Settings
from pipelines.warehouse import staging
from pipelines.warehouse.staging import Reading, read_in_worker, reading_processes


def _abort() -> None:
    os.abort()


def _grow() -> None:
    held = []
    while True:
        held.append(b"x" * 2**23)


def _err() -> None:
    raise KeyError("a bug in a reader")


HARM: dict[str, tuple[Callable[[], None], str, str]] = {
    "440201": (_abort, "reading-ended-abnormally", "signal 6"),
    "440202": (_grow, "reading-takes-too-much-memory", "limits.reading_memory_mb"),
    "440203": (_err, "reading-ended-abnormally", "KeyError"),
}
"""What reading the payments of a district does, and what is said of it."""


def harmful(target: Path, delivery: Delivery, identity: str, settings: Settings, hash_secret: bytes) -> Reading:
    """Reads a delivery, which does harm in some districts; runs in a worker."""
    if delivery.district_code in HARM and "支付" in delivery.path.name:
        (target / "begun.parquet").write_bytes(b"half a file")
        HARM[delivery.district_code][0]()
    return read_in_worker(target, delivery, identity, settings, hash_secret)


@pytest.mark.long
def test_what_kills_a_reader_is_a_refused_file_of_its_district_alone(
    bureau: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    bureau.settings = bureau.settings.model_copy(
        update={
            "log_level": "DEBUG",
            "limits": bureau.settings.limits.model_copy(update={"reading_memory_mb": 512, "reading_processes": 1}),
        }
    )
    deliver_detail(bureau)
    for district in HARM:
        bureau.deliver(f"{district}/2024/预算.csv", BUDGET)
        bureau.deliver(f"{district}/2024/支付.csv", PAYMENTS)
    with monkeypatch.context() as patch:
        patch.setattr(staging, "read_in_worker", harmful)
        night = bureau.night()
    assert night.exit_code == SOMETHING_HELD_BACK
    assert [acceptance.status for acceptance in night.acceptances] == ["accepted", *["held_back"] * len(HARM)]
    for acceptance, (_, rule_id, told) in zip(night.acceptances[1:], HARM.values(), strict=True):
        fatal = [finding for finding in acceptance.findings if finding.severity == "fatal"]
        assert [(finding.rule_id, finding.finding_key) for finding in fatal] == [
            (rule_id, f"{acceptance.district_code}/2024/支付.csv")
        ]
        assert told in fatal[0].message
        assert "Traceback" not in fatal[0].message
    assert bureau.rows("select distinct district_code from summary.department_execution") == [("440199",)]
    assert not list(bureau.settings.accepted.rglob("begun.parquet"))

    (log,) = bureau.settings.logs.glob("*.jsonl")
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert sorted((line["district"], line["level"]) for line in lines if line["message"] == "reading failed") == [
        (district, "ERROR") for district in HARM
    ]
    assert any("a bug in a reader" in line.get("reason", "") for line in lines)
    # What a worker logs is a line of the night like any other.
    (told,) = [line for line in lines if line["message"] == "table read" and line["file"] == "440199/2024/支付.csv"]
    assert told["run"] == lines[0]["run"]

    # Nothing of it is kept: sound files of the same content are read the next night.
    assert bureau.night().exit_code == ALL_PUBLISHED


def test_a_file_that_takes_too_long_is_refused(bureau: Bureau) -> None:
    limits = bureau.settings.limits.model_copy(update={"reading_seconds": 0.001})
    bureau.settings = bureau.settings.model_copy(update={"limits": limits})
    bureau.deliver("440199/2024/支付.csv", PAYMENTS)
    night = bureau.night()
    assert night.exit_code == FAILED
    (finding,) = [finding for finding in night.acceptances[0].findings if finding.severity == "fatal"]
    assert finding.rule_id == "reading-takes-too-long"
    assert "limits.reading_seconds" in finding.message


def test_no_more_files_are_read_at_a_time_than_there_are_cores() -> None:
    cores = len(os.sched_getaffinity(0))
    assert reading_processes(Settings()) == cores
    assert reading_processes(Settings(limits={"reading_processes": 1000})) == cores
    assert reading_processes(Settings(limits={"reading_processes": 1})) == 1
