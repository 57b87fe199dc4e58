"""The merge: both sides' changes stand, or a person decides."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from crm_core.changes import Change
from crm_core.entity import Entity
from crm_core.fields import Policy, Value
from crm_core.merge import FieldResult, Merged, Result, Seen, Version
from tests.crm_core import test_merge, test_merge_laws
from tests.server import test_backup, test_deleting, test_merging
from tests.simulator.mutants.mutant import Mutant
from tests.simulator.mutants.planting import patch

merge = import_module("crm_core.merge")


@contextmanager
def last_one_wins() -> Generator[None]:
    """Where two people changed one field, the later one to synchronise wins."""

    def theirs(policy: Policy, base: Value, new: Value, current: Value) -> Value:
        del policy, base, current
        return new

    with patch.object(merge, "_merge_values", theirs):
        yield


@contextmanager
def base_believed() -> Generator[None]:
    """In history that the server lost, a base is believed like any other."""
    part = merge._merge_part

    def trusting(field_: Any, version: Version, change: Change, seen: Seen, members: Any) -> Any:
        return part(field_, version, change, Seen(seen.base_seq), members)

    with patch.object(merge, "_merge_part", trusting):
        yield


@contextmanager
def group_by_member() -> Generator[None]:
    """The fields of a group are merged one by one."""
    part = merge._merge_part

    def apart(field_: Any, version: Version, change: Change, seen: Seen, members: Any) -> Any:
        made: dict[str, Value] = {}
        results: list[FieldResult] = []
        for name in (x for x in members if x in change.new):
            values, result = part(field_, version, change, seen, (name,))
            made.update(values)
            results.append(result)
        return made, max(results, key=lambda one: merge._WORST[one.result])

    with patch.object(merge, "_merge_part", apart):
        yield


@contextmanager
def removal_lost() -> Generator[None]:
    """What one side took out of a set comes back."""
    with patch.object(merge, "without_members", lambda value, _: merge.with_members(value, [])):
        yield


@contextmanager
def note_takes_one_side() -> Generator[None]:
    """Of two people's sentences in one note, those of the later one stand."""
    with patch.object(merge, "merge_text", lambda _base, mine, _theirs: mine):
        yield


@contextmanager
def any_step_is_taken() -> Generator[None]:
    """A step of a state machine is not checked against what stands."""

    def obedient(
        machine: Any, version: Version, change: Change, name: str, untouched: bool
    ) -> tuple[dict[str, Value], FieldResult]:
        del machine, version, untouched
        return {name: change.new[name]}, FieldResult(name, Result.APPLIED)

    with patch.object(merge, "_merge_state", obedient):
        yield


@contextmanager
def edit_revives() -> Generator[None]:
    """An edit of a deleted record brings it back to life."""
    inner = merge.merge

    def reviving(entity: Entity, version: Version | None, change: Change, seen: Seen) -> Merged:
        if version is None or not version.deleted:
            return inner(entity, version, change, seen)
        alive = Version(version.values, version.fv, version.seq)
        made = inner(entity, alive, change, seen)
        return Merged(made.values, False, made.results)

    with patch("crm_server.taking.merge", reviving):
        yield


MUTANTS = (
    Mutant("last one wins", last_one_wins, 2),
    Mutant(
        "base of lost history believed", base_believed, 2,
        test_backup.test_a_base_of_lost_history_counts_for_nothing_but_its_value,
    ),
    Mutant(
        "group judged by member", group_by_member, 13,
        test_merge.test_an_address_of_which_each_changed_another_line_is_one_conflict,
    ),
    Mutant(
        "set merge losing a removal", removal_lost, 1,
        test_merge_laws.test_members_added_and_removed_by_both_sides_stand,
    ),
    Mutant(
        "note merge taking one side", note_takes_one_side, 2,
        test_merge.test_a_note_merges_by_line_and_chinese_sentence,
    ),
    Mutant(
        "state machine unchecked on receipt", any_step_is_taken, 2,
        test_merging.test_a_transition_from_a_state_that_moved_on_is_a_conflict,
    ),
    Mutant(
        "edit revives a deleted record", edit_revives, 8,
        test_deleting.test_an_edit_of_a_deleted_record_is_kept_beside_it,
    ),
)  # fmt: skip
