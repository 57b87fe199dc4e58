"""The clocks of a complaint: what was promised by when, in working time (domain.md §4.8).

Pure: a complaint, the steps it took and a calendar give the clocks; a clock and a moment give how
it stands. Steps count by the moment they happened, in whatever order they arrived, so that two
devices and the server tell the same time.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from itertools import pairwise

import msgspec

from crm_core.machines import MACHINES
from crm_core.working_time import NOTHING, WorkingCalendar

WARN_FROM = 0.75
"""Share of the target from which a clock warns (look.md)."""


class ClockKind(StrEnum):
    """What is measured, each from the receipt of the complaint."""

    ACKNOWLEDGE = "acknowledge"
    ASSESS = "assess"
    ANSWER = "answer"
    RESOLVE = "resolve"


class ClockState(StrEnum):
    """How a clock stands. `NOT_NEEDED`: the complaint ended before it was asked for."""

    RUNNING = "running"
    WARN = "warn"
    BREACHED = "breached"
    PAUSED = "paused"
    DONE = "done"
    NOT_NEEDED = "not_needed"


ENDED = frozenset(("closed", "followed_up", "duplicate", "rejected"))
"""Stages in which a complaint is not open any more."""

_VOID = frozenset(("duplicate", "rejected"))
_RESOLVED = frozenset(("resolved", "closed", "followed_up"))
_ANSWERED = _RESOLVED | {"answered", "recovering", "reopened"}
_ASSESSED = _ANSWERED | {"assessed", "investigating", "waiting_customer", "waiting_third_party"}

_STOPPED_BY: Mapping[ClockKind, frozenset[str]] = {
    ClockKind.ACKNOWLEDGE: _ASSESSED | {"acknowledged"},
    ClockKind.ASSESS: _ASSESSED,
    ClockKind.ANSWER: _ANSWERED,
    ClockKind.RESOLVE: _RESOLVED,
}

_RESUMING = frozenset((ClockKind.RESOLVE,))
"""Reopening resumes these and resets nothing; what was answered once stays answered."""


def _hours(**targets: float) -> dict[ClockKind, dt.timedelta]:
    return {ClockKind(kind): dt.timedelta(hours=hours) for kind, hours in targets.items()}


_DEFAULT_TARGETS: Mapping[str, Mapping[ClockKind, dt.timedelta]] = {
    "critical": _hours(acknowledge=1, assess=2, answer=4, resolve=16),
    "major": _hours(acknowledge=4, assess=8, answer=16, resolve=40),
    "minor": _hours(acknowledge=8, assess=16, answer=40, resolve=80),
}
_DEFAULT_FACTORS: Mapping[str, float] = {"A": 0.5}


class ServiceLevels(msgspec.Struct, frozen=True):
    """What is promised: working time by severity and clock, shortened by the account's grade.

    Acknowledge and resolve are domain.md's defaults; assess and answer lie between them.
    """

    targets: Mapping[str, Mapping[ClockKind, dt.timedelta]] = msgspec.field(
        default_factory=lambda: _DEFAULT_TARGETS
    )
    factors: Mapping[str, float] = msgspec.field(default_factory=lambda: _DEFAULT_FACTORS)
    paused_in: frozenset[str] = frozenset(("waiting_customer", "waiting_third_party"))
    unassessed_as: str = "major"
    """A complaint whose severity nobody has judged yet is not assumed to be a small one."""

    def target(self, kind: ClockKind, severity: str | None, grade: str | None) -> dt.timedelta:
        """The working time until a clock's due moment."""
        of_severity = self.targets.get(severity or "") or self.targets[self.unassessed_as]
        return of_severity[kind] * self.factors.get(grade or "", 1.0)


class Step(msgspec.Struct, frozen=True):
    """A stage that a complaint came to, and when."""

    at: dt.datetime
    state: str


class Case(msgspec.Struct, frozen=True):
    """What the clocks need to know of a complaint. `changed_at`: when it was last changed, for a
    stage of which the log knows nothing."""

    received_at: dt.datetime
    state: str = "received"
    severity: str | None = None
    grade: str | None = None
    steps: Sequence[Step] = ()
    changed_at: dt.datetime | None = None


class Clock(msgspec.Struct, frozen=True):
    """One clock, as of the last step: `worked` until then, running on `since` a moment, if it is.

    `due_at` is None while it is paused in time: nobody knows how long that will last.
    """

    kind: ClockKind
    target: dt.timedelta
    worked: dt.timedelta
    since: dt.datetime | None = None
    due_at: dt.datetime | None = None
    stopped_at: dt.datetime | None = None
    is_void: bool = False


