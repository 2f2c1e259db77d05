"""Messages as local SMTP and HTTP servers receive them: what they say, how often, and what is never in them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import threading
import time
import urllib.parse
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default as modern
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import dagster as dg
import openpyxl
import pytest
import time_machine
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword
from click.testing import CliRunner

from pipelines.cli import main
from pipelines.definitions import build_definitions
from pipelines.nightly import run_night
from pipelines.operations.channels import cut
from pipelines.operations.notify import (
    tell_failure,
    tell_night,
    tell_test,
    tell_watch_lists,
    unreachable_receivers,
)
from pipelines.settings import Mail, Notifications, Settings, Webhook
from pipelines.warehouse.connect import open_published
from pipelines.warehouse.publish import BuildError, Publication
from pipelines.warehouse.stages import Stage, listening

PASSWORD = "mail-password-of-the-test"  # noqa: S105 - of a server on the loopback
ROBOT_KEY = "key-in-the-address-of-the-robot"
SECRET = "SEC-signing-secret-of-the-test"  # noqa: S105 - of a server on the loopback
BUDGET = "部门编码,部门名称,项目编码,项目名称,资金性质编码,年初预算数\n101,{name},P1,甲项目,111,1000.00\n"


class Robot:
    """A chat robot: an HTTP server on the loopback that keeps what it gets and answers as it is told to."""

    def __init__(self) -> None:
        self.received: list[tuple[str, dict[str, Any]]] = []
        self.answers: list[tuple[int, bytes]] = []
        robot = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                robot.received.append((self.path, json.loads(body)))
                status, answer = robot.answers.pop(0) if robot.answers else (200, b'{"errcode": 0, "code": 0}')
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", answer.decode())
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                """Keeps quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}/send?key={ROBOT_KEY}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [body for _, body in self.received]


