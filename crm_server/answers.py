"""Requests and answers: whose a request is, what it brings, and errors as stable codes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from contextlib import aclosing, contextmanager
from typing import TypeVar, cast

from fastapi import Request, Response
from fastapi.responses import FileResponse, StreamingResponse
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope, Send
from typing_extensions import override

from crm_core import wire
from crm_core.errors import CrmError, NotFound, Refused, Unavailable
from crm_core.i18n import tr_noop
from crm_server.access import note_who
from crm_server.auth import organisation_of
from crm_server.bodies import Limit, check_depth, pack, unpack
from crm_server.logs import reason
from crm_server.metrics import PROBLEMS
from crm_server.organisations import Organisation, Organisations
from crm_server.pushing import AHEAD
from crm_server.standing import Principal

log = logging.getLogger("crm_server")

BODY_SILENCE_S = 30.0
BODY_S_MAX = 300.0
"""A megabyte on the slowest line worth the name; who takes longer holds a place for nothing."""

STATUS: Mapping[str, int] = {
    "request.malformed": 400,
    "request.too_large": 413,
    "request.too_old": 426,
    "request.epoch": 409,
    AHEAD: 409,
    "server.busy": 429,
    "server.failed": 500,
    "auth.required": 401,
    "auth.wrong": 401,
    "auth.slow_down": 429,
    "request.throttled": 429,
    "auth.disabled": 403,
    "device.revoked": 403,
    "device.clone": 401,
    "device.not_found": 404,
    "device.this": 409,
    "right.missing": 403,
    "erase.by_it": 403,
    "person.too_large": 413,
    "record.not_found": 404,
    "file.not_found": 404,
    "file.too_large": 413,
    "file.no_room": 409,
    "file.mismatch": 422,
}
BUSY_RETRY_S = 1

PACK_FROM_BYTES = 1024
"""Below this, packing an answer costs more than it saves."""

_T = TypeVar("_T")


async def act(
    request: Request,
    action: Callable[[Organisation, Principal], object],
    *,
    revoked_too: bool = False,
) -> Response:
    def act() -> object:
        return action(*who_asks(request, revoked_too=revoked_too))

    result = await run_in_threadpool(act)
    return json_answer(request, {} if result is None else result)


def organisations_of(request: Request) -> Organisations:
    found = request.app.state.organisations
    assert isinstance(found, Organisations)
    return found


def named(request: Request, slug: str) -> Organisation:
    """The organisation named at sign-in; an unknown one is answered like a wrong password."""
    try:
        return organisations_of(request).open(slug)
    except NotFound as error:
        raise Refused("auth.wrong", tr_noop("Unknown organisation.")) from error


def of_token(request: Request, slug: str) -> Organisation:
    try:
        if slug:
            return organisations_of(request).open(slug)
    except CrmError as error:
        if isinstance(error, Unavailable):
            raise
        raise Refused("auth.required", tr_noop("The token is none of ours.")) from error
    raise Refused("auth.required", tr_noop("There is no token."))


def who_asks(request: Request, *, revoked_too: bool = False) -> tuple[Organisation, Principal]:
    token = token_of(request)
    organisation = of_token(request, organisation_of(token))
    who = organisation.auth.authenticate(token, revoked_too=revoked_too)
    note_who(request.scope, organisation.slug, who.device)
    return organisation, who


def token_of(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Refused("auth.required", tr_noop("There is no token."))
    return token


class Stream(StreamingResponse):
    """A stream that is given up where nobody reads it: it holds a snapshot of the database."""

    @override
    async def stream_response(self, send: Send) -> None:
        with _given_up_unread():
            async with aclosing(cast("AsyncGenerator[bytes]", self.body_iterator)):
                await super().stream_response(_patient(send))


class Content(FileResponse):
    """A file that is given up where nobody reads it: it holds a place."""

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with _given_up_unread():
            await super().__call__(scope, receive, _patient(send))


def _patient(send: Send) -> Send:
    async def patient(message: Message) -> None:
        async with asyncio.timeout(BODY_SILENCE_S):
            await send(message)

    return patient


@contextmanager
def _given_up_unread() -> Generator[None]:
    try:
        yield
    except TimeoutError:
        log.warning("given up: nobody reads the answer")


async def body_of(request: Request, limit: Limit) -> bytes:
    parts: list[bytes] = []
    size = 0
    try:
        now = asyncio.get_running_loop().time
        until = now() + BODY_S_MAX
        async with asyncio.timeout(BODY_SILENCE_S) as patience:
            async for part in request.stream():
                patience.reschedule(min(now() + BODY_SILENCE_S, until))
                size += len(part)
                if size > limit.most:
                    raise limit.exceeded()
                parts.append(part)
    except TimeoutError as error:
        raise Unavailable(tr_noop("The message does not arrive.")) from error
    encoding = request.headers.get("content-encoding", "")
    return unpack(b"".join(parts), encoding, limit)


async def message_of(request: Request, shape: type[_T], limit: Limit) -> _T:
    body = await body_of(request, limit)
    check_depth(body)
    return wire.decode(body, shape)


def json_answer(request: Request, answer: object, status: int = 200) -> Response:
    plain = wire.encode(answer)
    accepted = request.headers.get("accept-encoding", "")
    body, headers = pack(plain, accepted if len(plain) >= PACK_FROM_BYTES else "")
    return Response(body, status, headers, media_type="application/json")


def _problem(request: Request, status: int, code: str, params: dict[str, str]) -> Response:
    PROBLEMS.labels(code).inc()
    answer = json_answer(request, wire.Problem(code, params), status)
    if status in (429, 503):
        answer.headers["Retry-After"] = params.get("seconds", str(BUSY_RETRY_S))
    if status == STATUS["auth.required"]:
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


async def answer_problem(request: Request, error: Exception) -> Response:
    if isinstance(error, Refused):
        params = {name: str(value) for name, value in error.message.params.items()}
        return _problem(request, STATUS.get(error.code, 400), error.code, params)
    if isinstance(error, Unavailable):
        log.warning("unavailable: %s (%s)", error, reason(error))
        return _problem(request, 503, "server.busy", {})
    return await answer_failure(request, error)


async def answer_unknown(request: Request, error: Exception) -> Response:
    known = error if isinstance(error, HTTPException) else HTTPException(404)
    answer = _problem(request, known.status_code, "request.malformed", {"detail": ""})
    answer.headers.update(known.headers or {})
    return answer


async def answer_failure(request: Request, error: Exception) -> Response:
    log.error("failed: %s %s", request.method, request.scope["path"], exc_info=error)
    return _problem(request, 500, "server.failed", {})
