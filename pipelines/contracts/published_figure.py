"""Contract of figures taken from published reports (self-evaluations, final accounts): rates and scores as printed.

They are facts about what was published: compared with the recomputed figures, never used in their place.
"""

from pipelines.contracts.common import (
    ADJUSTMENT_AMOUNT,
    DEPARTMENT_CODE,
    DEPARTMENT_NAME,
    EXECUTED_AMOUNT,
    FULL_YEAR_BUDGET_AMOUNT,
    FUNCTION_CODE,
    FUNCTION_NAME,
    INITIAL_BUDGET_AMOUNT,
    ORIGIN,
    PROJECT_CODE,
    PROJECT_NAME,
    REMARK,
)
from pipelines.contracts.model import Column, Dataset, Kind, RowRule

PUBLISHED_FIGURE_KINDS: tuple[tuple[str, str], ...] = (
    ("execution_rate", "预算执行率"),
    ("completion_rate_of_initial", "完成年初预算比率"),
    ("net_adjustment_rate", "预算调整率"),
    ("self_evaluation_score", "自评得分"),
)
"""Kinds of published figures as stored, with their Chinese names; a rate's kind names its denominator."""

PUBLISHED_FIGURE = Dataset(
    name="published_figure",
    label_zh="公布数字",
    meaning="Rates and scores as a published report prints them, with the amounts printed beside them.",
    meaning_zh="公开报告中所列的比率与得分，以及同处所列的金额。",
    columns=(
        *ORIGIN,
        DEPARTMENT_CODE,
        DEPARTMENT_NAME,
        PROJECT_CODE,
        PROJECT_NAME,
        FUNCTION_CODE,
        FUNCTION_NAME,
        Column(
            "published_figure_kind",
            Kind.CODE,
            "公布指标",
            "execution_rate (of the full-year budget), completion_rate_of_initial, net_adjustment_rate or "
            "self_evaluation_score.",
            "execution_rate 预算执行率（占全年预算），completion_rate_of_initial 完成年初预算比率，"
            "net_adjustment_rate 预算调整率，self_evaluation_score 自评得分。",
            headers=("公布指标", "指标", "指标名称", "published_figure_kind", "figure"),
            codes=(
                *((code, code) for code, _ in PUBLISHED_FIGURE_KINDS),
                *((name, code) for code, name in PUBLISHED_FIGURE_KINDS),
                ("执行率", "execution_rate"),
                ("支出进度", "execution_rate"),
                ("支付进度", "execution_rate"),
                ("预算完成率", "execution_rate"),
                ("完成年初预算", "completion_rate_of_initial"),
                ("完成年初预算的", "completion_rate_of_initial"),
                ("调整率", "net_adjustment_rate"),
                ("得分", "self_evaluation_score"),
                ("绩效自评得分", "self_evaluation_score"),
            ),
        ).as_required(),
        Column(
            "published_rate",
            Kind.RATIO,
            "公布比率",
            "Rate as printed, as a ratio.",
            "公布的比率（比值）。",
            headers=("公布比率", "公布的比率", "比率", "published_rate"),
        ),
        Column(
            "published_score",
            Kind.TEXT,
            "公布得分",
            "Score as printed, in points; a text, because nothing is computed from it.",
            "公布的得分（分），按原样存为文本，不参与计算。",
            headers=("公布得分", "公布的得分", "published_score"),
            pattern=r"\d{1,3}(\.\d{1,2})?",
        ),
        INITIAL_BUDGET_AMOUNT,
        ADJUSTMENT_AMOUNT,
        FULL_YEAR_BUDGET_AMOUNT,
        Column(
            "carried_in_amount",
            Kind.AMOUNT,
            "上年结转数",
            "Carry-over from the year before that the report adds to the budget, in yuan.",
            "报告计入预算的上年结转（元）。",
            headers=("上年结转数", "上年结转", "年初结转", "carried_in_amount"),
        ),
        EXECUTED_AMOUNT,
        Column(
            "source_document",
            Kind.TEXT,
            "公布文件",
            "Report that prints the figure, and where in it.",
            "公布该数字的报告及其所在位置。",
            headers=("公布文件", "出处", "来源文件", "source_document"),
        ),
        REMARK,
    ),
    identity=(
        "department_code",
        "project_code",
        "function_code",
        "published_figure_kind",
        "source_document",
    ),
    states_once=True,
    one_of=(("department_code", "department_name"),),
    row_rules=(
        RowRule(
            id="published-figure-has-its-value",
            sql="case when published_figure_kind = 'self_evaluation_score' then published_score is not null"
            " else published_rate is not null end",
            columns=("published_figure_kind", "published_rate", "published_score"),
            message="A published rate needs a value in the column of rates, a score one in the column of scores.",
            message_zh="公布比率须填比率列，公布得分须填得分列。",
        ),
    ),
    distinguishing=("published_figure_kind",),
)
