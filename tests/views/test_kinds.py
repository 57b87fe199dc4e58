"""The place that holds many kinds: which it offers, and that all can be brought to the front."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from crm_desktop.views.panes.kinds import LIVING_ELSEWHERE, KindsPane
from crm_desktop.views.shell.places import ADMIN, PLACES

KINDS = PLACES[ADMIN].kinds


def test_kinds_that_live_elsewhere_are_not_offered_but_can_be_shown(qtbot: QtBot) -> None:
    made: list[str] = []

    def make(kind: str) -> QWidget:
        made.append(kind)
        return QWidget()

    pane = KindsPane(KINDS, make)
    qtbot.addWidget(pane)
    model = pane._choice.model()
    assert isinstance(model, QStandardItemModel)
    items = [model.item(n) for n in range(model.rowCount())]
    offered = [x.data(Qt.ItemDataRole.UserRole) for x in items if x.isEnabled()]
    assert set(offered) == set(KINDS) - LIVING_ELSEWHERE
    assert made[0] not in LIVING_ELSEWHERE
    pane.show_kind("conflict")
    assert made[-1] == "conflict"
