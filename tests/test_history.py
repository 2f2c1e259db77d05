"""What each publication said stays on record: every publication's figures, and nothing that was never published."""

from __future__ import annotations

import shutil
from decimal import Decimal
from typing import Any

import pytest
from bureau import BUDGET, PAYMENTS, Bureau, deliver_detail

from pipelines.sql_files import read_sql_file, sql_directory
from pipelines.warehouse.publish import BuildError
from pipelines.warehouse.stages import Stage, listening

SUMMARIES = ("department_execution", "project_execution")
MORE_PAYMENTS = PAYMENTS + "    V3,2024-05-01,101,P1,111,50.00\n"
ONLY_ONE_PROJECT = "\n".join(line for line in BUDGET.splitlines() if "P2" not in line)
NO_P2 = "\n".join(line for line in PAYMENTS.splitlines() if "P2" not in line)


def said_now(bureau: Bureau) -> dict[str, list[tuple[Any, ...]]]:
    """What the publication says, by summary."""
    return {name: sorted(bureau.rows(f"from summary.{name}"), key=repr) for name in SUMMARIES}


def said_by(bureau: Bureau, build_id: str | None) -> dict[str, list[tuple[Any, ...]]]:
    """What the history says that a build said."""
    return {
        name: sorted(
            bureau.rows(f"select * exclude (build_id, published_at) from history.{name} where build_id = '{build_id}'"),
            key=repr,
        )
        for name in SUMMARIES
    }


@pytest.mark.long
def test_every_publication_is_remembered_as_it_was(bureau: Bureau) -> None:
    told: dict[str | None, dict[str, list[tuple[Any, ...]]]] = {}

    def night() -> None:
        build_id = bureau.night().publication.build_id
        told[build_id] = said_now(bureau)

    bureau.settings.replacement.withdrawn_share_at_most = Decimal(1)  # a whole dataset goes
    deliver_detail(bureau)
    night()
    (bureau.settings.raw / "440199" / "2024" / "调整.csv").unlink()
    bureau.deliver("440199/2024/预算.csv", ONLY_ONE_PROJECT)
    bureau.deliver("440199/2024/支付.csv", NO_P2)
    night()
    night()
    deliver_detail(bureau)
    bureau.deliver("440198/2024/预算.csv", BUDGET)
    night()

    assert bureau.rows("select build_number, build_id from history.publication order by 1") == [
        (number, build_id) for number, build_id in enumerate(told, start=1)
    ]
    assert [len(figures["project_execution"]) for figures in told.values()] == [2, 1, 4]
    for build_id, figures in told.items():
        assert said_by(bureau, build_id) == figures
    spans = "select first_build_number, last_build_number, count(*) from history.project_execution_span group by all"
    assert sorted(bureau.rows(spans), key=repr) == [(1, 1, 2), (2, 2, 1), (3, None, 4)]

    question = read_sql_file(sql_directory() / "examples" / "reported_on_a_day.sql").query
    today = bureau.rows(f"select department_name, executed_amount from ({question}) where district_code = '440199'")
    assert today == [("测试一局", Decimal("700.00"))]
    assert bureau.rows(question.replace("current_date", "date '2020-01-31'")) == []


@pytest.mark.long
def test_only_what_was_published_is_history_and_nothing_of_it_is_lost(bureau: Bureau) -> None:
    def fail(stage: Stage) -> None:
        if stage is Stage.VERIFIED:
            raise OSError(28, "No space left on device")

    deliver_detail(bureau)
    first = bureau.night().publication.build_id
    told = said_now(bureau)
    backup = bureau.settings.warehouse / "backup"
    shutil.copy(bureau.settings.database, backup)
    bureau.deliver("440199/2024/支付.csv", MORE_PAYMENTS)
    with listening(fail), pytest.raises(BuildError, match="No space left on device"):
        bureau.night()
    assert said_now(bureau) == told

    bureau.settings.database.unlink()
    second = bureau.night().publication.build_id
    assert bureau.rows("select build_id from history.publication order by build_number") == [(first,), (second,)]
    assert said_by(bureau, first) == told

    backup.replace(bureau.settings.database)
    third = bureau.night().publication.build_id
    assert bureau.rows("select build_id from history.publication order by build_number") == [(first,), (third,)]
    assert said_by(bureau, first) == told
