"""What is withheld from a role does not reach it by any way, and nobody else misses it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crm_core.changes import Change, Op
from crm_core.errors import UserProblem
from crm_core.ids import SYSTEM, RecordId
from crm_core.wire import Page, PullRequest
from crm_server.admin.main import main
from crm_server.organisations import Organisations
from crm_server.people import mask, masked
from crm_server.refusals import refusals_of_team
from tests.server.test_merging import parked
from tests.server.world import Acme, Device

MOBILE, EMAIL, OTHER = "+49 170 1", "maria@alfreds.example", "+49 170 2"
PERSONAL = {"contact": frozenset(("mobile", "email"))}


def contact_of(acme: Acme) -> RecordId:
    """A contact of nancy's that fuller holds as well."""
    nancy = acme.nancy
    account = nancy.account("Alfreds")
    made = nancy.insert("contact", full_name="Maria", mobile=MOBILE, email=EMAIL, title="Buyer")
    role = nancy.insert("account_contact", account=account, contact=made.id, role="buyer")
    assert nancy.push(made, role).result == "applied"
    for device in (nancy, acme.fuller, acme.service):
        device.pull()
    return made.id


def withhold(acme: Acme, role: str = "lead", **fields: str) -> None:
    mask(acme.world.service, role, {kind: frozenset(x.split()) for kind, x in fields.items()})


def told(device: Device) -> str:
    """All that the server says to a device, as it travels."""
    request = PullRequest(epoch=device.epoch, cursor=0)
    return b"".join(device.world.service.pull(device.who, request)).decode()


def test_a_role_does_not_receive_what_is_withheld_from_it(acme: Acme) -> None:
    contact = contact_of(acme)
    mask(acme.world.service, "lead", PERSONAL)
    acme.fuller.pull()
    assert acme.fuller.body("contact", contact).keys().isdisjoint(("mobile", "email"))
    assert acme.fuller.body("contact", contact)["title"] == "Buyer"
    assert MOBILE not in told(acme.fuller)
    assert EMAIL not in told(acme.fuller)
    for device in (acme.nancy, acme.service):
        device.pull()
        assert device.body("contact", contact)["mobile"] == MOBILE


def test_what_is_given_back_comes_with_the_next_pull(acme: Acme) -> None:
    contact = contact_of(acme)
    mask(acme.world.service, "lead", PERSONAL)
    acme.fuller.pull()
    withhold(acme, contact="email")
    acme.fuller.pull()
    assert acme.fuller.body("contact", contact)["mobile"] == MOBILE
    assert "email" not in acme.fuller.body("contact", contact)
    mask(acme.world.service, "lead", {})
    acme.fuller.pull()
    assert acme.fuller.body("contact", contact)["email"] == EMAIL


def test_a_mask_that_came_and_went_between_two_pulls_leaves_nothing_behind(acme: Acme) -> None:
    contact = contact_of(acme)
    mask(acme.world.service, "lead", PERSONAL)
    acme.fuller.push(acme.fuller.set("contact", contact, title="Head"))
    assert "mobile" not in acme.fuller.body("contact", contact)
    mask(acme.world.service, "lead", {})
    acme.fuller.pull()
    assert acme.fuller.body("contact", contact)["mobile"] == MOBILE


def test_a_pull_that_broke_off_sends_it_again(acme: Acme) -> None:
    contact = contact_of(acme)
    mask(acme.world.service, "lead", PERSONAL)
    acme.fuller.receive(acme.fuller.fetch()[:-2])
    acme.fuller.pull()
    assert "mobile" not in acme.fuller.body("contact", contact)
    mask(acme.world.service, "lead", {})
    acme.fuller.receive(acme.fuller.fetch()[:2])
    acme.fuller.pull()
    assert acme.fuller.body("contact", contact)["mobile"] == MOBILE


def test_who_changes_his_role_receives_what_the_other_one_does(acme: Acme) -> None:
    contact = contact_of(acme)
    mask(acme.world.service, "service", PERSONAL)
    acme.fuller.pull()
    acme.world.change("user", acme.fuller.user, role="service")
    acme.fuller.pull()
    assert "mobile" not in acme.fuller.body("contact", contact)


def test_only_kinds_that_look_different_are_sent_again(acme: Acme) -> None:
    contact_of(acme)
    mask(acme.world.service, "lead", PERSONAL)
    items = acme.fuller.pull()
    sent = {item.kind for item in items if isinstance(item, Page)}
    assert sent == {"contact", "role_permission"}


