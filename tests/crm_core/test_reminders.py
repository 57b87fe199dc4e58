"""Reminders fall due at the wall time that was meant, whatever summer time does."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.errors import InvalidValue
from crm_core.fields import Value
from crm_core.reminders import (
    BEFORE_MAX,
    Mark,
    anchor,
    check_marks,
    moment_of,
    moments,
    next_morning,
    read_mark,
    text_of,
)
from crm_core.wall_time import instant_at, wall_of
from crm_core.working_time import WorkingCalendar

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = st.sampled_from([BERLIN, ZoneInfo("America/New_York"), ZoneInfo("Asia/Shanghai"),
                         ZoneInfo("Australia/Lord_Howe"), dt.UTC])  # fmt: skip
DAYS = st.dates(dt.date(2024, 1, 1), dt.date(2030, 1, 1))
TIMES = st.times().map(lambda x: x.replace(second=0, microsecond=0))
WALLS = st.builds(dt.datetime.combine, DAYS, TIMES)
MARKS = st.one_of(
    st.integers(1, 60 * 24 * 30).map(lambda n: Mark(before=dt.timedelta(minutes=n))),
    st.builds(lambda n, time: Mark(days=n, time=time), st.integers(0, 366), TIMES),
    WALLS.map(lambda x: Mark(at=x)),
)


@given(MARKS)
def test_a_mark_is_read_as_it_was_written(mark: Mark) -> None:
    assert read_mark(text_of(mark)) == mark


@given(st.integers(1, 60 * 24 * 30), WALLS, ZONES)
def test_so_long_before_is_so_long_on_every_clock(
    n: int, wall: dt.datetime, zone: dt.tzinfo
) -> None:
    start = instant_at(wall, zone)
    found = moment_of(Mark(before=dt.timedelta(minutes=n)), start, zone)
    assert found is not None
    passed = dt.datetime.fromisoformat(start) - dt.datetime.fromisoformat(found)
    assert passed == dt.timedelta(minutes=n)


@given(st.integers(0, 30), TIMES, WALLS, ZONES)
def test_a_time_of_day_is_shown_by_the_clock_on_the_wall_unless_summer_time_skips_it(
    days: int, time: dt.time, wall: dt.datetime, zone: dt.tzinfo
) -> None:
    found = moment_of(Mark(days=days, time=time), instant_at(wall, zone), zone)
    assert found is not None
    # The start itself may be written with an hour that the zone skips: its day is what counts.
    day = wall_of(instant_at(wall, zone), zone)
    assert day is not None
    meant = dt.datetime.combine(day.date() - dt.timedelta(days), time)
    skipped = wall_of(instant_at(meant, zone), zone) != meant
    assert skipped or wall_of(found, zone) == meant


def test_nine_in_the_morning_is_nine_on_both_sides_of_the_change() -> None:
    """Berlin, 25 October 2026: summer time ends at night."""
    for day, instant in (
        ("2026-10-24", "2026-10-24T07:00:00Z"),
        ("2026-10-25", "2026-10-25T08:00:00Z"),
    ):
        assert list(moments("task", {"due_on": day, "reminders": ["d0@09:00"]}, BERLIN)) == [
            instant
        ]


def test_a_task_counts_back_from_the_end_of_its_day_and_a_visit_from_its_start() -> None:
    task = {"due_on": "2026-11-25", "reminders": ["-1h"], "remind_at": "2026-11-20T08:00:00Z"}
    assert list(moments("task", task, dt.UTC)) == ["2026-11-20T08:00:00Z", "2026-11-25T17:00:00Z"]
    visit = {"planned_start": "2026-11-25T09:30:00Z", "reminders": ["-15m"]}
    assert list(moments("visit", visit, dt.UTC)) == ["2026-11-25T09:15:00Z"]


def test_what_has_no_day_reminds_only_at_moments() -> None:
    values: dict[str, Value] = {"reminders": ["-1h", "d1@09:00", "2026-11-25T14:00"]}
    assert list(moments("task", values, dt.UTC)) == ["2026-11-25T14:00:00Z"]


@pytest.mark.parametrize("mark", ["", "soon", "-0h", "1h", "d1", "d1@25:00", "2026-13-01T08:00",
                                  f"-{BEFORE_MAX.days * 24 + 1}h", "d367@09:00"])  # fmt: skip
def test_what_is_no_mark_is_refused(mark: str) -> None:
    with pytest.raises(InvalidValue):
        check_marks([mark])


def test_ten_reminders_are_enough() -> None:
    with pytest.raises(InvalidValue):
        check_marks([f"-{n}h" for n in range(1, 12)])


def test_tomorrow_morning_is_that_of_the_next_working_day() -> None:
    monday = dt.datetime.combine(dt.date(2026, 11, 30), dt.time(9))
    friday = dt.datetime(2026, 11, 27, 15, tzinfo=dt.UTC)
    assert next_morning(friday, WorkingCalendar(), dt.UTC) == monday
    sunday = dt.datetime(2026, 11, 29, 23, tzinfo=dt.UTC)
    assert next_morning(sunday, WorkingCalendar(), dt.UTC) == monday


@pytest.mark.parametrize("slip", ["0001-01-01", "9999-12-31"])
@pytest.mark.parametrize("place", ["America/Los_Angeles", "Pacific/Kiritimati"])
def test_nothing_counts_back_from_a_year_with_which_no_clock_reckons(slip: str, place: str) -> None:
    assert anchor("task", {"due_on": slip}, ZoneInfo(place)) == ""
