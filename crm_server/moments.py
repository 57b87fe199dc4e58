"""Moments as they are stored: ISO 8601 in UTC, to the second."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

from crm_core.fields import Value
from crm_core.values import instant_of

LONG_AGO = float("inf")
CHARACTERS_MAX = 40
"""No moment is longer; what is, is not kept in the cache either."""


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
    if sent >= now:
        return now
    return (min(_canonical(sent), now) if len(sent) <= CHARACTERS_MAX else "") or now


@lru_cache(maxsize=4096)
def _canonical(sent: str) -> str:
    moment = parse_moment(sent)
    if moment is None:
        return ""
    try:
        return instant_of(moment)
    except OverflowError:
        return ""


def hours_between(start: Value, end: Value) -> float:
    """Hours from one moment to another; very many where one of them is unknown."""
    first, last = parse_moment(start), parse_moment(end)
    if first is None or last is None:
        return LONG_AGO
    return (last - first).total_seconds() / 3600
