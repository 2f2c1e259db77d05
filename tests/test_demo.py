"""The synthetic district: deterministic, labelled, in the shapes promised, with true figures that its files bear out.

Also the files under ``raw/``: that they are what the generator writes today, and what the provenance table says.
"""

from __future__ import annotations

import csv
import json
import re
import shutil
import zipfile
from collections import Counter, defaultdict
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracle import DistrictYear, read_tables

from pipelines.contracts.cell_rules import CELL_RULES
from pipelines.contracts.datasets import DATASETS
from pipelines.demo import DemoDistrict, Dirt, PlantedRow, write_demo
from pipelines.demo.draws import Draws, apportion

CHECKOUT = Path(__file__).parent.parent
RAW = CHECKOUT / "raw"
COMMITTED = {"district_code": "999999", "fiscal_year": 2024, "scale": 0.0075, "seed": 1}
"""The arguments with which the small district under ``raw/`` was written."""

TRUE_FIGURES = (
    "initial_budget_amount",
    "increase_amount",
    "decrease_amount",
    "adjustment_count",
    "full_year_budget_amount",
    "executed_amount",
)


@pytest.fixture(scope="module")
def committed() -> DistrictYear:
    return DistrictYear(RAW / "999999" / "2024")


@pytest.fixture(scope="module")
def tenth(tmp_path_factory: pytest.TempPathFactory) -> DemoDistrict:
    """A tenth of a district-year: 500 projects, 20,000 payments."""
    return write_demo(tmp_path_factory.mktemp("tenth"), scale=0.1, seed=7)


@pytest.fixture(scope="module")
def tenth_read(tenth: DemoDistrict) -> DistrictYear:
    return DistrictYear(tenth.directory / "2024")


@pytest.fixture(scope="module")
def dirty(tmp_path_factory: pytest.TempPathFactory) -> DemoDistrict:
    dirt = Dirt(bad_cells=0.02, duplicates=0.01, orphans=0.01, restated_month=11, restated_rows=0.1)
    return write_demo(tmp_path_factory.mktemp("dirty"), scale=0.02, seed=3, dirt=dirt)


def contents(folder: Path) -> dict[str, bytes | dict[str, bytes]]:
    """Every file's bytes; of a workbook those of its members, since compression differs between machines."""

    def content(path: Path) -> bytes | dict[str, bytes]:
        if path.suffix != ".xlsx":
            return path.read_bytes()
        with zipfile.ZipFile(path) as archive:
            return {name: archive.read(name) for name in archive.namelist()}

    return {path.relative_to(folder).as_posix(): content(path) for path in folder.rglob("*") if path.is_file()}


def test_committed_district_is_what_the_generator_writes_today(tmp_path: Path) -> None:
    write_demo(tmp_path, **COMMITTED)
    assert contents(tmp_path / "999999") == contents(RAW / "999999")


def test_committed_district_is_small() -> None:
    assert sum(path.stat().st_size for path in (RAW / "999999").rglob("*") if path.is_file()) < 400_000


def test_same_arguments_give_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    def written(name: str, seed: int) -> dict[str, bytes]:
        district = write_demo(tmp_path / name, scale=0.01, seed=seed, dirt=Dirt(), years=2)
        return {file.path.name: file.path.read_bytes() for file in district.files}

    first = written("a", 5)
    assert first == written("b", 5)
    assert first != written("c", 6)


def test_rows_are_as_many_as_the_scale_says(tenth: DemoDistrict) -> None:
    rows: Counter[str] = Counter()
    for file in tenth.files:
        rows[file.dataset] += file.rows
    assert rows["project"] == 500
    assert rows["annual_budget"] == 2_000
    assert rows["budget_adjustment"] == 6_000
    assert rows["payment"] == 20_000
    assert rows["department"] == 10 + 1


def test_every_file_has_the_rows_it_is_said_to_have(tenth: DemoDistrict) -> None:
    found: Counter[Path] = Counter()
    for table in read_tables(tenth.directory / "2024"):
        found[table.path] += len(table.rows)
    assert found == {file.path: file.rows for file in tenth.files}


def figures(table: pa.Table) -> dict[Any, tuple[Any, ...]]:
    key = "project_code" if "project_code" in table.column_names else "department_code"
    return {row[key]: tuple(row[name] for name in TRUE_FIGURES) for row in table.to_pylist()}


def computed(rows: list[dict[str, Any]], key: str) -> dict[Any, tuple[Any, ...]]:
    return {row[key]: tuple(row[name] for name in TRUE_FIGURES) for row in rows}


