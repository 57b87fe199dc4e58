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


def retry_quarantined(receipt: Receipt, now: dt.datetime) -> None:
    """Try again what is due, within a pull's transaction."""
    c = receipt.c
    waiting = c.rows("SELECT kind, id, item, at, tries FROM quarantine ORDER BY at LIMIT 100")
    for kind, key, item, at, tries in waiting:
        hours = FIRST_AFTER_HOURS << min(tries, DOUBLINGS_MAX)
        if at > instant_of(now - dt.timedelta(hours=hours)):
            continue
        counted = receipt.quarantined
        receive_page(receipt, Page(kind, (msgspec.json.decode(item, type=WireRow),)))
        # Where it failed again it was put back as a new one; to the user it is not.
        receipt.quarantined = counted
        c.run("UPDATE quarantine SET tries = ? WHERE kind = ? AND id = ?", (tries + 1, kind, key))
