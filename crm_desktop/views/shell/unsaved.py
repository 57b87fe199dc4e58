"""What was typed and not saved when the window closed: told at the next start, one key away."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
from PySide6.QtCore import QObject

from crm_core.catalog import CATALOG
from crm_core.ids import RecordId, is_id
from crm_desktop.i18n import tr
from crm_desktop.models import labels
from crm_desktop.models.connection import Connection
from crm_desktop.models.file_states import DRAFT_FILES
from crm_desktop.runtime.hub import DataHub

NEW = "new"
_NEW_KEYS = (NEW, "intake", "week")
"""How the drafts of new records are called: by the generated form, and by those of panes."""


class Unsaved(msgspec.Struct, frozen=True):
    """A form with words in it; `id` "new" is the form of a new record."""

    kind: str
    id: str
    title: str


def find_unsaved(
    hub: DataHub, then: Callable[[tuple[Unsaved, ...]], None], *, owner: QObject
) -> None:
    """Hand over the forms that hold words, of records that are here and of new ones."""

    def read(keys: Sequence[str]) -> None:
        whole = dict.fromkeys(x.removesuffix(DRAFT_FILES) for x in keys)
        forms = [
            (kind, key) for kind, _, key in (x.partition("/") for x in whole) if kind in CATALOG
        ]
        refs = [(kind, RecordId(key)) for kind, key in forms if is_id(key)]

        def job(connection: Connection) -> tuple[Unsaved, ...]:
            titles = labels.titles(connection, refs)
            begun = [
                Unsaved(kind, NEW, tr(CATALOG[kind].label))
                for kind, key in forms
                if key in _NEW_KEYS
            ]
            known = [
                Unsaved(kind, key, titles[kind, key]) for kind, key in refs if (kind, key) in titles
            ]
            return (*known, *begun)

        if forms:
            hub.read(job, then, owner=owner)

    hub.drafts(read, owner=owner)
