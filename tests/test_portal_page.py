"""The portal in a real browser: every page on desk and phone, the keyboard alone, axe, nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from accessibility import violations
from bureau import Bureau
from conftest import require_program
from playwright.sync_api import Browser, Page, sync_playwright
from portal_bureau import DISTRICT, YEAR, Served, deliver, served

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PLACE = f"/d/{DISTRICT}/{YEAR}"
PAGES = (
    "/",
    PLACE,
    f"{PLACE}/projects?sort=-executed_amount",
    f"{PLACE}/warning",
    f"{PLACE}/finding",
    f"{PLACE}/source_file",
    f"{PLACE}/department?department_code=101",
    f"{PLACE}/project?department_code=102&project_code=P4",
    f"{PLACE}/explain?department_code=101&project_code=P2&figure=execution_rate_pct",
    f"{PLACE}/explain?department_code=102&project_code=P4&figure=executed_amount&lang=en",
    f"{PLACE}/contribution?department_code=101&figure_level=department",
    "/questions",
    "/questions/department_ranking",
    "/sql?q=from+summary.department_execution",
    "/sql?q=nonsense",
)


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    bureau = Bureau(tmp_path_factory.mktemp("portal"))
    deliver(bureau)
    bureau.night()
    with served(bureau.settings) as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = require_program("chromium", "chromium")
    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=chromium, args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser, portal: Served) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    opened = context.new_page()
    problems: list[str] = []
    opened.on("console", lambda message: problems.append(f"console {message.type}: {message.text}"))
    opened.on("pageerror", lambda error: problems.append(f"error: {error}"))
    opened.on("request", lambda request: request.url.startswith(portal.address) or problems.append(request.url))
    yield opened
    cookies = context.cookies()
    context.close()
    assert problems == []
    assert cookies == []


def test_every_page_opens_on_a_desk_and_on_a_phone(page: Page, portal: Served) -> None:
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 800})
        for path in PAGES:
            answer = page.goto(portal.address + path)
            assert answer
            assert answer.status == 200, path
            assert page.locator("h1").count() == 1, path
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (width, path)
            assert page.evaluate("window.stolen") is None


def test_axe_finds_nothing(browser: Browser, portal: Served) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    found: dict[str, Any] = {}
    for path in PAGES:
        page.goto(portal.address + path)
        page.wait_for_load_state("networkidle")
        told = violations(page)
        found |= {path: told} if told else {}
    page.close()
    assert found == {}


def test_an_officer_walks_from_the_front_page_to_a_source_line_with_the_keyboard_alone(
    page: Page, portal: Served
) -> None:
    page.goto(portal.address)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "跳到正文"
    page.keyboard.press("Enter")

    def follow(text: str) -> None:
        for _ in range(200):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.textContent.trim()") == text:
                with page.expect_navigation():
                    page.keyboard.press("Enter")
                return
        raise AssertionError(f"{text} cannot be reached with the keyboard")

    follow(DISTRICT)
    follow("测试一局")
    follow("乙项目")
    page.locator("a.figure", has_text="31.39").first.focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.locator("td", has_text=f"{DISTRICT}/2024/").first.is_visible()
    assert "复算一致" in page.inner_text("main")


def test_a_list_is_sorted_filtered_and_downloaded(page: Page, portal: Served) -> None:
    page.goto(f"{portal.address}{PLACE}/projects")
    page.get_by_role("columnheader", name="执行数").get_by_role("link").click()
    assert "sort=-executed_amount" in page.url
    assert page.get_by_role("columnheader", name="执行数").get_attribute("aria-sort") == "descending"
    page.get_by_label("部门").select_option("测试一局")
    page.get_by_role("button", name="筛选").click()
    assert "department_name=" in page.url
    assert "sort=-executed_amount" in page.url
    assert page.locator("tbody tr").count() == 2
    with page.expect_download() as download:
        page.get_by_role("link", name="Excel").click()
    assert download.value.suggested_filename.endswith(".xlsx")


def test_an_analyst_asks_sql_with_completion_and_history(page: Page, portal: Served) -> None:
    page.goto(f"{portal.address}/sql")
    editor = page.locator(".cm-content")
    editor.click()
    page.keyboard.type("select count(*) as found from summary.department_exec")
    page.locator(".cm-tooltip-autocomplete").wait_for()
    assert "department_execution" in page.locator(".cm-tooltip-autocomplete").inner_text()
    page.keyboard.press("Escape")
    page.keyboard.type("ution")
    page.keyboard.press("Escape")
    with page.expect_navigation():
        page.keyboard.press("Control+Enter")
    assert "q=select" in page.url
    assert page.locator("#result").is_visible()
    assert page.locator("tbody td").first.inner_text() == "4"
    page.locator("#history summary").click()
    assert "count(*)" in page.locator("#history").inner_text()
    page.get_by_label("查找表或字段").fill("调整次数")
    assert 0 < page.locator("#tables details:visible").count() < 40
    with page.expect_download() as download:
        page.get_by_role("button", name="下载 Excel").click()
    assert download.value.suggested_filename == "查询结果.xlsx"


def test_language_and_unit_stay_in_the_address(page: Page, portal: Served) -> None:
    page.goto(f"{portal.address}{PLACE}/departments")
    page.get_by_role("link", name="English").click()
    assert page.evaluate("document.documentElement.lang") == "en"
    page.get_by_role("link", name="Show yuan").click()
    assert "960.00" in page.inner_text("main")
    page.locator("td a", has_text="测试一局").first.click()
    assert ("lang=en" in page.url, "unit=yuan" in page.url) == (True, True)


def test_pages_print_in_full(page: Page, portal: Served) -> None:
    page.goto(f"{portal.address}{PLACE}/contribution?figure_level=project&size=500")
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
