"""Headers that exports carry and the warehouse knowingly does not read: no refusal, no warning.

Compared after folding (width, case, white space, units). A header that is not here, is not mapped and looks like an
amount, a code or a date refuses the file. Each group says why nothing is lost by not reading it. Does not belong here:
a header that some contract reads.
"""

from __future__ import annotations

from pipelines.contracts.model import Dataset

# Numbers of lines, and what the system that exports notes about itself: no fact of any budget.
_ORNAMENTS = (
    *("序号", "行号", "行次", "栏次", "编号", "no", "no.", "#"),
    *("创建时间", "更新时间", "create_time", "update_time", "创建人", "修改人", "录入人", "经办人", "联系人"),
    *("版本", "dataversion", "version", "vchtypeid", "分组标识", "groupkey", "阶段", "stage", "排序字段", "ordernum"),
    *(
        "叶子节点",
        "isleaf",
        "级次",
        "levelno",
        "父guid",
        "superguid",
        "任务guid",
        "taskguid",
        "模板主键",
        "templateguid",
    ),
    *(f"param_{number}" for number in range(1, 11)),
)

# Who manages a budget line and where it came from: no published figure is told apart by it.
_BUDGET_LINE = (
    *("mof_div_name", "财政区划名称", "budget_level_code", "预算级次代码", "budget_level_name", "预算级次名称"),
    *("manage_mof_dep_code", "业务主管处室代码", "manage_mof_dep_name", "业务主管处室名称", "业务管理处室名称"),
    *("bgt_mof_dep_code", "指标管理处室代码", "bgt_mof_dep_name", "指标管理处室名称", "bgt_type_code", "指标类型代码"),
    *("bgt_type_name", "指标类型名称", "is_gov_pur", "是否政府采购", "is_track", "是否追踪"),
    *("track_pro_code", "需要追踪项目代码", "track_pro_name", "需要追踪项目名称"),
    *("bgt_exe_flag", "指标可执行标志", "source_type_code", "指标来源代码", "source_type_name", "指标来源名称"),
    *("exp_level_code", "支出级次代码", "exp_level_name", "支出级次名称", "pay_type_code", "支付方式代码"),
    *("pay_type_name", "支付方式名称", "found_type_code", "资金来源代码", "found_type_name", "资金来源名称"),
    *(
        "spe_pro_code",
        "具体实施项目",
        "spe_pro_name",
        "具体项目名称",
        "task_no",
        "任务代码",
        "task_name",
        "task_nanme",
        "任务名称",
    ),
    *(
        "tp_func_code",
        "转移支付支出功能分类科目代码",
        "tp_func_name",
        "转移支付支出功能分类科目名称",
        "转移支付功能分类科目名称",
    ),
    *("rec_div_code", "接收方财政区划代码", "rec_div_name", "接收方财政区划名称"),
    *("count_fund_pro_code", "对应配套安排的中央项目代码", "sup_bgt_doc_no", "上级指标文号"),
)

# What was asked for and audited before the budget was approved (apply_up, fin_audit_money) is not budget; the rest are
# marks of the budgeting procedure and keys of rows.
_ANNUAL_BUDGET = (
    *("bgt_pman_id", "项目年度预算主键", "agency_guid", "agency_type", "单位类别", "apply_up", "申报数"),
    *(
        "fin_audit_money",
        "财政审核数",
        "apply_link",
        "申报环节",
        "finintorg_guid",
        "财政内部机构",
        "busiorg_guid",
        "归口处室",
    ),
    *("is_govpurch", "is_construction", "是否基建", "is_govserve", "是否政府购买", "is_assigned", "是否财政待分配支出"),
    *("is_bgt_end", "是否结束", "prodetailinfo", "项目明细信息", "batchno", "批次号", "xs", "系数"),
    *(
        "exp_func_guid",
        "支出功能分类科目",
        "dep_bgt_eco_guid",
        "部门支出经济分类",
        "ismx",
        "zxmc",
        "amtcol",
        "bgt_pro_type",
    ),
    *("srcguid", "per_release_reason", "get_status", "approval_file_no", "busi_type_code"),
)

