"""Quarantined rows are tried again at growing intervals: a newer version may take them."""

from __future__ import annotations

import datetime as dt

import msgspec

from crm_core.values import instant_of
from crm_core.wire import Page, WireRow
from crm_desktop.models.journal.received import Receipt, receive_page

FIRST_AFTER_HOURS = 1
DOUBLINGS_MAX = 10
"""The longest interval is 2¹⁰ hours: six weeks."""


AT_ONCE = 100


def retry_quarantined(receipt: Receipt, now: dt.datetime) -> None:
    """Try again what is due, within a pull's transaction: those that have waited longest."""
    c = receipt.c
    waiting = c.rows("SELECT kind, id, at, tries FROM quarantine ORDER BY at")
    due = [(kind, key, tries) for kind, key, at, tries in waiting if _is_due(at, tries, now)]
    for kind, key, tries in due[:AT_ONCE]:
        _retry(receipt, kind, key, tries)


def retry_one(receipt: Receipt, kind: str, key: bytes) -> None:
    """Try one again, because a person asked."""
    sql = "SELECT tries FROM quarantine WHERE kind = ? AND id = ?"
    tries = receipt.c.value(sql, (kind, key))
    if tries is not None:
        _retry(receipt, kind, key, tries)


def next_try(at: str, tries: int) -> dt.datetime:
    """When a version that came `at` and failed so often is tried again by itself."""
    return dt.datetime.fromisoformat(at) + _interval(tries)


def _retry(receipt: Receipt, kind: str, key: bytes, tries: int) -> None:
    c = receipt.c
    item = c.value("SELECT item FROM quarantine WHERE kind = ? AND id = ?", (kind, key))
    counted = receipt.quarantined
    receive_page(receipt, Page(kind, (msgspec.json.decode(item, type=WireRow),)))
    # Where it failed again it was put back as a new one; to the user it is not.
    receipt.quarantined = counted
    c.run("UPDATE quarantine SET tries = ? WHERE kind = ? AND id = ?", (tries + 1, kind, key))


def _is_due(at: str, tries: int, now: dt.datetime) -> bool:
    """A moment that lies ahead was written by a clock that was wrong."""
    return at <= instant_of(now - _interval(tries)) or at > instant_of(now)


def _interval(tries: int) -> dt.timedelta:
    return dt.timedelta(hours=FIRST_AFTER_HOURS << min(tries, DOUBLINGS_MAX))
