"""Listens: the portal's application behind a server that gives slow and many clients their bounds.

Does not belong here: what is answered (``web``).
"""

from __future__ import annotations

import asyncio
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from pipelines.portal.web import Portal
from pipelines.settings import Settings


def serve(settings: Settings) -> None:
    """Answers until the process is told to end.

    Raises ``AccessError`` where the settings would let anybody in.
    """
    uvicorn.Server(configuration(settings)).run()


def configuration(settings: Settings) -> uvicorn.Config:
    """The server's configuration with the portal's application; raises ``AccessError`` as ``serve``."""
    portal = Portal(settings)
    limits = settings.portal

    class PatientProtocol(H11Protocol):
        """Closes a connection whose request head has not arrived in time, so that slow clients hold no place."""

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._head_deadline: asyncio.TimerHandle | None = None
            self._await_head()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self._is_in_request():
                self._cancel_deadline()
            elif self._head_deadline is None:
                self._await_head()

        def connection_lost(self, exc: Exception | None) -> None:
            self._cancel_deadline()
            super().connection_lost(exc)

        def _is_in_request(self) -> bool:
            return self.cycle is not None and not self.cycle.response_complete

        def _await_head(self) -> None:
            self._head_deadline = self.loop.call_later(limits.request_head_seconds, self._close_if_waiting)

        def _cancel_deadline(self) -> None:
            if self._head_deadline is not None:
                self._head_deadline.cancel()
                self._head_deadline = None

        def _close_if_waiting(self) -> None:
            self._head_deadline = None
            if not self._is_in_request():
                self.transport.close()

    return uvicorn.Config(
        portal.application(),
        host=limits.host,
        port=limits.port,
        http=PatientProtocol,
        ws="none",
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_config=None,
        limit_concurrency=limits.connections_at_most,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=5,
    )
