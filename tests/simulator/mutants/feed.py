"""The feed: nothing is skipped, nothing shown that may not be seen, nothing left unsaid."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from crm_core.ids import RecordId
from crm_core.scope import KEY_ORGANISATION
from crm_server import digests, pull, pushing
from crm_server.overlay import Overlay
from crm_server.pull import Puller
from crm_server.service import Service
from crm_server.sight import Generations
from crm_server.store import Answer, Clock, Tx
from crm_server.work import Work
from tests.server import test_scope
from tests.simulator.mutants.mutant import Mutant
from tests.simulator.mutants.planting import meets, patch

PAGE = "ORDER BY r.seq LIMIT"

BLOCK = 40


@contextmanager
def own_device_exemption() -> Generator[None]:
    """The feed leaves out what the asking device wrote itself ("it has that already")."""
    asking: list[str] = []
    ask, pages = Service._pull, Puller._pages

    def remember(self: Service, who: Any, request: Any) -> Any:
        asking[:] = [who.device]
        return ask(self, who, request)

    def without_own(self: Puller, rows: list[Any], *rest: Any) -> Any:
        own = {
            record_id
            for (record_id,) in self._tx.rows(
                "SELECT id FROM record WHERE device = ? AND id = ANY(?)",
                (asking[0], [row[1] for row in rows]),
            )
        }
        return pages(self, [row for row in rows if row[1] not in own], *rest)

    with patch.object(Service, "_pull", remember), patch.object(Puller, "_pages", without_own):
        yield


class _Sequences:
    """A sequence with a cache, as databases have them: two sessions draw from blocks of their own,
    so the number drawn later may be the lower one."""

    def __init__(self) -> None:
        self.blocks: dict[tuple[str, int], tuple[int, int]] = {}
        self.highest: dict[str, int] = {}
        self.transactions = 0

    def begin(self, work: Overlay) -> None:
        self.transactions += 1
        work.__dict__["session"] = self.transactions % 2

    def next_of(self, work: Overlay) -> int:
        epoch, session = work.clock.epoch, work.__dict__["session"]
        at, end = self.blocks.get((epoch, session), (0, 0))
        if at >= end:
            at = max(work.clock.seq, work.seq, self.highest.get(epoch, 0))
            end = at + BLOCK
        self.blocks[(epoch, session)] = (at + 1, end)
        self.highest[epoch] = max(end, self.highest.get(epoch, 0))
        return at + 1


@contextmanager
def sequence_cursor() -> Generator[None]:
    """The numbers of the feed come from a sequence, not from the counter row."""
    drawn = _Sequences()
    init, write = Overlay.__init__, pushing.write_clock

    def begin(self: Overlay, *rest: Any) -> None:
        init(self, *rest)
        drawn.begin(self)

    def draw(self: Overlay) -> int:
        self.seq = drawn.next_of(self)
        return self.seq

    def never_back(tx: Tx, clock: Clock) -> None:
        write(tx, replace(clock, seq=max(clock.seq, tx.clock().seq)))

    with (
        patch.object(Overlay, "__init__", begin),
        patch.object(Overlay, "next_seq", draw),
        patch.object(pushing, "write_clock", never_back),
    ):
        yield


@contextmanager
def early_collection() -> Generator[None]:
    """Tombstones are collected before every device has heard of them. The product collects none;
    whoever builds the collector meets this first."""
    flush = Work.flush

    def tidy(self: Work) -> None:
        flush(self)
        self.tx.run("DELETE FROM record WHERE deleted")

    with patch.object(Work, "flush", tidy):
        yield


@contextmanager
def reads_out_of_order() -> Generator[None]:
    """The pages of the feed are not read in the order of their numbers."""
    ask = Tx.ask

    def shuffled(self: Tx, sql: str, *rest: Any) -> Answer:
        if meets(sql, PAGE):
            sql = sql.replace(PAGE, "ORDER BY r.id LIMIT")
        return ask(self, sql, *rest)

    with patch.object(Tx, "ask", shuffled):
        yield


@contextmanager
def page_end_skipped() -> Generator[None]:
    """Behind a full page the feed goes on one number too far."""
    ask = Tx.ask

    def hasty(self: Tx, sql: str, *rest: Any) -> Answer:
        found = ask(self, sql, *rest)()
        if meets(sql, PAGE) and len(found) >= pull.PULL_PAGE_ROWS:
            *most, last = found
            return lambda: [*most, (*last[:2], last[2] + 1, *last[3:])]
        return lambda: found

    with patch.object(Tx, "ask", hasty):
        yield


@contextmanager
def leaving_unsaid() -> Generator[None]:
    """Roots that left the user's sight are not named."""
    init = Puller.__init__

    def silent(self: Puller, *rest: Any) -> None:
        init(self, *rest)
        self.plan = replace(self.plan, left=[])

    with patch.object(Puller, "__init__", silent):
        yield


