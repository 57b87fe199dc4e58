"""Records whose changes a person keeps on this device until he lets them go."""

from __future__ import annotations

from crm_core.ids import RecordId
from crm_desktop.models.connection import Connection
from crm_desktop.models.meta import set_meta
from crm_desktop.models.sql import blob, id_of

Key = tuple[str, bytes]

META_HELD = "held:"
"""Before "kind/id" in `meta`; the value says since when."""

_AFTER = META_HELD[:-1] + chr(ord(META_HELD[-1]) + 1)


def held(c: Connection) -> dict[Key, str]:
    """The records held back, each with the moment since when."""
    found = c.rows("SELECT name, value FROM meta WHERE name >= ? AND name < ?", (META_HELD, _AFTER))
    keys = ((name.removeprefix(META_HELD).partition("/"), since) for name, since in found)
    return {(kind, blob(record_id)): since for (kind, _, record_id), since in keys}


def is_held(c: Connection, kind: str, record_id: RecordId) -> bool:
    """Whether a record's changes stay here."""
    return c.one("SELECT 1 FROM meta WHERE name = ?", (_name(kind, record_id),)) is not None


def note_held(c: Connection, kind: str, record_id: RecordId, at: str) -> None:
    """Keep a record's changes here from now on."""
    set_meta(c, _name(kind, record_id), at)


def note_released(c: Connection, kind: str, record_id: RecordId) -> None:
    """Keep them here no longer."""
    c.run("DELETE FROM meta WHERE name = ?", (_name(kind, record_id),))


def _name(kind: str, record_id: RecordId) -> str:
    return f"{META_HELD}{kind}/{id_of(blob(record_id))}"
