"""Defects found in published district documents, delivered as files: each is found, set aside, or accepted as rounding.

Every defect is a district of its own; one night reads, judges and publishes them all.
"""

from __future__ import annotations

from decimal import Decimal

import pytest
from bureau import ADJUSTMENTS, BUDGET, PAYMENTS, Bureau

from pipelines.nightly import SOMETHING_HELD_BACK, Night

STATEMENT = (
    "部门名称,项目名称,资金性质,支出性质,年初预算数（万元）,预算调整数（万元）,全年预算数（万元）,执行数（万元）\n"
)
PUBLISHED = "部门名称,功能科目名称,公布指标,公布比率,年初预算数（万元）,全年预算数（万元）,执行数（万元）,公布文件\n"
CODED_BUDGET = """
    部门编码,部门名称,项目编码,项目名称,功能科目编码,资金性质编码,年初预算数
    101,测试一局,P1,甲项目,2150899,111,20000000.00
    """
CODED_PAYMENTS = "支付凭证号,支付日期,部门编码,项目编码,功能科目编码,资金性质编码,实际支付金额\n"
NO_ADJUSTMENTS = """
    调整日期,调整类型,部门编码,项目编码,功能科目编码,资金性质编码,调整金额
    2024-05-10,追加,101,P1,2150899,111,0.00
    """

WRONG_TOTALS, STATED, CHANGED_CODES, SHIFTED, UNKNOWN_PROJECT, WRONG_UNIT = (f"44020{number}" for number in range(6))

DELIVERIES: dict[str, dict[str, str]] = {
    WRONG_TOTALS: {
        # A digit was lost in a part, the total row is right.
        "按性质.csv": STATEMENT
        + "测试街道,,,基本支出,,,,1066.51\n测试街道,,,项目支出,,,,2921.97\n合计,,,,,,,13583.48\n",
        # A digit was typed twice.
        "项目.csv": STATEMENT + "测试局,甲项目,,,,,,5000\n测试局,乙项目,,,,,,43269.3\n合计,,,,,,,8269.3\n",
        # A total row of nothing above a part of something.
        "三公.csv": STATEMENT + "合计,,,,0,0,0,0\n测试局,公务用车,,,90,-0.026,89.974,89.974\n",
    },
    STATED: {
        "执行情况.csv": STATEMENT
        # The digit lost as above, beside the unit's own line.
        + "失数街道,,,,,,,13583.48\n失数街道,,,基本支出,,,,1066.51\n失数街道,,,项目支出,,,,2921.97\n"
        # Parts that are rounded one by one miss the total by a hundredth.
        + "舍入局,,,,,,,100.00\n舍入局,,,基本支出,,,,33.34\n舍入局,,,项目支出,,,,66.67\n"
        # A unit slip.
        + "单位局,,,,,,2961.68,2900\n单位局,办公设备,,,,,0.3,0.3\n",
        "公布数字.csv": PUBLISHED
        # An initial budget of 0 with a share of it published, which is one of the full-year budget.
        + "测试街道,城市管理,完成年初预算,95.89%,0,321.02,307.82,决算公开\n"
        # Two figures for one item in one document.
        + "测试街道,职业年金,完成年初预算,93.57%,274.82,,257.14,决算公开\n"
        + "测试街道,职业年金,完成年初预算,93.57%,274.82,,245.53,决算公开\n"
        + "".join(f"测试街道,科目{number},完成年初预算,100%,300,,300,决算公开\n" for number in range(60)),
    },
    # A function code and a fund type that were changed during the year.
    CHANGED_CODES: {
        "预算.csv": CODED_BUDGET,
        "调整.csv": NO_ADJUSTMENTS,
        "支付.csv": CODED_PAYMENTS
        + "V1,2024-08-01,101,P1,2079903,111,100000.00\nV2,2024-08-01,101,P1,2150899,121,19000000.00\n",
    },
    # Value columns shifted against code and name columns.
    SHIFTED: {
        "预算.csv": BUDGET.replace("111,1000.00", "1000.00,111").replace("111,500.00", "500.00,111"),
    },
    # One payment of a project that nobody knows, among sixty.
    UNKNOWN_PROJECT: {
        "预算.csv": BUDGET,
        "调整.csv": ADJUSTMENTS,
        "支付.csv": PAYMENTS
        + "".join(f"    W{number},2024-07-01,101,P1,111,0.50\n" for number in range(60))
        + "    W99,2024-07-02,101,P9,111,7.00\n",
    },
    # All payments in 万元 that are yuan.
    WRONG_UNIT: {
        "预算.csv": BUDGET,
        "调整.csv": ADJUSTMENTS,
        "支付.csv": PAYMENTS.replace("实际支付金额", "实际支付金额（万元）"),
    },
}


@pytest.fixture(scope="module")
def bureau(tmp_path_factory: pytest.TempPathFactory) -> Bureau:
    bureau = Bureau(tmp_path_factory.mktemp("defects"))
    for district, files in DELIVERIES.items():
        for name, text in files.items():
            bureau.deliver(f"{district}/2024/{name}", text)
    return bureau


@pytest.fixture(scope="module")
def night(bureau: Bureau) -> Night:
    return bureau.night()


def status(night: Night, district: str) -> str:
    (acceptance,) = [one for one in night.acceptances if one.district_code == district]
    return acceptance.status


def found(night: Night, district: str) -> list[tuple[str, str, str]]:
    """What was found in a district, missing datasets left out: rule, what it is about, and both messages."""
    (acceptance,) = [one for one in night.acceptances if one.district_code == district]
    return sorted(
        (one.rule_id, one.finding_key, one.message + one.message_zh)
        for one in acceptance.findings
        if one.rule_id != "expected-dataset-missing"
    )


