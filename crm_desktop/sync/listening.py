"""Listening for hints: a stream of its own on a thread of its own, opened again when it breaks.

What a hint says is only that asking is worth while; the truth stays the pull.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Protocol

import msgspec

from crm_core.errors import CrmError, NotAllowed, Refused, SignedOut
from crm_desktop.sync.failures import Throttled
from crm_desktop.sync.session import decode_answer

PATH_EVENTS = "/events"

SILENCE_S = 50.0
"""Longer than two of the server's beats."""

FIRST_S, MOST_S = 4.0, 300.0
"""Full jitter: a stream that broke is opened again after a part of a time that doubles, so that a
server that was away is not asked by everybody at once."""

HELD_S = 60.0
"""A stream that lasted this long was a good one: what broke before it counts no more."""

UNKNOWN_S = 3600.0
"""A server that knows no hints may know them after its next update."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ticket:
    """With what a device listens: its access token, and how far it has come in the feed."""

    token: str
    cursor: int


@dataclass(frozen=True, slots=True)
class Heard:
    """What came: a hint (`hi` > 0), the opening of the stream, or that the token is no longer good
    (`turned_away`), which a synchronisation sets right or explains."""

    hi: int = 0
    turned_away: bool = False


class Line(Protocol):
    """The way to the server (`HttpLine` is one)."""

    def hints(self, ticket: Ticket, /) -> AbstractContextManager[Iterable[int]]:
        """Open the stream: the places in the feed that are hinted at, 0 for a beat."""
        ...

    def hang_up(self) -> None:
        """End the stream, from any thread."""
        ...


class Patience:
    """How long to wait until the stream is opened again. Times are seconds of one clock."""

    def __init__(self, random: Callable[[], float]) -> None:
        self._random = random
        self._opened_s: float | None = None
        self._failures = 0

    def note_opened(self, now_s: float) -> None:
        """The stream is open."""
        self._opened_s = now_s

    def after_end(self, now_s: float) -> float:
        """The stream has ended, or could not be opened: seconds to wait."""
        if self._opened_s is not None and now_s - self._opened_s >= HELD_S:
            self._failures = 0
        self._opened_s = None
        self._failures += 1
        return self._random() * min(MOST_S, FIRST_S * 2 ** min(self._failures - 1, 30))

    def start_over(self) -> None:
        """There is a reason to believe that it will work now."""
        self._failures = 0


class Listener:
    """Listens while it has a ticket; what it hears is told from its own thread."""

    def __init__(
        self, line: Line, tell: Callable[[Heard], None], random: Callable[[], float]
    ) -> None:
        self._line = line
        self._tell = tell
        self._patience = Patience(random)
        self._wakes = threading.Condition()
        self._ticket: Ticket | None = None
        self._refused = ""
        self._not_before_s = 0.0
        self._is_open = self._stopped = False
        self._thread: threading.Thread | None = None

    def listen(self, ticket: Ticket | None) -> None:
        """Listen with this from now on; None: not until another one comes."""
        with self._wakes:
            self._ticket = ticket
            if ticket is not None and self._thread is None and not self._stopped:
                self._thread = threading.Thread(target=self._work, name="hints", daemon=True)
                self._thread.start()
            self._wakes.notify_all()
        if ticket is None:
            self._line.hang_up()

    def open_anew(self) -> None:
        """The way may be another one by now (the network changed, the computer slept): what is
        open is not trusted, and nothing is waited for."""
        with self._wakes:
            self._patience.start_over()
            self._not_before_s = 0.0
            self._wakes.notify_all()
        self._line.hang_up()

    def stop(self) -> None:
        """End for good; nobody waits for the thread."""
        with self._wakes:
            self._stopped = True
            self._wakes.notify_all()
        self._line.hang_up()

    @property
    def is_open(self) -> bool:
        """Whether hints come."""
        return self._is_open

    def _work(self) -> None:
        while (ticket := self._next()) is not None:
            wait_s = 0.0
            try:
                self._hear(ticket)
            except (SignedOut, NotAllowed):
                self._refused = ticket.token
                self._say(Heard(turned_away=True))
            except Throttled as failure:
                wait_s = failure.retry_after_s
            except Refused:
                wait_s = UNKNOWN_S
            except CrmError as failure:
                log.debug("no hints: %s", failure)
            finally:
                self._is_open = False
            now_s = time.monotonic()
            with self._wakes:
                self._not_before_s = now_s + max(self._patience.after_end(now_s), wait_s)

    def _hear(self, ticket: Ticket) -> None:
        with self._line.hints(ticket) as hints:
            self._patience.note_opened(time.monotonic())
            self._is_open = True
            self._say(Heard())
            for hi in hints:
                if hi:
                    self._say(Heard(hi))

    def _say(self, heard: Heard) -> None:
        if not self._stopped:
            self._tell(heard)

    def _next(self) -> Ticket | None:
        """The ticket to listen with, as soon as there is one and the time has come; None at the
        end. A token that was refused is not shown a second time."""
        with self._wakes:
            while not self._stopped:
                left_s = self._not_before_s - time.monotonic()
                if self._ticket is None or self._ticket.token == self._refused:
                    self._wakes.wait()
                elif left_s > 0:
                    self._wakes.wait(left_s)
                else:
                    return self._ticket
            return None


class HttpLine:
    """Server-sent events over HTTP, on a connection of their own."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._hang_up: Callable[[], None] | None = None

    @contextmanager
    def hints(self, ticket: Ticket) -> Generator[Iterable[int]]:
        """The stream; raises the errors of `sync.failures`."""
        from crm_desktop.sync.http import HttpClient, TimeOuts

        client = HttpClient(self._server, time_outs=TimeOuts(silence_s=SILENCE_S))
        self._hang_up = client.hang_up
        try:
            with client.events(PATH_EVENTS, ticket.token, ticket.cursor) as lines:
                yield hints_in(lines)
        finally:
            self._hang_up = None
            client.close()

    def hang_up(self) -> None:
        """End the stream, from any thread."""
        hang_up = self._hang_up
        if hang_up is not None:
            hang_up()


class _Hint(msgspec.Struct, frozen=True):
    hi: int


def hints_in(lines: Iterable[bytes]) -> Iterator[int]:
    """What the lines of a stream say: places in the feed, and 0 for a comment (a beat). Fields that
    are not ours are passed over. Raises BadAnswer."""
    for line in lines:
        if line.startswith(b":"):
            yield 0
        elif line.startswith(b"data:"):
            yield max(decode_answer(line.removeprefix(b"data:"), _Hint).hi, 0)
