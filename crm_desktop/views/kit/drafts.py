"""Keeps what is being typed, so that a crash loses next to nothing of it."""

from __future__ import annotations

import json
from typing import cast

from PySide6.QtCore import QObject, QTimer, Signal

from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.kit.form import Form

KEEP_AFTER_MS = 600
"""Counted from the first letter that is not kept, not from the last: who types on without a
pause loses no more than who stops."""


class DraftKeeper(QObject):
    """The draft of one form at a time. Parent: the pane. Signal: `restored` when one came back."""

    restored = Signal()

    def __init__(self, hub: DataHub, parent: QObject) -> None:
        super().__init__(parent)
        self._hub = hub
        self._form: Form | None = None
        self._key = ""
        self._timer = QTimer(self, singleShot=True, interval=KEEP_AFTER_MS)
        self._timer.timeout.connect(self.keep)

    def watch(self, form: Form) -> None:
        """Keep what is typed into this form."""
        self._form = form
        form.edited.connect(self._keep_soon)

    def begin(self, key: str) -> None:
        """Another record is in the form: `key` is its "kind/id". Brings its draft back."""
        self.flush()
        self._key = key
        form = self._form

        def lay(text: str | None) -> None:
            if text and form is not None and key == self._key:  # nothing else was opened meanwhile
                form.restore(cast("dict[str, str]", json.loads(text)))
                if form.is_touched:
                    self.restored.emit()

        self._hub.draft(key, lay, owner=self)

    def keep(self) -> None:
        """Keep what stands in the form now."""
        texts = self._form.draft() if self._form is not None else {}
        if self._key:
            self._hub.keep_draft(self._key, json.dumps(texts) if texts else None)

    def flush(self) -> None:
        """Before another record is shown: what waits to be kept is kept at once."""
        if self._timer.isActive():
            self._timer.stop()
            self.keep()

    def forget(self) -> None:
        """It was saved, or is no longer wanted."""
        self._timer.stop()
        if self._key:
            self._hub.keep_draft(self._key, None)

    def _keep_soon(self) -> None:
        if not self._timer.isActive():
            self._timer.start()
