"""The partitioned assets: what was delivered, which version of it is accepted, and what reading it gave.

Does not belong here: how a district-year is accepted (``pipelines.warehouse.accept``), the publication (published).
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import dagster as dg

from pipelines.ingest.deliveries import find_deliveries
from pipelines.ledger.records import LineOutcome
from pipelines.orchestration.metadata import markdown_table, yuan
from pipelines.orchestration.partitions import DISTRICT_FISCAL_YEAR, district_year
from pipelines.orchestration.step import writing_step
from pipelines.settings import Settings
from pipelines.warehouse.accept import Acceptance, accept_district_year
from pipelines.warehouse.loading import held_attempt
from pipelines.warehouse.store import DistrictYearStore

MAX_FINDINGS = 100
HELD_BACK_TAG = "district-finance/held_back"
"""The tag of a run that left district-years held back: which ones."""

DELIVERY = dg.AssetSpec(
    "delivery",
    group_name="raw",
    kinds={"excel", "csv"},
    partitions_def=DISTRICT_FISCAL_YEAR,
    description="各单位报送的文件，原样保存。 Files as offices delivered them; never changed.",
)

_ACCEPTED_VERSION = dg.AssetSpec(
    "accepted_version",
    deps=[DELIVERY],
    skippable=True,
    group_name="accepted",
    kinds={"parquet", "pandera"},
    description="区年度的有效版本，不可更改。 The immutable version of a district-year that counts. A partition is "
    "materialised when what lies in raw/ is accepted or unchanged, and not when it is held back.",
)
_READING_REPORT = dg.AssetSpec(
    "reading_report",
    deps=[_ACCEPTED_VERSION],
    group_name="accepted",
    kinds={"python"},
    description="本次读取的结果。 What reading a district-year's files gave: rows and money by outcome, and "
    "whether the district-year is held back.",
)
_CONSERVATION = dg.AssetCheckSpec(
    "rows_and_money_are_conserved",
    asset="reading_report",
    blocking=True,
    description="读入的行与金额等于接受、剔除、重复之和。 Rows and money read are accepted + rejected + duplicate. "
    "A failure is a fault of the program: nothing is published by this run.",
)
_NOTHING_HELD_BACK = dg.AssetCheckSpec(
    "nothing_is_held_back",
    asset="reading_report",
    description="没有区年度被暂缓。 No district-year is held back. One that is keeps its last accepted version; the "
    "others are published.",
)


@dg.multi_asset(
    name="accept",
    specs=[_ACCEPTED_VERSION, _READING_REPORT],
    check_specs=[_CONSERVATION, _NOTHING_HELD_BACK],
    partitions_def=DISTRICT_FISCAL_YEAR,
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def accept(
    context: dg.AssetExecutionContext, settings: dg.ResourceParam[Settings]
) -> Iterator[dg.MaterializeResult[None]]:
    """Accepts or holds back every district-year of the run's partitions.

    Raises:
        dagster.Failure: the run has no partitions.
    """
    if not context.has_partition_key and not context.has_partition_key_range:
        raise dg.Failure(
            "This run names no district-year. Choose partitions (all of them for a whole night). "
            "本次运行未选择区年度，请选择分区。"
        )
    held: list[dict[str, Any]] = []
    with writing_step(context, settings):
        deliveries = find_deliveries(settings).by_district_year
        for key in context.partition_keys:
            place = district_year(key)
            files = deliveries.get(place)
            if not files:
                context.log.warning(f"{key}: no files in {settings.raw}; its accepted version stays as it is")
                context.add_asset_metadata({"outcome": "no files"}, "reading_report", partition_key=key)
                continue
            acceptance = accept_district_year(settings, place.district_code, place.fiscal_year, files)
            context.log.info(f"{key}: {acceptance.status}, version {acceptance.version}")
            report = _report(acceptance)
            context.add_asset_metadata(report, "reading_report", partition_key=key)
            if acceptance.status != "held_back":
                context.log_event(
                    dg.AssetMaterialization(
                        "accepted_version",
                        partition=key,
                        metadata=report,
                        tags={"dagster/data_version": acceptance.record.input_id},
                    )
                )
        for key in context.partition_keys:
            place = district_year(key)
            attempt = held_attempt(DistrictYearStore(settings.accepted, place.district_code, place.fiscal_year))
            held += attempt.findings().to_pylist() if attempt else []
    if waiting := sorted({f"{each['district_code']}-{each['fiscal_year']}" for each in held}):
        context.instance.add_run_tags(context.run.run_id, {HELD_BACK_TAG: " ".join(waiting)})
    yield dg.MaterializeResult("reading_report", check_results=list(_checks(held)))


def _report(acceptance: Acceptance) -> dict[str, Any]:
    """The outcome of a district-year with rows and money of its files, from the attempt's manifest."""
    rows: Counter[str] = Counter()
    money: defaultdict[str, Decimal] = defaultdict(Decimal)
    files = []
    for file in acceptance.record.files:
        for table in file.tables:
            for entry in table.lines:
                rows[entry.outcome] += entry.lines
                money[entry.outcome] += sum(entry.money.values(), Decimal(0))
            counts = [table.sheet, table.number, table.dataset, table.delivered_rows, table.count(LineOutcome.REJECTED)]
            files.append([file.relative_path, *counts, ""])
        if refusal := file.refusal:
            files.append([file.relative_path, refusal.sheet, "", "", "", "", refusal.message_zh])
    return {
        "outcome": acceptance.status,
        "version": acceptance.version or 0,
        "files": len(acceptance.record.files),
        "files read now": acceptance.files_read,
        **{f"lines {outcome}": count for outcome, count in rows.items()},
        **{f"money {outcome} (yuan)": yuan(amount) for outcome, amount in money.items()},
        "tables": markdown_table(["file", "sheet", "table", "dataset", "rows", "rejected", "refused"], files),
    }


def _checks(held: list[dict[str, Any]]) -> Iterator[dg.AssetCheckResult]:
    """The results of both checks from the findings of the attempts that are held back."""
    fatal = [finding for finding in held if finding["severity"] == "fatal"]
    lost = [finding for finding in fatal if finding["rule_id"] == "rows-or-money-not-conserved"]
    for spec, findings in ((_CONSERVATION, lost), (_NOTHING_HELD_BACK, fatal)):
        yield dg.AssetCheckResult(
            passed=not findings,
            asset_key=spec.asset_key,
            check_name=spec.name,
            metadata={"findings": len(findings), "reasons": findings_preview(findings)},
        )


def findings_preview(findings: list[dict[str, Any]]) -> dg.MarkdownMetadataValue:
    """The first findings as a table: where, about what, which rule, what it says in both languages."""
    names = ("district_code", "fiscal_year", "finding_key", "rule_id", "message_zh", "message")
    return markdown_table(names, [[finding[name] for name in names] for finding in findings[:MAX_FINDINGS]])
