"""Contract of budget adjustments during the year (BA_BGT_ADJSUB, 指标调整明细).

A row of the ministry's table names indicators, not projects: the one that gets the money (``bgt_id``) and, for a
reallocation, the one that gives it (``ori_bgt_id``). It is two lines here; department and project of each are those of
its indicator (BA_BGT_INFO) wherever the row does not name them.
"""

from pipelines.contracts.common import (
    ADJUSTMENT_AMOUNT,
    DEPARTMENT_CODE,
    DEPARTMENT_NAME,
    FUNCTION_CODE,
    FUNCTION_NAME,
    FUND_TYPE_CODE,
    ONE_DELETED_TWO_NOT,
    ORIGIN,
    PROJECT_CODE,
    PROJECT_NAME,
    REMARK,
)
from pipelines.contracts.model import Column, Dataset, Kind, Personal, RowRule, Transfer

ADJUSTMENT_KINDS: tuple[tuple[str, str], ...] = (
    ("addition", "追加"),
    ("cut", "追减"),
    ("reallocation", "调剂"),
)
"""Adjustment kinds as stored, with their Chinese names: 追加 brings money in, 追减 takes it away, 调剂 moves it."""

ADJUSTMENT_KIND_CODES: tuple[tuple[str, str], ...] = (
    *((code, code) for code, _ in ADJUSTMENT_KINDS),
    *((name, code) for code, name in ADJUSTMENT_KINDS),
    ("调增", "addition"),
    ("调减", "cut"),
    ("核减", "cut"),
    ("调整", "reallocation"),
)

BUDGET_ADJUSTMENT = Dataset(
    name="budget_adjustment",
    label_zh="预算调整",
    meaning="Dated, signed changes of the budget of a project during the year.",
    meaning_zh="年度中项目预算的调整明细，带日期与正负号。",
    columns=(
        *ORIGIN,
        Column(
            "adjustment_number",
            Kind.TEXT,
            "调整编号",
            "Number of the adjustment line; it may begin again in every document.",
            "调整明细编号，可按文号各自编号。",
            headers=("调整编号", "调整明细编号", "调整单号", "adj_id", "bgt_adj_id", "adjustment_number"),
        ),
        Column(
            "batch_number",
            Kind.TEXT,
            "调整批次",
            "Batch of adjustments decided together; a reallocation nets to zero within its batch.",
            "调整批次号；同批次调剂合计为零。",
            headers=("调整批次", "调整批次号", "批次号", "bat_num", "adj_batch_no", "batch_number"),
        ),
        Column(
            "adjustment_date",
            Kind.DATE,
            "调整日期",
            "Date from which the adjustment counts.",
            "调整日期。",
            headers=("调整日期", "adj_date", "adjustment_date", "发文日期", "发文时间", "下达日期", "doc_date"),
            alternatives=True,
        ).as_required(),
        Column(
            "adjustment_kind",
            Kind.CODE,
            "调整类型",
            "addition, cut or reallocation.",
            "追加 addition、追减 cut、调剂 reallocation。",
            headers=("调整类型", "调整方式", "调整类别", "adjustment_kind"),
            codes=ADJUSTMENT_KIND_CODES,
            spreads=True,
        ),
        DEPARTMENT_CODE,
        DEPARTMENT_NAME,
        PROJECT_CODE,
        PROJECT_NAME,
        FUNCTION_CODE,
        FUNCTION_NAME,
        FUND_TYPE_CODE,
        ADJUSTMENT_AMOUNT.as_required(headers=(*ADJUSTMENT_AMOUNT.headers, "add_amount")),
        Column(
            "document_number",
            Kind.TEXT,
            "文号",
            "Number of the document that decided the adjustment.",
            "调整依据文号。",
            headers=("文号", "调整文号", "指标文号", "本级指标文号", "cor_bgt_doc_no", "document_number"),
            personal=Personal.MASK,
        ),
        Column(
            "indicator_id",
            Kind.TEXT,
            "指标编号",
            "Identifier of the indicator that the adjustment changes.",
            "被调整的指标编号。",
            headers=("指标主键", "指标编号", "调入指标", "bgt_id", "indicator_id"),
        ),
        Column(
            "source_indicator_id",
            Kind.TEXT,
            "源指标编号",
            "Identifier of the indicator from which the money was moved; empty: the money is new.",
            "资金调出的指标编号；空表示新增资金。",
            headers=("源指标主键", "源指标编号", "调出指标", "ori_bgt_id", "source_indicator_id"),
        ),
        Column(
            "transfer_side",
            Kind.CODE,
            "资金转移方",
            "Of a row that tells both sides: in, the line of what gets the money; out, of what gives it.",
            "一行同时载明调入与调出时：in 调入方，out 调出方。",
            codes=(("in", "in"), ("out", "out")),
        ),
        Column(
            "adjustment_reason",
            Kind.TEXT,
            "调整原因",
            "Reason as delivered, without numbers that may identify a person.",
            "调整原因；可能识别个人的号码以“•”代替。",
            headers=("调整原因", "调整事由", "adjustment_reason"),
            personal=Personal.MASK,
            is_free_text=True,
        ),
        REMARK,
    ),
    identity=(
        "adjustment_number",
        "document_number",
        "batch_number",
        "adjustment_date",
        "adjustment_kind",
        "transfer_side",
        "department_code",
        "project_code",
        "function_code",
        "fund_type_code",
        "indicator_id",
        "source_indicator_id",
    ),
    numbered_by="adjustment_number",
    dated_by="adjustment_date",
    reclassified_by=(
        "adjustment_date",
        "project_code",
        "function_code",
        "fund_type_code",
        "indicator_id",
        "source_indicator_id",
    ),
    one_of=(
        ("department_code", "department_name", "indicator_id"),
        ("project_code", "project_name", "indicator_id"),
    ),
    row_rules=(
        RowRule(
            id="adjustment-sign-fits-its-kind",
            sql="adjustment_kind not in ('addition', 'cut')"
            " or (adjustment_kind = 'addition' and adjustment_amount >= 0)"
            " or (adjustment_kind = 'cut' and adjustment_amount <= 0)",
            columns=("adjustment_kind", "adjustment_amount"),
            message="An addition must not be negative and a cut must not be positive.",
            message_zh="追加不能为负，追减不能为正。",
        ),
        RowRule(
            id="adjustment-date-is-in-its-fiscal-year",
            sql="extract(year from adjustment_date) = fiscal_year",
            columns=("adjustment_date", "fiscal_year"),
            message="The adjustment date lies outside the fiscal year.",
            message_zh="调整日期不在预算年度内。",
        ),
    ),
    distinguishing=("adjustment_date",),
    spread_amount="adjustment_amount",
    negative_spread=("cut",),
    deletion_marks=ONE_DELETED_TWO_NOT,
    transfer=Transfer(
        amount="adjustment_amount",
        receiver="indicator_id",
        giver="source_indicator_id",
        side="transfer_side",
        kind="adjustment_kind",
        moved="reallocation",
        added="addition",
        cut="cut",
        of_receiver=(
            "department_code",
            "department_name",
            "project_code",
            "project_name",
            "function_code",
            "function_name",
            "fund_type_code",
        ),
        described_by="budget_indicator",
    ),
)