class MailBox:
    """What a mail server was handed."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.unknown: str | None = None

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: object, _session: object, envelope: Envelope, address: str, _options: object
    ) -> str:
        if address == self.unknown:
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, _server: object, _session: object, envelope: Envelope
    ) -> str:
        letter = BytesParser(policy=modern).parsebytes(envelope.content or b"")
        assert isinstance(letter, EmailMessage)
        self.letters.append(letter)
        return "250 OK"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


@pytest.fixture
def robot() -> Iterator[Robot]:
    server = Robot()
    yield server
    server.close()


@pytest.fixture
def mail_server() -> Iterator[tuple[MailBox, Mail]]:
    box = MailBox()

    def authenticate(_server: object, _session: object, _envelope: object, _mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        return AuthResult(success=data.password.decode() == PASSWORD, handled=False)

    controller = Controller(
        box,
        hostname="127.0.0.1",
        port=free_port(),
        authenticator=authenticate,
        auth_require_tls=False,
        auth_required=True,
    )
    controller.start()
    yield (
        box,
        Mail.model_validate(
            {
                "host": "127.0.0.1",
                "port": controller.port,
                "security": "none",
                "user": "finance",
                "password": PASSWORD,
                "sender": "warehouse@example.org",
                "recipients": ["officer@example.org", "engineer@example.org"],
            }
        ),
    )
    controller.stop()


def settings_for(directory: Path, *, mail: Mail | None = None, **webhooks: tuple[str, str]) -> Settings:
    """Settings of a bureau in ``directory`` whose webhooks are given as name=(kind, address); name is also the kind."""
    hooks = {
        name: Webhook.model_validate({"kind": kind, "url": url, "secret": SECRET if kind != "wecom" else ""})
        for name, (kind, url) in webhooks.items()
    }
    (directory / "raw").mkdir(exist_ok=True)
    return Settings(
        raw=directory / "raw",
        warehouse=directory / "warehouse",
        notifications=Notifications(mail=mail, webhooks=hooks, timeout_seconds=5, attempts=1),
    )


def deliver(settings: Settings, path: str, text: str) -> Path:
    file = settings.raw / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


NOTHING = Publication("nothing", Path("warehouse/district_finance.duckdb"))


@pytest.mark.long
def test_a_year_of_nights_in_short(tmp_path: Path, robot: Robot, mail_server: tuple[MailBox, Mail]) -> None:
    """Published, unchanged, held back, corrected: one message each, and none where nothing is new."""
    box, mail = mail_server
    settings = settings_for(tmp_path, mail=mail, hook=("json", robot.address))
    deliver(settings, "440199/2024/预算.csv", BUDGET.format(name="测试一局"))
    run_night(settings)
    run_night(settings)
    assert (len(robot.bodies), len(box.letters)) == (1, 2)
    first = robot.bodies[0]
    assert (first["event"], first["outcome"], first["held_back"]) == ("night", "published", [])
    assert Decimal(first["rejected_money"]) == 0
    letter = box.letters[0]
    assert letter["Subject"] == first["title"]
    assert "已发布" in str(letter["Subject"])
    assert [letter["To"] for letter in box.letters] == ["officer@example.org", "engineer@example.org"]
    assert str(first["build_id"]) in letter.get_content()

    bad = deliver(settings, "440199/2024/坏.csv", "水果,颜色\n苹果,红\n")
    run_night(settings)
    run_night(settings)
    assert len(robot.bodies) == 2
    held = robot.bodies[1]
    assert held["held_back"] == ["440199/2024"]
    assert held["new_findings_count"] >= 1
    assert any("坏.csv" in sentence for sentence in held["new_findings"])

    bad.unlink()
    run_night(settings)
    assert robot.bodies[2]["held_back"] == []
    assert robot.bodies[2]["resolved_findings_count"] == held["new_findings_count"]
    assert len(box.letters) == 2 * 3


def test_english_and_a_sign_of_life(tmp_path: Path, robot: Robot) -> None:
    settings = settings_for(tmp_path, hook=("json", robot.address))
    settings.notifications.language = "en"
    tell_night(settings, NOTHING, ["预算.csv: not in a folder / 不在文件夹"])
    assert robot.bodies[0]["title"].startswith("[district finance]")
    assert "Files in the wrong place:\n- 预算.csv" in robot.bodies[0]["text"]
    tell_night(settings, NOTHING, ["预算.csv: not in a folder / 不在文件夹"])
    assert len(robot.bodies) == 1
    told = settings.warehouse / "notifications" / "told.json"
    told.write_text(told.read_text().replace(robot.bodies[0]["date"], "2001-01-01"))
    settings.notifications.every_night = True
    for _ in range(2):
        tell_night(settings, NOTHING, ["预算.csv: not in a folder / 不在文件夹"])
    assert len(robot.bodies) == 2


def test_each_kind_of_robot_gets_its_own_form_and_signature(tmp_path: Path, robot: Robot) -> None:
    settings = settings_for(
        tmp_path,
        w=("wecom", robot.address),
        d=("dingtalk", robot.address),
        f=("feishu", robot.address),
    )
    assert tell_test(settings) == {}
    (_, wecom), (dingtalk_path, dingtalk), (_, feishu) = robot.received
    assert wecom["msgtype"] == dingtalk["msgtype"] == "text"
    assert "测试消息" in wecom["text"]["content"]
    assert feishu["msg_type"] == "text"
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(dingtalk_path).query)
    (stamp,), (sign,) = query["timestamp"], query["sign"]
    expected = hmac.new(SECRET.encode(), f"{stamp}\n{SECRET}".encode(), hashlib.sha256).digest()
    assert base64.b64decode(sign) == expected
    assert abs(int(stamp) / 1000 - time.time()) < 60
    assert query["key"] == [ROBOT_KEY]
    expected = hmac.new(f"{feishu['timestamp']}\n{SECRET}".encode(), b"", hashlib.sha256).digest()
    assert base64.b64decode(feishu["sign"]) == expected


@pytest.mark.parametrize(
    ("kind", "answer", "said"),
    [
        ("wecom", (200, b'{"errcode": 93000, "errmsg": "invalid webhook url"}'), "93000 invalid webhook url"),
        ("dingtalk", (200, b'{"errcode": 310000, "errmsg": "sign not match"}'), "310000 sign not match"),
        ("feishu", (200, b'{"code": 19021, "msg": "sign match fail"}'), "19021 sign match fail"),
        ("feishu", (200, b"<html>"), "not JSON"),
        ("json", (503, b"{}"), "HTTP status 503"),
        ("json", (302, b"http://127.0.0.1:9/elsewhere"), "HTTP status 302"),
    ],
)
def test_a_refusal_is_told_and_tried_again_the_next_night(
    tmp_path: Path, robot: Robot, kind: str, answer: tuple[int, bytes], said: str
) -> None:
    settings = settings_for(tmp_path, hook=(kind, robot.address))
    robot.answers.append(answer)
    tell_night(settings, NOTHING)
    (reason,) = unreachable_receivers(settings).values()
    assert said in reason
    assert ROBOT_KEY not in reason
    tell_night(settings, NOTHING)
    assert unreachable_receivers(settings) == {}
    assert len(robot.bodies) == 2


def test_one_dead_receiver_does_not_silence_the_others(tmp_path: Path, robot: Robot) -> None:
    settings = settings_for(tmp_path, dead=("json", "http://127.0.0.1:9/x"), live=("json", robot.address))
    tell_night(settings, NOTHING)
    assert list(unreachable_receivers(settings)) == ["webhook dead"]
    assert len(robot.bodies) == 1


def test_another_attempt_reaches_a_receiver_that_stumbled(tmp_path: Path, robot: Robot) -> None:
    settings = settings_for(tmp_path, hook=("json", robot.address))
    settings.notifications.attempts = 2
    robot.answers.append((500, b""))
    assert tell_test(settings) == {}
    assert len(robot.bodies) == 2


def test_a_wrong_mail_password_is_told_without_the_password(
    tmp_path: Path, mail_server: tuple[MailBox, Mail], caplog: pytest.LogCaptureFixture
) -> None:
    box, mail = mail_server
    wrong = Mail.model_validate(mail.model_dump() | {"password": "quite-another-password"})
    settings = settings_for(tmp_path, mail=wrong)
    assert "SMTPAuthenticationError" in tell_test(settings)["mail officer@example.org"]
    tell_failure(settings, "nightly", "disk full")
    assert not box.letters
    assert "quite-another-password" not in caplog.text + str(unreachable_receivers(settings))


def test_an_address_that_is_refused_brings_the_others_nothing_twice(
    tmp_path: Path, mail_server: tuple[MailBox, Mail]
) -> None:
    box, mail = mail_server
    box.unknown = "officer@example.org"
    settings = settings_for(tmp_path, mail=mail)
    settings.notifications.attempts = 2
    for _ in range(2):
        tell_night(settings, NOTHING)
    assert [letter["To"] for letter in box.letters] == ["engineer@example.org"]
    assert "no such user" in unreachable_receivers(settings)["mail officer@example.org"]
    box.unknown = None
    assert tell_test(settings) == unreachable_receivers(settings) == {}
    tell_night(settings, NOTHING)
    assert box.letters[-1]["To"] == "officer@example.org"


def test_a_receiver_taken_out_of_the_settings_is_not_missed(tmp_path: Path) -> None:
    tell_night(settings_for(tmp_path, dead=("json", "http://127.0.0.1:9/x")), NOTHING)
    assert unreachable_receivers(settings_for(tmp_path)) == {}


def test_what_no_address_or_password_can_carry_ends_no_night_and_is_not_repeated(
    tmp_path: Path, mail_server: tuple[MailBox, Mail]
) -> None:
    _, mail = mail_server
    wrong = Mail.model_validate(mail.model_dump() | {"password": "密码-of-the-test", "recipients": ["a@example.org"]})
    settings = settings_for(tmp_path, mail=wrong, hook=("json", "http://127.0.0.1:9/机器人?key=a-key"))
    told = tell_test(settings)
    assert set(told) == {"mail a@example.org", "webhook hook"}
    assert all("UnicodeEncodeError" in reason for reason in told.values())
    assert not any(secret in str(told) for secret in ("密码", "a-key"))


def test_systemd_tells_only_what_the_program_did_not_tell_itself(
    tmp_path: Path, robot: Robot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failed unit starts ``notify --failure``; the run it names may have told its end, or was killed before."""
    settings = settings_for(tmp_path, hook=("json", robot.address))
    (tmp_path / "settings.toml").write_text(
        f"[notifications.webhooks.hook]\nkind = 'json'\nurl = '{robot.address}'\nsecret = '{SECRET}'\n"
    )
    monkeypatch.setenv("DISTRICT_FINANCE_SETTINGS", str(tmp_path / "settings.toml"))

    def unit_failed(start: str) -> int:
        monkeypatch.setenv("MONITOR_INVOCATION_ID", start)
        done = CliRunner().invoke(
            main, ["notify", "--failure", "nightly.service", "--warehouse", str(settings.warehouse)]
        )
        assert done.exit_code == 0, done.output
        return len(robot.bodies)

    monkeypatch.setenv("INVOCATION_ID", "first")
    tell_night(settings, NOTHING)
    monkeypatch.setenv("INVOCATION_ID", "second")
    tell_failure(settings, "nightly", "No space left on device")
    assert len(robot.bodies) == 2
    monkeypatch.setenv("INVOCATION_ID", "of the unit that tells")
    assert unit_failed("second") == 2
    assert unit_failed("killed") == 3
    assert robot.bodies[-1]["what"] == "nightly.service"


