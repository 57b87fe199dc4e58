"""Who may not see a record learns nothing of it; who loses one loses no work."""

from __future__ import annotations

from tests.e2e.people import FAILED, WAITS_FOR_YOU, Desk, World
from tests.e2e.wire_client import WireClient, change_of, insert_of

NOBODYS = "0193b5f0a1b27c3d8e4f5a6b7c8d9e0f"


def an_account_with_parts(rep: Desk) -> dict[str, str]:
    """An account and records that hang below it, by kind."""
    account = rep.add("account", name="Chop-suey Chinese", phone="0452-1")
    return {
        "account": account,
        "address": rep.add("address", account=account, city="Bern"),
        "visit": rep.add("visit", account=account, objectives="Listen"),
        "task": rep.add("task", account=account, title="Call back"),
    }


def test_a_person_without_the_scope_receives_nothing(world: World) -> None:
    (rep,) = world.people("rep")
    (stranger,) = world.people("rep")
    parts = an_account_with_parts(rep)
    rep.sync()
    assert stranger.sync()["verified"] is True
    for kind, record in parts.items():
        assert record not in stranger.ids(kind)
        stranger.run("show", kind, record, code=FAILED)


def test_a_person_without_the_scope_cannot_tell_a_hidden_record_from_none(world: World) -> None:
    (rep,) = world.people("rep")
    (stranger,) = world.people("rep")
    account = an_account_with_parts(rep)["account"]
    rep.sync()
    messages = [
        stranger.run(*words, code=FAILED).err.replace(record, "ID")
        for record in (account, NOBODYS)
        for words in (["show", "account", record], ["set", "account", record, "phone=1"])
    ]
    assert messages[:2] == messages[2:]


def test_the_server_answers_for_a_hidden_record_as_for_none(world: World) -> None:
    (rep,) = world.people("rep")
    (stranger,) = world.people("rep")
    account = an_account_with_parts(rep)["account"]
    rep.sync()
    with WireClient(world.server.url, stranger.login) as client:
        for make in (
            lambda record: change_of("account", record, "phone", None, "666"),
            lambda record: change_of("account", record, "phone", "0452-1", "666"),
            lambda record: insert_of("visit", account=record, objectives="Spy"),
        ):
            hidden, absent = (client.push_one(make(record)) for record in (account, NOBODYS))
            assert hidden.result == absent.result == "rejected"
            assert [part.code for part in hidden.changes] == [part.code for part in absent.changes]
        answers = [client.history("account", record) for record in (account, NOBODYS)]
    assert answers[0] == answers[1]
    rep.sync()
    assert rep.show("account", account)["phone"] == "0452-1"


def test_a_reassigned_account_takes_everything_below_it_along(world: World) -> None:
    rep, successor, lead = world.people("rep", "rep", "lead")
    parts = an_account_with_parts(rep)
    rep.sync()
    lead.sync()
    lead.set("account", parts["account"], owner=successor.login)
    lead.sync()
    successor.sync()
    rep.sync()
    for kind, record in parts.items():
        assert record in successor.ids(kind)
        assert record not in rep.ids(kind)
    assert successor.show("visit", parts["visit"])["objectives"] == "Listen"


def test_pending_work_of_the_former_owner_is_orphaned_not_lost(world: World) -> None:
    rep, successor, lead = world.people("rep", "rep", "lead")
    parts = an_account_with_parts(rep)
    rep.sync()
    lead.sync()
    rep.set("visit", parts["visit"], objectives="Listen well")
    lead.set("account", parts["account"], owner=successor.login)
    lead.sync()
    counts = rep.sync(code=WAITS_FOR_YOU)
    assert (counts["orphaned"], counts["rejected"]) == (1, 0)
    status = rep.status(code=WAITS_FOR_YOU)
    assert (status["state"], status["parked"]["orphaned"]) == ("needs_you", 1)
    successor.sync()
    assert successor.show("visit", parts["visit"])["objectives"] == "Listen"
