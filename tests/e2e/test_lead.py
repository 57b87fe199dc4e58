"""A team lead decides for his people from his own machine, in his own name, and they hear of it."""

from __future__ import annotations

import contextlib
from contextlib import AbstractContextManager

from crm_desktop.models.inbox import discard_for_now, stuck, take_discard_back
from crm_desktop.models.team_work import enter, open_ones
from crm_desktop.profile import Profile, open_profile
from tests.e2e.people import WAITS_FOR_YOU, Desk, World
from tests.e2e.processes import PASSPHRASE


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


def opened(desk: Desk) -> AbstractContextManager[Profile]:
    return contextlib.closing(open_profile(desk.profile, PASSPHRASE))


def test_what_was_refused_to_a_rep_is_entered_by_his_lead_in_his_own_name(world: World) -> None:
    rep, colleague, lead = world.people("rep", "rep", "lead")
    account = rep.add("account", name="Chop-suey Chinese")
    rep.sync()
    lead.sync()
    rep.set("account", account, owner=colleague.login)
    rep.sync(code=WAITS_FOR_YOU)
    assert rep.status(code=WAITS_FOR_YOU)["parked"]["rejected"] == 1
    with opened(colleague) as profile:
        assert profile.session.refusals() == ()
    with opened(lead) as profile:
        (found,) = profile.session.refusals()
        assert (found.change.id, found.field, found.code) == (account, "owner", "right.missing")
        enter(profile.store, found, rep.login)
        with profile.store.reader() as c:
            assert open_ones(c, profile.session.refusals()) == ()
    lead.sync()
    assert lead.show("account", account)["owner_label"].lower().startswith("rep")
    colleague.sync()
    assert account in colleague.ids("account")
    told = [x for x in colleague.json("history", "account", account) if x["field"] == "owner"]
    assert told[-1]["by"] == lead.login


def test_what_a_rep_discards_asks_his_lead_no_more(world: World) -> None:
    rep, colleague, lead = world.people("rep", "rep", "lead")
    account = rep.add("account", name="Chop-suey Chinese")
    rep.sync()
    rep.set("account", account, owner=colleague.login)
    rep.sync(code=WAITS_FOR_YOU)
    with opened(rep) as profile:
        with profile.store.reader() as c:
            (row,) = stuck(c)
        _, back = discard_for_now(profile.store, row.cs_id)
    assert waiting_for(lead) == [account], "nobody was told yet"
    rep.sync()
    assert waiting_for(lead) == []
    with opened(rep) as profile:
        take_discard_back(profile.store, back)
    rep.sync(code=WAITS_FOR_YOU)
    assert waiting_for(lead) == [account]


def waiting_for(lead: Desk) -> list[str]:
    """The records of which something was refused to those whom he leads."""
    with opened(lead) as profile:
        return [x.change.id for x in profile.session.refusals()]
