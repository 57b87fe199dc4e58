"""HTTP: the service's endpoints, their limits, and errors as stable codes."""

from __future__ import annotations

import asyncio
import functools
import gc
import logging
import os
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import TypeVar, cast

from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.types import Message, Send
from typing_extensions import override

from crm_core import wire
from crm_core.errors import CrmError, NotFound, Refused, Unavailable
from crm_core.i18n import tr_noop
from crm_core.ids import RecordId, is_id
from crm_core.values import instant_of
from crm_server.access import AccessLog, Readers, metrics, note_who, readers_from_environment
from crm_server.auth import hash_of, organisation_of
from crm_server.blob_http import add_blob_paths
from crm_server.bodies import (
    CHUNK_BYTES,
    Limit,
    check_depth,
    gathered,
    pack,
    packed,
    resumed,
    unpack,
)
from crm_server.events import HEADERS, MEDIA_TYPE, Events
from crm_server.logs import configure_from_environment, reason
from crm_server.metrics import PROBLEMS, Figures, note_verdicts
from crm_server.openapi import described
from crm_server.organisations import Organisation, Organisations
from crm_server.pulling import Pulled
from crm_server.pushing import AHEAD, PARK_BYTES_MAX, Pushed
from crm_server.standing import Principal
from crm_server.syncing import Syncing
from crm_server.throttle import spend_on_comparing
from crm_server.upkeep import upkeep

log = logging.getLogger("crm_server")

SIGN_IN = Limit("sign_in_bytes", 16 * 1024)
ASKING = Limit("pull_bytes", 16 * 1024)
PUSHING = Limit("push_bytes", wire.PUSH_BYTES_MAX)
PARKING = Limit("park_bytes", PARK_BYTES_MAX)
KEY = Limit("key_bytes", 16 * 1024)

BODY_SILENCE_S = 30.0
BODY_S_MAX = 300.0
"""A megabyte on the slowest line worth the name; who takes longer holds a place for nothing."""

DATA_VARIABLE, URL_VARIABLE, DOCS_VARIABLE = (
    "CRM_SERVER_DATA", "CRM_SERVER_DATABASE_URL", "CRM_SERVER_API_DOCS",
)  # fmt: skip

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
    "right.missing": 403,
    "record.not_found": 404,
    "file.not_found": 404,
    "file.too_large": 413,
    "file.no_room": 409,
    "file.mismatch": 422,
}
BUSY_RETRY_S = 1
LINES = "application/x-ndjson"
SEQ_DIGITS = 19
"""Places in the feed have fewer."""
PACK_FROM_BYTES = 1024
"""Below this, packing an answer costs more than it saves."""
COLLECT_AFTER_OBJECTS = 50_000
"""More than a push of ordinary size leaves over."""

_T = TypeVar("_T")


def create_app(
    organisations: Organisations, *, api_docs: bool = False, readers: Readers | None = None
) -> FastAPI:
    """The web application over a server's organisations; `readers`: who may read its figures."""
    app = FastAPI(
        title="CRM Desktop server",
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
        redirect_slashes=False,  # it would answer with a place made of the request's own Host
        openapi_url="/openapi.json" if api_docs else None,
    )
    app.state.organisations = organisations
    app.state.events = Events()
    app.state.syncing = Syncing()
    app.state.figures = Figures(organisations)
    app.state.readers = readers or Readers()
    app.openapi = functools.partial(described, app)
    app.add_middleware(AccessLog)
    app.add_exception_handler(CrmError, _answer_problem)
    app.add_exception_handler(HTTPException, _answer_unknown)
    app.add_exception_handler(Exception, _answer_failure)
    app.get("/ping")(ping)
    app.get("/metrics")(metrics)
    app.post("/auth/v1/sign-in")(sign_in)
    app.post("/auth/v1/refresh")(refresh)
    app.post("/auth/v1/sign-out")(sign_out)
    app.post("/sync/v1/push")(push)
    app.post("/sync/v1/pull")(pull)
    app.get("/sync/v1/history/{kind}/{record_id}")(history)
    app.get("/events")(events)
    app.post("/sync/v1/park")(park)
    app.post("/sync/v1/sealed-key")(sealed_key)
    add_blob_paths(app, _who, _act, _body)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncGenerator[None]:
    """What goes on beside the requests, for as long as the server runs."""
    with upkeep(app.state.organisations), app.state.events.opened():
        yield


def from_environment() -> FastAPI:
    """The application of one of several worker processes."""
    configure_from_environment()
    organisations = Organisations(Path(os.environ[DATA_VARIABLE]), os.environ.get(URL_VARIABLE, ""))
    spare_the_collector()
    docs = bool(os.environ.get(DOCS_VARIABLE))
    return create_app(organisations, api_docs=docs, readers=readers_from_environment())


