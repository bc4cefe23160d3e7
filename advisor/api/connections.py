"""Connections: none is held for a request that does not come, and a proxy is believed only where the settings name one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from advisor.settings import Settings

if TYPE_CHECKING:
    from asyncio import TimerHandle, Transport

REQUEST_SECONDS = 20.0
"""Within these, the head of a request has to be there whole."""
_CONNECTIONS = 1_000  # open at once; others are told to come again
_GOODBYE_SECONDS = 1  # for open pages: each holds a connection for as long as it is open


class ImpatientProtocol(H11Protocol):
    """HTTP/1.1 that hangs up on who does not say what they want."""

    _timer: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Somebody calls."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """They say something: time runs from the first byte of a request, not from its latest."""
        self._wait()
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._stop_waiting()

    def connection_lost(self, exc: Exception | None) -> None:
        """They hang up."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait(self) -> None:
        if self._timer is None and (self.cycle is None or self.cycle.response_complete):
            self._timer = asyncio.get_running_loop().call_later(REQUEST_SECONDS, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def server_config(app: ASGIApp, settings: Settings) -> uvicorn.Config:
    """How the application is served: without WebSockets, which the page does not use."""
    return uvicorn.Config(
        app,
        http=ImpatientProtocol,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.proxies),
        forwarded_allow_ips=sorted(settings.proxies),
        limit_concurrency=_CONNECTIONS,
        timeout_graceful_shutdown=_GOODBYE_SECONDS,
    )
