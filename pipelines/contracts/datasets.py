"""The register of all datasets: adding one here is what makes it known everywhere."""

from __future__ import annotations

from pipelines.contracts.annual_budget import ANNUAL_BUDGET
from pipelines.contracts.budget_adjustment import BUDGET_ADJUSTMENT
from pipelines.contracts.budget_indicator import BUDGET_INDICATOR
from pipelines.contracts.carryover import CARRYOVER
from pipelines.contracts.code_tables import ECONOMY_CODES, FUNCTION_CODES, FUND_TYPE
from pipelines.contracts.department import DEPARTMENT
from pipelines.contracts.department_budget import DEPARTMENT_BUDGET
from pipelines.contracts.execution_statement import EXECUTION_STATEMENT
from pipelines.contracts.model import Dataset
from pipelines.contracts.payment import PAYMENT
from pipelines.contracts.payment_application import PAYMENT_APPLICATION
from pipelines.contracts.project import PROJECT
from pipelines.contracts.published_figure import PUBLISHED_FIGURE

DATASETS: dict[str, Dataset] = {
    dataset.name: dataset
    for dataset in (
        DEPARTMENT,
        PROJECT,
        ANNUAL_BUDGET,
        BUDGET_ADJUSTMENT,
        BUDGET_INDICATOR,
        PAYMENT,
        PAYMENT_APPLICATION,
        CARRYOVER,
        EXECUTION_STATEMENT,
        DEPARTMENT_BUDGET,
        PUBLISHED_FIGURE,
        FUND_TYPE,
        FUNCTION_CODES,
        ECONOMY_CODES,
    )
}
"""Every dataset by name, in the order in which they are documented."""
