"""What becomes of edits on receipt."""

from collections.abc import Mapping
from typing import Any

import pytest
from msgspec.structs import replace

from crm_core.changes import Change, Op
from crm_core.fields import Value
from crm_core.ids import RecordId
from tests.server.world import Acme, Device


def test_edits_of_different_fields_both_stand(acme: Acme) -> None:
    account = acme.shared_account()
    assert acme.nancy.push(acme.nancy.set("account", account, phone="111")).result == "applied"
    assert (
        acme.fuller.push(acme.fuller.set("account", account, industry="food")).result == "applied"
    )
    for device in (acme.nancy, acme.fuller):
        device.pull()
        body = device.body("account", account)
        assert (body["phone"], body["industry"]) == ("111", "food")


def test_edits_of_the_same_field_become_one_conflict_visible_to_both(acme: Acme) -> None:
    account = acme.shared_account(phone="000")
    conflict = acme.clash(account)
    for device in (acme.nancy, acme.fuller):
        body = device.body("conflict", conflict)
        assert body["record"] == f"account/{account}"
        assert (body["field"], body["why"], body["base"]) == ("phone", "edit", "000")
        assert parked(body) == [("111", acme.nancy.user)]
        assert device.body("account", account)["phone"] == "222"


def test_a_third_authors_value_joins_the_conflict(acme: Acme) -> None:
    account = acme.shared_account(phone="000")
    acme.buchanan.pull()
    edit = acme.buchanan.set("account", account, phone="333")
    conflict = acme.clash(account)
    result = acme.buchanan.push(edit)
    assert result.changes[0].conflict_id == conflict
    acme.nancy.pull()
    body = acme.nancy.body("conflict", conflict)
    assert (body["state"], parked_values(body)) == ("open", ["111", "333"])
    assert len(acme.nancy.of_kind("conflict")) == 1


def test_an_authors_later_edit_replaces_his_own_parked_value(acme: Acme) -> None:
    account = acme.shared_account(phone="000")
    first = acme.nancy.set("account", account, phone="111")
    second = Change("account", account, Op.SET, {"phone": "112"}, {"phone": "111"}, first.base_seq)
    acme.fuller.push(acme.fuller.set("account", account, phone="222"))
    acme.nancy.send(acme.nancy.changeset(first), acme.nancy.changeset(second))
    acme.nancy.pull()
    (conflict,) = acme.nancy.of_kind("conflict")
    assert parked_values(conflict.body) == ["112"]
    assert conflict.body["base"] == "000"


def test_ones_own_second_offline_edit_never_conflicts(acme: Acme) -> None:
    account = acme.shared_account(phone="000")
    first = acme.nancy.set("account", account, phone="111")
    second = Change("account", account, Op.SET, {"phone": "112"}, {"phone": "111"}, first.base_seq)
    answer = acme.nancy.send(acme.nancy.changeset(first), acme.nancy.changeset(second))
    assert [result.result for result in answer.results] == ["applied", "applied"]
    acme.nancy.pull()
    assert acme.nancy.body("account", account)["phone"] == "112"


def test_tags_added_by_two_people_merge(acme: Acme) -> None:
    account = acme.shared_account(tags=["old"])
    for device, tag in ((acme.nancy, "new"), (acme.fuller, "big")):
        row = device.rows[("account", account)]
        old = {"tags": row.body["tags"]}
        device.push(Change("account", account, Op.ADD, {"tags": [tag]}, old, row.seq))
    acme.nancy.pull()
    assert acme.nancy.body("account", account)["tags"] == ["big", "new", "old"]


def test_notes_merge_by_sentence(acme: Acme) -> None:
    account = acme.shared_account(description="One. Two. Three.")
    acme.fuller.push(acme.fuller.set("account", account, description="Uno. Two. Three."))
    edit = acme.nancy.set("account", account, description="One. Two. Tres.")
    assert acme.nancy.push(edit).result == "merged"
    acme.nancy.pull()
    assert acme.nancy.body("account", account)["description"] == "Uno. Two. Tres."


def test_a_note_that_holds_an_edit_already_gets_no_version_from_it(acme: Acme) -> None:
    account = acme.shared_account(description="One. Two. Three.")
    acme.fuller.push(acme.fuller.set("account", account, description="Uno. Two. Tres."))
    before = acme.fuller.push(acme.fuller.set("account", account, phone="1")).seq
    edit = acme.nancy.set("account", account, description="Uno. Two. Three.")
    assert acme.nancy.push(edit).result == "merged"
    acme.nancy.pull()
    assert acme.nancy.rows[("account", account)].seq == before


