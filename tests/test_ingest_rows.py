"""What a row is: totals in all their words, breakdowns, voided and reversed rows, sheets without a unit."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest_files import Cells, Office

from pipelines.contracts.words import SUSPECT
from pipelines.ingest.model import FileRefused
from pipelines.ingest.totals import is_comparison, total_scope

WHOLE = (
    *(
        "合计",
        "总计",
        "共计",
        "合　计",
        "合计：",
        "合计数",
        "总数",
        "总 数",
        "总和",
        "汇总",
        "总额",
        "累计",
        "总计（元）",
        "合计(万元)",
    ),
    *(
        "（合计）",
        "【合计】",
        "〔总计〕",
        "[合计]",
        "本级合计",
        "区本级合计",
        "各部门合计",
        "各单位总计",
        "全区合计",
        "全区",
        "全 县",
    ),
    *("全区汇总", "支出合计", "本年支出合计", "合计金额", "合计行", "所有单位", "總計", "合計", "全區合計", "總數"),
    *("Total", "GRAND TOTAL", "Grand-Total", "total:", "ＴＯＴＡＬ", "Sum", "overall total"),
)
BLOCK = (
    "小计",
    "（小计）",
    "小 计",
    "小計",
    "⼩计",
    "甲局小计",
    "甲局合计",
    "道路合计数",
    "Subtotal",
    "Sub-total",
    "sub total",
    "本页小计",
)
PART = (
    "其中",
    "其中：人员经费",
    "其中:",
    "平均",
    "全区平均",
    "各部门平均数",
    "平均值",
    "Average",
    "mean",
    "of which: staff",
    "承前页",
)
COMPARISONS = (
    *("上年同期", "上年数", "上年同期数", "去年同期", "上年决算数", "比上年同期增减", "比上年增减额", "同比增减(%)"),
    *(
        "增减额",
        "增减率",
        "增减%",
        "增长率",
        "同比",
        "差额",
        "占比",
        "比重(%)",
        "执行率",
        "预算执行率（%）",
        "序时进度",
    ),
)
FACTS = (
    "审计局",
    "统计局",
    "合计划处",
    "会计中心",
    "总工会",
    "全区创建办",
    "平均社区",
    "数据汇总平台",
    "总务处",
    "额尔古纳",
    "中心",
    "累计积分项目",
    *("上年结转", "上年结转资金", "进度款", "增加编制", "比例尺测绘", "完成率考核奖", "同比例办", "去年项目"),
)


@pytest.mark.parametrize(("words", "scope"), [(WHOLE, "all"), (BLOCK, "block"), (PART, "part"), (FACTS, None)])
def test_words_of_totals(words: tuple[str, ...], scope: str | None) -> None:
    assert {word: total_scope(word) for word in words} == dict.fromkeys(words, scope)


def test_comparisons_are_told_from_names() -> None:
    assert [word for word in COMPARISONS if not is_comparison(word)] == []
    assert [word for word in FACTS if is_comparison(word)] == []


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


HEAD = ["单位编码", "单位名称", "项目名称", "年初预算数", "执行数"]


def statement(office: Office, rows: Cells, head: list[str] | None = None) -> tuple[list[int], list[tuple[int, str]]]:
    """The lines that count and the lines of totals with their scopes."""
    table = office.read(office.csv("a.csv", [head or HEAD, *rows])).table
    return table.column("source_line"), [(total["source_line"], total["scope"]) for total in table.totals]


@pytest.mark.parametrize("word", [*WHOLE, *BLOCK, *PART, *COMPARISONS])
def test_a_total_in_any_word_is_found_among_many_rows(office: Office, word: str) -> None:
    rows = [["", f"局{number}", "", "10", str(number)] for number in range(3_000)]
    counted, totals = statement(office, [*rows, ["", word, "", "7", "7"]])
    assert counted == list(range(2, 3_002))
    assert [line for line, _ in totals] == [3_002]


@given(
    st.sampled_from([*WHOLE, *BLOCK, *PART, *COMPARISONS]), st.sampled_from(["{}", " {} ", "{}：", "（{}）", "{}\n"])
)
def test_the_first_look_misses_no_total(word: str, spelling: str) -> None:
    text = spelling.format(word)
    assert not (total_scope(text) or is_comparison(text)) or re.search(SUSPECT, text)


@pytest.mark.parametrize(
    ("header", "values"),
    [
        ("增减方向", ["增加", "减少"]),
        ("类型", ["增长", "减少"]),
        ("指标名称", ["执行率", "占比"]),
        ("说明", ["上年", "差额"]),
    ],
)
def test_a_word_of_comparison_in_another_column_is_a_value(office: Office, header: str, values: list[str]) -> None:
    rows = [["单位名称", "执行数", header], ["甲", "10", values[0]], ["乙", "20", values[1]]]
    table = office.read(office.csv("a.csv", rows)).table
    assert [abs(amount) for amount in table.column("executed_amount")] == [10, 20]
    assert table.totals == []


@pytest.mark.parametrize("code", ["000000", "100", "0", "999999", "101001"])
def test_a_bare_total_word_is_no_department_whatever_its_code(office: Office, code: str) -> None:
    rows = [["101001", "甲局", "", "10", "4"], ["102001", "乙局", "", "7", "2"], [code, "合计", "", "17", "6"]]
    assert statement(office, rows) == ([2, 3], [(4, "all")])


def test_a_subtotal_with_its_departments_code_is_that_departments(office: Office) -> None:
    rows = [
        ["101001", "甲局", "小计", "15", "5"],
        ["101001", "甲局", "道路", "10", "4"],
        ["101001", "甲局", "桥梁", "5", "1"],
        ["102001", "乙局", "路灯", "7", "2"],
        ["102001", "乙局", "小计", "7", "2"],
        ["", "合计", "", "22", "7"],
    ]
    scope = "all;department_code={}|block"
    assert statement(office, rows) == (
        [3, 4, 5],
        [(2, scope.format("101001")), (6, scope.format("102001")), (7, "all")],
    )


def test_the_line_of_a_department_above_its_units_is_a_control_total(office: Office) -> None:
    rows = [
        ["101", "甲局", "", "1500", "500"],
        ["101001", "甲局本级", "", "1000", "400"],
        ["101002", "下属站", "", "500", "100"],
        ["909", "乙局", "", "100", "50"],
    ]
    assert statement(office, rows) == ([3, 4, 5], [(2, "department_code=101")])
    assert statement(office, [*rows, ["", "合计", "", "1600", "550"]])[0] == [3, 4, 5]
    rows[0][3] = "1501"
    assert statement(office, rows)[0] == [2, 3, 4, 5]


def test_a_row_that_only_arithmetic_makes_a_total_is_asked_about(office: Office) -> None:
    rows = [
        ["", "甲局", "", "1234.56", "400.01"],
        ["", "乙局", "", "7654.32", "33.99"],
        ["", "区级财力安排", "", "8888.88", "434.00"],
    ]
    with pytest.raises(FileRefused) as refusal:
        statement(office, rows)
    assert refusal.value.rule.id == "row-is-sum-of-others"
    assert (refusal.value.line, refusal.value.expected) == (4, "2-3")
    assert "区级财力安排 8,888.88" in refusal.value.message
    once = ["", "合计", "", "8888.88", "434.00"]
    assert statement(office, [*rows, once])[0] == [2, 3]
    counted_twice = ["", "合计", "", "17777.76", "868.00"]
    with pytest.raises(FileRefused):
        statement(office, [*rows, counted_twice])


def test_the_tables_own_total_makes_a_fact_of_what_may_be_chance(office: Office) -> None:
    rows = [["", "甲局", "", "1200", "401"], ["", "乙局", "", "700", "33"], ["", "丙局", "", "1900", "434"]]
    with pytest.raises(FileRefused):
        statement(office, rows)
    assert statement(office, [*rows, ["", "合计", "", "3800", "868"]]) == ([2, 3, 4], [(5, "all")])


def test_rows_of_a_tiny_table_that_happen_to_add_up_are_facts(office: Office) -> None:
    rows = [["", "甲局", "", "100", "50"], ["", "乙局", "", "200", "100"], ["", "丙局", "", "300", "150"]]
    assert statement(office, rows) == ([2, 3, 4], [])


@pytest.mark.parametrize(
    "words",
    [
        ("基本支出", "项目支出"),
        ("其中：人员经费", "公用经费"),
        ("一般公共预算", "政府性基金"),
        ("人员类", "特定目标类项目"),
        ("⼈员经费", "公用 经费"),
    ],
)
def test_natures_and_funds_below_a_department_divide_it(office: Office, words: tuple[str, str]) -> None:
    rows = [
        ["", "甲局", "", "15", "5"],
        ["", words[0], "", "10", "4"],
        ["", words[1], "", "5", "1"],
        ["", "乙局", "", "7", "2"],
    ]
    assert statement(office, rows) == ([2, 5], [(3, "part"), (4, "part")])


def test_a_breakdown_of_nothing_is_set_aside(office: Office) -> None:
    rows = [["单位名称", "执行数"], ["基本支出", "10"], ["甲局", "7"]]
    table = office.read(office.csv("a.csv", rows)).table
    assert table.rules == [(2, "breakdown-of-nothing")]


def test_a_breakdown_in_the_column_of_projects_needs_the_whole_beside_it(office: Office) -> None:
    rows = [["101", "甲局", "基本支出", "10", "4"], ["101", "甲局", "项目支出", "5", "1"]]
    assert statement(office, rows) == ([2, 3], [])
    assert statement(office, [["101", "甲局", "", "15", "5"], *rows]) == ([2], [(3, "part"), (4, "part")])


PAYMENTS = ["支付凭证号", "支付日期", "单位名称", "项目名称", "实际支付金额"]


def paid(office: Office, header: str, marks: list[str]) -> tuple[list[Decimal], list[tuple[int, str]]]:
    """What is paid by rows of 100, and what was passed over."""
    rows = [[f"V{n}", "2022-03-01", "甲局", "道路", "100", mark] for n, mark in enumerate(marks)]
    table = office.read(office.csv("a.csv", [[*PAYMENTS, header], *rows])).table
    passed = [(entry["source_line"], entry["reason"]) for entry in table.passed_over]
    return table.column("paid_amount"), passed


@pytest.mark.parametrize(
    ("header", "plain", "back"),
    [
        ("业务类型", "支付", "退款"),
        ("是否退款", "否", "是"),
        ("退款标志", "0", "1"),
        ("红字标志", "", "1"),
        ("业务类型", "授权支付", "红字"),
    ],
)
def test_money_that_came_back_counts_negative(office: Office, header: str, plain: str, back: str) -> None:
    assert paid(office, header, [plain, back]) == ([Decimal(100), Decimal(-100)], [])


@pytest.mark.parametrize(
    ("header", "plain", "void"),
    [
        ("凭证状态", "已支付", "已作废"),
        ("支付状态", "支付成功", "支付失败"),
        ("支付状态", "已清算", "退票"),
        ("是否作废", "0", "1"),
        ("作废标志", "N", "Y"),
        ("是否有效", "1", "0"),
        ("有效标志", "是", "否"),
        ("状态", "正常", "已撤销"),
        ("审核状态", "审核通过", "不通过"),
        ("审批意见", "同意", "待审批"),
        ("是否支付", "是", "否"),
    ],
)
def test_voided_rows_are_passed_over(office: Office, header: str, plain: str, void: str) -> None:
    assert paid(office, header, [plain, void, plain]) == ([Decimal(100), Decimal(100)], [(3, "void-in-source")])


@pytest.mark.parametrize(
    ("header", "values"),
    [
        ("冲销标志", ["0", "1"]),
        ("借贷方向", ["借", "贷"]),
        ("借贷方向", ["贷", "贷"]),
        ("支付状态", ["已支付", "已送银行"]),
        ("处理情况", ["正常", "已冲销"]),
        ("经办意见", ["", "退回"]),
        ("支付业务类型名称", ["直接支付", "冲红"]),
        ("办理环节", ["终审", "已驳回"]),
        ("是否清算", ["是", "否"]),
        ("收支方向", ["支出", "收入"]),
        ("币种", ["人民币", "美元"]),
        ("币种代码", ["CNY", "HKD"]),
    ],
)
def test_what_may_change_a_row_in_words_that_nobody_knows_refuses_the_file(
    office: Office, header: str, values: list[str]
) -> None:
    with pytest.raises(FileRefused) as refusal:
        paid(office, header, values)
    assert refusal.value.rule.id == "header-changes-rows"
    assert header in refusal.value.message
    assert values[-1] in refusal.value.message
    office.aliases(f"dataset,column,header\npayment,-,{header}\n")
    assert paid(office, header, values) == ([Decimal(100), Decimal(100)], [])


@pytest.mark.parametrize(
    ("header", "values"),
    [
        ("支付方式", ["直接支付", "授权支付"]),
        ("业务类型", ["公务卡", "工资"]),
        ("冲销标志", ["0", ""]),
        ("状态", ["归档", "正常"]),
        ("审批意见", ["按程序办理", "请核"]),
        ("收支方向", ["支出", "支出"]),
        ("币种", ["人民币", "CNY"]),
        ("增减", ["增", "减"]),
    ],
)
def test_what_says_nothing_of_the_money_changes_nothing(office: Office, header: str, values: list[str]) -> None:
    assert paid(office, header, values) == ([Decimal(100), Decimal(100)], [])


@pytest.mark.parametrize(
    ("header", "more", "less"),
    [("增减方向", "增", "减"), ("增减", "+", "-"), ("调整方向", "调增", "调减"), ("正负", "", "负")],
)
def test_a_column_of_increases_and_decreases_gives_adjustments_their_sign(
    office: Office, header: str, more: str, less: str
) -> None:
    head = ["调整日期", "单位名称", "项目名称", "调整金额", header]
    rows = [["2022-03-01", "甲局", "道路", amount, mark] for amount, mark in ((900, more), (500, less), (-70, less))]
    table = office.read(office.csv("a.csv", [head, *rows])).table
    assert table.column("adjustment_amount") == [900, -500, -70]
    with pytest.raises(FileRefused, match=header):
        office.read(office.csv("b.csv", [head, [*rows[0][:-1], "转"]]))


@pytest.mark.parametrize("header", ["备注", "用途"])
def test_a_text_that_undoes_its_payment_in_one_word_sets_it_aside(office: Office, header: str) -> None:
    texts = [
        ("100", "作废"),
        ("100", "退款"),
        ("-100", "退款"),
        ("100", "退还押金"),
        ("100", "作废旧设备处置"),
        ("0", "取消"),
    ]
    rows = [[f"V{n}", "2022-03-01", "甲局", "道路", *pair] for n, pair in enumerate(texts)]
    table = office.read(office.csv("a.csv", [[*PAYMENTS, header], *rows])).table
    assert table.rules == [(2, "text-undoes-row"), (3, "text-undoes-row")]


def test_an_ignored_header_is_named_with_examples(office: Office) -> None:
    rows = [
        [*PAYMENTS, "业务科室"],
        ["V1", "2022-03-01", "甲局", "道路", "1", "行财科"],
        ["V2", "2022-03-01", "甲局", "道路", "1", "社保科"],
    ]
    table = office.read(office.csv("a.csv", rows)).table
    assert [fault["found"] for fault in table.faults] == ["业务科室（行财科、社保科）"]


DEPARTMENTS = [["单位：万元"], ["单位名称", "全年预算数", "执行数"], ["甲局", 3, 2], ["合计", 3, 2]]
PROJECTS = [["单位名称", "项目名称", "全年预算数", "执行数"]]


@pytest.mark.parametrize("plain_first", [False, True])
@pytest.mark.parametrize(
    ("amounts", "yuan"), [([2, 1], [20_000, 10_000]), ([20_000, 10_000], [20_000, 10_000]), ([2, 7], None)]
)
def test_a_sheet_without_a_unit_beside_one_in_ten_thousands(
    office: Office, amounts: list[int], yuan: list[int] | None, plain_first: bool
) -> None:
    projects = [*PROJECTS, ["甲局", "项目一", amounts[0], 0], ["甲局", "项目二", amounts[1], 0]]
    sheets = {"项目": projects, "部门": DEPARTMENTS} if plain_first else {"部门": DEPARTMENTS, "项目": projects}
    path = office.xlsx("a.xlsx", sheets)
    if yuan is None:
        with pytest.raises(FileRefused) as refusal:
            office.read(path)
        assert refusal.value.rule.id == "unit-on-other-sheet-only"
        assert (refusal.value.found, refusal.value.expected) == ("9.00 元", "9.00 万元 = 90,000.00 元")
        return
    told = {table.head.sheet: table.column("full_year_budget_amount") for table in office.read(path).tables}
    assert told == {"部门": [Decimal(30_000)], "项目": list(map(Decimal, yuan))}


@pytest.mark.parametrize(
    ("row", "named"),
    [
        ("甲局,1000,17,300.00", True),
        ("甲局,1000,17,300", True),
        ("甲局,1,234,567,89,100", True),
        ('甲局,1000,"17,300.00"', False),
    ],
)
def test_a_comma_that_nobody_quoted_is_a_cell_too_many(office: Office, row: str, named: bool) -> None:
    text = f"单位名称,年初预算数,执行数\n{row}\n乙局,1000,5\n丙局,1000,6\n"
    table = office.read(office.put("a.csv", text)).table
    assert [rule for _, rule in table.rules] == (["row-has-too-many-cells"] if named else [])


@pytest.mark.parametrize("header", ["单位名称,年初预算数,执行数,备注", "单位名称,年初预算数,执行数,"])
def test_thousands_that_slipped_into_the_remarks_are_no_remark(office: Office, header: str) -> None:
    text = f"{header}\n甲局,1000,17,300.00\n乙局,1000,5,\n丙局,1000,6,见附件3\n"
    table = office.read(office.put("a.csv", text)).table
    assert table.rules == [(2, "amount-split-by-its-comma")]
    assert table.faults[0]["found"] == "17,300.00"


def test_headings_watermarks_and_signatures_are_no_data(office: Office) -> None:
    rows = [
        ["单位编码", "单位名称", "年初预算数", "执行数"],
        ["一、行政单位", "", "", ""],
        ["101", "甲局", "100", "50"],
        ["内部资料 注意保密", "", "", ""],
        ["", "二、事业单位", "", ""],
        ["102", "乙局", "90", "60"],
        ["单位负责人", "张某", "财务负责人", "李某"],
        ["制表人", "王某", "联系电话", "87650000"],
    ]
    table = office.read(office.csv("a.csv", rows)).table
    assert table.column("department_name") == ["甲局", "二、事业单位", "乙局"]
    assert table.column("executed_amount") == [50, None, 60]
    assert [row["source_line"] for row in table.passed_over] == [2, 4, 7, 8]


def test_a_number_behind_a_code_is_no_name(office: Office) -> None:
    rows = [["101 001", "甲局", "1", "1"], ["101-001", "乙局", "1", "1"], ["101001 甲局", "", "1", "1"]]
    table = office.read(office.csv("a.csv", [["单位编码", "单位名称", "年初预算数", "执行数"], *rows])).table
    assert table.rules == [(2, "code-has-wrong-shape"), (3, "code-has-wrong-shape")]
    assert table.column("department_code")[2] == "101001"


SIDES = [
    (
        ["单位名称", "年初预算数", None, "部门名称", "执行数"],
        [["甲局", 100, None, "乙局", 50], ["乙局", 90, None, "甲局", 60]],
    ),
    (["单位名称", "年初预算数", "单位编码", "执行数"], [["甲局", 100, "102001", 50], ["乙局", 90, "101001", 60]]),
]


@pytest.mark.parametrize(("head", "rows"), SIDES)
def test_two_tables_side_by_side_are_never_joined_by_their_lines(
    office: Office, head: list[str | None], rows: list[list[Any]]
) -> None:
    with pytest.raises(FileRefused) as refusal:
        office.read(office.xlsx("a.xlsx", {"表": [head, *rows]}))
    assert refusal.value.rule.id == "tables-side-by-side"


def test_a_unit_beside_its_department_is_one_table(office: Office) -> None:
    head = ["单位编码", "单位名称", "部门编码", "部门名称", "年初预算数", "执行数", "主管部门"]
    rows = [
        ["101001", "甲局本级", "101", "甲局", 100, 50, "甲局"],
        ["101002", "甲局中心", "101", "甲局", 90, 60, "甲局"],
    ]
    table = office.read(office.xlsx("a.xlsx", {"表": [head, *rows]})).table
    assert table.column("department_name") == ["甲局本级", "甲局中心"]


def test_a_first_row_with_a_cell_too_many_moves_no_other(office: Office) -> None:
    text = "单位名称,年初预算数,执行数\n科协,老干部,700,350\n" + "乙局,800,400\n" * 59
    table = office.read(office.put("a.csv", text)).table
    assert {line for line, _ in table.rules} == {2}
    assert (2, "row-has-too-many-cells") in table.rules
    assert table.column("executed_amount")[1:] == [Decimal(400)] * 59
