"""Pushes under way: which of two arrives first is not said, nor whether one does at all."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future

from typing_extensions import override

from crm_core.errors import CrmError
from crm_core.wire import PushRequest, PushResponse
from crm_desktop.sync.ports import Server
from tests.simulator.link import Link

SLOW, BOTH_SLOW = 0.35, 0.5
"""The shares of pushes that take their time, and of those behind a slow one that do as well."""


class Post:
    """The pushes of one run. Without threads: a slow one arrives when it is heard at the latest."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._slow: list[UnderWay] = []

    def send(self, _server: Server, request: PushRequest) -> Future[PushResponse]:
        """Begin to hand over a push."""
        weather = self._link.weather
        sent = UnderWay(self._link.push, request)
        self._slow = [one for one in self._slow if not one.done()]
        is_slow = weather.badness > 0 and weather.fate.strikes(
            weather.dice, BOTH_SLOW if self._slow else SLOW, fault=False
        )
        if not is_slow:
            if self._slow:
                overtaken = weather.fate.strikes(weather.dice, 0.5)
                if overtaken:
                    weather.tell("a push overtakes the one before")
                else:
                    self._arrive()
            sent.arrive()
            return sent
        self._slow.append(sent)
        return sent

    def _arrive(self) -> None:
        for one in self._slow:
            one.arrive()
        self._slow.clear()

    def give_up(self) -> None:
        """Nobody waits any more: what has not arrived is lost, or arrives late."""
        for one in self._slow:
            if not one.done():
                self._link.lose(one.request)
        self._slow.clear()


class UnderWay(Future[PushResponse]):
    """A push and what was said of it."""

    def __init__(self, push: Callable[[PushRequest], PushResponse], request: PushRequest) -> None:
        super().__init__()
        self.request = request
        self._push = push

    def arrive(self) -> None:
        """Let the server have it, if it has not got it yet."""
        if self.done():
            return
        try:
            self.set_result(self._push(self.request))
        except CrmError as failure:
            self.set_exception(failure)

    @override
    def result(self, timeout: float | None = None) -> PushResponse:
        """Whoever waits for it sees it arrive."""
        self.arrive()
        return super().result(timeout)
