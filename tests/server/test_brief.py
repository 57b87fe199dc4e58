"""What a device that asks for brief answers to its pushes is told: what it does not show yet."""

from __future__ import annotations

import pytest

from crm_core.changes import Change
from crm_core.fields import Value
from crm_core.wire import PushRequest
from tests.server.world import Acme, Device


def told(device: Device, *changes: Change) -> list[dict[str, Value]]:
    """The records with which the server answers, one changeset for each change."""
    changesets = tuple(device.changeset(change) for change in changes)
    request = PushRequest(device.epoch, 1, changesets, brief=True)
    answer = device.world.service.push(device.who, request)
    return [row.body for page in answer.pages for row in page.rows]


def test_an_edit_of_what_nobody_else_changed_is_not_told_back(acme: Acme) -> None:
    account = acme.nancy.account()
    assert told(acme.nancy, acme.nancy.set("account", account, phone="111")) == []
    acme.nancy.pull()
    assert acme.nancy.rows[("account", account)].body["phone"] == "111"


@pytest.mark.parametrize(
    ("theirs", "mine"),
    [({"website": "https://example.com"}, {"phone": "111"}), ({"phone": "222"}, {"phone": "111"})],
)
def test_a_record_that_a_colleague_changed_is_told(
    acme: Acme, theirs: dict[str, Value], mine: dict[str, Value]
) -> None:
    account = acme.shared_account(phone="000")
    acme.fuller.push(acme.fuller.set("account", account, **theirs))
    bodies = told(acme.nancy, acme.nancy.set("account", account, **mine))
    assert [body for body in bodies if theirs.items() <= body.items()]


def test_what_the_server_adds_is_told(acme: Acme) -> None:
    account = acme.fuller.account()
    [made] = told(acme.fuller, acme.fuller.insert("account", name="Made"))
    [moved] = told(acme.fuller, acme.fuller.set("account", account, owner=acme.nancy.user))
    assert str(made["number"]).startswith("A-")
    assert moved["team"] == acme.team


def test_two_edits_of_one_record_in_a_push_are_told_together(acme: Acme) -> None:
    account = acme.nancy.account()
    first = acme.nancy.set("account", account, phone="111")
    second = acme.nancy.set("account", account, website="https://example.com")
    [body] = told(acme.nancy, first, second)
    assert (body["phone"], body["website"]) == ("111", "https://example.com")


def test_a_repeated_push_is_told_all(acme: Acme) -> None:
    account = acme.nancy.account()
    changeset = acme.nancy.changeset(acme.nancy.set("account", account, phone="111"))
    request = PushRequest(acme.nancy.epoch, 1, (changeset,), brief=True)
    push = acme.nancy.world.service.push
    assert [len(push(acme.nancy.who, request).pages) for _ in range(2)] == [0, 1]


def test_a_deletion_is_told(acme: Acme) -> None:
    account = acme.nancy.account()
    changeset = acme.nancy.changeset(acme.nancy.delete("account", account))
    request = PushRequest(acme.nancy.epoch, 1, (changeset,), brief=True)
    answer = acme.nancy.world.service.push(acme.nancy.who, request)
    assert [one.rows[0].id for one in answer.deleted] == [account]
