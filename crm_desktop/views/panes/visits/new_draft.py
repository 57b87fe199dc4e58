"""What is typed for a visit that is not stored yet, kept with its files until it is saved."""

from __future__ import annotations

import msgspec
from PySide6.QtCore import QObject, Signal

from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.kit.keep_soon import KeepSoon
from crm_desktop.views.panes.visits.side import Side

KEY = "visit/week"
_TIMES = ("planned_start", "planned_end")
_KEPT = msgspec.json.Decoder(dict[str, str])


class NewDraft(QObject):
    """The draft of the card's form for a new visit. Parent: the page. Signal: `restored` when
    something came back."""

    restored = Signal()

    def __init__(self, hub: DataHub, side: Side, parent: QObject) -> None:
        super().__init__(parent)
        self._hub, self._side = hub, side
        self._is_on = False
        self._soon = KeepSoon(self._keep, self)
        side.card.edited.connect(self._keep_soon)
        side.card.leaving.connect(self._soon.flush)
        hub.leaving.connect(self._soon.flush)

    def begin(self, *, is_drawn: bool) -> None:
        """The card shows a new visit: bring back what was typed for one and not saved. The times
        of one that was drawn (`is_drawn`) are what was meant."""
        self._is_on = True
        self._side.show_draft_files(KEY)

        def lay(text: str | None) -> None:
            if not text or not self._is_on:
                return
            kept = _KEPT.decode(text)
            self._side.card.restore(
                {name: x for name, x in kept.items() if not (is_drawn and name in _TIMES)}
            )
            self.restored.emit()

        self._hub.draft(KEY, lay, owner=self)

    def leave(self) -> None:
        """The card shows something else from now on."""
        self._soon.flush()
        self._is_on = False

    def forget(self) -> None:
        """It was saved, its files with it."""
        self._soon.stop()
        if self._is_on:
            self._is_on = False
            self._hub.keep_draft(KEY, None)

    def discard(self) -> None:
        """It is given up, and its files with it."""
        if self._is_on:
            self._side.files.discard_draft()
            self.forget()

    def _keep_soon(self) -> None:
        if self._is_on:
            self._soon.begin()

    def _keep(self) -> None:
        texts = self._side.card.draft() if self._is_on else {}
        if texts:
            self._hub.keep_draft(KEY, msgspec.json.encode(texts).decode())
