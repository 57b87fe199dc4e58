"""The verdict: rights, references, unique keys, deletions, conflicts."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import msgspec
from msgspec import structs

from crm_core.changes import Change, ChangeSet
from crm_core.entity import Entity
from crm_core.fields import Value
from crm_core.merge import FieldResult, Result
from crm_server import conflicts
from crm_server.conflicts import Conflicts
from crm_server.judge import Judge, Judged
from crm_server.knowing import Knowing
from crm_server.merging import Merging
from crm_server.resolution import Resolver
from crm_server.rows import Row
from crm_server.taking import Taking
from crm_server.work import Work
from tests.server import (
    test_deleting,
    test_deleting_over_children,
    test_joining,
    test_merging,
    test_refusing,
)
from tests.simulator.mutants.mutant import Mutant
from tests.simulator.mutants.planting import patch


@contextmanager
def device_clock_judges() -> Generator[None]:
    """Whoever says that he wrote later has seen what stands."""
    edit = Taking._edit

    def by_the_clock(self: Taking, index: int, entity: Entity, change: Change, row: Row) -> None:
        if self.changeset.at >= str(row.values.get("updated_at") or ""):
            change = msgspec.structs.replace(change, base_seq=row.seq)
        edit(self, index, entity, change, row)

    with patch.object(Taking, "_edit", by_the_clock):
        yield


@contextmanager
def versions_of_fields_not_kept() -> Generator[None]:
    """A field that was written keeps the version number of its former value."""
    put = Work.put

    def forgetful(self: Work, entity: Entity, record_id: Any, *rest: Any, **more: Any) -> Row:
        old = self.row(entity.kind, record_id)
        row = put(self, entity, record_id, *rest, **more)
        if old is not None:
            row = structs.replace(row, fv=old.fv)
            self.set(self.rows, (entity.kind, record_id), row)
        return row

    with patch.object(Work, "put", forgetful):
        yield


@contextmanager
def delete_over_an_unseen_edit() -> Generator[None]:
    """A record goes although somebody changed it after its deleter looked."""
    with patch.object(Knowing, "_untouched", lambda *_: True):
        yield


@contextmanager
def delete_over_an_unseen_child() -> Generator[None]:
    """A record goes although something hangs below it that its deleter never saw."""
    with patch.object(Knowing, "_children_known", lambda *_: True):
        yield


@contextmanager
def seen_is_what_came_since() -> Generator[None]:
    """What a device fetched before a deletion got through counts as seen by its author."""
    with patch.object(Knowing, "horizon", property(lambda self: self.author.pulled)):
        yield


@contextmanager
def children_known_by_their_birth() -> Generator[None]:
    """Only new records count as unseen, not those that were led below another, or brought back."""

    def born(self: Knowing, child: Row, *_: object) -> bool:
        return child.fv.get("*", 0) <= self.horizon or child.device == self.author.device

    with patch.object(Knowing, "_hung_by_himself", born):
        yield


@contextmanager
def unique_rejects_the_row() -> Generator[None]:
    """A taken number refuses the record that claims it."""
    fields = Judge.fields

    def strict(self: Judge, entity: Entity, row: Row | None, change: Change) -> Judged:
        judged = fields(self, entity, row, change)
        for spec, _, _ in judged.taken:
            judged.refused.append(FieldResult(spec.name, Result.REJECTED, "field.taken"))
        if judged.taken:
            judged.taken.clear()
            judged.change = msgspec.structs.replace(judged.change, new={})
        return judged

    with patch.object(Judge, "fields", strict):
        yield


@contextmanager
def unique_not_checked() -> Generator[None]:
    """Two records may have the same unique number."""
    with patch.object(Work, "taken_by", lambda *_: None):
        yield


@contextmanager
def rejected_cascade() -> Generator[None]:
    """What hangs below a refused record is refused itself, not held back."""
    refuse, unseen = Taking.refuse, Judge._unseen

    def always(self: Taking, index: int, code: str, **more: Any) -> None:
        refuse(self, index, code, **{**more, "result": Result.REJECTED})

    def never_blocked(self: Judge, *rest: Any) -> FieldResult | None:
        found = unseen(self, *rest)
        if found is None or found.result is not Result.BLOCKED:
            return found
        return FieldResult(found.name, Result.REJECTED, "reference.not_found")

    with patch.object(Taking, "refuse", always), patch.object(Judge, "_unseen", never_blocked):
        yield


@contextmanager
def parent_out_of_scope() -> Generator[None]:
    """A record may be hung below one that its author does not see."""
    with patch.object(Judge, "_unseen", lambda *_: None):
        yield


@contextmanager
def record_out_of_scope() -> Generator[None]:
    """What its author does not see, he may change nevertheless."""
    with patch.object(Judge, "sees_row", lambda *_: True):
        yield


@contextmanager
def author_believed() -> Generator[None]:
    """Who wrote is what the changeset says, not what the token proves."""
    begin = Taking.begin

    def credulous(self: Taking, changeset: ChangeSet) -> None:
        begin(self, changeset)
        self.by = self.by._replace(at=changeset.at)

    with patch.object(Taking, "begin", credulous):
        yield


@contextmanager
def second_value_not_parked() -> Generator[None]:
    """Where a conflict is open, a further value that loses is said to lie there, and does not."""
    park = Conflicts.park

    def full(self: Conflicts, record: Any, field: str, *rest: Any, **more: Any) -> Any:
        found = self.open_at(record[1], field)
        return found.id if found is not None else park(self, record, field, *rest, **more)

    with patch.object(Conflicts, "park", full):
        yield


@contextmanager
def one_value_parked() -> Generator[None]:
    """The next value that loses takes the place of the former one's."""

    def alone(_: Value, entry: dict[str, Value], *_how: object) -> list[Value]:
        return [entry]

    with patch.object(conflicts, "joined", alone):
        yield


