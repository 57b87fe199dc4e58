"""Whoever sees a record by a grant alone learns by name what it belongs to, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from msgspec.structs import replace as replace_struct

from crm_core.catalog import CATALOG
from crm_core.ids import RecordId
from crm_core.wire import (
    PULL_ITEM_DECODER,
    STUBS_ALL,
    STUBS_NEW,
    Mark,
    PullItem,
    Stubs,
    encode,
)
from crm_server.rows import By
from crm_server.store import write_clock
from crm_server.stubs import label_of
from tests.server.world import Acme, Device

Labels = dict[tuple[str, RecordId], str]


def stubs_in(items: list[PullItem], known: Labels | None = None) -> Labels:
    """What a device holds that takes what it is told; what it sees itself aside."""
    held: Labels = dict(known or {})
    for item in items:
        if not isinstance(item, Stubs):
            continue
        if item.whole:
            held.clear()
        held.update(((item.kind, x), label) for x, label in item.labels.items())
    return {key: label for key, label in held.items() if label}


def asked(device: Device, what: str = STUBS_NEW) -> list[PullItem]:
    device.stubs = what
    return device.pull()


@pytest.fixture
def account(acme: Acme) -> RecordId:
    """An account of fuller's that li does not see."""
    made = acme.fuller.account("Alfreds", phone="030-1", industry="food")
    acme.li.pull()
    assert not acme.li.sees("account", made)
    return made


def task_for(acme: Acme, account: RecordId) -> RecordId:
    task = acme.fuller.insert("task", title="Call", account=account, assignee=acme.li.user)
    assert acme.fuller.push(task).result == "applied"
    acme.fuller.pull()
    return task.id


def test_a_granted_task_brings_its_accounts_name_and_nothing_else(
    acme: Acme, account: RecordId
) -> None:
    asked(acme.li, STUBS_ALL)
    task = task_for(acme, account)
    items = asked(acme.li)
    assert acme.li.sees("task", task)
    assert stubs_in(items) == {("account", account): "Alfreds"}
    assert all(b"030-1" not in encode(item) for item in items if isinstance(item, Stubs))
    assert not acme.li.sees("account", account)


def test_who_does_not_ask_gets_no_line_he_does_not_know(acme: Acme, account: RecordId) -> None:
    task_for(acme, account)
    assert not any(isinstance(item, Stubs) for item in asked(acme.li, ""))


def test_a_client_that_holds_none_asks_for_all(acme: Acme, account: RecordId) -> None:
    task_for(acme, account)
    asked(acme.li, "")
    assert stubs_in(asked(acme.li)) == {}
    assert stubs_in(asked(acme.li, STUBS_ALL)) == {("account", account): "Alfreds"}


def test_who_sees_the_parent_needs_no_label(acme: Acme, account: RecordId) -> None:
    task = acme.fuller.insert("task", title="Call", account=account, assignee=acme.fuller.user)
    acme.fuller.push(task)
    assert stubs_in(asked(acme.fuller, STUBS_ALL)) == {}
    own = acme.nancy.account("Mine")
    acme.nancy.push(acme.nancy.insert("task", title="x", account=own, assignee=acme.nancy.user))
    assert stubs_in(asked(acme.nancy)) == {}


def test_a_renamed_parent_is_told_by_its_new_name(acme: Acme, account: RecordId) -> None:
    task_for(acme, account)
    held = stubs_in(asked(acme.li, STUBS_ALL))
    acme.fuller.push(acme.fuller.set("account", account, name="Alfreds Futterkiste"))
    held = stubs_in(asked(acme.li), held)
    assert held == {("account", account): "Alfreds Futterkiste"}


def test_a_deleted_parent_loses_its_label_and_gets_it_back(acme: Acme, account: RecordId) -> None:
    task_for(acme, account)
    held = stubs_in(asked(acme.li, STUBS_ALL))
    world = acme.world
    with world.store.write() as (tx, clock):
        work = world.service.work(tx, clock)
        work.put(CATALOG["account"], account, {}, By(acme.fuller.user), deleted=True)
        work.flush()
        write_clock(tx, replace(clock, seq=work.seq))
    held = stubs_in(asked(acme.li), held)
    assert held == {}
    world.change("account", account, name="Back")
    assert stubs_in(asked(acme.li), held) == {("account", account): "Back"}


def test_a_parent_that_left_is_told_of_if_a_child_stays(acme: Acme) -> None:
    account = acme.nancy.account("Alfreds")
    task = acme.nancy.insert("task", title="Call", account=account, assignee=acme.nancy.user)
    acme.nancy.push(task)
    held = stubs_in(asked(acme.nancy, STUBS_ALL))
    assert held == {}
    acme.world.change("account", account, owner=acme.fuller.user, team=None, territory=None)
    held = stubs_in(asked(acme.nancy), held)
    assert acme.nancy.sees("task", task.id)
    assert held == {("account", account): "Alfreds"}


def test_who_leaves_a_team_keeps_the_names_above_what_names_him(acme: Acme) -> None:
    account = acme.nancy.account("Alfreds")
    task = acme.nancy.insert("task", title="Call", account=account, assignee=acme.buchanan.user)
    assert acme.nancy.push(task).result == "applied"
    held = stubs_in(asked(acme.buchanan, STUBS_ALL))
    assert acme.buchanan.sees("account", account)
    assert held == {}
    acme.world.change("team", acme.team, lead=acme.fuller.user)
    acme.world.change("user", acme.buchanan.user, team=None)
    held = stubs_in(asked(acme.buchanan), held)
    assert acme.buchanan.sees("task", task.id)
    assert not acme.buchanan.sees("account", account)
    assert held == {("account", account): "Alfreds"}


def test_who_held_a_parent_by_mistake_is_told_its_name_when_that_is_repaired(
    acme: Acme, account: RecordId
) -> None:
    task_for(acme, account)
    acme.li.pull()
    repair = replace_struct(acme.li.request(), stubs=STUBS_NEW, anew=(account,))
    lines = acme.world.service.pull(acme.li.who, repair)
    told = stubs_in([PULL_ITEM_DECODER.decode(line) for line in lines])
    assert told == {("account", account): "Alfreds"}


def test_another_parent_is_told_when_the_child_moves(acme: Acme, account: RecordId) -> None:
    task = task_for(acme, account)
    other = acme.fuller.account("Bottom-Dollar")
    held = stubs_in(asked(acme.li, STUBS_ALL))
    acme.fuller.push(acme.fuller.set("task", task, account=other))
    held = stubs_in(asked(acme.li), held)
    assert held[("account", other)] == "Bottom-Dollar"


def test_each_label_lies_before_the_mark_of_its_child(acme: Acme, account: RecordId) -> None:
    asked(acme.li, STUBS_ALL)
    task_for(acme, account)
    items = asked(acme.li)
    places = [n for n, item in enumerate(items) if isinstance(item, Stubs)]
    assert places
    assert places[0] < max(n for n, item in enumerate(items) if isinstance(item, Mark))


def test_personal_words_are_no_label() -> None:
    assert label_of(CATALOG["contact"], {"full_name": "Maria Anders"}) == ""
    assert label_of(CATALOG["account"], {"name": "Alfreds", "phone": "1"}) == "Alfreds"
