"""What is noted of each request: one line in the log, and its part in the figures."""

from __future__ import annotations

import hmac
import ipaddress
import logging
import os
import time
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any

from fastapi import Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from crm_core.errors import Refused
from crm_core.i18n import tr_noop
from crm_server.metrics import MEDIA_TYPE, Figures, note_request

log = logging.getLogger("crm_server")

NOWHERE = "unknown"
"""The route of what no route answers: anybody may ask for anything, and figures have limits."""

_WHO = "crm.who"


TOKEN_VARIABLE, PROXY_VARIABLE = "CRM_SERVER_METRICS_TOKEN", "CRM_SERVER_BEHIND_PROXY"


def note_who(scope: MutableMapping[str, Any], organisation: str, device: str) -> None:
    """Who asks, for the line in the log."""
    scope[_WHO] = (organisation, device)


@dataclass(frozen=True, slots=True)
class Readers:
    """Who may read the figures: whoever has the token, and without one this machine, unless a
    proxy stands in front, where everybody comes from this machine."""

    token: str = ""
    here: bool = True

    def check(self, request: Request) -> None:
        """Raises Refused for all others."""
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if self.token:
            if hmac.compare_digest(given.encode(), self.token.encode()):
                return
        elif self.here and _is_from_here(request):
            return
        raise Refused("auth.required", tr_noop("There is no token."))


def readers_from_environment() -> Readers:
    """Who may read the figures, as the command line said."""
    return Readers(os.environ.get(TOKEN_VARIABLE, ""), not os.environ.get(PROXY_VARIABLE))


async def metrics(request: Request) -> Response:
    """The server's figures, for Prometheus."""
    readers, figures = request.app.state.readers, request.app.state.figures
    assert isinstance(readers, Readers)
    assert isinstance(figures, Figures)
    readers.check(request)
    return Response(await run_in_threadpool(figures.text), media_type=MEDIA_TYPE)


def _is_from_here(request: Request) -> bool:
    if any(name in request.headers for name in _FORWARDED) or request.client is None:
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False


_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")


class AccessLog:
    """One line a request: never query values, bodies or tokens."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start, status, size = time.perf_counter(), 500, 0

        async def note(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
            elif message["type"] == "http.response.body":
                size += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, note)
        finally:
            _tell(scope, status, size, time.perf_counter() - start)


def _tell(scope: Scope, status: int, size: int, seconds: float) -> None:
    found = scope.get("route")
    route = str(getattr(found, "path", NOWHERE))
    note_request(route, status, size, seconds)
    if not log.isEnabledFor(logging.INFO):
        return
    path = scope["path"] if found is not None else route
    organisation, device = scope.get(_WHO, ("", ""))
    taken_ms = round(seconds * 1000, 1)
    log.info(
        "%s %s %d %.1f ms", scope["method"], path, status, taken_ms,
        extra={
            "method": scope["method"], "path": path, "status": status, "ms": taken_ms,
            "bytes": size, "organisation": organisation, "device": device,
        },
    )  # fmt: skip
