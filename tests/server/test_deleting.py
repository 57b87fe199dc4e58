"""Deleting, cascades, and edits of what was deleted."""

from typing import Any

import pytest

from crm_core.changes import Change, Op
from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_core.merge import DELETED
from crm_core.wire import WireRow
from crm_server.conflicts import entries_of, entry_of, joined
from crm_server.rows import By
from tests.server.test_merging import parked_values
from tests.server.world import Acme

ANN = RecordId(f"{1:032x}")


def test_a_delete_that_nobody_contradicts_reaches_everyone(acme: Acme) -> None:
    account = acme.shared_account()
    assert acme.fuller.push(acme.fuller.delete("account", account)).result == "applied"
    for device in (acme.nancy, acme.fuller):
        device.pull()
        assert not device.sees("account", account)


def test_a_delete_against_an_edit_becomes_a_conflict_and_nothing_goes(acme: Acme) -> None:
    account = acme.shared_account(phone="000")
    delete = acme.fuller.delete("account", account)
    acme.nancy.push(acme.nancy.set("account", account, phone="111"))
    result = acme.fuller.push(delete)
    assert (result.result, result.changes[0].field) == ("conflict", "deleted")
    acme.nancy.pull()
    (conflict,) = acme.nancy.of_kind("conflict")
    assert (conflict.body["why"], conflict.body["base"]) == ("delete", False)
    assert parked_value(conflict) is True
    assert acme.nancy.body("account", account)["phone"] == "111"


def test_ones_own_unconfirmed_edit_does_not_stop_ones_delete(acme: Acme) -> None:
    account = acme.shared_account(phone="000")
    edit = acme.fuller.changeset(acme.fuller.set("account", account, phone="111"))
    delete = acme.fuller.delete("account", account, after=(edit.id,))
    answer = acme.fuller.send(edit, acme.fuller.changeset(delete))
    assert [result.result for result in answer.results] == ["applied", "applied"]


def test_an_earlier_edit_that_is_not_named_stops_ones_delete(acme: Acme) -> None:
    account = acme.shared_account(phone="000")
    delete = acme.fuller.delete("account", account)
    acme.fuller.push(acme.fuller.set("account", account, phone="111"))
    assert acme.fuller.push(delete).result == "conflict"


def test_edits_of_a_deleted_record_add_up_over_a_decision_that_lies_between() -> None:
    """A decision of his is moved here where the question that it answered was lost."""
    said: list[Value] = [{"phone": "111", "industry": "steel"}, False, {"phone": "222"}]
    first, moved, later = (entry_of(x, By(ANN, "laptop", f"{n}")) for n, x in enumerate(said))
    parked = joined(joined([first], moved, DELETED, (True,)), later, DELETED)
    assert [x["value"] for x in entries_of(parked)] == [{"phone": "222", "industry": "steel"}]


def test_what_waited_for_its_file_takes_no_place_of_what_was_said_since(acme: Acme) -> None:
    """Nancy adds something to an account that is held up on its way, then wants it to go; Fuller,
    who stood against that, deletes it himself."""
    account = acme.shared_account()
    added = acme.nancy.changeset(acme.nancy.insert("task", account=account, title="Call them"))
    wish = acme.nancy.delete("account", account)
    acme.fuller.push(acme.fuller.set("account", account, phone="111"))
    acme.nancy.push(wish)
    acme.fuller.pull()
    acme.fuller.push(acme.fuller.delete("account", account))
    assert acme.nancy.send(added).results[0].result == "conflict"
    acme.nancy.pull()
    (conflict,) = acme.nancy.of_kind("conflict")
    assert parked_values(conflict.body) == [{}, True]


def said(order: int, value: Value, device: str = "laptop") -> dict[str, Value]:
    return entry_of(value, By(ANN, device, f"{order}", order=order))


@pytest.mark.parametrize(
    ("late", "stands"),
    [
        (said(4, "late"), ["late", "known"]),
        (said(6, "new"), ["new"]),
        (said(4, "elsewhere", "telephone"), ["elsewhere"]),
        (said(0, "an older client's"), ["an older client's"]),
    ],
)
def test_who_speaks_again_takes_back_what_he_had_said_before(
    late: dict[str, Value], stands: list[Value]
) -> None:
    """What was held up on its way, of the same device, is no later word for coming later."""
    parked = joined([said(5, "known")], late, "phone")
    assert [x["value"] for x in entries_of(parked)] == stands


def test_an_edit_of_a_deleted_record_is_kept_beside_it(acme: Acme) -> None:
    account = acme.shared_account(phone="000")
    edit = acme.nancy.set("account", account, phone="111")
    acme.fuller.push(acme.fuller.delete("account", account))
    assert acme.nancy.push(edit).result == "conflict"
    acme.nancy.pull()
    (conflict,) = acme.nancy.of_kind("conflict")
    assert conflict.body["field"] == "deleted"
    assert conflict.body["base"] == {"phone": "000"}
    assert parked_value(conflict) == {"phone": "111"}
    assert not acme.nancy.sees("account", account)


