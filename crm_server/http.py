"""HTTP: the service's endpoints and their limits."""

from __future__ import annotations

import functools
import gc
import logging
import os
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from inspect import signature
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from typing_extensions import override

from crm_core import wire
from crm_core.errors import CrmError, Refused
from crm_core.i18n import tr_noop
from crm_core.ids import RecordId, is_id
from crm_core.values import instant_of
from crm_server.access import AccessLog, Readers, metrics, note_who, readers_from_environment
from crm_server.answers import (
    PACK_FROM_BYTES,
    Stream,
    act,
    answer_failure,
    answer_problem,
    answer_unknown,
    body_of,
    json_answer,
    message_of,
    named,
    of_token,
    organisations_of,
    token_of,
    who_asks,
)
from crm_server.auth import hash_of, organisation_of
from crm_server.blob_http import add_blob_paths
from crm_server.bodies import (
    CHUNK_BYTES,
    Limit,
    gathered,
    pack,
    packed,
    resumed,
)
from crm_server.devices import told, withdraw_for
from crm_server.events import HEADERS, MEDIA_TYPE, Events
from crm_server.hidden import hidden_twin
from crm_server.logs import configure_from_environment
from crm_server.metrics import Figures, note_verdicts
from crm_server.openapi import described
from crm_server.organisations import Organisation, Organisations
from crm_server.privacy_http import add_privacy_paths
from crm_server.pulling import Pulled
from crm_server.pushing import PARK_BYTES_MAX, Pushed
from crm_server.refusals import note_still_refused, refusals_of_team
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

DATA_VARIABLE, URL_VARIABLE, DOCS_VARIABLE = (
    "CRM_SERVER_DATA", "CRM_SERVER_DATABASE_URL", "CRM_SERVER_API_DOCS",
)  # fmt: skip

LINES = "application/x-ndjson"
SEQ_DIGITS = 19
"""Places in the feed have fewer."""
COLLECT_AFTER_OBJECTS = 50_000
"""More than a push of ordinary size leaves over."""


class _Direct(APIRoute):
    """An endpoint that takes the request as it is and gives the answer as it is: nothing is left to
    be found out at each call, which is a tenth of what a small request costs."""

    @override
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        if [*signature(self.endpoint).parameters] == ["request"]:
            return self.endpoint
        return super().get_route_handler()


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
    app.router.route_class = _Direct
    app.add_middleware(AccessLog)
    app.add_exception_handler(CrmError, answer_problem)
    app.add_exception_handler(HTTPException, answer_unknown)
    app.add_exception_handler(Exception, answer_failure)
    app.post("/sync/v1/push")(push)  # those that are asked for most are looked for first
    app.post("/sync/v1/pull")(pull)
    app.get("/ping")(ping)
    app.get("/metrics")(metrics)
    app.post("/auth/v1/sign-in")(sign_in)
    app.post("/auth/v1/refresh")(refresh)
    app.post("/auth/v1/sign-out")(sign_out)
    app.get("/sync/v1/history/{kind}/{record_id}")(history)
    app.get("/sync/v1/refusals")(refusals)
    app.post("/sync/v1/refusals")(still_refused)
    app.post("/sync/v1/duplicates")(duplicates)
    app.get("/events")(events)
    app.post("/sync/v1/park")(park)
    app.post("/sync/v1/sealed-key")(sealed_key)
    app.get("/devices/v1/list")(devices)
    app.post("/devices/v1/withdraw")(withdraw)
    add_blob_paths(app)
    add_privacy_paths(app)
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
    organisations = organisations_of(request)
    answer = {"time": instant_of(organisations.clock())}
    if "authorization" in request.headers:
        answer["epoch"] = await run_in_threadpool(_epoch, request)
    return json_answer(request, answer)


def _epoch(request: Request) -> str:
    organisation, _ = who_asks(request)
    with organisation.service.store.read() as tx:
        return tx.clock().epoch


async def sign_in(request: Request) -> Response:
    """Tokens for a login with its password."""
    message = await message_of(request, wire.SignInRequest, SIGN_IN)
    address = request.client.host if request.client else ""

    def act() -> wire.SignInResponse:
        return named(request, message.organisation).auth.sign_in(message, address)

    return json_answer(request, await run_in_threadpool(act))


