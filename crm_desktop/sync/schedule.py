"""When to synchronise: pure, told of events and asked for the next moment (sync.md §2.10).

All times are seconds of one monotonic clock; `random` gives numbers in [0, 1).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from crm_core.errors import CrmError
from crm_desktop.sync.failures import FailureClass, Throttled, class_of

QUIET_S = 1.0
"""A commit after this much quiet goes out at once."""

GATHER_S = 2.0
"""Commits in a row are gathered at most this long."""

PERIOD_S = 300.0
PERIOD_SPREAD = 0.2
"""Every 5 minutes ± 20 %, so that 800 laptops do not ask in step."""

SPARING_PERIOD_S = 1800.0
"""The same where each byte is paid for."""

SLEPT_S = 20.0
"""Clocks that run on for longer than they were watched: the computer slept meanwhile."""

BACK_OFF_FIRST_S = 2.0
BACK_OFF_MAX_S = 600.0

PROGRESS_S = 120.0
"""Online with work waiting and nothing acknowledged for this long: start the engine anew."""


@dataclass(frozen=True, slots=True)
class RunEnded:
    """How a run ended: what failed (None: nothing), whether work is still waiting, and the place in
    the feed up to which everything is here (0: it came to none)."""

    failure: CrmError | None
    pending: bool = False
    acked: bool = False
    reached: int = 0


class Schedule:
    """Decides when the next run starts."""

    def __init__(self, random: Callable[[], float], now_s: float) -> None:
        self._random = random
        self._due_s: float | None = now_s
        self._failures = 0
        self._not_before_s = 0.0
        self._last_commit_s = -QUIET_S
        self._running = False
        self._asked_meanwhile = self._pressed_meanwhile = False
        self._shut_out = False
        self._is_sparing = False
        self._reached = self._hinted = 0

    def due_at(self) -> float | None:
        """The moment of the next run; None while one runs or until somebody signs in."""
        if self._running or self._shut_out:
            return None
        return self._due_s

    def committed(self, now_s: float) -> None:
        """The user changed something."""
        quiet = now_s - self._last_commit_s >= QUIET_S
        self._last_commit_s = now_s
        self._pressed_meanwhile = self._pressed_meanwhile or quiet
        self._wish(now_s if quiet else now_s + GATHER_S)

    def hinted(self, now_s: float, hi: int = 0) -> None:
        """The server has something new, up to a place in the feed (0: it did not say). What is here
        already is no reason to ask; what a run in progress may miss is looked at when it ends."""
        if hi and (hi <= self._reached or self._running):
            self._hinted = max(self._hinted, hi)
            return
        self._wish(now_s)

    def answered(self, now_s: float) -> None:
        """The server was reached on another way: waiting for it longer is pointless."""
        if self._failures:
            self.reachable(now_s)

    def spare(self, *, sparing: bool) -> None:
        """Whether asking costs money here: then it is seldom done without a reason."""
        self._is_sparing = sparing

    def reachable(self, now_s: float) -> None:
        """The network came back, or the computer woke up: waiting longer is pointless."""
        self._failures = 0
        self._wish(now_s, pushing=True)

    def asked(self, now_s: float) -> None:
        """A person wants it now."""
        self._shut_out = False
        self._not_before_s = 0.0
        self._wish(now_s, pushing=True)

    def signed_in(self, now_s: float) -> None:
        """Somebody signed in again."""
        self.asked(now_s)

    def started(self) -> None:
        """A run begins."""
        self._running, self._asked_meanwhile, self._pressed_meanwhile = True, False, False
        self._hinted = 0

    def ended(self, now_s: float, end: RunEnded) -> None:
        """A run ended; plan the next."""
        self._running = False
        self._reached = end.reached or self._reached
        if end.failure is None:
            self._failures = 0
            self._due_s = now_s + self._rest(end)
            return
        self._failures += 1
        self._due_s = now_s + self._back_off()
        if isinstance(end.failure, Throttled):
            self._not_before_s = now_s + end.failure.retry_after_s
            self._due_s = max(self._due_s, self._not_before_s)
        self._shut_out = class_of(end.failure) is FailureClass.AUTH

    def _wish(self, moment_s: float, *, pushing: bool = False) -> None:
        """A reason to run at a moment. During back-off only a `pushing` one shortens it."""
        self._asked_meanwhile = True
        if self._failures and not pushing:
            return
        wanted = max(moment_s, self._not_before_s)
        self._due_s = wanted if self._due_s is None else min(self._due_s, wanted)
        self._due_s = max(self._due_s, self._not_before_s)

    def _rest(self, end: RunEnded) -> float:
        """How long to wait after a run that came through."""
        if self._pressed_meanwhile or self._hinted > self._reached:
            return 0.0
        return GATHER_S if self._asked_meanwhile or end.pending else self._period()

    def _period(self) -> float:
        period_s = SPARING_PERIOD_S if self._is_sparing else PERIOD_S
        return period_s * (1 + PERIOD_SPREAD * (2 * self._random() - 1))

    def _back_off(self) -> float:
        """Full jitter: anywhere between nothing and a ceiling that doubles with each failure."""
        ceiling = min(BACK_OFF_MAX_S, BACK_OFF_FIRST_S * 2 ** min(self._failures - 1, 30))
        return ceiling * self._random()


@dataclass(slots=True)
class Wakefulness:
    """Notices that the computer slept: one of its clocks has gone on for longer than somebody
    watched. The monotonic one stands still meanwhile on some systems, and on others goes on."""

    now_s: float
    wall_s: float

    def has_slept(self, now_s: float, wall_s: float, *, watched_s: float) -> bool:
        """Whether it slept since the last call, which was to be `watched_s` ago."""
        passed_s = max(now_s - self.now_s, wall_s - self.wall_s)
        self.now_s, self.wall_s = now_s, wall_s
        return passed_s - watched_s >= SLEPT_S


@dataclass(slots=True)
class Watchdog:
    """Notices a run that gets nothing done; `since_s` is when the run began, or work began to wait.
    (A stream without bytes is `sync.http`'s to notice.)"""

    since_s: float

    def is_stuck(self, now_s: float, *, judged_s: float, pending: bool) -> bool:
        """Whether work waits and yet the server has judged none since, nor since `judged_s`."""
        if not pending:
            self.since_s = now_s
        return now_s - max(self.since_s, judged_s) >= PROGRESS_S