@contextmanager
def late_passes_for_later() -> Generator[None]:
    """What goes out late passes for what its author said last."""
    with patch.object(conflicts, "_is_said_since", lambda *_: False):
        yield


@contextmanager
def conflict_not_told() -> Generator[None]:
    """A value that lost is parked nowhere and called applied."""
    report = Taking._report

    def silent(
        self: Taking, index: int, judged: Judged, merged: Any, row: Row, **more: Any
    ) -> None:
        kept = tuple(x for x in merged.results if x.result is not Result.CONFLICT)
        report(self, index, judged, msgspec.structs.replace(merged, results=kept), row, **more)

    with patch.object(Taking, "_report", silent):
        yield


@contextmanager
def second_decision_lost() -> Generator[None]:
    """Who settles a conflict second, and otherwise, is told that both stand; his does not."""
    with patch.object(Conflicts, "reopen", lambda *_: None):
        yield


@contextmanager
def said_behind_a_decision_lost() -> Generator[None]:
    """What was said to a question goes with a decision by somebody who had not heard of it."""
    with patch.object(Resolver, "_ask_of_unseen", lambda *_: None):
        yield


@contextmanager
def own_merge_is_own_work() -> Generator[None]:
    """What somebody's merge brought into a record unseen is his own where he deletes that."""
    with patch.object(Merging, "brought_into", lambda *_: set[tuple[str, str]]()):
        yield


MUTANTS = (
    Mutant("clock of the device judges", device_clock_judges, 2),
    Mutant("versions of fields not kept", versions_of_fields_not_kept, 2),
    Mutant("delete over an unseen edit", delete_over_an_unseen_edit, 2),
    Mutant(
        "late passes for later", late_passes_for_later, 1,
        test_deleting.test_what_waited_for_its_file_takes_no_place_of_what_was_said_since,
    ),
    Mutant(
        "delete over an unseen child", delete_over_an_unseen_child, 2,
        test_deleting.test_a_child_unknown_to_the_deleter_stops_the_whole_cascade,
    ),
    Mutant(
        "children judged by what was fetched since", seen_is_what_came_since, 2,
        test_deleting_over_children.test_a_child_that_came_after_the_deletion_was_made_stops_it,
    ),
    Mutant(
        "children known by their birth", children_known_by_their_birth, 2,
        test_deleting_over_children
        .test_a_known_record_that_was_led_below_it_since_stops_a_deletion,
    ),
    Mutant(
        "unique key rejecting the row", unique_rejects_the_row, 10,
        test_refusing.test_a_taken_code_parks_the_field_and_the_record_is_accepted,
    ),
    Mutant(
        "unique key unchecked", unique_not_checked, 10,
        test_refusing.test_a_twin_in_sight_is_named,
    ),
    Mutant(
        "rejected cascade instead of blocked", rejected_cascade, 11,
        test_refusing.test_what_hangs_below_a_refused_insert_is_blocked_until_it_passes,
    ),
    Mutant(
        "out-of-scope parent", parent_out_of_scope, 10,
        test_refusing.test_a_reference_to_an_invisible_record_answers_like_one_to_nothing,
    ),
    Mutant(
        "out-of-scope record", record_out_of_scope, 9,
        test_refusing.test_an_invisible_record_answers_like_an_absent_one,
    ),
    Mutant(
        "moment of the changeset believed", author_believed, 14,
        test_refusing.test_author_and_moment_come_from_the_token_and_the_clock,
    ),
    Mutant(
        "second value not parked", second_value_not_parked, 1,
        test_merging.test_a_third_authors_value_joins_the_conflict,
    ),
    Mutant(
        "one value parked at a time", one_value_parked, 1,
        test_merging.test_a_third_authors_value_joins_the_conflict,
    ),
    Mutant("conflict not told", conflict_not_told, 1),
    Mutant(
        "second decision lost", second_decision_lost, 1,
        test_merging.test_a_second_resolution_with_another_value_reopens_with_both,
    ),
    Mutant("said behind a decision lost", said_behind_a_decision_lost, 1),
    Mutant(
        "own merge is own work", own_merge_is_own_work, 2,
        test_joining.test_who_deletes_what_his_merge_brought_something_into_has_not_seen_that,
    ),
)  # fmt: skip
