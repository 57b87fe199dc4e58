"""Somebody whose words a plan did not take is called back to them, but not held."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from crm_desktop.views.panes.plans.pane import PlansPane
from crm_desktop.views.panes.plans.tree_model import DUE
from tests.views.test_plans import A1, Rest, cell, pane, role, store

__all__ = ["pane", "role", "store"]


def test_who_goes_elsewhere_is_called_back_once(pane: PlansPane, qtbot: QtBot, rest: Rest) -> None:
    tree, box = pane.view.tree, pane.view.board.boxes["threat"]
    tree.nodes.setData(cell(pane, "plan_action", A1, DUE), "someday")
    for _ in range(2):
        qtbot.waitUntil(lambda: bool(tree.refusal.words) or not pane.view._problem.isHidden())
        box.ask()
        rest()
        qtbot.wait(0)
    qtbot.waitUntil(lambda: "someday" in pane.view._problem.text())
    assert tree.refusal.words == ""
    assert box.line.hasFocus()
