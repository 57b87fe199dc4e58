"""RFM, ABC and pyramid: the scores of customers by what they bought. Pure; ties are never broken
by chance."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

SCORES = 5
A_BELOW, B_BELOW = 0.70, 0.90
"""Cuts of the ABC classes: shares of the measure that stand before a row."""


@dataclass(frozen=True, slots=True)
class Purchase:
    """What a customer bought on one day, in minor units of one currency, net."""

    customer: str
    day: dt.date
    amount: int


@dataclass(frozen=True, slots=True)
class Rfm:
    """A customer's recency (days), frequency (distinct days) and money, each with its score."""

    customer: str
    days: int
    frequency: int
    money: int
    r: int
    f: int
    m: int

    @property
    def cell(self) -> str:
        """The three scores as one word, "111" to "555"."""
        return f"{self.r}{self.f}{self.m}"

    @property
    def segment(self) -> str:
        """The segment's code."""
        return segment_of(self.r, self.f, self.m)


def rfm(purchases: Iterable[Purchase], as_of: dt.date) -> tuple[Rfm, ...]:
    """Every customer's RFM scores, by customer.

    Source: A. M. Hughes, Strategic Database Marketing, 1994. Scores are quintiles without
    arbitrary breaking of ties: equal customers score the same (SQL's NTILE would not do).
    """
    last: dict[str, dt.date] = {}
    days: dict[str, set[dt.date]] = {}
    money: dict[str, int] = {}
    for one in purchases:
        last[one.customer] = max(one.day, last.get(one.customer, one.day))
        days.setdefault(one.customer, set()).add(one.day)
        money[one.customer] = money.get(one.customer, 0) + one.amount
    customers = sorted(last)
    age = [(as_of - last[customer]).days for customer in customers]
    often = [len(days[customer]) for customer in customers]
    spent = [money[customer] for customer in customers]
    scores = zip(
        quantile_scores(age, descending=True), quantile_scores(often), quantile_scores(spent),
        strict=True,
    )  # fmt: skip
    return tuple(
        Rfm(customer, d, n, amount, *score)
        for customer, d, n, amount, score in zip(customers, age, often, spent, scores, strict=True)
    )


def quantile_scores(values: Sequence[int], *, descending: bool = False) -> list[int]:
    """1…5 for each value: s = min(5, 1 + ⌊5·#{v < x}/n⌋); descending counts #{v > x} instead."""
    ordered, n = sorted(values), len(values)

    def below(value: int) -> int:
        return n - bisect_right(ordered, value) if descending else bisect_left(ordered, value)

    score = {value: min(SCORES, 1 + SCORES * below(value) // n) for value in set(values)}
    return [score[value] for value in values]


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment: the lowest and highest score of each letter that belong to it."""

    code: str
    r: tuple[int, int] = (1, SCORES)
    f: tuple[int, int] = (1, SCORES)
    m: tuple[int, int] = (1, SCORES)

    def holds(self, r: int, f: int, m: int) -> bool:
        """Whether three scores belong to it."""
        pairs = ((self.r, r), (self.f, f), (self.m, m))
        return all(low <= score <= high for (low, high), score in pairs)


SEGMENTS = (
    Segment("champions", (4, 5), (4, 5), (4, 5)),
    Segment("cant_lose", (1, 1), (4, 5), (4, 5)),
    Segment("at_risk", (1, 2), (3, 5), (3, 5)),
    Segment("loyal", f=(4, 5)),
    Segment("potential", (4, 5), (2, 3)),
    Segment("new", (5, 5), (1, 1)),
    Segment("lost", (1, 1), (1, 1), (1, 2)),
    Segment("hibernating", (1, 2), (1, 2)),
    Segment("need_attention"),
)
"""Segments in the order in which they are asked, the narrower one first; the last takes all."""


def segment_of(r: int, f: int, m: int) -> str:
    """The segment of three scores; whoever fits none needs attention."""
    return next(segment.code for segment in SEGMENTS if segment.holds(r, f, m))


@dataclass(frozen=True, slots=True)
class Ranked:
    """A customer in the order of a measure, the largest first; `before`: the share of all that
    stands before this row, 0…1."""

    customer: str
    value: int
    before: float
    grade: str


def abc(values: Mapping[str, int]) -> tuple[Ranked, ...]:
    """Customers by a measure, ties by id: A while less than 70 % stands before, B below 90 %."""
    ordered = sorted(values.items(), key=lambda item: (-item[1], item[0]))
    total, sum_before = sum(values.values()), 0
    made: list[Ranked] = []
    for customer, value in ordered:
        before = sum_before / total if total else 0.0
        made.append(Ranked(customer, value, before, _class_of(before)))
        sum_before += value
    return tuple(made)


def _class_of(before: float) -> str:
    if before < A_BELOW:
        return "A"
    return "B" if before < B_BELOW else "C"


@dataclass(frozen=True, slots=True)
class Tier:
    """A storey of the pyramid: who is in it, and its part of the measure (0…1)."""

    code: str
    customers: tuple[str, ...]
    value: int
    share: float


TEXTBOOK = (("vip", 0.01), ("major", 0.19), ("ordinary", 0.30), ("small", 0.50))
"""The preset of the Chinese textbooks: shares of the number of customers."""

CURRY = (("top", 0.01), ("large", 0.04), ("medium", 0.15), ("small", 0.80))
"""Curry's preset, after J. Curry's customer pyramid."""


def pyramid(
    values: Mapping[str, int], preset: Sequence[tuple[str, float]] = TEXTBOOK
) -> tuple[Tier, ...]:
    """Customers cut into tiers by their number, the largest first, ties by id.

    A cut lies at the cumulated share of the number of customers, rounded half up; the first tier
    holds at least one customer. Source: Zeithaml, Rust & Lemon, CMR 2001 (profitability tiers).
    """
    ordered = sorted(values.items(), key=lambda item: (-item[1], item[0]))
    total, start, share = sum(values.values()), 0, 0.0
    tiers: list[Tier] = []
    for code, part in preset:
        share += part
        end = max(start, min(len(ordered), int(share * len(ordered) + 0.5)))
        end = max(end, min(1, len(ordered)))
        members = ordered[start:end]
        value = sum(amount for _, amount in members)
        names = tuple(customer for customer, _ in members)
        tiers.append(Tier(code, names, value, value / total if total else 0.0))
        start = end
    return tuple(tiers)


def top_share(values: Iterable[int], part: float) -> float:
    """The share (0…1) of a measure that the largest `part` of the customers bring."""
    ordered = sorted(values, reverse=True)
    count = max(1, int(part * len(ordered) + 0.5)) if ordered else 0
    total = sum(ordered)
    return sum(ordered[:count]) / total if total else 0.0


def vital_few(counts: Sequence[int], share: float = 0.8) -> int:
    """How many of the largest counts, in this order, make up at least `share` of all."""
    total, sum_so_far = sum(counts), 0
    for number, count in enumerate(counts, start=1):
        sum_so_far += count
        if sum_so_far >= share * total:
            return number
    return len(counts)
