"""Who is told what was written: whoever is looked at first, and everybody everything once."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from crm_core.ids import RecordId
from crm_desktop.models.replica import Summary
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.shell import audience
from crm_desktop.views.shell.audience import Audience
from crm_desktop.views.shell.window import Shell

NEVER_MS = 3_600_000


class Pane(QWidget):
    """Notes what it was told."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[Summary] = []

    def take_summary(self, summary: Summary) -> None:
        self.told.append(summary)


def written(n: int) -> Summary:
    return Summary(frozenset({("account", RecordId(f"{n:032x}"))}))


def two_panes(qtbot: QtBot) -> tuple[Pane, Pane, Audience]:
    front, behind = Pane(), Pane()
    qtbot.addWidget(front)
    qtbot.addWidget(behind)
    return front, behind, Audience({"front": front, "behind": behind}, front)


def test_the_pane_behind_is_told_later_of_everything_at_once(qtbot: QtBot) -> None:
    front, behind, hearing = two_panes(qtbot)
    hearing.tell(written(1), "front")
    hearing.tell(written(2), "front")
    assert (front.told, behind.told) == ([written(1), written(2)], [])
    qtbot.waitUntil(lambda: bool(behind.told))
    assert behind.told == [written(1) | written(2)]
    assert len(front.told) == 2


def test_who_comes_to_the_front_is_told_before_and_not_again(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audience, "BEHIND_MS", NEVER_MS)
    front, behind, hearing = two_panes(qtbot)
    hearing.tell(written(1), "front")
    hearing.catch_up("behind")
    hearing.catch_up("behind")
    hearing.tell(written(2), "behind")
    assert behind.told == [written(1), written(2)]
    assert front.told == [written(1)]


def test_a_place_knows_what_was_written_when_it_comes_to_the_front(
    shell: Shell, hub: DataHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts, told = shell.show_place("accounts"), list[Summary]()
    monkeypatch.setattr(accounts, "take_summary", told.append)
    shell.show_place("today")
    hub.announce(written(1))
    assert told == []
    shell.show_place("accounts")
    assert told == [written(1)]
    hub.announce(written(2))
    assert told == [written(1), written(2)]
