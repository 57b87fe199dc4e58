"""Two people, one server: what both typed offline stands, or a person decides."""

from __future__ import annotations

import pytest

from tests.e2e.people import WAITS_FOR_YOU, Desk, World


@pytest.fixture
def pair(world: World) -> tuple[Desk, Desk]:
    """A sales representative and the lead of his team."""
    rep, lead = world.people("rep", "lead")
    return rep, lead


def shared_account(rep: Desk, *others: Desk, **fields: str) -> str:
    """An account of the representative's that the others see too."""
    account = rep.add("account", name="Alfreds Futterkiste", **fields)
    rep.sync()
    for other in others:
        other.sync()
    return account


def test_offline_edits_of_different_fields_both_stand(pair: tuple[Desk, Desk]) -> None:
    rep, lead = pair
    account = shared_account(rep, lead, phone="030-1", website="https://old.example")
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
    pair: tuple[Desk, Desk],
) -> None:
    rep, lead = pair
    account = shared_account(rep, lead, phone="030-1")
    rep.set("account", account, phone="030-2")
    lead.set("account", account, phone="030-3")
    lead.sync()
    assert rep.sync(code=WAITS_FOR_YOU)["conflicts"] == 1
    lead.sync()
    for desk in pair:
        found = desk.conflict(account)
        assert (found["kind"], found["field"], found["why"]) == ("account", "phone", "edit")
        assert (found["base"], found["current"]) == ("030-1", "030-3")
        assert [parked["value"] for parked in found["parked"]] == ["030-2"]
        assert desk.show("account", account)["phone"] == "030-3"


def test_a_conflict_resolved_by_one_is_resolved_for_both(pair: tuple[Desk, Desk]) -> None:
    rep, lead = pair
    account = shared_account(rep, lead, phone="030-1")
    rep.set("account", account, phone="030-2")
    lead.set("account", account, phone="030-3")
    lead.sync()
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
    pair: tuple[Desk, Desk],
) -> None:
    rep, lead = pair
    account = shared_account(rep, lead, phone="030-1")
    rep.set("account", account, phone="030-2")
    rep.set("account", account, phone="030-3")
    assert rep.sync()["conflicts"] == 0
    rep.set("account", account, phone="030-4")
    assert rep.sync()["conflicts"] == 0
    lead.sync()
    assert lead.show("account", account)["phone"] == "030-4"
    assert rep.conflicts(account) == lead.conflicts(account) == []


def test_deleting_what_another_edited_is_a_conflict_and_nothing_goes(
    pair: tuple[Desk, Desk],
) -> None:
    rep, lead = pair
    account = shared_account(rep, lead, phone="030-1")
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
    pair: tuple[Desk, Desk],
) -> None:
    rep, lead = pair
    account = shared_account(rep, lead, phone="030-1")
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
