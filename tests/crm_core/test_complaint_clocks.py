"""The clocks of complaints: targets, pauses, lateness, and the rules that others got wrong."""

import datetime as dt
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.complaint_clocks import (
    Case,
    Clock,
    ClockKind,
    ClockState,
    Reading,
    ServiceLevels,
    Step,
    clocks_of,
    is_open,
    pressing,
    read_clock,
)
from crm_core.entities.shared import COMPLAINT_STAGES
from crm_core.machines import MACHINES
from crm_core.working_time import CHINA, WorkingCalendar

HOUR = dt.timedelta(hours=1)
CALENDAR = WorkingCalendar()
RECEIVED = dt.datetime(2026, 10, 12, 10, tzinfo=CHINA)  # a Monday
STAGES = [code for code, _ in COMPLAINT_STAGES]


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(f"2026-{text}").replace(tzinfo=CHINA)


def case(*steps: tuple[str, str], severity: str = "major", grade: str = "B", **more) -> Case:
    walked = tuple(Step(at(when), state) for when, state in steps)
    state = more.pop("state", walked[-1].state if walked else "received")
    return Case(RECEIVED, state, severity, grade, walked, **more)


def reading(kind: str, of: Case, now: str) -> Reading:
    clock = next(clock for clock in clocks_of(of) if clock.kind == kind)
    return read_clock(clock, at(now))


@pytest.mark.parametrize(
    ("severity", "grade", "acknowledge", "resolve"),
    [
        ("critical", "B", 1, 16), ("major", "C", 4, 40), ("minor", None, 8, 80),
        ("critical", "A", 0.5, 8), ("major", "A", 2, 20), ("minor", "A", 4, 40),
        (None, "D", 4, 40),
    ],
)  # fmt: skip
def test_default_targets(
    severity: str | None, grade: str | None, acknowledge: float, resolve: float
) -> None:
    levels = ServiceLevels()
    assert levels.target(ClockKind.ACKNOWLEDGE, severity, grade) == acknowledge * HOUR
    assert levels.target(ClockKind.RESOLVE, severity, grade) == resolve * HOUR


def test_each_stage_is_promised_later_than_the_one_before() -> None:
    for severity in ("critical", "major", "minor"):
        targets = [ServiceLevels().target(kind, severity, None) for kind in ClockKind]
        assert targets == sorted(set(targets))


@pytest.mark.parametrize(
    ("now", "state", "left_h"),
    [
        ("10-12 10:30", "running", 3.5),
        ("10-12 14:00", "running", 1),
        ("10-12 14:30", "warn", 0.5),
        ("10-12 15:00", "warn", 0),
        ("10-12 16:00", "breached", -1),
        ("10-13 10:00", "breached", -4),
    ],
)
def test_a_clock_runs_warns_and_breaches(now: str, state: str, left_h: float) -> None:
    found = reading("acknowledge", case(), now)
    assert (found.state, found.left) == (state, left_h * HOUR)
    assert found.due_at == at("10-12 15:00")
    assert found.is_late == (left_h < 0)
    assert found.fraction == pytest.approx(1 - left_h / 4)


def test_a_clock_that_stopped_tells_how_long_it_took() -> None:
    found = reading("acknowledge", case(("10-12 10:42", "acknowledged")), "10-20 10:00")
    assert (found.state, found.worked) == (ClockState.DONE, dt.timedelta(minutes=42))
    late = reading("acknowledge", case(("10-13 10:00", "acknowledged")), "10-20 10:00")
    assert (late.state, late.is_late) == (ClockState.DONE, True)


def test_waiting_for_the_customer_pauses_and_coming_back_resumes() -> None:
    steps = (("10-12 11:00", "investigating"), ("10-12 14:00", "waiting_customer"))
    paused = reading("resolve", case(*steps), "10-20 10:00")
    assert (paused.state, paused.worked, paused.due_at) == (ClockState.PAUSED, 3 * HOUR, None)
    back = case(*steps, ("10-14 09:00", "investigating"))
    assert reading("resolve", back, "10-14 10:00").worked == 4 * HOUR
    assert reading("resolve", back, "10-14 10:00").due_at == at("10-20 15:00")


def test_a_pause_does_not_hide_that_the_promise_was_broken() -> None:
    steps = (("10-14 15:00", "investigating"), ("10-15 10:00", "waiting_third_party"))
    found = reading("answer", case(*steps, severity="critical"), "10-20 10:00")
    assert (found.state, found.due_at) == (ClockState.BREACHED, at("10-12 15:00"))