def test_a_failure_is_told_at_once_and_once_until_a_night_ends_well(tmp_path: Path, robot: Robot) -> None:
    settings = settings_for(tmp_path, hook=("json", robot.address))
    for process in (4711, 4712):
        tell_failure(settings, "nightly", f"another run (process {process}) is writing")
    assert [body["event"] for body in robot.bodies] == ["failure"]
    for year in (2024, 2025):
        tell_failure(settings, "nightly", f"440199/{year}: missing, or not as it was written")
    assert len(robot.bodies) == 3
    robot.received.clear()
    tell_failure(settings, "nightly", "No space left on device")
    tell_night(settings, NOTHING)
    tell_failure(settings, "nightly", "No space left on device")
    assert [body["event"] for body in robot.bodies] == ["failure", "night", "failure"]
    assert "doctor" in robot.bodies[0]["text"]


def test_a_night_that_fails_tells_of_it(tmp_path: Path, robot: Robot) -> None:
    settings = settings_for(tmp_path, hook=("json", robot.address))
    deliver(settings, "440199/2024/预算.csv", BUDGET.format(name="测试一局"))

    def fail(stage: Stage) -> None:
        if stage is Stage.VERIFIED:
            raise OSError(28, "No space left on device")

    with listening(fail), pytest.raises(BuildError, match="No space left on device"):
        run_night(settings)
    assert robot.bodies[-1]["event"] == "failure"
    assert "No space left on device" in robot.bodies[-1]["reason"]


