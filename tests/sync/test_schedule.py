"""When the next synchronisation starts."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from crm_core.errors import CrmError, SignedOut, Unavailable
from crm_desktop.sync.failures import Throttled
from crm_desktop.sync.schedule import (
    BACK_OFF_MAX_S,
    GATHER_S,
    PROGRESS_S,
    SLEPT_S,
    RunEnded,
    Schedule,
    Wakefulness,
    Watchdog,
)

GONE = Unavailable("gone")


def rested(now_s: float = 100.0) -> Schedule:
    schedule = Schedule(lambda: 0.5, 0.0)
    schedule.started()
    schedule.ended(now_s, RunEnded(None))
    return schedule


def failing(failure: CrmError, times: int = 1, chance: float = 0.5) -> Schedule:
    schedule = Schedule(lambda: chance, 0.0)
    for _ in range(times):
        schedule.started()
        schedule.ended(100.0, RunEnded(failure))
    return schedule


def test_it_starts_at_once() -> None:
    assert Schedule(lambda: 0.5, 7.0).due_at() == 7.0


def test_the_first_commit_after_a_quiet_second_goes_out_at_once() -> None:
    schedule = rested()
    schedule.committed(150.0)
    assert schedule.due_at() == 150.0


def test_commits_in_a_row_are_gathered_but_never_longer_than_two_seconds() -> None:
    schedule = rested()
    schedule.committed(150.0)
    schedule.started()
    schedule.committed(150.3)
    schedule.ended(150.4, RunEnded(None))
    schedule.committed(150.9)
    schedule.committed(151.6)
    due_s = schedule.due_at()
    assert due_s is not None
    assert 150.4 < due_s <= 150.4 + GATHER_S


def test_without_events_it_comes_back_after_five_minutes_give_or_take_a_fifth() -> None:
    dice = random.Random(1)
    schedule = Schedule(dice.random, 0.0)
    dues: list[float] = []
    for _ in range(200):
        schedule.started()
        schedule.ended(0.0, RunEnded(None))
        dues.append(schedule.due_at() or 0.0)
    assert 240.0 <= min(dues) < 250.0
    assert 350.0 < max(dues) <= 360.0


def test_nothing_is_due_while_a_run_is_on() -> None:
    schedule = rested()
    schedule.started()
    schedule.asked(101.0)
    assert schedule.due_at() is None


@given(st.integers(1, 60), st.floats(0, 0.999))
def test_back_off_doubles_up_to_ten_minutes_with_full_jitter(times: int, chance: float) -> None:
    due_s = failing(GONE, times, chance).due_at()
    assert due_s is not None
    ceiling = min(BACK_OFF_MAX_S, 2.0 * 2 ** (times - 1))
    assert 100.0 <= due_s <= 100.0 + ceiling * chance + 1e-6


def test_typing_does_not_shorten_the_back_off_but_the_network_coming_back_does() -> None:
    schedule = failing(GONE, 8, 0.9)
    far_s = schedule.due_at()
    schedule.committed(110.0)
    assert schedule.due_at() == far_s
    schedule.reachable(120.0)
    assert schedule.due_at() == 120.0


def test_retry_after_is_honoured_even_when_the_network_comes_back() -> None:
    busy = Throttled("busy")
    busy.retry_after_s = 60.0
    schedule = failing(busy)
    schedule.reachable(105.0)
    assert schedule.due_at() == 160.0


def test_a_person_who_asks_is_not_made_to_wait() -> None:
    busy = Throttled("busy")
    busy.retry_after_s = 60.0
    schedule = failing(busy)
    schedule.asked(105.0)
    assert schedule.due_at() == 105.0


def test_signed_out_means_no_asking_until_somebody_signs_in() -> None:
    schedule = failing(SignedOut("sign in"))
    schedule.committed(110.0)
    assert schedule.due_at() is None
    schedule.signed_in(120.0)
    due_s = schedule.due_at()
    assert due_s is not None
    assert due_s <= 120.0


def test_a_run_that_gets_nothing_done_is_noticed() -> None:
    dog = Watchdog(10.0)
    assert not dog.is_stuck(10.0 + PROGRESS_S - 1, judged_s=0.0, pending=True)
    assert dog.is_stuck(10.0 + PROGRESS_S, judged_s=0.0, pending=True)
    assert not dog.is_stuck(10.0 + PROGRESS_S, judged_s=11.0, pending=True)


def test_a_long_run_in_which_nothing_waits_is_not_stuck() -> None:
    dog = Watchdog(0.0)
    assert not dog.is_stuck(500.0, judged_s=0.0, pending=False)
    assert not dog.is_stuck(501.0, judged_s=0.0, pending=True)
    assert dog.is_stuck(500.0 + PROGRESS_S, judged_s=0.0, pending=True)


def up_to(reached: int, now_s: float = 100.0) -> Schedule:
    schedule = Schedule(lambda: 0.5, 0.0)
    schedule.started()
    schedule.ended(now_s, RunEnded(None, reached=reached))
    return schedule


def test_a_hint_starts_a_run_at_once() -> None:
    schedule = up_to(7)
    schedule.hinted(130.0, 8)
    assert schedule.due_at() == 130.0


def test_a_hint_to_what_is_here_does_nothing() -> None:
    schedule = up_to(7)
    before_s = schedule.due_at()
    schedule.hinted(130.0, 7)
    schedule.hinted(131.0, 3)
    assert schedule.due_at() == before_s


def test_a_hint_during_a_run_counts_where_the_run_came_too_early_for_it() -> None:
    for reached, due_s in ((9, 100.0 + 300.0), (8, 100.0)):
        schedule = up_to(7)
        schedule.started()
        schedule.hinted(99.0, 9)
        schedule.ended(100.0, RunEnded(None, reached=reached))
        assert schedule.due_at() == due_s


def test_a_hint_to_what_never_comes_is_followed_once() -> None:
    schedule = up_to(7)
    schedule.hinted(130.0, 1 << 60)
    schedule.started()
    schedule.ended(131.0, RunEnded(None, reached=7))
    due_s = schedule.due_at()
    assert due_s is not None
    assert due_s > 131.0 + GATHER_S


def test_a_hint_does_not_shorten_the_back_off_but_an_open_stream_does() -> None:
    schedule = failing(GONE, 8, 0.9)
    far_s = schedule.due_at()
    schedule.hinted(110.0, 9)
    assert schedule.due_at() == far_s
    schedule.answered(120.0)
    assert schedule.due_at() == 120.0


def test_an_open_stream_is_no_reason_to_ask_where_all_is_well() -> None:
    schedule = up_to(7)
    before_s = schedule.due_at()
    schedule.answered(120.0)
    assert schedule.due_at() == before_s


def test_the_first_commit_after_a_quiet_second_follows_a_run_in_progress_at_once() -> None:
    schedule = rested()
    schedule.started()
    schedule.committed(150.0)
    schedule.ended(150.1, RunEnded(None))
    assert schedule.due_at() == 150.1


def test_where_bytes_are_paid_for_it_comes_back_every_half_hour() -> None:
    schedule = rested()
    schedule.spare(sparing=True)
    schedule.started()
    schedule.ended(100.0, RunEnded(None))
    assert schedule.due_at() == 100.0 + 1800.0
    schedule.committed(150.0)
    assert schedule.due_at() == 150.0, "what is typed goes out as ever"


def test_sleep_is_noticed_whichever_clock_stood_still() -> None:
    for now_s, wall_s in ((10.0, 5_000.0), (4_000.0, 4_000.0), (10.0, 10.0 + SLEPT_S)):
        assert Wakefulness(0.0, 0.0).has_slept(now_s, wall_s, watched_s=10.0)
    watch = Wakefulness(0.0, 0.0)
    assert not watch.has_slept(10.0, 12.0, watched_s=10.0)
    assert not watch.has_slept(20.0, -3600.0, watched_s=10.0), "somebody set the clock back"
    assert not watch.has_slept(30.0, -3590.0, watched_s=10.0)
