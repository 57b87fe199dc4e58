"""Files on their way, as the engine sees them: what is next, pieces of contents, and what became of
each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum, auto

import msgspec

from crm_desktop.models import attaching, file_states
from crm_desktop.models.blobs import Blobs
from crm_desktop.models.file_states import FileRow, Transfers
from crm_desktop.models.journal import blocking
from crm_desktop.models.meta import set_meta
from crm_desktop.models.replica import Summary
from crm_desktop.models.store import Store

_MIB = 1024 * 1024
_MEBIBYTES = re.compile(r"[0-9]{1,9}")


class Only(Enum):
    """One of the two directions."""

    SEND = auto()
    FETCH = auto()


class Job(msgspec.Struct, frozen=True):
    """A file to be sent (`is_sending`) or fetched, and its size as far as it is known."""

    sha256: str
    size: int
    is_sending: bool


class FileQueue:
    """Implements the engine's `FileStore`; each method is one transaction, or only reads."""

    def __init__(self, store: Store, blobs: Blobs) -> None:
        self._store = store
        self._blobs = blobs

    def next(self, *, after_sending: bool, only: Only | None = None) -> Job | None:
        """What to do next: after a file was sent one that is to be fetched, if there is any, and
        the other way round; so neither waits for all of the other."""
        with self._store.reader() as c:
            now = self._store.clock()
            to_send = None if only is Only.FETCH else file_states.next_to_send(c, now)
            to_fetch = None if only is Only.SEND else file_states.next_to_fetch(c, now)
        sending, fetching = _job(to_send, is_sending=True), _job(to_fetch, is_sending=False)
        return (fetching or sending) if after_sending else (sending or fetching)

    def want_pinned(self) -> int:
        """Ask for the files of pinned accounts; how many were not asked for yet."""
        with self._store.reader() as c:
            if c.one("SELECT 1 FROM pinned LIMIT 1") is None:
                return 0
        with self._store.writing() as c:
            return file_states.want_pinned(c, self._store.now())

    def piece(self, sha256: str, offset: int, length: int) -> bytes:
        """A piece of a content that is here; raises NotFound, FileDamaged and Unavailable."""
        return self._blobs.read_at(sha256, offset, length)

    def note_sending(self, sha256: str, done: int) -> None:
        """So much of a file is on the server."""
        with self._store.writing_later() as c:
            file_states.note_sending(c, sha256, done)

    def note_sent(self, sha256: str) -> Summary:
        """The server has a file: what waited for it may go out."""
        with self._store.writing() as c:
            file_states.note_sent(c, sha256)
            freed = blocking.free_sent(c)
        return Summary(outbox_changed=freed)

    def fetched(self, sha256: str) -> int:
        """How much of a file that is being fetched is here."""
        return self._blobs.part_bytes(sha256)

    def keep(self, sha256: str, size: int, offset: int, content: bytes) -> int:
        """Keep a piece that was fetched; how much there is now. Raises Unavailable (disk full)."""
        reached = self._blobs.add_part(sha256, size, offset, content)
        with self._store.writing_later() as c:
            file_states.note_fetching(c, sha256, reached, size)
        return reached

    def finish(self, sha256: str) -> Summary:
        """A file was fetched to its end: check it and put it in its place. Raises FileDamaged."""
        if not self._blobs.has(sha256):
            self._blobs.finish_part(sha256)
        with self._store.writing() as c:
            file_states.note_here(c, sha256, self._store.now())
        return Summary()

    def note_failed(self, sha256: str, code: str, params: Mapping[str, str]) -> Summary:
        """A file waits with a reason. What the server says of its limit is told when attaching."""
        most = _MEBIBYTES.fullmatch(params.get("most", ""))
        with self._store.writing() as c:
            file_states.note_failed(c, sha256, code, params, self._store.clock())
            if code == "file.too_large" and most is not None:
                set_meta(c, attaching.META_BYTES_MAX, str(int(most[0]) * _MIB))
        return Summary()

    def note_lost(self, sha256: str) -> None:
        """What was thought to be here is damaged or gone."""
        with self._store.writing() as c:
            file_states.note_lost(c, sha256)

    def standing(self) -> Transfers:
        """How many files are on their way."""
        with self._store.reader() as c:
            return file_states.transfers(c, self._store.clock())

    def tidy(self) -> int:
        """Remove the contents that nothing needs any more."""
        return attaching.tidy(self._store, self._blobs, self._store.clock())


def _job(found: FileRow | None, *, is_sending: bool) -> Job | None:
    return Job(found.sha256, found.size, is_sending) if found is not None else None