def test_names_from_data_cannot_mention_people_or_add_lines(tmp_path: Path, robot: Robot) -> None:
    settings = settings_for(tmp_path, hook=("feishu", robot.address))
    tell_night(settings, NOTHING, ['<at user_id="all">x</at>\n@所有人.csv: misplaced'])
    text = robot.bodies[0]["content"]["text"]
    assert "<" not in text
    assert "@" not in text
    assert "＜at user_id" in text
    assert len([line for line in text.splitlines() if "所有人" in line]) == 1


def test_no_secret_is_in_any_message_or_in_what_is_kept(tmp_path: Path, robot: Robot) -> None:
    settings = settings_for(tmp_path, a=("json", robot.address), b=("feishu", robot.address))
    tell_failure(settings, "nightly", f"could not open {robot.address} with {SECRET}")
    everything = json.dumps(robot.bodies) + (settings.warehouse / "notifications" / "told.json").read_text()
    for secret in (ROBOT_KEY, SECRET):
        assert secret not in everything
    assert (settings.warehouse / "notifications").stat().st_mode & 0o077 == 0


def test_a_long_text_is_cut_at_a_character() -> None:
    assert cut("预算执行", 12) == "预算执行"
    assert cut("预算执行", 11) == "预算…"
    assert len(cut("预" * 5000, 2048).encode()) <= 2048


def test_a_schedule_that_finds_nothing_to_run_tells_it_once(tmp_path: Path, robot: Robot) -> None:
    settings = settings_for(tmp_path, json=("json", robot.address))
    with dg.DagsterInstance.ephemeral() as instance:
        for day in (5, 6):
            night = datetime(2026, 1, day, 2, tzinfo=UTC)
            context = dg.build_schedule_context(instance, night, resources={"settings": settings})
            tick = build_definitions(settings).resolve_schedule_def("nightly_schedule").evaluate_tick(context)
            assert not tick.run_requests
            assert "is the share mounted" in str(tick.skip_message)
    (told,) = robot.bodies
    assert told["event"] == "failure"
    assert str(settings.raw) in str(told)


MONEY = "部门编码,部门名称,项目编码,项目名称,资金性质编码,年初预算数\n"
WATCHED = {
    "预算.csv": MONEY + "101,测试一局,P1,甲项目,111,1000000.00\n101,测试一局,P2,乙@项目,111,800000.00\n"
    "102,测试二局,P3,丙项目,111,500000.00\n",
    "调整.csv": "调整日期,文号,部门编码,部门名称,项目编码,项目名称,资金性质编码,调整金额\n"
    "2024-05-06,A1,101,测试一局,P1,甲项目,111,-1000000.00\n",
    "支付.csv": "支付凭证号,支付日期,部门编码,部门名称,项目编码,项目名称,资金性质编码,支付金额\n"
    "V1,2024-01-15,101,测试一局,P2,乙@项目,111,100.00\nV2,2024-06-28,102,测试二局,P3,丙项目,111,480000.00\n",
}
"""A year that stands in June: a project that was cut to nothing, and one that hardly spends."""


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = settings_for(tmp_path_factory.mktemp("watched"))
    for name, text in WATCHED.items():
        deliver(settings, f"440199/2024/{name}", text)
    assert run_night(settings).exit_code == 0
    return settings