def test_true_figures_are_those_of_the_files(tenth: DemoDistrict, tenth_read: DistrictYear) -> None:
    assert figures(tenth.departments) == computed(tenth_read.department_execution(), "department_code")
    assert figures(tenth.projects) == computed(tenth_read.project_execution(), "project_code")


def statement_rows(year: DistrictYear, *, of_projects: bool) -> list[dict[str, Any]]:
    return [row for row in year.rows("execution_statement") if ("project" in row) == of_projects]


@pytest.mark.parametrize("which", ["committed", "tenth_read"])
def test_statement_agrees_with_the_detail(which: str, request: pytest.FixtureRequest) -> None:
    year: DistrictYear = request.getfixturevalue(which)
    for rows, key, statements in (
        (year.department_execution(), "department_code", statement_rows(year, of_projects=False)),
        (year.project_execution(), "project_code", statement_rows(year, of_projects=True)),
    ):
        names = ("initial_budget_amount", "net_adjustment_amount", "full_year_budget_amount", "executed_amount")
        detail = {row[key]: (*(row[name] for name in names), row["execution_rate_pct"]) for row in rows}
        statement_key = "project" if key == "project_code" else "department"
        stated = {
            row[statement_key]: (
                *(row[name] for name in ("initial", "adjusted", "full_year", "executed")),
                Decimal(row["rate"].rstrip("%")) if row["rate"] else None,
            )
            for row in statements
        }
        assert stated == detail


def test_total_rows_are_the_sums_of_their_tables(tenth_read: DistrictYear) -> None:
    totals = [(table, table.total) for table in tenth_read.tables if table.total]
    assert len(totals) == 4
    for table, total in totals:
        amounts = {name: value for name, value in total.items() if isinstance(value, Decimal)}
        assert amounts == {name: sum(row[name] for row in table.rows) for name in amounts}


def test_each_budget_line_moves_as_its_adjustments_say(tenth_read: DistrictYear) -> None:
    moved: dict[Any, Decimal] = defaultdict(Decimal)
    for row in tenth_read.rows("annual_budget"):
        assert row["full_year"] == row["initial"] + row["adjusted"] + row["reallocated"] >= 0
        moved[row["project"], row["fund"]] -= row["adjusted"] + row["reallocated"]
    for row in tenth_read.rows("budget_adjustment"):
        moved[row["project"], row["fund"]] += row["adjusted"]
    assert not any(moved.values())


def test_adjustments_follow_their_kind(tenth_read: DistrictYear) -> None:
    batches: dict[str, Decimal] = defaultdict(Decimal)
    kinds: dict[str, set[Any]] = defaultdict(set)
    for row in tenth_read.rows("budget_adjustment"):
        assert row["adjusted"] > 0 or row["movement"] != "追加"
        assert row["adjusted"] < 0 or row["movement"] != "追减"
        assert row["date"].year == 2024
        kinds[row["batch"]].add((row["movement"], row["date"]))
        if row["movement"] == "调剂":
            batches[row["batch"]] += row["adjusted"]
    assert len(batches) > 100
    assert not any(batches.values())
    assert all(len(kind) == 1 for kind in kinds.values())


def test_payments_have_dates_of_their_month_refunds_and_a_year_end_rush(tenth_read: DistrictYear) -> None:
    rows = tenth_read.rows("payment")
    for table in tenth_read.tables:
        if table.dataset == "payment":
            (month,) = {row["date"].strftime("%Y%m") for row in table.rows}
            assert month in table.path.name
    by_month = Counter(row["date"].month for row in rows)
    assert by_month[12] > 2 * max(by_month[month] for month in range(1, 11))
    assert 20 < sum(row["paid"] < 0 for row in rows) < 200
    assert len({row["voucher"] for row in rows}) == len(rows)


def test_behaviours_are_as_frequent_as_in_real_budgets(tenth_read: DistrictYear) -> None:
    projects = [row for row in tenth_read.project_execution() if row["expenditure_nature"] == "project"]
    statuses = Counter(row["adjustment_status"] for row in projects)
    spending = Counter(row["execution_status"] for row in projects)
    share = Decimal(len(projects)) / 100
    assert 16 < statuses["new_in_year"] / share < 18
    assert 7 < statuses["fully_cut"] / share < 9
    without_spending = sum(row["full_year_budget_amount"] > 0 == row["executed_amount"] for row in projects)
    assert 10 < without_spending / share < 11.5
    doubled = sum(abs(row["net_adjustment_rate"] or 0) > 1 for row in projects)
    assert 8.5 < doubled / share < 10.5
    assert spending["over_executed"] >= 1
    assert spending["spend_without_budget"] >= 1
    assert spending["zero_budget"] > statuses["fully_cut"]
    assert len({row["fund"] for row in tenth_read.rows("annual_budget")}) == 7
    funds: dict[str, set[str]] = defaultdict(set)
    for row in tenth_read.rows("annual_budget"):
        funds[row["project"]].add(row["fund"])
    assert sum(len(codes) == 2 for codes in funds.values()) > 10


