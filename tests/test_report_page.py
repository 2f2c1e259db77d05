"""The page in a real browser, opened from its file: figures, language, tables, drill-down, hostile names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import pytest
import report_data
from accessibility import violations
from conftest import require_program
from playwright.sync_api import Browser, Locator, Page, sync_playwright

from pipelines.reports.write import write_report
from pipelines.settings import Settings

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
CENT = Decimal("0.01")
TABLES_WITHOUT_HEADS = """[...document.querySelectorAll('table')].filter(table =>
    !table.caption || !table.caption.innerText
    || [...table.tHead.rows[0].cells].some(head => head.scope !== 'col')
    || [...table.tBodies[0].rows].some(row => !row.querySelector('th[scope=row]'))
).map(table => table.caption && table.caption.innerText)"""


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    warehouse = tmp_path_factory.mktemp("warehouse")
    found = Settings(raw=warehouse / "raw", warehouse=warehouse)
    report_data.publish(found.database)
    return found


@pytest.fixture(scope="module")
def pages(settings: Settings) -> dict[str, Path]:
    districts = (report_data.DETAIL, report_data.STATEMENT)
    return {district: write_report(settings, district, report_data.YEAR).page for district in districts}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = require_program("chromium", "chromium")
    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=chromium, args=FLAGS)
        yield started
        started.close()


class Opened:
    """An opened page with everything that went wrong while it was open, or that it asked for."""

    def __init__(self, browser: Browser, path: Path, width: int) -> None:
        self.path = path
        self.problems: list[str] = []
        self.page: Page = browser.new_page(viewport={"width": width, "height": 900})
        self.page.on("console", lambda message: self.problems.append(f"console {message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.problems.append(f"error: {error}"))
        self.page.on("request", self._note_request)
        self.page.goto(path.as_uri())

    def _note_request(self, request: Any) -> None:
        if request.url != self.path.as_uri() and not request.url.startswith("data:,"):
            self.problems.append(f"request: {request.url}")

    def rows(self, table: Locator) -> list[dict[str, str]]:
        """The texts of a table by head, of all its pages from the one that is shown on."""
        heads = [re.sub(r"（(?:万元|元)）$", "", head) for head in table.locator("thead th").all_inner_texts()]
        of_page = "t => [...t.tBodies[0].rows].map(r => [...r.cells].map(c => c.innerText.trim()))"
        found = table.evaluate(of_page)
        following = table.locator("xpath=ancestor::div[2]").locator("nav.pager button").last
        while following.is_visible() and following.is_enabled():
            following.click()
            found += table.evaluate(of_page)
        return [dict(zip(heads, row, strict=True)) for row in found]

    def section(self, name: str) -> Locator:
        """A section's first table."""
        return self.page.locator(f"#{name} table").first


@pytest.fixture
def open_page(browser: Browser, pages: dict[str, Path]) -> Iterator[Any]:
    opened: list[Opened] = []

    def open_one(district: str = report_data.DETAIL, *, width: int = 1280) -> Opened:
        opened.append(Opened(browser, pages[district], width))
        return opened[-1]

    yield open_one
    for each in opened:
        each.page.close()
        assert each.problems == []


def published(settings: Settings, table: str, district: str = report_data.DETAIL) -> list[dict[str, Any]]:
    with duckdb.connect(settings.database, read_only=True) as connection:
        found = connection.execute(
            f"select * from {table} where district_code = ? and fiscal_year = ?", [district, report_data.YEAR]
        )
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def ten_thousands(amount: Decimal) -> str:
    return f"{(amount / 10_000).quantize(CENT, ROUND_HALF_UP):,}"


def test_the_year_at_a_glance_is_the_databases(settings: Settings, open_page: Any) -> None:
    page = open_page().page
    records = published(settings, "summary.department_execution")
    sums = {
        name: sum((record[name] for record in records), Decimal(0))
        for name in ("full_year_budget_amount", "executed_amount", "unspent_amount", "initial_budget_amount")
    }
    for name, amount in sums.items():
        assert page.locator(f'#glance [data-figure="{name}"]').inner_text() == f"{ten_thousands(amount)} 万元"
    rate = (100 * sums["executed_amount"] / sums["full_year_budget_amount"]).quantize(CENT, ROUND_HALF_UP)
    assert page.locator('#glance [data-figure="execution_rate_pct"]').inner_text() == f"{rate}%"
    assert f"预算执行率{rate}%" in page.locator("#glance .lead").inner_text()


