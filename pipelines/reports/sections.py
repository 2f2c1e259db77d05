"""Which published tables a report shows, with which columns, in which order.

Does not belong here: how they look (workbook, page), what a column means (contracts).
"""

from __future__ import annotations

from dataclasses import dataclass

_DEPARTMENTS = """(
    select item.*, warning.warning_level, ranking.execution_rank, ranking.ranked_count, ranking.gap_to_progress_points,
        ranking.gap_to_average_points, ranking.share_of_budget_pct, ranking.share_of_unspent_pct
    from summary.department_execution as item
    left join (
        select * from summary.execution_ranking
        where figure_level = 'department'
        qualify month is not distinct from max(month) over (partition by district_code, fiscal_year)
    ) as ranking
        on item.district_code = ranking.district_code and item.fiscal_year = ranking.fiscal_year
        and item.department_key = ranking.department_key
    left join summary.warning_overview as warning
        on warning.figure_level = 'department'
        and item.district_code = warning.district_code and item.fiscal_year = warning.fiscal_year
        and item.department_key = warning.department_key
)"""

_PROJECTS = """(
    with item as materialized (select * from {first})
    select item.*, warning.warning_level
    from item
    left join summary.warning_overview as warning
        on warning.figure_level = 'project'
        and item.district_code = warning.district_code and item.fiscal_year = warning.fiscal_year
        and item.department_key = warning.department_key and item.project_key = warning.project_key
)"""

_WATCH_BASIS = """(
    select basis.* replace (
            coalesce(watched.project_count, 0) as watched_project_count,
            coalesce(watched.full_year_budget_amount, 0) as watched_budget_amount,
            case when watched.project_count is null then 0 else watched.proposed_adjustment_amount end
                as proposed_adjustment_amount,
            coalesce(watched.unprojected_project_count, 0) as unprojected_project_count
        )
    from summary.project_watch_basis as basis
    left join (
        select
            district_code,
            fiscal_year,
            count(*) as project_count,
            sum(full_year_budget_amount) as full_year_budget_amount,
            sum(proposed_adjustment_amount) as proposed_adjustment_amount,
            count(*) filter (projected_executed_amount is null) as unprojected_project_count
        from summary.project_watch
        group by all
    ) as watched
        using (district_code, fiscal_year)
)"""
"""The basis with the sums of those watched projects that the reader sees."""

_PUBLISHED = """(
    select * replace (case printed_subject when 'DEPT' then '部门整体' else printed_subject end as printed_subject)
    from summary.published_reconciliation
)"""

_REJECTED = """(
    select * replace (case when has_unreadable_amount then nullif(money, 0) else money end as money)
    from quality.rejected_row
)"""
"""Of a row whose amounts could not be read, the money is unknown."""

_DISTRICT_MONTHS = """(
    select district_code, fiscal_year, month, group_execution_rate_pct, max(time_progress_pct) as time_progress_pct
    from summary.execution_ranking
    where figure_level = 'department' and month is not null
    group by all
)"""


@dataclass(frozen=True, slots=True)
class Section:
    """Rows of ``table``, read from ``relation`` where further columns stand beside its own.

    What matters most comes first: a report carries the first ``rows_at_most`` rows and says how many it leaves out.
    ``{first}`` in ``relation`` stands for those rows, where what they are ordered by is their own.
    """

    name: str
    table: str
    columns: tuple[str, ...]
    order: str
    where: str = ""
    relation: str = ""
    rows_at_most: int = 2_000


_NEVER_CUT = 1_000_000
"""Rows of lists that people must see whole: who cannot proceed, and every red warning."""

_LEVEL_ORDER = "case warning_level when 'red' then 1 when 'orange' then 2 when 'yellow' then 3 else 4 end"

_SUBJECT = ("figure_level", "department_code", "department_name", "project_code", "project_name")
_SUBJECT_ORDER = "department_code, department_name, project_code, project_name"
_DEPARTMENTS_FIRST = "case figure_level when 'department' then 1 else 2 end"

COMPLETENESS = ("is_complete", "set_aside_row_count", "set_aside_amount")
"""Columns that say whether rows are missing from a figure."""

_BUDGET = (
    "initial_budget_amount",
    "increase_amount",
    "decrease_amount",
    "net_adjustment_amount",
    "adjustment_count",
    "full_year_budget_amount",
    "executed_amount",
    "unspent_amount",
    "execution_rate_pct",
    "completion_rate_of_initial_pct",
    "net_adjustment_rate_pct",
    "gross_adjustment_rate_pct",
    "execution_status",
    "adjustment_status",
    "source_grain",
    "as_of_date",
    *COMPLETENESS,
)