def test_small_district_shows_every_status(committed: DistrictYear) -> None:
    projects = committed.project_execution()
    assert {row["execution_status"] for row in projects} == {
        "ok",
        "zero_budget",
        "spend_without_budget",
        "over_executed",
    }
    assert {row["adjustment_status"] for row in projects} == {"ok", "new_in_year", "fully_cut", "zero_budget"}
    assert len({row["execution_rate_pct"] for row in committed.department_execution()}) == 8


def test_names_say_that_they_are_invented(tenth_read: DistrictYear) -> None:
    names = {
        row[name]
        for dataset in ("department", "project", "annual_budget", "execution_statement")
        for row in tenth_read.rows(dataset)
        for name in ("department_name", "project_name")
        if row.get(name)
    }
    assert len(names) > 500
    assert all(re.search("演示|虚构", name) for name in names)


def test_files_come_in_the_promised_shapes(tenth: DemoDistrict) -> None:
    texts = {file.path.name: file.path.read_bytes() for file in tenth.files if file.path.suffix == ".csv"}
    with pytest.raises(UnicodeDecodeError):
        texts["指标调整明细.csv"].decode()
    with pytest.raises(UnicodeDecodeError):
        texts["部门单位名录.csv"].decode()
    assert sum(text.startswith(b"\xef\xbb\xbf") for text in texts.values()) == 4
    assert b"\r\n" in texts["指标调整明细.csv"]
    units = {}
    for file in tenth.files:
        if file.path.suffix == ".xlsx":
            sheet = openpyxl.load_workbook(file.path).worksheets[0]
            units[file.dataset] = sheet.cell(2, sheet.max_column).value
            assert sheet.merged_cells.ranges
    assert units == {"annual_budget": "单位：元", "execution_statement": "单位：万元", "payment": "单位：万元"}


def test_every_header_is_an_alias_of_its_dataset(tenth: DemoDistrict) -> None:
    for file in tenth.files:
        known = {header for column in DATASETS[file.dataset].columns for header in column.headers}
        if file.path.suffix == ".csv":
            raw = file.path.read_bytes()
            text = (
                raw.decode("gb18030")
                if file.dataset in {"department", "budget_adjustment"}
                else raw.decode("utf-8-sig")
            )
            assert set(text.splitlines()[0].split(",")) <= known
        else:
            for sheet in openpyxl.load_workbook(file.path):
                above, leaf = ([cell.value for cell in sheet[line]] for line in (3, 4))
                two_levels = any(cell is None for cell in leaf) or None in above
                names = {low or high for high, low in zip(above, leaf, strict=True)} if two_levels else set(above)
                assert names <= known


