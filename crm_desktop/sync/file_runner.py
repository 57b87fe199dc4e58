"""Drives the transfer of files over a real store and a real server."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any, Protocol

from crm_core.errors import Bug
from crm_core.files import CHUNK_BYTES_MAX, CHUNK_BYTES_MIN
from crm_core.i18n import tr_noop
from crm_core.wire import BlobOffer
from crm_desktop.models.file_queue import Job, Only
from crm_desktop.models.replica import Summary
from crm_desktop.sync import effects as do
from crm_desktop.sync import files
from crm_desktop.sync.effects import Effect, drive
from crm_desktop.sync.files import Piece, Transferred, transfer
from crm_desktop.sync.runner import Run, Runner, WriteLane, run_here
from crm_desktop.sync.streams import stopped

PIECE_SHORT_S = 2.0
PIECE_LONG_S = 8.0
"""A piece takes about so long: a cut line costs no more, and nobody takes it for dead."""


class FileStore(Protocol):
    """The files of a profile as the engine sees them (`models.file_queue.FileQueue`)."""

    def next(self, *, after_sending: bool, only: Only | None = None) -> Job | None:
        """What to do next."""
        ...

    def want_pinned(self) -> int:
        """Ask for the files of pinned accounts."""
        ...

    def piece(self, sha256: str, offset: int, length: int) -> bytes:
        """A piece of a content that is here."""
        ...

    def note_sending(self, sha256: str, done: int) -> None:
        """So much of a file is on the server."""
        ...

    def note_sent(self, sha256: str) -> Summary:
        """The server has a file."""
        ...

    def fetched(self, sha256: str) -> int:
        """How much of a file is here."""
        ...

    def keep(self, sha256: str, size: int, offset: int, content: bytes) -> int:
        """Keep a piece that was fetched."""
        ...

    def finish(self, sha256: str) -> Summary:
        """Check a file that was fetched."""
        ...

    def note_failed(self, sha256: str, code: str, params: Mapping[str, str]) -> Summary:
        """A file waits with a reason."""
        ...


class FileServer(Protocol):
    """A server with a signed-in user (`sync.file_calls.FileCalls`)."""

    def offer(self, sha256: str, size: int) -> BlobOffer:
        """What the server wants of a file."""
        ...

    def send(self, sha256: str, size: int, offset: int, content: bytes) -> BlobOffer:
        """Send a piece of a file."""
        ...

    def fetch(self, sha256: str, offset: int, length: int) -> Piece:
        """Fetch a piece of a file."""
        ...

    def refresh(self) -> None:
        """Get a new access token."""
        ...


class FileRunner:
    """Transfers the files of one store, one run at a time, on the thread that calls."""

    def __init__(
        self,
        store: FileStore,
        server: FileServer,
        *,
        write: WriteLane = run_here,
        announce: Callable[[Summary], None] | None = None,
        piece_bytes: int = CHUNK_BYTES_MIN,
    ) -> None:
        self._store = store
        self._server = server
        self._write = write
        self._announce = announce
        self._piece_bytes = piece_bytes
        self._is_fixed = piece_bytes < CHUNK_BYTES_MIN
        self._stopped = threading.Event()

    def stop(self) -> None:
        """End the run behind the piece that is under way (from any thread)."""
        self._stopped.set()

    def run(self, only: Only | None = None) -> Transferred:
        """Send and fetch, or `only` one of both, until nothing is left to be done now. Failures of
        the way come in the result; other ones raise."""
        self._stopped.clear()
        return drive(transfer(only=only), self.perform)

    def fetch_now(self, job: Job) -> Transferred:
        """Fetch one file, whatever else waits."""
        self._stopped.clear()
        return drive(transfer(job), self.perform)

    def perform(self, effect: Effect[Any]) -> Any:
        """Do what the engine asks; the outcome, or the error that it is to hear of."""
        if self._stopped.is_set() and isinstance(effect, _STOPPABLE):
            raise stopped()
        handler = _HANDLERS.get(type(effect))
        if handler is None:
            raise Bug(tr_noop("The engine asks for '{effect}'."), effect=type(effect).__name__)
        outcome = handler(self, effect)
        if isinstance(outcome, Summary) and self._announce is not None:
            self._announce(outcome)
        return outcome

    # Each of these performs one kind of effect.

    def next_file(self, effect: files.NextFile) -> Job | None:
        return self._store.next(after_sending=effect.after_sending, only=effect.only)

    def want_pinned(self, _effect: files.WantPinned) -> int:
        return self._write(self._store.want_pinned)

    def offer_file(self, effect: files.OfferFile) -> BlobOffer:
        return self._server.offer(effect.job.sha256, effect.job.size)

    def read_piece(self, effect: files.ReadPiece) -> bytes:
        return self._store.piece(effect.job.sha256, effect.offset, self._piece_bytes)

    def send_piece(self, effect: files.SendPiece) -> BlobOffer:
        job = effect.job
        return self._timed(
            lambda: self._server.send(job.sha256, job.size, effect.offset, effect.content)
        )

    def note_sending(self, effect: files.NoteSending) -> None:
        self._write(lambda: self._store.note_sending(effect.job.sha256, effect.done))

    def note_sent(self, effect: files.NoteSent) -> Summary:
        return self._write(lambda: self._store.note_sent(effect.job.sha256))

    def look_fetched(self, effect: files.LookFetched) -> int:
        return self._store.fetched(effect.job.sha256)

    def fetch_piece(self, effect: files.FetchPiece) -> Piece:
        job = effect.job
        length = self._piece_bytes if job.size else 0
        return self._timed(lambda: self._server.fetch(job.sha256, effect.offset, length))

    def keep_piece(self, effect: files.KeepPiece) -> int:
        piece = effect.piece  # not in the write lane: nobody's save waits for it
        return self._store.keep(effect.job.sha256, piece.size, effect.offset, piece.content)

    def finish_file(self, effect: files.FinishFile) -> Summary:
        return self._store.finish(effect.job.sha256)

    def note_failed(self, effect: files.NoteFailed) -> Summary:
        problem = effect.problem
        params = {name: str(value) for name, value in problem.message.params.items()}
        return self._write(lambda: self._store.note_failed(effect.job.sha256, problem.code, params))

    def refresh(self, _effect: do.Refresh) -> None:
        self._server.refresh()

    def _timed(self, work: Callable[[], Any]) -> Any:
        """Do it, and make the next piece larger or smaller by how long it took."""
        started_s = time.monotonic()
        outcome = work()
        taken_s = time.monotonic() - started_s
        if self._is_fixed:
            return outcome
        if taken_s < PIECE_SHORT_S:
            self._piece_bytes = min(self._piece_bytes * 2, CHUNK_BYTES_MAX)
        elif taken_s > PIECE_LONG_S:
            self._piece_bytes = max(self._piece_bytes // 2, CHUNK_BYTES_MIN)
        return outcome


def with_files(runner: Runner, transfers: FileRunner) -> Run:
    """One synchronisation of records and files: what waits for a file goes out behind it. What
    keeps files back is the run's failure where nothing else was."""
    run = runner.run()
    if run.failure is not None or run.withdrawn:
        return run
    done = transfers.run()
    if done.sent:
        run = _joined(run, runner.run())
    failure = run.failure or done.failure
    return run if run.failure is failure else replace(run, failure=failure)