SECTIONS: tuple[Section, ...] = (
    Section(
        "watch",
        "summary.project_watch",
        (
            "department_code",
            "department_name",
            "project_code",
            "project_name",
            "watch_reasons_zh",
            "watch_reasons",
            "full_year_budget_amount",
            "executed_amount",
            "execution_rate_pct",
            "uncontracted_amount",
            "projected_executed_amount",
            "projected_lowest_amount",
            "projected_highest_amount",
            "projection_basis",
            "proposed_adjustment_amount",
            "months_without_payment",
            "contract_date",
            "planned_start_date",
            "listed_since",
            "watch_change",
            "proposed_adjustment_change_amount",
            "handling_state",
            "handled_on",
            "handling_note",
        ),
        "coalesce(proposed_adjustment_amount, unspent_amount) desc nulls last, initial_budget_amount desc nulls last,"
        " department_key, project_key",
        rows_at_most=_NEVER_CUT,
    ),
    Section(
        "watch_basis",
        "summary.project_watch_basis",
        (
            "watched_project_count",
            "watched_budget_amount",
            "proposed_adjustment_amount",
            "unprojected_project_count",
            "unseen_columns",
            "tested_fiscal_year",
            "projection_error_pct",
            "bounds_coverage_pct",
        ),
        "as_of_date",
        relation=_WATCH_BASIS,
    ),
    Section(
        "warning",
        "summary.warning_overview",
        (
            "warning_level",
            "figure_level",
            "department_code",
            "department_name",
            "project_code",
            "project_name",
            "warning_amount",
            "evidence_zh",
            "evidence",
            "warning_rules",
            "as_of_date",
        ),
        f"{_LEVEL_ORDER}, warning_amount desc nulls last, department_key, project_key",
        rows_at_most=_NEVER_CUT,
    ),
    Section(
        "department",
        "summary.department_execution",
        (
            "execution_rank",
            "department_code",
            "department_name",
            "warning_level",
            *_BUDGET,
            "gap_to_progress_points",
            "gap_to_average_points",
            "share_of_budget_pct",
            "share_of_unspent_pct",
        ),
        "execution_rank nulls last, department_code, department_name",
        relation=_DEPARTMENTS,
        rows_at_most=20_000,
    ),
    Section(
        "project",
        "summary.project_execution",
        (
            "department_code",
            "department_name",
            "project_code",
            "project_name",
            "project_kind",
            "expenditure_nature",
            "warning_level",
            *_BUDGET,
        ),
        "department_code, department_name, project_code, project_name",
        relation=_PROJECTS,
        rows_at_most=20_000,
    ),
    Section(
        "fund_type",
        "summary.department_execution_by_fund_type",
        ("department_code", "department_name", "fund_type_code", "fund_type_name", *_BUDGET),
        "department_code, department_name, fund_type_code",
    ),
    Section(
        "nature",
        "summary.department_execution_by_nature",
        ("department_code", "department_name", "expenditure_nature", *_BUDGET),
        "department_code, department_name, expenditure_nature",
    ),
    Section(
        "district_month",
        "summary.execution_ranking",
        ("month", "group_execution_rate_pct", "time_progress_pct"),
        "month",
        relation=_DISTRICT_MONTHS,
    ),
    Section(
        "month",
        "summary.department_execution_monthly",
        (
            "department_code",
            "department_name",
            "month",
            "full_year_budget_amount",
            "month_executed_amount",
            "cumulative_executed_amount",
            "execution_rate_pct",
            "time_progress_pct",
            "gap_to_progress_points",
            "gap_to_progress_amount",
            "as_of_date",
            *COMPLETENESS,
        ),
        "department_code, department_name, month",
    ),
    Section(
        "adjustment",
        "summary.adjustment_review",
        (
            "warning_level",
            "department_code",
            "department_name",
            "project_code",
            "project_name",
            "adjustment_date",
            "batch_number",
            "adjustment_kind",
            "adjustment_amount",
            "adjustment_reason",
            "is_exempt",
            "document_number",
            "initial_budget_amount",
            "project_adjustment_count",
            "project_net_adjustment_amount",
            "net_adjustment_rate_pct",
            "project_gross_adjustment_amount",
            "gross_adjustment_rate_pct",
            "adjustment_status",
            "source_file_id",
            "source_sheet",
            "source_line",
        ),
        f"{_LEVEL_ORDER}, abs(project_net_adjustment_amount) desc nulls last, department_code, department_name,"
        " project_code, project_name, adjustment_date, source_file_id, source_sheet, source_line",
        rows_at_most=1_000,
    ),
    Section(
        "carryover",
        "summary.carryover",
        (
            *_SUBJECT,
            "approved_amount",
            "carried_over_amount",
            "taken_back_amount",
            "full_year_budget_amount",
            "executed_amount",
            "unspent_amount",
            "carryover_rate_pct",
            "carryover_increase_amount",
            "next_year_carried_over_amount",
            "carryover_chain_difference",
            "last_quarter_amount",
            "last_quarter_share_pct",
            "november_december_amount",
            "november_december_share_pct",
        ),
        f"{_DEPARTMENTS_FIRST}, unspent_amount desc nulls last, {_SUBJECT_ORDER}",
        rows_at_most=1_000,
    ),
    Section(
        "year_over_year",
        "summary.year_over_year",
        (
            *_SUBJECT,
            "comparison_status",
            "same_period_date",
            "last_year_initial_budget_amount",
            "initial_budget_amount",
            "initial_budget_change_amount",
            "initial_budget_change_pct",
            "same_period_full_year_budget_amount",
            "full_year_budget_amount",
            "full_year_budget_change_amount",
            "full_year_budget_change_pct",
            "same_period_executed_amount",
            "executed_amount",
            "executed_change_amount",
            "executed_change_pct",
            "same_period_execution_rate_pct",
            "execution_rate_pct",
            "execution_rate_change_points",
            "last_year_full_year_budget_amount",
            "last_year_executed_amount",
            "last_year_execution_rate_pct",
        ),
        f"{_DEPARTMENTS_FIRST}, abs(executed_change_amount) desc nulls last, {_SUBJECT_ORDER}",
        where="comparison_status <> 'unknown'",
        rows_at_most=1_000,
    ),
    Section(
        "control_number",
        "summary.control_number_proposal",
        (
            "department_code",
            "department_name",
            "proposal_year",
            "last_control_amount",
            "executed_amount",
            "one_off_executed_amount",
            "undetermined_project_count",
            "spent_carryover_amount",
            "proposed_amount",
            "proposed_change_amount",
            "proposed_change_pct",
            "carryover_increase_amount",
            "carryover_increase_cut_share",
            "alternative_proposed_amount",
            "alternative_change_amount",
            "proposal_status",
            "version",
        ),
        "department_code, department_name",
    ),
    Section(
        "self_evaluation",
        "summary.self_evaluation",
        (
            *_SUBJECT,
            "initial_budget_amount",
            "full_year_budget_amount",
            "executed_amount",
            "maximum_points",
            "execution_rate_pct",
            "execution_points",
            "execution_grade",
            "published_score",
            "execution_status",
            "excellent_project_count",
            "good_project_count",
            "fair_project_count",
            "poor_project_count",
            "ungraded_project_count",
            "version",
        ),
        f"{_DEPARTMENTS_FIRST}, execution_points nulls last, full_year_budget_amount desc nulls last, {_SUBJECT_ORDER}",
        rows_at_most=1_000,
    ),
    Section(
        "published_report",
        "summary.published_reconciliation",
        (
            "document_path",
            "page_number",
            "department_name",
            "printed_subject",
            "published_measure",
            "printed_value",
            "computed_amount",
            "computed_rate",
            "publication_difference",
            "reconciliation_status",
            "statement_status",
            "printed_sentence",
        ),
        "case reconciliation_status when 'unit_slip' then 1 when 'differs' then 2 when 'truncated' then 3"
        " when 'not_linked' then 4 when 'not_in_warehouse' then 5 when 'agrees' then 6 else 7 end,"
        " document_path, statement_number",
        where="published_measure is not null",
        relation=_PUBLISHED,
    ),
    Section(
        "finding",
        "quality.finding",
        (
            "severity",
            "rule_id",
            "finding_key",
            "message_zh",
            "message",
            "source_value",
            "target_value",
            "difference",
            "source_file_id",
            "source_sheet",
            "source_line",
            "source_lines",
        ),
        "case severity when 'fatal' then 1 when 'error' then 2 else 3 end, abs(difference) desc nulls last, rule_id,"
        " finding_key",
    ),
    Section(
        "rejected_row",
        "quality.rejected_row",
        (
            "dataset",
            "department_name",
            "project_name",
            "money",
            "rule_ids",
            "messages_zh",
            "messages",
            "source_file_id",
            "source_sheet",
            "source_line",
        ),
        "abs(money) desc, source_file_id, source_sheet, source_line",
        relation=_REJECTED,
    ),
)
"""What a report shows, in its order."""

TABLES_READ = frozenset(
    {
        *(section.table for section in SECTIONS),
        "summary.department_execution",
        "summary.execution_ranking",
        "summary.execution_warning",
        "summary.warning_overview",
        "summary.year_over_year",
        "quality.build",
        "quality.district_year",
        "quality.source_file",
        "core.project_resolution",
    }
)
"""The tables that sections and what stands beside them are read from; source lines come from datasets of ``core``."""