def test_large_tables_become_text_with_the_unit_in_the_header(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_workbooks = write_demo(tmp_path / "a", scale=0.02, seed=2)
    monkeypatch.setattr("pipelines.demo.write._MOST_WORKBOOK_ROWS", 50)
    as_text = write_demo(tmp_path / "b", scale=0.02, seed=2)
    names = {file.path.name for file in as_text.files}
    assert {"部门预算项目年度预算.csv", "预算执行情况表_部门.csv", "预算执行情况表_项目.csv"} <= names
    read = DistrictYear(as_text.directory / "2024")
    assert figures(as_workbooks.projects) == computed(read.project_execution(), "project_code")
    stated = {row["project"]: row["executed"] for row in statement_rows(read, of_projects=True)}
    assert stated == {row["project_code"]: row["executed_amount"] for row in read.project_execution()}


def cells(district: DemoDistrict, row: PlantedRow) -> dict[str, str]:
    lines = (district.directory.parent / row.relative_path).read_text(encoding="utf-8-sig").split("\n")
    header, values = csv.reader([lines[0], lines[row.line - 1]])
    return dict(zip(header, values, strict=True))


BAD: dict[str, Callable[[dict[str, str]], bool]] = {
    "amount-not-readable": lambda row: "O" in row["实际支付金额"],
    "amount-not-whole-cents": lambda row: row["实际支付金额"].endswith("005"),
    "required-value-missing": lambda row: "" in (row["实际支付金额"], row["支付凭证号"]),
    "date-not-readable": lambda row: row["支付日期"].endswith("-02-30"),
    "payment-date-is-in-its-fiscal-year": lambda row: row["支付日期"].startswith("2025"),
    "code-has-wrong-shape": lambda row: "O" in row["支出功能分类科目代码"],
    "value-not-in-list": lambda row: row["资金性质代码"] == "999",
    "code-in-scientific-notation": lambda row: "E+" in row["项目编码"],
}


def test_planted_rows_stand_where_the_manifest_says(dirty: DemoDistrict, tmp_path: Path) -> None:
    dirty.write_manifest(tmp_path / "manifest.json")
    manifest = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    assert len(manifest["planted"]) == len(dirty.planted)
    bad = [row for row in dirty.planted if row.what == "bad_cell"]
    assert {row.rule_id for row in bad} == BAD.keys()
    rules = {rule.id for rule in DATASETS["payment"].row_rules} | CELL_RULES.keys()
    assert BAD.keys() <= rules
    for row in bad:
        assert BAD[row.rule_id](cells(dirty, row)), row
    projects = set(dirty.projects["project_code"].to_pylist())
    for row in dirty.planted:
        delivered = cells(dirty, row)
        if row.amount is not None:
            assert Decimal(delivered["实际支付金额"]) == row.amount
        if row.what == "orphan":
            assert delivered["项目编码"] not in projects
    counts = Counter(row.what for row in dirty.planted)
    assert 50 < counts["bad_cell"] < 110
    assert 15 < counts["orphan"] < 70
    assert 15 < counts["duplicate"] < 70
    assert counts["superseded"] > 10


def test_without_the_planted_rows_the_files_tell_the_truth(dirty: DemoDistrict) -> None:
    left_out = {(Path(row.relative_path).name, row.line) for row in dirty.planted}
    year = DistrictYear(dirty.directory / "2024", left_out=left_out)
    assert figures(dirty.departments) == computed(year.department_execution(), "department_code")
    assert figures(dirty.projects) == computed(year.project_execution(), "project_code")


def test_a_restated_month_is_delivered_again_whole_with_the_right_amounts(dirty: DemoDistrict) -> None:
    (restated,) = (file for file in dirty.files if file.restatement)
    (first,) = (file for file in dirty.files if file.month == restated.month and not file.restatement)

    def paid(path: Path) -> dict[str, str]:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        return {row["支付凭证号"]: row["实际支付金额"] for row in rows if row["支付凭证号"].startswith("ZF")}

    before, after = paid(first.path), paid(restated.path)
    assert before.keys() == after.keys()
    changed = {voucher for voucher in after if before[voucher] != after[voucher]}
    assert len(changed) == sum(row.what == "superseded" for row in dirty.planted)


def test_dirt_leaves_what_is_true_alone(dirty: DemoDistrict, tmp_path: Path) -> None:
    clean = write_demo(tmp_path, scale=0.02, seed=3)
    assert clean.planted == ()
    assert clean.projects == dirty.projects


def test_years_belong_together(tmp_path: Path) -> None:
    district = write_demo(tmp_path, scale=0.02, seed=4, fiscal_year=2024, years=2)
    before, after = (DistrictYear(district.directory / year) for year in ("2023", "2024"))
    lasting = [{row["project"] for row in year.rows("project") if row["one_off"] == "否"} for year in (before, after)]
    one_off = [{row["project"] for row in year.rows("project") if row["one_off"] == "是"} for year in (before, after)]
    assert lasting[0] == lasting[1]
    assert one_off[0]
    assert one_off[0].isdisjoint(one_off[1])
    unspent = {row["project_code"]: row["unspent_amount"] for row in before.project_execution()}
    carried = after.rows("carryover")
    assert carried
    for row in carried:
        assert row["approved"] == row["carried_over"] + row["taken_back"]
        assert 0 < row["approved"] <= unspent[row["project"]]


def test_another_demo_replaces_the_one_before_and_what_a_killed_one_left(tmp_path: Path) -> None:
    write_demo(tmp_path, scale=0.02, seed=1, dirt=Dirt(restated_month=7))
    (tmp_path / "999999" / "2024" / "国库集中支付明细_202404.csv.part").touch()
    district = write_demo(tmp_path, scale=0.01, seed=1)
    found = {path for path in tmp_path.rglob("*") if path.is_file()}
    assert found == {district.directory / "README.md", *(file.path for file in district.files)}


def test_a_folder_with_delivered_files_is_left_alone(tmp_path: Path) -> None:
    shutil.copytree(RAW / "440103", tmp_path / "440103")
    before = contents(tmp_path)
    with pytest.raises(FileExistsError, match="2022年绩效自评得分"):
        write_demo(tmp_path, district_code="440103", scale=0.01)
    assert contents(tmp_path) == before


def test_a_file_put_beside_the_demo_is_left_alone(tmp_path: Path) -> None:
    write_demo(tmp_path, scale=0.01)
    (tmp_path / "999999" / "2024" / "own.csv").touch()
    with pytest.raises(FileExistsError, match=r"own\.csv"):
        write_demo(tmp_path, scale=0.01)


@pytest.mark.parametrize(
    "arguments",
    [{"district_code": "4401"}, {"scale": 0}, {"scale": 1000}, {"years": 0}],
)
def test_arguments_out_of_range_are_refused(tmp_path: Path, arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=re.escape(str(next(iter(arguments.values()))))):
        write_demo(tmp_path, **arguments)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "arguments", [{"bad_cells": -0.1}, {"duplicates": 1.0}, {"restated_month": 13}, {"restated_month": 3}]
)
def test_impossible_dirt_is_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"dirt|restated"):
        Dirt(**arguments)


