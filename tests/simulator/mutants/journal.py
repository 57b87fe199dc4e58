"""The journal: what comes from the server goes below one's own work, and never over it."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from crm_core.changes import Change, Op, Undo
from crm_core.wire import Deleted, WireRow
from crm_desktop.models.connection import Connection
from crm_desktop.models.journal import differing, local, rebase, received, rows
from crm_desktop.models.journal.differing import Held
from crm_desktop.models.journal.received import Receipt
from crm_desktop.models.journal.rows import Shadow
from crm_desktop.models.sql import Layout, blob
from tests.models import test_commit, test_pull, test_seen_by_author, test_undo
from tests.simulator.mutants.mutant import Mutant, without
from tests.simulator.mutants.planting import patch


@contextmanager
def page_over_own_work() -> Generator[None]:
    """A page from the server is written over what is not sent yet."""
    with patch.object(received, "_with_own_work", lambda *_: frozenset()):
        yield


@contextmanager
def sent_is_not_shown() -> Generator[None]:
    """What is under way is not laid on the row any more."""
    shown = tuple(state for state in rebase.UNSETTLED if state != "sent")
    with patch.object(rebase, "UNSETTLED", shown):
        yield


@contextmanager
def base_of_the_second_edit() -> Generator[None]:
    """An edit of a field edited before claims the version that lies below both of them."""
    with patch.object(local, "_earliest_base", lambda _c, _entity, _change, seq: seq):
        yield


@contextmanager
def base_of_all_below() -> Generator[None]:
    """Who ends a record claims the version that lies below what he has typed himself."""
    with patch.object(local, "_base_of_all", lambda _c, _change, seq: seq):
        yield


@contextmanager
def base_from_the_current_row() -> Generator[None]:
    """A version that comes below an unsent edit counts as seen by its author."""
    receive = received._receive_below_own_work

    def forging(receipt: Receipt, kind: str, key: bytes, row: WireRow) -> None:
        receive(receipt, kind, key, row)
        receipt.c.run(
            "UPDATE op SET base_seq = ? WHERE kind = ? AND id = ? AND op <> 'insert'"
            " AND cs IN (SELECT n FROM changeset WHERE state = 'queued')",
            (row.seq, kind, key),
        )

    with patch.object(received, "_receive_below_own_work", forging):
        yield


@contextmanager
def deletion_takes_own_work() -> Generator[None]:
    """What somebody else deleted goes, and what is not sent yet of it goes as well."""
    receive = received._delete_below_own_work

    def destroying(receipt: Receipt, kind: str, tombstone: Any, counted: int) -> None:
        receive(receipt, kind, tombstone, counted)
        receipt.c.run(
            "DELETE FROM changeset WHERE state IN ('queued', 'sent') AND n IN"
            " (SELECT cs FROM op WHERE kind = ? AND id = ?)",
            (kind, blob(tombstone.id)),
        )

    with patch.object(received, "_delete_below_own_work", destroying):
        yield


@contextmanager
def deletion_not_heard() -> Generator[None]:
    """A deletion is not received where own work lies on the record."""

    def deaf(receipt: Receipt, kind: str, tombstone: Any, counted: int) -> None:
        del receipt, kind, tombstone, counted

    with patch.object(received, "_delete_below_own_work", deaf):
        yield


@contextmanager
def deletion_not_uncounted() -> Generator[None]:
    """A deleted record stays in the digest."""
    receive = received.receive_deleted

    def counting(receipt: Receipt, deleted: Deleted) -> None:
        before = receipt.count, receipt.total
        receive(receipt, deleted)
        receipt.count, receipt.total = before

    with (
        patch.object(received, "receive_deleted", counting),
        patch("crm_desktop.models.outbox.receive_deleted", counting),
    ):
        yield


@contextmanager
def extra_roots_lost() -> Generator[None]:
    """A version below own work loses its other roots to the other rows of its page."""
    look, follow = differing.held, received._after_update
    last: dict[str, dict[bytes, Held]] = {}

    def remember(c: Connection, kind: str, ids: Sequence[bytes]) -> dict[bytes, Held]:
        last[kind] = look(c, kind, ids)
        return last[kind]

    def of_all(c: Connection, kind: str, replaced: Sequence[Held]) -> None:
        del replaced
        follow(c, kind, [*last[kind].values()])

    with (
        patch.object(differing, "held", remember),
        patch.object(received, "_after_update", of_all),
    ):
        yield


@contextmanager
def shadow_not_dropped() -> Generator[None]:
    """The version kept aside stays when the row is the server's again."""
    with without(Connection, "many", "DELETE FROM shadow WHERE kind = ? AND id = ?"):
        yield


