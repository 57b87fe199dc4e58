"""Whom what was written is told: the pane in front at once, those behind it a moment later."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QWidget

from crm_desktop.models.replica import Summary
from crm_desktop.views.shell.abilities import Listens

BEHIND_MS = 300
"""So long what nobody looks at leaves reading and painting to what somebody looks at."""


class Audience(QObject):
    """The panes made so far, by their places. Parent: the shell."""

    def __init__(self, panes: Mapping[str, QWidget], parent: QObject) -> None:
        super().__init__(parent)
        self._panes = panes
        self._untold: dict[str, Summary] = {}
        self._later = QTimer(self, singleShot=True, interval=BEHIND_MS)
        self._later.timeout.connect(self._tell_the_rest)

    def tell(self, summary: Summary, front: str) -> None:
        """Something was written; `front` is the place that is looked at."""
        for place in self._panes:
            self._untold[place] = self._untold.get(place, Summary()) | summary
        self.catch_up(front)
        if not self._later.isActive():
            self._later.start()

    def catch_up(self, place: str) -> None:
        """Tell a pane all that it has not been told."""
        pane, summary = self._panes.get(place), self._untold.pop(place, None)
        if summary is not None and isinstance(pane, Listens):
            pane.take_summary(summary)

    def _tell_the_rest(self) -> None:
        for place in [*self._untold]:
            self.catch_up(place)