@contextmanager
def entering_unsaid() -> Generator[None]:
    """Roots that come into sight later bring no rows."""
    init = Puller.__init__

    def silent(self: Puller, *rest: Any) -> None:
        init(self, *rest)
        if self.plan.cursor:
            self.plan = replace(self.plan, enter=[])

    with patch.object(Puller, "__init__", silent):
        yield


@contextmanager
def going_unsaid() -> Generator[None]:
    """Single records that moved out of sight are not named."""

    def silent(self: Puller, cursor: int) -> Iterator[bytes]:
        del self, cursor
        yield from ()

    with patch.object(Puller, "_gone_lines", silent):
        yield


@contextmanager
def moving_unsaid() -> Generator[None]:
    """Records that hang below other roots than before, and are the same otherwise, are not sent."""

    def silent(self: Puller, cursor: int) -> list[RecordId]:
        del self, cursor
        return []

    with patch.object(Puller, "_rerooted", silent):
        yield


@contextmanager
def deletions_unsaid() -> Generator[None]:
    """Deleted records are left out of the feed."""
    pages = Puller._pages

    def living(self: Puller, rows: list[Any], *rest: Any) -> Iterator[bytes]:
        return pages(self, [row for row in rows if not row[3]], *rest)

    with patch.object(Puller, "_pages", living):
        yield


@contextmanager
def scope_forgotten() -> Generator[None]:
    """Everybody gets everything that any account's key shows."""
    held = Generations.keys.fget
    assert held is not None

    def all_of_it(self: Generations) -> frozenset[str]:
        return held(self) | {KEY_ORGANISATION}

    with patch.object(Generations, "keys", property(all_of_it)):
        yield


@contextmanager
def digest_not_carried() -> Generator[None]:
    """The server goes on telling the digest that it counted first."""
    carry = patch.object(digests, "_carry", lambda _tx, _clock, known, _keys: known.digest)
    heard = patch.object(digests, "_carry_heard", lambda _tx, known, _heard: known.digest)
    with carry, heard:
        yield


MUTANTS = (
    Mutant("own-device exemption", own_device_exemption, 5),
    Mutant("sequence cursor", sequence_cursor, 5),
    Mutant("early collection", early_collection, 5),
    Mutant("reads out of order", reads_out_of_order, 5),
    Mutant("page's end skipped", page_end_skipped, 5),
    Mutant("leaving unsaid", leaving_unsaid, 5),
    Mutant("entering unsaid", entering_unsaid, 5),
    Mutant(
        "going unsaid", going_unsaid, 5,
        test_scope.test_one_who_is_no_longer_named_is_told_that_it_is_gone,
    ),
    Mutant("moving unsaid", moving_unsaid, 5),
    Mutant("deletions unsaid", deletions_unsaid, 5),
    Mutant("scope forgotten in the feed", scope_forgotten, 9),
    Mutant("digest not carried on", digest_not_carried, 5),
)  # fmt: skip
