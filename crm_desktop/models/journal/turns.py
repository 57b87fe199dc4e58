"""What is looked at once a day: the rows are counted again, and the content of one root after the
other is compared with the server's."""

from __future__ import annotations

import datetime as dt

from crm_core.values import instant_of
from crm_core.wire import Check
from crm_desktop.models.connection import Connection
from crm_desktop.models.sql import blob, id_of

EVERY_HOURS = 24

META_COUNTED = "sync.counted_at"
META_CHECKED = "sync.checked"
"""The root whose content was compared last, and behind a space when."""


def is_count_due(c: Connection, now: dt.datetime) -> bool:
    """Whether all that is held is to be counted again."""
    return _is_over(_meta(c, META_COUNTED), now)


def note_counted(c: Connection, now: str) -> None:
    """All that is held has been counted."""
    _set_meta(c, META_COUNTED, now)


def root_due(c: Connection, now: dt.datetime) -> str:
    """The root whose content is to be compared now: the one behind the last; "" none yet."""
    last, _, at = _meta(c, META_CHECKED).partition(" ")
    if not _is_over(at, now):
        return ""
    first = c.value("SELECT min(id) FROM root WHERE id > ?", (blob(last),))
    first = first or c.value("SELECT min(id) FROM root")
    return id_of(first) if first is not None else ""


def note_checked(c: Connection, check: Check, now: str) -> None:
    """The content of a single root was compared."""
    if check.content and len(check.endings) == 1:
        _set_meta(c, META_CHECKED, f"{check.endings[0]} {now}")


def _is_over(at: str, now: dt.datetime) -> bool:
    """A moment that lies ahead was written by a clock that was wrong."""
    span = dt.timedelta(hours=EVERY_HOURS)
    return not instant_of(now - span) < at <= instant_of(now + span)


def _meta(c: Connection, name: str) -> str:
    return c.value("SELECT value FROM meta WHERE name = ?", (name,)) or ""


def _set_meta(c: Connection, name: str, value: str) -> None:
    c.run(
        "INSERT INTO meta (name, value) VALUES (?, ?)"
        " ON CONFLICT(name) DO UPDATE SET value=excluded.value",
        (name, value),
    )
