"""The two summaries that the floor and every peer make in DuckDB at their end, from tables ``payment``,
``budget_adjustment`` and ``annual_budget``. Does not belong here: how anybody reads and checks.
"""

from __future__ import annotations

import duckdb

SUMMARY = """
    create or replace table {level}_execution as
    with initial as (
        select {keys}, sum(cast(initial_budget_amount as decimal(18, 2))) as amount from annual_budget group by {keys}
    ),
    adjusted as (
        select {keys}, sum(cast(adjustment_amount as decimal(18, 2))) as amount from budget_adjustment group by {keys}
    ),
    paid as (
        select {keys}, sum(cast(paid_amount as decimal(18, 2))) as amount from payment group by {keys}
    )
    select {keys}, initial.amount as initial_budget_amount, paid.amount as executed_amount,
        initial.amount + coalesce(adjusted.amount, 0) as full_year_budget_amount,
        paid.amount / nullif(initial.amount + coalesce(adjusted.amount, 0), 0) as execution_rate
    from initial left join adjusted using ({keys}) left join paid using ({keys})
"""
"""The summaries in the simplest form that somebody would write."""

LEVELS = {"department": "department_code", "project": "department_code, project_code"}

IDENTITY = (
    "voucher_number",
    "payee_account",
    "department_code",
    "project_code",
    "function_code",
    "department_economy_code",
    "fund_type_code",
)
"""What identifies a payment: of several rows the one in the last file counts."""

FUND_TYPES = ("111", "112", "121", "122", "13", "14", "2", "3", "31", "32", "33", "34", "39")
"""Fund types that a payment may name."""


def make_summaries(connection: duckdb.DuckDBPyConnection) -> None:
    """Makes both summaries."""
    for level, keys in LEVELS.items():
        connection.execute(SUMMARY.format(level=level, keys=keys))
