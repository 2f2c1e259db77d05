"""Reference data: code lists of the contracts as tables, and versioned yardsticks, thresholds and rubrics.

A versioned table is a CSV file of its name under ``pipelines/reference/``; a district replaces the whole table for
itself with ``raw/<district>/reference/<name>.csv``. Does not belong here: reading the files (warehouse.reference).
"""

from __future__ import annotations

from pipelines.contracts.common import DISTRICT_CODE, FUND_TYPE_CODE, PROJECT_KIND
from pipelines.contracts.model import Column, Dataset, Kind

_DISTRICT = DISTRICT_CODE.but(
    meaning="District that the row is for; empty: every district without a table of its own.",
    meaning_zh="该行所属区划；空表示未自定的各区通用。",
    required=False,
    nullable=True,
)
_VERSION = Column(
    "version", Kind.TEXT, "版本", "Version of the reference table.", "参考表版本。", required=True, nullable=False
)
_FIRST_FISCAL_YEAR = Column(
    "first_fiscal_year",
    Kind.INTEGER,
    "起用年度",
    "First fiscal year for which the version counts, until a later one.",
    "该版本自哪一年度起适用，至后一版本为止。",
    required=True,
    nullable=False,
)
_KEY = (_DISTRICT, _VERSION, _FIRST_FISCAL_YEAR)
_NOTE = Column("source_note", Kind.TEXT, "出处", "Where the row is from.", "该行出处。")

EXEMPT_ADJUSTMENT_REASONS = Dataset(
    name="exempt_adjustment_reasons",
    label_zh="豁免调整原因",
    meaning="Adjustment reasons that the gross adjustment rate leaves out, compared as whole texts.",
    meaning_zh="计算预算调整率（总额）时剔除的调整原因，按全文比较。",
    columns=(
        *_KEY,
        Column(
            "adjustment_reason",
            Kind.TEXT,
            "调整原因",
            "Reason as the adjustment line gives it.",
            "调整明细所写的原因。",
            required=True,
            nullable=False,
        ),
        _NOTE,
    ),
    identity=("district_code", "version", "adjustment_reason"),
)

REFERENCE_TABLES: dict[str, Dataset] = {table.name: table for table in (EXEMPT_ADJUSTMENT_REASONS,)}
"""Every versioned reference table by name."""

FUND_TYPE_REFERENCE = Dataset(
    name="fund_type_reference",
    label_zh="资金性质代码表",
    meaning="Fund types of the integration system, for districts that deliver no list of their own.",
    meaning_zh="一体化系统的资金性质，供未报送名录的区使用。",
    columns=(
        FUND_TYPE_CODE,
        Column("fund_type_name", Kind.TEXT, "资金性质名称", "Name of the fund type.", "资金性质名称。"),
    ),
    identity=("fund_type_code",),
)

PROJECT_KIND_REFERENCE = Dataset(
    name="project_kind_reference",
    label_zh="项目类别代码表",
    meaning="Project kinds with the expenditure nature that follows from them; kind 2 alone tells none.",
    meaning_zh="项目类别及其对应的支出性质；仅知“运转类”时无法判定。",
    columns=(
        PROJECT_KIND,
        Column("project_kind_name", Kind.TEXT, "项目类别名称", "Name of the project kind.", "项目类别名称。"),
        Column("expenditure_nature", Kind.CODE, "支出性质", "basic or project.", "basic 基本支出，project 项目支出。"),
    ),
    identity=("project_kind",),
)
