"""HTTP for attached files: HEAD, GET with Range, PUT to begin or go on, PATCH for each piece."""

from __future__ import annotations

import re

from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

from crm_core.errors import Refused
from crm_core.files import CHUNK_BYTES_MAX
from crm_core.i18n import tr_noop
from crm_server.answers import Content, act, body_of, who_asks
from crm_server.bodies import Limit
from crm_server.openapi import BINARY, LENGTH, OFFSET
from crm_server.organisations import Organisation
from crm_server.service import Principal

CHUNK = Limit("chunk_bytes", CHUNK_BYTES_MAX)
PATH = "/blobs/{sha256}"
_RANGE = re.compile(r"bytes=([0-9]{1,18})-([0-9]{0,18})")

HEADERS = {
    "Cache-Control": "private, no-store",
    "Content-Disposition": "attachment",
    "X-Content-Type-Options": "nosniff",
}
"""No browser is to show, keep or guess at what somebody attached."""


def add_blob_paths(app: FastAPI) -> None:
    """Add the paths."""

    async def known(request: Request, sha256: str) -> Response:
        """Whether this user has sent this content before, or may read it."""

        def look() -> int:
            there, asking = who_asks(request)
            return there.blobs.size_if_known(asking, sha256)

        size = await run_in_threadpool(look)
        return Response(headers={**HEADERS, "Content-Length": str(size)})

    async def fetch(request: Request, sha256: str) -> Response:
        """The content, or the range of it that was asked for."""

        def look() -> Response:
            there, asking = who_asks(request)
            path = there.blobs.readable(asking, sha256)
            found = path.stat()
            _check_range(request, found.st_size)
            return Content(path, headers=HEADERS, media_type=BINARY, stat_result=found)

        return await run_in_threadpool(look)

    async def offer(request: Request, sha256: str) -> Response:
        """How much of a content is still wanted; a withdrawn device leaves what it did not send."""
        await run_in_threadpool(
            who_asks, request, revoked_too=True
        )  # a stranger hears of nothing else
        size = _number(request, LENGTH)

        def look(there: Organisation, asking: Principal) -> object:
            return there.blobs.offer(asking, sha256, size)

        return await act(request, look, revoked_too=True)

    async def add(request: Request, sha256: str) -> Response:
        """A piece of a content."""
        await run_in_threadpool(who_asks, request, revoked_too=True)  # before megabytes are read
        size, offset = _number(request, LENGTH), _number(request, OFFSET)
        content = await body_of(request, CHUNK)

        def take(there: Organisation, asking: Principal) -> object:
            return there.blobs.add(asking, sha256, offset, size, content)

        return await act(request, take, revoked_too=True)

    app.head(PATH)(known)
    app.get(PATH)(fetch)
    app.put(PATH)(offer)
    app.patch(PATH)(add)


def _number(request: Request, name: str) -> int:
    text = request.headers.get(name, "")
    if not text.isascii() or not text.isdigit() or len(text) > len(str(1 << 62)):
        raise Refused("request.malformed", tr_noop("A header says no number."))
    return int(text)


def _check_range(request: Request, size: int) -> None:
    """Refuse a range that is not one, or begins behind the end: whoever answers files would say so
    in words of his own."""
    text = request.headers.get("range")
    if text is None:
        return
    found = _RANGE.fullmatch(text)
    if found is None or int(found[1]) > int(found[2] or size) or int(found[1]) >= size:
        raise Refused("request.malformed", tr_noop("A header says no range of the file."))
