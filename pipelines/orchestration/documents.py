"""Published reports as assets: the documents that lie there, and what reading them gave, by district-year.

Documents of every district-year are read, whatever partitions a run has: they are few, and each is read once.
Does not belong here: how a document is read (``pipelines.documents``), what its figures are compared with (``sql``).
"""

from collections.abc import Iterator

import dagster as dg

from pipelines.documents.published import ReadDocument, read_documents, update_published
from pipelines.orchestration.metadata import markdown_table
from pipelines.orchestration.partitions import DISTRICT_FISCAL_YEAR, district_year
from pipelines.orchestration.step import writing_step
from pipelines.settings import Settings

PUBLISHED_REPORT = dg.AssetSpec(
    "published_report",
    group_name="raw",
    kinds={"pdf", "word"},
    partitions_def=DISTRICT_FISCAL_YEAR,
    description="已公开的报告，原样保存。 Reports as they were published; never changed.",
)
DOCUMENT_READING = dg.AssetSpec(
    "document_reading",
    deps=[PUBLISHED_REPORT],
    group_name="accepted",
    kinds={"python"},
    description="公开报告的读取结果。 What was read of published reports: numbers used, passed over and unread.",
)
_EVERY_DOCUMENT = dg.AssetCheckSpec(
    "every_document_is_read",
    asset="document_reading",
    description="公开报告均能读取。 No published report is refused; one that is concerns nobody else.",
)
_EVERY_NUMBER = dg.AssetCheckSpec(
    "every_number_is_read",
    asset="document_reading",
    description="公开报告中没有未读的数字。 No number with a unit is left without a meaning; see reports confirm.",
)


@dg.multi_asset(
    name="read_published_reports",
    specs=[DOCUMENT_READING],
    check_specs=[_EVERY_DOCUMENT, _EVERY_NUMBER],
    partitions_def=DISTRICT_FISCAL_YEAR,
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def read_published_reports(
    context: dg.AssetExecutionContext, settings: dg.ResourceParam[Settings]
) -> Iterator[dg.MaterializeResult[None]]:
    """Reads what is new of published reports, and tells what became of those of the run's partitions."""
    with writing_step(context, settings):
        count = update_published(settings)
        context.log.info(f"{count} documents read")
    keys = context.partition_keys if context.has_partition_key or context.has_partition_key_range else ()
    documents = {key: read_documents(settings, district_year(key)) for key in keys}
    for key, found in documents.items():
        context.add_asset_metadata(
            {
                "documents": len(found),
                "numbers used": sum(document.numbers_used for document in found),
                "numbers passed over": sum(document.numbers_passed_over for document in found),
                "numbers unread": sum(document.numbers_unread for document in found),
            },
            "document_reading",
            partition_key=key,
        )
    everything = [document for found in documents.values() for document in found]
    refused = [document for document in everything if document.refusal]
    unread = [document for document in everything if document.numbers_unread]
    yield dg.MaterializeResult(
        "document_reading", check_results=[_check(_EVERY_DOCUMENT, refused), _check(_EVERY_NUMBER, unread)]
    )


def _check(spec: dg.AssetCheckSpec, documents: list[ReadDocument]) -> dg.AssetCheckResult:
    rows = [[document.document_path, document.refusal_zh, document.numbers_unread] for document in documents]
    return dg.AssetCheckResult(
        passed=not documents,
        asset_key=spec.asset_key,
        check_name=spec.name,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "documents": len(documents),
            "reasons": markdown_table(["document", "refused 未读原因", "unread 未读"], rows),
        },
    )
