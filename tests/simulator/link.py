"""The way between a device and the server, and everything that happens on it."""

from __future__ import annotations

import random
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from crm_core.errors import SignedOut, Unavailable
from crm_core.wire import PullItem, PullRequest, PushRequest, PushResponse, encode
from crm_desktop.sync import failures
from crm_desktop.sync.session import decode_answer, decode_item
from tests.simulator.chance import Fate

GONE = "the line was cut"
CUT_AT_MOST = 12
"""Streams break within so many lines."""

REFUSALS: tuple[tuple[str, int, str], ...] = (
    ("401", 401, "auth.required"),
    ("401 from a proxy", 401, ""),
    ("403", 403, "right.missing"),
    ("403 from a proxy", 403, ""),
    ("409", 409, failures.EPOCH),
    ("409 from a proxy", 409, ""),
    ("413 from a proxy", 413, ""),
    ("429", 429, "server.busy"),
    ("500", 500, "server.failed"),
    ("502 from a proxy", 502, ""),
    ("503", 503, "server.busy"),
)
"""Answers that say nothing about the data that was sent."""


class Answering(Protocol):
    """The server's end: bytes in, bytes out; raises what HTTP would have answered."""

    def push(self, device: str, body: bytes) -> bytes: ...

    def pull(self, device: str, body: bytes) -> Iterator[bytes]: ...


@dataclass
class Weather:
    """How bad the way is: the chance that something happens to a request. `meanwhile`: what others
    do while a device waits for an answer that does not come."""

    dice: random.Random
    badness: float = 0.0
    tell: Callable[[str], None] = lambda _: None
    fate: Fate = field(default_factory=lambda: Fate(0))
    meanwhile: Callable[[str], None] = lambda _: None
    late: list[tuple[str, bytes]] = field(default_factory=list)

    def happens(self, share: float = 1.0) -> bool:
        badness = self.badness
        return badness > 0 and self.dice.random() < badness * share and self.fate.struck()


class Link:
    """One device's way to the server; implements the engine's `Server`."""

    def __init__(
        self, device: str, server: Answering, weather: Weather,
        park: Callable[[str, bytes], None] = lambda _device, _body: None,
    ) -> None:  # fmt: skip
        self._park = park
        self._device = device
        self._server = server
        self._weather = weather

    @property
    def weather(self) -> Weather:
        """How bad this way is."""
        return self._weather

    def lose(self, request: PushRequest) -> None:
        """A push that nobody waits for any more is lost, or arrives late."""
        if self._weather.happens():
            self._weather.tell("(a push that nobody waits for will arrive late)")
            self._weather.late.append((self._device, encode(request)))

    def expect_answer(self) -> None:
        """Nobody waits here."""

    def push(self, request: PushRequest) -> PushResponse:
        body = encode(request)
        weather = self._weather
        self._refuse_perhaps("push")
        if weather.happens(0.5):
            weather.tell("the push is lost on its way")
            if weather.happens():
                weather.tell("(it will arrive late)")
                weather.late.append((self._device, body))
            raise Unavailable(GONE)
        answer = self._server.push(self._device, body)
        if weather.happens(0.5):
            weather.tell("the push arrives twice")
            answer = self._server.push(self._device, body)
        if weather.happens(0.2):
            weather.tell("(the push will arrive once more, late)")
            weather.late.append((self._device, body))
        return self._answered(answer)

    def _answered(self, answer: bytes) -> PushResponse:
        """What comes back of an answer."""
        weather = self._weather
        if weather.happens(0.7):
            weather.tell("the push's answer is lost")
            raise Unavailable(GONE)
        if weather.happens(0.2):
            weather.tell("the push's answer is overtaken by a 502")
            raise failures.of_answer(502, "", {})
        if weather.happens(0.2):
            self._hang("push")
        if weather.happens(0.2):
            weather.tell("the push's answer is cut short")
            answer = answer[: weather.dice.randrange(len(answer))]
        return decode_answer(answer, PushResponse)

    @contextmanager
    def pull(self, request: PullRequest) -> Generator[Iterable[PullItem]]:
        self._refuse_perhaps("pull")
        weather = self._weather
        if weather.happens(0.4):
            weather.tell("the pull is lost on its way")
            raise Unavailable(GONE)
        lines = self._server.pull(self._device, encode(request))
        cut_at = weather.dice.randrange(CUT_AT_MOST)
        try:
            yield self._items(lines, cut_at if weather.happens() else None)
        finally:
            _close(lines)

    def refresh(self) -> None:
        if self._weather.happens(0.5):
            self._weather.tell("the refresh is refused: signed out")
            raise SignedOut("Please sign in again.")
        self._weather.tell("a new token")

    def park(self, body: bytes) -> None:
        weather = self._weather
        if weather.happens():
            weather.tell("the work to be parked is lost on its way")
            raise Unavailable(GONE)
        if weather.happens():
            weather.tell("the work to be parked takes its time")
            weather.meanwhile(self._device)
        self._park(self._device, body)
        if weather.happens():
            weather.tell("the answer to parking is lost")
            raise Unavailable(GONE)

    def _items(self, lines: Iterator[bytes], cut_at: int | None) -> Iterator[PullItem]:
        for number, line in enumerate(lines):
            if number == cut_at:
                self._break(lines, line, number)
            yield decode_item(line)

    def _break(self, lines: Iterator[bytes], line: bytes, number: int) -> None:
        weather = self._weather
        weather.tell(f"the stream breaks at line {number}")
        if weather.happens():
            decode_item(line[: len(line) // 2])
        _close(lines)
        if weather.happens():
            self._hang("pull")
        raise Unavailable(GONE)

    def _hang(self, what: str) -> None:
        """The request arrived, and nothing comes back any more until time runs out."""
        self._weather.tell(f"the {what} hangs")
        self._weather.meanwhile(self._device)
        raise Unavailable(GONE)

    def _refuse_perhaps(self, what: str) -> None:
        refusal = self._weather.dice.choice(REFUSALS)
        if self._weather.happens():
            name, status, code = refusal
            self._weather.tell(f"the {what} is answered with {name}")
            raise failures.of_answer(status, code, {})


def _close(lines: Iterator[bytes]) -> None:
    close = getattr(lines, "close", None)
    if close is not None:
        close()
