"""Work whose record left its author's sight is offered to whoever has the record now; the author
hears what became of it and nothing else."""

from __future__ import annotations

import pytest

from crm_core.changes import Change, ChangeSet, Op
from crm_core.errors import Refused
from crm_core.fields import Value
from crm_core.ids import ChangeSetId, RecordId
from crm_core.merging import MERGED_INTO
from crm_core.wire import HANDED_ASKED_MAX, OFFERS_ASKED_MAX, ChangeSetResult, Outcomes
from tests.server.test_merging import parked
from tests.server.world import Acme, Device


def offer(record_id: RecordId, base_seq: int = 0, kind: str = "account", **new: Value) -> Change:
    old: dict[str, Value] = dict.fromkeys(new)
    return Change(kind, record_id, Op.OFFER, new, old, base_seq)


@pytest.fixture
def left(acme: Acme) -> RecordId:
    """An account that went from nancy to li, months ago."""
    account = acme.shared_account(phone="000", industry="food")
    acme.fuller.push(acme.fuller.set("account", account, owner=acme.li.user))
    acme.world.passes(days=100)
    for device in (acme.nancy, acme.li):
        device.pull()
    assert not acme.nancy.sees("account", account)
    return account


def join(lead: Device, loser: RecordId, winner: RecordId) -> None:
    lead.pull()
    seen = lead.rows[("account", loser)].seq
    merge = Change("account", loser, Op.MERGE, {MERGED_INTO: winner}, base_seq=seen)
    assert lead.push(merge, atomic=True).result == "applied"
    lead.pull()


def open_of(device: Device) -> list[dict[str, Value]]:
    device.pull()
    return [row.body for row in device.of_kind("conflict") if row.body["state"] == "open"]


def conflict_of(device: Device) -> RecordId:
    device.pull()
    (row,) = device.of_kind("conflict")
    return row.id


def offered(acme: Acme, *changes: Change) -> ChangeSet:
    """Nancy offers; she goes on asking what became of it."""
    made = acme.nancy.changeset(*changes, atomic=True)
    assert acme.nancy.send(made).results[0].result == "merged"
    acme.nancy.offers = (*acme.nancy.offers, RecordId(made.id))
    return made


def told(acme: Acme) -> dict[ChangeSetId, list[tuple[str, str]]]:
    """What nancy hears of her offers: field and code of each part."""
    found = [item for item in acme.nancy.pull() if isinstance(item, Outcomes)]
    return {
        one.cs_id: [(part.field, part.code.removeprefix("offer.")) for part in one.changes]
        for item in found
        for one in item.results
    }


def resolve(device: Device, conflict: RecordId, account: RecordId, **value: Value) -> None:
    changes = (
        device.set("account", account, **value),
        device.set("conflict", conflict, state="resolved"),
    )
    assert device.push(*changes, atomic=True).result == "applied"
    device.pull()


def take_back(device: Device, conflict: RecordId, account: RecordId, **value: Value) -> None:
    changes = (
        device.set("account", account, **value),
        device.set("conflict", conflict, state="open", resolution=None),
    )
    assert device.push(*changes, atomic=True).result == "applied"
    device.pull()


def heard(acme: Acme, *made: ChangeSet) -> None:
    """Nancy has noted what became of these."""
    acme.nancy.offers, acme.nancy.handed = (), tuple(RecordId(one.id) for one in made)


def codes(result: ChangeSetResult) -> list[str]:
    return [part.code for part in result.changes]


def test_what_is_offered_lies_beside_the_field_for_the_new_owner(
    acme: Acme, left: RecordId
) -> None:
    offered(acme, offer(left, phone="111"))
    (body,) = open_of(acme.li)
    assert (body["record"], body["field"], body["why"]) == (f"account/{left}", "phone", "handover")
    assert parked(body) == [("111", acme.nancy.user)]
    assert acme.li.body("account", left)["phone"] == "000"


def test_an_offer_brings_its_author_nothing_of_the_record(acme: Acme, left: RecordId) -> None:
    answer = acme.nancy.send(acme.nancy.changeset(offer(left, phone="111")))
    assert (answer.pages, answer.deleted) == ((), ())
    assert [part.conflict_id for part in answer.results[0].changes] == [""]
    acme.nancy.pull()
    assert not acme.nancy.sees("account", left)
    assert not acme.nancy.of_kind("conflict")