@given(
    st.lists(
        st.tuples(st.integers(-(10**11), 10**11), st.lists(st.integers(1, 20), min_size=1, max_size=8)), min_size=1
    )
)
def test_apportioned_shares_add_up_and_keep_their_sign(groups: list[tuple[int, list[int]]]) -> None:
    total = np.array([amount for amount, _ in groups], dtype=np.int64)
    group = np.repeat(np.arange(len(groups)), [len(weights) for _, weights in groups])
    weight = np.array([weight for _, weights in groups for weight in weights], dtype=np.int64)
    shares = apportion(total, weight, group)
    for number, (amount, weights) in enumerate(groups):
        mine = shares[group == number].tolist()
        assert sum(mine) == amount
        assert all(share * amount >= 0 for share in mine)
        assert all(
            abs(share * sum(weights) - amount * own) <= sum(weights) for share, own in zip(mine, weights, strict=True)
        )


def test_draws_depend_on_name_and_index_only_and_fill_their_range() -> None:
    index = np.arange(10_000, dtype=np.int64)
    whole = Draws(1, "a").below("x", index, 10)
    assert (Draws(1, "a").below("x", index[5_000:], 10) == whole[5_000:]).all()
    assert (Draws(1, "a").below("y", index, 10) != whole).any()
    counts = Counter(whole.tolist())
    assert counts.keys() == set(range(10))
    assert all(850 < count < 1_150 for count in counts.values())


def provenance() -> list[list[str]]:
    """The rows of the provenance table in ``raw/README.md``, without the column that says where."""
    lines = (RAW / "README.md").read_text(encoding="utf-8").splitlines()
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    return [row[:8] for row in table[2:] if len(row) == len(table[0])]


def test_liwan_workbook_says_what_the_provenance_table_says() -> None:
    def shown(value: object) -> str:
        return "" if value is None else str(value).replace("-", "−")

    book = openpyxl.load_workbook(RAW / "440103" / "2022" / "2022年预算执行情况表.xlsx")
    found = []
    for sheet in book:
        keys = sheet.max_column - 6
        for row in sheet.iter_rows(min_row=5, max_row=sheet.max_row - 1, values_only=True):
            found.append([sheet.title, row[keys - 1], *map(shown, row[keys:])])
    assert found == provenance()


def test_liwan_workbook_is_laid_out_as_an_office_does() -> None:
    book = openpyxl.load_workbook(RAW / "440103" / "2022" / "2022年预算执行情况表.xlsx")
    assert book.sheetnames == ["部门", "项目", "按资金来源", "按支出性质"]
    totals = {}
    for sheet in book:
        assert "A1" in {str(merged).split(":")[0] for merged in sheet.merged_cells.ranges}
        assert sheet["A2"].value == "编制单位：广州市荔湾区商务和投资促进局"
        assert sheet.cell(2, sheet.max_column).value == "单位：万元"
        last = [cell.value for cell in sheet[sheet.max_row]]
        assert last[0] == "合计"
        totals[sheet.title] = [value for value in last[1:] if value is not None]
    assert totals == {
        "部门": [11206.52, 8778.17, "78.33%"],
        "项目": [],
        "按资金来源": [8778.17],
        "按支出性质": [8778.17],
    }
