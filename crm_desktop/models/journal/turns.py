"""What is looked at once a day: the rows are counted again, and the content of a share of the roots
is compared with the server's: all of them in a month's working days."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from crm_core.values import instant_of
from crm_core.wire import Check
from crm_desktop.models.connection import Connection
from crm_desktop.models.meta import set_meta

EVERY_HOURS = 24

ENDING_DIGITS = 3
"""By so many last digits of their ids roots take their turn: 4,096 shares of nearly one size."""

ENDINGS_A_DAY = 187
"""All shares within 22 working days; a server takes 256 endings in one request."""

ROWS_A_DAY = 10_000
"""Half a second of processor, for which a save may have to wait; whoever holds more than 219,000
rows takes more days for all."""

_SHARES = 16**ENDING_DIGITS

META_COUNTED = "sync.counted_at"
META_CHECKED = "sync.checked"
"""The ending of the roots whose content was compared last, and behind a space when."""


def due(c: Connection, kept: Mapping[str, str], now: dt.datetime) -> tuple[bool, tuple[str, ...]]:
    """Whether all that is held is to be counted again, and the endings of the roots whose content
    is to be compared now: those behind the last; () none yet. `kept`: what META_COUNTED and
    META_CHECKED name."""
    last, _, checked_at = kept.get(META_CHECKED, "").partition(" ")
    counted_at = kept.get(META_COUNTED, "")
    span = dt.timedelta(hours=EVERY_HOURS)
    # A moment that lies ahead was written by a clock that was wrong.
    since, until = instant_of(now - span), instant_of(now + span)
    endings = () if since < checked_at <= until else _behind(c, last)
    return not since < counted_at <= until, endings


def note_counted(c: Connection, now: str) -> None:
    """All that is held has been counted."""
    set_meta(c, META_COUNTED, now)


def note_all_new(c: Connection, now: str) -> None:
    """Everything was fetched just now, and counted on its way in: the first turns come a day
    later."""
    note_counted(c, now)
    set_meta(c, META_CHECKED, f" {now}")


def _behind(c: Connection, last: str) -> tuple[str, ...]:
    if c.one("SELECT 1 FROM root LIMIT 1") is None:
        return ()
    rows = max(1, int(c.value("SELECT count FROM sync_state")))
    many = max(1, min(ENDINGS_A_DAY, _SHARES * ROWS_A_DAY // rows))
    first = int(last[-ENDING_DIGITS:] or "fff", 16) + 1
    return tuple(f"{(first + n) % _SHARES:0{ENDING_DIGITS}x}" for n in range(many))


def note_checked(c: Connection, check: Check, now: str) -> None:
    """The content of a day's share was compared."""
    if check.content and all(len(one) == ENDING_DIGITS for one in check.endings or ("",)):
        set_meta(c, META_CHECKED, f"{check.endings[-1]} {now}")