async def refresh(request: Request) -> Response:
    """New tokens for a refresh token."""
    message = await message_of(request, wire.RefreshRequest, SIGN_IN)

    def act() -> wire.SignInResponse:
        slug = organisation_of(message.refresh_token)
        return of_token(request, slug).auth.refresh(message)

    return json_answer(request, await run_in_threadpool(act))


async def sign_out(request: Request) -> Response:
    """The end of a device's tokens."""
    return await act(request, lambda there, who: there.auth.sign_out(who), revoked_too=True)


async def push(request: Request) -> Response:
    """Changesets in, verdicts and resulting rows out."""
    message = await message_of(request, wire.PushRequest, PUSHING)
    there, who, token = await _asker(request)
    answer = await _syncing(request).push(there, Pushed(who, message, token))
    request.app.state.events.look()
    note_verdicts(one.result for one in answer.results)
    return json_answer(request, answer)


async def pull(request: Request) -> Response:
    """The stream of what the device has to learn."""
    message = await message_of(request, wire.PullRequest, ASKING)
    accepted = request.headers.get("accept-encoding", "")
    there, asker, token = await _asker(request)
    short = await _syncing(request).pull(there, Pulled(asker, message, token))
    if short is not None:
        return _short(short, accepted)

    def start() -> Response:
        organisation, who = who_asks(request)
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
    return await act(
        request, lambda there, who: there.service.history(who, kind, RecordId(record_id))
    )


async def refusals(request: Request) -> Response:
    """What was refused to those whom the user leads, and waits for them."""
    return await act(request, lambda there, who: refusals_of_team(there.service, who))


async def still_refused(request: Request) -> Response:
    """With which of its refused steps the user of a device is not done."""
    await run_in_threadpool(who_asks, request)  # a stranger hears nothing of the message's form
    told = await message_of(request, wire.StillRefused, ASKING)
    return await act(request, lambda there, who: note_still_refused(there.service, who, told))


async def duplicates(request: Request) -> Response:
    """Whether what is being entered is taken by a record out of sight."""
    await run_in_threadpool(who_asks, request)  # a stranger hears nothing of the message's form
    asked = await message_of(request, wire.TwinRequest, KEY)
    return await act(request, lambda there, who: hidden_twin(there.service, who, asked))


async def events(request: Request) -> Response:
    """Hints that there is something new, for as long as the token is good."""
    told, here = request.headers.get("last-event-id", ""), request.app.state.events
    token = request.headers.get("authorization", "").partition(" ")[2]

    def admit() -> Response:
        there, who = who_asks(request)
        since = int(told) if told.isascii() and told.isdigit() and len(told) < SEQ_DIGITS else 0
        listener = here.admit(there, who, token, since)
        return Stream(here.lines(there, listener), media_type=MEDIA_TYPE, headers=HEADERS)

    return await run_in_threadpool(admit)


async def park(request: Request) -> Response:
    """What a device cannot deliver otherwise; a withdrawn device may call only this."""
    body = await body_of(request, PARKING)
    return await act(request, lambda there, who: there.service.park(who, body), revoked_too=True)


async def sealed_key(request: Request) -> Response:
    """The key of the device's database, to be sealed."""
    body = await message_of(request, dict[str, str], KEY)
    key = body.get("database_key", "")
    return await act(request, lambda there, who: there.auth.keep_key(who, key))


async def devices(request: Request) -> Response:
    """The devices of whoever asks; everybody's for IT."""
    return await act(request, lambda there, who: told(there.service, who))


async def withdraw(request: Request) -> Response:
    """Withdraw one's own lost device, or for IT anybody's."""
    body = await message_of(request, dict[str, str], ASKING)
    device = body.get("device", "")
    return await act(request, lambda there, who: withdraw_for(there.service, who, device))


def _syncing(request: Request) -> Syncing:
    found = request.app.state.syncing
    assert isinstance(found, Syncing)
    return found


async def _asker(request: Request) -> tuple[Organisation, Principal, str]:
    """Who asks, and the hash of his token if it is still to be looked at."""
    token = token_of(request)
    slug = organisation_of(token)
    there = organisations_of(request).opened(slug)
    if there is None:
        there = await run_in_threadpool(of_token, request, slug)
    who, hashed = await _syncing(request).who(there, hash_of(token))
    note_who(request.scope, there.slug, who.device)
    return there, who, hashed
