"""What a row leaves out and another file proves: both sides of an adjustment between indicators, zeros of codes.

Does not belong here: adjustments that name their project in every line (test_ingest_tables, test_summary_execution).
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bureau import Bureau
from ingest_files import Office

from pipelines.contracts.arrow_types import ARROW_TYPES
from pipelines.contracts.datasets import DATASETS
from pipelines.warehouse.database import create_core_tables
from pipelines.warehouse.loading import rows_that_count

BUDGET = """
    agency_code,pro_code,fund_type_code,exp_func_code,reply_amt
    101001,P1,111,2010101,1000.00
    101002,P2,121,2010102,500.00
    """
INDICATORS = """
    bgt_id,agency_code,pro_code,fund_type_code,exp_func_code,amount,dis_amt,pay_app_amt,cur_amt
    B1,101001,P1,111,2010101,1000.00,0,0,1000.00
    B2,101002,P2,121,2010102,500.00,0,0,500.00
    """
ADJUSTMENTS = """
    adj_id,bat_num,adj_date,bgt_id,add_amount,ori_bgt_id
    A1,1,2024-05-10,B1,200.00,
    A2,2,2024-06-10,B1,80.00,B2
    """
PAYMENTS = """
    pay_cert_no,xpay_date,agency_code,pro_code,fund_type_code,xpay_amt
    V1,2024-03-01,101001,P1,111,600.00
    """
LINES = """select project_code, department_code, fund_type_code, adjustment_kind, transfer_side, adjustment_amount,
    source_line
    from core.budget_adjustment order by source_line, transfer_side"""


def deliver(bureau: Bureau, **other: str) -> None:
    files = {"预算": BUDGET, "指标": INDICATORS, "调整": ADJUSTMENTS, "支付": PAYMENTS} | other
    for name, text in files.items():
        bureau.deliver(f"440199/2024/{name}.csv", text)


def test_a_reallocation_reduces_the_project_that_it_came_from(bureau: Bureau) -> None:
    deliver(bureau)
    assert bureau.night().exit_code == 0
    assert bureau.rows(LINES) == [
        ("P1", "101001", "111", "addition", "in", Decimal("200.00"), 2),
        ("P1", "101001", "111", "reallocation", "in", Decimal("80.00"), 3),
        ("P2", "101002", "121", "reallocation", "out", Decimal("-80.00"), 3),
    ]
    figures = "select project_code, full_year_budget_amount from summary.project_execution order by 1"
    assert bureau.rows(figures) == [("P1", Decimal("1280.00")), ("P2", Decimal("420.00"))]
    assert bureau.rows("select rule_id from quality.finding where rule_id like 'reallocation%'") == []
    file = "select rows_read, rows_accepted from quality.source_file where dataset = 'budget_adjustment'"
    assert bureau.one(file) == (3, 3)
    money = "select money_read, money_accepted from quality.source_file where dataset = 'budget_adjustment'"
    assert bureau.one(money) == (Decimal("200.00"), Decimal("200.00"))


@pytest.mark.long
def test_a_reallocation_from_an_unknown_indicator_is_set_aside_with_both_sides(bureau: Bureau) -> None:
    further = "".join(f"A{n},1,2024-05-10,B1,10.00,\n    " for n in range(10, 60))
    deliver(bureau, 调整=f"{ADJUSTMENTS}{further}A3,3,2024-07-10,B1,5.00,B9\n    ")
    bureau.night()
    (finding,) = bureau.rows("select finding_key, message from quality.finding where rule_id like '%unknown-indicator'")
    assert finding[0] == "B9"
    lines = "select count(*), sum(adjustment_amount) from core.budget_adjustment where adjustment_number = 'A3'"
    assert bureau.one(lines) == (0, None)
    rejected = "select count(*) from quality.rejected_row where rule_ids like '%adjustment-of-unknown-indicator%'"
    assert bureau.one(rejected) == (2,)


def test_without_indicators_the_whole_file_is_told(bureau: Bureau) -> None:
    deliver(bureau, 指标=BUDGET)
    (held,) = bureau.night().acceptances
    assert held.status == "held_back"
    assert {"adjustment-of-unknown-indicator", "too-much-set-aside"} <= {finding.rule_id for finding in held.findings}


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def test_what_is_no_transfer_stays_one_line(office: Office) -> None:
    header = "adj_id,adj_date,adjustment_kind,bgt_id,add_amount,ori_bgt_id\n"
    rows = ["A1,20220301,追加,B1,5,B2", "A2,20220301,,B1,-5,B2", "A3,20220301,,B1,-5,", "A4,20220301,,B1,x,B2"]
    table = office.read(office.put("a.csv", header + "\n".join([*rows, "A5,20220301,,B1,7,"]))).table
    assert [(row["adjustment_number"], row["adjustment_kind"], row["transfer_side"]) for row in table.rows] == [
        ("A1", "addition", "in"),
        ("A2", "reallocation", "in"),
        ("A3", "cut", "in"),
        ("A4", "reallocation", "in"),
        ("A5", "addition", "in"),
    ]
    assert table.rules == [(5, "amount-not-readable")]


def test_a_batch_of_reallocations_nets_to_zero_and_its_total_sums_what_was_moved(office: Office) -> None:
    rows = "bat_num,adj_date,bgt_id,add_amount,ori_bgt_id\n1,20220301,B1,5,B3\n1,20220301,B2,7.5,B3\n合计,,,12.5,\n"
    table = office.read(office.put("a.csv", rows)).table
    moved = {row["indicator_id"]: Decimal(0) for row in table.rows}
    for row in table.rows:
        moved[row["indicator_id"]] += row["adjustment_amount"]
    assert moved == {"B1": Decimal(5), "B2": Decimal("7.5"), "B3": Decimal("-12.5")}
    assert [row["source_line"] for row in table.rows] == [2, 2, 3, 3]
    assert [(total["scope"], total["adjustment_amount"]) for total in table.totals] == [
        ("all;transfer_side=in", Decimal("12.50"))
    ]
    assert len(table.texts) == 4


DEPARTMENTS = """
    部门编码,部门名称
    019100,某小学
    101002,乙局
    0200,丙局
    00200,丁局
    """


@pytest.mark.long
def test_zeros_that_the_department_list_proves_are_restored_with_a_warning(bureau: Bureau) -> None:
    bureau.deliver("440199/2024/部门.csv", DEPARTMENTS)
    budget = "    019100,P0,111,2010101,10.00\n    200,P3,111,2010101,5.00\n"
    budget = f"{BUDGET.replace('101001', '19100').rstrip(' ')}{budget}"
    bureau.deliver("440199/2024/预算.csv", budget)
    (acceptance,) = bureau.night().acceptances
    told = [
        (finding.severity, finding.finding_key, finding.source_line)
        for finding in acceptance.findings
        if finding.rule_id == "leading-zero-restored"
    ]
    assert told == [("warning", "019100", 2)]
    codes = "select project_code, department_code, source_line from core.annual_budget order by 1"
    assert bureau.rows(codes) == [("P0", "019100", 4), ("P1", "019100", 2), ("P2", "101002", 3), ("P3", "200", 5)]


def test_rows_that_an_earlier_contract_stored_lack_what_it_did_not_know(tmp_path: Path) -> None:
    dataset = DATASETS["budget_adjustment"]
    stored = {column.name: pa.array([None], ARROW_TYPES[column.kind]) for column in dataset.stored_columns}
    del stored["transfer_side"]
    stored |= {"adjustment_number": pa.array(["A1"]), "source_file_id": pa.array(["f"]), "source_sheet": pa.array([""])}
    pq.write_table(pa.table(stored | {"source_line": pa.array([2])}), tmp_path / "old.parquet")
    with duckdb.connect() as connection:
        create_core_tables(connection, with_comments=False)
        query = rows_that_count(dataset, set(stored), has_excluded=False)
        connection.execute(
            f"insert into core.budget_adjustment by name {query}", {"paths": [str(tmp_path / "old.parquet")]}
        )
        found = "select adjustment_number, transfer_side from core.budget_adjustment"
        assert connection.execute(found).fetchall() == [("A1", None)]
