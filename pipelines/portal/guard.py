"""What stands before every address: names, methods, headers that protect the page, and one line of log.

A line tells who asked for what, when, and how it came out; it holds no amount, no value of a list, no token.
Does not belong here: who a reader is (``access``).
"""

from __future__ import annotations

import logging
import re
import time
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipelines.portal.access import LOOPBACK_NAMES
from pipelines.settings import Portal

access_log = logging.getLogger("pipelines.portal.access")

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Nothing from elsewhere, no script but ours, no frame around a page."""

_HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "no-store",
}
_POST_PATHS = ("/sql", "/sql/result.csv", "/sql/result.xlsx", "/sql/result.parquet")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_TEXT = re.compile(r"'(?:[^']|'')*'")


def masked(statement: str) -> str:
    """A statement for the log: no number and no text of it, which may be amounts and names."""
    return _NUMBER.sub("#", _TEXT.sub("'…'", statement))[:2_000]


class Guard:
    """An ASGI application around the portal's."""

    def __init__(self, application: ASGIApp, portal: Portal, *, knows_users: bool) -> None:
        self._application = application
        self._names = frozenset(name.lower() for name in portal.host_names) or (
            None if knows_users else frozenset(LOOPBACK_NAMES)
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request, or passes the start and the end of the server on."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        started = time.perf_counter()
        state: dict[str, Any] = scope.setdefault("state", {})
        outcome = {"status": 500, "bytes": 0}

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                outcome["status"] = message["status"]
                given = {name.lower() for name, _ in message.get("headers", [])}
                message["headers"] = [
                    *message.get("headers", []),
                    *((name.encode(), text.encode()) for name, text in _HEADERS.items() if name.encode() not in given),
                ]
            elif message["type"] == "http.response.body":
                outcome["bytes"] += len(message.get("body", b""))
            await send(message)

        try:
            refusal = self._refusal(scope)
            if refusal:
                await _refuse(guarded, *refusal)
            else:
                await self._application(scope, receive, guarded)
        finally:
            client = scope.get("client")
            access_log.info(
                "asked",
                extra={
                    "user": state.get("user"),
                    "address": client[0] if client else None,
                    "method": scope["method"],
                    "path": scope["path"],
                    "status": outcome["status"],
                    "bytes": outcome["bytes"],
                    "milliseconds": round(1000 * (time.perf_counter() - started)),
                    "publication": state.get("publication"),
                    **({"statement": state["statement"]} if "statement" in state else {}),
                },
            )

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        """Why a request is not even looked at."""
        if scope["method"] not in ("GET", "HEAD") and not (scope["method"] == "POST" and scope["path"] in _POST_PATHS):
            return 405, "只提供查询。Only reading is served."
        if self._names is not None:
            host = next((text.decode("latin-1") for name, text in scope["headers"] if name == b"host"), "")
            if _host_name(host) not in self._names:
                return 421, "该名称未列入 portal.host_names。This name is not among portal.host_names."
        return None


def _host_name(host: str) -> str:
    name, _, port = host.lower().rpartition(":")
    return name if name and port.isdigit() else host.lower()


async def _refuse(send: Send, status: int, message: str) -> None:
    body = f"{message}\n".encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
