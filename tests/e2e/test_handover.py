"""What a rep typed into an account that went to a colleague reaches that colleague, who decides."""

from __future__ import annotations

from tests.e2e.people import WAITS_FOR_YOU, Desk, World


def handed_over(rep: Desk, successor: Desk, lead: Desk) -> str:
    """An account that went away while two values typed into it waited; both are offered."""
    account = rep.add("account", name="Chop-suey Chinese", phone="0452-1", industry="food")
    rep.sync()
    lead.sync()
    rep.set("account", account, phone="0452-9", industry="catering")
    lead.set("account", account, owner=successor.login)
    lead.sync()
    rep.sync(code=WAITS_FOR_YOU)
    (orphan,) = rep.json("orphans")
    assert (orphan["title"], orphan["can_offer"]) == ("Chop-suey Chinese", True)
    rep.json("offer", orphan["id"])
    assert rep.status()["pending"] == 1
    rep.sync()
    return account


def test_offered_work_reaches_the_new_owner_who_takes_one_value_and_keeps_another(
    world: World,
) -> None:
    rep, successor, lead = world.people("rep", "rep", "lead")
    account = handed_over(rep, successor, lead)
    assert [row["state"] for row in rep.json("orphans")] == ["offered"]
    assert account not in rep.ids("account")
    assert successor.sync(code=WAITS_FOR_YOU)["verified"] is True
    offers = {row["field"]: row for row in successor.json("conflicts")}
    assert {(x["why"], x["parked"][0]["author"]) for x in offers.values()} == {
        ("handover", rep.login)
    }
    successor.json("resolve", offers["phone"]["id"], "--take", "theirs")
    successor.json("resolve", offers["industry"]["id"], "--take", "mine")
    successor.sync()
    lead.sync()
    shown = lead.show("account", account)
    assert (shown["phone"], shown["industry"]) == ("0452-9", "food")
    history = lead.json("history", "account", account)
    told = {entry["by"] for entry in history if entry["new"] == "0452-9"}
    assert told == {successor.login}
    status = rep.sync()
    assert status["verified"] is True
    assert rep.json("orphans") == []
