"""A lead reads what was refused to his people and waits for them; nobody else does."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from crm_core.ids import RecordId
from crm_core.wire import Refusal, StillRefused
from crm_server.refusals import note_still_refused, refusals_of_team
from crm_server.store import ServerStore
from tests.server.world import Device, World


@dataclass
class Team:
    """A rep, her team's lead, the lead of another team, and a colleague in hers."""

    world: World
    rep: Device
    lead: Device
    stranger: Device
    colleague: Device
    account: RecordId

    def of(self, device: Device) -> tuple[Refusal, ...]:
        return refusals_of_team(self.world.service, device.who)


@pytest.fixture
def team(store: ServerStore) -> Team:
    world = World(store)
    north, south = (world.team(name) for name in ("North", "South"))
    rep = world.user("nancy", "rep", team=north)
    lead, stranger = (world.user(x, "lead", team=y) for x, y in (("ann", north), ("bob", south)))
    colleague = world.user("carl", "rep", team=north)
    world.change("team", north, name="North", lead=lead.user)
    world.change("team", south, name="South", lead=stranger.user)
    rep.pull()
    return Team(world, rep, lead, stranger, colleague, rep.account("Alfreds"))


def refuse(team: Team) -> None:
    """The rep asks for what only the office decides."""
    edit = team.rep.set("account", team.account, grade="A", phone="111")
    assert [x.code for x in team.rep.push(edit).changes] == ["field.authority"]


def test_a_lead_reads_what_waits_for_his_people_and_why(team: Team) -> None:
    refuse(team)
    (found,) = team.of(team.lead)
    assert (found.author, found.device) == (team.rep.user, team.rep.device)
    assert (found.field, found.code, found.change.id) == ("grade", "field.authority", team.account)
    assert found.change.new["grade"] == "A"
    assert found.at


def test_nobody_else_reads_it(team: Team) -> None:
    refuse(team)
    assert [team.of(x) for x in (team.rep, team.stranger, team.colleague)] == [(), (), ()]


def test_what_got_through_since_waits_no_more(team: Team) -> None:
    refuse(team)
    team.rep.push(team.rep.set("account", team.account, grade="B"))
    assert [x.change.new["grade"] for x in team.of(team.lead)] == ["B"]
    insert = team.rep.insert("visit", account=team.world.new_id())
    team.rep.push(insert)
    assert "visit" not in {x.change.kind for x in team.of(team.lead)}, "below what he cannot see"
    task = team.rep.insert("task", account=team.account)
    refused = team.rep.push(task)
    assert refused.result == "rejected"
    assert {x.change.kind for x in team.of(team.lead)} == {"account", "task"}
    again = team.rep.insert_as("task", task.id, account=team.account, title="Call")
    assert team.rep.push(again).result == "applied"
    assert {x.change.kind for x in team.of(team.lead)} == {"account"}


def test_a_record_that_left_the_leads_sight_is_read_by_him_no_more(team: Team) -> None:
    refuse(team)
    team.rep.push(team.rep.set("account", team.account, phone="222"))
    team.world.change("account", team.account, owner=team.stranger.user, team=None)
    assert team.of(team.lead) == ()


def test_a_lead_of_a_territory_reads_what_waits_in_its_parts(store: ServerStore) -> None:
    world = World(store)
    whole = world.territory("North")
    part = world.territory("North 1", whole)
    rep, lead = (
        world.user("nancy", "rep", territory=part), world.user("ann", "lead", territory=whole)
    )  # fmt: skip
    rep.pull()
    account = rep.account("Alfreds")
    rep.push(rep.set("account", account, grade="A"))
    assert [x.author for x in refusals_of_team(world.service, lead.who)] == [rep.user]
    assert refusals_of_team(world.service, rep.who) == ()


def still_refused(team: Team, device: Device, *steps: str) -> None:
    note_still_refused(team.world.service, device.who, StillRefused(tuple(map(RecordId, steps))))


def test_what_its_author_discarded_leaves_the_list_until_he_takes_that_back(team: Team) -> None:
    refuse(team)
    (found,) = team.of(team.lead)
    still_refused(team, team.rep)
    assert team.of(team.lead) == ()
    still_refused(team, team.rep, found.cs_id)
    assert team.of(team.lead) == (found,)


def test_only_the_device_that_sent_it_says_so(team: Team) -> None:
    refuse(team)
    for other in (team.colleague, team.lead, team.world.device("nancy")):
        still_refused(team, other)
    assert len(team.of(team.lead)) == 1


def test_what_a_withdrawn_device_left_is_no_refusal_and_stays(team: Team) -> None:
    team.world.service.park(team.rep.who, b"[]")
    still_refused(team, team.rep)
    with team.world.store.read() as tx:
        assert tx.rows("SELECT why FROM parked") == [("parked",)]