def test_a_group_is_one_field_in_a_conflict(acme: Acme) -> None:
    account = acme.shared_account()
    address = acme.nancy.insert("address", account=account, city="Berlin", street="Obere 57")
    acme.nancy.push(address)
    acme.nancy.pull()
    acme.fuller.pull()
    acme.fuller.push(acme.fuller.set("address", address.id, city="Hamburg"))
    result = acme.nancy.push(acme.nancy.set("address", address.id, street="Untere 1"))
    assert (result.result, result.changes[0].field) == ("conflict", "address")


def test_a_set_that_changes_nothing_moves_no_version(acme: Acme) -> None:
    account = acme.shared_account(phone="000")
    before = acme.nancy.rows[("account", account)].seq
    acme.nancy.push(Change("account", account, Op.SET, {"phone": "000"}, {"phone": "000"}, before))
    acme.nancy.pull()
    assert acme.nancy.rows[("account", account)].seq == before


def test_resolving_closes_the_conflict_for_both(acme: Acme) -> None:
    account = acme.shared_account(phone="000")
    conflict = acme.clash(account)
    resolve(acme.nancy, conflict, account, "111")
    for device in (acme.nancy, acme.fuller):
        device.pull()
        assert device.body("account", account)["phone"] == "111"
        closed = device.body("conflict", conflict)
        assert (closed["state"], closed["resolution"]) == ("resolved", "111")
        assert closed["resolved_by"] == acme.nancy.user


def test_a_second_resolution_with_the_same_value_is_nothing_new(acme: Acme) -> None:
    account = acme.shared_account(phone="000")
    conflict = acme.clash(account)
    late = resolution(acme.fuller, conflict, account, "111")
    resolve(acme.nancy, conflict, account, "111")
    result = acme.fuller.push(*late, atomic=True)
    assert result.result == "applied"
    acme.fuller.pull()
    assert acme.fuller.body("conflict", conflict)["state"] == "resolved"


def test_a_second_resolution_with_another_value_reopens_with_both(acme: Acme) -> None:
    account = acme.shared_account(phone="000")
    conflict = acme.clash(account)
    late = resolution(acme.fuller, conflict, account, "222")
    resolve(acme.nancy, conflict, account, "111")
    assert acme.fuller.push(*late, atomic=True).result == "conflict"
    acme.fuller.pull()
    body = acme.fuller.body("conflict", conflict)
    assert body["state"] == "open"
    assert parked(body) == [("111", acme.nancy.user), ("222", acme.fuller.user)]
    assert len(acme.fuller.of_kind("conflict")) == 1


def test_a_resolution_of_a_field_that_moved_on_keeps_the_conflict_open(acme: Acme) -> None:
    account = acme.shared_account(phone="000")
    conflict = acme.clash(account)
    late = resolution(acme.nancy, conflict, account, "111")
    acme.fuller.push(acme.fuller.set("account", account, phone="999"))
    assert acme.nancy.push(*late, atomic=True).result == "conflict"
    acme.nancy.pull()
    body = acme.nancy.body("conflict", conflict)
    assert (body["state"], parked_values(body)) == ("open", ["111"])
    assert acme.nancy.body("account", account)["phone"] == "999"


def test_a_decision_that_lands_in_another_question_leaves_its_own_open(acme: Acme) -> None:
    account = acme.shared_account(phone="000")
    stale = acme.fuller.set("account", account, phone="333")
    first = acme.clash(account)
    late = resolution(acme.fuller, first, account, "777")
    seen = acme.fuller.rows[("account", account)].seq
    resolve(acme.nancy, first, account, "111")
    second = RecordId(acme.fuller.push(stale).changes[0].conflict_id)
    assert acme.fuller.push(*late, atomic=True).result == "conflict"  # asked again
    decided = Change("account", account, Op.SET, {"phone": "333"}, {"phone": "222"}, seen)
    close = Change("conflict", second, Op.SET, {"state": "resolved"}, {"state": "open"})
    assert acme.fuller.push(decided, close, atomic=True).result == "conflict"
    acme.nancy.pull()
    assert acme.nancy.body("conflict", second)["state"] == "open"
    resolve(acme.nancy, second, account, "333")
    acme.nancy.pull()
    assert acme.nancy.body("account", account)["phone"] == "333"