@contextmanager
def shadow_not_renewed() -> Generator[None]:
    """Of a newer version below own work only the number is kept, not what it says."""
    receive = received._receive_below_own_work

    def superficial(receipt: Receipt, kind: str, key: bytes, row: WireRow) -> None:
        before = rows.shadow_of(receipt.c, kind, row.id)
        receive(receipt, kind, key, row)
        if before is not None and before.body is not None:
            rows.set_shadow(receipt.c, kind, row.id, Shadow(row.seq, False, before.body))

    with patch.object(received, "_receive_below_own_work", superficial):
        yield


@contextmanager
def late_answer_wins() -> Generator[None]:
    """A version that comes late is written over a newer one."""
    with patch.object(received, "_is_stale", lambda *_: False):
        yield


@contextmanager
def quarantine_halts() -> Generator[None]:
    """A row that cannot be taken breaks the pull off."""
    with patch.object(received, "POISON", ()):
        yield


@contextmanager
def unknown_fields_dropped() -> Generator[None]:
    """A field of a newer server is not kept."""
    stored = Layout.stored

    def narrow(self: Layout, body: Any) -> Any:
        columns, _ = stored(self, body)
        return columns, None

    with patch.object(Layout, "stored", narrow):
        yield


@contextmanager
def undo_over_a_newer_edit() -> Generator[None]:
    """Undo sets a field back although a colleague changed it since."""
    undo = import_module("crm_desktop.models.journal.undo")  # its package has a function `undo`
    judge = undo.inverse

    def ruthless(change: Change, current: Any, deleted: bool, seq: int) -> Undo:
        if change.op is not Op.SET or current is None:
            return judge(change, current, deleted, seq)
        new = {name: change.old.get(name) for name in change.new}
        old = {name: current.get(name) for name in change.new}
        return Undo((Change(change.kind, change.id, Op.SET, new, old, seq),))

    with patch.object(undo, "inverse", ruthless):
        yield


MUTANTS = (
    Mutant("page over own work", page_over_own_work, 7),
    Mutant("sent work not shown", sent_is_not_shown, 7),
    Mutant("base taken from the current row", base_from_the_current_row, 2),
    Mutant(
        "second edit forgets the first one's base", base_of_the_second_edit, 2,
        test_commit.test_a_second_edit_keeps_the_base_of_the_first,
    ),
    Mutant(
        "ended over what own work covers", base_of_all_below, 2,
        test_seen_by_author.test_who_made_a_record_has_not_seen_what_lies_below_his_insert,
    ),
    Mutant("deletion takes own work", deletion_takes_own_work, 1),
    Mutant("deletion below own work not heard", deletion_not_heard, 5),
    Mutant("deletion stays in the digest", deletion_not_uncounted, 5),
    Mutant(
        "extra roots lost on a page", extra_roots_lost, 5,
        test_pull.test_a_version_below_own_work_keeps_its_other_roots_beside_others_of_its_page,
    ),
    Mutant("shadow not dropped", shadow_not_dropped, 5),
    Mutant("shadow not renewed", shadow_not_renewed, 4),
    Mutant(
        "late answer wins", late_answer_wins, 7,
        test_pull.test_a_late_older_version_changes_nothing,
    ),
    Mutant(
        "quarantine halting the pull", quarantine_halts, 11,
        test_pull.test_a_poisoned_version_leaves_the_older_one_readable,
    ),
    Mutant(
        "unknown fields dropped", unknown_fields_dropped, 4,
        test_commit.test_unknown_fields_of_a_newer_server_survive_an_edit,
    ),
    Mutant(
        "undo over a newer edit", undo_over_a_newer_edit, 2,
        test_undo.test_undo_leaves_what_a_colleague_changed_since_and_says_so,
    ),
)  # fmt: skip
