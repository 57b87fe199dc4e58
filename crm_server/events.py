"""`GET /events`: devices that listen for hints, as server-sent events.

One thread a process asks each organisation's clock while anybody of it listens, at once where this
process has taken a push; the streams themselves cost nothing until there is something to tell
(adr/0056).
"""

from __future__ import annotations

import asyncio
import logging
import random
import signal
import threading
import time
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import FrameType

from crm_core.errors import CrmError, Refused, Unavailable
from crm_core.i18n import tr_noop
from crm_server.auth import hash_of
from crm_server.hints import Board, Listener, News
from crm_server.organisations import Organisation
from crm_server.service import Principal

POLL_S = 0.05
POLL_SHARE = 20
"""Asking takes at most one part in so many of a core, however many organisations there are."""

CHECK_S = 5.0
"""How often it is asked whether the listeners' tokens are still good."""

HEARTBEAT_S = 20.0
"""A line that says nothing, so that both ends notice when the connection is gone."""

LISTENERS_MAX = 2_000
"""In one process; each holds a connection."""

FILES = 3 * LISTENERS_MAX
"""What a process may have open, where the system grants it: the listeners' connections, and those
of the requests that follow on a hint."""

BUSY_S = 60
"""After so long a device that found no place may ask again."""

FAILED_WAIT_S = 2.0
MEDIA_TYPE = "text/event-stream"
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
"""Nothing on the way may keep a hint until there are more of them."""

log = logging.getLogger(__name__)


@dataclass(eq=False, slots=True)
class _Room:
    """One organisation of which somebody listens."""

    organisation: Organisation
    board: Board = field(default_factory=Board)
    checked_s: float = field(default_factory=time.monotonic)
    failed: bool = False


