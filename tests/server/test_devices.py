"""What IT is told of devices, and what a withdrawn one can do by what it leaves."""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import Path

import msgspec
import pytest

from crm_core.changes import Change, ChangeSet, Op
from crm_core.fields import Value
from crm_core.ids import ChangeSetId, RecordId
from crm_core.wire import PULL_ITEM_DECODER, PullRequest
from crm_server.blobs import Blobs
from crm_server.devices import DeviceFacts, devices, revoke
from tests.server.test_handover import open_of
from tests.server.world import Acme, Device


def facts_of(device: Device) -> DeviceFacts:
    return next(one for one in devices(device.world.service) if one.id == device.device)


def told_at(device: Device) -> str:
    with device.world.store.read() as tx:
        row = tx.row("SELECT at FROM told WHERE device=?", (device.device,))
    return row[0] if row is not None else ""


def pull(device: Device, unsent: int) -> None:
    asked = msgspec.structs.replace(device.request(), unsent=unsent)
    lines = device.world.service.pull(device.who, asked)
    device.receive([PULL_ITEM_DECODER.decode(line) for line in lines])


def test_unsent_work_is_written_down_only_where_it_is_another_number(acme: Acme) -> None:
    pull(acme.nancy, 0)
    assert (facts_of(acme.nancy).unsent, told_at(acme.nancy)) == (0, "")
    pull(acme.nancy, 3)
    first = told_at(acme.nancy)
    acme.world.passes(minutes=5)
    pull(acme.nancy, 3)
    assert (facts_of(acme.nancy).unsent, told_at(acme.nancy)) == (3, first)
    pull(acme.nancy, 0)
    assert facts_of(acme.nancy).unsent == 0
    assert told_at(acme.nancy) > first


def test_an_older_client_says_nothing_and_is_taken_to_hold_nothing() -> None:
    assert msgspec.json.decode(b"{}", type=PullRequest).unsent == 0


@pytest.fixture
def account(acme: Acme) -> RecordId:
    """One of nancy's accounts; her laptop is withdrawn then."""
    made = acme.nancy.account("Alfreds", phone="1")
    acme.nancy.pull()
    revoke(acme.world.service, [acme.nancy.device])
    return made


def leave(device: Device, *steps: ChangeSet) -> None:
    device.world.service.park(device.who, msgspec.json.encode(steps))


def test_nothing_that_a_withdrawn_device_leaves_changes_a_record(
    acme: Acme, account: RecordId
) -> None:
    edit = acme.nancy.set("account", account, phone="2", industry="food")
    leave(acme.nancy, acme.nancy.changeset(edit, acme.nancy.delete("account", account)))
    questions = {str(one["field"]): one["why"] for one in open_of(acme.fuller)}
    assert questions == {"phone": "handover", "industry": "handover", "deleted": "handover"}
    assert acme.fuller.body("account", account)["phone"] == "1"


def test_whether_a_record_is_to_go_is_asked(acme: Acme, account: RecordId) -> None:
    acme.nancy.pull()
    leave(acme.nancy, acme.nancy.changeset(acme.nancy.delete("account", account)))
    (question,) = open_of(acme.fuller)
    found = (question["record"], question["field"], question["why"], question["base"])
    assert found == (f"account/{account}", "deleted", "handover", False)
    assert acme.fuller.sees("account", account)
    conflict = next(row.id for row in acme.fuller.of_kind("conflict"))
    done = acme.fuller.push(
        acme.fuller.delete("account", account),
        acme.fuller.set("conflict", conflict, state="resolved", resolution=True),
        atomic=True,
    )
    assert done.result == "applied"
    acme.fuller.pull()
    assert not acme.fuller.sees("account", account)


def test_of_what_is_deleted_already_nobody_is_asked(acme: Acme, account: RecordId) -> None:
    step = acme.nancy.changeset(acme.nancy.delete("account", account))
    acme.fuller.pull()
    acme.fuller.push(acme.fuller.delete("account", account))
    leave(acme.nancy, step)
    assert open_of(acme.fuller) == []


def test_members_put_into_a_set_are_asked_with_those_that_are_there(
    acme: Acme, account: RecordId
) -> None:
    acme.fuller.pull()
    acme.fuller.push(Change("account", account, Op.ADD, {"tags": ["fair"]}))
    acme.nancy.pull()
    added = Change("account", account, Op.ADD, {"tags": ["new"]})
    leave(acme.nancy, acme.nancy.changeset(added))
    (question,) = open_of(acme.fuller)
    assert _values(question) == [["fair", "new"]]
    assert acme.fuller.body("account", account)["tags"] == ["fair"]


def test_members_of_several_steps_are_asked_together(acme: Acme, account: RecordId) -> None:
    new = acme.nancy.insert("account", name="Found on the way", tags=["lead"])
    steps = [
        acme.nancy.changeset(Change("account", record, op, {"tags": [tag]}))
        for record in (account, new.id)
        for op, tag in ((Op.ADD, "fair"), (Op.ADD, "new"), (Op.REMOVE, "lead"))
    ]
    leave(acme.nancy, acme.nancy.changeset(new), *steps)
    asked = {str(one["record"]): _values(one) for one in open_of(acme.fuller)}
    together: list[Value] = [["fair", "new"]]
    assert asked == {f"account/{account}": together, f"account/{new.id}": together}


@pytest.mark.parametrize("op", [Op.ADD, Op.REMOVE])
def test_a_set_that_is_so_already_is_no_question(acme: Acme, account: RecordId, op: Op) -> None:
    acme.fuller.pull()
    acme.fuller.push(Change("account", account, Op.ADD, {"tags": ["fair"]}))
    member = {Op.ADD: "fair", Op.REMOVE: "gone"}[op]
    leave(acme.nancy, acme.nancy.changeset(Change("account", account, op, {"tags": [member]})))
    assert open_of(acme.fuller) == []


