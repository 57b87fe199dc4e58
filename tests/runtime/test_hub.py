"""The hub: one door in, one signal out, floods in batches, what is typed kept."""

from __future__ import annotations

import threading

from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot
from shiboken6 import Shiboken

from crm_core.changes import Change, Op
from crm_core.errors import CrmError, InvalidValue
from crm_core.ids import RecordId
from crm_desktop.models import queries
from crm_desktop.models.replica import Summary
from crm_desktop.models.store import Store, new_uuid7
from crm_desktop.runtime.hub import AT_ONCE_BELOW_ROWS, DataHub
from crm_desktop.runtime.lanes import Lanes


def new_account(name: str = "Alfreds") -> Change:
    return Change("account", new_uuid7(), Op.INSERT, {"name": name})


def rows(count: int) -> Summary:
    return Summary(frozenset(("account", RecordId(f"{n:032x}")) for n in range(count)))


def test_a_save_is_told_to_everybody_once(hub: DataHub, qtbot: QtBot, lanes: Lanes) -> None:
    told: list[Summary] = []
    hub.changed.connect(told.append)
    change = new_account()
    with qtbot.waitSignal(hub.saved):
        hub.save([change], "New: Alfreds", owner=hub)
    qtbot.waitUntil(lambda: lanes.is_idle)
    assert [("account", change.id) in summary.changed for summary in told] == [True]


def test_everybody_hears_of_a_save_although_the_form_has_closed(hub: DataHub, qtbot: QtBot) -> None:
    form = QObject()
    with qtbot.waitSignal(hub.changed):
        hub.save([new_account()], "New", owner=form)
        Shiboken.delete(form)


def test_a_bad_value_comes_back_to_whoever_saved_it(hub: DataHub, qtbot: QtBot) -> None:
    problems: list[CrmError] = []
    with qtbot.assertNotEmitted(hub.failed):
        hub.save([new_account("")], "New", owner=hub, failed=problems.append)
        qtbot.waitUntil(lambda: bool(problems))
    assert isinstance(problems[0], InvalidValue)
    assert problems[0].field == "name"


def test_small_changes_are_told_at_once(hub: DataHub, qtbot: QtBot) -> None:
    with qtbot.waitSignal(hub.changed, timeout=1):
        hub.announce(rows(AT_ONCE_BELOW_ROWS - 1))


def test_a_flood_is_told_in_batches(hub: DataHub, qtbot: QtBot) -> None:
    told: list[Summary] = []
    hub.changed.connect(told.append)
    for _ in range(10):
        hub.announce(rows(1000))
    assert told == []
    qtbot.waitUntil(lambda: bool(told))
    assert [len(summary.changed) for summary in told] == [1000]


def test_undo_takes_the_last_step_back_and_names_it(
    hub: DataHub, qtbot: QtBot, store: Store
) -> None:
    change = new_account()
    with qtbot.waitSignal(hub.undo_changed) as named:
        hub.save([change], "New: Alfreds", owner=hub)
    assert named.args == ["New: Alfreds"]
    with qtbot.waitSignal(hub.undone) as undone:
        hub.undo()
    assert undone.args is not None
    assert undone.args[0].label == "New: Alfreds"
    with store.reader() as c:
        row = queries.record(c, "account", change.id)
    assert row is not None
    assert row.deleted


def test_undo_with_nothing_to_undo_says_so(hub: DataHub, qtbot: QtBot) -> None:
    with qtbot.waitSignal(hub.undone) as undone:
        hub.undo()
    assert undone.args == [None]


def test_a_draft_is_kept_until_it_is_forgotten(hub: DataHub, qtbot: QtBot, lanes: Lanes) -> None:
    found: list[str | None] = []

    def look() -> None:
        qtbot.waitUntil(lambda: lanes.is_idle)
        hub.draft("account/new", found.append, owner=hub)
        qtbot.waitUntil(lambda: lanes.is_idle)

    hub.keep_draft("account/new", "half a thou")
    look()
    hub.keep_draft("account/new", None)
    look()
    assert found == ["half a thou", None]


def test_a_draft_that_still_waits_to_be_written_is_handed_over(
    hub: DataHub, qtbot: QtBot, lanes: Lanes
) -> None:
    found: list[str | None] = []
    may_write = threading.Event()
    lanes.write(lambda: may_write.wait(10), owner=hub)
    hub.keep_draft("account/new", "half a thou")
    hub.draft("account/new", found.append, owner=hub)
    qtbot.waitUntil(lambda: bool(found))
    may_write.set()
    qtbot.waitUntil(lambda: lanes.is_idle)
    assert found == ["half a thou"]