def test_what_was_parked_behind_the_back_of_whoever_decides_is_asked_anew(acme: Acme) -> None:
    account = acme.shared_account(phone="000")
    acme.buchanan.pull()
    late = acme.buchanan.set("account", account, phone="333")
    first = acme.clash(account)
    decided = resolution(acme.fuller, first, account, "111")
    acme.buchanan.push(late)
    assert acme.fuller.push(*decided, atomic=True).result == "applied"
    acme.nancy.pull()
    (second,) = [x.body for x in acme.nancy.of_kind("conflict") if x.body["state"] == "open"]
    assert (second["base"], parked(second)) == ("000", [("333", acme.buchanan.user)])
    assert acme.nancy.body("account", account)["phone"] == "111"
    acme.fuller.pull()
    change, close = resolution(acme.fuller, first, account, "222")
    again = replace(close, new={"state": "open", "resolution": None}, old={"state": "resolved"})
    acme.fuller.push(change, again, atomic=True)
    acme.nancy.pull()
    (asked,) = [x.body for x in acme.nancy.of_kind("conflict") if x.body["state"] == "open"]
    assert {str(one) for one in parked_values(asked)} == {"111", "333"}


def test_a_note_that_was_decided_for_stands_whole_or_is_asked_about(acme: Acme) -> None:
    account = acme.shared_account(description="A.\nB.\nC.\nD.\n")
    acme.nancy.push(acme.nancy.set("account", account, description="A.\nB.\nNancy.\nD.\n"))
    mine = acme.fuller.set("account", account, description="A.\nB.\nFuller.\nD.\n")
    asked = RecordId(acme.fuller.push(mine).changes[0].conflict_id)
    acme.fuller.pull()
    chosen = "Also.\nB.\nFuller.\nD.\n"
    change, close = resolution(acme.fuller, asked, account, "")
    above_his_own = replace(change, new={"description": chosen}, old=mine.new, base_seq=1)
    assert acme.fuller.push(above_his_own, close, atomic=True).result == "conflict"
    acme.nancy.pull()
    assert acme.nancy.body("account", account)["description"] == "Also.\nB.\nNancy.\nD.\n"
    (question,) = acme.nancy.of_kind("conflict")
    assert (question.body["state"], parked_values(question.body)) == ("open", [chosen])


def test_what_its_decider_had_typed_elsewhere_behind_his_back_is_asked_anew(acme: Acme) -> None:
    account = acme.shared_account(phone="000")
    laptop = acme.world.device("nancy")
    laptop.pull()
    conflict = acme.clash(account)
    laptop.push(laptop.set("account", account, phone="333"))
    acme.nancy.push(*resolution(acme.nancy, conflict, account, "222"), atomic=True)
    acme.nancy.pull()
    (asked,) = [x.body for x in acme.nancy.of_kind("conflict") if x.body["state"] == "open"]
    assert parked(asked) == [("333", acme.nancy.user)]


def test_a_second_decision_joins_the_question_that_came_up_since(acme: Acme) -> None:
    account = acme.shared_account(phone="000")
    conflict = acme.clash(account)
    second = resolution(acme.fuller, conflict, account, "111")
    acme.nancy.push(*resolution(acme.nancy, conflict, account, "222"), atomic=True)
    acme.nancy.pull()
    acme.buchanan.pull()
    late = acme.buchanan.set("account", account, phone="333")
    acme.nancy.push(acme.nancy.set("account", account, phone="444"))
    acme.buchanan.push(late)
    assert acme.fuller.push(*second, atomic=True).result == "conflict"
    acme.nancy.pull()
    (asked,) = [x.body for x in acme.nancy.of_kind("conflict") if x.body["state"] == "open"]
    assert parked(asked) == [("333", acme.buchanan.user), ("111", acme.fuller.user)]
    assert acme.nancy.body("account", account)["phone"] == "444"


def test_keeping_what_stands_needs_no_edit(acme: Acme) -> None:
    account = acme.shared_account(phone="000")
    conflict = acme.clash(account)
    close = acme.nancy.set("conflict", conflict, state="resolved")
    assert acme.nancy.push(close, atomic=True).result == "applied"
    acme.nancy.pull()
    assert acme.nancy.body("conflict", conflict)["resolution"] == "222"


