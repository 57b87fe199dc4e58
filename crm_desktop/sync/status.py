"""The honest status: "up to date" is said only where it is proved (sync.md §0.8)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from crm_core.i18n import Message, tr_noop
from crm_desktop.models.replica import Parked, SyncState
from crm_desktop.sync.failures import FailureClass


class State(StrEnum):
    """What `status` answers with."""

    UP_TO_DATE = "up_to_date"
    WAITING = "waiting"
    FETCHING = "fetching"
    OFFLINE = "offline"
    NEEDS_YOU = "needs_you"
    SIGNED_OUT = "signed_out"


WORDS = {
    State.UP_TO_DATE: tr_noop("Everything up to {when} is here."),
    State.WAITING: tr_noop("{count} changes wait to be sent."),
    State.FETCHING: tr_noop("Fetching; not everything is here yet."),
    State.OFFLINE: tr_noop("Offline; {count} changes wait to be sent."),
    State.NEEDS_YOU: tr_noop("{count} things wait for your decision."),
    State.SIGNED_OUT: tr_noop("Signed out; {count} changes are kept here until you sign in."),
}


@dataclass(frozen=True, slots=True)
class Standing:
    """The state, and the words for it."""

    state: State
    words: Message


def standing(sync: SyncState, parked: Parked, *, signed_in: bool, last_run: str = "") -> Standing:
    """What may honestly be said. `last_run`: "" or the `FailureClass` that ended the last run."""
    state = _state(sync, parked, signed_in=signed_in, last_run=last_run)
    count = parked.needs_you if state is State.NEEDS_YOU else parked.pending
    return Standing(state, Message(WORDS[state], {"count": count, "when": sync.verified_at}))


def _state(sync: SyncState, parked: Parked, *, signed_in: bool, last_run: str) -> State:
    if not signed_in or last_run == FailureClass.AUTH:
        return State.SIGNED_OUT
    if parked.needs_you:
        return State.NEEDS_YOU
    if last_run in (FailureClass.TRANSPORT, FailureClass.THROTTLE):
        return State.OFFLINE
    if parked.pending:
        return State.WAITING
    return State.UP_TO_DATE if is_proved(sync, parked) else State.FETCHING


def is_proved(sync: SyncState, parked: Parked) -> bool:
    """Whether both sides' digests agreed at the cursor and nothing is on its way or parked."""
    agreed = bool(sync.verified_at) and sync.verified_cursor == sync.cursor
    still = not (parked.pending or parked.unconfirmed or parked.needs_you or parked.blocked)
    return agreed and still and not sync.pull_open
