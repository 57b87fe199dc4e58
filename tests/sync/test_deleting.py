"""A deletion that arrives later than it was made."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crm_core.changes import Change, Op
from crm_core.ids import RecordId
from crm_desktop.models import journal
from tests.simulator.company import fixed_id
from tests.simulator.oracle import Oracle
from tests.sync.first_fetching import Place

TASK = fixed_id(0xC000)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A server and a laptop that holds everything."""
    made = Place(tmp_path)
    made.laptop.synchronise()
    yield made
    made.close()


def test_a_child_that_came_while_the_push_was_cut_off_stops_the_deletion(place: Place) -> None:
    laptop, account = place.laptop, _own_account(place)
    journal.commit(laptop.store, [Change("account", account, Op.DELETE)], label="Delete")
    place.server.load("task", TASK, {"account": account, "title": "Call them"})
    laptop.line.cut = True
    laptop.synchronise()
    assert laptop.rows("SELECT 1 FROM task WHERE id = ?", bytes.fromhex(TASK)), "the pull was not"
    laptop.line.cut = False
    assert laptop.synchronise().report.conflicts == 1
    assert not _is_deleted(place, account)


def test_a_deletion_goes_through_where_nothing_came_below_it(place: Place) -> None:
    laptop, account = place.laptop, _own_account(place)
    journal.commit(laptop.store, [Change("account", account, Op.DELETE)], label="Delete")
    laptop.line.cut = True
    laptop.synchronise()
    laptop.line.cut = False
    laptop.synchronise()
    assert _is_deleted(place, account)


def _own_account(place: Place) -> RecordId:
    """One that Ann made just now and may delete."""
    store, made = place.laptop.store, place.laptop.store.new_id()
    journal.commit(store, [Change("account", made, Op.INSERT, {"name": "New"})], label="Add")
    place.laptop.synchronise()
    return made


def _is_deleted(place: Place, account: RecordId) -> bool:
    return Oracle(place.server.look).records["account", account].deleted
