"""A token that expires, a request that arrives twice, an answer that never comes."""

from __future__ import annotations

from tests.e2e.people import NOT_REACHABLE, SIGNED_OUT, Desk, World
from tests.e2e.proxy import LOSE_ANSWER, PULL, PUSH, REFUSE, REPEAT, CutAnswer, Proxy, once


def device_of(world: World, desk: Desk) -> str:
    """The id of the device at which somebody works, as IT sees it."""
    lines = world.server.admin_inside("device", "list").splitlines()
    (line,) = [line for line in lines if desk.login in line]
    return line.split()[0]


def changes_of(desk: Desk, account: str, field: str) -> list[tuple[str, str]]:
    """The changes of one field that the server has in its history, oldest first."""
    history = desk.json("history", "account", account)
    return [(entry["old"], entry["new"]) for entry in history if entry["field"] == field]


def test_an_edit_made_while_the_token_expired_goes_through_after_signing_in(world: World) -> None:
    rep, lead = world.people("rep", "lead")
    account = rep.add("account", name="Blauer See", phone="0621-1")
    rep.sync()
    world.server.admin("device", "expire", device_of(world, rep))
    rep.set("account", account, phone="0621-2")
    rep.run("sync", code=SIGNED_OUT)
    status = rep.status(code=SIGNED_OUT)
    assert (status["state"], status["pending"]) == ("signed_out", 1)
    assert status["parked"].get("rejected", 0) == 0
    assert rep.show("account", account)["phone"] == "0621-2"
    rep.sign_in(world.server.url)
    counts = rep.sync()
    assert (counts["pushed"], counts["rejected"]) == (1, 0)
    lead.sync()
    assert lead.show("account", account)["phone"] == "0621-2"


def test_a_push_that_arrives_twice_changes_nothing_the_second_time(
    world: World, proxy: Proxy
) -> None:
    rep, lead = world.people("rep", "lead")
    account = rep.add("account", name="Berglunds", phone="0921-1")
    rep.sync()
    rep.set("account", account, phone="0921-2")
    contact = rep.add("contact", full_name="Christina Berglund")
    proxy.plan = once(PUSH, REPEAT)
    counts = rep.sync()
    assert (counts["pushed"], counts["conflicts"], counts["rejected"]) == (2, 0, 0)
    first, second = proxy.requests(PUSH)[-2:]
    assert (first.body, first.status, second.status) == (second.body, 200, 200)
    assert changes_of(rep, account, "phone") == [(None, "0921-1"), ("0921-1", "0921-2")]
    lead.sync()
    assert lead.show("account", account)["phone"] == "0921-2"
    assert len(rep.ids("contact") & {contact}) == 1


def test_an_edit_whose_answer_was_lost_is_applied_once(world: World, proxy: Proxy) -> None:
    rep, lead = world.people("rep", "lead")
    account = rep.add("account", name="Blondel", phone="88-1")
    rep.sync()
    rep.set("account", account, phone="88-2")
    proxy.plan = lambda _method, path: LOSE_ANSWER if path == PUSH else REFUSE
    rep.run("sync", code=NOT_REACHABLE)
    assert rep.show("account", account)["phone"] == "88-2"
    rep.set("account", account, phone="88-3")
    proxy.plan = once("", REFUSE)
    assert rep.sync()["conflicts"] == 0
    lead.sync()
    assert lead.show("account", account)["phone"] == "88-3"
    changes = [(None, "88-1"), ("88-1", "88-2"), ("88-2", "88-3")]
    assert changes_of(rep, account, "phone") == changes


def test_a_pull_that_is_cut_goes_on_later_and_loses_nothing(world: World, proxy: Proxy) -> None:
    rep, lead = world.people("rep", "lead")
    accounts = {rep.add("account", name=f"Customer {n}") for n in range(20)}
    rep.sync()
    pending = lead.add("account", name="Typed while the line was bad")
    proxy.plan = once(PULL, CutAnswer(after_bytes=200))
    lead.run("sync", code=NOT_REACHABLE)
    assert pending in lead.ids("account")
    assert lead.sync()["verified"] is True
    assert accounts | {pending} <= lead.ids("account")


def test_an_unreachable_server_costs_nothing(world: World, proxy: Proxy) -> None:
    (rep,) = world.people("rep")
    account = rep.add("account", name="Bolido")
    proxy.plan = lambda _method, _path: REFUSE
    ran = rep.run("sync", code=NOT_REACHABLE)
    assert len(ran.err.strip().splitlines()) == 1
    assert (rep.status()["state"], rep.status()["pending"]) == ("offline", 1)
    proxy.plan = once("", REFUSE)
    assert rep.sync()["pushed"] == 1
    assert account in rep.ids("account")
