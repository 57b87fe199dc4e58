"""The draft of what is typed in a place of a pane, so that a crash loses next to nothing of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from PySide6.QtCore import QObject, Signal

from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.kit.keep_soon import KeepSoon

Texts = Mapping[str, Any]
"""What was typed, by the name of its editor, at whatever depth; nothing where nobody typed."""


class TypedDraft(QObject):
    """Keeps what `typed` gives and lays it down again by `restore`, which says whether there was
    room for any of it. Signal: `restored` when it did. Parent: the pane."""

    restored = Signal()

    def __init__(
        self, hub: DataHub, typed: Callable[[], Texts], restore: Callable[[Texts], bool],
        parent: QObject,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self._hub, self._typed, self._restore = hub, typed, restore
        self.key = ""
        self._soon = KeepSoon(self.keep, self)
        hub.leaving.connect(self.flush)

    def note(self) -> None:
        """Something was typed, or given up."""
        if self.key:
            self._soon.begin()

    def flush(self) -> None:
        """Keep at once what waits to be kept: something else is to be shown, or all is closed."""
        self._soon.flush()

    def begin(self, key: str) -> None:
        """Something else stands there: bring back what was typed for it; "" for what is not kept
        here."""
        self.key = key

        def lay(kept: str | None) -> None:
            if kept and self.key == key and self._restore(msgspec.json.decode(kept)):
                self.restored.emit()

        if key:
            self._hub.draft(key, lay, owner=self)

    def keep(self) -> None:
        """Keep what stands there now."""
        if self.key:
            texts = self._typed()
            self._hub.keep_draft(self.key, msgspec.json.encode(texts).decode() if texts else None)

    def forget(self, key: str = "") -> None:
        """What was typed under `key`, or stands there now, was saved or is no longer wanted."""
        if key in ("", self.key):
            self._soon.stop()
        if key or self.key:
            self._hub.keep_draft(key or self.key, None)
