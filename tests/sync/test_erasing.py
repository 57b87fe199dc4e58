"""Somebody is erased at his request, and a laptop that has heard of it enters him anew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from crm_core.changes import Change, Op
from crm_core.errors import Unavailable
from crm_core.fields import Value
from crm_core.ids import ChangeSetId
from crm_core.wire import Mark, PushRequest, PushResponse
from crm_desktop.models import journal
from crm_desktop.models.forgotten import Dropped, newly_dropped
from crm_desktop.models.merging import merge_records
from crm_desktop.sync import effects as do
from crm_desktop.sync import pulling
from crm_desktop.sync.effects import Effect
from crm_server.erasing import erase
from tests.simulator.company import fixed_id
from tests.simulator.erasing import cells
from tests.simulator.link import GONE
from tests.simulator.oracle import Oracle
from tests.sync.first_fetching import Laptop, Place, account

CONTACT, TWIN = fixed_id(0xC000), fixed_id(0xC001)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A server and a laptop that holds everything, a contact too."""
    made = Place(tmp_path)
    made.server.load("contact", CONTACT, {"full_name": "Marianne"})
    beside: dict[str, Value] = {"account": account(0), "contact": CONTACT, "role": "buyer"}
    made.server.load("account_contact", fixed_id(0xD000), beside)
    made.laptop.synchronise()
    yield made
    made.close()


def test_who_has_heard_may_enter_something_while_a_pull_has_come_in_part(place: Place) -> None:
    _enter(place, wechat="before")
    erase(place.server.service, "contact", CONTACT)
    place.laptop.line.cut = True  # the pushes are lost, the pulls are not
    place.laptop.synchronise()
    cursor = place.laptop.outbox.state().cursor
    place.laptop.outbox.apply((), Mark(cursor, ""))
    _enter(place, wechat="after")
    place.laptop.line.cut = False
    place.laptop.synchronise()
    assert Oracle(place.server.look).records["contact", CONTACT].values["wechat"] == "after"
    assert place.laptop.rows("SELECT wechat FROM contact WHERE wechat IS NOT NULL") == [("after",)]


def test_what_is_typed_before_a_pull_has_ended_is_kept_by_both_sides_or_by_none(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A device hears of an erasure together with the place up to which it has heard."""
    monkeypatch.setattr(pulling, "ROWS_AT_ONCE", 1)  # all is written at each mark

    def meanwhile(effect: Effect[Any]) -> None:
        if isinstance(effect, do.FinishPull) and place.laptop.line.cut:
            _enter(place, wechat="after")

    _enter(place, wechat="before")
    erase(place.server.service, "contact", CONTACT)
    place.laptop.line.cut, place.laptop.meanwhile = True, meanwhile  # only the pushes are lost
    place.laptop.synchronise()
    place.laptop.line.cut = False
    place.laptop.synchronise()
    assert place.laptop.states() == ["confirmed", "confirmed"]
    assert Oracle(place.server.look).records["contact", CONTACT].values.get("wechat") is None
    assert not [x for x in cells(place.laptop.store.write.raw) if "after" in x[1]]
    assert newly_dropped(place.laptop.store) == 2 * (Dropped("contact", CONTACT, ("wechat",)),)


def test_a_merge_that_is_sent_again_takes_nothing_from_the_other_one(place: Place) -> None:
    beside: dict[str, Value] = {"account": account(0), "contact": TWIN, "role": "buyer"}
    made = [
        Change("contact", TWIN, Op.INSERT, {"full_name": "Marianne E."}),
        Change("account_contact", fixed_id(0xD001), Op.INSERT, beside),
    ]
    journal.commit(place.laptop.store, made, label="New")
    _enter(place, mobile="+44 20")
    place.laptop.synchronise()
    merge_records(place.laptop.store, "contact", TWIN, CONTACT, {"mobile": "+49 30"})
    erase(place.server.service, "contact", TWIN)
    place.laptop.synchronise()
    ((refused,),) = place.laptop.rows("SELECT hex(id) FROM changeset WHERE state = 'rejected'")
    journal.resend(place.laptop.store, ChangeSetId(refused.lower()))
    place.laptop.synchronise()
    records = Oracle(place.server.look).records
    assert records["contact", TWIN].deleted
    assert records["contact", CONTACT].values["mobile"] == "+44 20"


@pytest.mark.parametrize("answer_is_lost", [False, True])
@pytest.mark.parametrize(("beside", "state"), [({}, "blocked"), ({"wechat": "mine"}, "confirmed")])
def test_what_was_typed_above_a_merge_brings_nobody_back(
    place: Place, answer_is_lost: bool, beside: Mapping[str, Value], state: str
) -> None:
    place.server.load("contact", TWIN, {"full_name": "M. E.", "preferences": "Xylophon.\n"})
    role: dict[str, Value] = {"account": account(0), "contact": TWIN, "role": "buyer"}
    place.server.load("account_contact", fixed_id(0xD001), role)
    third = fixed_id(0xC002)
    place.server.load("contact", third, {"full_name": "Tilda Third"})
    place.server.load("account_contact", fixed_id(0xD002), {**role, "contact": third})
    place.laptop.synchronise()
    merge_records(place.laptop.store, "contact", TWIN, CONTACT)
    _enter(place, preferences="Xylophon.\nCalls late.\n", **beside)
    merge_records(place.laptop.store, "contact", CONTACT, third)
    erase(place.server.service, "contact", TWIN)
    if answer_is_lost:
        _lose_an_answer(place.laptop)
    place.laptop.synchronise()
    for found in (place.server.look, place.laptop.store.write.raw):
        assert not [table for table, cell in cells(found) if "Xylophon" in cell]
    states = [x for (x,) in place.laptop.rows("SELECT state FROM changeset ORDER BY n")]
    assert states == ["rejected", state, "rejected"]
    shown = "SELECT preferences FROM contact WHERE deleted = 0 AND preferences <> ''"
    assert place.laptop.rows(shown) == [("Calls late.\n",)]


def _lose_an_answer(laptop: Laptop) -> None:
    push = laptop.line.push

    def lost(request: PushRequest) -> PushResponse:
        push(request)
        raise Unavailable(GONE)

    laptop.line.cut_after_push = True
    with patch.object(laptop.line, "push", lost):
        laptop.synchronise()
    laptop.line.cut_after_push = False


def _enter(place: Place, **values: Value) -> None:
    change = Change("contact", CONTACT, Op.SET, values)
    journal.commit(place.laptop.store, [change], label="Edit")
