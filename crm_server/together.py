"""Requests that wait together are answered together: while one round runs on a thread, whatever
comes gathers for the next (adr/0051)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Generic, TypeVar

_Q = TypeVar("_Q")
_A = TypeVar("_A")

ROUND_MAX = 32
"""So many requests at most are answered at once; the first of them waits for the last."""


class Rounds(Generic[_Q, _A]):
    """Answers questions in rounds, one round at a time, on one of some `threads`. Belongs to one
    event loop."""

    def __init__(
        self, answer: Callable[[Sequence[_Q]], Sequence[_A | Exception]], threads: Executor
    ) -> None:
        self._answer = answer
        self._threads = threads
        self._waiting: list[_Waiting[_Q, _A]] = []
        self._is_running = False

    async def ask(self, question: _Q, names: frozenset[str] = frozenset()) -> _A:
        """The answer. No two questions of one round have a name in common."""
        loop = asyncio.get_running_loop()
        place = loop.create_future()
        self._waiting.append(_Waiting(question, names, place))
        if not self._is_running:
            self._is_running = True
            loop.call_soon(self._begin)  # behind whoever asks in the same turn
        return await place

    def _begin(self) -> None:
        some = self._next_round()
        self._is_running = bool(some)
        if some:
            self._threads.submit(self._run, asyncio.get_running_loop(), some)

    def _run(self, loop: asyncio.AbstractEventLoop, some: Sequence[_Waiting[_Q, _A]]) -> None:
        told = answered(self._answer, [one.question for one in some])
        loop.call_soon_threadsafe(self._tell, some, told)

    def _tell(self, some: Sequence[_Waiting[_Q, _A]], told: Sequence[_A | Exception]) -> None:
        try:
            for one, answer in zip(some, told, strict=True):
                one.tell(answer)
        finally:
            # Behind those who come in this turn: a round begun at once finds fewer of them.
            asyncio.get_running_loop().call_soon(self._begin)

    def _next_round(self) -> list[_Waiting[_Q, _A]]:
        """Those that wait longest, but whoever shares a name with one of them or with one that has
        to stay before him."""
        some: list[_Waiting[_Q, _A]] = []
        rest: list[_Waiting[_Q, _A]] = []
        named: set[str] = set()
        for one in self._waiting:
            if one.place.done():
                continue  # nobody waits for it any more
            fits = len(some) < ROUND_MAX and named.isdisjoint(one.names)
            (some if fits else rest).append(one)
            named |= one.names
        self._waiting = rest
        return some


def answered(
    answer: Callable[[Sequence[_Q]], Sequence[_A | Exception]], questions: Sequence[_Q]
) -> Sequence[_A | Exception]:
    """The answers to questions, or what each fails with: one that fails takes no other with it."""
    try:
        return answer(questions)
    except Exception as failure:
        if len(questions) == 1:
            return [failure]
    return [told for one in questions for told in answered(answer, (one,))]


class _Waiting(Generic[_Q, _A]):
    """A question, and where its answer is awaited."""

    __slots__ = ("names", "place", "question")

    def __init__(self, question: _Q, names: frozenset[str], place: asyncio.Future[_A]) -> None:
        self.question = question
        self.names = names
        self.place = place

    def tell(self, answer: _A | Exception) -> None:
        if self.place.done():
            return
        if isinstance(answer, Exception):
            self.place.set_exception(answer)
        else:
            self.place.set_result(answer)
