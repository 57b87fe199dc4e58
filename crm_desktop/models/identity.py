"""Whose file a database is."""

from __future__ import annotations

import msgspec

from crm_core.i18n import tr_noop
from crm_core.ids import DeviceId, RecordId
from crm_desktop.models.connection import Connection, WrongKeyOrDamaged

IDENTITY = "identity"
"""The name under which it is kept in `meta`."""


class Identity(msgspec.Struct, frozen=True):
    """Whose file this is."""

    user: RecordId
    login: str
    device: DeviceId
    organisation: str
    server: str


def identity_in(connection: Connection) -> Identity:
    """The identity that a file holds; raises WrongKeyOrDamaged where there is none."""
    text = connection.value("SELECT value FROM meta WHERE name = ?", (IDENTITY,))
    if text is None:
        raise WrongKeyOrDamaged(
            tr_noop("'{path}' is not a profile of this application."), path=str(connection.path)
        )
    return msgspec.json.decode(text, type=Identity)
