"""A bureau with two districts, several departments and hostile names, and the portal served over it on loopback."""

from __future__ import annotations

import base64
import http.client
import threading
import time
import urllib.parse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from bureau import Bureau

from pipelines.portal.serve import configuration
from pipelines.settings import Portal, Settings

DISTRICT, OTHER, YEAR = "440199", "440198", 2024
HOSTILE = "<img src=x onerror=stolen=1>&\"'{{7*7}}"
BUDGET = f"""
    部门编码,部门名称,项目编码,项目名称,资金性质编码,年初预算数
    101,测试一局,P1,甲项目,111,1000.00
    101,测试一局,P2,乙项目,111,500.00
    102,测试二局,P3,丙项目,111,700.00
    102,测试二局,P4,"{HOSTILE.replace('"', '""')}",111,300.00
    """
ADJUSTMENTS = """
    调整日期,调整类型,部门编码,项目编码,资金性质编码,调整金额
    2024-05-10,追加,101,P1,111,200.00
    2024-06-10,追减,102,P3,111,-100.00
    """
PAYMENTS = """
    支付凭证号,支付日期,部门编码,项目编码,资金性质编码,实际支付金额
    V1,2024-02-01,101,P1,111,600.00
    V2,2024-04-01,101,P2,111,100.55
    V3,2024-05-01,102,P3,111,650.00
    V4,2024-05-02,102,P4,111,310.00
    V5,2024-13-02,102,P4,111,11.00
    """
MANY = "\n".join(
    f"    M{number},2024-07-{number % 28 + 1:02d},101,P2,111,0.{number % 90 + 10}" for number in range(120)
)


def payments(amount: str = "600.00") -> str:
    """The payments with another first amount."""
    return PAYMENTS.replace("600.00", amount).rstrip() + "\n" + MANY


def deliver(bureau: Bureau) -> None:
    """Delivers both districts."""
    for district in (DISTRICT, OTHER):
        bureau.deliver(f"{district}/2024/预算.csv", BUDGET)
        bureau.deliver(f"{district}/2024/调整.csv", ADJUSTMENTS)
        bureau.deliver(f"{district}/2024/支付.csv", payments())


@dataclass(frozen=True)
class Answer:
    """What the portal answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8-sig")


@dataclass(frozen=True)
class Served:
    """A portal that is listening."""

    port: int
    settings: Settings

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(
        self, path: str, asked: Mapping[str, Any] | None = None, *, method: str = "GET", form: str = "", **headers: str
    ) -> Answer:
        """Asks one address; underscores in the names of headers stand for hyphens."""
        quoted = urllib.parse.quote(path, safe="/%.")
        query = f"?{urllib.parse.urlencode(asked)}" if asked else ""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if form:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request(method, quoted + query, form.encode() or None, sent)
        answer = connection.getresponse()
        found = Answer(answer.status, {name.lower(): text for name, text in answer.getheaders()}, answer.read())
        connection.close()
        return found

    def sql(self, statement: str, **headers: str) -> Answer:
        return self.ask("/sql", {"q": statement}, **headers)


def basic(token: str) -> str:
    return "Basic " + base64.b64encode(f"any:{token}".encode()).decode()


@contextmanager
def served(settings: Settings, **portal: Any) -> Iterator[Served]:
    """The portal over ``settings`` with further settings of its own, on a free port."""
    given = Portal.model_validate({"port": 0, "sql_seconds": 5, "sql_memory_mb": 200} | portal)
    chosen = settings.model_copy(update={"portal": given})
    server = uvicorn.Server(configuration(chosen))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 60
    while not server.started and thread.is_alive() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert server.started
    (listening,) = server.servers[0].sockets
    try:
        yield Served(listening.getsockname()[1], chosen)
    finally:
        server.should_exit = True
        thread.join(timeout=60)
        assert not thread.is_alive()


def tree(directory: Path) -> dict[str, tuple[int, int, int]]:
    """Every file below a directory with its inode, size and time."""
    return {
        path.relative_to(directory).as_posix(): (path.stat().st_ino, path.stat().st_size, path.stat().st_mtime_ns)
        for path in sorted(directory.rglob("*"))
    }
