"""A form that is open while others work on its record: it follows, and nothing typed is lost."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtWidgets import QLineEdit, QPushButton

from crm_core.catalog import CATALOG
from crm_core.changes import Change, Op
from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_core.wall_time import moment_in
from crm_core.wire import HistoryEntry
from crm_desktop.models import journal, queries
from crm_desktop.models.connection import Connection
from crm_desktop.models.journal.rows import server_version
from crm_desktop.models.outbox import Outbox
from crm_desktop.models.replica import Summary
from crm_desktop.models.store import Store
from crm_desktop.runtime.hub import DataHub
from crm_desktop.runtime.lanes import Lanes
from crm_desktop.runtime.standing import time_of_day
from crm_desktop.views.kit.entity_pane import EntityPane
from crm_desktop.views.kit.form_row import FormRow
from tests.views.company import receive
from tests.views.front import InFront

Rest = Callable[[], None]
AT = "2026-11-20T02:42:00Z"


class Colleague:
    """Li Ming at another device: his changes come by a pull, and the server can name him."""

    def __init__(self, store: Store, user: RecordId) -> None:
        self._store, self._user = store, user
        self.entries: tuple[HistoryEntry, ...] = ()

    def changes(self, record_id: str, **values: Value) -> None:
        with self._store.reader() as c:
            row = queries.record(c, "account", RecordId(record_id))
            server = _server_values(c, record_id)
        assert row is not None
        self.entries = tuple(
            HistoryEntry(900 + n, AT, self._user, "T14", name, row.values.get(name), value)
            for n, (name, value) in enumerate(values.items())
        )
        receive(self._store, [("account", RecordId(record_id), {**server, **values})])

    def history(self, _kind: str, _id: str) -> tuple[HistoryEntry, ...]:
        return self.entries


def _server_values(c: Connection, record_id: str) -> dict[str, Value]:
    row = server_version(c, "account", RecordId(record_id))
    assert row is not None
    assert row.body is not None
    return dict(row.body)


@pytest.fixture
def li(store: Store, known: dict[str, list[RecordId]]) -> Colleague:
    return Colleague(store, known["user"][1])


@pytest.fixture
def hub(store: Store, lanes: Lanes, li: Colleague) -> DataHub:
    return DataHub(store, lanes, ask_history=li.history)


@pytest.fixture
def pane(hub: DataHub, in_front: InFront, rest: Rest) -> EntityPane:
    made = in_front(EntityPane(CATALOG["account"], hub), 1100, 700)
    made.choose_first()
    rest()
    return made


@pytest.fixture
def pulled(hub: DataHub, pane: EntityPane, li: Colleague, rest: Rest) -> Callable[..., None]:
    """Li's change arrives by a pull, and the window hears of it."""

    def arrive(**values: Value) -> None:
        key = ("account", RecordId(pane.record_id))
        li.changes(pane.record_id, **values)
        hub.announce(Summary(frozenset([key])))
        rest()

    return arrive


def type_into(pane: EntityPane, name: str, text: str) -> None:
    line = pane.detail.form.editor(name).widget
    assert isinstance(line, QLineEdit)
    line.setText(text)
    line.textEdited.emit(text)


def typed(pane: EntityPane, name: str) -> str:
    return pane.detail.form.editor(name).typed()


def row_of(pane: EntityPane, name: str) -> FormRow:
    return pane.detail.form._rows[name]


def said(pane: EntityPane, name: str) -> str:
    return row_of(pane, name).meanwhile_words[0]


def choose(pane: EntityPane, name: str) -> None:
    part = row_of(pane, name)._meanwhile
    assert part is not None
    assert isinstance(part.way, QPushButton)
    assert part.way.isVisible()
    part.way.click()


def sent(store: Store) -> tuple[Change, ...]:
    """The changes of the last step in the outbox."""
    return Outbox(store).take_outbox(50, 1_000_000)[-1].changes


def clock_of(instant: str) -> str:
    moment = moment_in(instant)
    assert moment is not None
    return time_of_day(moment)


def test_an_untouched_field_follows_beside_one_that_is_typed_in(
    pane: EntityPane, pulled: Callable[..., None]
) -> None:
    type_into(pane, "industry", "Half a thou")
    pulled(phone="030-7")
    assert typed(pane, "phone") == "030-7"
    assert typed(pane, "industry") == "Half a thou"
    assert row_of(pane, "phone").meanwhile_words == (f"Changed by Li Ming at {clock_of(AT)}", "")
    assert said(pane, "industry") == ""


def test_a_field_typed_in_keeps_its_text_and_is_told_of_the_other_value(
    pane: EntityPane, pulled: Callable[..., None]
) -> None:
    type_into(pane, "industry", "Mine")
    pulled(industry="Theirs")
    assert typed(pane, "industry") == "Mine"
    words = f"Changed to “Theirs” by Li Ming at {clock_of(AT)} meanwhile"
    assert row_of(pane, "industry").meanwhile_words == (words, "Take theirs")
    assert pane.detail.form.editor("industry").widget.accessibleDescription() == words


