"""The portal as its readers meet it: pages, lists, downloads, explanations, questions, publications, and no writing."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from urllib.parse import parse_qsl

import openpyxl
import pytest
from bureau import Bureau
from portal_bureau import DISTRICT, HOSTILE, OTHER, YEAR, Served, deliver, payments, served, tree

from pipelines.contracts.reference_tables import WARNING_RULES
from pipelines.portal.lists import LISTS

PLACE = f"/d/{DISTRICT}/{YEAR}"


@pytest.fixture(scope="module")
def bureau(tmp_path_factory: pytest.TempPathFactory) -> Bureau:
    found = Bureau(tmp_path_factory.mktemp("portal"))
    deliver(found)
    found.night()
    return found


@pytest.fixture(scope="module")
def portal(bureau: Bureau) -> Iterator[Served]:
    with served(bureau.settings) as found:
        yield found


def cells(page: str) -> list[str]:
    """The texts of a page's table cells."""
    plain = [re.sub(r"<[^>]+>", "", cell) for cell in re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", page, re.DOTALL)]
    return [cell.strip() for cell in plain]


def test_the_front_page_shows_every_district_and_year_with_its_rates(portal: Served) -> None:
    page = portal.ask("/")
    assert page.status == 200
    shown = cells(page.text)
    assert shown.count(str(YEAR)) >= 2
    # 1,718.75 yuan were paid (121 small ones among them), of 2,600 yuan: the budget of 2,500 and 100 net.
    executed = Decimal("1660.55") + sum(Decimal(f"0.{number % 90 + 10}") for number in range(120))
    rate = (executed * 100 / 2600).quantize(Decimal("0.01"))
    assert shown.count(str(rate)) >= 2
    assert shown.count("4.00") >= 2  # 100 of 2,500


def test_every_list_answers_and_can_be_downloaded(portal: Served) -> None:
    for name in LISTS:
        page = portal.ask(f"{PLACE}/{name}")
        assert page.status == 200, (name, page.text[-400:])
        for ending, start in (("csv", "\ufeff".encode()), ("xlsx", b"PK")):
            file = portal.ask(f"{PLACE}/{name}.{ending}")
            assert (file.status, file.body[: len(start)]) == (200, start), name
            assert "attachment" in file.headers["content-disposition"]


def test_a_list_is_filtered_sorted_and_paged_by_its_address(portal: Served) -> None:
    by_name = portal.ask(f"{PLACE}/projects", {"sort": "-executed_amount", "unit": "yuan"}).text
    assert by_name.index("甲项目") > by_name.index("丙项目")
    narrowed = portal.ask(f"{PLACE}/projects", {"department_name": "测试二局", "q": "丙"}).text
    assert "共 <strong>1</strong> 条" in narrowed
    lines = portal.ask(
        f"{PLACE}/contribution",
        {"figure_name": "executed_amount", "figure_level": "project", "size": "50", "page": "3"},
    ).text
    assert "第 3 / 3 页" in lines  # 124 payments count
    assert portal.ask(f"{PLACE}/projects", {"sort": "nothing; drop table x"}).status == 400
    assert portal.ask(f"{PLACE}/projects", {"size": "1000000"}).status == 400
    assert portal.ask(f"{PLACE}/nothing").status == 400
    assert portal.ask("/d/440197/2024").status == 404


def test_a_download_is_just_that_view_with_numbers_as_numbers(portal: Served, bureau: Bureau) -> None:
    file = portal.ask(f"{PLACE}/projects.xlsx", {"department_name": "测试一局", "sort": "-executed_amount"})
    workbook = openpyxl.load_workbook(io.BytesIO(file.body))
    sheet = workbook.worksheets[0]
    heads = [cell.value for cell in sheet[1]]
    rows = [dict(zip(heads, (cell.value for cell in row), strict=True)) for row in sheet.iter_rows(min_row=2)]
    (expected,) = bureau.rows(
        "select executed_amount from summary.project_execution"
        f" where district_code = '{DISTRICT}' and project_code = 'P1'"
    )
    assert [row["项目名称"] for row in rows] == ["甲项目", "乙项目"]
    assert rows[0]["执行数（元）"] == float(expected[0]) == 600.0
    assert rows[0]["预算执行率（%）"] == 50.0
    notes = {row[0].value: row[1].value for row in workbook.worksheets[1].iter_rows()}
    assert bureau.one("select build_id from quality.build")[0] in notes["发布"]
    assert "测试一局" in notes["条件"]


def test_a_figure_opens_its_formula_and_all_of_its_source_lines(portal: Served) -> None:
    key = {"department_code": "101", "project_code": "P2"}
    page = portal.ask(f"{PLACE}/explain", key | {"figure": "execution_rate_pct"}).text
    assert "100 × executed_amount / full_year_budget_amount" in page
    assert "复算一致" in page
    assert "121 行" in page
    narrowed = key | {"figure_name": "executed_amount", "figure_level": "project"}
    lines = portal.ask(f"{PLACE}/contribution.csv", narrowed).text.splitlines()
    assert len(lines) == 122
    assert sum(line.startswith("project,executed_amount") for line in lines) == 121
    assert f"{DISTRICT}/2024/支付.csv" in lines[1]
    rejected = portal.ask(f"{PLACE}/explain", {"department_code": "102", "project_code": "P4"}).text
    assert f"{DISTRICT}/2024/支付.csv" in rejected
    assert "11.00" in rejected


def test_the_pages_of_departments_and_projects_lead_on(portal: Served) -> None:
    department = portal.ask(f"{PLACE}/department", {"department_code": "101"}).text
    assert "甲项目" in department
    assert "丙项目" not in department
    project = portal.ask(f"{PLACE}/project", {"department_code": "101", "project_code": "P1"}).text
    assert "50.00" in project
    assert portal.ask(f"{PLACE}/department", {"department_code": "999"}).status == 404
    assert portal.ask(f"{PLACE}/department").status == 400


def test_what_cannot_proceed_leads_from_the_front_page_to_the_project_and_its_department(portal: Served) -> None:
    # P1 was paid in February, others until July: five months without a payment.
    assert f'href="{PLACE}/watch' in portal.ask("/").text
    for page in (portal.ask(PLACE), portal.ask(f"{PLACE}/department", {"department_code": "101"})):
        assert "最近5个月无支付" in page.text
    assert "最近5个月无支付" in portal.ask(f"{PLACE}/project", {"department_code": "101", "project_code": "P1"}).text
    assert "最近5个月无支付" not in portal.ask(f"{PLACE}/department", {"department_code": "102"}).text
    rows = portal.ask(f"{PLACE}/watch.csv", {"department_code": "101", "q": "无支付"}).text.splitlines()
    assert len(rows) == 2
    assert "甲项目" in rows[1]


def test_every_link_of_the_front_page_opens(portal: Served) -> None:
    links = set(re.findall(r'href="(/d/[^"]+)"', portal.ask("/").text))
    assert len(links) > 3
    for link in links:
        path, _, query = link.replace("&amp;", "&").partition("?")
        assert portal.ask(path, dict(parse_qsl(query))).status == 200, link


def test_names_are_never_markup(portal: Served) -> None:
    for path, asked in (
        (f"{PLACE}/projects", {}),
        (f"{PLACE}/project", {"department_code": "102", "project_code": "P4"}),
        ("/sql", {"q": "select project_name from summary.project_execution"}),
        ("/sql", {"q": "select '<script>stolen=1</script>' as \"<b>\""}),
        (f"{PLACE}/projects", {"q": HOSTILE}),
    ):
        page = portal.ask(path, asked).text
        assert "<img" not in page
        assert "<script>" not in page
        assert "<b>" not in page


def test_every_question_answers_and_takes_its_parameters(portal: Served) -> None:
    names = re.findall(r'href="/questions/(\w+)"', portal.ask("/questions").text)
    assert len(names) > 15
    for name in names:
        page = portal.ask(f"/questions/{name}", {"district_code": DISTRICT, "fiscal_year": YEAR, "as_of": "2030-01-01"})
        assert page.status == 200, name
    both = portal.ask("/questions/department_ranking").text
    one = portal.ask("/questions/department_ranking", {"district_code": OTHER}).text
    assert ("共 <strong>4</strong>" in both, "共 <strong>2</strong>" in one) == (True, True)
    assert portal.ask("/questions/reported_on_a_day", {"as_of": "2000-01-01"}).text.count("<tr>") == 2
    assert portal.ask("/questions/reported_on_a_day", {"as_of": "yesterday"}).status == 400


def test_amounts_are_exact_in_yuan_and_in_ten_thousand(portal: Served) -> None:
    yuan = portal.ask(f"{PLACE}/departments", {"unit": "yuan"}).text
    ten_thousand = portal.ask(f"{PLACE}/departments").text
    assert ">960.00<" in yuan
    assert 'title="960.00 元"' in ten_thousand
    assert ">0.10<" in ten_thousand
    assert "10,000 yuan" in portal.ask(f"{PLACE}/departments", {"lang": "en"}).text


def test_reports_and_delivered_files_are_served_as_they_are(portal: Served, bureau: Bureau) -> None:
    page = portal.ask(f"/reports/{DISTRICT}/{YEAR}/index.html")
    assert page.status == 200
    assert "sandbox" in page.headers["content-security-policy"]
    assert portal.ask(f"/reports/{DISTRICT}/{YEAR}/预算执行情况通报.xlsx").body[:2] == b"PK"
    file_id, path = bureau.one(
        "select distinct source_file_id, source_path from quality.source_file"
        f" where source_path = '{DISTRICT}/2024/支付.csv'"
    )
    assert portal.ask(f"/files/{file_id}").body == (bureau.settings.raw / path).read_bytes()


def test_nothing_is_written_and_nothing_else_is_answered(portal: Served, bureau: Bureau) -> None:
    before = tree(bureau.settings.warehouse)
    for path in ("/", PLACE, f"{PLACE}/projects.xlsx", "/questions/red_warnings", "/sql", "/publication", "/health"):
        assert portal.ask(path).status == 200, path
        for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"):
            assert portal.ask(path, method=method).status == 405
        if path != "/sql":
            assert portal.ask(path, method="POST", form="q=1").status == 405
        assert portal.ask(path, method="HEAD").status in (200, 405)
    assert portal.ask("/sql", method="POST", form="q=select+41%2B1+as+answer").text.count(">42<") == 1
    assert tree(bureau.settings.warehouse) == before


def test_every_answer_carries_the_headers_that_protect_it(portal: Served) -> None:
    for path in ("/", "/sql", "/nothing", "/static/portal.css", f"{PLACE}/projects.csv"):
        headers = portal.ask(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert "set-cookie" not in headers
        assert "server" not in headers


@pytest.mark.long
def test_a_page_stays_with_its_publication_and_offers_the_new_one(tmp_path: Path) -> None:
    bureau = Bureau(tmp_path)
    deliver(bureau)
    bureau.night()
    old = bureau.one("select build_id from quality.build")[0]
    with served(bureau.settings, kept_publications=1) as portal:
        first = portal.ask(f"{PLACE}/projects", {"unit": "yuan"}).text
        assert old in first
        bureau.deliver(f"{DISTRICT}/2024/支付.csv", payments("601.23"))
        bureau.night()
        new = bureau.one("select build_id from quality.build")[0]
        assert new != old
        pinned = portal.ask(f"{PLACE}/projects", {"unit": "yuan", "publication": old}).text
        assert ("600.00" in pinned, "601.23" in pinned, "改看新发布" in pinned) == (True, False, True)
        newest = portal.ask(f"{PLACE}/projects", {"unit": "yuan"}).text
        assert ("601.23" in newest, new in newest) == (True, True)
        assert portal.sql("select build_id from quality.build").text.count(new) >= 1
        bureau.deliver(f"{DISTRICT}/2024/支付.csv", payments("602.34"))
        bureau.night()
        portal.ask("/")
        gone = portal.ask(f"{PLACE}/projects", {"unit": "yuan", "publication": old}).text
        assert ("602.34" in gone, "已不再保留" in gone) == (True, True)


def test_without_a_publication_it_says_so(tmp_path: Path) -> None:
    with served(Bureau(tmp_path).settings) as portal:
        page = portal.ask("/")
        assert (page.status, portal.ask("/health").status) == (503, 503)
        assert "nightly" in page.text


def test_a_chinese_page_shows_no_value_of_a_program(portal: Served, bureau: Bureau) -> None:
    warnings = cells(portal.ask(f"{PLACE}/warning").text)
    for (rules,) in bureau.rows("select distinct warning_rules from summary.warning_overview"):
        assert "、".join(dict(WARNING_RULES)[rule] for rule in rules.split("; ")) in warnings
    documented = {rule for (rule,) in bureau.rows("select rule_id from quality.rule")}
    for name in LISTS:
        page = portal.ask(f"{PLACE}/{name}", {"size": "50"}).text
        found = {cell for cell in cells(page) if re.fullmatch(r"[a-z]+([-_; ]+[a-z]+)+", cell)}
        assert found <= documented, name
