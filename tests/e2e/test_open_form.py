"""An open form while a colleague changes the same field: the server judges what was really seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from crm_core.catalog import CATALOG
from crm_desktop import profile
from crm_desktop.models.outbox import Outbox
from crm_desktop.runtime.hub import DataHub
from crm_desktop.runtime.lanes import Lanes
from crm_desktop.sync.runner import Run, Runner
from crm_desktop.views.kit.entity_pane import EntityPane
from tests.e2e.people import Desk, World, cheap_machine
from tests.e2e.processes import PASSPHRASE

Sync = Callable[[], Run]
Window = tuple[EntityPane, Sync, Callable[[], None]]


@contextmanager
def window_of(desk: Desk, qtbot: QtBot) -> Iterator[Window]:
    """The accounts of a desk in a real pane: it, one synchronisation, and waiting for rest."""
    lanes = Lanes()
    with (
        pytest.MonkeyPatch.context() as patch,
        closing(lanes),
    ):
        patch.setattr(profile, "this_machine", cheap_machine)
        with closing(profile.open_profile(desk.profile, PASSPHRASE)) as opened:
            ask = opened.session.history
            hub = DataHub(opened.store, lanes, ask_history=ask)
            pane = EntityPane(CATALOG["account"], hub)
            qtbot.addWidget(pane)
            hub.changed.connect(pane.take_summary)
            pane.show()

            def rest() -> None:
                qtbot.waitUntil(lambda: lanes.is_idle, timeout=10_000)

            def sync() -> Run:
                run = Runner(Outbox(opened.store), opened.session, announce=hub.announce).run()
                rest()
                return run

            rest()
            yield pane, sync, rest


def type_phone(pane: EntityPane, text: str) -> None:
    line = pane.detail.form.editor("phone").widget
    assert isinstance(line, QLineEdit)
    line.setText(text)
    line.textEdited.emit(text)


def test_a_field_changed_under_ones_hands_becomes_a_conflict_and_is_not_overwritten(
    world: World, qtbot: QtBot
) -> None:
    rep, lead = world.people("rep", "lead")
    account = rep.add("account", name="Alfreds Futterkiste", phone="030-1")
    rep.sync()
    lead.sync()
    with window_of(rep, qtbot) as (pane, sync, rest):
        pane.open_record(account)
        rest()
        type_phone(pane, "030-2")
        lead.set("account", account, phone="030-3")
        lead.sync()
        sync()
        words, _ = pane.detail.form._rows["phone"].meanwhile_words
        assert "“030-3” by" in words
        assert lead.login.casefold() in words.casefold()
        pane.save()
        rest()
        assert sync().report.conflicts == 1
    lead.sync()
    found = lead.conflict(account)
    assert (found["base"], found["current"]) == ("030-1", "030-3")
    assert [parked["value"] for parked in found["parked"]] == ["030-2"]
