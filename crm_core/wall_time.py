"""Wall time of one place and the instants behind it: what a calendar shows, and what is stored.

A zone of None is the one this machine is set to, with its changes of summer time.
"""

from __future__ import annotations

import datetime as dt

from crm_core.values import instant_of

Zone = dt.tzinfo | None

YEARS = range(1971, 3000)
"""The years of which every system knows the wall time, in every zone."""


def moment_in(value: object) -> dt.datetime | None:
    """The moment that a canonical instant names; None for what is none, and for a year with which
    no clock reckons: such a slip is shown as it is written, and nothing is counted from it."""
    try:
        moment = dt.datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return moment if moment is not None and moment.year in YEARS else None


def wall_of(instant: str, zone: Zone = None) -> dt.datetime | None:
    """The wall time (naive) of a canonical instant; None as for `moment_in`."""
    moment = moment_in(instant)
    return moment.astimezone(zone).replace(tzinfo=None) if moment is not None else None


def instant_at(wall: dt.datetime, zone: Zone = None) -> str:
    """The canonical instant of a wall time. An hour that summer time skips is read with the offset
    before the change, one that comes twice as the first of both (PEP 495)."""
    local = wall.replace(tzinfo=zone) if zone is not None else wall
    return instant_of(local.astimezone(dt.UTC))


def offset_words(day: dt.date, zone: Zone = None) -> str:
    """The offset from UTC at noon of a day: "UTC", "UTC+8", "UTC−3:30"."""
    noon = dt.datetime.combine(day, dt.time(12))
    local = noon.replace(tzinfo=zone) if zone is not None else noon.astimezone()
    offset = local.utcoffset() or dt.timedelta()
    minutes = round(offset.total_seconds() / 60)
    if not minutes:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    sign = "+" if minutes > 0 else "−"
    return f"UTC{sign}{hours}{f':{rest:02}' if rest else ''}"
