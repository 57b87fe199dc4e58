"""Working time on the official Chinese calendar: golden values of domain.md §4.8, and laws."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.chinese_days import is_known, is_workday, last_known_year
from crm_core.working_time import CHINA, NeverWorked, WorkingCalendar

CALENDAR = WorkingCalendar()
HOUR = dt.timedelta(hours=1)


def china(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=CHINA)


moments = st.integers(0, 420 * 24 * 60 * 60).map(
    lambda seconds: china("2025-12-01 00:00") + dt.timedelta(seconds=seconds)
)
works = st.integers(0, 200 * 60 * 60).map(lambda seconds: dt.timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("received", "hours", "due"),
    [
        ("2026-09-30 16:30", 4, "2026-10-08 11:30"),  # 1.5 h, then seven days of holiday
        ("2026-10-09 17:30", 2, "2026-10-10 10:30"),  # Saturday is worked to make up
        (
            "2026-09-19 17:30",
            1,
            "2026-09-20 10:00",
        ),  # Saturday is free, but Sunday, 20 September is worked
        ("2026-10-12 11:30", 1, "2026-10-12 13:30"),  # lunch does not count
        ("2026-10-12 07:00", 8, "2026-10-12 18:00"),  # a whole day, from before it opened
        ("2026-10-12 20:00", 1, "2026-10-13 10:00"),  # received after hours
    ],
)
def test_golden_due_moments_of_2026(received: str, hours: int, due: str) -> None:
    assert CALENDAR.after(china(received), hours * HOUR) == china(due)
    assert CALENDAR.between(china(received), china(due)) == hours * HOUR


def test_national_day_is_seven_days_off_with_two_made_up() -> None:
    october = [dt.date(2026, 10, day) for day in range(1, 12)]
    worked = [day.day for day in october if is_workday(day)]
    assert worked == [8, 9, 10]
    assert is_workday(dt.date(2026, 9, 20))


@given(moments, moments, moments)
def test_working_time_adds_up(a: dt.datetime, b: dt.datetime, c: dt.datetime) -> None:
    assert CALENDAR.between(a, b) + CALENDAR.between(b, c) == CALENDAR.between(a, c)


@given(moments, works)
def test_after_so_much_work_just_so_much_has_passed(start: dt.datetime, work: dt.timedelta) -> None:
    due = CALENDAR.after(start, work)
    assert CALENDAR.between(start, due) == work
    assert due >= start


@given(moments, works)
def test_the_due_moment_is_the_first_one(start: dt.datetime, work: dt.timedelta) -> None:
    due = CALENDAR.after(start, work)
    if work:
        assert CALENDAR.between(start, due - dt.timedelta(seconds=1)) < work


@given(moments, works, works)
def test_work_can_be_done_in_parts(start: dt.datetime, a: dt.timedelta, b: dt.timedelta) -> None:
    if b:
        assert CALENDAR.after(CALENDAR.after(start, a), b) == CALENDAR.after(start, a + b)


def test_beyond_the_published_calendar_weekdays_count_and_it_says_so() -> None:
    assert last_known_year() >= 2026
    after_it = dt.date(last_known_year() + 1, 10, 1)
    assert not is_known(after_it)
    days = [after_it + dt.timedelta(n) for n in range(7)]
    assert sum(is_workday(day) for day in days) == 5
    assert CALENDAR.covers(china("2026-12-31 12:00"))
    noon = dt.datetime.combine(after_it, dt.time(12), CHINA)
    assert not CALENDAR.covers(noon)
    assert not CALENDAR.covers(china("2003-12-31 12:00"))


def test_hours_and_days_can_be_others() -> None:
    nights = WorkingCalendar(
        hours=((dt.time(20), dt.time(22)),), zone=dt.UTC, is_workday=lambda day: day.day == 1
    )
    start = dt.datetime(2026, 1, 1, 21, tzinfo=dt.UTC)
    assert nights.after(start, 2 * HOUR) == dt.datetime(2026, 2, 1, 21, tzinfo=dt.UTC)
    assert nights.hours_of_a_day() == 2 * HOUR
    assert CALENDAR.hours_of_a_day() == 8 * HOUR


def test_where_nobody_ever_works_the_search_ends() -> None:
    closed = WorkingCalendar(is_workday=lambda _day: False)
    assert closed.between(china("2026-01-01 00:00"), china("2026-12-31 00:00")) == dt.timedelta()
    with pytest.raises(NeverWorked):
        closed.after(china("2026-01-01 00:00"), HOUR)
