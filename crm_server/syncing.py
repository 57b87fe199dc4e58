"""The way of pushes and pulls from the event loop to the service: alone, or in rounds."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from starlette.concurrency import run_in_threadpool

from crm_core.wire import PushResponse
from crm_server.engines import POOL_SIZE
from crm_server.organisations import Organisation
from crm_server.pulling import Pulled, is_brief
from crm_server.pushing import Pushed, names
from crm_server.standing import Principal
from crm_server.together import Rounds

TURN_S = 0.0005
"""How long a thread works before it lets another one in that waits."""


@dataclass(frozen=True, slots=True)
class _Desk:
    """The rounds of one organisation."""

    holders: Rounds[str, Principal]
    pushes: Rounds[Pushed, PushResponse]
    pulls: Rounds[Pulled, bytes | None]
    under_way: dict[str, asyncio.Future[None]] = field(default_factory=dict)

    @asynccontextmanager
    async def in_turn(self, push: Pushed) -> AsyncGenerator[Callable[[], None]]:
        """Wait for the push that this one comes behind, if it is under way here (adr/0060). Each
        waits only for one that came before it. What is given lets the next one go on sooner, from
        any thread: once this one is taken, though not told yet."""
        changesets = push.request.changesets
        behind = push.request.behind
        before = self.under_way.get(behind) if behind else None
        last = changesets[-1].id if changesets else ""
        loop = asyncio.get_running_loop()
        done = self.under_way[last] = loop.create_future()
        try:
            if before is not None:
                await asyncio.shield(before)
            yield lambda: _threadsafe(loop, done)
        finally:
            _end(done)
            if self.under_way.get(last) is done:
                del self.under_way[last]


def _threadsafe(loop: asyncio.AbstractEventLoop, done: asyncio.Future[None]) -> None:
    loop.call_soon_threadsafe(_end, done)


def _end(done: asyncio.Future[None]) -> None:
    if not done.done():
        done.set_result(None)


class Syncing:
    """The rounds of all organisations, of which no more go on at once than there are connections
    kept for them."""

    def __init__(self) -> None:
        self._desks: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, _Desk]] = (
            WeakKeyDictionary()
        )
        self._threads = ThreadPoolExecutor(POOL_SIZE, "rounds")
        self._large = 0
        self._usual_turn_s = 0.0

    async def who(self, there: Organisation, hashed: str) -> tuple[Principal, str]:
        """Who holds an access token, and its hash again if it is still to be looked at. Raises
        Refused where nobody does."""
        known = there.auth.held_by(hashed)
        if known is not None:
            return known, hashed
        return await self._desk(there).holders.ask(hashed, frozenset((hashed,))), ""

    async def push(self, there: Organisation, push: Pushed) -> PushResponse:
        """The answer to a push; raises what it fails with."""
        desk = self._desk(there)
        async with desk.in_turn(push) as taken:
            return await self._taken(there, desk, push, taken)

    async def _taken(
        self, there: Organisation, desk: _Desk, push: Pushed, taken: Callable[[], None]
    ) -> PushResponse:
        named = names(push.who, push.request)
        if named is not None:
            return await desk.pushes.ask(push, named)
        with self._short_turns():
            (answer,) = await run_in_threadpool(there.service.push_together, (push,), taken)
        if isinstance(answer, Exception):
            raise answer
        return answer

    @contextmanager
    def _short_turns(self) -> Generator[None]:
        """While a large push is judged, its thread lets others in ten times as often: the answer
        to the former one and the next request are under way meanwhile."""
        self._large += 1
        if self._large == 1:
            self._usual_turn_s = sys.getswitchinterval()
            sys.setswitchinterval(min(TURN_S, self._usual_turn_s))
        try:
            yield
        finally:
            self._large -= 1
            if not self._large:
                sys.setswitchinterval(self._usual_turn_s)

    async def pull(self, there: Organisation, pull: Pulled) -> bytes | None:
        """The whole answer to a pull if it is a short one; raises what it fails with."""
        return await self._desk(there).pulls.ask(pull) if is_brief(pull.request) else None

    def _desk(self, there: Organisation) -> _Desk:
        desks = self._desks.setdefault(asyncio.get_running_loop(), {})
        desk = desks.get(there.slug)
        if desk is None:
            service = there.service
            desk = _Desk(
                Rounds(there.auth.holders, self._threads),
                Rounds(service.push_together, self._threads),
                Rounds(service.pull_together, self._threads),
            )
            desks[there.slug] = desk
        return desk
