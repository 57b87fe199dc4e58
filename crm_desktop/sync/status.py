"""The honest status: "up to date" is said only where it is proved (sync.md §0.8)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from crm_core.problems import words_for
from crm_desktop.i18n import tr, tr_n, words
from crm_desktop.models.replica import Parked, SyncState
from crm_desktop.sync.failures import FailureClass


class State(StrEnum):
    """How this device and the server stand. `status` prints `in_json`."""

    UP_TO_DATE = "up_to_date"
    WAITING = "waiting"
    FETCHING = "fetching"
    OFFLINE = "offline"
    TROUBLE = "trouble"
    NEEDS_YOU = "needs_you"
    SIGNED_OUT = "signed_out"

    @property
    def in_json(self) -> str:
        """The agreed name: whoever reads it knows no trouble, only that nothing gets through."""
        return State.OFFLINE.value if self is State.TROUBLE else self.value


@dataclass(frozen=True, slots=True)
class Standing:
    """The state, and the words for it."""

    state: State
    words: str


def standing(sync: SyncState, parked: Parked, *, signed_in: bool, last_run: str = "") -> Standing:
    """What may honestly be said. `last_run`: "" or the `FailureClass` that ended the last run."""
    state = _state(sync, parked, signed_in=signed_in, last_run=last_run)
    if state is State.FETCHING and sync.in_sight:
        return Standing(state, tr("Today is here; the rest is still to come."))
    count = parked.needs_you if state is State.NEEDS_YOU else parked.pending
    told = _TROUBLES.get(last_run) if state is State.TROUBLE else None
    said = (told or WORDS[state])(count, sync.verified_at)
    return Standing(state, " ".join(filter(None, (said, held_words(parked.held)))))


def held_words(n: int) -> str:
    """How much of what waits this user holds back; "" for nothing."""
    if not n:
        return ""
    return tr_n("You hold {n} change back.", "You hold {n} changes back.", n)


def _state(sync: SyncState, parked: Parked, *, signed_in: bool, last_run: str) -> State:
    if not signed_in or last_run == FailureClass.AUTH:
        return State.SIGNED_OUT
    if parked.needs_you:
        return State.NEEDS_YOU
    if last_run:
        # Whatever it was: the proof is older than the last try, and is not spoken of.
        return State.OFFLINE if last_run == FailureClass.TRANSPORT else State.TROUBLE
    if parked.pending:
        return State.WAITING
    return State.UP_TO_DATE if is_proved(sync, parked) else State.FETCHING


def _busy(n: int, _verified_at: str) -> str:
    return tr_n(
        "The server has a problem; {n} change waits to be sent.",
        "The server has a problem; {n} changes wait to be sent.",
        n,
    )


def _outdated(_n: int, _verified_at: str) -> str:
    return words(words_for("request.too_old", {}))


_TROUBLES: Mapping[str, Callable[[int, str], str]] = {
    FailureClass.THROTTLE: _busy,
    FailureClass.OUTDATED: _outdated,
}


def is_proved(sync: SyncState, parked: Parked) -> bool:
    """Whether both sides' digests agreed at the cursor and nothing is on its way or parked."""
    agreed = bool(sync.verified_at) and sync.verified_cursor == sync.cursor
    still = not (parked.pending or parked.unconfirmed or parked.needs_you or parked.blocked)
    return agreed and still and not sync.pull_open


WORDS: Mapping[State, Callable[[int, str], str]] = {
    State.UP_TO_DATE: lambda _, when: tr("Everything up to {when} is here.", when=when),
    State.WAITING: lambda n, _: tr_n(
        "{n} change waits to be sent.", "{n} changes wait to be sent.", n
    ),
    State.FETCHING: lambda _, __: tr("Fetching; not everything is here yet."),
    State.OFFLINE: lambda n, _: tr_n(
        "Offline; {n} change waits to be sent.", "Offline; {n} changes wait to be sent.", n
    ),
    State.TROUBLE: lambda n, _: tr_n(
        "The last synchronisation failed; {n} change waits to be sent.",
        "The last synchronisation failed; {n} changes wait to be sent.", n,
    ),
    State.NEEDS_YOU: lambda n, _: tr_n(
        "{n} thing waits for your decision.", "{n} things wait for your decision.", n
    ),
    State.SIGNED_OUT: lambda n, _: tr_n(
        "Signed out; {n} change is kept here until you sign in.",
        "Signed out; {n} changes are kept here until you sign in.", n,
    ),
}  # fmt: skip
