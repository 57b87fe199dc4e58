"""Small settings of the encrypted file, written within whatever transaction is open."""

from __future__ import annotations

from crm_desktop.models.connection import Connection

META_ADMITTED = "session.admitted_at"
"""When the server last let this device in, in the device's own time."""

META_BYTES_MAX = "files.bytes_max"
"""How large a file this device's server takes, as it last said."""


def set_meta(c: Connection, name: str, value: str) -> None:
    """Keep a small setting."""
    c.run(
        "INSERT INTO meta (name, value) VALUES (?, ?)"
        " ON CONFLICT(name) DO UPDATE SET value=excluded.value",
        (name, value),
    )
