"""When a visit is due, and where it fits."""

import datetime as dt

import pytest

from crm_core.cadence import RHYTHMS, counts_as_visit, days_late, due_on
from crm_core.free_time import Span, first_gap, snapped

DAY = dt.date(2026, 10, 13)
MONDAY = dt.date(2026, 10, 12)


def at(hour: int, minute: int = 0, day: dt.date = DAY) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(hour, minute))


@pytest.mark.parametrize(
    ("grade", "days"), [("A", 15), ("B", 30), ("C", 91), ("D", 365), (None, 365), ("?", 365)]
)
def test_the_next_visit_is_due_a_grades_interval_after_the_last(
    grade: str | None, days: int
) -> None:
    assert due_on(grade, DAY, dt.date(2020, 1, 1)) == DAY + dt.timedelta(days)


def test_an_account_never_visited_is_due_two_weeks_after_it_was_entered() -> None:
    assert due_on("A", None, DAY) == dt.date(2026, 10, 27)
    assert due_on("A", None, None) is None


def test_a_rhythm_says_the_same_by_days_and_by_period() -> None:
    for rhythm in RHYTHMS.values():
        assert rhythm.period_days // rhythm.visits == rhythm.interval_days


def test_lateness_counts_from_the_day_after_the_due_day() -> None:
    assert [days_late(DAY, DAY + dt.timedelta(n)) for n in (-1, 0, 9)] == [-1, 0, 9]


@pytest.mark.parametrize(
    ("state", "kind", "counts"),
    [
        ("completed", "direct", True), ("reviewed", None, True), ("completed", "phone", False),
        ("planned", "direct", False), ("aborted", "direct", False), (None, None, False),
    ],
)  # fmt: skip
def test_only_what_took_place_counts_and_a_call_only_if_policy_says_so(
    state: str | None, kind: str | None, counts: bool
) -> None:
    assert counts_as_visit(state, kind) is counts
    if kind == "phone":
        assert counts_as_visit(state, kind, phone_counts=True)


def test_the_first_gap_lies_between_visits_on_a_quarter_of_an_hour() -> None:
    busy = [Span(at(9), at(9, 50)), Span(at(10, 30), at(11, 30))]
    found = first_gap([DAY], busy, 30, after=at(7))
    assert found == Span(at(10), at(10, 30))
    assert first_gap([DAY], busy, 60, after=at(7)) == Span(at(11, 30), at(12, 30))


def test_a_gap_is_never_in_the_past_and_moves_to_the_next_day() -> None:
    assert first_gap([MONDAY, DAY], [], 60, after=at(16, 40)) is None
    found = first_gap([MONDAY, DAY], [], 60, after=at(16, 40, MONDAY))
    assert found == Span(at(9), at(10))
    assert first_gap([DAY], [], 60, after=at(9, 1)) == Span(at(9, 15), at(10, 15))


def test_a_full_day_has_no_gap() -> None:
    assert first_gap([DAY], [Span(at(8), at(18))], 15, after=at(0)) is None


def test_moments_snap_to_the_nearest_quarter() -> None:
    assert snapped(at(10, 7)) == at(10)
    assert snapped(at(10, 8)) == at(10, 15)
    assert snapped(at(23, 55)) == at(0, day=dt.date(2026, 10, 14))
