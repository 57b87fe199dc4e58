"""Lanes: where work happens that must not hold up the window.

One ordered write lane, two read workers, one network worker, one for files, one behind
for what gives way to all of them. A job takes plain data and returns
plain data; its outcome reaches the GUI thread by one queued signal, and is dropped if the object
that asked has died by then.
"""

from __future__ import annotations

import itertools
import logging
import threading
import weakref
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from inspect import ismethod
from typing import Any, TypeVar

import msgspec
from PySide6.QtCore import QObject, Qt, Signal, Slot
from shiboken6 import Shiboken

from crm_core.errors import Bug, CrmError
from crm_core.i18n import tr_noop
from crm_desktop.runtime.sweeper import Sweeper

log = logging.getLogger(__name__)

T = TypeVar("T")

READ_WORKERS = 2
"""Two: a slow search must not hold up the list beside it; more would only share two cores."""

_JOIN_TIMEOUT_S = 10.0


def _nothing(_outcome: object) -> None:
    """What happens to an outcome that nobody waits for."""


@dataclass(frozen=True, eq=False)
class _Task:
    """A job, who asked for it and what to do with its outcome."""

    job: Callable[[], Any]
    owner: weakref.ref[QObject]
    then: Callable[[], Callable[[Any], None] | None]
    failed: Callable[[], Callable[[CrmError], None] | None]
    supersede: str = ""
    number: int = 0


@dataclass(frozen=True, eq=False)
class _Outcome:
    """What became of a task: a value or an error."""

    task: _Task
    value: Any = None
    error: CrmError | None = None


class Put(Enum):
    """What became of a task: queued, queued instead of another, or refused by a closing lane."""

    QUEUED = auto()
    REPLACED = auto()
    REFUSED = auto()


class _Lane(msgspec.Struct):
    """A queue with its workers; `supersede` keys replace a queued predecessor in its place."""

    name: str
    workers: int
    deliver: Callable[[_Outcome], None]
    _queue: deque[_Task] = msgspec.field(default_factory=deque[_Task])
    _wakes: threading.Condition = msgspec.field(default_factory=threading.Condition)
    _threads: list[threading.Thread] = msgspec.field(default_factory=list[threading.Thread])
    _closing: bool = False

    def put(self, task: _Task) -> Put:
        """Queue a task; a task of the same owner and key that has not started is replaced."""
        with self._wakes:
            if self._closing:
                return Put.REFUSED
            replaced = bool(task.supersede) and self._drop_predecessor(task)
            self._queue.append(task)
            self._start_worker()
            self._wakes.notify()
        return Put.REPLACED if replaced else Put.QUEUED

    def close(self) -> None:
        """Finish what is queued, then end the workers."""
        with self._wakes:
            self._closing = True
            self._wakes.notify_all()
        for thread in self._threads:
            thread.join(_JOIN_TIMEOUT_S)

    def _drop_predecessor(self, task: _Task) -> bool:
        for queued in self._queue:
            if queued.supersede == task.supersede and queued.owner() is task.owner():
                self._queue.remove(queued)
                return True
        return False

    def _start_worker(self) -> None:
        if len(self._threads) >= self.workers:
            return
        name = f"{self.name}-{len(self._threads)}"
        thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _work(self) -> None:
        while True:
            with self._wakes:
                while not self._queue and not self._closing:
                    self._wakes.wait()
                if not self._queue:
                    return
                task = self._queue.popleft()
            self.deliver(_run(task))