def test_two_edits_of_a_deleted_record_add_up(acme: Acme) -> None:
    account = acme.shared_account(phone="000")
    edits = [
        acme.nancy.changeset(acme.nancy.set("account", account, phone="111")),
        acme.nancy.changeset(acme.nancy.set("account", account, industry="food")),
    ]
    acme.fuller.push(acme.fuller.delete("account", account))
    acme.nancy.send(*edits)
    acme.nancy.pull()
    (conflict,) = acme.nancy.of_kind("conflict")
    assert parked_value(conflict) == {"phone": "111", "industry": "food"}


def edited_while_deleted(acme: Acme, account: RecordId) -> tuple[int, WireRow]:
    """Nancy changes what Fuller deletes: the version that she saw, and the conflict."""
    edit = acme.nancy.set("account", account, phone="111")
    acme.fuller.push(acme.fuller.delete("account", account))
    acme.nancy.push(edit)
    acme.nancy.pull()
    (conflict,) = acme.nancy.of_kind("conflict")
    return edit.base_seq, conflict


def test_restoring_brings_the_record_back_with_the_changes(acme: Acme) -> None:
    account = acme.shared_account(phone="000")
    seq, conflict = edited_while_deleted(acme, account)
    back = Change("account", account, Op.RESTORE, {"phone": "111"}, {"phone": "000"}, seq)
    close = acme.nancy.set("conflict", conflict.id, state="resolved")
    assert acme.nancy.push(back, close, atomic=True).result == "applied"
    for device in (acme.nancy, acme.fuller):
        device.pull()
        assert device.body("account", account)["phone"] == "111"
        assert device.body("conflict", conflict.id)["resolution"] is False


def test_restoring_settles_the_deletion_though_another_took_the_code_meanwhile(acme: Acme) -> None:
    account = acme.shared_account(phone="000", uscc="91310000000000000A")
    seq, conflict = edited_while_deleted(acme, account)
    acme.fuller.push(acme.fuller.insert("account", name="Twin", uscc="91310000000000000A"))
    back = Change("account", account, Op.RESTORE, {"phone": "111"}, {"phone": "000"}, seq)
    close = acme.nancy.set("conflict", conflict.id, state="resolved")
    told = acme.nancy.push(back, close, atomic=True)
    assert [(part.index, part.field) for part in told.changes] == [(0, "uscc")]
    acme.nancy.pull()
    assert acme.nancy.body("account", account)["phone"] == "111"
    assert acme.nancy.body("conflict", conflict.id)["state"] == "resolved"
    assert {str(x.body["field"]) for x in acme.nancy.of_kind("conflict")} == {"deleted", "uscc"}


def test_what_a_restored_record_lost_takes_no_place_of_what_its_restorer_had_typed(
    acme: Acme,
) -> None:
    own, wanted = "91310000000000000A", "91310000000000000B"
    account = acme.shared_account(uscc=own)
    acme.nancy.account("Holder", uscc=wanted)
    acme.fuller.push(acme.fuller.set("account", account, uscc=wanted))
    acme.fuller.pull()
    acme.fuller.push(acme.fuller.delete("account", account))
    acme.nancy.account("Twin", uscc=own)
    acme.fuller.push(Change("account", account, Op.RESTORE))
    acme.fuller.pull()
    (asked,) = acme.fuller.of_kind("conflict")
    parked = asked.body["parked"]
    assert isinstance(parked, list)
    assert [one["value"] for one in parked if isinstance(one, dict)] == [wanted, own]


@pytest.mark.parametrize("apart", [False, True], ids=["in-one-step", "restored-before"])
def test_who_restores_after_another_has_decided_keeps_his_changes_in_the_question(
    acme: Acme, apart: bool
) -> None:
    account = acme.shared_account(phone="000")
    seq, conflict = edited_while_deleted(acme, account)
    acme.fuller.pull()
    gone = acme.fuller.set("conflict", conflict.id, state="resolved")
    assert acme.fuller.push(gone, atomic=True).result == "applied"
    if apart:
        acme.nancy.push(Change("account", account, Op.RESTORE))
    op = Op.SET if apart else Op.RESTORE
    back = Change("account", account, op, {"phone": "222"}, {"phone": "000"}, seq)
    close = acme.nancy.set("conflict", conflict.id, state="resolved")
    assert acme.nancy.push(back, close, atomic=True).result == "conflict"
    acme.nancy.pull()
    body = acme.nancy.body("conflict", conflict.id)
    assert body["state"] == "open"
    assert parked_values(body) == [True, {"phone": "222"}]


@pytest.mark.parametrize("op", [Op.RESTORE, Op.SET])
def test_who_restores_what_is_back_already_brings_his_own_changes_along(acme: Acme, op: Op) -> None:
    account = acme.shared_account(phone="000")
    seq, conflict = edited_while_deleted(acme, account)
    acme.fuller.pull()
    seen: dict[str, Value] = {"phone": "000"}
    edited: dict[str, Value] = {"phone": "222"}
    for device, new in ((acme.fuller, {}), (acme.nancy, edited)):
        back = Change("account", account, op if new else Op.RESTORE, new, seen if new else {}, seq)
        close = device.set("conflict", conflict.id, state="resolved")
        assert device.push(back, close, atomic=True).result == "applied"
    acme.nancy.pull()
    assert acme.nancy.body("account", account)["phone"] == "222"