# The payer's side, the settlement between banks and treasury, amounts in foreign money, tax offices' numbers. What was
# applied for is no payment; a payment's own amount and date are read.
_PAYMENT = (
    *("pay_cert_id", "支付凭证主键", "vou_date", "凭证日期", "pay_cert_sum_no", "支付凭证汇总清单号"),
    *("pay_acct_name", "付款人全称", "pay_acct_no", "付款人账号", "pay_acct_bank_name", "付款人开户银行"),
    *("lqd_quota_notice_no", "清算额度通知单号", "lqd_cert_no", "划款凭证单号", "act_lqd_date", "实际清算日期"),
    *("agent_business_no", "银行交易流水号", "set_mode_code", "结算方式代码", "set_mode_name", "结算方式名称"),
    *("foreign_amt", "外币金额", "currency_code", "币种代码", "currency_name", "币种名称", "est_rat", "汇率"),
    *("receiver_code", "收款人代码", "receipt_add_word", "回单附言", "pay_bus_type_code", "支付业务类型代码"),
    *("pay_bus_type_name", "支付业务类型名称", "abstract", "凭证摘要", "check_no", "支票号", "pay_code", "缴款识别码"),
    *("taxayer_id", "taxpayer_id", "纳税人识别号", "tax_org_code", "税务征收机关代码", "tax_bill_no", "申报税凭证号"),
    *("fund_traobj_type_code", "资金往来对象类别代码", "fund_traobj_type_name", "资金往来对象类别名称"),
    *("internal_dep_code", "单位内部机构代码", "internal_dep_name", "单位内部机构名称", "bgt_id", "指标主键"),
    *("bond_code", "债券代码", "bond_name", "债券名称", "contract_no", "采购合同编号", "entpay_app_no", "托收申请编号"),
    *("pro_loangrant_num", "国外贷款赠款协议号", "pay_app_id", "支付申请主键", "pay_app_no", "支付申请编号"),
    *("pay_app_amt", "支付申请金额", "create_date", "申请日期", "付款人", "付款人名称"),
    *("pro_cat_code", "项目类别", "pro_kind_code", "项目类别代码", "pro_kind_name", "项目类别名称"),
)

# A ledger of indicators has what each was issued with and what is left of it beside the movements that are read: those
# are states, not movements, and stand in the dataset of indicators where that is delivered.
_ADJUSTMENT = (
    *("年初预算数", "年初批复数", "amount", "指标金额"),
    *("cur_amt", "指标余额", "可用余额", "pay_app_amt", "已申请支付金额", "已支付金额", "bgt_doc_title", "指标文标题"),
)
# Titles of documents, and keys of rows that other tables have.
_INDICATOR = (
    *("bgt_doc_title", "指标文标题", "bgt_dec", "指标说明", "adj_batch_no", "调整批次号"),
    *("bgt_pman_id", "项目年度预算主键"),
)
# Keys and documents of the indicator that was carried over, and the economy code, which the summaries do not use here.
_CARRYOVER = (
    *("carryovers_bgt_id", "主键", "cor_bgt_doc_no", "本级指标文号", "bgt_dec", "指标说明", "ori_bgt_id", "源指标主键"),
    *("gov_bgt_eco_code", "政府支出经济分类科目代码", "gov_bgt_eco_name", "政府支出经济分类科目名称"),
)

# What is left is the full-year budget less what was executed; what was executed in the last month alone, or by this day
# of the year before, is told by the statements of those dates; places in a ranking follow from the rates.
_STATEMENT = (
    *(
        "结余",
        "结余数",
        "结余额",
        "结余资金",
        "预算结余",
        "指标结余",
        "剩余指标",
        "剩余资金",
        "未执行数",
        "未支付数",
        "未支出数",
    ),
    *("结转下年", "年末结转", "年末结转和结余", "结转结余", "待支付", "余额", "指标余额", "可用余额"),
    *(
        "本月",
        "本月数",
        "当月",
        "当月数",
        "本月支出",
        "本月支出数",
        "本月执行数",
        "本月支付数",
        "当月支出",
        "当月支出数",
        "当月执行数",
    ),
    *(
        "上年同期",
        "去年同期",
        "上年同期数",
        "去年同期数",
        "上年同期执行数",
        "去年同期执行数",
        "上年同期支出",
        "去年同期支出",
    ),
    *(
        "上年同期执行率",
        "去年同期执行率",
        "同比",
        "同比增减",
        "同比增减%",
        "同比增长",
        "比上年同期增减",
        "比上年同期增减%",
        "增减额",
        "增减率",
    ),
    *("排名", "名次", "执行率排名", "占比", "占比%", "占总支出比重", "比重"),
)

_BY_DATASET: dict[str, tuple[str, ...]] = {
    "annual_budget": (*_BUDGET_LINE, *_ANNUAL_BUDGET),
    "budget_adjustment": (*_BUDGET_LINE, *_ADJUSTMENT),
    "budget_indicator": (*_BUDGET_LINE, *_INDICATOR),
    "execution_statement": _STATEMENT,
    "carryover": (*_BUDGET_LINE, *_CARRYOVER),
    "payment": (*_BUDGET_LINE, *_PAYMENT),
    "payment_application": (*_BUDGET_LINE, *_PAYMENT),
}


def passed_over_headers(dataset: Dataset) -> tuple[str, ...]:
    """The headers that a table of the dataset may carry and that are not read."""
    return (*_ORNAMENTS, *_BY_DATASET.get(dataset.name, ()))
