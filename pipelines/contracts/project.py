"""Contract of the project list (项目库)."""

from pipelines.contracts.common import (
    DEPARTMENT_CODE,
    DEPARTMENT_NAME,
    EXPENDITURE_NATURE,
    FLAG_CODES,
    ORIGIN,
    PROJECT_CODE,
    PROJECT_KIND,
    PROJECT_NAME,
    REMARK,
)
from pipelines.contracts.model import Column, Dataset, Kind, Marks

PROJECT = Dataset(
    name="project",
    label_zh="项目",
    meaning="Projects of a district in one year, with their department and kind.",
    meaning_zh="一个区一个年度的项目及其部门、类别。",
    columns=(
        *ORIGIN,
        PROJECT_CODE.as_required(),
        PROJECT_NAME.as_required(),
        DEPARTMENT_CODE.as_required(),
        DEPARTMENT_NAME,
        PROJECT_KIND,
        EXPENDITURE_NATURE,
        Column(
            "is_one_off",
            Kind.FLAG,
            "是否一次性项目",
            "Whether the project ends with this year; left out of next year's control number.",
            "是否一次性项目；测算下年控制数时剔除。",
            headers=("是否一次性项目", "一次性项目", "is_one_off"),
            codes=FLAG_CODES,
        ),
        Column(
            "contract_date",
            Kind.DATE,
            "合同签订日期",
            "Date of the first contract; empty: none known.",
            "首份合同签订日期；空表示未知。",
            headers=("合同签订日期", "合同日期", "contract_date"),
        ),
        Column(
            "planned_start_date",
            Kind.DATE,
            "计划开工日期",
            "Date on which the project is planned to begin; empty: none known.",
            "计划开始日期；空表示未知。",
            headers=("计划开始日期", "计划开工日期", "planned_start_date"),
        ),
        Column(
            "is_approved",
            Kind.FLAG,
            "是否已批复立项",
            "Whether the project is approved; empty: not told.",
            "项目是否已批复立项；空表示未注明。",
            headers=("是否已批复立项", "是否批复立项", "是否已立项", "是否已批复", "is_approved"),
            codes=FLAG_CODES,
        ),
        REMARK,
    ),
    identity=("project_code",),
    marks=Marks.NONE,
    states_once=True,
)