def test_answers_to_a_push_withhold_it_too(acme: Acme) -> None:
    contact = contact_of(acme)
    mask(acme.world.service, "lead", PERSONAL)
    acme.fuller.pull()
    answer = acme.fuller.send(
        acme.fuller.changeset(acme.fuller.set("contact", contact, title="Head"))
    )
    (row,) = [row for page in answer.pages for row in page.rows if row.id == contact]
    assert row.body["title"] == "Head"
    assert row.body.keys().isdisjoint(("mobile", "email"))


def test_nobody_changes_what_he_does_not_receive(acme: Acme) -> None:
    contact = contact_of(acme)
    mask(acme.world.service, "lead", PERSONAL)
    acme.fuller.pull()
    result = acme.fuller.push(acme.fuller.set("contact", contact, mobile=OTHER, title="Head"))
    assert [(x.field, x.code) for x in result.changes] == [("mobile", "field.masked")]
    acme.nancy.pull()
    assert acme.nancy.body("contact", contact)["mobile"] == MOBILE
    assert acme.nancy.body("contact", contact)["title"] == "Head"
    made = acme.fuller.push(acme.fuller.insert("contact", full_name="Otto", email="o@example.org"))
    assert [(x.field, x.code) for x in made.changes] == [("email", "field.masked")]


def test_what_was_written_while_it_was_received_is_taken(acme: Acme) -> None:
    contact = contact_of(acme)
    written = acme.fuller.changeset(acme.fuller.set("contact", contact, mobile=OTHER))
    mask(acme.world.service, "lead", PERSONAL)
    acme.fuller.pull()
    assert acme.fuller.send(written).results[0].result == "applied"
    acme.nancy.pull()
    assert acme.nancy.body("contact", contact)["mobile"] == OTHER
    assert OTHER not in told(acme.fuller)


def clash(acme: Acme, contact: RecordId) -> RecordId:
    """Nancy changes the number on two devices apart from each other; the open question."""
    other = acme.world.device("nancy")
    other.pull()
    edit = other.set("contact", contact, mobile="3")
    assert acme.nancy.push(acme.nancy.set("contact", contact, mobile=OTHER)).result == "applied"
    result = other.push(edit)
    assert result.result == "conflict"
    return RecordId(result.changes[0].conflict_id)


def test_a_question_about_it_is_none_for_who_does_not_receive_it(acme: Acme) -> None:
    contact = contact_of(acme)
    mask(acme.world.service, "lead", PERSONAL)
    acme.fuller.pull()
    asked = clash(acme, contact)
    acme.fuller.pull()
    seen = acme.fuller.body("conflict", asked)
    assert (seen["state"], seen["base"], seen["parked"]) == ("resolved", None, None)
    assert OTHER not in told(acme.fuller)
    acme.nancy.pull()
    assert acme.nancy.body("conflict", asked)["state"] == "open"
    decided = Change("conflict", asked, Op.SET, {"state": "resolved"}, {}, acme.fuller.cursor)
    result = acme.fuller.push(decided, atomic=True)
    assert [x.code for x in result.changes] == ["right.missing"]
    mask(acme.world.service, "lead", {})
    acme.fuller.pull()
    assert acme.fuller.body("conflict", asked)["state"] == "open"


def test_history_does_not_tell_it(acme: Acme) -> None:
    contact = contact_of(acme)
    asked = clash(acme, contact)
    mask(acme.world.service, "lead", PERSONAL)
    service = acme.world.service
    for kind, record in (("contact", contact), ("conflict", asked)):
        assert MOBILE in str(service.history(acme.nancy.who, kind, record)) or kind == "conflict"
        said = str(service.history(acme.fuller.who, kind, record))
        assert not any(value in said for value in (MOBILE, EMAIL, OTHER))
    fields = {x.field for x in service.history(acme.fuller.who, "contact", contact)}
    assert "title" in fields
    assert fields.isdisjoint(("mobile", "email"))


def test_refusals_of_his_people_do_not_tell_it(acme: Acme) -> None:
    contact = contact_of(acme)
    acme.world.change("team", acme.team, lead=acme.fuller.user)
    mask(acme.world.service, "lead", PERSONAL)
    nancy = acme.nancy
    result = nancy.push(nancy.set("contact", contact, mobile=OTHER, birthday="never", email="?"))
    assert {x.field for x in result.changes} == {"birthday", "email"}
    (found,) = refusals_of_team(acme.world.service, acme.fuller.who)
    assert found.field == "birthday"
    assert found.change.new == {"birthday": "never"}


