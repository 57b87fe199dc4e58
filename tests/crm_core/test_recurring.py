"""Series: the same days and ids on every device, and never more than may be."""

from __future__ import annotations

import datetime as dt
import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.errors import InvalidValue
from crm_core.ids import RecordId, is_id
from crm_core.recurring import (
    INSTANCES_MAX,
    NEAR_DAYS,
    WEEKDAYS,
    Rhythm,
    Stretch,
    days_of,
    ended_before,
    instance_id,
    is_brought,
    near,
    occurrences,
    parse_rhythm,
    rest_of,
    text_of,
)

SERIES = RecordId("0199c82cc0017d8e91b7584a2265b1f5")
MONDAY = dt.date(2026, 11, 23)

DAYS = st.dates(dt.date(2020, 1, 1), dt.date(2040, 12, 31))
WEEKDAY_SETS = st.sets(st.sampled_from(WEEKDAYS), min_size=1).map(
    lambda some: tuple(sorted(some, key=WEEKDAYS.index))
)
ENDS = st.one_of(
    st.just({}), st.builds(dict, until=DAYS), st.builds(dict, count=st.integers(1, INSTANCES_MAX))
)


@st.composite
def rhythms(draw: st.DrawFn) -> Rhythm:
    shape = draw(
        st.one_of(
            st.just({"unit": "DAILY"}), st.just({"unit": "YEARLY"}), st.just({"unit": "MONTHLY"}),
            st.builds(dict, unit=st.just("WEEKLY"), weekdays=WEEKDAY_SETS),
            st.builds(dict, unit=st.just("MONTHLY"), month_day=st.sampled_from((-1, 1, 15, 31))),
            st.builds(
                dict, unit=st.just("MONTHLY"), weekdays=WEEKDAY_SETS,
                nth=st.sampled_from((-1, 1, 2, 3, 4)),
            ),
        )
    )  # fmt: skip
    return Rhythm(interval=draw(st.integers(1, 6)), **shape, **draw(ENDS))


@given(rhythms())
def test_a_rule_is_read_as_it_was_written(rhythm: Rhythm) -> None:
    assert parse_rhythm(text_of(rhythm)) == rhythm


@given(rhythms(), DAYS)
def test_two_devices_expand_a_series_alike_and_never_beyond_the_limit(
    rhythm: Rhythm, first: dt.date
) -> None:
    here = [instance_id(SERIES, day) for day in days_of(rhythm, first)]
    there = [instance_id(SERIES, day) for day in days_of(parse_rhythm(text_of(rhythm)), first)]
    assert here == there
    assert len(set(here)) == len(here) <= min(rhythm.count or INSTANCES_MAX, INSTANCES_MAX)
    assert all(is_id(one) for one in here)


@given(rhythms(), DAYS)
def test_the_days_of_a_series_rise_and_respect_its_end(rhythm: Rhythm, first: dt.date) -> None:
    days = list(days_of(rhythm, first))
    assert days[0] == first
    assert all(one < other for one, other in pairwise(days))
    assert rhythm.until is None or all(day <= rhythm.until for day in days[1:])


@given(rhythms(), DAYS, DAYS)
def test_what_is_brought_now_is_of_the_series_near_today_or_the_next_one(
    rhythm: Rhythm, first: dt.date, today: dt.date
) -> None:
    found = {one.day for one in near([Stretch(SERIES, first, rhythm)], today)}
    whole = list(days_of(rhythm, first))[1:]
    assert found <= set(whole)
    around = dt.timedelta(NEAR_DAYS)
    assert {day for day in whole if abs(day - today) <= around} <= found
    assert sum(day > today + around for day in found) <= 1
    ahead = [day for day in whole if day > today]
    assert first > today or not ahead or ahead[0] in found


@given(st.lists(st.tuples(rhythms(), DAYS), min_size=1, max_size=4), st.randoms())
def test_a_series_of_several_stretches_is_the_same_in_whatever_order_they_came(
    some: list[tuple[Rhythm, dt.date]], rng: random.Random
) -> None:
    stretches = [
        Stretch(RecordId(f"{n:032x}"), first, rhythm) for n, (rhythm, first) in enumerate(some)
    ]
    here = list(occurrences(stretches))
    rng.shuffle(stretches)
    assert list(occurrences(stretches)) == here
    assert all(one.day < other.day for one, other in pairwise(here))
    assert len(here) <= INSTANCES_MAX


def test_from_its_first_day_on_a_stretch_takes_over() -> None:
    weekly, daily = Rhythm("WEEKLY"), Rhythm("DAILY", count=3)
    later = RecordId("f" * 32)
    found = occurrences(
        [Stretch(SERIES, MONDAY, weekly), Stretch(later, MONDAY + dt.timedelta(7), daily)]
    )
    assert [(str(one.day)[5:], one.stretch.task == later) for one in found] == [
        ("11-23", False), ("11-30", True), ("12-01", True), ("12-02", True),
    ]  # fmt: skip


def test_what_is_left_of_a_number_of_times_is_counted() -> None:
    rule = Rhythm("WEEKLY", count=10)
    rest = rest_of(rule, MONDAY, MONDAY + dt.timedelta(21))
    assert list(days_of(rule, MONDAY))[3:] == list(days_of(rest, MONDAY + dt.timedelta(21)))


@pytest.mark.parametrize(("rule", "days"), [
    ("FREQ=MONTHLY;BYDAY=-1FR", ["2026-11-23", "2026-11-27", "2026-12-25"]),
    ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", ["2026-11-23", "2026-11-30", "2026-12-31"]),
    ("FREQ=MONTHLY;BYMONTHDAY=31", ["2026-11-23", "2026-12-31", "2027-01-31"]),
    ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH", ["2026-11-23", "2026-11-26", "2026-12-07"]),
])  # fmt: skip
def test_well_known_rhythms_fall_on_their_days(rule: str, days: list[str]) -> None:
    found = days_of(parse_rhythm(rule), MONDAY)
    assert [str(next(found)) for _ in days] == days


@pytest.mark.parametrize("rule", [
    "", "weekly", "FREQ=HOURLY", "FREQ=DAILY;COUNT=731", "FREQ=DAILY;BYHOUR=3",
    "FREQ=WEEKLY;BYDAY=XX", "FREQ=DAILY;INTERVAL=0", "FREQ=DAILY;COUNT=2;UNTIL=20270101",
    "FREQ=DAILY;BYDAY=MO",
    "FREQ=MONTHLY;BYMONTHDAY=32", "FREQ=DAILY;UNTIL=20261301", "freq=daily",
])  # fmt: skip
def test_what_cannot_be_kept_is_refused(rule: str) -> None:
    with pytest.raises(InvalidValue):
        parse_rhythm(rule)


def test_a_series_that_is_ended_keeps_what_came_before() -> None:
    ended = ended_before(Rhythm("DAILY", count=30), dt.date(2026, 11, 26))
    assert [str(x) for x in days_of(ended, MONDAY)] == ["2026-11-23", "2026-11-24", "2026-11-25"]


def test_only_the_task_of_its_series_and_day_counts_as_brought() -> None:
    made = instance_id(SERIES, MONDAY)
    assert is_brought(made, {"series": SERIES, "recurs_on": "2026-11-23"})
    assert not is_brought(made, {"series": SERIES, "recurs_on": "2026-11-24"})
    assert not is_brought(made, {"series": made, "recurs_on": "2026-11-23"})
    assert not is_brought(made, {"series": SERIES, "recurs_on": "soon"})
    assert not is_brought(made, {"title": "Call"})
