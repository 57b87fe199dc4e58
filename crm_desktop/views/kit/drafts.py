"""Keeps what is being typed, so that a crash loses next to nothing of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import msgspec
from PySide6.QtCore import QObject, Signal, SignalInstance

from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.kit.keep_soon import KeepSoon
from crm_desktop.views.kit.meanwhile import Basis

_BASES = ""
"""The name beside those of the fields: on what each of them was typed."""

_KEPT = msgspec.json.Decoder(dict[str, str | dict[str, Basis]])


class TypedForm(Protocol):
    """A form whose words are kept."""

    @property
    def is_touched(self) -> bool: ...
    @property
    def bases(self) -> Mapping[str, Basis]: ...
    def draft(self) -> Mapping[str, str]: ...
    def restore(self, draft: Mapping[str, str]) -> None: ...
    def lay_bases(self, bases: Mapping[str, Basis]) -> None: ...


class DraftKeeper(QObject):
    """The draft of one form at a time. Parent: the pane. Signal: `restored` when one came back."""

    restored = Signal()

    def __init__(self, hub: DataHub, parent: QObject) -> None:
        super().__init__(parent)
        self._hub = hub
        self._form: TypedForm | None = None
        self._key = ""
        self._soon = KeepSoon(self.keep, self)
        hub.leaving.connect(self._soon.flush)

    def watch(self, form: TypedForm, edited: SignalInstance, leaving: SignalInstance) -> None:
        """Keep what is typed into this form soon after it was `edited`, and before the form is
        `leaving` it for something else."""
        self._form = form
        edited.connect(self._soon.begin)
        leaving.connect(self._soon.flush)

    def begin(self, key: str) -> None:
        """Another record is in the form: `key` is its "kind/id", "" for one that others keep.
        Brings its draft back."""
        self._key = key
        form = self._form

        def lay(text: str | None) -> None:
            if text and form is not None and key == self._key:  # nothing else was opened meanwhile
                kept = _KEPT.decode(text)
                form.restore({name: x for name, x in kept.items() if isinstance(x, str)})
                bases = kept.get(_BASES)
                form.lay_bases(bases if isinstance(bases, dict) else {})
                if form.is_touched:
                    self.restored.emit()

        if key:
            self._hub.draft(key, lay, owner=self)

    def keep(self) -> None:
        """Keep what stands in the form now."""
        form = self._form
        if form is None or not self._key:
            return
        texts = form.draft()
        kept = {**texts, _BASES: form.bases}
        text = msgspec.json.encode(kept).decode() if texts else None
        self._hub.keep_draft(self._key, text)

    def forget(self) -> None:
        """It was saved, or is no longer wanted."""
        self._soon.stop()
        if self._key:
            self._hub.keep_draft(self._key, None)