class Lanes(QObject):
    """The lanes of one open profile. Owned by the composition root; `close` ends them."""

    _arrived = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._arrived.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        self._sweeper = Sweeper(self)
        self._write = _Lane("write", 1, self._send)
        self._read = _Lane("read", READ_WORKERS, self._send)
        self._network = _Lane("network", 1, self._send)
        self._behind = _Lane("behind", 1, self._send)
        self._files = _Lane("files", 1, self._send)
        self._count = threading.Lock()
        self._on_the_way = 0
        self._numbers = itertools.count(1)
        self._newest = weakref.WeakKeyDictionary[QObject, dict[str, int]]()

    def write(
        self,
        job: Callable[[], T],
        then: Callable[[T], None] = _nothing,
        *,
        owner: QObject,
        failed: Callable[[CrmError], None] = _nothing,
    ) -> None:
        """Run a job that changes the store, after all that were asked for before it."""
        self._put(self._write, _task(job, owner, then, failed))

    def read(
        self,
        job: Callable[[], T],
        then: Callable[[T], None],
        *,
        owner: QObject,
        failed: Callable[[CrmError], None] = _nothing,
        supersede: str = "",
    ) -> None:
        """Run a job that only reads; with `supersede` it replaces a queued one of that name, and
        what an older one finds is dropped where it comes after what a newer one found."""
        number = next(self._numbers)
        self._put(self._read, _task(job, owner, then, failed, supersede, number))

    def network(
        self,
        job: Callable[[], T],
        then: Callable[[T], None] = _nothing,
        *,
        owner: QObject,
        failed: Callable[[CrmError], None] = _nothing,
    ) -> None:
        """Run a job that talks to the server."""
        self._put(self._network, _task(job, owner, then, failed))

    def files(
        self,
        job: Callable[[], T],
        then: Callable[[T], None] = _nothing,
        *,
        owner: QObject,
        failed: Callable[[CrmError], None] = _nothing,
    ) -> None:
        """Run a job that sends or fetches files: however long it takes, nothing waits for it."""
        self._put(self._files, _task(job, owner, then, failed))

    def behind(
        self,
        job: Callable[[], T],
        then: Callable[[T], None] = _nothing,
        *,
        owner: QObject,
        failed: Callable[[CrmError], None] = _nothing,
    ) -> None:
        """Run a job beside all others, which it is to let pass (`Store.writing_behind`)."""
        self._put(self._behind, _task(job, owner, then, failed))

    def in_write_lane(self, piece: Callable[[], T]) -> T:
        """Run a piece of a network job in the write lane and wait for it; never call it from
        the GUI thread. Errors of the piece are raised here."""
        done = threading.Event()
        outcomes: list[_Outcome] = []
        inner = _task(piece, self, _nothing, _nothing)

        def run() -> None:
            outcomes.append(_run(inner))
            done.set()

        if not self._put(self._write, _task(run, self, _nothing, _nothing)):
            raise Bug(tr_noop("The window closed while the store was being written."))
        done.wait()
        outcome = outcomes[0]
        if outcome.error is not None:
            raise outcome.error
        return outcome.value

    def report(self, value: T, to: Callable[[T], None], *, owner: QObject) -> None:
        """From within a job: hand something to the GUI thread before the job is done."""
        with self._count:
            self._on_the_way += 1
        self._send(_Outcome(_task(_nothing_to_do, owner, to, _nothing), value))

    @property
    def is_idle(self) -> bool:
        """Whether nothing is queued, running or waiting to be delivered."""
        return self._on_the_way == 0

    def close(self) -> None:
        """End the lanes: what is queued to be written is written, the rest is waited for."""
        for lane in (self._behind, self._files, self._network, self._read, self._write):
            lane.close()
        self._sweeper.close()

    def _put(self, lane: _Lane, task: _Task) -> bool:
        with self._count:
            replaced = lane.put(task)
            self._on_the_way += {Put.QUEUED: 1, Put.REPLACED: 0, Put.REFUSED: 0}[replaced]
        return replaced is not Put.REFUSED

    def _send(self, outcome: _Outcome) -> None:
        if Shiboken.isValid(self):
            self._arrived.emit(outcome)

    @Slot(object)
    def _deliver(self, outcome: _Outcome) -> None:
        with self._count:
            self._on_the_way -= 1
        owner = outcome.task.owner()
        if owner is None or not Shiboken.isValid(owner) or self._is_overtaken(outcome.task, owner):
            return
        if outcome.error is not None:
            failed = outcome.task.failed()
            if failed is not None:
                failed(outcome.error)
            return
        then = outcome.task.then()
        if then is not None:
            then(outcome.value)

    def _is_overtaken(self, task: _Task, owner: QObject) -> bool:
        """Whether a newer task of its owner and name was delivered: two workers read at once."""
        if not task.supersede:
            return False
        newest = self._newest.setdefault(owner, {})
        if task.number < newest.get(task.supersede, 0):
            return True
        newest[task.supersede] = task.number
        return False


def _run(task: _Task) -> _Outcome:
    """The task boundary: whatever happens in a job, its owner hears of it."""
    try:
        return _Outcome(task, task.job())
    except CrmError as error:
        return _Outcome(task, error=error)
    except Exception as error:
        log.exception("a job failed")
        bug = Bug(tr_noop("Something went wrong ({kind})."), kind=type(error).__name__)
        bug.__cause__ = error
        return _Outcome(task, error=bug)


def _task(
    job: Callable[[], Any],
    owner: QObject,
    then: Callable[[Any], None],
    failed: Callable[[CrmError], None],
    supersede: str = "",
    number: int = 0,
) -> _Task:
    return _Task(job, weakref.ref(owner), _reference(then), _reference(failed), supersede, number)


def _reference(call: Callable[[Any], None]) -> Callable[[], Callable[[Any], None] | None]:
    """A method is held weakly, so that a waiting outcome keeps nobody alive."""
    if ismethod(call):
        return weakref.WeakMethod(call)
    return lambda: call


def _nothing_to_do() -> None:
    """The job of an outcome that is there already."""
