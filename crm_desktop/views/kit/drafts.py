"""Keeps what is being typed, so that a crash loses next to nothing of it."""

from __future__ import annotations

import msgspec
from PySide6.QtCore import QObject, Signal

from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.kit.form import Form
from crm_desktop.views.kit.keep_soon import KeepSoon
from crm_desktop.views.kit.meanwhile import Basis

_BASES = ""
"""The name beside those of the fields: on what each of them was typed."""

_KEPT = msgspec.json.Decoder(dict[str, str | dict[str, Basis]])


class DraftKeeper(QObject):
    """The draft of one form at a time. Parent: the pane. Signal: `restored` when one came back."""

    restored = Signal()

    def __init__(self, hub: DataHub, parent: QObject) -> None:
        super().__init__(parent)
        self._hub = hub
        self._form: Form | None = None
        self._key = ""
        self._soon = KeepSoon(self.keep, self)
        hub.leaving.connect(self._soon.flush)

    def watch(self, form: Form) -> None:
        """Keep what is typed into this form, at the latest before it shows something else."""
        self._form = form
        form.edited.connect(self._soon.begin)
        form.leaving.connect(self._soon.flush)

    def begin(self, key: str) -> None:
        """Another record is in the form: `key` is its "kind/id". Brings its draft back."""
        self._key = key
        form = self._form

        def lay(text: str | None) -> None:
            if text and form is not None and key == self._key:  # nothing else was opened meanwhile
                kept = _KEPT.decode(text)
                form.restore({name: x for name, x in kept.items() if isinstance(x, str)})
                bases = kept.get(_BASES)
                form.meanwhile.lay(bases if isinstance(bases, dict) else {})
                if form.is_touched:
                    self.restored.emit()

        self._hub.draft(key, lay, owner=self)

    def keep(self) -> None:
        """Keep what stands in the form now."""
        form = self._form
        texts = form.draft() if form is not None else {}
        if not self._key:
            return
        if form is None or not texts:
            self._hub.keep_draft(self._key, None)
            return
        kept = {**texts, _BASES: form.meanwhile.bases}
        self._hub.keep_draft(self._key, msgspec.json.encode(kept).decode())

    def forget(self) -> None:
        """It was saved, or is no longer wanted."""
        self._soon.stop()
        if self._key:
            self._hub.keep_draft(self._key, None)