class Events:
    """All who listen in this process. Opened and closed with the application."""

    def __init__(self) -> None:
        self._rooms: dict[str, _Room] = {}
        self._wakes = threading.Condition()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._woken: dict[Listener, asyncio.Event] = {}
        self._dice = random.Random()
        self._news = threading.Event()
        self._ending = threading.Event()

    @contextmanager
    def opened(self) -> Generator[None]:
        """While this is open devices may listen; a signal that ends the process ends the streams
        first, for which the server would wait otherwise. Called on the event loop."""
        self._loop = asyncio.get_running_loop()
        self._ending.clear()
        make_room()
        try:
            with self._ended_by_signals():
                yield
        finally:
            self.close()

    def close(self) -> None:
        """End all streams, and the thread."""
        self._ending.set()
        self._news.set()
        with self._wakes:
            self._wakes.notify_all()
        for listener, woken in [*self._woken.items()]:
            listener.is_over = True
            woken.set()

    def look(self) -> None:
        """Something was written in this process: it is looked at once whom it concerns."""
        self._news.set()

    @contextmanager
    def _ended_by_signals(self) -> Generator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {name: signal.getsignal(name) for name in (signal.SIGINT, signal.SIGTERM)}

        def end(number: int, frame: FrameType | None) -> None:
            self._on_the_loop(self.close)
            then = before[signal.Signals(number)]
            if callable(then):
                then(number, frame)

        for name in before:
            signal.signal(name, end)
        try:
            yield
        finally:
            for name, handler in before.items():
                if signal.getsignal(name) is end:
                    signal.signal(name, handler)

    # -- coming and going ---------------------------------------------------------------------

    def admit(self, there: Organisation, who: Principal, token: str, since: int) -> Listener:
        """Let a device listen that has everything up to `since`. Raises Refused where there is no
        place, Unavailable where the server is about to end. May block."""
        if self._ending.is_set() or self._loop is None:
            raise Unavailable(tr_noop("The server is about to end."))
        if sum(len(room.board) for room in [*self._rooms.values()]) >= LISTENERS_MAX:
            raise _no_place()
        room = self._room(there)
        listener = Listener(who.user, who.device, hash_of(token), since)
        with there.service.store.read() as tx:
            has_place = room.board.join(tx, listener)
        if not has_place:
            raise _no_place()
        self._on_the_loop(lambda: self._wake([x for x in room.board if x.is_over]))
        self._go_on()
        return listener

    def _on_the_loop(self, call: Callable[[], None]) -> None:
        if self._loop is not None:
            with suppress(RuntimeError):  # it has ended, and the streams with it
                self._loop.call_soon_threadsafe(call)

    def _room(self, there: Organisation) -> _Room:
        with self._wakes:
            return self._rooms.setdefault(there.slug, _Room(there))

    def _go_on(self) -> None:
        with self._wakes:
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="hints", daemon=True)
                self._thread.start()
            self._wakes.notify_all()

    def _wake(self, listeners: list[Listener]) -> None:
        for listener in listeners:
            woken = self._woken.get(listener)
            if woken is not None:
                woken.set()

    async def lines(self, there: Organisation, listener: Listener) -> AsyncGenerator[bytes]:
        """What is sent to a device, until its token is no longer good."""
        woken = self._woken[listener] = asyncio.Event()
        try:
            yield b":\n\n"
            while not listener.is_over:
                now_s = time.monotonic()
                hi = listener.take(now_s)
                if hi:
                    yield b'id: %d\ndata: {"hi":%d}\n\n' % (hi, hi)
                    continue
                wait_s = listener.due_s - now_s if listener.hi else HEARTBEAT_S
                try:
                    async with asyncio.timeout(wait_s):
                        await woken.wait()
                except TimeoutError:
                    if not listener.hi:
                        yield b":\n\n"
                woken.clear()
        finally:
            del self._woken[listener]
            self._rooms[there.slug].board.leave(listener)

    # -- the thread that looks ----------------------------------------------------------------

    def _watch(self) -> None:
        while True:
            with self._wakes:
                while not self._ending.is_set() and not self._listened_to():
                    self._wakes.wait()
                if self._ending.is_set():
                    self._thread = None
                    return
                rooms = self._listened_to()
            self._news.clear()
            before_s = time.thread_time()
            for room in rooms:
                self._look_in(room)
            rested_s = time.monotonic() + (time.thread_time() - before_s) * POLL_SHARE
            self._news.wait(POLL_S)
            self._ending.wait(max(rested_s - time.monotonic(), 0.0))

    def _listened_to(self) -> list[_Room]:
        return [room for room in self._rooms.values() if len(room.board)]

    def _look_in(self, room: _Room) -> None:
        """A database that does not answer is asked again; whoever listens goes on listening."""
        now_s = time.monotonic()
        if room.failed and now_s < room.checked_s:
            return
        try:
            news, over = self._found(room, now_s)
        except CrmError as failure:
            if not room.failed:
                log.warning("no hints: %s", failure)
            room.failed, room.checked_s = True, now_s + FAILED_WAIT_S
            return
        room.failed = False
        if news.concerned or over:
            self._on_the_loop(lambda: self._tell(room, news, over))

    def _found(self, room: _Room, now_s: float) -> tuple[News, list[Listener]]:
        over: list[Listener] = []
        with room.organisation.service.store.read() as tx:
            news = room.board.look(tx)
            if now_s >= room.checked_s + CHECK_S:
                room.checked_s = now_s
                listeners = [*room.board]
                good = room.organisation.auth.good(tx, {x.token for x in listeners})
                over = [x for x in listeners if x.token not in good]
        return news, over

    def _tell(self, room: _Room, news: News, over: list[Listener]) -> None:
        """On the event loop, to which what a listener is told belongs."""
        for listener in over:
            listener.is_over = True
            if listener not in self._woken:  # it never came to read
                room.board.leave(listener)
        now_s, concerned = time.monotonic(), [*news.concerned]
        self._dice.shuffle(concerned)
        for place, listener in enumerate(concerned):
            listener.note(news.hi, now_s, place)
        self._wake([*over, *concerned])


def make_room() -> None:
    """Raise the limit of open files, which is 1,024 on most systems unless somebody asks for more;
    Windows has none."""
    try:
        import resource
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _no_place() -> Refused:
    return Refused("server.busy", tr_noop("Too many devices listen."), seconds=BUSY_S)
