"""The draft of a form: what is typed there, each word with what it was typed on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import msgspec
from PySide6.QtCore import QObject, SignalInstance

from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.kit.meanwhile import Basis
from crm_desktop.views.kit.typed_draft import Texts, TypedDraft

_BASES = ""
"""The name beside those of the fields: on what each of them was typed."""


class TypedForm(Protocol):
    """A form whose words are kept."""

    @property
    def is_touched(self) -> bool: ...
    @property
    def bases(self) -> Mapping[str, Basis]: ...
    def draft(self) -> Mapping[str, str]: ...
    def restore(self, draft: Mapping[str, str]) -> None: ...
    def lay_bases(self, bases: Mapping[str, Basis]) -> None: ...


class FormDraft(TypedDraft):
    """Keeps what is typed into a form soon after it was `edited`, and before the form is `leaving`
    it for something else. Parent: the pane."""

    def __init__(
        self, hub: DataHub, form: TypedForm, edited: SignalInstance, leaving: SignalInstance,
        parent: QObject,
    ) -> None:  # fmt: skip
        def typed() -> Texts:
            texts = form.draft()
            return {**texts, _BASES: form.bases} if texts else {}

        def restore(kept: Texts) -> bool:
            # What was erased since stands there as None.
            form.restore({name: x for name, x in kept.items() if isinstance(x, str)})
            bases = {name: x for name, x in kept.get(_BASES, {}).items() if x is not None}
            form.lay_bases(msgspec.convert(bases, dict[str, Basis]))
            return form.is_touched

        super().__init__(hub, typed, restore, parent)
        edited.connect(self.note)
        leaving.connect(self.flush)