def test_every_department_and_project_shows_the_databases_figures(settings: Settings, open_page: Any) -> None:
    opened = open_page()
    for section, table, head in (
        ("departments", "summary.department_execution", "部门名称"),
        ("projects", "summary.project_execution", "项目名称"),
    ):
        name = f"{table.rpartition('.')[2].partition('_')[0]}_name"
        rows = opened.rows(opened.section(section))
        records = published(settings, table)
        assert len(rows) == len(records)
        told = sorted((row[head], row["全年预算数"], row["执行数"], row["预算执行率（%）"]) for row in rows)
        statuses = {"zero_budget": "预算为零"}
        assert told == sorted(
            (
                re.sub(r"\s+", " ", record[name]).strip(),
                ten_thousands(record["full_year_budget_amount"]),
                ten_thousands(record["executed_amount"]),
                statuses.get(record["execution_status"]) or f"{record['execution_rate_pct']}%",
            )
            for record in records
        )


def test_liwan_shows_unknown_where_nothing_was_published(open_page: Any) -> None:
    opened = open_page(report_data.STATEMENT)
    assert opened.page.locator('#glance [data-figure="initial_budget_amount"]').inner_text().startswith("未知")
    assert opened.page.locator('#glance [data-figure="executed_amount"]').inner_text() == "8,778.17 万元"
    projects = {row["项目名称"]: row for row in opened.rows(opened.section("projects"))}
    assert projects["产业扶持资金"]["预算调整率（%）"] == "120.84%"
    assert projects["招商引资经费"]["预算调整率（%）"] == "-41.36%"
    assert projects["上下九步行街品质提升工程"]["预算执行率（%）"] == "预算为零"
    assert projects["上下九步行街品质提升工程"]["预算调整率（%）"] == "-100.00%"
    assert projects["区政府合作经费"]["全年预算数"] == "未知"
    assert projects["区政府合作经费"]["预算执行率（%）"] == "未知"


def test_units_and_language_switch_everything_and_keep_the_focus(settings: Settings, open_page: Any) -> None:
    page = open_page().page
    page.get_by_role("button", name="元", exact=True).click()
    budget = sum(
        (record["full_year_budget_amount"] for record in published(settings, "summary.department_execution")),
        Decimal(0),
    )
    assert page.locator('[data-figure="full_year_budget_amount"]').inner_text() == f"{budget:,} 元"
    page.get_by_role("button", name="English").click()
    assert page.evaluate("document.documentElement.lang") == "en"
    assert page.evaluate("document.activeElement.textContent") == "English"
    assert page.locator('[data-figure="full_year_budget_amount"]').inner_text() == f"{budget:,} yuan"
    words = " ".join(page.locator("h2, h3, thead th, nav a, caption, summary").all_inner_texts())
    assert not re.search(r"[\u4e00-\u9fff]", words)
    page.get_by_role("button", name="中文").click()
    assert page.evaluate("document.documentElement.lang") == "zh-CN"


def test_tables_sort_by_number_and_search_by_text(open_page: Any) -> None:
    opened = open_page()
    table = opened.section("projects")
    head = table.locator("thead th", has_text="全年预算数")
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "descending"
    amounts = [Decimal(row["全年预算数"].replace(",", "")) for row in opened.rows(table)]
    assert amounts == sorted(amounts, reverse=True)
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    opened.page.locator("#projects input[type=search]").fill("示例项目2-3")
    assert [row["项目名称"] for row in opened.rows(table)] == ["示例项目2-3"]
    assert opened.page.locator("#projects .tools [role=status]").inner_text() == "1/54 行"
    opened.page.locator("#projects input[type=search]").fill("不存在")
    assert opened.page.locator("#projects tbody").first.inner_text() == "没有内容。"


@pytest.mark.long
@pytest.mark.parametrize(("district", "width"), [(report_data.DETAIL, 1280), (report_data.STATEMENT, 390)])
def test_axe_finds_nothing(open_page: Any, district: str, width: int) -> None:
    page: Page = open_page(district, width=width).page
    assert violations(page) == []
    page.get_by_role("button", name="English", exact=True).click()
    for details in page.locator("#more > details > summary").all():
        details.click()
    assert violations(page) == []


def test_a_table_is_turned_page_by_page(open_page: Any) -> None:
    opened = open_page()
    pager = opened.page.locator("#projects nav.pager").first
    previous, following = pager.locator("button").all()
    rows = opened.section("projects").locator("tbody tr")
    assert (rows.count(), pager.locator("span").inner_text()) == (30, "第 1–30 行，共 54 行")
    assert (previous.is_enabled(), following.is_enabled()) == (False, True)
    following.press("Enter")
    assert (rows.count(), pager.locator("span").inner_text()) == (24, "第 31–54 行，共 54 行")
    assert (previous.is_enabled(), following.is_enabled()) == (True, False)
    opened.page.locator("#projects input[type=search]").fill("示例项目")
    assert pager.locator("span").inner_text().startswith("第 1–")
    opened.page.locator("#projects input[type=search]").fill("示例项目2-3")
    assert pager.is_hidden()


