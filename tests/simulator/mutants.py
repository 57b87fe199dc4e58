"""Bugs planted in the code that ships, to see that the simulator notices.

`python -m tests.simulator.mutants` searches for each the first seed that catches it.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from crm_core.changes import ChangeSet
from crm_core.errors import CrmError, Refused
from crm_core.wire import ChangeSetResult, End, PullItem
from crm_desktop.models.journal import leaving
from crm_desktop.models.journal.received import Receipt
from crm_desktop.models.outbox import Outbox
from crm_desktop.models.replica import Verdict
from crm_desktop.sync import failures
from crm_server.pull import Puller
from crm_server.push import Pusher
from crm_server.service import Principal, Service
from tests.simulator.invariants import Violation
from tests.simulator.world import World

Plant = Callable[[], Any]


@dataclass(frozen=True)
class Mutant:
    """A bug, and the seed and invariant (sync.md §3) that caught it."""

    name: str
    plant: Plant
    seed: int
    invariant: int


@contextmanager
def own_device_exemption() -> Generator[None]:
    """The feed leaves out what the asking device wrote itself ("it has that already")."""
    asking: list[str] = []
    pull, pages = Service._pull, Puller._pages

    def remember(self: Service, who: Principal, request: Any) -> Any:
        asking[:] = [who.device]
        return pull(self, who, request)

    def without_own(self: Puller, rows: list[Any], *rest: Any) -> Any:
        own = {
            record_id
            for (record_id,) in self._tx.rows(
                "SELECT id FROM record WHERE device = ? AND id = ANY(?)",
                (asking[0], [row[1] for row in rows]),
            )
        }
        return pages(self, [row for row in rows if row[1] not in own], *rest)

    with patch.object(Service, "_pull", remember), patch.object(Puller, "_pages", without_own):
        yield


@contextmanager
def cursor_before_rows() -> Generator[None]:
    """The cursor is committed first, the rows in a transaction of their own."""
    finish = Outbox.finish

    def hasty(self: Outbox, items: Sequence[PullItem], end: End) -> Verdict:
        with self._store.writing() as c:
            c.run("UPDATE sync_state SET cursor = ?, pull_open = 0", (end.hi,))
        return finish(self, items, end)

    with patch.object(Outbox, "finish", hasty):
        yield


@contextmanager
def no_retry_key() -> Generator[None]:
    """The server does not look whether it has seen a changeset before."""
    take = Pusher.take

    def forgetful(self: Pusher, changeset: ChangeSet) -> ChangeSetResult:
        known = self.known.pop(changeset.id, None)
        result = take(self, changeset)
        if known is not None:
            self.applied = [one for one in self.applied if one[0].id != changeset.id]
        return result

    with patch.object(Pusher, "take", forgetful):
        yield


@contextmanager
def left_as_delete() -> Generator[None]:
    """What leaves the user's sight is removed, and his unsent work on it with it."""

    def purge(receipt: Receipt, records: Sequence[tuple[str, bytes]]) -> None:
        for kind, key in records:
            receipt.c.run(
                "DELETE FROM changeset WHERE state IN ('queued', 'sent') AND n IN"
                " (SELECT cs FROM op WHERE kind = ? AND id = ?)",
                (kind, key),
            )

    with patch.object(leaving, "_orphan", purge):
        yield


@contextmanager
def forbidden_as_rejection() -> Generator[None]:
    """A 403 is taken for a verdict on the data that was sent."""

    def verdict(code: str, params: Mapping[str, str]) -> CrmError:
        del code, params
        return Refused("changeset.too_large", "refused")

    with patch.object(failures, "_forbidden", verdict):
        yield


MUTANTS = (
    Mutant("own-device exemption", own_device_exemption, 1, 5),
    Mutant("cursor before rows", cursor_before_rows, 46, 5),
    Mutant("no retry key", no_retry_key, 7, 3),
    Mutant("left as delete", left_as_delete, 1, 1),
    Mutant("403 as rejection", forbidden_as_rejection, 1, 3),
)


def caught_by(mutant: Mutant, seed: int) -> Violation | None:
    """The violation that a seed finds with the bug planted."""
    with mutant.plant():
        try:
            World(seed).run()
        except Violation as violation:
            return violation
    return None


def main() -> int:
    """Search; prints name, seed and invariant of each mutant."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=300)
    seeds = parser.parse_args().seeds
    missed = 0
    for mutant in MUTANTS:
        found = next(((n, v) for n in range(1, seeds + 1) if (v := caught_by(mutant, n))), None)
        missed += found is None
        print(f"{mutant.name}: " + (f"seed {found[0]}, {found[1]}" if found else "NOT CAUGHT"))
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