class Reading(msgspec.Struct, frozen=True):
    """How a clock stands at a moment, in working time. `left` is negative when it is late;
    `is_estimated`: the due moment lies where no calendar of holidays was published yet."""

    kind: ClockKind
    state: ClockState
    target: dt.timedelta
    worked: dt.timedelta
    due_at: dt.datetime | None
    stopped_at: dt.datetime | None
    is_estimated: bool = False

    @property
    def left(self) -> dt.timedelta:
        """Working time until the target; below zero behind it."""
        return self.target - self.worked

    @property
    def fraction(self) -> float:
        """The share of the target that has passed; above 1 when late."""
        return self.worked / self.target

    @property
    def is_late(self) -> bool:
        """Whether more has passed than was promised, also of a clock that is done."""
        return self.worked > self.target

    @property
    def order(self) -> tuple[int, dt.timedelta]:
        """Sorts readings: the least time left first, then the paused ones, then those done."""
        return _ORDER[self.state], self.left


_ORDER: Mapping[ClockState, int] = {
    ClockState.BREACHED: 0,
    ClockState.WARN: 0,
    ClockState.RUNNING: 0,
    ClockState.PAUSED: 1,
    ClockState.DONE: 2,
    ClockState.NOT_NEEDED: 3,
}


def clocks_of(
    case: Case, levels: ServiceLevels | None = None, calendar: WorkingCalendar | None = None
) -> tuple[Clock, ...]:
    """The clocks of a complaint, in the order of `ClockKind`."""
    levels, calendar = levels or ServiceLevels(), calendar or WorkingCalendar()
    walk = _walk(case)
    return tuple(
        _clock(kind, levels.target(kind, case.severity, case.grade), walk, levels, calendar)
        for kind in ClockKind
    )


def read_clock(clock: Clock, now: dt.datetime, calendar: WorkingCalendar | None = None) -> Reading:
    """How a clock stands. Between two steps of a complaint this is all that has to be done anew."""
    calendar = calendar or WorkingCalendar()
    worked = clock.worked
    if clock.since is not None and now > clock.since:
        worked += calendar.between(clock.since, now)
    return Reading(
        clock.kind, _state(clock, worked), clock.target, worked, clock.due_at, clock.stopped_at,
        is_estimated=clock.due_at is not None and not calendar.covers(clock.due_at),
    )  # fmt: skip


def pressing(readings: Iterable[Reading]) -> Reading | None:
    """The clock that a list shows for a complaint: the one with the least time left; where none
    runs any more, the last one."""
    found = sorted(readings, key=lambda reading: reading.order)
    if not found:
        return None
    if found[0].state in (ClockState.DONE, ClockState.NOT_NEEDED):
        return max(found, key=lambda reading: [*ClockKind].index(reading.kind))
    return found[0]


def is_open(state: str | None) -> bool:
    """Whether something has still to be done about a complaint."""
    return (state or MACHINES["complaint"].initial) not in ENDED


def _walk(case: Case) -> tuple[Step, ...]:
    """The stages in order of time, from the receipt on, ending with the present one."""
    initial = MACHINES["complaint"].initial
    steps = [Step(case.received_at, initial)]
    for step in sorted(case.steps, key=lambda step: step.at):
        if step.state != steps[-1].state:  # the same step, walked on two devices
            steps.append(Step(max(step.at, case.received_at), step.state))
    if steps[-1].state != case.state:
        # Changed where no event was written, or taken back: the last change tells best when.
        steps.append(Step(max(case.changed_at or steps[-1].at, steps[-1].at), case.state))
    return tuple(steps)


def _clock(
    kind: ClockKind,
    target: dt.timedelta,
    walk: Sequence[Step],
    levels: ServiceLevels,
    calendar: WorkingCalendar,
) -> Clock:
    worked, due_at, stopped_at = NOTHING, None, None
    for step, following in pairwise((*walk, None)):
        assert step is not None
        stops = step.state in _STOPPED_BY[kind]
        if stops or (stopped_at is not None and kind not in _RESUMING):
            stopped_at = stopped_at or step.at
            continue
        if step.state in _VOID:
            return Clock(kind, target, worked, stopped_at=stopped_at or step.at, is_void=True)
        stopped_at = None
        if step.state in levels.paused_in:
            due_at = due_at if worked >= target else None
            continue
        if worked < target:
            due_at = calendar.after(step.at, target - worked)
        if following is None:
            return Clock(kind, target, worked, since=step.at, due_at=due_at)
        worked += calendar.between(step.at, following.at)
    return Clock(kind, target, worked, due_at=due_at, stopped_at=stopped_at)


def _state(clock: Clock, worked: dt.timedelta) -> ClockState:
    if clock.is_void:
        return ClockState.NOT_NEEDED
    if clock.stopped_at is not None:
        return ClockState.DONE
    if worked > clock.target:
        return ClockState.BREACHED
    if clock.since is None:
        return ClockState.PAUSED
    return ClockState.WARN if worked > clock.target * WARN_FROM else ClockState.RUNNING
