"""Whose a thing in the inbox is: this user's, or one that waits for somebody he leads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from enum import StrEnum

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QWidget

from crm_desktop.i18n import tr
from crm_desktop.views.panes.inbox.entry import Entry, Group
from crm_desktop.views.panes.inbox.read import Dispute
from crm_desktop.views.panes.inbox.team import TeamRefusal
from crm_desktop.views.panes.inbox.twins import Twin


class Whose(StrEnum):
    """What of the list is shown."""

    ALL = "all"
    MINE = "mine"
    TEAM = "team"


def is_mine(entry: Entry) -> bool:
    """Whether an entry waits for this user; else somebody else is asked."""
    payload = entry.payload
    if isinstance(payload, Dispute):
        return payload.is_for_me
    if isinstance(payload, TeamRefusal):
        return False
    return payload.is_mine if isinstance(payload, Twin) else True


def of_whom(groups: Sequence[Group], whose: Whose) -> Iterator[Group]:
    """The groups with only what is wanted in them."""
    for group in groups:
        kept = tuple(
            entry
            for entry in group.entries
            if whose is Whose.ALL or is_mine(entry) is (whose is Whose.MINE)
        )
        if kept:
            yield replace(group, entries=kept)


class WhoseChoice(QComboBox):
    """All, mine, my team's. Hidden while there is nothing but one's own. Signal: `changed()`."""

    changed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        for whose, words in (
            (Whose.ALL, tr("Everything")),
            (Whose.MINE, tr("Mine")),
            (Whose.TEAM, tr("My team's")),
        ):
            self.addItem(words, whose.value)
        self.setAccessibleName(tr("Whose entries"))
        self.currentIndexChanged.connect(self._tell)
        self.hide()

    @property
    def whose(self) -> Whose:
        """What is chosen; everything while there is no choice."""
        return Whose(self.currentData()) if not self.isHidden() else Whose.ALL

    def choose(self, whose: Whose) -> None:
        """Show these alone."""
        self.setCurrentIndex(self.findData(whose.value))

    def offer(self, groups: Sequence[Group]) -> None:
        """Offer the choice where something is not this user's."""
        self.setVisible(any(not is_mine(x) for group in groups for x in group.entries))

    def _tell(self, _index: int) -> None:
        self.changed.emit()