def test_a_cascade_goes_whole(acme: Acme) -> None:
    account = acme.shared_account()
    address = acme.nancy.insert("address", account=account, city="Berlin")
    acme.nancy.push(address)
    acme.fuller.pull()
    changes = (acme.fuller.delete("address", address.id), acme.fuller.delete("account", account))
    assert acme.fuller.push(*changes, atomic=True).result == "applied"
    acme.nancy.pull()
    assert not acme.nancy.sees("address", address.id)
    assert not acme.nancy.sees("account", account)


def test_a_child_unknown_to_the_deleter_stops_the_whole_cascade(acme: Acme) -> None:
    account = acme.shared_account()
    address = acme.nancy.insert("address", account=account, city="Berlin")
    acme.nancy.push(address)
    acme.fuller.pull()
    task = acme.nancy.insert("task", account=account, title="Call them")
    acme.nancy.push(task)
    changes = (acme.fuller.delete("address", address.id), acme.fuller.delete("account", account))
    result = acme.fuller.push(*changes, atomic=True)
    assert result.result == "conflict"
    acme.nancy.pull()
    assert acme.nancy.sees("address", address.id)
    assert acme.nancy.sees("account", account)
    assert len(acme.nancy.of_kind("conflict")) == 1


def test_a_child_that_the_deleter_holds_does_not_stop_him(acme: Acme) -> None:
    account = acme.shared_account()
    acme.nancy.push(acme.nancy.insert("task", account=account, title="Call them"))
    acme.fuller.pull()
    assert acme.fuller.push(acme.fuller.delete("account", account)).result == "applied"


def test_a_new_part_of_a_deleted_record_reopens_the_question(acme: Acme) -> None:
    account = acme.shared_account()
    task = acme.nancy.insert("task", account=account, title="Call them")
    acme.fuller.push(acme.fuller.delete("account", account))
    result = acme.nancy.push(task)
    assert result.result == "conflict"
    acme.nancy.pull()
    assert acme.nancy.sees("task", task.id)
    assert acme.nancy.of_kind("conflict")[0].body["record"] == f"account/{account}"


def test_deleting_twice_is_nothing_new(acme: Acme) -> None:
    account = acme.shared_account()
    delete = acme.fuller.delete("account", account)
    again = acme.fuller.delete("account", account)
    acme.fuller.push(delete)
    assert acme.fuller.push(again).result == "applied"


def test_a_rep_deletes_his_own_within_a_day_only(acme: Acme) -> None:
    young, old = acme.nancy.account("Young"), acme.nancy.account("Old")
    assert acme.nancy.push(acme.nancy.delete("account", young)).result == "applied"
    acme.world.passes(hours=25)
    result = acme.nancy.push(acme.nancy.delete("account", old))
    assert (result.result, result.changes[0].code) == ("rejected", "right.missing")


def test_nobody_deletes_what_his_role_may_not(acme: Acme) -> None:
    account = acme.shared_account()
    plan = acme.kam.insert("plan", account=account, title="2027")
    acme.kam.push(plan)
    for device in (acme.nancy, acme.service):
        device.pull()
    for device, kind, record in ((acme.service, "account", account), (acme.nancy, "plan", plan.id)):
        (told,) = device.push(device.delete(kind, record)).changes
        assert (told.code, told.params) == ("right.missing", {"action": "delete"})


def test_insert_and_delete_in_one_push_leave_a_tombstone(acme: Acme) -> None:
    insert = acme.nancy.changeset(acme.nancy.insert("account", name="Short-lived"))
    account = insert.changes[0].id
    delete = acme.nancy.changeset(acme.nancy.delete("account", account, after=(insert.id,)))
    answer = acme.nancy.send(insert, delete)
    assert [result.result for result in answer.results] == ["applied", "applied"]
    acme.nancy.pull()
    assert not acme.nancy.sees("account", account)


@pytest.mark.parametrize("is_wanted", [False, True])
def test_what_was_brought_back_and_deleted_again_asks_only_where_another_wanted_it_meanwhile(
    acme: Acme, *, is_wanted: bool
) -> None:
    account = acme.shared_account(phone="000")
    acme.fuller.push(acme.fuller.set("account", account, phone="111"))
    seq = acme.fuller.push(acme.fuller.delete("account", account)).seq
    acme.nancy.pull()
    back = Change("account", account, Op.RESTORE)
    if is_wanted:
        acme.fuller.push(back)
    step = acme.nancy.changeset(back)
    again = Change("account", account, Op.DELETE, base_seq=seq, after=(step.id,))
    answer = acme.nancy.send(step, acme.nancy.changeset(again))
    assert answer.results[-1].result == ("conflict" if is_wanted else "applied")


def parked_value(conflict: WireRow) -> object:
    parked: Any = conflict.body["parked"]
    return parked[0]["value"]