def test_a_second_decision_costs_nothing_of_what_is_decided_with_it(acme: Acme) -> None:
    first, other = (acme.shared_account(name, phone="000") for name in ("Alfreds", "Bolido"))
    conflict, still_open = acme.clash(first), acme.clash(other)
    late = (
        *resolution(acme.fuller, conflict, first, "333"),
        *resolution(acme.fuller, still_open, other, "444"),
    )
    resolve(acme.nancy, conflict, first, "111")
    assert acme.fuller.push(*late, atomic=True).result == "conflict"
    acme.fuller.pull()
    assert ("333", acme.fuller.user) in parked(acme.fuller.body("conflict", conflict))
    assert acme.fuller.body("account", other)["phone"] == "444"
    assert acme.fuller.body("conflict", still_open)["state"] == "resolved"


@pytest.mark.parametrize("second", [False, True])
def test_to_keep_a_state_that_moved_on_is_a_decision(acme: Acme, second: bool) -> None:
    """Nobody edits what he keeps as he sees it: what he keeps stands in the closing alone."""
    account = acme.shared_account()
    visit = acme.nancy.insert(
        "visit", account=account, owner=acme.nancy.user, state="planned", reason="rain"
    )
    acme.nancy.push(visit)
    for device in (acme.nancy, acme.fuller):
        device.pull()
    acme.fuller.push(acme.fuller.set("visit", visit.id, state="in_progress"))
    acme.nancy.push(acme.nancy.set("visit", visit.id, state="cancelled"))
    for device in (acme.nancy, acme.fuller):
        device.pull()
    (conflict,) = acme.nancy.of_kind("conflict")
    keep = acme.fuller.set("conflict", conflict.id, state="resolved", resolution="in_progress")
    done = acme.nancy.set("visit", visit.id, state="aborted")
    close = acme.nancy.set("conflict", conflict.id, state="resolved", resolution="aborted")
    moved = acme.nancy.push(*((done, close) if second else (done,)), atomic=True)
    assert moved.result == "applied"
    assert acme.fuller.push(keep, atomic=True).result == "conflict"
    acme.fuller.pull()
    body = acme.fuller.body("conflict", conflict.id)
    assert body["state"] == "open"
    assert ("in_progress", acme.fuller.user) in parked(body)


def test_a_new_conflict_may_open_after_the_first_was_resolved(acme: Acme) -> None:
    account = acme.shared_account(phone="000")
    first = acme.clash(account)
    resolve(acme.nancy, first, account, "111")
    for device in (acme.nancy, acme.fuller):
        device.pull()
    second = acme.clash(account, "444", "555")
    assert second != first


def test_a_transition_from_a_state_that_moved_on_is_a_conflict(acme: Acme) -> None:
    account = acme.shared_account()
    visit = acme.nancy.insert(
        "visit", account=account, owner=acme.nancy.user, state="planned", reason="rain"
    )
    acme.nancy.push(visit)
    acme.nancy.pull()
    acme.fuller.pull()
    acme.fuller.push(acme.fuller.set("visit", visit.id, state="cancelled"))
    start = acme.nancy.set("visit", visit.id, state="in_progress", result="They want more.")
    result = acme.nancy.push(start)
    assert [(c.field, c.result) for c in result.changes] == [("state", "conflict")]
    acme.nancy.pull()
    assert acme.nancy.body("visit", visit.id)["result"] == "They want more."
    assert acme.nancy.of_kind("conflict")[0].body["why"] == "state"


def parked(body: Mapping[str, Any]) -> list[tuple[Value, RecordId]]:
    return [(entry["value"], entry["author"]) for entry in body["parked"]]


def parked_values(body: Mapping[str, Any]) -> list[Value]:
    return [value for value, _ in parked(body)]


def resolution(
    device: Device, conflict: RecordId, account: RecordId, value: str | None
) -> tuple[Change, ...]:
    return (
        device.set("account", account, phone=value),
        device.set("conflict", conflict, state="resolved"),
    )


def resolve(device: Device, conflict: RecordId, account: RecordId, value: str) -> None:
    result = device.push(*resolution(device, conflict, account, value), atomic=True)
    assert result.result == "applied"
