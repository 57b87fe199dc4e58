"""How far a plan has come; order in a list; the buying centre."""

import datetime as dt
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.buying_centre import Gap, Person, gaps, support_index
from crm_core.plan_progress import (
    Standing,
    elapsed,
    of_objective,
    of_plan,
    standing_of_action,
    standing_of_objective,
)
from crm_core.positions import between, moved, spread

TODAY = dt.date(2026, 10, 13)
YESTERDAY, TOMORROW = dt.date(2026, 10, 12), dt.date(2026, 10, 14)


@pytest.mark.parametrize(
    ("status", "actions", "share"),
    [
        ("open", [], 0.0),
        ("open", ["done", "open", "in_progress", "open"], 0.25),
        ("open", ["done", "dropped"], 1.0),
        ("open", ["dropped"], 0.0),
        ("done", ["open"], 1.0),
        ("dropped", ["done"], None),
        (None, [None, "done"], 0.5),
    ],
)
def test_an_objective_has_come_as_far_as_its_actions(
    status: str | None, actions: list[str | None], share: float | None
) -> None:
    assert of_objective(status, actions) == share


def test_a_plan_is_the_mean_of_its_objectives_without_the_dropped() -> None:
    assert of_plan([1.0, 0.5, None, 0.0]) == 0.5
    assert of_plan([None]) is None
    assert of_plan([]) is None


def test_time_elapsed_runs_from_nought_to_one() -> None:
    start, end = dt.date(2026, 7, 1), dt.date(2026, 12, 31)
    assert elapsed(start, end, TODAY) == pytest.approx(105 / 184)
    assert elapsed(start, end, dt.date(2026, 6, 30)) == 0
    assert elapsed(start, end, end) == elapsed(start, end, dt.date(2027, 3, 1)) == 1
    assert elapsed(None, end, TODAY) is elapsed(end, start, TODAY) is None


def test_an_action_is_late_from_the_day_after_it_was_due() -> None:
    assert standing_of_action("open", YESTERDAY, TODAY) is Standing.LATE
    assert standing_of_action("open", TODAY, TODAY) is Standing.OPEN
    assert standing_of_action("in_progress", None, TODAY) is Standing.IN_PROGRESS
    assert standing_of_action("done", YESTERDAY, TODAY) is Standing.DONE


def test_an_objective_is_behind_where_its_work_lags_behind_the_time() -> None:
    assert standing_of_objective("open", 0.4, 0.57, TOMORROW, TODAY) is Standing.BEHIND
    assert standing_of_objective("open", 0.5, 0.57, TOMORROW, TODAY) is Standing.ON_COURSE
    assert standing_of_objective("open", 0.9, 0.57, YESTERDAY, TODAY) is Standing.LATE
    assert standing_of_objective("open", 0.0, None, None, TODAY) is Standing.OPEN
    assert standing_of_objective("dropped", None, 0.57, YESTERDAY, TODAY) is Standing.DROPPED


words = st.text("0123456789ABCXYZabcxyz", min_size=1, max_size=6).filter(lambda x: x[-1] != "0")


@given(words, words)
def test_between_two_of_our_positions_another_always_fits(one: str, other: str) -> None:
    low, high = sorted((one, other))
    made = between(low, high)
    if low == high:
        assert made is None
    else:
        assert made is not None
        assert low < made < high
        assert made[-1] != "0"


@given(words)
def test_there_is_room_at_both_ends(word: str) -> None:
    last, first = between(word, None), between(None, word)
    assert last is not None
    assert first is not None
    assert first < word < last


@given(st.integers(1, 300))
def test_fresh_positions_rise_with_room_between_them(count: int) -> None:
    made = spread(count)
    assert len(made) == count
    for low, high in pairwise(made):
        assert low < high
        assert between(low, high)


@given(st.lists(st.sampled_from(["a0", "a00", "a1", "b", None]), min_size=1, max_size=5), st.data())
def test_a_moved_entry_lands_where_it_was_put(old: list[str | None], data: st.DataObject) -> None:
    source = data.draw(st.integers(0, len(old) - 1))
    target = data.draw(st.integers(0, len(old) - 1))
    # As a list shows them: those without a position first, then by position, then as they came.
    shown = sorted(old, key=lambda x: (x is not None, x or ""))
    new = moved(shown, source, target)
    wanted = [n for n in range(len(shown)) if n != source]
    wanted.insert(target, source)
    after = {n: new.get(n, shown[n]) for n in range(len(shown))}
    if len(new) == 1:  # the others keep their order among themselves
        near = wanted[max(target - 1, 0) : target + 2]
        assert sorted(near, key=lambda n: after[n] or "") == near
    else:
        assert sorted(after, key=lambda n: after[n] or "") == wanted


def test_the_support_index_weighs_attitude_by_influence() -> None:
    people = [Person(influence=5, attitude=0), Person(influence=5, attitude=1),
              Person(influence=3, attitude=-1), Person(influence=2, attitude=2),
              Person(influence=2), Person(attitude=2)]  # fmt: skip
    assert support_index(people) == pytest.approx((0 + 5 - 3 + 4) / (2 * 15))
    assert support_index([Person(influence=1, attitude=2)]) == 1
    assert support_index([Person(influence=4, attitude=-2)]) == -1
    assert support_index([Person()]) is None


def test_what_is_missing_in_a_buying_centre_is_named() -> None:
    assert gaps([]) == (Gap.NO_DECIDER, Gap.NO_SPONSOR)
    cool = Person(frozenset(("decider",)), 5, 0, unseen_days=104)
    assert gaps([cool]) == (Gap.DECIDER_NOT_FOR_US, Gap.DECIDER_UNSEEN, Gap.NO_SPONSOR)
    warm = Person(frozenset(("decider", "sponsor")), 5, 1, unseen_days=11)
    assert gaps([warm, Person()]) == ()
