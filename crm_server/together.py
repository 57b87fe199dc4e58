"""Requests that wait together are answered together: while one round runs on a thread, whatever
comes gathers for the next (adr/0051)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from starlette.concurrency import run_in_threadpool

_Q = TypeVar("_Q")
_A = TypeVar("_A")

ROUND_MAX = 32
"""So many requests at most are answered at once; the first of them waits for the last."""


class Rounds(Generic[_Q, _A]):
    """Answers questions in rounds, one round at a time. Belongs to one event loop."""

    def __init__(self, answer: Callable[[Sequence[_Q]], Sequence[_A | Exception]]) -> None:
        self._answer = answer
        self._waiting: list[_Waiting[_Q, _A]] = []
        self._running: asyncio.Task[None] | None = None

    async def ask(self, question: _Q, names: frozenset[str] = frozenset()) -> _A:
        """The answer. No two questions of one round have a name in common."""
        place = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(question, names, place))
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        return await place

    async def _run(self) -> None:
        try:
            while self._waiting:
                some = self._next_round()
                told = await run_in_threadpool(self._answered, [one.question for one in some])
                for one, answer in zip(some, told, strict=True):
                    one.tell(answer)
        finally:
            self._running = None

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

    def _answered(self, questions: Sequence[_Q]) -> Sequence[_A | Exception]:
        return answered(self._answer, questions)


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
