"""The requests by which files travel (sync.md §2.9): offered, sent piece by piece, fetched by
range."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Protocol

from crm_core.i18n import tr_noop
from crm_core.wire import BlobOffer
from crm_desktop.sync.failures import BadAnswer
from crm_desktop.sync.files import Piece
from crm_desktop.sync.session import decode_answer

PATH_BLOBS = "/blobs"
_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})\Z")


class Signed(Protocol):
    """A session that asks in its user's name (`sync.session.Session`)."""

    def exchange(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str]
    ) -> tuple[bytes, Mapping[str, str]]:
        """The body of an answer, and its headers."""
        ...

    def refresh(self) -> None:
        """Get a new access token."""
        ...


class FileCalls:
    """Files at one server; implements `file_runner.FileServer`."""

    def __init__(self, session: Signed) -> None:
        self._session = session

    def offer(self, sha256: str, size: int) -> BlobOffer:
        """What the server wants of a file."""
        body, _ = self._session.exchange(
            "PUT", f"{PATH_BLOBS}/{sha256}", b"", {"Upload-Length": str(size)}
        )
        return _checked(decode_answer(body, BlobOffer), size)

    def send(self, sha256: str, size: int, offset: int, content: bytes) -> BlobOffer:
        """Send a piece of a file."""
        headers = {
            "Upload-Length": str(size), "Upload-Offset": str(offset),
            "Content-Type": "application/octet-stream",
        }  # fmt: skip
        body, _ = self._session.exchange("PATCH", f"{PATH_BLOBS}/{sha256}", content, headers)
        return _checked(decode_answer(body, BlobOffer), size)

    def fetch(self, sha256: str, offset: int, length: int) -> Piece:
        """Fetch a piece of a file; an empty file has none, and comes whole."""
        wanted = {"Range": f"bytes={offset}-{offset + length - 1}"} if length else {}
        body, headers = self._session.exchange("GET", f"{PATH_BLOBS}/{sha256}", b"", wanted)
        told = headers.get("Content-Range", "")
        if not told:
            if offset:
                raise _unasked()
            return Piece(body, len(body))
        found = _RANGE.match(told)
        if found is None or int(found[1]) != offset or len(body) != int(found[2]) - offset + 1:
            raise _unasked()
        return Piece(body, int(found[3]))

    def refresh(self) -> None:
        """Get a new access token."""
        self._session.refresh()


def _checked(offer: BlobOffer, size: int) -> BlobOffer:
    if not 0 <= offer.offset <= size or (offer.complete and offer.offset != size):
        raise _unasked()
    return offer


def _unasked() -> BadAnswer:
    return BadAnswer(tr_noop("The server answered something that was not asked."))