def spare_the_collector() -> None:
    """What is loaded by now stays for good, and a push makes thousands of objects that live as
    long as their request: collecting so often costs a twentieth of it and finds nothing."""
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER_OBJECTS)


# -- endpoints ----------------------------------------------------------------------------------


async def ping(request: Request) -> Response:
    """Whether the server is there and what its time is; with a token also the epoch."""
    organisations = _organisations(request)
    answer = {"time": instant_of(organisations.clock())}
    if "authorization" in request.headers:
        answer["epoch"] = await run_in_threadpool(_epoch, request)
    return _json(request, answer)


def _epoch(request: Request) -> str:
    organisation, _ = _who(request)
    with organisation.service.store.read() as tx:
        return tx.clock().epoch


async def sign_in(request: Request) -> Response:
    """Tokens for a login with its password."""
    message = await _message(request, wire.SignInRequest, SIGN_IN)
    address = request.client.host if request.client else ""

    def act() -> wire.SignInResponse:
        return _named(request, message.organisation).auth.sign_in(message, address)

    return _json(request, await run_in_threadpool(act))


async def refresh(request: Request) -> Response:
    """New tokens for a refresh token."""
    message = await _message(request, wire.RefreshRequest, SIGN_IN)

    def act() -> wire.SignInResponse:
        slug = organisation_of(message.refresh_token)
        return _of_token(request, slug).auth.refresh(message)

    return _json(request, await run_in_threadpool(act))


async def sign_out(request: Request) -> Response:
    """The end of a device's tokens."""
    return await _act(request, lambda there, who: there.auth.sign_out(who), revoked_too=True)


async def push(request: Request) -> Response:
    """Changesets in, verdicts and resulting rows out."""
    message = await _message(request, wire.PushRequest, PUSHING)
    there, who, token = await _asker(request)
    answer = await _syncing(request).push(there, Pushed(who, message, token))
    note_verdicts(one.result for one in answer.results)
    return _json(request, answer)


async def pull(request: Request) -> Response:
    """The stream of what the device has to learn."""
    message = await _message(request, wire.PullRequest, ASKING)
    accepted = request.headers.get("accept-encoding", "")
    there, asker, token = await _asker(request)
    short = await _syncing(request).pull(there, Pulled(asker, message, token))
    if short is not None:
        return _short(short, accepted)

    def start() -> Response:
        organisation, who = _who(request)
        if message.check is not None:
            there = organisation.service
            spend_on_comparing(there.store, who.device, message.check, there.clock())
        chunks = gathered(organisation.service.pull(who, message))
        first = next(chunks)
        if len(first) < CHUNK_BYTES:  # the whole of it: mostly there is little or nothing
            for _ in chunks:
                pass
            return _short(first, accepted)
        lines = resumed(first, chunks)
        if "zstd" not in accepted:
            return Stream(_stream(lines), media_type=LINES)
        packed_lines = _stream(packed(lines))
        return Stream(packed_lines, media_type=LINES, headers={"Content-Encoding": "zstd"})

    return await run_in_threadpool(start)


def _short(lines: bytes, accepted: str) -> Response:
    body, headers = pack(lines, accepted if len(lines) >= PACK_FROM_BYTES else "")
    return Response(body, media_type=LINES, headers=headers)


class Stream(StreamingResponse):
    """A stream that is given up where nobody reads it: it holds a snapshot of the database."""

    @override
    async def stream_response(self, send: Send) -> None:
        async def patient(message: Message) -> None:
            async with asyncio.timeout(BODY_SILENCE_S):
                await send(message)

        try:
            async with aclosing(cast("AsyncGenerator[bytes]", self.body_iterator)):
                await super().stream_response(patient)
        except TimeoutError:
            log.warning("given up: nobody reads the answer")


async def _stream(lines: Iterator[bytes]) -> AsyncGenerator[bytes]:
    chunk: bytes | None = b""
    try:
        while chunk is not None:
            if chunk:
                yield chunk
            chunk = await run_in_threadpool(next, lines, None)
    finally:
        close = getattr(lines, "close", None)
        if close is not None:
            close()


async def history(request: Request, kind: str, record_id: str) -> Response:
    """All changes of one record."""
    if not is_id(record_id):
        raise Refused("record.not_found", tr_noop("No such record."))
    return await _act(
        request, lambda there, who: there.service.history(who, kind, RecordId(record_id))
    )


async def events(request: Request) -> Response:
    """Hints that there is something new, for as long as the token is good."""
    told, here = request.headers.get("last-event-id", ""), request.app.state.events
    token = request.headers.get("authorization", "").partition(" ")[2]

    def admit() -> Response:
        there, who = _who(request)
        since = int(told) if told.isascii() and told.isdigit() and len(told) < SEQ_DIGITS else 0
        listener = here.admit(there, who, token, since)
        return Stream(here.lines(there, listener), media_type=MEDIA_TYPE, headers=HEADERS)

    return await run_in_threadpool(admit)


