"""Who sees what in the portal: told by a believed header or a token, by role, everywhere; and what is logged of it."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from bureau import Bureau
from portal_bureau import DISTRICT, OTHER, YEAR, Served, basic, deliver, served

from pipelines.portal.access import Access, AccessError, new_token
from pipelines.portal.guard import masked
from pipelines.portal.lists import LISTS
from pipelines.reports.write import write_department_reports
from pipelines.settings import Portal

PLACE = f"/d/{DISTRICT}/{YEAR}"
USERS = f"""
[roles.analyst]
districts = "all"
sql = true
delivered_files = true
[roles.district]
districts = ["{DISTRICT}"]
[roles.bureau]
districts = ["{DISTRICT}"]
departments = ["101"]
[users]
analyst = "analyst"
district = "district"
bureau = "bureau"
"""
OF_OTHERS = ("测试二局", "丙项目", "P3", "650.00", "310.00")
"""What tells of the department that the bureau's reader must not see."""


@pytest.fixture(scope="module")
def bureau(tmp_path_factory: pytest.TempPathFactory) -> Bureau:
    found = Bureau(tmp_path_factory.mktemp("portal"))
    deliver(found)
    found.night()
    return found


@pytest.fixture(scope="module")
def users(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("users") / "users.toml"
    path.write_text(USERS, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def portal(bureau: Bureau, users: Path) -> Iterator[Served]:
    with served(bureau.settings, users=users, user_header="X-Remote-User", proxies=["127.0.0.1"]) as found:
        yield found


def test_who_is_not_told_or_not_listed_sees_nothing(portal: Served) -> None:
    for path in ("/", PLACE, f"{PLACE}/projects.csv", "/sql", "/questions", f"/reports/{DISTRICT}/{YEAR}/index.html"):
        for headers in ({}, {"X_Remote_User": "nobody"}, {"X_Remote_User": ""}, {"X_Forwarded_User": "analyst"}):
            answer = portal.ask(path, **headers)
            assert answer.status == 403, (path, headers)
            assert "测试" not in answer.text


def test_the_header_is_believed_from_listed_addresses_only(bureau: Bureau, users: Path) -> None:
    with served(bureau.settings, users=users, user_header="X-Remote-User", proxies=["10.1.2.0/24"]) as far:
        spoofed = far.ask("/", X_Remote_User="analyst", X_Forwarded_For="10.1.2.3", Forwarded="for=10.1.2.3")
        assert spoofed.status == 403
        assert "测试" not in spoofed.text


def test_a_token_tells_a_user_and_nothing_else_does(bureau: Bureau, users: Path, tmp_path: Path) -> None:
    token, digest = new_token()
    (tmp_path / "tokens.toml").write_text(f'[tokens]\n"{digest}" = "analyst"\n')
    assert digest == hashlib.sha256(token.encode()).hexdigest()
    with served(bureau.settings, users=users, tokens=tmp_path / "tokens.toml") as portal:
        assert portal.ask("/").headers["www-authenticate"].startswith("Basic ")
        assert portal.ask("/", Authorization=basic(token)).status == 200
        assert portal.ask("/", Authorization=f"Bearer {token}").status == 200
        for wrong in (basic("x"), basic(""), basic(digest), "Bearer ", f"Digest {token}", "Basic %%%", "Basic 4Q=="):
            assert portal.ask("/", Authorization=wrong).status == 401, wrong
        assert portal.ask("/", X_Remote_User="analyst").status == 401
        (tmp_path / "tokens.toml").write_text("[tokens]\n")
        assert portal.ask("/", Authorization=basic(token)).status == 401  # taken away at once


def test_a_department_reader_sees_the_own_department_everywhere_and_no_other(portal: Served, bureau: Bureau) -> None:
    me = {"X_Remote_User": "bureau"}
    file_id = bureau.one("select min(source_file_id) from quality.source_file where source_path like '%支付%'")[0]
    pages = ["/", PLACE, f"{PLACE}/department?department_code=101", f"{PLACE}/explain?department_code=101"]
    pages += [f"{PLACE}/{name}{ending}" for name in LISTS for ending in ("", ".csv")]
    pages += [f"/questions/{name}" for name in ("department_ranking", "rejected_rows", "conservation_of_files")]
    pages += ["/questions/lines_behind_a_project", "/questions/largest_adjustments.csv"]
    seen = 0
    for path in pages:
        name, _, query = path.partition("?")
        answer = portal.ask(name, dict([query.split("=")]) if query else {}, **me)
        assert answer.status in (200, 400), path
        for text in (*OF_OTHERS, OTHER):
            assert text not in answer.text, (path, text)
        seen += "测试一局" in answer.text
    assert seen > 10
    hidden = [
        (f"{PLACE}/department", {"department_code": "102"}),
        (f"{PLACE}/explain", {"department_code": "102", "project_code": "P3"}),
        (f"/d/{OTHER}/{YEAR}", {}),
    ]
    for path, asked in hidden:
        assert portal.ask(path, asked, **me).status == 404, path
    forbidden = ("/sql", "/sql/result.csv", "/sql/tables.json", f"/files/{file_id}")
    for path in (*forbidden, f"/reports/{DISTRICT}/{YEAR}/index.html"):
        assert portal.ask(path, {"q": "from core.payment"}, **me).status == 403, path
    assert portal.ask("/sql", method="POST", form="q=from+core.payment", **me).status == 403


def test_a_department_reader_has_the_reports_of_the_own_folder_only(portal: Served, bureau: Bureau) -> None:
    me, root = {"X_Remote_User": "bureau"}, f"/reports/{DISTRICT}/{YEAR}"
    assert "/reports/" not in portal.ask("/", **me).text
    write_department_reports(bureau.settings, DISTRICT, YEAR)
    front, page = portal.ask("/", **me).text, portal.ask(f"{PLACE}/department", {"department_code": "101"}, **me).text
    for text in (front, page):
        assert f"{root}/101/index.html" in text
        assert f"{root}/index.html" not in text
    own = portal.ask(f"{root}/101/index.html", **me)
    assert own.status == 200
    assert "测试一局" in own.text
    assert not any(text in own.text for text in OF_OTHERS)
    for rest in (
        "102/index.html",
        "index.html",
        "101/../102/index.html",
        "101/%2e%2e/102/index.html",
        "101/x/../../102/index.html",
    ):
        assert portal.ask(f"{root}/{rest}", **me).status in (403, 404), rest
    assert portal.ask(f"{root}/102/index.html", X_Remote_User="district").status == 200


def test_sums_of_a_department_reader_are_the_own_ones(portal: Served, bureau: Bureau) -> None:
    front = portal.ask("/", {"unit": "yuan"}, X_Remote_User="bureau").text
    budget = bureau.one(
        "select full_year_budget_amount from summary.department_execution"
        f" where district_code = '{DISTRICT}' and department_code = '101'"
    )[0]
    assert f"{budget:,.2f}" in front
    assert "2,600.00" not in front
    assert "2,600.00" in portal.ask("/", {"unit": "yuan"}, X_Remote_User="analyst").text


def test_a_district_reader_sees_the_district_and_has_no_sql(portal: Served) -> None:
    me = {"X_Remote_User": "district"}
    front = portal.ask("/", **me).text
    assert (DISTRICT in front, OTHER in front) == (True, False)
    assert "丙项目" in portal.ask(f"{PLACE}/projects", **me).text
    assert portal.ask(f"/d/{OTHER}/{YEAR}/projects", **me).text.count("项目") < portal.ask(
        f"{PLACE}/projects", **me
    ).text.count("项目")
    assert portal.ask("/sql", {"q": "select 1"}, **me).status == 403
    assert portal.ask(f"/reports/{DISTRICT}/{YEAR}/index.html", **me).status == 200
    assert portal.ask(f"/reports/{OTHER}/{YEAR}/index.html", **me).status == 403


def test_roles_that_cannot_be_kept_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "users.toml"
    for text in (
        '[roles.a]\ndistricts = ["440103"]\nsql = true\n[users]\n',
        '[roles.a]\ndistricts = "all"\ndepartments = ["1"]\ndelivered_files = true\n[users]\n',
        '[roles.a]\ndistricts = "all"\n[users]\nx = "b"\n',
        '[roles.a]\ndistricts = "all"\nadmin = true\n[users]\n',
        "not toml",
    ):
        path.write_text(text)
        with pytest.raises(AccessError, match=r"users\.toml"):
            Access(Portal(users=path, user_header="X-User", proxies=["127.0.0.1"]))
    for wrong in (
        Portal(host="0.0.0.0"),  # noqa: S104 - what must be refused
        Portal(user_header="X-User", proxies=["127.0.0.1"]),
        Portal(users=path, user_header="X-User"),
        Portal(users=tmp_path / "absent.toml", tokens=tmp_path / "absent.toml"),
    ):
        with pytest.raises(AccessError):
            Access(wrong)


def test_without_users_only_this_machine_asks_and_by_its_own_names(bureau: Bureau) -> None:
    with served(bureau.settings) as portal:
        assert portal.ask("/").status == 200
        assert portal.ask("/", Host=f"localhost:{portal.port}").status == 200
        # A page elsewhere whose name is made to point here.
        assert portal.ask("/", Host="evil.example").status == 421
        assert portal.ask("/", Host=f"127.0.0.1.evil.example:{portal.port}").status == 421


def test_every_access_is_logged_without_amounts(portal: Served, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="pipelines.portal.access"):
        portal.ask(f"{PLACE}/projects", {"executed_amount.between": "123456..", "q": "甲"}, X_Remote_User="bureau")
        portal.ask("/sql", {"q": "select 98765.43 where 'secret' = ''"}, X_Remote_User="analyst")
        portal.ask("/", X_Remote_User="nobody")
    told = [record for record in caplog.records if record.name == "pipelines.portal.access"]
    assert [(one.user, one.path, one.status) for one in told] == [
        ("bureau", f"{PLACE}/projects", 200),
        ("analyst", "/sql", 200),
        (None, "/", 403),
    ]
    everything = json.dumps([vars(record) for record in told], default=str, ensure_ascii=False)
    for text in ("123456", "98765", "secret", "600.00"):
        assert text not in everything
    assert masked("select 1.5 + 20, 'a''b'") == "select # + #, '…'"
