"""The audit of the locked packages, with an advisory service on the loopback that knows of one hole or of none."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from conftest import require_program

CHECKOUT = Path(__file__).parent.parent
ADVISORY = {
    "id": "OSV-PLANTED-1",
    "modified": "2026-01-01T00:00:00Z",
    "summary": "planted",
    "affected": [
        {
            "package": {"name": "duckdb", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}],
        }
    ],
}


class Service(ThreadingHTTPServer):
    """Answers in the format of osv.dev; ``asked`` are the names of the packages that it was asked about."""

    def __init__(self, *, has_hole: bool) -> None:
        self.has_hole = has_hole
        self.asked: list[str] = []
        super().__init__(("127.0.0.1", 0), Answer)


class Answer(BaseHTTPRequestHandler):
    """One question about packages, or about an advisory."""

    server: Service

    def do_POST(self) -> None:
        queries = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["queries"]
        names = [query["package"]["name"] for query in queries]
        self.server.asked += names
        told = {key: ADVISORY[key] for key in ("id", "modified")}
        holes = [{"vulns": [told]} if self.server.has_hole and name == "duckdb" else {} for name in names]
        self._say({"results": holes})

    def do_GET(self) -> None:
        self._say(ADVISORY)

    def _say(self, answer: dict[str, Any]) -> None:
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keeps quiet."""


@pytest.fixture
def service(request: pytest.FixtureRequest) -> Iterator[Service]:
    service = Service(has_hole=request.param)
    threading.Thread(target=service.serve_forever, daemon=True).start()
    yield service
    service.shutdown()


def audit(address: str) -> subprocess.CompletedProcess[str]:
    beside = Path(sys.executable).with_name("uv")
    uv = str(beside) if beside.exists() else require_program("uv", "uv, or pip install uv")
    return subprocess.run(
        [".ci/audit", uv, "--service-url", address],
        cwd=CHECKOUT,
        env=os.environ | {"NO_PROXY": "127.0.0.1", "UV_HTTP_RETRIES": "0"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("service", [True], indirect=True)
def test_a_known_vulnerability_fails_the_audit(service: Service) -> None:
    told = audit(f"http://127.0.0.1:{service.server_port}/")
    assert told.returncode == 1
    assert "OSV-PLANTED-1" in told.stdout
    locked = (CHECKOUT / "uv.lock").read_text(encoding="utf-8")
    assert len(service.asked) == locked.count("[[package]]") - 1, "every package but the project itself"


@pytest.mark.parametrize("service", [False], indirect=True)
def test_an_audit_without_findings_passes(service: Service) -> None:
    told = audit(f"http://127.0.0.1:{service.server_port}/")
    assert (told.returncode, "NOT CHECKED" in told.stdout) == (0, False)


def test_an_audit_that_reaches_nobody_says_so_and_a_broken_one_fails() -> None:
    unreachable = audit("http://127.0.0.1:1/")
    assert (unreachable.returncode, "NOT CHECKED" in unreachable.stdout) == (0, True)
    assert audit("no address").returncode == 1
