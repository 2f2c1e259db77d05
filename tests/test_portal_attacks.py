"""What somebody with bad intent, or a runaway statement, does to the portal: it answers, and gives nothing away."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from bureau import Bureau
from portal_bureau import DISTRICT, YEAR, Served, deliver, served, tree

ESCAPES = (
    "select * from read_csv('/etc/passwd')",
    "select * from read_text('/etc/hostname')",
    "select * from read_blob('/proc/self/environ')",
    "select * from glob('/*')",
    "select * from '/etc/passwd'",
    "select * from sniff_csv('/etc/passwd')",
    "select * from parquet_scan('/tmp/*')",
    "from query('select * from read_text(''/etc/hostname'')')",
    "copy (select 1) to '/tmp/portal-stolen.csv'",
    "copy core.payment to '/tmp/portal-stolen.csv'",
    "export database '/tmp/portal-stolen'",
    "import database '/tmp'",
    "attach '/tmp/portal-stolen.duckdb'",
    "attach ':memory:' as other",
    "install httpfs",
    "load httpfs",
    "force install httpfs from 'http://127.0.0.1:9'",
    "create secret (type s3)",
    "pragma database_list",
    "pragma enable_external_access=true",
    "set enable_external_access = true",
    "set lock_configuration = false",
    "reset lock_configuration",
    "set memory_limit = '100GB'",
    "set variable x = 1",
    "call pragma_version()",
    "checkpoint",
    "vacuum",
    "use memory",
    "create table stolen as select 1",
    "create temp table stolen as select 1",
    "create macro stolen() as 1",
    "insert into quality.build select * from quality.build",
    "update quality.build set build_id = 'x'",
    "delete from quality.build",
    "drop table quality.build",
    "prepare p as select 1",
    "begin",
    "select 1; drop table quality.build",
    "select getenv('HOME')",
    "select * from portal",
    "select * from connection",
)
"""Statements that want out, or want to change something."""

RUNAWAYS = (
    "with recursive r(n) as (select 1 union all select n + 1 from r) select max(n) from r",
    "select count(*) from range(1000000000) a, range(1000000000) b, range(1000000000) c",
    "select list(i) from range(1000000000) t(i)",
    "select repeat('x', 2000000000)",
    "select repeat('x', 200000000) from range(50)",
    "select sum(sin(i)) from range(100000000000) t(i)",
    "select a.range from range(1000000000) a order by hash(a.range)",
)
"""Statements that would never end, or would take all memory."""


@pytest.fixture(scope="module")
def bureau(tmp_path_factory: pytest.TempPathFactory) -> Bureau:
    found = Bureau(tmp_path_factory.mktemp("portal"))
    deliver(found)
    found.night()
    return found


@pytest.fixture(scope="module")
def portal(bureau: Bureau) -> Iterator[Served]:
    with served(
        bureau.settings, sql_seconds=2, sql_at_once_per_user=4, request_head_seconds=1, sql_bytes_at_most=2_000_000
    ) as found:
        yield found


def test_no_statement_gets_out_or_changes_anything(portal: Served, bureau: Bureau) -> None:
    before = tree(bureau.settings.warehouse)
    for statement in ESCAPES:
        page = portal.sql(statement)
        assert page.status == 200
        assert 'role="alert"' in page.text, statement
        assert 'id="result"' not in page.text, statement
        assert "root:" not in page.text
    assert tree(bureau.settings.warehouse) == before
    assert not list(Path("/tmp").glob("portal-stolen*"))  # noqa: S108 - where the statements would have written
    assert "42" in portal.sql("select 41 + 1").text


@pytest.mark.long
def test_runaways_are_ended_and_say_so(portal: Served) -> None:
    for statement in RUNAWAYS:
        page = portal.sql(statement).text
        assert "已停止" in page or "已终止" in page, (statement, page[-600:])
    assert 'id="result"' in portal.sql("from quality.build").text


def test_a_result_is_paged_and_a_file_is_bounded(portal: Served) -> None:
    first = portal.ask("/sql", {"q": "select i as number from range(1000000) t(i)"}).text
    assert ("第 1–200 行" in first, "后面还有" in first, ">199<" in first, ">200<" in first) == (
        True,
        True,
        True,
        False,
    )
    third = portal.ask("/sql", {"q": "select i as number from range(1000000) t(i)", "page": 3}).text
    assert ">400<" in third
    long = portal.ask("/sql", {"q": "select repeat('长', 100000)"})
    assert "过长的文字已截短" in long.text
    assert len(long.body) < 100_000
    too_large = portal.ask("/sql/result.csv", {"q": "select repeat('x', 1000) from range(100000)"})
    assert (too_large.status, "已停止" in too_large.text) == (400, True)


def test_files_of_results_keep_every_digit(portal: Served) -> None:
    asked = {"q": "select 12345678901234567.89::decimal(38,2) as amount, '=1+1' as text, null as nothing"}
    assert portal.ask("/sql/result.csv", asked).text.splitlines()[1] == "12345678901234567.89,'=1+1,"
    assert portal.ask("/sql/result.xlsx", asked).body[:2] == b"PK"
    assert portal.ask("/sql/result.parquet", asked).body[:4] == b"PAR1"
    assert portal.ask("/sql/result.exe", asked).status == 400


def test_a_statement_that_is_too_long_is_refused_unread(portal: Served) -> None:
    assert portal.ask("/sql", method="POST", form="q=" + "x" * 3_000_000).status == 400
    assert portal.ask("/sql", method="POST", form="q=select+7%2B" + "0" * 20_000 + "1+as+eight").text.count(">8<") == 1


def test_ten_analysts_at_once_are_served_beside_runaways(portal: Served) -> None:
    with ThreadPoolExecutor(12) as pool:
        runaways = [pool.submit(portal.sql, RUNAWAYS[0]) for _ in range(2)]
        asked = [pool.submit(portal.sql, f"select {number} + 1000 as answer") for number in range(10)]
        started = time.monotonic()
        assert portal.ask(f"/d/{DISTRICT}/{YEAR}").status == 200  # pages do not wait for statements
        assert time.monotonic() - started < 60
        for number, answer in enumerate(asked):
            assert f">{number + 1000}<" in answer.result().text
        assert all("已停止" in answer.result().text for answer in runaways)


def test_beyond_its_places_the_portal_says_that_it_is_busy(bureau: Bureau) -> None:
    with (
        served(bureau.settings, sql_seconds=2, sql_at_once=1, sql_at_once_per_user=1, sql_waiting_at_most=0) as portal,
        ThreadPoolExecutor(4) as pool,
    ):
        answers = [pool.submit(portal.sql, RUNAWAYS[0]) for _ in range(3)]
        assert sorted({answer.result().status for answer in answers}) == [200, 503]


@pytest.mark.parametrize(
    "path",
    [
        f"/reports/{DISTRICT}/{YEAR}/../../../district_finance.duckdb",
        f"/reports/{DISTRICT}/{YEAR}/%2e%2e/%2e%2e/%2e%2e/last_night.json",
        f"/reports/{DISTRICT}/{YEAR}/..%2f..%2f..%2faccepted",
        f"/reports/{DISTRICT}/{YEAR}//etc/passwd",
        f"/reports/{DISTRICT}/{YEAR}/.report.json",
        f"/reports/..%2f..%2fraw/{YEAR}/x.html",
        "/static/..%2fweb.py",
        "/static/../templates/base.html",
        "/files/..%2f..%2fetc%2fpasswd",
        "/files/%00",
    ],
)
def test_no_path_leads_out_of_its_folder(portal: Served, path: str) -> None:
    answer = portal.ask(path)
    assert answer.status in (400, 403, 404)
    assert b"root:" not in answer.body


def test_a_link_inside_the_reports_leads_nowhere_else(portal: Served, bureau: Bureau, tmp_path: Path) -> None:
    (tmp_path / "secret.html").write_text("secret")
    link = bureau.settings.warehouse / "reports" / DISTRICT / str(YEAR) / "link.html"
    link.symlink_to(tmp_path / "secret.html")
    try:
        assert portal.ask(f"/reports/{DISTRICT}/{YEAR}/link.html").status == 404
    finally:
        link.unlink()


def test_slow_clients_hold_no_place(portal: Served) -> None:
    slow = [socket.create_connection(("127.0.0.1", portal.port)) for _ in range(40)]
    for one in slow:
        one.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")
    assert portal.ask("/publication").status == 200
    deadline = time.monotonic() + 30
    for one in slow:
        one.settimeout(max(0.1, deadline - time.monotonic()))
        assert one.recv(1000) in (b"", b"HTTP/1.1 408 Request Timeout\r\n\r\n")
        one.close()


def test_too_many_connections_are_turned_away_and_the_next_is_served(bureau: Bureau) -> None:
    with served(bureau.settings, connections_at_most=8, request_head_seconds=1) as portal:
        held = [socket.create_connection(("127.0.0.1", portal.port)) for _ in range(30)]
        for one in held:
            one.sendall(b"GET / HTTP/1.1\r\n")
        assert portal.ask("/publication").status == 503
        for one in held:
            one.close()
        deadline = time.monotonic() + 30
        while portal.ask("/publication").status != 200:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_an_address_cannot_become_sql(portal: Served) -> None:
    place = f"/d/{DISTRICT}/{YEAR}/projects"
    for asked in (
        {"sort": "1; drop table quality.build"},
        {"sort": "-executed_amount desc, (select 1)"},
        {"executed_amount.between": "1) or (1=1..2"},
        {"page": "1 union select 1"},
        {"page": "-1"},
        {"size": "100; select 1"},
    ):
        assert portal.ask(place, asked).status == 400, asked
    injected = portal.ask(place, {"department_code": "101' or '1'='1", "q": "%' or 1=1 --"}).text
    assert "共 <strong>0</strong> 条" in injected
    assert portal.ask(f"/d/{DISTRICT}' or '1'='1/{YEAR}/projects").text.count("甲项目") == 0
