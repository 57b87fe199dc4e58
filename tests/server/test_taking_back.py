"""A decision about a conflict is taken back by whoever made it, and the question is as it was."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from crm_core.changes import Change, Op
from crm_core.ids import RecordId
from tests.server.world import Acme, Device


def closing(client: Device, conflict: RecordId, account: RecordId, value: str) -> list[Change]:
    field = client.set("account", account, phone=value)
    return [field, client.set("conflict", conflict, state="resolved", resolution=value)]


def reopening(client: Device, conflict: RecordId, account: RecordId, value: str) -> list[Change]:
    field = client.set("account", account, phone=value)
    return [field, client.set("conflict", conflict, state="open", resolution=None)]


def parked(client: Device, conflict: RecordId) -> list[tuple[Any, ...]]:
    entries: Any = client.body("conflict", conflict)["parked"]
    return [(x["value"], x["author"], x.get("stood", False)) for x in entries]


def decide(acme: Acme, account: RecordId, value: str) -> RecordId:
    conflict = acme.clash(account)
    acme.nancy.pull()
    acme.nancy.push(*closing(acme.nancy, conflict, account, value), atomic=True)
    acme.nancy.pull()
    return conflict


def test_what_stood_until_a_decision_is_kept_with_its_author(acme: Acme) -> None:
    account = acme.shared_account(phone="000")
    conflict = decide(acme, account, "333")
    values = {value: (who, stood) for value, who, stood in parked(acme.nancy, conflict)}
    assert values["222"] == (acme.fuller.user, True)
    assert values["111"] == (acme.nancy.user, False)


def test_where_what_stood_was_kept_it_is_known_whose_it_was(acme: Acme) -> None:
    account = acme.shared_account(phone="000")
    conflict = decide(acme, account, "222")
    assert parked(acme.nancy, conflict) == [
        ("111", acme.nancy.user, False), ("222", acme.fuller.user, True)
    ]  # fmt: skip


def test_a_decision_taken_back_opens_the_question_as_it_was(acme: Acme) -> None:
    account = acme.shared_account(phone="000")
    conflict = decide(acme, account, "333")
    back = reopening(acme.nancy, conflict, account, "222")
    assert acme.nancy.push(*back, atomic=True).result == "applied"
    for device in (acme.nancy, acme.fuller):
        device.pull()
        body = device.body("conflict", conflict)
        assert (body["state"], body["resolution"], body["resolved_by"]) == ("open", None, None)
        assert parked(device, conflict) == [("111", acme.nancy.user, False)]
        assert device.body("account", account)["phone"] == "222"


def test_who_did_not_decide_takes_nothing_back(acme: Acme) -> None:
    account = acme.shared_account(phone="000")
    conflict = decide(acme, account, "333")
    acme.fuller.pull()
    back = reopening(acme.fuller, conflict, account, "222")
    assert acme.fuller.push(*back, atomic=True).result == "rejected"
    acme.fuller.pull()
    assert acme.fuller.body("account", account)["phone"] == "333"
    assert acme.fuller.body("conflict", conflict)["state"] == "resolved"


@pytest.mark.parametrize("edits", [False, True])
def test_a_decision_taken_back_after_the_field_moved_on_is_a_question_beside_it(
    acme: Acme, edits: bool
) -> None:
    account = acme.shared_account(phone="000")
    conflict = decide(acme, account, "333")
    field, question = reopening(acme.nancy, conflict, account, "222")
    acme.fuller.pull()
    acme.fuller.push(acme.fuller.set("account", account, phone="999"))
    result = acme.nancy.push(*((field, question) if edits else (question,)), atomic=True)
    assert result.result == ("conflict" if edits else "applied")
    acme.nancy.pull()
    assert acme.nancy.body("account", account)["phone"] == "999"
    (asked,) = [x for x in acme.nancy.of_kind("conflict") if x.body["state"] == "open"]
    lying = {value for value, *_ in parked(acme.nancy, asked.id)}
    assert lying == ({"111", "222"} if edits else {"111"})


def test_a_question_that_came_up_since_takes_the_old_ones_values_in(acme: Acme) -> None:
    account = acme.shared_account(phone="000")
    conflict = decide(acme, account, "333")
    keep = acme.nancy.set("conflict", conflict, state="open", resolution=None)
    acme.fuller.pull()
    late = acme.fuller.set("account", account, phone="555")
    acme.nancy.push(acme.nancy.set("account", account, phone="444"))
    acme.fuller.push(late)
    acme.nancy.pull()
    back = Change(
        "account",
        account,
        Op.SET,
        {"phone": "333"},
        {"phone": "444"},
        acme.nancy.rows["account", account].seq,
    )
    acme.nancy.push(back)
    acme.nancy.push(keep, atomic=True)
    acme.nancy.pull()
    (open_one,) = [x for x in acme.nancy.of_kind("conflict") if x.body["state"] == "open"]
    assert open_one.id != conflict
    assert {value for value, *_ in parked(acme.nancy, open_one.id)} == {"555", "111"}


def test_what_a_decision_that_came_to_nothing_replaced_lies_in_the_question_again(
    acme: Acme,
) -> None:
    account = acme.shared_account(phone="000")
    conflict = acme.clash(account)
    decided = acme.nancy.changeset(*closing(acme.nancy, conflict, account, "333"), atomic=True)
    field, question = reopening(acme.nancy, conflict, account, "444")
    field = replace(field, old={"phone": "333"})
    back = acme.nancy.changeset(field, question, atomic=True)
    acme.fuller.push(acme.fuller.set("account", account, phone="999"))
    results = acme.nancy.send(decided, back).results
    assert [one.result for one in results] == ["conflict", "conflict"]
    assert {part.conflict_id for part in results[1].changes} == {conflict}
    acme.nancy.pull()
    assert acme.nancy.body("account", account)["phone"] == "999"
    assert acme.nancy.body("conflict", conflict)["state"] == "open"
    assert parked(acme.nancy, conflict) == [("444", acme.nancy.user, False)]


def test_of_two_decisions_one_that_stood_is_asked_again_and_the_other_lies_in_its_question(
    acme: Acme,
) -> None:
    accounts = [acme.shared_account(name, phone="000") for name in ("Alfreds", "Bolido")]
    conflicts = [acme.clash(account) for account in accounts]
    both = list(zip(conflicts, accounts, strict=True))
    closed = [x for c, a in both for x in closing(acme.nancy, c, a, "333")]
    opened = [
        replace(x, old={"phone": "333"}) if x.kind == "account" else x
        for c, a in both
        for x in reopening(acme.nancy, c, a, "444")
    ]
    decided = acme.nancy.changeset(*closed, atomic=True)
    back = acme.nancy.changeset(*opened, atomic=True)
    acme.fuller.push(acme.fuller.set("account", accounts[0], phone="999"))
    acme.nancy.send(decided, back)
    acme.nancy.pull()
    assert [acme.nancy.body("account", x)["phone"] for x in accounts] == ["999", "444"]
    assert [acme.nancy.body("conflict", x)["state"] for x in conflicts] == ["open", "open"]
    mine = acme.nancy.user
    assert parked(acme.nancy, conflicts[0]) == [("444", mine, False)]
    assert parked(acme.nancy, conflicts[1]) == [("111", mine, False)]
