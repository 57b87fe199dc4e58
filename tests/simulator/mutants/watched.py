"""What the watchers of keys, history, conflicts and laptops are there for."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from crm_core.entity import Entity
from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_core.wire import PushResponse
from crm_desktop.models.journal import leaving, settling
from crm_desktop.models.journal.received import Receipt
from crm_desktop.models.replica import Settled
from crm_server.conflicts import Conflicts
from crm_server.rows import By, Row
from crm_server.work import Work
from tests.models import test_freed_by_leaving, test_verdicts
from tests.server import test_merging
from tests.simulator.mutants.mutant import Mutant
from tests.simulator.mutants.planting import patch


@contextmanager
def conflict_settled_by_nobody() -> Generator[None]:
    """A second value that loses closes the conflict in which the first one lies."""
    park = Conflicts.park

    def closing(self: Conflicts, record: Any, field: str, *rest: Any, **more: Any) -> RecordId:
        before = self.open_at(record[1], field)
        made = park(self, record, field, *rest, **more)
        if before is not None:
            self.resolve(before, *rest[2:])
        return made

    with patch.object(Conflicts, "park", closing):
        yield


@contextmanager
def number_given_twice() -> Generator[None]:
    """The next number of a kind is not written down."""

    def same(self: Work, entity: Entity) -> str:
        return f"{entity.number_prefix}-{self.now[:4]}-{1:06d}"

    with patch.object(Work, "issue_number", same):
        yield


@contextmanager
def key_kept_by_the_deleted() -> Generator[None]:
    """A deleted record goes on holding its unique value."""
    claim = Work._claim

    def grasping(self: Work, key: tuple[str, str, str], holder: RecordId | None) -> None:
        if holder is not None:
            claim(self, key, holder)

    with patch.object(Work, "_claim", grasping):
        yield


@contextmanager
def history_tells_the_half() -> Generator[None]:
    """Of several fields that were written at once, history tells the first."""
    log = Work._log

    def terse(self: Work, row: Row, old: Row | None, changed: Mapping[str, Value], by: By) -> None:
        told = {**changed} if old is None else dict([*changed.items()][:1])
        log(self, row, old, told, by)

    with patch.object(Work, "_log", terse):
        yield


@contextmanager
def refused_part_forgotten() -> Generator[None]:
    """What was refused of a step is forgotten when the rest of it is confirmed."""
    confirm = settling.confirm

    def content(receipt: Receipt, hi: int) -> bool:
        done = confirm(receipt, hi)
        receipt.c.run(
            "UPDATE op SET refused = NULL WHERE cs IN"
            " (SELECT n FROM changeset WHERE state = 'confirmed')"
        )
        return done

    with patch.object(settling, "confirm", content):
        yield


@contextmanager
def refused_values_emptied() -> Generator[None]:
    """A refused step stays in the inbox, and what was typed in it does not."""
    settle = settling.settle

    def content(receipt: Receipt, answer: PushResponse) -> Settled:
        done = settle(receipt, answer)
        receipt.c.run(
            "UPDATE op SET new = '{}' WHERE cs IN"
            " (SELECT n FROM changeset WHERE state = 'rejected') AND op <> 'insert'"
        )
        return done

    with patch.object(settling, "settle", content):
        yield


@contextmanager
def blocked_by_an_orphan() -> Generator[None]:
    """What waited for a refused step goes on waiting when that lies with the orphans."""
    with patch.object(leaving, "blocking", SimpleNamespace(refresh=lambda _c: False)):
        yield


MUTANTS = (
    Mutant(
        "conflict settled by nobody", conflict_settled_by_nobody, 1,
        test_merging.test_a_third_authors_value_joins_the_conflict,
    ),
    Mutant("number given twice", number_given_twice, 10),
    Mutant("unique key kept by the deleted", key_kept_by_the_deleted, 10),
    Mutant("history tells the half", history_tells_the_half, 2),
    Mutant(
        "refused part forgotten", refused_part_forgotten, 1,
        test_verdicts.test_a_refused_field_parks_alone_and_keeps_its_value_in_sight,
    ),
    Mutant("refused values emptied", refused_values_emptied, 1),
    Mutant(
        "blocked by an orphan", blocked_by_an_orphan, 11,
        test_freed_by_leaving.test_a_later_edit_waits_no_longer_for_a_step_of_which_a_record_left,
    ),
)  # fmt: skip