def test_what_people_are_known_by_and_what_is_not_personal_cannot_be_withheld(acme: Acme) -> None:
    for field in ("full_name", "title", "nothing"):
        with pytest.raises(UserProblem, match="cannot be withheld"):
            withhold(acme, contact=f"mobile {field}")
    with pytest.raises(UserProblem, match="no role"):
        withhold(acme, "queen", contact="mobile")
    assert masked(acme.world.service) == {}


def test_a_right_that_was_set_keeps_its_reach(acme: Acme) -> None:
    contact = contact_of(acme)
    right = acme.world.new_id()
    acme.world.change("role_permission", right, role="lead", entity="contact", action="read",
                      level="own")  # fmt: skip
    mask(acme.world.service, "lead", PERSONAL)
    acme.fuller.pull()
    (row,) = [x for x in acme.fuller.of_kind("role_permission") if x.body["role"] == "lead"]
    assert (row.id, row.body["level"], row.body["masked"]) == (right, "own", ["email", "mobile"])
    assert acme.fuller.sees("contact", contact)


def test_the_command_withholds_and_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    organisations = Organisations(tmp_path)
    organisations.create("Acme", "acme")
    organisations.close()

    def run(*words: str) -> dict[str, list[str]]:
        assert main(["--data", str(tmp_path), "mask", *words, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    assert run() == {}
    assert run("service", "contact.mobile", "contact.email") == {
        "service": ["contact.email", "contact.mobile"]
    }
    assert run() == {"service": ["contact.email", "contact.mobile"]}
    assert run("service", "contact.wechat") == {"service": ["contact.wechat"]}
    assert run("service", "--nothing") == {"service": []}
    assert run() == {}
    assert main(["--data", str(tmp_path), "mask", "service", "contact.full_name"]) == 1
    assert "cannot be withheld" in capsys.readouterr().err


def test_nobody_types_over_what_an_answer_brought_him_without(acme: Acme) -> None:
    contact = contact_of(acme)
    fuller = acme.fuller
    mask(acme.world.service, "lead", PERSONAL)
    assert fuller.push(fuller.set("contact", contact, title="Head")).result == "applied"
    assert "mobile" not in fuller.body("contact", contact), "and he has not heard of the mask"
    assert fuller.push(fuller.set("contact", contact, mobile=OTHER)).result == "conflict"
    acme.nancy.pull()
    assert acme.nancy.body("contact", contact)["mobile"] == MOBILE


def test_nobody_types_over_what_he_receives_again_before_it_is_here(acme: Acme) -> None:
    contact = contact_of(acme)
    fuller = acme.fuller
    mask(acme.world.service, "lead", PERSONAL)
    fuller.pull()
    mask(acme.world.service, "lead", {})
    fuller.receive(fuller.fetch()[:1])
    assert fuller.push(fuller.set("contact", contact, mobile=OTHER)).result == "conflict"
    fuller.pull()
    assert fuller.body("contact", contact)["mobile"] == MOBILE
    assert fuller.push(fuller.set("contact", contact, mobile=OTHER)).result == "applied"


@pytest.mark.parametrize("there", [None, OTHER])
@pytest.mark.parametrize("loaded", [False, True])
def test_what_a_merger_does_not_receive_stands_with_the_other_one(
    acme: Acme, there: str | None, *, loaded: bool
) -> None:
    twin, nancy, fuller = contact_of(acme), acme.nancy, acme.fuller
    (role,) = nancy.of_kind("account_contact")
    stays = nancy.insert("contact", full_name="Maria A.", mobile=there)
    beside = {"account": role.body["account"], "contact": stays.id, "role": "buyer"}
    assert nancy.push(stays, nancy.insert("account_contact", **beside)).result == "applied"
    if loaded:
        acme.world.change("contact", twin, mobile=MOBILE + "0")
    mask(acme.world.service, "lead", PERSONAL)
    fuller.pull()
    merging = Change("contact", twin, Op.MERGE, {"merged_into": stays.id}, {}, nancy.cursor)
    told = fuller.push(merging, atomic=True)
    assert {x.field: x.result for x in told.changes} == {
        "email": "merged", "mobile": "merged" if there is None else "conflict"
    }  # fmt: skip
    nancy.pull()
    body, mobile = nancy.body("contact", stays.id), MOBILE + "0" * loaded
    assert (body["email"], body["mobile"]) == (EMAIL, there or mobile)
    author = SYSTEM if loaded else nancy.user
    asked = [parked(one.body) for one in nancy.of_kind("conflict")]
    assert asked == ([[(mobile, author)]] if there else [])
    fuller.pull()
    assert not [row for row in fuller.of_kind("conflict") if row.body["parked"]]
    assert mobile not in json.dumps([row.body for row in fuller.of_kind("contact")])
