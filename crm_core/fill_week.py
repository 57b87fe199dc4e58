"""Fills the free hours of some days with the visits that the cadence asks for (domain.md B4)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from crm_core.free_time import Span, first_gap

BETWEEN_MINUTES = 30
"""Kept free around each visit: the way there, and what has to be written down after it."""

VISITS_A_DAY = 5
"""No day is filled beyond this; a person may plan more by hand."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """An account to be visited, and by when."""

    account: str
    due: dt.date


@dataclass(frozen=True, slots=True)
class Proposal:
    """Where a visit to an account would stand."""

    account: str
    span: Span


def fill(
    wanted: Sequence[Wanted],
    days: Sequence[dt.date],
    busy: Iterable[Span],
    minutes: int,
    *,
    after: dt.datetime,
) -> tuple[Proposal, ...]:
    """A visit of `minutes` for each account that is due by the last of `days`, in order of time.

    The accounts are served in the order given. Each gets the first free stretch after `after` of
    the day that holds the fewest visits; where none has room, it is left out. Nothing that is
    there already moves. Everything is wall time of one person at one place.
    """
    taken, made = list(busy), list[Proposal]()
    for one in due_by(wanted, days):
        roomy = sorted((load, day) for day in days if (load := _load(day, taken)) < VISITS_A_DAY)
        apart = [_with_way(span) for span in taken]
        for _, day in roomy:
            gap = first_gap([day], apart, minutes, after=after)
            if gap is not None:
                taken.append(gap)
                made.append(Proposal(one.account, gap))
                break
    return tuple(sorted(made, key=lambda proposal: proposal.span.start))


def due_by(wanted: Sequence[Wanted], days: Sequence[dt.date]) -> tuple[Wanted, ...]:
    """Those that are due by the last of these days."""
    return tuple(one for one in wanted if days and one.due <= max(days))


def _load(day: dt.date, taken: Iterable[Span]) -> int:
    begins = dt.datetime.combine(day, dt.time())
    whole = Span(begins, begins + dt.timedelta(1))
    return sum(span.meets(whole) for span in taken)


def _with_way(span: Span) -> Span:
    way = dt.timedelta(minutes=BETWEEN_MINUTES)
    return Span(span.start - way, span.end + way)
