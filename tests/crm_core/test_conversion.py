"""Changes of an older catalog in today's words: pure, in order, and told back in the old ones."""

from __future__ import annotations

import pytest

from crm_core.changes import Change, ChangeSet, Op
from crm_core.conversion import converted, renamed
from crm_core.ids import ChangeSetId, RecordId

ME = RecordId(f"{0xA:032x}")


@pytest.fixture(autouse=True)
def two_renames(monkeypatch: pytest.MonkeyPatch) -> None:
    """Schema 3, with a rename on the way from each of its forerunners."""
    steps = {1: (renamed("account", "a", "b"),), 2: (renamed("account", "b", "c"),)}
    monkeypatch.setattr("crm_core.conversion.STEPS", steps)
    monkeypatch.setattr("crm_core.conversion.SCHEMA", 3)


def step(schema: int, kind: str = "account", **new: str) -> ChangeSet:
    change = Change(kind, ME, Op.SET, {**new}, dict.fromkeys(new, "old"))
    return ChangeSet(ChangeSetId("1" * 32), (change,), schema=schema)


def test_steps_are_gone_one_after_the_other_and_told_back() -> None:
    found = converted(step(1, a="1", other="2"))
    (change,) = found.changeset.changes
    assert change.new == {"c": "1", "other": "2"}
    assert change.old == {"c": "old", "other": "old"}
    assert (found.as_said(0, "c"), found.as_said(0, "other")) == ("a", "other")


def test_only_what_came_after_its_schema_is_done_to_a_change() -> None:
    assert converted(step(2, b="1")).changeset.changes[0].new == {"c": "1"}
    assert converted(step(2, a="1")).changeset.changes[0].new == {"a": "1"}
    assert converted(step(1, "contact", a="1")).changeset.changes[0].new == {"a": "1"}


@pytest.mark.parametrize("schema", [3, 4, 10**18])
def test_what_is_of_today_or_of_tomorrow_stays_as_it_is(schema: int) -> None:
    changeset = step(schema, a="1")
    assert converted(changeset).changeset is changeset


def test_a_schema_from_before_the_first_costs_nothing() -> None:
    assert converted(step(-(10**18), a="1")).changeset.changes[0].new == {"c": "1"}


def test_a_field_by_both_of_its_names_means_nothing() -> None:
    with pytest.raises(ValueError, match="a"):
        converted(step(1, a="1", b="2"))