def test_saving_over_a_colleagues_value_is_based_on_what_was_seen(
    pane: EntityPane, pulled: Callable[..., None], store: Store, rest: Rest
) -> None:
    before, record_id = typed(pane, "industry"), pane.record_id
    with store.reader() as c:
        row = queries.record(c, "account", RecordId(record_id))
    assert row is not None
    type_into(pane, "industry", "Mine")
    pulled(industry="Theirs", phone="030-7")
    pane.save()
    rest()
    (change,) = sent(store)
    assert (change.new, change.old) == ({"industry": "Mine"}, {"industry": before})
    assert change.base_seq == row.seq


def test_what_was_followed_is_the_base_of_what_is_typed_after_it(
    pane: EntityPane, pulled: Callable[..., None], store: Store, rest: Rest
) -> None:
    pulled(industry="Theirs")
    type_into(pane, "industry", "Mine")
    pane.save()
    rest()
    (change,) = sent(store)
    with store.reader() as c:
        row = queries.record(c, "account", RecordId(pane.record_id))
    assert row is not None
    assert (change.old, change.base_seq) == ({"industry": "Theirs"}, row.seq)


def test_a_draft_that_comes_back_keeps_its_base(
    pane: EntityPane, pulled: Callable[..., None], store: Store, rest: Rest, known: dict
) -> None:
    before, record_id = typed(pane, "industry"), pane.record_id
    other = next(x for x in known["account"] if x != record_id)
    type_into(pane, "industry", "Mine")
    pane.open_record(other)
    rest()
    Colleague(store, known["user"][1]).changes(record_id, industry="Theirs")
    pane.open_record(record_id)
    rest()
    assert typed(pane, "industry") == "Mine"
    assert said(pane, "industry").startswith("Changed to “Theirs”")
    pane.save()
    rest()
    (change,) = sent(store)
    assert change.old == {"industry": before}


def test_a_draft_of_which_something_was_erased_brings_the_rest_back(
    pane: EntityPane, hub: DataHub, rest: Rest
) -> None:
    before, record_id = typed(pane, "industry"), pane.record_id
    left = '{"industry": null, "name": "Mine", "": {"industry": null}}'
    hub.keep_draft(f"account/{record_id}", left)
    pane.open_record(record_id)
    rest()
    assert (typed(pane, "name"), typed(pane, "industry")) == ("Mine", before)


def test_taking_theirs_is_not_losing_mine(pane: EntityPane, pulled: Callable[..., None]) -> None:
    type_into(pane, "industry", "Mine")
    pulled(industry="Theirs")
    choose(pane, "industry")
    assert (typed(pane, "industry"), pane.detail.form.is_touched) == ("Theirs", False)
    assert row_of(pane, "industry").meanwhile_words == ("You had typed “Mine”", "Take mine back")
    choose(pane, "industry")
    assert (typed(pane, "industry"), pane.detail.form.is_touched) == ("Mine", True)
    assert said(pane, "industry").startswith("Changed to “Theirs”")
    assert pane.detail.form.collect() == {"industry": "Mine"}


def test_a_value_taken_back_by_the_colleague_leaves_nothing_to_say(
    pane: EntityPane, pulled: Callable[..., None]
) -> None:
    before = typed(pane, "industry")
    type_into(pane, "industry", "Mine")
    pulled(industry="Theirs")
    pulled(industry=before)
    assert said(pane, "industry") == ""
    assert typed(pane, "industry") == "Mine"


def test_ones_own_steps_leave_no_mark(
    pane: EntityPane, hub: DataHub, store: Store, rest: Rest
) -> None:
    change = Change("account", RecordId(pane.record_id), Op.SET, {"industry": "Bakery"})
    hub.announce(journal.commit(store, [change], label="elsewhere"))
    rest()
    assert typed(pane, "industry") == "Bakery"
    assert said(pane, "industry") == ""


def test_without_a_server_to_ask_nobody_is_named(
    pane: EntityPane, pulled: Callable[..., None], hub: DataHub
) -> None:
    hub._ask_history = None
    type_into(pane, "industry", "Mine")
    pulled(industry="Theirs", phone=None)
    assert said(pane, "industry") == "Changed to “Theirs” meanwhile"
    assert said(pane, "phone") == "Changed meanwhile"


def test_what_was_typed_in_a_record_deleted_meanwhile_comes_back_with_it(
    pane: EntityPane, hub: DataHub, store: Store, rest: Rest
) -> None:
    type_into(pane, "industry", "Mine")
    record = RecordId(pane.record_id)
    hub.announce(journal.commit(store, [Change("account", record, Op.DELETE)], label="gone"))
    rest()
    assert not pane.detail.form.isEnabled()
    assert typed(pane, "industry") == "Mine"
    pane.detail.restore_asked.emit()
    rest()
    assert pane.detail.form.isEnabled()
    assert typed(pane, "industry") == "Mine"
