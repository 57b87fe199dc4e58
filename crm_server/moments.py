"""Moments as they are stored: ISO 8601 in UTC, to the second."""

from __future__ import annotations

import datetime as dt

from crm_core.fields import Value
from crm_core.values import instant_of

LONG_AGO = float("inf")


def parse_moment(value: Value) -> dt.datetime | None:
    """The aware moment that a stored or sent text names; None where it names none."""
    if not isinstance(value, str):
        return None
    try:
        moment = dt.datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def authored_at(sent: str, now: str) -> str:
    """When an author says that he wrote: never after the server's own now."""
    if sent == "" or sent >= now:
        return now
    moment = parse_moment(sent)
    return now if moment is None else min(instant_of(moment), now)


def hours_between(start: Value, end: Value) -> float:
    """Hours from one moment to another; very many where one of them is unknown."""
    first, last = parse_moment(start), parse_moment(end)
    if first is None or last is None:
        return LONG_AGO
    return (last - first).total_seconds() / 3600
