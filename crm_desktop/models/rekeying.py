"""A new key for an encrypted file that lies there, and for the contents of attached files.

The file is written anew in place, in one transaction of SQLCipher's own: whenever it is cut short,
either the former key opens it or the new one. While that goes on nobody else has the file open:
another process would go on under a key that is none any more.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, cast

from crm_core.errors import Unavailable
from crm_core.i18n import tr_noop
from crm_desktop.models import file_states
from crm_desktop.models.blobs import FRAME_BYTES, Blobs, FileDamaged
from crm_desktop.models.connection import Connection, WrongKeyOrDamaged

WAIT_MS = 1_000
"""So long is waited for a process that is just closing the file."""


def opens(file: Path, key: bytes) -> bool:
    """Whether a key opens a file. Raises Unavailable."""
    try:
        connection = Connection(file, key)
    except WrongKeyOrDamaged:
        return False
    try:
        connection.value("SELECT count(*) FROM sqlite_master")
    except WrongKeyOrDamaged:
        return False
    finally:
        connection.close()
    return True


@contextmanager
def alone(file: Path, key: bytes) -> Generator[Connection]:
    """The file for this process alone. Raises Unavailable where another one has it open."""
    connection = Connection(file, key)
    try:
        connection.run(f"PRAGMA busy_timeout={WAIT_MS}")
        connection.value("PRAGMA locking_mode=EXCLUSIVE")
        try:
            # SQLite leaves its write-ahead log only where nobody else is connected.
            left = connection.value("PRAGMA journal_mode=DELETE") == "delete"
        except Unavailable:
            left = False
        if not left:
            raise Unavailable(
                tr_noop(
                    "Another window or command has this profile open; close it and try again. "
                    "Nothing was changed."
                )
            )
        yield connection
    finally:
        connection.close()


def change_key(connection: Connection, key: bytes) -> None:
    """Write the file that a connection has for itself anew under another key."""
    connection.value(f"PRAGMA rekey=\"x'{key.hex()}'\"")
    connection.value("SELECT count(*) FROM sqlite_master")


def change_contents(file: Path, folder: Path, former: bytes, key: bytes) -> None:
    """Seal the contents of the attached files that a database (under the new key) knows under that
    key too. Cut short, it goes on where it was; a content that is damaged stays as it is."""
    old, new = Blobs(folder, former), Blobs(folder, key)
    connection = Connection(file, key)
    try:
        known = file_states.known(connection)
    finally:
        connection.close()
    for sha256 in known:
        if old.has(sha256) and not new.has(sha256):
            with suppress(FileDamaged):
                _seal_anew(old, new, sha256)
        if new.has(sha256) or not old.has(sha256):
            old.remove(sha256)  # what was fetched in part only is fetched anew


def _seal_anew(old: Blobs, new: Blobs, sha256: str) -> None:
    size = old.size(sha256)
    taken = new.take(cast("IO[bytes]", _Content(old, sha256)), size + 1, _too_large)
    if taken.sha256 == sha256:
        new.place(taken)
    else:
        new.drop(taken)


def _too_large() -> Exception:
    return Unavailable(tr_noop("The file is too large to be shown here."))


class _Content:
    """A content as a stream."""

    def __init__(self, blobs: Blobs, sha256: str) -> None:
        self._blobs = blobs
        self._sha256 = sha256
        self._at = 0

    def read(self, length: int = FRAME_BYTES) -> bytes:
        """The next piece; empty at the end."""
        if self._at >= self._blobs.size(self._sha256):
            return b""
        piece = self._blobs.read_at(self._sha256, self._at, length)
        self._at += len(piece)
        return piece
