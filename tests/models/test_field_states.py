"""What a form says of single fields: waiting, contested, refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from crm_core.changes import Change, Op
from crm_core.ids import RecordId
from crm_desktop.models import journal, queries
from crm_desktop.models.field_states import FieldState, field_states
from crm_desktop.models.store import Store
from crm_desktop.views.kit.source import read_shown
from tests.views.company import make_store, people, receive

ME, LI, ACCOUNT, CONFLICT = (RecordId(f"{n:032x}") for n in (1, 2, 3, 4))


@pytest.fixture
def store(tmp_path: Path):
    account = ("account", ACCOUNT, {"name": "Alfreds", "phone": "030-1"})
    made = make_store(tmp_path, [*people(ME, (LI, "Li Ming")), account], user=ME)
    yield made
    made.close()


def states(store: Store) -> dict[str, FieldState]:
    with store.reader() as c:
        row = queries.record(c, "account", ACCOUNT)
        assert row is not None
        return field_states(c, row)


def test_only_the_fields_that_were_changed_here_wait(store: Store) -> None:
    assert states(store) == {}
    edit = Change("account", ACCOUNT, Op.SET, {"phone": "030-2"}, {"phone": "030-1"}, 1)
    journal.commit(store, [edit], label="Phone")
    assert states(store) == {"phone": FieldState("pending")}


def test_a_contested_field_names_the_value_kept_beside_it_and_whose_it_is(store: Store) -> None:
    parked = [{"value": "030-9", "author": LI, "device": "", "at": "2026-11-01T08:00:00Z"}]
    values = {"record": f"account/{ACCOUNT}", "field": "phone", "why": "edit", "parked": parked}
    receive(store, [("conflict", CONFLICT, values)])
    assert states(store) == {"phone": FieldState("conflict", (("030-9", LI),))}
    with store.reader() as c:
        shown = read_shown(c, "account", ACCOUNT)
    assert shown is not None
    assert shown.notes["phone"].lines == ("Li Ming entered: 030-9",)
