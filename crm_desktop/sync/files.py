"""Sending and fetching attached files: decides what to do next, and does nothing itself.

Beside push and pull, which never wait for it. Each piece that has arrived counts: a run may be cut
off anywhere, on either side, and the next one goes on from there. What keeps one file back (too
large, no room) keeps back no other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from crm_core.errors import CrmError, Refused, Unavailable, UserProblem
from crm_core.i18n import tr_noop
from crm_core.wire import BlobOffer
from crm_desktop.models.blobs import FileDamaged
from crm_desktop.models.file_queue import Job, Only
from crm_desktop.models.replica import Summary
from crm_desktop.sync import effects as do
from crm_desktop.sync.effects import Effect, Steps, ask
from crm_desktop.sync.failures import BadAnswer, TokenExpired

T = TypeVar("T")

FILES_MAX = 100_000
PIECES_MAX = 10_000
"""Far above what any file has; with them every run ends."""

TRIES_MAX = 2
"""A content that arrives wrong is sent or fetched once more from its beginning."""

ABOUT_ONE_FILE = "file."
"""Codes that begin so say something of one file; others, of this device or its server."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a file that was fetched, and how large the whole is."""

    content: bytes
    size: int


@dataclass(frozen=True, slots=True)
class NextFile(Effect["Job | None"]):
    """Look which file is next; `after_sending`: one was just sent; `only`: of those to be sent, or
    to be fetched."""

    after_sending: bool
    only: Only | None = None


@dataclass(frozen=True, slots=True)
class WantPinned(Effect[int]):
    """Ask for the files of pinned accounts."""


@dataclass(frozen=True, slots=True)
class OfferFile(Effect[BlobOffer]):
    """Ask the server what it wants of a file."""

    job: Job


@dataclass(frozen=True, slots=True)
class ReadPiece(Effect[bytes]):
    """Read a piece of a file that is here."""

    job: Job
    offset: int


@dataclass(frozen=True, slots=True)
class SendPiece(Effect[BlobOffer]):
    """Send a piece of a file."""

    job: Job
    offset: int
    content: bytes


@dataclass(frozen=True, slots=True)
class NoteSending(Effect[None]):
    """Write down how much of a file the server has."""

    job: Job
    done: int


@dataclass(frozen=True, slots=True)
class NoteSent(Effect[Summary]):
    """Write down that the server has a file."""

    job: Job


@dataclass(frozen=True, slots=True)
class LookFetched(Effect[int]):
    """Look how much of a file is here."""

    job: Job


@dataclass(frozen=True, slots=True)
class FetchPiece(Effect[Piece]):
    """Fetch a piece of a file."""

    job: Job
    offset: int


@dataclass(frozen=True, slots=True)
class KeepPiece(Effect[int]):
    """Write a piece of a file."""

    job: Job
    offset: int
    piece: Piece


@dataclass(frozen=True, slots=True)
class FinishFile(Effect[Summary]):
    """Check a file that was fetched, and put it in its place."""

    job: Job


@dataclass(frozen=True, slots=True)
class NoteFailed(Effect[Summary]):
    """Write down why a file waits."""

    job: Job
    problem: Refused


@dataclass(frozen=True, slots=True)
class Transferred:
    """How a run ended: files sent, fetched and held up; and what ended it early, if anything."""

    sent: int = 0
    fetched: int = 0
    failed: int = 0
    failure: CrmError | None = None


class _Held(Exception):  # caught a few lines below
    """One file cannot go on; the others do."""

    def __init__(self, problem: Refused) -> None:
        super().__init__(problem.code)
        self.problem = problem


def transfer(job: Job | None = None, only: Only | None = None) -> Steps[Transferred]:
    """Send and fetch until nothing is left to be done now; or only one `job`."""
    sent = fetched = failed = 0
    after_sending = False
    alone = job is not None
    try:
        if not alone and only is None:
            yield from ask(WantPinned())
        for _ in range(1 if alone else FILES_MAX):
            if not alone:
                job = yield from ask(NextFile(after_sending, only))
            if job is None:
                break
            after_sending = job.is_sending
            try:
                yield from _send(job) if job.is_sending else _fetch(job)
            except _Held as held:
                failed += 1
                yield from ask(NoteFailed(job, held.problem))
            else:
                sent += job.is_sending
                fetched += not job.is_sending
    except CrmError as failure:
        return Transferred(sent, fetched, failed, failure)
    return Transferred(sent, fetched, failed)


# Sending


def _send(job: Job) -> Steps[None]:
    for tries in range(1, TRIES_MAX + 1):
        try:
            yield from _send_pieces(job)
        except Refused as refusal:
            if refusal.code == "file.mismatch" and tries < TRIES_MAX:
                continue
            raise _about(refusal) from refusal
        break
    yield from ask(NoteSent(job))


def _send_pieces(job: Job) -> Steps[None]:
    offer = yield from _asked(OfferFile(job))
    for _ in range(PIECES_MAX):
        if offer.complete:
            return
        yield from ask(NoteSending(job, offer.offset))
        content = yield from _read(job, offer.offset)
        before, offer = offer, (yield from _asked(SendPiece(job, offer.offset, content)))
        if not offer.complete and offer.offset <= before.offset:
            raise BadAnswer(tr_noop("The server takes no further piece of a file."))
    raise BadAnswer(tr_noop("The server takes no further piece of a file."))


def _read(job: Job, offset: int) -> Steps[bytes]:
    try:
        return (yield from ask(ReadPiece(job, offset)))
    except UserProblem as problem:
        raise _Held(_said("file.damaged")) from problem
    except Unavailable as problem:
        raise _Held(_said("file.unreadable")) from problem


# Fetching


def _fetch(job: Job) -> Steps[None]:
    for _ in range(TRIES_MAX):
        try:
            yield from _fetch_pieces(job)
            yield from ask(FinishFile(job))
        except FileDamaged:  # what came is not the file; it was thrown away
            continue
        except Refused as refusal:
            raise _about(refusal) from refusal
        return
    raise _Held(_said("file.mismatch"))


def _fetch_pieces(job: Job) -> Steps[None]:
    offset = yield from ask(LookFetched(job))
    size = job.size if offset else -1
    for _ in range(PIECES_MAX):
        if offset == size:
            return
        piece = yield from _asked(FetchPiece(job, offset))
        size = piece.size
        if not piece.content and size:
            raise BadAnswer(tr_noop("The server sent no further piece of a file."))
        try:
            offset = yield from ask(KeepPiece(job, offset, piece))
        except Unavailable as problem:
            raise _Held(_said("file.no_space")) from problem
    raise BadAnswer(tr_noop("The server sent no further piece of a file."))


# Both ways


def _asked(effect: Effect[T]) -> Steps[T]:
    """Ask the server, once more where the token was too old."""
    try:
        return (yield from ask(effect))
    except TokenExpired:
        yield from ask(do.Refresh())
        return (yield from ask(effect))


def _about(refusal: Refused) -> Exception:
    """What holds up this file alone, or the refusal as it is."""
    return _Held(refusal) if refusal.code.startswith(ABOUT_ONE_FILE) else refusal


def _said(code: str) -> Refused:
    return Refused(code, tr_noop("The file cannot go on."))
