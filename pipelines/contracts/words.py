"""Words in cells that say what a row is: a total, a part of another row, a refund, a row that no longer counts.

Compared after ``ingest.cells.fold`` (width, case, spaces, look-alikes) and ``TRADITIONAL``. Does not belong here:
headers of columns that are read (the contracts), words of one district (its alias file).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from pipelines.contracts.common import EXPENDITURE_NATURE_CODES, FUND_TYPE_CODES, PROJECT_KIND_CODES

TRADITIONAL = str.maketrans("總計數額區縣匯彙單項門預資", "总计数额区县汇汇单项门预资")
"""Traditional characters of the words below → simplified ones."""

_WHOSE = (
    "本表|全表|本年度?|本月|本期|当年|年度|累计|支出|收入|预算|资金|金额|项目|各?部门|各?单位|各?街镇|各?乡镇|全区|全市|全县|全省|全镇|全街道?|"
    "区级|市级|县级|区本级|市本级|县本级|本级|本区|本市|本县|所有|全部|以上|决算|执行|调整|指标"
)
WHOLE_TOTAL = re.compile(
    rf"(?:{_WHOSE})*(?:[合总共]计|总数|汇总|总和|总额|总合计|累计)(?:数|额|金额|行)?"
    r"|全[区市县省]|(?:所有|各|全部)(?:部门|单位)|年度资金总额|(?:grand|overall)?[-_]?totals?(?:amount)?|sum(?:total)?"
)
"""The label of a row that sums all rows of its table."""

BLOCK_TOTAL = re.compile(r"小计(?:数|额|金额)?|sub[-_]?totals?|本页[合小]计|分[项类]小计")
"""The label of a row that sums some rows of its table."""

NAMED_TOTAL = re.compile(r".*(?:[合小总共]计|合计数|小计数|汇总数)")
"""The label of a row that names what it sums (甲局小计). Where such a row has a code of its own, it is a name."""

PART = re.compile(
    rf"其中(?:[:,、].*)?|(?:{_WHOSE})*平均(?:数|值|水平)?|均值|average|avg|mean|承前页|过次页|of\s*which:?.*"
)
"""The label of a row that is a part of another, or an average: it sums nothing."""

_LAST_YEAR = r"(?:[比较与]?(?:上年|去年)(?:同期)?(?:相比)?)"
COMPARISON = re.compile(
    rf"{_LAST_YEAR}(?:执行|决算|预算|支出|完成|累计|合计)?[数额]?"
    rf"|(?:{_LAST_YEAR}|同比|环比)?(?:增减|增长|增加|减少|增幅|降幅|差额|差异)(?:变动|金额|幅度|比例|情况|[额数率])?\(?%?\)?"
    r"|(?:同比|环比|所?占?比[例重]|占比|(?:预算|支出|执行|资金|累计)*(?:完成|执行|支付|支出|序时)(?:率|进度|比例))\(?%?\)?"
)
"""What stands for a department or project in a row that compares with another year; in another column it is a value."""

SUSPECT = (
    r"(?i)[计計中额額数數总總汇匯彙和均全各承过過比率Ａ-ｚ]|所有|[上去]年|进度|增[减長长加幅]|减少|降幅|差异"
    r"|t\s*o\s*t\s*a\s*l|s\s*u\s*m|average|avg|mean|which"
)
"""A regular expression that every text of the four kinds above matches: a cheap first look at whole columns."""

_AMBIGUOUS = frozenset({"其他", "项目", "基本", "单位资金", "经营收入", "上级补助"})
BREAKDOWN_WORDS = frozenset(
    word
    for word, _ in (*EXPENDITURE_NATURE_CODES, *FUND_TYPE_CODES, *PROJECT_KIND_CODES)
    if not word.isascii() and word not in _AMBIGUOUS
) | {
    *("人员支出", "公用支出", "日常公用经费", "工资福利支出", "商品和服务支出", "对个人和家庭的补助", "资本性支出"),
    *("特定目标类项目支出", "其他运转类项目支出", "一般公共预算资金支出", "财政专户资金", "财政专户管理资金支出"),
}
"""Natures, kinds and fund types: in the column of departments or projects they divide the row above them."""


class RowMark(StrEnum):
    """What a cell beside an amount says of its row."""

    COUNTS = "counts"
    REVERSES = "reverses"
    """The money came back: an amount that is delivered positive counts negative."""
    DECREASES = "decreases"
    """The adjustment takes money away: an amount that is delivered without its sign counts negative."""
    VOID = "void"
    """The row was voided, refused or sent back, or nothing was paid: it is no fact."""


@dataclass(frozen=True, slots=True)
class MarkColumn:
    """Headers whose values mark rows; ``values`` are folded. A value that is not there refuses the file.

    ``is_open``: the headers say other things too (业务类型), so only values of ``DANGEROUS`` refuse.
    """

    headers: tuple[str, ...]
    values: tuple[tuple[str, RowMark], ...]
    is_open: bool = False

    @property
    def gives_sign(self) -> bool:
        """Whether it says of amounts without a sign which of them are taken away."""
        return any(mark is RowMark.DECREASES for _, mark in self.values)


def _flag(mark: RowMark, otherwise: RowMark = RowMark.COUNTS) -> tuple[tuple[str, RowMark], ...]:
    yes = ("1", "是", "y", "yes", "true", "t", "√", "有")
    no = ("0", "2", "否", "n", "no", "false", "f", "×", "x", "无")
    return (*((text, mark) for text in yes), *((text, otherwise) for text in no))


_BACK = tuple(
    (text, RowMark.REVERSES) for text in ("退款", "退付", "退库", "退回资金", "退款退回", "红字", "红冲", "refund")
)
_VOIDED = tuple(
    (text, RowMark.VOID)
    for text in (
        *(
            "作废",
            "已作废",
            "已废止",
            "废止",
            "撤销",
            "已撤销",
            "取消",
            "已取消",
            "无效",
            "已删除",
            "删除",
            "失败",
            "支付失败",
        ),
        *(
            "退回",
            "已退回",
            "退票",
            "已退票",
            "已退款",
            "已冲销",
            "未支付",
            "待支付",
            "未付款",
            "待付款",
            "未生效",
            "草稿",
            "驳回",
            "已驳回",
            "未通过",
            "不通过",
            "审核不通过",
            "审批不通过",
            "未审核",
            "待审核",
            "审核中",
            "未审批",
            "待审批",
            "审批中",
        ),
        *("void", "voided", "cancelled", "canceled", "failed", "invalid", "unpaid"),
    )
)
_VALID = tuple(
    (text, RowMark.COUNTS)
    for text in (
        *(
            "支付",
            "已支付",
            "付款",
            "已付款",
            "支付成功",
            "成功",
            "正常",
            "有效",
            "生效",
            "已生效",
            "已清算",
            "已入账",
            "已记账",
            "通过",
            "已通过",
            "审核通过",
            "审批通过",
            "终审通过",
            "已审批",
            "同意",
            "已批准",
            "已批复",
            "已下达",
        ),
        *("已完成", "完成", "办结", "已终审", "终审", "已审核", "已对账", "paid", "success", "valid", "normal", "ok"),
    )
)
MARK_COLUMNS: tuple[MarkColumn, ...] = (
    MarkColumn(
        ("退款", "是否退款", "退款标志", "退款标识", "is_refund", "refund_flag"), (*_flag(RowMark.REVERSES), *_BACK)
    ),
    MarkColumn(("红字", "红字标志", "是否红字", "红冲标志", "是否红冲", "is_red"), (*_flag(RowMark.REVERSES), *_BACK)),
    MarkColumn(
        (
            "作废",
            "是否作废",
            "作废标志",
            "作废标识",
            "是否撤销",
            "撤销标志",
            "是否取消",
            "是否退回",
            "退回标志",
            "is_void",
            "is_cancelled",
        ),
        (*_flag(RowMark.VOID), *_VOIDED, *_VALID),
    ),
    MarkColumn(
        ("是否有效", "有效标志", "有效标识", "是否生效", "is_valid", "is_effective"),
        (*_flag(RowMark.COUNTS, RowMark.VOID), *_VOIDED, *_VALID),
    ),
    MarkColumn(("支付状态", "凭证状态", "付款状态", "支付结果", "pay_status"), (*_VOIDED, *_VALID)),
    MarkColumn(
        (
            *("是否支付", "是否已支付", "支付标志", "是否付款", "是否通过", "是否终审", "是否审批"),
            *("is_paid", "is_approved"),
        ),
        (*_flag(RowMark.COUNTS, RowMark.VOID), *_VOIDED, *_VALID),
    ),
    # What is paid and not yet booked or settled may be a payment or none.
    MarkColumn(
        ("是否入账", "是否记账", "是否清算", "是否确认", "是否到账"),
        tuple((text, mark) for text, mark in _flag(RowMark.COUNTS, RowMark.VOID) if mark is RowMark.COUNTS),
    ),
    MarkColumn(
        (
            *("单据状态", "业务状态", "状态", "数据状态", "交易状态", "凭证标志", "status"),
            *("审批状态", "审核状态", "流程状态", "办理状态", "审批结果", "审核结果", "审批意见", "审核意见"),
        ),
        (*_VOIDED, *_VALID),
        is_open=True,
    ),
    # Which entry the mark stands on, the voucher that was reversed or the one that reverses it, is not told.
    MarkColumn(
        ("冲销", "冲销标志", "是否冲销", "冲销标识", "冲正标志", "是否冲正", "is_reversed", "reversal_flag"),
        tuple((text, mark) for text, mark in _flag(RowMark.VOID) if mark is RowMark.COUNTS),
    ),
    MarkColumn(
        ("币种", "币别", "币种名称", "币种代码", "货币", "货币种类", "currency", "currency_code", "currency_name"),
        tuple(
            (text, RowMark.COUNTS)
            for text in ("人民币", "人民币元", "人民币(元)", "rmb", "cny", "156", "01", "1", "￥", "元")
        ),
    ),
    MarkColumn(
        ("借贷方向", "借贷标志", "借贷", "方向", "dr_cr", "debit_credit"),
        (("借", RowMark.COUNTS), ("借方", RowMark.COUNTS)),
    ),
    MarkColumn(
        ("收支方向", "收支标志", "收付方向", "收付标志"),
        tuple((text, RowMark.COUNTS) for text in ("支出", "支", "付", "付款", "支付", "出")),
    ),
    MarkColumn(
        (
            *("增减方向", "增减", "增减标志", "增减标识", "增减类型", "调整方向", "调增调减", "追加追减"),
            *("正负", "正负号", "金额方向", "adjustment_direction"),
        ),
        (
            *((text, RowMark.COUNTS) for text in ("增", "调增", "增加", "追加", "正", "+", "加", "increase")),
            *((text, RowMark.DECREASES) for text in ("减", "调减", "减少", "追减", "核减", "负", "-", "decrease")),
        ),
    ),
    MarkColumn(
        (
            "业务类型",
            "交易类型",
            "支付类型",
            "凭证类型",
            "单据类型",
            "支付业务类型",
            "支付业务类型名称",
            "pay_bus_type_name",
            "业务种类",
        ),
        (*_BACK, *_VALID),
        is_open=True,
    ),
)
"""Columns that change the meaning of a row, by their headers."""

DANGEROUS = re.compile(
    r"(?:已|被|未|待)?(?:作废|废止|撤销|取消|无效|失败|退票|退回|退款|退付|退库|冲销|冲正|冲红|红冲|红字|冲账|支付失败|未支付|待支付|删除)"
    r"(?:中|凭证|业务|支付|成功|处理)?|(?:审[核批])?(?:未|不)通过|(?:已|被)?(?:驳回|否决)|(?:未|待)审[核批]|审[核批]中|草稿"
    r"|贷方?|refund(?:ed)?|void(?:ed)?|cancell?ed|rejected|reversed|reversal|failed|invalid|credit"
)
"""A value that, under a header that nobody knows, may change the meaning of a row; matched whole.

In the remark or purpose of a payment, too, it says that the row may be none.
"""
