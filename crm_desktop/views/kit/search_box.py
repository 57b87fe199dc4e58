"""The global search: type a few letters anywhere, choose a record of any kind."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QStringListModel, Qt, QTimer, Signal
from PySide6.QtWidgets import QCompleter, QLineEdit, QListView, QWidget

from crm_desktop.i18n import tr
from crm_desktop.views.kit.links import Hit, Links

_ASK_AFTER_MS = 150
_POPUP_WIDTH = 420


class SearchBox(QLineEdit):
    """Finds records of every kind. Signal: `found("kind", "id")` when one is chosen."""

    found = Signal(str, str)

    def __init__(self, links: Links, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._links = links
        self._hits: tuple[Hit, ...] = ()
        self.setPlaceholderText(tr("Search (Ctrl+F)"))
        self.setAccessibleName(tr("Search everywhere"))
        self.setClearButtonEnabled(True)
        self._names = QStringListModel(self)
        completer = QCompleter(self._names, self)
        completer.setCompletionMode(QCompleter.CompletionMode.UnfilteredPopupCompletion)
        popup = QListView(self)
        popup.setMinimumWidth(_POPUP_WIDTH)
        popup.setTextElideMode(Qt.TextElideMode.ElideRight)
        completer.setPopup(popup)
        chosen = completer.activated[QModelIndex]  # pyright: ignore[reportIndexIssue, reportUnknownVariableType]  # the stub knows no overloaded signals
        chosen.connect(self._take)  # pyright: ignore[reportUnknownMemberType]
        self.setCompleter(completer)
        self._ask = QTimer(self, singleShot=True, interval=_ASK_AFTER_MS)
        self._ask.timeout.connect(self._search)
        self.textEdited.connect(self._search_soon)
        self.returnPressed.connect(self._take_first)

    def _search_soon(self, _text: str) -> None:
        self._ask.start()

    def _search(self) -> None:
        text = self.text().strip()
        if text:
            self._links.find(text, "", self._offer, self)

    def _offer(self, hits: Sequence[Hit]) -> None:
        self._hits = tuple(hits)
        rows = [f"{hit.title}   –   {hit.kind_words}" for hit in hits]
        self._names.setStringList(rows or [tr("Nothing found")])
        if self.hasFocus():
            self.completer().complete()

    def _take(self, index: QModelIndex) -> None:
        if index.row() < len(self._hits):
            self._open(self._hits[index.row()])

    def _take_first(self) -> None:
        if self._hits:
            self._open(self._hits[0])

    def _open(self, hit: Hit) -> None:
        kind, _, record_id = hit.key.partition("/")
        self._hits = ()
        self._ask.stop()
        QTimer.singleShot(0, self, self.clear)
        self.found.emit(kind, record_id)