@pytest.mark.parametrize("department", ["101", "测试一局"])
def test_a_department_gets_its_watched_projects_once_a_week(
    watched: Settings, tmp_path: Path, mail_server: tuple[MailBox, Mail], department: str
) -> None:
    box, mail = mail_server
    lists = {f"440199/{department}": ["chief@example.org", "clerk@example.org"]}
    notifications = Notifications(mail=mail, watch_lists=lists, watch_list_weekday=2, attempts=1)
    settings = watched.model_copy(update={"notifications": notifications})
    (settings.warehouse / "notifications" / "told.json").unlink(missing_ok=True)
    box.unknown = "clerk@example.org"
    for day in ("2024-07-01", "2024-07-02", "2024-07-03"):  # from a Monday on
        with time_machine.travel(f"{day} 03:00:00+08:00"):
            tell_watch_lists(settings)
        assert [letter["To"] for letter in box.letters] == ["chief@example.org"] * (day != "2024-07-01")
    assert "no such user" in unreachable_receivers(settings)[f"watch list 440199/{department} clerk@example.org"]
    box.unknown = None
    for day in ("2024-07-07", "2024-07-08", "2024-07-09"):
        with time_machine.travel(f"{day} 03:00:00+08:00"):
            tell_watch_lists(settings)
    assert [letter["To"] for letter in box.letters] == ["chief@example.org", "clerk@example.org"] * 2
    letter = box.letters[0]
    assert letter["Subject"] == "【项目跟踪】440199 测试一局 2024年度：2个项目"
    (attachment,) = letter.iter_attachments()
    text = letter.get_body().get_content()
    with open_published(settings.database) as connection:
        projects = connection.execute(
            "select project_name, proposed_adjustment_amount, watch_reasons_zh from summary.project_watch"
            " where department_code = '101'"
        ).fetchall()
    assert {name for name, *_ in projects} == {"甲项目", "乙@项目"}
    for name, amount, reasons in projects:
        (line,) = (line for line in text.splitlines() if name.replace("@", "＠") in line)
        assert reasons in line
        assert (f"建议调整 {amount:,.2f} 元" if amount is not None else "建议调整 未知") in line
    assert "丙项目" not in text
    (tmp_path / "list.xlsx").write_bytes(attachment.get_content())
    heads, *rows = openpyxl.load_workbook(tmp_path / "list.xlsx").active.iter_rows(values_only=True)
    table = [dict(zip(heads, row, strict=True)) for row in rows]
    assert {row["项目名称"]: row["建议申请调整金额（元）"] for row in table} == {
        name: None if amount is None else float(amount) for name, amount, _ in projects
    }


def test_a_department_without_a_watched_project_is_told_so_and_an_unknown_one_is_logged(
    watched: Settings, mail_server: tuple[MailBox, Mail], caplog: pytest.LogCaptureFixture
) -> None:
    box, mail = mail_server
    lists = {"440199/102": ["a@example.org"], "440199/999": ["a@example.org"]}
    notifications = Notifications(mail=mail, watch_lists=lists, language="en", attempts=1)
    (watched.warehouse / "notifications" / "told.json").unlink(missing_ok=True)
    with time_machine.travel("2024-07-01 03:00:00+08:00"):
        tell_watch_lists(watched.model_copy(update={"notifications": notifications}))
    (letter,) = box.letters
    assert letter["Subject"] == "[district finance] watch list of 440199 测试二局 2024: 0 projects"
    assert not list(letter.iter_attachments())
    assert "440199/999: no department of this code or name" in caplog.text


@pytest.mark.parametrize(
    ("lists", "has_mail"), [({"440199": []}, True), ({"局/1": []}, True), ({"440199/1": []}, False)]
)
def test_watch_lists_that_cannot_be_sent_are_refused(
    mail_server: tuple[MailBox, Mail], lists: dict[str, list[str]], has_mail: bool
) -> None:
    with pytest.raises(ValueError, match="watch_lists"):
        Notifications(mail=mail_server[1] if has_mail else None, watch_lists=lists)