def test_a_figure_leads_to_its_formula_and_source_lines_by_keyboard(settings: Settings, open_page: Any) -> None:
    opened = open_page()
    page: Page = opened.page
    opened.section("projects")
    page.locator("#projects button.link", has_text="示例项目1-2").first.focus()
    page.keyboard.press("Enter")
    dialog = page.locator("dialog")
    (record,) = [
        row for row in published(settings, "summary.project_execution") if row["project_name"] == "示例项目1-2"
    ]
    formula = f"= 100 × {record['executed_amount']:,} ÷ {record['full_year_budget_amount']:,}"
    assert formula in dialog.inner_text()
    lines = published(settings, "core.payment")
    paid = [line for line in lines if line["project_code"] == record["project_code"]]
    told = {row["来源"]: row for row in opened.rows(dialog.locator("table", has_text="实际支付金额"))}
    assert len(told) == len(paid)
    for line in paid:
        row = told[f"999999/2022/payment.csv · 第{line['source_line']}行"]
        assert row["实际支付金额"] == f"{line['paid_amount']:,}"
        assert row["支付日期"] == line["payment_date"].isoformat()
    page.keyboard.press("Escape")
    assert not dialog.is_visible()
    assert page.evaluate("document.activeElement.textContent") == "示例项目1-2"


def test_names_are_shown_as_text_and_never_run(open_page: Any) -> None:
    opened = open_page()
    page: Page = opened.page
    for select in page.locator("select").all():
        select.select_option(index=report_data_last(select))
    for details in page.locator("details").all():
        details.evaluate("d => { d.open = true; }")
    page.locator("#departments button.link", has_text=report_data.HOSTILE[0]).click()
    page.keyboard.press("Escape")
    assert page.evaluate("window.stolen") is None
    assert page.locator("script").count() == 3
    assert page.locator("img, iframe, object, form, a[href]:not([href^='#'])").count() == 0
    shown = {row["项目名称"] for row in opened.rows(opened.section("projects"))}
    assert {re.sub(r"\s+", " ", name).strip() for name in report_data.HOSTILE[1:7]} <= shown
    data = re.search(r'id="data">(.*?)</script>', opened.path.read_text(encoding="utf-8"), re.DOTALL)
    assert data
    assert "<" not in data[1]
    assert set(report_data.HOSTILE[:7]) <= set(json.loads(data[1])["figures"]["words"])


def report_data_last(select: Locator) -> int:
    """The last option: the department with the hostile names."""
    return select.locator("option").count() - 1


def test_charts_tables_and_controls_have_words_for_a_screen_reader(open_page: Any) -> None:
    page: Page = open_page().page
    for canvas in page.locator("canvas").all():
        assert canvas.get_attribute("role") == "img"
        assert len(canvas.get_attribute("aria-label") or "") > 10
        assert canvas.evaluate("c => c.chart.data.datasets.some(d => d.data.length > 0)")
    assert page.locator("canvas").count() == 4
    assert page.evaluate(TABLES_WITHOUT_HEADS) == []
    assert page.evaluate("[...document.querySelectorAll('input, select')].filter(e => !e.labels.length).length") == 0
    levels = page.evaluate("[...document.querySelectorAll('h1, h2, h3')].map(h => Number(h.tagName[1]))")
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "跳到正文"
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#content"


@pytest.mark.parametrize("width", [390, 768, 1440])
def test_no_width_needs_sideways_scrolling_of_the_page(open_page: Any, width: int) -> None:
    page: Page = open_page(width=width).page
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_the_page_prints_with_its_tables_in_full(open_page: Any) -> None:
    page: Page = open_page().page
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.locator("#projects tbody tr").count() == 54
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")


def test_the_content_policy_stops_what_was_not_put_there(browser: Browser, open_page: Any) -> None:
    path = open_page().path
    context = browser.new_context()
    page = context.new_page()
    page.goto(path.as_uri())
    page.evaluate("""() => { const s = document.createElement('script'); s.textContent = 'window.stolen = 1';
        document.body.append(s); const i = document.createElement('img'); i.src = 'http://localhost:9/x.png';
        document.body.append(i); }""")
    assert page.evaluate("window.stolen") is None
    context.close()