def test_another_severity_sets_another_target_and_keeps_what_has_passed() -> None:
    minor = reading("answer", case(severity="minor"), "10-13 10:00")
    critical = reading("answer", case(severity="critical"), "10-13 10:00")
    assert minor.worked == critical.worked == 8 * HOUR
    assert (minor.state, critical.state) == (ClockState.RUNNING, ClockState.BREACHED)


def test_reopening_resumes_the_resolution_and_asks_for_no_second_first_answer() -> None:
    steps = (("10-12 12:00", "answered"), ("10-12 14:00", "resolved"), ("10-14 09:00", "reopened"))
    again = case(*steps, ("10-14 10:00", "investigating"))
    assert reading("answer", again, "10-14 11:00").state is ClockState.DONE
    resolve = reading("resolve", again, "10-14 11:00")
    assert (resolve.state, resolve.worked) == (ClockState.RUNNING, 5 * HOUR)


def test_what_was_turned_down_before_an_answer_needs_none() -> None:
    rejected = case(("10-12 10:20", "acknowledged"), ("10-12 14:00", "rejected"))
    states = [read_clock(clock, at("12-01 10:00")).state for clock in clocks_of(rejected)]
    assert states == ["done", "not_needed", "not_needed", "not_needed"]


def test_a_stage_without_an_event_counts_from_the_last_change() -> None:
    found = case(("10-12 10:20", "acknowledged"), state="assessed", changed_at=at("10-12 12:00"))
    assert reading("assess", found, "10-20 10:00").worked == 2 * HOUR
    assert reading("acknowledge", found, "10-20 10:00").worked == HOUR / 3


@given(st.lists(st.tuples(st.integers(0, 2000), st.sampled_from(STAGES)), max_size=8), st.randoms())
def test_the_order_of_arrival_and_repeats_change_nothing(
    walked: list[tuple[int, str]], rng: Random
) -> None:
    unique = dict(walked)
    steps = [Step(RECEIVED + dt.timedelta(minutes=m), state) for m, state in unique.items()]
    state = max(steps, key=lambda step: step.at).state if steps else "received"
    shuffled = [*steps, *steps]
    rng.shuffle(shuffled)
    assert clocks_of(Case(RECEIVED, state, steps=steps)) == clocks_of(
        Case(RECEIVED, state, steps=shuffled)
    )


def _read_in_two_goes(clock: Clock, now: dt.datetime) -> Reading:
    """Read in two goes: at any moment before, and from there on."""
    assert clock.since is not None
    half = clock.since + (now - clock.since) / 2
    worked = read_clock(clock, half).worked + CALENDAR.between(half, now)
    return Reading(clock.kind, ClockState.RUNNING, clock.target, worked, clock.due_at, None)


@given(st.integers(0, 30 * 24 * 60))
def test_a_clock_is_late_exactly_behind_its_due_moment(minutes: int) -> None:
    now = RECEIVED + dt.timedelta(minutes=minutes)
    for clock in clocks_of(case()):
        found = read_clock(clock, now)
        assert clock.due_at is not None
        assert found.is_late == (CALENDAR.between(clock.due_at, now) > dt.timedelta())
        assert found.worked == _read_in_two_goes(clock, now).worked


def test_a_list_shows_the_least_time_left_first_and_paused_ones_last() -> None:
    now = at("10-13 10:00")
    running, late = case(severity="minor"), case(severity="critical")
    paused = case(("10-12 11:00", "investigating"), ("10-12 12:00", "waiting_customer"))
    done = case(("10-12 11:00", "resolved"))
    shown = []
    for one in (done, paused, running, late):
        found = pressing(read_clock(clock, now) for clock in clocks_of(one))
        assert found is not None
        shown.append(found)
    states = [found.state for found in sorted(shown, key=lambda found: found.order)]
    assert states == ["breached", "warn", "paused", "done"]
    assert pressing(()) is None


def test_a_due_moment_beyond_the_published_calendar_is_marked() -> None:
    december = Case(at("12-30 10:00"), severity="minor")
    marks = [read_clock(clock, at("12-30 11:00")).is_estimated for clock in clocks_of(december)]
    assert marks == [False, True, True, True]


def test_every_stage_stops_or_runs_every_clock() -> None:
    for stage in STAGES:
        found = clocks_of(case(("10-12 11:00", stage)))
        assert len(found) == len(ClockKind)
        assert all((clock.since is None) != (clock.stopped_at is None) or
                   stage.startswith("waiting") for clock in found)  # fmt: skip
    ends = [stage for stage in STAGES if not is_open(stage)]
    assert ends == ["closed", "followed_up", "duplicate", "rejected"]
    assert is_open(None)
    assert set(STAGES) >= {arrow.target for arrow in MACHINES["complaint"].arrows}
