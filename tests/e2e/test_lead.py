"""A team lead decides for his people from his own machine, in his own name, and they hear of it."""

from __future__ import annotations

from tests.e2e.people import WAITS_FOR_YOU, Desk, World


def disputed(first: Desk, second: Desk, lead: Desk) -> tuple[str, str]:
    """An account on which two reps do not agree: its id, and the conflict's."""
    account = first.add("account", name="Chop-suey Chinese", phone="0452-1")
    first.sync()
    lead.sync()
    first.sync()
    lead.add("account_team", account=account, user=second.login)
    lead.sync()
    second.sync()
    second.set("account", account, phone="0452-2")
    first.set("account", account, phone="0452-9")
    first.sync()
    second.sync(code=WAITS_FOR_YOU)
    return account, second.conflict(account)["id"]


def test_a_conflict_of_two_reps_is_decided_by_their_lead_in_his_name(world: World) -> None:
    first, second, lead = world.people("rep", "rep", "lead")
    account, conflict = disputed(first, second, lead)
    assert lead.sync()["verified"] is True, "it waits for others, and is there"
    assert [row["id"] for row in lead.json("conflicts")] == [conflict]
    lead.json("resolve", conflict, "--value", '"0452-7"')
    lead.sync()
    for desk in (first, second):
        assert desk.sync()["verified"] is True
        assert desk.show("account", account)["phone"] == "0452-7"
        assert desk.json("conflicts") == []
    told = [x for x in first.json("history", "account", account) if x["new"] == "0452-7"]
    assert [x["by"] for x in told] == [lead.login]
