"""Who decides with whom at a customer, and what is missing there (domain.md §4.9)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

STALE_DAYS = 90
"""Somebody not heard of for longer than this is a gap."""

_MOST_ATTITUDE = 2


@dataclass(frozen=True, slots=True)
class Person:
    """One of the buying centre. `attitude` −2 to 2, `influence` 1 to 5; None is not known.
    `unseen_days`: since the last contact, None for never."""

    roles: frozenset[str] = frozenset()
    influence: int | None = None
    attitude: int | None = None
    unseen_days: int | None = None


class Gap(StrEnum):
    """What a plan should know and does not."""

    NO_SPONSOR = "no_sponsor"
    NO_DECIDER = "no_decider"
    DECIDER_NOT_FOR_US = "decider_not_for_us"
    DECIDER_UNSEEN = "decider_unseen"


def support_index(people: Iterable[Person]) -> float | None:
    """Σ influence · attitude ÷ (2 · Σ influence), from −1 to 1; None where nobody was rated."""
    pairs = [(p.influence, p.attitude) for p in people if p.influence and p.attitude is not None]
    weight = sum(influence for influence, _ in pairs)
    if not weight:
        return None
    total = sum(influence * _bounded(attitude) for influence, attitude in pairs)
    return total / (_MOST_ATTITUDE * weight)


def _bounded(attitude: int) -> int:
    return max(-_MOST_ATTITUDE, min(_MOST_ATTITUDE, attitude))


def gaps(people: Iterable[Person]) -> tuple[Gap, ...]:
    """What is missing, the gravest first."""
    known = list(people)
    found: list[Gap] = []
    deciders = [person for person in known if "decider" in person.roles]
    if not deciders:
        found.append(Gap.NO_DECIDER)
    elif all(person.attitude is None or person.attitude <= 0 for person in deciders):
        found.append(Gap.DECIDER_NOT_FOR_US)
    if deciders and all(is_stale(person) for person in deciders):
        found.append(Gap.DECIDER_UNSEEN)
    if not any("sponsor" in person.roles for person in known):
        found.append(Gap.NO_SPONSOR)
    return tuple(found)


def is_stale(person: Person) -> bool:
    """Whether the last contact is too long ago, or there was none."""
    return person.unseen_days is None or person.unseen_days > STALE_DAYS
