"""HTTP for what is done about a person: counting what is held, erasing it, handing it out."""

from __future__ import annotations

import logging
from pathlib import Path

from fastapi import FastAPI, Request, Response
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool

from crm_server.answers import act, message_of, organisations_of, who_asks
from crm_server.bodies import Limit
from crm_server.erasures import list_in
from crm_server.openapi import ZIP
from crm_server.organisations import Organisation
from crm_server.privacy import Asker, erase_for, export_for, held
from crm_server.standing import Principal

ASKING = Limit("privacy_bytes", 16 * 1024)

HEADERS = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"}

log = logging.getLogger(__name__)


def add_privacy_paths(app: FastAPI) -> None:
    """Add the paths."""

    async def count(request: Request) -> Response:
        """What would go if a person were erased."""
        kind, record_id = await _named(request)
        folder = organisations_of(request).folder

        def look(there: Organisation, who: Principal) -> object:
            return held(Asker(there, who, folder), kind, record_id)

        return await act(request, look)

    async def erase(request: Request) -> Response:
        """Erase a person, everywhere and for good."""
        kind, record_id = await _named(request)
        folder = organisations_of(request).folder
        at: list[Organisation] = []

        def do(there: Organisation, who: Principal) -> object:
            at.append(there)
            return erase_for(Asker(there, who, folder), kind, record_id)

        answer = await act(request, do)
        answer.background = BackgroundTask(_compact, at[0], folder)
        return answer

    async def export(request: Request) -> Response:
        """What whoever asks sees of a person, as a ZIP."""
        kind, record_id = await _named(request)
        folder = organisations_of(request).folder

        def write() -> Response:
            there, who = who_asks(request)
            made = export_for(Asker(there, who, folder), kind, record_id)
            return Response(made, headers=HEADERS, media_type=ZIP)

        return await run_in_threadpool(write)

    app.post("/privacy/v1/held")(count)
    app.post("/privacy/v1/erase")(erase)
    app.post("/privacy/v1/export")(export)


async def _named(request: Request) -> tuple[str, str]:
    """Which record is meant; a stranger hears nothing of the message's form."""
    await run_in_threadpool(who_asks, request)
    body = await message_of(request, dict[str, str], ASKING)
    return body.get("kind", ""), body.get("id", "")


def _compact(there: Organisation, folder: Path) -> None:
    """Behind the answer, as it takes long where the file is large; the upkeep makes up for it."""
    if not list_in(folder, there.slug).compact(there.service.store):
        log.warning(
            "the file of %s holds erased values in free pages until it is quiet", there.slug
        )