async def park(request: Request) -> Response:
    """What a device cannot deliver otherwise; a withdrawn device may call only this."""
    body = await _body(request, PARKING)
    return await _act(request, lambda there, who: there.service.park(who, body), revoked_too=True)


async def sealed_key(request: Request) -> Response:
    """The key of the device's database, to be sealed."""
    body = await _message(request, dict[str, str], KEY)
    key = body.get("database_key", "")
    return await _act(request, lambda there, who: there.auth.keep_key(who, key))


# -- requests and answers -----------------------------------------------------------------------


async def _act(
    request: Request,
    action: Callable[[Organisation, Principal], object],
    *,
    revoked_too: bool = False,
) -> Response:
    def act() -> object:
        return action(*_who(request, revoked_too=revoked_too))

    result = await run_in_threadpool(act)
    return _json(request, {} if result is None else result)


def _organisations(request: Request) -> Organisations:
    found = request.app.state.organisations
    assert isinstance(found, Organisations)
    return found


def _named(request: Request, slug: str) -> Organisation:
    """The organisation named at sign-in; an unknown one is answered like a wrong password."""
    try:
        return _organisations(request).open(slug)
    except NotFound as error:
        raise Refused("auth.wrong", tr_noop("Unknown organisation.")) from error


def _of_token(request: Request, slug: str) -> Organisation:
    try:
        if slug:
            return _organisations(request).open(slug)
    except CrmError as error:
        if isinstance(error, Unavailable):
            raise
        raise Refused("auth.required", tr_noop("The token is none of ours.")) from error
    raise Refused("auth.required", tr_noop("There is no token."))


def _syncing(request: Request) -> Syncing:
    found = request.app.state.syncing
    assert isinstance(found, Syncing)
    return found


async def _asker(request: Request) -> tuple[Organisation, Principal, str]:
    """Who asks, and the hash of his token if it is still to be looked at."""
    token = _token(request)
    slug = organisation_of(token)
    there = _organisations(request).opened(slug)
    if there is None:
        there = await run_in_threadpool(_of_token, request, slug)
    who, hashed = await _syncing(request).who(there, hash_of(token))
    note_who(request.scope, there.slug, who.device)
    return there, who, hashed


def _who(request: Request, *, revoked_too: bool = False) -> tuple[Organisation, Principal]:
    token = _token(request)
    organisation = _of_token(request, organisation_of(token))
    who = organisation.auth.authenticate(token, revoked_too=revoked_too)
    note_who(request.scope, organisation.slug, who.device)
    return organisation, who


def _token(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Refused("auth.required", tr_noop("There is no token."))
    return token


async def _body(request: Request, limit: Limit) -> bytes:
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_S_MAX), asyncio.timeout(BODY_SILENCE_S) as silence:
            async for part in request.stream():
                silence.reschedule(asyncio.get_running_loop().time() + BODY_SILENCE_S)
                size += len(part)
                if size > limit.most:
                    raise limit.exceeded()
                parts.append(part)
    except TimeoutError as error:
        raise Unavailable(tr_noop("The message does not arrive.")) from error
    encoding = request.headers.get("content-encoding", "")
    return unpack(b"".join(parts), encoding, limit)


async def _message(request: Request, shape: type[_T], limit: Limit) -> _T:
    body = await _body(request, limit)
    check_depth(body)
    return wire.decode(body, shape)


def _json(request: Request, answer: object, status: int = 200) -> Response:
    plain = wire.encode(answer)
    accepted = request.headers.get("accept-encoding", "")
    body, headers = pack(plain, accepted if len(plain) >= PACK_FROM_BYTES else "")
    return Response(body, status, headers, media_type="application/json")


def _problem(request: Request, status: int, code: str, params: dict[str, str]) -> Response:
    PROBLEMS.labels(code).inc()
    answer = _json(request, wire.Problem(code, params), status)
    if status in (429, 503):
        answer.headers["Retry-After"] = params.get("seconds", str(BUSY_RETRY_S))
    if status == STATUS["auth.required"]:
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


async def _answer_problem(request: Request, error: Exception) -> Response:
    if isinstance(error, Refused):
        params = {name: str(value) for name, value in error.message.params.items()}
        return _problem(request, STATUS.get(error.code, 400), error.code, params)
    if isinstance(error, Unavailable):
        log.warning("unavailable: %s (%s)", error, reason(error))
        return _problem(request, 503, "server.busy", {})
    return await _answer_failure(request, error)


async def _answer_unknown(request: Request, error: Exception) -> Response:
    known = error if isinstance(error, HTTPException) else HTTPException(404)
    answer = _problem(request, known.status_code, "request.malformed", {"detail": ""})
    answer.headers.update(known.headers or {})
    return answer


async def _answer_failure(request: Request, error: Exception) -> Response:
    log.error("failed: %s %s", request.method, request.scope["path"], exc_info=error)
    return _problem(request, 500, "server.failed", {})
