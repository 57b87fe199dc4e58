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


def due(c: Connection, now: dt.datetime) -> tuple[bool, str]:
    """Whether all that is held is to be counted again, and the root whose content is to be compared
    now: the one behind the last; "" none yet."""
    kept: dict[str, str] = dict(
        c.rows("SELECT name, value FROM meta WHERE name IN (?, ?)", (META_COUNTED, META_CHECKED))
    )
    last, _, checked_at = kept.get(META_CHECKED, "").partition(" ")
    counted_at = kept.get(META_COUNTED, "")
    span = dt.timedelta(hours=EVERY_HOURS)
    # A moment that lies ahead was written by a clock that was wrong.
    since, until = instant_of(now - span), instant_of(now + span)
    root = "" if since < checked_at <= until else _behind(c, last)
    return not since < counted_at <= until, root


def note_counted(c: Connection, now: str) -> None:
    """All that is held has been counted."""
    _set_meta(c, META_COUNTED, now)


def note_all_new(c: Connection, now: str) -> None:
    """Everything was fetched just now, and counted on its way in: the first turns come a day
    later."""
    note_counted(c, now)
    _set_meta(c, META_CHECKED, f" {now}")


def _behind(c: Connection, last: str) -> str:
    first = c.value("SELECT min(id) FROM root WHERE id > ?", (blob(last),))
    first = first or c.value("SELECT min(id) FROM root")
    return id_of(first) if first is not None else ""


def note_checked(c: Connection, check: Check, now: str) -> None:
    """The content of a single root was compared."""
    if check.content and len(check.endings) == 1:
        _set_meta(c, META_CHECKED, f"{check.endings[0]} {now}")


def _set_meta(c: Connection, name: str, value: str) -> None:
    c.run(
        "INSERT INTO meta (name, value) VALUES (?, ?)"
        " ON CONFLICT(name) DO UPDATE SET value=excluded.value",
        (name, value),
    )