def test_a_repeated_offer_is_answered_as_before_and_lies_there_once(
    acme: Acme, left: RecordId
) -> None:
    made = offered(acme, offer(left, phone="111"))
    again = acme.nancy.send(made).results[0]
    assert (again.result, codes(again)) == ("duplicate", ["offer.waits"])
    assert [part.conflict_id for part in again.changes] == [""]
    assert [parked(body) for body in open_of(acme.li)] == [[("111", acme.nancy.user)]]


@pytest.mark.parametrize("state", ["same value", "other value", "deleted"])
def test_the_answer_does_not_tell_what_became_of_the_record(
    acme: Acme, left: RecordId, state: str
) -> None:
    if state == "deleted":
        acme.fuller.pull()
        acme.fuller.push(acme.fuller.delete("account", left))
    wanted = "000" if state == "same value" else "111"
    result = acme.nancy.push(offer(left, phone=wanted))
    assert [(x.index, x.field, x.result, x.code, x.conflict_id) for x in result.changes] == [
        (0, "phone", "merged", "offer.waits", "")
    ]
    assert told(acme) == {}


def test_a_record_never_seen_is_answered_like_one_that_never_was(acme: Acme) -> None:
    foreign = acme.li.account("Secret")
    acme.nancy.pull()
    answers = [acme.nancy.push(offer(x, phone="111")) for x in (foreign, acme.world.new_id())]
    assert [(one.result, codes(one)) for one in answers] == [("rejected", ["offer.refused"])] * 2
    assert open_of(acme.li) == []


def test_who_sees_it_only_since_the_key_was_another_records_may_not_offer(acme: Acme) -> None:
    """Li comes to the territory after the account left it: no moment shows both together."""
    account = acme.shared_account()
    acme.fuller.push(acme.fuller.set("account", account, owner=acme.service.user, territory=None))
    acme.world.change("user", acme.li.user, territory=acme.east)
    acme.li.pull()
    answer = acme.li.push(offer(account, phone="111"))
    assert codes(answer) == ["offer.refused"]


def test_what_nobody_could_enter_is_refused_as_a_whole(acme: Acme, left: RecordId) -> None:
    wrong: list[dict[str, Value]] = [{"grade": "A"}, {"no_such": "x"}, {"phone": ["1"]}]
    for values in wrong:
        change = Change("account", left, Op.OFFER, {"industry": "steel", **values})
        assert codes(acme.nancy.push(change)) == ["offer.refused"]
    assert open_of(acme.li) == []


def test_a_taken_offer_is_an_edit_of_the_new_owners_and_told_to_its_author(
    acme: Acme, left: RecordId
) -> None:
    made = offered(acme, offer(left, phone="111", industry="steel"))
    acme.li.pull()
    by_field = {str(row.body["field"]): row.id for row in acme.li.of_kind("conflict")}
    resolve(acme.li, by_field["phone"], left, phone="111")
    assert told(acme) == {}, "half of it is decided"
    resolve(acme.li, by_field["industry"], left, industry="food")
    assert told(acme) == {made.id: [("industry", "declined"), ("phone", "taken")]}
    acme.li.pull()
    body = acme.li.body("account", left)
    assert (body["phone"], body["industry"], body["updated_by"]) == ("111", "food", acme.li.user)


def test_nobody_hears_of_anothers_offer(acme: Acme, left: RecordId) -> None:
    made = offered(acme, offer(left, phone="111"))
    acme.kam.handed = (RecordId(made.id),)
    assert not [item for item in acme.kam.pull() if isinstance(item, Outcomes)]
    resolve(acme.li, conflict_of(acme.li), left, phone="111")
    acme.kam.offers = (RecordId(made.id),)
    assert not [item for item in acme.kam.pull() if isinstance(item, Outcomes)]


def test_who_has_heard_of_a_decision_hears_that_it_was_taken_back(
    acme: Acme, left: RecordId
) -> None:
    made = offered(acme, offer(left, phone="111"))
    conflict = conflict_of(acme.li)
    resolve(acme.li, conflict, left, phone="000")
    assert told(acme) == {made.id: [("phone", "declined")]}
    heard(acme, made)
    assert told(acme) == {}, "it stands"
    take_back(acme.li, conflict, left, phone="000")
    assert told(acme) == {made.id: [("phone", "waits")]}
    resolve(acme.li, conflict, left, phone="111")
    assert told(acme) == {}
    acme.nancy.offers = acme.nancy.handed
    assert told(acme) == {made.id: [("phone", "taken")]}


