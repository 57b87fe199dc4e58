"""Over HTTP: who is told what is held of a person, who has it erased, and who is handed what."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest

from crm_core.fields import Value
from crm_core.ids import SYSTEM, RecordId
from crm_core.wire import PersonErased, PersonHeld
from crm_server.engines import BUSY_TIMEOUT_MS
from crm_server.exporting import CONTENT
from crm_server.load import load
from crm_server.people import NewUser, add_user, find, mask, turn
from crm_server.upkeep import look_after
from tests.server.test_device_list import Laptop, laptop
from tests.server.test_http import Site, site

__all__ = ["site"]

NAME, PHONE = "Marianne Erasmus", "+49 30 555 0199"
PEOPLE = (("li", "rep", "North"), ("fuller", "lead", "North"), ("suyama", "lead", "South"),
          ("otto", "it", ""), ("aud", "auditor", ""))  # fmt: skip
GOES, HELD, EXPORT = "/privacy/v1/erase", "/privacy/v1/held", "/privacy/v1/export"


@dataclass
class Office:
    """A contact of the north with a file, a call of his and one of the south's."""

    site: Site
    laptops: Mapping[str, Laptop]
    contact: RecordId
    elsewhere: RecordId

    def ask(self, login: str, path: str, record: str = "", kind: str = "contact") -> Any:
        return self.laptops[login].call("POST", path, kind=kind, id=record or self.contact)

    def refusal(self, login: str, path: str, record: str = "", kind: str = "contact") -> str:
        answer = self.ask(login, path, record, kind)
        return "" if answer.status_code == 200 else answer.json()["error"]

    def values(self, kind: str, record: str) -> dict[str, Value]:
        with self.site.organisations.open("acme").service.store.read() as tx:
            row = tx.row("SELECT body::text FROM record WHERE kind=? AND id=?", (kind, record))
        assert row is not None
        return json.loads(row[0])

    def audit(self, event: str) -> list[tuple[str, str]]:
        with self.site.organisations.open("acme").service.store.read() as tx:
            return tx.rows("SELECT actor,subject FROM audit WHERE event=?", (event,))

    def switch(self, *, on: bool) -> None:
        turn(self.site.organisations.open("acme").service, "erasing", on=on)

    def user(self, login: str) -> RecordId:
        found = find(self.site.organisations.open("acme").service, "user", "login", login)
        assert found is not None
        return found.id


@pytest.fixture
def office(site: Site) -> Office:
    there = site.organisations.open("acme")
    service = there.service
    for login, role, place in PEOPLE:
        new = NewUser(login, "sesame", role, team=place, territory=place)
        add_user(service, site.organisations.passwords, new)
    made = {login: laptop(site, login, login) for login, _, _ in PEOPLE}
    office = Office(site, made, service.new_id(), service.new_id())
    north, south = service.new_id(), service.new_id()
    places = {x: find(service, "territory", "name", x) for x in ("North", "South")}
    rows: list[tuple[str, RecordId, dict[str, Value]]] = []
    for account, name, login in ((north, "Alfreds", "li"), (south, "Berglunds", "suyama")):
        place = places["North" if account == north else "South"]
        assert place is not None
        values: dict[str, Value] = {
            "name": name,
            "owner": office.user(login),
            "territory": place.id,
        }
        rows.append(("account", account, values))
        rows.append(("interaction", service.new_id(), {
            "subject": f"Call of {name}", "contact": office.contact, "account": account,
        }))  # fmt: skip
    rows += [
        ("contact", office.contact, {"full_name": NAME, "mobile": "0", "title": "Buyer"}),
        ("contact", office.elsewhere, {"full_name": "Otto Other", "mobile": "1"}),
        ("account_contact", service.new_id(), {"account": north, "contact": office.contact}),
        ("account_contact", service.new_id(), {"account": south, "contact": office.elsewhere}),
        ("attachment", service.new_id(), {
            "parent": f"contact/{office.contact}", "name": f"{NAME}.jpg", "sha256": "a" * 64,
        }),
    ]  # fmt: skip
    load(service, rows, SYSTEM)
    load(service, [("contact", office.contact, {"mobile": PHONE})], SYSTEM)
    return office


def test_it_is_told_how_much_is_held_and_never_what(office: Office) -> None:
    answer = office.ask("otto", HELD)
    held = msgspec.json.decode(answer.content, type=PersonHeld)
    assert (held.records, held.files, held.linked) == (1, 1, 3)
    assert held.changes == 1
    assert NAME not in answer.text


