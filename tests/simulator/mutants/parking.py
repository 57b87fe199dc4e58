"""Parking places: what left, what was refused, what a restored server lost."""

from __future__ import annotations

import datetime as dt
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any

from crm_core.ids import RecordId
from crm_core.wire import PushResponse
from crm_desktop.models.connection import Connection
from crm_desktop.models.journal import leaving, reconcile, rows, settling
from crm_desktop.models.journal.received import Receipt
from crm_desktop.models.replica import Settled
from crm_desktop.models.sql import blob
from tests.models import test_pull
from tests.simulator.mutants.mutant import Mutant, forget
from tests.simulator.mutants.planting import patch


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
def left_is_not_hidden() -> Generator[None]:
    """What left the user's sight stays readable."""
    with patch.object(rows, "hide", lambda *_: None):
        yield


@contextmanager
def orphan_erased() -> Generator[None]:
    """Orphaned work is erased with the rows that left."""
    erase = leaving.erase_hidden

    def thorough(c: Connection, now: dt.datetime, *, agreed: bool = False) -> int:
        forget(c, "state = 'orphaned'")
        return erase(c, now, agreed=agreed)

    with patch.object(leaving, "erase_hidden", thorough):
        yield


@contextmanager
def work_on_what_left_stays_queued() -> Generator[None]:
    """Work on what left is not orphaned: it stays in the outbox as if nothing had happened."""
    with patch.object(leaving, "_orphan", lambda *_: None):
        yield


@contextmanager
def rejected_forgotten() -> Generator[None]:
    """Refused work is dropped with its verdict."""
    settle = settling.settle

    def content(receipt: Receipt, answer: PushResponse) -> Settled:
        done = settle(receipt, answer)
        forget(receipt.c, "state = 'rejected'")
        return done

    with patch.object(settling, "settle", content):
        yield


@contextmanager
def rejected_discarded() -> Generator[None]:
    """Refused work counts as given up, though nobody said so."""
    settle = settling.settle

    def content(receipt: Receipt, answer: PushResponse) -> Settled:
        done = settle(receipt, answer)
        receipt.c.run("UPDATE changeset SET state = 'discarded' WHERE state = 'rejected'")
        return done

    with patch.object(settling, "settle", content):
        yield


@contextmanager
def blocked_for_ever() -> Generator[None]:
    """What waited for a refused record is not freed when that goes out again."""
    with patch("crm_desktop.models.journal.deciding.blocking.refresh", lambda _c: False):
        yield


@contextmanager
def journal_aged_by_the_clock() -> Generator[None]:
    """How old the journal is, the laptop's clock alone decides."""
    with patch.object(settling, "KEPT_WHATEVER_THEIR_AGE", 0):
        yield


@contextmanager
def epoch_ignored() -> Generator[None]:
    """The new epoch of a restored server is taken over without a look at one's own work."""
    with patch.object(reconcile, "begin", lambda *_: None):
        yield


@contextmanager
def nothing_offered_again() -> Generator[None]:
    """What a restored server lost is fetched anew, but own work is not offered again."""

    def forgetful(receipt: Receipt, hello: Any) -> None:
        del hello
        reconcile.start_over(receipt.c)
        receipt.reconciling = True

    with patch.object(reconcile, "begin", forgetful):
        yield


@contextmanager
def absence_is_deletion() -> Generator[None]:
    """A record that a restored server does not name is gone, and own work on it too."""
    aside = reconcile._put_aside

    def erase(receipt: Receipt, kind: str, record_id: RecordId, seq: int) -> None:
        receipt.c.run(
            "DELETE FROM changeset WHERE state IN ('queued', 'sent') AND n IN"
            " (SELECT cs FROM op WHERE kind = ? AND id = ?)",
            (kind, blob(record_id)),
        )
        aside(receipt, kind, record_id, seq)

    with patch.object(reconcile, "_put_aside", erase):
        yield


@contextmanager
def nothing_is_salvaged() -> Generator[None]:
    """What others wrote, and the server lost, is not kept."""
    with patch.object(reconcile, "salvage", lambda *_: None):
        yield


MUTANTS = (
    Mutant(
        "left as delete", left_as_delete, 1,
        test_pull.test_pending_work_on_what_left_is_orphaned_not_lost,
    ),
    Mutant("left stays readable", left_is_not_hidden, 9),
    Mutant("orphan erased", orphan_erased, 1),
    Mutant(
        "work on what left not orphaned", work_on_what_left_stays_queued, 1,
        test_pull.test_pending_work_on_what_left_is_orphaned_not_lost,
    ),
    Mutant("rejected work forgotten", rejected_forgotten, 1),
    Mutant("rejected work discarded by itself", rejected_discarded, 1),
    Mutant("blocked for ever", blocked_for_ever, 11),
    Mutant("journal aged by the laptop's clock", journal_aged_by_the_clock, 1),
    Mutant("epoch change ignored", epoch_ignored, 5),
    Mutant(
        "lost work not offered again", nothing_offered_again, 1,
        test_pull.test_a_restored_server_is_offered_again_what_it_lost,
    ),
    Mutant("absence is deletion", absence_is_deletion, 1),
    Mutant(
        "salvage forgotten", nothing_is_salvaged, 1,
        test_pull.test_what_others_wrote_and_the_server_lost_is_salvaged,
    ),
)  # fmt: skip