def test_an_offer_follows_a_decision_taken_back_into_the_question_that_came_up_since(
    acme: Acme, left: RecordId
) -> None:
    made = offered(acme, offer(left, phone="111"))
    conflict = conflict_of(acme.li)
    resolve(acme.li, conflict, left, phone="333")
    later = offered(acme, offer(left, phone="444"))
    assert told(acme) == {made.id: [("phone", "declined")]}
    heard(acme, made)
    acme.li.pull()
    take_back(acme.li, conflict, left, phone="000")
    assert told(acme) == {made.id: [("phone", "waits")]}
    (body,) = open_of(acme.li)
    assert parked(body) == [("444", acme.nancy.user), ("111", acme.nancy.user)]
    asked = next(x for x in acme.li.of_kind("conflict") if x.body["state"] == "open")
    resolve(acme.li, asked.id, left, phone="111")
    acme.nancy.offers = (*acme.nancy.handed, RecordId(later.id))
    assert told(acme) == {made.id: [("phone", "taken")], later.id: [("phone", "declined")]}


def test_a_later_offer_takes_the_place_of_an_earlier_one(acme: Acme, left: RecordId) -> None:
    first = offered(acme, offer(left, phone="111"))
    offered(acme, offer(left, phone="112"))
    assert [parked(body) for body in open_of(acme.li)] == [[("112", acme.nancy.user)]]
    assert told(acme) == {first.id: [("phone", "replaced")]}


def test_an_offer_for_a_deleted_record_asks_about_its_deletion(acme: Acme, left: RecordId) -> None:
    acme.fuller.pull()
    acme.fuller.push(acme.fuller.delete("account", left))
    made = offered(acme, offer(left, phone="111"))
    (body,) = open_of(acme.fuller)
    assert (body["field"], body["why"]) == ("deleted", "delete")
    assert parked(body) == [({"phone": "111"}, acme.nancy.user)]
    row = acme.fuller.of_kind("conflict")[0]
    back = Change("account", left, Op.RESTORE, {"phone": "111"}, {"phone": "000"}, row.seq)
    close = acme.fuller.set("conflict", row.id, state="resolved", resolution={"phone": "111"})
    assert acme.fuller.push(back, close, atomic=True).result == "applied"
    assert told(acme) == {made.id: [("phone", "taken")]}


def test_an_offer_for_a_merged_record_reaches_the_one_in_its_place(
    acme: Acme, left: RecordId
) -> None:
    winner = acme.li.account("Alfreds Futterkiste")
    join(acme.buchanan, left, winner)
    offered(acme, offer(left, phone="111"))
    (body,) = open_of(acme.li)
    assert body["record"] == f"account/{winner}"


def test_an_offer_follows_its_question_to_the_record_that_took_the_place(
    acme: Acme, left: RecordId
) -> None:
    """Both records have a question about the phone: they are joined at the winner."""
    made = offered(acme, offer(left, phone="111"))
    winner = acme.nancy.account("Alfreds Futterkiste")
    acme.fuller.pull()
    asked = acme.clash(winner, mine="333", theirs="444")
    join(acme.buchanan, left, winner)
    assert told(acme) == {}
    resolve(acme.buchanan, asked, winner, phone="111")
    assert told(acme) == {made.id: [("phone", "taken")]}


def test_who_clears_the_field_declines_an_offer_whatever_is_asked_where_the_record_went(
    acme: Acme, left: RecordId
) -> None:
    made = offered(acme, offer(left, phone="111"))
    resolve(acme.li, conflict_of(acme.li), left, phone=None)
    winner = acme.nancy.account("Alfreds Futterkiste")
    acme.fuller.pull()
    acme.clash(winner, mine="333", theirs="444")
    join(acme.buchanan, left, winner)
    assert told(acme) == {made.id: [("phone", "declined")]}


def test_more_offers_than_a_pull_asks_for_are_refused(acme: Acme) -> None:
    acme.nancy.offers = (acme.world.new_id(),) * (OFFERS_ASKED_MAX + 1)
    with pytest.raises(Refused, match="too large"):
        acme.nancy.fetch()
    acme.nancy.offers = ()
    acme.nancy.handed = (acme.world.new_id(),) * (HANDED_ASKED_MAX + 1)
    with pytest.raises(Refused, match="too large"):
        acme.nancy.fetch()