def test_it_erases_over_http_as_at_the_command_line(office: Office) -> None:
    answer = office.ask("otto", GOES)
    done = msgspec.json.decode(answer.content, type=PersonErased)
    assert (done.records, done.files) == (1, 1)
    values = office.values("contact", office.contact)
    assert (values["full_name"], values["mobile"], values["title"]) == (None, None, "Buyer")
    assert (office.user("otto"), f"contact/{office.contact} 10 fields") in office.audit("erased")
    folder = office.site.organisations.folder
    assert office.contact in (folder / "erased-acme.jsonl").read_text()


@pytest.mark.parametrize("path", [HELD, GOES])
def test_nobody_else_does_unless_it_is_switched_on(office: Office, path: str) -> None:
    assert office.refusal("fuller", path) == "erase.by_it"
    assert office.refusal("li", path) == "erase.by_it"
    assert office.values("contact", office.contact)["full_name"] == NAME
    office.switch(on=True)
    assert office.refusal("li", path) == "right.missing"
    assert office.refusal("aud", path) == "right.missing"
    assert office.refusal("fuller", path) == ""
    office.switch(on=False)
    assert office.refusal("fuller", path) == "erase.by_it"


def test_a_lead_erases_in_his_territory_only(office: Office) -> None:
    office.switch(on=True)
    for path in (HELD, GOES, EXPORT):
        assert office.refusal("fuller", path, office.elsewhere) == "record.not_found"
    assert office.values("contact", office.elsewhere)["full_name"] == "Otto Other"
    assert office.refusal("suyama", GOES, office.elsewhere) == ""
    assert office.values("contact", office.elsewhere)["full_name"] is None


@pytest.mark.parametrize("path", [HELD, GOES, EXPORT])
@pytest.mark.parametrize(
    ("kind", "record"),
    [("contact", "f" * 32), ("contact", "nonsense"), ("account", ""), ("unicorn", ""), ("", "")],
)
def test_what_is_no_person_is_answered_like_what_is_not_there(
    office: Office, path: str, kind: str, record: str
) -> None:
    assert office.refusal("otto", path, record, kind) == "record.not_found"


def test_a_stranger_and_a_withdrawn_device_are_told_nothing(office: Office) -> None:
    office.laptops["otto"].call("POST", "/devices/v1/withdraw",
                                device=office.laptops["fuller"].device)  # fmt: skip
    for path in (HELD, GOES, EXPORT):
        assert office.site.client.post(path, content=b"no JSON").status_code == 401
        assert office.refusal("fuller", path) == "device.revoked"


def exported(office: Office, login: str) -> dict[str, Any]:
    answer = office.ask(login, EXPORT)
    assert answer.status_code == 200, answer.text
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        return json.loads(archive.read(CONTENT))


def test_who_exports_is_handed_what_he_sees_and_told_what_is_left_out(office: Office) -> None:
    told = exported(office, "li")
    assert told["person"]["values"]["mobile"] == PHONE
    subjects = [x["values"].get("subject") for x in told["records"]]
    assert "Call of Alfreds" in subjects
    assert "Call of Berglunds" not in json.dumps(told)
    assert told["left_out"] == 1
    assert exported(office, "aud")["left_out"] == 0
    noted = [actor for actor, subject in office.audit("person-exported")]
    assert noted == [office.user("li"), office.user("aud")]


def test_what_is_withheld_from_a_role_is_in_no_export(office: Office) -> None:
    mask(office.site.organisations.open("acme").service, "rep", {"contact": frozenset(("mobile",))})
    told = exported(office, "li")
    assert told["person"]["values"]["full_name"] == NAME
    assert PHONE not in json.dumps(told)
    assert told["withheld"] == ["contact.mobile"]
    assert exported(office, "fuller")["person"]["values"]["mobile"] == PHONE


def test_it_is_handed_no_customer_over_http(office: Office) -> None:
    assert office.refusal("otto", EXPORT) == "record.not_found"
    assert office.audit("person-exported") == []


def is_freed(office: Office) -> bool:
    folder = office.site.organisations.folder
    held = any(NAME.encode() in x.read_bytes() for x in folder.glob("acme.sqlite*"))
    assert held is (folder / "erased-acme.due").exists()
    return not held


def test_the_file_is_freed_behind_the_answer(office: Office) -> None:
    office.ask("otto", GOES)
    assert is_freed(office)


def test_where_somebody_was_in_the_way_the_upkeep_frees_it(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crm_server.store.COMPACT_WAIT_MS", 1)
    with office.site.organisations.open("acme").service.store.read() as tx:
        tx.clock()
        office.ask("otto", GOES)
        assert not is_freed(office)
    with office.site.organisations.open("acme").service.store.note() as tx:
        assert tx.row("PRAGMA busy_timeout") == (BUSY_TIMEOUT_MS,)
    look_after(office.site.organisations)
    assert is_freed(office)
