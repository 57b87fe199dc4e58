"""Attached files: their order, their pieces, and what keeps them."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from crm_desktop.models import file_states
from crm_desktop.models.blobs import Blobs
from crm_desktop.models.file_queue import FileQueue
from crm_desktop.sync import files
from crm_server import blobs as server_blobs
from tests.simulator.mutants.mutant import Mutant
from tests.simulator.test_file_seeds import play


@contextmanager
def record_before_its_file() -> Generator[None]:
    """A record goes out although the server has not got its file."""
    with patch("crm_desktop.models.journal.blocking.unsent", lambda _c: frozenset[str]()):
        yield


@contextmanager
def begun_is_sent() -> Generator[None]:
    """A file of which a piece has arrived counts as sent."""
    note = FileQueue.note_sending

    def hasty(self: FileQueue, sha256: str, done: int) -> None:
        note(self, sha256, done)
        if done:
            self.note_sent(sha256)

    with patch.object(FileQueue, "note_sending", hasty):
        yield


@contextmanager
def restore_forgets_files() -> Generator[None]:
    """After a restore of the server records are offered again, their files are not."""
    with patch.object(file_states, "send_again", lambda *_: None):
        yield


@contextmanager
def tidy_forgets_work() -> Generator[None]:
    """What only a step that waits names counts as unneeded."""
    with patch.object(file_states, "_IN_WORK", "0"):
        yield


@contextmanager
def assembled_unchecked() -> Generator[None]:
    """The server takes what has the right size."""

    def trusting(self: Any, part: Path, sha256: str, _size: int) -> None:
        target = self.path(sha256)
        target.parent.mkdir(parents=True, exist_ok=True)
        part.replace(target)

    with patch.object(server_blobs.Blobs, "_finish", trusting):
        yield


@contextmanager
def one_holds_up_all() -> Generator[None]:
    """A file that the server does not take ends the run, and the next one begins with it again."""
    with patch.object(files, "_about", lambda refusal: refusal):
        yield


@contextmanager
def placed_behind_the_commit() -> Generator[None]:
    """A file's record is written, and its content is put in its place when there is time."""
    place = Blobs.place
    later: list[Callable[[], None]] = []

    def lazy(self: Blobs, taken: Any) -> None:
        while later:
            later.pop()()
        kept = taken.path.with_name(f"{taken.path.name}.later")
        kept.write_bytes(taken.path.read_bytes())
        moved = type(taken)(taken.sha256, taken.size, kept)
        later.append(lambda: place(self, moved) if kept.exists() else None)

    with patch.object(Blobs, "place", lazy):
        yield


@contextmanager
def any_refusal_is_done() -> Generator[None]:
    """A file that the server refuses counts as sent."""

    def note(self: FileQueue, sha256: str, _code: str, _params: Any) -> Any:
        return self.note_sent(sha256)

    with patch.object(FileQueue, "note_failed", note):
        yield


@contextmanager
def read_by_its_sender_alone() -> Generator[None]:
    """A file is given to nobody but who sent it."""

    def mean(self: Any, tx: Any, who: Any, sha256: str) -> bool:
        return self._holds(tx, who.user, sha256)

    with patch.object(server_blobs.Blobs, "_may_read", mean):
        yield


SEARCHED = 3
"""The seed that caught it, and a few behind it should it tell another story by now."""

MUTANTS = tuple(
    Mutant(name, plant, invariant, play, one_of=[{"seed": seed + n} for n in range(SEARCHED)])
    for name, plant, invariant, seed in (
        ("record before its file", record_before_its_file, 10, 3),
        ("a file begun counts as sent", begun_is_sent, 10, 8),
        ("files not offered again after a restore", restore_forgets_files, 10, 30),
        ("tidying forgets work", tidy_forgets_work, 11, 1),
        ("the server checks no file", assembled_unchecked, 10, 5),
        ("one refused file holds up all", one_holds_up_all, 11, 11),
        ("a content placed behind its record", placed_behind_the_commit, 1, 1),
        ("a refused file counts as sent", any_refusal_is_done, 10, 11),
        ("a file is read by its sender alone", read_by_its_sender_alone, 4, 1),
    )
)
