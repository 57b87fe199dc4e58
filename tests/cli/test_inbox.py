"""What *mine*, *theirs*, *base*, *both* and an author's name mean, for each who may look."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from crm_core.fields import Value
from crm_core.ids import RecordId
from tests.cli.counter import ANDREW, JANET, NANCY, Counter

ACCOUNT, CONFLICT = RecordId("a" * 32), RecordId("c" * 32)


def parked(author: RecordId, value: Value) -> dict[str, Value]:
    return {"author": author, "device": "x", "value": value, "authored_at": "2026-11-22T08:00:00Z"}


def disputed(counter: Counter, *entries: Mapping[str, Value], **more: Value) -> None:
    """The phone stands at 030-3; the entries are parked beside it, the base was 030-1."""
    current: dict[str, Value] = {"name": "Alfreds", "phone": "030-3", "description": "Three"}
    counter.receive("account", {ACCOUNT: current})
    conflict: dict[str, Value] = {
        "record": f"account/{ACCOUNT}", "field": "phone", "why": "edit", "base": "030-1",
        "parked": [{**entry} for entry in entries], "state": "open",
    }  # fmt: skip
    counter.receive("conflict", {CONFLICT: {**conflict, **more}})


def resolved(counter: Counter, *words: str) -> object:
    """The value that stands after resolving."""
    counter.did("resolve", CONFLICT[:10], *words)
    assert counter.did("conflicts") == []
    return counter.did("show", "account", ACCOUNT)["phone"]


def test_a_conflict_is_listed_with_all_its_sides(counter: Counter) -> None:
    disputed(counter, parked(NANCY, "030-2"))
    (found,) = counter.did("conflicts")
    assert (found["id"], found["kind"], found["record"]) == (CONFLICT, "account", ACCOUNT)
    assert (found["field"], found["why"], found["state"]) == ("phone", "edit", "open")
    assert (found["base"], found["current"]) == ("030-1", "030-3")
    (entry,) = found["parked"]
    assert (entry["value"], entry["author"]) == ("030-2", "nancy")
    assert set(entry) == {"value", "author", "device", "at"}


@pytest.mark.parametrize(
    ("words", "value"),
    [
        (["--take", "mine"], "030-2"),
        (["--take", "theirs"], "030-3"),
        (["--take", "base"], "030-1"),
        (["--take", "nancy"], "030-2"),
        (["--take", "Fuller"], "030-4"),
        (["--value", '"030-9"'], "030-9"),
        (["--value", "null"], None),
    ],
)
def test_whose_value_is_parked_takes_his_or_the_current(
    counter: Counter, words: list[str], value: str | None
) -> None:
    disputed(counter, parked(NANCY, "030-2"), parked(ANDREW, "030-4"))
    assert resolved(counter, *words) == value


@pytest.mark.parametrize("take", ["mine", "theirs"])
def test_for_anybody_else_both_words_mean_the_parked_value(counter: Counter, take: str) -> None:
    disputed(counter, parked(ANDREW, "030-2"))
    assert resolved(counter, "--take", take) == "030-2"


def test_who_wrote_what_stands_keeps_it_as_his(counter: Counter) -> None:
    disputed(counter, parked(ANDREW, "030-2"))
    counter.did("set", "account", ACCOUNT, "phone=030-8")
    assert resolved(counter, "--take", "mine") == "030-8"


def test_several_parked_values_are_named_not_guessed(counter: Counter) -> None:
    disputed(counter, parked(ANDREW, "030-2"), parked(JANET, "030-4"))
    ran = counter.run("resolve", CONFLICT, "--take", "theirs")
    assert ran.code == 2
    assert "fuller, janet" in ran.err
    assert len(counter.did("conflicts")) == 1


@pytest.mark.parametrize("words", [["--take", "both"], ["--take", "nobody"], ["--value", "030"]])
def test_a_word_without_meaning_decides_nothing(counter: Counter, words: list[str]) -> None:
    disputed(counter, parked(NANCY, "030-2"))
    ran = counter.run("resolve", CONFLICT, *words)
    assert ran.code == 2, ran
    assert len(counter.did("conflicts")) == 1


def test_both_notes_stand_one_after_the_other(counter: Counter) -> None:
    disputed(counter, parked(NANCY, "Two"), field="description", base="One")
    counter.did("resolve", CONFLICT, "--take", "both")
    assert counter.did("show", "account", ACCOUNT)["description"] == "Three\nTwo"


def test_a_parked_deletion_can_be_taken_or_left(counter: Counter) -> None:
    disputed(counter, parked(NANCY, True), field="deleted", why="delete", base=False)
    (found,) = counter.did("conflicts")
    assert (found["current"], found["parked"][0]["value"]) == (False, True)
    counter.did("resolve", CONFLICT, "--take", "mine")
    assert counter.did("show", "account", ACCOUNT)["deleted"] is True


def test_a_value_that_the_field_cannot_hold_is_refused(counter: Counter) -> None:
    disputed(counter, parked(NANCY, "030-2"))
    assert counter.run("resolve", CONFLICT, "--value", "[1]").code == 1
    assert len(counter.did("conflicts")) == 1
