"""What is typed for a visit that is not stored yet, kept with its files until it is saved."""

from __future__ import annotations

from PySide6.QtCore import QObject

from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.kit.typed_draft import Texts, TypedDraft
from crm_desktop.views.panes.visits.side import Side

KEY = "visit/week"
_TIMES = ("planned_start", "planned_end")


class NewDraft(TypedDraft):
    """The draft of the card's form for a new visit. Parent: the page."""

    def __init__(self, hub: DataHub, side: Side, parent: QObject) -> None:
        def restore(kept: Texts) -> bool:
            drawn = _TIMES if self._is_drawn else ()
            side.card.restore({name: x for name, x in kept.items() if name not in drawn})
            return True

        super().__init__(hub, side.card.draft, restore, parent)
        self._side, self._is_drawn = side, False
        side.card.edited.connect(self.note)
        side.card.leaving.connect(self.flush)

    def show(self, *, is_drawn: bool) -> None:
        """The card shows a new visit: bring back what was typed for one and not saved. The times
        of one that was drawn (`is_drawn`) are what was meant."""
        self._is_drawn = is_drawn
        self._side.show_draft_files(KEY)
        self.begin(KEY)

    def leave(self) -> None:
        """The card shows something else from now on."""
        self.flush()
        self.begin("")

    def finish(self) -> None:
        """It was saved, its files with it."""
        if self.key:
            self.forget()
            self.begin("")

    def discard(self) -> None:
        """It is given up, and its files with it."""
        if self.key:
            self._side.files.discard_draft()
            self.finish()
