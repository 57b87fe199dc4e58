"""What may honestly be said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from crm_core.errors import Unavailable
from crm_desktop.models.replica import Parked, SyncState
from crm_desktop.sync.failures import FailureClass, ServerFailed, Throttled, class_of
from crm_desktop.sync.last_run import LastRun, last_run, remember
from crm_desktop.sync.status import State, standing

AGREED = SyncState(
    "e1", cursor=9, scope_gen=1, verified_at="2026-11-22T08:00:00Z", verified_cursor=9
)
COUNTS = [
    "pending", "unconfirmed", "conflict", "rejected", "blocked", "orphaned"
]  # fmt: skip


def test_up_to_date_needs_every_proof() -> None:
    assert standing(AGREED, Parked(), signed_in=True).state is State.UP_TO_DATE


@pytest.mark.parametrize("count", COUNTS)
def test_nothing_on_its_way_or_parked_is_called_up_to_date(count: str) -> None:
    parked = Parked(**{count: 1})
    assert standing(AGREED, parked, signed_in=True).state is not State.UP_TO_DATE


def test_while_the_rest_is_still_to_come_today_is_said_to_be_here() -> None:
    first = replace(AGREED, verified_at="", cursor=0, pull_open=True, in_sight=520_000)
    found = standing(first, Parked(), signed_in=True)
    assert (found.state, found.words) == (
        State.FETCHING, "Today is here; the rest is still to come.",
    )  # fmt: skip


@pytest.mark.parametrize(
    "doubt", [{"pull_open": True}, {"verified_at": ""}, {"verified_cursor": 8}]
)
def test_without_agreeing_digests_it_is_still_fetching(doubt: dict[str, object]) -> None:
    sync = replace(AGREED, **doubt)
    assert standing(sync, Parked(), signed_in=True).state is State.FETCHING


@given(st.sampled_from(["", *FailureClass]), st.integers(0, 2), st.integers(0, 2))
def test_states_are_told_in_order_of_what_a_person_can_do(
    last_run: str, pending: int, conflict: int
) -> None:
    parked = Parked(pending=pending, conflict=conflict)
    state = standing(AGREED, parked, signed_in=True, last_run=last_run).state
    if last_run == "auth":
        assert state is State.SIGNED_OUT
    elif conflict:
        assert state is State.NEEDS_YOU
    elif last_run:
        assert state is (State.OFFLINE if last_run == "transport" else State.TROUBLE)
    else:
        assert state is (State.WAITING if pending else State.UP_TO_DATE)


def test_a_server_that_fails_is_not_called_unreachable() -> None:
    for failure in (ServerFailed("HTTP 500"), Throttled("busy")):
        told = standing(AGREED, Parked(), signed_in=True, last_run=class_of(failure))
        assert told.words.startswith("The server has a problem")


@pytest.mark.parametrize("last_run", ["odd", *FailureClass])
def test_after_a_run_that_failed_nothing_is_called_up_to_date(last_run: str) -> None:
    told = standing(AGREED, Parked(), signed_in=True, last_run=last_run)
    assert told.state is not State.UP_TO_DATE
    assert "is here" not in told.words


def test_since_when_is_counted_from_the_first_failure_of_its_sort() -> None:
    notes = Notes()
    away, odd = Unavailable("No route."), ServerFailed("HTTP 500")
    assert remember(notes, away, "08:40") == LastRun("transport", "08:40")
    assert remember(notes, away, "08:45") == LastRun("transport", "08:40")
    assert remember(notes, odd, "08:50") == LastRun("throttle", "08:50")
    assert remember(notes, away, "08:55") == LastRun("transport", "08:55")
    assert last_run(notes) == LastRun("transport", "08:55")
    assert remember(notes, None, "09:00") == LastRun()


class Notes(dict[str, str]):
    """A store's notes."""

    def meta(self, name: str) -> str | None:
        return self.get(name)

    def set_meta(self, name: str, value: str) -> None:
        self[name] = value


def test_work_that_waits_is_counted_in_the_words() -> None:
    told = standing(AGREED, Parked(pending=3), signed_in=False)
    assert str(told.words) == "Signed out; 3 changes are kept here until you sign in."


def test_the_command_line_says_one_of_the_agreed_words() -> None:
    agreed = {"up_to_date", "waiting", "fetching", "offline", "needs_you", "signed_out"}
    assert {state.in_json for state in State} == agreed
