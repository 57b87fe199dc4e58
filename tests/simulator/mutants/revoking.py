"""A withdrawn device: its work is left with the server, all of it, before its key is destroyed."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import msgspec

from crm_desktop.models.outbox import Outbox, changesets_of
from crm_server.service import Service
from tests.simulator.mutants.mutant import Mutant
from tests.simulator.mutants.planting import patch


@contextmanager
def only_what_waits_is_left() -> Generator[None]:
    """A withdrawn device leaves its outbox, and not what lies refused, held or orphaned."""

    def outbox_alone(self: Outbox) -> bytes:
        with self._store.reader() as c:
            found = c.rows("SELECT n FROM changeset WHERE state = 'queued' ORDER BY n")
            return msgspec.json.encode([*changesets_of(c, [n for (n,) in found])])

    with patch.object(Outbox, "unsent", outbox_alone):
        yield


@contextmanager
def left_work_is_not_kept() -> Generator[None]:
    """The server says that it has taken what a withdrawn device left, and keeps nothing of it."""
    with patch.object(Service, "park", lambda *_: None):
        yield


MUTANTS = (
    Mutant("only the outbox is left", only_what_waits_is_left, 1),
    Mutant("what was left is not kept", left_work_is_not_kept, 1),
)