@pytest.mark.parametrize("order", ["content first", "record first"])
def test_the_record_of_a_file_is_taken_in_with_its_content(
    acme: Acme, account: RecordId, tmp_path: Path, order: str
) -> None:
    content = b"a plan"
    sha256 = hashlib.sha256(content).hexdigest()
    blobs = Blobs(acme.world.service, tmp_path / "files")
    named = acme.nancy.insert(
        "attachment", parent=f"account/{account}", name="plan.pdf", sha256=sha256
    )
    steps = [
        partial(blobs.add, acme.nancy.who, sha256, 0, len(content), content),
        partial(leave, acme.nancy, acme.nancy.changeset(named)),
    ]
    for step in steps if order == "content first" else reversed(steps):
        acme.fuller.pull()
        assert not acme.fuller.sees("attachment", named.id)
        step()
    assert facts_of(acme.nancy).files_missing == 0
    acme.fuller.pull()
    assert acme.fuller.body("attachment", named.id)["created_by"] == acme.nancy.user
    assert blobs.readable(acme.fuller.who, sha256).read_bytes() == content


def test_the_record_of_a_file_that_may_never_come_is_not_taken_in(
    acme: Acme, account: RecordId
) -> None:
    task = acme.nancy.insert("task", account=account, title="Call them")
    named = acme.nancy.insert(
        "attachment", parent=f"account/{account}", name="plan.pdf", sha256="a" * 64
    )
    leave(acme.nancy, acme.nancy.changeset(task), acme.nancy.changeset(named))
    acme.fuller.pull()
    assert acme.fuller.sees("task", task.id)
    assert not acme.fuller.sees("attachment", named.id)
    assert facts_of(acme.nancy).files_missing == 1, "IT is told"


def test_a_merge_is_not_asked_nor_what_it_would_have_brought_into_the_other(acme: Acme) -> None:
    nancy = acme.nancy
    stays, goes = nancy.account("Alfreds", phone="1", industry="food"), nancy.account("Alfred's")
    nancy.pull()
    revoke(acme.world.service, [nancy.device])
    away = Change("account", goes, Op.MERGE, {"merged_into": stays})
    brought = nancy.set("account", stays, phone="2", industry="fish", description="Their words.\n")
    old = {"phone": "2", "industry": "fish", "description": "Their words.\n"}
    typed = Change("account", stays, Op.SET, {"phone": "3", "description": "Their words.\nMine.\n"},
                   {name: old[name] for name in ("phone", "description")})  # fmt: skip
    back = Change("account", stays, Op.SET, {"industry": "food"}, {"industry": "fish"})
    steps = nancy.changeset(away, brought, atomic=True), nancy.changeset(typed)
    leave(nancy, *steps, nancy.changeset(back))
    asked = {str(one["field"]): (one["base"], _values(one)) for one in open_of(acme.fuller)}
    assert asked == {"phone": ("1", ["3"]), "description": (None, ["Mine.\n"])}


def _values(question: dict[str, Value]) -> list[Value]:
    parked = question["parked"]
    assert isinstance(parked, list)
    return [one["value"] for one in parked if isinstance(one, dict)]


def test_what_is_left_twice_is_asked_once(acme: Acme, account: RecordId) -> None:
    step = acme.nancy.changeset(acme.nancy.set("account", account, phone="2"))
    for _ in range(2):
        leave(acme.nancy, step)
    (one,) = open_of(acme.fuller)
    parked = one["parked"]
    assert isinstance(parked, list)
    assert len(parked) == 1
    with acme.world.store.read() as tx:
        found = tx.rows("SELECT cs_id FROM applied WHERE device=?", (acme.nancy.device,))
    assert len(found) == 2, "the account, and one question"


def test_what_the_server_took_before_the_answer_was_lost_is_no_question(acme: Acme) -> None:
    account = acme.nancy.account("Alfreds", phone="1")
    acme.nancy.pull()
    step = acme.nancy.changeset(acme.nancy.set("account", account, phone="2"))
    acme.nancy.send(step)
    revoke(acme.world.service, [acme.nancy.device])
    leave(acme.nancy, step)
    assert open_of(acme.fuller) == []
    assert acme.fuller.body("account", account)["phone"] == "2"


def test_a_new_record_is_there_under_its_authors_name(acme: Acme, account: RecordId) -> None:
    new = acme.nancy.insert("account", name="Found on the way")
    leave(acme.nancy, acme.nancy.changeset(new))
    acme.fuller.pull()
    assert acme.fuller.body("account", new.id)["created_by"] == acme.nancy.user


@pytest.mark.parametrize("body", [b"", b"\xff", b"{}", b'[{"id":"x","draft":"typed"}]', b"[1]"])
def test_what_cannot_be_read_is_kept_as_it_is(acme: Acme, account: RecordId, body: bytes) -> None:
    acme.world.service.park(acme.nancy.who, body)
    assert facts_of(acme.nancy).left == 1
    assert open_of(acme.fuller) == []


def test_nobody_elses_work_and_no_authority_comes_in_by_what_is_left(
    acme: Acme, account: RecordId
) -> None:
    forged = acme.nancy.changeset(acme.nancy.set("account", account, phone="3"))
    leave(acme.nancy, msgspec.structs.replace(forged, author=acme.li.user))
    role = Change("user", acme.nancy.user, Op.SET, {"role": "it"}, {"role": "rep"})
    odd = Change("no_such_kind", RecordId("../etc"), Op.SET, {"x": 1})
    leave(acme.nancy, ChangeSet(ChangeSetId("f" * 32), (role, odd)))
    assert open_of(acme.fuller) == []
