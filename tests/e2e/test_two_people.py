"""Two people, one server: what both typed offline stands, or a person decides."""

from __future__ import annotations

from typing import TypeAlias

import pytest

from tests.e2e.people import WAITS_FOR_YOU, Desk, World

Pair: TypeAlias = "tuple[Desk, Desk]"
"""A sales representative and the lead of his team."""


@pytest.fixture
def pair(world: World) -> Pair:
    rep, lead = world.people("rep", "lead")
    return rep, lead


def shared_account(rep: Desk, *others: Desk, **fields: str) -> str:
    """An account of the representative's that the others see too."""
    account = rep.add("account", name="Alfreds Futterkiste", **fields)
    rep.sync()
    for other in others:
        other.sync()
    return account


@pytest.fixture
def account(pair: Pair) -> str:
    """An account that both hold."""
    return shared_account(*pair, phone="030-1", website="https://old.example")


def both_edit_the_phone(pair: Pair, account: str) -> None:
    """The lead's "030-3" is at the server; the representative's "030-2" is not yet."""
    rep, lead = pair
    rep.set("account", account, phone="030-2")
    lead.set("account", account, phone="030-3")
    lead.sync()


def test_offline_edits_of_different_fields_both_stand(pair: Pair, account: str) -> None:
    rep, lead = pair
    rep.set("account", account, phone="030-2")
    lead.set("account", account, website="https://new.example")
    lead.sync()
    assert rep.sync()["conflicts"] == 0
    lead.sync()
    for desk in pair:
        shown = desk.show("account", account)
        assert (shown["phone"], shown["website"]) == ("030-2", "https://new.example")
        assert desk.conflicts(account) == []


def test_offline_edits_of_one_field_become_one_conflict_that_both_see(
    pair: Pair, account: str
) -> None:
    rep, lead = pair
    both_edit_the_phone(pair, account)
    assert rep.sync(code=WAITS_FOR_YOU)["conflicts"] == 1
    lead.sync()
    for desk in pair:
        found = desk.conflict(account)
        assert (found["kind"], found["field"], found["why"]) == ("account", "phone", "edit")
        assert (found["base"], found["current"]) == ("030-1", "030-3")
        assert [parked["value"] for parked in found["parked"]] == ["030-2"]
        assert desk.show("account", account)["phone"] == "030-3"


def test_a_conflict_resolved_by_one_is_resolved_for_both(pair: Pair, account: str) -> None:
    rep, lead = pair
    both_edit_the_phone(pair, account)
    rep.sync(code=WAITS_FOR_YOU)
    rep.run("resolve", rep.conflict(account)["id"], "--take", "mine")
    rep.sync()
    lead.sync()
    for desk in pair:
        assert desk.show("account", account)["phone"] == "030-2"
        assert desk.conflicts(account) == []
    assert rep.show("account", account) == lead.show("account", account)


def test_a_third_authors_value_joins_the_same_conflict(world: World) -> None:
    rep, lead, kam = world.people("rep", "lead", "kam")
    account = shared_account(rep, lead, kam, phone="030-1")
    rep.add("account_team", account=account, user=kam.login, role="kam")
    for desk in (rep, lead, kam):
        desk.sync()
    for desk, phone in ((lead, "030-3"), (rep, "030-2"), (kam, "030-4")):
        desk.set("account", account, phone=phone)
    lead.sync()
    for desk in (rep, kam):
        assert desk.sync(code=WAITS_FOR_YOU)["conflicts"] == 1
    rep.sync(code=WAITS_FOR_YOU)
    lead.sync()
    for desk in (rep, lead, kam):
        found = desk.conflict(account)
        assert (found["base"], found["current"]) == ("030-1", "030-3")
        assert sorted(parked["value"] for parked in found["parked"]) == ["030-2", "030-4"]
        assert len({parked["author"] for parked in found["parked"]}) == 2


def test_ones_own_second_offline_edit_never_conflicts_with_ones_first(
    pair: Pair, account: str
) -> None:
    rep, lead = pair
    rep.set("account", account, phone="030-2")
    rep.set("account", account, phone="030-3")
    assert rep.sync()["conflicts"] == 0
    rep.set("account", account, phone="030-4")
    assert rep.sync()["conflicts"] == 0
    lead.sync()
    assert lead.show("account", account)["phone"] == "030-4"
    assert rep.conflicts(account) == lead.conflicts(account) == []


def test_deleting_what_another_edited_is_a_conflict_and_nothing_goes(
    pair: Pair, account: str
) -> None:
    rep, lead = pair
    rep.run("delete", "account", account)
    lead.set("account", account, phone="030-3")
    lead.sync()
    assert rep.sync(code=WAITS_FOR_YOU)["conflicts"] == 1
    lead.sync()
    for desk in pair:
        found = desk.conflict(account)
        assert (found["field"], found["why"]) == ("deleted", "delete")
        assert (found["current"], found["parked"][0]["value"]) == (False, True)
        assert desk.show("account", account)["phone"] == "030-3"
        assert account in desk.ids("account")


def test_editing_what_another_deleted_is_a_conflict_that_keeps_the_edit(
    pair: Pair, account: str
) -> None:
    rep, lead = pair
    lead.run("delete", "account", account)
    rep.set("account", account, phone="030-2")
    lead.sync()
    assert rep.sync(code=WAITS_FOR_YOU)["conflicts"] == 1
    found = rep.conflict(account)
    assert (found["field"], found["why"], found["current"]) == ("deleted", "delete", True)
    assert found["parked"][0]["value"] == {"phone": "030-2"}
    rep.run("resolve", found["id"], "--take", "mine")
    rep.sync()
    lead.sync()
    for desk in pair:
        assert desk.show("account", account)["phone"] == "030-2"
        assert desk.conflicts(account) == []
