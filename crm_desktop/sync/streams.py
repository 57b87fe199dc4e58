"""Streams that run ahead: fetching and decoding on their own thread, while rows are inserted."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, suppress
from typing import Any, Protocol

from crm_core.errors import Bug, CrmError, Unavailable
from crm_core.i18n import tr_noop
from crm_core.wire import PullItem, PullRequest, PushRequest, PushResponse
from crm_desktop.background import in_background
from crm_desktop.sync.ports import Server

AHEAD_ITEMS = 4
"""Pages decoded in advance; each holds at most 1,000 rows, so memory stays bounded."""


class Stream(Protocol):
    """An open pull."""

    def next(self) -> PullItem | None:
        """The next item, None at the end; raises what went wrong on the way."""
        ...

    def interrupt(self) -> None:
        """Wake whoever waits for an item (from any thread)."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


def send_aside(server: Server, request: PushRequest) -> Future[PushResponse]:
    """Send a push on a thread of its own, while the answer to the former one is written."""
    return in_background(lambda: server.push(request), "push-aside")


def open_stream(server: Server, request: PullRequest) -> Stream:
    """Open a pull. What is here in one piece needs no thread."""
    opened = server.pull(request)
    items = opened.__enter__()  # the status line is here; its failures raise here
    return Here(opened, items) if isinstance(items, Sequence) else ReadAhead(opened, items)


class Here:
    """A pull that has come as a whole."""

    def __init__(
        self, stream: AbstractContextManager[Iterable[PullItem]], items: Sequence[PullItem]
    ) -> None:
        stream.__exit__(None, None, None)
        self._items = deque(items)

    def next(self) -> PullItem | None:
        """The next item, None at the end."""
        return self._items.popleft() if self._items else None

    def interrupt(self) -> None:
        """Nobody waits here."""

    def close(self) -> None:
        """Let go of what is left."""
        self._items.clear()


class ReadAhead:
    """Reads a stream on its own thread, a few items ahead of whoever takes them."""

    def __init__(
        self, stream: AbstractContextManager[Iterable[PullItem]], items: Iterable[PullItem]
    ) -> None:
        self._queue: queue.Queue[PullItem | BaseException | None] = queue.Queue(AHEAD_ITEMS)
        self._closing = threading.Event()
        self._thread = threading.Thread(
            target=self._read, args=(stream, items), name="pull-ahead", daemon=True
        )
        self._thread.start()

    def next(self) -> PullItem | None:
        """The next item, None at the end; raises what the reading raised."""
        item = self._queue.get()
        if isinstance(item, BaseException):
            raise item
        return item

    def interrupt(self) -> None:
        """Wake whoever waits for an item; with items at hand nobody waits."""
        with suppress(queue.Full):
            self._queue.put_nowait(stopped())

    def close(self) -> None:
        """Let go of the stream; the thread ends with its current read at the latest."""
        self._closing.set()
        while self._thread.is_alive():
            _drain(self._queue)
            self._thread.join(timeout=0.01)
            if self._queue.empty():
                return

    def _read(
        self, stream: AbstractContextManager[Iterable[PullItem]], items: Iterable[PullItem]
    ) -> None:
        # Whoever waits hears of any end, one that nobody foresaw included.
        last: CrmError | None = Bug(tr_noop("Reading the stream broke off."))
        try:
            for item in items:
                if self._closing.is_set():
                    break
                self._queue.put(item)
            last = None
        except CrmError as failure:
            last = failure
        finally:
            stream.__exit__(None, None, None)
            self._queue.put(last)


class Stopped(Unavailable):
    """The run was ended from outside."""


def stopped() -> Stopped:
    """What a run that was stopped ends with."""
    return Stopped(tr_noop("Synchronising was stopped; it goes on the next time."))


def _drain(waiting: queue.Queue[Any]) -> None:
    try:
        while True:
            waiting.get_nowait()
    except queue.Empty:
        return
