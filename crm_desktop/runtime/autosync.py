"""Synchronises by itself: soon after each save, every few minutes, and when a person asks.

When is decided by `sync.schedule`, how by `sync.runner`; here they meet Qt's clock and the lanes.
"""

from __future__ import annotations

import datetime as dt
import logging
import math
import random
import time
from importlib import import_module
from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal

from crm_core.errors import CrmError
from crm_desktop.dates import time_words
from crm_desktop.models.replica import Parked, Summary, SyncState
from crm_desktop.runtime.hub import DataHub
from crm_desktop.runtime.lanes import Lanes
from crm_desktop.runtime.standing import Standing, time_of_day, time_or_day

if TYPE_CHECKING:
    from crm_desktop.models.file_states import Transfers
    from crm_desktop.profile import Profile
    from crm_desktop.runtime.live import Live
    from crm_desktop.sync.last_run import LastRun
    from crm_desktop.sync.listening import Heard
    from crm_desktop.sync.runner import Run, Runner
    from crm_desktop.sync.schedule import Schedule, Watchdog

FIRST_AFTER_MS = 600
"""The first run waits until the window has been painted."""

WATCH_EVERY_MS = 5_000
"""How often somebody looks whether a run gets anything done."""

log = logging.getLogger(__name__)

_MS = 1000


class _Facts(msgspec.Struct, frozen=True):
    state: SyncState
    parked: Parked
    signed_in: bool
    last_run: LastRun


