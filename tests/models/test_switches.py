"""What is switched off is closed on the device too, without a server."""

from __future__ import annotations

import pytest

from crm_core.changes import Change, Op
from crm_core.errors import InvalidValue
from crm_core.ids import RecordId
from crm_desktop.models import journal
from crm_desktop.models.rights import rights_here
from crm_desktop.models.store import Store
from crm_desktop.views.kit.permit import field_refusal, kept_of_new
from tests.models.support import ME, add, first_pull, put, row, seen, switch_on

HERE, THERE = "31.2304,121.4737", "52.5200,13.4050"
ACCOUNT, OTHER = RecordId("a1" * 16), RecordId("a2" * 16)


@pytest.fixture
def known(store: Store) -> Store:
    """A lead's device with two accounts, one of which has a position."""
    first_pull(
        store, ("user", row(ME, 1, login="nancy", role="lead", active=True)),
        ("account", row(ACCOUNT, 2, name="Alfreds", owner=ME, location=HERE)),
        ("account", row(OTHER, 3, name="Otto", owner=ME)),
    )  # fmt: skip
    return store


def test_a_position_cannot_be_entered_unless_that_is_switched_on(known: Store) -> None:
    with pytest.raises(InvalidValue, match="switched off"):
        put(known, "account", OTHER, location=HERE)
    with pytest.raises(InvalidValue, match="switched off"):
        add(known, "address", account=OTHER, location=HERE)
    switch_on(known)
    put(known, "account", OTHER, location=HERE)
    assert seen(known, "account", OTHER).values["location"] == HERE


def test_what_is_there_may_stay_and_go(known: Store) -> None:
    put(known, "account", ACCOUNT, location=HERE, phone="1")
    with pytest.raises(InvalidValue):
        put(known, "account", ACCOUNT, location=THERE)
    put(known, "account", ACCOUNT, location=None)
    assert seen(known, "account", ACCOUNT).values["location"] is None


def test_a_merge_brings_it_along(known: Store) -> None:
    changes = [
        Change("account", ACCOUNT, Op.MERGE, {"merged_into": OTHER}),
        Change("account", OTHER, Op.SET, {"location": HERE}),
    ]
    journal.commit(known, changes, label="Merge", atomic=True)
    assert seen(known, "account", OTHER).values["location"] == HERE


def test_a_form_says_that_it_is_switched_off(known: Store) -> None:
    with known.reader() as c:
        may = rights_here(c).of("account", ACCOUNT)
        assert may.edit
        assert not may.changes("location")
        assert "switched off" in field_refusal(may, "location")
        assert set(kept_of_new(c, "address")) == {"location"}
        assert kept_of_new(c, "visit").keys().isdisjoint(["location"])
    switch_on(known)
    with known.reader() as c:
        assert rights_here(c).of("account", ACCOUNT).changes("location")
        assert kept_of_new(c, "address") == {}
