"""The same push twice, and the same traffic on both stores."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
import sqlalchemy

from crm_core.changes import Change, Op
from crm_core.wire import PushResponse, encode
from crm_server.store import ServerStore, sqlite_url
from tests.server.conftest import CREATED_AT, EPOCH
from tests.server.world import Acme, Device, World, make_acme


def test_a_repeated_push_changes_nothing_and_tells_the_same(acme: Acme) -> None:
    account = acme.shared_account(phone="000")
    acme.fuller.push(acme.fuller.set("account", account, phone="222"))
    changesets = (
        acme.nancy.changeset(acme.nancy.set("account", account, phone="111")),
        acme.nancy.changeset(acme.nancy.insert("account", phone="1")),
        acme.nancy.changeset(acme.nancy.insert("task", account=account, title="Call")),
    )
    first = acme.nancy.send(*changesets)
    before = everything(acme.world.store)
    second = acme.nancy.send(*changesets)
    assert [r.result for r in first.results] == ["conflict", "rejected", "applied"]
    assert [r.result for r in second.results] == ["duplicate"] * 3
    assert [(r.seq, r.changes) for r in first.results] == [
        (r.seq, r.changes) for r in second.results
    ]
    assert everything(acme.world.store) == before


def test_a_changeset_twice_in_one_push_counts_once(acme: Acme) -> None:
    changeset = acme.nancy.changeset(acme.nancy.insert("account", name="Once"))
    answer = acme.nancy.send(changeset, changeset)
    assert [result.result for result in answer.results] == ["applied", "duplicate"]


def test_the_first_of_two_with_one_id_is_judged_and_the_other_refused(acme: Acme) -> None:
    first = acme.nancy.changeset(acme.nancy.insert("account", name="First"))
    other = acme.nancy.changeset(acme.nancy.insert("account", name="Other"))
    other = msgspec.structs.replace(other, id=first.id)
    answer = acme.nancy.send(first, other)
    assert [result.result for result in answer.results] == ["applied", "rejected"]
    assert answer.results[1].changes[0].code == "changeset.forged"
    names = [row.body["name"] for page in answer.pages for row in page.rows]
    assert names == ["First"]


def test_a_changeset_is_known_whichever_device_repeats_it(acme: Acme) -> None:
    changeset = acme.nancy.changeset(acme.nancy.insert("account", name="Once"))
    acme.nancy.send(changeset)
    other = acme.world.device("nancy")
    other.pull()
    assert other.send(changeset).results[0].result == "duplicate"


def test_another_users_changeset_id_gives_nothing_away(acme: Acme) -> None:
    changeset = acme.nancy.changeset(acme.nancy.insert("account", phone="1"))
    acme.nancy.send(changeset)
    result = acme.li.send(changeset).results[0]
    assert (result.result, result.changes[0].code) == ("rejected", "changeset.forged")


def everything(store: ServerStore) -> list[object]:
    with store.read() as tx:
        tables = ("record", "history", "applied", "ref", "record_root", "root_scope", "parked")
        return [tx.clock().seq, *(sorted(tx.rows(f"SELECT * FROM {x}"), key=str) for x in tables)]


@pytest.mark.postgres
def test_both_stores_answer_the_same_traffic_alike(
    tmp_path: Path, postgres_engine: sqlalchemy.Engine
) -> None:
    url = postgres_engine.url.render_as_string(hide_password=False)
    answers: list[list[str]] = []
    for store in (
        ServerStore(sqlite_url(tmp_path / "twin.sqlite")),
        ServerStore(url, organisation="twin", engine=postgres_engine),
    ):
        store.create(organisation="Twin", slug="twin", epoch=EPOCH, at=CREATED_AT)
        answers.append(Traffic(make_acme(World(store))).play())
        store.close()
    with postgres_engine.begin() as connection:
        connection.execute(sqlalchemy.text('DROP SCHEMA "crm_twin" CASCADE'))
    assert len(answers[0]) > 20
    assert answers[0] == answers[1]


class Traffic:
    """A day of work, with everything that can happen to an edit in it."""

    def __init__(self, acme: Acme) -> None:
        self.acme = acme
        self.answers: list[str] = []

    def play(self) -> list[str]:
        acme = self.acme
        account = acme.shared_account(phone="000", tags=["Ünïcode", "老客户"])
        self.note(acme.nancy.send(acme.nancy.changeset(self.insert_all(account))))
        conflict = acme.clash(account)
        for device in acme.everybody:
            self.pull(device)
        self.note(acme.fuller.send(
            acme.fuller.changeset(
                acme.fuller.set("account", account, phone="333"),
                acme.fuller.set("conflict", conflict, state="resolved"), atomic=True,
            ),
            acme.fuller.changeset(acme.fuller.set("account", account, owner=acme.li.user)),
            acme.fuller.changeset(Change("account", acme.world.new_id(), Op.DELETE)),
        ))  # fmt: skip
        acme.world.passes(hours=30)
        self.pull(acme.nancy)
        self.pull(acme.li)
        delete = acme.li.changeset(acme.li.delete("account", account))
        self.note(acme.li.send(delete))
        self.note(acme.fuller.send(acme.fuller.changeset(acme.fuller.delete("account", account))))
        for device in acme.everybody:
            self.pull(device)
        return self.answers

    def insert_all(self, account: str) -> Change:
        return self.acme.nancy.insert(
            "complaint", account=account, subject="Verspätet", uscc="?", custom={"a": ["b", 1]}
        )

    def note(self, answer: PushResponse) -> None:
        self.answers.append(canonical(answer))

    def pull(self, device: Device) -> None:
        self.answers.extend(canonical(item) for item in device.pull())


def canonical(message: object) -> str:
    """JSON with sorted keys: the stores may keep a body's keys in different orders."""
    return json.dumps(json.loads(encode(message)), sort_keys=True)