def only(night: Night, district: str, rule: str) -> tuple[str, str]:
    """The one finding of a rule in a district: what it is about, and both messages."""
    ((key, message),) = [(key, message) for found_rule, key, message in found(night, district) if found_rule == rule]
    return key, message


def test_total_rows_that_disagree_refuse_their_files_and_name_the_slip(night: Night) -> None:
    assert status(night, WRONG_TOTALS) == "held_back"
    messages = {key.rpartition("/")[2]: (rule, text) for rule, key, text in found(night, WRONG_TOTALS)}
    assert {rule for rule, _ in messages.values()} == {"total-row-disagrees"}
    lost, doubled, nothing = (messages[name][1] for name in ("按性质.csv", "项目.csv", "三公.csv"))
    assert "第 2 行 1,066.51 万元 is probably 10,661.51 万元 (a digit was lost)" in lost
    assert "1,066.51万元 可能应为 10,661.51万元（漏了一位数字）" in lost
    assert "第 3 行 43,269.30 万元 is probably 3,269.30 万元 (a digit too many was typed)" in doubled
    assert "probably" not in nothing


def test_what_a_statement_and_a_report_say_wrongly_is_told_and_rounding_is_not(night: Night) -> None:
    assert status(night, STATED) == "accepted"
    assert [(rule, key) for rule, key, _ in found(night, STATED)] == [
        ("natures-differ-from-total", "失数街道 / 执行数 executed"),
        (
            "published-rate-names-another-denominator",
            "测试街道 / 城市管理 / 完成年初预算比率 completion rate of initial budget",
        ),
        ("statement-amount-out-of-scale", "单位局 / 办公设备"),
    ]
    _, message = only(night, STATED, "natures-differ-from-total")
    assert "基本支出 basic 1,066.51 万元 is probably 10,661.51 万元 (a digit was lost)" in message
    _, message = only(night, STATED, "published-rate-names-another-denominator")
    assert "95.89 % is published as a share of the initial budget; it is the share of the full-year budget" in message
    assert "实为占全年预算数之比" in message


def test_two_figures_for_one_item_are_both_set_aside(night: Night, bureau: Bureau) -> None:
    assert night.publication.status == "published"
    assert bureau.rows(
        f"select source_line, rule_ids from quality.rejected_row where district_code = '{STATED}' order by source_line"
    ) == [(3, "same-identity-twice-in-file"), (4, "same-identity-twice-in-file")]
    assert bureau.one(f"select count(*) from core.published_figure where district_code = '{STATED}'") == (61,)


def test_codes_changed_during_the_year_are_told(night: Night) -> None:
    key, message = only(night, CHANGED_CODES, "function-code-changed-in-year")
    assert key.endswith("2079903")
    assert "2150899" in message
    key, message = only(night, CHANGED_CODES, "fund-type-changed-in-year")
    assert key.endswith("121")
    assert "19,000,000.00" in message
    assert len(found(night, CHANGED_CODES)) == 2


def test_values_shifted_against_their_columns_are_set_aside(night: Night) -> None:
    assert {rule for rule, *_ in found(night, SHIFTED)} == {"too-much-set-aside"}
    assert status(night, SHIFTED) == "held_back"


def test_a_row_that_a_rule_sets_aside_is_out_of_every_figure_and_kept_with_its_reason(
    night: Night, bureau: Bureau
) -> None:
    assert only(night, UNKNOWN_PROJECT, "payment-of-unknown-project")[0] == "P9"
    assert len(found(night, UNKNOWN_PROJECT)) == 1
    ((rule, message, message_zh, project, line, money),) = bureau.rows(
        f"""select rule_ids, messages, messages_zh, project_code, source_line, money from quality.rejected_row
        where district_code = '{UNKNOWN_PROJECT}'"""
    )
    assert (rule, project, line, money) == ("payment-of-unknown-project", "P9", 64, Decimal("7.00"))
    assert "P9" in message
    assert "P9" in message_zh
    assert bureau.rows(
        f"""select rows_read, rows_accepted, rows_rejected, money_read, money_accepted, money_rejected
        from quality.source_file where district_code = '{UNKNOWN_PROJECT}' and dataset = 'payment'"""
    ) == [(63, 62, 1, Decimal("737.00"), Decimal("730.00"), Decimal("7.00"))]
    assert bureau.rows(
        f"select sum(executed_amount) from summary.department_execution where district_code = '{UNKNOWN_PROJECT}'"
    ) == [(Decimal("730.00"),)]


def test_a_whole_file_in_the_wrong_unit_holds_its_district_back_and_no_other(night: Night, bureau: Bureau) -> None:
    assert only(night, WRONG_UNIT, "payments-out-of-proportion-to-budget")[0] == "全区 district"
    assert status(night, WRONG_UNIT) == "held_back"
    assert night.exit_code == SOMETHING_HELD_BACK
    assert bureau.rows(f"select count(*) from summary.department_execution where district_code = '{WRONG_UNIT}'") == [
        (0,)
    ]
    assert bureau.rows(
        "select severity, source_value, target_value from quality.finding"
        " where rule_id = 'payments-out-of-proportion-to-budget'"
    ) == [("fatal", Decimal("7000000.00"), Decimal("1600.00"))]


def test_the_register_is_published(night: Night, bureau: Bureau) -> None:
    assert night.publication.status == "published"
    assert bureau.rows(
        "select severity, rule_effect, guarded_table from quality.rule where rule_id = 'payment-without-budget'"
    ) == [("error", "reported", "core.payment")]
    unknown = bureau.rows("select rule_id from quality.finding where rule_id not in (select rule_id from quality.rule)")
    assert unknown == []
