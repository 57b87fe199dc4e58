"""`erase`: nothing personal stays on the server, nothing brings it back, and every client hears."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from crm_core.changes import Change, ChangeSet, Op
from crm_core.erasing import FILE_FIELDS, personal_fields
from crm_core.errors import NotFound, UserProblem
from crm_core.ids import RecordId
from crm_core.wire import Erase, PullItem, PullRequest, PushRequest
from crm_server.admin.main import main
from crm_server.backup import backup, restore
from crm_server.collecting import collect
from crm_server.devices import revoke
from crm_server.erasing import Done, erase, erase_all
from crm_server.organisations import Organisations
from crm_server.passwords import Passwords
from crm_server.people import NewUser, add_user
from crm_server.store import ServerStore
from crm_server.tables import metadata
from tests.server.world import Acme, Device

NAME, PHONE, WORD = "Marianne Erasmus", "+49 30 555 0199", "Xylophon"
PLANTED = (NAME, PHONE, WORD)


class Marianne:
    """A contact of whom something stands in each place where the server keeps anything."""

    def __init__(self, acme: Acme) -> None:
        self.acme = acme
        nancy, fuller = acme.nancy, acme.fuller
        self.account = nancy.account("Alfreds")
        made = nancy.insert("contact", full_name=NAME, mobile=PHONE, title="Buyer")
        role = nancy.insert("account_contact", account=self.account, contact=made.id, role="boss")
        self.id = made.id
        photo = nancy.insert(
            "attachment", parent=f"contact/{self.id}", name=f"{NAME}.jpg", sha256="a" * 64, size=3
        )
        self.photo = photo.id
        assert nancy.push(made).result == "applied"
        assert nancy.push(role).result == "applied"
        assert nancy.push(photo).result == "applied"
        nancy.pull()
        fuller.pull()
        self.disputed()
        self.refused()

    def disputed(self) -> None:
        """Two of his numbers stand in a conflict, and a name that lost is history."""
        nancy, fuller = self.acme.nancy, self.acme.fuller
        fuller.push(fuller.set("contact", self.id, mobile=f"{PHONE}1"))
        nancy.push(nancy.set("contact", self.id, mobile=f"{PHONE}2"))
        nancy.push(nancy.set("contact", self.id, wechat=WORD))
        nancy.pull()
        fuller.pull()

    def refused(self) -> None:
        """What was refused is shown to the office, and quotes what was wrong."""
        nancy = self.acme.nancy
        wrong = Change("contact", self.id, Op.SET, {"email": WORD, "unicorn": 1}, {})
        step = ChangeSet(nancy.changeset().id, (wrong,), label=f"Edit {NAME}", scope_gen=nancy.gen)
        assert nancy.send(step).results[0].result == "rejected"
        left = [
            {
                "id": "b" * 32,
                "label": NAME,
                "changes": [
                    {
                        "kind": "contact",
                        "id": self.id,
                        "op": "set",
                        "new": {"phone": PHONE},
                        "old": {},
                    }
                ],
            }
        ]
        self.acme.world.service.park(nancy.who, json.dumps(left).encode())

    def erase(self) -> Done:
        return erase(self.acme.world.service, "contact", self.id)


@pytest.fixture
def marianne(acme: Acme) -> Marianne:
    return Marianne(acme)


def everything(store: ServerStore) -> Iterator[tuple[str, str]]:
    """All cells of all tables, each with its table."""
    with store.read() as tx:
        for table in metadata.sorted_tables:
            for row in tx.rows(f"SELECT * FROM {table.name}"):
                for cell in row:
                    text = bytes(cell).decode() if isinstance(cell, bytes | memoryview) else cell
                    yield table.name, text if isinstance(text, str) else json.dumps(text)


def places(store: ServerStore) -> set[str]:
    """The tables in which a planted word stands."""
    return {table for table, text in everything(store) for word in PLANTED if word in text}


def asking(device: Device, **more: Any) -> list[PullItem]:
    """A pull of a client that knows erasures."""
    plain = device.request
    device.request = lambda: _replaced(plain(), **more)  # type: ignore[method-assign]
    try:
        return device.fetch()
    finally:
        device.request = plain  # type: ignore[method-assign]


def _replaced(request: PullRequest, **more: Any) -> PullRequest:
    return msgspec.structs.replace(request, **{"erased": request.cursor, **more})


def told(items: list[PullItem]) -> dict[RecordId, set[str]]:
    return {x.id: set(x.fields) for x in items if isinstance(x, Erase)}


def test_no_table_holds_what_was_erased(acme: Acme) -> None:
    marianne = Marianne(acme)
    store = marianne.acme.world.store
    assert {"record", "history", "parked", "applied"} <= places(store)
    done = marianne.erase()
    assert places(store) == set()
    assert done.changes >= 5
    assert done.parked == 2
    assert done.files == ("a" * 64,)
    assert done.erased.keys() == {("contact", marianne.id), ("attachment", marianne.photo)}


def test_what_is_not_personal_stays(marianne: Marianne) -> None:
    marianne.erase()
    nancy = marianne.acme.nancy
    nancy.pull()
    body = nancy.body("contact", marianne.id)
    assert (body["title"], body.get("full_name")) == ("Buyer", None)
    assert not nancy.sees("attachment", marianne.photo)
    assert [x.body["state"] for x in nancy.of_kind("conflict")] == ["resolved"]


def test_each_client_that_asks_hears_of_it_in_sight_or_not(marianne: Marianne) -> None:
    li = marianne.acme.li
    assert not li.sees("contact", marianne.id)
    marianne.erase()
    wanted = {
        marianne.id: set(personal_fields("contact")), marianne.photo: set(FILE_FIELDS)
    }  # fmt: skip
    for device in (marianne.acme.nancy, li):
        assert told(asking(device)) == wanted
        assert told(device.fetch()) == {}


def test_who_has_heard_is_told_nothing_again(marianne: Marianne) -> None:
    marianne.erase()
    nancy = marianne.acme.nancy
    nancy.pull()
    assert told(asking(nancy)) == {}
    assert told(asking(nancy, erased=0)).keys() == {marianne.id, marianne.photo}


def test_a_laptop_below_the_floor_hears_of_it_too(acme: Acme) -> None:
    marianne, nancy = Marianne(acme), acme.nancy
    other = nancy.account("Gone by then")
    marianne.erase()
    nancy.push(nancy.delete("account", other))
    for _ in range(2):  # how far she has come, she says with the next pull
        acme.world.passes(days=200)
        nancy.pull()
    assert collect(acme.world.store, acme.world.time).floor > acme.fuller.cursor
    assert told(asking(acme.fuller)).keys() == {marianne.id, marianne.photo}


def test_an_earlier_base_brings_nothing_back(marianne: Marianne) -> None:
    nancy = marianne.acme.nancy
    late = nancy.set("contact", marianne.id, mobile=PHONE, title="Head of it")
    marianne.erase()
    result = nancy.push(late)
    assert [(x.field, x.result, x.code) for x in result.changes] == [
        ("mobile", "merged", "field.erased")
    ]
    nancy.pull()
    body = nancy.body("contact", marianne.id)
    assert (body["title"], body.get("mobile")) == ("Head of it", None)
    assert places(marianne.acme.world.store) == set()


def test_who_has_seen_the_erasure_may_write_again(marianne: Marianne) -> None:
    nancy = marianne.acme.nancy
    marianne.erase()
    nancy.pull()
    assert nancy.push(nancy.set("contact", marianne.id, mobile="030-7")).result == "applied"


def test_a_decision_made_before_brings_nothing_back(marianne: Marianne) -> None:
    nancy = marianne.acme.nancy
    (conflict,) = nancy.of_kind("conflict")
    decide = (
        nancy.set("contact", marianne.id, mobile=f"{PHONE}2"),
        nancy.set("conflict", conflict.id, state="resolved"),
    )
    marianne.erase()
    nancy.push(*decide, atomic=True)
    assert places(marianne.acme.world.store) == set()


def test_work_refused_later_is_kept_without_what_was_erased(marianne: Marianne) -> None:
    nancy = marianne.acme.nancy
    late = Change("contact", marianne.id, Op.SET, {"mobile": PHONE, "unicorn": 1}, {}, 1)
    offer = Change("contact", marianne.id, Op.OFFER, {"full_name": NAME}, {})
    card = nancy.insert("attachment", parent=f"contact/{marianne.id}", name=NAME, sha256="c" * 64)
    marianne.erase()
    assert nancy.push(late).result == "rejected"
    assert nancy.push(offer).result == "applied"
    assert nancy.push(card).result == "rejected"
    marianne.acme.world.service.park(
        nancy.who,
        json.dumps(
            [
                {
                    "id": "d" * 32,
                    "changes": [
                        {
                            "kind": "contact",
                            "id": marianne.id,
                            "op": "set",
                            "new": {"phone": PHONE},
                            "old": {},
                        }
                    ],
                }
            ]
        ).encode(),
    )
    assert places(marianne.acme.world.store) == set()


REFUSED = "Marian Erasmus"
"""A name that was refused to its author: no record and no history knows it."""


@pytest.mark.parametrize("is_later", [False, True])
@pytest.mark.parametrize("is_merge", [False, True])
def test_refused_work_about_him_has_no_words_any_more(
    marianne: Marianne, *, is_merge: bool, is_later: bool
) -> None:
    nancy, store = marianne.acme.nancy, marianne.acme.world.store
    other = nancy.insert("contact", full_name="Otto Other")
    assert nancy.push(other).result == "applied"
    about = Change("contact", marianne.id, Op.SET, {"title": "Head"}, {}, 1)
    if is_merge:
        about = Change("contact", other.id, Op.MERGE, {"merged_into": marianne.id}, {}, 1)
    wrong = Change("account", marianne.account, Op.SET, {"unicorn": 1}, {}, 1)
    step = ChangeSet(
        nancy.changeset().id, (about, wrong), label=f"About {REFUSED}", scope_gen=nancy.gen,
        atomic=True,
    )  # fmt: skip
    if is_later:
        marianne.erase()
    assert nancy.send(step).results[0].result == "rejected"
    assert is_later or any(REFUSED in text for _, text in everything(store))
    if not is_later:
        marianne.erase()
    assert not any(REFUSED in text for _, text in everything(store))


@pytest.mark.parametrize("is_left", [False, True])
@pytest.mark.parametrize("is_alone", [False, True])
def test_a_decision_about_him_is_kept_without_what_was_decided(
    marianne: Marianne, *, is_alone: bool, is_left: bool
) -> None:
    nancy, li, store = marianne.acme.nancy, marianne.acme.li, marianne.acme.world.store
    (conflict,) = nancy.of_kind("conflict")
    marianne.erase()
    closing = Change(
        "conflict", conflict.id, Op.SET, {"state": "resolved", "resolution": REFUSED}, {}
    )
    field = Change("contact", marianne.id, Op.SET, {"mobile": REFUSED}, {})
    changes = (closing,) if is_alone else (field, closing)
    step = ChangeSet(
        li.changeset().id, changes, label=f"Resolve conflict: {REFUSED}", scope_gen=li.gen,
        atomic=True,
    )  # fmt: skip
    if is_left:
        marianne.acme.world.service.park(li.who, msgspec.json.encode([step]))
    else:
        assert li.send(step).results[0].result == "rejected"
    cells = [*everything(store)]
    assert any(table == "parked" and step.id in text for table, text in cells)
    assert not any(REFUSED in text for _, text in cells)


def test_the_words_of_taking_back_a_merge_into_him_go_where_both_were_refused(
    marianne: Marianne,
) -> None:
    nancy, store = marianne.acme.nancy, marianne.acme.world.store
    other = nancy.insert("contact", full_name="Otto Other")
    assert nancy.push(other).result == "applied"
    wrong = Change("account", marianne.account, Op.SET, {"unicorn": 1}, {}, 1)
    merge = Change("contact", other.id, Op.MERGE, {"merged_into": marianne.id}, {}, 1)
    back = Change("contact", other.id, Op.RESTORE, {}, {}, 1)
    merged = f"Merge Otto Other into {REFUSED}"
    for change, label in ((back, f"Undo: {merged}"), (merge, merged), (back, "Undo: Otto Other")):
        step = ChangeSet(
            nancy.changeset().id, (change, wrong), label=label, scope_gen=nancy.gen, atomic=True
        )
        assert nancy.send(step).results[0].result == "rejected"
    assert sum(REFUSED in text for _, text in everything(store)) == 2
    marianne.erase()
    kept = [text for _, text in everything(store)]
    assert not any(REFUSED in text for text in kept)
    assert any("Undo: Otto Other" in text for text in kept), "these words name nobody that went"


def test_whoever_was_merged_with_him_goes_too(marianne: Marianne) -> None:
    nancy = marianne.acme.nancy
    twin = nancy.insert("contact", full_name=f"{NAME} jr", mobile=PHONE)
    role = nancy.insert("account_contact", account=marianne.account, contact=twin.id, role="x")
    assert nancy.push(twin).result == "applied"
    assert nancy.push(role).result == "applied"
    nancy.pull()
    away = Change("contact", twin.id, Op.MERGE, {"merged_into": marianne.id}, {},
                  nancy.rows[("contact", twin.id)].seq)  # fmt: skip
    assert nancy.push(away, atomic=True).result in ("applied", "merged")
    assert ("contact", twin.id) in marianne.erase().erased
    assert places(marianne.acme.world.store) == set()


@pytest.mark.parametrize("way", [1, -1])
def test_a_question_that_a_merge_led_on_to_him_goes_too(marianne: Marianne, way: int) -> None:
    nancy, fuller = marianne.acme.nancy, marianne.acme.fuller
    twin = nancy.insert("contact", full_name="Twin", mobile="000")
    role = nancy.insert("account_contact", account=marianne.account, contact=twin.id, role="x")
    assert nancy.push(twin).result == "applied"
    assert nancy.push(role).result == "applied"
    nancy.pull()
    fuller.pull()
    fuller.push(fuller.set("contact", twin.id, given_name="Tom"))
    assert nancy.push(nancy.set("contact", twin.id, given_name=WORD)).result == "conflict"
    nancy.pull()
    away = Change("contact", twin.id, Op.MERGE, {"merged_into": marianne.id}, {},
                  nancy.rows[("contact", twin.id)].seq)  # fmt: skip
    assert nancy.push(away, atomic=True).result in ("applied", "merged")
    both = sorted((("contact", marianne.id), ("contact", twin.id)))[::way]
    fields = frozenset(personal_fields("contact"))
    photo = {("attachment", marianne.photo): frozenset(FILE_FIELDS)}
    erase_all(marianne.acme.world.service, {**dict.fromkeys(both, fields), **photo})
    assert places(marianne.acme.world.store) == set()


def test_what_was_typed_above_a_refused_merge_waits_with_it(marianne: Marianne) -> None:
    nancy, store = marianne.acme.nancy, marianne.acme.world.store
    other = nancy.account("Others")
    twin = nancy.insert("contact", full_name="Twin", mobile="000", wechat="twin")
    role = nancy.insert("account_contact", account=other, contact=twin.id, role="x")
    assert nancy.push(twin).result == "applied"
    assert nancy.push(role).result == "applied"
    nancy.pull()
    marianne.acme.world.passes(days=2)  # what is that old she may not delete
    seen = nancy.rows[("contact", twin.id)].seq
    away = Change("contact", marianne.id, Op.MERGE, {"merged_into": twin.id}, {},
                  nancy.rows[("contact", marianne.id)].seq)  # fmt: skip
    taken = Change("contact", twin.id, Op.SET, {"mobile": PHONE, "wechat": WORD},
                   {"mobile": "000", "wechat": "twin"}, seen)  # fmt: skip
    typed = Change("contact", twin.id, Op.SET, {"mobile": PHONE, "wechat": "9", "title": "x"},
                   {"mobile": PHONE, "wechat": WORD, "title": None}, seen)  # fmt: skip
    first, second = nancy.send(
        nancy.changeset(away, taken, atomic=True), nancy.changeset(typed)
    ).results
    assert (first.result, first.changes[0].code) == ("rejected", "right.missing")
    held = {(x.field, x.result, x.code) for x in second.changes}
    assert held == {(x, "blocked", "record.above_refused") for x in ("mobile", "wechat")}
    nancy.pull()
    body = nancy.body("contact", twin.id)
    assert (body["mobile"], body["wechat"], body["title"]) == ("000", "twin", "x")
    marianne.erase()
    assert places(store) == set()


def test_a_merge_made_before_is_taken_once_its_author_has_heard_of_it(marianne: Marianne) -> None:
    nancy = marianne.acme.nancy
    twin = nancy.insert("contact", full_name="Twin")
    role = nancy.insert("account_contact", account=marianne.account, contact=twin.id, role="x")
    assert nancy.push(twin).result == "applied"
    assert nancy.push(role).result == "applied"
    nancy.pull()
    away = Change("contact", marianne.id, Op.MERGE, {"merged_into": twin.id}, {},
                  nancy.rows[("contact", marianne.id)].seq)  # fmt: skip
    taken = nancy.set("contact", twin.id, mobile=PHONE)
    marianne.erase()
    result = nancy.push(away, taken, atomic=True)
    assert result.changes[0].code == "merge.erased"
    assert places(marianne.acme.world.store) == set()
    nancy.pull()  # and sends it again
    assert nancy.push(away, atomic=True).result == "applied"
    nancy.pull()
    assert nancy.body("contact", twin.id)["full_name"] == "Twin"
    assert twin.id not in {
        str(x.body["record"]).partition("/")[2] for x in nancy.of_kind("conflict")
    }


@pytest.mark.parametrize("is_left_first", [True, False])
def test_what_a_withdrawn_device_left_above_a_merge_holds_nothing_of_whom_it_merged(
    marianne: Marianne, is_left_first: bool
) -> None:
    acme, nancy = marianne.acme, marianne.acme.nancy
    twin, third = (nancy.insert("contact", full_name=f"Twin {x}") for x in "ab")
    for made in (twin, third):
        role = nancy.insert("account_contact", account=marianne.account, contact=made.id, role="x")
        assert nancy.push(made).result == nancy.push(role).result == "applied"
    nancy.pull()
    revoke(acme.world.service, [nancy.device])
    merge, further = _merge(marianne.id, twin.id), _merge(twin.id, third.id)
    brought = f"{WORD}.\n"
    steps = (
        nancy.changeset(merge, _edit(twin.id, None, brought), atomic=True),
        nancy.changeset(_edit(twin.id, brought, f"{brought}Tea.\n")),
        nancy.changeset(further, _edit(third.id, None, f"{brought}Tea.\n"), atomic=True),
        nancy.changeset(_edit(third.id, f"{brought}Tea.\n", f"{brought}Tea.\nMilk.\n")),
    )
    labelled = [msgspec.structs.replace(one, label=f"Edit {WORD}") for one in steps]
    body = msgspec.json.encode(labelled)
    if is_left_first:
        acme.world.service.park(nancy.who, body)
    marianne.erase()
    if not is_left_first:
        acme.world.service.park(nancy.who, body)
    assert places(acme.world.store) == set()
    texts = [text for table, text in everything(acme.world.store) if table == "parked"]
    assert any("Milk." in text for text in texts), "what he typed himself stays"


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_refused_work_above_a_merge_that_lies_apart_holds_nothing_of_whom_it_merged(
    marianne: Marianne, order: tuple[int, int]
) -> None:
    nancy, park = marianne.acme.nancy, marianne.acme.world.service.park
    twin, brought = marianne.acme.world.new_id(), f"{WORD}.\n"
    edits = _edit(twin, None, brought), _edit(twin, brought, f"{brought}Tea.\n")
    steps = nancy.changeset(_merge(marianne.id, twin), edits[0]), nancy.changeset(edits[1])
    for n in order:
        park(nancy.who, msgspec.json.encode([steps[n]]))
    park(nancy.who, b'{"label":')
    marianne.erase()
    assert places(marianne.acme.world.store) == set()
    with marianne.acme.world.store.read() as tx:
        kept = [bytes(payload) for (payload,) in tx.rows("SELECT payload FROM parked")]
    assert b'{"label":' in kept, "what nobody can read and names nobody is as it was"
    assert any(b"Tea." in payload for payload in kept), "what he typed himself stays"


@pytest.mark.parametrize("shape", ["abc", ["abc"], 7, None, [{"abc": []}]])
def test_whatever_shape_lies_aside_does_not_keep_him_from_being_erased(
    marianne: Marianne, shape: Any
) -> None:
    park = marianne.acme.world.service.park
    named = {"kind": "contact", "id": marianne.id, "op": "merge", "new": {}, "old": {}}
    whole = {"id": "b" * 32, "label": NAME, "changes": [named]}
    for changes in (
        shape, [shape], *([{**named, name: shape}] for name in ("kind", "op", "new", "old")),
        [{**named, "op": "set", "new": {"mobile": shape}, "old": {"mobile": shape}}],
    ):  # fmt: skip
        park(marianne.acme.nancy.who, json.dumps([{**whole, "changes": changes}]).encode())
        park(marianne.acme.nancy.who, json.dumps({**whole, "changes": changes}).encode())
    park(marianne.acme.nancy.who, json.dumps([shape, {marianne.id: shape}]).encode())
    marianne.erase()
    assert not any(NAME in text for table, text in everything(marianne.acme.world.store)
                   if table != "parked")  # fmt: skip


def _merge(gone: RecordId, stays: RecordId) -> Change:
    return Change("contact", gone, Op.MERGE, {"merged_into": stays})


def _edit(contact: RecordId, old: str | None, new: str) -> Change:
    return Change("contact", contact, Op.SET, {"preferences": new}, {"preferences": old})


def test_a_record_that_was_collected_is_erased_from_history(marianne: Marianne) -> None:
    acme, world = marianne.acme, marianne.acme.world
    world.change("contact", marianne.id, full_name=NAME)
    nancy = acme.nancy
    nancy.pull()
    with world.store.note() as tx:  # as if it had been forgotten with all that named it
        for table in ("record", "ref", "record_root"):
            tx.run(f"DELETE FROM {table} WHERE id=?", (marianne.id,))
    marianne.erase()
    assert not any(NAME in text for table, text in everything(world.store) if table == "history")
    again = nancy.insert_as("contact", marianne.id, full_name=NAME)
    nancy.push(again)
    assert "record" not in places(world.store)


@pytest.mark.parametrize(("kind", "record_id"), [("account", ""), ("user", "x"), ("nonsense", "")])
def test_only_what_is_personal_can_be_erased(acme: Acme, kind: str, record_id: str) -> None:
    with pytest.raises(UserProblem, match="contact"):
        erase(acme.world.service, kind, record_id or acme.nancy.account())


def test_whom_nobody_knows_cannot_be_erased(acme: Acme) -> None:
    with pytest.raises(NotFound):
        erase(acme.world.service, "contact", "0" * 32)


# The command, its list and restores


class Site:
    """An organisation in a folder, with one contact, as the command line knows it."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.backups = folder / "backups"
        self.backups.mkdir()
        passwords = Passwords(memory_kib=8, passes=1)
        organisations = Organisations(self.data, passwords=passwords)
        there = organisations.create("Acme", "acme")
        self.user = add_user(there.service, passwords, NewUser("ann", "x" * 12, "rep", team="A"))
        self.contact = there.service.new_id()
        there.service.register_device(self.user, "1" * 32)
        made = Change("contact", self.contact, Op.INSERT, {"full_name": NAME, "mobile": PHONE})
        self.push(there.service, made)
        organisations.close()

    def push(self, service: Any, *changes: Change) -> None:
        from crm_core.ids import ChangeSetId
        from crm_server.service import Principal

        with service.store.read() as tx:
            epoch = tx.clock().epoch
        step = ChangeSet(ChangeSetId(service.new_id()), changes)
        who = Principal(self.user, "1" * 32, "", "acme")
        assert service.push(who, PushRequest(epoch, 1, (step,))).results[0].result == "applied"

    def run(self, *words: str) -> int:
        return main(["--data", str(self.data), *words])

    def holds(self) -> bool:
        """Whether any file of the server holds a planted word."""
        found = [path.read_bytes() for path in self.data.rglob("*") if path.is_file()]
        return any(word.encode() in content for content in found for word in PLANTED)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_no_file_of_the_server_holds_what_was_erased(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    assert site.holds()
    assert site.run("erase", "contact", site.contact, "--json") == 0
    assert json.loads(capsys.readouterr().out)["records"] == [f"contact/{site.contact}"]
    assert not site.holds()
    assert site.run("check") == 0


def test_an_erasure_is_in_the_audit_without_a_value(site: Site) -> None:
    assert site.run("erase", "contact", site.contact) == 0
    organisations = Organisations(site.data)
    with organisations.open().service.store.read() as tx:
        events = tx.rows("SELECT event,subject FROM audit")
    organisations.close()
    (subject,) = [subject for event, subject in events if event == "erased"]
    assert subject == f"contact/{site.contact} {len(personal_fields('contact'))} fields"


@pytest.mark.parametrize("is_moved", [False, True])
def test_an_older_backup_does_not_bring_anybody_back(site: Site, is_moved: bool) -> None:
    old, new = site.backups / "old", site.backups / "new"
    assert site.run("backup", str(old)) == 0
    assert site.run("erase", "contact", site.contact) == 0
    assert site.run("backup", str(new)) == 0
    if is_moved:  # onto another machine, with nothing but the folder of backups
        site.data = site.data.with_name("elsewhere")
    assert site.run("restore", str(old)) == 0
    assert site.run("check") == 0
    organisations = Organisations(site.data)
    store = organisations.open().service.store
    assert places(store) == set()
    with store.read() as tx:
        assert tx.row("SELECT 1 FROM erased WHERE id=?", (site.contact,))
    organisations.close()


def test_what_was_written_again_since_survives_a_restore(site: Site) -> None:
    assert site.run("erase", "contact", site.contact) == 0
    organisations = Organisations(site.data)
    service = organisations.open().service
    with service.store.read() as tx:
        (seq,) = tx.row("SELECT seq FROM record WHERE id=?", (site.contact,)) or (0,)
    again = Change("contact", site.contact, Op.SET, {"mobile": "030-7"}, {"mobile": None}, seq)
    with service.store.note() as tx:
        tx.run("UPDATE device SET delivered=?", (seq,))
    site.push(service, again)
    backup(organisations.open().service, site.backups / "later")
    organisations.close()
    organisations = Organisations(site.data)
    restore(organisations, site.backups / "later")
    with organisations.open().service.store.read() as tx:
        assert '"030-7"' in (tx.row("SELECT body FROM record WHERE id=?", (site.contact,)) or "")[0]
    organisations.close()


def test_a_damaged_list_stops_a_restore(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    assert site.run("erase", "contact", site.contact) == 0
    assert site.run("backup", str(site.backups / "b")) == 0
    (site.data / "erased-acme.jsonl").write_text("{")
    assert site.run("restore", str(site.backups / "b")) == 1
    assert "erased-acme.jsonl is damaged" in capsys.readouterr().err
