"""Two records that look like one, side by side: merge them, or say that they are two."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget
from typing_extensions import override

from crm_core.errors import CrmError
from crm_desktop.i18n import tr
from crm_desktop.models.duplicates import Pair
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.kit.likeness_words import why_words
from crm_desktop.views.kit.merge_page import MergePage
from crm_desktop.views.panes.inbox.detail import Detail
from crm_desktop.views.panes.inbox.entry import kind_words
from crm_desktop.views.panes.inbox.parts import line_label
from crm_desktop.views.panes.inbox.twins import Twin


class TwinView(Detail):
    """Decides one pair.

    Signals: `merged(kind, id of the one that stays, words)`; `opened(kind, id)`;
    `failed(CrmError)`; `told_apart(Pair)`.
    """

    merged = Signal(str, str, str)
    opened = Signal(str, str)
    failed = Signal(object)
    told_apart = Signal(object)

    def __init__(self, hub: DataHub, parent: QWidget | None = None) -> None:
        super().__init__("duplicate", parent)
        self._state.setText(tr("Possible duplicate"))
        self._why = line_label(self, role="small", tone="ink2")
        self.comparison = MergePage(hub, self)
        self._frame(self.comparison, about=(self._why,))
        self.comparison.merged.connect(self._tell_merged)
        self.comparison.opened.connect(self._tell_opened)
        self.comparison.failed.connect(self._tell_failure)
        self.comparison.told_apart.connect(self._tell_apart)

    def show_twin(self, twin: Twin) -> None:
        """Show a pair."""
        self._why.setText(f"· {kind_words(twin.pair.kind)} · {why_words(twin.pair.why)}")
        self._title.setText(tr("{title} and {other}", title=twin.titles[0], other=twin.titles[1]))
        self.comparison.show_pair(twin.pair)

    @override
    def begin(self) -> None:
        """Give the keyboard to the first choice."""
        self.comparison.begin()

    @override
    def apply(self) -> None:
        """Make one of the two."""
        self.comparison.merge()

    def tell_apart(self) -> None:
        """Say that they are two."""
        self.comparison.tell_apart()

    def _tell_merged(self, kind: str, winner: str, said: str) -> None:
        self.merged.emit(kind, winner, said)

    def _tell_opened(self, kind: str, record_id: str) -> None:
        self.opened.emit(kind, record_id)

    def _tell_failure(self, error: CrmError) -> None:
        self.failed.emit(error)

    def _tell_apart(self, pair: Pair) -> None:
        self.told_apart.emit(pair)
