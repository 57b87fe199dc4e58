"""Which visits the cadence proposes for a week, and where they fit."""

import datetime as dt
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from crm_core.fill_week import BETWEEN_MINUTES, VISITS_A_DAY, Proposal, Wanted, fill
from crm_core.free_time import Span

MONDAY = dt.date(2026, 10, 12)
WEEK = [MONDAY + dt.timedelta(n) for n in range(5)]
EARLY = dt.datetime.combine(dt.date(2026, 10, 1), dt.time())


def span(day: int, hour: int, minutes: int = 60) -> Span:
    start = dt.datetime.combine(WEEK[day], dt.time(hour))
    return Span(start, start + dt.timedelta(minutes=minutes))


def wanted(count: int, due: dt.date = MONDAY) -> list[Wanted]:
    return [Wanted(f"account {n}", due) for n in range(count)]


def test_the_visits_are_spread_over_the_days_with_the_fewest() -> None:
    busy = [span(0, 9), span(0, 13), span(2, 9)]
    made = fill(wanted(3), WEEK, busy, 60, after=EARLY)
    assert [one.span.start.date() for one in made] == [WEEK[1], WEEK[3], WEEK[4]]
    assert [one.account for one in made] == ["account 0", "account 1", "account 2"]


def test_a_way_is_left_free_around_what_is_there() -> None:
    (made,) = fill(wanted(1), WEEK[:1], [span(0, 10)], 60, after=EARLY)
    assert made.span == Span(span(0, 11).start + dt.timedelta(minutes=30), span(0, 12, 30).end)


def test_nothing_is_proposed_for_hours_that_are_over() -> None:
    late = span(4, 15).start + dt.timedelta(minutes=10)
    quarter = late + dt.timedelta(minutes=5)
    made = fill(wanted(9), WEEK, [], 60, after=late)
    assert made == (Proposal("account 0", Span(quarter, quarter + dt.timedelta(minutes=60))),)


def test_who_is_due_only_after_these_days_waits() -> None:
    both = [*wanted(1, WEEK[-1] + dt.timedelta(1)), Wanted("due", WEEK[-1])]
    assert [one.account for one in fill(both, WEEK, [], 60, after=EARLY)] == ["due"]
    assert fill(both, [], [], 60, after=EARLY) == ()


def test_those_who_come_first_are_served_first_where_room_is_scarce() -> None:
    made = fill(wanted(9), WEEK[:1], [span(0, 9, 6 * 60)], 60, after=EARLY)
    assert [one.account for one in made] == ["account 0"]


@given(
    st.integers(0, 40),
    st.lists(st.builds(span, st.integers(0, 4), st.integers(6, 20), st.integers(15, 600))),
)
def test_proposals_never_meet_anything_nor_overfill_a_day(count: int, busy: list[Span]) -> None:
    made = [one.span for one in fill(wanted(count), WEEK, busy, 60, after=EARLY)]
    way = dt.timedelta(minutes=BETWEEN_MINUTES)
    assert not [one for one in made for other in busy if one.meets(other)]
    assert all(before.end + way <= after.start for before, after in pairwise(made))
    for day in WEEK:
        assert sum(one.start.date() == day for one in made) <= VISITS_A_DAY