class Autosync(QObject):
    """Keeps one profile in step with its server. Owned by the composition root.

    Signals: `stood(Standing)` whenever the indicator should change; `run_ended(failure or None)`;
    `withdrawn(bytes)` when IT has withdrawn this device: its unsent work, as the server has it.
    """

    withdrawn = Signal(object)
    stood = Signal(object)
    run_ended = Signal(object)

    def __init__(
        self, profile: Profile, hub: DataHub, lanes: Lanes, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._profile = profile
        self._hub = hub
        self._lanes = lanes
        self._schedule: Schedule | None = None
        self._runner: Runner | None = None
        self._has_connected = self._has_come_through = False
        self._fetched = self._in_sight = 0
        self._sending = 0
        self._files: Transfers | None = None
        self._files_in_all = 0
        self._is_cancelled = self._is_paused = False
        self._pending = 0
        self._is_restarting = False
        self._live: Live | None = None
        self._spares_metered = True
        self._is_sparing = self._wants_all = self._ran_for_all = False
        self._reached, self._access = 0, ""
        self._watchdog: Watchdog | None = None
        self._watch = QTimer(self, interval=WATCH_EVERY_MS)
        self._watch.timeout.connect(self._look_for_progress)
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._run_if_due)
        hub.saved.connect(self._note_save)

    def start(self) -> None:
        """Begin, a moment after the window has come up."""
        QTimer.singleShot(FIRST_AFTER_MS, self, self._begin)

    def sync_now(self) -> None:
        """A person wants it now, and all of it, whatever the network costs."""
        self._wants_all = True
        if self._schedule is not None:
            self._schedule.asked(time.monotonic())
            self._wait()
        else:
            self._begin()

    def stop(self) -> None:
        """End a run in progress at its next step; nothing received is lost."""
        self._timer.stop()
        self._schedule = None
        if self._runner is not None:
            self._runner.stop()
        if self._live is not None:
            self._live.stop()

    @property
    def is_sparing(self) -> bool:
        """Whether what nobody asked for has to wait: bytes are paid for here, a person has not said
        that this is no matter, and nobody wanted everything just now."""
        return self._is_sparing and not self._ran_for_all

    def spare_metered(self, *, spares: bool) -> None:
        """Whether a metered network is to be used for what is needed alone."""
        self._spares_metered = spares
        self._look_at_the_price()

    def look(self) -> None:
        """Say how things stand, without a word to the server."""
        self._show()

    def take_files(self, found: Transfers) -> None:
        """How attached files stand: the indicator says so while they go. What was attached
        meanwhile counts with those before, what was refused does not."""
        before, self._files = self._files, found
        waited, failed = (before.sending, before.failed) if before is not None else (0, 0)
        in_all = self._files_in_all + max(found.sending - waited, 0) - max(found.failed - failed, 0)
        self._files_in_all = max(in_all, found.sending) if found.sending else 0
        if found != before:
            self._show()

    def cancel(self) -> None:
        """A person wants this run to end; what came is kept, and the next goes on from there."""
        if self._runner is not None:
            self._is_cancelled = True
            self._runner.stop()

    def _begin(self) -> None:
        if self._schedule is not None:
            return
        from crm_desktop.sync.schedule import Schedule

        self._schedule = Schedule(random.random, time.monotonic())
        self._show()
        self._wait()

    def _note_save(self) -> None:
        if self._schedule is not None:
            self._schedule.committed(time.monotonic())
            self._wait()
        self._show()

    def _wait(self) -> None:
        due_s = None if self._schedule is None else self._schedule.due_at()
        if due_s is None:
            self._timer.stop()
            return
        self._timer.start(max(math.ceil((due_s - time.monotonic()) * _MS), 0))

    def _run_if_due(self) -> None:
        schedule = self._schedule
        due_s = None if schedule is None else schedule.due_at()
        if schedule is None or due_s is None:
            return
        if due_s > time.monotonic():
            self._wait()
            return
        from crm_desktop.sync.schedule import Watchdog

        schedule.started()
        self._watchdog = Watchdog(time.monotonic())
        self._watch.start()
        self._fetched = 0
        self._is_paused = False
        self._lanes.network(self._run, self._take_run, owner=self, failed=self._take_failure)

    def _look_for_progress(self) -> None:
        """Work that waits behind a run which gets nothing done goes out with the next one."""
        runner, dog = self._runner, self._watchdog
        if runner is None or dog is None or self._is_restarting:
            return
        pending = self._pending > 0
        if dog.is_stuck(time.monotonic(), judged_s=runner.last_judged_s, pending=pending):
            log.warning("%d changes wait and none was judged: starting anew", self._pending)
            self._is_restarting = True
            runner.stop()

    def _run(self) -> Run:
        """In the network lane: one whole synchronisation; its writes go to the write lane."""
        from crm_desktop.beside import second_file
        from crm_desktop.models.outbox import Outbox
        from crm_desktop.sync.runner import Runner
        from crm_desktop.sync.telling import tell_refusals

        runner = Runner(
            Outbox(self._profile.store),
            self._profile.session,
            write=self._lanes.in_write_lane,
            announce=self._pass_on,
        ).with_second(second_file(self._profile), progress=self._pass_progress_on)
        self._ran_for_all, self._wants_all = self._wants_all, False
        runner.is_sparing = self.is_sparing
        self._runner, self._has_connected = runner, True
        run = runner.run()
        if run.failure is None and not run.withdrawn:
            tell_refusals(
                self._profile.store, self._profile.session, write=self._lanes.in_write_lane
            )
        self._reached = runner.reached or self._reached
        self._access = self._profile.session.access
        if self._live is None:
            import_module("PySide6.QtNetwork")  # the window's thread is to wait for no library
        return run

    def _pass_on(self, summary: Summary) -> None:
        self._lanes.report(summary, self._take_summary, owner=self)

    def _pass_progress_on(self, arrived: int, in_sight: int) -> None:
        self._lanes.report((arrived, in_sight), self._take_progress, owner=self)

    def _take_progress(self, progress: tuple[int, int]) -> None:
        self._fetched, self._in_sight = progress
        self._show()

    def _take_summary(self, summary: Summary) -> None:
        self._fetched += len(summary.changed)
        self._hub.announce(summary)
        self._show()

    def _take_run(self, run: Run) -> None:
        if run.withdrawn:
            self.withdrawn.emit(run.left)
            return
        report = run.report
        self._has_come_through = bool(report.pushed or report.pulled)
        self._end(run.failure, pending=bool(run.parked.going), acked=bool(report.pushed))

    def _take_failure(self, error: CrmError) -> None:
        self._has_come_through = False
        self._end(error, pending=False, acked=False)

    def _end(self, failure: CrmError | None, *, pending: bool, acked: bool) -> None:
        from crm_desktop.sync.schedule import RunEnded
        from crm_desktop.sync.streams import Stopped

        self._watch.stop()
        self._runner = None
        if self._is_restarting and isinstance(failure, Stopped):
            failure, pending = None, True
        self._is_restarting = False
        self._sending = 0
        self._fetched = self._in_sight = 0
        self._is_paused, self._is_cancelled = self._is_cancelled, False
        if self._is_paused:
            failure = None  # it ended as was wished; the next run comes in its turn
        if not self._is_paused or self._has_come_through:
            self._remember(failure)
        if self._schedule is not None:
            ended = RunEnded(failure, pending, acked, self._reached)
            self._schedule.ended(time.monotonic(), ended)
            self._wait()
            self._listen(failure)
        self._show()
        self.run_ended.emit(failure)

    def _next_try(self) -> str:
        """When it is tried again by itself after a failure; "" where that is not known."""
        due_s = self._schedule.due_at() if self._schedule is not None else None
        if due_s is None:
            return ""
        wait = dt.timedelta(seconds=max(due_s - time.monotonic(), 0))
        return time_words(dt.datetime.now().astimezone() + wait)

    # Hints, and what the system says

    def _listen(self, failure: CrmError | None) -> None:
        """After each run: go on listening with what it left, if it left something."""
        from crm_desktop.sync.failures import FailureClass, class_of
        from crm_desktop.sync.listening import HttpLine, Ticket

        if self._live is None:
            if failure is not None:
                return
            from crm_desktop.runtime.live import Live

            line = HttpLine(self._profile.settings.server)
            live = self._live = Live(line, self._lanes, self)
            live.heard.connect(self._take_hint)
            live.came_back.connect(self._note_return)
            live.metered_changed.connect(self._look_at_the_price)
            self._look_at_the_price()
        shut_out = failure is not None and class_of(failure) is FailureClass.AUTH
        is_quiet = self._is_sparing or shut_out or not self._access
        self._live.listen(None if is_quiet else Ticket(self._access, self._reached))

    def _take_hint(self, heard: Heard) -> None:
        schedule, now_s = self._schedule, time.monotonic()
        if schedule is None:
            return
        if heard.hi or heard.turned_away:
            schedule.hinted(now_s, heard.hi)
        else:
            schedule.answered(now_s)
        self._wait()

    def _note_return(self) -> None:
        if self._schedule is not None:
            self._schedule.reachable(time.monotonic())
            self._wait()

    def _look_at_the_price(self) -> None:
        """Where bytes are paid for, hints rest and the server is asked less often; afterwards what
        has waited is fetched at once."""
        is_metered = self._live is not None and self._live.is_metered
        is_sparing = is_metered and self._spares_metered
        if is_sparing is self._is_sparing or self._schedule is None:
            return
        self._is_sparing = is_sparing
        self._schedule.spare(sparing=is_sparing)
        if is_sparing and self._live is not None:
            self._live.listen(None)
        elif not is_sparing:
            self._note_return()
        self._show()

    def _remember(self, failure: CrmError | None) -> None:
        store = self._profile.store

        def job() -> None:
            from crm_desktop.sync.last_run import remember

            remember(store, failure, store.now())

        self._lanes.write(job, owner=self)

    def _show(self) -> None:
        self._lanes.write(self._facts, self._tell, owner=self)

    def _facts(self) -> _Facts:
        from crm_desktop.models.outbox import Outbox
        from crm_desktop.sync.last_run import last_run

        outbox = Outbox(self._profile.store)
        # Before the first run nobody asks, since that would load the HTTP library.
        signed_in = not self._has_connected or self._profile.session.signed_in
        return _Facts(outbox.state(), outbox.parked(), signed_in, last_run(self._profile.store))

    def _tell(self, facts: _Facts) -> None:
        from crm_desktop.sync.status import standing

        ended = facts.last_run
        self._pending = facts.parked.going
        found = standing(
            facts.state, facts.parked, signed_in=facts.signed_in, last_run=ended.failure
        )
        if self._runner is not None:
            self._sending = max(self._sending, facts.parked.going)
        verified = facts.state.verified_at
        at = time_of_day(dt.datetime.fromisoformat(verified)) if verified else ""
        since = time_or_day(dt.datetime.fromisoformat(ended.since)) if ended.since else ""
        files = self._files
        self.stood.emit(
            Standing(
                found.state.value, facts.parked.pending, facts.parked.needs_you,
                since, ended.failure, at, self._fetched, self._sending,
                max(self._sending - facts.parked.pending, 0), self._is_paused,
                self._in_sight, bool(facts.state.in_sight), self._is_sparing,
                self._files_in_all, max(self._files_in_all - files.sending, 0) if files else 0,
                files is not None and files.goes_on, files is not None and files.are_photos,
                facts.parked.held, self._next_try(),
            )
        )  # fmt: skip
