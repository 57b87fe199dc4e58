"""What is read of a record's files, and of what the user may do with them."""

from __future__ import annotations

from dataclasses import dataclass

from crm_core.ids import RecordId
from crm_core.scope import any_link
from crm_desktop.models import attaching, draft_files, file_states
from crm_desktop.models.attaching import AttachedFile
from crm_desktop.models.connection import Connection
from crm_desktop.models.rights import rights_here
from crm_desktop.views.kit.permit import creation_refusal

JUDGED_MAX = 120
"""Of so many files it is worked out whether the user may take them off; of older ones, he tries."""


@dataclass(frozen=True)
class Seen:
    """The files of a record; why the user may add none ("": he may), which he may not take off, how
    large one may be, and the account they belong to."""

    files: tuple[AttachedFile, ...]
    refused: str
    kept: frozenset[RecordId]
    bytes_max: int
    account: RecordId | None
    is_pinned: bool


def read_draft(connection: Connection, key: str) -> Seen:
    """The files of a form that is not saved yet, and what applies to them."""
    files = draft_files.drafted(connection, key)
    most = attaching.bytes_max(connection)
    return Seen(files, "", frozenset(), most, None, is_pinned=False)


def read_files(connection: Connection, parent: tuple[str, RecordId]) -> Seen:
    """The files of a record, as one reading finds them."""
    files = attaching.attached_to(connection, [parent])
    rights = rights_here(connection)
    values = {"parent": any_link(*parent), "name": "x"}
    refused = ""
    if not rights.may_create("attachment", {**values}):
        refused = creation_refusal(rights.who_creates("attachment", {**values}))
    kept = frozenset(
        file.id for file in files[:JUDGED_MAX] if not rights.of("attachment", file.id).delete
    )
    account = file_states.account_above(connection, *parent)
    is_pinned = account is not None and file_states.is_pinned(connection, account)
    most = attaching.bytes_max(connection)
    return Seen(files, refused, kept, most, account, is_pinned)
