"""Rows of the demo company: ids that never change, and moments around the day it is made for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from random import Random
from typing import NamedTuple, TypeVar

from crm_core.fields import Value
from crm_core.ids import RecordId, uuid7_from
from crm_core.values import instant_of
from crm_core.wall_time import Zone

FOUNDED_MS = 1_700_000_000_000
"""The moment in the demo's ids; it is fixed, so that they do not depend on the day."""

RANDOM_BITS = 74
SATURDAY = 5
OPENS, CLOSES = dt.time(9), dt.time(17, 30)
"""The working hours in which everything happens, by the clock of the demo's zone."""

LAST_HOUR = 16

_T = TypeVar("_T")


class Row(NamedTuple):
    """One record to load."""

    kind: str
    id: RecordId
    values: Mapping[str, Value]


class Draw:
    """The seeded source of everything invented, for one part of the company.

    `zone`: where its working hours are; None is the place of this machine.
    """

    def __init__(self, today: dt.date, seed: int, part: str, zone: Zone = None) -> None:
        self.today = today
        self.zone = zone
        self._seed = seed
        self._random = Random(f"{seed}/{part}")

    def part(self, part: str) -> Draw:
        """A source of its own, so that a change in one part moves nothing in another."""
        return Draw(self.today, self._seed, part, self.zone)

    def id_of(self, kind: str, key: str) -> RecordId:
        """The id of the record of a kind that `key` names."""
        return demo_id(self._seed, kind, key)

    def one(self, members: Sequence[_T]) -> _T:
        """One of several."""
        return self._random.choice(members)

    def some(self, members: Sequence[_T], count: int) -> list[_T]:
        """Several different ones."""
        return self._random.sample(members, min(count, len(members)))

    def chance(self, probability: float) -> bool:
        """True as often as `probability` says."""
        return self._random.random() < probability

    def whole(self, least: int, most: int) -> int:
        """A whole number, both ends included."""
        return self._random.randint(least, most)

    def day(self, earliest: int, latest: int) -> dt.date:
        """A working day between two days counted from today."""
        day = self.today + dt.timedelta(self.whole(earliest, latest))
        step = dt.timedelta(1 if day > self.today else -1)
        while is_weekend(day):  # away from today, so that what is past stays past
            day += step
        return day

    def at(self, day: dt.date) -> dt.datetime:
        """A quarter of an hour of a day's working hours, in UTC."""
        return self.moment(self.wall(day))

    def wall(self, day: dt.date) -> dt.datetime:
        """A quarter of an hour of a day's working hours, in wall time."""
        hour, minute = self.whole(OPENS.hour, LAST_HOUR), self.one((0, 15, 30, 45))
        return dt.datetime.combine(day, dt.time(hour, minute))

    def moment(self, wall: dt.datetime) -> dt.datetime:
        """The moment of a wall time of the zone, in UTC."""
        local = wall if self.zone is None else wall.replace(tzinfo=self.zone)
        return local.astimezone(dt.UTC)

    def midnight(self) -> dt.datetime:
        """The moment at which today began, in UTC: nothing was done later."""
        return self.moment(dt.datetime.combine(self.today, dt.time()))


def demo_id(seed: int, kind: str, key: str) -> RecordId:
    """The same for the same seed, on every day and machine."""
    digest = int.from_bytes(blake2b(f"{seed}/{kind}/{key}".encode(), digest_size=16).digest())
    return uuid7_from(FOUNDED_MS, digest & ((1 << RANDOM_BITS) - 1))


def weekday_before(day: dt.date) -> dt.date:
    """The last day before another that is no Saturday or Sunday."""
    before = day - dt.timedelta(1)
    while is_weekend(before):
        before -= dt.timedelta(1)
    return before


def is_weekend(day: dt.date) -> bool:
    """Saturday or Sunday."""
    return day.weekday() >= SATURDAY


def links(ids: Iterable[RecordId]) -> list[Value]:
    """The canonical value of a set of links."""
    return [*sorted(set(ids))]


def tags(*names: str) -> list[Value]:
    """The canonical value of a set of words."""
    return [*sorted(set(names))]


def past(
    by: RecordId, created: dt.datetime, updated: dt.datetime | None = None
) -> dict[str, Value]:
    """Who made a record, and when."""
    changed = updated or created
    return {
        "created_at": instant_of(created), "created_by": by,
        "updated_at": instant_of(changed), "updated_by": by,
    }  # fmt: skip


def without_empty(values: Mapping[str, Value]) -> dict[str, Value]:
    """The values that say something: an unset field is left out of a row."""
    return {name: value for name, value in values.items() if value not in (None, "", [])}
