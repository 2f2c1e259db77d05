"""The published tables as assets, with their lineage from the SQL files, and the contract checks on them.

All of them are made by one call that builds a new file, asks the gate and renames it into place; there is no way to
make one table alone. Does not belong here: the build (``pipelines.warehouse.publish``).
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from functools import cache
from typing import Any

import dagster as dg
import duckdb

from pipelines.contracts.datasets import DATASETS
from pipelines.contracts.model import Dataset, Severity
from pipelines.contracts.quality_tables import QUALITY_TABLES, PublishedTable
from pipelines.contracts.reference_tables import CODE_LISTS, REFERENCE_TABLES
from pipelines.ingest.deliveries import find_deliveries
from pipelines.nightly import Night, end_night, publish_or_mend, standing
from pipelines.orchestration.accepted import findings_preview
from pipelines.orchestration.documents import DOCUMENT_READING
from pipelines.orchestration.metadata import PREVIEW_ROWS, columns_of_tables, markdown_table, table_metadata, yuan
from pipelines.orchestration.step import writing_step
from pipelines.quality.rules import EFFECTS, Rule, read_rules
from pipelines.settings import Schedule, Settings
from pipelines.sql_files import SqlFile, in_order, read_sql_group
from pipelines.warehouse.connect import open_published
from pipelines.warehouse.published_documents import TABLES as DOCUMENT_TABLES

_READING_REPORT = dg.AssetKey("reading_report")
_SQL_GROUPS = ("core", "summary")


@cache
def published_specs() -> tuple[dg.AssetSpec, ...]:
    """One asset per published table, each behind those it is made from: accepted rows, quality, lists, derived.

    Tables that exist only while the file is built are no assets; what reads them is made from what they read.
    """
    specs = [_spec("core", dataset, [_READING_REPORT]) for dataset in DATASETS.values()]
    of_documents = {table.name for table in DOCUMENT_TABLES}
    specs += [
        _spec("quality", table, [DOCUMENT_READING.key if table.name in of_documents else _READING_REPORT])
        for table in QUALITY_TABLES
    ]
    specs += [_spec("core", table, []) for table in (*REFERENCE_TABLES.values(), *CODE_LISTS)]
    reads = {".".join(spec.key.path): frozenset({".".join(spec.key.path)}) for spec in specs}
    for file in in_order((file for group in _SQL_GROUPS for file in read_sql_group(group)), list(reads)):
        published = frozenset().union(*(reads[table] for table in file.reads))
        if not file.is_kept:
            reads[file.table] = published
        else:
            reads[file.table] = frozenset({file.table})
            specs.append(_spec(file.group, file, [dg.AssetKey(table.split(".")) for table in sorted(published)]))
    return tuple(specs)


def _spec(schema: str, table: Dataset | PublishedTable | SqlFile, deps: Sequence[dg.AssetKey]) -> dg.AssetSpec:
    metadata: dict[str, Any] = {}
    if isinstance(table, SqlFile):
        reference = dg.LocalFileCodeReference(file_path=str(table.path), line_number=1, label="SQL")
        metadata["dagster/code_references"] = dg.CodeReferencesMetadataValue(code_references=[reference])
    return dg.AssetSpec(
        [schema, table.name],
        deps=deps,
        metadata=metadata,
        group_name=schema,
        kinds={"duckdb", "sql"} if isinstance(table, SqlFile) else {"duckdb"},
        description=f"**{table.label_zh}** {table.meaning_zh} {table.meaning}",
    )


def contract_checks() -> list[dg.AssetCheckSpec]:
    """Two checks on the accepted rows of every dataset: they fulfil the contract, and none got lost on the way."""
    checks = []
    for dataset in DATASETS.values():
        asset = dg.AssetKey(["core", dataset.name])
        checks.append(
            dg.AssetCheckSpec(
                "rows_fulfil_the_contract",
                asset=asset,
                description=f"报送的{dataset.label_zh}没有被剔除的行。 No delivered row had to be set aside.",
            )
        )
        checks.append(
            dg.AssetCheckSpec(
                "rows_and_money_are_conserved",
                asset=asset,
                description="读入＝接受＋剔除＋重复＋合计行。 Rows read = accepted + rejected + duplicate + subtotal; "
                "money read = accepted + rejected + duplicate.",
            )
        )
    return checks


def rule_checks() -> list[dg.AssetCheckSpec]:
    """One check per rule of ``sql/rules``, on the table that the rule guards."""
    return [
        dg.AssetCheckSpec(
            _check_name(rule),
            asset=dg.AssetKey(rule.guards.split(".")),
            description=f"{rule.file.meaning_zh} {rule.file.meaning}",
        )
        for rule in read_rules()
    ]


def _check_name(rule: Rule) -> str:
    return rule.id.replace("-", "_")


def publishing(schedule: Schedule) -> dg.AssetsDefinition:
    """The assets that are published together; summaries older than ``schedule.fresh_hours`` are told as stale."""
    # A night materialises every table, also where nothing changed: what is older means that no night has run.
    fresh = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=schedule.fresh_hours))
    specs = [
        spec.replace_attributes(freshness_policy=fresh) if spec.group_name == "summary" else spec
        for spec in published_specs()
    ]

    @dg.multi_asset(name="publish", specs=specs, check_specs=[*contract_checks(), *rule_checks()])
    def publish(
        context: dg.AssetExecutionContext, settings: dg.ResourceParam[Settings]
    ) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        yield from _publish(context, settings)

    return publish


def _publish(
    context: dg.AssetExecutionContext, settings: Settings
) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """Builds and publishes what is accepted; an unchanged build is materialised again as the same data version.

    Raises:
        dagster.Failure: the gate refused, or no district-year was ever accepted; the last publication stays.
    """
    with writing_step(context, settings):
        deliveries = find_deliveries(settings)
        standings, publication = publish_or_mend(settings, deliveries, standing(settings))
    end_night(settings, Night(standings, publication, deliveries.problems))
    context.log.info(f"{publication.status}: build {publication.build_id}, {publication.database}")
    if publication.status == "held_back":
        raise dg.Failure(
            "Not published: the gate refused. The last publication stays. 未发布：检查未通过，仍使用上次发布。",
            metadata={"reasons": markdown_table(["reason"], [[str(reason)] for reason in publication.reasons])},
        )
    if publication.status == "nothing":
        raise dg.Failure("Nothing could be published: no district-year has been accepted yet. 没有可发布的数据。")
    told = {"outcome": publication.status, "build": publication.build_id or ""}
    with open_published(settings.database) as published:
        columns = columns_of_tables(published)
        for spec in published_specs():
            schema, table = spec.key.path
            yield dg.MaterializeResult(
                spec.key,
                metadata=table_metadata(published, schema, table, columns[schema, table]) | told,
                data_version=dg.DataVersion(told["build"]),
            )
        yield from _contract_results(published)
        yield from _conservation_results(published)
        yield from _rule_results(published)


def _contract_results(published: duckdb.DuckDBPyConnection) -> Iterator[dg.AssetCheckResult]:
    """What was set aside of every dataset, by reason."""
    reasons: defaultdict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for dataset, *reason in published.execute(
        """
        select dataset, rule_ids, count(*), sum(money), min(messages_zh), min(messages)
        from quality.rejected_row group by dataset, rule_ids order by count(*) desc, rule_ids
        """
    ).fetchall():
        reasons[dataset].append(tuple(reason))
    for dataset in DATASETS:
        found = reasons[dataset]
        yield dg.AssetCheckResult(
            passed=not found,
            asset_key=["core", dataset],
            check_name="rows_fulfil_the_contract",
            severity=dg.AssetCheckSeverity.WARN,
            metadata={
                "rows set aside": sum(count for _, count, *_ in found),
                "money set aside (yuan)": yuan(sum((money or Decimal(0) for _, _, money, *_ in found), Decimal(0))),
                "reasons": markdown_table(["rule", "rows", "yuan", "原因", "reason"], found[:PREVIEW_ROWS]),
            },
        )


def _conservation_results(published: duckdb.DuckDBPyConnection) -> Iterator[dg.AssetCheckResult]:
    """Rows and money read of every dataset against what became of them."""
    counted = {
        dataset: counts
        for dataset, *counts in published.execute(
            """
            select dataset, coalesce(sum(rows_read), 0),
                coalesce(sum(rows_accepted + rows_rejected + rows_duplicate + rows_subtotal), 0),
                coalesce(sum(money_read), 0), coalesce(sum(money_accepted + money_rejected + money_duplicate), 0)
            from quality.source_file group by dataset
            """
        ).fetchall()
    }
    for dataset in DATASETS:
        rows_read, rows_told, money_read, money_told = counted.get(dataset, (0, 0, Decimal(0), Decimal(0)))
        yield dg.AssetCheckResult(
            passed=rows_read == rows_told and money_read == money_told,
            asset_key=["core", dataset],
            check_name="rows_and_money_are_conserved",
            metadata={
                "rows read": int(rows_read),
                "rows accounted for": int(rows_told),
                "money read (yuan)": yuan(money_read),
                "money accounted for (yuan)": yuan(money_told),
            },
        )


def _rule_results(published: duckdb.DuckDBPyConnection) -> Iterator[dg.AssetCheckResult]:
    """The result of every rule from ``quality.finding``: how many cases, how much money, and the first ones."""
    cursor = published.execute(
        """
        select rule_id, district_code, fiscal_year, finding_key, message_zh, message, difference
        from quality.finding order by rule_id, abs(difference) desc nulls last, district_code, fiscal_year, finding_key
        """
    )
    names = [column[0] for column in cursor.description or ()]
    findings: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for values in cursor.fetchall():
        finding = dict(zip(names, values, strict=True))
        findings[finding["rule_id"]].append(finding)
    for rule in read_rules():
        found = findings[rule.id]
        metadata: dict[str, Any] = {"findings": len(found), "effect": EFFECTS[rule.effect][0]}
        if found:
            metadata["cases"] = findings_preview(found)
        if found and rule.value == "amount":
            differences = (finding["difference"] for finding in found)
            metadata["money (yuan)"] = yuan(sum((abs(each) for each in differences if each is not None), Decimal(0)))
        yield dg.AssetCheckResult(
            passed=not found,
            asset_key=rule.guards.split("."),
            check_name=_check_name(rule),
            severity=dg.AssetCheckSeverity.WARN if rule.severity is Severity.WARNING else dg.AssetCheckSeverity.ERROR,
            metadata=metadata,
        )
