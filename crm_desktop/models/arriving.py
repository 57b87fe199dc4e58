"""A first fetch under way: what is noted of it in the file in use (adr/0043)."""

from __future__ import annotations

from crm_desktop.models.connection import Connection
from crm_desktop.models.meta import set_meta

META_IN_SIGHT = "sync.in_sight"
"""How many rows are in sight altogether: today is here, the rest is not."""

META_FORMER = "sync.former"
"""The file that this one took the place of, until the server has proved that all is here."""


def note_part(c: Connection, rows_in_sight: int) -> None:
    """Today is here."""
    set_meta(c, META_IN_SIGHT, str(max(rows_in_sight, 1)))


def is_arriving(c: Connection) -> bool:
    """Whether all that is in sight has never been here yet."""
    return c.value("SELECT cursor = 0 FROM sync_state") == 1


def forget_part(c: Connection) -> None:
    """Everything is here, or has to be fetched from the beginning."""
    c.run("DELETE FROM meta WHERE name = ?", (META_IN_SIGHT,))