def _joined(first: Run, then: Run) -> Run:
    """Two runs as one: what each produced together, and how things stand after the second."""
    one, other = asdict(first.report), asdict(then.report)
    counts = {
        name: other[name] if isinstance(other[name], bool) else round(one[name] + other[name], 3)
        for name in one
    }
    return replace(
        then, report=replace(then.report, **counts), summary=first.summary | then.summary
    )


_STOPPABLE = (files.NextFile, files.OfferFile, files.SendPiece, files.FetchPiece)

_HANDLERS: Mapping[type[Effect[Any]], Callable[[FileRunner, Any], Any]] = {
    files.NextFile: FileRunner.next_file,
    files.WantPinned: FileRunner.want_pinned,
    files.OfferFile: FileRunner.offer_file,
    files.ReadPiece: FileRunner.read_piece,
    files.SendPiece: FileRunner.send_piece,
    files.NoteSending: FileRunner.note_sending,
    files.NoteSent: FileRunner.note_sent,
    files.LookFetched: FileRunner.look_fetched,
    files.FetchPiece: FileRunner.fetch_piece,
    files.KeepPiece: FileRunner.keep_piece,
    files.FinishFile: FileRunner.finish_file,
    files.NoteFailed: FileRunner.note_failed,
    do.Refresh: FileRunner.refresh,
}
